//! An entry of a directory as a recipient: of which kind, under which name, with which fields; or why
//! it is none. Pure.

use std::{collections::HashMap, sync::Arc};

use mailward_api::assignment::Editor;
use mailward_ldap::Entry;
use mailward_model::{
    EmailAddress, FieldError, Kind,
    kind::{DirectorySource, DisabledAccounts, MappingValue},
    object::NAME_OCTETS_MAX,
};

use super::rule::{NAME, OF_NAME, Rules};
use crate::recipients::{
    self,
    attribute::{DETAILS, DETAILS_ATTRIBUTE, OUTSIDE_MEMBER, dn_key, parts, plain_address, unit},
};

/// Members by address, as some schemas have them.
const ADDRESS_MEMBERS: [&str; 2] = [OUTSIDE_MEMBER, "rfc822MailMember"];
/// Set where an account is disabled because another one uses the mailbox.
const MASTER_ACCOUNT: &str = "msExchMasterAccountSid";
/// Flags of userAccountControl and groupType.
const ACCOUNT_DISABLE: i64 = 2;
const SECURITY_ENABLED: i64 = 0x8000_0000;
/// What is read of every entry besides what the rules name.
const ALWAYS: &[&str] = &[
    "objectClass",
    "cn",
    "mail",
    "targetAddress",
    "groupType",
    MASTER_ACCOUNT,
    ADDRESS_MEMBERS[0],
    ADDRESS_MEMBERS[1],
];

/// How the entries of one source are read.
pub(crate) struct Mapping {
    rules: Rules,
    pub(super) editors: HashMap<Kind, Editor>,
    kinds: Vec<Kind>,
    disabled: DisabledAccounts,
}

/// A recipient as an entry wants it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// Shared with whatever it is the owner of.
    pub(super) dn: Arc<str>,
    pub(super) kind: Kind,
    pub(super) name: String,
    /// Those that may be the primary one, the best first; at least one.
    pub(super) addresses: Vec<EmailAddress>,
    /// Whether the directory says which is the primary one.
    pub(super) is_primary_said: bool,
    /// Further ones.
    pub(super) proxies: Vec<EmailAddress>,
}

/// What an entry says of a recipient, besides its name and its addresses.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Said {
    /// Every field that is mapped, with its values.
    pub(super) fields: Vec<(String, Vec<String>)>,
    /// Members: names of entries and addresses, where it is a group and they are mapped.
    pub(super) members: Option<Vec<String>>,
}

/// Why an entry is no recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unwanted {
    /// It is not meant to be one.
    None(String),
    /// It is, and cannot.
    Trouble(String),
}

impl Mapping {
    /// How the entries of this source are read.
    ///
    /// # Errors
    /// A rule that cannot be.
    pub(crate) fn of(source: &DirectorySource) -> Result<Mapping, FieldError> {
        let editors = recipients::editors();
        Ok(Mapping {
            rules: Rules::of(source, &editors)?,
            editors,
            kinds: source.kinds.clone(),
            disabled: source.disabled_accounts,
        })
    }

    /// The attributes that are asked of a server.
    pub(crate) fn attributes(&self) -> Vec<String> {
        let mut names = self.rules.every_attribute();
        names.extend(ALWAYS);
        names.into_iter().map(str::to_owned).collect()
    }

    /// The recipient that an entry wants to be.
    pub(super) fn read(&self, entry: &Entry) -> Result<Wanted, Unwanted> {
        let kind = self.kind(entry)?;
        if !self.kinds.contains(&kind) {
            return Err(none(format!("the source makes no {}", kind.plural())));
        }
        let (addresses, is_primary_said, proxies) = self.addresses(entry, kind)?;
        if self.disabled == DisabledAccounts::Remove && self.is_disabled(entry, kind) {
            return Err(none("its account is disabled".to_owned()));
        }
        Ok(Wanted {
            dn: entry.dn.as_str().into(),
            kind,
            name: self.name(entry, kind),
            addresses,
            is_primary_said,
            proxies,
        })
    }

    /// What an entry that is a recipient of this kind says besides. There is much of it: it is asked for
    /// one entry at a time.
    pub(super) fn said(&self, entry: &Entry, kind: Kind) -> Said {
        let mut said = Said::default();
        for (field, value) in self.rules.of_kind(kind) {
            match field.as_str() {
                NAME | "address" | "proxy_addresses" => {}
                "members" => said.members = Some(self.members(entry, kind)),
                _ => {
                    let values = self.values(entry, kind, field, value);
                    said.fields.push((field.clone(), values));
                }
            }
        }
        said
    }

    fn is_disabled(&self, entry: &Entry, kind: Kind) -> bool {
        let mut rules = self.rules.of_kind(kind).iter();
        let rule = rules.find(|(field, _)| field == "account_disabled");
        rule.is_some_and(|(field, value)| !self.values(entry, kind, field, value).is_empty())
    }

    /// What mail to the entry goes to, be it a recipient here or not: for whoever has it as a member.
    pub(super) fn any_address(&self, entry: &Entry) -> Option<EmailAddress> {
        let target = entry.first("targetAddress").map(plain_address);
        let mail = entry.first("mail").map(str::to_owned);
        target.or(mail)?.parse().ok()
    }

    fn kind(&self, entry: &Entry) -> Result<Kind, Unwanted> {
        let is = |class: &str| {
            entry
                .values("objectClass")
                .any(|value| value.eq_ignore_ascii_case(class))
        };
        if is("computer") {
            return Err(none("it is a computer".to_owned()));
        }
        if is("msExchDynamicDistributionList") {
            let because = "dynamic groups are made here: their filter is no LDAP filter";
            return Err(none(because.to_owned()));
        }
        let groups = [
            "group",
            "groupOfNames",
            "groupOfUniqueNames",
            "groupOfMembers",
        ];
        if groups.into_iter().any(is) {
            return Ok(Kind::DistributionGroup);
        }
        if is("contact") {
            return Ok(Kind::MailContact);
        }
        if [
            "user",
            "person",
            "inetOrgPerson",
            "account",
            "mailRecipient",
        ]
        .into_iter()
        .any(is)
        {
            let elsewhere = self.rules.attributes(Kind::MailUser, "external_address");
            let target = elsewhere
                .iter()
                .find_map(|name| entry.first(name))
                .map(plain_address);
            let own = entry.first("mail");
            return Ok(match target {
                Some(target) if own.is_none_or(|own| !own.eq_ignore_ascii_case(&target)) => {
                    Kind::MailUser
                }
                _ => Kind::Mailbox,
            });
        }
        Err(none(
            "it is neither a person nor a contact nor a group".to_owned(),
        ))
    }

    fn name(&self, entry: &Entry, kind: Kind) -> String {
        let named = self
            .rules
            .of_kind(kind)
            .iter()
            .find(|(field, _)| field == NAME);
        let named = named.and_then(|(_, value)| match value {
            MappingValue::Attributes(names) => names.iter().find_map(|name| entry.first(name)),
            _ => None,
        });
        let own = || parts(&entry.dn).into_iter().next().unwrap_or_default().1;
        sound_name(&named.map_or_else(own, str::to_owned))
    }

    /// Addresses that may be the primary one, whether the directory says which is, and the others.
    fn addresses(
        &self,
        entry: &Entry,
        kind: Kind,
    ) -> Result<(Vec<EmailAddress>, bool, Vec<EmailAddress>), Unwanted> {
        let values = |field: &str| {
            let names = self.rules.attributes(kind, field);
            names
                .iter()
                .flat_map(|name| entry.values(name))
                .collect::<Vec<&str>>()
        };
        let further = values("proxy_addresses");
        let said = further
            .iter()
            .copied()
            .find(|value| value.starts_with("SMTP:"));
        let texts: Vec<String> = match said {
            Some(said) => vec![plain_address(said)],
            None => values("address").into_iter().map(plain_address).collect(),
        };
        let mut addresses: Vec<EmailAddress> = Vec::new();
        for text in &texts {
            match text.parse::<EmailAddress>() {
                Ok(address) if addresses.iter().all(|known| known.key() != address.key()) => {
                    addresses.push(address);
                }
                Ok(_) => {}
                Err(error) => return Err(Unwanted::Trouble(error.to_string())),
            }
        }
        // Addresses of other systems (X500, SIP) are none here.
        let mut proxies: Vec<EmailAddress> = Vec::new();
        for value in &further {
            let plain = plain_address(value);
            if value.contains(':') && plain == **value {
                continue;
            }
            proxies.extend(plain.parse::<EmailAddress>().ok());
        }
        if kind == Kind::MailContact {
            // The address outside is where mail goes, not where it comes to.
            let outside = self.any_address(entry);
            let is_outside =
                |one: &EmailAddress| Some(one.key()) == outside.as_ref().map(EmailAddress::key);
            addresses.retain(|one| !is_outside(one));
            proxies.retain(|one| !is_outside(one));
            if addresses.is_empty() && !proxies.is_empty() {
                addresses.push(proxies.remove(0));
            }
        }
        match addresses.is_empty() {
            true => Err(none("it has no address here".to_owned())),
            false => Ok((addresses, said.is_some(), proxies)),
        }
    }

    /// Members as the entry has them: names of entries, and addresses.
    fn members(&self, entry: &Entry, kind: Kind) -> Vec<String> {
        let names = self
            .rules
            .attributes(kind, "members")
            .iter()
            .map(String::as_str);
        let by_address = ADDRESS_MEMBERS.into_iter();
        names
            .chain(by_address)
            .flat_map(|name| entry.values(name))
            .map(str::to_owned)
            .collect()
    }

    /// The values of a field in an entry; none where it is unset.
    fn values(&self, entry: &Entry, kind: Kind, field: &str, value: &MappingValue) -> Vec<String> {
        let names = match value {
            MappingValue::Constant(text) => return vec![text.clone()],
            MappingValue::Unmapped => return Vec::new(),
            MappingValue::Attributes(names) => names,
        };
        let is_list = self
            .editors
            .get(&kind)
            .is_some_and(|editor| editor.is_list(field));
        let mut values: Vec<String> = match field {
            "type" => vec![kind_of_mailbox(entry, kind, names)],
            "organizational_unit" if names.iter().any(|name| name == OF_NAME) => {
                unit(&entry.dn).into_iter().collect()
            }
            "account_disabled" => {
                let is_disabled = names.iter().any(|name| is_disabled(entry, name));
                is_disabled.then(|| "true".to_owned()).into_iter().collect()
            }
            "external_address" => {
                let found = names
                    .iter()
                    .find_map(|name| entry.first(name))
                    .map(plain_address);
                let of_contact = || {
                    let mail = (kind == Kind::MailContact).then(|| entry.first("mail"));
                    mail.flatten().map(str::to_owned)
                };
                found.or_else(of_contact).into_iter().collect()
            }
            "forwarding_address" => names
                .iter()
                .find_map(|name| entry.first(name))
                .map(plain_address)
                .into_iter()
                .collect(),
            "manager" => {
                let first = names.iter().find_map(|name| entry.first(name));
                let name_of = |dn: &str| {
                    parts(dn)
                        .into_iter()
                        .next()
                        .map_or(dn.to_owned(), |part| part.1)
                };
                first.map(name_of).into_iter().collect()
            }
            _ => {
                let found = names.iter().find(|name| entry.first(name).is_some());
                let found = found.into_iter().flat_map(|name| entry.values(name));
                found.map(str::to_owned).collect()
            }
        };
        values.retain(|value| !value.is_empty());
        if is_list {
            // A directory keeps no order.
            values.sort();
            values.dedup();
        } else {
            values.truncate(1);
        }
        values
    }
}

fn none(because: String) -> Unwanted {
    Unwanted::None(because)
}

/// What a mailbox is for, or what kind of group it is; empty where the usual is meant.
fn kind_of_mailbox(entry: &Entry, kind: Kind, names: &[String]) -> String {
    let value = names.iter().find_map(|name| entry.first(name));
    let is_details = names
        .iter()
        .any(|name| name.eq_ignore_ascii_case(DETAILS_ATTRIBUTE));
    if !is_details {
        return value.unwrap_or_default().to_ascii_lowercase();
    }
    let known = DETAILS
        .iter()
        .find(|(of, _, number)| *of == kind && Some(*number) == value);
    if let Some((_, word, _)) = known {
        return (*word).to_owned();
    }
    let group_type = entry
        .first("groupType")
        .and_then(|text| text.parse::<i64>().ok());
    match (kind, group_type) {
        (Kind::DistributionGroup, Some(flags)) if flags & SECURITY_ENABLED != 0 => {
            "security".to_owned()
        }
        _ => String::new(),
    }
}

/// Whether this attribute says that the account is disabled.
fn is_disabled(entry: &Entry, attribute: &str) -> bool {
    let value = entry.first(attribute).unwrap_or_default();
    match attribute.to_ascii_lowercase().as_str() {
        // The accounts of shared mailboxes, rooms and linked mailboxes are always disabled.
        "useraccountcontrol" => {
            let is_set = value
                .parse::<i64>()
                .is_ok_and(|flags| flags & ACCOUNT_DISABLE != 0);
            is_set && entry.octets(MASTER_ACCOUNT).next().is_none()
        }
        // draft-behera-ldap-password-policy §5.3.3: locked for good, until somebody unlocks it.
        "pwdaccountlockedtime" => value.starts_with("00000101"),
        _ => matches!(
            value.to_ascii_lowercase().as_str(),
            "true" | "1" | "yes" | "on"
        ),
    }
}

/// A name that an object may have.
pub(super) fn sound_name(name: &str) -> String {
    let clean = |c: char| {
        if c.is_control() || matches!(c, '/' | '\\') {
            '-'
        } else {
            c
        }
    };
    let name: String = name.chars().map(clean).collect();
    let name = name.trim().trim_start_matches('.').trim();
    let end = name.floor_char_boundary(NAME_OCTETS_MAX);
    let name = name.get(..end).unwrap_or_default().trim_end();
    match name {
        "" => "nameless".to_owned(),
        name => name.to_owned(),
    }
}

/// A member that is an entry, as it is compared; `None` for an address.
pub(super) fn member_key(member: &str) -> Option<String> {
    member
        .contains('=')
        .then(|| dn_key(member))
        .filter(|key| !key.is_empty())
}
