//! The properties of managed availability that can be overridden: one table of their names, what
//! each belongs to, what it may be. Data and its reading; never what a property does.

use std::{ops::RangeInclusive, time::Duration};

use crate::unit::{ByteSize, Span};

/// What a property belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A probe.
    Probe,
    /// A monitor.
    Monitor,
    /// The stages of recovery of a component.
    Responder,
    /// Anything: a probe, a monitor, a component, a health set, or `all`.
    Any,
}

impl Subject {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Subject::Probe => "probe",
            Subject::Monitor => "monitor",
            Subject::Responder => "component",
            Subject::Any => "anything",
        }
    }
}

/// What a property may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// `true` or `false`.
    Bool,
    /// A length of time, in milliseconds.
    Span(RangeInclusive<u64>),
    /// A whole number.
    Number(RangeInclusive<u64>),
    /// A whole number of either sign, or a size such as 5GB.
    Amount,
    /// A name.
    Text,
}

/// A value, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A length of time, in milliseconds.
    Ms(u64),
    /// A whole number.
    Number(u64),
    /// A whole number of either sign.
    Amount(i64),
    /// A word or a name.
    Text(String),
}

impl Values {
    /// What may be written, for people.
    pub fn allowed(&self) -> String {
        let span = |ms: &u64| Span(Duration::from_millis(*ms)).to_string();
        match self {
            Values::Bool => "true or false".to_owned(),
            Values::Span(range) => format!(
                "a time from {} to {}",
                span(range.start()),
                span(range.end())
            ),
            Values::Number(range) => format!("a number from {} to {}", range.start(), range.end()),
            Values::Amount => "a whole number, or a size such as 5GB".to_owned(),
            Values::Text => "a name of 1 to 128 octets".to_owned(),
        }
    }

    /// Reads a value; `None` where it is not one, or out of range.
    pub fn read(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        match self {
            Values::Bool => text.parse().ok().map(Value::Bool),
            Values::Span(range) => {
                let span: Span = text.parse().ok()?;
                let ms = u64::try_from(span.get().as_millis()).ok()?;
                range.contains(&ms).then_some(Value::Ms(ms))
            }
            Values::Number(range) => {
                let number = text.parse().ok()?;
                range.contains(&number).then_some(Value::Number(number))
            }
            Values::Amount => {
                let size = || i64::try_from(text.parse::<ByteSize>().ok()?.0).ok();
                text.parse().ok().or_else(size).map(Value::Amount)
            }
            Values::Text => {
                let fits = (1..=128).contains(&text.len()) && !text.chars().any(char::is_control);
                fits.then(|| Value::Text(text.to_owned()))
            }
        }
    }
}

/// A property that can be overridden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// What it belongs to.
    pub subject: Subject,
    /// What it may be.
    pub values: Values,
    /// What it is, in a few words.
    pub means: &'static str,
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The stages of recovery, and the responders before them, whose times and limits can be overridden.
pub const STAGES: &[&str] = &[
    "reload_certificate",
    "next_resolver",
    "next_smart_host",
    "free_disk",
    "reown_messages",
    "rebuild_snapshot",
    "command",
    "soft_reset",
    "restart_component",
    "restart_process",
    "restart_server",
    "offline",
];

const fn property(
    name: &'static str,
    subject: Subject,
    values: Values,
    means: &'static str,
) -> Property {
    Property {
        name,
        subject,
        values,
        means,
    }
}

/// Every property, in the order in which `explain` shows them.
pub fn properties() -> impl Iterator<Item = &'static Property> + Clone {
    PLAIN.iter().chain(OF_STAGES.iter().copied().flatten())
}

/// The properties of one stage.
macro_rules! stage {
    ($stage:literal, $gap_min:expr, $hour_max:expr, $day_max:expr) => {
        &[
            property(
                concat!($stage, ".after"),
                Subject::Responder,
                Values::Span(0..=30 * DAY),
                "wait before this stage",
            ),
            property(
                concat!($stage, ".settle"),
                Subject::Responder,
                Values::Span(0..=HOUR),
                "time given after it",
            ),
            property(
                concat!($stage, ".gap"),
                Subject::Responder,
                Values::Span($gap_min..=30 * DAY),
                "not again within",
            ),
            property(
                concat!($stage, ".per_hour"),
                Subject::Responder,
                Values::Number(0..=$hour_max),
                "at most in an hour",
            ),
            property(
                concat!($stage, ".per_day"),
                Subject::Responder,
                Values::Number(0..=$day_max),
                "at most in a day",
            ),
        ]
    };
}

/// What each stage has. Whoever takes more away may be let do it less often.
const OF_STAGES: &[&[Property]] = &[
    stage!("reload_certificate", 0, 60, 1000),
    stage!("next_resolver", 0, 60, 1000),
    stage!("next_smart_host", 0, 60, 1000),
    stage!("free_disk", 0, 60, 1000),
    stage!("reown_messages", 0, 60, 1000),
    stage!("rebuild_snapshot", 0, 60, 1000),
    stage!("command", 0, 60, 1000),
    stage!("soft_reset", 0, 60, 1000),
    stage!("restart_component", 0, 60, 1000),
    stage!("restart_process", 0, 60, 1000),
    stage!("restart_server", HOUR, 1, 2),
    stage!("offline", 0, 60, 1000),
];

const PLAIN: &[Property] = &{
    use Subject::{Any, Monitor, Probe, Responder};
    use Values::{Amount, Bool, Number, Span, Text};
    [
        property("enabled", Any, Bool, "false: not watched at all"),
        property(
            "maintenance",
            Any,
            Bool,
            "true: judged and shown, not repaired, nobody is told",
        ),
        property(
            "repairing",
            Any,
            Bool,
            "true: as maintenance, while a person repairs it",
        ),
        property(
            "interval",
            Probe,
            Span(500..=7 * DAY),
            "from start to start",
        ),
        property(
            "timeout",
            Probe,
            Span(100..=10 * MINUTE),
            "how long it may take",
        ),
        property(
            "slow_after",
            Probe,
            Span(1..=10 * MINUTE),
            "a pass that took longer is called slow",
        ),
        property("set", Monitor, Text, "the health set it belongs to"),
        property("alert", Monitor, Bool, "false: nobody is told of it"),
        property(
            "good_to_recover",
            Monitor,
            Number(1..=100),
            "good results in a row that end a trouble",
        ),
        property(
            "unhealthy_after",
            Monitor,
            Span(0..=30 * DAY),
            "from the first bad result to Unhealthy",
        ),
        property(
            "unrecoverable_after",
            Monitor,
            Span(SECOND..=30 * DAY),
            "from the first bad result to Unrecoverable",
        ),
        property(
            "probation",
            Monitor,
            Span(0..=30 * DAY),
            "how long it is watched after a trouble",
        ),
        property("bad", Monitor, Number(1..=64), "bad results that confirm"),
        property("last", Monitor, Number(1..=64), "among so many"),
        property(
            "bad_percent",
            Monitor,
            Number(1..=100),
            "share of bad results that confirms",
        ),
        property(
            "percentile",
            Monitor,
            Number(1..=100),
            "so many of a hundred have to be fast",
        ),
        property("over", Monitor, Span(1..=HOUR), "what is slow"),
        property(
            "window",
            Monitor,
            Span(SECOND..=7 * DAY),
            "results so old count",
        ),
        property(
            "at_least",
            Monitor,
            Number(1..=256),
            "fewer results say nothing",
        ),
        property(
            "floor",
            Monitor,
            Amount,
            "where the measure must not come to",
        ),
        property(
            "days_left",
            Monitor,
            Number(1..=365),
            "the floor in so many days is too soon",
        ),
        property("limit", Monitor, Amount, "beyond it is bad"),
        property(
            "for",
            Monitor,
            Span(0..=30 * DAY),
            "for so long beyond the limit",
        ),
        property(
            "expected_every",
            Monitor,
            Span(SECOND..=30 * DAY),
            "from one result to the next",
        ),
        property(
            "grace",
            Monitor,
            Span(0..=30 * DAY),
            "so much late is not missing",
        ),
        property(
            "expiry",
            Monitor,
            Span(SECOND..=30 * DAY),
            "how long a bad notice stands",
        ),
        property(
            "repair",
            Responder,
            Bool,
            "false: nothing is done for it, a person is told",
        ),
        property(
            "shadow",
            Responder,
            Bool,
            "true: what would have been done is recorded only",
        ),
    ]
};

/// Words that name something real and cannot be overridden, each with what can be done instead.
const REFUSED: &[(&str, &str)] = &[("lane", "give the lane in the probe object itself")];

/// What to do instead where `name` cannot be overridden though there is something of that name.
pub(super) fn refused(name: &str) -> Option<&'static str> {
    let mut all = REFUSED.iter();
    let (_, instead) = all.find(|(word, _)| word.eq_ignore_ascii_case(name.trim()))?;
    Some(instead)
}

impl Property {
    /// The property of this name, compared without regard to case.
    pub fn find(name: &str) -> Option<&'static Property> {
        properties().find(|property| property.name.eq_ignore_ascii_case(name.trim()))
    }
}

/// The names of the properties, those first that look like `name`.
pub(super) fn nearest(name: &str) -> String {
    let wanted = name.trim().to_ascii_lowercase();
    let close = properties()
        .map(|property| (distance(&wanted, property.name), property.name))
        .min();
    match close {
        Some((distance, name)) if distance <= 1 + name.len() / 3 => format!("did you mean {name}?"),
        _ => {
            // Those of stages are alike: one line for all of them.
            let names: Vec<&str> = PLAIN.iter().map(|property| property.name).collect();
            format!(
                "the properties are {}, and after, settle, gap, per_hour and per_day of a stage, such as restart_process.gap",
                names.join(", ")
            )
        }
    }
}

/// Letters to be changed, added or left out to make one of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, up) in b.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != *y)).min(left + 1).min(up + 1);
            diagonal = *up;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
