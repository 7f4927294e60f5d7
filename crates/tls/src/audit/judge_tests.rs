//! Verdicts over what was seen, made by hand.

use super::*;

fn version(version: Version, suites: &[u16]) -> VersionSeen {
    VersionSeen {
        version,
        support: Support::Offered,
        suites: suites.to_owned(),
        complete: true,
    }
}

fn beat(version: Version, heartbeat: Heartbeat) -> HeartbeatSeen {
    HeartbeatSeen {
        version,
        named: false,
        heartbeat,
    }
}

const STRONG: &[u16] = &[0xc02f];

#[test]
fn heartbleed_is_neither_cried_nor_passed_over() {
    let both = [
        version(Version::TLS12, STRONG),
        version(Version::TLS10, STRONG),
    ];
    let untested = || Heartbeat::Untested("no answer in time".to_owned());
    let check = |beats: &[(Version, Heartbeat)], level: Level, found: &str| {
        let beats: Vec<_> = beats.iter().map(|(v, h)| beat(*v, h.clone())).collect();
        let verdict = heartbleed(&beats, &both);
        assert_eq!(verdict.level, level, "{beats:?}");
        assert_eq!(verdict.found, found, "{beats:?}");
    };
    let (new, old) = (Version::TLS12, Version::TLS10);
    check(
        &[(new, Heartbeat::NotOffered), (old, Heartbeat::NotOffered)],
        Level::Well,
        "not vulnerable",
    );
    // One version is enough.
    check(
        &[(new, Heartbeat::NotOffered), (old, Heartbeat::Echoed)],
        Level::Bad,
        "VULNERABLE at TLS 1.0",
    );
    for how in [Heartbeat::Alert(10), Heartbeat::Closed, Heartbeat::Silent] {
        check(
            &[(new, how.clone()), (old, how)],
            Level::Well,
            "not vulnerable",
        );
    }
    check(
        &[(new, Heartbeat::Odd), (old, Heartbeat::Silent)],
        Level::Weak,
        "answers oddly at TLS 1.2",
    );
    // A version that was not tested leaves it open; one of its two tests is enough.
    check(
        &[(new, Heartbeat::NotOffered), (old, untested())],
        Level::Untested,
        "could not be tested",
    );
    check(
        &[(new, Heartbeat::NotOffered)],
        Level::Untested,
        "could not be tested",
    );
    check(
        &[
            (new, Heartbeat::NotOffered),
            (old, untested()),
            (old, Heartbeat::Silent),
        ],
        Level::Well,
        "not vulnerable",
    );
}

#[test]
fn a_server_of_tls_1_3_alone_cannot_be_affected() {
    let alone = [version(Version::TLS13, &[0x1301])];
    assert_eq!(heartbleed(&[], &alone).level, Level::Well);
    assert_eq!(heartbleed(&[], &[]).level, Level::Untested);
    let mut unknown = VersionSeen {
        support: Support::Unknown("no answer in time".to_owned()),
        ..version(Version::TLS12, &[])
    };
    unknown.complete = false;
    assert_eq!(
        heartbleed(&[], &[alone[0].clone(), unknown]).level,
        Level::Untested
    );
}

#[test]
fn versions_and_suites_are_judged_by_the_worst() {
    let level = |seen: &[VersionSeen]| (versions(seen).level, ciphers(seen).level);
    let new = version(Version::TLS13, &[0x1301]);
    let now = version(Version::TLS12, STRONG);
    assert_eq!(
        level(&[new.clone(), now.clone()]),
        (Level::Well, Level::Well)
    );
    let old = version(Version::TLS10, &[0xc013]);
    assert_eq!(
        level(&[now.clone(), old.clone()]),
        (Level::Weak, Level::Well)
    );
    assert_eq!(level(std::slice::from_ref(&old)).0, Level::Bad);
    let oldest = version(Version::SSL3, &[0x0005]);
    assert_eq!(
        level(&[now.clone(), oldest]),
        (Level::Bad, Level::Weak),
        "RC4"
    );
    let plain = version(Version::TLS12, &[0xc02f, 0x009c]);
    assert_eq!(level(&[plain]), (Level::Well, Level::Note));
    let null = version(Version::TLS12, &[0xc02f, 0x0002]);
    assert_eq!(level(&[null]), (Level::Well, Level::Bad));
    let mut cut = now;
    cut.complete = false;
    assert_eq!(ciphers(&[cut]).level, Level::Untested);
    assert_eq!(versions(&[]).level, Level::Untested);
}

fn facts() -> CertificateFacts {
    CertificateFacts {
        subject: "CN=mx.example.org".to_owned(),
        issuer: "CN=Example CA".to_owned(),
        dns_names: vec!["mx.example.org".to_owned()],
        not_before_unix_ms: 1_000 * DAY_MS,
        not_after_unix_ms: 1_400 * DAY_MS,
        key_algorithm: "ECDSA 256 bit".to_owned(),
        ..CertificateFacts::default()
    }
}

#[test]
fn certificates_are_judged_by_date_name_and_key() {
    let at = |day: u64| dates(&facts(), day * DAY_MS).level;
    assert_eq!(
        [at(999), at(1_200), at(1_390), at(1_401)],
        [Level::Bad, Level::Well, Level::Weak, Level::Bad]
    );
    let named = |host: &str| name(&facts(), &host.parse().unwrap()).level;
    assert_eq!(named("mx.example.org"), Level::Well);
    assert_eq!(named("mail.example.org"), Level::Bad);
    assert_eq!(named("192.0.2.1"), Level::Note);
    let with_key = |algorithm: &str, signature| {
        let leaf = CertificateFacts {
            key_algorithm: algorithm.to_owned(),
            ..facts()
        };
        key(&leaf, signature).level
    };
    assert_eq!(with_key("RSA 1024 bit", None), Level::Bad);
    assert_eq!(with_key("RSA 2048 bit", None), Level::Well);
    assert_eq!(
        with_key("RSA 2048 bit", Some("signed with SHA-1")),
        Level::Bad
    );
}

#[test]
fn a_staple_counts_only_where_its_authority_stands_behind_it() {
    use ocsp::{Staple, Stapled, Status, Word};
    const NOW: u64 = 1_200 * DAY_MS;
    let level = |status: Status, word: Word, days: std::ops::Range<u64>| {
        let said = Staple {
            status,
            this_update_unix_ms: days.start * DAY_MS,
            next_update_unix_ms: Some(days.end * DAY_MS),
        };
        let chain = ChainSeen {
            staple: Stapled::Says(said, word),
            ..chain()
        };
        let verdict = staple(&chain, NOW);
        (verdict.level, verdict.found)
    };
    let (good, bad) = (|| Status::Good, || Status::Revoked);
    for (said, expect) in [
        (
            level(good(), Word::Authority, 1_199..1_201),
            (Level::Well, "good"),
        ),
        (
            level(good(), Word::Authority, 1_190..1_199),
            (Level::Weak, "old"),
        ),
        (
            level(good(), Word::Authority, 1_201..1_202),
            (Level::Weak, "of the future"),
        ),
        (
            level(bad(), Word::Authority, 1_199..1_201),
            (Level::Bad, "REVOKED"),
        ),
        (
            level(bad(), Word::Unknown, 1_199..1_201),
            (Level::Bad, "REVOKED"),
        ),
        (
            level(good(), Word::Nobody, 1_199..1_201),
            (Level::Bad, "FORGED"),
        ),
        // What nobody stands behind accuses nobody.
        (
            level(bad(), Word::Nobody, 1_199..1_201),
            (Level::Bad, "FORGED"),
        ),
        (
            level(good(), Word::OfOthers, 1_199..1_201),
            (Level::Bad, "for another certificate"),
        ),
        (
            level(good(), Word::Unknown, 1_199..1_201),
            (Level::Untested, "good, by whom is not known"),
        ),
        (
            level(Status::Unknown, Word::Authority, 1_199..1_201),
            (Level::Weak, "unknown"),
        ),
    ] {
        assert_eq!((said.0, said.1.as_str()), expect);
    }
    let must = ChainSeen {
        must_staple: true,
        ..chain()
    };
    assert_eq!(staple(&must, NOW).level, Level::Bad);
    assert_eq!(staple(&chain(), NOW).level, Level::Note);
}

fn chain() -> ChainSeen {
    ChainSeen {
        facts: vec![facts()],
        stands: Ok(()),
        broken_signature: None,
        must_staple: false,
        staple: ocsp::Stapled::Nothing,
        distrusted: None,
        entries: 9,
        crls: 0,
        presented: Vec::new(),
    }
}

#[test]
fn a_banner_is_compared_with_the_certificate() {
    let said = |banner: &str, ehlo: &str| {
        let host = "mx.example.org".parse().unwrap();
        let seen = Seen {
            host: &host,
            protocol: Protocol::Smtp,
            versions: &[],
            heartbleed: &[],
            chain: Ok(chain()),
            greeting: Greeting {
                banner_name: Some(banner.to_owned()),
                ehlo_name: Some(ehlo.to_owned()),
            },
            dane: Dane::NotAsked,
            sts: Sts::NotAsked,
            unix_ms: 1_200 * DAY_MS,
        };
        super::banner(&seen).unwrap().level
    };
    assert_eq!(said("mx.example.org", "MX.example.org"), Level::Well);
    assert_eq!(said("mx.example.org", "other.example.org"), Level::Note);
    assert_eq!(said("localhost", "localhost"), Level::Note);
}
