//! Recipients come in and go out as tables, CSV and LDIF: shown first, whole or not at all, and much is
//! removed only when it was asked for by number.

use crate::support::{Node, objects, wait_for};

#[test]
fn and_nobody_is_lost_with_a_table_that_was_cut_short() {
    let node = Node::start(objects);
    let file = node.path("people.csv");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    let mut table = "name,address,department\n".to_owned();
    (0..20).for_each(|n| table += &format!("p{n},p{n}@example.test,Sales\n"));
    write(&table);
    let plan = node.ask(&["recipient", "import", path, "--dry-run"]);
    assert!(
        plan.contains("+ mailbox p19") && plan.contains("nothing was changed"),
        "{plan}"
    );
    assert!(!node.ask(&["mailbox", "list"]).contains("p19"));
    node.ask(&["recipient", "import", path, "--yes"]);
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.say("MAIL FROM:<a@example.net>");
    wait_for("mail is taken for them", || {
        talk.say("RCPT TO:<p19@example.test>").starts_with("250")
    });

    // A line that is wrong keeps all others out.
    write("name,address\ngood,good@example.test\nbad,p1@example.test\n");
    let (_, said) = node.refused(&["recipient", "import", path, "--yes"]);
    assert!(said.contains("belongs to mailbox"), "{said}");
    assert!(!node.ask(&["mailbox", "list"]).contains("good"));

    // Of 22 mailboxes 17 are not in it: the two of the node, and 15 that were cut off.
    let short: String = table
        .lines()
        .take(6)
        .map(|line| format!("{line}\n"))
        .collect();
    write(&short);
    let import = ["recipient", "import", path, "--remove-missing"];
    let plan = node.ask(&[&import[..], &["--dry-run"]].concat());
    assert!(
        plan.contains("17 of 22 recipients would be removed, more than 10 %"),
        "{plan}"
    );
    let (code, said) = node.refused(&[&import[..], &["--yes"]].concat());
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("--allow-removals 17"), "{said}");
    let (code, _) = node.refused(&[&import[..], &["--yes", "--allow-removals", "16"]].concat());
    assert_eq!(code, 4);
    assert!(node.ask(&["mailbox", "list"]).contains("p19"));

    // Out as LDIF and in again: nothing differs. What was written by hand there comes in.
    let ldif = node.ask(&["recipient", "export", "--format", "ldif"]);
    assert!(
        ldif.contains("\ndn: cn=p7\n") && ldif.contains("\ndepartment: Sales\n"),
        "{ldif}"
    );
    write(&ldif);
    let plan = node.ask(&["recipient", "import", path, "--remove-missing", "--dry-run"]);
    assert!(plan.contains("Nothing changes"), "{plan}");
    write(&ldif.replace("dn: cn=p7\n", "dn: cn=p7\ntitle: Head\n"));
    node.ask(&["recipient", "import", path, "--yes"]);
    let csv = node.ask(&["recipient", "export"]);
    let row = csv
        .lines()
        .find(|line| line.starts_with("mailbox,p7,"))
        .unwrap();
    assert!(row.contains("Head") && row.contains("Sales"), "{csv}");
}
