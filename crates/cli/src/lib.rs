//! The operator's hand: the operations as commands of a terminal.
//!
//! [`command`] is the command tree, made from the table of operations; [`run`] asks the admin API
//! over its Unix socket and prints the answer, aligned for people or as JSON. Exit codes: 0 done,
//! 1 failed or bad news, 2 wrong usage, 3 Mailward is not reachable, 4 refused.
//!
//! [`shell()`] gives the language of `mailward-shell` a terminal and the API.
//!
//! Never here: anything that the HTTP API could not do as well. This crate links no service.
//!
//! ```
//! let matches = mailward_cli::command()
//!     .try_get_matches_from(["mailward", "queue", "list", "--json"])
//!     .unwrap();
//! assert!(mailward_cli::is_operation(&matches));
//! ```
#![forbid(unsafe_code)]

mod apply;
mod command;
mod connection;
mod document;
mod drill;
mod exchange;
mod json;
mod layout;
mod run;
mod shell;
mod terminal;
mod test;
mod top;

pub use command::{EXIT_CODES, command, is_operation};
pub use connection::{Connection, DEFAULT_RUN_DIR};
pub use document::{completions, man_pages};
pub use exchange::respell;
pub use layout::Style;
pub use run::{run, run_to};
pub use shell::{is_shell, shell, shell_to};
pub use test::{is_test, test};
pub use top::{is_top, top};
