//! The forecast carried out: what probes measured is kept as series, and what will break is worked
//! out when someone asks, and every hour for the line in `health`.

use std::{sync::Arc, time::Duration};

use mailward_api::{
    control::ControlReply,
    fault::Fault,
    page::stamp,
    view::{ForecastReport, ProbeView},
};
use mailward_events::{Event, Events};
use mailward_host::clock::Clock;
use mailward_model::{ObjectId, kind::SenderFeed};
use parking_lot::Mutex;

use crate::{
    forecast::{
        self, calendar,
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
/// Sentences told with `health`.
const SOON_MAX: usize = 5;

/// Series, and what follows from them.
pub(super) struct Foresight {
    node: String,
    places: Places,
    series: Mutex<Series>,
    limits: Mutex<Limits>,
    feeds: Mutex<Vec<(ObjectId, String, SenderFeed)>>,
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
            feeds: Mutex::default(),
            soon: Mutex::default(),
            events,
            clock,
        }
    }

    /// The settings that bounds follow from.
    pub(super) fn set_limits(&self, limits: Limits) {
        *self.limits.lock() = limits;
    }

    /// The sender feeds that there are.
    pub(super) fn set_feeds(&self, feeds: Vec<(ObjectId, String, SenderFeed)>) {
        *self.feeds.lock() = feeds;
    }

    /// Takes in what a probe measured.
    pub(super) fn observe(&self, view: &ProbeView) {
        if !view.measures.is_empty() {
            self.series.lock().observe(view);
        }
    }

    /// What breaks within two weeks, one sentence each.
    pub(super) fn soon(&self) -> Vec<String> {
        self.soon.lock().clone()
    }

    /// What will break within so many days.
    pub(super) async fn forecast(&self, days: u32) -> ForecastReport {
        let limits = *self.limits.lock();
        let mut inputs = gather::gather(&self.places, limits).await;
        let (places, feeds) = (self.places.clone(), self.feeds.lock().clone());
        let feeds = tokio::task::spawn_blocking(move || gather::feeds(&places, &feeds)).await;
        // A task that panicked: the forecast is made without it.
        inputs.feeds = feeds.unwrap_or_default();
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
