//! Sender feeds: what their sources say, whether a change of it may be taken, and which ranges are in
//! force.
//!
//! [`parse`] reads what a source answered, [`judge`] says whether that may replace what is in force,
//! [`FeedState`] is what one node knows of one feed, kept in a file by [`Shelf`]. [`Ranges`] is what
//! a receive connector comes to take from feeds and ranges of its own, [`why`] tells it for one
//! address, [`export`] writes it for other firewalls.
//!
//! Never here: a socket, a clock, an event. Who fetches hands in octets and the time.
//!
//! Invariant: what was refused changes nothing of what is in force.
//!
//! ```
//! use mailward_perimeter::RangeSet;
//! let set: RangeSet = ["192.0.2.0/25", "192.0.2.128/25"].iter().map(|r| r.parse().unwrap()).collect();
//! assert!(set.contains("192.0.2.200".parse().unwrap()));
//! assert_eq!(set.blocks()[0].to_string(), "192.0.2.0/24");
//! ```
#![forbid(unsafe_code)]

mod built_in;
pub mod export;
pub mod fuzz;
pub mod judge;
pub mod parse;
mod ranges;
mod set;
mod shelf;
mod state;
pub mod why;

pub use built_in::built_in;
pub use ranges::{Feeds, Ranges, Taken};
pub use set::RangeSet;
pub use shelf::Shelf;
pub use state::{
    Announcement, Difference, FeedState, HeldVersion, Leaving, Outcome, Version, version_of,
};

/// Octets of an answer of a source; more is refused before it is read. The whole answer of the
/// endpoints service has some 100,000.
pub const ANSWER_OCTETS_MAX: usize = 4 << 20;
/// Ranges of one feed. Published lists of senders have less than a hundred, of whole clouds some
/// thousands.
pub const RANGES_MAX: usize = 20_000;
