//! Groups: recipients that stand for others, listed one by one or found by a filter.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    CommonAttributes, Conditions, OrganizationalUnit,
    recipient::{check, recipient},
};
use crate::{
    EmailAddress, FieldError,
    address::text_form,
    filter::{self, Filter, FilterError},
    object::Validate,
};

fn yes() -> bool {
    true
}

fn is_yes(flag: &bool) -> bool {
    *flag
}

/// What a group may be used for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GroupType {
    /// Mail alone.
    #[default]
    Distribution,
    /// Mail and rights.
    Security,
}

recipient! {
    /// A recipient that stands for others.
    pub struct DistributionGroup {
        /// The primary address.
        pub address: EmailAddress,
        /// Distribution or security.
        #[serde(default, rename = "type", skip_serializing_if = "is_distribution")]
        pub group_type: GroupType,
        /// Members by address: recipients here, groups here, or any address elsewhere.
        #[serde(default)]
        pub members: Vec<EmailAddress>,
        /// Who looks after the group.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub managed_by: Vec<EmailAddress>,
        /// Where reports about failed deliveries to members go, instead of to the sender. Exchange:
        /// ReportToManager.
        #[serde(default)]
        pub report_to: Option<EmailAddress>,
        /// Whether the sender hears of failed deliveries to members where `report_to` is unset;
        /// nobody does where this is false.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        pub report_to_originator_enabled: bool,
    }
}

fn is_distribution(of: &GroupType) -> bool {
    *of == GroupType::Distribution
}

impl DistributionGroup {
    /// A group of these members.
    pub fn new(address: EmailAddress, members: Vec<EmailAddress>) -> Self {
        DistributionGroup {
            address,
            group_type: GroupType::Distribution,
            members,
            managed_by: Vec::new(),
            report_to: None,
            report_to_originator_enabled: true,
            proxy_addresses: Vec::new(),
            hidden: false,
            organizational_unit: None,
            accept_messages_only_from: Vec::new(),
            reject_messages_from: Vec::new(),
            require_sender_authentication_enabled: false,
            max_receive_size: None,
            source_anchor: None,
            attributes: CommonAttributes::default(),
        }
    }
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
        check(self, &mut errors);
        errors
    }
}

/// A filter as it is stored with a group: what the administrator meant, fully parenthesised. The
/// exclusions of system recipients, which Exchange writes behind every filter, are always in force
/// and are no part of it: they are taken off when they are read.
#[derive(Debug, Clone, PartialEq)]
pub struct RecipientFilter(Filter);

impl RecipientFilter {
    /// The filter, without the exclusions.
    pub fn filter(&self) -> &Filter {
        &self.0
    }
}

impl std::str::FromStr for RecipientFilter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let filter: Filter = text.parse()?;
        Ok(RecipientFilter(filter.without_system_exclusions()))
    }
}

impl fmt::Display for RecipientFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_form!(RecipientFilter, "recipient-filter");

/// Kinds of recipients that a precanned filter includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncludedRecipients {
    /// Every recipient. Stands alone.
    AllRecipients,
    /// Mailboxes.
    MailboxUsers,
    /// Mailboxes of rooms and equipment.
    Resources,
    /// Mail contacts.
    MailContacts,
    /// Groups.
    MailGroups,
    /// Mail users.
    MailUsers,
}

recipient! {
    /// A recipient that stands for all that a filter fits. Either `recipient_filter` says whom, or
    /// `included_recipients` with conditions does.
    pub struct DynamicDistributionGroup {
        /// The primary address.
        pub address: EmailAddress,
        /// Whom it stands for, in the recipient filter language: `Department -eq 'Sales'`. System
        /// recipients (health, arbitration, discovery and public folder mailboxes) never belong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub recipient_filter: Option<RecipientFilter>,
        /// Which kinds of recipients it stands for, narrowed by the conditions that are set.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub included_recipients: Vec<IncludedRecipients>,
        /// Only recipients within this organisational unit; the group's own where unset, and
        /// everywhere where it has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub recipient_container: Option<OrganizationalUnit>,
        /// Who looks after the group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub managed_by: Option<EmailAddress>,
        /// Where reports about failed deliveries to members go, instead of to the sender. Exchange:
        /// ReportToManager.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub report_to: Option<EmailAddress>,
        /// Whether the sender hears of failed deliveries to members where `report_to` is unset;
        /// nobody does where this is false.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        pub report_to_originator_enabled: bool,
        /// Conditions of a precanned filter.
        #[serde(flatten)]
        pub conditions: Conditions,
    }
}

impl DynamicDistributionGroup {
    /// A group of everyone a filter fits.
    pub fn new(address: EmailAddress, filter: RecipientFilter) -> Self {
        DynamicDistributionGroup {
            address,
            recipient_filter: Some(filter),
            included_recipients: Vec::new(),
            recipient_container: None,
            managed_by: None,
            report_to: None,
            report_to_originator_enabled: true,
            conditions: Conditions::default(),
            proxy_addresses: Vec::new(),
            hidden: false,
            organizational_unit: None,
            accept_messages_only_from: Vec::new(),
            reject_messages_from: Vec::new(),
            require_sender_authentication_enabled: false,
            max_receive_size: None,
            source_anchor: None,
            attributes: CommonAttributes::default(),
        }
    }

    /// The filter in force, without the exclusions of system recipients: the custom one, or what
    /// the precanned one amounts to. `None` where neither is set.
    pub fn filter(&self) -> Option<Filter> {
        match &self.recipient_filter {
            Some(custom) => Some(custom.filter().clone()),
            None => filter::precanned(&self.included_recipients, &self.conditions),
        }
    }

    /// Where its members are looked for; everywhere where `None`.
    pub fn container(&self) -> Option<&OrganizationalUnit> {
        self.recipient_container
            .as_ref()
            .or(self.organizational_unit.as_ref())
    }
}

impl Validate for DynamicDistributionGroup {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let precanned = !self.included_recipients.is_empty() || !self.conditions.is_empty();
        if self.recipient_filter.is_some() && precanned {
            errors.push(FieldError::new(
                "recipient_filter",
                "a custom filter and included_recipients or conditions are both set",
                "keep one: write the conditions into the filter, or remove the filter",
            ));
        } else if self.recipient_filter.is_none() && self.included_recipients.is_empty() {
            errors.push(FieldError::new(
                "included_recipients",
                "nothing says whom the group stands for",
                "set recipient_filter, or included_recipients with or without conditions",
            ));
        }
        let all = IncludedRecipients::AllRecipients;
        if self.included_recipients.len() > 1 && self.included_recipients.contains(&all) {
            errors.push(FieldError::new(
                "included_recipients",
                "all_recipients stands beside others",
                "write it alone, or leave it out",
            ));
        }
        self.conditions.check(&mut errors);
        check(self, &mut errors);
        errors
    }
}
