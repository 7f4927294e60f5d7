//! The desk: holds the notifier and a courier for each channel, and keeps what was told in a file.
//!
//! It belongs to the worker's task, which tells it of alerts and of time. It never waits: what may
//! take long (a target, a name server) runs beside it, one attempt per channel at a time.

use std::{fs, io, path::PathBuf, sync::Arc};

use mailward_api::{
    control::{ControlReply, ControlRequest},
    fault::{Fault, FaultKind},
    page::stamp,
    view::{AlertTest, AlertTestResult, CaseView, Changed, StateChange},
};
use mailward_events::{Event, Events};
use mailward_host::replace::{Lasting, replace};
use mailward_model::{Object, Spec, kind::AlertChannel};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::Instant,
};

use super::{
    Alert,
    courier::{Alive, Courier},
    notice::Notice,
    notify::{Book, Notifier, NotifyError, Outcome, Route},
    state::Silence,
    view,
};
use crate::Now;

/// Results of attempts that may wait: two for each channel at most, so this is never reached.
const REPORTS: usize = 256;
/// A sign of life that did not arrive is tried again after so long, in milliseconds.
const BEAT_AGAIN_MS: u64 = 10_000;
/// Where it stands in the folder of managed availability.
const FILE: &str = "alerts.json";

/// Every channel's courier, for whoever probes or tests them.
pub type Couriers = Arc<Mutex<Vec<Arc<Courier>>>>;

/// What became of an attempt.
struct Report {
    courier: Arc<Courier>,
    /// The notice's id and the cases it is about; `None` for a sign of life.
    notice: Option<(String, Vec<String>)>,
    result: Result<Option<String>, String>,
}

/// One channel at the desk.
struct Place {
    courier: Arc<Courier>,
    route: Route,
    attempt: Option<JoinHandle<()>>,
    beating: Option<JoinHandle<()>>,
    /// When the next sign of life is due, monotonic milliseconds.
    beat_ms: u64,
    withheld: bool,
}

impl Place {
    fn new(courier: Arc<Courier>) -> Self {
        Place {
            route: route(&courier.name, &courier.spec),
            courier,
            attempt: None,
            beating: None,
            beat_ms: 0,
            withheld: false,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for task in [&self.attempt, &self.beating].into_iter().flatten() {
            task.abort();
        }
    }
}

fn route(name: &str, spec: &AlertChannel) -> Route {
    let ms = |span: mailward_model::unit::Span| {
        u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX)
    };
    Route {
        name: name.to_owned(),
        scope: spec.scope(),
        sets: spec.sets.clone(),
        group_wait_ms: ms(spec.group_wait),
        repeat_ms: ms(spec.repeat),
    }
}

/// Reads what an earlier worker kept. What cannot be read is as good as nothing: what is open is
/// raised again.
pub(crate) fn read(health_dir: &std::path::Path) -> Book {
    fs::read(health_dir.join(FILE))
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .unwrap_or_default()
}

/// Alerts and channels of the node.
pub struct Alerter {
    node: String,
    file: PathBuf,
    notifier: Notifier,
    saved: Book,
    failing: bool,
    places: Vec<Place>,
    couriers: Couriers,
    outbox: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    events: Events,
    /// Probes run so far, and when their number last grew, monotonic milliseconds.
    progress: (u64, u64),
}

impl std::fmt::Debug for Alerter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Alerter({} channels)", self.places.len())
    }
}

impl Alerter {
    /// A desk without channels that goes on with what an earlier worker kept.
    pub fn new(
        node: &str,
        health_dir: &std::path::Path,
        book: Book,
        couriers: Couriers,
        events: Events,
    ) -> Self {
        let (outbox, reports) = mpsc::channel(REPORTS);
        Alerter {
            node: node.to_owned(),
            file: health_dir.join(FILE),
            saved: book.clone(),
            notifier: Notifier::resume(book),
            failing: false,
            places: Vec::new(),
            couriers,
            outbox,
            reports,
            events,
            progress: (0, 0),
        }
    }

    /// Uses the channels among `objects`. One that stays as it is goes on with what it does.
    pub fn set_channels(&mut self, objects: &[Object]) {
        let wanted: Vec<(&String, &AlertChannel)> = objects
            .iter()
            .filter_map(|object| match &object.spec {
                Spec::AlertChannel(spec) if spec.enabled => Some((&object.name, spec)),
                _ => None,
            })
            .collect();
        let notifier = &mut self.notifier;
        self.places.retain(|place| {
            let courier = &place.courier;
            let stays = wanted
                .iter()
                .any(|(name, spec)| **name == courier.name && **spec == courier.spec);
            if !stays {
                notifier.abandon(&courier.name);
            }
            stays
        });
        for (name, spec) in wanted {
            if self.places.iter().all(|place| place.courier.name != *name) {
                let courier = Arc::new(Courier::new(name, spec, &self.node));
                self.places.push(Place::new(courier));
            }
        }
        *self.couriers.lock() = self.places.iter().map(|p| p.courier.clone()).collect();
    }

    /// Takes an alert in. Who is told, and when, follows with [`Alerter::tick`].
    pub fn raise(&mut self, alert: Alert, unix_ms: u64) {
        self.notifier.raise(alert, unix_ms);
    }

    /// A case is closed: what was told of it is over.
    pub fn closed(&mut self, case: &CaseView, unix_ms: u64) {
        let last = case
            .steps
            .last()
            .map_or("the case is closed", |step| &step.text);
        self.notifier.solve(&case.id, last, unix_ms);
    }

    /// What was told of something that is no recovery case is over.
    pub fn over(&mut self, case: &str, text: &str, unix_ms: u64) {
        self.notifier.solve(case, text, unix_ms);
    }

    /// Only these recovery cases are still open: what an earlier worker told of others is over.
    pub fn still_open(&mut self, cases: &[String], unix_ms: u64) {
        let gone: Vec<String> = self
            .notifier
            .book()
            .open
            .keys()
            // Other alerts than those of the engine's cases are ended by whoever raised them.
            .filter(|case| case.starts_with("case-") && !cases.contains(case))
            .cloned()
            .collect();
        for case in gone {
            let text = "what it was about is not watched any more, or was well when the worker was started again";
            self.notifier.solve(&case, text, unix_ms);
        }
    }

    /// Lets time pass: takes in what became of attempts, begins those that are due, gives signs of
    /// life. `probes` is how many ran so far; that it stands still for longer than `quiet_max_ms`
    /// ends the signs of life. Returns the channels that have become broken, or whole.
    pub fn tick(&mut self, now: Now, probes: u64, quiet_max_ms: u64) -> Vec<String> {
        let mut turned = Vec::new();
        while let Ok(report) = self.reports.try_recv() {
            let channel = report.courier.name.clone();
            if self.take(report, now.unix_ms) {
                turned.push(channel);
            }
        }
        let routes: Vec<Route> = self
            .places
            .iter()
            .map(|place| place.route.clone())
            .collect();
        for notice in self.notifier.due(&routes, now.unix_ms) {
            self.dispatch(notice);
        }
        if probes != self.progress.0 {
            self.progress = (probes, now.mono_ms);
        }
        self.beat(now, quiet_max_ms);
        self.save();
        turned
    }

    fn dispatch(&mut self, notice: Notice) {
        let mut places = self.places.iter_mut();
        let Some(place) = places.find(|place| place.courier.name == notice.channel) else {
            return;
        };
        let (courier, outbox) = (place.courier.clone(), self.outbox.clone());
        place.attempt = Some(tokio::spawn(async move {
            let result = courier
                .deliver(&notice)
                .await
                .map_err(|error| error.to_string());
            let cases = notice
                .items
                .into_iter()
                .map(|item| item.alert.case)
                .collect();
            let notice = Some((notice.id, cases));
            // The desk is gone only when the worker is.
            let _ = outbox
                .send(Report {
                    courier,
                    notice,
                    result,
                })
                .await;
        }));
    }

    /// Takes in what became of an attempt. True where the channel has turned.
    fn take(&mut self, report: Report, unix_ms: u64) -> bool {
        let channel = report.courier.name.clone();
        let current = |place: &Place| Arc::ptr_eq(&place.courier, &report.courier);
        if !self.places.iter().any(current) {
            // The channel was changed meanwhile; the new one begins anew.
            return false;
        }
        let turned = report.courier.went(report.result.clone().map(|_| ()));
        if let Ok(Some(problem)) = &report.result {
            self.events.emit(Event::AlertPartlyRefused {
                channel: channel.clone(),
                problem: problem.clone(),
            });
        }
        let Some((notice, cases)) = report.notice else {
            if let Err(error) = report.result {
                self.events.emit(Event::HeartbeatFailed { channel, error });
            }
            return turned;
        };
        let outcome = match &report.result {
            Ok(_) => Outcome::Delivered,
            Err(error) => Outcome::Failed(error.clone()),
        };
        if !self.notifier.settle(&channel, &notice, outcome, unix_ms) {
            return turned;
        }
        let lines = &self.notifier.book().lines;
        let attempt = lines
            .get(&channel)
            .map_or(0, |line| u64::from(line.failures));
        for case in cases {
            let channel = channel.clone();
            self.events.emit(match &report.result {
                Ok(_) => Event::AlertSent { case, channel },
                Err(error) => Event::AlertFailed {
                    case,
                    channel,
                    error: error.clone(),
                    attempt,
                },
            });
        }
        turned
    }

    /// Gives signs of life where they are due, as long as probes are run.
    fn beat(&mut self, now: Now, quiet_max_ms: u64) {
        let (probes, moved_ms) = self.progress;
        if probes == 0 {
            return;
        }
        let quiet_ms = now.mono_ms.saturating_sub(moved_ms);
        for place in &mut self.places {
            let Some(interval) = place.courier.spec.heartbeat_interval() else {
                continue;
            };
            let under_way = place
                .beating
                .as_ref()
                .is_some_and(|task| !task.is_finished());
            if under_way || now.mono_ms < place.beat_ms {
                continue;
            }
            let interval_ms = u64::try_from(interval.get().as_millis()).unwrap_or(u64::MAX);
            if quiet_ms > quiet_max_ms.max(interval_ms) {
                if !std::mem::replace(&mut place.withheld, true) {
                    self.events.emit(Event::HeartbeatWithheld {
                        channel: place.courier.name.clone(),
                        because: format!("no probe has ended for {} s", quiet_ms / 1000),
                    });
                }
                continue;
            }
            place.withheld = false;
            place.beat_ms = now.mono_ms.saturating_add(interval_ms);
            let alive = Alive {
                kind: "alive",
                node: self.node.clone(),
                channel: place.courier.name.clone(),
                unix_ms: now.unix_ms,
                probes,
            };
            let (courier, outbox) = (place.courier.clone(), self.outbox.clone());
            place.beating = Some(tokio::spawn(async move {
                let mut result = courier.beat(&alive).await;
                if result.is_err() && interval_ms > 2 * BEAT_AGAIN_MS {
                    tokio::time::sleep(std::time::Duration::from_millis(BEAT_AGAIN_MS)).await;
                    result = courier.beat(&alive).await;
                }
                let result = result.map_err(|error| error.to_string());
                let notice = None;
                let _ = outbox
                    .send(Report {
                        courier,
                        notice,
                        result,
                    })
                    .await;
            }));
        }
    }

    /// Keeps what is known where it changed: a file of some kilobytes, into the page cache. Alerts
    /// go out whether or not that works.
    fn save(&mut self) {
        if *self.notifier.book() == self.saved {
            return;
        }
        self.saved = self.notifier.book().clone();
        match write(&self.file, &self.saved) {
            Ok(()) => self.failing = false,
            Err(error) if !self.failing => {
                self.failing = true;
                self.events.emit(Event::AlertsNotKept {
                    path: self.file.display().to_string(),
                    error: error.to_string(),
                });
            }
            Err(_) => {}
        }
    }

    /// Answers what the control channel asks about alerts.
    ///
    /// # Errors
    /// What was asked for does not exist.
    pub fn answer(&mut self, request: ControlRequest, unix_ms: u64) -> Result<ControlReply, Fault> {
        let reply = match request {
            ControlRequest::AlertList { all } => {
                ControlReply::Alerts(view::list(&self.notifier, &self.channels(), all, unix_ms))
            }
            ControlRequest::AlertShow { id } => {
                let channels = self.channels();
                let alert = view::show(&self.notifier, &channels, &id, unix_ms);
                ControlReply::Alert(Box::new(alert.ok_or_else(|| no_alert(&id))?))
            }
            ControlRequest::AlertAck { id, by, note } => {
                let before = self
                    .notifier
                    .acknowledge(&id, &by, &note, unix_ms)
                    .map_err(fault)?;
                let before = before.map(|ack| said(&ack.by, &ack.note));
                let change = StateChange::new(
                    format!("alert {id}"),
                    "acknowledged",
                    before,
                    said(&by, &note),
                );
                let text = format!(
                    "{id} is acknowledged by {by}; it is told again only if it becomes worse, and when it is over."
                );
                self.events
                    .emit(Event::AlertAcknowledged { case: id, by, note });
                ControlReply::Changed(Changed::by(1, text, vec![change]))
            }
            ControlRequest::AlertSilence {
                pattern,
                by,
                reason,
                until_unix_ms,
            } => {
                let made = self
                    .notifier
                    .silence(&pattern, &by, &reason, until_unix_ms, unix_ms);
                let silence = made.map_err(fault)?;
                let until = stamp(until_unix_ms);
                let text = format!("{} silences {pattern} until {until}.", silence.id);
                let change = StateChange::new(
                    format!("silence {}", silence.id),
                    "silence",
                    Value::Null,
                    in_words(&silence),
                );
                self.events.emit(Event::AlertsSilenced {
                    silence: silence.id,
                    pattern,
                    by,
                    reason,
                    until,
                });
                ControlReply::Changed(Changed::by(1, text, vec![change]))
            }
            ControlRequest::AlertUnsilence { id, by } => {
                let silence = self.notifier.unsilence(&id).map_err(fault)?;
                let text = format!("{} ({}) is told again.", silence.pattern, silence.id);
                let change = StateChange::new(
                    format!("silence {}", silence.id),
                    "silence",
                    in_words(&silence),
                    Value::Null,
                );
                self.events.emit(Event::AlertSilenceEnded {
                    silence: silence.id,
                    pattern: silence.pattern,
                    by,
                });
                ControlReply::Changed(Changed::by(1, text, vec![change]))
            }
            other => return Err(Fault::unsupported("worker", other.name())),
        };
        // What somebody was told is done outlives the worker.
        self.save();
        Ok(reply)
    }

    fn channels(&self) -> Vec<(Arc<Courier>, Route)> {
        let places = self.places.iter();
        places
            .map(|place| (place.courier.clone(), place.route.clone()))
            .collect()
    }
}

/// Who took an alert on, and what they said.
fn said(by: &str, note: &str) -> String {
    match note {
        "" => by.to_owned(),
        note => format!("{by}: {note}"),
    }
}

/// A silence on one line.
fn in_words(silence: &Silence) -> String {
    let until = stamp(silence.until_unix_ms);
    format!("{} until {until}: {}", silence.pattern, silence.reason)
}

fn write(path: &std::path::Path, book: &Book) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    // Not synced: the disk may be what people are to be told of.
    replace(path, &serde_json::to_vec(book)?, Lasting::Kill)
}

fn no_alert(id: &str) -> Fault {
    Fault::not_found(
        format!("there is no alert {id:?}"),
        "`mailward alert list --all` shows them",
    )
}

fn fault(error: NotifyError) -> Fault {
    let text = error.to_string();
    match error {
        NotifyError::NoAlert(_) => {
            Fault::not_found(text, "`mailward alert list` shows what is open")
        }
        NotifyError::NoSilence(_) => Fault::not_found(text, "`mailward alert list` shows them"),
        NotifyError::Silences => Fault::new(
            FaultKind::Refused,
            text,
            "end one with `mailward alert unsilence`, or silence a pattern with *",
        ),
    }
}

/// Sends a test by one channel or by every one, past silences and routing, and says how it went.
///
/// # Errors
/// There is no such channel, or none at all.
pub async fn test(
    couriers: &Couriers,
    node: &str,
    channel: Option<&str>,
    by: &str,
    unix_ms: u64,
) -> Result<AlertTest, Fault> {
    let named =
        |courier: &Arc<Courier>| channel.is_none_or(|name| courier.name.eq_ignore_ascii_case(name));
    let chosen: Vec<Arc<Courier>> = couriers
        .lock()
        .iter()
        .filter(|c| named(c))
        .cloned()
        .collect();
    if chosen.is_empty() {
        let error = match channel {
            Some(name) => format!("there is no alert channel {name:?} that is enabled"),
            None => "there is no alert channel that is enabled".to_owned(),
        };
        return Err(Fault::not_found(
            error,
            "make one with `mailward alert-channel set`",
        ));
    }
    let mut tests = JoinSet::new();
    for courier in chosen {
        let notice = Notice::test(&courier.name, node, by, unix_ms);
        tests.spawn(async move {
            let began = Instant::now();
            let result = courier
                .deliver(&notice)
                .await
                .map_err(|error| error.to_string());
            // What it says of the channel counts; its probe comes by itself.
            let _ = courier.went(result.clone().map(|_| ()));
            AlertTestResult {
                channel: courier.name.clone(),
                target: view::target_word(&courier.spec.target).to_owned(),
                delivered: result.is_ok(),
                took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                text: match result {
                    Ok(None) => "delivered".to_owned(),
                    Ok(Some(problem)) => format!("delivered, but {problem}"),
                    Err(error) => error,
                },
            }
        });
    }
    let mut results = tests.join_all().await;
    results.sort_by(|a, b| a.channel.cmp(&b.channel));
    Ok(AlertTest { results })
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
