//! The list itself: entries by issuer and serial number, by SHA-256 of the certificate and by
//! SHA-256 of the key, and the question whether a path holds one of them.
//!
//! An immutable value: a change makes a new list. Asking costs the same however long it is.

use std::{collections::HashMap, sync::Arc};

use mailward_model::kind::{Sha256, UntrustedCertificate};
use ring::digest;

use super::{
    filter::{Filters, Revocation},
    identity::{Identity, canonical, canonical_text},
};

/// Octets that most names have in their canonical form.
const NAME_OCTETS: usize = 256;

/// Where an entry comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The program.
    BuiltIn,
    /// An object.
    Object,
    /// A feed of this name.
    Feed(String),
}

/// What an entry says, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The object's name; for those built in, the name they go by; for those of a feed, the feed's
    /// name before it: `FEED/NAME`.
    pub name: String,
    /// Why it is refused.
    pub reason: String,
    /// Where it comes from.
    pub origin: Origin,
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
    /// Its issuer alone: nobody knows which of its certificates are revoked.
    Issuer,
    /// A revocation filter.
    Filter,
}

impl By {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            By::IssuerAndSerial => "its issuer and serial number",
            By::Sha256 => "its SHA-256",
            By::Key => "its key",
            By::Issuer => "its issuer",
            By::Filter => "a revocation filter",
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

/// Number of an entry within its layer.
pub(crate) type No = u32;
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

/// The entries of one origin, made once and shared by every list they are in.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    entries: Vec<Entry>,
    by_issuer: HashMap<Box<[u8]>, Serials>,
    /// Issuers all of whose certificates are refused.
    whole_issuers: HashMap<Box<[u8]>, No>,
    by_sha256: HashMap<[u8; 32], No>,
    by_key: HashMap<[u8; 32], No>,
    /// Entries whose issuer's name cannot be read.
    unreadable: Vec<String>,
    /// How many CRLs are in it.
    crls: usize,
    filtering: Option<Filtering>,
}

/// Filters, and the entries that refuse by what they say.
#[derive(Debug, Clone)]
struct Filtering {
    filters: Arc<Filters>,
    revoked: No,
    /// The entry that refuses whatever they speak for, where they are stale.
    stale: Option<No>,
}

impl Layer {
    /// Adds an entry that refuses nothing yet.
    pub(crate) fn entry(&mut self, name: String, reason: String, origin: Origin) -> No {
        let no = No::try_from(self.entries.len()).unwrap_or(No::MAX);
        self.entries.push(Entry {
            name,
            reason,
            origin,
        });
        no
    }

    /// Notes how many CRLs are in it.
    pub(crate) fn count_crls(&mut self, crls: usize) {
        self.crls = crls;
    }

    /// Adds an entry for a certificate.
    pub(crate) fn certificate(
        &mut self,
        name: String,
        certificate: &UntrustedCertificate,
        origin: Origin,
    ) {
        if let (Some(issuer), Some(_)) = (&certificate.issuer, &certificate.serial)
            && canonical_text(issuer).is_none()
        {
            self.unreadable.push(name.clone());
        }
        let no = self.entry(name, certificate.reason.clone(), origin);
        if let (Some(issuer), Some(serial)) = (&certificate.issuer, &certificate.serial)
            && let Some(issuer) = canonical_text(issuer)
        {
            self.revoked(&issuer, [serial.octets()], no);
        }
        if let Some(Sha256(digest)) = certificate.sha256 {
            self.by_sha256.entry(digest).or_insert(no);
        }
        if let Some(Sha256(digest)) = certificate.spki_sha256 {
            self.by_key.entry(digest).or_insert(no);
        }
    }

    /// Has an entry refuse certificates with these serial numbers of an issuer, whose name is in its
    /// canonical form.
    pub(crate) fn revoked<'a>(
        &mut self,
        issuer: &[u8],
        serials: impl IntoIterator<Item = &'a [u8]>,
        no: No,
    ) {
        let known = self.by_issuer.entry(issuer.into()).or_default();
        for serial in serials {
            known.entry(serial.into()).or_insert(no);
        }
    }

    /// Has an entry refuse every certificate of an issuer, whose name is in its canonical form.
    pub(crate) fn whole_issuer(&mut self, issuer: &[u8], no: No) {
        self.whole_issuers.entry(issuer.into()).or_insert(no);
    }

    /// Has an entry refuse what filters say is revoked, and `stale` whatever they speak for.
    pub(crate) fn filter(&mut self, filters: Arc<Filters>, revoked: No, stale: Option<No>) {
        self.filtering = Some(Filtering {
            filters,
            revoked,
            stale,
        });
    }

    /// The entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What its filters say of the certificate at a place of a path; `None` where it has none.
    pub fn revocation<C: AsRef<[u8]>>(&self, path: &[C], at: usize) -> Option<Revocation> {
        Some(self.filtering.as_ref()?.filters.say(path, at))
    }

    /// The entry that refuses by what its filters said.
    fn by_filter(&self, said: Revocation, scope: Scope) -> Option<(No, By)> {
        let filtering = self.filtering.as_ref()?;
        match (said, filtering.stale, scope) {
            (Revocation::Revoked, _, _) => Some((filtering.revoked, By::Filter)),
            (said, Some(stale), Scope::All) if said.is_spoken_for() => Some((stale, By::Issuer)),
            _ => None,
        }
    }

    fn by_name(&self, issuer: &[u8], serial: &[u8], scope: Scope) -> Option<(No, By)> {
        let serials = self.by_issuer.get(issuer);
        if let Some(no) = serials.and_then(|serials| serials.get(serial)) {
            return Some((*no, By::IssuerAndSerial));
        }
        let no = self.whole_issuers.get(issuer)?;
        (scope == Scope::All).then_some((*no, By::Issuer))
    }
}

/// Which entries are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// All.
    All,
    /// Those that name a certificate or its key, and not those that refuse whole issuers.
    Named,
}

/// The list: layers, that of the objects first.
#[derive(Debug, Clone, Default)]
pub struct UntrustedList {
    layers: Vec<Arc<Layer>>,
    /// Whether any entry knows certificates by their digest, or by that of their key.
    has_sha256: bool,
    has_key: bool,
    has_name: bool,
    has_filter: bool,
}

/// What a list says of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighed<'a> {
    /// The first certificate that is on it.
    pub(crate) hit: Option<Hit<'a>>,
    /// What filters say of the leaf; `None` where there are none, or it was not their turn.
    pub(crate) leaf: Option<Revocation>,
}

impl UntrustedList {
    /// A list of these entries, and those built in before them.
    pub fn new<'a>(entries: impl IntoIterator<Item = (&'a str, &'a UntrustedCertificate)>) -> Self {
        let mut layer = Layer::default();
        for (name, certificate) in super::built_in::all() {
            layer.certificate(name.to_owned(), &certificate, Origin::BuiltIn);
        }
        for (name, certificate) in entries {
            layer.certificate(name.to_owned(), certificate, Origin::Object);
        }
        UntrustedList::default().with([Arc::new(layer)])
    }

    /// The same list and these layers behind it.
    #[must_use]
    pub fn with(mut self, layers: impl IntoIterator<Item = Arc<Layer>>) -> Self {
        for layer in layers {
            self.has_sha256 |= !layer.by_sha256.is_empty();
            self.has_key |= !layer.by_key.is_empty();
            self.has_name |= !layer.by_issuer.is_empty() || !layer.whole_issuers.is_empty();
            self.has_filter |= layer.filtering.is_some();
            self.layers.push(layer);
        }
        self
    }

    /// How many entries there are, those built in among them.
    pub fn len(&self) -> usize {
        self.layers.iter().map(|layer| layer.entries.len()).sum()
    }

    /// How many CRLs are asked with it.
    pub fn crls(&self) -> usize {
        self.layers.iter().map(|layer| layer.crls).sum()
    }

    /// True where there is none; those built in always are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names of the entries whose issuer's name has an attribute of a type that is not known: they
    /// refuse by their digests alone.
    pub fn unreadable(&self) -> impl Iterator<Item = &str> {
        let layers = self.layers.iter();
        layers.flat_map(|layer| layer.unreadable.iter().map(String::as_str))
    }

    /// The first certificate of a path, leaf first, that is on the list.
    pub fn find<C: AsRef<[u8]>>(&self, path: &[C]) -> Option<Hit<'_>> {
        self.weigh(path).hit
    }

    /// The certificate at a place of a path, where it is on the list; the others may be its issuer's.
    pub fn find_at<C: AsRef<[u8]>>(&self, path: &[C], at: usize) -> Option<Hit<'_>> {
        self.look_at(path, at, Scope::All)
    }

    /// As [`find`](Self::find), without what refuses all certificates of an issuer.
    pub fn find_named<C: AsRef<[u8]>>(&self, path: &[C]) -> Option<Hit<'_>> {
        (0..path.len()).find_map(|at| self.look_at(path, at, Scope::Named))
    }

    fn look_at<C: AsRef<[u8]>>(&self, path: &[C], at: usize, scope: Scope) -> Option<Hit<'_>> {
        self.look(path.get(at)?.as_ref(), at, &mut Vec::new(), scope)
            .or_else(|| self.ask_filters(path, at, scope).hit)
    }

    pub(crate) fn weigh<C: AsRef<[u8]>>(&self, path: &[C]) -> Weighed<'_> {
        let mut name = Vec::new();
        let mut weighed = Weighed {
            hit: None,
            leaf: None,
        };
        for (depth, certificate) in path.iter().enumerate() {
            weighed.hit = self.look(certificate.as_ref(), depth, &mut name, Scope::All);
            if weighed.hit.is_none() && self.has_filter {
                let said = self.ask_filters(path, depth, Scope::All);
                weighed.hit = said.hit;
                if depth == 0 {
                    weighed.leaf = said.leaf;
                }
            }
            if weighed.hit.is_some() {
                break;
            }
        }
        weighed
    }

    /// What the filters of all layers say of one certificate: as the leaf's, wherever it stands.
    fn ask_filters<C: AsRef<[u8]>>(&self, path: &[C], depth: usize, scope: Scope) -> Weighed<'_> {
        let mut weighed = Weighed {
            hit: None,
            leaf: None,
        };
        for layer in &self.layers {
            let Some(said) = layer.revocation(path, depth) else {
                continue;
            };
            weighed.leaf = Some(weighed.leaf.map_or(said, |before| before.or(said)));
            if weighed.hit.is_none() {
                weighed.hit = layer.by_filter(said, scope).and_then(|(no, by)| {
                    let entry = layer.entries.get(usize::try_from(no).ok()?)?;
                    Some(Hit { entry, by, depth })
                });
            }
        }
        weighed
    }

    /// What the first layer that knows it says.
    fn first(&self, depth: usize, known: impl Fn(&Layer) -> Option<(No, By)>) -> Option<Hit<'_>> {
        self.layers.iter().find_map(|layer| {
            let (no, by) = known(layer)?;
            let entry = layer.entries.get(usize::try_from(no).ok()?)?;
            Some(Hit { entry, by, depth })
        })
    }

    fn by_sha256(&self, digest: &[u8; 32], depth: usize) -> Option<Hit<'_>> {
        self.first(depth, |layer| {
            layer.by_sha256.get(digest).map(|no| (*no, By::Sha256))
        })
    }

    fn by_key(&self, digest: &[u8; 32], depth: usize) -> Option<Hit<'_>> {
        self.first(depth, |layer| {
            layer.by_key.get(digest).map(|no| (*no, By::Key))
        })
    }

    fn look(
        &self,
        certificate: &[u8],
        depth: usize,
        name: &mut Vec<u8>,
        scope: Scope,
    ) -> Option<Hit<'_>> {
        let sha256 = |octets: &[u8]| {
            let digest = digest::digest(&digest::SHA256, octets);
            <[u8; 32]>::try_from(digest.as_ref()).ok()
        };
        // A digest costs more than all the rest, and lists without digests are common.
        if self.has_sha256
            && let Some(hit) = sha256(certificate).and_then(|it| self.by_sha256(&it, depth))
        {
            return Some(hit);
        }
        let identity = Identity::of(certificate)?;
        if self.has_key
            && let Some(hit) = sha256(identity.spki).and_then(|it| self.by_key(&it, depth))
        {
            return Some(hit);
        }
        if !self.has_name {
            return None;
        }
        name.clear();
        name.reserve(NAME_OCTETS);
        canonical(identity.issuer, name).then_some(())?;
        self.first(depth, |layer| {
            layer.by_name(name, identity.bare_serial(), scope)
        })
    }

    /// The first certificate on the list of a path of which only this is known any more.
    pub fn find_known(&self, path: &[Known]) -> Option<Hit<'_>> {
        path.iter().enumerate().find_map(|(depth, known)| {
            let of = |digest: &Option<Sha256>| digest.map(|Sha256(digest)| digest);
            of(&known.sha256)
                .and_then(|digest| self.by_sha256(&digest, depth))
                .or_else(|| of(&known.spki_sha256).and_then(|digest| self.by_key(&digest, depth)))
                .or_else(|| {
                    let issuer = canonical_text(&known.issuer)?;
                    self.first(depth, |layer| {
                        layer.by_name(&issuer, &known.serial, Scope::All)
                    })
                })
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
        let hit = list.find(&[&listed]).unwrap();
        assert_eq!(hit.by, By::IssuerAndSerial);
        assert_eq!(hit.entry.origin, Origin::BuiltIn);
        assert!(hit.entry.name.contains("www.google.com"));
        let other: Vec<(&str, &str)> = USERTRUST
            .iter()
            .map(|(kind, value)| match *kind {
                "CN" => ("CN", "Another Hardware CA"),
                _ => (*kind, *value),
            })
            .collect();
        assert_eq!(list.find(&[look_alike(&other, serial)]), None);
        // The listed issuer, a serial one off.
        let near = look_alike(USERTRUST, "F5C86AF36162F13A64F54F6DC9587C07");
        assert_eq!(list.find(&[&near]), None);
        assert_eq!(list.find(&[&near, &listed]).unwrap().depth, 1);
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
        let by = |list: &UntrustedList| list.find(&[&der]).map(|hit| hit.by);
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
    fn our_own_are_kept_back_by_their_name_and_not_by_a_list_that_is_late() {
        let der = look_alike(&[("CN", "Example CA")], "77");
        let mut issuer = Vec::new();
        canonical(Identity::of(&der).unwrap().issuer, &mut issuer);
        let mut late = Layer::default();
        let no = late.entry("CRLs/late".to_owned(), "x".to_owned(), Origin::BuiltIn);
        late.whole_issuer(&issuer, no);
        let list = UntrustedList::new([]).with([Arc::new(late)]);
        assert_eq!(list.find(&[&der]).unwrap().by, By::Issuer);
        assert_eq!(list.find_named(&[&der]), None);
        // What names it counts, also behind a list that is late.
        let mut named = Layer::default();
        let no = named.entry("House/stolen".to_owned(), "x".to_owned(), Origin::BuiltIn);
        named.revoked(&issuer, [&[0x77_u8][..]], no);
        let list = list.with([Arc::new(named)]);
        assert_eq!(list.find(&[&der]).unwrap().by, By::Issuer);
        let hit = list.find_named(&[&der]).unwrap();
        assert_eq!((hit.entry.name.as_str(), hit.depth), ("House/stolen", 0));
        let other = look_alike(&[("CN", "Another CA")], "01");
        assert_eq!(list.find_named(&[&other, &der]).unwrap().depth, 1);
    }

    #[test]
    fn an_entry_whose_issuer_cannot_be_read_is_told() {
        let entry = UntrustedCertificate {
            issuer: Some("XYZ=1".to_owned()),
            serial: "1".parse().ok(),
            reason: "x".to_owned(),
            ..UntrustedCertificate::default()
        };
        let list = UntrustedList::new([("odd", &entry)]);
        assert_eq!(list.unreadable().collect::<Vec<_>>(), ["odd"]);
    }
}
