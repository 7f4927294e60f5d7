//! A dynamic group stands for whom its filter fits at the moment a message is accepted: a changed
//! attribute counts for the next one. An edit is shown by name before it is made, the mistakes that
//! people make are told, and who was a member then is known later.

use crate::support::{Node, objects, wait_for};

const FILTER: &str = "{((((CustomAttribute1 -ne ‘Ignore’) -and (RecipientType -eq ‘UserMailbox’))) \
    -and (-not(Name -like ‘SystemMailbox{*’)) -and (-not(Name -like ‘CAS_{*’)) \
    -and (-not(RecipientTypeDetailsValue -eq ‘MailboxPlan’)) \
    -and (-not(RecipientTypeDetailsValue -eq ‘ArbitrationMailbox’)))}";

fn organisation(port: u16) -> String {
    let person = |name: &str| {
        format!("\n[[mailbox]]\nname = \"{name}\"\naddress = \"{name}@example.test\"\n")
    };
    objects(port)
        + &person("anna")
        + &person("bert")
        + "\n[[mailbox]]\nname = \"Safe\"\naddress = \"safe@example.test\"\ntype = \"arbitration\"\n"
        + "\n[[distribution_group]]\nname = \"inner\"\naddress = \"inner@example.test\"\n\
            members = [\"anna@example.test\"]\nreject_messages_from = [\"spam@example.net\"]\n"
}

fn deliver(node: &Node, from: &str, to: &str, text: &str) {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let octets = format!("Subject: {text}\r\n\r\nHello\r\n");
    let said = talk.message(from, &[to], octets.as_bytes());
    assert!(said.starts_with("250"), "{said}");
}

fn has(node: &Node, mailbox: &str, text: &str) -> bool {
    let wanted = format!("Subject: {text}");
    let messages = node.mailbox(mailbox);
    let mut messages = messages.iter();
    messages.any(|octets| String::from_utf8_lossy(octets).contains(&wanted))
}

fn names(view: &serde_json::Value, field: &str) -> Vec<String> {
    let list = view[field].as_array().unwrap();
    let names = list.iter().map(|one| one["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

fn now_ms() -> u128 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis()
}

#[test]
fn and_an_edit_is_known_before_it_is_made() {
    let node = Node::start(organisation);
    let group = "Journaled Users";
    let kind = "dynamic-distribution-group";
    node.ask(&[
        kind,
        "set",
        group,
        "address=journaled@example.test",
        "hidden=true",
        &format!("recipient_filter={FILTER}"),
    ]);
    // What Exchange writes behind every filter is taken off, and shown as what it is.
    let stored = node.json(&[kind, "show", group]);
    assert_eq!(
        stored["spec"]["recipient_filter"],
        "((CustomAttribute1 -ne 'Ignore') -and (RecipientType -eq 'UserMailbox'))"
    );
    let found = node.json(&["group", "members", "journaled users"]);
    assert_eq!(
        names(&found, "members"),
        ["anna", "bert", "info", "journal"]
    );
    let exclusions = found["system_exclusions"].as_array().unwrap();
    assert!(
        exclusions
            .iter()
            .any(|one| one.as_str().unwrap().contains("MonitoringMailbox"))
    );

    // A member, as the real program expands it.
    wait_for("the group is known to transport", || {
        let mut talk = node.talk();
        talk.say("EHLO client.example.net");
        talk.say("MAIL FROM:<a@example.net>");
        talk.say("RCPT TO:<journaled@example.test>")
            .starts_with("250")
    });
    deliver(&node, "a@example.net", "journaled@example.test", "one");
    wait_for("both have it", || {
        has(&node, "anna", "one") && has(&node, "bert", "one")
    });
    let then = now_ms();
    wait_for("a later moment", || now_ms() > then + 20);

    // The mistake: another attribute than the filter reads.
    node.ask(&[
        "mailbox",
        "set",
        "bert",
        "extension_custom_attribute1+=Ignore",
    ]);
    let preview = node.json(&["group", "preview", group, "notes=x"]);
    assert_eq!(preview["removed_count"], 0);
    let warnings = preview["warnings"].to_string();
    assert!(
        warnings.contains("does not read ExtensionCustomAttribute1: bert"),
        "{warnings}"
    );

    // The right one: the next message does not reach Bert.
    node.ask(&["mailbox", "set", "bert", "custom_attribute1=Ignore"]);
    wait_for("transport says that the members changed", || {
        node.has_event("transport", 5010)
    });
    deliver(&node, "a@example.net", "journaled@example.test", "two");
    wait_for("Anna has it", || has(&node, "anna", "two"));
    assert!(!has(&node, "bert", "two"));

    // Any other property may change: the filter stays.
    node.ask(&[kind, "set", group, "notes=for the archive", "hidden=false"]);
    let again = node.json(&[kind, "show", group]);
    assert_eq!(
        again["spec"]["recipient_filter"],
        stored["spec"]["recipient_filter"]
    );

    // The past.
    let at = moment(then);
    let past = node.json(&["group", "members", group, "--at", &at]);
    assert_eq!(names(&past, "members"), ["anna", "bert", "info", "journal"]);
    let present = node.json(&["group", "members", group]);
    assert_eq!(names(&present, "members"), ["anna", "info", "journal"]);

    // What an edit would do, by name.
    let preview = node.json(&[
        "group",
        "preview",
        group,
        "--filter",
        "RecipientType -eq 'UserMailbox' -and Name -ne 'info'",
    ]);
    assert_eq!(names(&preview, "added"), ["bert"]);
    assert_eq!(names(&preview, "removed"), ["info"]);
    let page = node.ask(&[
        "group",
        "preview",
        group,
        "--filter",
        "CustomAttribute1 -eq 'a' -and CustomAttribute1 -eq 'b'",
    ]);
    assert!(
        page.contains("can never be true") && page.contains("nobody would belong"),
        "{page}"
    );
    let same = node.json(&[
        "recipient",
        "preview",
        "--filter",
        "RecipientType -eq 'UserMailbox' -and Name -ne 'info'",
    ]);
    assert_eq!(names(&same, "recipients"), ["anna", "bert", "journal"]);

    // The trail of a message names the members it was expanded with.
    let trace = node.json(&["trace", "--to", "anna@example.test"]);
    let entries = trace["entries"].as_array().unwrap();
    let contexts: Vec<&str> = entries
        .iter()
        .filter(|entry| entry["event"] == "EXPAND")
        .map(|entry| entry["context"].as_str().unwrap())
        .collect();
    assert!(
        contexts.len() == 2
            && contexts[0].starts_with("4 members since revision")
            && contexts[1].starts_with("3 members since revision"),
        "{contexts:?}"
    );
}

#[test]
fn and_who_may_not_send_is_told_at_once() {
    let node = Node::start(organisation);
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.say("MAIL FROM:<spam@example.net>");
    let said = talk.say("RCPT TO:<inner@example.test>");
    assert!(said.starts_with("550 5.7.1"), "{said}");
    deliver(&node, "friend@example.net", "inner@example.test", "hello");
    wait_for("it arrives", || has(&node, "anna", "hello"));
    node.ask(&[
        "distribution-group",
        "set",
        "inner",
        "require_sender_authentication_enabled=true",
    ]);
    wait_for("a stranger is refused", || {
        let mut talk = node.talk();
        talk.say("EHLO client.example.net");
        talk.say("MAIL FROM:<friend@example.net>");
        let said = talk.say("RCPT TO:<inner@example.test>");
        said.starts_with("550 5.7.1")
    });
}

/// A moment as the command line takes it, with a zone.
fn moment(unix_ms: u128) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(i64::try_from(unix_ms).unwrap());
    timestamp.unwrap().to_string()
}

#[test]
fn and_the_groups_that_list_them_and_when_they_were_made() {
    let node = Node::start(organisation);
    let kind = "dynamic-distribution-group";
    let members = |name: &str| names(&node.json(&["group", "members", name]), "members");
    node.ask(&[
        kind,
        "set",
        "Insiders",
        "address=insiders@example.test",
        "recipient_filter=MemberOfGroup -eq 'inner'",
    ]);
    assert_eq!(members("Insiders"), ["anna"]);
    let has_mail = |text: &str| (has(&node, "anna", text), has(&node, "bert", text));
    wait_for("the group is known to transport", || {
        let mut talk = node.talk();
        talk.say("EHLO client.example.net");
        talk.say("MAIL FROM:<a@example.net>");
        talk.say("RCPT TO:<insiders@example.test>")
            .starts_with("250")
    });
    deliver(&node, "a@example.net", "insiders@example.test", "one");
    wait_for("the member has it", || has_mail("one").0);
    // Another object changes, and with it who belongs.
    node.ask(&[
        "distribution-group",
        "set",
        "inner",
        "members=bert@example.test",
    ]);
    wait_for("transport says that the members changed", || {
        node.has_event("transport", 5010)
    });
    deliver(&node, "a@example.net", "insiders@example.test", "two");
    wait_for("the new member has it", || has_mail("two").1);
    assert_eq!(
        (has_mail("one"), has_mail("two")),
        ((true, false), (false, true))
    );
    assert_eq!(members("Insiders"), ["bert"]);
    // A group that finds its members is no such group, nor is one that is not there.
    for (name, part) in [("Insiders", "is a dynamic group"), ("iner", "did you mean")] {
        let filter = format!("recipient_filter=MemberOfGroup -eq '{name}'");
        let (code, said) = node.refused(&[kind, "set", "Insiders", &filter]);
        assert!(code != 0 && said.contains(part), "{said}");
    }
    let (_, said) = node.refused(&["recipient", "list", "--filter", "MemberOfGroup -eq 'iner'"]);
    assert!(said.contains("did you mean inner?"), "{said}");

    let listed = |filter: &str| {
        let list = node.json(&["recipient", "list", "--filter", filter]);
        names(&list, "recipients")
    };
    let people = "RecipientType -eq 'UserMailbox' -and Name -like '*n*'";
    assert_eq!(
        listed(&format!(
            "{people} -and WhenCreated -gt '2020-01-01' -and Name -notlike 'health*'"
        )),
        ["anna", "info", "journal"]
    );
    assert!(listed("WhenChanged -lt '2020-01-01'").is_empty());
    assert_eq!(listed("ResourceType -ne $null"), Vec::<String>::new());
}
