//! The ledger of journal reports in the running role: opened, caught up with, watched.
//!
//! When transport starts, the ledger may know more than the queue: a process that was killed had
//! written that an archive took a report, and the queue had not noted it yet. Such a report is
//! settled here instead of being sent a second time.
//!
//! Never here: what is journaled (`categorize`), and entering a report (`deliver`).

use std::{
    collections::HashMap, io, os::unix::fs::DirBuilderExt as _, path::Path, sync::Arc,
    time::Duration,
};

use mailward_events::{Event, Events};
use mailward_host::{
    clock::Clock,
    keyring::{Keyring, Upkeep},
    kill::{self, Step},
};
use mailward_journal::{Digest, How, Ledger, LedgerError, Report, Signer, Watch};
use mailward_model::{
    Domain, EnhancedCode, Reply,
    kind::OutboundPool,
    plan::{Fate, NextHop, RecipientOutcome, Settlement},
};
use mailward_queue::{Queue, QueueSummary};

use crate::{
    Shared, categorize,
    snapshot::{JournalTarget, Snapshot},
};

/// How often it is looked what waits, and whether a day is over.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often somebody is told again of an archive that is away.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// The file of the key that signs roots, in the ledger's folder.
const KEY_FILE: &str = "root.key";

/// Why the ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The key.
    #[error(
        "the key of the journal ledger, {path}, cannot be made; check that its folder is writable"
    )]
    Key {
        /// Its file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The ledger in transport: what waits for a line is what the queue is to be told.
pub(crate) type Journal = Ledger<Settlement>;

/// Says what happens to the ledger as events, and settles what is durable.
struct Told(Events, Queue);

impl Watch<Settlement> for Told {
    fn durable(&self, waited: Vec<Settlement>) {
        // As with every settlement: where a message is gone, or the process ends, there is nothing to
        // do.
        let _ = self.1.settle_all_later(waited);
        kill::at(Step::ReportSettled);
    }

    fn failing(&self, path: &Path, error: &io::Error) {
        self.0.emit(Event::JournalLedgerFailing {
            path: path.display().to_string(),
            error: error.to_string(),
        });
    }

    fn closed(&self, day: &str, lines: u64, root: Digest) {
        self.0.emit(Event::JournalRootSigned {
            day: day.to_owned(),
            entries: lines,
            root: root.to_string(),
        });
    }
}

/// Opens the ledger in `dir`; what it knows to be durable is settled in `queue`.
///
/// # Errors
/// See [`OpenError`].
pub(crate) fn open(
    dir: &Path,
    hostname: &Domain,
    queue: &Queue,
    events: &Events,
    clock: &dyn Clock,
) -> Result<Journal, OpenError> {
    let now = clock.unix_ms();
    let signer = signer(dir, events, now)?;
    let watch = Box::new(Told(events.clone(), queue.clone()));
    let (ledger, opened) = Ledger::open(dir, hostname.as_str(), signer, watch, now)?;
    if let Some((file, line, problem)) = opened.damage {
        events.emit(Event::JournalLedgerDamaged {
            file,
            line,
            problem,
        });
    }
    Ok(ledger)
}

/// The signer of the key in the ledger's folder. The key never changes by itself; one that was lost
/// is made anew, and who reads the ledger sees two.
fn signer(dir: &Path, events: &Events, now_unix_ms: u64) -> Result<Signer, OpenError> {
    let path = dir.join(KEY_FILE);
    let failed = |source| OpenError::Key {
        path: path.display().to_string(),
        source,
    };
    let mut folder = std::fs::DirBuilder::new();
    folder
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(failed)?;
    let keyring = Keyring::open(&path, Duration::MAX, now_unix_ms);
    if let Upkeep::Mended(problem) = keyring.upkeep(now_unix_ms, Duration::MAX).map_err(failed)? {
        events.emit(Event::JournalLedgerDamaged {
            file: KEY_FILE.to_owned(),
            line: 0,
            problem: format!("{problem}; a new key signs from now on"),
        });
    }
    keyring
        .signing()
        .and_then(|secret| Signer::new(&secret))
        .ok_or_else(|| failed(io::Error::other("there is no key in it")))
}

/// Settles what the ledger knows to have been handed over and the queue does not.
pub(crate) fn catch_up(queue: &Queue, ledger: &Journal, events: &Events) {
    for ((id, no), report) in ledger.take_known() {
        let Some(stored) = queue.message(id) else {
            continue;
        };
        let open = stored.deliveries.iter().find(|d| d.delivery.no == no);
        let Some(open) = open else { continue };
        let outcomes: Vec<_> = (0u32..)
            .zip(open.delivery.recipients.iter().zip(&open.recipients))
            .filter(|(_, (recipient, state))| {
                !state.is_settled() && recipient.rcpt.address.to_string() == report.to
            })
            .map(|(recipient, _)| RecipientOutcome {
                recipient,
                fate: Fate::Delivered,
                reply: Reply::new(
                    250,
                    EnhancedCode(2, 0, 0),
                    "The ledger says that it was taken before",
                ),
            })
            .collect();
        if outcomes.is_empty() || report.how == How::Replayed {
            continue;
        }
        let settled = queue.settle_later(Settlement {
            message: id,
            delivery: no,
            outcomes,
            retry_unix_ms: open.retry_unix_ms,
            remote: None,
            follow_ups: Vec::new(),
        });
        // A queue that refuses is one that shuts down or keeps it in memory.
        if settled.is_ok() {
            events.emit(Event::JournalReportKnown {
                message: id,
                target: report.target,
            });
        }
    }
}

/// The delivery queue in which reports for a target wait.
pub(crate) fn hop_of(snapshot: &Snapshot, target: &JournalTarget) -> NextHop {
    let routes = categorize::route_to(snapshot, &target.address, 0, OutboundPool::Normal);
    let way = routes.into_iter().next().map(|route| route.next_hop);
    let nowhere = NextHop::Unreachable {
        domain: target.address.domain().clone(),
    };
    categorize::report_hop(&target.address, way.unwrap_or(nowhere))
}

/// What is remembered of a target that is away.
#[derive(Debug, Clone, Copy)]
struct Away {
    since: Duration,
    told: Duration,
}

/// Tells of archives that are away and back, and closes the day.
pub(crate) async fn follow(shared: Arc<Shared>) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut away: HashMap<String, Away> = HashMap::new();
    loop {
        look.tick().await;
        shared.journal.tick(shared.clock.unix_ms());
        watch_targets(&shared, &mut away);
    }
}

fn watch_targets(shared: &Shared, away: &mut HashMap<String, Away>) {
    let now = shared.clock.monotonic();
    let patience = shared
        .snapshot
        .load()
        .settings
        .retry_schedule
        .first()
        .map_or(TELL_EVERY, |wait| wait.get());
    let mut still: HashMap<String, Away> = HashMap::new();
    for queue in shared.queue.queues() {
        let NextHop::Journal { target } = &queue.next_hop else {
            continue;
        };
        let target = target.to_string();
        let age = age_of(shared, &queue);
        let is_away = queue.deferred > 0 && queue.last_error.is_some() && age >= patience;
        let is_paused = queue.on_hold && queue.count > 0;
        if !is_away && !is_paused {
            // Until nothing waits it is not back.
            if let (Some(known), true) = (away.get(&target), queue.count > 0) {
                still.insert(target, *known);
            }
            continue;
        }
        let mut known = away.get(&target).copied().unwrap_or(Away {
            since: now,
            told: now.saturating_sub(TELL_EVERY),
        });
        if !away.contains_key(&target) || now.saturating_sub(known.told) >= TELL_EVERY {
            known.told = now;
            shared.events.emit(event_of(target.clone(), &queue, age));
        }
        still.insert(target, known);
    }
    for (target, known) in away.drain() {
        if !still.contains_key(&target) {
            shared.events.emit(Event::JournalArchiveBack {
                target,
                away_minutes: now.saturating_sub(known.since).as_secs() / 60,
            });
        }
    }
    *away = still;
}

fn age_of(shared: &Shared, queue: &QueueSummary) -> Duration {
    let oldest = queue.oldest_unix_ms.unwrap_or(u64::MAX);
    Duration::from_millis(shared.clock.unix_ms().saturating_sub(oldest))
}

fn event_of(target: String, queue: &QueueSummary, age: Duration) -> Event {
    let waiting = queue.count as u64;
    if queue.on_hold {
        return Event::JournalPaused { target, waiting };
    }
    Event::JournalArchiveAway {
        target,
        waiting,
        oldest_minutes: age.as_secs() / 60,
        error: queue.last_error.clone().unwrap_or_default(),
    }
}

/// A report of the ledger by itself, for a replay.
pub(crate) fn replayed(report: &Report) -> Report {
    Report {
        how: How::Replayed,
        ..report.clone()
    }
}
