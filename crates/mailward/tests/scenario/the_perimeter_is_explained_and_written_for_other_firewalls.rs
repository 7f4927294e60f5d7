//! What a change of ranges would have refused is told from the sessions that were; ranges are written
//! for other firewalls, and a public feed is handed to whoever polls it.

use std::net::{Ipv4Addr, SocketAddr};

use crate::{
    feeds::{Caller, greeted},
    support::{Node, free_port, objects},
};

fn node() -> (Node, SocketAddr) {
    let port = free_port();
    let mut node = Node::prepare(|first| {
        objects(first)
            + &format!(
                r#"
[[sender_feed]]
name = "Partner"
source = {{ ranges = ["127.0.2.0/24", "127.0.3.0/25", "127.0.3.128/25", "2001:db8::/48"] }}
removal_delay = "1h"
public = true

[[sender_feed]]
name = "Secret"
source = {{ ranges = ["192.0.2.0/24"] }}

[[receive_connector]]
name = "Cloud"
bindings = ["127.0.0.1:{port}"]
remote_ranges = ["feed:Partner"]
"#
            )
    });
    node.serve();
    (node, (Ipv4Addr::LOCALHOST, port).into())
}

fn send(source: [u8; 4], to: SocketAddr) {
    let mut caller = Caller::connect(source, to);
    assert!(caller.line().starts_with("220 "));
    let helo = format!("HELO host{}.example.net", source[2]);
    for line in [
        helo.as_str(),
        "MAIL FROM:<a@example.net>",
        "RCPT TO:<info@example.test>",
    ] {
        assert!(caller.say(line).starts_with("250"), "{line}");
    }
    assert!(caller.say("DATA").starts_with("354"));
    let taken = caller.say("Subject: hello\r\n\r\nHello.\r\n.");
    assert!(taken.starts_with("250"), "{taken}");
}

#[test]
fn a_replay_names_who_would_have_been_refused() {
    let (node, cloud) = node();
    for source in [[127, 0, 2, 5], [127, 0, 2, 5], [127, 0, 3, 9]] {
        send(source, cloud);
    }
    // The tracking log gathers lines for a moment.
    crate::support::wait_for("the messages are in the tracking log", || {
        node.json(&["perimeter", "replay"])["messages"] == 3
    });
    let nothing = node.ask(&["perimeter", "replay", "--days", "1"]);
    assert!(nothing.contains("Nothing would be refused."), "{nothing}");
    let (code, out) = node.refused(&[
        "perimeter",
        "replay",
        "--connector",
        "Cloud",
        "--ranges",
        "feed:Partner",
        "--ranges",
        "except:127.0.2.0/24",
    ]);
    assert_eq!(code, 1);
    assert!(
        out.contains("127.0.2.5")
            && out.contains("host2.example.net")
            && out.contains("2 messages would be refused"),
        "{out}"
    );
    assert!(!out.contains("127.0.3.9"), "{out}");

    // A change that takes effect in an hour: the replay shows it as done.
    let set = r#"source={"ranges":["127.0.2.0/24","2001:db8::/48"]}"#;
    node.ask(&["sender-feed", "set", "Partner", set]);
    crate::support::wait_for("the change is in force", || {
        node.json(&["perimeter", "status"])["feeds"][0]["leaving"][0]["range"] == "127.0.3.0/24"
    });
    assert!(greeted([127, 0, 3, 9], cloud), "for an hour more");
    // That session brought no mail, and counts as well.
    crate::support::wait_for("the session is in the tracking log", || {
        let (_, out) = node.refused(&["perimeter", "replay"]);
        out.contains("127.0.3.9")
            && out.contains("1 message and 1 session without mail would be refused")
    });
    let diff = node.ask(&["perimeter", "diff", "partner"]);
    assert!(diff.contains("127.0.3.0/24"), "{diff}");
}

#[test]
fn a_replay_knows_who_came_and_brought_no_mail() {
    let (node, cloud) = node();
    send([127, 0, 2, 5], cloud);
    for _ in 0..3 {
        let mut silent = Caller::connect([127, 0, 3, 9], cloud);
        assert!(silent.line().starts_with("220 "));
        assert!(silent.say("HELO watcher.example.net").starts_with("250"));
        assert!(silent.say("QUIT").starts_with("221"));
    }
    let replay = || {
        let words = ["perimeter", "replay", "--connector", "Cloud"];
        let without = [
            "--ranges",
            "feed:Partner",
            "--ranges",
            "except:127.0.3.0/24",
            "--json",
        ];
        let output = node.command(&[&words[..], &without].concat());
        let view: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), view)
    };
    crate::support::wait_for("both are in the tracking log", || {
        let (_, view) = replay();
        view["messages"] == 1 && view["silent_sessions"] == 1
    });
    let (code, view) = replay();
    assert_eq!(code, Some(1), "somebody would be refused");
    assert_eq!(
        (&view["refused_messages"], &view["refused_silent_sessions"]),
        (&0.into(), &1.into())
    );
    let out = &view["out"][0];
    assert_eq!(
        (&out["address"], &out["helo"]),
        (&"127.0.3.9".into(), &"watcher.example.net".into())
    );
    // It is no step of a message: who traces mail is not shown it.
    let traced = node.ask(&["trace", "--since", "1h", "--json"]);
    assert!(
        !traced.contains("SESSION") && traced.contains("RECEIVE"),
        "{traced}"
    );
    let asked = node.ask(&["trace", "--since", "1h", "--event", "SESSION", "--json"]);
    assert!(asked.contains("watcher.example.net"), "{asked}");
}

#[test]
fn ranges_are_written_for_other_firewalls() {
    let (node, cloud) = node();
    let port = cloud.port().to_string();
    for format in ["nftables", "iptables", "ipset", "cidr", "json", "edl"] {
        let text = node.ask(&["perimeter", "export", "--format", format]);
        for block in ["127.0.2.0/23", "2001:db8::/48"] {
            assert!(
                text.contains(block),
                "{format}: {block} is missing in {text}"
            );
        }
        assert!(!text.contains("192.0.2.0"), "no connector takes it: {text}");
    }
    let table = node.ask(&[
        "perimeter",
        "export",
        "--format",
        "nftables",
        "--connector",
        "cloud",
    ]);
    assert!(
        table.contains(&format!("tcp dport {{ {port} }}")),
        "{table}"
    );
    let secret = node.ask(&[
        "perimeter",
        "export",
        "--format",
        "cidr",
        "--feed",
        "secret",
    ]);
    assert_eq!(secret, "192.0.2.0/24\n");

    let (status, text) = node.page("/perimeter/partner.txt");
    assert_eq!(
        (status, text.as_str()),
        (200, "127.0.2.0/23\n2001:db8::/48\n")
    );
    let (status, text) = node.page("/perimeter/Partner.json");
    assert_eq!(status, 200);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["ipv6"][0], "2001:db8::/48");
    for path in [
        "/perimeter/Secret.txt",
        "/perimeter/none.txt",
        "/perimeter/Partner.exe",
    ] {
        assert_eq!(node.page(path).0, 404, "{path}");
    }
}
