//! Whose mail is journaled follows the rules: by a filter over recipients, by scope, for a contact, and
//! for the mailboxes of one store. A recipient whose attribute changes is left out of the next report.

use std::collections::BTreeSet;

use crate::{
    archive::Archive,
    support::{Node, free_port, wait_for},
};

/// The journal mailboxes, each of one rule.
const JOURNALS: [&str; 5] = ["filtered", "external", "internal", "stored", "partners"];

fn objects(port: u16, outside: u16) -> String {
    let mut text = format!(
        r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"
[[receive_connector]]
name = "Internet"
bindings = ["127.0.0.1:{port}"]
[[send_connector]]
name = "Elsewhere"
address_spaces = ["outside.test"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{outside}"]
[[send_connector]]
name = "Store two"
address_spaces = ["store-two.invalid"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{outside}"]
[[mailbox]]
name = "anna"
address = "anna@example.test"
[[mailbox]]
name = "bert"
address = "bert@example.test"
[[mailbox]]
name = "carl"
address = "carl@example.test"
send_connector = "Store two"
custom_attribute1 = "Ignore"
[[mail_contact]]
name = "partner"
address = "partner@example.test"
external_address = "partner@outside.test"
[[dynamic_distribution_group]]
name = "Journaled Users"
address = "journaled@example.test"
recipient_filter = "CustomAttribute1 -ne 'Ignore' -and RecipientType -eq 'UserMailbox'"
"#
    );
    for name in JOURNALS {
        text.push_str(&format!(
            "[[mailbox]]\nname = \"{name}\"\naddress = \"{name}@example.test\"\ntype = \"journal\"\n\
             [[journal_rule]]\nname = \"{name}\"\njournal_address = \"{name}@example.test\"\n"
        ));
        text.push_str(match name {
            "filtered" => "recipient = \"journaled@example.test\"\n",
            "external" => "scope = \"external\"\n",
            "internal" => "scope = \"internal\"\n",
            "stored" => "mailbox_store = \"Store two\"\n",
            _ => "recipient = \"partner@example.test\"\n",
        });
    }
    text
}

/// Sends a message and says which journal mailboxes have a report of it, each exactly one.
fn journaled(node: &Node, from: &str, to: &[&str], subject: &str) -> BTreeSet<&'static str> {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let text = format!("Subject: {subject}\r\nMessage-ID: <{subject}@example.net>\r\n\r\nHello");
    let reply = talk.message(from, to, text.as_bytes());
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    // The reports stand in the same record as the message: none is left when nothing is.
    wait_for("nothing is left in the queue", || node.queued() == 0);
    let about = format!("Message-ID: <{subject}@example.net>");
    let mut having = BTreeSet::new();
    for name in JOURNALS {
        let mailbox = node.mailbox(name);
        let texts = mailbox.iter().map(|one| String::from_utf8_lossy(one));
        let reports = texts.filter(|text| text.contains(&about));
        let reports: Vec<_> = reports.collect();
        assert!(reports.len() < 2, "{name} has two reports of {subject}");
        if let Some(report) = reports.first() {
            assert!(report.contains("X-MS-Journal-Report:"), "{report}");
            having.insert(name);
        }
    }
    having
}

#[test]
fn and_a_recipient_who_no_longer_fits_the_filter_is_left_out_of_the_next_report() {
    let port = free_port();
    let _outside = Archive::listen(port);
    let node = Node::start(|smtp| objects(smtp, port));
    let (stranger, anna, bert) = ("a@example.net", "anna@example.test", "bert@example.test");
    for (subject, from, to, expect) in [
        ("in", stranger, vec![anna], vec!["filtered", "external"]),
        ("within", anna, vec![bert], vec!["filtered", "internal"]),
        (
            "store",
            stranger,
            vec!["carl@example.test"],
            vec!["external", "stored"],
        ),
        (
            "contact",
            stranger,
            vec!["partner@example.test"],
            vec!["external", "partners"],
        ),
        // One report for each journal address, however many recipients are journaled there.
        (
            "all",
            stranger,
            vec![anna, bert, "carl@example.test", "partner@example.test"],
            vec!["filtered", "external", "stored", "partners"],
        ),
    ] {
        let expect = BTreeSet::from_iter(expect);
        assert_eq!(journaled(&node, from, &to, subject), expect, "{subject}");
    }

    // As it is typed in Exchange's shell.
    node.ask(&[
        "shell",
        "-c",
        "Get-Mailbox bert | Set-Mailbox -CustomAttribute1 ‘Ignore’",
    ]);
    wait_for("transport says that the members changed", || {
        node.has_event("transport", 5010)
    });
    assert_eq!(
        journaled(&node, stranger, &[bert], "ignored"),
        BTreeSet::from(["external"])
    );
    // His mail with one who is journaled is hers.
    assert_eq!(
        journaled(&node, bert, &[anna], "hers"),
        BTreeSet::from(["filtered", "internal"])
    );
    // A rule that is switched off does nothing, and its filter stays.
    node.ask(&["journal-rule", "set", "external", "enabled=false"]);
    wait_for("the rule is out of force", || {
        journaled(
            &node,
            stranger,
            &[bert],
            &format!("off-{}", node.mailbox("external").len()),
        )
        .is_empty()
    });
}
