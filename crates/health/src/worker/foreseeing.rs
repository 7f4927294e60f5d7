//! The forecast carried out: what probes measured is kept as series, and what will break is worked
//! out when someone asks, and every hour for the line in `health`.

use std::{collections::HashMap, sync::Arc, time::Duration};

use mailward_api::{
    control::ControlReply,
    fault::Fault,
    page::stamp,
    view::{ForecastReport, ProbeView},
};
use mailward_events::{Event, Events};
use mailward_host::clock::Clock;
use mailward_model::{
    ObjectId,
    kind::{SenderFeed, UntrustedFeed},
};
use parking_lot::Mutex;

use crate::{
    forecast::{
        self, Feed, calendar,
        gather::{self, Limits, Places},
    },
    series::Series,
};

/// How often it is worked out by itself.
const EVERY: Duration = Duration::from_secs(3_600);
/// The first time, after the worker's start: transport has its certificates by then.
const FIRST: Duration = Duration::from_secs(5);
/// What breaks within so many days is told with `health`.
const SOON_DAYS: u32 = 14;
/// How often series are written where that is due, and sizes of files taken.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// A directory source that was not heard for so many of its intervals is silent, but not sooner than
/// after so many milliseconds.
const MISSED: u64 = 3;
const MISSED_MS_MIN: u64 = 60_000;
/// Whoever joined or left meanwhile is not known after a day, in milliseconds: mail goes wrong.
const DIRECTORY_STALE_MS: u64 = 86_400_000;
/// Sentences told with `health`.
const SOON_MAX: usize = 5;

/// What comes from elsewhere and is kept current.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    /// Sender feeds.
    pub(super) feeds: Vec<(ObjectId, String, SenderFeed)>,
    /// Feeds of the untrusted list that are in use.
    pub(super) untrusted: Vec<(ObjectId, String, UntrustedFeed)>,
    /// Directory sources that are in use: their names, and how often each is asked.
    pub(super) directories: Vec<(String, Duration)>,
}

/// What the probe of a directory source said last.
#[derive(Debug, Clone, Copy)]
struct Heard {
    /// When the directory was last heard.
    unix_ms: u64,
    /// How long ago that was.
    age_ms: u64,
}

/// Series, and what follows from them.
pub(super) struct Foresight {
    node: String,
    places: Places,
    series: Mutex<Series>,
    limits: Mutex<Limits>,
    sources: Mutex<Sources>,
    directories: Mutex<HashMap<String, Heard>>,
    soon: Mutex<Vec<String>>,
    events: Events,
    clock: Arc<dyn Clock>,
}

impl Foresight {
    /// Reads the series. Blocks on the disk.
    pub(super) fn open(node: &str, places: Places, events: Events, clock: Arc<dyn Clock>) -> Self {
        let dir = places.health_dir.join("series");
        let path = || dir.display().to_string();
        let series = match Series::open(&dir) {
            Ok((series, 0)) => series,
            Ok((series, segments)) => {
                let path = path();
                events.emit(Event::SeriesDamaged { path, segments });
                series
            }
            Err(error) => {
                let (path, error) = (path(), error.to_string());
                events.emit(Event::HealthFileFailing { path, error });
                // Measured all the same, for as long as this process lives.
                Series::default()
            }
        };
        Foresight {
            node: node.to_owned(),
            places,
            series: Mutex::new(series),
            limits: Mutex::new(Limits {
                min_free_octets: 0,
                message_expiration_ms: u64::MAX,
            }),
            sources: Mutex::default(),
            directories: Mutex::default(),
            soon: Mutex::default(),
            events,
            clock,
        }
    }

    /// The settings that bounds follow from.
    pub(super) fn set_limits(&self, limits: Limits) {
        *self.limits.lock() = limits;
    }

    /// What is kept current.
    pub(super) fn set_sources(&self, sources: Sources) {
        let names: Vec<&str> = sources
            .directories
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        self.directories
            .lock()
            .retain(|name, _| names.contains(&name.as_str()));
        *self.sources.lock() = sources;
    }

    /// Takes in what a probe measured.
    pub(super) fn observe(&self, view: &ProbeView) {
        if !view.measures.is_empty() {
            self.series.lock().observe(view);
        }
        let age = view.measures.iter().find(|one| one.name == "age_ms");
        if let (Some(name), Some(age)) = (view.probe.strip_prefix("directory/"), age) {
            let age_ms = age.value.max(0).unsigned_abs();
            let heard = Heard {
                unix_ms: view.unix_ms.saturating_sub(age_ms),
                age_ms,
            };
            self.directories.lock().insert(name.to_owned(), heard);
        }
    }

    /// Directory sources that were not heard when they should have been: what they say is too old
    /// some day, unless that is mended.
    fn silent_directories(&self, sources: &Sources) -> Vec<Feed> {
        let heard = self.directories.lock();
        let silent = sources.directories.iter().filter_map(|(name, every)| {
            let heard = heard.get(name)?;
            let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
            (heard.age_ms > every_ms.saturating_mul(MISSED).max(MISSED_MS_MIN)).then(|| Feed {
                word: "directory source",
                name: name.clone(),
                updated_unix_ms: heard.unix_ms,
                stale_after_ms: DIRECTORY_STALE_MS,
            })
        });
        silent.collect()
    }

    /// What breaks within two weeks, one sentence each.
    pub(super) fn soon(&self) -> Vec<String> {
        self.soon.lock().clone()
    }

    /// What will break within so many days.
    pub(super) async fn forecast(&self, days: u32) -> ForecastReport {
        let limits = *self.limits.lock();
        let mut inputs = gather::gather(&self.places, limits).await;
        let (places, sources) = (self.places.clone(), self.sources.lock().clone());
        let directories = self.silent_directories(&sources);
        let feeds = tokio::task::spawn_blocking(move || {
            let mut all = gather::feeds(&places, &sources.feeds);
            all.extend(gather::untrusted_feeds(&places, &sources.untrusted));
            all
        });
        // A task that panicked: the forecast is made without it.
        inputs.feeds = feeds.await.unwrap_or_default();
        inputs.feeds.extend(directories);
        let unix_ms = self.clock.unix_ms();
        let (forecasts, gaps) = {
            let series = self.series.lock();
            inputs.series = Some(&series);
            forecast::forecast(&inputs, unix_ms, days)
        };
        let mut report = ForecastReport {
            node: self.node.clone(),
            unix_ms,
            days,
            forecasts,
            gaps,
            calendar: None,
        };
        report.calendar = Some(calendar::calendar(&report));
        report
    }

    /// Answers the control channel.
    pub(super) async fn answer(&self, days: u32) -> Result<ControlReply, Fault> {
        Ok(ControlReply::Forecast(self.forecast(days).await))
    }

    /// Keeps series and the line in `health` current, for ever.
    pub(super) async fn keep(self: Arc<Self>) {
        let mut foretell = tokio::time::Instant::now() + FIRST;
        let mut pause = FIRST;
        loop {
            tokio::time::sleep(pause).await;
            pause = KEEP_EVERY;
            let this = Arc::clone(&self);
            // It ends early only when the runtime does.
            let _ = tokio::task::spawn_blocking(move || this.write()).await;
            if tokio::time::Instant::now() >= foretell {
                foretell += EVERY;
                let report = self.forecast(SOON_DAYS).await;
                let sentences = report.forecasts.iter().take(SOON_MAX).map(|one| {
                    let day: String = stamp(one.likely_unix_ms).chars().take(10).collect();
                    format!("{day}: {}. {}", one.what, one.mend)
                });
                *self.soon.lock() = sentences.collect();
            }
        }
    }

    fn write(&self) {
        let now = self.clock.unix_ms();
        let sizes = gather::sizes(&self.places);
        let mut series = self.series.lock();
        for (name, octets) in sizes {
            series.take(name, octets, now);
        }
        if series.is_due(now)
            && let Err(error) = series.flush(now)
        {
            self.events.emit(Event::HealthFileFailing {
                path: self.places.health_dir.join("series").display().to_string(),
                error: error.to_string(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use mailward_api::view::health::{Evidence, Measure};
    use mailward_host::clock::SystemClock;

    use super::*;

    fn heard(age_ms: i64) -> ProbeView {
        ProbeView {
            probe: "directory/Corp".to_owned(),
            unix_ms: 1_800_000_000_000,
            took_ms: 1,
            verdict: "pass".to_owned(),
            evidence: Evidence::Good,
            text: String::new(),
            cause: None,
            steps: Vec::new(),
            measures: vec![Measure {
                name: "age_ms".to_owned(),
                value: age_ms,
            }],
        }
    }

    #[test]
    fn a_directory_that_is_not_heard_is_too_old_some_day() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places {
            run_dir: dir.path().to_owned(),
            health_dir: dir.path().to_owned(),
            data_dir: dir.path().to_owned(),
            certificate_dir: dir.path().to_owned(),
            node_certificates: Vec::new(),
        };
        let clock = Arc::new(SystemClock::default());
        let foresight = Foresight::open("mx1", places, Events::discard(), clock);
        let sources = Sources {
            directories: vec![("Corp".to_owned(), Duration::from_secs(30))],
            ..Sources::default()
        };
        assert!(foresight.silent_directories(&sources).is_empty(), "unknown");
        foresight.observe(&heard(80_000));
        assert!(foresight.silent_directories(&sources).is_empty());
        foresight.observe(&heard(100_000));
        let silent = foresight.silent_directories(&sources);
        assert_eq!(silent.len(), 1);
        assert_eq!(silent[0].updated_unix_ms, 1_800_000_000_000 - 100_000);
        foresight.set_sources(Sources::default());
        assert!(foresight.directories.lock().is_empty(), "it is gone");
    }
}
