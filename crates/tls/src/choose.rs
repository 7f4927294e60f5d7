//! Which certificate answers STARTTLS on a connector, and which one a send connector shows to a peer
//! that asks: a pure decision with its reasons.
//!
//! Candidates are the certificates of the folder. One is eligible where its private key is held, its
//! extended key usage allows servers, and either its name covers the connector's FQDN or, where the
//! connector pins one, it is the pinned one. Among the eligible the order is, first difference wins:
//!
//! 1. valid now, before expired, before not yet valid;
//! 2. issued by an authority, before self-signed;
//! 3. for a send connector: made for clients, before made for servers alone;
//! 4. the name: alternative name, wildcard alternative name, common name, wildcard common name;
//! 5. valid from: the newest;
//! 6. the fingerprint, so that the answer never depends on the order of files.
//!
//! What is untrusted here is not shown to anybody. A send connector shows what says who it is, and none
//! rather than a bad one: only what is valid now is eligible. What is made for servers alone will do,
//! because public authorities issue nothing else any more and mail servers take it.
//!
//! Invariant: every certificate of the set is either chosen or passed over with a reason.

use mailward_model::{Decision, Domain, PassedOver};

use crate::{
    certificate::{CertificateFacts, CertificateRef, Validity, day},
    name::{NameMatch, name_match, same_distinguished_name},
    set::CertificateSet,
};

/// Which kind of connector shows a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownBy {
    /// A receive connector, to its clients.
    Receive,
    /// A send connector, to the peers that ask.
    Send,
}

/// What a connector needs of a certificate.
#[derive(Debug, Clone, Copy)]
pub struct ConnectorNeeds<'a> {
    /// Its kind.
    pub by: ShownBy,
    /// The connector's name.
    pub connector: &'a str,
    /// Its FQDN, or the host name where it has none.
    pub fqdn: &'a Domain,
    /// Its pin: `<I>issuer<S>subject`, or SHA-256 of the public key in hex.
    pub pin: Option<&'a str>,
}

/// A pin, read.
enum Pin<'a> {
    IssuerAndSubject(&'a str, &'a str),
    PublicKey(String),
    /// It is neither: nothing can match it.
    Unreadable,
}

impl<'a> Pin<'a> {
    fn read(text: &'a str) -> Self {
        let text = text.trim();
        if let Some((issuer, subject)) = text
            .strip_prefix("<I>")
            .and_then(|rest| rest.split_once("<S>"))
        {
            return Pin::IssuerAndSubject(issuer, subject);
        }
        let bare = text.strip_prefix("sha256:").unwrap_or(text);
        let digits: String = bare
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            Pin::PublicKey(digits)
        } else {
            Pin::Unreadable
        }
    }

    /// Why a certificate is not the pinned one; `None` where it is.
    fn refuses(&self, facts: &CertificateFacts) -> Option<String> {
        match self {
            Pin::IssuerAndSubject(issuer, subject) => {
                if !same_distinguished_name(subject, &facts.subject) {
                    return Some(format!("the connector pins the subject {subject:?}"));
                }
                (!same_distinguished_name(issuer, &facts.issuer)).then(|| {
                    format!(
                        "the connector pins the issuer {issuer:?}, this one is issued by {:?}",
                        facts.issuer
                    )
                })
            }
            Pin::PublicKey(digest) => (*digest != facts.spki_sha256).then(|| {
                format!(
                    "the connector pins another public key; the digest of this one is {}",
                    facts.spki_sha256
                )
            }),
            Pin::Unreadable => Some(
                "the connector's pin is neither <I>issuer<S>subject nor 64 hex digits".to_owned(),
            ),
        }
    }
}

/// What decides between two eligible certificates; the greater one wins.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a> {
    validity: Validity,
    issued: bool,
    /// Made for the kind of peer that shows it.
    made_for: bool,
    name: Option<NameMatch>,
    not_before_unix_ms: u64,
    fingerprint: &'a str,
}

impl<'a> Rank<'a> {
    fn of(
        facts: &'a CertificateFacts,
        by: ShownBy,
        name: Option<NameMatch>,
        now_unix_ms: u64,
    ) -> Self {
        Rank {
            validity: facts.validity(now_unix_ms),
            issued: !facts.self_signed,
            made_for: by == ShownBy::Receive || facts.client_auth,
            name,
            not_before_unix_ms: facts.not_before_unix_ms,
            fingerprint: &facts.fingerprint,
        }
    }

    /// Why `self` lost to `winner`.
    fn lost_to(&self, winner: &Rank<'_>, facts: &CertificateFacts) -> String {
        if self.validity != winner.validity {
            return match self.validity {
                Validity::Expired => format!("it expired on {}", day(facts.not_after_unix_ms)),
                _ => format!("it is valid only from {}", day(facts.not_before_unix_ms)),
            };
        }
        if self.issued != winner.issued {
            return "it is self-signed, and one issued by an authority fits too".to_owned();
        }
        if self.made_for != winner.made_for {
            return "its extended key usage allows servers alone, and one for clients fits too"
                .to_owned();
        }
        if self.name != winner.name {
            let (own, other) = (self.name, winner.name);
            let words = |name: Option<NameMatch>| name.map_or("the pin", NameMatch::describe);
            return format!(
                "it fits by {}, the chosen one by {}",
                words(own),
                words(other)
            );
        }
        if self.not_before_unix_ms != winner.not_before_unix_ms {
            return format!(
                "it is older: valid from {}, the chosen one from {}",
                day(self.not_before_unix_ms),
                day(winner.not_before_unix_ms)
            );
        }
        "it is as good as the chosen one; the order of fingerprints decided".to_owned()
    }
}

/// Which certificate is shown, and which one would be.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The choice. None means that STARTTLS must not be offered, or for a send connector that none is
    /// shown.
    pub decision: Decision<Option<CertificateRef>>,
    /// The certificate that would be shown, were it trusted here or, where none is shown by a send
    /// connector, were it valid now.
    pub kept_back: Option<KeptBack>,
}

/// A certificate that fits a connector and is not shown.
#[derive(Debug, Clone)]
pub struct KeptBack {
    /// The certificate.
    pub certificate: CertificateRef,
    /// The entry by which it is untrusted here; `None` where it is not valid now.
    pub entry: Option<String>,
    /// Why it is not shown.
    pub reason: String,
}

/// Chooses the certificate for a connector, of which none is untrusted.
///
/// An expired certificate is chosen only where nothing better fits, and for a receive connector alone:
/// peers that do not check go on getting encryption, and the caller raises an event.
pub fn choose(
    set: &CertificateSet,
    needs: &ConnectorNeeds<'_>,
    now_unix_ms: u64,
) -> Decision<Option<CertificateRef>> {
    choose_trusted(set, needs, now_unix_ms, |_| None).decision
}

/// The same, where `untrusted` says by which entry a certificate is untrusted.
pub(crate) fn choose_trusted(
    set: &CertificateSet,
    needs: &ConnectorNeeds<'_>,
    now_unix_ms: u64,
    untrusted: impl Fn(&CertificateRef) -> Option<String>,
) -> Choice {
    let pin = needs.pin.map(Pin::read);
    let mut eligible: Vec<(&CertificateRef, Rank<'_>)> = Vec::new();
    let mut held_back: Vec<(KeptBack, Rank<'_>)> = Vec::new();
    let mut passed_over = Vec::new();
    for certificate in &set.certificates {
        let facts = &certificate.facts;
        if let Some(reason) = ineligible(facts, needs, pin.as_ref()) {
            let candidate = facts.label();
            passed_over.push(PassedOver { candidate, reason });
            continue;
        }
        // A pin decides by itself; the name then plays no part in the order.
        let name = match pin {
            Some(_) => None,
            None => name_match(facts, needs.fqdn),
        };
        let rank = Rank::of(facts, needs.by, name, now_unix_ms);
        match barred(certificate, needs.by, now_unix_ms, &untrusted) {
            None => eligible.push((certificate, rank)),
            Some(kept_back) => {
                passed_over.push(PassedOver {
                    candidate: facts.label(),
                    reason: kept_back.reason.clone(),
                });
                held_back.push((kept_back, rank));
            }
        }
    }
    eligible.sort_by(|(_, a), (_, b)| b.cmp(a));
    let mut ranked = eligible.into_iter();
    let winner = ranked.next();
    let kept_back = kept_back(held_back, winner.as_ref().map(|(_, rank)| rank));
    let Some((winner, winner_rank)) = winner else {
        let decision = Decision {
            chosen: None,
            because: none_because(set, needs),
            passed_over,
        };
        return Choice {
            decision,
            kept_back,
        };
    };
    for (certificate, rank) in ranked {
        passed_over.push(PassedOver {
            candidate: certificate.facts.label(),
            reason: rank.lost_to(&winner_rank, &certificate.facts),
        });
    }
    let decision = Decision {
        chosen: Some(winner.clone()),
        because: chosen_because(&winner.facts, &winner_rank, needs),
        passed_over,
    };
    Choice {
        decision,
        kept_back,
    }
}

/// Which of those that are kept back would be shown: one that is untrusted and better than the chosen
/// one, or the best of all where none was chosen. One that has expired, and has a successor, is past.
fn kept_back(all: Vec<(KeptBack, Rank<'_>)>, winner: Option<&Rank<'_>>) -> Option<KeptBack> {
    let would_be = all.into_iter().filter(|(one, rank)| match winner {
        Some(winner) => one.entry.is_some() && rank > winner,
        None => true,
    });
    let best = would_be.max_by(|(_, a), (_, b)| a.cmp(b));
    best.map(|(one, _)| one)
}

/// Why a certificate that fits a connector is not shown by it now; `None` where it may be.
fn barred(
    certificate: &CertificateRef,
    by: ShownBy,
    now_unix_ms: u64,
    untrusted: impl Fn(&CertificateRef) -> Option<String>,
) -> Option<KeptBack> {
    let entry = untrusted(certificate);
    let reason = match (&entry, by) {
        (Some(entry), _) => format!("it is untrusted here: {entry}"),
        (None, ShownBy::Receive) => return None,
        (None, ShownBy::Send) => invalid(&certificate.facts, now_unix_ms)?,
    };
    Some(KeptBack {
        certificate: certificate.clone(),
        entry,
        reason,
    })
}

/// Why a certificate may not be used for the connector at all; `None` where it may.
fn ineligible(
    facts: &CertificateFacts,
    needs: &ConnectorNeeds<'_>,
    pin: Option<&Pin<'_>>,
) -> Option<String> {
    let fqdn = needs.fqdn;
    match pin {
        Some(pin) => {
            if let Some(reason) = pin.refuses(facts) {
                return Some(reason);
            }
        }
        None if name_match(facts, fqdn).is_none() => {
            return Some(format!("it does not cover {fqdn}; {}", names_of(facts)));
        }
        None => {}
    }
    if facts.key_file.is_none() {
        return Some("its private key is not in the folder".to_owned());
    }
    if facts.version < 3 {
        return Some(format!("it is X.509 version {}, not 3", facts.version));
    }
    match needs.by {
        ShownBy::Receive => (!facts.server_auth)
            .then(|| "its extended key usage does not allow TLS servers".to_owned()),
        ShownBy::Send => (!facts.client_auth && !facts.server_auth)
            .then(|| "its extended key usage allows neither TLS clients nor servers".to_owned()),
    }
}

/// Why a certificate is not shown by a send connector just now; `None` where it may be.
fn invalid(facts: &CertificateFacts, now_unix_ms: u64) -> Option<String> {
    match facts.validity(now_unix_ms) {
        Validity::Valid => None,
        Validity::Expired => Some(format!("it expired on {}", day(facts.not_after_unix_ms))),
        Validity::NotYetValid => Some(format!(
            "it is valid only from {}",
            day(facts.not_before_unix_ms)
        )),
    }
}

fn names_of(facts: &CertificateFacts) -> String {
    if !facts.dns_names.is_empty() {
        return format!("its names are {}", facts.dns_names.join(", "));
    }
    match &facts.common_name {
        Some(name) => format!("its common name is {name}"),
        None => "it has no DNS name".to_owned(),
    }
}

fn none_because(set: &CertificateSet, needs: &ConnectorNeeds<'_>) -> String {
    let what = match needs.pin {
        Some(pin) => format!("the pin {pin:?}"),
        None => format!("the name {}", needs.fqdn),
    };
    match set.certificates.len() {
        0 => format!("the folder holds no certificate, so none fits {what}"),
        1 => format!("the one certificate of the folder does not fit {what}"),
        many => format!("none of the {many} certificates of the folder fits {what}"),
    }
}

fn chosen_because(facts: &CertificateFacts, rank: &Rank<'_>, needs: &ConnectorNeeds<'_>) -> String {
    let fit = match rank.name {
        Some(name) => format!("it covers {} by {}", needs.fqdn, name.describe()),
        None => "it is the pinned one".to_owned(),
    };
    let source = if rank.issued {
        format!("issued by {}", facts.issuer)
    } else {
        "self-signed".to_owned()
    };
    let time = match rank.validity {
        Validity::Valid => format!("valid until {}", day(facts.not_after_unix_ms)),
        Validity::Expired => format!(
            "EXPIRED on {}, and no valid one fits",
            day(facts.not_after_unix_ms)
        ),
        Validity::NotYetValid => format!(
            "not valid before {}, and no valid one fits",
            day(facts.not_before_unix_ms)
        ),
    };
    format!("{fit}, {source}, {time}")
}

#[cfg(test)]
mod tests;
