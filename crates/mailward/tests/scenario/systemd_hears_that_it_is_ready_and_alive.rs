//! systemd hears that the service is ready, that it lives, and that it ends (sd_notify(3)); nothing
//! of it is left behind.

use std::{
    os::unix::net::UnixDatagram,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use mailward_api::control::Role;

use crate::support::{Node, PATIENCE, lives, objects, wait_for};

/// systemd's side of `NOTIFY_SOCKET`: it always listens.
struct Systemd {
    lines: mpsc::Receiver<String>,
    heard: Vec<String>,
}

impl Systemd {
    fn listen(path: &Path) -> Systemd {
        let socket = UnixDatagram::bind(path).unwrap();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                for line in text.lines() {
                    // The test may be over.
                    let _ = sender.send(line.to_owned());
                }
            }
        });
        Systemd {
            lines,
            heard: Vec::new(),
        }
    }

    /// Waits for a message, from the last one waited for on.
    #[track_caller]
    fn wait_for(&mut self, wanted: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("{wanted} never came, only {:?}", self.heard)
            };
            self.heard.push(line);
            if self.heard.last().is_some_and(|line| line == wanted) {
                return;
            }
        }
    }
}

#[test]
fn from_ready_to_the_end() {
    let mut node = Node::prepare(objects);
    let mut systemd = Systemd::listen(&node.path("systemd.sock"));
    let socket = node.path("systemd.sock");
    let before = Instant::now();
    node.spawn(|command| {
        command
            .env("NOTIFY_SOCKET", &socket)
            .env("WATCHDOG_USEC", "3000000");
    });
    systemd.wait_for("READY=1");
    assert!(
        node.greets(),
        "ready was said before mail was served, after {:?}",
        before.elapsed()
    );
    for _ in 0..3 {
        systemd.wait_for("WATCHDOG=1");
    }
    wait_for("administrators are answered", || {
        node.command(&["status"]).status.success()
    });
    let children: Vec<u32> = ["transport", "access", "worker"]
        .into_iter()
        .map(|role| {
            let mut pid = None;
            wait_for("every role has a process", || {
                pid = node.role_pid(role);
                pid.is_some()
            });
            pid.unwrap()
        })
        .collect();
    assert!(children.iter().all(|pid| lives(*pid)));

    // A role that is started anew is no news for systemd.
    crate::support::signal(children[0], "KILL");
    wait_for("transport is started anew", || {
        node.answers_anew(Role::Transport, children[0])
    });
    let transport = node.role_pid("transport").unwrap();
    wait_for("it greets", || node.greets());

    let code = node.stop_with_code();
    assert_eq!(code, Some(0), "{}", node.log());
    systemd.wait_for("STOPPING=1");
    let ready = systemd.heard.iter().filter(|line| *line == "READY=1");
    assert_eq!(ready.count(), 1, "{:?}", systemd.heard);
    for pid in children.into_iter().chain([transport]) {
        wait_for("every child is gone", || !lives(pid));
    }
    assert!(
        std::net::TcpStream::connect(node.smtp()).is_err(),
        "the port is free"
    );
}

#[test]
fn heartbeats_come_as_often_as_they_are_asked_for() {
    let mut node = Node::prepare(objects);
    let socket = node.path("systemd.sock");
    let mut systemd = Systemd::listen(&socket);
    node.spawn(|command| {
        command
            .env("NOTIFY_SOCKET", &socket)
            .env("WATCHDOG_USEC", "6000000");
    });
    systemd.wait_for("READY=1");
    for _ in 0..3 {
        let since = Instant::now();
        systemd.wait_for("WATCHDOG=1");
        assert!(
            since.elapsed() < Duration::from_secs(6),
            "systemd would have ended it after {:?}",
            since.elapsed()
        );
    }
}
