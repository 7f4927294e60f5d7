//! A certificate that is distrusted is refused at once, without a restart: as a next hop's, where mail
//! waits instead of going out in plain text, and as a client's. Sessions that showed it are cut. A
//! listed serial number under another issuer is nobody's business.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mailward_tls::ca::{self, Leaf};
use rustls::{
    ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, ServerName, pem::PemObject},
};

use crate::{
    secure::{chain, provider, showing},
    support::{Node, wait_for, wait_within},
};

/// How soon an entry must be in force.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A next hop with STARTTLS. What it was sent under TLS and in plain text is counted.
struct Hop {
    address: SocketAddr,
    under_tls: Arc<AtomicUsize>,
    plain: Arc<AtomicUsize>,
}

fn hop(issued: &ca::Issued) -> Hop {
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain(issued), key)
        .unwrap();
    let (config, listener) = (
        Arc::new(config),
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
    );
    let hop = Hop {
        address: listener.local_addr().unwrap(),
        under_tls: Arc::default(),
        plain: Arc::default(),
    };
    let (under_tls, plain) = (Arc::clone(&hop.under_tls), Arc::clone(&hop.plain));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (config, under_tls, plain) = (config.clone(), under_tls.clone(), plain.clone());
            thread::spawn(move || {
                let _ = stream.write_all(b"220 hop.test ESMTP\r\n");
                if talk(&mut stream, true, &plain) {
                    let connection = ServerConnection::new(config).unwrap();
                    talk(&mut StreamOwned::new(connection, stream), false, &under_tls);
                }
            });
        }
    });
    hop
}

/// Plays the server; true where TLS is to begin.
fn talk(stream: &mut (impl Read + Write), starttls: bool, taken: &AtomicUsize) -> bool {
    let mut text = String::new();
    let mut in_body = false;
    let mut scratch = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut scratch) {
        text.push_str(&String::from_utf8_lossy(&scratch[..count]));
        while let Some(end) = text.find("\r\n") {
            let line = text[..end].to_ascii_uppercase();
            text.drain(..end + 2);
            let reply: &[u8] = match line.as_str() {
                "." if in_body => {
                    in_body = false;
                    taken.fetch_add(1, Ordering::SeqCst);
                    b"250 2.0.0 Taken\r\n"
                }
                _ if in_body => continue,
                line if line.starts_with("EHLO") && starttls => b"250-hop.test\r\n250 STARTTLS\r\n",
                line if line.starts_with("EHLO") => b"250 hop.test\r\n",
                "STARTTLS" => {
                    let _ = stream.write_all(b"220 2.0.0 Go\r\n");
                    return true;
                }
                "DATA" => {
                    in_body = true;
                    b"354 Go\r\n"
                }
                "QUIT" => {
                    let _ = stream.write_all(b"221 2.0.0 Bye\r\n");
                    return false;
                }
                _ => b"250 2.0.0 Ok\r\n",
            };
            let _ = stream.write_all(reply).and_then(|()| stream.flush());
        }
    }
    false
}

fn objects(hop: &Hop) -> impl Fn(u16) -> String {
    let address = hop.address;
    move |port| {
        format!(
            r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"

[[receive_connector]]
name = "Internet"
bindings = ["127.0.0.1:{port}"]
relay = "all"
request_client_certificate = true

[[send_connector]]
name = "Hop"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["{address}"]
tls = "opportunistic"

[[mailbox]]
name = "info"
address = "info@example.test"

[transport_settings]
retry_schedule = ["1s"]
"#
        )
    }
}

type Session = StreamOwned<ClientConnection, TcpStream>;

/// A session under STARTTLS of a client that shows a certificate; up to the answer to EHLO.
fn session(port: u16, config: &Arc<ClientConfig>) -> std::io::Result<Session> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut scratch = [0; 4096];
    let _ = stream.read(&mut scratch)?;
    for line in ["EHLO client.test\r\n", "STARTTLS\r\n"] {
        stream.write_all(line.as_bytes())?;
        let _ = stream.read(&mut scratch)?;
    }
    let name = ServerName::try_from("mail.example.test").unwrap();
    let connection =
        ClientConnection::new(Arc::clone(config), name).map_err(std::io::Error::other)?;
    let mut session = StreamOwned::new(connection, stream);
    session.write_all(b"EHLO client.test\r\n")?;
    session.flush()?;
    match session.read(&mut scratch)? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(session),
    }
}

fn send(node: &Node, to: &str) {
    let mut talk = node.talk();
    talk.say("EHLO client.test");
    let reply = talk.message("info@example.test", &[to], b"Subject: x\r\n\r\nx");
    assert!(reply.starts_with("250"), "{reply}");
}

fn add(node: &Node, file: &Path, name: &str) {
    let file = file.to_str().unwrap();
    node.ask(&[
        "untrusted",
        "add",
        file,
        "--name",
        name,
        "--reason",
        "a test",
    ]);
}

#[test]
fn a_next_hop_that_shows_it_gets_no_mail_and_no_plain_text() {
    let issued = ca::self_signed(&Leaf::new(["hop.test"])).unwrap();
    let hop = hop(&issued);
    let node = Node::start(objects(&hop));
    let file = node.path("hop.pem");
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    send(&node, "a@elsewhere.test");
    wait_for("the first message arrives", || {
        hop.under_tls.load(Ordering::SeqCst) == 1
    });
    // The session stands idle for some seconds: it is cut as soon as the list has changed.
    add(&node, &file, "hop");
    wait_within(AT_ONCE, "the idle session is cut", || {
        node.has_event("transport", 7011)
    });
    send(&node, "b@elsewhere.test");
    wait_for("the refusal is told", || node.has_event("transport", 7010));
    wait_for("the message waits with the reason", || {
        node.ask(&["queue", "list", "--json"])
            .contains("untrusted here: hop")
    });
    assert_eq!(hop.under_tls.load(Ordering::SeqCst), 1);
    assert_eq!(hop.plain.load(Ordering::SeqCst), 0, "no plain text instead");
    // Who would have been refused: the hop, by what the tracking log kept of the first delivery.
    wait_for("the past is known", || {
        let replay = node.json(&["untrusted", "replay", "--days", "1"]);
        let refused = replay["refused"].as_array().unwrap();
        refused.iter().any(|one| {
            one["direction"] == "out" && one["entry"] == "hop" && one["connector"] == "Hop"
        })
    });
    let (code, tested) = node.refused(&["untrusted", "test", file.to_str().unwrap()]);
    assert_eq!(code, 1, "{tested}");
    node.ask(&["untrusted", "remove", "hop"]);
    wait_for("the second message arrives", || {
        hop.under_tls.load(Ordering::SeqCst) == 2
    });
    let listed = node.ask(&["untrusted", "list"]);
    assert!(listed.contains("comodo-2011-www.google.com"), "{listed}");
}

#[test]
fn a_client_that_shows_it_is_cut_and_refused_when_it_comes_again() {
    let issued = ca::self_signed(&Leaf::new(["client.test"])).unwrap();
    let other = ca::self_signed(&Leaf::new(["other.test"])).unwrap();
    let hop = hop(&issued);
    let node = Node::start(objects(&hop));
    let file = node.path("client.pem");
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    let (listed, innocent) = (showing(Some(&issued)), showing(Some(&other)));
    let mut open = session(node.port, &listed).unwrap();
    let mut bystander = session(node.port, &innocent).unwrap();
    add(&node, &file, "client");
    // The command has ended: the change is made, and on its way to the role.
    let added = Instant::now();
    let mut last = String::new();
    // The last word is read, then the end.
    let _ = open.read_to_string(&mut last);
    assert!(added.elapsed() < AT_ONCE, "{:?}", added.elapsed());
    assert!(last.starts_with("421 4.7.5"), "{last}");
    // The same client resumes its session, and a new one makes a whole handshake: neither stands.
    assert!(session(node.port, &listed).is_err());
    assert!(session(node.port, &showing(Some(&issued))).is_err());
    bystander.write_all(b"NOOP\r\n").unwrap();
    let mut scratch = [0; 256];
    let count = bystander.read(&mut scratch).unwrap();
    assert!(scratch[..count].starts_with(b"250"));
    for number in [7010, 7011] {
        wait_for("it is told", || node.has_event("transport", number));
    }
}

#[test]
fn test_tls_reports_what_the_node_distrusts() {
    let issued = ca::self_signed(&Leaf::new(["hop.test"])).unwrap();
    let hop = hop(&issued);
    let node = Node::start(objects(&hop));
    let file = node.path("hop.pem");
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    let target = hop.address.to_string();
    let look = || {
        let output = node.command(&["test", "tls", &target, "--starttls", "smtp", "--json"]);
        let reports: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let verdicts = reports[0]["verdicts"].as_array().unwrap().clone();
        let found = verdicts.iter().find(|one| one["subject"] == "distrust");
        found.unwrap()["level"].as_str().unwrap().to_owned()
    };
    assert_eq!(look(), "well");
    let tested = node.json(&["untrusted", "test", file.to_str().unwrap()]);
    let spki = tested["certificates"][0]["spki_sha256"].as_str().unwrap();
    node.ask(&["untrusted", "add", "--spki", spki, "--reason", "a test"]);
    assert_eq!(look(), "bad");
}
