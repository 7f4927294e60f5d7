//! Real handshakes: OpenSSL and our own client against a TLS server that asks for its certificate
//! at each connection, as the receiver does.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test says so by panicking, in its helpers too"
)]

use std::{
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mailward_events::Events;
use mailward_host::clock::SystemClock;
use mailward_model::{
    Domain,
    kind::{OutboundTls, TlsAuthLevel},
};
use mailward_tls::{
    Certificates, ClientTls, ConnectorNeeds, Roots, ShownBy, Untrusted,
    ca::{self, Authority, Leaf},
    describe,
};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::Command,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

const HOST: &str = "mail.example.org";

/// Serves what the folder holds for `HOST`; each session says what it negotiated and ends.
async fn serve(held: Certificates) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let fqdn: Domain = HOST.parse().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let needs = ConnectorNeeds {
                by: ShownBy::Receive,
                connector: "Internet",
                fqdn: &fqdn,
                pin: None,
            };
            let config = held.server_config(&needs).expect("a certificate fits");
            tokio::spawn(async move {
                // A client that refuses the certificate ends the handshake: that is its right.
                let Ok(mut stream) = TlsAcceptor::from(config).accept(socket).await else {
                    return;
                };
                let session = describe(stream.get_ref().1).unwrap();
                let line = format!("220 {} {}\r\n", session.version, session.cipher);
                let _ = stream.write_all(line.as_bytes()).await;
                let _ = stream.shutdown().await;
                let _ = stream.read(&mut [0; 16]).await;
            });
        }
    });
    address
}

fn open(dir: &Path) -> Certificates {
    let clock = Arc::new(SystemClock::default());
    Certificates::with_events(dir, clock, Events::discard(), Untrusted::default())
}

/// Runs `openssl s_client`; what it printed, and whether it ended well.
async fn openssl(address: SocketAddr, arguments: &[&str]) -> (String, bool) {
    let mut child = Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            &address.to_string(),
            "-servername",
            HOST,
        ])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("openssl is installed (scripts/test installs it)");
    // At the end of its input it would hang up, perhaps before the ticket came.
    let input = child.stdin.take();
    let output = child.wait_with_output().await.unwrap();
    drop(input);
    let text = [output.stdout, output.stderr].concat();
    (
        String::from_utf8_lossy(&text).into_owned(),
        output.status.success(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_verifies_chain_and_name_under_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new("Test Authority").unwrap();
    authority
        .issue(&Leaf::new([HOST]))
        .unwrap()
        .write(dir.path(), "mail")
        .unwrap();
    let roots = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(roots.path(), authority.certificate_pem()).unwrap();
    let roots = roots.path().to_str().unwrap();
    let address = serve(open(dir.path())).await;
    let check = [
        "-CAfile",
        roots,
        "-verify_return_error",
        "-verify_hostname",
        HOST,
    ];
    for (version, line) in [
        ("-tls1_3", "220 TLSv1.3 TLS_AES_"),
        ("-tls1_2", "220 TLSv1.2 TLS_ECDHE_ECDSA_"),
    ] {
        let (text, ended_well) = openssl(address, &[&check[..], &[version]].concat()).await;
        assert!(ended_well, "{text}");
        assert!(text.contains("Verify return code: 0 (ok)"), "{text}");
        assert!(text.contains(line), "{text}");
    }
    let (text, ended_well) = openssl(address, &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]).await;
    assert!(!ended_well, "TLS 1.1 is refused: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_resumes_by_ticket() {
    let dir = tempfile::tempdir().unwrap();
    ca::self_signed(&Leaf::new([HOST]))
        .unwrap()
        .write(dir.path(), "mail")
        .unwrap();
    let address = serve(open(dir.path())).await;
    let session = dir.path().join("session");
    let session = session.to_str().unwrap();
    for version in ["-tls1_3", "-tls1_2"] {
        let (first, _) = openssl(address, &[version, "-sess_out", session]).await;
        assert!(first.contains("New, "), "{first}");
        let (second, _) = openssl(address, &[version, "-sess_in", session]).await;
        assert!(second.contains("Reused, "), "{second}");
    }
}

/// Handshakes go on while the certificate is replaced in each way that tools do it; none fails, and
/// each new certificate is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replacing_files_fails_no_session() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_owned();
    let authority = Authority::new("Test Authority").unwrap();
    let issue = || authority.issue(&Leaf::new([HOST])).unwrap();
    issue().write(&folder, "mail").unwrap();
    let held = open(&folder);
    let address = serve(held.clone()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (count, mut counted) = tokio::sync::mpsc::unbounded_channel();
    let clients: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn(handshakes(
                address,
                authority.certificate_pem().to_owned(),
                stop.clone(),
                count.clone(),
            ))
        })
        .collect();
    let fqdn: Domain = HOST.parse().unwrap();
    let serial = |held: &Certificates| {
        let needs = ConnectorNeeds {
            by: ShownBy::Receive,
            connector: "Internet",
            fqdn: &fqdn,
            pin: None,
        };
        let chosen = held.explain(&needs).decision.chosen.unwrap();
        chosen.facts.serial.clone()
    };
    for round in 0..12 {
        let (next, before) = (issue(), serial(&held));
        let path = folder.join("mail.pem");
        match round % 3 {
            // In one move, as our own tools do.
            0 => {
                next.write(&folder, "mail").unwrap();
            }
            // In place, in two parts, looked at in between.
            1 => {
                std::fs::write(&path, &next.certificate_pem).unwrap();
                held.poll();
                assert_eq!(serial(&held), before);
                let whole = format!("{}{}", next.certificate_pem, next.key_pem);
                std::fs::write(&path, whole).unwrap();
            }
            // By deleting and writing anew.
            _ => {
                std::fs::remove_file(&path).unwrap();
                held.poll();
                next.write(&folder, "mail").unwrap();
            }
        }
        held.poll();
        assert_ne!(serial(&held), before, "round {round}");
        for _ in 0..HANDSHAKES_PER_ROUND {
            counted.recv().await.unwrap();
        }
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
}

/// Handshakes seen to succeed before the next replacement begins.
const HANDSHAKES_PER_ROUND: usize = 8;

/// Makes full handshakes with chain and name checked until told to stop, and counts each.
async fn handshakes(
    address: SocketAddr,
    roots: String,
    stop: Arc<AtomicBool>,
    count: tokio::sync::mpsc::UnboundedSender<()>,
) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), roots).unwrap();
    while !stop.load(Ordering::Relaxed) {
        let client = ClientTls::new(only(file.path()));
        let greeting = greet(&client, address, TlsAuthLevel::DomainValidation, None, HOST).await;
        assert!(greeting.unwrap().starts_with("220 TLSv1.3"));
        count.send(()).unwrap();
    }
}

fn only(file: &Path) -> Roots {
    Roots {
        system: false,
        files: vec![file.to_owned()],
    }
}

/// Connects and reads the greeting.
async fn greet(
    client: &ClientTls,
    address: SocketAddr,
    level: TlsAuthLevel,
    tls_domain: Option<&str>,
    host: &str,
) -> Result<String, String> {
    let tls_domain: Option<Domain> = tls_domain.map(|name| name.parse().unwrap());
    let config = client
        .config(OutboundTls::Required, level, tls_domain.as_ref())
        .map_err(|error| error.to_string())?
        .expect("TLS is required");
    let socket = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut stream = TlsConnector::from(config)
        .connect(name, socket)
        .await
        .map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    stream
        .read_to_end(&mut text)
        .await
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_level_checks_what_it_says() {
    use TlsAuthLevel::{CertificateValidation, DomainValidation, EncryptionOnly};
    let (issued_dir, own_dir, past_dir) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let authority = Authority::new("Test Authority").unwrap();
    let roots = issued_dir.path().join("roots.txt");
    std::fs::write(&roots, authority.certificate_pem()).unwrap();
    let leaf = Leaf::new([HOST, "*.wild.example"]);
    authority
        .issue(&leaf)
        .unwrap()
        .write(issued_dir.path(), "mail")
        .unwrap();
    ca::self_signed(&leaf)
        .unwrap()
        .write(own_dir.path(), "mail")
        .unwrap();
    let now = std::time::SystemTime::now();
    let hours = |n: u64| Duration::from_secs(3_600 * n);
    let past = leaf.clone().valid(now - hours(48), now - hours(24));
    authority
        .issue(&past)
        .unwrap()
        .write(past_dir.path(), "mail")
        .unwrap();
    let issued = serve(open(issued_dir.path())).await;
    let own = serve(open(own_dir.path())).await;
    let past = serve(open(past_dir.path())).await;
    let client = ClientTls::new(only(&roots));
    for (address, level, tls_domain, host, good) in [
        (issued, EncryptionOnly, None, "other.example", true),
        (own, EncryptionOnly, None, HOST, true),
        (past, EncryptionOnly, None, HOST, true),
        (issued, CertificateValidation, None, "other.example", true),
        (own, CertificateValidation, None, HOST, false),
        (past, CertificateValidation, None, HOST, false),
        (issued, DomainValidation, None, HOST, true),
        (issued, DomainValidation, None, "other.example", false),
        (issued, DomainValidation, Some(HOST), "other.example", true),
        (issued, DomainValidation, Some("other.example"), HOST, false),
        (
            issued,
            DomainValidation,
            Some("mx.wild.example"),
            HOST,
            true,
        ),
        (
            issued,
            DomainValidation,
            Some("a.mx.wild.example"),
            HOST,
            false,
        ),
        (own, DomainValidation, None, HOST, false),
    ] {
        let result = greet(&client, address, level, tls_domain, host).await;
        assert_eq!(
            result.is_ok(),
            good,
            "{level:?} {tls_domain:?} {host}: {result:?}"
        );
    }
    // A session that was not checked is never resumed where a check is demanded.
    assert!(
        greet(&client, own, EncryptionOnly, None, HOST)
            .await
            .is_ok()
    );
    assert!(
        greet(&client, own, CertificateValidation, None, HOST)
            .await
            .is_err()
    );
}

#[test]
fn without_roots_nothing_is_sent_unchecked() {
    let missing = ClientTls::new(only(Path::new("/nonexistent/roots.pem")));
    let error = missing
        .config(
            OutboundTls::Required,
            TlsAuthLevel::CertificateValidation,
            None,
        )
        .unwrap_err();
    assert!(
        error.to_string().contains("/nonexistent/roots.pem"),
        "{error}"
    );
    let none = ClientTls::new(Roots::default());
    assert!(
        none.config(OutboundTls::Required, TlsAuthLevel::DomainValidation, None)
            .is_err()
    );
    for (tls, offered) in [
        (OutboundTls::Off, false),
        (OutboundTls::Opportunistic, true),
    ] {
        let config = none
            .config(tls, TlsAuthLevel::DomainValidation, None)
            .unwrap();
        assert_eq!(config.is_some(), offered, "{tls:?}");
    }
}
