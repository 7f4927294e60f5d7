//! What the arbiter counts for monitoring systems: acts by outcome, and what the budgets still
//! allow.
//!
//! Never here: a judgement. The guard counts for itself.

use std::collections::BTreeMap;

use mailward_api::{
    control::Role,
    view::{
        RepairAct,
        figures::{ActFigure, BudgetFigure, RepairFigures},
    },
};
use mailward_model::kind::HealthSettings;
use parking_lot::Mutex;

use super::Arbiter;
use crate::guard::{self, DAY_MS, HOUR_MS, Past};

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
    /// What was counted, and what the budgets allow under these settings.
    pub fn figures(&self, settings: &HealthSettings) -> RepairFigures {
        let past = super::past(&self.inner.lock().ledger, "");
        RepairFigures {
            acts: self.tally.acts(),
            budgets: budgets(&past, settings),
        }
    }
}

fn budgets(past: &[Past], settings: &HealthSettings) -> Vec<BudgetFigure> {
    let component = RepairAct::RestartComponent {
        component: String::new(),
    };
    let process = RepairAct::RestartProcess {
        role: Role::Transport,
    };
    let mut figures = Vec::new();
    for act in [component, process, RepairAct::Offline] {
        let Some(limits) = guard::limits(&act, settings) else {
            continue;
        };
        for (window, ms, limit) in [
            ("hour", HOUR_MS, limits.per_hour),
            ("day", DAY_MS, limits.per_day),
        ] {
            let used = most_used(past.iter().filter(|past| past.age_ms < ms), &act);
            figures.push(BudgetFigure {
                act: word(&act),
                window: window.to_owned(),
                limit,
                left: limit.saturating_sub(used),
            });
        }
    }
    figures
}

/// Acts of this stage begun; of the one component with the most where each has its own budget. A
/// damaged record counts against every one.
fn most_used<'a>(past: impl Iterator<Item = &'a Past>, act: &RepairAct) -> u32 {
    let (mut everyone, mut each) = (0, BTreeMap::<&str, u32>::new());
    let each_its_own = matches!(act, RepairAct::RestartComponent { .. });
    for one in past {
        match &one.act {
            None => everyone += 1,
            Some(done) if done.stage() == act.stage() => {
                let whose = if each_its_own {
                    one.component.as_str()
                } else {
                    ""
                };
                *each.entry(whose).or_default() += 1;
            }
            Some(_) => {}
        }
    }
    everyone + each.into_values().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let left: Vec<(String, String, u32)> = budgets(&past, &HealthSettings::default())
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
