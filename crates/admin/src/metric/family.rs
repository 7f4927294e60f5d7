//! A family of metrics: one name, one meaning, a number for each set of labels.

use mailward_api::view::figures::DURATION_BOUNDS_MS;

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only grows while the role that counts lives.
    Counter,
    /// Durations in buckets.
    Histogram,
}

/// A family.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Family {
    /// Its name, without prefix and `_total`.
    pub(crate) name: &'static str,
    /// What it tells, without a full stop.
    pub(crate) help: &'static str,
    pub(crate) kind: Kind,
    /// Since when it is counted, Unix milliseconds; 0 for gauges.
    pub(crate) since_unix_ms: u64,
    pub(crate) samples: Vec<Sample>,
}

/// One number and its labels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) value: Value,
}

/// A number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Whole(u64),
    Signed(i64),
    Real(f64),
    /// Seconds, by the bounds of [`bounds_seconds`]; each bucket without those before it, and a last
    /// one for what is longer.
    Durations {
        sum_seconds: f64,
        buckets: Vec<u64>,
    },
}

/// The bounds of all histograms, in seconds.
pub(crate) fn bounds_seconds() -> impl Iterator<Item = f64> {
    DURATION_BOUNDS_MS.iter().map(|bound| seconds(*bound))
}

/// Milliseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 285,000 years of milliseconds"
)]
pub(crate) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

impl Family {
    pub(crate) fn gauge(
        name: &'static str,
        help: &'static str,
        samples: impl IntoIterator<Item = Sample>,
    ) -> Self {
        Family {
            name,
            help,
            kind: Kind::Gauge,
            since_unix_ms: 0,
            samples: samples.into_iter().collect(),
        }
    }

    pub(crate) fn counter(
        name: &'static str,
        help: &'static str,
        since_unix_ms: u64,
        samples: impl IntoIterator<Item = Sample>,
    ) -> Self {
        Family {
            kind: Kind::Counter,
            since_unix_ms,
            ..Family::gauge(name, help, samples)
        }
    }

    pub(crate) fn histogram(
        name: &'static str,
        help: &'static str,
        since_unix_ms: u64,
        samples: impl IntoIterator<Item = Sample>,
    ) -> Self {
        Family {
            kind: Kind::Histogram,
            since_unix_ms,
            ..Family::gauge(name, help, samples)
        }
    }
}

impl Sample {
    fn of(value: Value) -> Self {
        Sample {
            labels: Vec::new(),
            value,
        }
    }

    pub(crate) fn whole(value: u64) -> Self {
        Sample::of(Value::Whole(value))
    }

    pub(crate) fn whole_signed(value: i64) -> Self {
        Sample::of(Value::Signed(value))
    }

    pub(crate) fn real(value: f64) -> Self {
        Sample::of(Value::Real(value))
    }

    pub(crate) fn durations(sum_ms: u64, buckets: Vec<u64>) -> Self {
        Sample::of(Value::Durations {
            sum_seconds: seconds(sum_ms),
            buckets,
        })
    }

    /// 1 for true.
    pub(crate) fn flag(value: bool) -> Self {
        Sample::whole(value.into())
    }

    #[must_use]
    pub(crate) fn with(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.labels.push((label, value.into()));
        self
    }
}
