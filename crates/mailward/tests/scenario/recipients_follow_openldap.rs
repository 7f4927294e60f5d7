//! Recipients come from a real OpenLDAP server and follow it: it sends each change by itself (RFC
//! 4533); where it cannot, its list is compared; what it does not tell as a whole removes nobody.

use std::os::unix::fs::PermissionsExt;

use mailward_testkit::cluster::Cluster;

use crate::{
    directories::{MANAGER, Slapd, within_the_promise, write_secret},
    support::{Node, free_port, objects, signal, wait_for},
};

fn person(account: &str) -> String {
    format!(
        "dn: uid={account},ou=people,dc=example,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n\
         cn: {account} Example\nsn: Example\nuid: {account}\nemployeeType: staff\n\
         mail: {account}@example.test\nmail: {account}.long@example.test\n\n"
    )
}

/// An OpenLDAP server with ten persons and a group.
fn directory(settings: &str) -> Slapd {
    let slapd = Slapd::start(settings);
    let mut ldif: String = (0..10).map(|n| person(&format!("p{n}"))).collect();
    ldif += "dn: cn=team,dc=example,dc=test\nchangetype: add\nobjectClass: groupOfNames\n\
             objectClass: extensibleObject\nmail: team@example.test\n\
             member: uid=p0,ou=people,dc=example,dc=test\n";
    slapd.change(&ldif);
    slapd
}

/// Lets a node follow it.
fn name_source(node: &Node, slapd: &Slapd, more: &[&str]) {
    let secret = node.path("secret");
    write_secret(&secret, MANAGER.1);
    let words = [
        "directory-source".to_owned(),
        "set".to_owned(),
        "People".to_owned(),
        format!("servers=localhost:{}", slapd.port),
        "tls=starttls".to_owned(),
        "base=dc=example,dc=test".to_owned(),
        format!("ca_file={}", slapd.authority.display()),
        format!("bind_name={}", MANAGER.0),
        format!("secret_file={}", secret.display()),
        "mapping+=custom_attribute3 = employeeType".to_owned(),
    ];
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    node.ask(&words);
}

fn scene(settings: &str, more: &[&str]) -> (Slapd, Node) {
    let slapd = directory(settings);
    let node = Node::start(|port| {
        // Whoever asks for nobody waits, and here it is asked again and again.
        let connector = "name = \"Internet\"\ntarpit_interval = \"0s\"\n";
        objects(port).replace("name = \"Internet\"\n", connector)
    });
    name_source(&node, &slapd, more);
    (slapd, node)
}

fn rcpt(node: &Node, address: &str) -> String {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.say("MAIL FROM:<a@example.net>");
    talk.say(&format!("RCPT TO:<{address}>"))
}

fn field(node: &Node, name: &str, field: &str) -> serde_json::Value {
    let shown = node.command(&["mailbox", "show", name, "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap_or_default();
    shown["spec"][field].clone()
}

fn state(node: &Node) -> serde_json::Value {
    let shown = node.command(&["directory", "sync", "status", "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap_or_default();
    shown["sources"][0].clone()
}

fn follows_every_change(slapd: &Slapd, node: &Node) {
    wait_for("the directory is followed", || {
        state(node)["state"] == "following"
    });
    wait_for("its persons get mail", || {
        rcpt(node, "p9.long@example.test").starts_with("250")
    });
    assert_eq!(field(node, "p3 Example", "custom_attribute3"), "staff");
    assert!(rcpt(node, "team@example.test").starts_with("250"));
    within_the_promise(
        "a new account",
        || slapd.change(&person("new1")),
        || rcpt(node, "new1@example.test").starts_with("250"),
    );
    within_the_promise(
        "a locked account",
        || {
            slapd.change(
                "dn: uid=p1,ou=people,dc=example,dc=test\nchangetype: modify\n\
                 add: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n",
            );
        },
        || field(node, "p1 Example", "account_disabled") == true,
    );
    within_the_promise(
        "a deleted account",
        || slapd.change("dn: uid=p2,ou=people,dc=example,dc=test\nchangetype: delete\n"),
        || rcpt(node, "p2@example.test").starts_with("550"),
    );
}

#[test]
fn as_it_sends_each_change() {
    let (mut slapd, node) = scene("overlay syncprov\noverlay ppolicy", &["type=openldap"]);
    follows_every_change(&slapd, &node);
    let manner = state(&node)["follows_by"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(manner.contains("RFC 4533"), "{manner}");

    // Only a part of it is told: nobody is removed.
    slapd.end("TERM");
    slapd.configure("limits dn.exact=\"cn=reader,dc=example,dc=test\" size=3\noverlay syncprov\noverlay ppolicy");
    slapd.run();
    slapd.change(
        "dn: cn=reader,dc=example,dc=test\nchangetype: add\nobjectClass: organizationalRole\n\
         objectClass: simpleSecurityObject\nuserPassword: secret of the admin\n",
    );
    node.ask(&[
        "directory-source",
        "set",
        "People",
        "bind_name=cn=reader,dc=example,dc=test",
    ]);
    node.wait_for_events(&["DirectoryReadIncomplete"]);
    wait_for("it says which limit", || {
        state(&node)["because"]
            .as_str()
            .unwrap_or_default()
            .contains("sizeLimitExceeded (4)")
    });
    assert!(rcpt(&node, "p9@example.test").starts_with("250"));

    // A certificate that nobody vouches for is no server of ours.
    node.ask(&[
        "directory-source",
        "set",
        "People",
        "ca_file=",
        &format!("bind_name={}", MANAGER.0),
    ]);
    wait_for("it is told", || {
        state(&node)["because"]
            .as_str()
            .unwrap_or_default()
            .contains("certificate")
    });
    assert!(rcpt(&node, "p9@example.test").starts_with("250"));

    // A password that everybody can read is none; the file is named.
    std::fs::set_permissions(node.path("secret"), PermissionsExt::from_mode(0o644)).unwrap();
    node.ask(&[
        "directory-source",
        "set",
        "People",
        &format!("ca_file={}", slapd.authority.display()),
    ]);
    wait_for("it is told", || {
        let because = state(&node)["because"].to_string();
        because.contains("secret") && because.contains("everybody can read it (mode 0644)")
    });
    node.wait_for_events(&["DirectorySourceUnusable"]);
    assert!(rcpt(&node, "p9@example.test").starts_with("250"));
}

#[test]
fn and_by_its_list_where_it_sends_nothing() {
    let (slapd, node) = scene("overlay ppolicy", &["type=openldap"]);
    follows_every_change(&slapd, &node);
    let manner = state(&node)["follows_by"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(manner.contains("no syncprov overlay"), "{manner}");
}

#[test]
fn on_one_of_the_nodes_that_share_their_objects() {
    let slapd = directory("overlay syncprov\noverlay ppolicy");
    let cluster = Cluster::start(&[]).unwrap();
    let url = cluster.database("mailward").unwrap();
    let port = free_port();
    let [mut one, mut two] = ["mx1", "mx2"].map(|name| {
        let hostname = format!("{name}.example.test");
        let folder = tempfile::tempdir().unwrap();
        Node::prepare_as(folder, port, &hostname, &["--store-url", &url], objects)
    });
    one.serve();
    // Both have the same connector and stand on one host: one can listen.
    two.spawn(|_| {});
    wait_for("the second node answers", || {
        two.command(&["status"]).status.success()
    });
    name_source(&one, &slapd, &["type=openldap"]);
    let states = |nodes: [&Node; 2]| {
        nodes.map(|node| state(node)["state"].as_str().unwrap_or_default().to_owned())
    };
    wait_for("one of them follows", || {
        let mut states = states([&one, &two]);
        states.sort();
        states == ["elsewhere", "following"]
    });
    let is_one = state(&one)["state"] == "following";
    let (mut first, second) = if is_one { (one, two) } else { (two, one) };
    wait_for("the other one has what it read", || {
        field(&second, "p3 Example", "custom_attribute3") == "staff"
    });
    // It is killed with all it had: the other one goes on.
    let pid = first.role_pid("access").unwrap();
    signal(first.manager_pid(), "STOP");
    signal(pid, "KILL");
    wait_for("the other one follows", || {
        state(&second)["state"] == "following"
    });
    within_the_promise(
        "a new account",
        || slapd.change(&person("late")),
        || field(&second, "late Example", "address") == "late@example.test",
    );
    signal(first.manager_pid(), "CONT");
    wait_for("the first one stands back", || {
        state(&first)["state"] == "elsewhere"
    });
    first.stop();
}
