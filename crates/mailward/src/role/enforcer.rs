//! The enforcer role: the one privileged hand, off unless `firewall = true`. It keeps the firewall's
//! table.

use std::sync::Arc;

use mailward_api::{
    control::Role,
    view::{RoleFigures, figures::FirewallFigures},
};
use mailward_enforce::{Firewall, Nft};
use mailward_host::{clock::SystemClock, listen::Inherited, pulse};

use parking_lot::Mutex;

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
    super::untrusted::follow_objects(&store, &events);
    let clock = SystemClock::default();
    let figures: Arc<Mutex<FirewallFigures>> = Arc::default();
    let asked = Arc::clone(&figures);
    let more = move |all: &mut RoleFigures| all.firewall = Some(asked.lock().clone());
    let _control = super::answer_about_itself(Role::Enforcer, config, &store, &events, more)?;
    let firewall = Firewall {
        store,
        perimeter_dir: config.perimeter_dir(),
        events: events.clone(),
        nft: Nft::default(),
        figures,
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
