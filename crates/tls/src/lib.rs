//! Certificates held, the choice of one per connector, and the TLS configurations that follow.
//!
//! [`Certificates`] keeps a folder of PEM files as an immutable [`CertificateSet`] that is swapped
//! whole; [`choose`] is the pure decision which certificate answers STARTTLS on a connector;
//! [`ClientTls`] gives delivery its configurations. [`ca`] makes certificates for setup, demo, tests.
//! [`Untrusted`] is the list of certificates that are refused before anything else is asked;
//! [`audit`](mod@audit) tests an endpoint as a stranger sees it.
//!
//! Never here: sockets (but those of `audit`), SMTP, events (a [`Notice`] says what an event should be raised for), and
//! never a private key in a log, an error or a view.
//!
//! ```
//! use std::sync::Arc;
//! use mailward_host::clock::SystemClock;
//! use mailward_tls::{Certificates, ConnectorNeeds, ShownBy, ca};
//!
//! let dir = tempfile::tempdir().unwrap();
//! ca::self_signed(&ca::Leaf::new(["mail.example.org"])).unwrap().write(dir.path(), "mail").unwrap();
//! let held = Certificates::open(dir.path(), Arc::new(SystemClock::default()), |_| {});
//! let fqdn = "mail.example.org".parse().unwrap();
//! let needs = ConnectorNeeds { by: ShownBy::Receive, connector: "Internet", fqdn: &fqdn, pin: None };
//! assert!(held.server_config(&needs).is_some());
//! ```
#![forbid(unsafe_code)]

pub mod audit;
pub mod ca;
mod certificate;
mod certificates;
mod choose;
mod client;
mod expiry;
pub mod fetch;
mod folder;
mod name;
mod node;
mod notice;
mod octets;
mod presented;
mod server;
mod set;
pub mod untrusted;

pub use certificate::{Certificate, CertificateFacts, CertificateRef, Validity};
pub use certificates::{CertificateView, Certificates, POLL_INTERVAL};
pub use choose::{Choice, ConnectorNeeds, KeptBack, ShownBy, choose};
pub use client::{ClientTls, ClientTlsError, Roots, refuses_certificate};
pub use expiry::{ExpiryNotice, ExpiryStage, Told, expiry_notices};
pub use name::{NameMatch, name_match};
pub use node::{NodeTls, NodeTlsError, machine_of};
pub use notice::Notice;
pub use presented::carries_name;
pub use server::{describe, server_config};
pub use set::{CertificateSet, Changes, FileProblem, ProblemKind};
pub use untrusted::{Distrusted, PeerPath, Untrusted, UntrustedList, pem_certificates};
