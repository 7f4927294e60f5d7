//! Mail reaches a mailbox and is journaled once: from clients that other people wrote.

use crate::support::{Node, objects, run, wait_for};

#[test]
fn by_hand() {
    let node = Node::start(objects);
    let mut talk = node.talk();
    assert!(talk.say("EHLO client.example.net").contains("STARTTLS"));
    let reply = talk.message(
        "someone@example.net",
        &["info@example.test"],
        b"Subject: one\r\n\r\nHello",
    );
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    let id = reply.split_whitespace().last().unwrap().to_owned();
    wait_for("the message and its report are there", || {
        node.mailbox("info").len() == 1 && node.mailbox("journal").len() == 1
    });
    let message = String::from_utf8(node.mailbox("info").remove(0)).unwrap();
    assert!(message.contains(&format!("id {id}")), "{message}");
    assert!(
        message.ends_with("Subject: one\r\n\r\nHello\r\n"),
        "{message}"
    );
    let report = String::from_utf8(node.mailbox("journal").remove(0)).unwrap();
    assert!(report.contains("X-MS-Journal-Report:"), "{report}");
    assert!(
        report.contains("Sender: someone@example.net\r\n"),
        "{report}"
    );
    assert!(
        report.contains("Recipient: info@example.test\r\n"),
        "{report}"
    );
    let mut trace = String::new();
    wait_for("the trace is written", || {
        trace = node.ask(&["trace", &id]);
        trace.contains("RECEIVE") && trace.contains("DELIVER")
    });
}

#[test]
fn by_swaks_over_starttls() {
    let node = Node::start(objects);
    let server = node.smtp().to_string();
    let arguments = [
        "--server",
        &server,
        "--tls",
        "--from",
        "a@example.net",
        "--to",
        "info@example.test",
        "--body",
        "by swaks",
    ];
    let (done, said) = run("swaks", &arguments, "");
    assert!(done, "{said}");
    wait_for("the message is there", || node.mailbox("info").len() == 1);
    let message = String::from_utf8(node.mailbox("info").remove(0)).unwrap();
    assert!(
        message.contains("with ESMTPS") && message.contains("by swaks"),
        "{message}"
    );
}

#[test]
fn by_pythons_smtplib_with_a_refused_recipient() {
    let node = Node::start(objects);
    let script = format!(
        "import smtplib, ssl
server = smtplib.SMTP('127.0.0.1', {})
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
server.starttls(context=context)
refused = server.sendmail('a@example.net', ['info@example.test', 'nobody@example.test'], 'Subject: x\\n\\n.leading dot\\n')
assert refused['nobody@example.test'][0] == 550, refused
assert b'5.1.1' in refused['nobody@example.test'][1], refused
server.quit()",
        node.port
    );
    let (done, said) = run("python3", &["-"], &script);
    assert!(done, "{said}");
    wait_for("the message is there", || node.mailbox("info").len() == 1);
    let message = String::from_utf8(node.mailbox("info").remove(0)).unwrap();
    assert!(message.contains("\r\n.leading dot\r\n"), "{message}");
}
