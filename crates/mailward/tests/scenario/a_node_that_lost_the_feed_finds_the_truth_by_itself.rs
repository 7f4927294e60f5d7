//! A node that nobody told of a change finds it at the next refresh of policies, in every role, also what
//! feeds and directories it reads; and `policy result` says when each role looked last, and when it
//! looks next.

use mailward_tls::ca::{self, Leaf};
use serde_json::Value;

use crate::{
    secure::showing,
    support::{Node, run, wait_for},
    tls_peers::session,
};

fn objects(port: u16) -> String {
    crate::support::objects(port).replace(
        "name = \"Internet\"\n",
        "name = \"Internet\"\nrequest_client_certificate = true\n",
    ) + "\n[policy_settings]\nrefresh_interval = \"2s\"\nrefresh_random = \"0s\"\n"
}

/// Whether `info+detail@` reaches `info@`.
fn takes_detail(node: &Node) -> bool {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.say("MAIL FROM:<a@example.net>");
    talk.say("RCPT TO:<info+detail@example.test>")
        .starts_with("250")
}

/// Changes what is stored behind everybody's back: no line of the feed tells of it.
fn change(node: &Node, kind: &str, from: &str, to: &str) {
    let program = "import sqlite3, sys\n\
         store = sqlite3.connect(sys.argv[1], timeout=30)\n\
         done = store.execute(\"UPDATE object SET spec = replace(spec, ?, ?) WHERE kind = ? \"\n\
         \"AND instr(spec, ?) > 0\", (sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[2]))\n\
         store.commit()\n\
         sys.exit(0 if done.rowcount == 1 else 1)\n";
    let file = node.path("data/store.db");
    let words = ["-c", program, file.to_str().unwrap(), from, to, kind];
    let (done, said) = run("python3", &words, "");
    assert!(done, "{said}");
}

fn result(node: &Node) -> Value {
    node.json(&["policy", "result"])
}

#[test]
fn and_says_when_it_looked() {
    let issued = ca::self_signed(&Leaf::new(["client.test"])).unwrap();
    let node = Node::start(objects);
    let file = node.path("client.pem");
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    let tested = node.json(&["untrusted", "test", file.to_str().unwrap()]);
    let digest = tested["certificates"][0]["sha256"].as_str().unwrap();
    node.ask(&[
        "policy",
        "set",
        "Unheard",
        "enabled=false",
        r#"transport_settings={"plus_addressing":false}"#,
        r#"ranges=[{"receive_connector":"Internet","add":["192.0.2.0/24"]}]"#,
        &format!(r#"untrusted=[{{"sha256":"{digest}","reason":"stolen"}}]"#),
    ]);
    assert!(takes_detail(&node));
    session(node.port, &showing(Some(&issued))).unwrap();
    let before = result(&node)["revision"].clone();

    change(&node, "policy", r#""enabled":false"#, r#""enabled":true"#);
    wait_for("its settings are in force", || !takes_detail(&node));
    wait_for("its untrusted certificate is refused", || {
        session(node.port, &showing(Some(&issued))).is_err()
    });
    let found = result(&node);
    assert_eq!(found["revision"], before, "nobody was told");
    assert_eq!(found["result"]["policies"][0]["applied"], true, "{found}");
    // Its ranges, which let nobody else in any more.
    change(&node, "policy", r#""add":["#, r#""remote_ranges":["#);
    wait_for("its ranges are in force", || !node.greets());
    assert_eq!(result(&node)["revision"], before, "nobody was told");

    let refreshes = found["refreshes"].as_array().unwrap().clone();
    for (role, part) in [
        ("manager", "settings"),
        ("manager", "untrusted"),
        ("transport", "settings"),
        ("transport", "ranges"),
        ("transport", "untrusted"),
        ("worker", "settings"),
        ("worker", "untrusted"),
        ("access", "untrusted"),
        ("access", "own_groups"),
    ] {
        let of = |all: &[Value]| {
            let found = all
                .iter()
                .find(|one| one["role"] == role && one["part"] == part);
            found
                .unwrap_or_else(|| panic!("{role} {part}: {all:?}"))
                .clone()
        };
        let one = of(&refreshes);
        let time = |field: &str| one[field].as_u64().unwrap();
        assert!(time("next_unix_ms") > time("reapplied_unix_ms"), "{one}");
        assert_eq!(one["problem"], Value::Null, "{one}");
        wait_for("it is refreshed again", || {
            let now = of(result(&node)["refreshes"].as_array().unwrap());
            now["refreshed_unix_ms"].as_u64().unwrap() > time("refreshed_unix_ms")
        });
    }
    // Everything is put in force anew, also what nothing has changed of.
    let whole = |node: &Node| {
        let all = result(node)["refreshes"].as_array().unwrap().clone();
        all.iter()
            .map(|one| one["reapplied_unix_ms"].as_u64().unwrap())
            .min()
    };
    let first = whole(&node);
    node.ask(&["policy-settings", "set", "reapply_interval=1s"]);
    wait_for("everything is applied anew in every role", || {
        whole(&node) > first
    });
    let page = node.ask(&["policy", "result"]);
    for part in ["Refreshes", "last applied whole", "ranges", "ago)"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // Of another node that node knows.
    let other = node.json(&["policy", "result", "other.example.test"]);
    assert_eq!(other["refreshes"], serde_json::json!([]));
    let status = node.json(&["status"])["database"].clone();
    assert_eq!(status["engine"], "sqlite", "{status}");
    assert_eq!(status["reachable"], true, "{status}");
    assert!(status["octets"].as_u64().unwrap() > 0, "{status}");
    assert!(node.ask(&["status"]).contains("SQLite, "));
}

#[test]
fn and_reads_the_feeds_and_directories_that_it_was_not_told_of() {
    let mut node = Node::prepare(|port| {
        objects(port)
            + r#"
[[sender_feed]]
name = "Partner"
enabled = false
source = { list = "https://127.0.0.1:1/ranges.txt" }

[[untrusted_feed]]
name = "House"
enabled = false
source = { crl = { places = ["http://127.0.0.1:1/partner.crl"] } }

[[directory_source]]
name = "Corp"
enabled = false
servers = ["127.0.0.1:1"]
base = "dc=example,dc=test"
type = "openldap"
"#
    });
    node.serve();
    // A feed that has no list yet is told with an exit code of its own.
    let first = |node: &Node, words: &[&str], list: &str, field: &str| {
        let output = node.command(&[words, &["--json"]].concat());
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        told[list][0][field].clone()
    };
    let sender = |node: &Node| first(node, &["perimeter", "status"], "feeds", "problem");
    let untrusted = |node: &Node| first(node, &["untrusted", "feeds"], "feeds", "problem");
    let directory = |node: &Node| first(node, &["directory", "sync", "status"], "sources", "state");
    let before = result(&node)["revision"].clone();
    assert_eq!(directory(&node), "off");
    assert_eq!(
        (sender(&node), untrusted(&node)),
        (Value::Null, Value::Null)
    );
    for kind in ["sender_feed", "untrusted_feed", "directory_source"] {
        change(&node, kind, r#""enabled":false"#, r#""enabled":true"#);
    }
    // Nobody is there who would answer: that it was asked is told by the failure.
    wait_for("the sender feed is read", || sender(&node).is_string());
    wait_for("the untrusted feed is read", || {
        untrusted(&node).is_string()
    });
    wait_for("the directory is followed", || directory(&node) != "off");
    assert_eq!(result(&node)["revision"], before, "nobody was told");
    change(
        &node,
        "directory_source",
        r#""enabled":true"#,
        r#""enabled":false"#,
    );
    wait_for("the directory is let go", || directory(&node) == "off");
}
