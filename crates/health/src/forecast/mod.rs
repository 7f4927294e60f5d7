//! The forecast: what will break within some days. Pure: what is known is an input, time too.
//!
//! Three sources: dates that are written down (the ends of certificates), ages against a limit
//! (keys, feeds), and [`trend`]s of what was measured against the bound at which something stops
//! working (free space, the queue, the sizes of files). Each forecast says why and what to do;
//! what cannot be said yet is a gap, and never silence.
//!
//! [`gather`](mod@gather) collects the inputs, [`calendar`] writes a report as iCalendar.

pub mod calendar;
pub mod gather;
pub mod trend;

use mailward_api::{
    page::{octets, span},
    view::forecast::{Confidence, Forecast, ForecastGap, ForecastKind},
};

use self::trend::{Point, Trend, TrendError};
use crate::series::{Series, Track};

const DAY_MS: u64 = 86_400_000;
/// Hours are used where there are fewer whole days than this.
const DAYS_FOR_DAYS: usize = 10;
/// The longest way ahead that is put into a date: beyond, a trend says nothing.
const AHEAD_DAYS_MAX: f64 = 3_650.0;
/// The age at which a key should be made anew, in days.
pub const KEY_AGE_DAYS_MAX: u64 = 2 * 365;
/// The same for the key that signs probes: it costs nothing to make it anew.
pub const PROBE_KEY_AGE_DAYS_MAX: u64 = 365;
/// Messages in the queue from which on starting takes minutes and a person should have looked.
pub const QUEUE_MESSAGES_MANY: i64 = 1_000_000;

/// A certificate that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateEnd {
    /// Its file.
    pub file: String,
    /// Its end.
    pub not_after_unix_ms: u64,
    /// Receive connectors that show it.
    pub used_by: Vec<String>,
    /// Names it stands for.
    pub names: Vec<String>,
}

/// A certificate that nodes know each other by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCertificate {
    /// Its file.
    pub file: String,
    /// Whose it is.
    pub subject: String,
    /// Its end.
    pub not_after_unix_ms: u64,
}

/// A key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// Its path.
    pub path: String,
    /// When it was last written.
    pub written_unix_ms: u64,
    /// Its permissions.
    pub mode: u32,
    /// The age, in days, at which it should be made anew.
    pub age_days_max: u64,
    /// What to do then.
    pub renew: String,
}

/// Something that comes from outside and grows stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// What it is, in a word or two: `feed`.
    pub word: &'static str,
    /// Its name.
    pub name: String,
    /// When it was last brought up to date.
    pub updated_unix_ms: u64,
    /// The age at which it is of no use, in milliseconds.
    pub stale_after_ms: u64,
}

/// On which side of its bound a series is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It is well above: free space.
    Above,
    /// It is well below: messages in the queue.
    Below,
}

/// A series with the value at which something stops working.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The series.
    pub series: String,
    /// What kind of trouble it would be.
    pub kind: ForecastKind,
    /// The value.
    pub bound: i64,
    /// Where it is well.
    pub side: Side,
    /// What happens there, in one sentence.
    pub what: String,
    /// What to do about it.
    pub mend: String,
    /// How values are written.
    pub unit: Unit,
    /// Whether it is no gap where nothing is measured.
    pub may_be_absent: bool,
}

/// What values of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of something.
    Count,
    /// Octets.
    Octets,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
}

impl Unit {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number for people; the conversion saturates"
    )]
    fn write(self, value: f64) -> String {
        let whole = value.abs().round() as u64;
        match self {
            Unit::Count => whole.to_string(),
            Unit::Octets => octets(whole),
            Unit::Ms => span(whole),
            Unit::Us => format!("{:.1} ms", value.abs() / 1000.0),
        }
    }
}

/// What a forecast is made from.
#[derive(Debug, Default)]
pub struct Inputs<'a> {
    /// Certificates held.
    pub certificates: Vec<CertificateEnd>,
    /// Certificates that nodes know each other by.
    pub node_certificates: Vec<NodeCertificate>,
    /// Key files.
    pub keys: Vec<KeyFile>,
    /// What comes from outside.
    pub feeds: Vec<Feed>,
    /// Series and their bounds.
    pub bounds: Vec<Bound>,
    /// What was measured.
    pub series: Option<&'a Series>,
    /// What could not be looked at, and why.
    pub gaps: Vec<ForecastGap>,
}

/// What will break within `days`, soonest first, and what cannot be said.
pub fn forecast(
    inputs: &Inputs<'_>,
    now_unix_ms: u64,
    days: u32,
) -> (Vec<Forecast>, Vec<ForecastGap>) {
    let mut gaps = inputs.gaps.clone();
    let mut all: Vec<Forecast> = Vec::new();
    all.extend(inputs.certificates.iter().map(of_certificate));
    all.extend(inputs.node_certificates.iter().map(of_node_certificate));
    all.extend(inputs.keys.iter().flat_map(|key| of_key(key, now_unix_ms)));
    all.extend(inputs.feeds.iter().map(|feed| of_feed(feed, now_unix_ms)));
    for bound in &inputs.bounds {
        let track = inputs.series.and_then(|series| series.track(&bound.series));
        match track.map(|track| of_bound(bound, track, now_unix_ms)) {
            Some(Ok(found)) => all.extend(found),
            Some(Err(error)) => gaps.push(gap(bound, error.to_string())),
            // Most nodes have one file system for all of it.
            None if bound.may_be_absent => {}
            None => gaps.push(gap(bound, "nothing was measured yet".to_owned())),
        }
    }
    let until = now_unix_ms.saturating_add(u64::from(days).saturating_mul(DAY_MS));
    all.retain(|one| one.earliest_unix_ms <= until);
    all.sort_by(|a, b| (a.likely_unix_ms, &a.id).cmp(&(b.likely_unix_ms, &b.id)));
    (all, gaps)
}

fn gap(bound: &Bound, because: String) -> ForecastGap {
    ForecastGap {
        what: bound.series.clone(),
        because,
    }
}

fn of_certificate(end: &CertificateEnd) -> Forecast {
    let used = match end.used_by.as_slice() {
        [] => "no receive connector shows it".to_owned(),
        some => format!("receive connector {} shows it", some.join(", ")),
    };
    let mend = if end.used_by.is_empty() {
        "Renew it, or remove the file where it is of no use any more."
    } else {
        "Put the renewed certificate and its key into the certificate folder; it is used from the next handshake on."
    };
    Forecast {
        id: format!("certificate-{}", end.file),
        kind: ForecastKind::Certificate,
        what: format!("The certificate {} ends", end.file),
        earliest_unix_ms: end.not_after_unix_ms,
        likely_unix_ms: end.not_after_unix_ms,
        confidence: Confidence::Certain,
        because: format!(
            "it is written in it; {used}; names: {}",
            end.names.join(", ")
        ),
        mend: mend.to_owned(),
    }
}

fn of_node_certificate(end: &NodeCertificate) -> Forecast {
    Forecast {
        id: format!("node-certificate-{}", end.file),
        kind: ForecastKind::Certificate,
        what: format!(
            "The certificate of {} in {} ends: commands for other nodes end with it",
            end.subject, end.file
        ),
        earliest_unix_ms: end.not_after_unix_ms,
        likely_unix_ms: end.not_after_unix_ms,
        confidence: Confidence::Certain,
        because: "it is written in it; nodes know each other by it".to_owned(),
        mend: "Make a new one with `mailward authority issue`, and put it into the place of the old one."
            .to_owned(),
    }
}

fn of_key(key: &KeyFile, now_unix_ms: u64) -> Vec<Forecast> {
    let mut all = Vec::new();
    if key.mode & 0o007 != 0 {
        all.push(Forecast {
            id: format!("key-mode-{}", key.path),
            kind: ForecastKind::Key,
            what: format!("The key {} can be read or written by every user", key.path),
            earliest_unix_ms: now_unix_ms,
            likely_unix_ms: now_unix_ms,
            confidence: Confidence::Certain,
            because: format!("its mode is {:04o}", key.mode & 0o7777),
            mend: format!(
                "chmod o= {}; where others had access to this host, make a new key.",
                key.path
            ),
        });
    }
    let due = key
        .written_unix_ms
        .saturating_add(key.age_days_max * DAY_MS);
    all.push(Forecast {
        id: format!("key-age-{}", key.path),
        kind: ForecastKind::Key,
        what: format!("The key {} is {} days old", key.path, key.age_days_max),
        earliest_unix_ms: due,
        likely_unix_ms: due,
        confidence: Confidence::Certain,
        because: format!(
            "it was written {} ago",
            span(now_unix_ms.saturating_sub(key.written_unix_ms))
        ),
        mend: key.renew.clone(),
    });
    all
}

fn of_feed(feed: &Feed, now_unix_ms: u64) -> Forecast {
    let due = feed.updated_unix_ms.saturating_add(feed.stale_after_ms);
    Forecast {
        id: format!("{}-{}", feed.word.replace(' ', "-"), feed.name),
        kind: ForecastKind::Feed,
        what: format!("The {} {} is too old to be of use", feed.word, feed.name),
        earliest_unix_ms: due,
        likely_unix_ms: due,
        confidence: Confidence::High,
        because: format!(
            "it was brought up to date {} ago",
            span(now_unix_ms.saturating_sub(feed.updated_unix_ms))
        ),
        mend: "Look why it is not brought up to date.".to_owned(),
    }
}

/// The points of a series on the side of its bound: what was worst in each span.
fn points(track: &Track, side: Side) -> Vec<Point> {
    let worst = |rollup: &crate::series::rollup::Rollup| match side {
        Side::Above => rollup.min,
        Side::Below => rollup.max,
    };
    let point = |rollup: &crate::series::rollup::Rollup| {
        (
            rollup.from_unix_ms as f64 / DAY_MS as f64,
            worst(rollup) as f64,
        )
    };
    // Today is not over: what it will show at its worst is not known.
    let mut days: Vec<Point> = track.days().map(point).collect();
    days.pop();
    if days.len() >= DAYS_FOR_DAYS {
        return days;
    }
    track.hours().map(point).collect()
}

fn of_bound(
    bound: &Bound,
    track: &Track,
    now_unix_ms: u64,
) -> Result<Option<Forecast>, TrendError> {
    let points = points(track, bound.side);
    let limit = bound.bound as f64;
    let newest = points.last().map(|(_, value)| *value);
    let crossed = newest.is_some_and(|value| match bound.side {
        Side::Above => value <= limit,
        Side::Below => value >= limit,
    });
    let make = |earliest: u64, likely: u64, confidence, because| Forecast {
        id: format!("series-{}", bound.series),
        kind: bound.kind,
        what: bound.what.clone(),
        earliest_unix_ms: earliest,
        likely_unix_ms: likely,
        confidence,
        because,
        mend: bound.mend.clone(),
    };
    if crossed {
        let because = format!(
            "{} is {} now; the bound is {}",
            bound.series,
            bound.unit.write(newest.unwrap_or(limit)),
            bound.unit.write(limit)
        );
        let now = now_unix_ms;
        return Ok(Some(make(now, now, Confidence::High, because)));
    }
    let trend = trend::trend(&points)?;
    let Some((earliest, likely)) = trend.reaches(limit) else {
        return Ok(None);
    };
    if trend.wavers() || likely > AHEAD_DAYS_MAX {
        return Ok(None);
    }
    let because = format!(
        "{} {} by {} a day over {:.0} days, and is {} of a bound of {}",
        bound.series,
        if trend.slope > 0.0 {
            "grows"
        } else {
            "shrinks"
        },
        bound.unit.write(trend.slope),
        trend.days,
        bound.unit.write(trend.level),
        bound.unit.write(limit)
    );
    let at = |days: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the days are bounded above and not negative; the conversion saturates"
        )]
        let ms = ((trend.last + days.max(0.0)) * DAY_MS as f64) as u64;
        ms.max(now_unix_ms)
    };
    Ok(Some(make(
        at(earliest),
        at(likely),
        confidence(&trend),
        because,
    )))
}

fn confidence(trend: &Trend) -> Confidence {
    match (trend.tau.abs(), trend.days) {
        (tau, days) if tau >= 0.8 && days >= 7.0 => Confidence::High,
        (tau, _) if tau >= 0.5 => Confidence::Medium,
        _ => Confidence::Low,
    }
}

#[cfg(test)]
mod tests;
