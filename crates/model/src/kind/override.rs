//! Overrides of what managed availability watches and does: one property of one item, changed for a
//! time or for a range of versions, with an owner and a reason. Here is what an override
//! says; which properties there are stands in [`property`](super::property). What it changes is
//! `mailward-health`'s to apply.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    FieldError,
    address::text_form,
    kind::property::{Property, Value, nearest, refused},
    object::Validate,
};

/// How long an override is in force where nothing is said, and at most.
pub const OVERRIDE_DAYS: u64 = 30;
/// The same, at most.
pub const OVERRIDE_DAYS_MAX: u64 = 365;
/// Octets of an owner or a reason.
const TEXT_OCTETS_MAX: usize = 512;

/// Where an override is in force. The nearer one wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OverrideScope {
    /// On every node.
    #[default]
    Global,
    /// On nodes that run this role.
    Role(String),
    /// On this node.
    Node(String),
}

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a scope: write global, role:NAME or node:NAME")]
pub struct OverrideScopeError(String);

impl FromStr for OverrideScope {
    type Err = OverrideScopeError;

    fn from_str(text: &str) -> Result<Self, OverrideScopeError> {
        let name = |name: &str| (!name.trim().is_empty()).then(|| name.trim().to_owned());
        match text.trim().split_once(':') {
            None if text.trim().eq_ignore_ascii_case("global") => Some(OverrideScope::Global),
            Some(("role", role)) => name(role).map(OverrideScope::Role),
            Some(("node", node)) => name(node).map(OverrideScope::Node),
            _ => None,
        }
        .ok_or_else(|| OverrideScopeError(text.chars().take(64).collect()))
    }
}

impl OverrideScope {
    /// The nearer scope has the higher rank.
    pub fn rank(&self) -> u8 {
        match self {
            OverrideScope::Global => 0,
            OverrideScope::Role(_) => 1,
            OverrideScope::Node(_) => 2,
        }
    }
}

impl fmt::Display for OverrideScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OverrideScope::Global => f.write_str("global"),
            OverrideScope::Role(role) => write!(f, "role:{role}"),
            OverrideScope::Node(node) => write!(f, "node:{node}"),
        }
    }
}

text_form!(OverrideScope, "override-scope");

/// A program's version.
pub type Version = (u64, u64, u64);

/// Versions from one, up to but without another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionRange {
    /// The first; any where unset.
    pub from: Option<Version>,
    /// The first one not any more.
    pub to: Option<Version>,
}

/// A text that is no range of versions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a range of versions: write \">=0.1,<0.2\", \">=0.1\" or \"<0.2\"")]
pub struct VersionRangeError(String);

/// Reads `1`, `1.2` or `1.2.3`; what follows a hyphen or a plus sign does not count.
pub fn version(text: &str) -> Option<Version> {
    let text = text.trim().split(['-', '+']).next()?;
    let mut parts = text.split('.').map(|part| part.parse::<u64>().ok());
    let first = parts.next()??;
    let mut next = || parts.next().map_or(Some(0), |part| part);
    let found = (first, next()?, next()?);
    parts.next().is_none().then_some(found)
}

impl VersionRange {
    /// True where `version` is in it.
    pub fn contains(&self, version: Version) -> bool {
        self.from.is_none_or(|from| version >= from) && self.to.is_none_or(|to| version < to)
    }
}

impl FromStr for VersionRange {
    type Err = VersionRangeError;

    fn from_str(text: &str) -> Result<Self, VersionRangeError> {
        let fail = || VersionRangeError(text.chars().take(64).collect());
        let mut range = VersionRange {
            from: None,
            to: None,
        };
        for part in text.split(',').map(str::trim) {
            let side = match (part.strip_prefix(">="), part.strip_prefix('<')) {
                (Some(from), _) => (&mut range.from, from),
                (_, Some(to)) => (&mut range.to, to),
                _ => return Err(fail()),
            };
            if side.0.is_some() {
                return Err(fail());
            }
            *side.0 = Some(version(side.1).ok_or_else(fail)?);
        }
        let empty = matches!((range.from, range.to), (Some(from), Some(to)) if from >= to);
        if empty { Err(fail()) } else { Ok(range) }
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dots = |(a, b, c): Version| format!("{a}.{b}.{c}");
        let from = self.from.map(|from| format!(">={}", dots(from)));
        let to = self.to.map(|to| format!("<{}", dots(to)));
        let parts: Vec<String> = from.into_iter().chain(to).collect();
        f.write_str(&parts.join(","))
    }
}

text_form!(VersionRange, "version-range");

/// A moment at which an override ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Until(pub Timestamp);

/// A text that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a moment: write it with its zone, such as 2026-12-24T18:00:00Z")]
pub struct UntilError(String);

impl Until {
    /// The moment in Unix milliseconds.
    pub fn unix_ms(self) -> u64 {
        u64::try_from(self.0.as_millisecond()).unwrap_or(0)
    }

    /// This moment, to the second.
    pub fn from_unix_ms(unix_ms: u64) -> Until {
        let seconds = i64::try_from(unix_ms / 1000).unwrap_or(i64::MAX);
        Until(Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX))
    }
}

impl FromStr for Until {
    type Err = UntilError;

    fn from_str(text: &str) -> Result<Self, UntilError> {
        let fail = |_| UntilError(text.chars().take(64).collect());
        text.trim().parse().map(Until).map_err(fail)
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_form!(Until, "date-time");

/// One property of one item, changed for a time or for a range of versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MonitoringOverride {
    /// A probe, monitor, component or health set, or `all`: `connector/Internet`,
    /// `Receive/connector/Internet`, `receive/Internet`, `Receive`.
    pub item: String,
    /// The property: `interval`, `bad`, `maintenance`, `restart_process.after`, …
    pub property: String,
    /// What it is instead.
    pub value: String,
    /// On which nodes: `global`, `role:NAME` or `node:NAME`.
    #[serde(default)]
    pub scope: OverrideScope,
    /// Who wanted it.
    #[serde(default)]
    pub owner: String,
    /// Why, for whoever finds it.
    pub reason: String,
    /// When it ends. Unset: it goes by the versions alone.
    #[serde(default)]
    pub until: Option<Until>,
    /// For which versions of the program, half open: `>=0.1,<0.2`. All of them where unset.
    #[serde(default)]
    pub version: Option<VersionRange>,
}

impl MonitoringOverride {
    /// The property and the value, where both are what they may be.
    pub fn reading(&self) -> Option<(&'static Property, Value)> {
        let property = Property::find(&self.property)?;
        Some((property, property.values.read(&self.value)?))
    }
}

impl Validate for MonitoringOverride {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.item.trim().is_empty() || self.item.len() > 2 * TEXT_OCTETS_MAX {
            errors.push(FieldError::new(
                "item",
                "it is empty or too long",
                "name what `mailward health report` shows, such as connector/Internet",
            ));
        }
        match Property::find(&self.property) {
            None => errors.push(match refused(&self.property) {
                Some(instead) => FieldError::new(
                    "property",
                    format!("{:?} cannot be overridden", self.property),
                    instead,
                ),
                None => FieldError::new(
                    "property",
                    format!("there is no property {:?}", self.property),
                    nearest(&self.property),
                ),
            }),
            Some(property) if property.values.read(&self.value).is_none() => {
                errors.push(FieldError::new(
                    "value",
                    format!("{:?} is not a value of {}", self.value, property.name),
                    format!("write {}", property.values.allowed()),
                ));
            }
            Some(_) => {}
        }
        for (field, text) in [("reason", &self.reason), ("owner", &self.owner)] {
            if text.len() > TEXT_OCTETS_MAX || text.chars().any(char::is_control) {
                errors.push(FieldError::new(
                    field,
                    "it is too long, or has a control character",
                    format!("write one line of at most {TEXT_OCTETS_MAX} octets"),
                ));
            }
        }
        if self.reason.trim().is_empty() {
            errors.push(FieldError::new(
                "reason",
                "nothing is overridden without a reason",
                "say why, for whoever finds it",
            ));
        }
        if self.until.is_none() && self.version.is_none() {
            errors.push(FieldError::new(
                "until",
                "neither a moment nor versions say when it ends",
                "set until, such as 2026-12-24T18:00:00Z, or version, such as \">=0.1,<0.2\"",
            ));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::property::{STAGES, properties};

    fn sound() -> MonitoringOverride {
        MonitoringOverride {
            item: "connector/Internet".into(),
            property: "interval".into(),
            value: "1m".into(),
            scope: OverrideScope::Global,
            owner: "root".into(),
            reason: "a slow link".into(),
            until: Some(Until::from_unix_ms(1_800_000_000_000)),
            version: None,
        }
    }

    #[test]
    fn each_error_names_what_is_allowed() {
        assert_eq!(sound().validate(), Vec::new());
        let check = |change: fn(&mut MonitoringOverride), field: &str, mend: &str| {
            let mut spec = sound();
            change(&mut spec);
            let errors = spec.validate();
            let [error] = errors.as_slice() else {
                panic!("{errors:?}");
            };
            assert_eq!(error.field, field);
            assert!(error.mend.contains(mend), "{error}");
        };
        check(
            |o| o.property = "intervall".into(),
            "property",
            "did you mean interval?",
        );
        check(
            |o| o.property = "xyzzy".into(),
            "property",
            "the properties are enabled,",
        );
        check(|o| o.property = "lane".into(), "property", "probe object");
        check(
            |o| o.property = "restart_process.per_hours".into(),
            "property",
            "did you mean restart_process.per_hour?",
        );
        check(
            |o| (o.property, o.value) = ("restart_server.gap".into(), "1m".into()),
            "value",
            "from 1h to 30d",
        );
        check(|o| o.value = "1ms".into(), "value", "from 500ms to 7d");
        check(|o| o.value = "often".into(), "value", "from 500ms to 7d");
        check(|o| o.reason = " ".into(), "reason", "say why");
        check(|o| o.until = None, "until", "set until");
        check(|o| o.item = String::new(), "item", "health report");
    }

    #[test]
    fn values_are_read_by_their_property() {
        for (property, text, expect) in [
            ("enabled", "false", Some(Value::Bool(false))),
            ("TIMEOUT", "2s", Some(Value::Ms(2_000))),
            ("bad", "65", None),
            ("floor", "5GB", Some(Value::Amount(5 << 30))),
            ("floor", "-3", Some(Value::Amount(-3))),
            ("repair", "false", Some(Value::Bool(false))),
            ("restart_component.per_hour", "9", Some(Value::Number(9))),
            ("free_disk.gap", "2h", Some(Value::Ms(7_200_000))),
        ] {
            let property = Property::find(property).unwrap();
            assert_eq!(property.values.read(text), expect, "{text}");
        }
    }

    #[test]
    fn each_stage_has_its_properties_once() {
        let names: Vec<&str> = properties().map(|property| property.name).collect();
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len());
        for stage in STAGES {
            for what in ["after", "settle", "gap", "per_hour", "per_day"] {
                assert!(
                    Property::find(&format!("{stage}.{what}")).is_some(),
                    "{stage}"
                );
            }
        }
        let stages = names.iter().filter_map(|name| name.split_once('.'));
        assert!(
            stages
                .map(|(stage, _)| stage)
                .all(|one| STAGES.contains(&one))
        );
    }

    #[test]
    fn versions_are_half_open() {
        let range: VersionRange = ">=0.1, <0.2".parse().unwrap();
        assert_eq!(range.to_string(), ">=0.1.0,<0.2.0");
        for (text, expect) in [
            ("0.0.9", false),
            ("0.1.0", true),
            ("0.1.99-beta", true),
            ("0.2.0", false),
        ] {
            assert_eq!(range.contains(version(text).unwrap()), expect, "{text}");
        }
        for bad in ["", "0.1", ">=0.2,<0.1", ">=x", ">=1,>=2", ">=1.2.3.4"] {
            assert!(bad.parse::<VersionRange>().is_err(), "{bad}");
        }
        for text in ["global", "role:transport", "node:mx1.example.org"] {
            assert_eq!(text.parse::<OverrideScope>().unwrap().to_string(), text);
        }
        assert!("nodes".parse::<OverrideScope>().is_err());
    }
}
