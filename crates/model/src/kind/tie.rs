//! Receive connectors between which nothing decides: two would take one connection, and neither range is
//! the more specific one.
//!
//! Never here: the choice itself, which follows ranges as feeds fill them.

use super::{ReceiveConnector, RemoteRange};
use crate::{Binding, IpRange};

impl ReceiveConnector {
    /// Where it and another enabled connector would both take a connection and none is the more
    /// specific one: there would be no answer to which of them does. What a feed will hold is not known
    /// here: where it comes to lie across another connector's range, the narrower one wins.
    pub fn tie_with(&self, other: &ReceiveConnector) -> Option<Tie> {
        if !self.enabled || !other.enabled {
            return None;
        }
        let mut bindings = self.bindings.iter();
        let binding = *bindings.find(|one| other.bindings.iter().any(|two| one.takes_same(two)))?;
        let mut entries = self.remote_ranges.iter().enumerate();
        entries.find_map(|(at, range)| {
            let with = other.remote_ranges.iter().find(|two| ties(range, two))?;
            Some(Tie {
                binding,
                at,
                range: range.clone(),
                with: with.clone(),
            })
        })
    }
}

/// Two receive connectors between which nothing decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The binding of the first that the second has too.
    pub binding: Binding,
    /// Which of the first's `remote_ranges` it is.
    pub at: usize,
    /// That range.
    pub range: RemoteRange,
    /// The second's range that it ties with.
    pub with: RemoteRange,
}

impl Tie {
    /// What is wrong, as told of the first connector, and what mends it; `other` is how the second is
    /// called.
    pub fn explain(&self, other: &str) -> (String, &'static str) {
        let Tie {
            binding,
            range,
            with,
            ..
        } = self;
        let problem = if range == with || range.feed().is_some() {
            format!("{range} on {binding} is a range of {other} too")
        } else {
            format!(
                "{range} on {binding} overlaps {with} of {other}, and neither lies within the other"
            )
        };
        let mend = "make the ranges disjoint or nested, or give the connectors different bindings";
        (problem, mend)
    }
}

/// True where "the most specific range" has no answer for some address of both entries.
fn ties(one: &RemoteRange, other: &RemoteRange) -> bool {
    match (one, other) {
        (RemoteRange::Range(a), RemoteRange::Range(b)) => partial_overlap(a, b),
        (RemoteRange::Feed(a), RemoteRange::Feed(b)) => a.eq_ignore_ascii_case(b),
        _ => false,
    }
}

/// True where two ranges share addresses and neither holds the other, or both are equal: then
/// "the most specific one" has no answer.
pub(super) fn partial_overlap(a: &IpRange, b: &IpRange) -> bool {
    a == b || (a.overlaps(b) && !a.covers(b) && !b.covers(a))
}
