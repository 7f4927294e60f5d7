//! What Mailward says about itself: events, and the message tracking log.
//!
//! An [`Event`] has a number that is never reused, a name, a level, typed fields and a page
//! ([`catalogue`]): what it means, what it breaks, how to mend it. [`Events`] takes them from any
//! thread without ever blocking it and writes them to JSON lines, to journald where it runs, to a
//! store that is given as a [`RecordSink`], and to standard error where asked. [`log`] reads them back. [`tracking`] is the record of each step of
//! each message, in the fields an Exchange administrator knows; [`audit`] keeps what administrators did.
//!
//! Invariant: nothing here blocks mail. A full channel drops events and says how many; a full disk
//! drops lines and says so.
//!
//! ```
//! use mailward_events::{Event, Events};
//! let (events, collector) = Events::collect();
//! events.emit(Event::ConnectorRestarted { connector: "Internet".into(), sessions: 3 });
//! assert_eq!(collector.take()[0].number(), 1002);
//! ```
#![forbid(unsafe_code)]

pub mod audit;
pub mod catalogue;
mod copy;
mod count;
mod escape;
mod journald;
mod limit;
pub mod log;
mod membership;
mod rotate;
mod sink;
pub mod tracking;

pub use catalogue::{Event, Items, Level};
pub use copy::{RecordSink, chain};
pub use escape::escape;
pub use log::Record;
pub use sink::{Collector, Events, Options};
