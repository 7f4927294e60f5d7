//! The certificates of a folder as one immutable value, and how it follows from the files.
//!
//! A certificate and its key are brought together by public key, wherever in the folder each is; the
//! chain is linked by issuer, from the same file first. What is broken is set aside with its reason.
//!
//! Invariant: a certificate that was served goes on being served while its file exists but does not
//! hold a complete pair (being replaced, half written, spoilt). Only its removal, or a complete
//! successor, ends it.

use std::{collections::HashMap, sync::Arc};

use rustls::{crypto::CryptoProvider, sign::CertifiedKey};
use rustls_pki_types::CertificateDer;
use serde::Serialize;

use crate::{
    certificate::{Certificate, CertificateRef, Parsed, parse},
    folder::{Contents, HeldKey},
    server::{asking_config, server_config},
    untrusted::Untrusted,
};

/// Certificates sent to a peer at most; longer chains are not followed further.
const CHAIN_LENGTH_MAX: usize = 10;

/// What kind of problem a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// It cannot be used.
    Unusable,
    /// A certificate without its key; what the file held before stays in use, if it held anything.
    Incomplete,
    /// A private key that everybody on the host may read. It is used all the same.
    Exposed {
        /// The file's permission bits.
        mode: u32,
    },
}

/// A problem of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileProblem {
    /// The file, relative to the folder.
    pub file: String,
    /// What was found, as a sentence without a full stop.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
    /// Its kind.
    pub kind: ProblemKind,
}

/// The certificates held at one moment.
#[derive(Debug, Default)]
pub struct CertificateSet {
    /// Ordered by file.
    pub certificates: Vec<CertificateRef>,
    /// What is wrong with files, ordered by file.
    pub problems: Vec<FileProblem>,
}

/// What a reading of the folder changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Labels of certificates that are new.
    pub added: Vec<String>,
    /// Labels of certificates that are gone.
    pub removed: Vec<String>,
    /// Labels of certificates kept although their file is spoilt or half written.
    pub kept: Vec<String>,
    /// How many certificates are the same as before.
    pub unchanged: u64,
    /// Problems that were not there before.
    pub problems: Vec<FileProblem>,
}

impl Changes {
    /// True where nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.problems.is_empty()
    }
}

impl CertificateSet {
    /// The set that follows from the files, given the one before.
    pub(crate) fn assemble(
        contents: Contents,
        before: &CertificateSet,
        provider: &Arc<CryptoProvider>,
        untrusted: &Untrusted,
    ) -> (CertificateSet, Changes) {
        let mut problems = contents.problems;
        let mut found: Vec<Certificate> = Vec::new();
        // Certificates of every file, so that a chain kept in a file of its own is found.
        let mut pool: Vec<(CertificateDer<'static>, Parsed)> = Vec::new();
        let mut files: Vec<(String, Vec<usize>)> = Vec::new();
        for (file, chain) in contents.certificates {
            let mut indexes = Vec::new();
            for der in chain {
                match parse(&der) {
                    Ok(parsed) => {
                        indexes.push(pool.len());
                        pool.push((der, parsed));
                    }
                    Err(problem) => problems.push(FileProblem {
                        file: file.clone(),
                        problem,
                        mend: "replace the file by what the authority issued".to_owned(),
                        kind: ProblemKind::Unusable,
                    }),
                }
            }
            files.push((file, indexes));
        }
        for (file, indexes) in &files {
            let Some((leaf, key)) = leaf_of(indexes, &pool, &contents.keys) else {
                continue;
            };
            let Some((_, parsed)) = pool.get(leaf) else {
                continue;
            };
            let mut facts = parsed.facts.clone();
            facts.file.clone_from(file);
            facts.key_file = key.map(|key| key.file.clone());
            let chain = chain_of(leaf, indexes, &pool);
            facts.chain_length = chain.len();
            if key.is_none() && !facts.authority {
                problems.push(missing_key(file, &contents.keys));
            }
            let (mut config, mut asking, mut shown) = (None, None, None);
            if let Some(key) = key {
                // The same certificate keeps its configuration, and so its session tickets.
                let known = before.certificates.iter().find(|c| c.chain == chain);
                config = known.and_then(|c| c.server_config());
                asking = known.and_then(|c| c.asking_config());
                // And what was shown to servers, by which their sessions are known.
                shown = known.and_then(|c| c.certified.clone());
                if config.is_none() || asking.is_none() {
                    let certified = || CertifiedKey::new(chain.clone(), key.signing.clone());
                    shown = Some(Arc::new(certified()));
                    let built = server_config(certified(), provider).and_then(|plain| {
                        let asks = asking_config(certified(), provider, untrusted.clone())?;
                        Ok((plain, asks))
                    });
                    match built {
                        Ok((plain, asks)) => (config, asking) = (Some(plain), Some(asks)),
                        Err(error) => {
                            problems.push(FileProblem {
                                file: file.clone(),
                                problem: format!("TLS cannot be set up with it ({error})"),
                                mend: "see whether the host has entropy, then touch the file"
                                    .to_owned(),
                                kind: ProblemKind::Unusable,
                            });
                            continue;
                        }
                    }
                }
            }
            found.push(Certificate {
                facts,
                chain,
                config,
                asking,
                certified: shown,
            });
        }
        let mut set = CertificateSet {
            certificates: unique(found, before),
            problems,
        };
        let kept = set.keep_unfinished(before, &contents.files);
        set.certificates.sort_by(|a, b| {
            (&a.facts.file, &a.facts.fingerprint).cmp(&(&b.facts.file, &b.facts.fingerprint))
        });
        set.problems.sort_by(|a, b| a.file.cmp(&b.file));
        let changes = set.changes_since(before, kept);
        (set, changes)
    }

    /// Keeps what was served from files that now hold no complete pair.
    fn keep_unfinished(&mut self, before: &CertificateSet, files: &[String]) -> Vec<String> {
        let mut kept = Vec::new();
        for old in before.certificates.iter().filter(|c| c.config.is_some()) {
            let facts = &old.facts;
            let complete = |c: &CertificateRef| {
                c.config.is_some()
                    && (c.facts.file == facts.file || c.facts.fingerprint == facts.fingerprint)
            };
            let still_there = files.contains(&facts.file);
            if !still_there || self.certificates.iter().any(complete) {
                continue;
            }
            // The same certificate without its key would only be listed twice.
            self.certificates
                .retain(|c| c.facts.fingerprint != facts.fingerprint);
            self.certificates.push(old.clone());
            kept.push(facts.label());
            for problem in self.problems.iter_mut().filter(|p| p.file == facts.file) {
                problem
                    .problem
                    .push_str("; what the file held before stays in use");
            }
        }
        kept
    }

    fn changes_since(&self, before: &CertificateSet, kept: Vec<String>) -> Changes {
        let missing_in = |set: &CertificateSet, c: &CertificateRef| {
            !set.certificates
                .iter()
                .any(|other| other.facts == c.facts && other.chain == c.chain)
        };
        let added: Vec<String> = self
            .certificates
            .iter()
            .filter(|c| missing_in(before, c))
            .map(|c| c.facts.label())
            .collect();
        Changes {
            unchanged: self.certificates.len().saturating_sub(added.len()) as u64,
            added,
            removed: before
                .certificates
                .iter()
                .filter(|c| missing_in(self, c))
                .map(|c| c.facts.label())
                .collect(),
            kept,
            problems: self
                .problems
                .iter()
                .filter(|problem| !before.problems.contains(problem))
                .cloned()
                .collect(),
        }
    }
}

/// The certificate of a file that is not there to complete a chain: the one whose key is held,
/// otherwise the first (RFC 8446 §4.4.2: the sender's certificate comes first).
fn leaf_of<'a>(
    indexes: &[usize],
    pool: &[(CertificateDer<'static>, Parsed)],
    keys: &'a [HeldKey],
) -> Option<(usize, Option<&'a HeldKey>)> {
    let key_of = |index: usize| {
        let (_, parsed) = pool.get(index)?;
        keys.iter().find(|key| key.spki == parsed.spki)
    };
    indexes
        .iter()
        .find_map(|index| key_of(*index).map(|key| (*index, Some(key))))
        .or_else(|| indexes.first().map(|index| (*index, None)))
}

/// The chain of a certificate: itself, then each issuer, from its own file first. A self-signed root
/// is sent only where the file itself holds it (a peer may look for it: RFC 7672 §3.1.2).
fn chain_of(
    leaf: usize,
    own_file: &[usize],
    pool: &[(CertificateDer<'static>, Parsed)],
) -> Vec<CertificateDer<'static>> {
    let mut taken = vec![leaf];
    while taken.len() < CHAIN_LENGTH_MAX {
        let Some((_, last)) = taken.last().and_then(|index| pool.get(*index)) else {
            break;
        };
        if last.facts.self_signed {
            break;
        }
        let issues = |index: usize, allow_root: bool| {
            pool.get(index).is_some_and(|(_, candidate)| {
                candidate.subject_der == last.issuer_der
                    && candidate.facts.authority
                    && (allow_root || !candidate.facts.self_signed)
            })
        };
        let next = own_file
            .iter()
            .copied()
            .find(|index| !taken.contains(index) && issues(*index, true))
            .or_else(|| {
                (0..pool.len()).find(|index| !taken.contains(index) && issues(*index, false))
            });
        match next {
            Some(index) => taken.push(index),
            None => break,
        }
    }
    taken
        .into_iter()
        .filter_map(|index| pool.get(index).map(|(der, _)| der.clone()))
        .collect()
}

/// One entry per certificate: of several files with the same one, the one that has its key, then
/// the longest chain, then the first file. Unchanged ones are the very same values as before.
fn unique(found: Vec<Certificate>, before: &CertificateSet) -> Vec<CertificateRef> {
    let mut best: HashMap<String, Certificate> = HashMap::new();
    for certificate in found {
        let worth = |c: &Certificate| (c.config.is_some(), c.chain.len());
        let better = best
            .get(&certificate.facts.fingerprint)
            .is_none_or(|other| worth(&certificate) > worth(other));
        if better {
            best.insert(certificate.facts.fingerprint.clone(), certificate);
        }
    }
    best.into_values()
        .map(|certificate| {
            before
                .certificates
                .iter()
                .find(|old| ***old == certificate)
                .cloned()
                .unwrap_or_else(|| Arc::new(certificate))
        })
        .collect()
}

fn missing_key(file: &str, keys: &[HeldKey]) -> FileProblem {
    let stem = |file: &str| {
        file.rsplit_once('.')
            .map_or(file, |(stem, _)| stem)
            .to_owned()
    };
    let problem = match keys.iter().find(|key| stem(&key.file) == stem(file)) {
        Some(key) => format!(
            "the private key in {} belongs to another certificate",
            key.file
        ),
        None => "no private key of the folder belongs to its certificate".to_owned(),
    };
    FileProblem {
        file: file.to_owned(),
        problem,
        mend: "put the key into the same file, or beside it with the ending .key".to_owned(),
        kind: ProblemKind::Incomplete,
    }
}
