//! Which attribute a field is set from: what is usual for a type of directory, and what a source
//! says instead. Data alone.

use std::collections::{BTreeSet, HashMap};

use mailward_api::assignment::{Editor, nearest};
use mailward_model::{
    FieldError, Kind,
    kind::{DirectorySource, DirectoryType, MappingValue, SYNCED_KINDS},
};

use crate::recipients::attribute::{ATTRIBUTES, DETAILS_ATTRIBUTE};

/// The name of the entry itself, as if it were an attribute.
pub(super) const OF_NAME: &str = "dn";
/// Attributes of an organisation's own, and lists of these.
const CUSTOM_ATTRIBUTES: u8 = 15;
const EXTENSION_ATTRIBUTES: u8 = 5;
/// Not a field of a kind, but as much the directory's: what the recipient is called here.
pub(super) const NAME: &str = "name";

/// What is usual for inetOrgPerson (RFC 2798), groupOfNames (RFC 4519) and the schemas around them.
const COMMON: &[(&str, &str)] = &[
    (NAME, "cn"),
    ("address", "mail"),
    (
        "proxy_addresses",
        "mailAlternateAddress|mailLocalAddress|mailAlias",
    ),
    ("external_address", "targetAddress|mailRoutingAddress"),
    ("alias", "uid"),
    ("display_name", "displayName|cn"),
    ("notes", "description"),
    ("first_name", "givenName"),
    ("last_name", "sn"),
    ("title", "title"),
    ("department", "departmentNumber|ou"),
    ("company", "o"),
    ("office", "physicalDeliveryOfficeName"),
    ("manager", "manager"),
    ("phone", "telephoneNumber"),
    ("mobile_phone", "mobile"),
    ("fax", "facsimileTelephoneNumber"),
    ("street_address", "street"),
    ("city", "l"),
    ("state_or_province", "st"),
    ("postal_code", "postalCode"),
    ("web_page", "labeledURI"),
    ("members", "member|uniqueMember"),
    ("account_disabled", "nsAccountLock|pwdAccountLockedTime"),
    ("organizational_unit", OF_NAME),
];

/// Where each field of each kind comes from.
#[derive(Debug)]
pub(super) struct Rules(HashMap<Kind, Vec<(String, MappingValue)>>);

impl Rules {
    /// The rules of a source.
    ///
    /// # Errors
    /// A rule for a field that no recipient has.
    pub(super) fn of(
        source: &DirectorySource,
        editors: &HashMap<Kind, Editor>,
    ) -> Result<Rules, FieldError> {
        let usual = usual(source.directory_type);
        let mut all = HashMap::new();
        for kind in SYNCED_KINDS {
            let Some(editor) = editors.get(&kind) else {
                continue;
            };
            let mut rules: Vec<(String, MappingValue)> = Vec::new();
            let mut set = |field: &str, value: &MappingValue| {
                rules.retain(|(known, _)| known != field);
                if *value != MappingValue::Unmapped {
                    rules.push((field.to_owned(), value.clone()));
                }
            };
            for (field, attributes) in &usual {
                if editor.has(field) || field == NAME {
                    let names = attributes.split('|').map(str::to_owned).collect();
                    set(field, &MappingValue::Attributes(names));
                }
            }
            // What is said of one kind stands above what is said of all.
            for of_one in [false, true] {
                for (at, rule) in source.mapping.iter().enumerate() {
                    let has = editor.has(&rule.field) || rule.field == NAME;
                    let is_meant = rule.kind.is_none_or(|meant| meant == kind);
                    if rule.kind.is_some() == of_one && is_meant && has {
                        set(&rule.field, &rule.value);
                    } else if rule.kind == Some(kind) && !has {
                        return Err(unknown(at, &rule.field, &format!("a {}", kind.noun())));
                    }
                }
            }
            all.insert(kind, rules);
        }
        for (at, rule) in source.mapping.iter().enumerate() {
            if rule.field != NAME && !editors.values().any(|editor| editor.has(&rule.field)) {
                return Err(unknown(at, &rule.field, "a recipient"));
            }
        }
        Ok(Rules(all))
    }

    /// The rules of one kind.
    pub(super) fn of_kind(&self, kind: Kind) -> &[(String, MappingValue)] {
        self.0.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// The attributes a field of a kind is set from.
    pub(super) fn attributes(&self, kind: Kind, field: &str) -> &[String] {
        let found = self.of_kind(kind).iter().find(|(known, _)| known == field);
        match found {
            Some((_, MappingValue::Attributes(names))) => names,
            _ => &[],
        }
    }

    /// Every attribute that some field is set from.
    pub(super) fn every_attribute(&self) -> BTreeSet<&str> {
        let rules = self.0.values().flatten();
        let names = rules.filter_map(|(_, value)| match value {
            MappingValue::Attributes(names) => Some(names),
            _ => None,
        });
        names
            .flatten()
            .map(String::as_str)
            .filter(|name| *name != OF_NAME)
            .collect()
    }
}

fn unknown(at: usize, field: &str, of: &str) -> FieldError {
    let known: Vec<&str> = ATTRIBUTES.iter().map(|(known, _)| *known).collect();
    let mend = match nearest(field, &known) {
        Some(near) => format!("did you mean {near}?"),
        None => "the handbook lists the fields of each kind".to_owned(),
    };
    FieldError::new(
        format!("mapping[{at}]"),
        format!("{of} has no field {field:?}"),
        mend,
    )
}

fn usual(of: DirectoryType) -> Vec<(String, String)> {
    let owned =
        |(field, attributes): &(&str, &str)| ((*field).to_owned(), (*attributes).to_owned());
    if of != DirectoryType::ActiveDirectory {
        return COMMON.iter().map(owned).collect();
    }
    let mut usual: Vec<(String, String)> = ATTRIBUTES.iter().map(owned).collect();
    usual.extend((1..=CUSTOM_ATTRIBUTES).map(|n| {
        (
            format!("custom_attribute{n}"),
            format!("extensionAttribute{n}"),
        )
    }));
    usual.extend((1..=EXTENSION_ATTRIBUTES).map(|n| {
        (
            format!("extension_custom_attribute{n}"),
            format!("msExchExtensionCustomAttribute{n}"),
        )
    }));
    usual.extend(
        [
            (NAME, "cn"),
            ("type", DETAILS_ATTRIBUTE),
            ("account_disabled", "userAccountControl"),
            ("organizational_unit", OF_NAME),
        ]
        .iter()
        .map(owned),
    );
    usual
}
