//! Recipients come from a real Active Directory (Samba) and follow it: who is disabled or deleted
//! there is within five seconds, with and without the right to see deleted entries; what would remove
//! too much waits for a person; a controller that is away changes nothing.

use crate::{
    directories::{ADMINISTRATOR, Controller, ROOT, within_the_promise, write_secret},
    support::{Node, Talk, free_port, objects, wait_for},
};

/// Persons in the directory.
const PERSONS: usize = 10;

/// A domain with persons, a group and a contact, and a node that knows its domain.
fn scene() -> (Controller, Node) {
    let controller = Controller::start();
    controller.tool(&["user", "create", "mailward", "Passw0rd.S1"]);
    let mut ldif =
        format!("dn: OU=Staff,{ROOT}\nchangetype: add\nobjectClass: organizationalUnit\n\n");
    for n in 0..PERSONS {
        ldif += &person(&format!("Person {n}"), &format!("p{n}"));
    }
    ldif += &format!(
        "dn: CN=Far,OU=Staff,{ROOT}\nchangetype: add\nobjectClass: contact\nmail: far@example.net\n\n\
         dn: CN=Team,OU=Staff,{ROOT}\nchangetype: add\nobjectClass: group\nsAMAccountName: team\n\
         mail: team@corp.example.test\nmember: CN=Person 0,OU=Staff,{ROOT}\n\
         member: CN=Far,OU=Staff,{ROOT}\n"
    );
    controller.change(&ldif);
    let node = Node::start(|port| {
        // Whoever asks for nobody waits, and here it is asked again and again.
        let connector = "name = \"Internet\"\ntarpit_interval = \"0s\"\n";
        let inside = free_port();
        objects(port).replace("name = \"Internet\"\n", connector)
            + &format!(
                "\n[[receive_connector]]\nname = \"Inside\"\nbindings = [\"127.0.0.1:{inside}\"]\n\
                 relay = \"all\"\ntarpit_interval = \"0s\"\n"
            )
            + "\n[[accepted_domain]]\nname = \"corp\"\ndomain = \"corp.example.test\"\n"
            + "\n[[send_connector]]\nname = \"out\"\naddress_spaces = [\"*\"]\n"
    });
    (controller, node)
}

fn person(name: &str, account: &str) -> String {
    format!(
        "dn: CN={name},OU=Staff,{ROOT}\nchangetype: add\nobjectClass: user\nsAMAccountName: {account}\n\
         displayName: {name} of the staff\ndepartment: Sales\nmail: {account}@corp.example.test\n\
         proxyAddresses: SMTP:{account}@corp.example.test\n\
         proxyAddresses: smtp:{account}.long@corp.example.test\nuserAccountControl: 544\n\n"
    )
}

fn name_source(node: &Node, controller: &Controller, account: (&str, &str), more: &[&str]) {
    let secret = node.path("secret");
    write_secret(&secret, account.1);
    let words = [
        "directory-source".to_owned(),
        "set".to_owned(),
        "Corp".to_owned(),
        format!("servers={}", controller.address),
        format!("ca_file={}", controller.authority.display()),
        format!("bind_name={}", account.0),
        format!("secret_file={}", secret.display()),
    ];
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    node.ask(&words);
}

/// The reply to RCPT.
fn rcpt(node: &Node, address: &str) -> String {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.say("MAIL FROM:<a@example.net>");
    talk.say(&format!("RCPT TO:<{address}>"))
}

/// The reply to RCPT where clients may relay, and are believed to be who they say.
fn inside(node: &Node, from: &str) -> String {
    let bindings = field(node, "receive-connector", "Inside", "bindings");
    let mut talk = Talk::connect(bindings[0].as_str().unwrap().parse().unwrap());
    talk.say("EHLO client.example.test");
    talk.say(&format!("MAIL FROM:<{from}>"));
    talk.say("RCPT TO:<p0@corp.example.test>")
}

fn takes(node: &Node, address: &str) -> bool {
    rcpt(node, address).starts_with("250")
}

fn field(node: &Node, kind: &str, name: &str, field: &str) -> serde_json::Value {
    let shown = node.command(&[kind, "show", name, "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap_or_default();
    shown["spec"][field].clone()
}

fn state(node: &Node) -> serde_json::Value {
    let shown = node.command(&["directory", "sync", "status", "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    shown["sources"][0].clone()
}

fn follows_every_change(node: &Node, controller: &Controller) {
    wait_for("the directory is followed", || {
        state(node)["state"] == "following"
    });
    wait_for("its persons get mail", || {
        takes(node, "p9.long@corp.example.test")
    });
    assert_eq!(
        field(node, "mailbox", "Person 3", "display_name"),
        "Person 3 of the staff"
    );
    assert_eq!(
        field(node, "mailbox", "Person 3", "organizational_unit"),
        "corp.example.test/Staff"
    );
    let members = field(node, "distribution-group", "Team", "members");
    assert_eq!(
        members,
        serde_json::json!(["far@example.net", "p0@corp.example.test"])
    );

    within_the_promise(
        "a new account",
        || controller.change(&person("New One", "new1")),
        || takes(node, "new1@corp.example.test"),
    );
    within_the_promise(
        "a disabled account",
        || controller.change(&set("Person 1", "userAccountControl", "546")),
        || inside(node, "p1@corp.example.test").starts_with("550 5.7.1"),
    );
    assert_eq!(field(node, "mailbox", "Person 1", "account_disabled"), true);
    assert!(
        takes(node, "p1@corp.example.test"),
        "its mail goes on arriving"
    );
    within_the_promise(
        "an account that is enabled again",
        || controller.change(&set("Person 1", "userAccountControl", "544")),
        || field(node, "mailbox", "Person 1", "account_disabled").as_bool() != Some(true),
    );
    within_the_promise(
        "a deleted account",
        || {
            controller.change(&format!(
                "dn: CN=Person 2,OU=Staff,{ROOT}\nchangetype: delete\n"
            ))
        },
        || rcpt(node, "p2@corp.example.test").starts_with("550"),
    );
    within_the_promise(
        "a member added",
        || {
            controller.change(&format!(
                "dn: CN=Team,OU=Staff,{ROOT}\nchangetype: modify\nadd: member\n\
                 member: CN=Person 4,OU=Staff,{ROOT}\n"
            ));
        },
        || {
            field(node, "distribution-group", "Team", "members")
                .to_string()
                .contains("p4@")
        },
    );
    // The entry is another one by name, and the same by what never changes.
    let anchor = field(node, "mailbox", "Person 4", "source_anchor");
    within_the_promise(
        "an account renamed",
        || {
            controller.change(&format!(
                "dn: CN=Person 4,OU=Staff,{ROOT}\nchangetype: modrdn\nnewrdn: CN=Married Four\n\
                 deleteoldrdn: 1\n"
            ));
        },
        || field(node, "mailbox", "Married Four", "source_anchor") == anchor,
    );
}

fn set(name: &str, attribute: &str, value: &str) -> String {
    format!(
        "dn: CN={name},OU=Staff,{ROOT}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
    )
}

#[test]
fn within_five_seconds_and_ask_before_many_are_removed() {
    let (mut controller, node) = scene();
    // Shown before it is followed, and nothing is changed.
    name_source(&node, &controller, ADMINISTRATOR, &["enabled=false"]);
    let dry = node.ask(&["directory", "sync", "run", "Corp", "--dry-run"]);
    assert!(
        dry.contains("+ mailbox Person 9") && dry.contains("nothing was changed"),
        "{dry}"
    );
    assert!(!takes(&node, "p9@corp.example.test"));
    node.ask(&["directory-source", "set", "Corp", "enabled=true"]);
    // A controller shows whoever may see them that it has deleted entries, once there is one.
    follows_every_change(&node, &controller);

    // Half of them gone at once: that is how a wrong filter looks.
    let gone = ["Person 5", "Person 6", "Person 7", "Person 8", "Person 9"];
    let delete = |name: &&str| format!("dn: CN={name},OU=Staff,{ROOT}\nchangetype: delete\n\n");
    node.ask(&[
        "directory-source",
        "set",
        "Corp",
        "filter=(&(objectClass=user)(mail=p*))",
    ]);
    wait_for("the group and one more are gone", || {
        !takes(&node, "team@corp.example.test")
    });
    node.ask(&["directory-source", "set", "Corp", "filter=(mail=nobody*)"]);
    wait_for("it is held", || state(&node)["state"] == "held");
    assert!(takes(&node, "p9@corp.example.test"), "nothing was changed");
    let said = node.command(&["directory", "sync", "status"]);
    assert_eq!(said.status.code(), Some(1), "bad news");
    node.ask(&["directory-source", "set", "Corp", "filter="]);
    wait_for("a right filter ends it", || {
        state(&node)["state"] == "following"
    });
    controller.change(&gone.iter().map(delete).collect::<String>());
    wait_for("it is held again", || {
        state(&node)["held"]["removals"].as_u64() == Some(5)
    });
    node.wait_for_events(&["DirectorySyncHeld"]);
    assert!(takes(&node, "p9@corp.example.test"));
    let (_, said) = node.refused(&["directory", "sync", "approve", "Corp", "--removals", "4"]);
    assert!(said.contains("held for 5 removals"), "{said}");
    let done = node.ask(&["directory", "sync", "approve", "Corp", "--removals", "5"]);
    assert!(done.contains("- mailbox Person 9"), "{done}");
    wait_for("they are gone", || {
        rcpt(&node, "p9@corp.example.test").starts_with("550")
    });
    wait_for("it is followed again", || {
        state(&node)["state"] == "following"
    });
    node.wait_for_events(&["DirectorySyncApproved", "DirectorySynced"]);

    // A controller that is away changes nothing, and tells what happened meanwhile.
    controller.end("KILL");
    wait_for("it is told", || state(&node)["state"] == "failing");
    node.wait_for_events(&["DirectoryUnreachable"]);
    assert!(takes(&node, "p0@corp.example.test"));
    controller.tool(&["user", "disable", "p3"]);
    controller.run();
    wait_for("what happened meanwhile is in force", || {
        field(&node, "mailbox", "Person 3", "account_disabled") == true
    });

    // A wrong password is told as such.
    std::fs::write(node.path("secret"), "wrong").unwrap();
    node.ask(&["directory-source", "set", "Corp", "poll_interval=3s"]);
    wait_for("it is told as such", || {
        state(&node)["because"]
            .as_str()
            .unwrap_or_default()
            .contains("the password is wrong")
    });
    node.wait_for_events(&["DirectorySignInRefused"]);
    let (_, said) = node.refused(&["directory", "sync", "run", "Corp"]);
    assert!(
        said.contains("the password is wrong") && said.contains("nothing was changed"),
        "{said}"
    );
    assert!(takes(&node, "p0@corp.example.test"));
}

#[test]
fn also_by_an_account_that_sees_no_deleted_entries() {
    let (controller, node) = scene();
    let account = ("mailward@CORP.EXAMPLE.TEST", "Passw0rd.S1");
    let base = format!("base=OU=Staff,{ROOT}");
    name_source(&node, &controller, account, &["tls=starttls", &base]);
    follows_every_change(&node, &controller);
    let manner = state(&node)["follows_by"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(manner.contains("comparing the list of entries"), "{manner}");
    // Moved out of what is followed is gone.
    within_the_promise(
        "an account moved out of the base",
        || {
            controller.change(&format!(
                "dn: CN=Person 8,OU=Staff,{ROOT}\nchangetype: modrdn\nnewrdn: CN=Person 8\n\
                 deleteoldrdn: 1\nnewsuperior: CN=Users,{ROOT}\n"
            ));
        },
        || rcpt(&node, "p8@corp.example.test").starts_with("550"),
    );
}
