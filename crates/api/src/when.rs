//! A moment as an administrator writes it: `2h`, `2026-02-03`, `2026-02-03T14:05:00Z`.
//!
//! Kept as written until it is needed, because what `2h` means depends on the clock of whoever
//! carries the request out.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use mailward_model::unit::Span;

/// A moment: so long ago, or at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    text: String,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Ago(Span),
    Local(DateTime),
    At(Timestamp),
}

/// A text that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a moment: write how long ago (90s, 2h, 3d), a date (2026-02-03), or a time (2026-02-03T14:05, 2026-02-03T14:05:00Z)"
)]
pub struct WhenError(String);

impl When {
    /// The moment in Unix milliseconds. Dates and times without a zone are in that of this machine;
    /// a time before 1970 gives 0.
    pub fn unix_ms(&self, now_unix_ms: u64) -> u64 {
        let ms = |at: Timestamp| u64::try_from(at.as_millisecond()).unwrap_or(0);
        match &self.form {
            Form::Ago(span) => {
                let ago = u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX);
                now_unix_ms.saturating_sub(ago)
            }
            Form::Local(local) => local
                .to_zoned(TimeZone::system())
                .map_or(0, |zoned| ms(zoned.timestamp())),
            Form::At(at) => ms(*at),
        }
    }
}

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, WhenError> {
        let text = text.trim();
        // With a zone first: jiff's civil parser would read such a text and drop the zone.
        let form = if let Ok(at) = text.parse::<Timestamp>() {
            Form::At(at)
        } else if let Ok(span) = text.parse::<Span>() {
            Form::Ago(span)
        } else if let Ok(local) = text.parse::<DateTime>() {
            Form::Local(local)
        } else if let Ok(date) = text.parse::<Date>() {
            Form::Local(date.to_datetime(jiff::civil::Time::midnight()))
        } else {
            return Err(WhenError(text.chars().take(64).collect()));
        };
        Ok(When {
            text: text.to_owned(),
            form,
        })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl serde::Serialize for When {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for When {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for When {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "When".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "How long ago (2h), a date (2026-02-03) or a time (RFC 3339).",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let at = |text: &str| text.parse::<When>().unwrap().unix_ms(10_000_000);
        assert_eq!(at("90s"), 9_910_000);
        assert_eq!(at("3d"), 0);
        assert_eq!(at("1970-01-02T00:00:00Z"), 86_400_000);
        assert_eq!(at("1970-01-02T02:00:00+02:00"), 86_400_000);
        let midnight = at("2026-02-03");
        assert_eq!(at("2026-02-03T00:05") - midnight, 300_000);
        for bad in ["", "yesterday", "2026-13-01", "5x", "-2h"] {
            assert!(bad.parse::<When>().is_err(), "{bad}");
        }
    }
}
