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
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
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
