//! A new certificate serves the next handshake, without a restart and without a failed session.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::support::{Node, objects, run, wait_for};

/// What `openssl s_client` sees: whether the handshake worked, and the certificate's serial.
pub(crate) fn handshake(address: &str) -> (bool, String) {
    let arguments = [
        "s_client",
        "-starttls",
        "smtp",
        "-connect",
        address,
        "-servername",
        "mail.example.test",
    ];
    let (_, said) = run("openssl", &arguments, "QUIT\r\n");
    let worked = said.contains("Cipher is TLS_") || said.contains("Cipher is ECDHE");
    let start = said.find("-----BEGIN CERTIFICATE-----");
    let pem = start
        .map(|start| said[start..].to_owned())
        .unwrap_or_default();
    let (_, serial) = run("openssl", &["x509", "-noout", "-serial"], &pem);
    (worked, serial.trim().to_owned())
}

/// Puts a fresh self-signed certificate in the place of the node's.
fn renew(node: &Node) {
    let folder = node.path("certificates");
    let (key, cert) = (node.path("new.key"), node.path("new.crt"));
    let (done, said) = run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "90",
            "-subj",
            "/CN=mail.example.test",
            "-addext",
            "subjectAltName=DNS:mail.example.test",
            "-keyout",
            key.to_str().unwrap(),
            "-out",
            cert.to_str().unwrap(),
        ],
        "",
    );
    assert!(done, "{said}");
    let pem = crate::support::read(&cert) + &crate::support::read(&key);
    std::fs::write(node.path("new.pem"), pem).unwrap();
    std::fs::rename(node.path("new.pem"), folder.join("renewed.pem")).unwrap();
}

#[test]
fn while_handshakes_run() {
    let node = Node::start(objects);
    let address = node.smtp().to_string();
    let (worked, old) = handshake(&address);
    assert!(worked && !old.is_empty(), "{old}");
    let pid = node.role_pid("transport");
    let failed = Arc::new(Mutex::new(Vec::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let client = thread::spawn({
        let (failed, stop, address) = (Arc::clone(&failed), Arc::clone(&stop), address.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                let (worked, said) = handshake(&address);
                if !worked {
                    failed.lock().unwrap().push(said);
                }
            }
        }
    });
    renew(&node);
    wait_for("the new certificate is shown", || {
        handshake(&address).1 != old
    });
    stop.store(true, Ordering::Relaxed);
    client.join().unwrap();
    assert_eq!(*failed.lock().unwrap(), Vec::<String>::new());
    assert_eq!(node.role_pid("transport"), pid, "no restart");
    let explained = node.ask(&["cert", "explain", "Internet"]);
    assert!(explained.contains("renewed.pem"), "{explained}");
}

#[test]
fn and_where_none_fits_starttls_is_not_offered_and_12014_says_why() {
    let node = Node::start(|port| {
        objects(port).replace(
            "max_connections_per_source",
            "fqdn = \"other.example.test\"\nmax_connections_per_source",
        )
    });
    // The event comes with the objects, not with the first client that misses the certificate.
    wait_for("the event is written", || {
        node.ask(&["event", "list"]).contains("12014")
    });
    let mut talk = node.talk();
    let ehlo = talk.say("EHLO client.example.net");
    assert!(!ehlo.contains("STARTTLS"), "{ehlo}");
    let reply = talk.message(
        "a@example.net",
        &["info@example.test"],
        b"Subject: plain\r\n\r\nx",
    );
    assert!(
        reply.starts_with("250"),
        "mail goes on in plain text: {reply}"
    );
    let page = node.ask(&["explain", "12014"]);
    assert!(page.contains("STARTTLS"), "{page}");
    let explained = node.ask(&["cert", "explain", "Internet"]);
    assert!(explained.contains("other.example.test"), "{explained}");
}
