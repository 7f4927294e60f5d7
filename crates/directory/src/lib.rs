//! Recipients, groups and accepted domains as one immutable index, and what follows for an address.
//!
//! [`Directory::build`] turns the objects into an index; after that nothing changes and nothing is
//! looked up anywhere else. [`Directory::check_recipient`] answers a RCPT, [`Directory::resolve`]
//! turns the recipients of an envelope into those that mail is really delivered to, each with the
//! way it was reached.
//!
//! Never here: sockets, files, clocks, SMTP. Which connector takes a recipient is routing, and that
//! is transport's business.
//!
//! ```
//! use mailward_directory::{Directory, RcptDecision};
//! use mailward_model::kind::{AcceptedDomain, Mailbox};
//! use mailward_model::{Object, ObjectId, Revision, Spec};
//!
//! let object = |id, name: &str, spec: Spec| Object {
//!     id: ObjectId(id),
//!     name: name.to_owned(),
//!     revision: Revision(id),
//!     spec,
//! };
//! let domain = AcceptedDomain {
//!     domain: "example.org".parse().unwrap(),
//!     domain_type: Default::default(),
//!     include_subdomains: false,
//! };
//! let anna = Mailbox::new("anna@example.org".parse().unwrap());
//! let directory = Directory::build(&[
//!     object(1, "example.org", domain.into()),
//!     object(2, "anna", anna.into()),
//! ]);
//! let check = |address: &str| directory.check_recipient(&address.parse().unwrap());
//! assert_eq!(check("Anna+news@Example.org"), RcptDecision::Known);
//! assert_eq!(check("nobody@example.org"), RcptDecision::Unknown);
//! assert_eq!(check("somebody@example.net"), RcptDecision::NotLocal);
//! ```
#![forbid(unsafe_code)]

mod domains;
mod dynamic;
mod index;
mod membership;
mod owners;
mod resolution;
mod resolve;
mod restriction;

pub use mailward_model::filter;

pub use dynamic::{Criterion, DynamicGroups, DynamicMembers, MembersChange, needs};
pub use index::{
    Directory, Found, Group, LocalMailbox, Match, RcptDecision, Recipient, RecipientNo,
    RecipientRole, Target,
};
pub use membership::Membership;
pub use resolution::{Expansion, Place, Resolution, Resolved, Unresolved};
pub use resolve::{DEPTH_MAX, NOTE_ADDRESSES_MAX};
pub use restriction::Sender;
