//! Recipients: mailboxes, mail contacts, distribution groups.

use serde::{Deserialize, Serialize};

use crate::{EmailAddress, FieldError, object::Validate};

/// What a mailbox is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MailboxType {
    /// A person's.
    #[default]
    User,
    /// Several persons'.
    Shared,
    /// A journal's: takes reports of any size, applies no forwarding.
    Journal,
    /// A health probe's: hidden, never journaled, emptied by the probe.
    Monitoring,
}

/// A recipient whose mail this system delivers itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// The primary address.
    pub address: EmailAddress,
    /// User, shared, journal or monitoring.
    #[serde(default, rename = "type")]
    pub mailbox_type: MailboxType,
    /// Proxy addresses: mail to them arrives here.
    #[serde(default)]
    pub proxy_addresses: Vec<EmailAddress>,
    /// Where its mail goes instead (or also, see `deliver_and_forward`).
    #[serde(default)]
    pub forwarding_address: Option<EmailAddress>,
    /// Keep a copy when forwarding. Exchange: DeliverToMailboxAndForward.
    #[serde(default)]
    pub deliver_and_forward: bool,
    /// Left out of address lists.
    #[serde(default)]
    pub hidden: bool,
    /// Hand its mail to the send connector of this name instead of the Maildir here (an LMTP
    /// server such as Dovecot, an Exchange server, Microsoft 365).
    #[serde(default)]
    pub send_connector: Option<String>,
}

impl Mailbox {
    /// A user mailbox with one address.
    pub fn new(address: EmailAddress) -> Self {
        Mailbox {
            address,
            mailbox_type: MailboxType::User,
            proxy_addresses: Vec::new(),
            forwarding_address: None,
            deliver_and_forward: false,
            hidden: false,
            send_connector: None,
        }
    }
}

impl Validate for Mailbox {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.deliver_and_forward && self.forwarding_address.is_none() {
            errors.push(FieldError::new(
                "deliver_and_forward",
                "there is no forwarding_address to forward to",
                "set forwarding_address or remove deliver_and_forward",
            ));
        }
        let special = matches!(
            self.mailbox_type,
            MailboxType::Journal | MailboxType::Monitoring
        );
        if special && self.forwarding_address.is_some() {
            errors.push(FieldError::new(
                "forwarding_address",
                "journal and monitoring mailboxes do not forward",
                "remove it, or journal to the forwarding target itself",
            ));
        }
        if self.forwarding_address.as_ref() == Some(&self.address) {
            errors.push(FieldError::new(
                "forwarding_address",
                "the mailbox would forward to itself",
                "name another address or remove it",
            ));
        }
        errors
    }
}

/// A recipient elsewhere that has an address here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailContact {
    /// The primary address here.
    pub address: EmailAddress,
    /// Where its mail goes.
    pub external_address: EmailAddress,
    /// Further addresses here.
    #[serde(default)]
    pub proxy_addresses: Vec<EmailAddress>,
    /// Left out of address lists.
    #[serde(default)]
    pub hidden: bool,
}

impl Validate for MailContact {
    fn validate(&self) -> Vec<FieldError> {
        if self.address == self.external_address {
            return vec![FieldError::new(
                "external_address",
                "it is the contact's own address, so mail to it would go round in circles",
                "name the address where the person really reads mail",
            )];
        }
        Vec::new()
    }
}

/// A recipient that stands for others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DistributionGroup {
    /// The primary address.
    pub address: EmailAddress,
    /// Further addresses.
    #[serde(default)]
    pub proxy_addresses: Vec<EmailAddress>,
    /// Members by address: recipients here, groups here, or any address elsewhere.
    #[serde(default)]
    pub members: Vec<EmailAddress>,
    /// Where reports about failed deliveries to members go, instead of to the sender. Exchange:
    /// ReportToManager.
    #[serde(default)]
    pub report_to: Option<EmailAddress>,
    /// Left out of address lists.
    #[serde(default)]
    pub hidden: bool,
}

impl Validate for DistributionGroup {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if let Some(at) = self.members.iter().position(|m| *m == self.address) {
            errors.push(FieldError::new(
                format!("members[{at}]"),
                "the group is its own member",
                "remove it; a loop over other groups is found when the objects are applied",
            ));
        }
        errors
    }
}
