//! Tables of recipients, there and back.

use mailward_model::{EmailAddress, ObjectId, Revision, Spec, kind::DistributionGroup};

use super::*;

fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

fn object(name: &str, spec: Spec) -> Object {
    Object {
        id: ObjectId(1),
        name: name.to_owned(),
        revision: Revision(1),
        spec,
    }
}

fn spec(kind: Kind, fields: serde_json::Value) -> Spec {
    let serde_json::Value::Object(fields) = fields else {
        panic!("{fields}");
    };
    spec_of(kind, fields).unwrap()
}

/// Recipients with everything that is hard to write.
fn all() -> Vec<Object> {
    vec![
        object(
            "Jörg, \"Fritz\" Müller",
            spec(
                Kind::Mailbox,
                serde_json::json!({
                    "address": "joerg@example.org",
                    "proxy_addresses": ["j@example.org", "jm@example.net"],
                    "hidden": true,
                    "organizational_unit": "example.org/Sales/North, South",
                    "department": "leading",
                    "notes": "two\nlines; and more",
                    "extension_custom_attribute1": ["a;b", "[c", "d"],
                    "forwarding_address": "else@example.net",
                    "deliver_and_forward": true,
                    "send_connector": "Dovecot",
                    "max_send_size": "5MB",
                    "manager": "Anna",
                    "custom_attribute15": "fünfzehn, und eine sehr lange Zeile, die gefaltet werden muss, weil sie länger ist",
                }),
            ),
        ),
        object(
            "Room",
            spec(
                Kind::Mailbox,
                serde_json::json!({
                    "address": "room@example.org", "type": "room", "resource_capacity": 12,
                }),
            ),
        ),
        object(
            "Anna",
            spec(
                Kind::MailContact,
                serde_json::json!({
                    "address": "anna@example.org", "external_address": "anna@example.net",
                }),
            ),
        ),
        object(
            "Away",
            spec(
                Kind::MailUser,
                serde_json::json!({
                    "address": "away@example.org", "external_address": "away@example.com",
                }),
            ),
        ),
        object(
            "Team",
            Spec::from(DistributionGroup {
                report_to: Some(address("anna@example.org")),
                ..DistributionGroup::new(
                    address("team@example.org"),
                    vec![address("joerg@example.org"), address("far@example.com")],
                )
            }),
        ),
        object(
            "All",
            spec(
                Kind::DynamicDistributionGroup,
                serde_json::json!({
                    "address": "all@example.org", "recipient_filter": "Department -eq 'IT; more'",
                }),
            ),
        ),
    ]
}

fn planned(current: &[Object], table: &str) -> Import {
    plan(current, table, None, false).unwrap_or_else(|errors| panic!("{errors:?}\n{table}"))
}

#[test]
fn what_is_exported_reads_back_the_same() {
    let all = all();
    for format in [TableFormat::Csv, TableFormat::Ldif] {
        let table = write(&all, format);
        let same = planned(&all, &table);
        assert!(same.changes.is_empty(), "{:?}\n{table}", same.changes);
        let made = planned(&[], &table);
        assert_eq!(made.changes.len(), all.len());
        for change in made.changes {
            let Change::Create { name, spec } = change else {
                panic!("{change:?}");
            };
            let wanted = all.iter().find(|one| one.name == name).unwrap();
            assert_eq!(spec, wanted.spec, "{name}\n{table}");
        }
    }
    assert!(
        write(&all, TableFormat::Ldif)
            .lines()
            .all(|line| line.len() <= 76)
    );
}

#[test]
fn a_table_says_nothing_of_what_it_has_no_column_for() {
    let all = all();
    let table = "\u{feff}Kind;Name;Department;Hidden\nmailbox;room;IT;\n;Jörg;;\n";
    let errors = plan(&all, table, None, false).unwrap_err();
    assert!(errors[0].to_string().contains("line 3: kind"), "{errors:?}");
    let table = "name,department\nroom,IT\n\"Jörg, \"\"Fritz\"\" Müller\",\n";
    let changes = planned(&all, table).changes;
    let [
        Change::Replace { spec: room, .. },
        Change::Replace { spec: joerg, .. },
    ] = &changes[..]
    else {
        panic!("{changes:?}");
    };
    let (room, joerg) = (fields_of(room), fields_of(joerg));
    assert_eq!(room["department"], "IT");
    assert_eq!(room["resource_capacity"], 12);
    assert!(!joerg.contains_key("department"));
    assert_eq!(joerg["send_connector"], "Dovecot");
}

#[test]
fn every_wrong_line_is_told_with_the_mend() {
    for (table, expect) in [
        ("mail\nx\n", "name a column `name`"),
        ("name,adress\nx,x@example.org\n", "did you mean address?"),
        ("name,address\nx\n", "it has 1 cells, the first line has 2"),
        ("name,address\nx,nobody\n", "line 2, mailbox \"x\": address"),
        ("name,address\nx,\n", "line 2, mailbox \"x\""),
        (
            "name,address,hidden\nx,x@a.example,perhaps\n",
            "write true or false",
        ),
        (
            "name,address\nx,x@a.example\nX,y@a.example\n",
            "it is in line 2 already",
        ),
        (
            "kind,name\nprobe,x\n",
            "the kinds are mailbox, mail-contact",
        ),
        (
            "dn: cn=a\nno attribute\n",
            "line 2: \"no attribute\" is no attribute",
        ),
        ("dn: cn=a\nchangetype: delete\n", "it is a change (delete)"),
        (
            "dn: cn=a\nmail:< file:///etc/passwd\n",
            "stands in another file",
        ),
        ("dn: cn=a\nmail:: ***\n", "is not base64"),
        (
            "dn: cn=g\nobjectClass: group\nmail: g@a.example\nmember: cn=nobody,dc=a\n",
            "cn=nobody,dc=a is neither in the text nor a recipient here",
        ),
    ] {
        let errors = plan(&[], table, None, false).unwrap_err();
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(
            told.iter().any(|one| one.contains(expect)),
            "{table}: {told:?}"
        );
    }
    let many = format!("name,hidden\n{}", "x,perhaps\n".repeat(1_000));
    assert_eq!(
        plan(&[], &many, None, false).unwrap_err().len(),
        PROBLEMS_MAX
    );
}

#[test]
fn what_a_directory_prints_is_understood() {
    // As Active Directory has it: containers between, an address that is none of SMTP, a member.
    let table = "# extended LDIF\n#\ndn: OU=Sales,DC=example,DC=org\nobjectClass: organizationalUnit\n\n\
        dn: CN=Anna Example,OU=Sales,DC=example,DC=org\nobjectClass: top\nobjectClass: person\n\
        objectClass: user\ncn: Anna Example\nmail: anna@example.org\n\
        proxyAddresses: SMTP:anna@example.org\nproxyAddresses: smtp:a.example@exam\n ple.org\n\
        proxyAddresses: X500:/o=First/cn=anna\nextensionAttribute1: Ignore\n\
        telephoneNumber: 1\ntelephoneNumber: 2\nthumbnailPhoto:: /9j/4A==\n\
        msExchHideFromAddressLists: TRUE\nmsExchRecipientTypeDetails: 4\n\n\
        dn: CN=Staff,OU=Sales,DC=example,DC=org\nobjectClass: group\ncn: Staff\n\
        sAMAccountName: staff\nmail: staff@example.org\n\
        member: CN=Anna Example,OU=Sales,DC=example,DC=org\n\nsearch: 2\nresult: 0 Success\n";
    let changes = planned(&[], table).changes;
    let [
        Change::Create { name, spec: anna },
        Change::Create { spec: staff, .. },
    ] = &changes[..]
    else {
        panic!("{changes:?}");
    };
    assert_eq!(name, "Anna Example");
    let (anna, staff) = (fields_of(anna), fields_of(staff));
    assert_eq!(
        anna["proxy_addresses"],
        serde_json::json!(["a.example@example.org"])
    );
    assert_eq!(anna["organizational_unit"], "example.org/Sales");
    assert_eq!(anna["custom_attribute1"], "Ignore");
    assert_eq!(
        (&anna["phone"], &anna["type"]),
        (&"1".into(), &"shared".into())
    );
    assert_eq!(anna["hidden"], true);
    assert_eq!(staff["members"], serde_json::json!(["anna@example.org"]));
}

#[test]
fn much_is_removed_only_after_a_question() {
    let mut all = all();
    for n in 0..18 {
        let mailbox = Mailbox::new(address(&format!("n{n}@example.org")));
        all.push(object(&format!("n{n}"), mailbox.into()));
    }
    let table = |left_out: usize| {
        let mut rows = String::from("name\nRoom\n\"Jörg, \"\"Fritz\"\" Müller\"\n");
        (left_out..18).for_each(|n| rows.push_str(&format!("n{n}\n")));
        rows
    };
    for (left_out, removals, held) in [(0, 0, false), (2, 2, false), (3, 3, true), (18, 18, true)] {
        let import = plan(&all, &table(left_out), None, true).unwrap();
        assert_eq!(
            (import.removals, import.of),
            (removals, 20),
            "mailboxes alone"
        );
        assert_eq!(import.held(10).is_some(), held, "{left_out}");
        assert_eq!(
            plan(&all, &table(left_out), None, false).unwrap().removals,
            0
        );
    }
    let told = plan(&all, &table(3), None, true).unwrap().held(10).unwrap();
    assert_eq!(told, "3 of 20 recipients would be removed, more than 10 %");
}
