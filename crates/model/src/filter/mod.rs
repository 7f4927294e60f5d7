//! The filter language: `(Department -eq 'Sales') -and (Name -notlike 'Test*')`.
//!
//! The language of Exchange's `RecipientFilter`, with typed properties; the queue and its messages
//! are filtered by the same language with properties of their own ([`Catalogue`]). A text is parsed
//! once into a [`Filter`]; asking whether a recipient fits takes no parsing and no allocation. What is wrong with
//! a text is told with its place and how to mend it.
//!
//! ```text
//! text ─► token ─► parse ─► Node with typed comparisons ─► matches(recipient) -> bool
//!                                       └─► Display: fully parenthesised, as it is stored
//! ```
//!
//! Limits: [`TEXT_OCTETS_MAX`], [`DEPTH_MAX`], [`COMPARISONS_MAX`]. There are no regular expressions,
//! and a wildcard stands at the beginning or the end of a pattern only: matching is linear in the
//! length of what is looked at, whatever the filter.
//!
//! Logic is two-valued. A property that is not set is equal to nothing, so `-eq` is false and `-ne`
//! true, as LDAP sees an absent attribute.
//!
//! ```
//! use mailward_model::filter::{Attributes, Filter, Property};
//!
//! let filter: Filter = "RecipientType -eq 'UserMailbox' -and CustomAttribute1 -ne 'Ignore'".parse()?;
//! let mut anna = Attributes::default();
//! anna.set(Property::RecipientType, "UserMailbox");
//! assert!(filter.matches(&anna));
//! anna.set(Property::CustomAttribute1, "ignore");
//! assert!(!filter.matches(&anna));
//! # Ok::<(), mailward_directory::filter::FilterError>(())
//! ```

mod advice;
mod attributes;
mod comparison;
mod error;
mod listings;
mod node;
mod parse;
mod precanned;
mod property;
mod queue;
mod recipient;
mod surroundings;
mod system;
#[cfg(test)]
mod tests;
mod token;

pub use advice::Unread;
pub use attributes::Attributes;
pub use error::FilterError;
pub use listings::Listings;
pub use node::Filter;
pub use precanned::precanned;
pub use property::{Catalogue, Property, PropertyType};
pub use queue::{MessageProperty, QueueProperty};
pub use recipient::{attributes, attributes_among};
pub use surroundings::{Needs, Surroundings, Times};
pub use system::{is_system, system_exclusions};

/// Octets of a filter's text (Exchange: 2048 characters).
pub const TEXT_OCTETS_MAX: usize = 8_192;
/// Parentheses and negations within each other.
pub const DEPTH_MAX: usize = 32;
/// Comparisons of one filter.
pub const COMPARISONS_MAX: usize = 256;
