//! Tests of the store as a whole: its contract, and what is each engine's alone.

mod attempts;
#[path = "../../../testkit/src/cluster.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the testkit's, which uses this crate itself"
)]
mod cluster;
mod contract;
mod near;
mod parts;
mod postgres;
mod refresh;
mod sqlite;
