//! The kinds of objects: one file for each family, one struct for each kind.
//!
//! Every field has a default where a sound one exists, so that an exported object shows only what
//! was set. Defaults follow Exchange's receive and send connector tables unless a comment says why
//! they do not.

mod address_space;
mod alert;
mod attribute;
mod domain;
mod drill_schedule;
mod group;
mod journal;
#[path = "override.rs"]
mod monitoring_override;
mod organizational_unit;
mod probe;
mod property;
mod receive_connector;
mod recipient;
mod send_connector;
mod settings;
mod smart_host;
mod sparse;
mod untrusted;

pub use address_space::{AddressSpace, AddressSpaceError};
pub use alert::{
    AlertChannel, AlertEmail, AlertScope, AlertTarget, SyslogAddress, SyslogAddressError,
};
pub use attribute::{
    CommonAttribute, CommonAttributes, Condition, Conditions, PersonalAttribute, PersonalAttributes,
};
pub use domain::{AcceptedDomain, AcceptedDomainType};
pub use drill_schedule::{DrillSchedule, DrillScheduleError, TimeOfDay};
pub use group::{
    DistributionGroup, DynamicDistributionGroup, GroupType, IncludedRecipients, RecipientFilter,
};
pub use journal::{JournalRule, JournalScope, LOCAL_STORE};
pub use monitoring_override::{
    MonitoringOverride, OVERRIDE_DAYS, OVERRIDE_DAYS_MAX, OverrideScope, OverrideScopeError, Until,
    Version, VersionRange, version,
};
pub use organizational_unit::{OrganizationalUnit, OrganizationalUnitError};
pub use probe::{
    CommandTarget, DnsRecord, DnsTarget, HttpTarget, MailTarget, NtpTarget, Probe, ProbeImpact,
    ProbeLane, ProbeTarget, ProbeTls, ReportTarget, Silence, TcpTarget, TlsTarget,
};
pub use property::{Property, STAGES, Subject, Value, Values, properties};
pub use receive_connector::{ReceiveConnector, Relay, StartTls};
pub use recipient::{MailContact, MailUser, Mailbox, MailboxType, Recipient};
pub use send_connector::{ConnectorTarget, OutboundTls, SendConnector, TlsAuthLevel};
pub use settings::{Expendable, HealthSettings, RepairCommand, TransportSettings};
pub use smart_host::{HostName, HostNameError, SmartHost, SmartHostError};
pub use untrusted::{SerialNumber, SerialNumberError, Sha256, Sha256Error, UntrustedCertificate};

use crate::FieldError;

/// Pushes an error where `value` is not in `range`.
fn in_range(
    errors: &mut Vec<FieldError>,
    field: &str,
    value: u64,
    range: std::ops::RangeInclusive<u64>,
) {
    if !range.contains(&value) {
        errors.push(FieldError::new(
            field,
            format!("{value} is out of range"),
            format!("choose a number from {} to {}", range.start(), range.end()),
        ));
    }
}
