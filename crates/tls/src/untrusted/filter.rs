//! Revocation filters (CRLite, as `clubcard-crlite` reads them): of a certificate that a public
//! authority issued they say that it is revoked, that it is not, or that it is not covered.
//!
//! A filter speaks for issuers, known by SHA-256 of their keys, and for the times at which logs of
//! Certificate Transparency were shown what they issued. A certificate that carries no time of a log
//! (SCT), was logged later, or is of another issuer is not covered. Several filters are asked together,
//! a whole one and those that only add: what one of them says is revoked is revoked.
//!
//! Of the crate `upki`, which publishes such filters, only the form is used. Its own question reads a
//! file of some megabytes for each certificate it is asked about, and it brings the next version of the
//! verifier with it.
//!
//! Never here: where a filter is had from, whether it is too old, and whether a certificate is sound.

use std::{collections::HashMap, fmt};

use clubcard_crlite::{CRLiteClubcard, CRLiteKey, CRLiteStatus, IssuerSpkiHash, LogId, Timestamp};
use ring::digest;

use super::identity::{Identity, Logged};

/// Octets of one filter; more is refused before it is read. The whole one for all public authorities
/// has about seven million.
pub const FILTER_OCTETS_MAX: usize = 32 << 20;
/// Octets of all filters of one feed: every role holds them in memory.
pub const FILTERS_OCTETS_MAX: usize = 64 << 20;
/// Filters of one feed: a whole one, and those that were added since.
pub const FILTERS_MAX: usize = 250;
/// No place within a filter is as far from its beginning.
const OFFSET_MAX: usize = 1 << 40;

/// What filters say of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// It is revoked.
    Revoked,
    /// It is not.
    NotRevoked,
    /// Nothing.
    NotCovered(Uncovered),
}

/// Why filters say nothing of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncovered {
    /// It carries no time of a log.
    NotLogged,
    /// The certificate of its issuer is not at hand.
    NoIssuer,
    /// No filter speaks for its issuer.
    NotEnrolled,
    /// It was logged at other times, or elsewhere.
    OutOfTime,
}

impl Revocation {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Revocation::Revoked => "revoked",
            Revocation::NotRevoked => "not revoked",
            Revocation::NotCovered(Uncovered::NotLogged) => {
                "not covered: it carries no time at which a log was shown it (SCT)"
            }
            Revocation::NotCovered(Uncovered::NoIssuer) => {
                "not covered: the certificate of its issuer is not at hand"
            }
            Revocation::NotCovered(Uncovered::NotEnrolled) => {
                "not covered: no filter speaks for its issuer"
            }
            Revocation::NotCovered(Uncovered::OutOfTime) => {
                "not covered: it was logged later than the filters were made, or in other logs"
            }
        }
    }

    /// Whether the filters speak for its issuer and it would be covered, had they been made late enough.
    pub(crate) fn is_spoken_for(self) -> bool {
        matches!(
            self,
            Revocation::NotRevoked | Revocation::NotCovered(Uncovered::OutOfTime)
        )
    }

    /// Which of two is said where an issuer has several keys: the one that says more.
    pub(crate) fn or(self, other: Revocation) -> Revocation {
        let weight = |one: Revocation| match one {
            Revocation::Revoked => 5,
            Revocation::NotRevoked => 4,
            Revocation::NotCovered(Uncovered::OutOfTime) => 3,
            Revocation::NotCovered(Uncovered::NotEnrolled) => 2,
            Revocation::NotCovered(Uncovered::NoIssuer) => 1,
            Revocation::NotCovered(Uncovered::NotLogged) => 0,
        };
        match weight(other) > weight(self) {
            true => other,
            false => self,
        }
    }
}

/// Octets that are no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// They cannot be read.
    #[error("it is no revocation filter of version 3 or 4: {0}")]
    Form(String),
    /// What they say cannot be.
    #[error("it is a damaged revocation filter: {0}")]
    Content(&'static str),
}

/// One filter.
pub(crate) struct Filter(CRLiteClubcard);

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`FilterError`].
    pub(crate) fn read(octets: &[u8]) -> Result<Filter, FilterError> {
        let clubcard = CRLiteClubcard::from_bytes(octets).map_err(|error| {
            let cause = std::error::Error::source(&error);
            FilterError::Form(cause.map_or_else(|| error.to_string(), ToString::to_string))
        })?;
        let inner = clubcard.as_ref();
        // The crate trusts what it has read: a question must not reach beyond the columns there are.
        for (issuer, block) in &inner.index {
            if issuer.len() != digest::SHA256_OUTPUT_LEN {
                return Err(FilterError::Content("an issuer is no SHA-256"));
            }
            if block.approx_filter_rank > inner.approx_filter.len() {
                return Err(FilterError::Content(
                    "a block has more columns than there are",
                ));
            }
            let places = [
                block.approx_filter_m,
                block.approx_filter_offset,
                block.exact_filter_m,
                block.exact_filter_offset,
            ];
            if places.iter().any(|place| *place > OFFSET_MAX) {
                return Err(FilterError::Content("a block begins beyond every end"));
            }
        }
        Ok(Filter(clubcard))
    }

    fn issuers(&self) -> impl Iterator<Item = [u8; 32]> {
        let issuers = self.0.index().keys();
        issuers.filter_map(|issuer| issuer.as_slice().try_into().ok())
    }
}

/// An issuer whose certificate no peer sends: a root of this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIssuer {
    /// The content of its name.
    pub subject: Vec<u8>,
    /// SHA-256 of its key.
    pub spki_sha256: [u8; 32],
}

impl KnownIssuer {
    /// By the content of its name and that of its SubjectPublicKeyInfo.
    pub fn new(subject: &[u8], spki: &[u8]) -> KnownIssuer {
        let mut head = vec![0x30];
        match u16::try_from(spki.len()) {
            Ok(length @ 0..=0x7f) => head.extend(length.to_be_bytes().get(1)),
            Ok(length @ 0x80..=0xff) => {
                head.push(0x81);
                head.extend(length.to_be_bytes().get(1));
            }
            length => {
                head.push(0x82);
                head.extend(length.unwrap_or(u16::MAX).to_be_bytes());
            }
        }
        KnownIssuer {
            subject: subject.to_vec(),
            spki_sha256: sha256(&[&head, spki]),
        }
    }
}

/// What filters speak of, together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Issuers.
    pub issuers: u64,
    /// Logs.
    pub logs: u64,
    /// The last moment at which a certificate may have been logged that is covered.
    pub until_unix_ms: u64,
}

/// Filters that are asked together.
#[derive(Default)]
pub struct Filters {
    filters: Vec<Filter>,
    /// Which filters speak for an issuer.
    enrolled: HashMap<[u8; 32], Vec<u16>>,
    known: Vec<KnownIssuer>,
}

impl fmt::Debug for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filters")
            .field("filters", &self.filters.len())
            .field("issuers", &self.enrolled.len())
            .finish()
    }
}

impl Filters {
    /// Adds a filter.
    ///
    /// # Errors
    /// [`FilterError`]; nothing was added then.
    pub fn add(&mut self, octets: &[u8]) -> Result<(), FilterError> {
        let filter = Filter::read(octets)?;
        let no = u16::try_from(self.filters.len())
            .map_err(|_| FilterError::Content("there are too many filters"))?;
        for issuer in filter.issuers() {
            self.enrolled.entry(issuer).or_default().push(no);
        }
        self.filters.push(filter);
        Ok(())
    }

    /// Adds issuers whose certificates peers do not send; those are kept that a filter speaks for.
    pub fn know(&mut self, issuers: impl IntoIterator<Item = KnownIssuer>) {
        let mut issuers: Vec<KnownIssuer> = issuers.into_iter().collect();
        issuers.retain(|one| self.enrolled.contains_key(&one.spki_sha256));
        self.known = issuers;
    }

    /// Those issuers.
    pub fn known(&self) -> &[KnownIssuer] {
        &self.known
    }

    /// What they speak of.
    pub fn coverage(&self) -> Coverage {
        let mut logs: HashMap<[u8; 32], u64> = HashMap::new();
        for filter in &self.filters {
            for (log, times) in filter.0.universe().iter() {
                let until = logs.entry(log.0).or_default();
                *until = (*until).max(times.high.0);
            }
        }
        Coverage {
            issuers: self.enrolled.len() as u64,
            logs: logs.len() as u64,
            until_unix_ms: logs.values().copied().max().unwrap_or_default(),
        }
    }

    /// What they say of the certificate at a place of a path, the others of which may be its issuer's.
    ///
    /// Every one that goes by the issuer's name is tried: a peer may put another one in between that
    /// goes by the same name.
    pub fn say<C: AsRef<[u8]>>(&self, path: &[C], at: usize) -> Revocation {
        let identity = path.get(at).and_then(|it| Identity::of(it.as_ref()));
        let Some(identity) = identity else {
            return Revocation::NotCovered(Uncovered::NotLogged);
        };
        let logged = identity.logged();
        if logged.is_empty() {
            return Revocation::NotCovered(Uncovered::NotLogged);
        }
        let others = path.iter().enumerate().filter(|(other, _)| *other != at);
        let shown = others.filter_map(|(_, other)| {
            let other = Identity::of(other.as_ref())?;
            (other.subject == identity.issuer).then(|| sha256(&[other.spki]))
        });
        let known = self
            .known
            .iter()
            .filter(|one| one.subject == identity.issuer);
        let issuers = shown.chain(known.map(|one| one.spki_sha256));
        issuers.fold(
            Revocation::NotCovered(Uncovered::NoIssuer),
            |said, issuer| match said {
                Revocation::Revoked => said,
                _ => said.or(self.say_of(issuer, identity.serial, &logged)),
            },
        )
    }

    /// Of the certificate with this serial number, as DER has it, of the issuer with this key.
    fn say_of(&self, issuer: [u8; 32], serial: &[u8], logged: &[Logged]) -> Revocation {
        let Some(filters) = self.enrolled.get(&issuer) else {
            return Revocation::NotCovered(Uncovered::NotEnrolled);
        };
        let hash = sha256(&[&issuer, serial]);
        let issuer = IssuerSpkiHash(issuer);
        let key = CRLiteKey::with_hash(&issuer, serial, hash);
        let mut said = Revocation::NotCovered(Uncovered::OutOfTime);
        for filter in filters
            .iter()
            .filter_map(|no| self.filters.get(usize::from(*no)))
        {
            let times = logged.iter();
            let times = times.map(|one| (LogId(one.log), Timestamp(one.unix_ms)));
            match filter.0.contains(&key, times) {
                CRLiteStatus::Revoked => return Revocation::Revoked,
                CRLiteStatus::Good => said = Revocation::NotRevoked,
                CRLiteStatus::NotCovered | CRLiteStatus::NotEnrolled => {}
            }
        }
        said
    }
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    // SHA-256 has 32 octets.
    context.finish().as_ref().try_into().unwrap_or_default()
}

/// What the fuzzer calls: any octets as a manifest, and as a filter that is asked about a certificate of
/// each issuer that it names.
///
/// # Panics
/// Where a manifest names a file outside its folder.
pub fn fuzz(octets: &[u8]) {
    if let Ok(manifest) = super::feed::manifest::read(octets) {
        let mut files = manifest.files.iter();
        assert!(
            !files.any(|one| one.name.contains('/')),
            "names stay within the folder"
        );
    }
    let mut filters = Filters::default();
    if filters.add(octets).is_err() {
        return;
    }
    filters.coverage();
    let logs = filters
        .filters
        .iter()
        .flat_map(|one| one.0.universe().iter());
    let logged: Vec<Logged> = logs
        .map(|(log, times)| Logged {
            log: log.0,
            unix_ms: times.low.0,
        })
        .collect();
    for issuer in filters.enrolled.keys() {
        for serial in [&[0x40, 0x07][..], &[], octets] {
            filters.say_of(*issuer, serial, &logged);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
