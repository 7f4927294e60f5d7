//! Revocation filters as `upki` publishes them, made by the builder that its publishers use: what they
//! say is revoked is refused from clients and from next hops as soon as they are read, open and resumed
//! sessions among them; what is not revoked passes, and so does what they do not cover. Whatever else the
//! publisher says, the last good ones stay in force, and it is said why.

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use mailward_tls::ca::{self, Issued, Leaf};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    SerialNumber,
};
use rustls::ClientConfig;
use sha2::{Digest, Sha256};

use crate::{
    feeds::{Publisher, Said},
    secure::showing,
    support::{Node, free_port, wait_for, wait_within},
    tls_peers::{hop, session},
};

/// How soon filters must be in force once they are read, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(5);

/// What the builder made for the authority below: serial numbers 0x4000 to 0x43e7, of which those that
/// end in 7 (counted from the first) are revoked by the one, those that end in 8 by the other.
const WHOLE: &[u8] = include_bytes!("../../../tls/src/untrusted/filter/whole.filter");
const ADDED: &[u8] = include_bytes!("../../../tls/src/untrusted/filter/added.filter");
/// When the filters' log was at work, and a day after they were made.
const COVERED_MS: u64 = 1_772_323_200_000;
const LATER_MS: u64 = 1_790_899_200_000;

/// The authority whose certificates the filters know.
struct Authority {
    pem: String,
    signer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let key = include_str!("../../../tls/src/untrusted/filter/authority.key.pem");
        let key = KeyPair::from_pem(key).unwrap();
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "Filtered CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority {
            pem: params.self_signed(&key).unwrap().pem(),
            signer: Issuer::new(params, key),
        }
    }

    /// A certificate that a log was shown then, with that of the authority.
    fn leaf(&self, serial: u16, logged_ms: u64) -> Issued {
        let mut params = CertificateParams::new(vec!["peer.test".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
        params.custom_extensions.push(sct(logged_ms));
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.signer).unwrap();
        Issued {
            certificate_pem: leaf.pem() + &self.pem,
            key_pem: key.serialize_pem(),
        }
    }

    /// A client that shows one.
    fn client(&self, serial: u16, logged_ms: u64) -> Arc<ClientConfig> {
        showing(Some(&self.leaf(serial, logged_ms)))
    }
}

/// RFC 6962 §3.3: one SCT of the log 0x07….
fn sct(unix_ms: u64) -> CustomExtension {
    let mut sct = vec![0];
    sct.extend([7; 32]);
    sct.extend(unix_ms.to_be_bytes());
    sct.extend([0, 0, 4, 3, 0, 2, 0x30, 0]);
    let length = u8::try_from(sct.len()).unwrap();
    let mut value = vec![0x04, length + 4, 0, length + 2, 0, length];
    value.extend(sct);
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], value)
}

fn now_secs() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

fn manifest(made_secs: u64, files: &[(&str, &[u8])]) -> String {
    let files: Vec<String> = files
        .iter()
        .map(|(name, octets)| {
            let hash: String = Sha256::digest(octets)
                .iter()
                .map(|octet| format!("{octet:02x}"))
                .collect();
            let size = octets.len();
            format!(r#"{{"filename":"{name}","size":{size},"hash":"{hash}"}}"#)
        })
        .collect();
    let files = files.join(",");
    format!(r#"{{"generated_at":{made_secs},"comment":"of the test","files":[{files}]}}"#)
}

/// Has the publisher say these filters.
fn publish(publisher: &Publisher, made_secs: u64, files: &[(&str, &[u8])]) {
    for (name, octets) in files {
        publisher.say(&format!("/r/{name}"), Said::Octets(octets.to_vec()));
    }
    let text = manifest(made_secs, files);
    publisher.say("/r/manifest.json", Said::Document(text));
}

/// A node that takes filters, asks clients for certificates, and sends everything to a hop.
fn node(folder: tempfile::TempDir, hop: std::net::SocketAddr, feed: &str) -> (Node, u16) {
    let asking = free_port();
    let node = Node::prepare_in(folder, |first| {
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
name = "Public"
{feed}

[transport_settings]
retry_schedule = ["1s"]
"#
        )
    });
    (node, asking)
}

fn written(node: &Node, name: &str, issued: &Issued) -> PathBuf {
    let file = node.path(name);
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    file
}

/// What the filters say of a file's first certificate.
fn tested(node: &Node, file: &Path) -> (String, String) {
    let output = node.command(&["untrusted", "test", file.to_str().unwrap(), "--json"]);
    let tested: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = &tested["certificates"][0]["filters"][0];
    let text = |field: &str| said[field].as_str().unwrap_or_default().to_owned();
    (text("state"), text("told"))
}

#[test]
fn in_both_directions_and_in_sessions_that_stand() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let publisher = Publisher::listen(folder.path());
    let hop = hop(&authority.leaf(0x4000 + 18, COVERED_MS));
    let made = now_secs() - 600;
    publish(&publisher, made, &[("whole.filter", WHOLE)]);
    let source = format!(
        r#"source = {{ upki = {{ base = "{}/r/" }} }}"#,
        publisher.url()
    );
    let (mut node, asking) = node(folder, hop.address, &source);
    publisher.trusted_by(&node);
    node.serve();
    let said = node.ask(&["untrusted", "refresh", "Public"]);
    assert!(said.contains("1 filters for 4 issuers"), "{said}");
    let (first, later) = (
        authority.client(0x4007, COVERED_MS),
        authority.client(0x4008, COVERED_MS),
    );
    let (good, uncovered) = (
        authority.client(0x4009, COVERED_MS),
        authority.client(0x4007, LATER_MS),
    );
    wait_within(AT_ONCE, "what is revoked is refused", || {
        session(asking, &first).is_err()
    });
    let mut open = session(asking, &later).unwrap();

    publish(
        &publisher,
        made + 60,
        &[("whole.filter", WHOLE), ("added.filter", ADDED)],
    );
    node.ask(&["untrusted", "refresh", "Public"]);
    let read = Instant::now();
    let mut last = String::new();
    let _ = open.read_to_string(&mut last);
    assert!(read.elapsed() < AT_ONCE, "{:?}", read.elapsed());
    assert!(last.starts_with("421 4.7.5"), "{last}");
    assert!(session(asking, &later).is_err(), "it would be resumed");
    for fit in [&good, &uncovered] {
        assert!(session(asking, fit).is_ok());
    }
    let asked = publisher.asked();
    let whole = asked.iter().filter(|path| path.ends_with("whole.filter"));
    assert_eq!(whole.count(), 1, "what is here is not fetched again");
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
            .contains("untrusted here: Public/filters")
    });
    assert_eq!(hop.under_tls.load(Ordering::SeqCst), 0);
    assert_eq!(hop.plain.load(Ordering::SeqCst), 0, "no plain text instead");

    told_apart(&node, &authority);
    node.wait_for_events(&["RevocationFiltersTaken", "UntrustedCertificateRefused"]);
    // It outlasts a restart, with the publisher away.
    publisher.say("/r/manifest.json", Said::Status(503));
    crate::support::signal(node.role_pid("transport").unwrap(), "KILL");
    wait_for("transport serves again", || session(asking, &good).is_ok());
    assert!(session(asking, &first).is_err());
    node.ask(&["untrusted-feed", "remove", "Public"]);
    wait_within(AT_ONCE, "it is let in again", || {
        session(asking, &first).is_ok()
    });
    wait_for("the message goes out", || {
        hop.under_tls.load(Ordering::SeqCst) == 1
    });
}

/// What a person and a collector are told.
fn told_apart(node: &Node, authority: &Authority) {
    for (serial, logged_ms, state, told) in [
        (0x4007, COVERED_MS, "revoked", "say: revoked"),
        (0x4009, COVERED_MS, "not_revoked", "say: not revoked"),
        (
            0x4007,
            LATER_MS,
            "not_covered",
            "logged later than the filters",
        ),
    ] {
        let file = written(node, "asked.pem", &authority.leaf(serial, logged_ms));
        let (found, said) = tested(node, &file);
        assert_eq!(found, state, "{said}");
        assert!(said.contains(told), "{said}");
        let code = node.command(&["untrusted", "test", file.to_str().unwrap()]);
        assert_eq!(code.status.code(), Some(i32::from(state == "revoked")));
    }
    let stranger = ca::self_signed(&Leaf::new(["stranger.test"])).unwrap();
    let (found, said) = tested(node, &written(node, "asked.pem", &stranger));
    assert_eq!(found, "not_covered");
    assert!(said.contains("no time at which a log"), "{said}");
    let listed = node.json(&["untrusted", "list"]);
    let filters = &listed["filters"][0];
    assert_eq!(filters["feed"], "Public");
    assert_eq!(filters["filters"], 2);
    assert_eq!(filters["issuers"], 4);
    let page = node.ask(&["untrusted", "list"]);
    assert!(page.contains("Filters of feed Public"), "{page}");
    let page = node.ask(&["untrusted", "feeds"]);
    assert!(page.contains("2 filters"), "{page}");
    // Figures are gathered now and then, and not for each who asks.
    wait_for("a collector is told", || {
        let (_, metrics) = node.page("/metrics");
        let counted = ["revoked", "not_revoked", "not_covered"]
            .iter()
            .all(|state| {
                let name = format!("mailward_revocation_checks_total{{state=\"{state}\"}} ");
                let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
                line.is_some_and(|count| count != "0")
            });
        counted && metrics.contains("mailward_untrusted_feed_filters{feed=\"Public\"} 2")
    });
}

#[test]
fn and_whatever_is_no_sound_filter_changes_nothing() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let publisher = Publisher::listen(folder.path());
    let made = now_secs() - 600;
    publish(&publisher, made, &[("whole.filter", WHOLE)]);
    let source = format!(
        r#"source = {{ upki = {{ base = "{}/r" }} }}"#,
        publisher.url()
    );
    let sink = hop(&ca::self_signed(&Leaf::new(["hop.test"])).unwrap());
    let (mut node, asking) = node(folder, sink.address, &source);
    publisher.trusted_by(&node);
    node.serve();
    node.ask(&["untrusted", "refresh", "Public"]);
    let (revoked, good) = (
        authority.client(0x4007, COVERED_MS),
        authority.client(0x4009, COVERED_MS),
    );
    wait_within(AT_ONCE, "what is revoked is refused", || {
        session(asking, &revoked).is_err()
    });
    let refused = |because: &str| {
        let (_, said) = node.refused(&["untrusted", "refresh", "Public"]);
        assert!(said.contains(because), "{because:?} is not in {said:?}");
        assert!(session(asking, &revoked).is_err(), "after {because}");
        assert!(session(asking, &good).is_ok(), "after {because}");
        let feeds = node.json(&["untrusted", "feeds"]);
        let feed = &feeds["feeds"][0];
        let problem = feed["problem"].as_str().unwrap_or_default();
        assert!(problem.contains(because), "{problem}");
        assert_eq!(feed["filters"]["filters"], 1);
    };
    // The manifest: none, another document, too much, one that leads elsewhere, an old one, an empty one.
    let next = made + 60;
    let now = now_secs();
    let added = |name: &'static str, octets: &'static [u8]| -> [(&'static str, &'static [u8]); 2] {
        [("whole.filter", WHOLE), (name, octets)]
    };
    let text = manifest(next, &added("added.filter", ADDED));
    for (answer, because) in [
        (Said::Status(404), "answered 404"),
        (Said::Status(429), "answered 429"),
        (
            Said::Document("<html>".into()),
            "no list of revocation filters",
        ),
        (
            Said::Document(text[..80].to_owned()),
            "no list of revocation filters",
        ),
        (Said::CutOff(text.clone()), "gave no whole answer"),
        (Said::Huge(2 << 20), "more than 1048576 octets"),
        (
            Said::Redirect("http://127.0.0.1/r".into()),
            "is no https:// URL",
        ),
        (Said::Document(manifest(next, &[])), "names no filter"),
        (
            Said::Document(manifest(made - 1, &added("a", ADDED))),
            "before those in force",
        ),
        (
            Said::Document(manifest(now + 90_000, &added("a", ADDED))),
            "more than a day from now",
        ),
        (
            Said::Document(manifest(next, &added("../a", ADDED))),
            "names a file \"../a\"",
        ),
        (
            Said::Document(text.replace(&format!("\"size\":{}", ADDED.len()), "\"size\":99000000")),
            "at the most 250",
        ),
    ] {
        publisher.say("/r/manifest.json", answer);
        refused(because);
    }
    // The files: none, cut off, another one's, huge, sound by its digest and no filter.
    publish(&publisher, next, &added("added.filter", ADDED));
    let half = &ADDED[..ADDED.len() / 2];
    for (answer, because) in [
        (Said::Status(404), "added.filter: 127.0.0.1 answered 404"),
        (
            Said::Octets(half.to_vec()),
            "added.filter: it is not what manifest.json says",
        ),
        (
            Said::Octets(WHOLE.to_vec()),
            "added.filter: it is not what manifest.json says",
        ),
        (Said::CutOff("x".repeat(400)), "gave no whole answer"),
        (Said::Huge(34 << 20), "more than 33554432 octets"),
    ] {
        publisher.say("/r/added.filter", answer);
        refused(because);
    }
    publish(
        &publisher,
        next,
        &added("added.filter", b"<html>not here</html>"),
    );
    refused("added.filter: it is no revocation filter");
    publish(&publisher, next, &added("added.filter", half));
    refused("added.filter: it is no revocation filter");
    node.wait_for_events(&["UntrustedFeedRefused"]);
    publish(&publisher, next, &added("added.filter", ADDED));
    let said = node.ask(&["untrusted", "refresh", "Public"]);
    assert!(said.contains("2 filters"), "{said}");
    node.wait_for_events(&["UntrustedFeedRecovered"]);
}

#[test]
fn and_stale_ones_of_a_folder_mean_what_the_feed_says() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let filters = folder.path().join("filters");
    std::fs::create_dir(&filters).unwrap();
    let publish = |made: u64| {
        let text = manifest(made, &[("whole.filter", WHOLE)]);
        std::fs::write(filters.join("whole.filter"), WHOLE).unwrap();
        std::fs::write(filters.join("manifest.json"), text).unwrap();
    };
    // An hour is the least max_age: stale in some seconds.
    publish(now_secs() - 3_590);
    let feed = format!(
        "source = {{ upki = {{ base = {filters:?}, stale = \"refuse\" }} }}\nmax_age = \"1h\""
    );
    let sink = hop(&ca::self_signed(&Leaf::new(["hop.test"])).unwrap());
    let (mut node, asking) = node(folder, sink.address, &feed);
    node.serve();
    let (good, uncovered) = (
        authority.client(0x4009, COVERED_MS),
        authority.client(0x4009, LATER_MS),
    );
    let stranger = showing(Some(
        &ca::self_signed(&Leaf::new(["stranger.test"])).unwrap(),
    ));
    wait_for("they are stale, and refuse what they speak for", || {
        session(asking, &good).is_err()
    });
    assert!(session(asking, &uncovered).is_err(), "nobody knows by now");
    assert!(session(asking, &stranger).is_ok());
    node.wait_for_events(&["RevocationFiltersStale"]);
    assert_eq!(node.refused(&["untrusted", "feeds"]).0, 1);
    publish(now_secs());
    node.ask(&["untrusted", "refresh", "Public"]);
    wait_within(AT_ONCE, "they are let in again", || {
        session(asking, &good).is_ok() && session(asking, &uncovered).is_ok()
    });
}
