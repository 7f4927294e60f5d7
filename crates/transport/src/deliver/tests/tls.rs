//! TLS on the way out: taken where it is offered, never given up where it is demanded.

use std::sync::Arc;

use mailward_model::kind::{OutboundTls, TlsAuthLevel};
use mailward_tls::ca::{Authority, Leaf};
use tokio_rustls::TlsAcceptor;

use super::{
    peer::{Peer, Script},
    *,
};

const OFFERS_TLS: &str = "mx.example\nPIPELINING\nSTARTTLS";

/// An acceptor with a certificate for `name`, and a file with the root behind it.
fn acceptor(dir: &std::path::Path, name: &str) -> (TlsAcceptor, Roots) {
    acceptor_of(dir, name, rustls::DEFAULT_VERSIONS, |_| {
        rustls::server::WebPkiClientVerifier::no_client_auth()
    })
}

type ClientVerifier = Arc<dyn rustls::server::danger::ClientCertVerifier>;

/// The same, of these versions, asking clients for a certificate as `verifier` does.
fn acceptor_of(
    dir: &std::path::Path,
    name: &str,
    versions: &[&'static rustls::SupportedProtocolVersion],
    verifier: impl FnOnce(&Arc<rustls::crypto::CryptoProvider>) -> ClientVerifier,
) -> (TlsAcceptor, Roots) {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let authority = Authority::new("Test").unwrap();
    let root = dir.join("root.pem");
    std::fs::write(&root, authority.certificate_pem()).unwrap();
    let leaf = authority.issue(&Leaf::new([name])).unwrap();
    let path = leaf.write(dir, "leaf").unwrap();
    let chain = CertificateDer::pem_file_iter(&path)
        .unwrap()
        .map(|c| c.unwrap())
        .collect();
    let key = PrivateKeyDer::from_pem_file(&path).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier(&provider);
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let roots = Roots {
        system: false,
        files: vec![root],
    };
    (TlsAcceptor::from(Arc::new(config)), roots)
}

fn required(peer: &Peer, level: TlsAuthLevel, name: Option<&str>) -> SendConnector {
    SendConnector {
        tls: OutboundTls::Required,
        tls_auth_level: level,
        tls_domain: name.map(|name| name.parse().unwrap()),
        ..out(&[peer.address])
    }
}

async fn tls_peer(name: &str) -> (Peer, Roots, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, roots) = acceptor(dir.path(), name);
    let peer = Peer::start(Script {
        ehlo: OFFERS_TLS,
        tls: Some(acceptor),
        ..Script::default()
    })
    .await;
    (peer, roots, dir)
}

#[tokio::test]
async fn tls_is_used_where_it_is_offered() {
    let (mut peer, _, _dir) = tls_peer("other.example").await;
    let world = World::new(out(&[peer.address]));
    world.send(&["bob@example.net"], TEXT).await;
    let mail = peer.mail().await;
    assert!(mail.tls);
    assert_eq!(mail.text, TEXT);
    assert_eq!(peer.heard("EHLO"), 2, "once before TLS and once inside");
    world.empty().await;
}

#[tokio::test]
async fn names_and_chains_are_checked_as_the_level_says() {
    for (level, name, trusted, taken) in [
        (TlsAuthLevel::EncryptionOnly, None, false, true),
        (TlsAuthLevel::CertificateValidation, None, true, true),
        (TlsAuthLevel::CertificateValidation, None, false, false),
        (
            TlsAuthLevel::DomainValidation,
            Some("mx.example"),
            true,
            true,
        ),
        (
            TlsAuthLevel::DomainValidation,
            Some("other.example"),
            true,
            false,
        ),
    ] {
        let (mut peer, roots, _dir) = tls_peer("mx.example").await;
        let roots = if trusted { roots } else { Roots::default() };
        let connector = required(&peer, level, name);
        let world = World::with(vec![object(1, "out", connector)], FakeDns::default(), roots);
        world.send(&["bob@example.net"], TEXT).await;
        if taken {
            assert!(peer.mail().await.tls, "{level:?} {name:?}");
            world.empty().await;
        } else {
            world.deferred(1).await;
            assert_eq!(peer.heard("MAIL"), 0, "{level:?} {name:?}");
            assert!(world.raised().contains(&"OutboundTlsFailed".to_owned()));
        }
    }
}

#[tokio::test]
async fn mail_that_demands_tls_never_goes_without() {
    let peer = Peer::start(Script::default()).await;
    let world = World::new(required(&peer, TlsAuthLevel::EncryptionOnly, None));
    world.send(&["bob@example.net"], TEXT).await;
    world.deferred(1).await;
    assert_eq!(peer.heard("MAIL"), 0);
    assert_eq!(world.raised(), ["OutboundTlsFailed"]);
    let refuses = Peer::start(Script {
        ehlo: OFFERS_TLS,
        answer: Box::new(|line| (line == "STARTTLS").then(|| "454 4.7.0 not now".into())),
        ..Script::default()
    })
    .await;
    let world = World::new(required(&refuses, TlsAuthLevel::EncryptionOnly, None));
    world.send(&["bob@example.net"], TEXT).await;
    world.deferred(1).await;
    assert_eq!(refuses.heard("MAIL"), 0);
}

#[tokio::test]
async fn a_host_with_broken_tls_gets_plain_text_where_that_will_do() {
    // It says 220 and then closes: the handshake fails.
    let mut peer = Peer::start(Script {
        ehlo: OFFERS_TLS,
        ..Script::default()
    })
    .await;
    let world = World::new(out(&[peer.address]));
    world.send(&["bob@example.net"], TEXT).await;
    assert!(!peer.mail().await.tls);
    world.empty().await;
    assert_eq!(world.raised(), ["OutboundTlsFailed"]);
}

#[tokio::test]
async fn a_host_that_spoke_tls_is_not_believed_when_it_stops() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, _) = acceptor(dir.path(), "mx.example");
    let stripped = Arc::new(AtomicBool::new(false));
    let strip = Arc::clone(&stripped);
    let mut peer = Peer::start(Script {
        ehlo: OFFERS_TLS,
        tls: Some(acceptor),
        answer: Box::new(move |line| {
            (line.starts_with("EHLO") && strip.load(Ordering::SeqCst))
                .then(|| "250 mx.example".into())
        }),
        ..Script::default()
    })
    .await;
    let world = World::new(SendConnector {
        max_messages_per_connection: 1,
        ..out(&[peer.address])
    });
    world.send(&["bob@example.net"], TEXT).await;
    assert!(peer.mail().await.tls);
    world.empty().await;
    stripped.store(true, Ordering::SeqCst);
    world.send(&["bob@example.net"], TEXT).await;
    world.deferred(1).await;
    assert!(
        world.last_error().contains("4.7.10"),
        "{}",
        world.last_error()
    );
    stripped.store(false, Ordering::SeqCst);
    world.retry();
    assert!(peer.mail().await.tls);
    world.empty().await;
}

/// A peer that asks for certificates of this authority: it demands one, or lets who has none be.
async fn asking(
    version: &'static rustls::SupportedProtocolVersion,
    trusted: &Authority,
    demands: bool,
) -> (Peer, tempfile::TempDir) {
    use rustls::{
        pki_types::{CertificateDer, pem::PemObject},
        server::WebPkiClientVerifier,
    };
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, _) = acceptor_of(dir.path(), "mx.example", &[version], |provider| {
        let mut roots = rustls::RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(trusted.certificate_pem().as_bytes());
        roots.add(root.unwrap()).unwrap();
        let provider = Arc::clone(provider);
        let asks = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        match demands {
            true => asks.build().unwrap(),
            false => asks.allow_unauthenticated().build().unwrap(),
        }
    });
    let peer = Peer::start(Script {
        ehlo: OFFERS_TLS,
        tls: Some(acceptor),
        ..Script::default()
    })
    .await;
    (peer, dir)
}

/// A certificate of the authority for this host, in the node's folder.
fn hold(world: &World, authority: &Authority) {
    let leaf = Leaf::node("edge.example.org");
    let issued = authority.issue(&leaf).unwrap();
    issued.write(world.dir.path(), "edge").unwrap();
    world.shared.certificates.reload();
}

#[tokio::test]
async fn a_peer_that_asks_is_shown_the_certificate() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let authority = Authority::new("Ours").unwrap();
        let (mut peer, _dir) = asking(version, &authority, true).await;
        let world = World::new(required(&peer, TlsAuthLevel::EncryptionOnly, None));
        hold(&world, &authority);
        for _ in 0..2 {
            world.send(&["bob@example.net"], TEXT).await;
            assert!(peer.mail().await.tls, "{version:?}");
            world.empty().await;
        }
        assert_eq!(world.raised(), [""; 0]);
        // One that is renewed is shown at once: the open connection is of the other one.
        let before = peer.connections.load(std::sync::atomic::Ordering::SeqCst);
        hold(&world, &authority);
        world.send(&["bob@example.net"], TEXT).await;
        assert!(peer.mail().await.tls, "{version:?}");
        world.empty().await;
        let after = peer.connections.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(after, before + 1, "{version:?}");
    }
}

#[tokio::test]
async fn a_peer_that_does_not_take_the_certificate_is_shown_none() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (ours, theirs) = (
            Authority::new("Ours").unwrap(),
            Authority::new("Theirs").unwrap(),
        );
        let (mut peer, _dir) = asking(version, &theirs, false).await;
        let world = World::new(required(&peer, TlsAuthLevel::EncryptionOnly, None));
        hold(&world, &ours);
        world.send(&["bob@example.net"], TEXT).await;
        assert!(peer.mail().await.tls, "{version:?}");
        world.empty().await;
        assert_eq!(world.raised(), ["ClientCertificateRefused"], "{version:?}");

        // And one that demands another certificate gets no mail, and no plain text.
        let (peer, _dir) = asking(version, &theirs, true).await;
        let world = World::new(required(&peer, TlsAuthLevel::EncryptionOnly, None));
        hold(&world, &ours);
        world.send(&["bob@example.net"], TEXT).await;
        world.deferred(1).await;
        assert_eq!(peer.heard("MAIL"), 0, "{version:?}");
    }
}

#[tokio::test]
async fn organization_fields_leave_as_cross_premises_ones() {
    for ehlo in [
        "mx.example\nPIPELINING\nSTARTTLS\nSIZE 100000000",
        "mx.example\nPIPELINING\nSTARTTLS\nSIZE 100000000\nCHUNKING",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (acceptor, roots) = acceptor(dir.path(), "mx.example");
        let mut peer = Peer::start(Script {
            ehlo,
            tls: Some(acceptor),
            ..Script::default()
        })
        .await;
        let connector = SendConnector {
            cloud_services_mail: true,
            ..required(&peer, TlsAuthLevel::DomainValidation, Some("mx.example"))
        };
        let world = World::with(vec![object(1, "out", connector)], FakeDns::default(), roots);
        let field = |family: &str, name: &str| format!("X-MS-Exchange-{family}-{name}: x\r\n");
        let body = format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(20_000));
        // One message in a piece, and one whose header ends behind what is read first.
        let long = format!("no field\r\n{}", "A: 1\r\n".repeat(40_000));
        for between in ["", long.as_str()] {
            let came = [
                field("Organization", "AuthAs"),
                field("CrossPremises", "AuthAs"),
                between.to_owned(),
                field("Organization", "SCL"),
                field("Organization", "Journal-Report"),
                body.clone(),
            ];
            let goes = [
                field("CrossPremises", "AuthAs"),
                between.to_owned(),
                field("CrossPremises", "SCL"),
                body.clone(),
            ]
            .concat();
            let converted = || world.shared.counters.converted_headers.get();
            let before = converted();
            world
                .send(&["bob@example.net"], came.concat().as_bytes())
                .await;
            let mail = peer.mail().await;
            assert!(mail.text == goes.as_bytes(), "{} octets", mail.text.len());
            world.empty().await;
            assert_eq!(converted(), before + 2);
            let said = format!(" SIZE={}", goes.len());
            assert!(peer.heard.lock().iter().any(|line| line.contains(&said)));
        }
    }
}
