//! A signed list of untrusted certificates, signed by the real minisign and fetched over HTTPS, is in
//! force in every role within a second of being read. Whatever else the source says, the last good
//! list stays in force, and it is said why.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use mailward_tls::ca::{self, Leaf};

use crate::{
    feeds::{Publisher, Said},
    secure::showing,
    support::{Node, free_port, objects, wait_for, wait_within},
    tls_peers::session,
};

/// How soon a list must be in force once it is read, on a busy machine. (How soon it is: `bench/feed`.)
const AT_ONCE: Duration = Duration::from_secs(5);

/// Somebody who signs lists.
struct Signer {
    dir: tempfile::TempDir,
    key: String,
}

impl Signer {
    /// Somebody with a new key.
    fn new() -> Signer {
        let dir = tempfile::tempdir().unwrap();
        let (public, secret) = (dir.path().join("pub"), dir.path().join("sec"));
        minisign(&[
            "-G".as_ref(),
            "-W".as_ref(),
            "-p".as_ref(),
            public.as_path(),
            "-s".as_ref(),
            secret.as_path(),
        ]);
        let text = std::fs::read_to_string(public).unwrap();
        let key = text.lines().nth(1).unwrap().to_owned();
        Signer { dir, key }
    }

    /// The signature of a document.
    fn sign(&self, document: &str) -> String {
        let file = |name: &str| self.dir.path().join(name);
        let (list, signature) = (file("list"), file("signature"));
        std::fs::write(&list, document).unwrap();
        minisign(&[
            "-S".as_ref(),
            "-s".as_ref(),
            file("sec").as_path(),
            "-m".as_ref(),
            list.as_path(),
            "-x".as_ref(),
            signature.as_path(),
            "-t".as_ref(),
            "from the house".as_ref(),
        ]);
        std::fs::read_to_string(signature).unwrap()
    }
}

fn minisign(arguments: &[&Path]) {
    let done = Command::new("minisign").args(arguments).output();
    let done = done.expect("minisign is installed");
    assert!(done.status.success(), "{done:?}");
}

fn list(sequence: u64, expires: &str, entries: &[String]) -> String {
    format!(
        r#"{{"format":"mailward-untrusted-list-1","sequence":{sequence},"expires":"{expires}","entries":[{}]}}"#,
        entries.join(",")
    )
}

const LATER: &str = "2099-01-01T00:00:00Z";

fn of_digest(name: &str, digest: &str) -> String {
    format!(r#"{{"name":"{name}","sha256":"{digest}","reason":"key stolen"}}"#)
}

/// Has the publisher say a list with its signature.
fn publish(publisher: &Publisher, signer: &Signer, document: &str) {
    publisher.say("/list.json", Said::Document(document.to_owned()));
    publisher.say("/list.json.minisig", Said::Document(signer.sign(document)));
}

/// A node that takes the feed, and asks clients for certificates.
fn node(publisher: &Publisher, folder: tempfile::TempDir, key: &str) -> (Node, u16) {
    let asking = free_port();
    let url = publisher.url();
    let mut node = Node::prepare_in(folder, |first| {
        objects(first)
            + &format!(
                r#"
[[receive_connector]]
name = "Asking"
bindings = ["127.0.0.1:{asking}"]
request_client_certificate = true

[[untrusted_feed]]
name = "House"
source = {{ signed_list = {{ place = "{url}/list.json", keys = ["{key}"] }} }}
"#
            )
    });
    publisher.trusted_by(&node);
    node.serve();
    (node, asking)
}

fn pem_of(node: &Node, issued: &ca::Issued, name: &str) -> PathBuf {
    let file = node.path(name);
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    file
}

fn digest_of(node: &Node, file: &Path) -> String {
    let output = node.command(&["untrusted", "test", file.to_str().unwrap(), "--json"]);
    let tested: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let digest = &tested["certificates"][0]["sha256"];
    digest.as_str().unwrap().to_owned()
}

#[test]
fn a_list_is_in_force_within_a_second_and_comes_from_its_feed() {
    let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::new());
    let publisher = Publisher::listen(folder.path());
    publish(&publisher, &signer, &list(1, LATER, &[]));
    let (node, asking) = node(&publisher, folder, &signer.key);
    let [stolen, other] =
        ["stolen.test", "other.test"].map(|name| ca::self_signed(&Leaf::new([name])).unwrap());
    let file = pem_of(&node, &stolen, "stolen.pem");
    let digest = digest_of(&node, &file);
    node.ask(&["untrusted", "refresh", "House"]);
    let mut open = session(asking, &showing(Some(&stolen))).unwrap();

    publish(
        &publisher,
        &signer,
        &list(2, LATER, &[of_digest("stolen-1", &digest)]),
    );
    let said = node.ask(&["untrusted", "refresh"]);
    let read = Instant::now();
    assert!(said.contains("list 2 with 1 entries is in force"), "{said}");
    // The open session is cut; a new one and a resumed one are refused; others are not.
    let mut last = String::new();
    let _ = open.read_to_string(&mut last);
    assert!(read.elapsed() < AT_ONCE, "{:?}", read.elapsed());
    assert!(last.starts_with("421 4.7.5"), "{last}");
    assert!(session(asking, &showing(Some(&stolen))).is_err());
    assert!(session(asking, &showing(Some(&other))).is_ok());

    let listed = node.json(&["untrusted", "list"]);
    let entries = listed["entries"].as_array().unwrap();
    let entry = entries.iter().find(|one| one["feed"] == "House").unwrap();
    assert_eq!(entry["name"], "House/stolen-1");
    let output = node.command(&["untrusted", "test", file.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("House/stolen-1") && text.contains("key stolen"),
        "{text}"
    );
    let feeds = node.ask(&["untrusted", "feeds"]);
    assert!(feeds.contains("from the house"), "{feeds}");
    node.wait_for_events(&["UntrustedFeedChanged"]);
    let (_, metrics) = node.page("/metrics");
    assert!(
        metrics.contains("mailward_untrusted_feed_entries{feed=\"House\"} 1"),
        "{metrics}"
    );
    wait_for("its monitor is well", || {
        let shown = node.command(&["health", "probe", "run", "untrusted-feed/House"]);
        String::from_utf8_lossy(&shown.stdout).contains("list 2 with 1 entries")
    });

    // It outlasts a restart, with the source away.
    publisher.say("/list.json", Said::Status(503));
    let old = node.role_pid("transport").unwrap();
    crate::support::signal(old, "KILL");
    wait_for("transport serves again", || {
        session(asking, &showing(Some(&other))).is_ok()
    });
    assert!(session(asking, &showing(Some(&stolen))).is_err());
    // A feed that is removed refuses nothing any more.
    node.ask(&["untrusted-feed", "remove", "House"]);
    wait_within(Duration::from_secs(5), "it is let in again", || {
        session(asking, &showing(Some(&stolen))).is_ok()
    });
}

#[test]
fn whatever_is_no_sound_list_changes_nothing() {
    let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::new());
    let publisher = Publisher::listen(folder.path());
    let stolen = ca::self_signed(&Leaf::new(["stolen.test"])).unwrap();
    publish(&publisher, &signer, &list(1, LATER, &[]));
    let (node, asking) = node(&publisher, folder, &signer.key);
    let digest = digest_of(&node, &pem_of(&node, &stolen, "stolen.pem"));
    let good = list(5, LATER, &[of_digest("stolen", &digest)]);
    publish(&publisher, &signer, &good);
    node.ask(&["untrusted", "refresh", "House"]);
    let is_refused = || session(asking, &showing(Some(&stolen))).is_err();
    wait_within(AT_ONCE, "the list is in force", is_refused);

    let refused = |because: &str| {
        let (_, said) = node.refused(&["untrusted", "refresh", "House"]);
        assert!(said.contains(because), "{because:?} is not in {said:?}");
        assert!(is_refused(), "after {because}");
        let feeds = node.json(&["untrusted", "feeds"]);
        let problem = feeds["feeds"][0]["problem"].as_str().unwrap_or_default();
        assert!(problem.contains(because), "{problem}");
    };
    let stranger = Signer::new();
    publish(&publisher, &stranger, &list(6, LATER, &[]));
    refused("none of those that are named for the feed");
    publish(&publisher, &signer, &list(6, LATER, &[]));
    // The signature is still that of list 6.
    publisher.say("/list.json", Said::Document(list(7, LATER, &[])));
    refused("does not fit the document");
    for (document, because) in [
        (list(4, LATER, &[]), "older than 5"),
        (list(5, LATER, &[]), "two lists with the number 5"),
        (list(6, "2020-01-01T00:00:00Z", &[]), "has expired"),
        (list(6, "soon", &[]), "\"soon\", which is no time"),
        ("[]".to_owned(), "no list"),
        (good[..60].to_owned(), "no list"),
        (
            list(6, LATER, &[r#"{"serial":"1","reason":"x"}"#.to_owned()]),
            "entries[0]: issuer",
        ),
        (
            list(6, LATER, &[r#"{"sha256":7,"reason":"x"}"#.to_owned()]),
            "no list",
        ),
    ] {
        publish(&publisher, &signer, &document);
        refused(because);
    }
    let newer = list(6, LATER, &[]);
    publish(&publisher, &signer, &newer);
    for (answer, because) in [
        (Said::CutOff(newer.clone()), "gave no whole answer"),
        (Said::Huge(9 << 20), "more than 8388608 octets"),
        (Said::Status(429), "answered 429"),
        (Said::Status(500), "answered 500"),
        (Said::Redirect("/list.json".into()), "more than 3 redirects"),
        (
            Said::Redirect("http://127.0.0.1/list".into()),
            "is no https:// URL",
        ),
    ] {
        publisher.say("/list.json", answer);
        refused(because);
    }
    publish(&publisher, &signer, &newer);
    publisher.say("/list.json.minisig", Said::Status(404));
    refused("the list's signature: 127.0.0.1 answered 404");
    node.wait_for_events(&["UntrustedFeedRefused"]);

    // An empty list is signed and sound, and waits for a person.
    publish(&publisher, &signer, &newer);
    let held = node.ask(&["untrusted", "refresh", "House"]);
    assert!(held.contains("waits for a person"), "{held}");
    assert!(is_refused());
    let diff = node.json(&["untrusted", "diff"]);
    assert_eq!(diff["changes"][0]["removed"][0], "stolen");
    assert_eq!(node.refused(&["untrusted", "feeds"]).0, 1);
    node.wait_for_events(&["UntrustedFeedChangeHeld", "UntrustedFeedRecovered"]);
    let said = node.ask(&["untrusted", "approve", "House"]);
    assert!(
        said.contains("untrusted feed \"House\": sequence "),
        "{said}"
    );
    wait_within(AT_ONCE, "it is let in again", || !is_refused());
    let (_, said) = node.refused(&["untrusted", "approve", "House"]);
    assert!(said.contains("no change of untrusted feed"), "{said}");
}

#[test]
fn a_publisher_whose_certificate_has_expired_is_not_asked() {
    let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::new());
    let day = Duration::from_secs(86_400);
    let now = std::time::SystemTime::now();
    let leaf = Leaf::new(["127.0.0.1"]).valid(now - 9 * day, now - day);
    let publisher = Publisher::with_leaf(folder.path(), leaf);
    publish(&publisher, &signer, &list(1, LATER, &[]));
    let (node, _) = node(&publisher, folder, &signer.key);
    let (_, said) = node.refused(&["untrusted", "refresh", "House"]);
    assert!(said.contains("xpired"), "{said}");
    assert!(publisher.asked().is_empty(), "nothing was asked");
}
