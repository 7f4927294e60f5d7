//! The table kept in step: replaced when what belongs into it changes, put back when somebody else
//! has changed it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use mailward_api::view::figures::FirewallFigures;
use mailward_events::{Event, Events};
use mailward_host::{clock::Clock, pulse::Pulse};
use mailward_model::{Kind, Spec, policy::PolicyPart};
use mailward_perimeter::{FeedState, Feeds, Shelf, export::TABLE};
use mailward_store::{Store, Turn};
use parking_lot::Mutex;

use crate::{
    Nft,
    table::{Gate, gates, text},
};

/// How often it is looked whether something else belongs into the table: ranges are to be in force
/// within two seconds.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often it is looked whether the table is as it was left: within a minute it is to be mended.
const DRIFT_EVERY: Duration = Duration::from_secs(5);
/// Octets of a line that an event shows.
const LINE_OCTETS_MAX: usize = 120;

/// Moments of drift that are kept.
const DRIFTS_MAX: usize = 20;

/// The firewall's table.
pub struct Firewall {
    /// The objects.
    pub store: Store,
    /// The folder of what is known of sender feeds.
    pub perimeter_dir: PathBuf,
    /// Where events go.
    pub events: Events,
    /// The program.
    pub nft: Nft,
    /// How it stands, for whoever asks.
    pub figures: Arc<Mutex<FirewallFigures>>,
}

/// What was put in force, and how the kernel shows it.
struct InForce {
    gates: Vec<Gate>,
    ranges: u64,
    shown: Option<String>,
}

impl Firewall {
    /// Keeps the table for as long as the role runs. `pulse` hears of every turn.
    pub async fn keep(self, clock: &dyn Clock, pulse: &Pulse) {
        let mut in_force: Option<InForce> = None;
        let mut looked = Duration::ZERO;
        let mut turns = self.store.turns();
        let mut turn = Turn::Begun;
        loop {
            pulse.beat("the firewall's table");
            let revision = self.store.revision();
            let wanted = self.wanted(clock.unix_ms());
            let known = wanted.as_ref().map(drop).map_err(Clone::clone);
            self.store
                .note_refresh(&[PolicyPart::Ranges], turn, revision, known);
            match wanted {
                Err(error) => self.failing(&error),
                Ok(wanted) => {
                    let is_new = turn == Turn::Reapply && !wanted.is_empty()
                        || in_force.as_ref().is_none_or(|known| known.gates != wanted);
                    let drift = if is_new || clock.monotonic() < looked + DRIFT_EVERY {
                        None
                    } else {
                        looked = clock.monotonic();
                        self.drift(in_force.as_ref()).await
                    };
                    if is_new || drift.is_some() {
                        let is_first = in_force.is_none();
                        if let Some(found) = &drift {
                            self.drifted(found, clock.unix_ms());
                        }
                        in_force = self.put(wanted, is_first, drift).await;
                        looked = clock.monotonic();
                    }
                    if let Some(known) = &in_force {
                        self.in_step(known, clock.unix_ms());
                    }
                }
            }
            // What failed is tried again soon, and not in a circle.
            let wait = if in_force.is_some() {
                LOOK_EVERY
            } else {
                DRIFT_EVERY
            };
            turn = tokio::select! {
                () = tokio::time::sleep(wait) => Turn::Refresh,
                turn = turns.next() => match turn {
                    Some(turn) => turn,
                    // The store is closed: the role is on its way out.
                    None => std::future::pending().await,
                },
            };
        }
    }

    /// What belongs into the table now.
    fn wanted(&self, now_unix_ms: u64) -> Result<Vec<Gate>, String> {
        let list = |kind: Kind| self.store.in_force(kind).map_err(|error| error.to_string());
        let shelf = Shelf::new(&self.perimeter_dir);
        let mut feeds = Feeds::default();
        for object in list(Kind::SenderFeed)? {
            let Spec::SenderFeed(spec) = &object.spec else {
                continue;
            };
            // A damaged file is transport's to tell and to mend; until then the table stays.
            let state = shelf.load(object.id).map_err(|error| error.to_string())?;
            let state = state.unwrap_or_else(|| {
                let mut state = FeedState::default();
                // What is built in or typed in is in force as soon as transport has taken it up.
                let _ = state.adopt(spec, now_unix_ms);
                state
            });
            feeds.insert_state(&object.name, &state, now_unix_ms);
        }
        let connectors = list(Kind::ReceiveConnector)?;
        let connectors = connectors.iter().filter_map(|object| match &object.spec {
            Spec::ReceiveConnector(spec) => Some(spec),
            _ => None,
        });
        Ok(gates(connectors, &feeds))
    }

    /// What somebody else has changed; `None` where nobody has.
    async fn drift(&self, in_force: Option<&InForce>) -> Option<String> {
        let left = &in_force?.shown;
        match self.nft.table().await {
            Ok(found) if found == *left => None,
            Ok(found) => Some(difference(left.as_deref(), found.as_deref())),
            Err(error) => {
                self.failing(&error.to_string());
                None
            }
        }
    }

    async fn put(
        &self,
        wanted: Vec<Gate>,
        is_first: bool,
        drift: Option<String>,
    ) -> Option<InForce> {
        let carried = async {
            self.nft.carry_out(&text(&wanted)).await?;
            self.nft.table().await
        };
        match carried.await {
            Ok(shown) => {
                let table = TABLE.to_owned();
                let ranges = wanted
                    .iter()
                    .map(|gate| gate.set.blocks().len() as u64)
                    .sum();
                match drift {
                    Some(found) => self.events.emit(Event::FirewallDrifted { table, found }),
                    // A node that never had a gate has nothing to tell.
                    None if is_first && wanted.is_empty() => {}
                    None => self.events.emit(Event::FirewallChanged {
                        table,
                        ports: wanted.iter().map(|gate| gate.port.to_string()).collect(),
                        ranges,
                    }),
                }
                Some(InForce {
                    gates: wanted,
                    ranges,
                    shown,
                })
            }
            Err(error) => {
                self.failing(&error.to_string());
                None
            }
        }
    }

    fn drifted(&self, found: &str, now_unix_ms: u64) {
        let mut figures = self.figures.lock();
        let surplus = (figures.drifts_unix_ms.len() + 1).saturating_sub(DRIFTS_MAX);
        figures.drifts_unix_ms.drain(..surplus);
        figures.drifts_unix_ms.push(now_unix_ms);
        found.clone_into(&mut figures.drift);
    }

    fn in_step(&self, known: &InForce, now_unix_ms: u64) {
        let mut figures = self.figures.lock();
        figures.in_step_unix_ms = Some(now_unix_ms);
        figures.gates = known.gates.len() as u64;
        figures.ranges = known.ranges;
        figures.problem = None;
    }

    fn failing(&self, error: &str) {
        self.figures.lock().problem = Some(error.to_owned());
        self.events.emit(Event::FirewallFailing {
            table: TABLE.to_owned(),
            error: error.to_owned(),
        });
    }
}

/// How the table differs from how it was left, in words.
fn difference(left: Option<&str>, found: Option<&str>) -> String {
    let (Some(left), Some(found)) = (left, found) else {
        return match found {
            None => "it was removed".to_owned(),
            Some(_) => "it was made".to_owned(),
        };
    };
    let mut lines = left.lines();
    let mut others = found.lines();
    loop {
        match (lines.next(), others.next()) {
            (Some(one), Some(other)) if one == other => {}
            (_, Some(line)) => return format!("it has the line {:?}", cut(line)),
            (Some(line), None) => return format!("it lacks the line {:?}", cut(line)),
            (None, None) => return "its lines are the same".to_owned(),
        }
    }
}

fn cut(line: &str) -> &str {
    let line = line.trim();
    let end = line.floor_char_boundary(LINE_OCTETS_MAX);
    line.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_named() {
        assert_eq!(difference(Some("a\nb"), None), "it was removed");
        assert_eq!(
            difference(Some("a\nb"), Some("a\n c ")),
            "it has the line \"c\""
        );
        assert_eq!(
            difference(Some("a\nb"), Some("a")),
            "it lacks the line \"b\""
        );
        assert_eq!(difference(Some("a"), Some("a\nb")), "it has the line \"b\"");
    }
}
