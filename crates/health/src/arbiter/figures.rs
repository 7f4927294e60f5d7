//! What the arbiter counts for monitoring systems: acts by outcome, and what the budgets still
//! allow.
//!
//! Never here: a judgement. The guard counts for itself.

use std::collections::BTreeMap;

use mailward_api::view::{
    RepairAct,
    figures::{ActFigure, BudgetFigure, RepairFigures},
    repair::Budget,
};
use parking_lot::Mutex;

use super::{Arbiter, Around, budget::budgets};

/// The stages whose budgets are told to monitoring systems.
const FIGURED: [&str; 3] = ["restart_component", "restart_process", "offline"];

/// Acts and outcomes since the manager began.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<BTreeMap<(String, &'static str), u64>>);

impl Tally {
    /// Counts an outcome of an act.
    pub(super) fn count(&self, act: Option<&RepairAct>, outcome: &'static str) {
        let act = act.map_or_else(|| "unknown".to_owned(), word);
        *self.0.lock().entry((act, outcome)).or_default() += 1;
    }

    fn acts(&self) -> Vec<ActFigure> {
        let counts = self.0.lock();
        let figure = |((act, outcome), count): (&(String, &'static str), &u64)| ActFigure {
            act: act.clone(),
            outcome: (*outcome).to_owned(),
            count: *count,
        };
        counts.iter().map(figure).collect()
    }
}

/// The act's word, as it stands in the ledger: without the component or the role it is done to, so
/// that there are as many words as kinds of acts.
fn word(act: &RepairAct) -> String {
    let json = serde_json::to_value(act).unwrap_or_default();
    let word = json.get("act").and_then(|word| word.as_str());
    word.unwrap_or("unknown").to_owned()
}

impl Arbiter {
    /// What was counted, and what the budgets allow.
    pub fn figures(&self, around: &Around<'_>) -> RepairFigures {
        let past = super::past(&self.inner.lock().ledger, "");
        RepairFigures {
            acts: self.tally.acts(),
            budgets: least(&budgets(&past, around, self.clock.unix_ms())),
        }
    }
}

/// What is left of each budget: where each component has its own, of the one with the least.
fn least(rows: &[Budget]) -> Vec<BudgetFigure> {
    let mut figures: Vec<BudgetFigure> = Vec::new();
    for row in rows {
        for (window, limit, begun) in [
            ("hour", row.per_hour, row.begun_hour),
            ("day", row.per_day, row.begun_day),
        ] {
            if !FIGURED.contains(&row.act.as_str()) {
                continue;
            }
            let left = limit.saturating_sub(begun);
            let known = figures
                .iter_mut()
                .find(|known| known.act == row.act && known.window == window);
            match known {
                Some(known) if left < known.left => (known.limit, known.left) = (limit, left),
                Some(_) => {}
                None => figures.push(BudgetFigure {
                    act: row.act.clone(),
                    window: window.to_owned(),
                    limit,
                    left,
                }),
            }
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use mailward_model::kind::HealthSettings;

    use super::*;
    use crate::guard::{HOUR_MS, Past};

    fn begun(component: &str, act: Option<RepairAct>, age_ms: u64) -> Past {
        Past {
            age_ms,
            act,
            case: "c".to_owned(),
            component: component.to_owned(),
            cause: None,
            settled: true,
        }
    }

    fn restart(component: &str) -> Option<RepairAct> {
        Some(RepairAct::RestartComponent {
            component: component.to_owned(),
        })
    }

    #[test]
    fn what_is_left_is_that_of_the_component_with_the_least() {
        let past = [
            begun("receive/A", restart("receive/A"), 1),
            begun("receive/A", restart("receive/A"), HOUR_MS + 1),
            begun("receive/B", restart("receive/B"), 1),
            begun("server", Some(RepairAct::Offline), 1),
            begun("?", None, 1),
        ];
        let settings = HealthSettings::default();
        let left: Vec<(String, String, u32)> = least(&budgets(&past, &Around::plain(&settings), 0))
            .into_iter()
            .map(|one| (one.act, one.window, one.limit - one.left))
            .collect();
        let used = |act: &str, window: &str| {
            let found = left.iter().find(|(a, w, _)| a == act && w == window);
            found.unwrap().2
        };
        assert_eq!(
            used("restart_component", "hour"),
            2,
            "one of A, one damaged"
        );
        assert_eq!(used("restart_component", "day"), 3);
        assert_eq!(used("restart_process", "hour"), 1);
        assert_eq!(used("offline", "day"), 2);
    }

    #[test]
    fn the_word_of_an_act_names_no_component() {
        assert_eq!(
            word(&restart("receive/Internet").unwrap()),
            "restart_component"
        );
        assert_eq!(word(&RepairAct::Online), "online");
        let tally = Tally::default();
        for component in ["receive/A", "receive/B"] {
            tally.count(restart(component).as_ref(), "begun");
        }
        let acts = tally.acts();
        assert_eq!(acts.len(), 1);
        assert_eq!(acts[0].count, 2);
    }
}
