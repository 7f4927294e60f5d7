//! Probes leave no trace outside the health series: thousands of them through the running program
//! while mail flows and is journaled, and afterwards nothing of them anywhere.
//!
//! How many is `MAILWARD_PROBES`; a campaign sets a million.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    view::queue::MessageFilter,
};
use mailward_host::keyring::Key;

use crate::{
    probes::{MAILBOX, is_healthy, key, marker, message, unix_ms},
    support::{Node, Talk, free_port, objects, wait_for, wait_within},
};

/// Ways in, each with a sender of its own: a slot is used once for each way.
const WAYS: u64 = 4;
const DOMAIN: &str = "mailward-health.invalid";

fn probes() -> u64 {
    let wanted = std::env::var("MAILWARD_PROBES");
    wanted.map_or(3_000, |number| number.parse().unwrap())
}

fn node(ports: &[u16]) -> Node {
    Node::start(|port| {
        let mut all = objects(port);
        for (way, port) in ports.iter().enumerate() {
            all += &format!(
                "\n[[receive_connector]]\nname = \"Way{way}\"\nbindings = [\"127.0.0.1:{port}\"]\n\
                 tls = \"off\"\nmax_connections_per_source = 100\n"
            );
        }
        all + "\n[[mailbox]]\nname = \"second\"\naddress = \"second@example.test\"\n\
               \n[[distribution_group]]\nname = \"all\"\naddress = \"all@example.test\"\n\
               members = [\"info@example.test\", \"second@example.test\"]\n\
               \n[health_settings]\nmailflow_probe_interval = \"2s\"\n"
    })
}

/// Sends `count` probes on one way; how often the queue had enough of them.
fn send(way: u64, address: SocketAddr, key: &Key, count: u64) -> u64 {
    let mut talk = Talk::connect(address);
    talk.say("EHLO localhost");
    let (mut slot, mut crowded) = (0, 0);
    let mut sent = 0;
    while sent < count {
        slot = unix_ms().max(slot + 1);
        let octets = message(&marker(&format!("receive/Way{way}"), slot), key, "probe");
        let reply = talk.message("", &[MAILBOX], &octets);
        if reply.starts_with("250 ") {
            sent += 1;
            // Before the limit of commands in one session.
            if sent % 100 == 0 {
                talk = Talk::connect(address);
                talk.say("EHLO localhost");
            }
            continue;
        }
        assert!(reply.starts_with("451 4.4.5"), "{reply}");
        crowded += 1;
        std::thread::park_timeout(Duration::from_millis(2));
    }
    crowded
}

/// The most probes that wait at one time, while `running`.
fn watch(node: &Node, running: &AtomicBool) -> u64 {
    let filter = MessageFilter {
        probes: true,
        limit: 1000,
        ..MessageFilter::default()
    };
    let mut most = 0;
    while running.load(Ordering::SeqCst) {
        let request = ControlRequest::MessageList(filter.clone());
        if let Ok(ControlReply::Messages(list)) = node.control(Role::Transport, &request) {
            let probes = list.messages.iter().filter(|one| one.probe).count();
            most = most.max(probes as u64);
        }
        // Nor are they in any count of the queue.
        assert!(!node.ask(&["queue", "list"]).contains("health-"));
        std::thread::park_timeout(Duration::from_millis(50));
    }
    most
}

#[test]
fn however_many_there_are() {
    let ports: Vec<u16> = (0..WAYS).map(|_| free_port()).collect();
    let node = node(&ports);
    let total = probes();
    wait_for("mail flows", || is_healthy(&node, "mailflow/Internet"));
    // The worker's own probes of these ways would use the same slots. One that is under way when its
    // override comes into force is waited for: a probe of the test that overtook it would have it
    // refused as one whose marker was used before.
    for way in 0..WAYS {
        let item = format!("mailflow/Way{way}");
        node.ask(&["health", "override", &item, "--reason", "the test sends"]);
    }
    wait_for("the worker has sent its last probe on these ways", || {
        let list = node.json(&["health", "probe", "list", "mailflow/Way"]);
        let probes = list["probes"].as_array().unwrap();
        let skipped = |probe: &serde_json::Value| probe["last"]["verdict"] == "skipped";
        probes.len() as u64 == WAYS && probes.iter().all(skipped)
    });
    let key = key(&node);
    let (running, mails, crowded) = (AtomicBool::new(true), AtomicU64::new(0), AtomicU64::new(0));
    let began = Instant::now();
    let most = std::thread::scope(|scope| {
        let watching = scope.spawn(|| watch(&node, &running));
        let mailing = scope.spawn(|| {
            let mut talk = node.talk();
            talk.say("EHLO client.example.net");
            while running.load(Ordering::SeqCst) {
                let number = mails.fetch_add(1, Ordering::SeqCst);
                let text = format!("Subject: mail {number}\r\n\r\nx");
                let reply = talk.message("a@example.net", &["all@example.test"], text.as_bytes());
                assert!(reply.starts_with("250"), "{reply}");
                std::thread::park_timeout(Duration::from_millis(50));
            }
        });
        let sending: Vec<_> = (0..WAYS)
            .map(|way| {
                let (key, crowded) = (&key, &crowded);
                let address = ([127, 0, 0, 1], ports[usize::try_from(way).unwrap()]).into();
                let count = total / WAYS + u64::from(way < total % WAYS);
                scope.spawn(move || {
                    crowded.fetch_add(send(way, address, key, count), Ordering::SeqCst);
                })
            })
            .collect();
        let sent: Vec<_> = sending.into_iter().map(|one| one.join()).collect();
        running.store(false, Ordering::SeqCst);
        mailing.join().unwrap();
        assert!(sent.iter().all(Result::is_ok), "a sender was refused");
        watching.join().unwrap()
    });
    let (mails, took) = (mails.load(Ordering::SeqCst), began.elapsed());
    eprintln!(
        "{total} probes beside {mails} mails in {took:?}; at most {most} waited, {} were put off",
        crowded.load(Ordering::SeqCst)
    );
    assert!(most <= 20, "{most} probes waited at one time");

    wait_within(
        Duration::from_secs(60),
        "all are judged and removed",
        || {
            let view = node.json(&["health", "mailboxes"]);
            view["mailboxes"][0]["judged"].as_u64().unwrap() >= total
        },
    );
    nothing_is_left(&node, usize::try_from(mails).unwrap());
}

/// Nothing of a probe anywhere, and everything of the mail.
fn nothing_is_left(node: &Node, mails: usize) {
    wait_for("the mail is delivered and journaled", || {
        node.mailbox("info").len() == mails
            && node.mailbox("second").len() == mails
            && node.mailbox("journal").len() == mails
    });
    let is_of_a_probe = |octets: &Vec<u8>| {
        let text = String::from_utf8_lossy(octets);
        text.contains(DOMAIN) || text.contains("X-Mailward-Probe")
    };
    for mailbox in ["info", "second", "journal"] {
        assert!(
            !node.mailbox(mailbox).iter().any(is_of_a_probe),
            "{mailbox}"
        );
    }
    wait_for("the queue is empty", || node.queued() == 0);
    let queue = node.ask(&["queue", "list"]);
    assert!(!queue.contains("health-"), "{queue}");

    // Tracking without --probes, and with it.
    let trace = node.ask(&["trace", "--limit", "10000"]);
    assert!(!trace.contains(DOMAIN) && trace.contains("all@example.test"));
    let all = node.ask(&["trace", "--probes", "--limit", "10000"]);
    assert!(all.contains(DOMAIN));

    // Counters and metrics: the mail, and nothing besides.
    let counters = &node.json(&["status"])["transport"]["counters"];
    let count = |name: &str| usize::try_from(counters[name].as_u64().unwrap()).unwrap();
    assert_eq!(count("accepted"), mails, "{counters}");
    assert_eq!(count("delivered"), 3 * mails, "{counters}");
    assert_eq!(count("journal_reports"), mails, "{counters}");
    for none in ["deferred", "failed", "dsns", "refused_messages"] {
        let events = || node.events_of("transport");
        assert_eq!(count(none), 0, "{none}: {counters} {:#?}", events());
    }
    let (_, metrics) = node.page("/metrics");
    assert!(
        metrics.contains(&format!("mailward_messages_accepted_total {mails}\n")),
        "{metrics}"
    );
    assert!(
        !metrics.contains("health-mail") && !metrics.contains(DOMAIN),
        "{metrics}"
    );

    // Lists of addresses, the objects as text, and the events.
    for words in [
        &["mailbox", "list"][..],
        &["distribution-group", "list"],
        &["export"],
    ] {
        assert!(!node.ask(words).contains(DOMAIN), "{words:?}");
    }
    let events = node.json(&["event", "list", "--limit", "10000"]);
    let of_probes: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event.to_string().contains(DOMAIN))
        .filter(|event| event["name"] != "HealthMailboxCreated")
        .collect();
    assert!(of_probes.is_empty(), "{of_probes:?}");

    // The Maildir is empty.
    let maildir = node.path("data/mail/health-mail.example.test");
    for folder in ["new", "cur", "tmp"] {
        wait_for("the worker has read its own last probe", || {
            std::fs::read_dir(maildir.join(folder)).unwrap().count() == 0
        });
    }
}
