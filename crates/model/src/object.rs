//! Objects: everything an administrator sets. A kind, a name, an id, a revision and a spec.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    id::{ObjectId, Revision},
    kind::{
        AcceptedDomain, Administrator, AlertChannel, DirectorySource, DistributionGroup,
        DynamicDistributionGroup, Endpoint, HealthSettings, JournalRule, MailContact, MailUser,
        Mailbox, MonitoringOverride, Node, Policy, PolicySettings, Probe, ReceiveConnector,
        SendConnector, SenderFeed, Site, TransportSettings, UntrustedCertificate, UntrustedFeed,
    },
};

/// Octets an object's name may have (Exchange: 64 characters).
pub const NAME_OCTETS_MAX: usize = 128;

/// What is wrong with one field of an object, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FieldError {
    /// The field, as a path: `bindings[0]`. Empty where the object as a whole is meant.
    pub field: String,
    /// What was found and what was expected.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl FieldError {
    /// An error about one field.
    pub fn new(
        field: impl Into<String>,
        problem: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        FieldError {
            field: field.into(),
            problem: problem.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        write!(f, "{}; {}", self.problem, self.mend)
    }
}

/// A spec's own rules: what one object can say wrong without looking at any other.
pub trait Validate {
    /// Every broken rule; empty where the spec is sound.
    fn validate(&self) -> Vec<FieldError>;
}

/// Defines [`Kind`] and [`Spec`] from one table, so that a kind exists everywhere or nowhere.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $table:literal $noun:literal $plural:literal,)*) => {
        /// The kinds of objects.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// Every kind, in the order in which they are exported.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)*];

            /// The table name in exported text: `receive_connector`.
            pub fn table(self) -> &'static str {
                match self { $(Kind::$variant => $table,)* }
            }

            /// The noun of the command line: `receive-connector`.
            pub fn noun(self) -> &'static str {
                match self { $(Kind::$variant => $noun,)* }
            }

            /// What a person calls several of them: `receive connectors`.
            pub fn plural(self) -> &'static str {
                match self { $(Kind::$variant => $plural,)* }
            }
        }

        /// What an object says: one variant for each [`Kind`].
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Spec { $($(#[$doc])* $variant($variant),)* }

        impl Spec {
            /// The kind of the spec.
            pub fn kind(&self) -> Kind {
                match self { $(Spec::$variant(_) => Kind::$variant,)* }
            }

            /// Reads the spec of `kind` from any self-describing format.
            ///
            /// # Errors
            /// The format's error: an unknown key, a wrong type, a value that does not parse.
            pub fn deserialize_kind<'de, D: serde::Deserializer<'de>>(kind: Kind, deserializer: D) -> Result<Spec, D::Error> {
                match kind { $(Kind::$variant => $variant::deserialize(deserializer).map(Spec::$variant),)* }
            }

            /// Writes the spec without its kind.
            ///
            /// # Errors
            /// The format's error.
            pub fn serialize_fields<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Spec::$variant(spec) => spec.serialize(serializer),)* }
            }

            /// The JSON schema of a kind's spec.
            pub fn schema(kind: Kind, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match kind { $(Kind::$variant => generator.subschema_for::<$variant>(),)* }
            }
        }

        impl Validate for Spec {
            fn validate(&self) -> Vec<FieldError> {
                match self { $(Spec::$variant(spec) => spec.validate(),)* }
            }
        }

        $(impl From<$variant> for Spec {
            fn from(spec: $variant) -> Spec { Spec::$variant(spec) }
        }

        impl SpecOf for $variant {
            const KIND: Kind = Kind::$variant;
            fn of(spec: &Spec) -> Option<&Self> {
                match spec { Spec::$variant(spec) => Some(spec), _ => None }
            }
        })*
    };
}

/// A spec type and its kind, for code that works on one kind.
pub trait SpecOf: Sized {
    /// The kind.
    const KIND: Kind;
    /// The spec, where it is of this kind.
    fn of(spec: &Spec) -> Option<&Self>;
}

kinds! {
    /// Domains that mail is accepted for.
    AcceptedDomain "accepted_domain" "accepted-domain" "accepted domains",
    /// How mail comes in.
    ReceiveConnector "receive_connector" "receive-connector" "receive connectors",
    /// Addresses that somebody publishes as those he sends mail from.
    SenderFeed "sender_feed" "sender-feed" "sender feeds",
    /// How mail goes out.
    SendConnector "send_connector" "send-connector" "send connectors",
    /// Recipients whose mail is kept or handed on by this system.
    Mailbox "mailbox" "mailbox" "mailboxes",
    /// Recipients elsewhere, known by a name here.
    MailContact "mail_contact" "mail-contact" "mail contacts",
    /// Persons of the organisation whose mailbox is elsewhere.
    MailUser "mail_user" "mail-user" "mail users",
    /// Recipients that stand for others.
    DistributionGroup "distribution_group" "distribution-group" "distribution groups",
    /// Recipients that stand for all that a filter fits.
    DynamicDistributionGroup "dynamic_distribution_group" "dynamic-distribution-group" "dynamic distribution groups",
    /// Directories whose entries become recipients, and are followed.
    DirectorySource "directory_source" "directory-source" "directory sources",
    /// What is journaled, and to where.
    JournalRule "journal_rule" "journal-rule" "journal rules",
    /// Settings of transport as a whole: one object, named `default`.
    TransportSettings "transport_settings" "transport-settings" "transport settings",
    /// Settings of managed availability: one object, named `default`.
    HealthSettings "health_settings" "health-settings" "health settings",
    /// Ways by which alerts reach people.
    AlertChannel "alert_channel" "alert-channel" "alert channels",
    /// Properties of probes, monitors and responders that are changed for a time.
    MonitoringOverride "monitoring_override" "monitoring-override" "monitoring overrides",
    /// What else is watched.
    Probe "probe" "probe" "probes",
    /// Servers whose TLS is tested from outside, on a schedule.
    Endpoint "endpoint" "endpoint" "endpoints",
    /// Certificates that are refused wherever they are shown.
    UntrustedCertificate "untrusted_certificate" "untrusted-certificate" "untrusted certificates",
    /// Lists of such certificates that somebody publishes.
    UntrustedFeed "untrusted_feed" "untrusted-feed" "untrusted feeds",
    /// Settings of policies themselves: one object, named `default`.
    PolicySettings "policy_settings" "policy-settings" "policy settings",
    /// Nodes that stand in one place and are spoken of together.
    Site "site" "site" "sites",
    /// What holds on every node, on those of a site, or on one.
    Policy "policy" "policy" "policies",
    /// Nodes of the organisation, as the others know them.
    Node "node" "node" "nodes",
    /// Persons who may ask a node from another one.
    Administrator "administrator" "administrator" "administrators",
}

impl Kind {
    /// True for kinds of which there is one object, named `default`; none means the defaults.
    pub fn is_singleton(self) -> bool {
        matches!(
            self,
            Kind::TransportSettings | Kind::HealthSettings | Kind::PolicySettings
        )
    }
}

impl Kind {
    /// True where an object may get another name. Of other kinds something beside the objects goes
    /// by the name: a Maildir, a queue, a hold, the list of a feed.
    pub fn may_be_renamed(self) -> bool {
        matches!(
            self,
            Kind::MailContact
                | Kind::MailUser
                | Kind::DistributionGroup
                | Kind::DynamicDistributionGroup
                | Kind::JournalRule
                | Kind::AcceptedDomain
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.noun())
    }
}

/// A text that names no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a kind of object; the kinds are {kinds}", kinds = Kind::ALL.iter().map(|k| k.noun()).collect::<Vec<_>>().join(", "))]
pub struct KindError(String);

impl FromStr for Kind {
    type Err = KindError;

    /// Reads `receive_connector`, `receive-connector` or `ReceiveConnector`.
    fn from_str(text: &str) -> Result<Self, KindError> {
        let squeeze = |text: &str| text.replace(['-', '_'], "").to_ascii_lowercase();
        let wanted = squeeze(text);
        Kind::ALL
            .iter()
            .copied()
            .find(|kind| squeeze(kind.noun()) == wanted)
            .ok_or_else(|| KindError(text.to_owned()))
    }
}

/// An object as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// Given at creation, never reused.
    pub id: ObjectId,
    /// Unique within the kind, compared without regard to ASCII case.
    pub name: String,
    /// The revision of its last change. A write must name the revision it was made from.
    pub revision: Revision,
    /// What it says.
    pub spec: Spec,
}

/// Checks an object's name.
///
/// # Errors
/// A [`FieldError`] on `name` where it is empty, too long, or has a control character, `/` or `\`
/// (names are parts of queue names and file names).
pub fn validate_name(name: &str) -> Result<(), FieldError> {
    let problem = if name.trim().is_empty() {
        "the name is empty".to_owned()
    } else if name.len() > NAME_OCTETS_MAX {
        format!(
            "the name has {} octets, the limit is {NAME_OCTETS_MAX}",
            name.len()
        )
    } else if let Some(c) = name
        .chars()
        .find(|c| c.is_control() || matches!(c, '/' | '\\'))
    {
        format!("the name has the character {c:?}")
    } else if name.starts_with('.') || name.trim() != name {
        "the name begins with a dot, or begins or ends with a blank".to_owned()
    } else {
        return Ok(());
    };
    Err(FieldError::new(
        "name",
        problem,
        "choose a name of letters, digits, blanks, hyphens or dots",
    ))
}
