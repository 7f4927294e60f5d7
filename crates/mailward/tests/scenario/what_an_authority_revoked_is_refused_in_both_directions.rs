//! Certificate revocation lists: what an authority revoked is refused from clients and from next hops,
//! within a second of its list being read; a list that somebody else made changes nothing; where a list
//! is may be learnt from certificates, but only from those that a root of this node vouches for.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use mailward_tls::ca::{self, Issued, Leaf};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevocationReason, RevokedCertParams, SerialNumber, date_time_ymd,
};

use crate::{
    secure::showing,
    support::{Node, free_port, wait_for, wait_within},
    tls_peers::{hop, session},
};

/// How soon a list must be in force once it is read, on a busy machine. (How soon it is: `bench/feed`.)
const AT_ONCE: Duration = Duration::from_secs(5);

/// A page over plain HTTP, as CRLs are published: what it says, and how often it was asked.
struct Page {
    url: String,
    said: Arc<Mutex<(Vec<u8>, usize)>>,
}

impl Page {
    fn listen() -> Page {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/ca.crl", listener.local_addr().unwrap());
        let said: Arc<Mutex<(Vec<u8>, usize)>> = Arc::default();
        let page = Page {
            url,
            said: Arc::clone(&said),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
                    line.clear();
                }
                let body = {
                    let mut said = said.lock().unwrap();
                    said.1 += 1;
                    said.0.clone()
                };
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let mut stream = reader.into_inner();
                let _ = stream.write_all(&[head.as_bytes(), &body].concat());
            }
        });
        page
    }

    fn say(&self, der: Vec<u8>) {
        self.said.lock().unwrap().0 = der;
    }

    fn asked(&self) -> usize {
        self.said.lock().unwrap().1
    }
}

/// An authority that revokes.
struct Authority {
    pem: String,
    signer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Revoking CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        Authority {
            pem: params.self_signed(&key).unwrap().pem(),
            signer: Issuer::new(params, key),
        }
    }

    fn leaf(&self, name: &str, serial: u64, place: Option<&str>) -> Issued {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from(serial));
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.crl_distribution_points = place
            .map(|place| CrlDistributionPoint {
                uris: vec![place.to_owned()],
            })
            .into_iter()
            .collect();
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.signer).unwrap();
        Issued {
            certificate_pem: leaf.pem() + &self.pem,
            key_pem: key.serialize_pem(),
        }
    }

    /// A list that revokes these, made `age` ago and good for `life` from now.
    fn crl(&self, serials: &[u64], age: Duration, life: Duration) -> Vec<u8> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let at = |since_epoch: Duration| date_time_ymd(1970, 1, 1) + since_epoch;
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: at(now - age),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: at(now - age),
            next_update: at(now + life),
            crl_number: SerialNumber::from(now.as_secs()),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.signer).unwrap().der().to_vec()
    }
}

const HOUR: Duration = Duration::from_secs(3600);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What `mailward test tls` says of this hop's certificate and the lists: how it stands, and what was
/// found.
fn tested_by_hand(node: &Node, hop: std::net::SocketAddr) -> (String, String) {
    let target = hop.to_string();
    let output = node.command(&["test", "tls", &target, "--starttls", "smtp", "--json"]);
    let reports: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let verdicts = reports[0]["verdicts"].as_array().unwrap().clone();
    let found = verdicts.iter().find(|one| one["subject"] == "distrust");
    let text = |field: &str| found.unwrap()[field].as_str().unwrap().to_owned();
    (
        text("level"),
        format!("{}; {}", text("found"), text("reason")),
    )
}

/// A node that trusts an authority, asks clients for certificates, and sends everything to a hop.
fn node(authority: &Authority, hop: std::net::SocketAddr, source: &str) -> (Node, u16) {
    let asking = free_port();
    let mut node = Node::prepare(|first| {
        format!(
            r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"

[[receive_connector]]
name = "Internet"
bindings = ["127.0.0.1:{first}"]
relay = "all"

[[receive_connector]]
name = "Asking"
bindings = ["127.0.0.1:{asking}"]
request_client_certificate = true

[[send_connector]]
name = "Hop"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["{hop}"]
tls = "opportunistic"

[[untrusted_feed]]
name = "CRLs"
source = {source}

[transport_settings]
retry_schedule = ["1s"]
"#
        )
    });
    let roots = node.path("ca.pem");
    std::fs::write(&roots, &authority.pem).unwrap();
    trust(&node, &roots);
    node.serve();
    (node, asking)
}

fn trust(node: &Node, roots: &Path) {
    let config = std::fs::read_to_string(node.config()).unwrap();
    std::fs::write(node.config(), format!("extra_roots = {roots:?}\n{config}")).unwrap();
}

#[test]
fn of_clients_and_of_next_hops() {
    let (authority, page) = (Authority::new(), Page::listen());
    let hop = hop(&authority.leaf("hop.test", 0x51, None));
    page.say(authority.crl(&[], seconds(60), HOUR));
    let source = format!("{{ crl = {{ places = [\"{}\"] }} }}", page.url);
    let (node, asking) = node(&authority, hop.address, &source);
    let (stolen, other) = (
        showing(Some(&authority.leaf("stolen.test", 0x77, None))),
        showing(Some(&authority.leaf("other.test", 0x78, None))),
    );
    node.ask(&["untrusted", "refresh", "CRLs"]);
    let mut open = session(asking, &stolen).unwrap();
    let (level, found) = tested_by_hand(&node, hop.address);
    assert_eq!(level, "well", "{found}");
    assert!(found.contains("CRL of the issuer was asked"), "{found}");

    page.say(authority.crl(&[0x77, 0x51], seconds(50), HOUR));
    node.ask(&["untrusted", "refresh", "CRLs"]);
    let read = Instant::now();
    let mut last = String::new();
    let _ = open.read_to_string(&mut last);
    assert!(read.elapsed() < AT_ONCE, "{:?}", read.elapsed());
    assert!(last.starts_with("421 4.7.5"), "{last}");
    assert!(session(asking, &stolen).is_err());
    assert!(session(asking, &other).is_ok());
    let mut talk = node.talk();
    talk.say("EHLO client.test");
    let reply = talk.message(
        "info@example.test",
        &["a@elsewhere.test"],
        b"Subject: x\r\n\r\nx",
    );
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("the message waits with the reason", || {
        node.ask(&["queue", "list", "--json"])
            .contains("untrusted here: CRLs/http")
    });
    assert_eq!(hop.under_tls.load(Ordering::SeqCst), 0);
    assert_eq!(hop.plain.load(Ordering::SeqCst), 0, "no plain text instead");
    let (level, found) = tested_by_hand(&node, hop.address);
    assert_eq!(level, "bad", "{found}");
    assert!(
        found.contains("UNTRUSTED") && found.contains("CRLs/http"),
        "{found}"
    );
    let file = node.path("stolen.pem");
    std::fs::write(
        &file,
        authority.leaf("again.test", 0x77, None).certificate_pem,
    )
    .unwrap();
    let tested = node.command(&["untrusted", "test", file.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&tested.stdout).into_owned();
    assert!(text.contains("revokes it: keyCompromise"), "{text}");
    node.wait_for_events(&["CrlTaken"]);

    // A namesake's list, an older one, and none at all change nothing.
    let namesake = Authority::new();
    for (der, because) in [
        (namesake.crl(&[], seconds(1), HOUR), "did not sign it"),
        (
            authority.crl(&[], seconds(60), HOUR),
            "older than the one in force",
        ),
        (b"<html>".to_vec(), "it is no CRL"),
        (Vec::new(), "it is no CRL"),
    ] {
        page.say(der);
        let (_, said) = node.refused(&["untrusted", "refresh", "CRLs"]);
        assert!(said.contains(because), "{because:?} is not in {said:?}");
        assert!(session(asking, &stolen).is_err(), "after {because}");
        assert!(session(asking, &other).is_ok(), "after {because}");
    }
    // What is revoked no more (a hold that was lifted) is taken again.
    page.say(authority.crl(&[], seconds(40), HOUR));
    node.ask(&["untrusted", "refresh", "CRLs"]);
    wait_within(AT_ONCE, "it is let in again", || {
        session(asking, &stolen).is_ok()
    });
    wait_for("the message goes out", || {
        hop.under_tls.load(Ordering::SeqCst) == 1
    });
}

#[test]
fn and_a_stale_list_means_what_the_feed_says() {
    let (authority, page) = (Authority::new(), Page::listen());
    let hop = hop(&ca::self_signed(&Leaf::new(["hop.test"])).unwrap());
    page.say(authority.crl(&[0x77], seconds(60), seconds(4)));
    let source = format!(
        "{{ crl = {{ places = [\"{}\"], stale = \"refuse\" }} }}",
        page.url
    );
    let (node, asking) = node(&authority, hop.address, &source);
    let other = showing(Some(&authority.leaf("other.test", 0x78, None)));
    let stranger = showing(Some(
        &ca::self_signed(&Leaf::new(["stranger.test"])).unwrap(),
    ));
    wait_for("the list is stale, and its issuer is refused", || {
        session(asking, &other).is_err()
    });
    assert!(session(asking, &stranger).is_ok());
    node.wait_for_events(&["CrlStale"]);
    assert_eq!(node.refused(&["untrusted", "feeds"]).0, 1);
    page.say(authority.crl(&[0x77], seconds(1), HOUR));
    node.ask(&["untrusted", "refresh"]);
    wait_within(AT_ONCE, "it is let in again", || {
        session(asking, &other).is_ok()
    });
}

#[test]
fn where_it_is_is_learnt_from_certificates_that_a_root_vouches_for() {
    let (authority, page, trap) = (Authority::new(), Page::listen(), Page::listen());
    let hop = hop(&ca::self_signed(&Leaf::new(["hop.test"])).unwrap());
    page.say(authority.crl(&[0x77], seconds(60), HOUR));
    let source = "{ crl = { from_certificates = true } }";
    let (node, asking) = node(&authority, hop.address, source);
    // A namesake of the authority would have everything of it revoked by a list of his own.
    let namesake = Authority::new();
    trap.say(namesake.crl(&[0x77, 0x78], seconds(1), HOUR));
    let forged = namesake.leaf("forged.test", 1, Some(&trap.url));
    assert!(session(asking, &showing(Some(&forged))).is_ok());
    let stolen = showing(Some(&authority.leaf("stolen.test", 0x77, Some(&page.url))));
    let other = showing(Some(&authority.leaf("other.test", 0x78, Some(&page.url))));
    // One that is not revoked, so that nothing is cut while it is looked at.
    assert!(session(asking, &other).is_ok());
    wait_for("its list was found, and refuses it", || {
        session(asking, &stolen).is_err()
    });
    assert!(session(asking, &other).is_ok());
    assert_eq!(trap.asked(), 0);
    let feeds = node.json(&["untrusted", "feeds"]);
    let crls = feeds["feeds"][0]["crls"].as_array().unwrap().clone();
    assert_eq!(crls.len(), 1, "{crls:?}");
    assert_eq!(crls[0]["learnt"], true);
    assert_eq!(crls[0]["issuer"], "CN=Revoking CA");
}
