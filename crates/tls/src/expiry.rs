//! When to say that a certificate expires: 30, 14, 7 and 1 days before, and when it has.
//!
//! Pure: what was already told is an input, so that each stage is told once, and a certificate first
//! seen late is told of once, not once for each stage it has passed. A certificate whose renewal is
//! already held is not told of: there is nothing left to do.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    certificate::{CertificateFacts, Validity},
    name::wildcard_covers,
    set::CertificateSet,
};

const DAY_MS: u64 = 86_400_000;

/// How near the end is. Later stages compare greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryStage {
    /// 30 days or fewer are left.
    Days30,
    /// 14 days or fewer.
    Days14,
    /// 7 days or fewer.
    Days7,
    /// One day or less.
    Days1,
    /// None: it has expired.
    Expired,
}

impl ExpiryStage {
    /// The stage a certificate is in at `now_unix_ms`; `None` while more than 30 days are left.
    pub fn at(not_after_unix_ms: u64, now_unix_ms: u64) -> Option<Self> {
        let Some(left_ms) = not_after_unix_ms.checked_sub(now_unix_ms) else {
            return Some(ExpiryStage::Expired);
        };
        [
            (1, ExpiryStage::Days1),
            (7, ExpiryStage::Days7),
            (14, ExpiryStage::Days14),
            (30, ExpiryStage::Days30),
        ]
        .into_iter()
        .find(|(days, _)| left_ms <= days * DAY_MS)
        .map(|(_, stage)| stage)
    }
}

/// One certificate that needs renewal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExpiryNotice {
    /// The stage reached.
    pub stage: ExpiryStage,
    /// Whole days left; 0 where it has expired.
    pub days_left: u64,
    /// The certificate's file.
    pub file: String,
    /// Its subject.
    pub subject: String,
    /// Its DNS names.
    pub names: Vec<String>,
    /// SHA-256 of the certificate, hex.
    pub fingerprint: String,
    /// Valid until, Unix milliseconds.
    pub not_after_unix_ms: u64,
}

/// What was told: by fingerprint, the latest stage.
pub type Told = BTreeMap<String, ExpiryStage>;

/// The notices due at `now_unix_ms` that were not given yet. The caller adds them to `told`.
pub fn expiry_notices(set: &CertificateSet, now_unix_ms: u64, told: &Told) -> Vec<ExpiryNotice> {
    set.certificates
        .iter()
        .map(|certificate| &certificate.facts)
        .filter(|facts| facts.key_file.is_some())
        .filter_map(|facts| {
            let stage = ExpiryStage::at(facts.not_after_unix_ms, now_unix_ms)?;
            let news = told
                .get(&facts.fingerprint)
                .is_none_or(|before| *before < stage);
            (news && !is_superseded(facts, set, now_unix_ms)).then(|| ExpiryNotice {
                stage,
                days_left: facts.not_after_unix_ms.saturating_sub(now_unix_ms) / DAY_MS,
                file: facts.file.clone(),
                subject: facts.subject.clone(),
                names: facts.dns_names.clone(),
                fingerprint: facts.fingerprint.clone(),
                not_after_unix_ms: facts.not_after_unix_ms,
            })
        })
        .collect()
}

/// True where another certificate, valid now and for longer, covers every name of this one and is
/// at least as trustworthy: the renewal is in place.
fn is_superseded(facts: &CertificateFacts, set: &CertificateSet, now_unix_ms: u64) -> bool {
    set.certificates.iter().map(|c| &c.facts).any(|other| {
        other.key_file.is_some()
            && other.server_auth
            && other.not_after_unix_ms > facts.not_after_unix_ms
            && other.validity(now_unix_ms) == Validity::Valid
            && (facts.self_signed || !other.self_signed)
            && covers_names_of(other, facts)
    })
}

fn covers_names_of(other: &CertificateFacts, facts: &CertificateFacts) -> bool {
    let covers = |name: &str| {
        other
            .dns_names
            .iter()
            .any(|have| have == name || wildcard_covers(have, name))
    };
    if facts.dns_names.is_empty() {
        return match &facts.common_name {
            Some(name) => {
                other.common_name.as_ref() == Some(name) || covers(&name.to_ascii_lowercase())
            }
            None => other.subject == facts.subject,
        };
    }
    facts.dns_names.iter().all(|name| covers(name))
        && facts
            .ip_addresses
            .iter()
            .all(|ip| other.ip_addresses.contains(ip))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::certificate::Certificate;

    fn facts(file: &str, names: &[&str], days_left: i64) -> CertificateFacts {
        let end = i64::try_from(NOW).unwrap() + days_left * i64::try_from(DAY_MS).unwrap();
        CertificateFacts {
            file: file.to_owned(),
            key_file: Some(file.to_owned()),
            fingerprint: file.to_owned(),
            dns_names: names.iter().map(|n| (*n).to_owned()).collect(),
            not_after_unix_ms: u64::try_from(end).unwrap(),
            server_auth: true,
            ..CertificateFacts::default()
        }
    }

    const NOW: u64 = 1_800_000_000_000;

    fn set(all: Vec<CertificateFacts>) -> CertificateSet {
        CertificateSet {
            certificates: all
                .into_iter()
                .map(|facts| Arc::new(Certificate::of_facts(facts)))
                .collect(),
            ..CertificateSet::default()
        }
    }

    #[track_caller]
    fn check(days_left: i64, told: Option<ExpiryStage>, expect: Option<ExpiryStage>) {
        let set = set(vec![facts("a.pem", &["a.example"], days_left)]);
        let told = told
            .map(|stage| ("a.pem".to_owned(), stage))
            .into_iter()
            .collect();
        let got = expiry_notices(&set, NOW, &told);
        assert_eq!(
            got.first().map(|notice| notice.stage),
            expect,
            "{days_left} days"
        );
    }

    #[test]
    fn each_stage_is_told_once() {
        use ExpiryStage::{Days1, Days7, Days14, Days30, Expired};
        check(31, None, None);
        check(30, None, Some(Days30));
        check(20, Some(Days30), None);
        check(14, Some(Days30), Some(Days14));
        check(7, Some(Days14), Some(Days7));
        check(3, None, Some(Days7));
        check(1, Some(Days7), Some(Days1));
        check(-1, Some(Days1), Some(Expired));
        check(-9, Some(Expired), None);
        // Renewed under the same fingerprint does not exist; a clock set back tells nothing again.
        check(20, Some(Days1), None);
    }

    #[test]
    fn a_renewal_that_is_held_makes_the_old_one_quiet() {
        let told = Told::new();
        let old = facts("old.pem", &["a.example", "b.example"], 5);
        let full = facts("new.pem", &["a.example", "b.example"], 60);
        let half = facts("new.pem", &["a.example"], 60);
        let wild = facts("new.pem", &["*.example"], 60);
        let mut weak = full.clone();
        weak.self_signed = true;
        for (other, expect) in [(&full, 0), (&wild, 0), (&half, 1), (&weak, 1)] {
            let notices = expiry_notices(&set(vec![old.clone(), other.clone()]), NOW, &told);
            assert_eq!(notices.len(), expect, "{other:?}");
        }
    }
}
