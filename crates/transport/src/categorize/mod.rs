//! From an accepted envelope to everything that follows: deliveries, journal reports, bounces.
//!
//! [`plan`] is pure and in memory, so it runs before the message is acknowledged, and the message
//! and its plan become durable as one record. [`explain`] gives the same result with the reasons.
//! [`route`] chooses the send connector of a domain; [`route_to`] finds the way to an address, for
//! bounces; [`reroute`] finds new next hops for a delivery that waits; [`risks`] says what is risky
//! to send.
//!
//! Never here: clocks, files, the queue, the message's octets.

mod explain;
mod gather;
mod journal;
mod plan;
mod redirect;
mod reroute;
mod risk;
mod route;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use explain::{Explained, ExplainedJournalRule, ExplainedRecipient, explain};
pub use gather::RECIPIENTS_PER_DELIVERY_MAX;
pub use journal::{ExplainedPair, report_hop};
pub use plan::{Categorized, Failure, Input, categorize, plan};
pub use redirect::{Stays, redirect};
pub use reroute::{Rerouted, reroute, way_of_report};
pub use risk::{Risk, is_outside, risks, wanted_pool};
pub use route::{Route, Routing, pool_for, route, route_domain, route_to};
