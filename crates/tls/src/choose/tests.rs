//! The choice, by table and by property.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::certificate::Certificate;

const NOW: u64 = 1_800_000_000_000;
const DAY: u64 = 86_400_000;

/// A certificate from an authority that covers `names` and is valid around `NOW`.
fn facts(file: &str, names: &[&str]) -> CertificateFacts {
    CertificateFacts {
        file: file.to_owned(),
        key_file: Some(file.to_owned()),
        subject: format!("CN={}", names.first().unwrap_or(&"none")),
        issuer: "CN=Issuing CA, O=Example".to_owned(),
        dns_names: names.iter().map(|n| (*n).to_owned()).collect(),
        not_before_unix_ms: NOW - 10 * DAY,
        not_after_unix_ms: NOW + 80 * DAY,
        fingerprint: file.to_owned(),
        spki_sha256: mailward_model::hex(&[file.len() as u8; 32]),
        version: 3,
        server_auth: true,
        client_auth: true,
        ..CertificateFacts::default()
    }
}

fn set(all: impl IntoIterator<Item = CertificateFacts>) -> CertificateSet {
    CertificateSet {
        certificates: all
            .into_iter()
            .map(|facts| Arc::new(Certificate::of_facts(facts)))
            .collect(),
        ..CertificateSet::default()
    }
}

fn decide(set: &CertificateSet, pin: Option<&str>) -> Decision<Option<CertificateRef>> {
    let fqdn = "mail.example.org".parse().unwrap();
    let needs = ConnectorNeeds {
        by: ShownBy::Receive,
        connector: "Internet",
        fqdn: &fqdn,
        pin,
    };
    choose(set, &needs, NOW)
}

/// What a send connector shows, where `untrusted` is a file of a certificate that is.
fn shown(all: &[CertificateFacts], pin: Option<&str>, untrusted: &str) -> (String, String) {
    let fqdn = "mail.example.org".parse().unwrap();
    let needs = ConnectorNeeds {
        by: ShownBy::Send,
        connector: "Cloud",
        fqdn: &fqdn,
        pin,
    };
    let decision = choose_trusted(&set(all.to_vec()), &needs, NOW, |one| {
        (one.facts.file == untrusted).then(|| "stolen".to_owned())
    })
    .decision;
    assert_eq!(
        decision.passed_over.len() + usize::from(decision.chosen.is_some()),
        all.len()
    );
    let reasons = decision.passed_over.into_iter().map(|one| one.reason);
    let chosen = decision.chosen.map(|one| one.facts.file.clone());
    (
        chosen.unwrap_or_default(),
        reasons.collect::<Vec<_>>().join("; "),
    )
}

#[test]
fn a_send_connector_shows_a_good_one_or_none() {
    let check = |all: &[CertificateFacts], untrusted: &str, expect: &str, reason: &str| {
        let (chosen, reasons) = shown(all, None, untrusted);
        assert_eq!(chosen, expect, "{reasons}");
        assert!(reasons.contains(reason), "{reasons}");
    };
    let good = facts("good.pem", &["mail.example.org"]);
    let expired = with(facts("old.pem", &["mail.example.org"]), |f| {
        f.not_after_unix_ms = NOW - DAY;
    });
    let early = with(facts("new.pem", &["mail.example.org"]), |f| {
        f.not_before_unix_ms = NOW + DAY;
    });
    let servers = with(facts("servers.pem", &["mail.example.org"]), |f| {
        f.client_auth = false;
        f.not_before_unix_ms = NOW - DAY;
    });
    let neither = with(servers.clone(), |f| f.server_auth = false);
    let clients = with(facts("clients.pem", &["mail.example.org"]), |f| {
        f.server_auth = false;
    });
    check(std::slice::from_ref(&good), "", "good.pem", "");
    check(std::slice::from_ref(&expired), "", "", "it expired on");
    check(&[early], "", "", "it is valid only from");
    check(std::slice::from_ref(&good), "good.pem", "", "untrusted");
    check(&[clients], "", "clients.pem", "");
    check(&[neither], "", "", "neither TLS clients nor servers");
    // The newer one is for servers alone.
    check(
        &[servers.clone(), good.clone()],
        "",
        "good.pem",
        "servers alone",
    );
    check(
        &[servers.clone(), good.clone()],
        "good.pem",
        "servers.pem",
        "",
    );
    check(&[servers, expired.clone()], "", "servers.pem", "it expired");
    check(
        &[facts("x.pem", &["other.example"])],
        "",
        "",
        "does not cover",
    );
    // A pin decides whatever the name, and makes nothing of it good.
    let (pinned, _) = shown(std::slice::from_ref(&good), Some(&good.spki_sha256), "");
    assert_eq!(pinned, "good.pem");
    let (pinned, _) = shown(&[expired.clone(), good], Some(&expired.spki_sha256), "");
    assert_eq!(pinned, "");
}

/// Which file is shown, and which one would be.
fn kept_back(
    all: &[CertificateFacts],
    by: ShownBy,
    untrusted: &[&str],
) -> (Option<String>, Option<String>) {
    let fqdn = "mail.example.org".parse().unwrap();
    let needs = ConnectorNeeds {
        by,
        connector: "Internet",
        fqdn: &fqdn,
        pin: None,
    };
    let choice = choose_trusted(&set(all.to_vec()), &needs, NOW, |one| {
        let is_untrusted = untrusted.contains(&one.facts.file.as_str());
        is_untrusted.then(|| "stolen".to_owned())
    });
    let file = |one: &CertificateRef| one.facts.file.clone();
    if let Some(one) = &choice.kept_back {
        let passed_over = &choice.decision.passed_over;
        assert!(passed_over.iter().any(|other| other.reason == one.reason));
        let is_untrusted = untrusted.contains(&one.certificate.facts.file.as_str());
        assert_eq!(one.entry.is_some(), is_untrusted);
    }
    (
        choice.decision.chosen.as_ref().map(file),
        choice.kept_back.map(|one| file(&one.certificate)),
    )
}

#[test]
fn what_is_untrusted_here_is_shown_to_nobody() {
    use ShownBy::{Receive, Send};
    let best = facts("best.pem", &["mail.example.org"]);
    let own = with(facts("own.pem", &["mail.example.org"]), |f| {
        f.self_signed = true;
    });
    let expired = with(facts("old.pem", &["mail.example.org"]), |f| {
        f.not_after_unix_ms = NOW - DAY;
    });
    let two = [best.clone(), own];
    let some = |file: &str| Some(file.to_owned());
    for by in [Receive, Send] {
        assert_eq!(kept_back(&two, by, &[]), (some("best.pem"), None));
        let next = (some("own.pem"), some("best.pem"));
        assert_eq!(kept_back(&two, by, &["best.pem"]), next);
        // One that would not be shown anyhow is nobody's trouble.
        assert_eq!(kept_back(&two, by, &["own.pem"]), (some("best.pem"), None));
        let none = (None, some("best.pem"));
        assert_eq!(kept_back(&two, by, &["own.pem", "best.pem"]), none);
        let strange = facts("best.pem", &["other.example"]);
        assert_eq!(kept_back(&[strange], by, &["best.pem"]), (None, None));
    }
    // An expired one is better than none for a receive connector, but not one that is untrusted.
    let both = [best, expired.clone()];
    let last = (some("old.pem"), some("best.pem"));
    assert_eq!(kept_back(&both, Receive, &["best.pem"]), last);
    // A send connector shows no expired one, and with a successor it is past.
    assert_eq!(kept_back(&both, Send, &[]), (some("best.pem"), None));
    assert_eq!(kept_back(&[expired], Send, &[]), (None, some("old.pem")));
}

/// Of `all`, `expect` is chosen, and a reason of the others has `reason` in it.
#[track_caller]
fn check(all: &[CertificateFacts], pin: Option<&str>, expect: Option<&str>, reason: &str) {
    let decision = decide(&set(all.to_vec()), pin);
    let chosen = decision.chosen.as_ref().map(|c| c.facts.file.as_str());
    assert_eq!(chosen, expect, "{decision:?}");
    assert!(
        decision
            .passed_over
            .iter()
            .any(|p| p.reason.contains(reason))
            || reason.is_empty(),
        "{decision:?}"
    );
}

fn with(
    mut facts: CertificateFacts,
    change: impl FnOnce(&mut CertificateFacts),
) -> CertificateFacts {
    change(&mut facts);
    facts
}

#[test]
fn the_order_of_preference() {
    let exact = facts("exact.pem", &["mail.example.org"]);
    let wild = facts("wild.pem", &["*.example.org"]);
    let common = with(facts("common.pem", &[]), |f| {
        f.common_name = Some("mail.example.org".into())
    });
    let own = with(exact.clone(), |f| {
        f.file = "own.pem".into();
        f.self_signed = true;
        f.not_before_unix_ms = NOW - DAY;
    });
    let newer = with(exact.clone(), |f| {
        f.file = "newer.pem".into();
        f.not_before_unix_ms = NOW - DAY;
    });
    let expired = with(newer.clone(), |f| {
        f.file = "expired.pem".into();
        f.not_after_unix_ms = NOW - 1;
    });
    let early = with(newer.clone(), |f| {
        f.file = "early.pem".into();
        f.not_before_unix_ms = NOW + 1;
    });
    check(
        &[wild.clone(), exact.clone()],
        None,
        Some("exact.pem"),
        "wildcard alternative name",
    );
    check(
        &[common.clone(), wild.clone()],
        None,
        Some("wild.pem"),
        "the common name",
    );
    check(std::slice::from_ref(&common), None, Some("common.pem"), "");
    check(
        &[own.clone(), wild.clone()],
        None,
        Some("wild.pem"),
        "self-signed",
    );
    check(
        &[exact.clone(), newer.clone()],
        None,
        Some("newer.pem"),
        "older",
    );
    check(
        &[expired.clone(), exact.clone()],
        None,
        Some("exact.pem"),
        "expired on",
    );
    check(
        &[expired.clone(), own.clone()],
        None,
        Some("own.pem"),
        "expired on",
    );
    check(
        &[early.clone(), expired.clone()],
        None,
        Some("expired.pem"),
        "valid only from",
    );
    check(&[expired], None, Some("expired.pem"), "");
    check(&[], None, None, "");
}

#[test]
fn what_is_never_eligible() {
    let good = facts("a.pem", &["mail.example.org"]);
    check(
        &[facts("a.pem", &["example.org", "*.b.example.org"])],
        None,
        None,
        "does not cover",
    );
    check(
        &[with(good.clone(), |f| f.key_file = None)],
        None,
        None,
        "private key",
    );
    check(
        &[with(good.clone(), |f| f.server_auth = false)],
        None,
        None,
        "extended key usage",
    );
    check(&[with(good, |f| f.version = 1)], None, None, "version 1");
    let with_other_name = with(facts("a.pem", &["other.example"]), |f| {
        f.common_name = Some("mail.example.org".into());
    });
    check(
        &[with_other_name],
        None,
        None,
        "its names are other.example",
    );
}

#[test]
fn pins() {
    let a = facts("a.pem", &["other.example"]);
    let bb = with(facts("bb.pem", &["mail.example.org"]), |f| {
        f.issuer = "CN=Other CA".into()
    });
    let all = [a.clone(), bb];
    check(
        &all,
        Some("<I>O=example, CN=Issuing CA<S>CN=other.example"),
        Some("a.pem"),
        "pins the subject",
    );
    check(
        &all,
        Some("<I>CN=Third<S>CN=mail.example.org"),
        None,
        "issued by",
    );
    check(
        &all,
        Some(&a.spki_sha256.to_uppercase()),
        Some("a.pem"),
        "another public key",
    );
    let colons = a
        .spki_sha256
        .as_bytes()
        .chunks(2)
        .map(|c| std::str::from_utf8(c).unwrap());
    check(
        &all,
        Some(&format!("sha256:{}", colons.collect::<Vec<_>>().join(":"))),
        Some("a.pem"),
        "",
    );
    check(&all, Some("mail"), None, "neither");
    // A renewal with the same issuer and subject: the newer one, without a word about names.
    let renewed = with(a, |f| {
        f.file = "c.pem".into();
        f.not_before_unix_ms += DAY;
    });
    check(
        &[all[0].clone(), renewed.clone()],
        Some(&renewed.issuer_and_subject()),
        Some("c.pem"),
        "older",
    );
}

fn any_facts() -> impl Strategy<Value = CertificateFacts> {
    let name = prop::sample::select(vec![
        "mail.example.org",
        "*.example.org",
        "*.org",
        "example.org",
        "b.example.org",
    ]);
    (
        prop::collection::vec(name.clone(), 0..3),
        prop::option::of(name),
        any::<[bool; 4]>(),
        (0u64..6, 1u64..6),
        any::<u64>(),
    )
        .prop_map(
            |(names, common, [key, own, server, v3], (begin, length), fingerprint)| {
                with(facts(&format!("{fingerprint:x}.pem"), &names), |f| {
                    f.common_name = common.map(str::to_owned);
                    f.key_file = key.then(|| f.file.clone());
                    f.self_signed = own;
                    f.server_auth = server;
                    f.version = if v3 { 3 } else { 1 };
                    f.not_before_unix_ms = NOW - 3 * DAY + begin * DAY;
                    f.not_after_unix_ms = f.not_before_unix_ms + length * DAY;
                })
            },
        )
}

/// The rules once more, written differently: a certificate may be used for the name.
fn may_serve(f: &CertificateFacts) -> bool {
    let covers = |n: &str| n == "mail.example.org" || n == "*.example.org";
    let named = match f.dns_names.is_empty() {
        true => f.common_name.as_deref().is_some_and(covers),
        false => f.dns_names.iter().any(|n| covers(n)),
    };
    named && f.key_file.is_some() && f.server_auth && f.version == 3
}

proptest! {
    #[test]
    fn every_certificate_is_chosen_or_passed_over(all in prop::collection::vec(any_facts(), 0..8)) {
        let set = set(all.clone());
        let decision = decide(&set, None);
        let mut seen: Vec<String> = decision.passed_over.iter().map(|p| p.candidate.clone()).collect();
        seen.extend(decision.chosen.iter().map(|c| c.facts.label()));
        let mut labels: Vec<String> = all.iter().map(CertificateFacts::label).collect();
        seen.sort();
        labels.sort();
        prop_assert_eq!(seen, labels);
        prop_assert!(decision.passed_over.iter().all(|p| !p.reason.is_empty() && !p.reason.ends_with('.')));
        prop_assert!(!decision.because.is_empty());
    }

    #[test]
    fn one_is_chosen_exactly_when_one_may_serve(all in prop::collection::vec(any_facts(), 0..8)) {
        let chosen = decide(&set(all.clone()), None).chosen;
        prop_assert_eq!(chosen.is_some(), all.iter().any(may_serve));
        let Some(chosen) = chosen else { return Ok(()) };
        prop_assert!(may_serve(&chosen.facts));
        let valid = |f: &CertificateFacts| f.validity(NOW) == Validity::Valid;
        if all.iter().any(|f| may_serve(f) && valid(f)) {
            prop_assert!(valid(&chosen.facts));
            if all.iter().any(|f| may_serve(f) && valid(f) && !f.self_signed) {
                prop_assert!(!chosen.facts.self_signed);
            }
        }
    }

    #[test]
    fn the_order_of_files_decides_nothing(all in prop::collection::vec(any_facts(), 0..8)) {
        let mut reversed = all.clone();
        reversed.reverse();
        let file = |all: Vec<CertificateFacts>| decide(&set(all), None).chosen.map(|c| c.facts.file.clone());
        prop_assert_eq!(file(all), file(reversed));
    }

    #[test]
    fn what_was_not_chosen_changes_nothing(all in prop::collection::vec(any_facts(), 1..8)) {
        let chosen = decide(&set(all.clone()), None).chosen.map(|c| c.facts.clone());
        let alone = decide(&set(chosen.clone()), None).chosen.map(|c| c.facts.clone());
        prop_assert_eq!(chosen, alone);
    }

    #[test]
    fn the_choice_is_as_if_what_is_untrusted_were_not_there(
        all in prop::collection::vec((any_facts(), any::<bool>()), 0..8)
    ) {
        let untrusted: Vec<&str> = all.iter().filter(|one| one.1).map(|one| one.0.file.as_str()).collect();
        let every: Vec<CertificateFacts> = all.iter().map(|one| one.0.clone()).collect();
        let trusted = every.iter().filter(|one| !untrusted.contains(&one.file.as_str()));
        let trusted: Vec<CertificateFacts> = trusted.cloned().collect();
        for by in [ShownBy::Receive, ShownBy::Send] {
            let (shown, _) = kept_back(&every, by, &untrusted);
            prop_assert_eq!(&shown, &kept_back(&trusted, by, &[]).0);
            // Whoever is kept back would be shown.
            if let (_, Some(file)) = kept_back(&every, by, &untrusted)
                && untrusted.contains(&file.as_str())
            {
                let alone: Vec<&str> = untrusted.iter().copied().filter(|one| *one != file).collect();
                let (would_be, _) = kept_back(&every, by, &alone);
                prop_assert!(would_be == Some(file) || shown.is_none());
            }
        }
    }

    #[test]
    fn any_pin_is_read_without_harm(pin in "(<I>)?[ -~]{0,30}(<S>)?[ -~]{0,30}") {
        decide(&set([facts("a.pem", &["mail.example.org"])]), Some(&pin));
    }
}
