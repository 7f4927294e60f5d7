//! The manager survives what it loses: all its children at once, its configuration file, the objects;
//! and a manager that dies is survived by its children, which the next one takes over.

use std::net::TcpStream;

use mailward_api::control::Role;

use crate::support::{Node, lives, objects, read, signal, wait_for};

const ROLES: [Role; 3] = [Role::Transport, Role::Access, Role::Worker];

fn pids(node: &Node) -> Vec<u32> {
    let mut pids = Vec::new();
    wait_for("every role answers", || {
        pids = ROLES.iter().filter_map(|role| node.pid_of(*role)).collect();
        pids.len() == ROLES.len()
    });
    pids
}

fn send(node: &Node, subject: &str) {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let message = format!("Subject: {subject}\r\n\r\nx");
    let reply = talk.message("a@example.net", &["info@example.test"], message.as_bytes());
    assert!(reply.starts_with("250"), "{reply}");
}

#[test]
fn all_its_children_at_once() {
    let node = Node::start(objects);
    for _ in 0..3 {
        let before = pids(&node);
        for pid in &before {
            signal(*pid, "KILL");
        }
        wait_for("all are started anew", || {
            let now: Vec<u32> = ROLES.iter().filter_map(|role| node.pid_of(*role)).collect();
            now.len() == ROLES.len() && now.iter().all(|pid| !before.contains(pid))
        });
        assert!(lives(node.manager_pid()));
    }
    send(&node, "after all");
    wait_for("mail arrives", || node.mailbox("info").len() == 1);
}

#[test]
fn its_configuration_while_it_runs_and_when_it_starts() {
    let mut node = Node::start(objects);
    let text = read(&node.config());
    std::fs::write(node.config(), "hostname = \"-broken").unwrap();
    let transport = node.pid_of(Role::Transport).unwrap();
    signal(transport, "KILL");
    wait_for("a role starts without the file", || {
        node.answers_anew(Role::Transport, transport)
    });
    send(&node, "one");
    node.stop();

    std::fs::remove_file(node.config()).unwrap();
    let state = node.path("data");
    node.serve_with(|command| {
        command.env("STATE_DIRECTORY", state);
    });
    wait_for("its event is there", || node.has_event("manager", 6030));
    send(&node, "two");
    wait_for("mail arrives", || node.mailbox("info").len() == 2);
    node.stop();

    // Another file of another node has no business with the copy.
    let other = node.path("other.toml");
    let output = crate::support::mailward()
        .args(["serve".as_ref(), "--config".as_ref(), other.as_os_str()])
        .env("STATE_DIRECTORY", node.path("data"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    std::fs::write(node.config(), text).unwrap();
    node.serve();
    send(&node, "three");
}

#[test]
fn the_objects() {
    let mut node = Node::start(objects);
    pids(&node);
    node.stop();
    let store = node.path("data/store.db");
    let kept = std::fs::read(&store).unwrap();
    for side in ["data/store.db-wal", "data/store.db-shm"] {
        // The store may have folded them in when it was closed.
        let _ = std::fs::remove_file(node.path(side));
    }
    std::fs::write(&store, vec![b'x'; 64 << 10]).unwrap();
    node.spawn(|_| {});
    wait_for("the manager says what it works by", || {
        node.has_event("manager", 6031)
    });
    // The sockets are opened right after that. From then on a connection waits for a transport that
    // cannot start yet; it is not refused.
    let mut waiting = None;
    wait_for("the sockets are open", || {
        waiting = TcpStream::connect(node.smtp()).ok();
        waiting.is_some()
    });
    assert!(lives(node.manager_pid()));
    // In one step: an empty file would be taken for a new store.
    let whole = node.path("store.db");
    std::fs::write(&whole, kept).unwrap();
    std::fs::rename(&whole, &store).unwrap();
    wait_for("mail is taken as soon as they can be read", || {
        node.greets()
    });
    drop(waiting);
    send(&node, "after the store");
    wait_for("mail arrives", || node.mailbox("info").len() == 1);
}

#[test]
fn and_is_survived_itself() {
    let mut node = Node::start(|port| {
        objects(port)
            + "\n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"2s\"\n"
    });
    let before = pids(&node);
    // An open session outlives the manager, and so does the next connection.
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    signal(node.manager_pid(), "KILL");
    wait_for("the manager is gone", || node.manager_ended());
    let reply = talk.message(
        "a@example.net",
        &["info@example.test"],
        b"Subject: a\r\n\r\nx",
    );
    assert!(reply.starts_with("250"), "{reply}");
    send(&node, "b");
    wait_for("mail arrives without a manager", || {
        node.mailbox("info").len() == 2
    });
    wait_for("the worker misses the manager", || {
        node.has_event("worker", 6028)
    });

    node.serve();
    assert_eq!(pids(&node), before, "the roles were taken over");
    wait_for("each take-over is told", || {
        let events = node.events_of("manager");
        let adopted = events.iter().filter(|event| event["number"] == 6027);
        adopted.count() == ROLES.len()
    });
    let reply = talk.message(
        "a@example.net",
        &["info@example.test"],
        b"Subject: c\r\n\r\nx",
    );
    assert!(reply.starts_with("250"), "the session goes on: {reply}");
    wait_for("the worker hears the manager again", || {
        node.has_event("worker", 6029)
    });
    // They are watched, restarted and ended as its own children are.
    wait_for("their heartbeats are heard", || {
        node.children().iter().all(|child| {
            child.state == "running" && child.heartbeat_age_ms.is_some_and(|age| age < 3000)
        })
    });
    signal(before[0], "KILL");
    wait_for("a new transport serves", || {
        node.pid_of(Role::Transport)
            .is_some_and(|pid| pid != before[0])
            && node.greets()
    });
    send(&node, "d");
    wait_for("mail arrives", || node.mailbox("info").len() == 4);
    assert_eq!(node.stop_with_code(), Some(0), "{}", node.log());
    for pid in before {
        wait_for("no role is left", || !lives(pid));
    }
}

#[test]
fn and_what_it_left_behind_ends_when_nobody_can_find_it() {
    let mut node = Node::start(objects);
    let left = pids(&node);
    signal(node.manager_pid(), "KILL");
    wait_for("the manager is gone", || node.manager_ended());
    // As systemd does when the service is stopped and its manager did not end in time.
    std::fs::remove_dir_all(node.path("run")).unwrap();
    for pid in left {
        wait_for("the role ends by itself", || !lives(pid));
    }
    std::fs::create_dir(node.path("run")).unwrap();
    node.serve();
    send(&node, "anew");
    wait_for("mail arrives", || node.mailbox("info").len() == 1);
}

#[test]
fn and_a_role_that_hangs_when_it_comes_is_replaced() {
    let mut node =
        Node::start(|port| objects(port) + "\n[health_settings]\nheartbeat_timeout = \"10m\"\n");
    let before = pids(&node);
    signal(node.manager_pid(), "KILL");
    wait_for("the manager is gone", || node.manager_ended());
    signal(before[0], "STOP");
    // The port is its alone: a new manager must get it, and in less time than a hang is given.
    node.serve();
    assert!(!lives(before[0]), "the hung one is gone");
    wait_for("its event is there", || node.has_event("manager", 6032));
    assert_eq!(pids(&node)[1..], before[1..], "the others were taken over");
}
