//! Debian's Dovecot takes mail over LMTP, with a reply of its own for each recipient.
//!
//! Dovecot runs with a configuration of its own; it needs root, and without it the test says so and
//! ends.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::support::{Node, run, wait_for};

/// A private Dovecot that speaks LMTP.
struct Dovecot {
    folder: tempfile::TempDir,
    port: u16,
}

impl Dovecot {
    fn start() -> Option<Dovecot> {
        if !nix::unistd::Uid::effective().is_root() {
            eprintln!("skipped: a private Dovecot needs root");
            return None;
        }
        let folder = tempfile::Builder::new()
            .prefix("dovecot")
            .tempdir_in("/var/tmp")
            .unwrap();
        let dovecot = Dovecot {
            port: crate::support::free_port(),
            folder,
        };
        let path = |name: &str| dovecot.folder.path().join(name);
        assert!(
            Command::new("chmod")
                .arg("755")
                .arg(dovecot.folder.path())
                .status()
                .unwrap()
                .success()
        );
        for name in ["run", "mail", "state"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        let (done, said) = run("chown", &["nobody", path("mail").to_str().unwrap()], "");
        assert!(done, "{said}");
        std::fs::write(
            path("users"),
            "anna@example.test:::::\nbert@example.test:::::\n",
        )
        .unwrap();
        let configuration = format!(
            "base_dir = {run}
state_dir = {state}
log_path = {log}
protocols = lmtp
ssl = no
mail_location = maildir:{mail}/%u
first_valid_uid = 1
postmaster_address = postmaster@example.test
passdb {{
  driver = passwd-file
  args = {users}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={mail}/%u allow_all_users=no
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
service anvil {{
  chroot =
}}
",
            run = path("run").display(),
            state = path("state").display(),
            log = path("log").display(),
            mail = path("mail").display(),
            users = path("users").display(),
            port = dovecot.port,
        );
        std::fs::write(path("dovecot.conf"), configuration).unwrap();
        // The daemon keeps what it was started with open: it must not be a pipe that is read.
        let mut start = Command::new("dovecot");
        start.arg("-c").arg(path("dovecot.conf"));
        let status = start
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "dovecot does not start"
        );
        Some(dovecot)
    }

    fn mailbox(&self, user: &str) -> Vec<String> {
        let new: PathBuf = self.folder.path().join("mail").join(user).join("new");
        std::fs::read_dir(new)
            .into_iter()
            .flatten()
            .map(|file| crate::support::read(&file.unwrap().path()))
            .collect()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "what Dovecot logged:\n{}",
                crate::support::read(&self.folder.path().join("log"))
            );
        }
        let _ = Command::new("dovecot")
            .arg("-c")
            .arg(self.folder.path().join("dovecot.conf"))
            .arg("stop")
            .output();
    }
}

#[test]
fn with_a_reply_for_each_recipient() {
    let Some(dovecot) = Dovecot::start() else {
        return;
    };
    let lmtp = dovecot.port;
    let node = Node::start(|port| {
        crate::support::objects(port)
            + &format!(
                r#"
[[send_connector]]
name = "Dovecot"
address_spaces = ["dovecot.invalid"]
target = "lmtp"
smart_hosts = ["127.0.0.1:{lmtp}"]
tls = "off"

[[mailbox]]
name = "anna"
address = "anna@example.test"
send_connector = "Dovecot"

[[mailbox]]
name = "bert"
address = "bert@example.test"
send_connector = "Dovecot"

[[mailbox]]
name = "gone"
address = "gone@example.test"
send_connector = "Dovecot"
"#
            )
    });
    let mut talk = node.talk();
    talk.say("EHLO client.example.test");
    let to = [
        "anna@example.test",
        "bert@example.test",
        "gone@example.test",
    ];
    let reply = talk.message("info@example.test", &to, b"Subject: over lmtp\r\n\r\nHello");
    assert!(reply.starts_with("250"), "{reply}");
    for user in ["anna@example.test", "bert@example.test"] {
        wait_for("Dovecot has delivered", || dovecot.mailbox(user).len() == 1);
        assert!(dovecot.mailbox(user)[0].contains("Subject: over lmtp"));
    }
    // Dovecot knows no "gone": its sender, and nobody else's, is told.
    wait_for("the bounce is there", || node.mailbox("info").len() == 1);
    let bounce = String::from_utf8(node.mailbox("info").remove(0)).unwrap();
    assert!(
        bounce.contains("gone@example.test") && bounce.contains("Action: failed"),
        "{bounce}"
    );
    assert!(
        !bounce.contains("Final-Recipient: rfc822; anna@example.test"),
        "{bounce}"
    );
}
