//! The ledger of journal reports: which report was taken by which archive, in a chain that shows
//! every change, with a signed root for each day.
//!
//! [`Ledger`] is written while mail flows: a line is handed to the operating system as soon as an
//! archive has taken a report, and the queue forgets the report only after that line is synced.
//! So a killed process knows afterwards what was taken, and no archive gets a report twice for it.
//! [`check`] reads the chain; [`compare`](compare::compare) looks for the reports in a store of
//! delivered ones. The format is in `docs/format/journal.md`.
//!
//! Never here: what is journaled and how a report looks, sockets, and a clock: time is handed in.
#![forbid(unsafe_code)]

pub mod archive;
pub mod check;
pub mod compare;
mod digest;
#[doc(hidden)]
pub mod fuzz;
mod key;
mod ledger;
mod line;
#[cfg(test)]
mod tests;

pub use digest::{Digest, Hasher};
pub use key::{PublicKey, Signer};
pub use ledger::{Ledger, LedgerError, Opened, Status, Watch};
pub use line::{How, LINE_OCTETS_MAX, Line, LineError, Report, What, day_of};
