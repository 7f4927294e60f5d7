//! The catalogue: every event Mailward can raise, each with its page.
//!
//! One macro invocation in `list.rs` is the whole catalogue. From it follow the [`Event`] enum, the
//! numbers, the levels, the texts and the pages; an event without a page does not compile, and a
//! number given twice does not either.
//!
//! Invariant: a number is never reused and never changes its meaning. 12014 is the number that
//! Exchange gave to the same trouble, because that is what people search for.

mod list;
mod page;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use list::{CATALOGUE, Event};
pub use page::{explain, find};

/// How much an event matters.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// What is normal and worth knowing.
    Info,
    /// What is normal and somebody will ask about.
    Notice,
    /// What will become trouble, or was refused for a reason.
    Warning,
    /// What does not work.
    Error,
    /// What stops mail, or needs a person now.
    Critical,
}

impl Level {
    /// The syslog severity (RFC 5424 §6.2.1): 2 for critical to 6 for info.
    pub fn severity(self) -> u8 {
        match self {
            Level::Critical => 2,
            Level::Error => 3,
            Level::Warning => 4,
            Level::Notice => 5,
            Level::Info => 6,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Critical => "critical",
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
            Level::Info => "info",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Several texts in one field: candidates with reasons, changes, file names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Items(pub Vec<String>);

impl<S: Into<String>> FromIterator<S> for Items {
    fn from_iter<I: IntoIterator<Item = S>>(items: I) -> Self {
        Items(items.into_iter().map(Into::into).collect())
    }
}

impl From<Vec<String>> for Items {
    fn from(items: Vec<String>) -> Self {
        Items(items)
    }
}

impl fmt::Display for Items {
    /// Separated by semicolons; `none` where there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        f.write_str(&self.0.join("; "))
    }
}

/// One page of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Never reused.
    pub number: u16,
    /// `CertificateMissing`.
    pub name: &'static str,
    /// How much it matters.
    pub level: Level,
    /// The message with the names of its fields in braces.
    pub message: &'static str,
    /// The names of its fields.
    pub fields: &'static [&'static str],
    /// What it means.
    pub meaning: &'static str,
    /// What it breaks.
    pub breaks: &'static str,
    /// How to mend it.
    pub mend: &'static str,
}

/// True where numbers only grow: so none is given twice. Checked while compiling.
const fn ascending(pages: &[Page]) -> bool {
    let mut rest = pages;
    while let [first, tail @ ..] = rest {
        if let [second, ..] = tail
            && first.number >= second.number
        {
            return false;
        }
        rest = tail;
    }
    true
}

const _: () = assert!(
    ascending(CATALOGUE),
    "numbers in the catalogue must grow and be unique"
);

/// Defines [`Event`] and [`CATALOGUE`] from one table.
macro_rules! catalogue {
    ($(
        $number:literal $level:ident $name:ident { $($field:ident: $type:ty),* } per [$($key:ident),*]
            $message:literal
            means $means:literal
            breaks $breaks:literal
            mend $mend:literal;
    )*) => {
        /// An event: what happened, with the facts of this one time.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "the page describes each event; field names carry their units")]
        pub enum Event { $(#[doc = $means] $name { $($field: $type,)* },)* }

        /// Every page, by number.
        pub const CATALOGUE: &[$crate::catalogue::Page] = &[$($crate::catalogue::Page {
            number: $number,
            name: stringify!($name),
            level: $crate::Level::$level,
            message: $message,
            fields: &[$(stringify!($field)),*],
            meaning: $means,
            breaks: $breaks,
            mend: $mend,
        },)*];

        impl Event {
            /// The number, never reused.
            pub fn number(&self) -> u16 {
                match self { $(Event::$name { .. } => $number,)* }
            }

            /// The name, as in the catalogue.
            pub fn name(&self) -> &'static str {
                match self { $(Event::$name { .. } => stringify!($name),)* }
            }

            /// How much it matters.
            pub fn level(&self) -> $crate::Level {
                match self { $(Event::$name { .. } => $crate::Level::$level,)* }
            }

            /// What happened, as one line for people. Not yet escaped.
            pub fn message(&self) -> String {
                match self { $(Event::$name { $($field),* } => { $(let _ = $field;)* format!($message) })* }
            }

            /// The fields by name.
            pub fn fields(&self) -> serde_json::Map<String, serde_json::Value> {
                #[allow(unused_mut, reason = "events without fields")]
                match self { $(Event::$name { $($field),* } => {
                    let mut map = serde_json::Map::new();
                    $(map.insert(
                        stringify!($field).to_owned(),
                        serde_json::to_value($field).unwrap_or(serde_json::Value::Null),
                    );)*
                    map
                })* }
            }

            /// What distinguishes repetitions of the same trouble: the values of the key fields.
            pub(crate) fn key(&self) -> String {
                match self { $(Event::$name { $($key,)* .. } => {
                    let parts: &[&dyn std::fmt::Display] = &[$($key),*];
                    parts.iter().map(|part| part.to_string()).collect::<Vec<_>>().join("\0")
                })* }
            }
        }
    };
}
use catalogue;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_says_something_and_names_only_its_fields() {
        for page in CATALOGUE {
            for text in [page.meaning, page.breaks, page.mend] {
                assert!(
                    text.len() > 10 && text.ends_with('.'),
                    "{}: {text:?}",
                    page.name
                );
            }
            assert!(
                !page.message.ends_with('.'),
                "{}: a message is a sentence without full stop",
                page.name
            );
            assert!(page.name.chars().next().is_some_and(char::is_uppercase));
        }
        let mut names: Vec<_> = CATALOGUE.iter().map(|page| page.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOGUE.len(), "names are unique");
    }

    #[test]
    fn an_event_knows_its_page() {
        let event = Event::CertificateMissing {
            connector: "Internet".into(),
            fqdn: "mx.example.org".into(),
            candidates: ["a.pem: expired", "b.pem: other name"]
                .into_iter()
                .collect(),
        };
        assert_eq!(event.number(), 12014);
        assert_eq!(find("12014").unwrap().name, event.name());
        assert!(
            event
                .message()
                .contains("a.pem: expired; b.pem: other name"),
            "{}",
            event.message()
        );
        assert_eq!(event.fields()["candidates"][1], "b.pem: other name");
        assert_eq!(event.key(), "Internet");
    }
}
