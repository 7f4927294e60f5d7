//! Certificates held, the choice of one per connector, and the TLS configurations that follow.
//!
//! [`Certificates`] keeps a folder of PEM files as an immutable [`CertificateSet`] that is swapped
//! whole; [`choose`] is the pure decision which certificate answers STARTTLS on a connector;
//! [`ClientTls`] gives delivery its configurations. [`ca`] makes certificates for setup, demo, tests.
//!
//! Never here: sockets, SMTP, events (a [`Notice`] says what an event should be raised for), and
//! never a private key in a log, an error or a view.
//!
//! ```
//! use std::sync::Arc;
//! use mailward_host::clock::SystemClock;
//! use mailward_tls::{Certificates, ConnectorNeeds, ca};
//!
//! let dir = tempfile::tempdir().unwrap();
//! ca::self_signed(&ca::Leaf::new(["mail.example.org"])).unwrap().write(dir.path(), "mail").unwrap();
//! let held = Certificates::open(dir.path(), Arc::new(SystemClock::default()), |_| {});
//! let fqdn = "mail.example.org".parse().unwrap();
//! let needs = ConnectorNeeds { connector: "Internet", fqdn: &fqdn, pin: None };
//! assert!(held.server_config(&needs).is_some());
//! ```
#![forbid(unsafe_code)]

pub mod ca;
mod certificate;
mod certificates;
mod choose;
mod client;
mod expiry;
pub mod fetch;
mod folder;
mod name;
mod notice;
mod server;
mod set;

pub use certificate::{Certificate, CertificateFacts, CertificateRef, Validity};
pub use certificates::{CertificateView, Certificates, POLL_INTERVAL};
pub use choose::{ConnectorNeeds, choose};
pub use client::{ClientTls, ClientTlsError, PathVerdict, Roots};
pub use expiry::{ExpiryNotice, ExpiryStage, Told, expiry_notices};
pub use name::{NameMatch, name_match};
pub use notice::Notice;
pub use server::{describe, server_config};
pub use set::{CertificateSet, Changes, FileProblem, ProblemKind};
