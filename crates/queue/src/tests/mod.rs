//! Tests of the queue as a whole, on a disk that fails on demand and a clock that stands still.
//! The committer is driven by hand, so every run does the same operations in the same order.

mod audit;
mod behaviour;
mod compaction;
mod crash;
mod faults;
mod fuzzed;
mod model;
mod rig;
mod running;
