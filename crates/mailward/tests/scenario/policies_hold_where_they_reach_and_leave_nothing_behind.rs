//! Policies hold where they reach: settings, ranges and untrusted certificates are in force in the
//! running roles at once and without a restart; what lost is named with the reason; a policy that is
//! taken away or taken back leaves nothing behind. Restricted groups of Windows are read and written.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Node, objects, run, text, wait_for};

/// Whether `info+detail@` reaches `info@`: a setting that is seen at once.
fn takes_detail(node: &Node) -> bool {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.say("MAIL FROM:<a@example.net>");
    let reply = talk.say("RCPT TO:<info+detail@example.test>");
    assert!(
        reply.starts_with("250") || reply.starts_with("550 5.1.1"),
        "{reply}"
    );
    reply.starts_with("250")
}

fn untrusted(node: &Node) -> usize {
    let list = node.json(&["untrusted", "list"]);
    let entries = list["entries"].as_array().unwrap();
    entries
        .iter()
        .filter(|one| one["built_in"] == false)
        .count()
}

#[test]
fn in_every_role_without_a_restart() {
    let node = Node::start(objects);
    let pid = node.role_pid("transport");
    assert!(takes_detail(&node));
    let set = |words: &[&str]| {
        let mut all = vec!["policy", "set"];
        all.extend(words);
        node.ask(&all)
    };
    let strict = r#"transport_settings={"plus_addressing":false}"#;

    // Neither another node's policy nor another site's reaches this one.
    set(&["Other", "scope=node:other.example.test", strict]);
    node.ask(&["site", "set", "South", "nodes=other.example.test"]);
    set(&["South", "scope=site:South", strict]);
    assert!(takes_detail(&node));
    // The node comes into a site, and its policy with it.
    node.ask(&["site", "set", "North", "nodes=mail.example.test"]);
    set(&["North", "scope=site:North", "order=1", strict]);
    wait_for("the site's policy holds", || !takes_detail(&node));
    set(&[
        "Own",
        "scope=node:mail.example.test",
        r#"transport_settings={"plus_addressing":true}"#,
    ]);
    wait_for("the nearer policy wins", || takes_detail(&node));
    let page = node.ask(&["policy", "result"]);
    for part in [
        "in site North",
        "transport_settings.plus_addressing",
        "Own is applied later",
        "it is for site South, and the node is in North",
        "it is for other.example.test alone",
        "a policy says it",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let other = node.json(&["policy", "result", "other.example.test"]);
    assert_eq!(other["result"]["settings"][0]["from"], "Other");
    assert_eq!(other["result"]["settings"][0]["lost"][0]["from"], "South");
    node.wait_for_events(&["PolicyResultChanged"]);

    node.ask(&["policy", "remove", "Own"]);
    wait_for("what stood before is in force", || !takes_detail(&node));
    node.ask(&["policy", "remove", "North"]);
    wait_for("without a policy mail is taken", || takes_detail(&node));
    // One that was removed is there again, and a change taken back and forth.
    node.ask(&["policy", "revert", "North"]);
    wait_for("it holds again", || !takes_detail(&node));
    set(&["North", "enabled=false"]);
    wait_for("it is not enabled", || takes_detail(&node));
    node.ask(&["policy", "revert", "North"]);
    wait_for("its change was taken back", || !takes_detail(&node));
    node.ask(&["policy", "remove", "North"]);
    wait_for("it is gone", || takes_detail(&node));
    let new = node.refused(&["policy", "revert", "South"]);
    assert!(new.1.contains("no earlier state"), "{}", new.1);

    // Ranges, in the connector; certificates, in the list.
    let digest = "ab".repeat(32);
    set(&[
        "Perimeter",
        r#"ranges=[{"receive_connector":"Internet","remote_ranges":["192.0.2.0/24"]}]"#,
        &format!(r#"untrusted=[{{"sha256":"{digest}","reason":"stolen"}}]"#),
    ]);
    wait_for("nobody here is within the ranges", || !node.greets());
    wait_for("the certificate is on the list", || untrusted(&node) == 1);
    let shown = node.ask(&["receive-connector", "show", "Internet"]);
    assert!(
        !shown.contains("192.0.2"),
        "objects stay as they are: {shown}"
    );
    node.ask(&["policy", "remove", "Perimeter"]);
    wait_for("everybody is let in again", || node.greets());
    wait_for("the list is as before", || untrusted(&node) == 0);
    assert_eq!(node.role_pid("transport"), pid, "no restart");

    // What would not be sound holds nowhere, and is told.
    set(&["Late", r#"health_settings={"soft_reset_after":"20d"}"#]);
    node.wait_for_events(&["PolicyClaimRefused"]);
    let wrong = node.refused(&["policy", "set", "Wrong", r#"transport_settings={"nope":1}"#]);
    assert!(wrong.1.contains("nope"), "{}", wrong.1);
    // No enforcer runs here.
    let none = node.refused(&["policy", "refresh", "--dry-run"]);
    assert!(none.1.contains("groups = true"), "{}", none.1);
}

const INF: &str = "[Unicode]\r\nUnicode=yes\r\n[Group Membership]\r\n\
    *S-1-5-32-544__Memberof =\r\n*S-1-5-32-544__Members = CORP\\Wks Admins,anna\r\n\
    Power Users__Members =\r\nCORP\\Ops__Memberof = *S-1-5-32-544\r\n";

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

#[test]
fn and_groups_of_windows_come_in_and_go_out() {
    let node = Node::start(objects);
    let guid = "{31B2F340-016D-11D2-945F-00C04FB984F9}";
    let sysvol = node.path("sysvol/corp.example");
    let folder = sysvol.join(format!(
        "Policies/{guid}/MACHINE/Microsoft/Windows NT/SecEdit"
    ));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("GptTmpl.inf"), utf16(INF)).unwrap();
    let place = sysvol.to_str().unwrap();
    let import = [
        "policy",
        "import",
        place,
        "--map",
        "S-1-5-32-544=sudo",
        "--disabled",
    ];
    let dry: Vec<&str> = import.iter().copied().chain(["--dry-run"]).collect();
    assert!(node.ask(&dry).contains(guid));
    assert!(!node.command(&["policy", "show", guid]).status.success());
    node.ask(&import);
    let policy = node.json(&["policy", "show", guid]);
    let groups = policy["spec"]["restricted_groups"].clone();
    assert_eq!(
        groups,
        serde_json::json!([
            { "group": "sudo", "members": [r"CORP\Wks Admins", "anna"] },
            { "group": "Power Users", "members": [] },
            { "group": r"CORP\Ops", "member_of": ["sudo"] },
        ]),
        "{policy}"
    );
    let again = node.json(&import);
    assert_eq!(
        again["effects"],
        serde_json::json!([]),
        "nothing is left to do"
    );

    let output = node.command(&["policy", "export", guid]);
    assert!(
        output.stdout.starts_with(&[0xff, 0xfe]),
        "{}",
        text(&output)
    );
    let file = node.path("GptTmpl.inf");
    std::fs::write(&file, &output.stdout).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    node.ask(&["policy", "import", file.to_str().unwrap(), "--name", "Back"]);
    let back = node.json(&["policy", "show", "Back"]);
    assert_eq!(back["spec"]["restricted_groups"], groups);
    let utf8 = node.ask(&["policy", "export", guid, "--utf8"]);
    assert!(utf8.contains("Power Users__Members = \r\n"), "{utf8:?}");

    std::fs::write(
        &file,
        "[Group Membership]\r\nadm__Members = a;b\r\n-x__Members =\r\n",
    )
    .unwrap();
    let (_, told) = node.refused(&["policy", "import", file.to_str().unwrap()]);
    assert!(told.contains("line 2") && told.contains("line 3"), "{told}");
}

#[test]
fn and_whom_a_policy_admits_may_administer_until_it_does_not() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("skipped: only root can ask as somebody else");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // The folder of a test is its owner's alone; the way to a node's folders must be open.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut node = Node::prepare_in(folder, objects);
    node.serve();
    let socket = node.path("run/admin.sock");
    let socket = socket.to_str().unwrap();
    let program = env!("CARGO_BIN_EXE_mailward");
    let as_nobody = || {
        let words = [
            "--reuid=nobody",
            "--clear-groups",
            program,
            "status",
            "--socket",
            socket,
        ];
        run("setpriv", &words, "").0
    };
    let mode = || std::fs::metadata(socket).unwrap().permissions().mode() & 0o777;
    assert!(!as_nobody());
    assert_eq!(mode(), 0o600);
    let admit = r#"restricted_groups=[{"group":"mailward\\administrators","members":["nobody"]}]"#;
    node.ask(&["policy", "set", "Administrators", admit]);
    wait_for("who is admitted may administer", as_nobody);
    let page = node.ask(&["policy", "result"]);
    assert!(page.contains(r"mailward\administrators"), "{page}");
    // An empty list takes out everybody but root, who asks here.
    let nobody = r#"restricted_groups=[{"group":"mailward\\administrators","members":[]}]"#;
    node.ask(&["policy", "set", "Administrators", nobody]);
    wait_for("who was taken out is refused", || !as_nobody());
    wait_for("the socket is closed to others", || mode() == 0o600);
}
