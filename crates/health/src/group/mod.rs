//! A group of nodes that must not all be away at once.
//!
//! ```text
//! worker ─ GET /v1/group, every 5 s ─────► every other member's access role ─► its worker
//! worker ─ POST /v1/group/lease ─────────► every other member's access role ─► its manager: votes
//! worker ─ proposal with what they said ─► this node's manager: guard
//! ```
//!
//! Before a node takes something away (a process, the server), it must hold the lease of a majority
//! of the configured members. [`votes`] is a member's side of it and pure; [`peers`] asks.
//!
//! Invariant: at no moment do two members hold the lease, whatever messages are lost or late and
//! whichever members are started anew, as long as their clocks run at the same speed within a tenth.

pub mod peers;
pub mod votes;

pub use peers::{Group, GroupConfig};
pub use votes::Votes;
