//! Mailward's own administrators follow the rules of restricted groups at the admin socket: a name
//! that is an account of this host and one of a domain is refused with both shown, and neither account
//! is answered; named with what tells them apart, each gets what is his, by his number and not by
//! his name. A name that is one account is looked for on this host first, then in the domain.
//!
//! The node lives in a mount namespace of its own, as where the host's groups are kept. Needs root,
//! util-linux and libnss-extrausers, whose accounts stand for those of a domain.

use std::{os::unix::fs::PermissionsExt, path::Path};

use crate::{
    support::{Node, objects, run, wait_for},
    the_hosts_groups_are_what_policies_say::{ENTER, EXTRAUSERS, Host, append},
};

/// `mw-two` of the host, and of the domain; `mw-cy` of the host alone, `mw-dom` of the domain alone.
const OWN_TWO: u32 = 5004;
const DOMAINS_TWO: u32 = 6004;
const OWN_CY: u32 = 5003;
const DOMAINS_DOM: u32 = 6001;

/// Whether this account is answered at the admin socket.
fn may(node: &Node, uid: u32) -> bool {
    let socket = node.path("run/admin.sock");
    let uid = format!("--reuid={uid}");
    let program = env!("CARGO_BIN_EXE_mailward");
    let socket = socket.to_str().unwrap();
    let words = [
        &*uid,
        "--clear-groups",
        program,
        "status",
        "--socket",
        socket,
    ];
    run("setpriv", &words, "").0
}

/// Says who administers.
fn administrators(node: &Node, members: &str) {
    let groups = format!(
        r#"restricted_groups=[{{"group":"mailward\\administrators","members":{members}}}]"#
    );
    node.ask(&["policy", "set", "Administrators", &groups]);
}

/// Waits until these and no others of the four are answered.
#[track_caller]
fn answered(node: &Node, expect: &[u32]) {
    let all = [OWN_CY, OWN_TWO, DOMAINS_DOM, DOMAINS_TWO];
    wait_for(&format!("{expect:?} and no others are answered"), || {
        all.iter()
            .all(|uid| may(node, *uid) == expect.contains(uid))
    });
}

/// Waits until it is told that `member` is both accounts of that name.
#[track_caller]
fn told_as_two(node: &Node, member: &str, both: [u32; 2]) {
    wait_for("both are shown in an event", || {
        let all = node.events_of("access").into_iter();
        let mut unclear = all.filter(|event| event["number"] == 5084);
        unclear.any(|event| {
            let problem = event["fields"]["problem"].as_str().unwrap_or_default();
            event["fields"]["group"] == r"mailward\administrators"
                && event["fields"]["member"] == member
                && both
                    .iter()
                    .all(|uid| problem.contains(&format!("uid {uid}")))
        })
    });
}

#[test]
fn and_each_gets_what_is_his() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("skipped: only root can make a mount namespace and ask as somebody else");
        return;
    }
    if !Path::new(EXTRAUSERS).is_dir() {
        eprintln!("skipped: libnss-extrausers, which stands for a domain, is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // The folder of a test is its owner's alone; the way to the admin socket must be open.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let host = Host::make(folder.path());
    append(&host.etc.join("group"), "mw-admins:x:5102:mw-two,mw-cy\n");
    // A domain knows its accounts by their full names too.
    append(
        &host.extra.join("passwd"),
        "mw-two@corp.example:x:6004:6004::/:/bin/false\n",
    );
    let mut node = Node::prepare_in(folder, objects);
    let (etc, extra) = (host.etc.to_str().unwrap(), host.extra.to_str().unwrap());
    node.spawn_under(&["unshare", "--mount", "sh", "-c", ENTER, etc, extra]);
    wait_for("the node answers administrators", || {
        node.command(&["status"]).status.success()
    });
    answered(&node, &[]);

    // On this host alone, and in the domain alone.
    administrators(&node, r#"["mw-cy","mw-dom"]"#);
    answered(&node, &[OWN_CY, DOMAINS_DOM]);

    // Two accounts: neither, and both are shown.
    administrators(&node, r#"["mw-two","mw-dom"]"#);
    answered(&node, &[DOMAINS_DOM]);
    told_as_two(&node, "mw-two", [OWN_TWO, DOMAINS_TWO]);
    let (code, told) = node.refused(&["policy", "refresh", "--dry-run"]);
    for part in [
        "ambiguous",
        "of this host (uid 5004)",
        "of extrausers (uid 6004)",
        r".\mw-two",
    ] {
        assert!(code == 1 && told.contains(part), "{part}: {code} {told}");
    }

    // Named with what tells them apart: the name that both have opens nothing for the other one.
    administrators(&node, r#"[".\\mw-two"]"#);
    answered(&node, &[OWN_TWO]);
    assert!(
        node.command(&["policy", "refresh", "--dry-run"])
            .status
            .success()
    );
    administrators(&node, r#"["mw-two@corp.example"]"#);
    answered(&node, &[DOMAINS_TWO]);
    administrators(&node, r#"[".\\mw-two","mw-two@corp.example"]"#);
    answered(&node, &[OWN_TWO, DOMAINS_TWO]);

    // Of a group's members the clear ones are admitted.
    administrators(&node, r#"["mw-admins"]"#);
    answered(&node, &[OWN_CY]);

    // A name that becomes two while nobody changes an object: who was admitted by it is refused.
    administrators(&node, r#"["mw-cy"]"#);
    answered(&node, &[OWN_CY]);
    append(
        &host.extra.join("passwd"),
        "mw-cy:x:6003:6003::/:/bin/false\n",
    );
    let (_, told) = node.refused(&["policy", "refresh"]);
    assert!(
        told.contains("uid 5003") && told.contains("uid 6003"),
        "{told}"
    );
    answered(&node, &[]);
    told_as_two(&node, "mw-cy", [OWN_CY, 6003]);

    node.ask(&["policy", "remove", "Administrators"]);
    answered(&node, &[]);
    assert!(node.command(&["status"]).status.success(), "root as ever");
}
