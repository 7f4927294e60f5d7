//! A killed transport loses nothing and refuses nobody.
//!
//! Senders keep a ledger of what was acknowledged while transport is killed with SIGKILL again and
//! again. Afterwards each acknowledged message is in the mailbox, each has exactly one journal
//! report, and no connection was refused or reset before its greeting.
//!
//! `MAILWARD_KILLS=500 cargo nextest run -p mailward killed` makes a campaign of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use mailward_api::control::Role;

use crate::support::{Node, objects, signal, wait_for};

/// What the senders know.
#[derive(Default)]
struct Ledger {
    /// Subjects of messages whose 250 arrived.
    acknowledged: Mutex<BTreeSet<String>>,
    /// Connections refused, or reset before the greeting.
    refused: AtomicUsize,
    /// Messages whose fate the sender never learnt.
    unknown: AtomicUsize,
}

/// One message over one connection; true where it was acknowledged.
fn send(address: SocketAddr, subject: &str, ledger: &Ledger) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        ledger.refused.fetch_add(1, Ordering::Relaxed);
        return false;
    };
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut buffer = [0; 1024];
    let mut expect = |stream: &mut TcpStream, code: &[u8]| matches!(stream.read(&mut buffer), Ok(length) if length > 3 && buffer.starts_with(code));
    if !expect(&mut stream, b"220") {
        // The process was killed after it had taken the connection: it was neither refused nor
        // promised anything.
        return false;
    }
    let steps: [(&str, &[u8]); 4] = [
        ("HELO client.example.net\r\n", b"250"),
        ("MAIL FROM:<a@example.net>\r\n", b"250"),
        ("RCPT TO:<info@example.test>\r\n", b"250"),
        ("DATA\r\n", b"354"),
    ];
    for (line, code) in steps {
        if stream.write_all(line.as_bytes()).is_err() || !expect(&mut stream, code) {
            return false;
        }
    }
    let body = format!(
        "Subject: {subject}\r\nMessage-ID: <{subject}@example.net>\r\n\r\n{}.\r\n",
        "x\r\n".repeat(700)
    );
    if stream.write_all(body.as_bytes()).is_err() || !expect(&mut stream, b"250") {
        ledger.unknown.fetch_add(1, Ordering::Relaxed);
        return false;
    }
    ledger
        .acknowledged
        .lock()
        .unwrap()
        .insert(subject.to_owned());
    true
}

#[test]
fn under_twenty_kills() {
    let kills: usize = std::env::var("MAILWARD_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20);
    let node = Node::start(objects);
    let address = node.smtp();
    let ledger = Arc::new(Ledger::default());
    let stop = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let (ledger, stop) = (Arc::clone(&ledger), Arc::clone(&stop));
            thread::spawn(move || {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    send(address, &format!("s{sender}-{n}"), &ledger);
                    thread::park_timeout(Duration::from_millis(2));
                }
            })
        })
        .collect();
    for kill in 0..kills {
        let before = ledger.acknowledged.lock().unwrap().len();
        wait_for("mail flows", || {
            ledger.acknowledged.lock().unwrap().len() > before + 20
        });
        let Some(pid) = node.role_pid("transport") else {
            panic!("kill {kill}: transport has no process")
        };
        signal(pid, "KILL");
        wait_for("a new process serves", || {
            node.answers_anew(Role::Transport, pid)
        });
    }
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.join().unwrap();
    }
    wait_for("the queue is empty", || node.queued() == 0);

    let acknowledged = ledger.acknowledged.lock().unwrap().clone();
    assert_eq!(
        ledger.refused.load(Ordering::Relaxed),
        0,
        "connections were refused"
    );
    let delivered = subjects(&node.mailbox("info"));
    let journaled = subjects(&node.mailbox("journal"));
    for subject in &acknowledged {
        assert_eq!(delivered.get(subject), Some(&1), "deliveries of {subject}");
        assert_eq!(
            journaled.get(subject),
            Some(&1),
            "journal reports of {subject}"
        );
    }
    // What was stored but never acknowledged may be there too: whole, once, and journaled.
    assert_eq!(delivered, journaled);
    assert!(delivered.len() <= acknowledged.len() + ledger.unknown.load(Ordering::Relaxed));
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
        let id = id.unwrap_or_else(|| panic!("a message without its id: {text}"));
        *counts.entry(id.to_owned()).or_default() += 1;
    }
    counts
}
