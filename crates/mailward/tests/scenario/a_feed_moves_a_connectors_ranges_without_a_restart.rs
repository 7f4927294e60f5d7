//! A receive connector takes whom a sender feed names: what is published anew is let in at once, what
//! is published no more after its time; open sessions are cut then, or may finish, as the connector
//! says; a change that is too large waits for a person, and all of it outlasts a restart. A feed may be
//! an SPF record, read from DNS with what it includes. No process is restarted for it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use crate::{
    feeds::{Caller, Publisher, and, greeted},
    outside::NameServer,
    support::{Node, free_port, objects, text, wait_for},
};

/// What is asked is one second; this machine does other things too.
const IN_FORCE_MAX: Duration = Duration::from_secs(3);

/// A node with a connector for Microsoft 365 besides its own, and that connector's address.
fn node(publisher: &Publisher, folder: tempfile::TempDir, feed: &str) -> (Node, SocketAddr) {
    let port = free_port();
    let url = publisher.url();
    let node = Node::prepare_in(folder, |first| {
        objects(first)
            + &format!(
                r#"
[[sender_feed]]
name = "M365"
source = {{ microsoft365 = {{ service = "{url}" }} }}
{feed}

[[receive_connector]]
name = "Cloud"
bindings = ["127.0.0.1:{port}"]
remote_ranges = ["feed:m365", "127.0.9.0/24", "except:127.0.2.66"]
out_of_range = "cut"
"#
            )
    });
    publisher.trusted_by(&node);
    (node, (Ipv4Addr::LOCALHOST, port).into())
}

#[test]
fn ranges_follow_the_feed() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = Publisher::listen(folder.path());
    publisher.publish("2026100100", &and(&["127.0.2.0/24", "127.0.3.0/24"]));
    let feed = "interval = \"1s\"\nremoval_delay = \"4s\"";
    let (mut node, cloud) = node(&publisher, folder, feed);
    node.serve();
    wait_for("the first version is in force", || {
        greeted([127, 0, 2, 5], cloud)
    });
    let transport = node.role_pid("transport");
    assert!(
        greeted([127, 0, 9, 1], cloud),
        "a range of the connector's own"
    );
    assert!(!greeted([127, 0, 2, 66], cloud), "what is taken out");
    assert!(!greeted([127, 0, 4, 5], cloud));
    let mut stays = Caller::connect([127, 0, 2, 5], cloud);
    let mut leaves = Caller::connect([127, 0, 3, 5], cloud);
    assert!(stays.line().starts_with("220 ") && leaves.line().starts_with("220 "));

    // 127.0.4.0/24 comes, 127.0.3.0/24 goes.
    publisher.publish("2026110100", &and(&["127.0.2.0/24", "127.0.4.0/24"]));
    wait_for("the new version is in force", || {
        greeted([127, 0, 4, 5], cloud)
    });
    assert!(greeted([127, 0, 3, 5], cloud), "for some time more");
    assert!(leaves.say("NOOP").starts_with("250 "));
    wait_for("the removed range is let in no more", || {
        !greeted([127, 0, 3, 5], cloud)
    });
    let word = leaves.line();
    assert!(
        word.starts_with("421 4.3.2"),
        "the session was cut: {word:?}"
    );
    assert!(stays.say("NOOP").starts_with("250 "));
    assert_eq!(node.role_pid("transport"), transport, "no restart");
    node.wait_for_events(&["FeedChanged", "FeedRangesEnded", "SessionOutOfRangeCut"]);

    // How long a change takes once the source has been asked.
    publisher.publish(
        "2026110200",
        &and(&["127.0.2.0/24", "127.0.4.0/24", "127.0.5.0/24"]),
    );
    let began = Instant::now();
    node.ask(&["perimeter", "refresh", "M365"]);
    assert!(greeted([127, 0, 5, 5], cloud));
    assert!(began.elapsed() < IN_FORCE_MAX, "{:?}", began.elapsed());

    // One name for good, versions first, endpoints only after a new one.
    let asked = publisher.asked();
    let id = |path: &String| {
        let (_, query) = path.split_once("ClientRequestId=").unwrap();
        query.split('&').next().unwrap().to_owned()
    };
    assert!(
        asked.iter().all(|path| id(path) == id(&asked[0])),
        "{asked:?}"
    );
    let count = |of: &str| asked.iter().filter(|path| path.starts_with(of)).count();
    assert_eq!(count("/endpoints/Worldwide?"), 3, "{asked:?}");
    assert!(count("/version/Worldwide?") > 3);
    assert_eq!(count("/changes/Worldwide/2026100100?"), 1);
}

#[test]
fn an_open_session_may_finish_where_the_connector_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = Publisher::listen(folder.path());
    publisher.publish("2026100100", &and(&["127.0.2.0/24", "127.0.3.0/24"]));
    let feed = "interval = \"1s\"\nremoval_delay = \"0s\"";
    let patient = free_port();
    let second = format!(
        "{feed}\n\n[[receive_connector]]\nname = \"Patient\"\nbindings = [\"127.0.0.1:{patient}\"]\n\
         remote_ranges = [\"feed:m365\"]\nout_of_range = \"finish\"\n"
    );
    let (mut node, cloud) = node(&publisher, folder, &second);
    let patient = SocketAddr::from((Ipv4Addr::LOCALHOST, patient));
    node.serve();
    wait_for("the first version is in force", || {
        greeted([127, 0, 3, 5], cloud) && greeted([127, 0, 3, 5], patient)
    });
    let mut cut = Caller::connect([127, 0, 3, 5], cloud);
    let mut finishes = Caller::connect([127, 0, 3, 5], patient);
    assert!(cut.line().starts_with("220 ") && finishes.line().starts_with("220 "));
    for line in ["HELO host.example.net", "MAIL FROM:<a@example.net>"] {
        assert!(finishes.say(line).starts_with("250 "), "{line}");
    }
    publisher.publish("2026110100", &and(&["127.0.2.0/24"]));
    let word = cut.line();
    assert!(word.starts_with("421 4.3.2"), "{word:?}");
    // Both connectors have the new ranges; what was begun under the old ones comes to its end.
    wait_for("nobody else is let in", || {
        !greeted([127, 0, 3, 5], patient)
    });
    assert!(
        finishes
            .say("RCPT TO:<info@example.test>")
            .starts_with("250 ")
    );
    assert!(finishes.say("DATA").starts_with("354 "));
    let taken = finishes.say("Subject: finished\r\n\r\nHello.\r\n.");
    assert!(taken.starts_with("250 "), "{taken}");
    assert!(
        finishes.say("NOOP").starts_with("250 "),
        "the session goes on"
    );
    assert!(finishes.say("QUIT").starts_with("221 "));
    assert!(!greeted([127, 0, 3, 5], patient) && greeted([127, 0, 2, 5], patient));
    wait_for("the message is in the mailbox", || {
        let mail = node.mailbox("info");
        mail.iter()
            .any(|one| String::from_utf8_lossy(one).contains("finished"))
    });
}

#[test]
fn an_spf_record_is_a_feed_with_all_that_it_includes() {
    let names = NameServer::of(Ipv4Addr::new(127, 0, 8, 8));
    names.has_text(
        "spf.partner.test",
        "v=spf1 ip4:127.0.2.0/24 include:more.partner.test a:host.partner.test -all",
    );
    names.has_text(
        "more.partner.test",
        "v=spf1 ip4:127.0.3.0/25 ip4:127.0.3.128/25 ?all",
    );
    let port = free_port();
    let cloud = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut node = Node::prepare(|first| {
        objects(first)
            + &format!(
                r#"
[[sender_feed]]
name = "Partner"
source = {{ spf = "spf.partner.test" }}
interval = "1s"
removal_delay = "0s"

[[receive_connector]]
name = "Partner"
bindings = ["127.0.0.1:{port}"]
remote_ranges = ["feed:Partner"]
"#
            )
    });
    let config = std::fs::read_to_string(node.config()).unwrap();
    let resolvers = format!("resolvers = [\"{}\"]\n", names.address);
    std::fs::write(node.config(), resolvers + &config).unwrap();
    node.serve();
    wait_for("what the record names is let in", || {
        greeted([127, 0, 2, 5], cloud)
    });
    // Included, and looked up.
    assert!(greeted([127, 0, 3, 200], cloud) && greeted([127, 0, 8, 8], cloud));
    assert!(!greeted([127, 0, 8, 9], cloud) && !greeted([127, 0, 4, 5], cloud));
    let why = node.ask(&["perimeter", "why", "127.0.3.200"]);
    assert!(why.contains("of sender feed Partner"), "{why}");

    names.has_text(
        "more.partner.test",
        "v=spf1 ip4:127.0.3.0/24 ip4:127.0.4.0/24 ?all",
    );
    wait_for("what is included anew is let in", || {
        greeted([127, 0, 4, 5], cloud)
    });
    assert!(greeted([127, 0, 3, 5], cloud));

    // A record that cannot be a list changes nothing of what is in force.
    names.has_text("more.partner.test", "v=spf1 exists:%{i}.partner.test -all");
    node.wait_for_events(&["FeedRefused"]);
    assert!(greeted([127, 0, 4, 5], cloud) && greeted([127, 0, 2, 5], cloud));
}

#[test]
fn a_large_change_waits_for_a_person_and_everything_outlasts_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = Publisher::listen(folder.path());
    publisher.publish("2026100100", &and(&["127.0.2.0/24"]));
    let (mut node, cloud) = node(&publisher, folder, "");
    node.serve();
    wait_for("the first version is in force", || {
        greeted([127, 0, 2, 5], cloud)
    });
    let status = node.json(&["perimeter", "status"]);
    assert_eq!(status["feeds"][0]["version"], "2026100100");
    assert_eq!(status["feeds"][0]["v4_addresses"], 491_520 + 256);
    assert_eq!(status["connectors"][0]["connector"], "Cloud");

    publisher.publish("2026100200", &and(&["127.0.2.0/24", "127.64.0.0/10"]));
    node.ask(&["perimeter", "refresh", "M365"]);
    assert!(!greeted([127, 64, 0, 5], cloud));
    node.wait_for_events(&["FeedChangeHeld"]);
    let status = node.command(&["perimeter", "status"]);
    assert_eq!(status.status.code(), Some(1), "a person should look");
    assert!(
        text(&status).contains("waits for a person"),
        "{}",
        text(&status)
    );
    let diff = node.json(&["perimeter", "diff"]);
    assert_eq!(diff["feeds"][0]["held"], true);
    assert_eq!(diff["feeds"][0]["added"][0], "127.64.0.0/10");
    let (_, why) = node.refused(&["perimeter", "why", "127.64.0.5"]);
    assert!(
        why.contains("waits for a person and is not in force"),
        "{why}"
    );

    let (_, refused) = node.refused(&["perimeter", "approve", "nothing"]);
    assert!(refused.contains("no sender feed"), "{refused}");
    let said = node.ask(&["perimeter", "approve", "m365"]);
    let change = "sender feed \"M365\": version 2026100100 → 2026100200";
    assert!(said.contains(change), "{said}");
    assert!(greeted([127, 64, 0, 5], cloud));
    let (_, refused) = node.refused(&["perimeter", "approve", "m365"]);
    assert!(refused.contains("no change of sender feed"), "{refused}");

    // Nobody answers any more, and the node starts anew.
    publisher.say("/", crate::feeds::Said::Status(503));
    publisher.say("/version/", crate::feeds::Said::Status(503));
    node.stop();
    node.serve();
    assert!(greeted([127, 64, 0, 5], cloud) && greeted([127, 0, 2, 5], cloud));
    assert!(!greeted([127, 0, 4, 5], cloud));
    let status = node.json(&["perimeter", "status"]);
    assert_eq!(status["feeds"][0]["version"], "2026100200");
}

#[test]
fn a_node_without_a_way_out_starts_with_what_is_built_in() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = Publisher::listen(folder.path());
    let (mut node, cloud) = node(&publisher, folder, "");
    node.serve();
    node.wait_for_events(&["FeedRefused", "FeedOld"]);
    assert!(greeted([127, 0, 9, 1], cloud) && !greeted([127, 0, 2, 5], cloud));
    let why = node.ask(&["perimeter", "why", "40.93.1.2"]);
    assert!(
        why.contains("40.92.0.0/15 of sender feed M365")
            && why.contains("Receive connector: Cloud"),
        "{why}"
    );
    let (_, why) = node.refused(&["perimeter", "why", "40.94.0.1"]);
    assert!(
        why.contains("nearest range is 40.92.0.0/15") && why.contains("2 addresses away"),
        "{why}"
    );
    let status = node.command(&["perimeter", "status"]);
    assert!(
        text(&status).contains("built in, of 2026-08-14"),
        "{}",
        text(&status)
    );
    assert!(text(&status).contains("404"), "{}", text(&status));
}
