//! Hostile clients get clear replies, and everyone else goes on being served.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use crate::support::{Node, objects, wait_for};

/// The node of these tests: short timeouts, no tarpit, so that a test is over in seconds.
fn node() -> Node {
    Node::start(|port| {
        objects(port).replace(
            "max_connections_per_source = 2000",
            "max_connections_per_source = 2000\ntarpit_interval = \"0s\"\ninactivity_timeout = \"3s\"\nconnection_timeout = \"6s\"",
        )
    })
}

#[track_caller]
fn still_serves(node: &Node) {
    let mut talk = node.talk();
    talk.say("EHLO honest.example.net");
    let reply = talk.message(
        "a@example.net",
        &["info@example.test"],
        b"Subject: still\r\n\r\nhere",
    );
    assert!(reply.starts_with("250"), "{reply}");
}

/// Reads until the peer closes.
fn rest(stream: &mut TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn one_octet_a_second_runs_into_the_total_timeout() {
    let node = node();
    let mut stream = TcpStream::connect(node.smtp()).unwrap();
    let started = Instant::now();
    stream.read_exact(&mut [0; 3]).unwrap();
    for octet in "NOOP is what this client says very slowly".bytes() {
        if stream.write_all(&[octet]).is_err() || started.elapsed() > Duration::from_secs(9) {
            break;
        }
        thread::park_timeout(Duration::from_secs(1));
    }
    let said = rest(&mut stream);
    assert!(said.contains("421 4.4.2"), "{said}");
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "the session lasted {:?}",
        started.elapsed()
    );
    still_serves(&node);
}

#[test]
fn silence_runs_into_the_idle_timeout() {
    let node = node();
    let mut stream = TcpStream::connect(node.smtp()).unwrap();
    let said = rest(&mut stream);
    assert!(
        said.starts_with("220") && said.contains("421 4.4.2"),
        "{said}"
    );
}

#[test]
fn ten_thousand_commands_end_the_session() {
    let node = node();
    let mut stream = TcpStream::connect(node.smtp()).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let flood = thread::spawn(move || {
        let _ = writer.write_all(&b"NOOP\r\n".repeat(10_000));
    });
    // Octets before the greeting are refused by themselves; that is an end too.
    let said = rest(&mut stream);
    flood.join().unwrap();
    assert!(
        said.contains("421") || said.contains("554"),
        "{}",
        &said[said.len().saturating_sub(200)..]
    );
    still_serves(&node);

    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.try_send(b"NOOP\r\n".repeat(10_000));
    let mut last = String::new();
    for _ in 0..10_001 {
        let reply = talk.reply();
        if reply.is_empty() {
            break;
        }
        last = reply;
    }
    assert!(last.starts_with("421 4.7.0"), "{last}");
    still_serves(&node);
}

#[test]
fn a_line_of_100_000_octets_is_refused_and_not_kept() {
    let node = node();
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.send(format!(
        "MAIL FROM:<{}@example.net>\r\n",
        "a".repeat(100_000)
    ));
    let reply = talk.reply();
    assert!(reply.starts_with("500 5.5."), "{reply}");
    assert!(talk.say("NOOP").starts_with("250"), "the session goes on");
    still_serves(&node);
}

#[test]
fn of_100_000_recipients_those_above_the_limit_are_deferred() {
    let node = node();
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.say("MAIL FROM:<a@example.net>");
    let (mut accepted, mut deferred) = (0, 0);
    'batches: for _ in 0..1000 {
        if !talk.try_send("RCPT TO:<info@example.test>\r\n".repeat(100)) {
            break;
        }
        for _ in 0..100 {
            match talk.reply() {
                reply if reply.starts_with("250") => accepted += 1,
                reply if reply.starts_with("452 4.5.3") => deferred += 1,
                // Too many refusals are errors, and errors end the session.
                reply => {
                    assert!(reply.is_empty() || reply.starts_with("421"), "{reply}");
                    break 'batches;
                }
            }
        }
    }
    assert!(accepted <= 200, "{accepted} recipients in one message");
    assert!(deferred > 0);
    still_serves(&node);
}

#[test]
fn a_smuggled_message_stays_what_it_is() {
    let node = node();
    for end in [
        "\n.\n",
        "\n.\r\n",
        "\r.\r",
        "\r\n.\n",
        "\r\n.\r",
        "\r.\r\n",
        "\n.\r",
        "\r\n\0.\r\n",
    ] {
        let mut talk = node.talk();
        talk.say("EHLO client.example.net");
        talk.say("MAIL FROM:<a@example.net>");
        talk.say("RCPT TO:<info@example.test>");
        talk.say("DATA");
        let inner = "MAIL FROM:<admin@example.test>\r\nRCPT TO:<info@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n";
        talk.send(format!("Subject: outer\r\n\r\nx{end}{inner}"));
        let reply = talk.reply();
        assert!(reply.starts_with("550 5.6."), "{end:?}: {reply}");
    }
    still_serves(&node);
    wait_for("the honest message is there", || {
        node.mailbox("info").len() == 1
    });
    assert!(String::from_utf8_lossy(&node.mailbox("info")[0]).contains("still"));
}

#[test]
fn commands_behind_starttls_are_not_run() {
    let node = node();
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.send("STARTTLS\r\nMAIL FROM:<injected@example.net>\r\nRCPT TO:<info@example.test>\r\n");
    let reply = talk.reply();
    assert!(
        !reply.starts_with("220") || talk.reply().is_empty(),
        "{reply}"
    );
    still_serves(&node);
}
