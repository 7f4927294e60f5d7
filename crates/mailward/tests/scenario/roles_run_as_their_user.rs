//! Roles run as their user: started by root, the manager keeps the sockets and the roles that hear
//! strangers have no more rights than `user`.
//!
//! Needs root; without it the test says so and ends.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use mailward_api::control::Role;

use crate::support::{Node, objects, read, run, wait_for};

/// Real, effective, saved and file-system ids of a process.
fn ids(pid: u32, line: &str) -> Vec<u32> {
    let status = read(format!("/proc/{pid}/status").as_ref());
    let ids = status
        .lines()
        .find_map(|text| text.strip_prefix(line))
        .unwrap_or_default();
    ids.split_whitespace()
        .map(|id| id.parse().unwrap())
        .collect()
}

/// Every file and folder below, with its owner.
fn owners(path: &Path, to: &mut Vec<(String, u32)>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let meta = entry.path().symlink_metadata().unwrap();
        to.push((entry.path().display().to_string(), meta.uid()));
        if meta.is_dir() {
            owners(&entry.path(), to);
        }
    }
}

#[test]
fn and_mail_flows_with_files_of_their_own() {
    let (_, uid) = run("id", &["-u"], "");
    if uid.trim() != "0" {
        eprintln!("skipped: only root can start roles as another user");
        return;
    }
    let (_, nobody) = run("id", &["-u", "nobody"], "");
    let nobody: u32 = nobody.trim().parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    // The folder of a test is its owner's alone; the way to a node's folders must be open.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut node = Node::prepare_as(
        folder,
        crate::support::free_port(),
        "mail.example.test",
        &["--user", "nobody"],
        |port| {
            objects(port)
                + "\n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"1s\"\n"
        },
    );
    node.serve();
    let roles = ["transport", "access", "worker"];
    wait_for("every role runs", || {
        roles.iter().all(|role| node.role_pid(role).is_some())
    });
    for role in roles {
        let pid = node.role_pid(role).unwrap();
        assert_eq!(ids(pid, "Uid:"), [nobody; 4], "{role}");
        assert!(
            ids(pid, "Groups:").iter().all(|group| *group != 0),
            "{role} has root's groups"
        );
        assert_eq!(ids(pid, "Gid:").iter().filter(|id| **id == 0).count(), 0);
    }
    assert_eq!(ids(node.manager_pid(), "Uid:"), [0; 4]);

    let (done, said) = run(
        "swaks",
        &[
            "--server",
            &node.smtp().to_string(),
            "--tls",
            "--from",
            "a@example.net",
            "--to",
            "info@example.test",
        ],
        "",
    );
    assert!(done, "{said}");
    wait_for("mail and journal are there", || {
        node.mailbox("info").len() == 1 && node.mailbox("journal").len() == 1
    });
    wait_for("health is well", || {
        node.command(&["health"]).status.success()
    });

    // An administrator changes objects, and a role that is killed comes back.
    let file = node.path("wanted.toml");
    let wanted =
        node.ask(&["export"]) + "\n[[mailbox]]\nname = \"new\"\naddress = \"new@example.test\"\n";
    std::fs::write(&file, wanted).unwrap();
    node.ask(&["apply", file.to_str().unwrap(), "--yes"]);
    let transport = node.role_pid("transport").unwrap();
    crate::support::signal(transport, "KILL");
    wait_for("a new transport serves", || {
        node.answers_anew(Role::Transport, transport) && node.greets()
    });
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let reply = talk.message(
        "a@example.net",
        &["new@example.test"],
        b"Subject: x\r\n\r\nx",
    );
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("the new mailbox has it", || node.mailbox("new").len() == 1);

    for folder in ["data/mail", "data/queue", "data/tracking"] {
        let mut found = Vec::new();
        wait_for("there are files", || {
            found.clear();
            owners(&node.path(folder), &mut found);
            !found.is_empty()
        });
        let strange: Vec<_> = found.iter().filter(|(_, uid)| *uid != nobody).collect();
        assert!(strange.is_empty(), "{strange:?}");
    }
    for private in ["data", "run", "certificates"] {
        let mode = node.path(private).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o007, 0, "{private} is open to everybody: {mode:o}");
    }
    let output = node.stop_with_code();
    assert_eq!(output, Some(0), "{}", node.log());
}
