//! The management shell's language: PowerShell's habits over Mailward's operations.
//!
//! ```text
//! text ─► parse ─► Script ─► bind: names, parameters, values ─► run, stage by stage ─► host.ask
//!                                        │ what is wrong refuses all of it
//! ```
//!
//! Every command that does something is one of [`mailward_api::operation::cmdlet`]; the others work
//! on what those give. Talking to the API, the terminal and files is the [`Host`]'s.
//!
//! Never here: a socket, a terminal, a clock, or an act that the HTTP API does not have.
#![forbid(unsafe_code)]

mod bind;
mod complete;
mod convert;
mod elsewhere;
pub mod error;
mod filter;
pub mod parse;
mod pattern;
mod run;
mod signature;
pub mod syntax;
pub mod value;

pub use complete::{Completion, complete};
pub use run::{Host, Put, Ran, Shell};

/// Reads a script and binds its commands, and runs nothing: what a shell does before it runs.
///
/// # Errors
/// What cannot be, and where.
pub fn check(source: &str) -> Result<(), error::ScriptError> {
    let script = parse::parse(source)?;
    bind::check(source, &script, false)
}
