//! What is to be thought of what was seen. Pure: what was seen and the time in, verdicts out.

use mailward_model::{Domain, kind::HostName};

use super::{
    dane::Dane,
    flight::alert_name,
    heartbeat::Heartbeat,
    hello::Version,
    ocsp,
    report::{Level, Subject, Verdict},
    scan::{HeartbeatSeen, Support, VersionSeen},
    shown::certificate_name,
    starttls::Greeting,
    sts::{Mode, Sts},
    suite::{Strength, suite},
    target::Protocol,
};
use crate::{
    certificate::{CertificateFacts, Validity, day},
    name::name_match,
    untrusted::Distrusted,
};

/// Days before its end from which a certificate is a finding.
const SOON_DAYS: u64 = 14;
const DAY_MS: u64 = 86_400_000;
/// How far apart the clocks of a responder and this host may be.
const CLOCKS_APART_MS: u64 = 300_000;
/// Bits of an RSA key below which it is weak (RFC 8301 §3.2, NIST SP 800-57).
const RSA_BITS_MIN: u32 = 2048;
/// Suites that a finding names; the rest is counted.
const NAMED_MAX: usize = 4;

/// What was seen of a certificate's chain.
#[derive(Debug)]
pub(super) struct ChainSeen {
    /// What the certificates say, leaf first.
    pub(super) facts: Vec<CertificateFacts>,
    /// Whether it leads to a root, at a time when the leaf was valid.
    pub(super) stands: Result<(), String>,
    /// The signature algorithm of the leaf, where it is a broken one.
    pub(super) broken_signature: Option<&'static str>,
    /// True where the leaf demands a staple (RFC 7633).
    pub(super) must_staple: bool,
    pub(super) staple: ocsp::Stapled,
    pub(super) distrusted: Option<Box<Distrusted>>,
    /// Entries of the list it was compared with.
    pub(super) entries: usize,
    /// CRLs that were asked with it.
    pub(super) crls: usize,
    /// The certificates as they were shown, leaf first.
    pub(super) presented: Vec<Vec<u8>>,
}

/// All that was seen of a target.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) host: &'a HostName,
    pub(super) protocol: Protocol,
    pub(super) versions: &'a [VersionSeen],
    pub(super) heartbleed: &'a [HeartbeatSeen],
    pub(super) chain: Result<ChainSeen, String>,
    pub(super) greeting: Greeting,
    pub(super) dane: Dane,
    pub(super) sts: Sts,
    pub(super) unix_ms: u64,
}

/// The verdicts, the gravest matters first.
pub(super) fn judge(seen: &Seen<'_>) -> Vec<Verdict> {
    let mut verdicts = vec![
        heartbleed(seen.heartbleed, seen.versions),
        versions(seen.versions),
        ciphers(seen.versions),
    ];
    match &seen.chain {
        Ok(chain) => verdicts.extend(certificate(chain, seen)),
        Err(error) => verdicts.push(
            Verdict::new(Subject::Chain, Level::Untested, "no certificate was seen")
                .because(error.as_str()),
        ),
    }
    verdicts.extend(banner(seen));
    verdicts.extend(dane(&seen.dane));
    verdicts.extend(mta_sts(&seen.sts));
    verdicts
}

/// Whether the server is vulnerable. A version that is spoken and could not be tested leaves it open.
fn heartbleed(seen: &[HeartbeatSeen], versions: &[VersionSeen]) -> Verdict {
    let verdict = |level, found: String| Verdict::new(Subject::Heartbleed, level, found);
    let names = |wanted: &dyn Fn(&Heartbeat) -> bool| {
        let mut names: Vec<&str> = seen
            .iter()
            .filter(|one| wanted(&one.heartbeat))
            .map(|one| one.version.name())
            .collect();
        names.dedup();
        names.join(", ")
    };
    let echoed = names(&|heartbeat| *heartbeat == Heartbeat::Echoed);
    if !echoed.is_empty() {
        return verdict(Level::Bad, format!("VULNERABLE at {echoed}"))
            .because(
                "a heartbeat without padding was answered with our own octets, which a sound server \
                 drops (CVE-2014-0160): anyone can read this server's memory, its private key and \
                 passwords among it",
            )
            .mend(
                "take the service off the network, update OpenSSL to a maintained release, then make \
                 a new key, have the old certificate revoked, and change the passwords that passed \
                 through it",
            );
    }
    let odd = names(&|heartbeat| *heartbeat == Heartbeat::Odd);
    if !odd.is_empty() {
        return verdict(Level::Weak, format!("answers oddly at {odd}"))
            .because("a heartbeat that must be dropped was answered, though not with our octets")
            .mend("ask the maker; test with another tool, such as nmap's ssl-heartbleed");
    }
    let untested: Vec<String> = versions
        .iter()
        .filter(|one| one.support == Support::Offered && one.version < Version::TLS13)
        .filter_map(|one| {
            let mut of = seen.iter().filter(|seen| seen.version == one.version);
            let decided = of
                .clone()
                .any(|seen| !matches!(seen.heartbeat, Heartbeat::Untested(_)));
            let why = of.find_map(|seen| match &seen.heartbeat {
                Heartbeat::Untested(why) => Some(why.as_str()),
                _ => None,
            });
            let why = why.unwrap_or("it was not asked");
            (!decided).then(|| format!("{}: {why}", one.version.name()))
        })
        .collect();
    if !untested.is_empty() {
        return verdict(Level::Untested, "could not be tested".to_owned())
            .because(untested.join("; "))
            .mend("test again, with a longer --timeout where the server is slow");
    }
    let Some(offering) = seen
        .iter()
        .map(|one| &one.heartbeat)
        .find(|heartbeat| !matches!(heartbeat, Heartbeat::NotOffered | Heartbeat::Untested(_)))
    else {
        let unknown = versions
            .iter()
            .filter(|one| one.version < Version::TLS13)
            .any(|one| matches!(one.support, Support::Unknown(_)));
        let any = versions.iter().any(|one| one.support == Support::Offered);
        let open = |why| {
            verdict(Level::Untested, "could not be tested".to_owned())
                .because(why)
                .mend("test again, with a longer --timeout where the server is slow")
        };
        return match seen.is_empty() {
            // Who refuses every hello may not like ours, and be open to another.
            true if !any => open("the server agreed on no version"),
            true if unknown => open("nobody knows whether a version before TLS 1.3 is spoken"),
            true => verdict(Level::Well, "not vulnerable".to_owned())
                .because("no version before TLS 1.3 is spoken"),
            false => {
                verdict(Level::Well, "not vulnerable".to_owned()).because("no heartbeat is offered")
            }
        };
    };
    let how = match offering {
        Heartbeat::Alert(alert) => format!("with {}", alert_name(*alert)),
        Heartbeat::Closed => "by closing".to_owned(),
        _ => "by silence".to_owned(),
    };
    verdict(Level::Well, "not vulnerable".to_owned()).because(format!(
        "a heartbeat is offered, and one without padding is refused {how}"
    ))
}

fn versions(seen: &[VersionSeen]) -> Verdict {
    let offered: Vec<&VersionSeen> = seen
        .iter()
        .filter(|one| one.support == Support::Offered)
        .collect();
    let names = |versions: &[&VersionSeen]| -> String {
        let names: Vec<&str> = versions.iter().map(|one| one.version.name()).collect();
        names.join(", ")
    };
    let found = names(&offered);
    let old: Vec<&VersionSeen> = offered
        .iter()
        .copied()
        .filter(|one| one.version < Version::TLS12)
        .collect();
    let unknown = seen.iter().find_map(|one| match &one.support {
        Support::Unknown(why) => Some(format!("{}: {why}", one.version.name())),
        _ => None,
    });
    if offered.is_empty() {
        let why = unknown.unwrap_or_else(|| "every version is refused".to_owned());
        return Verdict::new(Subject::Versions, Level::Untested, "none was agreed on").because(why);
    }
    if offered.iter().all(|one| one.version < Version::TLS12) {
        return Verdict::new(Subject::Versions, Level::Bad, found)
            .because("nothing newer than TLS 1.1 is spoken; peers of today refuse it (RFC 8996)")
            .mend("enable TLS 1.2 and 1.3");
    }
    if !old.is_empty() {
        let broken = old.iter().any(|one| one.version == Version::SSL3);
        let level = if broken { Level::Bad } else { Level::Weak };
        return Verdict::new(Subject::Versions, level, found)
            .because(format!(
                "{} should not be offered any more (RFC 8996{})",
                names(&old),
                if broken { ", RFC 7568" } else { "" }
            ))
            .mend("offer TLS 1.2 and 1.3 only");
    }
    match unknown {
        Some(why) => Verdict::new(Subject::Versions, Level::Untested, found).because(why),
        None => Verdict::new(Subject::Versions, Level::Well, found),
    }
}

fn ciphers(seen: &[VersionSeen]) -> Verdict {
    let all: Vec<(u16, Strength)> = seen
        .iter()
        .flat_map(|one| &one.suites)
        .filter_map(|id| suite(*id).map(|suite| (*id, suite.strength())))
        .collect();
    let of = |wanted: Strength| -> Vec<&'static str> {
        let mut names: Vec<&str> = all
            .iter()
            .filter(|(_, strength)| *strength == wanted)
            .filter_map(|(id, _)| suite(*id).map(|suite| suite.name))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let list = |names: &[&str]| {
        let shown: Vec<&str> = names.iter().copied().take(NAMED_MAX).collect();
        match names.len().saturating_sub(NAMED_MAX) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    };
    let mut ids: Vec<u16> = all.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = format!("{} suites", ids.len());
    let verdict = |level| Verdict::new(Subject::Ciphers, level, found.clone());
    let (broken, weak) = (of(Strength::Broken), of(Strength::Weak));
    if !broken.is_empty() {
        return verdict(Level::Bad)
            .because(format!(
                "suites that anyone can break or that prove no identity: {}",
                list(&broken)
            ))
            .mend("turn them off: NULL, EXPORT and anonymous suites");
    }
    if !weak.is_empty() {
        return verdict(Level::Weak)
            .because(format!("suites with known attacks: {}", list(&weak)))
            .mend("turn off RC4, DES and 3DES (RFC 7465, RFC 9325 §4.1)");
    }
    if ids.is_empty() {
        return Verdict::new(Subject::Ciphers, Level::Untested, "none was seen");
    }
    let incomplete = seen
        .iter()
        .any(|one| one.support == Support::Offered && !one.complete);
    let no_secrecy = of(Strength::NoForwardSecrecy);
    let verdict = match (no_secrecy.as_slice(), incomplete) {
        (_, true) => verdict(Level::Untested).because("the list is not complete: time was over"),
        ([], false) => verdict(Level::Well),
        (some, false) => {
            verdict(Level::Note).because(format!("without forward secrecy: {}", list(some)))
        }
    };
    match verdict.level {
        Level::Note => {
            verdict.mend("prefer ECDHE suites; the others may go when no old peer needs them")
        }
        _ => verdict,
    }
}

fn certificate(chain: &ChainSeen, seen: &Seen<'_>) -> Vec<Verdict> {
    let mut verdicts = vec![match &chain.distrusted {
        Some(refused) => Verdict::new(Subject::Distrust, Level::Bad, "UNTRUSTED")
            .because(refused.to_string())
            .mend("replace the certificate and its key; find out how it came to be used"),
        None => Verdict::new(
            Subject::Distrust,
            Level::Well,
            match chain.crls {
                0 => format!("none of {} entries; no CRL was asked", chain.entries),
                crls => format!(
                    "none of {} entries; {crls} CRLs among them were asked",
                    chain.entries
                ),
            },
        ),
    }];
    let Some(leaf) = chain.facts.first() else {
        verdicts.push(
            Verdict::new(
                Subject::Chain,
                Level::Bad,
                "no certificate that can be read",
            )
            .mend("install a certificate"),
        );
        return verdicts;
    };
    verdicts.push(match &chain.stands {
        Ok(()) => Verdict::new(
            Subject::Chain,
            Level::Well,
            format!("{} certificates, by {}", chain.facts.len(), leaf.issuer),
        ),
        Err(_) if leaf.self_signed => {
            Verdict::new(Subject::Chain, Level::Weak, "self-signed")
                .because("no authority stands behind it")
                .mend("peers that check need a certificate of an authority they trust, or a TLSA record")
        }
        Err(why) => Verdict::new(Subject::Chain, Level::Bad, format!("by {}", leaf.issuer))
            .because(why.as_str())
            .mend("send the intermediate certificates, or have the certificate issued anew; name a file of roots with --ca where the authority is your own"),
    });
    verdicts.push(name(leaf, seen.host));
    verdicts.push(dates(leaf, seen.unix_ms));
    verdicts.push(key(leaf, chain.broken_signature));
    verdicts.push(staple(chain, seen.unix_ms));
    verdicts
}

fn name(leaf: &CertificateFacts, host: &HostName) -> Verdict {
    let carried = if leaf.dns_names.is_empty() {
        leaf.subject.clone()
    } else {
        leaf.dns_names.join(", ")
    };
    let found = certificate_name(host).and_then(|name| name_match(leaf, &name));
    match found {
        Some(found) => Verdict::new(
            Subject::Name,
            Level::Well,
            format!("{host} is {}", found.describe()),
        ),
        // Who tests by address may have no name at hand.
        None if matches!(host, HostName::Ip(_)) => {
            Verdict::new(Subject::Name, Level::Note, "tested by address")
                .because(format!("the certificate is for {carried}"))
        }
        None => Verdict::new(Subject::Name, Level::Bad, format!("not for {host}"))
            .because(format!("the certificate is for {carried}"))
            .mend("test by the name that peers use, or have the certificate issued for that name"),
    }
}

fn dates(leaf: &CertificateFacts, now: u64) -> Verdict {
    let until = day(leaf.not_after_unix_ms);
    let left = leaf.not_after_unix_ms.saturating_sub(now) / DAY_MS;
    match leaf.validity(now) {
        Validity::Expired => {
            Verdict::new(Subject::Dates, Level::Bad, format!("expired on {until}")).mend("renew it")
        }
        Validity::NotYetValid => Verdict::new(
            Subject::Dates,
            Level::Bad,
            format!("not valid before {}", day(leaf.not_before_unix_ms)),
        )
        .mend("check the clocks of both hosts"),
        Validity::Valid if left < SOON_DAYS => Verdict::new(
            Subject::Dates,
            Level::Weak,
            format!("until {until}, {left} days left"),
        )
        .mend("renew it; look why that did not happen by itself"),
        Validity::Valid => Verdict::new(
            Subject::Dates,
            Level::Well,
            format!("until {until}, {left} days left"),
        ),
    }
}

fn key(leaf: &CertificateFacts, broken_signature: Option<&str>) -> Verdict {
    let found = leaf.key_algorithm.as_str();
    let bits = found
        .strip_prefix("RSA ")
        .and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
    if bits.is_some_and(|bits| bits < RSA_BITS_MIN) {
        return Verdict::new(Subject::Key, Level::Bad, found)
            .because(format!("an RSA key below {RSA_BITS_MIN} bit can be broken"))
            .mend("make a new key, of RSA 2048 bit or ECDSA P-256, and a certificate for it");
    }
    match broken_signature {
        Some(signature) => Verdict::new(Subject::Key, Level::Bad, format!("{found}, {signature}"))
            .because("the certificate's signature can be forged")
            .mend("have it issued anew, signed with SHA-256"),
        None => Verdict::new(Subject::Key, Level::Well, found),
    }
}

fn staple(chain: &ChainSeen, now: u64) -> Verdict {
    let verdict = |level, found: &str| Verdict::new(Subject::Ocsp, level, found);
    let (staple, word) = match &chain.staple {
        ocsp::Stapled::Says(staple, word) => (staple, *word),
        ocsp::Stapled::Nothing if chain.must_staple => {
            return verdict(Level::Bad, "none")
                .because("the certificate demands one (RFC 7633): peers that look refuse it")
                .mend("turn OCSP stapling on");
        }
        ocsp::Stapled::Nothing => return verdict(Level::Note, "none"),
        ocsp::Stapled::NotUnderstood => {
            return verdict(Level::Weak, "not understood")
                .because("what was stapled is no successful OCSP response")
                .mend("look whether the server can reach the responder");
        }
    };
    let mend_source = "look where the server has its responses from, and have it fetch a new one";
    match (word, &staple.status) {
        (ocsp::Word::Nobody, _) => verdict(Level::Bad, "FORGED")
            .because(
                "neither the certificate's authority signed it nor a responder whom the authority \
                 appointed: peers that look refuse it, and what it says is worth nothing",
            )
            .mend(mend_source),
        (ocsp::Word::OfOthers, _) => verdict(Level::Bad, "for another certificate")
            .because("it says nothing of the certificate that is shown: peers that look refuse it")
            .mend(mend_source),
        (_, ocsp::Status::Revoked) => verdict(Level::Bad, "REVOKED")
            .because("the authority has revoked the certificate")
            .mend("have a new one issued, for a new key"),
        (_, ocsp::Status::Unknown) => verdict(Level::Weak, "unknown")
            .because("the responder does not know the certificate")
            .mend("ask the authority"),
        (ocsp::Word::Unknown, ocsp::Status::Good) => {
            verdict(Level::Untested, "good, by whom is not known").because(
                "the authority's certificate is neither in the chain nor among the roots that are \
                 trusted here, so that the signature was not checked",
            )
        }
        (ocsp::Word::Authority, ocsp::Status::Good) => match staple.next_update_unix_ms {
            _ if staple.this_update_unix_ms > now + CLOCKS_APART_MS => {
                verdict(Level::Weak, "of the future")
                    .because(format!(
                        "it is true from {} on",
                        day(staple.this_update_unix_ms)
                    ))
                    .mend("check the clocks of both hosts")
            }
            Some(next) if next < now => verdict(Level::Weak, "old")
                .because(format!("it was to be replaced by {}", day(next)))
                .mend("look whether the server can reach the responder"),
            _ => verdict(Level::Well, "good"),
        },
    }
}

/// Whether the name that the server goes by is one of its certificate's.
fn banner(seen: &Seen<'_>) -> Option<Verdict> {
    if !matches!(seen.protocol, Protocol::Smtp | Protocol::Lmtp) {
        return None;
    }
    let leaf = seen.chain.as_ref().ok()?.facts.first()?;
    let name = seen.greeting.banner_name.as_deref()?;
    let ehlo = seen.greeting.ehlo_name.as_deref().unwrap_or(name);
    let covered = name
        .parse::<Domain>()
        .is_ok_and(|domain| name_match(leaf, &domain).is_some());
    Some(if !covered {
        Verdict::new(Subject::Banner, Level::Note, format!("goes by {name}"))
            .because("the certificate does not carry the name in the greeting")
            .mend("give the server the name that its certificate carries; some peers compare them")
    } else if !name.eq_ignore_ascii_case(ehlo) {
        Verdict::new(
            Subject::Banner,
            Level::Note,
            format!("goes by {name}, then by {ehlo}"),
        )
    } else {
        Verdict::new(
            Subject::Banner,
            Level::Well,
            format!("goes by {name}, as the certificate says"),
        )
    })
}

fn dane(dane: &Dane) -> Option<Verdict> {
    let verdict = |level, found: String| Verdict::new(Subject::Dane, level, found);
    Some(match dane {
        Dane::NotAsked => return None,
        Dane::None => verdict(Level::Note, "no TLSA record".to_owned()),
        Dane::NotAuthentic(count) => verdict(Level::Note, format!("{count} TLSA records"))
            .because("the resolver does not vouch for them (no AD bit), so they are not compared")
            .mend("sign the zone, and ask a resolver on this host that checks signatures"),
        Dane::Matches(at) => verdict(Level::Well, format!("TLSA record {} matches", at + 1)),
        Dane::Mismatch(count) => verdict(
            Level::Bad,
            format!("none of {count} TLSA records matches"),
        )
        .because("senders that do DANE do not deliver here")
        .mend(
            "publish the record of the new key before it is served; `3 1 1` and its key's SHA-256",
        ),
        Dane::Unusable(count) => {
            verdict(Level::Weak, format!("{count} TLSA records, none for SMTP"))
                .because("only usages 2 and 3 count for SMTP (RFC 7672 §3.1)")
                .mend("publish a record `3 1 1`")
        }
        Dane::Failing(error) => verdict(Level::Untested, "the records cannot be had".to_owned())
            .because(error.as_str())
            .mend(
                "senders that do DANE defer mail while this lasts: look at the zone's signatures",
            ),
    })
}

fn mta_sts(sts: &Sts) -> Option<Verdict> {
    let verdict = |level, found: String| Verdict::new(Subject::MtaSts, level, found);
    Some(match sts {
        Sts::NotAsked => return None,
        Sts::None { domain } => verdict(Level::Note, format!("{domain} has no policy")),
        Sts::Broken { domain, problem } => verdict(Level::Weak, format!("{domain}: not usable"))
            .because(problem.as_str())
            .mend(
                "peers ignore the policy or use an old one: mend the record _mta-sts and the page",
            ),
        Sts::Found {
            domain,
            policy,
            covers: false,
        } => verdict(
            match policy.mode {
                Mode::Enforce => Level::Bad,
                _ => Level::Weak,
            },
            format!("{domain} does not name this host"),
        )
        .because(format!("its policy names {}", policy.mx.join(", ")))
        .mend("add the host to the policy, and change the id in the record _mta-sts"),
        Sts::Found { domain, policy, .. } => {
            let mode = match policy.mode {
                Mode::Enforce => "enforced",
                Mode::Testing => "in testing",
                Mode::None => "turned off",
            };
            verdict(Level::Well, format!("{domain} names this host, {mode}"))
        }
    })
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
