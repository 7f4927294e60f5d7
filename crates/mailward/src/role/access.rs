//! The access role: the admin API, health pages and metrics.

use std::sync::Arc;

use mailward_admin::{AdminConfig, Details, DetailsTo, RemoteConfig};
use mailward_api::control::Role;
use mailward_events::{Event, Events};
use mailward_host::{
    clock::{Clock, SystemClock},
    listen::{self, Inherited},
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
    let Inherited { mut tcp, unix } = inherited;
    let events = super::events(config, Role::Access)?;
    let store = super::store_of_role(config)?;
    super::untrusted::follow(&store, config.untrusted_dir(), &events);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let _control = super::answer_about_itself(Role::Access, config, &store, &events, |_| {})?;
    let (http, agent) = (
        listen::take_up(&mut tcp, config.http),
        listen::take_up(&mut tcp, config.agent),
    );
    let nodes = listen::take_up(&mut tcp, config.remote_listen());
    let served = mailward_admin::serve(AdminConfig {
        run_dir: config.run_dir.clone(),
        events_dir: config.events_dir(),
        tracking_dir: config.tracking_dir(),
        audit_dir: config.audit_dir(),
        perimeter_dir: config.perimeter_dir(),
        untrusted_dir: config.untrusted_dir(),
        own_groups_file: config.own_groups_file(),
        node: config.hostname.clone(),
        store,
        events: events.clone(),
        clock,
        group_key: match &config.group {
            Some(group) => Some(group.key()?),
            None => None,
        },
        unix: unix.into_iter().next(),
        http,
        agent,
        details: details(config, &events),
        extra_roots: config.extra_roots.clone(),
        otlp: config.otlp(),
        remote: config.remote.as_ref().map(|remote| RemoteConfig {
            listener: nodes,
            certificate: remote.certificate_file.clone(),
            authority: remote.authority_file.clone(),
        }),
    });
    let server = match served {
        Ok(server) => server,
        Err(error) => {
            super::report_start_failure(&events, Role::Access, &error);
            return Err(RoleError::start("the admin API", error));
        }
    };
    // The runtime that answers administrators is the one that counts.
    let pages = || server.pages().map(|count| ("pages", count));
    let counts = || pages().into_iter().collect();
    standing.serve(&events, counts, async |_| {}).await?;
    events.flush();
    Ok(())
}

/// The shortest token that is not guessed.
const TOKEN_OCTETS_MIN: usize = 16;

/// Who is told reasons on the health pages. A token file that cannot be used is an event, and then
/// nobody is told them there: administrators are answered all the same.
fn details(config: &Config, events: &Events) -> Details {
    let to = config.http_details;
    let Some(path) = &config.http_token_file else {
        return Details { to, token: None };
    };
    let read = std::fs::read_to_string(path).and_then(|text| match text.trim() {
        token if token.len() >= TOKEN_OCTETS_MIN => Ok(token.to_owned()),
        _ => Err(std::io::Error::other(format!(
            "the token has fewer than {TOKEN_OCTETS_MIN} octets"
        ))),
    });
    match read {
        Ok(token) => Details {
            to,
            token: Some(token),
        },
        Err(error) => {
            events.emit(Event::PageTokenUnusable {
                file: path.display().to_string(),
                error: error.to_string(),
            });
            Details {
                to: DetailsTo::Token,
                token: None,
            }
        }
    }
}
