//! The plan over directories that do not exist.

mod hostile;
mod names;
mod property;
mod settle;
mod turn;

use std::collections::HashMap;

use mailward_api::assignment::fields_of;
use mailward_ldap::Entry;
use mailward_model::{
    Kind, Object, ObjectId, Revision, Spec,
    kind::{DirectorySource, DirectoryType, DisabledAccounts, Mailbox},
    object::Validate,
};
use mailward_store::Change;

use super::{
    index::Index,
    mapping::Mapping,
    picture::Picture,
    plan::{Compared, SyncPlan, plan},
};

fn source() -> DirectorySource {
    DirectorySource {
        servers: vec!["dc1.example.org".parse().unwrap()],
        ..DirectorySource::default()
    }
}

fn user(name: &str, mail: &str, more: &[(&str, &str)]) -> Entry {
    let dn = format!("CN={name},OU=Sales,DC=example,DC=org");
    let own = [("objectClass", "user"), ("cn", name), ("mail", mail)];
    Entry::new(&dn, own.into_iter().chain(more.iter().copied()))
}

fn group(name: &str, members: &[&str]) -> Entry {
    let dn = format!("CN={name},OU=Groups,DC=example,DC=org");
    let mail = format!("{name}@example.org");
    let own = [
        ("objectClass", "group"),
        ("cn", name),
        ("mail", mail.as_str()),
    ];
    let members = members.iter().map(|member| ("member", *member));
    Entry::new(&dn, own.into_iter().chain(members))
}

/// A mailbox that an administrator has made.
fn own_mailbox(name: &str, address: &str) -> Object {
    Object {
        id: ObjectId(7),
        name: name.to_owned(),
        revision: Revision(1),
        spec: Mailbox::new(address.parse().unwrap()).into(),
    }
}

fn picture(entries: &[(&str, Entry)]) -> Picture {
    entries
        .iter()
        .map(|(id, entry)| ((*id).to_owned(), entry.clone()))
        .collect()
}

fn planned(source: &DirectorySource, picture: &Picture, objects: &[Object]) -> SyncPlan {
    planned_with(source, picture, objects, &Index::default())
}

fn planned_with(
    source: &DirectorySource,
    picture: &Picture,
    objects: &[Object],
    known: &Index,
) -> SyncPlan {
    let mapping = Mapping::of(source).unwrap();
    plan(&Compared {
        source: "Corp",
        mapping: &mapping,
        picture,
        within: None,
        objects,
        refused: &HashMap::new(),
        known,
    })
}

/// The objects after these changes, as the store would have them.
fn applied(objects: &[Object], plan: &SyncPlan) -> Vec<Object> {
    let mut objects = objects.to_vec();
    for change in plan.import.changes.clone() {
        let at = |objects: &[Object], kind: Kind, name: &str| {
            let is_it = |o: &Object| o.spec.kind() == kind && o.name.eq_ignore_ascii_case(name);
            objects.iter().position(is_it)
        };
        match change {
            Change::Create { name, spec } => {
                assert_eq!(at(&objects, spec.kind(), &name), None, "{name} is taken");
                assert_eq!(spec.validate(), [], "{name}");
                objects.push(Object {
                    id: ObjectId(0),
                    name,
                    revision: Revision(1),
                    spec,
                });
            }
            Change::Replace { name, spec, .. } => {
                let at = at(&objects, spec.kind(), &name).unwrap();
                objects[at].spec = spec;
            }
            Change::Rename { kind, name, to, .. } => {
                let own = at(&objects, kind, &name).unwrap();
                assert!(
                    at(&objects, kind, &to).is_none_or(|found| found == own),
                    "{to} is taken"
                );
                objects[own].name = to;
            }
            Change::Remove { kind, name, .. } => {
                let at = at(&objects, kind, &name).unwrap();
                objects.remove(at);
            }
        }
    }
    objects
}

#[track_caller]
fn named<'a>(objects: &'a [Object], name: &str) -> &'a Object {
    objects
        .iter()
        .find(|object| object.name == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

fn because(plan: &SyncPlan) -> Vec<String> {
    plan.left_out
        .iter()
        .map(|one| format!("{}: {}", one.dn, one.because))
        .collect()
}

#[test]
fn entries_of_active_directory_become_recipients() {
    let all = picture(&[
        (
            "1",
            user(
                "Anna",
                "old@example.org",
                &[
                    ("proxyAddresses", "SMTP:anna@example.org"),
                    ("proxyAddresses", "smtp:a@example.org"),
                    ("proxyAddresses", "X500:/o=First/cn=anna"),
                    ("extensionAttribute7", "Berlin"),
                    ("msExchHideFromAddressLists", "TRUE"),
                    ("userAccountControl", "66050"),
                    ("manager", "CN=Berg\\, Bert,OU=Sales,DC=example,DC=org"),
                ],
            ),
        ),
        (
            "2",
            user(
                "Bert",
                "bert@example.org",
                &[("targetAddress", "SMTP:bert@cloud.example.net")],
            ),
        ),
        (
            "3",
            user(
                "Room",
                "room@example.org",
                &[
                    ("msExchRecipientTypeDetails", "16"),
                    ("userAccountControl", "514"),
                    ("msExchMasterAccountSid", "S-1-5-10"),
                ],
            ),
        ),
        (
            "4",
            Entry::new(
                "CN=Far,DC=example,DC=org",
                [
                    ("objectClass", "contact"),
                    ("cn", "Far"),
                    ("mail", "far@example.com"),
                ],
            ),
        ),
        (
            "5",
            group(
                "Team",
                &[
                    "cn=anna,ou=sales,dc=example,dc=org",
                    "CN=Far,DC=example,DC=org",
                    "CN=Nobody,DC=example,DC=org",
                    "CN=Team,OU=Groups,DC=example,DC=org",
                ],
            ),
        ),
        (
            "6",
            Entry::new(
                "CN=PC,DC=example,DC=org",
                [
                    ("objectClass", "user"),
                    ("objectClass", "computer"),
                    ("mail", "pc@example.org"),
                ],
            ),
        ),
        (
            "7",
            Entry::new(
                "CN=Mute,DC=example,DC=org",
                [("objectClass", "user"), ("cn", "Mute")],
            ),
        ),
    ]);
    let plan = planned(&source(), &all, &[]);
    let objects = applied(&[], &plan);
    assert_eq!(objects.len(), 4, "{:?}", because(&plan));
    let anna = fields_of(&named(&objects, "Anna").spec);
    assert_eq!(anna["address"], "anna@example.org");
    assert_eq!(
        anna["proxy_addresses"],
        serde_json::json!(["a@example.org"])
    );
    assert_eq!(anna["custom_attribute7"], "Berlin");
    assert_eq!(anna["hidden"], true);
    assert_eq!(anna["account_disabled"], true);
    assert_eq!(anna["manager"], "Berg, Bert");
    assert_eq!(anna["organizational_unit"], "example.org/Sales");
    assert_eq!(anna["source_anchor"], "Corp/1");
    let bert = fields_of(&named(&objects, "Bert").spec);
    assert_eq!(bert["external_address"], "bert@cloud.example.net");
    let room = fields_of(&named(&objects, "Room").spec);
    assert_eq!(room["type"], "room");
    assert!(
        !room.contains_key("account_disabled"),
        "rooms have disabled accounts"
    );
    let team = fields_of(&named(&objects, "Team").spec);
    assert_eq!(
        team["members"],
        serde_json::json!(["anna@example.org", "far@example.com"])
    );
    let told = because(&plan).join("\n");
    for expect in [
        "Far,DC=example,DC=org: it has no address here",
        "it is a computer",
        "CN=Mute,DC=example,DC=org: it has no address here",
    ] {
        assert!(told.contains(expect), "{told}");
    }
    assert!(plan.left_out.iter().all(|one| !one.is_trouble));
}

#[test]
fn entries_of_openldap_become_recipients() {
    let source = DirectorySource {
        directory_type: DirectoryType::OpenLdap,
        base: Some("dc=example,dc=org".to_owned()),
        mapping: vec![
            "mailbox.send_connector = 'Dovecot'".parse().unwrap(),
            "custom_attribute1 = employeeType".parse().unwrap(),
            "notes =".parse().unwrap(),
            "distribution_group.notes = description".parse().unwrap(),
        ],
        ..source()
    };
    let person = Entry::new(
        "uid=anna,ou=people,dc=example,dc=org",
        [
            ("objectClass", "inetOrgPerson"),
            ("cn", "Anna Berg"),
            ("uid", "anna"),
            ("mail", "anna@example.org"),
            ("mail", "a.berg@example.org"),
            ("employeeType", "extern"),
            ("description", "private"),
            ("pwdAccountLockedTime", "000001010000Z"),
        ],
    );
    let group = Entry::new(
        "cn=staff,ou=groups,dc=example,dc=org",
        [
            ("objectClass", "groupOfNames"),
            ("cn", "staff"),
            ("mail", "staff@example.org"),
            ("member", "UID=anna, ou=People, dc=example,dc=org"),
            ("rfc822MailMember", "far@example.com"),
            ("description", "everyone"),
        ],
    );
    let all = picture(&[("a", person), ("b", group)]);
    let objects = applied(&[], &planned(&source, &all, &[]));
    let anna = fields_of(&named(&objects, "Anna Berg").spec);
    assert_eq!(
        anna["proxy_addresses"],
        serde_json::json!(["a.berg@example.org"])
    );
    assert_eq!(anna["send_connector"], "Dovecot");
    assert_eq!(anna["custom_attribute1"], "extern");
    assert_eq!(anna["account_disabled"], true);
    assert!(!anna.contains_key("notes"));
    let staff = fields_of(&named(&objects, "staff").spec);
    assert_eq!(
        staff["members"],
        serde_json::json!(["anna@example.org", "far@example.com"])
    );
    assert_eq!(staff["notes"], "everyone");
    // A directory keeps no order: the primary address stays the one it was.
    let turned = Entry::new(
        "uid=anna,ou=people,dc=example,dc=org",
        [
            ("objectClass", "inetOrgPerson"),
            ("cn", "Anna Berg"),
            ("uid", "anna"),
            ("mail", "a.berg@example.org"),
            ("mail", "anna@example.org"),
            ("employeeType", "extern"),
            ("pwdAccountLockedTime", "000001010000Z"),
        ],
    );
    let mut again = all.clone();
    again.insert("a", &turned);
    assert!(planned(&source, &again, &objects).import.changes.is_empty());
    let removing = DirectorySource {
        disabled_accounts: DisabledAccounts::Remove,
        ..source
    };
    let plan = planned(&removing, &all, &objects);
    assert_eq!(plan.import.removals, 1);
    assert_eq!(plan.gone.iter().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn one_of_two_entries_with_one_address_is_refused_and_both_are_named() {
    let all = picture(&[
        ("1", user("Anna", "same@example.org", &[])),
        ("2", user("Bert", "SAME@example.org", &[])),
        (
            "3",
            user(
                "Carl",
                "carl@example.org",
                &[("proxyAddresses", "smtp:same@example.org")],
            ),
        ),
        ("4", user("Dora", "dora@@example.org", &[])),
    ]);
    let plan = planned(&source(), &all, &[]);
    let objects = applied(&[], &plan);
    assert_eq!(objects.len(), 2);
    named(&objects, "Anna");
    let told = because(&plan);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].contains("CN=Bert") && told[0].contains("belongs to CN=Anna"),
        "{told:?}"
    );
    assert!(
        told[1].contains("CN=Carl")
            && told[1].contains("same@example.org is left out: it belongs to CN=Anna"),
        "{told:?}"
    );
    assert!(told[2].contains("CN=Dora"), "{told:?}");
    assert!(plan.left_out.iter().all(|one| one.is_trouble));
    // Who has it keeps it, whatever comes later and stands before it.
    let mut more = all.clone();
    more.insert("0", &user("Early", "same@example.org", &[]));
    let told = because(&planned(&source(), &more, &objects));
    assert!(
        told.iter()
            .any(|one| one.contains("CN=Early") && one.contains("belongs to CN=Anna")),
        "{told:?}"
    );
}

#[test]
fn an_entry_in_trouble_keeps_what_it_has() {
    let all = picture(&[("1", user("Anna", "anna@example.org", &[]))]);
    let objects = applied(&[], &planned(&source(), &all, &[]));
    let broken = picture(&[("1", user("Anna", "anna at example.org", &[]))]);
    let plan = planned(&source(), &broken, &objects);
    assert!(plan.import.changes.is_empty());
    assert_eq!(plan.left_out.len(), 1);
    assert!(plan.left_out[0].is_trouble);
}

#[test]
fn what_an_administrator_made_is_taken_over_or_left_alone() {
    let object = |name: &str, address: &str| Object {
        id: ObjectId(1),
        name: name.to_owned(),
        revision: Revision(1),
        spec: Mailbox::new(address.parse().unwrap()).into(),
    };
    let objects = [
        object("anna", "anna@example.org"),
        object("Own", "own@example.org"),
    ];
    let all = picture(&[
        ("1", user("Anna Berg", "anna@example.org", &[])),
        ("2", group("own", &[])),
    ]);
    let plan = planned(&source(), &all, &objects);
    let after = applied(&objects, &plan);
    assert_eq!(after.len(), 2);
    assert_eq!(
        fields_of(&named(&after, "Anna Berg").spec)["source_anchor"],
        "Corp/1"
    );
    assert_eq!(named(&after, "Own"), &objects[1]);
    assert!(
        because(&plan)[0].contains("belongs to mailbox \"Own\", which is not from this directory")
    );
    // Of a source that there is, nothing is taken.
    let mut theirs = after.clone();
    theirs.push(Object {
        id: ObjectId(9),
        name: "corp".to_owned(),
        revision: Revision(1),
        spec: source().into(),
    });
    let mapping = Mapping::of(&source()).unwrap();
    let other = plan_of("Other", &mapping, &all, &theirs);
    assert!(
        other.import.changes.is_empty(),
        "{:?}",
        other.import.changes
    );
}

fn plan_of(source: &str, mapping: &Mapping, picture: &Picture, objects: &[Object]) -> SyncPlan {
    plan(&Compared {
        source,
        mapping,
        picture,
        within: None,
        objects,
        refused: &HashMap::new(),
        known: &Index::default(),
    })
}

#[test]
fn an_entry_that_is_renamed_or_moved_stays_the_same_recipient() {
    let all = picture(&[
        ("1", user("Anna", "anna@example.org", &[])),
        ("2", user("Anna", "other@example.org", &[])),
        ("3", group("Team", &["CN=Anna,OU=Sales,DC=example,DC=org"])),
    ]);
    let objects = applied(&[], &planned(&source(), &all, &[]));
    named(&objects, "Anna (other@example.org)");
    assert!(
        planned(&source(), &all, &objects).import.changes.is_empty(),
        "names do not go to and fro"
    );
    let mut later = all;
    let moved = Entry::new(
        "CN=Anna Berg,OU=HR,DC=example,DC=org",
        [
            ("objectClass", "user"),
            ("cn", "Anna Berg"),
            ("mail", "anna.berg@example.org"),
        ],
    );
    later.insert("1", &moved);
    later.insert(
        "3",
        &group("Team", &["CN=Anna Berg,OU=HR,DC=example,DC=org"]),
    );
    let plan = planned(&source(), &later, &objects);
    assert_eq!(plan.import.removals, 0);
    let after = applied(&objects, &plan);
    let anna = fields_of(&named(&after, "Anna Berg").spec);
    assert_eq!(anna["organizational_unit"], "example.org/HR");
    let team = fields_of(&named(&after, "Team").spec);
    assert_eq!(
        team["members"],
        serde_json::json!(["anna.berg@example.org"])
    );
    let kinds: Vec<_> = plan
        .import
        .effects
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        kinds
            .iter()
            .any(|text| text.contains("name Anna → Anna Berg")),
        "{kinds:?}"
    );
}

#[test]
fn a_person_whose_mailbox_moves_away_is_no_removal() {
    let all = picture(&[("1", user("Anna", "anna@example.org", &[]))]);
    let objects = applied(&[], &planned(&source(), &all, &[]));
    let away = picture(&[(
        "1",
        user(
            "Anna",
            "anna@example.org",
            &[("targetAddress", "anna@cloud.example.net")],
        ),
    )]);
    let plan = planned(&source(), &away, &objects);
    assert_eq!((plan.import.removals, plan.import.of), (0, 1));
    let after = applied(&objects, &plan);
    assert!(matches!(named(&after, "Anna").spec, Spec::MailUser(_)));
    assert_eq!(after.len(), 1);
}

#[test]
fn too_many_removals_are_held() {
    let entries: Vec<(String, Entry)> = (0..10)
        .map(|n| {
            (
                format!("{n}"),
                user(&format!("n{n}"), &format!("n{n}@example.org"), &[]),
            )
        })
        .collect();
    let all: Picture = entries.iter().cloned().collect();
    let objects = applied(&[], &planned(&source(), &all, &[]));
    for (left, held) in [(10, false), (8, false), (7, true), (0, true)] {
        let some: Picture = entries.iter().take(left).cloned().collect();
        let plan = planned(&source(), &some, &objects);
        assert_eq!(plan.import.held(20).is_some(), held, "{left}");
        assert_eq!(plan.gone.len(), 10 - left);
    }
}

#[test]
fn a_mapping_for_a_field_that_there_is_not_is_told() {
    let wrong = DirectorySource {
        mapping: vec!["departement = department".parse().unwrap()],
        ..source()
    };
    let error = Mapping::of(&wrong).err().unwrap().to_string();
    assert!(
        error.contains("mapping[0]") && error.contains("did you mean department?"),
        "{error}"
    );
    let of_group = DirectorySource {
        mapping: vec![
            "distribution_group.department = department"
                .parse()
                .unwrap(),
        ],
        ..source()
    };
    assert!(Mapping::of(&of_group).is_err(), "groups have no department");
}
