//! Couriers against real servers on loopback: HTTPS with a root of its own, a relay that wants TLS
//! and a sign-in, syslog by datagram and by connection.

use std::{path::Path, sync::Arc};

use mailward_model::kind::{AlertEmail, OutboundTls};
use mailward_tls::ClientTls;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, UdpSocket},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::alert::{notice::NoticeItem, notify::News, tests::alert};

/// A certification authority of the test's own: its root as a file, and a server with a certificate
/// for `name`.
fn authority(dir: &Path, name: &str) -> (std::path::PathBuf, TlsAcceptor) {
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root_key = rcgen::KeyPair::generate().unwrap();
    let root = params.self_signed(&root_key).unwrap();
    let issuer = rcgen::Issuer::new(params, root_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let file = dir.join(format!("{name}.pem"));
    std::fs::write(&file, root.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(leaf.der().to_vec())],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    (file, TlsAcceptor::from(Arc::new(config)))
}

fn notice() -> Notice {
    let item = NoticeItem {
        news: News::Raised,
        times: 0,
        acknowledged: None,
        alert: alert("case-1"),
        first: None,
    };
    Notice::of("oncall", vec![item], 1_790_000_000_000).unwrap()
}

fn courier(target: AlertTarget, ca_file: Option<&Path>) -> Courier {
    let spec = AlertChannel {
        ca_file: ca_file.map(Path::to_owned),
        ..AlertChannel::new(target)
    };
    Courier::new("oncall", &spec, "mx.example.org")
}

/// An HTTPS server: the requests it got.
async fn https(acceptor: TlsAcceptor, status: &'static str) -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (requests, taken) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust the certificate goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = Vec::new();
            let whole = |request: &[u8]| {
                let get = request.starts_with(b"GET") && request.ends_with(b"\r\n\r\n");
                get || request.ends_with(b"}")
            };
            while !whole(&request) {
                if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
            if !request.is_empty() {
                requests
                    .send(String::from_utf8(request).unwrap())
                    .await
                    .unwrap();
            }
        }
    });
    (port, taken)
}

#[tokio::test]
async fn a_webhook_is_posted_over_tls_to_whom_the_root_vouches_for() {
    let dir = tempfile::tempdir().unwrap();
    let (root, acceptor) = authority(dir.path(), "localhost");
    let (port, mut requests) = https(acceptor, "204 No Content").await;
    let url = format!("https://localhost:{port}/hook?token=1");
    let trusting = courier(AlertTarget::Webhook(url.clone()), Some(&root));
    assert_eq!(trusting.deliver(&notice()).await.unwrap(), None);
    let request = requests.recv().await.unwrap();
    assert!(
        request.starts_with("POST /hook?token=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request
            .to_ascii_lowercase()
            .contains(&format!("idempotency-key: {}", notice().id)),
        "{request}"
    );
    assert!(request.contains("\"case\":\"case-1\""), "{request}");
    assert!(trusting.check().await.is_ok());

    let (other_root, _) = authority(dir.path(), "other.example");
    let doubting = courier(AlertTarget::Webhook(url), Some(&other_root));
    assert!(matches!(
        doubting.deliver(&notice()).await,
        Err(SendError::Tls(_))
    ));
    assert!(matches!(doubting.check().await, Err(SendError::Tls(_))));
    // The right root, the wrong name.
    let by_address = format!("https://127.0.0.1:{port}/hook");
    let misled = courier(AlertTarget::Webhook(by_address), Some(&root));
    assert!(matches!(
        misled.deliver(&notice()).await,
        Err(SendError::Tls(_))
    ));
    assert!(
        requests.try_recv().is_err(),
        "nothing was said to who could not be trusted"
    );
}

#[tokio::test]
async fn a_status_that_says_no_is_a_failure_and_a_ping_is_a_get() {
    let dir = tempfile::tempdir().unwrap();
    let (root, acceptor) = authority(dir.path(), "localhost");
    let (port, mut requests) = https(acceptor, "503 Service Unavailable").await;
    let url = format!("https://localhost:{port}/alive/7");
    let courier = courier(AlertTarget::Ping(url), Some(&root));
    let alive = Alive {
        kind: "alive",
        node: "mx.example.org".into(),
        channel: "oncall".into(),
        unix_ms: 1,
        probes: 7,
    };
    let error = courier.beat(&alive).await.unwrap_err().to_string();
    assert!(error.contains("503"), "{error}");
    assert!(
        requests
            .recv()
            .await
            .unwrap()
            .starts_with("GET /alive/7 HTTP/1.1\r\n")
    );
}

/// A relay that demands TLS and a sign-in, refuses one recipient, and gives what it took.
async fn relay(acceptor: TlsAcceptor) -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (messages, taken) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            stream.write_all(b"220 relay ESMTP\r\n").await.unwrap();
            let mut line = String::new();
            loop {
                line.clear();
                if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    break;
                }
                if line.starts_with("EHLO") {
                    stream
                        .write_all(b"250-relay\r\n250 STARTTLS\r\n")
                        .await
                        .unwrap();
                } else if line.starts_with("STARTTLS") {
                    stream.write_all(b"220 go\r\n").await.unwrap();
                    if let Ok(stream) = acceptor.accept(stream.into_inner()).await {
                        let _ = signed_in(BufReader::new(stream), &messages).await;
                    }
                    break;
                } else {
                    stream.write_all(b"530 5.7.0 TLS first\r\n").await.unwrap();
                }
            }
        }
    });
    (port, taken)
}

async fn signed_in(
    mut stream: BufReader<tokio_rustls::server::TlsStream<tokio::net::TcpStream>>,
    messages: &mpsc::Sender<String>,
) -> io::Result<()> {
    let (mut line, mut message, mut in_data) = (String::new(), String::new(), false);
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if in_data {
            message.push_str(&line);
            if line != ".\r\n" {
                continue;
            }
            in_data = false;
            messages.send(std::mem::take(&mut message)).await.unwrap();
            stream.write_all(b"250 2.0.0 taken\r\n").await?;
            stream.flush().await?;
            continue;
        }
        let answer = match line.trim_end() {
            ehlo if ehlo.starts_with("EHLO") => "250-relay\r\n250 AUTH PLAIN LOGIN\r\n",
            // \0mailward\0secret
            "AUTH PLAIN AG1haWx3YXJkAHNlY3JldA==" => "235 2.7.0 welcome\r\n",
            auth if auth.starts_with("AUTH") => "535 5.7.8 no\r\n",
            "RCPT TO:<gone@example.net>" => "550 5.1.1 nobody\r\n",
            "DATA" => {
                in_data = true;
                "354 go\r\n"
            }
            "QUIT" => "221 bye\r\n",
            other => {
                message.push_str(&format!("{other}\n"));
                "250 ok\r\n"
            }
        };
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
    }
}

#[tokio::test]
async fn an_email_is_handed_to_a_relay_under_tls_after_signing_in() {
    let dir = tempfile::tempdir().unwrap();
    let (root, acceptor) = authority(dir.path(), "localhost");
    let (port, mut messages) = relay(acceptor).await;
    let password_file = dir.path().join("password");
    std::fs::write(&password_file, "secret\n").unwrap();
    let spec = AlertEmail {
        relay: format!("localhost:{port}").parse().unwrap(),
        tls: OutboundTls::Required,
        user: Some("mailward".into()),
        password_file: Some(password_file.clone()),
        from: "alerts@example.org".parse().unwrap(),
        to: vec![
            "oncall@example.net".parse().unwrap(),
            "gone@example.net".parse().unwrap(),
        ],
    };
    let sent = courier(AlertTarget::Email(spec.clone()), Some(&root));
    let problem = sent.deliver(&notice()).await.unwrap().unwrap();
    assert!(
        problem.contains("gone@example.net") && problem.contains("550"),
        "{problem}"
    );
    let message = messages.recv().await.unwrap();
    for part in [
        "MAIL FROM:<alerts@example.org>",
        "RCPT TO:<oncall@example.net>",
        "mailward explain case-1",
        "Subject: [Mailward mx.example.org] Needs a person: receive/Internet\r\n",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(sent.check().await.is_ok());

    std::fs::write(&password_file, "wrong").unwrap();
    let error = sent.check().await.unwrap_err().to_string();
    assert!(error.contains("535"), "{error}");
    assert!(!error.contains("wrong"), "{error}");
    // Nobody vouches for it: with `required` nothing is said, with `opportunistic` it is.
    let doubting = courier(AlertTarget::Email(spec.clone()), None);
    assert!(matches!(doubting.check().await, Err(SendError::Tls(_))));
    std::fs::write(&password_file, "secret").unwrap();
    let easy = AlertEmail {
        tls: OutboundTls::Opportunistic,
        ..spec.clone()
    };
    assert!(
        courier(AlertTarget::Email(easy), None)
            .check()
            .await
            .is_ok()
    );
    // Without TLS the relay takes nothing, and everybody is refused.
    let plain = AlertEmail {
        tls: OutboundTls::Off,
        user: None,
        password_file: None,
        ..spec
    };
    let plain = courier(AlertTarget::Email(plain), None);
    let error = plain.deliver(&notice()).await.unwrap_err();
    assert!(error.to_string().contains("530"), "{error}");
}

#[tokio::test]
async fn syslog_goes_by_datagram_and_by_connection() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = format!("udp://{}", socket.local_addr().unwrap());
    let udp = courier(AlertTarget::Syslog(to.parse().unwrap()), None);
    udp.deliver(&notice()).await.unwrap();
    let mut datagram = vec![0; 4096];
    let length = socket.recv(&mut datagram).await.unwrap();
    let text = String::from_utf8(datagram[..length].to_vec()).unwrap();
    assert!(
        text.starts_with("<19>1 ") && text.contains(" mx.example.org mailward "),
        "{text}"
    );
    assert!(text.contains("mailward explain case-1"), "{text}");
    drop(socket);
    assert!(
        udp.deliver(&notice()).await.is_err(),
        "nobody is there, and this host says so"
    );

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = format!("tcp://{}", listener.local_addr().unwrap());
    let tcp = courier(AlertTarget::Syslog(to.parse().unwrap()), None);
    let notice = notice();
    let (sent, accepted) = tokio::join!(tcp.deliver(&notice), listener.accept());
    sent.unwrap();
    let mut octets = String::new();
    accepted
        .unwrap()
        .0
        .read_to_string(&mut octets)
        .await
        .unwrap();
    let (length, message) = octets.split_once(' ').unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), message.len());
    assert!(message.starts_with("<19>1 "), "{message}");
}

#[tokio::test]
async fn a_program_is_judged_by_how_it_ends() {
    let run = |words: &[&str]| {
        courier(
            AlertTarget::Command(words.iter().map(|w| (*w).to_owned()).collect()),
            None,
        )
    };
    assert!(run(&["/bin/true"]).deliver(&notice()).await.is_ok());
    assert!(run(&["/bin/false"]).deliver(&notice()).await.is_err());
    assert!(run(&["/no/such/program"]).deliver(&notice()).await.is_err());
    assert!(run(&["/bin/true"]).check().await.is_ok());
    for bad in ["/no/such/program", "/etc/passwd", "/bin"] {
        assert!(run(&[bad]).check().await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_name_that_nobody_can_resolve_any_more_keeps_its_address() {
    let courier = courier(AlertTarget::Ping("http://hc.example.invalid/".into()), None);
    let host = "hc.example.invalid:80".parse().unwrap();
    assert!(matches!(
        courier.addresses(&host).await,
        Err(SendError::Lookup(..))
    ));
    *courier.known.lock() = vec!["127.0.0.1:80".parse().unwrap()];
    assert_eq!(
        courier.addresses(&host).await.unwrap(),
        ["127.0.0.1:80".parse().unwrap()]
    );
}

#[test]
fn a_file_of_roots_is_part_of_the_channel() {
    let dir = tempfile::tempdir().unwrap();
    let (root, _) = authority(dir.path(), "localhost");
    let tls = ClientTls::new(Roots {
        system: false,
        files: vec![root],
    });
    assert!(
        tls.config(OutboundTls::Required, TlsAuthLevel::DomainValidation, None)
            .is_ok()
    );
}
