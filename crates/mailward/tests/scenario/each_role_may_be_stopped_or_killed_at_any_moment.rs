//! Each role, the manager among them, may be stopped (SIGSTOP) or killed at any moment: nothing that
//! was accepted is lost, nothing is delivered or journaled twice, no connection is refused, and mail
//! flows while the manager or the worker stands still.
//!
//! The test is systemd for the node: it hears the manager's heartbeats, ends it when they stay away,
//! and starts it again. `MAILWARD_FAULTS=500 MAILWARD_SEED=7 cargo nextest run -p mailward any_moment`
//! makes a campaign of it; the seed is printed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixDatagram,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mailward_api::control::Role;

use crate::support::{Node, lives, objects, signal};

/// How long the test's systemd waits for a heartbeat.
const WATCHDOG: Duration = Duration::from_secs(3);
/// How long it waits before it starts the manager again.
const RESTART: Duration = Duration::from_millis(200);
/// How long the node may take to be whole again after a fault: a hang of four seconds, a kill, a
/// start, and the longest wait of a worker that was killed a few times.
const WHOLE_AGAIN: Duration = Duration::from_secs(60);

/// systemd's part.
struct Systemd {
    node: Node,
    socket: UnixDatagram,
    heard: Instant,
    gone: Option<Instant>,
}

impl Systemd {
    fn start(node: Node) -> Systemd {
        let socket = UnixDatagram::bind(node.path("systemd.sock")).unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut systemd = Systemd {
            node,
            socket,
            heard: Instant::now(),
            gone: None,
        };
        systemd.spawn();
        systemd
    }

    fn spawn(&mut self) {
        let path = self.node.path("systemd.sock");
        self.node.spawn(|command| {
            let watchdog = WATCHDOG.as_micros().to_string();
            command
                .env("NOTIFY_SOCKET", path)
                .env("WATCHDOG_USEC", watchdog);
        });
        (self.heard, self.gone) = (Instant::now(), None);
    }

    /// Does what systemd would do now.
    fn tend(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            if buffer[..length].starts_with(b"WATCHDOG=1") {
                self.heard = Instant::now();
            }
        }
        if self.node.manager_ended() {
            let gone = *self.gone.get_or_insert_with(Instant::now);
            if gone.elapsed() >= RESTART {
                self.spawn();
            }
        } else if self.heard.elapsed() > WATCHDOG {
            // SIGABRT first, as WatchdogSignal= says; a stopped process takes SIGKILL alone.
            let pid = self.node.manager_pid();
            signal(pid, "ABRT");
            signal(pid, "KILL");
            self.heard = Instant::now();
        }
    }

    /// Tends the manager until something holds.
    #[track_caller]
    fn wait(&mut self, limit: Duration, what: &str, mut holds: impl FnMut(&Node) -> bool) {
        let since = Instant::now();
        loop {
            self.tend();
            if holds(&self.node) {
                return;
            }
            assert!(
                since.elapsed() < limit,
                "not within {limit:?}: {what}; {:?}",
                self.node.children()
            );
            thread::park_timeout(Duration::from_millis(20));
        }
    }
}

/// What the senders know.
#[derive(Default)]
struct Ledger {
    acknowledged: Mutex<BTreeSet<String>>,
    refused: AtomicUsize,
    unknown: AtomicUsize,
}

impl Ledger {
    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }
}

/// Sends one message over one connection.
fn send(address: SocketAddr, subject: &str, ledger: &Ledger) {
    let Ok(mut stream) = TcpStream::connect(address) else {
        ledger.refused.fetch_add(1, Ordering::Relaxed);
        return;
    };
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut buffer = [0; 1024];
    let mut expect = |stream: &mut TcpStream, code: &[u8]| matches!(stream.read(&mut buffer), Ok(length) if length > 3 && buffer.starts_with(code));
    if !expect(&mut stream, b"220") {
        return;
    }
    let steps: [(&str, &[u8]); 4] = [
        ("HELO client.example.net\r\n", b"250"),
        ("MAIL FROM:<a@example.net>\r\n", b"250"),
        ("RCPT TO:<info@example.test>\r\n", b"250"),
        ("DATA\r\n", b"354"),
    ];
    for (line, code) in steps {
        if stream.write_all(line.as_bytes()).is_err() || !expect(&mut stream, code) {
            return;
        }
    }
    let text = format!("Message-ID: <{subject}@example.net>\r\n\r\nx\r\n.\r\n");
    if stream.write_all(text.as_bytes()).is_err() || !expect(&mut stream, b"250") {
        ledger.unknown.fetch_add(1, Ordering::Relaxed);
        return;
    }
    ledger
        .acknowledged
        .lock()
        .unwrap()
        .insert(subject.to_owned());
}

/// A generator whose whole state is printed: xorshift.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// How often each message stands in a mailbox.
fn subjects(messages: &[Vec<u8>]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for message in messages {
        let text = String::from_utf8_lossy(message);
        let id = text.lines().find_map(|line| {
            line.strip_prefix("Message-ID: <")?
                .strip_suffix("@example.net>")
        });
        *counts.entry(id.unwrap().to_owned()).or_default() += 1;
    }
    counts
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// True where the manager has every role at work. The worker may wait on purpose: it was killed
/// often.
fn is_whole(node: &Node, patient: bool) -> bool {
    let children = node.children();
    children.len() == 3
        && children.iter().all(|child| {
            let at_work = matches!(child.state.as_str(), "running" | "safe mode");
            at_work || (!patient && child.role == Role::Worker && child.state == "backoff")
        })
}

#[test]
fn and_mail_is_neither_lost_nor_doubled() {
    let faults = number("MAILWARD_FAULTS").unwrap_or(12);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let seed = number("MAILWARD_SEED").unwrap_or(u64::from(now.subsec_nanos()) | 1);
    println!("MAILWARD_SEED={seed}");
    let mut dice = Dice(seed);
    let node =
        Node::prepare(|port| objects(port) + "\n[health_settings]\nheartbeat_timeout = \"4s\"\n");
    let address = node.smtp();
    let mut systemd = Systemd::start(node);
    systemd.wait(WHOLE_AGAIN, "the node serves", |node| is_whole(node, true));
    let (ledger, stop) = (
        Arc::new(Ledger::default()),
        Arc::new(AtomicBool::new(false)),
    );
    let senders: Vec<_> = (0..3)
        .map(|sender| {
            let (ledger, stop) = (Arc::clone(&ledger), Arc::clone(&stop));
            thread::spawn(move || {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    send(address, &format!("s{sender}-{n}"), &ledger);
                    thread::park_timeout(Duration::from_millis(10));
                }
            })
        })
        .collect();
    let roles = [Role::Manager, Role::Transport, Role::Access, Role::Worker];
    for fault in 0..faults {
        // Every role and both signals come in turn; the moment is the dice's.
        let role = roles[usize::try_from(fault % 4).unwrap()];
        let stops = (fault / 4 + fault) % 2 == 0;
        let moment = Instant::now() + Duration::from_millis(dice.below(1500));
        systemd.wait(WHOLE_AGAIN, "the moment", |_| Instant::now() >= moment);
        let pid = match role {
            Role::Manager => Some(systemd.node.manager_pid()),
            role => systemd.node.pid_of(role),
        };
        // A worker that waits for its next start has no process to harm.
        let Some(pid) = pid else { continue };
        let before = ledger.count();
        println!(
            "fault {fault}: {} {role}",
            if stops { "stop" } else { "kill" }
        );
        signal(pid, if stops { "STOP" } else { "KILL" });
        if role != Role::Transport {
            systemd.wait(Duration::from_secs(15), "mail flows all the same", |_| {
                ledger.count() > before + 10
            });
        }
        // Half of those stopped go on, sooner or later than anybody loses patience.
        if stops && dice.below(2) == 0 {
            let later = Instant::now() + Duration::from_millis(dice.below(6000));
            systemd.wait(WHOLE_AGAIN, "it goes on", |_| Instant::now() >= later);
            signal(pid, "CONT");
        }
        systemd.wait(WHOLE_AGAIN, "the node is whole again", |node| {
            let done = !stops || !lives(pid) || state_of(pid) != Some('T');
            done && is_whole(node, false)
        });
        let before = ledger.count();
        systemd.wait(WHOLE_AGAIN, "mail flows", |_| ledger.count() > before + 10);
    }
    // Both of those that watch the others at once: transport has sockets and queue of its own.
    let transport = systemd.node.pid_of(Role::Transport).unwrap();
    if let Some(worker) = systemd.node.pid_of(Role::Worker) {
        signal(worker, "KILL");
    }
    signal(systemd.node.manager_pid(), "KILL");
    let before = ledger.count();
    systemd.wait(WHOLE_AGAIN, "mail flows without both", |_| {
        ledger.count() > before + 50
    });
    assert!(lives(transport), "transport did not notice");
    systemd.wait(WHOLE_AGAIN, "both are there again", |node| {
        is_whole(node, false)
    });
    assert_eq!(
        ledger.refused.load(Ordering::Relaxed),
        0,
        "connections were refused; MAILWARD_SEED={seed}"
    );
    // Manager and transport at once: who connects then may be refused, and nothing is lost.
    let transport = systemd.node.pid_of(Role::Transport).unwrap();
    signal(systemd.node.manager_pid(), "KILL");
    signal(transport, "KILL");
    let before = ledger.count();
    systemd.wait(WHOLE_AGAIN, "mail flows again", |_| {
        ledger.count() > before + 50
    });
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.join().unwrap();
    }
    systemd.wait(WHOLE_AGAIN, "every role runs", |node| is_whole(node, true));
    systemd.wait(WHOLE_AGAIN, "the queue is empty", |node| node.queued() == 0);

    let acknowledged = ledger.acknowledged.lock().unwrap().clone();
    let delivered = subjects(&systemd.node.mailbox("info"));
    let journaled = subjects(&systemd.node.mailbox("journal"));
    for subject in &acknowledged {
        let seen = (delivered.get(subject), journaled.get(subject));
        assert_eq!(
            seen,
            (Some(&1), Some(&1)),
            "deliveries and journal reports of {subject}; MAILWARD_SEED={seed}"
        );
    }
    assert_eq!(delivered, journaled, "MAILWARD_SEED={seed}");
    assert!(delivered.len() <= acknowledged.len() + ledger.unknown.load(Ordering::Relaxed));
    println!(
        "{} messages, each delivered and journaled once",
        acknowledged.len()
    );
}

/// The state of a process, as its letter in proc(5).
fn state_of(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}
