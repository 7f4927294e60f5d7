//! The kinds of objects: one file for each family, one struct for each kind.
//!
//! Every field has a default where a sound one exists, so that an exported object shows only what
//! was set. Defaults follow Exchange's receive and send connector tables unless a comment says why
//! they do not.

mod address_space;
mod administration;
mod alert;
mod attribute;
mod attribution;
mod directory_source;
mod domain;
mod drill_schedule;
mod endpoint;
mod group;
mod journal;
mod ldap_filter;
#[path = "override.rs"]
mod monitoring_override;
mod organizational_unit;
mod policy;
mod probe;
mod property;
mod receive_connector;
mod recipient;
mod remote_range;
mod restricted_group;
mod send_connector;
mod sender_feed;
mod settings;
mod site;
mod smart_host;
mod some_fields;
mod source_anchor;
mod sparse;
mod tie;
mod untrusted;
mod untrusted_feed;

pub use address_space::{AddressSpace, AddressSpaceError};
pub use administration::{
    Administrator, MACHINE_OPERATIONS, Node, Right, RoleGroup, check_machine_operations, gives,
};
pub use alert::{
    AlertChannel, AlertEmail, AlertScope, AlertTarget, SyslogAddress, SyslogAddressError,
};
pub use attribute::{
    CommonAttribute, CommonAttributes, Condition, Conditions, PersonalAttribute, PersonalAttributes,
};
pub use attribution::{
    Factor, HeaderFamily, Tenant, TenantError, TlsCapability, TlsDomainCapabilities,
    TlsDomainCapabilitiesError,
};
pub use directory_source::{
    DirectoryServer, DirectoryServerError, DirectorySource, DirectoryTls, DirectoryType,
    DisabledAccounts, MappingRule, MappingRuleError, MappingValue, SYNCED_KINDS,
};
pub use domain::{AcceptedDomain, AcceptedDomainType};
pub use drill_schedule::{DrillSchedule, DrillScheduleError, TimeOfDay};
pub use endpoint::{AlertFrom, Endpoint, EndpointProtocol, EndpointProtocolError, EndpointSubject};
pub use group::{
    DistributionGroup, DynamicDistributionGroup, GroupType, IncludedRecipients, RecipientFilter,
};
pub use journal::{JournalRule, JournalScope, LOCAL_STORE};
pub use ldap_filter::{LdapFilter, LdapFilterError};
pub use monitoring_override::{
    MonitoringOverride, OVERRIDE_DAYS, OVERRIDE_DAYS_MAX, OverrideScope, OverrideScopeError, Until,
    Version, VersionRange, version,
};
pub use organizational_unit::{OrganizationalUnit, OrganizationalUnitError};
pub use policy::{Policy, PolicyRanges, PolicyScope, PolicyScopeError, PolicySettings};
pub use probe::{
    CommandTarget, DnsRecord, DnsTarget, HttpTarget, MailTarget, NtpTarget, Probe, ProbeImpact,
    ProbeLane, ProbePolicy, ProbeTarget, ProbeTls, ReportTarget, Silence, TcpTarget, TlsTarget,
};
pub use property::{Property, STAGES, Subject, Value, Values, properties};
pub use receive_connector::{OutOfRange, ReceiveConnector, Relay, StartTls};
pub use recipient::{MailContact, MailUser, Mailbox, MailboxType, Recipient};
pub use remote_range::{RemoteRange, RemoteRangeError};
pub use restricted_group::{AccountName, AccountNameError, RestrictedGroup};
pub use send_connector::{ConnectorTarget, OutboundPool, OutboundTls, SendConnector, TlsAuthLevel};
pub use sender_feed::{
    FeedPlace, FeedPlaceError, FeedSource, Microsoft365Feed, Microsoft365Instance, SenderFeed,
};
pub use settings::{Expendable, HealthSettings, RepairCommand, TransportSettings};
pub use site::Site;
pub use smart_host::{HostName, HostNameError, SmartHost, SmartHostError};
pub use some_fields::SomeFields;
pub use source_anchor::{SourceAnchor, SourceAnchorError};
pub use tie::Tie;
pub use untrusted::{SerialNumber, SerialNumberError, Sha256, Sha256Error, UntrustedCertificate};
pub use untrusted_feed::{
    CrlPlace, CrlPlaceError, CrlSource, SignatureKey, SignatureKeyError, SignedList, UntrustedFeed,
    UntrustedSource, UpkiSource, WhenStale,
};

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
