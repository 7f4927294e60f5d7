//! Sender feeds: the addresses that somebody publishes as those he sends mail from.
//!
//! Here is what an administrator sets. What a feed was last read as is state of each node, and none
//! of this.

use std::{fmt, path::Path, str::FromStr};

use serde::{Deserialize, Serialize};

use super::in_range;
use crate::{Domain, FieldError, IpRange, address::text_form, object::Validate, unit::Span};

/// Ranges that may be typed in; more are a list of their own.
const TYPED_RANGES_MAX: usize = 1_000;
/// The endpoints service answers for an hour from its own caches, and asks not to be asked more
/// often; other sources may be.
const INTERVAL_SECS: std::ops::RangeInclusive<u64> = 1..=7 * 86_400;
/// Longer than this nobody remembers why an address is still let in.
const REMOVAL_DELAY_SECS: std::ops::RangeInclusive<u64> = 0..=90 * 86_400;
/// A list older than a year is no list.
const MAX_AGE_SECS: std::ops::RangeInclusive<u64> = 86_400..=366 * 86_400;

/// A cloud of Microsoft 365, as its endpoints service names it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Microsoft365Instance {
    /// Everyone's.
    #[default]
    Worldwide,
    /// Operated by 21Vianet.
    China,
    /// The Department of Defense of the United States.
    UsGovDod,
    /// The government of the United States.
    UsGovGccHigh,
}

impl Microsoft365Instance {
    /// The name in the service's URLs and answers.
    pub fn name(self) -> &'static str {
        match self {
            Microsoft365Instance::Worldwide => "Worldwide",
            Microsoft365Instance::China => "China",
            Microsoft365Instance::UsGovDod => "USGovDoD",
            Microsoft365Instance::UsGovGccHigh => "USGovGCCHigh",
        }
    }
}

/// Where a Microsoft 365 feed comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Microsoft365Feed {
    /// Which cloud.
    pub instance: Microsoft365Instance,
    /// The service area whose endpoint sets count.
    pub service_area: String,
    /// Only endpoint sets of this TCP port count.
    pub port: u16,
    /// The endpoints service. Another one is a copy of your own, for a node without a way out.
    pub service: String,
}

impl Default for Microsoft365Feed {
    fn default() -> Self {
        Microsoft365Feed {
            instance: Microsoft365Instance::Worldwide,
            service_area: "Exchange".to_owned(),
            port: 25,
            service: "https://endpoints.office.com".to_owned(),
        }
    }
}

/// Where a list is read: an `https://` URL, or a file's absolute path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FeedPlace {
    /// Fetched.
    Url(String),
    /// Read.
    File(String),
}

/// A text that names no place of a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no place of a list: write https://HOST/PATH, without a user's name, or the absolute path of a file"
)]
pub struct FeedPlaceError(String);

impl FromStr for FeedPlace {
    type Err = FeedPlaceError;

    fn from_str(text: &str) -> Result<Self, FeedPlaceError> {
        if is_https(text) {
            return Ok(FeedPlace::Url(text.to_owned()));
        }
        let plain = !text.chars().any(char::is_control);
        if plain && Path::new(text).is_absolute() {
            return Ok(FeedPlace::File(text.to_owned()));
        }
        Err(FeedPlaceError(text.to_owned()))
    }
}

impl fmt::Display for FeedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FeedPlace::Url(text) | FeedPlace::File(text) => f.write_str(text),
        }
    }
}

text_form!(FeedPlace, "uri-or-path");

/// True for a URL that is fetched with the server's certificate checked.
pub(super) fn is_https(url: &str) -> bool {
    let host = url
        .strip_prefix("https://")
        .and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
        && url.bytes().all(|octet| octet.is_ascii_graphic())
}

/// Where a feed comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedSource {
    /// The endpoints service of Microsoft 365.
    #[serde(rename = "microsoft365")]
    Microsoft365(Microsoft365Feed),
    /// The SPF record of this domain, with all that it includes (RFC 7208).
    Spf(Domain),
    /// A list: one range on each line, or JSON.
    List(FeedPlace),
    /// Ranges typed in.
    Ranges(Vec<IpRange>),
}

impl fmt::Display for FeedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FeedSource::Microsoft365(from) => write!(
                f,
                "Microsoft 365 {}, {}, port {}",
                from.instance.name(),
                from.service_area,
                from.port
            ),
            FeedSource::Spf(domain) => write!(f, "SPF of {domain}"),
            FeedSource::List(place) => place.fmt(f),
            FeedSource::Ranges(_) => f.write_str("typed in"),
        }
    }
}

/// The addresses that somebody sends mail from, kept as he publishes them.
///
/// A receive connector takes them by `feed:NAME` among its `remote_ranges`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SenderFeed {
    /// Where it comes from: `microsoft365`, `spf`, `list` or `ranges`.
    pub source: FeedSource,
    /// Whether it is read. What was read last stays in force all the same.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// How often it is looked for a new version.
    #[serde(default = "interval")]
    pub interval: Span,
    /// How long a range that is published no more is still let in. What is new is let in at once.
    #[serde(default = "removal_delay")]
    pub removal_delay: Span,
    /// After what time without a good answer an event tells that the list is old. It stays in force.
    #[serde(default = "max_age")]
    pub max_age: Span,
    /// Whether the HTTP page server hands the ranges to whoever asks, at `/perimeter/NAME.txt`.
    #[serde(default)]
    pub public: bool,
}

fn yes() -> bool {
    true
}

fn interval() -> Span {
    Span::from_secs(3_600)
}

fn removal_delay() -> Span {
    Span::from_secs(7 * 86_400)
}

fn max_age() -> Span {
    Span::from_secs(35 * 86_400)
}

impl SenderFeed {
    /// A feed from this source, with every other field at its default.
    pub fn new(source: FeedSource) -> Self {
        SenderFeed {
            source,
            enabled: true,
            interval: interval(),
            removal_delay: removal_delay(),
            max_age: max_age(),
            public: false,
        }
    }
}

impl Validate for SenderFeed {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        match &self.source {
            FeedSource::Microsoft365(from) => {
                if !is_https(&from.service) {
                    errors.push(FieldError::new(
                        "source.microsoft365.service",
                        format!("{:?} is no https:// URL", from.service),
                        "leave it out, or write https://HOST of a copy of your own",
                    ));
                }
                let area = &from.service_area;
                if area.is_empty() || !area.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
                    errors.push(FieldError::new(
                        "source.microsoft365.service_area",
                        format!("{area:?} is no service area"),
                        "leave it out, which means Exchange",
                    ));
                }
            }
            FeedSource::Ranges(ranges) => {
                if ranges.is_empty() || ranges.len() > TYPED_RANGES_MAX {
                    errors.push(FieldError::new(
                        "source.ranges",
                        format!("{} ranges are typed in", ranges.len()),
                        format!("write 1 to {TYPED_RANGES_MAX}; more are a list in a file"),
                    ));
                }
            }
            FeedSource::Spf(_) | FeedSource::List(_) => {}
        }
        let seconds = |span: Span| span.get().as_secs();
        for (field, span, range) in [
            ("interval", self.interval, INTERVAL_SECS),
            ("removal_delay", self.removal_delay, REMOVAL_DELAY_SECS),
            ("max_age", self.max_age, MAX_AGE_SECS),
        ] {
            in_range(&mut errors, field, seconds(span), range);
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> SenderFeed {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn sources_are_written_as_one_key() {
        let m365 = read(r#"{"source":{"microsoft365":{}}}"#);
        assert_eq!(
            m365.source.to_string(),
            "Microsoft 365 Worldwide, Exchange, port 25"
        );
        assert_eq!(m365.interval, Span::from_secs(3600));
        let spf = read(r#"{"source":{"spf":"spf.example.org"}}"#);
        assert_eq!(spf.source.to_string(), "SPF of spf.example.org");
        for place in [
            "https://lists.example.org/senders.txt",
            "/etc/mailward/senders",
        ] {
            let list = read(&format!(r#"{{"source":{{"list":"{place}"}}}}"#));
            assert_eq!(list.source.to_string(), place);
        }
        for wrong in [
            "http://lists.example.org/",
            "senders.txt",
            "https://a:b@c/",
            "",
        ] {
            assert!(wrong.parse::<FeedPlace>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_is_told_by_its_field() {
        let broken = |json: &str| -> Vec<String> {
            read(json).validate().into_iter().map(|e| e.field).collect()
        };
        assert!(broken(r#"{"source":{"microsoft365":{}}}"#).is_empty());
        assert_eq!(
            broken(r#"{"source":{"microsoft365":{"service":"http://x","service_area":""}}}"#),
            [
                "source.microsoft365.service",
                "source.microsoft365.service_area"
            ]
        );
        assert_eq!(broken(r#"{"source":{"ranges":[]}}"#), ["source.ranges"]);
        assert_eq!(
            broken(r#"{"source":{"ranges":["192.0.2.1"]},"interval":"0s","max_age":"1h"}"#),
            ["interval", "max_age"]
        );
    }
}
