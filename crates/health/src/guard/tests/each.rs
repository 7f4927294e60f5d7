//! Each check of the guard alone: a proposal that nothing else speaks against. A check without a case
//! here, and a case that its check does not decide, fail.

use std::collections::BTreeSet;

use super::*;
use crate::observer::FREEZE_AT;

/// A proposal and everything the guard looks at, at first with nothing against it.
struct Case {
    proposal: RepairProposal,
    past: Vec<Past>,
    exits: Vec<(Role, u64)>,
    frozen: Option<&'static str>,
    holds: Vec<Hold>,
    ledger_writable: bool,
    settings: HealthSettings,
    responder: Responder,
}

impl Case {
    fn of(act: RepairAct) -> Case {
        Case {
            proposal: proposal(act, "a"),
            past: Vec::new(),
            exits: Vec::new(),
            frozen: None,
            holds: Vec::new(),
            ledger_writable: true,
            settings: HealthSettings::default(),
            responder: Responder::default(),
        }
    }

    fn group(&mut self, members: Vec<GroupMember>, lease: Option<Lease>) {
        self.proposal.group = Some(GroupFacts { members, lease });
    }

    fn checks(&self) -> Vec<Check> {
        let facts = Facts {
            past: &self.past,
            exits: &self.exits,
            frozen: self.frozen,
            holds: &self.holds,
            ledger_writable: self.ledger_writable,
            responder: &self.responder,
            ..facts(&self.settings)
        };
        checks(&self.proposal, &facts)
    }
}

/// The names of the checks.
pub(crate) fn names() -> BTreeSet<&'static str> {
    let checks = Case::of(component()).checks();
    let mut there: BTreeSet<&str> = checks.iter().map(|check| check.name).collect();
    // A person's word on a component takes the place of the switch.
    there.insert("responder");
    there
}

type Change = fn(&mut Case);

/// What each check has something against, by its name: the act, and what is changed.
fn cases() -> Vec<(&'static str, RepairAct, Change)> {
    vec![
        ("evidence", component(), |case| {
            case.proposal.samples.clear()
        }),
        ("cause", component(), |case| {
            case.proposal.cause = Some("dns".into());
        }),
        ("dependencies", component(), |case| {
            let bad = &mut case.proposal.circumstances.bad_dependencies;
            bad.push("transport".into());
        }),
        ("objections", component(), |case| {
            let objections = &mut case.proposal.objections;
            objections.push("transport does not answer".into());
        }),
        ("overlays", component(), |case| {
            let overlays = &mut case.proposal.circumstances.overlays;
            overlays.push("maintenance: a disk is changed".into());
        }),
        ("flapping", component(), |case| {
            let around = &mut case.proposal.circumstances;
            around.flapping.push("connector/Internet".into());
            around.steady_stage_max = Some(0);
        }),
        ("holds", component(), |case| {
            case.holds.push(Hold {
                component: "receive/Internet".into(),
                requester: Requester::Maintenance,
                wanted: Wanted::Draining,
                owner: "anna".into(),
                reason: "a new certificate".into(),
                since_unix_ms: NOW,
                expires_unix_ms: None,
                case: None,
                cause: None,
            });
        }),
        ("freeze", component(), |case| {
            case.frozen = Some("safe mode")
        }),
        ("observer", process(), |case| {
            case.proposal.circumstances.strain = FREEZE_AT;
        }),
        ("storm", process(), |case| {
            case.proposal.circumstances.storm = Some("dns".into());
        }),
        // So long ago that no budget counts it.
        ("once", component(), |case| {
            case.past.push(past(2 * HOUR_MS, component(), "a", true));
        }),
        // Of another budget, and begun before the newest sample.
        ("under way", component(), |case| {
            case.past.push(past(1_500, process(), "b", false));
        }),
        ("start", process(), |case| {
            case.exits.push((Role::Transport, 20_000));
        }),
        ("budget", component(), |case| {
            case.past.push(past(100_000, component(), "b", true));
        }),
        ("records", process(), |case| case.ledger_writable = false),
        ("lease", RepairAct::Offline, |case| {
            case.group(vec![member("b", true), member("c", true)], lease(1, 3));
        }),
        ("healthy nodes", RepairAct::Offline, |case| {
            case.group(vec![member("b", false)], lease(2, 2));
        }),
        ("common cause", process(), |case| {
            let mut other = member("b", true);
            other.bad_causes.push("receive".into());
            case.group(vec![other], lease(2, 2));
        }),
        ("switch", component(), |case| case.settings.repair = false),
        ("responder", component(), |case| {
            case.responder.off = Some("anna wants it so".into());
        }),
    ]
}

#[test]
fn each_check_alone_refuses() {
    for (name, act, change) in cases() {
        let mut case = Case::of(act);
        let before = rule(&case.checks());
        assert_eq!(before.chosen, Ruling::Grant, "{name}: {before:?}");
        change(&mut case);
        let checks = case.checks();
        let against: Vec<_> = checks.iter().filter(|check| !check.allows).collect();
        let names: Vec<_> = against.iter().map(|check| check.name).collect();
        assert_eq!(names, [name], "{against:?}");
        assert_ne!(rule(&checks).chosen, Ruling::Grant, "{name}");
    }
}

#[test]
fn each_check_has_a_case() {
    let known: BTreeSet<&str> = cases().iter().map(|(name, ..)| *name).collect();
    assert_eq!(known.len(), cases().len(), "each once");
    assert_eq!(known, names());
}
