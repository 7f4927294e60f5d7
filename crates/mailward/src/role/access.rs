//! The access role: the admin API, health pages and metrics.

use std::sync::Arc;

use mailward_admin::AdminConfig;
use mailward_api::control::{self, ControlReply, ControlRequest, Role};
use mailward_host::{
    clock::{Clock, SystemClock},
    listen::Inherited,
};

use super::{RoleError, standing::Standing};
use crate::config::Config;

/// Runs the admin API until it is told to stop.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    super::small_runtime()?.block_on(serve(config, parent))
}

async fn serve(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    let inherited =
        Inherited::take().map_err(|error| RoleError::start("the sockets of the manager", error))?;
    let standing = Standing::begin(Role::Access, config, parent, &inherited)?;
    let Inherited { tcp, unix } = inherited;
    let events = super::events(config, Role::Access)?;
    let store = super::store(config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let status_store = store.clone();
    let started = clock.unix_ms();
    let _control = control::serve(
        &Role::Access.socket(&config.run_dir),
        move |request: ControlRequest| {
            let status = super::role_status(Role::Access, started, status_store.revision());
            async move {
                match request {
                    ControlRequest::Ping => Ok(ControlReply::Pong(status)),
                    ControlRequest::Status => Ok(ControlReply::Role(status)),
                    other => Err(mailward_api::fault::Fault::unsupported(
                        Role::Access.name(),
                        other.name(),
                    )),
                }
            }
        },
    )
    .map_err(|error| RoleError::start("the control socket", error))?;
    let served = mailward_admin::serve(AdminConfig {
        run_dir: config.run_dir.clone(),
        events_dir: config.events_dir(),
        tracking_dir: config.tracking_dir(),
        node: config.hostname.to_string(),
        store,
        events: events.clone(),
        clock,
        group_key: match &config.group {
            Some(group) => Some(group.key()?),
            None => None,
        },
        unix: unix.into_iter().next(),
        http: tcp.into_iter().next(),
    });
    let _server = match served {
        Ok(server) => server,
        Err(error) => {
            super::report_start_failure(&events, Role::Access, &error);
            return Err(RoleError::start("the admin API", error));
        }
    };
    // The runtime that answers administrators is the one that counts.
    standing.serve(&events, Vec::new, async |_| {}).await?;
    events.flush();
    Ok(())
}
