//! An entry of a directory, as it was read.

use ldap3_proto::proto::LdapSearchResultEntry;

/// An entry: its name, and its attributes with their values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The distinguished name.
    pub dn: String,
    attributes: Vec<(Box<str>, Vec<Vec<u8>>)>,
}

impl Entry {
    /// An entry with these values.
    pub fn new<'a>(dn: &str, values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Entry {
        let mut entry = Entry {
            dn: dn.to_owned(),
            attributes: Vec::new(),
        };
        for (name, value) in values {
            entry.add(name, vec![value.as_bytes().to_vec()]);
        }
        entry
    }

    /// Adds values to an attribute.
    pub fn add(&mut self, name: &str, values: Vec<Vec<u8>>) {
        let known = self
            .attributes
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match known {
            Some((_, all)) => all.extend(values),
            None => self.attributes.push((name.into(), values)),
        }
    }

    /// Takes an attribute away.
    pub fn take(&mut self, name: &str) -> Vec<Vec<u8>> {
        let at = self
            .attributes
            .iter()
            .position(|(known, _)| known.eq_ignore_ascii_case(name));
        at.map_or_else(Vec::new, |at| self.attributes.swap_remove(at).1)
    }

    /// The names of its attributes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(name, _)| &**name)
    }

    /// Its attributes, each with its values as they came.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &[Vec<u8>])> {
        self.attributes
            .iter()
            .map(|(name, values)| (&**name, values.as_slice()))
    }

    /// The values of an attribute that are text, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.octets(name)
            .filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// The first value of an attribute that is text.
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.values(name).next()
    }

    /// The values of an attribute as they came.
    pub fn octets<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.attributes
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .flat_map(|(_, values)| values.iter().map(Vec::as_slice))
    }
}

impl From<LdapSearchResultEntry> for Entry {
    fn from(found: LdapSearchResultEntry) -> Entry {
        let mut entry = Entry {
            dn: found.dn,
            attributes: Vec::with_capacity(found.attributes.len()),
        };
        for attribute in found.attributes {
            entry
                .attributes
                .push((attribute.atype.into(), attribute.vals));
        }
        entry
    }
}
