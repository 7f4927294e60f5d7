//! The words of Mailward: addresses, domains, object kinds, envelopes, plans and decisions.
//!
//! Everything here parses, compares and prints; nothing here does I/O, reads a clock or holds
//! policy. Each type is the checked value: what is not yet checked is `&str` or `&[u8]`.
//!
//! Invariant: a value of a type in this crate is valid. There is no "maybe" address.
//!
//! ```
//! use mailward_model::EmailAddress;
//! let address: EmailAddress = "Anna.Berg@Example.ORG".parse().unwrap();
//! assert_eq!(address.domain().as_str(), "example.org");
//! ```
#![forbid(unsafe_code)]

pub mod address;
pub mod arrival;
pub mod decision;
pub mod envelope;
pub mod filter;
mod hex;
pub mod id;
pub mod kind;
pub mod network;
pub mod object;
pub mod plan;
pub mod policy;
pub mod reply;
pub mod unit;

pub use address::{AddressError, Domain, EmailAddress, ReversePath};
pub use arrival::{Arrival, AuthenticationResult, Bulk, SenderAuthentication};
pub use decision::{Decision, PassedOver};
pub use envelope::{BodyType, Envelope, EnvelopeRecipient, Notify, Origin, Ret, TlsSession};
pub use hex::hex;
pub use id::{MessageId, ObjectId, Revision};
pub use network::{Binding, IpRange};
pub use object::{FieldError, Kind, Object, Spec};
pub use reply::{EnhancedCode, Reply};
