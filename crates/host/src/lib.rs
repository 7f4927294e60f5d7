//! What the machine gives: clock, disk, sockets, processes, entropy.
//!
//! Each stands behind a small trait where, and only where, a test must fake it. This crate knows
//! nothing of mail.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod clock;
pub mod disk;
pub mod entropy;
pub mod fake;
pub mod kept;
pub mod keyring;
pub mod kill;
pub mod lifeline;
pub mod listen;
pub mod notify;
pub mod process;
pub mod pulse;
pub mod replace;
pub mod stacks;
pub mod until;
