//! What sources answer, read: the endpoints service of Microsoft 365, lists, SPF records.
//!
//! Every error says where in the answer it is. Limits on size are [`ANSWER_OCTETS_MAX`] and
//! [`RANGES_MAX`](crate::RANGES_MAX); what is longer is refused whole, never cut.

pub mod list;
pub mod microsoft365;
pub mod spf;

use mailward_model::{IpRange, network::IpRangeError};

use crate::ANSWER_OCTETS_MAX;

/// Octets of a text that an error shows.
const SHOWN_OCTETS_MAX: usize = 60;

/// Why an answer is no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It is longer than what is read.
    #[error("the answer has more than {ANSWER_OCTETS_MAX} octets")]
    TooLong,
    /// It is no text.
    #[error("octet {at} is no UTF-8")]
    NotText {
        /// Where.
        at: usize,
    },
    /// It is no JSON, or JSON of another form.
    #[error("line {line}, column {column}: {problem}")]
    Json {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// JSON that is read has no place for ranges.
    #[error(
        "the JSON has no list of ranges: an array of texts is expected, or an object with ranges, prefixes or ipv6_prefixes"
    )]
    NoList,
    /// One of its ranges is none.
    #[error("{place}: {problem}")]
    Range {
        /// Where.
        place: String,
        /// What is wrong with it.
        problem: IpRangeError,
    },
    /// Something else at a place.
    #[error("{place}: {problem}")]
    Place {
        /// Where.
        place: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// The answer is about another cloud.
    #[error("the answer is about instance {found}, {expected} was asked for")]
    Instance {
        /// Which.
        found: String,
        /// Which one was asked for.
        expected: String,
    },
    /// Nothing in it is for the port.
    #[error(
        "none of the {sets} endpoint sets is of service area {area}, has TCP port {port} and addresses"
    )]
    NoEndpoints {
        /// How many sets there are.
        sets: usize,
        /// The service area.
        area: String,
        /// The port.
        port: u16,
    },
}

/// The answer as text.
fn text(octets: &[u8]) -> Result<&str, ParseError> {
    if octets.len() > ANSWER_OCTETS_MAX {
        return Err(ParseError::TooLong);
    }
    // Lists made on Windows begin with a byte order mark.
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    std::str::from_utf8(octets).map_err(|error| ParseError::NotText {
        at: error.valid_up_to(),
    })
}

fn json<'a, T: serde::Deserialize<'a>>(octets: &'a [u8]) -> Result<T, ParseError> {
    serde_json::from_str(text(octets)?).map_err(|error| {
        let full = error.to_string();
        // serde_json says the place itself, behind what is wrong.
        let problem = full.split(" at line ").next().unwrap_or_default();
        ParseError::Json {
            line: error.line(),
            column: error.column(),
            problem: shown(problem).to_owned(),
        }
    })
}

/// The beginning of a text that may be long.
fn shown(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SHOWN_OCTETS_MAX))
        .unwrap_or_default()
}

/// A range at a place.
fn range(text: &str, place: impl FnOnce() -> String) -> Result<IpRange, ParseError> {
    let fail = |problem| ParseError::Range {
        place: place(),
        problem,
    };
    match text.len() > SHOWN_OCTETS_MAX * 2 {
        true => Err(fail(IpRangeError::Address(format!("{}…", shown(text))))),
        false => text.trim().parse().map_err(fail),
    }
}

/// Sorted, each once.
fn distinct(mut ranges: Vec<IpRange>) -> Vec<IpRange> {
    ranges.sort_unstable();
    ranges.dedup();
    ranges
}
