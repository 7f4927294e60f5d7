//! Servers that break off, lie or refuse: nothing is changed by any of them, and each is told as what
//! it is.

use std::{net::SocketAddr, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use bytes::BytesMut;
use ldap3_proto::{
    LdapCodec,
    control::LdapControl,
    proto::{
        LdapBindResponse, LdapExtendedResponse, LdapMsg, LdapOp, LdapPartialAttribute, LdapResult,
        LdapResultCode, LdapSearchResultEntry, LdapSearchResultReference,
    },
};
use mailward_events::{Event, Events};
use mailward_host::clock::SystemClock;
use mailward_model::{
    Kind, Object,
    kind::{DirectorySource, DirectoryType},
};
use mailward_store::{Change, Store};
use mailward_tls::ca::{Authority, Leaf};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tokio_util::codec::{Decoder, Encoder};

use crate::sync::DirectorySync;

/// Persons of the directory.
const PERSONS: usize = 10;

/// What the server does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// Tells all.
    Whole,
    /// Tells all, and speaks of another server besides.
    WithReferences,
    /// Breaks off in the middle.
    BreaksOff,
    /// Tells half and says that it was a limit.
    Limit,
    /// Says that another server has it.
    Elsewhere,
    /// Sends what is no LDAP.
    Garbage,
    /// Claims a message of 4 GB.
    Huge,
    /// Takes its leave (RFC 4511 §4.4.1).
    Leaves,
    /// Answers what was not asked.
    Confused,
    /// Never comes to the last page.
    Endless,
    /// Refuses the account, as Active Directory does.
    WrongPassword,
    /// Says nothing after the handshake but closes.
    Closes,
}

fn result(code: LdapResultCode, message: &str, referral: &[&str]) -> LdapResult {
    LdapResult {
        code,
        matcheddn: String::new(),
        message: message.to_owned(),
        referral: referral.iter().map(|url| (*url).to_owned()).collect(),
    }
}

fn success() -> LdapResult {
    result(LdapResultCode::Success, "", &[])
}

fn person(n: usize) -> LdapOp {
    let value = |atype: &str, values: &[String]| LdapPartialAttribute {
        atype: atype.to_owned(),
        vals: values
            .iter()
            .map(|value| value.clone().into_bytes())
            .collect(),
    };
    LdapOp::SearchResultEntry(LdapSearchResultEntry {
        dn: format!("uid=p{n},dc=example,dc=org"),
        attributes: vec![
            value("objectClass", &["inetOrgPerson".to_owned()]),
            value("cn", &[format!("Person {n}")]),
            value("mail", &[format!("p{n}@example.org")]),
            value("entryUUID", &[format!("00000000-0000-0000-0000-{n:012}")]),
        ],
    })
}

/// The answer to a search.
fn found(manner: Manner, msgid: i32, octets: &mut BytesMut) {
    let mut say = |msgid: i32, op: LdapOp, ctrl: Vec<LdapControl>| {
        let message = LdapMsg { msgid, op, ctrl };
        LdapCodec::default().encode(message, octets).unwrap();
    };
    let told = match manner {
        Manner::Whole | Manner::WithReferences => PERSONS,
        Manner::Endless | Manner::Elsewhere => 0,
        _ => PERSONS / 2,
    };
    (0..told).for_each(|n| say(msgid, person(n), Vec::new()));
    let done = |result| LdapOp::SearchResultDone(result);
    match manner {
        Manner::Whole => say(msgid, done(success()), Vec::new()),
        Manner::WithReferences => {
            let uris = vec!["ldap://dc2.example.org/CN=Configuration".to_owned()];
            say(
                msgid,
                LdapOp::SearchResultReference(LdapSearchResultReference { uris }),
                Vec::new(),
            );
            say(msgid, done(success()), Vec::new());
        }
        Manner::Limit => {
            say(
                msgid,
                done(result(LdapResultCode::SizeLimitExceeded, "", &[])),
                Vec::new(),
            );
        }
        Manner::Elsewhere => {
            let url = ["ldap://dc2.example.org/"];
            say(
                msgid,
                done(result(LdapResultCode::Referral, "", &url)),
                Vec::new(),
            );
        }
        Manner::Leaves => {
            let leave = LdapExtendedResponse {
                res: result(LdapResultCode::Unavailable, "shutting down", &[]),
                name: Some("1.3.6.1.4.1.1466.20036".to_owned()),
                value: None,
            };
            say(0, LdapOp::ExtendedResponse(leave), Vec::new());
        }
        Manner::Confused => say(msgid, LdapOp::AddResponse(success()), Vec::new()),
        Manner::Endless => {
            let more = LdapControl::SimplePagedResults {
                size: 0,
                cookie: b"more".to_vec(),
            };
            say(msgid, done(success()), vec![more]);
        }
        Manner::Garbage => octets.extend_from_slice(b"220 mail.example.org ESMTP\r\n"),
        Manner::Huge => octets.extend_from_slice(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
        Manner::BreaksOff | Manner::WrongPassword | Manner::Closes => {}
    }
}

/// Serves until it is dropped, in the manner that is set now.
async fn serve(listener: TcpListener, tls: TlsAcceptor, manner: watch::Receiver<Manner>) {
    while let Ok((tcp, _)) = listener.accept().await {
        let Ok(mut stream) = tls.accept(tcp).await else {
            continue;
        };
        let manner = *manner.borrow();
        let mut buffer = BytesMut::new();
        let mut codec = LdapCodec::default();
        loop {
            if manner == Manner::Closes {
                break;
            }
            let message = match codec.decode(&mut buffer).unwrap() {
                Some(message) => message,
                None => match stream.read_buf(&mut buffer).await {
                    Ok(1..) => continue,
                    _ => break,
                },
            };
            let mut octets = BytesMut::new();
            match message.op {
                LdapOp::BindRequest(_) => {
                    let res = match manner {
                        Manner::WrongPassword => result(
                            LdapResultCode::InvalidCredentials,
                            "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 52e, v3839",
                            &[],
                        ),
                        _ => success(),
                    };
                    let op = LdapOp::BindResponse(LdapBindResponse {
                        res,
                        saslcreds: None,
                    });
                    let answer = LdapMsg {
                        msgid: message.msgid,
                        op,
                        ctrl: Vec::new(),
                    };
                    codec.encode(answer, &mut octets).unwrap();
                }
                LdapOp::SearchRequest(_) => found(manner, message.msgid, &mut octets),
                _ => break,
            }
            if stream.write_all(&octets).await.is_err() || stream.flush().await.is_err() {
                break;
            }
            let goes_on = [
                Manner::Whole,
                Manner::WithReferences,
                Manner::Endless,
                Manner::WrongPassword,
            ];
            if message.msgid > 2 && !goes_on.contains(&manner) {
                break;
            }
        }
        let _ = stream.shutdown().await;
    }
}

struct Scene {
    sync: Arc<DirectorySync>,
    store: Store,
    collector: mailward_events::Collector,
    manner: watch::Sender<Manner>,
    _folder: tempfile::TempDir,
}

fn source(folder: &std::path::Path, at: SocketAddr) -> DirectorySource {
    DirectorySource {
        directory_type: DirectoryType::Ldap,
        enabled: false,
        servers: vec![format!("localhost:{}", at.port()).parse().unwrap()],
        base: Some("dc=example,dc=org".to_owned()),
        ca_file: Some(folder.join("authority.pem")),
        bind_name: Some("cn=mailward".to_owned()),
        secret_file: Some(folder.join("secret")),
        ..DirectorySource::default()
    }
}

async fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("directory").unwrap();
    std::fs::write(
        folder.path().join("authority.pem"),
        authority.certificate_pem(),
    )
    .unwrap();
    let issued = authority.issue(&Leaf::new(["localhost"])).unwrap();
    let pem = format!("{}{}", issued.certificate_pem, &*issued.key_pem);
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "x\n").unwrap();
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let store = Store::open(&folder.path().join("store.db")).unwrap();
    let at = listener.local_addr().unwrap();
    let create = Change::create("Corp", source(folder.path(), at));
    store.apply(vec![create], "test").unwrap();
    let (events, collector) = Events::collect();
    let clock = Arc::new(SystemClock::default());
    let sync = DirectorySync::new(store.clone(), events, clock, None);
    let (manner, from) = watch::channel(Manner::Whole);
    tokio::spawn(serve(listener, acceptor(&pem), from));
    Scene {
        sync,
        store,
        collector,
        manner,
        _folder: folder,
    }
}

fn acceptor(pem: &str) -> TlsAcceptor {
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(Result::unwrap)
        .collect();
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn mailboxes(store: &Store) -> Vec<Object> {
    store.list(Kind::Mailbox).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn change_nothing_and_are_told_as_what_they_are() {
    let scene = scene().await;
    let run = async |manner: Manner| {
        scene.manner.send(manner).unwrap();
        let run = scene.sync.run_once("corp", false);
        tokio::time::timeout(Duration::from_secs(60), run)
            .await
            .unwrap()
    };
    let done = run(Manner::Whole).await.unwrap();
    assert!(done.plan.applied);
    let before = mailboxes(&scene.store);
    assert_eq!(before.len(), PERSONS);
    let again = run(Manner::WithReferences).await.unwrap();
    assert!(
        again.plan.effects.is_empty(),
        "references are of no matter: {again:?}"
    );
    drop(scene.collector.take());
    let is_incomplete = |event: &Event| matches!(event, Event::DirectoryReadIncomplete { .. });
    let is_unreachable = |event: &Event| matches!(event, Event::DirectoryUnreachable { .. });
    let is_refused = |event: &Event| matches!(event, Event::DirectorySignInRefused { .. });
    type Is<'a> = &'a dyn Fn(&Event) -> bool;
    let table: [(Manner, &str, Is<'_>); 10] = [
        (Manner::BreaksOff, "closed the connection", &is_unreachable),
        (Manner::Limit, "sizeLimitExceeded (4)", &is_incomplete),
        (
            Manner::Elsewhere,
            "referral (10); it does not hold the base",
            &is_incomplete,
        ),
        (Manner::Garbage, "what is no LDAP message", &is_unreachable),
        (Manner::Huge, "more than the limit", &is_incomplete),
        (Manner::Leaves, "shutting down", &is_unreachable),
        (
            Manner::Confused,
            "not asked for (AddResponse)",
            &is_unreachable,
        ),
        (
            Manner::Endless,
            "the number of pages is more than the limit",
            &is_incomplete,
        ),
        (Manner::WrongPassword, "the password is wrong", &is_refused),
        (Manner::Closes, "closed the connection", &is_unreachable),
    ];
    for (manner, expect, is) in table {
        let fault = run(manner).await.unwrap_err();
        assert!(fault.error.contains(expect), "{manner:?}: {fault}");
        assert!(fault.error.contains("nothing was changed"), "{fault}");
        let events = scene.collector.take();
        assert!(events.iter().any(is), "{manner:?}: {events:?}");
        assert_eq!(mailboxes(&scene.store), before, "{manner:?}");
    }
    let end = run(Manner::Whole).await.unwrap();
    assert!(end.plan.effects.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_that_do_the_same_at_one_time_do_it_once() {
    let scene = scene().await;
    let all = (0..4).map(|_| {
        let sync = Arc::clone(&scene.sync);
        tokio::spawn(async move { sync.run_once("Corp", false).await })
    });
    let all: Vec<_> = all.collect();
    let mut applied = 0;
    for one in all {
        let done = one.await.unwrap().unwrap();
        applied += usize::from(done.plan.applied);
    }
    assert_eq!(applied, 1, "whoever is second finds nothing to do");
    assert_eq!(mailboxes(&scene.store).len(), PERSONS);
}
