//! The kinds of objects: one file for each family, one struct for each kind.
//!
//! Every field has a default where a sound one exists, so that an exported object shows only what
//! was set. Defaults follow Exchange's receive and send connector tables unless a comment says why
//! they do not.

mod alert;
mod connector;
mod domain;
mod journal;
mod recipient;
mod settings;

pub use alert::{AlertChannel, AlertTarget};
pub use connector::{
    AddressSpace, AddressSpaceError, ConnectorTarget, HostName, OutboundTls, ReceiveConnector, Relay,
    SendConnector, SmartHost, SmartHostError, StartTls, TlsAuthLevel,
};
pub use domain::{AcceptedDomain, AcceptedDomainType};
pub use journal::{JournalRule, JournalScope};
pub use recipient::{DistributionGroup, MailContact, Mailbox, MailboxType};
pub use settings::{HealthSettings, TransportSettings};
