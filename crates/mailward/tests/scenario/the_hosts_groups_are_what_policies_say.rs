//! The enforcer keeps the groups of its host as policies say: exact members, single ones, groups of a
//! domain; what somebody changes by hand is put back, an ambiguous name is refused with both shown,
//! the break-glass administrator stays, and a policy that is taken away brings back what stood before.
//!
//! The node lives in a mount namespace in which `/etc` is a copy, so that the groups of the machine
//! that runs this are not touched. Needs root, util-linux and libnss-extrausers, whose accounts stand
//! for those of a domain.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::support::{Node, objects, run, wait_for};

/// What the namespace begins with: its own `/etc` and its own accounts of a domain.
pub(crate) const ENTER: &str =
    r#"mount --bind "$0" /etc && mount --bind "$1" /var/lib/extrausers && shift && exec "$@""#;
pub(crate) const EXTRAUSERS: &str = "/var/lib/extrausers";

const ACCOUNTS: &str = "mw-anna:x:5001:5001::/:/bin/false
mw-bo:x:5002:5002::/:/bin/false
mw-cy:x:5003:5003::/:/bin/false
mw-two:x:5004:5004::/:/bin/false
";
const OF_THE_DOMAIN: &str = "mw-dom:x:6001:6001::/:/bin/false
mw-two:x:6004:6004::/:/bin/false
";

/// The files that stand for the host's.
pub(crate) struct Host {
    pub(crate) etc: PathBuf,
    pub(crate) extra: PathBuf,
}

pub(crate) fn append(path: &Path, text: &str) {
    let old = fs::read_to_string(path).unwrap();
    fs::write(path, old + text).unwrap();
}

impl Host {
    pub(crate) fn make(folder: &Path) -> Host {
        let host = Host {
            etc: folder.join("etc"),
            extra: folder.join("extra"),
        };
        let (done, said) = run("cp", &["-a", "/etc", host.etc.to_str().unwrap()], "");
        assert!(done, "{said}");
        append(&host.etc.join("passwd"), ACCOUNTS);
        append(
            &host.etc.join("group"),
            "mwops:x:5100:mw-bo,root\nmwstaff:x:5101:mw-cy\n",
        );
        append(
            &host.etc.join("gshadow"),
            "mwops:!::mw-bo,root\nmwstaff:!::mw-cy\n",
        );
        let switch = fs::read_to_string(host.etc.join("nsswitch.conf")).unwrap();
        let lines = switch.lines().map(|line| match line.split(':').next() {
            Some(name @ ("passwd" | "group")) => format!("{name}: files extrausers"),
            _ => line.to_owned(),
        });
        let lines: Vec<String> = lines.collect();
        fs::write(host.etc.join("nsswitch.conf"), lines.join("\n") + "\n").unwrap();
        fs::create_dir(&host.extra).unwrap();
        fs::write(host.extra.join("passwd"), OF_THE_DOMAIN).unwrap();
        fs::write(host.extra.join("group"), "mw-domain-ops:x:6100:mw-dom\n").unwrap();
        fs::write(host.extra.join("shadow"), "").unwrap();
        host
    }

    fn members(&self, file: &str, group: &str) -> BTreeSet<String> {
        let text = fs::read_to_string(self.etc.join(file)).unwrap();
        let prefix = format!("{group}:");
        let line = text
            .lines()
            .find(|line| line.starts_with(&prefix))
            .unwrap_or_default();
        let members = line.rsplit(':').next().unwrap_or_default().split(',');
        members
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn is(&self, group: &str, members: &[&str]) -> bool {
        let expect: BTreeSet<String> = members.iter().map(|one| (*one).to_owned()).collect();
        self.members("group", group) == expect && self.members("gshadow", group) == expect
    }

    #[track_caller]
    fn becomes(&self, group: &str, members: &[&str]) {
        wait_for(&format!("{group} has {members:?}"), || {
            self.is(group, members)
        });
    }

    /// Changes a line of a file by hand.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.etc.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

#[test]
fn and_as_before_once_no_policy_speaks_of_them() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("skipped: only root can make a mount namespace and change groups");
        return;
    }
    if !Path::new(EXTRAUSERS).is_dir() {
        eprintln!("skipped: libnss-extrausers, which stands for a domain, is not installed");
        return;
    }
    let untouched = fs::read("/etc/group").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let host = Host::make(folder.path());
    let mut node = Node::prepare_in(folder, |port| {
        objects(port) + "\n[policy_settings]\nrefresh_interval = \"1h\"\nrefresh_random = \"0s\"\n"
    });
    let config = fs::read_to_string(node.config()).unwrap();
    fs::write(
        node.config(),
        format!("groups = [\"mwops\", \"mwstaff\"]\n{config}"),
    )
    .unwrap();
    node.spawn_under(&[
        "unshare",
        "--mount",
        "sh",
        "-c",
        ENTER,
        host.etc.to_str().unwrap(),
        host.extra.to_str().unwrap(),
    ]);
    wait_for("the node answers administrators", || {
        node.command(&["status"]).status.success()
    });
    wait_for("the enforcer answers", || {
        node.command(&["policy", "refresh", "--dry-run"])
            .status
            .success()
    });

    // A policy that is not enabled yet: what it would do is shown, and not done.
    let exact = r#"restricted_groups=[{"group":"mwops","members":["mw-anna","mw-dom"]}]"#;
    node.ask(&["policy", "set", "Ops", "enabled=false", exact]);
    let shown = node.json(&["policy", "refresh", "--toggle", "Ops"]);
    assert_eq!(shown["applied"], false);
    assert_eq!(shown["steps"].as_array().unwrap().len(), 3, "{shown}");
    assert!(host.is("mwops", &["mw-bo", "root"]));

    node.ask(&["policy", "set", "Ops", "enabled=true"]);
    host.becomes("mwops", &["mw-anna", "mw-dom", "root"]);
    node.wait_for_events(&["GroupMemberAdded", "GroupMemberRemoved"]);
    let removed = node.ask(&["event", "list", "--event", "GroupMemberRemoved"]);
    assert!(
        removed.contains("mw-bo") && removed.contains("policy Ops"),
        "{removed}"
    );

    // Single members, and a group of the domain that is to be in one of the host.
    let single = r#"restricted_groups=[{"group":"mwstaff","add":["mw-anna"],"remove":["mw-cy"]},{"group":"mw-domain-ops","member_of":["mwstaff"]},{"group":"root","add":["mw-anna"]}]"#;
    node.ask(&["policy", "set", "Staff", single]);
    host.becomes("mwstaff", &["mw-anna", "mw-dom"]);
    // `groups` names the only ones that policies may change.
    let (code, told) = node.refused(&["policy", "refresh"]);
    assert!(
        code == 1 && told.contains("mwops, mwstaff and no other"),
        "{code} {told}"
    );
    assert_eq!(host.members("group", "root"), BTreeSet::new());

    // Two accounts of one name: refused, with both shown; nobody is taken out meanwhile.
    let unclear = r#"restricted_groups=[{"group":"mwops","members":["mw-two"]}]"#;
    node.ask(&["policy", "set", "Unclear", "order=200", unclear]);
    node.wait_for_events(&["GroupMemberUnclear"]);
    let (_, told) = node.refused(&["policy", "refresh"]);
    for part in ["ambiguous", "uid 5004", "uid 6004", r".\mw-two"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(host.is("mwops", &["mw-anna", "mw-dom", "root"]));
    let own = r#"restricted_groups=[{"group":"mwops","members":[".\\mw-two"]}]"#;
    node.ask(&["policy", "set", "Unclear", own]);
    host.becomes("mwops", &["mw-two", "root"]);
    let page = node.ask(&["policy", "result"]);
    assert!(page.contains("exact members do not add up"), "{page}");
    node.ask(&["policy", "remove", "Unclear"]);
    host.becomes("mwops", &["mw-anna", "mw-dom", "root"]);

    // Must be empty, but for the break-glass administrator.
    node.ask(&[
        "policy",
        "set",
        "Ops",
        r#"restricted_groups=[{"group":"mwops","members":[]}]"#,
    ]);
    host.becomes("mwops", &["root"]);
    node.ask(&["policy", "revert", "Ops"]);
    host.becomes("mwops", &["mw-anna", "mw-dom", "root"]);

    // What is changed by hand is put back at the next refresh.
    node.ask(&["policy-settings", "set", "refresh_interval=1s"]);
    host.edit("group", "mwops:x:5100:", "mwops:x:5100:mw-cy,");
    host.edit("gshadow", "mwops:!::", "mwops:!::mw-cy,");
    host.becomes("mwops", &["mw-anna", "mw-dom", "root"]);
    // What only the tools see is put back when everything is applied anew.
    node.ask(&["policy-settings", "set", "reapply_interval=1s"]);
    host.edit("gshadow", "mw-anna", "mw-cy");
    wait_for("the shadowed group is written anew", || {
        host.members("gshadow", "mwops").contains("mw-anna")
    });

    // As before, though the enforcer was another process when it began.
    let pid = node.role_pid("enforcer").unwrap();
    crate::support::signal(pid, "KILL");
    node.ask(&["policy", "remove", "Ops"]);
    node.ask(&["policy", "remove", "Staff"]);
    wait_for("mwops has who was in it before", || {
        host.members("group", "mwops") == BTreeSet::from(["mw-bo".to_owned(), "root".to_owned()])
    });
    host.becomes("mwstaff", &["mw-cy"]);
    node.wait_for_events(&["GroupRestored"]);
    assert_eq!(
        fs::read("/etc/group").unwrap(),
        untouched,
        "the machine's own groups"
    );
}
