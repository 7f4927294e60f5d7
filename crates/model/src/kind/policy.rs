//! Policies: what holds on every node, on those of a site, or on one. How several of them become one
//! is [`crate::policy`]'s.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    AccountName, HealthSettings, RemoteRange, RestrictedGroup, SomeFields, TransportSettings,
    UntrustedCertificate, check_machine_operations, in_range,
};
use crate::{
    Domain, FieldError, address::text_form, object::Validate, object::validate_name, unit::Span,
};

/// Entries of one list of a policy.
const ENTRIES_MAX: usize = 1_000;

/// Where a policy holds. The nearer one is applied later, and so wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyScope {
    /// On all nodes.
    #[default]
    All,
    /// On the nodes of this site.
    Site(String),
    /// On this node.
    Node(Domain),
}

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a scope: write all, site:NAME or node:HOSTNAME")]
pub struct PolicyScopeError(String);

impl FromStr for PolicyScope {
    type Err = PolicyScopeError;

    fn from_str(text: &str) -> Result<Self, PolicyScopeError> {
        match text.trim().split_once(':') {
            None if text.trim().eq_ignore_ascii_case("all") => Some(PolicyScope::All),
            Some(("site", name)) if validate_name(name.trim()).is_ok() => {
                Some(PolicyScope::Site(name.trim().to_owned()))
            }
            Some(("node", name)) => name.trim().parse().ok().map(PolicyScope::Node),
            _ => None,
        }
        .ok_or_else(|| PolicyScopeError(text.chars().take(64).collect()))
    }
}

impl PolicyScope {
    /// The nearer scope has the higher rank.
    pub fn rank(&self) -> u8 {
        match self {
            PolicyScope::All => 0,
            PolicyScope::Site(_) => 1,
            PolicyScope::Node(_) => 2,
        }
    }
}

impl fmt::Display for PolicyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyScope::All => f.write_str("all"),
            PolicyScope::Site(name) => write!(f, "site:{name}"),
            PolicyScope::Node(name) => write!(f, "node:{name}"),
        }
    }
}

text_form!(PolicyScope, "policy-scope");

/// Whom a receive connector takes, as a policy says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRanges {
    /// The receive connector.
    pub receive_connector: String,
    /// Its `remote_ranges`, and no others. Unset: they are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ranges: Option<Vec<RemoteRange>>,
    /// What is added to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<RemoteRange>,
}

/// What holds on every node, on those of a site, or on one.
///
/// Policies are applied by scope, `all` first and the node's own last; within a scope by `order`,
/// then by name. Of two that say one thing the one applied last wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Whether it is applied.
    pub enabled: bool,
    /// Where: `all`, `site:NAME` or `node:HOSTNAME`.
    pub scope: PolicyScope,
    /// When, within its scope: a higher number is applied later, and so wins.
    pub order: u32,
    /// Fields of `transport_settings`, as `{ message_expiration = "3d" }`.
    pub transport_settings: SomeFields<TransportSettings>,
    /// Fields of `health_settings`.
    pub health_settings: SomeFields<HealthSettings>,
    /// Fields of `policy_settings`, but for `break_glass_administrator`.
    pub policy_settings: SomeFields<PolicySettings>,
    /// Who is to be in which group of the host: `{ group = "adm", members = ["anna"] }`, or `add`,
    /// `remove`, `member_of`.
    pub restricted_groups: Vec<RestrictedGroup>,
    /// Certificates that are refused, with the fields of an untrusted certificate.
    pub untrusted: Vec<UntrustedCertificate>,
    /// Whom receive connectors take: `{ receive_connector = "Internet", add = ["192.0.2.0/24"] }`,
    /// or `remote_ranges`.
    pub ranges: Vec<PolicyRanges>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            enabled: true,
            scope: PolicyScope::All,
            order: 100,
            transport_settings: SomeFields::default(),
            health_settings: SomeFields::default(),
            policy_settings: SomeFields::default(),
            restricted_groups: Vec::new(),
            untrusted: Vec::new(),
            ranges: Vec::new(),
        }
    }
}

impl Validate for Policy {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        self.transport_settings
            .check("transport_settings", &mut errors);
        self.health_settings.check("health_settings", &mut errors);
        self.policy_settings.check("policy_settings", &mut errors);
        if self
            .policy_settings
            .iter()
            .any(|(field, _)| field == BREAK_GLASS)
        {
            errors.push(FieldError::new(
                format!("policy_settings.{BREAK_GLASS}"),
                "a policy must not say whom policies spare",
                "set it in the policy settings themselves",
            ));
        }
        for (field, len) in [
            ("restricted_groups", self.restricted_groups.len()),
            ("untrusted", self.untrusted.len()),
            ("ranges", self.ranges.len()),
        ] {
            if len > ENTRIES_MAX {
                errors.push(FieldError::new(
                    field,
                    format!("{len} entries, the limit is {ENTRIES_MAX}"),
                    "make more policies of it",
                ));
                return errors;
            }
        }
        let mut within = |field: &str, at: usize, broken: Vec<FieldError>| {
            errors.extend(broken.into_iter().map(|error| FieldError {
                field: format!("{field}[{at}].{}", error.field),
                ..error
            }));
        };
        for (at, entry) in self.untrusted.iter().enumerate() {
            within("untrusted", at, entry.validate());
        }
        for (at, entry) in self.restricted_groups.iter().enumerate() {
            let mut broken = entry.validate();
            let mut before = self.restricted_groups.iter().take(at);
            if before.any(|other| other.group == entry.group) {
                broken.push(FieldError::new(
                    "group",
                    format!("{} stands there already", entry.group),
                    "say all about a group in one entry",
                ));
            }
            within("restricted_groups", at, broken);
        }
        for (at, entry) in self.ranges.iter().enumerate() {
            let mut broken = Vec::new();
            let mut before = self.ranges.iter().take(at);
            let name = &entry.receive_connector;
            if before.any(|other| other.receive_connector.eq_ignore_ascii_case(name)) {
                broken.push(FieldError::new(
                    "receive_connector",
                    format!("{name} stands there already"),
                    "say all about a connector in one entry",
                ));
            }
            if entry.remote_ranges.is_some() != entry.add.is_empty() {
                broken.push(FieldError::new(
                    "add",
                    "either the ranges are said, or what is added to them",
                    "set one of remote_ranges and add",
                ));
            }
            within("ranges", at, broken);
        }
        errors
    }
}

/// The field that no policy may set.
const BREAK_GLASS: &str = "break_glass_administrator";

/// Shortest time between two refreshes: Windows refreshes every 7 s where it is told 0.
const REFRESH_SECS_MIN: u64 = 1;
/// Longest time between two refreshes: 64,800 minutes, as in Windows.
const REFRESH_SECS_MAX: u64 = 64_800 * 60;

/// Settings of policies themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySettings {
    /// How often each node looks whether what policies say still holds. A change of the objects is
    /// followed at once.
    pub refresh_interval: Span,
    /// A random time up to this is added to each interval, so that nodes do not look all at once.
    pub refresh_random: Span,
    /// How often everything is applied anew, also what nothing has changed of.
    pub reapply_interval: Span,
    /// The account that is never taken out of a group, whatever a policy says.
    pub break_glass_administrator: AccountName,
    /// Operations that go on as the machine where the delegation of the administrator's identity is
    /// refused. Empty: they fail, which is the default.
    pub ignore_delegation_failure: Vec<String>,
}

impl Default for PolicySettings {
    fn default() -> Self {
        PolicySettings {
            refresh_interval: Span::from_secs(90 * 60),
            refresh_random: Span::from_secs(30 * 60),
            reapply_interval: Span::from_secs(16 * 3_600),
            break_glass_administrator: AccountName::root(),
            ignore_delegation_failure: Vec::new(),
        }
    }
}

impl Validate for PolicySettings {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (field, span, min) in [
            ("refresh_interval", self.refresh_interval, REFRESH_SECS_MIN),
            ("refresh_random", self.refresh_random, 0),
            ("reapply_interval", self.reapply_interval, REFRESH_SECS_MIN),
        ] {
            let range = min..=REFRESH_SECS_MAX;
            in_range(&mut errors, field, span.get().as_secs(), range);
        }
        if self.break_glass_administrator.sid().is_some() {
            errors.push(FieldError::new(
                "break_glass_administrator",
                "a SID is no account of this host",
                "name the account",
            ));
        }
        errors.extend(check_machine_operations(
            "ignore_delegation_failure",
            &self.ignore_delegation_failure,
        ));
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Policy, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    fn fields(text: &str) -> Vec<String> {
        let errors = read(text).unwrap().validate();
        errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_policy_carries_fields_that_exist_and_parse() {
        let sound = r#"{"scope":"site:North","transport_settings":{"message_expiration":"3d"}}"#;
        let policy = read(sound).unwrap();
        assert_eq!(policy.validate(), []);
        assert_eq!(policy.scope, PolicyScope::Site("North".to_owned()));
        let again = serde_json::to_string(&policy).unwrap();
        assert_eq!(read(&again).unwrap(), policy);
        for (text, part) in [
            (
                r#"{"transport_settings":{"mesage_expiration":"3d"}}"#,
                "unknown field",
            ),
            (
                r#"{"transport_settings":{"message_expiration":"soon"}}"#,
                "length of time",
            ),
            (
                r#"{"transport_settings":{"postmaster":null}}"#,
                "cannot unset",
            ),
            (r#"{"scope":"somewhere"}"#, "not a scope"),
            (r#"{"scope":"node:"}"#, "not a scope"),
            (r#"{"restricted_groups":[{"group":"-a"}]}"#, "hyphen"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_part_names_its_place() {
        for (text, field) in [
            (
                r#"{"transport_settings":{"message_expiration":"1s"}}"#,
                "transport_settings.message_expiration",
            ),
            (
                r#"{"policy_settings":{"break_glass_administrator":"anna"}}"#,
                "policy_settings.break_glass_administrator",
            ),
            (
                r#"{"policy_settings":{"refresh_interval":"0s"}}"#,
                "policy_settings.refresh_interval",
            ),
            (
                r#"{"restricted_groups":[{"group":"adm"}]}"#,
                "restricted_groups[0].group",
            ),
            (
                r#"{"restricted_groups":[{"group":"adm","members":[]},{"group":"adm","members":[]}]}"#,
                "restricted_groups[1].group",
            ),
            (r#"{"untrusted":[{"reason":"stolen"}]}"#, "untrusted[0]."),
            (
                r#"{"ranges":[{"receive_connector":"Internet"}]}"#,
                "ranges[0].add",
            ),
        ] {
            assert_eq!(fields(text), [field], "{text}");
        }
        // Sound or not by what stands beside it.
        let late = r#"{"health_settings":{"soft_reset_after":"1d"}}"#;
        assert_eq!(fields(late), [""; 0]);
    }
}
