//! The list itself: entries by issuer and serial number, by SHA-256 of the certificate and by
//! SHA-256 of the key, and the question whether a path holds one of them.
//!
//! An immutable value: a change makes a new list. Asking costs the same however long it is.

use std::collections::HashMap;

use mailward_model::kind::{Sha256, UntrustedCertificate};
use ring::digest;

use super::identity::{Identity, canonical, canonical_text};

/// Octets that most names have in their canonical form.
const NAME_OCTETS: usize = 256;

/// What an entry says, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The object's name; for those built in, the name they go by.
    pub name: String,
    /// Why it is refused.
    pub reason: String,
    /// True where it is built into the program.
    pub built_in: bool,
}

/// By what a certificate was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Its issuer and serial number.
    IssuerAndSerial,
    /// Its SHA-256.
    Sha256,
    /// The SHA-256 of its key.
    Key,
}

impl By {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            By::IssuerAndSerial => "its issuer and serial number",
            By::Sha256 => "its SHA-256",
            By::Key => "its key",
        }
    }
}

/// A certificate that is on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// By what it was recognised.
    pub by: By,
    /// Where it stands in the path: 0 is the leaf.
    pub depth: usize,
}

/// Number of an entry.
type No = u32;
/// Serial numbers of one issuer.
type Serials = HashMap<Box<[u8]>, No>;

/// What is known of a certificate beforehand, where its octets are gone: from a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// SHA-256 of the certificate.
    pub sha256: Option<Sha256>,
    /// SHA-256 of its key.
    pub spki_sha256: Option<Sha256>,
    /// Its issuer, as RFC 4514 writes it.
    pub issuer: String,
    /// Its serial number's octets, without zeros before them.
    pub serial: Vec<u8>,
}

/// The list.
#[derive(Debug, Clone, Default)]
pub struct UntrustedList {
    entries: Vec<Entry>,
    by_issuer: HashMap<Box<[u8]>, Serials>,
    by_sha256: HashMap<[u8; 32], No>,
    by_key: HashMap<[u8; 32], No>,
    /// Entries whose issuer's name cannot be read.
    unreadable: Vec<String>,
}

impl UntrustedList {
    /// A list of these entries, and those built in before them.
    pub fn new<'a>(entries: impl IntoIterator<Item = (&'a str, &'a UntrustedCertificate)>) -> Self {
        let mut list = UntrustedList::default();
        for (name, certificate) in super::built_in::all() {
            list.add(name, &certificate, true);
        }
        for (name, certificate) in entries {
            list.add(name, certificate, false);
        }
        list
    }

    fn add(&mut self, name: &str, certificate: &UntrustedCertificate, built_in: bool) {
        let no = No::try_from(self.entries.len()).unwrap_or(No::MAX);
        self.entries.push(Entry {
            name: name.to_owned(),
            reason: certificate.reason.clone(),
            built_in,
        });
        if let (Some(issuer), Some(serial)) = (&certificate.issuer, &certificate.serial) {
            match canonical_text(issuer) {
                Some(issuer) => {
                    let serials = self.by_issuer.entry(issuer.into()).or_default();
                    serials.entry(serial.octets().into()).or_insert(no);
                }
                None => self.unreadable.push(name.to_owned()),
            }
        }
        if let Some(Sha256(digest)) = certificate.sha256 {
            self.by_sha256.entry(digest).or_insert(no);
        }
        if let Some(Sha256(digest)) = certificate.spki_sha256 {
            self.by_key.entry(digest).or_insert(no);
        }
    }

    /// How many entries there are, those built in among them.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True where there is none; those built in always are.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Names of the entries whose issuer's name has an attribute of a type that is not known: they
    /// refuse by their digests alone.
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// The first certificate of a path, leaf first, that is on the list.
    pub fn find<C: AsRef<[u8]>>(&self, path: impl IntoIterator<Item = C>) -> Option<Hit<'_>> {
        let mut name = Vec::new();
        path.into_iter()
            .enumerate()
            .find_map(|(depth, certificate)| {
                self.look(certificate.as_ref(), &mut name)
                    .map(|(no, by)| (no, by, depth))
            })
            .and_then(|(no, by, depth)| self.hit(no, by, depth))
    }

    fn hit(&self, no: No, by: By, depth: usize) -> Option<Hit<'_>> {
        let entry = self.entries.get(usize::try_from(no).ok()?)?;
        Some(Hit { entry, by, depth })
    }

    fn look(&self, certificate: &[u8], name: &mut Vec<u8>) -> Option<(No, By)> {
        let sha256 = |octets: &[u8]| {
            let digest = digest::digest(&digest::SHA256, octets);
            <[u8; 32]>::try_from(digest.as_ref()).ok()
        };
        // A digest costs more than all the rest, and lists without digests are common.
        if !self.by_sha256.is_empty()
            && let Some(no) = sha256(certificate).and_then(|digest| self.by_sha256.get(&digest))
        {
            return Some((*no, By::Sha256));
        }
        let identity = Identity::of(certificate)?;
        if !self.by_key.is_empty()
            && let Some(no) = sha256(identity.spki).and_then(|digest| self.by_key.get(&digest))
        {
            return Some((*no, By::Key));
        }
        name.clear();
        name.reserve(NAME_OCTETS);
        canonical(identity.issuer, name).then_some(())?;
        let no = self
            .by_issuer
            .get(name.as_slice())?
            .get(identity.bare_serial())?;
        Some((*no, By::IssuerAndSerial))
    }

    /// The first certificate on the list of a path of which only this is known any more.
    pub fn find_known(&self, path: &[Known]) -> Option<Hit<'_>> {
        path.iter().enumerate().find_map(|(depth, known)| {
            let digest = |digest: &Option<Sha256>, map: &HashMap<[u8; 32], No>| {
                digest.and_then(|Sha256(digest)| map.get(&digest).copied())
            };
            if let Some(no) = digest(&known.sha256, &self.by_sha256) {
                return self.hit(no, By::Sha256, depth);
            }
            if let Some(no) = digest(&known.spki_sha256, &self.by_key) {
                return self.hit(no, By::Key, depth);
            }
            let issuer = canonical_text(&known.issuer)?;
            let no = self
                .by_issuer
                .get(issuer.as_slice())?
                .get(known.serial.as_slice())?;
            self.hit(*no, By::IssuerAndSerial, depth)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::untrusted::tests::{USERTRUST, look_alike};

    #[test]
    fn a_serial_counts_only_under_its_issuer() {
        let list = UntrustedList::new([]);
        let serial = "F5C86AF36162F13A64F54F6DC9587C06";
        let listed = look_alike(USERTRUST, serial);
        let hit = list.find([&listed]).unwrap();
        assert_eq!(hit.by, By::IssuerAndSerial);
        assert!(hit.entry.built_in && hit.entry.name.contains("www.google.com"));
        let other: Vec<(&str, &str)> = USERTRUST
            .iter()
            .map(|(kind, value)| match *kind {
                "CN" => ("CN", "Another Hardware CA"),
                _ => (*kind, *value),
            })
            .collect();
        assert_eq!(list.find([look_alike(&other, serial)]), None);
        // The listed issuer, a serial one off.
        let near = look_alike(USERTRUST, "F5C86AF36162F13A64F54F6DC9587C07");
        assert_eq!(list.find([&near]), None);
        assert_eq!(list.find([&near, &listed]).unwrap().depth, 1);
    }

    #[test]
    fn digests_of_certificate_and_key_count_by_themselves() {
        let der = look_alike(&[("CN", "Example CA")], "77");
        let identity = Identity::of(&der).unwrap();
        let sha256 = |octets: &[u8]| {
            let digest = digest::digest(&digest::SHA256, octets);
            Some(Sha256(digest.as_ref().try_into().unwrap()))
        };
        let entry = |change: fn(&mut UntrustedCertificate, Option<Sha256>), digest| {
            let mut entry = UntrustedCertificate {
                reason: "x".to_owned(),
                ..UntrustedCertificate::default()
            };
            change(&mut entry, digest);
            UntrustedList::new([("mine", &entry)])
        };
        let by = |list: &UntrustedList| list.find([&der]).map(|hit| hit.by);
        let whole = entry(|e, digest| e.sha256 = digest, sha256(&der));
        assert_eq!(by(&whole), Some(By::Sha256));
        let key = entry(|e, digest| e.spki_sha256 = digest, sha256(identity.spki));
        assert_eq!(by(&key), Some(By::Key));
        let crossed = entry(|e, digest| e.sha256 = digest, sha256(identity.spki));
        assert_eq!(by(&crossed), None);
        let known = Known {
            sha256: sha256(&der),
            spki_sha256: sha256(identity.spki),
            issuer: "CN=example ca".to_owned(),
            serial: identity.bare_serial().to_owned(),
        };
        let found = |list: &UntrustedList| {
            let hit = list.find_known(std::slice::from_ref(&known));
            hit.map(|hit| hit.by)
        };
        assert_eq!(found(&whole), Some(By::Sha256));
        assert_eq!(found(&key), Some(By::Key));
        assert_eq!(found(&crossed), None);
    }

    #[test]
    fn an_entry_whose_issuer_cannot_be_read_is_told() {
        let entry = UntrustedCertificate {
            issuer: Some("XYZ=1".to_owned()),
            serial: "1".parse().ok(),
            reason: "x".to_owned(),
            ..UntrustedCertificate::default()
        };
        assert_eq!(UntrustedList::new([("odd", &entry)]).unreadable(), ["odd"]);
    }
}
