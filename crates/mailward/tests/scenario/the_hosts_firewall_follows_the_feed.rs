//! The enforcer keeps a table of its own in the host's firewall: an address inside the feed gets a
//! banner, one outside gets no answer, over IPv4 and IPv6, before and after a change of the feed; what
//! somebody else changes in the table is put back, and no other table is touched.
//!
//! Node and clients live in network namespaces of their own. Needs root, iproute2, nftables, iptables and ipset.

use std::process::Command;

use crate::support::{Node, objects, run, wait_for};

const PORT: u16 = 2525;

/// Connects from an address and prints the first line, or what went wrong.
const CONNECT: &str = r#"
import socket, sys
source, to, port = sys.argv[1:]
family = socket.AF_INET6 if ":" in source else socket.AF_INET
client = socket.socket(family, socket.SOCK_STREAM)
client.settimeout(1.5)
client.bind((source, 0))
try:
    client.connect((to, int(port)))
    print(client.recv(100).decode() or "closed")
except socket.timeout:
    print("no answer")
except OSError as error:
    print(error)
"#;

/// Two namespaces with a cable between them; gone when dropped.
struct Cable {
    node: String,
    client: String,
}

#[track_caller]
fn ip(arguments: &str) {
    let words: Vec<&str> = arguments.split(' ').collect();
    let (done, said) = run("ip", &words, "");
    assert!(done, "ip {arguments}: {said}");
}

impl Cable {
    fn lay() -> Cable {
        let pid = std::process::id();
        let (node, client) = (format!("mailward-n{pid}"), format!("mailward-c{pid}"));
        let cable = Cable { node, client };
        let (node, client) = (&cable.node, &cable.client);
        ip(&format!("netns add {node}"));
        ip(&format!("netns add {client}"));
        ip(&format!(
            "link add mw-near netns {node} type veth peer name mw-far netns {client}"
        ));
        for (namespace, link, addresses) in [
            (node, "mw-near", &["10.77.0.1/24", "fd77::1/64"][..]),
            (
                client,
                "mw-far",
                &["10.77.0.2/24", "10.77.0.3/24", "fd77::2/64", "fd77::3/64"],
            ),
        ] {
            ip(&format!("-n {namespace} link set lo up"));
            ip(&format!("-n {namespace} link set {link} up"));
            for address in addresses {
                // Without the wait for a duplicate, which IPv6 makes by default.
                let nodad = if address.contains(':') { " nodad" } else { "" };
                ip(&format!(
                    "-n {namespace} address add {address} dev {link}{nodad}"
                ));
            }
        }
        cable
    }

    /// What a client at this address hears.
    fn heard(&self, from: &str) -> String {
        let to = if from.contains(':') {
            "fd77::1"
        } else {
            "10.77.0.1"
        };
        let port = PORT.to_string();
        let words = [
            "netns",
            "exec",
            &self.client,
            "python3",
            "-c",
            CONNECT,
            from,
            to,
            &port,
        ];
        let (_, said) = run("ip", &words, "");
        said.trim().to_owned()
    }

    fn is_greeted(&self, from: &str) -> bool {
        self.heard(from).starts_with("220 ")
    }

    #[track_caller]
    fn nft(&self, command: &str) -> String {
        let mut words = vec!["netns", "exec", self.node.as_str(), "nft"];
        words.extend(command.split(' '));
        let (done, said) = run("ip", &words, "");
        assert!(done, "nft {command}: {said}");
        said
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for namespace in [&self.node, &self.client] {
            let _ = Command::new("ip")
                .args(["netns", "del", namespace])
                .status();
        }
    }
}

#[track_caller]
fn only(cable: &Cable, inside: &[&str], outside: &[&str]) {
    for from in inside {
        let heard = cable.heard(from);
        assert!(heard.starts_with("220 "), "{from} heard {heard:?}");
    }
    for from in outside {
        assert_eq!(cable.heard(from), "no answer", "{from}");
    }
}

#[test]
fn inside_gets_a_banner_and_outside_no_answer() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("this test needs root: it makes network namespaces");
        return;
    }
    let cable = Cable::lay();
    cable.nft("add table inet other");
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("senders.txt");
    // Enough that stays, so that the change is none for a person.
    let rest = "10.77.0.8/29\nfd77::8/125\n";
    std::fs::write(&list, format!("10.77.0.2\nfd77::2\n{rest}")).unwrap();
    let mut node = Node::prepare_in(folder, |port| {
        objects(port)
            + &format!(
                r#"
[[sender_feed]]
name = "List"
source = {{ list = {list:?} }}
removal_delay = "0s"

[[receive_connector]]
name = "Outside"
bindings = [":{PORT}"]
remote_ranges = ["feed:List"]
"#
            )
    });
    let config = std::fs::read_to_string(node.config()).unwrap();
    std::fs::write(node.config(), format!("firewall = true\n{config}")).unwrap();
    node.spawn_in(&cable.node);
    wait_for("the node answers administrators", || {
        node.command(&["status"]).status.success()
    });
    wait_for("the table is in force", || cable.is_greeted("10.77.0.2"));
    node.wait_for_events(&["FirewallChanged"]);
    wait_for("the list is in the table", || {
        cable.nft("list table inet mailward").contains("10.77.0.2")
    });
    only(&cable, &["10.77.0.2", "fd77::2"], &["10.77.0.3", "fd77::3"]);

    std::fs::write(&list, format!("10.77.0.3\nfd77::3\n{rest}")).unwrap();
    node.ask(&["perimeter", "refresh", "List"]);
    let began = std::time::Instant::now();
    wait_for("the new address is let in", || {
        cable.is_greeted("10.77.0.3")
    });
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
    only(&cable, &["10.77.0.3", "fd77::3"], &["10.77.0.2", "fd77::2"]);

    cable.nft("add element inet mailward port_2525_v4 { 10.77.0.2 }");
    wait_for("what was added is taken out", || {
        !cable.nft("list table inet mailward").contains("10.77.0.2")
    });
    node.wait_for_events(&["FirewallDrifted"]);
    wait_for("its monitor tells it", || {
        let shown = node.command(&["health", "probe", "run", "firewall"]);
        String::from_utf8_lossy(&shown.stdout).contains("somebody had changed the table")
    });
    cable.nft("delete table inet mailward");
    wait_for("what was removed is there again", || {
        cable.nft("list tables").contains("inet mailward")
    });
    only(&cable, &["10.77.0.3", "fd77::3"], &["10.77.0.2", "fd77::2"]);
    assert!(
        cable.nft("list tables").contains("inet other"),
        "no other table is touched"
    );

    // What is written for other firewalls, they read.
    for (format, program, arguments) in [
        ("nftables", "nft", &["--check", "-f"][..]),
        ("iptables", "iptables-restore", &["--noflush", "--test"]),
        ("iptables", "ip6tables-restore", &["--noflush", "--test"]),
        ("ipset", "ipset", &["restore", "-file"]),
    ] {
        let file = node.path(format);
        std::fs::write(
            &file,
            node.ask(&["perimeter", "export", "--format", format]),
        )
        .unwrap();
        let mut words = vec!["netns", "exec", cable.node.as_str(), program];
        words.extend(arguments);
        words.push(file.to_str().unwrap());
        let (done, said) = run("ip", &words, "");
        assert!(done, "{program}: {said}");
    }
}
