//! A source has two controllers of one Active Directory (Samba, each with a database of its own). When the
//! one that is followed is gone, the other one is; when that one is gone too, the first is taken up where
//! it was left, nothing is missed and nothing is read twice. When both are gone, that is told.

use crate::{
    directories::{ADMINISTRATOR, Controller, ROOT, within_the_promise, write_secret},
    support::{Node, objects, wait_for},
};

fn person(account: &str) -> String {
    format!(
        "dn: CN={account},CN=Users,{ROOT}\nchangetype: add\nobjectClass: user\nsAMAccountName: {account}\n\
         mail: {account}@corp.example.test\nuserAccountControl: 544\n\n"
    )
}

fn set(account: &str, attribute: &str, value: &str) -> String {
    format!(
        "dn: CN={account},CN=Users,{ROOT}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
    )
}

fn state(node: &Node) -> serde_json::Value {
    let shown = node.command(&["directory", "sync", "status", "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap_or_default();
    shown["sources"][0].clone()
}

fn field(node: &Node, name: &str, field: &str) -> serde_json::Value {
    let shown = node.command(&["mailbox", "show", name, "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap_or_default();
    shown["spec"][field].clone()
}

fn follows(node: &Node, controller: &Controller) -> bool {
    let now = state(node);
    let server = now["server"].as_str().unwrap_or_default();
    now["state"] == "following" && server.starts_with(&format!("{}:", controller.address))
}

/// A node that follows these controllers.
fn follower(controllers: &[&Controller]) -> Node {
    let node = Node::start(|port| {
        objects(port) + "\n[[accepted_domain]]\nname = \"corp\"\ndomain = \"corp.example.test\"\n"
    });
    let secret = node.path("secret");
    write_secret(&secret, ADMINISTRATOR.1);
    let servers: Vec<String> = controllers
        .iter()
        .map(|one| one.address.to_string())
        .collect();
    let trusted = controllers.last().unwrap().authority.display().to_string();
    node.ask(&[
        "directory-source",
        "set",
        "Corp",
        &format!("servers={}", servers.join(",")),
        &format!("ca_file={trusted}"),
        &format!("bind_name={}", ADMINISTRATOR.0),
        &format!("secret_file={}", secret.display()),
    ]);
    node
}

#[test]
fn and_come_back_to_the_first_where_it_was_left() {
    let mut one = Controller::start();
    one.change(&["anna", "bert", "carl"].map(person).concat());
    let mut two = one.join();
    let node = follower(&[&one, &two]);
    wait_for("the first is followed", || follows(&node, &one));
    within_the_promise(
        "a change at the first",
        || one.change(&set("anna", "title", "Clerk")),
        || field(&node, "anna", "title") == "Clerk",
    );

    // The first is gone, and with it what it alone knew; the second is read as a whole.
    two.learn_from(&one);
    one.end("KILL");
    wait_for("the second is followed", || follows(&node, &two));
    node.wait_for_events(&["DirectoryUnreachable"]);
    let read = state(&node)["read_unix_ms"].clone();
    within_the_promise(
        "a change at the second",
        || two.change(&person("dora")),
        || field(&node, "dora", "address") == "dora@corp.example.test",
    );

    // The first is back. What is changed there comes by way of the second.
    one.run();
    one.learn_from(&two);
    one.change(&set("bert", "userAccountControl", "546"));
    two.learn_from(&one);
    wait_for("what was changed at the first", || {
        field(&node, "bert", "account_disabled") == true
    });
    // With the next change it is known that the second has all that the first had told.
    within_the_promise(
        "another change at the second",
        || two.change(&set("dora", "title", "Chief")),
        || field(&node, "dora", "title") == "Chief",
    );
    assert!(follows(&node, &two));

    // The second is gone: the first is taken up where it was left.
    one.change(&set("carl", "title", "Boss"));
    two.end("KILL");
    wait_for("the first is followed again", || follows(&node, &one));
    wait_for("what was changed meanwhile", || {
        field(&node, "carl", "title") == "Boss"
    });
    assert_eq!(state(&node)["read_unix_ms"], read, "it was not read anew");
    assert_eq!(field(&node, "dora", "address"), "dora@corp.example.test");

    // Both are gone: told once, for the source.
    one.end("KILL");
    node.wait_for_events(&["DirectorySourceAway"]);
    assert_eq!(field(&node, "carl", "title"), "Boss", "recipients stay");
    two.run();
    wait_for("the second is followed again", || follows(&node, &two));
}

#[test]
fn and_read_one_anew_that_was_restored_from_a_backup() {
    let mut controller = Controller::start();
    controller.change(&person("anna"));
    controller.end("TERM");
    controller.back_up();
    controller.run();
    let node = follower(&[&controller]);
    wait_for("it is followed", || follows(&node, &controller));
    within_the_promise(
        "a change after the backup",
        || controller.change(&(set("anna", "title", "Boss") + "\n" + &person("bert"))),
        || field(&node, "bert", "address") == "bert@corp.example.test",
    );
    assert_eq!(field(&node, "anna", "title"), "Boss");
    let read = state(&node)["read_unix_ms"].clone();

    controller.end("KILL");
    wait_for("it is told", || state(&node)["state"] == "failing");
    controller.restore();
    controller.run();
    // What was not in the backup is not in the directory any more. Bert is half of the recipients, so he
    // waits for a person, and with him everything.
    wait_for("it is held", || state(&node)["state"] == "held");
    assert_ne!(state(&node)["read_unix_ms"], read, "it was read anew");
    assert_eq!(field(&node, "bert", "address"), "bert@corp.example.test");
    node.ask(&["directory", "sync", "approve", "Corp", "--removals", "1"]);
    let audit = node.json(&["audit", "list", "--operation", "directory sync approve"]);
    let change = &audit["records"][0]["changes"][0];
    assert_eq!(change["field"], "held_removals", "{audit}");
    assert_eq!(
        (&change["before"], &change["after"]),
        (&1.into(), &serde_json::Value::Null)
    );
    wait_for("it is as in the backup", || {
        field(&node, "anna", "title").is_null() && field(&node, "bert", "address").is_null()
    });
}
