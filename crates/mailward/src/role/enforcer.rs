//! The enforcer role: the one privileged hand, off unless `firewall = true`. It keeps the firewall's
//! table.

use mailward_api::control::{self, ControlReply, ControlRequest, Role};
use mailward_enforce::{Firewall, Nft};
use mailward_host::{
    clock::{Clock, SystemClock},
    listen::Inherited,
    pulse,
};

use super::{RoleError, standing::Standing};
use crate::config::Config;

/// Keeps the host as it is meant to be, until it is told to stop. What it has put there stays.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    super::small_runtime()?.block_on(serve(config, parent))
}

async fn serve(config: &Config, parent: Option<u32>) -> Result<(), RoleError> {
    let standing = Standing::begin(Role::Enforcer, config, parent, &Inherited::default())?;
    let events = super::events(config, Role::Enforcer)?;
    let store = super::store(config)?;
    let clock = SystemClock::default();
    let started = clock.unix_ms();
    let (status_store, counted) = (store.clone(), events.clone());
    let _control = control::serve(
        &Role::Enforcer.socket(&config.run_dir),
        move |request: ControlRequest| {
            let status = super::role_status(Role::Enforcer, started, status_store.revision());
            let figures = super::role_figures(started, &counted);
            async move {
                match request {
                    ControlRequest::Ping => Ok(ControlReply::Pong(status)),
                    ControlRequest::Status => Ok(ControlReply::Role(status)),
                    ControlRequest::Figures { .. } => Ok(ControlReply::Figures(figures)),
                    other => Err(mailward_api::fault::Fault::unsupported(
                        Role::Enforcer.name(),
                        other.name(),
                    )),
                }
            }
        },
    )
    .map_err(|error| RoleError::start("the control socket", error))?;
    let firewall = Firewall {
        store,
        perimeter_dir: config.perimeter_dir(),
        events: events.clone(),
        nft: Nft::default(),
    };
    let pulse = pulse::named("firewall");
    let counting = pulse.clone();
    let counts = || vec![("firewall", counting.count())];
    let keeping = firewall.keep(&clock, &pulse);
    let serving = standing.serve(&events, counts, async |_| {});
    let served = tokio::select! {
        served = serving => served,
        () = keeping => Ok(()),
    };
    events.flush();
    served
}
