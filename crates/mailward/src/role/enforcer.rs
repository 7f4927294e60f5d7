//! The enforcer role: the one privileged hand, off unless `firewall` or `groups` is set. It keeps the
//! firewall's table, and the groups of the host as policies say.

use std::sync::Arc;

use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    fault::{Fault, FaultKind},
    view::{RoleFigures, figures::FirewallFigures},
};
use mailward_enforce::{Firewall, Groups, GroupsDesk, Nft};
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
    let store = super::store_of_role(config)?;
    super::untrusted::follow_objects(&store, &events);
    let clock = SystemClock::default();
    let figures: Arc<Mutex<FirewallFigures>> = Arc::default();
    // Without the firewall there are no figures of it.
    let asked = config.firewall.then(|| Arc::clone(&figures));
    let more = move |all: &mut RoleFigures| {
        all.firewall = asked.as_ref().map(|figures| figures.lock().clone());
    };
    let groups = config.groups.are_kept().then(|| {
        Groups::new(
            store.clone(),
            config.hostname.clone(),
            config.enforcer_dir(),
            events.clone(),
            config.groups.only(),
        )
    });
    let desk = groups.as_ref().map(Groups::desk);
    let besides = move |request| answer(desk.clone(), request);
    let _control = super::answer_besides(Role::Enforcer, config, &store, &events, more, besides)?;
    let firewall = config.firewall.then(|| Firewall {
        store,
        perimeter_dir: config.perimeter_dir(),
        events: events.clone(),
        nft: Nft::default(),
        figures,
    });
    let pulse = pulse::named("firewall");
    let counting = config.firewall.then(|| pulse.clone());
    let counts = || {
        let count = counting.as_ref().map(|pulse| ("firewall", pulse.count()));
        count.into_iter().collect()
    };
    let firewall = async {
        match firewall {
            Some(firewall) => firewall.keep(&clock, &pulse).await,
            None => std::future::pending().await,
        }
    };
    // Its tools wait for what a domain's servers take, so that no beat is made of its turns.
    let groups = async {
        match groups {
            Some(groups) => groups.keep(&clock).await,
            None => std::future::pending().await,
        }
    };
    let serving = standing.serve(&events, counts, async |_| {});
    let served = tokio::select! {
        served = serving => served,
        () = firewall => Ok(()),
        () = groups => Ok(()),
    };
    events.flush();
    served
}

async fn answer(desk: Option<GroupsDesk>, request: ControlRequest) -> Result<ControlReply, Fault> {
    match (request, desk) {
        (ControlRequest::PolicyRefresh { dry_run, toggle }, Some(desk)) => desk
            .refresh(dry_run, toggle)
            .await
            .map(ControlReply::PolicyRefreshed)
            .map_err(Fault::failed),
        (ControlRequest::PolicyRefresh { .. }, None) => Err(Fault::new(
            FaultKind::Unreachable,
            "this node does not keep the groups of its host",
            "set `groups = true` in mailward.toml and restart the service",
        )),
        (other, _) => Err(Fault::unsupported(Role::Enforcer.name(), other.name())),
    }
}
