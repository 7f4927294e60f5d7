//! A connector that is held answers 421 while the other serves, and comes back through its test; a
//! rehearsal prints the ladder and changes nothing.

use crate::support::{Node, free_port, objects, wait_for};

/// The greeting's code on a port of loopback.
fn code(port: u16) -> String {
    use std::io::Read;
    let mut code = [0; 3];
    let read = std::net::TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
        stream.set_read_timeout(Some(std::time::Duration::from_secs(2)))?;
        stream.read_exact(&mut code)
    });
    read.map_or_else(
        |_| String::new(),
        |()| String::from_utf8_lossy(&code).into_owned(),
    )
}

#[test]
fn and_comes_back_tested() {
    let relay = free_port();
    let node = Node::start(|port| {
        objects(port)
            + &format!(
                "\n[[receive_connector]]\nname = \"Relay\"\nbindings = [\"127.0.0.1:{relay}\"]\n"
            )
    });
    wait_for("the other connector greets", || code(relay) == "220");
    node.ask(&[
        "health",
        "hold",
        "receive/Internet",
        "--reason",
        "a disk is changed",
    ]);
    wait_for("it answers 421", || code(node.port) == "421");
    assert_eq!(code(relay), "220", "the other serves");
    wait_for("it is inactive", || {
        node.ask(&["health", "holds"]).contains("inactive")
    });
    // Rest is no failure: nothing is repaired, and nobody is told.
    let seen = node.ask(&["health", "probe", "run", "connector/Internet"]);
    assert!(seen.contains("receive/Internet is held"), "{seen}");
    assert!(!seen.contains("fail"), "{seen}");
    let (status, said) = node.refused(&[
        "health",
        "release",
        "receive/Internet",
        "--requester",
        "Deployment",
    ]);
    assert_eq!(status, 1, "only its requester releases it: {said}");
    node.ask(&["health", "release", "receive/Internet"]);
    wait_for("it serves again", || {
        code(node.port) == "220"
            && node.json(&["health", "holds"])["components"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one["state"] == "active")
    });
    node.wait_for_events(&["HoldSet", "HoldReleased", "ComponentStateChanged"]);

    let ledger = node.ask(&["health", "ledger"]);
    let told = node.ask(&["health", "simulate", "Receive", "--fail"]);
    for word in [
        "restart the component",
        "restart the role",
        "take it offline",
        "a person",
    ] {
        assert!(told.contains(word), "{word:?} is missing: {told}");
    }
    let dns = node.ask(&["health", "simulate", "Receive", "--fail", "--cause", "dns"]);
    assert!(!dns.contains("granted"), "{dns}");
    assert_eq!(
        ledger,
        node.ask(&["health", "ledger"]),
        "nothing was recorded"
    );
}
