//! What speaks against starting a drill now. Pure.
//!
//! A drill on a server that is not well would hide its trouble, or be spoilt by it; and it uses the
//! budgets of repair, which must not be missing when something real fails.

use mailward_api::view::health::HealthState;

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

/// What has to be asked of other roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Why no new mail is taken, where the gate is closed or a connector is held.
    pub gate_closed: Option<String>,
    /// For how long transport has served, in milliseconds; `None` where it does not answer.
    pub serving_ms: Option<u64>,
    /// Why the guard would not allow the repair that is to follow.
    pub guard: Vec<String>,
}

/// Every reason against a drill, as far as the worker knows by itself.
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

/// Every reason against it that other roles know.
pub fn further_objections(asked: &Asked) -> Vec<String> {
    let mut against = Vec::new();
    if let Some(reason) = &asked.gate_closed {
        against.push(format!("no new mail is taken: {reason}"));
    }
    match asked.serving_ms {
        None => against.push("transport does not answer".to_owned()),
        Some(ms) if ms < SERVING_MS_MIN => {
            against.push(format!("transport has served for {} s only", ms / 1000));
        }
        Some(_) => {}
    }
    let guard = asked.guard.iter();
    against.extend(guard.map(|reason| format!("the repair would not be allowed: {reason}")));
    against
}

#[cfg(test)]
mod tests {
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
        assert!(further_objections(&fine).is_empty());
        let asked = Asked {
            gate_closed: Some("drained".into()),
            serving_ms: None,
            guard: vec!["budget".into()],
        };
        assert_eq!(further_objections(&asked).len(), 3);
    }
}
