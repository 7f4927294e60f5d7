//! What speaks against starting a drill now. Pure.
//!
//! A drill on a server that is not well would hide its trouble, or be spoilt by it; and it uses the
//! budgets of repair, which must not be missing when something real fails.

use mailward_api::{
    fault::{Fault, FaultKind},
    view::{Hold, health::HealthState},
};

/// Transport must have served for so long, in milliseconds: its supervision counts quick ends.
pub const SERVING_MS_MIN: u64 = 5_000;

/// What is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether the node allows faults.
    pub allowed: bool,
    /// The drill that is under way.
    pub under_way: Option<String>,
    /// Ids of open cases.
    pub open_cases: Vec<String>,
    /// Monitors that are neither healthy nor off, and their states.
    pub unwell: Vec<(String, HealthState)>,
    /// The strain of the worker itself; 0 is none.
    pub strain: u32,
    /// Whether repair is switched on.
    pub repair: bool,
}

/// What a person has asked to be left alone, and a drill would be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftAlone {
    /// The monitor.
    pub monitor: String,
    /// `disabled`, `maintenance` or `repairing`.
    pub word: &'static str,
    /// Who asked for it, until when, and why.
    pub origin: String,
    /// The override that says so.
    pub name: String,
}

/// What speaks against a drill, and how to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Against {
    /// The reasons, each in a sentence.
    pub reasons: Vec<String>,
    /// What to do first.
    pub mend: String,
}

impl Against {
    /// True where nothing does.
    pub fn is_nothing(&self) -> bool {
        self.reasons.is_empty()
    }

    /// As an answer to whoever wanted the drill.
    pub fn refusal(self) -> Fault {
        let reasons = self.reasons.join("; ");
        let problem = format!("the drill is not started: {reasons}");
        Fault::new(FaultKind::Refused, problem, self.mend)
    }
}

/// What has to be asked of other roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The holds in force.
    pub holds: Vec<Hold>,
    /// Why no new mail is taken, where the gate is closed or a connector is held.
    pub gate_closed: Option<String>,
    /// For how long transport has served, in milliseconds; `None` where it does not answer.
    pub serving_ms: Option<u64>,
    /// Why the guard would not allow the repair that is to follow.
    pub guard: Vec<String>,
}

/// What the worker by itself has against any drill.
pub fn against(facts: &Facts) -> Against {
    Against {
        reasons: objections(facts),
        mend: WELL.to_owned(),
    }
}

/// Every reason against any drill, as far as the worker knows by itself.
pub fn objections(facts: &Facts) -> Vec<String> {
    let mut against = Vec::new();
    if !facts.allowed {
        against.push(
            "faults are not allowed on this node: set allow_faults = true in mailward.toml and restart Mailward"
                .to_owned(),
        );
    }
    if let Some(other) = &facts.under_way {
        against.push(format!("the drill {other} is under way"));
    }
    if !facts.repair {
        against.push("repair is switched off in the health settings".to_owned());
    }
    if !facts.open_cases.is_empty() {
        against.push(format!("a case is open: {}", facts.open_cases.join(", ")));
    }
    if facts.strain > 0 {
        against.push("the worker itself is overloaded, what it sees may be wrong".to_owned());
    }
    for (monitor, state) in &facts.unwell {
        against.push(format!("{monitor} is {}", state.word()));
    }
    against
}

/// Against a drill of what a person has asked to be left alone: it would end in what is not watched,
/// not repaired, or told to nobody.
pub fn left_alone(alone: &[LeftAlone]) -> Against {
    let reason = |one: &LeftAlone| match one.word {
        "disabled" => format!("{} is not watched: {}", one.monitor, one.origin),
        word => format!("{} is under {word}: {}", one.monitor, one.origin),
    };
    let mut names: Vec<&str> = alone.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let ends: Vec<String> = names
        .iter()
        .map(|name| format!("`mailward health override remove {name:?}`"))
        .collect();
    Against {
        reasons: alone.iter().map(reason).collect(),
        mend: format!(
            "end it first ({}), or wait until it has ended",
            ends.join(", ")
        ),
    }
}

/// Every reason against it that other roles know; `component` is what the drill is about.
pub fn further_objections(asked: &Asked, component: &str) -> Against {
    let mut reasons = Vec::new();
    for hold in &asked.holds {
        reasons.push(format!(
            "{} is held by {} for {}: {}",
            hold.component, hold.owner, hold.requester, hold.reason
        ));
    }
    // A hold closes the gate, and has said so.
    if let Some(reason) = &asked.gate_closed
        && asked.holds.is_empty()
    {
        reasons.push(format!("no new mail is taken: {reason}"));
    }
    match asked.serving_ms {
        None => reasons.push("transport does not answer".to_owned()),
        Some(ms) if ms < SERVING_MS_MIN => {
            reasons.push(format!("transport has served for {} s only", ms / 1000));
        }
        Some(_) => {}
    }
    let guard = asked.guard.iter();
    reasons.extend(guard.map(|reason| format!("the repair would not be allowed: {reason}")));
    let mend = match asked.holds.first() {
        Some(hold) => format!(
            "`mailward health release {} --requester {}` ends a hold, `mailward health holds` shows them",
            hold.component, hold.requester
        ),
        None if !asked.guard.is_empty() => format!(
            "`mailward health explain {component}` shows its limits and switches, `mailward health ledger` what was begun"
        ),
        None => WELL.to_owned(),
    };
    Against { reasons, mend }
}

/// What to do where the server is not well.
const WELL: &str =
    "a drill wants a server that is well; `mailward health report` shows what is not";

#[cfg(test)]
mod tests {
    use mailward_api::view::{Requester, Wanted};

    use super::*;

    #[test]
    fn each_thing_that_is_wrong_is_an_objection_of_its_own() {
        let well = || Facts {
            allowed: true,
            repair: true,
            ..Facts::default()
        };
        assert!(objections(&well()).is_empty());
        let case = vec!["case-1".to_owned()];
        let sick = vec![("disk".to_owned(), HealthState::Suspect)];
        for (facts, word) in [
            (
                Facts {
                    allowed: false,
                    ..well()
                },
                "allow_faults",
            ),
            (
                Facts {
                    repair: false,
                    ..well()
                },
                "switched off",
            ),
            (
                Facts {
                    strain: 1,
                    ..well()
                },
                "overloaded",
            ),
            (
                Facts {
                    open_cases: case,
                    ..well()
                },
                "case-1",
            ),
            (
                Facts {
                    unwell: sick,
                    ..well()
                },
                "disk is suspect",
            ),
            (
                Facts {
                    under_way: Some("x".into()),
                    ..well()
                },
                "under way",
            ),
        ] {
            let against = objections(&facts);
            assert!(
                against.len() == 1 && against[0].contains(word),
                "{against:?}"
            );
        }
        let fine = Asked {
            serving_ms: Some(SERVING_MS_MIN),
            ..Asked::default()
        };
        assert!(further_objections(&fine, "deliver").is_nothing());
        let asked = Asked {
            gate_closed: Some("drained".into()),
            serving_ms: None,
            guard: vec!["budget".into()],
            ..Asked::default()
        };
        let against = further_objections(&asked, "deliver");
        assert_eq!(against.reasons.len(), 3);
        assert!(against.mend.contains("health explain deliver"));
    }

    #[test]
    fn what_a_person_asked_for_is_named_with_its_end() {
        let alone = |monitor: &str, word| LeftAlone {
            monitor: monitor.to_owned(),
            word,
            origin: "override \"o1\" (global) by anna: a new firewall".to_owned(),
            name: "o1".to_owned(),
        };
        let all = [
            alone("connector/Internet", "maintenance"),
            alone("mailflow/Internet", "disabled"),
        ];
        let refusal = left_alone(&all).refusal();
        for word in [
            "connector/Internet is under maintenance",
            "mailflow/Internet is not watched",
            "a new firewall",
        ] {
            assert!(refusal.error.contains(word), "{word}: {refusal:?}");
        }
        let ends = refusal.mend.matches("override remove \"o1\"").count();
        assert_eq!(ends, 1, "{refusal:?}");

        let hold = Hold {
            component: "receive/Internet".into(),
            requester: Requester::Maintenance,
            wanted: Wanted::Draining,
            owner: "anna".into(),
            reason: "a new certificate".into(),
            since_unix_ms: 0,
            expires_unix_ms: None,
            case: None,
            cause: None,
        };
        let asked = Asked {
            holds: vec![hold],
            gate_closed: Some("receive/Internet is draining".into()),
            serving_ms: Some(SERVING_MS_MIN),
            guard: Vec::new(),
        };
        let against = further_objections(&asked, "receive/Internet");
        assert_eq!(
            against.reasons,
            ["receive/Internet is held by anna for Maintenance: a new certificate"]
        );
        assert!(against.mend.contains("release receive/Internet"));
    }
}
