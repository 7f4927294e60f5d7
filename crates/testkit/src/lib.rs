//! Dialog scripts, fakes and contract suites for tests; never shipped.
//!
//! [`cluster`] starts a PostgreSQL; [`dialog`] plays text scripts of SMTP sessions against the server machine and against a live
//! server; [`fuzz`] holds the entry points for fuzzing; [`heartbleed`] stands in for a server of 2014; [`world`] is the small organisation that
//! both know.
#![forbid(unsafe_code)]

pub mod cluster;
pub mod dialog;
pub mod fuzz;
pub mod heartbleed;
pub mod machine;
pub mod world;
