//! Directory sources: from which directory recipients come, and how its entries are read.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{HostName, LdapFilter, SmartHost, in_range};
use crate::{Domain, FieldError, Kind, address::text_form, object::Validate, unit::Span};

/// Servers of one source.
const SERVERS_MAX: usize = 16;
/// Rules of one mapping: more than there are fields of recipients.
const RULES_MAX: usize = 200;
/// The kinds a source can make.
pub const SYNCED_KINDS: [Kind; 4] = [
    Kind::Mailbox,
    Kind::MailUser,
    Kind::MailContact,
    Kind::DistributionGroup,
];

/// What kind of directory a source is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryType {
    /// Active Directory, or Samba as its domain controller: followed by uSNChanged, woken by its
    /// change notification.
    #[default]
    ActiveDirectory,
    /// OpenLDAP with the syncprov overlay: it sends each change by itself (RFC 4533).
    #[serde(rename = "openldap")]
    OpenLdap,
    /// Any other LDAP server: the whole of it is read again and again.
    Ldap,
}

/// How the connection to a directory is encrypted. There is none that is not.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryTls {
    /// TLS from the first octet. Port 636.
    #[default]
    Ldaps,
    /// STARTTLS (RFC 4511 §4.14). Port 389.
    Starttls,
}

/// What becomes of a recipient whose account is disabled in the directory.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DisabledAccounts {
    /// It is marked `account_disabled`: its mail goes on arriving, its owner sends nothing.
    #[default]
    Mark,
    /// It is removed, as if it were deleted.
    Remove,
}

/// A server of a directory: a name or an address, and a port where it is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DirectoryServer {
    /// The host.
    pub host: HostName,
    /// The port, where it is not that of the way the connection is encrypted.
    pub port: Option<u16>,
}

/// A text that is no server of a directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no server: write dc1.example.org, 192.0.2.1 or [2001:db8::1], and :port where it is not the usual one"
)]
pub struct DirectoryServerError(String);

impl FromStr for DirectoryServer {
    type Err = DirectoryServerError;

    fn from_str(text: &str) -> Result<Self, DirectoryServerError> {
        if let Ok(host) = text.parse() {
            return Ok(DirectoryServer { host, port: None });
        }
        let found: SmartHost = text
            .parse()
            .map_err(|_| DirectoryServerError(text.to_owned()))?;
        Ok(DirectoryServer {
            host: found.host,
            port: Some(found.port),
        })
    }
}

impl fmt::Display for DirectoryServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

text_form!(DirectoryServer, "host-port");

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingValue {
    /// The first of these attributes that the entry has.
    Attributes(Vec<String>),
    /// The same for every entry.
    Constant(String),
    /// Nowhere: the field is the administrator's.
    Unmapped,
}

/// One line of a mapping: `custom_attribute7 = employeeType`, `mailbox.send_connector = 'Exchange'`,
/// `display_name = displayName | cn`, `notes =`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingRule {
    /// Only for recipients of this kind.
    pub kind: Option<Kind>,
    /// The field of the recipient.
    pub field: String,
    /// What it is set from.
    pub value: MappingValue,
}

/// A text that is no line of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no mapping: write field = attribute, field = attribute | other, kind.field = 'the same for all', or field = to leave it alone"
)]
pub struct MappingRuleError(String);

impl FromStr for MappingRule {
    type Err = MappingRuleError;

    fn from_str(text: &str) -> Result<Self, MappingRuleError> {
        let fail = || MappingRuleError(text.to_owned());
        let (left, right) = text.split_once('=').ok_or_else(fail)?;
        let (left, right) = (left.trim(), right.trim());
        let (kind, field) = match left.split_once('.') {
            Some((kind, field)) => (Some(kind.parse::<Kind>().map_err(|_| fail())?), field),
            None => (None, left),
        };
        let is_field = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if field.is_empty()
            || !field.chars().all(is_field)
            || kind.is_some_and(|kind| !SYNCED_KINDS.contains(&kind))
        {
            return Err(fail());
        }
        let quoted = right.strip_prefix('\'').and_then(|t| t.strip_suffix('\''));
        let value = if let Some(constant) = quoted {
            MappingValue::Constant(constant.replace("''", "'"))
        } else if right.is_empty() {
            MappingValue::Unmapped
        } else {
            let names: Vec<String> = right
                .split('|')
                .map(|name| name.trim().to_owned())
                .collect();
            let is_name = |name: &String| {
                let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ';');
                !name.is_empty() && name.chars().all(is_part)
            };
            match names.iter().all(is_name) {
                true => MappingValue::Attributes(names),
                false => return Err(fail()),
            }
        };
        Ok(MappingRule {
            kind,
            field: field.to_owned(),
            value,
        })
    }
}

impl fmt::Display for MappingRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = self.kind {
            write!(f, "{}.", kind.table())?;
        }
        write!(f, "{} =", self.field)?;
        match &self.value {
            MappingValue::Attributes(names) => write!(f, " {}", names.join(" | ")),
            MappingValue::Constant(text) => write!(f, " '{}'", text.replace('\'', "''")),
            MappingValue::Unmapped => Ok(()),
        }
    }
}

text_form!(MappingRule, "mapping-rule");

/// A directory whose entries become recipients, and are followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DirectorySource {
    /// Whether it is followed. What came from it stays where it is not.
    pub enabled: bool,
    /// Active Directory, OpenLDAP, or any other LDAP server.
    #[serde(rename = "type")]
    pub directory_type: DirectoryType,
    /// Its servers; the next one where one fails.
    pub servers: Vec<DirectoryServer>,
    /// LDAPS or STARTTLS.
    pub tls: DirectoryTls,
    /// Roots that the server's certificate may lead to, in PEM; besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// The name the server's certificate must carry, where it is not the one connected to.
    pub tls_domain: Option<Domain>,
    /// The entry below which recipients are: `dc=example,dc=org`. That of the domain where unset
    /// (Active Directory alone).
    pub base: Option<String>,
    /// Which entries are recipients; those of persons, contacts and groups with an address where
    /// unset.
    pub filter: Option<LdapFilter>,
    /// The account to sign in with: a distinguished name, or user@domain for Active Directory.
    pub bind_name: Option<String>,
    /// The file with its password, one line. Never printed, never in the store.
    pub secret_file: Option<PathBuf>,
    /// Which kinds of recipients it makes.
    pub kinds: Vec<Kind>,
    /// Which attribute a field is set from, where it is not as is usual for this type of directory.
    pub mapping: Vec<MappingRule>,
    /// What becomes of recipients whose account is disabled.
    pub disabled_accounts: DisabledAccounts,
    /// Stop and ask where more recipients of a hundred than this would be removed at once.
    pub remove_share_max: u8,
    /// How often it is asked for changes, besides those it tells of by itself.
    pub poll_interval: Span,
    /// How often the whole of it is read again, should a change have been missed.
    pub full_read_interval: Span,
}

impl Default for DirectorySource {
    fn default() -> Self {
        DirectorySource {
            enabled: true,
            directory_type: DirectoryType::ActiveDirectory,
            servers: Vec::new(),
            tls: DirectoryTls::Ldaps,
            ca_file: None,
            tls_domain: None,
            base: None,
            filter: None,
            bind_name: None,
            secret_file: None,
            kinds: SYNCED_KINDS.to_vec(),
            mapping: Vec::new(),
            disabled_accounts: DisabledAccounts::Mark,
            remove_share_max: 20,
            poll_interval: Span::from_secs(2),
            full_read_interval: Span::from_secs(6 * 60 * 60),
        }
    }
}

impl Validate for DirectorySource {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut tell = |field: &str, problem: String, mend: &str| {
            errors.push(FieldError::new(field, problem, mend));
        };
        if self.enabled && self.servers.is_empty() {
            tell(
                "servers",
                "there is none".to_owned(),
                "name a server, or set enabled to false",
            );
        }
        if self.servers.len() > SERVERS_MAX {
            let found = self.servers.len();
            tell(
                "servers",
                format!("there are {found}, the limit is {SERVERS_MAX}"),
                "name fewer",
            );
        }
        if self.base.is_none() && self.directory_type != DirectoryType::ActiveDirectory {
            let mend = "name the entry below which the recipients are, such as dc=example,dc=org";
            tell(
                "base",
                "only Active Directory says itself what its base is".to_owned(),
                mend,
            );
        }
        if self.bind_name.is_some() != self.secret_file.is_some() {
            let mend = "set both, or neither to sign in as nobody";
            tell(
                "secret_file",
                "bind_name and secret_file belong together".to_owned(),
                mend,
            );
        }
        for (field, file) in [
            ("secret_file", &self.secret_file),
            ("ca_file", &self.ca_file),
        ] {
            if file.as_ref().is_some_and(|file| !file.is_absolute()) {
                tell(
                    field,
                    "the path does not begin with /".to_owned(),
                    "write the whole path",
                );
            }
        }
        if self.kinds.is_empty() {
            tell(
                "kinds",
                "there is none".to_owned(),
                "name a kind, or set enabled to false",
            );
        }
        for (at, kind) in self.kinds.iter().enumerate() {
            if !SYNCED_KINDS.contains(kind) {
                let kinds = SYNCED_KINDS.map(Kind::table).join(", ");
                let found = format!("a directory makes no {}", kind.plural());
                tell(
                    &format!("kinds[{at}]"),
                    found,
                    &format!("the kinds are {kinds}"),
                );
            }
        }
        if self.mapping.len() > RULES_MAX {
            let found = self.mapping.len();
            tell(
                "mapping",
                format!("it has {found} rules, the limit is {RULES_MAX}"),
                "write fewer",
            );
        }
        for (at, rule) in self.mapping.iter().enumerate() {
            if rule.field == "source_anchor" {
                let mend = "remove the rule";
                tell(
                    &format!("mapping[{at}]"),
                    "the sync sets source_anchor itself".to_owned(),
                    mend,
                );
            }
        }
        in_range(
            &mut errors,
            "remove_share_max",
            u64::from(self.remove_share_max),
            0..=100,
        );
        for (field, span, least, most) in [
            ("poll_interval", self.poll_interval, 1, 86_400),
            (
                "full_read_interval",
                self.full_read_interval,
                60,
                30 * 86_400,
            ),
        ] {
            let range = Duration::from_secs(least)..=Duration::from_secs(most);
            if !range.contains(&span.get()) {
                let (from, to) = (Span::from_secs(least), Span::from_secs(most));
                let mend = format!("choose a time from {from} to {to}");
                errors.push(FieldError::new(
                    field,
                    format!("{span} is out of range"),
                    mend,
                ));
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_they_are_written() {
        for text in [
            "custom_attribute7 = employeeType",
            "display_name = displayName | cn",
            "mailbox.send_connector = 'Exchange'",
            "notes = 'it''s = from | the directory'",
            "notes =",
            "distribution_group.members = 2.5.4.31",
        ] {
            let rule: MappingRule = text.parse().unwrap();
            assert_eq!(rule.to_string(), text);
        }
        for wrong in [
            "",
            "notes",
            "= cn",
            "probe.notes = cn",
            "Notes = cn",
            "notes = a||b",
            "notes = 'x",
        ] {
            assert!(wrong.parse::<MappingRule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn servers_have_a_port_where_it_is_said() {
        for text in [
            "dc1.example.org",
            "dc1.example.org:3636",
            "192.0.2.1",
            "[2001:db8::1]:636",
        ] {
            let server: DirectoryServer = text.parse().unwrap();
            assert_eq!(server.to_string(), text);
            assert_eq!(server.port.is_some(), text.ends_with("36"), "{text}");
        }
        assert!("dc1:x".parse::<DirectoryServer>().is_err());
    }

    #[test]
    fn what_cannot_be_is_told_with_the_mend() {
        let sound = DirectorySource {
            servers: vec!["dc1.example.org".parse().unwrap()],
            ..DirectorySource::default()
        };
        assert_eq!(sound.validate(), []);
        let wrong = DirectorySource {
            directory_type: DirectoryType::OpenLdap,
            bind_name: Some("cn=a".to_owned()),
            kinds: vec![Kind::Probe],
            mapping: vec!["source_anchor = cn".parse().unwrap()],
            ca_file: Some("ca.pem".into()),
            remove_share_max: 101,
            poll_interval: Span::from_secs(0),
            ..DirectorySource::default()
        };
        let fields: Vec<String> = wrong.validate().into_iter().map(|e| e.field).collect();
        let expect = [
            "servers",
            "base",
            "secret_file",
            "ca_file",
            "kinds[0]",
            "mapping[0]",
            "remove_share_max",
            "poll_interval",
        ];
        assert_eq!(fields, expect);
    }
}
