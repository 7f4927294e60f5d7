//! The checks of what is around a failing component: what it depends on, who holds it, whether the
//! observer can be believed, a storm on this node, whether records can be kept. Pure.

use mailward_api::view::{RepairAct, RepairProposal, hold::Requester, hold::SERVER_WIDE};

use super::{AGAIN_MS, Check, Facts};
use crate::observer::FREEZE_AT;

/// What waits for a person or a storm is asked again after this long.
const LONG_MS: u64 = 60_000;

pub(super) fn dependencies(proposal: &RepairProposal) -> Check {
    const NAME: &str = "dependencies";
    let bad = &proposal.circumstances.bad_dependencies;
    if bad.is_empty() {
        return Check::yes(NAME, "nothing it depends on is bad");
    }
    Check::later(
        NAME,
        AGAIN_MS,
        format!("it depends on {}, which is bad itself", bad.join(", ")),
    )
}

pub(super) fn overlays(proposal: &RepairProposal) -> Check {
    const NAME: &str = "overlays";
    let overlays = &proposal.circumstances.overlays;
    if overlays.is_empty() {
        return Check::yes(NAME, "nobody has asked that it be left alone");
    }
    Check::later(NAME, LONG_MS, overlays.join("; "))
}

pub(super) fn flapping(proposal: &RepairProposal) -> Check {
    const NAME: &str = "flapping";
    let around = &proposal.circumstances;
    let flaps = around.flapping.join(", ");
    match around.steady_stage_max {
        Some(most) if proposal.act.stage() > most => Check::later(
            NAME,
            LONG_MS,
            format!("{flaps} flaps: nothing above stage {most} is tried until it is steady"),
        ),
        Some(most) => Check::yes(NAME, format!("{flaps} flaps; stage {most} is not passed")),
        None => Check::yes(NAME, "what is seen is steady"),
    }
}

pub(super) fn holds(proposal: &RepairProposal, facts: &Facts<'_>) -> Check {
    const NAME: &str = "holds";
    let by_others = facts.holds.iter().find(|hold| {
        hold.requester != Requester::HealthApi
            && (hold.component == proposal.component || hold.component == SERVER_WIDE)
    });
    match by_others {
        Some(hold) => Check::later(
            NAME,
            LONG_MS,
            format!(
                "{} is held by {} for {}: {}",
                hold.component, hold.owner, hold.requester, hold.reason
            ),
        ),
        None => Check::yes(NAME, "nobody holds it"),
    }
}

pub(super) fn frozen(facts: &Facts<'_>) -> Check {
    const NAME: &str = "freeze";
    match facts.frozen {
        Some(reason) => Check::later(NAME, AGAIN_MS, format!("repair is frozen: {reason}")),
        None => Check::yes(NAME, "repair is not frozen"),
    }
}

pub(super) fn observer(proposal: &RepairProposal) -> Check {
    const NAME: &str = "observer";
    let strain = proposal.circumstances.strain;
    if proposal.act.stage() >= 2 && strain >= FREEZE_AT {
        return Check::later(
            NAME,
            AGAIN_MS,
            format!("the worker itself is strained ({strain} of 8), its probes may err"),
        );
    }
    Check::yes(NAME, format!("its strain is {strain} of 8"))
}

pub(super) fn storm(proposal: &RepairProposal) -> Check {
    const NAME: &str = "storm";
    match &proposal.circumstances.storm {
        Some(key) if proposal.act.stage() >= 2 => Check::later(
            NAME,
            LONG_MS,
            format!("most of this node turned bad at one time ({key})"),
        ),
        Some(key) => Check::yes(
            NAME,
            format!("most of this node turned bad at one time ({key}); this act is mild enough"),
        ),
        None => Check::yes(NAME, "this node has no storm"),
    }
}

pub(super) fn records(proposal: &RepairProposal, facts: &Facts<'_>) -> Check {
    const NAME: &str = "records";
    if proposal.act.stage() >= 2 && !facts.ledger_writable {
        return Check::later(NAME, AGAIN_MS, "the repair ledger could not be written");
    }
    if proposal.act == RepairAct::RestartServer && !facts.queue_writable {
        return Check::never(
            NAME,
            "the queue's folder cannot be written: a machine with such a disk is not restarted",
        );
    }
    Check::yes(NAME, "what is done can be written down")
}
