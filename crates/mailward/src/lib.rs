//! The mailward executable as a library: roles, supervision, setup and the demo.
//!
//! [`main`] is the program; [`command`] is its command tree, from which the man pages and
//! completions are made. The operator's commands are the `cli` crate's; what is added here starts
//! or prepares a node.
#![forbid(unsafe_code)]

mod authority;
mod command;
mod config;
mod demo;
mod role;
mod setup;

pub use command::{command, main};
pub use config::check as check_config;
