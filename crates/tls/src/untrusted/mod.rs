//! Distrust: certificates that are refused wherever they are shown, before any other verdict.
//!
//! [`Untrusted`] is the list in force, swapped whole; every configuration that checks a peer holds
//! one and asks it first, whatever else it checks. Whoever holds an open session keeps what the
//! peer showed ([`PeerPath`]) and asks again when the list [changes](Untrusted::changed), because a
//! handshake is made once and a session may last for hours. A resumed session makes no full
//! handshake: it is asked about as well, once it stands.
//!
//! Never here: chains, names, dates. A certificate that is not on the list is not thereby trusted.

pub(crate) mod built_in;
pub mod feed;
pub mod filter;
pub(crate) mod identity;
mod list;
pub mod mark;

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::{ArcSwap, ArcSwapOption};
use mailward_model::kind::UntrustedCertificate;
use rustls::{CertificateError, CommonState, Error, OtherError};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::sync::{mpsc, watch};

pub use built_in::all as built_in;
pub use filter::{Revocation, Uncovered};
pub use list::{By, Entry, Hit, Known, Layer, Origin, UntrustedList};

use crate::certificate::CertificateFacts;

/// Certificates of one path that are looked at and kept: a sound one has three or four.
pub const PATH_MAX: usize = 10;

/// Why a peer was refused: a certificate of its path is on the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {place} {subject} (serial {serial}, issuer {issuer}) is untrusted by {by}: {entry}, {reason}"
)]
pub struct Distrusted {
    /// `certificate`, or `intermediate certificate`.
    pub place: &'static str,
    /// Its subject.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// Its serial number.
    pub serial: String,
    /// By what it was recognised.
    pub by: &'static str,
    /// The entry.
    pub entry: String,
    /// Why it is on the list.
    pub reason: String,
}

impl Distrusted {
    fn new<C: AsRef<[u8]>>(hit: &Hit<'_>, path: &[C]) -> Distrusted {
        let der = path.get(hit.depth).map(AsRef::as_ref).unwrap_or_default();
        let facts = CertificateFacts::of_der(&CertificateDer::from(der)).unwrap_or_default();
        Distrusted {
            place: match hit.depth {
                0 => "certificate",
                _ => "intermediate certificate",
            },
            subject: facts.subject,
            issuer: facts.issuer,
            serial: facts.serial,
            by: hit.by.describe(),
            entry: hit.entry.name.clone(),
            reason: hit.entry.reason.clone(),
        }
    }

    /// The refusal in an error of a handshake, where it is one.
    pub fn of_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Distrusted> {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        if let Some(Error::InvalidCertificate(CertificateError::Other(OtherError(inner)))) =
            error.downcast_ref()
        {
            return Distrusted::of_error(inner.as_ref());
        }
        // An I/O error gives what it wraps by get_ref, and that one's cause by source.
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return io.get_ref().and_then(|inner| Distrusted::of_error(inner));
        }
        error.source().and_then(Distrusted::of_error)
    }

    /// The refusal as an error of the handshake.
    pub(crate) fn into_error(self) -> Error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(self))))
    }
}

/// The certificates of a text, in its order (RFC 7468 §5).
///
/// # Errors
/// What is wrong with the text.
pub fn pem_certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}

/// The list in force. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Untrusted(Arc<Inner>);

struct Inner {
    list: ArcSwap<UntrustedList>,
    changes: watch::Sender<u64>,
    /// Who wants to see what peers show.
    shown: ArcSwapOption<mpsc::Sender<PeerPath>>,
    said: Said,
}

/// How often filters said what.
#[derive(Default)]
struct Said {
    not_covered: AtomicU64,
    not_revoked: AtomicU64,
    revoked: AtomicU64,
}

impl Said {
    fn count(&self, said: Revocation) {
        let counter = match said {
            Revocation::NotCovered(_) => &self.not_covered,
            Revocation::NotRevoked => &self.not_revoked,
            Revocation::Revoked => &self.revoked,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What revocation filters said of the certificates that peers showed in handshakes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RevocationCounts {
    /// Peers of whose certificate they said nothing.
    pub not_covered: u64,
    /// Peers whose certificate is not revoked.
    pub not_revoked: u64,
    /// Handshakes refused because it is.
    pub revoked: u64,
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Untrusted")
            .field("entries", &self.0.list.load().len())
            .finish()
    }
}

impl Default for Untrusted {
    /// The entries that are built in.
    fn default() -> Self {
        Untrusted(Arc::new(Inner {
            list: ArcSwap::from_pointee(UntrustedList::new([])),
            changes: watch::Sender::new(0),
            shown: ArcSwapOption::empty(),
            said: Said::default(),
        }))
    }
}

impl Untrusted {
    /// The list of this process. A process serves the objects of one node: whatever configuration is
    /// made anywhere in it asks this list, unless it is given another one.
    pub fn of_process() -> Untrusted {
        static OF_PROCESS: OnceLock<Untrusted> = OnceLock::new();
        OF_PROCESS.get_or_init(Untrusted::default).clone()
    }

    /// The list now.
    pub fn list(&self) -> Arc<UntrustedList> {
        self.0.list.load_full()
    }

    /// Puts another list in force: the next handshake is judged by it, and whoever waits for
    /// [changes](Self::changed) is woken.
    pub fn replace<'a>(
        &self,
        entries: impl IntoIterator<Item = (&'a str, &'a UntrustedCertificate)>,
    ) {
        self.put(UntrustedList::new(entries));
    }

    /// Puts this list in force, as [`replace`](Self::replace) does.
    pub fn put(&self, list: UntrustedList) {
        self.0.list.store(Arc::new(list));
        self.0.changes.send_modify(|count| *count += 1);
    }

    /// Looks at every certificate of a path, leaf first.
    ///
    /// # Errors
    /// [`Distrusted`] for the first that is on the list.
    pub fn check<C: AsRef<[u8]>>(&self, path: &[C]) -> Result<(), Box<Distrusted>> {
        self.weigh(path).0
    }

    /// The entry that names a certificate of this path of our own, leaf first. That all certificates
    /// of an issuer are refused while its list is stale says nothing against it: peers are told apart by
    /// it, and our own would be kept back only because a server of lists does not answer.
    pub fn named<C: AsRef<[u8]>>(&self, path: &[C]) -> Option<String> {
        let list = self.0.list.load();
        let looked_at = path.get(..path.len().min(PATH_MAX)).unwrap_or_default();
        let hit = list.find_named(looked_at)?;
        Some(hit.entry.name.clone())
    }

    /// The same, and what filters say of the leaf, where there are some.
    fn weigh<C: AsRef<[u8]>>(
        &self,
        path: &[C],
    ) -> (Result<(), Box<Distrusted>>, Option<Revocation>) {
        let list = self.0.list.load();
        let looked_at = path.get(..path.len().min(PATH_MAX)).unwrap_or_default();
        let weighed = list.weigh(looked_at);
        let found = match weighed.hit {
            None => Ok(()),
            Some(hit) => Err(Box::new(Distrusted::new(&hit, looked_at))),
        };
        (found, weighed.leaf)
    }

    /// The same, for whoever verifies certificates by himself.
    ///
    /// # Errors
    /// [`Distrusted`], as an error of the handshake.
    pub fn verify<C: AsRef<[u8]>>(&self, path: &[C]) -> Result<(), Error> {
        let (found, said) = self.weigh(path);
        found.map_err(|distrusted| {
            // Whoever is not refused is counted when the handshake stands.
            said.into_iter().for_each(|said| self.0.said.count(said));
            distrusted.into_error()
        })
    }

    /// What filters said in the handshakes of this process.
    pub fn revocations(&self) -> RevocationCounts {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let said = &self.0.said;
        RevocationCounts {
            not_covered: count(&said.not_covered),
            not_revoked: count(&said.not_revoked),
            revoked: count(&said.revoked),
        }
    }

    /// Looks at what the peer of a connection showed, in this handshake or in the one that is
    /// resumed.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_peer(&self, connection: &CommonState) -> Result<PeerPath, Box<Distrusted>> {
        let path = PeerPath::of(connection);
        let (found, said) = self.weigh(&path.0);
        if !path.is_empty() {
            said.into_iter().for_each(|said| self.0.said.count(said));
        }
        found?;
        if let Some(shown) = &*self.0.shown.load()
            && !path.is_empty()
        {
            // Who cannot keep up sees the next one.
            let _ = shown.try_send(path.clone());
        }
        Ok(path)
    }

    /// From now on, gets what peers show that are not refused; some are left out where they come faster
    /// than they are taken. One listener at a time.
    pub fn listen(&self, room: usize) -> mpsc::Receiver<PeerPath> {
        let (sender, receiver) = mpsc::channel(room.max(1));
        self.0.shown.store(Some(Arc::new(sender)));
        receiver
    }

    /// Counts the lists that were in force.
    pub fn generation(&self) -> u64 {
        *self.0.changes.borrow()
    }

    /// Wakes at every change from now on.
    pub fn changed(&self) -> Changes {
        Changes(self.0.changes.subscribe())
    }
}

/// Waits for changes of the list. A clone has seen what its original has.
#[derive(Debug, Clone)]
pub struct Changes(watch::Receiver<u64>);

impl Changes {
    /// Resolves when the list has changed since this was made, or since it last resolved.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            // The list is gone, and will not change any more.
            std::future::pending::<()>().await;
        }
    }
}

/// What a peer showed, kept while its session lasts. Empty where it showed nothing.
#[derive(Debug, Clone, Default)]
pub struct PeerPath(Arc<[CertificateDer<'static>]>);

impl PeerPath {
    /// What the peer of a connection showed.
    pub fn of(connection: &CommonState) -> PeerPath {
        let shown = connection.peer_certificates().unwrap_or_default();
        PeerPath(
            shown
                .iter()
                .take(PATH_MAX)
                .map(|certificate| certificate.clone().into_owned())
                .collect(),
        )
    }

    /// True where it showed nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Leaf first.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }

    /// What the tracking log keeps of it: see [`mark`].
    pub fn marks(&self) -> String {
        mark::of(&self.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair, SerialNumber};

    use super::*;

    /// The issuer of the nine, attribute by attribute.
    pub(crate) const USERTRUST: &[(&str, &str)] = &[
        ("C", "US"),
        ("ST", "UT"),
        ("L", "Salt Lake City"),
        ("O", "The USERTRUST Network"),
        ("OU", "http://www.usertrust.com"),
        ("CN", "UTN-USERFirst-Hardware"),
    ];

    /// A certificate with this serial number, by a root of our own that goes by this name.
    pub(crate) fn look_alike(issuer: &[(&str, &str)], serial: &str) -> Vec<u8> {
        let mut name = DistinguishedName::new();
        for (kind, value) in issuer {
            let kind = match *kind {
                "C" => DnType::CountryName,
                "ST" => DnType::StateOrProvinceName,
                "L" => DnType::LocalityName,
                "O" => DnType::OrganizationName,
                "OU" => DnType::OrganizationalUnitName,
                _ => DnType::CommonName,
            };
            name.push(kind, *value);
        }
        let key = KeyPair::generate().unwrap();
        let mut root = CertificateParams::default();
        root.distinguished_name = name;
        let issuer = Issuer::new(root, key);
        let serial: mailward_model::kind::SerialNumber = serial.parse().unwrap();
        let mut leaf = CertificateParams::new(vec!["www.google.com".to_owned()]).unwrap();
        leaf.serial_number = Some(SerialNumber::from_slice(serial.octets()));
        let key = KeyPair::generate().unwrap();
        leaf.signed_by(&key, &issuer).unwrap().der().to_vec()
    }

    #[tokio::test]
    async fn a_new_list_is_in_force_at_once_and_wakes_who_waits() {
        let untrusted = Untrusted::default();
        let mut changes = untrusted.changed();
        let der = look_alike(&[("CN", "Example CA")], "0a");
        assert_eq!(untrusted.check(&[&der]), Ok(()));
        let entry = UntrustedCertificate {
            issuer: Some("cn=Example CA".to_owned()),
            serial: "0A".parse().ok(),
            reason: "a test".to_owned(),
            ..UntrustedCertificate::default()
        };
        untrusted.replace([("mine", &entry)]);
        changes.next().await;
        let refused = untrusted.check(&[&der]).unwrap_err();
        assert_eq!(
            (refused.entry.as_str(), refused.serial.as_str()),
            ("mine", "0a")
        );
        // Through the library's error and an I/O error around it.
        let error = std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            refused.clone().into_error(),
        );
        assert_eq!(Distrusted::of_error(&error), Some(&*refused));
        untrusted.replace([]);
        assert_eq!(untrusted.check(&[&der]), Ok(()));
    }
}
