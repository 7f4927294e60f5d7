//! Mail that arrives: smart hosts, MX, LMTP, mailboxes, reports.

use std::sync::atomic::Ordering;

use mailward_events::tracking::{EventId, Query, search};
use mailward_model::{EnvelopeRecipient, Notify};
use mailward_proto::firewall::Keep;

use super::{
    peer::{Peer, Script},
    *,
};

#[tokio::test]
async fn a_message_goes_to_the_smart_host_and_the_next_over_the_same_connection() {
    let mut peer = Peer::start(Script::default()).await;
    let world = World::new(out(&[peer.address]));
    let id = world
        .send(&["bob@example.net", "carl@example.net"], TEXT)
        .await;
    let mail = peer.mail().await;
    assert_eq!(mail.from, "sender@example.com");
    assert_eq!(mail.to, ["bob@example.net", "carl@example.net"]);
    assert_eq!(mail.text, TEXT);
    world.empty().await;
    world.send(&["bob@example.net"], TEXT).await;
    peer.mail().await;
    world.empty().await;
    assert_eq!(peer.connections.load(Ordering::SeqCst), 1);
    assert_eq!(world.shared.counters.delivered.get(), 3);

    world.shared.tracking.flush();
    let query = Query {
        id: Some(id),
        ..Query::default()
    };
    let found = search(&world.dir.path().join("tracking"), &query).unwrap();
    let [entry] = found.as_slice() else {
        panic!("one line expected: {found:?}");
    };
    assert_eq!(entry.event_id, EventId::Send);
    assert_eq!(entry.message_id, "<1@example.com>");
    assert_eq!(entry.connector_id, "out");
    assert_eq!(entry.recipients, ["bob@example.net", "carl@example.net"]);
    assert_eq!(
        entry.recipient_status,
        ["250 2.0.0 taken", "250 2.0.0 taken"]
    );
}

#[tokio::test]
async fn the_next_smart_host_takes_over() {
    let mut peer = Peer::start(Script::default()).await;
    let busy = Peer::start(Script {
        greeting: "554 not today",
        ..Script::default()
    })
    .await;
    let world = World::new(out(&[nobody(), busy.address, peer.address]));
    world.send(&["bob@example.net"], TEXT).await;
    peer.mail().await;
    world.empty().await;
    assert_eq!(world.raised(), ["SmartHostDown", "SmartHostDown"]);
}

#[tokio::test]
async fn large_messages_are_streamed_with_and_without_chunking() {
    for ehlo in [
        "mx.example\nPIPELINING",
        "mx.example\nPIPELINING\nCHUNKING",
        "mx.example",
    ] {
        let mut peer = Peer::start(Script {
            ehlo,
            ..Script::default()
        })
        .await;
        let world = World::new(out(&[peer.address]));
        let mut text = TEXT.to_vec();
        for line in 0..60_000 {
            text.extend_from_slice(format!(".{line} is a line of no meaning\r\n").as_bytes());
        }
        world.send(&["bob@example.net"], &text).await;
        let mail = peer.mail().await;
        assert!(
            mail.text == text,
            "{ehlo}: {} octets of {}",
            mail.text.len(),
            text.len()
        );
        world.empty().await;
    }
}

#[tokio::test]
async fn lmtp_answers_for_each_recipient() {
    let mut peer = Peer::start(Script {
        lmtp: true,
        answer: Box::new(|line| (line == ". full@example.net").then(|| "452 4.2.2 full".into())),
        ..Script::default()
    })
    .await;
    let world = World::new(SendConnector {
        target: ConnectorTarget::Lmtp,
        ..out(&[peer.address])
    });
    world
        .send(&["full@example.net", "bob@example.net"], TEXT)
        .await;
    assert_eq!(peer.mail().await.to, ["bob@example.net"]);
    world.deferred(1).await;
    assert!(peer.heard("LHLO edge.example.org") == 1 && peer.heard("EHLO") == 0);
}

#[tokio::test]
async fn too_many_recipients_get_transactions_of_their_own() {
    let script = Script::answering({
        let taken = std::sync::atomic::AtomicUsize::new(0);
        move |line| {
            if line.starts_with("MAIL") {
                taken.store(0, Ordering::SeqCst);
            }
            let is_rcpt = line.starts_with("RCPT");
            (is_rcpt && taken.fetch_add(1, Ordering::SeqCst) >= 2)
                .then(|| "452 4.5.3 too many".into())
        }
    });
    let mut peer = Peer::start(script).await;
    let world = World::new(out(&[peer.address]));
    let to: Vec<String> = (0..5).map(|i| format!("r{i}@example.net")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    world.send(&to, TEXT).await;
    let mut got = Vec::new();
    for _ in 0..3 {
        got.extend(peer.mail().await.to);
    }
    assert_eq!(got, to);
    world.empty().await;
}

#[tokio::test]
async fn mx_hosts_are_tried_by_preference() {
    let mut peer = Peer::start(Script::default()).await;
    let mut dns = FakeDns::default();
    let mx = vec![
        (20, "good.example".to_owned()),
        (10, "bad.example".to_owned()),
    ];
    dns.mx.insert("example.net".into(), Ok(mx));
    dns.hosts
        .insert("good.example".into(), vec!["127.0.0.1".parse().unwrap()]);
    // Nobody listens there.
    dns.hosts
        .insert("bad.example".into(), vec!["127.9.9.9".parse().unwrap()]);
    let world = World::with(
        vec![object(1, "out", by_mx(peer.address.port()))],
        dns,
        Roots::default(),
    );
    world.send(&["bob@example.net"], TEXT).await;
    peer.mail().await;
    world.empty().await;
    let literal = "bob@[127.0.0.1]";
    world.send(&[literal], TEXT).await;
    assert_eq!(peer.mail().await.to, [literal]);
}

#[tokio::test]
async fn a_mailbox_here_gets_a_file() {
    let world = World::new(out(&[nobody()]));
    for _ in 0..40 {
        world.send(&["anna@example.org"], TEXT).await;
    }
    world.empty().await;
    let dir = world.dir.path().join("mail/Anna");
    let files: Vec<_> = std::fs::read_dir(dir.join("new"))
        .unwrap()
        .map(|f| f.unwrap())
        .collect();
    assert_eq!(files.len(), 40);
    assert_eq!(std::fs::read_dir(dir.join("tmp")).unwrap().count(), 0);
    let file = files.first().unwrap();
    let text = std::fs::read(file.path()).unwrap();
    let top = b"Return-Path: <sender@example.com>\r\nDelivered-To: anna@example.org\r\n";
    assert_eq!(text, [top, TEXT].concat());
    let name = file.file_name().into_string().unwrap();
    assert!(
        name.ends_with(&format!(".edge.example.org,S={}", text.len())),
        "{name}"
    );
}

#[tokio::test]
async fn a_delivery_repeated_after_a_crash_replaces_its_file() {
    use crate::deliver::{content::Content, maildir};
    let world = World::new(out(&[nobody()]));
    world.dispatcher.drain().await;
    world.send(&["anna@example.org"], TEXT).await;
    let shared = &world.shared;
    let hop = NextHop::Mailbox {
        mailbox: "Anna".into(),
    };
    let dir = world.dir.path().join("mail/Anna");
    for _ in 0..2 {
        // Written, and then the process ends before the queue hears of it.
        let lease = shared.queue.take(&hop).unwrap();
        let carry = mailward_proto::mime::Carry::ALL;
        let mut letters = [maildir::Letter {
            id: lease.message.id,
            delivery: lease.delivery.no,
            accepted_unix_ms: lease.message.origin.accepted_unix_ms,
            return_path: lease.delivery.mail_from.clone(),
            recipient: lease.delivery.recipients[0].rcpt.address.clone(),
            content: Content::open(
                &shared.queue,
                &shared.snapshot.load(),
                &lease,
                carry,
                Keep::MAILBOX,
            )
            .unwrap(),
        }];
        let results = maildir::put(&dir, &shared.node.hostname, &mut letters);
        assert!(results.iter().all(Result::is_ok));
    }
    world.dispatcher.restart().await;
    world.empty().await;
    assert_eq!(std::fs::read_dir(dir.join("new")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_refused_recipient_is_reported_to_the_sender() {
    let script = Script::answering(|line| {
        line.starts_with("RCPT TO:<gone@")
            .then(|| "550 5.1.1 no such user".into())
    });
    let mut peer = Peer::start(script).await;
    let world = World::new(out(&[peer.address]));
    let told = b"Received: from inside.example.org\r\nResent-To: x\r\n\
        X-MS-Exchange-Organization-SCL: 1\r\n";
    let message = [&told[..], TEXT].concat();
    let id = world
        .send(&["gone@example.net", "bob@example.net"], &message)
        .await;
    let sent = peer.mail().await;
    assert_eq!(sent.to, ["bob@example.net"]);
    assert!(
        sent.text.starts_with(b"Received: from inside"),
        "which way it came goes on"
    );
    let bounce = peer.mail().await;
    assert_eq!(
        (bounce.from.as_str(), bounce.to),
        ("", vec!["sender@example.com".to_owned()])
    );
    let text = String::from_utf8(bounce.text).unwrap();
    assert!(
        text.contains("Final-Recipient: rfc822; gone@example.net\r\n"),
        "{text}"
    );
    // Who gets it back learns neither which way it came nor what servers told each other.
    for hidden in ["inside.example.org", "Resent-To", "Organization"] {
        assert!(!text.contains(hidden), "{text}");
    }
    assert!(text.contains("Remote-MTA: dns; 127.0.0.1\r\n"), "{text}");
    assert!(
        text.contains(&format!("Message-ID: <{id}.1.dsn@edge.example.org>")),
        "{text}"
    );
    assert!(
        text.contains("\r\n.two\r\n..\r\n"),
        "the original is missing"
    );
    world.empty().await;
    assert_eq!(world.shared.counters.dsns.get(), 1);
}

#[tokio::test]
async fn who_asks_for_a_receipt_gets_one_where_the_peer_gives_none() {
    for (ehlo, receipts) in [
        ("mx.example\nPIPELINING", 1),
        ("mx.example\nPIPELINING\nDSN", 0),
    ] {
        let mut peer = Peer::start(Script {
            ehlo,
            ..Script::default()
        })
        .await;
        let world = World::new(out(&[peer.address]));
        let mut envelope = envelope(&[]);
        envelope.recipients.push(EnvelopeRecipient {
            notify: Notify {
                success: true,
                failure: true,
                delay: false,
                given: true,
            },
            ..EnvelopeRecipient::new("bob@example.net".parse().unwrap())
        });
        world.send_as(envelope, TEXT).await;
        peer.mail().await;
        if receipts > 0 {
            assert!(peer.mail().await.text().contains("Action: relayed\r\n"));
        }
        world.empty().await;
        assert_eq!(peer.heard("MAIL FROM"), 1 + receipts);
        let asked = peer.heard("RCPT TO:<bob@example.net> NOTIFY=SUCCESS,FAILURE");
        assert_eq!(asked, 1 - receipts);
    }
}

#[tokio::test]
async fn a_journal_report_holds_the_message() {
    let mut peer = Peer::start(Script::default()).await;
    let world = World::new(out(&[peer.address]));
    world.journal(TEXT).await;
    let report = peer.mail().await;
    assert_eq!(report.from, "");
    let text = report.text();
    assert!(text.contains("\r\nX-MS-Journal-Report:\r\n"), "{text}");
    assert!(
        text.contains("Sender: sender@example.com\r\nSubject: hello\r\n"),
        "{text}"
    );
    assert!(text.contains(std::str::from_utf8(TEXT).unwrap()), "{text}");
    world.empty().await;
    assert_eq!(world.shared.counters.journal_reports.get(), 1);
}
