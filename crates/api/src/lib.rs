//! What can be asked of Mailward, and what it answers: the one definition behind every face.
//!
//! - [`operation`]: what an administrator can ask. The command line, the HTTP routes, the OpenAPI
//!   document, man pages and completions all follow from this table.
//! - [`view`]: what is answered, as data; [`page`]: the same for people.
//! - [`control`]: the typed channel on which the roles of one node talk to each other.
//! - [`signed`]: signatures of what the nodes of a group say to each other.
//! - [`fault`]: why something was not done, and what to do about it.
//!
//! Never here: carrying anything out. This crate calls no queue, no store and no service.
#![forbid(unsafe_code)]

pub mod assignment;
pub mod control;
pub mod fault;
pub mod operation;
pub mod page;
pub mod signed;
pub mod view;
pub mod when;
