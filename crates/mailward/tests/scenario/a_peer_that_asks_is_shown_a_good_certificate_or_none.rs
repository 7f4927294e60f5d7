//! A peer that asks for a certificate is shown the one that fits the send connector: Debian's Postfix
//! takes mail by its fingerprint alone. A new one is shown without a restart, and one that is distrusted or
//! has expired is not shown at all.
//!
//! Postfix needs root, and without it the test says so and ends.

use std::time::{Duration, SystemTime};

use mailward_tls::ca::{Authority, Issued, Leaf};

use crate::{
    postfix_hands_mail_in_and_takes_mail_out::Postfix,
    support::{Node, free_port, run, wait_for},
};

/// SHA-256 of a certificate as Postfix writes it.
fn fingerprint(issued: &Issued) -> String {
    let words = ["x509", "-noout", "-fingerprint", "-sha256"];
    let (done, said) = run("openssl", &words, &issued.certificate_pem);
    assert!(done, "{said}");
    let (_, digest) = said.trim().split_once('=').unwrap();
    digest.to_owned()
}

fn objects(postfix: u16) -> impl FnOnce(u16) -> String {
    move |port| {
        format!(
            r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"

[[receive_connector]]
name = "Hub"
bindings = ["127.0.0.1:{port}"]
relay = "all"

[[send_connector]]
name = "Postfix"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{postfix}"]
tls = "required"

[transport_settings]
retry_schedule = ["1s"]
"#
        )
    }
}

fn send(node: &Node, to: &str) {
    let mut talk = node.talk();
    talk.say("EHLO client.test");
    let reply = talk.message("info@example.test", &[to], b"Subject: x\r\n\r\nx");
    assert!(reply.starts_with("250"), "{reply}");
}

#[test]
fn by_postfix_that_takes_mail_by_fingerprint() {
    let authority = Authority::new("Example Root").unwrap();
    let host = "mail.example.test";
    // Postfix knows one certificate by its fingerprint, and says whose it was shown.
    let first = authority.issue(&Leaf::new([host, "first.test"])).unwrap();
    let second = authority.issue(&Leaf::new(["second.test", host])).unwrap();
    let known = [&first, &second].map(fingerprint);
    let settings = format!(
        "smtpd_tls_ask_ccert = yes\nsmtpd_tls_received_header = yes\n\
         smtpd_tls_fingerprint_digest = sha256\nsmtpd_tls_session_cache_database =\n\
         smtpd_relay_restrictions =\n\
         smtpd_recipient_restrictions = check_ccert_access inline:{{{}=OK,{}=OK}}, defer\n",
        known[0], known[1]
    );
    let Some(postfix) = Postfix::start_with(free_port(), &settings) else {
        return;
    };
    let mut node = Node::prepare(objects(postfix.port));
    let folder = node.path("certificates");
    for file in std::fs::read_dir(&folder).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    first.write(&folder, "mail").unwrap();
    node.serve();
    send(&node, "sales@away.test");
    wait_for("Postfix has taken the first", || {
        postfix.mailbox("sales").len() == 1
    });
    let text = postfix.mailbox("sales").remove(0);
    assert!(text.contains("Client CN \"mail.example.test\""), "{text}");
    let pid = node.role_pid("transport");
    let explained = node.ask(&["cert", "explain", "Postfix", "--send"]);
    assert!(
        explained.contains("Send connector Postfix") && explained.contains("mail.pem"),
        "{explained}"
    );
    let listed = node.ask(&["cert", "list"]);
    assert!(listed.contains("send/Postfix"), "{listed}");

    // A new one is shown at once, in place of the old one.
    second.write(&folder, "mail").unwrap();
    wait_for("the new one is chosen", || {
        node.ask(&["cert", "list"]).contains("second.test")
    });
    send(&node, "boss@away.test");
    wait_for("Postfix has taken the second", || {
        postfix.mailbox("boss").len() == 1
    });
    let text = postfix.mailbox("boss").remove(0);
    assert!(text.contains("Client CN \"second.test\""), "{text}");
    assert_eq!(node.role_pid("transport"), pid, "no restart");

    // One that is distrusted is shown no more; Postfix has nobody then to take mail of.
    let file = node.path("second.pem");
    std::fs::write(&file, &second.certificate_pem).unwrap();
    let words = [
        "untrusted",
        "add",
        file.to_str().unwrap(),
        "--name",
        "stolen",
        "--reason",
        "a test",
    ];
    node.ask(&words);
    wait_for("none is shown", || {
        let explained = node.ask(&["cert", "explain", "Postfix", "--send"]);
        explained.contains("a peer that asks for one is shown none")
            && explained.contains("it is untrusted here: stolen")
    });
    send(&node, "sales@away.test");
    wait_for("Postfix puts the mail off", || {
        node.ask(&["queue", "list", "--json"]).contains("450 4.")
    });
    assert_eq!(postfix.mailbox("sales").len(), 1);
    // Nor is one that has expired.
    let past = SystemTime::now() - Duration::from_secs(86_400);
    let expired = Leaf::new([host]).valid(past - Duration::from_secs(86_400), past);
    let expired = authority.issue(&expired).unwrap();
    expired.write(&folder, "expired").unwrap();
    wait_for("the expired one is passed over", || {
        let explained = node.ask(&["cert", "explain", "Postfix", "--send"]);
        explained.contains("expired.pem") && explained.contains("it expired on")
    });
    // Where the connector names its certificate, its lack is told.
    let pin = format!("certificate=<I>CN=Example Root<S>CN={host}");
    node.ask(&["send-connector", "set", "Postfix", &pin]);
    wait_for("the lack is told", || node.has_event("transport", 3032));
    assert_eq!(postfix.mailbox("sales").len(), 1);
    // The first one comes back: what waits goes out by itself.
    first.write(&folder, "mail").unwrap();
    wait_for("Postfix has taken what waited", || {
        postfix.mailbox("sales").len() == 2
    });
    assert_eq!(node.role_pid("transport"), pid, "no restart");
}
