//! Whatever a source says that is not a sound list, the last good one stays in force, and it is said
//! why: answers that are cut off, huge, of wrong types, about another cloud, older, wide enough to
//! let everybody in; a server that is busy, leads in circles, or shows an expired certificate.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, SystemTime},
};

use mailward_tls::ca;

use crate::{
    feeds::{Publisher, Said, and, endpoints, greeted, latest},
    support::{Node, free_port, objects, read, wait_for},
};

/// A node with one connector for one feed, and the connector's address.
fn node(publisher: &Publisher, folder: tempfile::TempDir, source: &str) -> (Node, SocketAddr) {
    let port = free_port();
    let mut node = Node::prepare_in(folder, |first| {
        objects(first)
            + &format!(
                r#"
[[sender_feed]]
name = "List"
source = {source}

[[receive_connector]]
name = "Cloud"
bindings = ["127.0.0.1:{port}"]
remote_ranges = ["feed:List"]
"#
            )
    });
    publisher.trusted_by(&node);
    node.serve();
    (node, (Ipv4Addr::LOCALHOST, port).into())
}

/// Asks the source, which must be refused for this reason, and looks that nothing has changed.
#[track_caller]
fn refused(node: &Node, cloud: SocketAddr, because: &str) {
    let (_, said) = node.refused(&["perimeter", "refresh", "List"]);
    assert!(said.contains(because), "{because:?} is not in {said:?}");
    assert!(greeted([127, 0, 2, 5], cloud), "after {because}");
    assert!(!greeted([127, 0, 4, 5], cloud), "after {because}");
    let status = node.json(&["perimeter", "status"]);
    let problem = status["feeds"][0]["problem"].as_str().unwrap_or_default();
    assert!(problem.contains(because), "{problem}");
}

#[test]
fn of_microsoft_365() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = Publisher::listen(folder.path());
    let good = and(&["127.0.2.0/24"]);
    publisher.publish("2026100100", &good);
    let source = format!(
        "{{ microsoft365 = {{ service = \"{}\" }} }}",
        publisher.url()
    );
    let (node, cloud) = node(&publisher, folder, &source);
    node.ask(&["perimeter", "refresh", "List"]);
    assert!(greeted([127, 0, 2, 5], cloud));

    let newer = Said::Document(latest("2026110100"));
    let bad = and(&["127.0.4.0/24"]);
    publisher.say("/version/", newer.clone());
    let document = |text: String| Said::Document(text);
    let answers = [
        (Said::CutOff(endpoints(&bad)), "gave no whole answer"),
        (
            document(endpoints(&bad)[..200].to_owned()),
            "line 2, column",
        ),
        (Said::Huge(5 << 20), "more than 4194304 octets"),
        (document("<html>sign in</html>".into()), "line 1, column 1"),
        (document(r#"{"ips":["127.0.4.0/24"]}"#.into()), "line 1"),
        (
            document(endpoints(&["127.0.4.0/24", "0.0.0.0/0"])),
            "0.0.0.0/0 is wider",
        ),
        (
            document(endpoints(&["127.0.4.0/24", "::/0"])),
            "::/0 is wider",
        ),
        (
            document(endpoints(&["127.0.4.0/24", "outlook.com"])),
            "endpoint set 10, ips[1]",
        ),
        (document(endpoints(&[])), "none of the 2 endpoint sets"),
        (document("[]".into()), "none of the 0 endpoint sets"),
        (Said::Status(429), "answered 429"),
        (Said::Status(500), "answered 500"),
        (Said::Status(206), "answered 206"),
        (
            Said::Redirect("/endpoints/again".into()),
            "more than 3 redirects",
        ),
        (
            Said::Redirect("http://127.0.0.1/list".into()),
            "is no https:// URL",
        ),
    ];
    for (answer, because) in answers {
        publisher.say("/endpoints/", answer);
        refused(&node, cloud, because);
    }
    for (version, because) in [
        (
            r#"{"instance":"China","latest":"2026110100"}"#,
            "instance China, Worldwide was asked",
        ),
        (
            r#"{"instance":"Worldwide","latest":"soon"}"#,
            "\"soon\" is no version",
        ),
        (&latest("2026090100"), "older than 2026100100"),
    ] {
        publisher.say("/version/", Said::Document(version.to_owned()));
        refused(&node, cloud, because);
    }
    node.wait_for_events(&["FeedRefused"]);

    // Whatever is said twice counts once.
    publisher.say("/version/", newer);
    let twice = [&good[..], &good, &["127.0.4.0/24"]].concat();
    publisher.say("/endpoints/", Said::Document(endpoints(&twice)));
    node.ask(&["perimeter", "refresh", "List"]);
    assert!(greeted([127, 0, 4, 5], cloud));
    node.wait_for_events(&["FeedRecovered"]);
}

#[test]
fn of_a_list_and_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = Publisher::listen(folder.path());
    publisher.say(
        "/list",
        Said::Document("# ours\r\n127.0.2.0/24\r\n127.0.2.0/24\r\n".into()),
    );
    let source = format!("{{ list = \"{}/list\" }}", publisher.url());
    let (node, cloud) = node(&publisher, folder, &source);
    node.ask(&["perimeter", "refresh", "List"]);
    assert!(greeted([127, 0, 2, 5], cloud));
    for (text, because) in [
        ("", "the list is empty"),
        (
            "127.0.2.0/24\n127.0.4.0/24\nsenders.example\n",
            "line 3: \"senders.example\"",
        ),
        (r#"{"message":"not found"}"#, "no list of ranges"),
        (r#"["127.0.4.0/24",{"x":1}]"#, "[1]: a range is expected"),
    ] {
        publisher.say("/list", Said::Document(text.into()));
        refused(&node, cloud, because);
    }
    // Twenty times as many are held, not refused; and a file is read as a list is.
    publisher.say("/list", Said::Document("127.0.0.0/19\n".into()));
    let held = node.ask(&["perimeter", "refresh", "List"]);
    assert!(held.contains("waits for a person"), "{held}");
    assert!(!greeted([127, 0, 4, 5], cloud));
    let file = node.path("senders.txt");
    std::fs::write(&file, "127.0.4.0/24\n").unwrap();
    let set = format!("source={{\"list\":{file:?}}}");
    node.ask(&["sender-feed", "set", "List", &set]);
    // A new source is read by itself, as soon as transport has taken the objects up.
    wait_for("the file is in force", || greeted([127, 0, 4, 5], cloud));
    std::fs::remove_file(&file).unwrap();
    let (_, gone) = node.refused(&["perimeter", "refresh", "List"]);
    assert!(gone.contains("senders.txt"), "{gone}");
    assert!(greeted([127, 0, 4, 5], cloud));
    // What is known of it is kept in a file of this node.
    let dir = std::fs::read_dir(node.path("data/perimeter")).unwrap();
    let states: Vec<String> = dir.map(|file| read(&file.unwrap().path())).collect();
    assert!(
        states.iter().any(|text| text.contains("127.0.4.0/24")),
        "{states:?}"
    );
}

#[test]
fn of_a_server_whose_certificate_has_expired() {
    let folder = tempfile::tempdir().unwrap();
    let day = Duration::from_secs(86_400);
    let now = SystemTime::now();
    let leaf = ca::Leaf::new(["127.0.0.1"]).valid(now - 9 * day, now - day);
    let publisher = Publisher::with_leaf(folder.path(), leaf);
    publisher.publish("2026110100", &and(&["127.0.2.0/24"]));
    let source = format!(
        "{{ microsoft365 = {{ service = \"{}\" }} }}",
        publisher.url()
    );
    let (node, cloud) = node(&publisher, folder, &source);
    let (_, said) = node.refused(&["perimeter", "refresh", "List"]);
    assert!(said.contains("xpired"), "{said}");
    assert!(publisher.asked().is_empty(), "nothing was asked");
    assert!(!greeted([127, 0, 2, 5], cloud));
    let why = node.ask(&["perimeter", "why", "40.93.1.2"]);
    assert!(
        why.contains("Receive connector: Cloud"),
        "what is built in stays: {why}"
    );
}
