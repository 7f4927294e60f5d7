//! Monitors: from the evidence of a probe to the state of what it looks at. Pure.
//!
//! ```text
//! Unknown ─Good─► Healthy ─Bad─► Suspect ─confirmed─► Degraded ─60 s─► Unhealthy ─► Unrecoverable
//!                    ▲              │Good                └──────────┬──────┴─────────────┘
//!                    └──────────────┴────────── Recovering ◄─Good ×2┘   (Bad: back where it was)
//! no evidence for 3 intervals ─► Unavailable ─evidence─► Unknown
//! ```
//!
//! [`rule`] says when bad results are believed, [`policy`] judges each result by it, [`table`] moves
//! the state, [`state`] is what is remembered: all bounded, all in whole numbers.
//!
//! Invariant: no evidence never makes anything worse than Unavailable, and Unavailable repairs
//! nothing. One bad result never confirms anything, unless the rule says one is enough.

mod policy;
mod rule;
mod state;
mod table;
mod trend;

pub use self::{
    policy::Sample,
    rule::{Beyond, LAST_MAX, MeasureName, Policy, Rule, Timing},
    state::{MonitorState, WINDOW_RESULTS_MAX},
    table::next,
    trend::Hours,
};

/// What a monitor hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A result of its probe.
    Sample(Sample),
    /// Time passed.
    Tick,
    /// No stage of recovery is left.
    GivenUp,
}

#[cfg(test)]
mod tests;
