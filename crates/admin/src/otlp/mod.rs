//! Export over OTLP: metrics and events to a collector, by HTTP with JSON (OTLP 1.x, `http/json`).
//!
//! Metrics are read and sent every interval; what a collector does not take is not kept, for the
//! next numbers hold everything. Events are followed in the store, which is the buffer: a batch that
//! was not taken is read again, and memory holds one batch. The place reached is kept in a file, so
//! that a restart neither loses nor repeats more than a batch.
//!
//! Never here: anything that waits for a collector but this export itself.

mod encode;
mod send;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mailward_events::{Event, Events, Record};
use mailward_host::{
    clock::Clock,
    replace::{Lasting, replace},
};
use mailward_store::Store;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

pub(crate) use self::encode::Resource;
pub use self::send::{OtlpConfig, OtlpError};
use self::send::{Sender, Sent};
use crate::metric::{Family, Meter, Sample};

/// Events of one request.
const BATCH_RECORDS: usize = 512;
/// Batches sent in one interval: a collector that was away for long is not flooded.
const BATCHES_MAX: usize = 8;

const METRICS: &str = "metrics";
const LOGS: &str = "events";

/// Exports so far, by signal and outcome.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<(&'static str, &'static str), u64>>);

impl Tally {
    fn count(&self, signal: &'static str, outcome: &'static str) {
        *self.0.lock().entry((signal, outcome)).or_default() += 1;
    }

    /// The same as metrics; none where nothing is exported.
    pub(crate) fn families(&self, since_unix_ms: u64) -> Option<Family> {
        let counts = self.0.lock();
        let samples = counts.iter().map(|((signal, outcome), count)| {
            Sample::whole(*count)
                .with("signal", *signal)
                .with("outcome", *outcome)
        });
        (!counts.is_empty()).then(|| {
            let help = "Requests to the OTLP collector, by what became of them";
            Family::counter("otlp_exports", help, since_unix_ms, samples)
        })
    }
}

/// What an export is made of.
pub(crate) struct Export {
    pub(crate) config: OtlpConfig,
    pub(crate) resource: Resource,
    pub(crate) meter: Arc<Meter>,
    pub(crate) store: Store,
    pub(crate) events: Events,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tally: Arc<Tally>,
}

impl Export {
    /// Begins to export. Where the endpoint or the file of header fields cannot be used, that is an
    /// event: administrators are answered all the same. Must be called inside a tokio runtime.
    pub(crate) fn start(self) -> Vec<JoinHandle<()>> {
        let sender = match Sender::new(&self.config) {
            Ok(sender) => Arc::new(sender),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                self.events.emit(Event::OtlpExportFailing {
                    endpoint: self.config.endpoint.clone(),
                    signal: "metrics and events".to_owned(),
                    error: format!("{error}{}", cause.unwrap_or_default()),
                });
                return Vec::new();
            }
        };
        for signal in [METRICS, LOGS] {
            for outcome in ["accepted", "refused", "failed"] {
                self.tally.0.lock().insert((signal, outcome), 0);
            }
        }
        let (metrics, logs) = (self.config.metrics, self.config.logs);
        let export = Arc::new(self);
        let mut tasks = Vec::new();
        if metrics {
            tasks.push(tokio::spawn(send_metrics(export.clone(), sender.clone())));
        }
        if logs {
            tasks.push(tokio::spawn(send_logs(export, sender)));
        }
        tasks
    }

    fn signal(&self, name: &'static str) -> Signal<'_> {
        Signal {
            export: self,
            name,
            failing_since: None,
        }
    }
}

/// One of metrics and logs: tells when its export begins to fail and when it works again.
struct Signal<'a> {
    export: &'a Export,
    name: &'static str,
    failing_since: Option<Duration>,
}

impl Signal<'_> {
    /// Takes in what became of a request of so many records.
    fn sent(&mut self, sent: &Sent, records: usize, tell_refusal: bool) {
        let Export {
            config,
            events,
            clock,
            tally,
            ..
        } = self.export;
        let signal = self.name.to_owned();
        let endpoint = config.endpoint.clone();
        match sent {
            Sent::Accepted => tally.count(self.name, "accepted"),
            Sent::Refused(status) => {
                tally.count(self.name, "refused");
                if tell_refusal {
                    events.emit(Event::OtlpRecordsRefused {
                        endpoint: endpoint.clone(),
                        signal: signal.clone(),
                        count: records as u64,
                        status: status.clone(),
                    });
                }
            }
            Sent::Failed(error) => {
                tally.count(self.name, "failed");
                if self.failing_since.is_none() {
                    self.failing_since = Some(clock.monotonic());
                    events.emit(Event::OtlpExportFailing {
                        endpoint,
                        signal,
                        error: error.clone(),
                    });
                }
                return;
            }
        }
        if let Some(since) = self.failing_since.take() {
            events.emit(Event::OtlpExportResumed {
                endpoint,
                signal,
                seconds: clock.monotonic().saturating_sub(since).as_secs(),
            });
        }
    }
}

async fn send_metrics(export: Arc<Export>, sender: Arc<Sender>) {
    let mut signal = export.signal(METRICS);
    loop {
        tokio::time::sleep(export.config.interval).await;
        let families = export.meter.families().await;
        let body = encode::metrics(&families, &export.resource, export.clock.unix_ms());
        let sent = sender.send("/v1/metrics", body.to_string()).await;
        signal.sent(&sent, families.len(), true);
    }
}

async fn send_logs(export: Arc<Export>, sender: Arc<Sender>) {
    let mut signal = export.signal(LOGS);
    let mut place: Option<u64> = None;
    loop {
        tokio::time::sleep(export.config.interval).await;
        let from = match place {
            Some(place) => place,
            None => match begin(&export).await {
                Some(begin) => *place.insert(begin),
                // The store cannot be read: health says so, and here it is tried again.
                None => continue,
            },
        };
        let mut at = from;
        for _ in 0..BATCHES_MAX {
            let Some(batch) = read(&export, at).await else {
                break;
            };
            let Some((last, _)) = batch.last() else {
                break;
            };
            let (last, whole) = (*last, batch.len() == BATCH_RECORDS);
            let records: Vec<Record> = batch
                .iter()
                .filter_map(|(_, text)| Record::from_json(text).ok())
                .collect();
            let body = encode::logs(&records, &export.resource, export.clock.unix_ms());
            let sent = sender.send("/v1/logs", body.to_string()).await;
            // A refusal of nothing but refusals is not told again: it would go on for ever.
            let news = records
                .iter()
                .any(|record| record.name != "OtlpRecordsRefused");
            signal.sent(&sent, records.len(), news);
            if matches!(sent, Sent::Failed(_)) {
                break;
            }
            at = last;
            place = Some(at);
            keep(export.config.place_file.clone(), at).await;
            if !whole {
                break;
            }
        }
    }
}

/// Where to go on: behind what was sent before this process began, else behind the newest event.
async fn begin(export: &Arc<Export>) -> Option<u64> {
    let export = Arc::clone(export);
    let begin = move || {
        let last = export.store.last_event().ok()?;
        let kept = kept_place(&export.config.place_file);
        // A store that was made anew begins its places anew.
        Some(kept.filter(|place| *place <= last).unwrap_or(last))
    };
    tokio::task::spawn_blocking(begin).await.ok().flatten()
}

fn kept_place(file: &Path) -> Option<u64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

async fn read(export: &Arc<Export>, place: u64) -> Option<Vec<(u64, String)>> {
    let store = export.store.clone();
    let read = move || store.events_after(place, BATCH_RECORDS).ok();
    tokio::task::spawn_blocking(read).await.ok().flatten()
}

/// Keeps the place reached. Where that fails, a restart sends again what was sent since.
async fn keep(file: PathBuf, place: u64) {
    let write = move || {
        let text = format!("{place}\n");
        replace(&file, text.as_bytes(), Lasting::Kill)
    };
    let _ = tokio::task::spawn_blocking(write).await;
}
