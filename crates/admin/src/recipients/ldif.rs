//! LDIF (RFC 2849) with the attributes that Active Directory and Exchange have for recipients. A
//! field that they have no attribute for is written as `mailward-FIELD`, so that nothing is lost.
//!
//! Read are entries as `ldapsearch -LLL` prints them; never here: changes, which say what is done
//! to entries that are not in the text.

use std::{collections::HashMap, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mailward_model::{FieldError, Kind, Object};

use super::{
    Entry,
    attribute::{
        ATTRIBUTES, DETAILS, DETAILS_ATTRIBUTE, OUTSIDE_MEMBER, parts, plain_address as plain, unit,
    },
    values_of,
};

/// A field that has no attribute.
const OWN: &str = "mailward-";
/// Octets of a line before it is folded (RFC 2849 leaves the length open; most write 76).
const LINE_OCTETS: usize = 76;

/// The attribute of a field.
fn attribute(field: &str) -> String {
    if let Some((_, attribute)) = ATTRIBUTES.iter().find(|(known, _)| *known == field) {
        return (*attribute).to_owned();
    }
    if let Some(number) = field.strip_prefix("extension_custom_attribute") {
        return format!("msExchExtensionCustomAttribute{number}");
    }
    match field.strip_prefix("custom_attribute") {
        Some(number) => format!("extensionAttribute{number}"),
        None => format!("{OWN}{}", field.replace('_', "-")),
    }
}

/// The field of an attribute; `None` for one that says nothing here.
fn field(attribute: &str) -> Option<String> {
    let lower = attribute.to_ascii_lowercase();
    let known =
        |(field, of): &(&str, &str)| of.eq_ignore_ascii_case(&lower).then(|| (*field).to_owned());
    ATTRIBUTES.iter().find_map(known).or_else(|| {
        let number = |begin: &str| {
            let number = lower.strip_prefix(begin)?;
            number.parse::<u8>().is_ok().then_some(number)
        };
        if let Some(number) = number("msexchextensioncustomattribute") {
            return Some(format!("extension_custom_attribute{number}"));
        }
        if let Some(number) = number("extensionattribute") {
            return Some(format!("custom_attribute{number}"));
        }
        Some(lower.strip_prefix(OWN)?.replace('-', "_"))
    })
}

/// An entry as it stands: its line, its name, its attributes in order.
struct Raw {
    line: u64,
    dn: String,
    attributes: Vec<(String, String)>,
}

impl Raw {
    fn values<'a>(&'a self, attribute: &'a str) -> impl Iterator<Item = &'a str> {
        let named = move |(name, _): &&(String, String)| name.eq_ignore_ascii_case(attribute);
        self.attributes
            .iter()
            .filter(named)
            .map(|(_, value)| value.as_str())
    }

    fn first<'a>(&'a self, attribute: &'a str) -> Option<&'a str> {
        self.values(attribute).next()
    }

    fn is_of(&self, class: &str) -> bool {
        self.values("objectClass")
            .any(|value| value.eq_ignore_ascii_case(class))
    }

    fn name(&self) -> String {
        let named = self.first("cn").map(str::to_owned);
        named.unwrap_or_else(|| parts(&self.dn).into_iter().next().unwrap_or_default().1)
    }

    /// The primary address: the one that `mail` or the first `SMTP:` names.
    fn address(&self) -> Option<&str> {
        let primary = |value: &'_ &str| value.starts_with("SMTP:");
        let proxy = self.values("proxyAddresses").find(primary);
        proxy
            .and_then(|value| value.get(5..))
            .or(self.first("mail"))
    }

    fn kind(&self) -> Option<Kind> {
        if self.is_of("msExchDynamicDistributionList") {
            Some(Kind::DynamicDistributionGroup)
        } else if self.is_of("group") || self.is_of("groupOfNames") {
            Some(Kind::DistributionGroup)
        } else if self.is_of("contact") {
            Some(Kind::MailContact)
        } else if self.is_of("user") || self.is_of("person") || self.is_of("inetOrgPerson") {
            Some(match self.first("targetAddress") {
                Some(_) => Kind::MailUser,
                None => Kind::Mailbox,
            })
        } else {
            None
        }
    }
}

pub(super) fn read(
    table: &str,
    stored: &[&Object],
    is_list: impl Fn(Kind, &str) -> bool,
) -> Result<Vec<Entry>, Vec<FieldError>> {
    let raw = records(table)?;
    // Who is a member is said by the name of an entry, here or stored.
    let mut addresses: HashMap<String, String> = HashMap::new();
    for object in stored {
        if let Some(recipient) = object.spec.recipient() {
            addresses.insert(object.name.to_lowercase(), recipient.address().to_string());
        }
    }
    for one in &raw {
        if let Some(address) = one.address() {
            addresses.insert(one.dn.to_lowercase(), address.to_owned());
        }
    }
    let mut columns: Vec<String> = Vec::new();
    let mut add = |field: String| {
        if !columns.contains(&field) {
            columns.push(field);
        }
    };
    for one in &raw {
        one.attributes
            .iter()
            .filter_map(|(name, _)| field(name))
            .for_each(&mut add);
        if one.first(OUTSIDE_MEMBER).is_some() {
            add("members".to_owned());
        }
        if one.first(DETAILS_ATTRIBUTE).is_some() {
            add("type".to_owned());
        }
    }
    if raw.iter().any(|one| unit(&one.dn).is_some()) {
        add("organizational_unit".to_owned());
    }
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for one in &raw {
        // Containers, computers and the like are in every export of a directory.
        let (Some(kind), Some(_)) = (one.kind(), one.address()) else {
            continue;
        };
        let mut fields = Vec::new();
        for column in &columns {
            match values(one, kind, column, &addresses) {
                Ok(mut values) => {
                    // Of several titles the first is the one that programs show.
                    if !is_list(kind, column) {
                        values.truncate(1);
                    }
                    fields.push((column.clone(), values));
                }
                Err(error) => problems.push(error),
            }
        }
        entries.push(Entry {
            line: one.line,
            kind,
            name: one.name(),
            fields,
        });
    }
    match problems.is_empty() {
        true => Ok(entries),
        false => Err(problems),
    }
}

/// The values of a field in an entry.
fn values(
    one: &Raw,
    kind: Kind,
    column: &str,
    addresses: &HashMap<String, String>,
) -> Result<Vec<String>, FieldError> {
    let attribute = attribute(column);
    Ok(match column {
        "address" => one.address().map(str::to_owned).into_iter().collect(),
        "proxy_addresses" => one
            .values(&attribute)
            // Addresses of other systems (X500, SIP) are none here.
            .filter(|value| !value.contains(':') || plain(value) != **value)
            .map(plain)
            .filter(|value| Some(value.as_str()) != one.address())
            .collect(),
        "external_address" | "forwarding_address" => one.values(&attribute).map(plain).collect(),
        "manager" => one
            .values(&attribute)
            .map(|dn| {
                parts(dn)
                    .into_iter()
                    .next()
                    .map_or(dn.to_owned(), |(_, name)| name)
            })
            .collect(),
        "members" => {
            let mut members = Vec::new();
            for dn in one.values(&attribute) {
                let name = parts(dn).into_iter().next().unwrap_or_default().1;
                let found = addresses.get(&dn.to_lowercase());
                let found = found.or_else(|| addresses.get(&name.to_lowercase()));
                members.push(found.cloned().ok_or_else(|| {
                    FieldError::new(
                        format!("line {}: member", one.line),
                        format!("{dn} is neither in the text nor a recipient here"),
                        "export it too, or import the members first",
                    )
                })?);
            }
            members.extend(one.values(OUTSIDE_MEMBER).map(plain));
            members
        }
        "type" => {
            let number = one.first(DETAILS_ATTRIBUTE);
            let known = DETAILS
                .iter()
                .find(|(of, _, details)| *of == kind && Some(*details) == number);
            match known {
                Some((_, word, _)) => vec![(*word).to_owned()],
                None => one.values("mailward-type").map(str::to_owned).collect(),
            }
        }
        "organizational_unit" => unit(&one.dn).into_iter().collect(),
        _ => one.values(&attribute).map(str::to_owned).collect(),
    })
}

/// The records of a text.
fn records(table: &str) -> Result<Vec<Raw>, Vec<FieldError>> {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    let mut now: Option<Raw> = None;
    for (line, text) in unfolded(table) {
        if text.is_empty() {
            all.extend(now.take());
            continue;
        }
        if text.starts_with('#') {
            continue;
        }
        let wrong =
            |problem: String, mend: &str| FieldError::new(format!("line {line}"), problem, mend);
        let Some((name, value)) = text.split_once(':') else {
            let shown: String = text.chars().take(60).collect();
            problems.push(wrong(
                format!("{shown:?} is no attribute"),
                "write `attribute: value`",
            ));
            continue;
        };
        let value = match value.strip_prefix(':') {
            Some(coded) => {
                let octets = STANDARD.decode(coded.trim()).ok();
                match octets.map(String::from_utf8) {
                    Some(Ok(text)) => text,
                    // A photograph or a key: no field here takes octets.
                    Some(Err(_)) => continue,
                    None => {
                        problems.push(wrong(
                            format!("the value of {name} is not base64"),
                            "write one colon for plain text",
                        ));
                        continue;
                    }
                }
            }
            None if value.starts_with('<') => {
                problems.push(wrong(
                    format!("{name} stands in another file"),
                    "write the value itself",
                ));
                continue;
            }
            None => value.trim().to_owned(),
        };
        // `cn;lang-de` is `cn` in another language.
        let name = name.split(';').next().unwrap_or_default().trim().to_owned();
        match (name.to_ascii_lowercase().as_str(), &mut now) {
            ("dn", _) => {
                all.extend(now.take());
                now = Some(Raw {
                    line,
                    dn: value,
                    attributes: Vec::new(),
                });
            }
            ("changetype", _) if value != "add" => problems.push(wrong(
                format!("it is a change ({value}), not an entry"),
                "export entries, for instance with `ldapsearch -LLL`",
            )),
            (_, Some(raw)) => raw.attributes.push((name, value)),
            // The version in front, and what a search says at its end.
            (_, None) => {}
        }
    }
    all.extend(now);
    match problems.is_empty() {
        true => Ok(all),
        false => Err(problems),
    }
}

/// Lines with their numbers, those that go on in the next put together.
fn unfolded(table: &str) -> Vec<(u64, String)> {
    let mut lines: Vec<(u64, String)> = Vec::new();
    for (number, line) in (1..).zip(table.lines()) {
        match (line.strip_prefix(' '), lines.last_mut()) {
            (Some(rest), Some((_, last))) if !last.is_empty() => last.push_str(rest),
            _ => lines.push((number, line.to_owned())),
        }
    }
    lines
}

pub(super) fn write(objects: &[&Object]) -> String {
    let mut names: HashMap<String, String> = HashMap::new();
    for object in objects {
        if let Some(recipient) = object.spec.recipient() {
            names.insert(recipient.address().to_string().to_lowercase(), dn(object));
        }
    }
    let by_name: HashMap<String, String> = objects
        .iter()
        .map(|object| (object.name.to_lowercase(), dn(object)))
        .collect();
    let mut text = "version: 1\n".to_owned();
    for object in objects {
        text.push('\n');
        line(&mut text, "dn", &dn(object));
        let kind = object.spec.kind();
        let classes: &[&str] = match kind {
            Kind::MailContact => &["top", "person", "organizationalPerson", "contact"],
            Kind::DistributionGroup => &["top", "group"],
            Kind::DynamicDistributionGroup => &["top", "msExchDynamicDistributionList"],
            _ => &["top", "person", "organizationalPerson", "user"],
        };
        for class in classes {
            line(&mut text, "objectClass", class);
        }
        line(&mut text, "cn", &object.name);
        for (field, values) in values_of(object) {
            for value in &values {
                let lower = value.to_lowercase();
                match field.as_str() {
                    "organizational_unit" => {}
                    "address" => {
                        line(&mut text, "mail", value);
                        line(&mut text, "proxyAddresses", &format!("SMTP:{value}"));
                    }
                    "proxy_addresses" => {
                        line(&mut text, "proxyAddresses", &format!("smtp:{value}"))
                    }
                    "external_address" | "forwarding_address" => {
                        line(&mut text, &attribute(&field), &format!("SMTP:{value}"));
                    }
                    "hidden" | "deliver_and_forward" | "require_sender_authentication_enabled" => {
                        line(&mut text, &attribute(&field), &value.to_uppercase());
                    }
                    "members" => match names.get(&lower) {
                        Some(dn) => line(&mut text, "member", dn),
                        None => line(&mut text, OUTSIDE_MEMBER, value),
                    },
                    "manager" => match by_name.get(&lower) {
                        Some(dn) => line(&mut text, "manager", dn),
                        None => line(&mut text, "manager", &format!("cn={}", escaped(value))),
                    },
                    "type" => {
                        let known = DETAILS
                            .iter()
                            .find(|(of, word, _)| *of == kind && word == value);
                        match known {
                            Some((_, _, number)) => line(&mut text, DETAILS_ATTRIBUTE, number),
                            None => line(&mut text, "mailward-type", value),
                        }
                    }
                    _ => line(&mut text, &attribute(&field), value),
                }
            }
        }
    }
    text
}

/// The name of a recipient in a directory.
fn dn(object: &Object) -> String {
    let mut dn = format!("cn={}", escaped(&object.name));
    let unit = object
        .spec
        .recipient()
        .and_then(|one| one.organizational_unit().cloned());
    let unit = unit.map(|unit| unit.to_string());
    if let Some((domain, units)) = unit.as_deref().and_then(|unit| unit.split_once('/')) {
        for unit in units.rsplit('/') {
            let _ = write!(dn, ",ou={}", escaped(unit));
        }
        for label in domain.split('.') {
            let _ = write!(dn, ",dc={}", escaped(label));
        }
    } else if let Some(domain) = unit {
        let _ = write!(dn, ",ou={}", escaped(&domain));
    }
    dn
}

/// A value as it stands in a name (RFC 4514 §2.4).
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        let is_edge = at == 0 || at + c.len_utf8() == value.len();
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=')
            || (c == '#' && at == 0)
            || (c == ' ' && is_edge)
        {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// One attribute, in base64 where it must be (RFC 2849: SAFE-STRING), folded.
fn line(text: &mut String, attribute: &str, value: &str) {
    let is_safe = value.is_ascii()
        && !value.contains(['\0', '\n', '\r'])
        && !value.starts_with([' ', ':', '<'])
        && !value.ends_with(' ');
    let whole = match is_safe {
        true => format!("{attribute}: {value}"),
        false => format!("{attribute}:: {}", STANDARD.encode(value)),
    };
    let mut rest = whole.as_str();
    let mut width = LINE_OCTETS;
    while let Some((now, later)) = rest
        .split_at_checked(width)
        .filter(|(_, later)| !later.is_empty())
    {
        text.push_str(now);
        text.push_str("\n ");
        rest = later;
        width = LINE_OCTETS - 1;
    }
    text.push_str(rest);
    text.push('\n');
}
