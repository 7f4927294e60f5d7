//! Debian's Postfix hands mail in and takes mail out, over STARTTLS both ways, bounces included.
//!
//! Postfix runs with a configuration and a queue of its own; it needs root, and without it the test
//! says so and ends.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Node, run, wait_for};

/// A private Postfix.
pub(crate) struct Postfix {
    folder: tempfile::TempDir,
    pub(crate) port: u16,
}

impl Postfix {
    /// Starts it; mail for other domains than its own goes to `relay`. `None` without root.
    pub(crate) fn start(relay: u16) -> Option<Postfix> {
        Postfix::start_with(relay, "")
    }

    /// Starts it with these settings besides (`main.cf`).
    pub(crate) fn start_with(relay: u16, settings: &str) -> Option<Postfix> {
        if !nix::unistd::Uid::effective().is_root() {
            eprintln!("skipped: a private Postfix needs root");
            return None;
        }
        // Postfix' own user must reach the folder.
        let folder = tempfile::Builder::new()
            .prefix("postfix")
            .tempdir_in("/var/tmp")
            .unwrap();
        let postfix = Postfix {
            port: crate::support::free_port(),
            folder,
        };
        let path = |name: &str| postfix.folder.path().join(name);
        set_mode(postfix.folder.path(), "755");
        for name in ["etc", "queue", "data", "mail"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        let (done, said) = run(
            "chown",
            &[
                "postfix",
                path("data").to_str().unwrap(),
                path("mail").to_str().unwrap(),
            ],
            "",
        );
        assert!(done, "{said}");
        let certificate = path("etc/tls.pem");
        let pem = certificate.to_str().unwrap();
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
                "9",
                "-subj",
                "/CN=postfix.away.test",
                "-addext",
                "subjectAltName=DNS:postfix.away.test",
                "-keyout",
                pem,
                "-out",
                path("etc/tls.crt").to_str().unwrap(),
            ],
            "",
        );
        assert!(done, "{said}");
        let both = crate::support::read(&certificate) + &crate::support::read(&path("etc/tls.crt"));
        std::fs::write(&certificate, both).unwrap();
        let main = format!(
            "compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = /var/log/postfix-{port}.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.away.test
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{relay}
smtp_tls_security_level = encrypt
smtpd_tls_security_level = may
smtpd_tls_chain_files = {pem}
virtual_mailbox_domains = away.test
virtual_mailbox_maps = inline:{{sales@away.test=sales/, boss@away.test=boss/}}
virtual_mailbox_base = {mail}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
virtual_minimum_uid = 1
{settings}
",
            queue = path("queue").display(),
            data = path("data").display(),
            mail = path("mail").display(),
            port = postfix.port,
            uid = postfix_uid(),
        );
        std::fs::write(path("etc/main.cf"), main).unwrap();
        let services = [
            ("cleanup", "0"),
            ("tlsmgr", "1"),
            ("rewrite", "0"),
            ("bounce", "0"),
            ("defer", "0"),
            ("trace", "0"),
            ("verify", "1"),
            ("flush", "0"),
            ("smtp", "0"),
            ("relay", "0"),
            ("error", "0"),
            ("retry", "0"),
            ("discard", "0"),
            ("virtual", "0"),
            ("anvil", "1"),
            ("scache", "1"),
        ];
        let mut master = format!("127.0.0.1:{} inet n - n - - smtpd\n", postfix.port);
        for (name, limit) in services {
            let program = match name {
                "rewrite" => "trivial-rewrite",
                "defer" | "trace" => "bounce",
                "relay" => "smtp",
                "retry" => "error",
                other => other,
            };
            let private = if matches!(name, "cleanup" | "flush") {
                "n"
            } else {
                "-"
            };
            let unprivileged = if name == "virtual" { "n" } else { "-" };
            let wake = match name {
                "tlsmgr" | "flush" => "1000?",
                _ => "-",
            };
            master += &format!("{name} unix {private} {unprivileged} n {wake} {limit} {program}\n");
        }
        master += "pickup unix n - n 60 1 pickup\nqmgr unix n - n 300 1 qmgr\n";
        master += "postlog unix-dgram n - n - 1 postlogd\n";
        std::fs::write(path("etc/master.cf"), master).unwrap();
        let (done, said) = run(
            "postfix",
            &["-c", path("etc").to_str().unwrap(), "start"],
            "",
        );
        assert!(done, "{said}");
        Some(postfix)
    }

    /// What it wrote into its log.
    fn log(&self) -> String {
        crate::support::read(Path::new(&format!("/var/log/postfix-{}.log", self.port)))
    }

    /// The messages of one of its mailboxes.
    pub(crate) fn mailbox(&self, name: &str) -> Vec<String> {
        let new: PathBuf = self.folder.path().join("mail").join(name).join("new");
        std::fs::read_dir(new)
            .into_iter()
            .flatten()
            .map(|file| crate::support::read(&file.unwrap().path()))
            .collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what Postfix logged:\n{}", self.log());
        }
        let _ = Command::new("postfix")
            .arg("-c")
            .arg(self.folder.path().join("etc"))
            .arg("abort")
            .output();
        let _ = std::fs::remove_file(format!("/var/log/postfix-{}.log", self.port));
    }
}

fn set_mode(path: &Path, mode: &str) {
    assert!(
        Command::new("chmod")
            .arg(mode)
            .arg(path)
            .status()
            .unwrap()
            .success()
    );
}

fn postfix_uid() -> String {
    let (_, uid) = run("id", &["-u", "postfix"], "");
    uid.trim().to_owned()
}

/// A node whose mail for other domains goes to `postfix`.
fn node(postfix: u16) -> impl FnOnce(u16) -> String {
    move |port| {
        crate::support::objects(port).replace(
            "max_connections_per_source",
            "relay = \"all\"\nmax_connections_per_source",
        ) + &format!(
            r#"
[[send_connector]]
name = "Postfix"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{postfix}"]
tls = "required"
"#
        )
    }
}

#[test]
fn over_starttls_both_ways() {
    // Each side must know the other's port before it starts.
    let port = crate::support::free_port();
    let Some(postfix) = Postfix::start(port) else {
        return;
    };
    let mut node = Node::prepare_at(tempfile::tempdir().unwrap(), port, node(postfix.port));
    node.serve();

    // In: swaks gives to Postfix, Postfix relays to Mailward.
    let server = format!("127.0.0.1:{}", postfix.port);
    let arguments = [
        "--server",
        &server,
        "--from",
        "sales@away.test",
        "--to",
        "info@example.test",
        "--body",
        "from postfix",
    ];
    let (done, said) = run("swaks", &arguments, "");
    assert!(done, "{said}");
    wait_for("Postfix' message is in the mailbox", || {
        node.mailbox("info").len() == 1
    });
    let message = String::from_utf8(node.mailbox("info").remove(0)).unwrap();
    assert!(
        message.contains("from postfix.away.test") && message.contains("with ESMTPS"),
        "{message}"
    );

    // Out: Mailward delivers to Postfix, and is told at once of whom Postfix does not know.
    let mut talk = node.talk();
    talk.say("EHLO client.example.test");
    let reply = talk.message(
        "info@example.test",
        &["sales@away.test", "boss@away.test", "nobody@away.test"],
        b"From: <info@example.test>\r\nSubject: to postfix\r\n\r\nHello",
    );
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("Postfix has delivered", || {
        !postfix.mailbox("sales").is_empty() && !postfix.mailbox("boss").is_empty()
    });
    let message = postfix.mailbox("sales").remove(0);
    assert!(
        message.contains("with ESMTPS") && message.contains("mail.example.test"),
        "{message}"
    );
    wait_for("the bounce is back", || node.mailbox("info").len() == 2);
    let bounce = node
        .mailbox("info")
        .into_iter()
        .map(|m| String::from_utf8(m).unwrap())
        .find(|m| m.contains("multipart/report"));
    let bounce = bounce.expect("a delivery status notification");
    assert!(
        bounce.contains("nobody@away.test") && bounce.contains("Action: failed"),
        "{bounce}"
    );
    assert!(
        bounce.contains("550 5.1.1"),
        "the remote's words are kept: {bounce}"
    );
    assert!(
        !bounce.contains("Final-Recipient: rfc822; sales@away.test"),
        "{bounce}"
    );
    wait_for("nothing is left in the queue", || node.queued() == 0);
}

#[test]
fn a_bounce_of_postfix_arrives_and_is_never_answered() {
    let port = crate::support::free_port();
    let Some(postfix) = Postfix::start(port) else {
        return;
    };
    let mut node = Node::prepare_at(tempfile::tempdir().unwrap(), port, node(postfix.port));
    node.serve();
    // Mailward refuses the recipient at RCPT, so Postfix owes its sender a bounce and sends it here.
    let server = format!("127.0.0.1:{}", postfix.port);
    let arguments = [
        "--server",
        &server,
        "--from",
        "info@example.test",
        "--to",
        "nobody@example.test",
        "--body",
        "x",
    ];
    let (done, said) = run("swaks", &arguments, "");
    assert!(done, "{said}");
    wait_for("the bounce is in the mailbox", || {
        node.mailbox("info").len() == 1
    });
    let bounce = String::from_utf8(node.mailbox("info").remove(0)).unwrap();
    assert!(
        bounce.contains("Return-Path: <>") && bounce.contains("5.1.1"),
        "{bounce}"
    );
    wait_for("nothing is left in the queue", || node.queued() == 0);
}
