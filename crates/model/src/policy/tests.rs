//! What policies come to: told cases, and by chance that neither order nor foreign scopes matter.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    Revision,
    kind::{PolicyRanges, ReceiveConnector, TransportSettings},
    object::Validate,
};

fn object(id: u64, name: &str, spec: impl Into<Spec>) -> Object {
    Object {
        id: crate::ObjectId(id),
        name: name.to_owned(),
        revision: Revision(id),
        spec: spec.into(),
    }
}

fn policy(id: u64, name: &str, text: serde_json::Value) -> Object {
    let policy: Policy = serde_json::from_value(text).unwrap();
    assert_eq!(policy.validate(), [], "{name}");
    object(id, name, policy)
}

fn node(name: &str) -> Domain {
    name.parse().unwrap()
}

fn here(objects: Vec<Object>) -> InForce {
    in_force(objects, &node("a.example"))
}

fn ground() -> Vec<Object> {
    let connector = ReceiveConnector {
        bindings: vec![":25".parse().unwrap()],
        remote_ranges: vec!["10.0.0.0/8".parse().unwrap()],
        ..ReceiveConnector::default()
    };
    vec![
        object(1, "default", TransportSettings::default()),
        object(2, "Internet", connector),
        object(
            3,
            "North",
            Site {
                nodes: vec![node("a.example")],
            },
        ),
        object(
            4,
            "South",
            Site {
                nodes: vec![node("b.example")],
            },
        ),
    ]
}

fn with(policies: Vec<Object>) -> Vec<Object> {
    ground().into_iter().chain(policies).collect()
}

fn transport(objects: &[Object]) -> &TransportSettings {
    objects
        .iter()
        .find_map(|one| TransportSettings::of(&one.spec))
        .unwrap()
}

#[test]
fn the_nearer_scope_wins_and_losers_are_named() {
    let set = |scope: &str, order: u32, time: &str| json!({"scope": scope, "order": order, "transport_settings": {"message_expiration": time}});
    let found = here(with(vec![
        policy(10, "Own", set("node:a.example", 1, "5d")),
        policy(11, "Base", set("all", 900, "3d")),
        policy(12, "North", set("site:north", 1, "4d")),
        policy(13, "South", set("site:South", 999, "9d")),
        policy(14, "Other", set("node:b.example", 999, "9d")),
    ]));
    assert_eq!(
        transport(&found.objects).message_expiration.to_string(),
        "5d"
    );
    let [setting] = &found.result.settings[..] else {
        panic!("{:?}", found.result.settings);
    };
    assert_eq!(setting.item, "transport_settings.message_expiration");
    assert_eq!(
        (setting.from.as_str(), &setting.value),
        ("Own", &json!("5d"))
    );
    let lost: Vec<(&str, &str)> = setting
        .lost
        .iter()
        .map(|lost| (lost.from.as_str(), lost.reason.as_str()))
        .collect();
    assert_eq!(
        lost,
        [
            ("North", "Own is applied later"),
            ("Base", "Own is applied later"),
            (OBJECTS, "a policy says it"),
        ]
    );
    let told: Vec<(&str, bool)> = found
        .result
        .policies
        .iter()
        .map(|one| (one.policy.as_str(), one.applied))
        .collect();
    let expect = [
        ("Base", true),
        ("North", true),
        ("South", false),
        ("Own", true),
        ("Other", false),
    ];
    assert_eq!(told, expect);
    assert_eq!(
        found.result.policies[2].reason,
        "it is for site South, and the node is in North"
    );
}

#[test]
fn what_would_not_be_sound_loses_and_the_rest_holds() {
    let found = here(with(vec![
        policy(
            10,
            "Late",
            json!({"health_settings": {"soft_reset_after": "1d"}}),
        ),
        policy(
            11,
            "Sound",
            json!({"order": 200, "health_settings": {"probation": "5m"}}),
        ),
    ]));
    let settings: Vec<(&str, &str)> = found
        .result
        .settings
        .iter()
        .map(|one| (one.item.as_str(), one.from.as_str()))
        .collect();
    assert_eq!(
        settings,
        [
            ("health_settings.probation", "Sound"),
            ("health_settings.soft_reset_after", OBJECTS)
        ]
    );
    let lost = &found.result.settings[1].lost[0];
    assert!(lost.reason.contains("would not be sound"), "{lost:?}");
}

fn group<'a>(found: &'a InForce, name: &str) -> &'a GroupHolding {
    let mut groups = found.result.groups.iter();
    groups.find(|one| one.group.as_str() == name).unwrap()
}

fn names(list: &[AccountName]) -> Vec<&str> {
    list.iter().map(AccountName::as_str).collect()
}

fn changes(group: &GroupHolding) -> Vec<String> {
    let told = group.changes.iter();
    told.map(|one| format!("{:?} {} by {}", one.change, one.member, one.from))
        .collect()
}

#[test]
fn exact_members_do_not_add_up_and_single_ones_do() {
    let groups =
        |order: u32, list: serde_json::Value| json!({"order": order, "restricted_groups": list});
    let found = here(with(vec![
        policy(
            10,
            "One",
            groups(
                1,
                json!([
                    {"group": "adm", "members": ["anna"]},
                    {"group": "staff", "add": ["anna", "bo"]},
                    {"group": "Ops", "member_of": ["staff", "adm"]},
                ]),
            ),
        ),
        policy(
            11,
            "Two",
            groups(
                2,
                json!([
                    {"group": r".\adm", "members": []},
                    {"group": "staff", "remove": ["bo", "root", r".\root"], "add": ["cy"]},
                ]),
            ),
        ),
    ]));
    let adm = group(&found, "adm");
    assert_eq!(
        (adm.members.as_deref(), adm.from.as_str()),
        (Some(&[][..]), "Two")
    );
    let lost: Vec<String> = adm
        .lost
        .iter()
        .map(|one| format!("{} {}", one.from, one.value))
        .collect();
    assert_eq!(
        lost,
        [r#"One {"members":["anna"]}"#, r#"One {"member_of":"Ops"}"#]
    );
    let staff = group(&found, "staff");
    assert_eq!(
        changes(staff),
        [
            "Add anna by One",
            "Add Ops by One",
            "Add cy by Two",
            "Remove bo by Two"
        ]
    );
    let lost: Vec<String> = staff
        .lost
        .iter()
        .map(|one| format!("{}: {}", one.value, one.reason))
        .collect();
    assert_eq!(
        lost,
        [
            r#"{"remove":".\\root"}: the break-glass administrator is never removed"#,
            r#"{"remove":"root"}: the break-glass administrator is never removed"#,
            r#"{"add":"bo"}: Two is applied later"#,
        ]
    );
    assert!(found.result.administrators().is_empty());
}

#[test]
fn mailwards_own_administrators_follow_the_same_rules() {
    let groups = |list: serde_json::Value| json!({"restricted_groups": list});
    let found = here(with(vec![
        policy(
            10,
            "A",
            groups(json!([{"group": ADMINISTRATORS, "add": ["anna", "bo"]}])),
        ),
        policy(
            11,
            "B",
            groups(json!([{"group": r"Mailward\Administrators", "remove": ["bo"]}])),
        ),
    ]));
    assert_eq!(names(&found.result.administrators()), ["anna"]);
    assert_eq!(found.result.host_groups().count(), 0);
    let exact = groups(json!([{"group": ADMINISTRATORS, "members": ["cy"]}]));
    let found = here(with(vec![policy(10, "A", exact)]));
    assert_eq!(names(&found.result.administrators()), ["cy"]);
}

#[test]
fn ranges_and_certificates_reach_the_objects() {
    let digest = "ab".repeat(32);
    let found = here(with(vec![
        policy(
            10,
            "A",
            json!({
                "ranges": [{"receive_connector": "internet", "add": ["192.0.2.0/24"]},
                           {"receive_connector": "Nope", "add": ["192.0.2.0/24"]}],
                "untrusted": [{"sha256": digest, "reason": "stolen"}],
            }),
        ),
        policy(
            11,
            "B",
            json!({"untrusted": [{"sha256": digest, "reason": "stolen, too"}]}),
        ),
    ]));
    let connector = found
        .objects
        .iter()
        .find_map(|one| ReceiveConnector::of(&one.spec));
    assert_eq!(connector.unwrap().remote_ranges.len(), 2);
    let nope = &found.result.ranges[1];
    assert!(
        nope.lost[0].reason.contains("no receive connector Nope"),
        "{nope:?}"
    );
    let [entry] = &found.result.untrusted[..] else {
        panic!("{:?}", found.result.untrusted);
    };
    assert_eq!(
        (entry.from.as_str(), entry.lost[0].from.as_str()),
        ("B", "A")
    );
    assert!(
        found
            .objects
            .iter()
            .any(|one| one.name == "policy B, entry 1")
    );

    let exact =
        json!({"ranges": [{"receive_connector": "Internet", "remote_ranges": ["feed:M365"]}]});
    let found = here(with(vec![policy(10, "A", exact)]));
    assert_eq!(found.result.ranges[0].value, json!(["feed:M365"]));
    assert_eq!(found.result.ranges[0].lost[0].from, OBJECTS);
}

#[test]
fn ranges_between_which_nothing_decides_hold_nowhere() {
    let connector = |id, name: &str, ranges: &[&str]| {
        let spec = ReceiveConnector {
            bindings: vec![":25".parse().unwrap()],
            remote_ranges: ranges.iter().map(|range| range.parse().unwrap()).collect(),
            ..Default::default()
        };
        object(id, name, spec)
    };
    let objects = |exact_a: &str, exact_b: &str| {
        vec![
            connector(1, "A", &["10.0.0.0/24"]),
            connector(2, "B", &["10.1.0.0/24"]),
            policy(
                3,
                "Both",
                json!({"ranges": [
                    {"receive_connector": "A", "remote_ranges": [exact_a]},
                    {"receive_connector": "B", "remote_ranges": [exact_b]},
                ]}),
            ),
        ]
    };
    let of = |found: &InForce| -> Vec<String> {
        let ranges = found.result.ranges.iter();
        ranges
            .map(|one| one.value[0].as_str().unwrap().to_owned())
            .collect()
    };
    // The two change places: no tie when both have moved.
    let found = here(objects("10.1.0.0/24", "10.0.0.0/24"));
    assert_eq!(of(&found), ["10.1.0.0/24", "10.0.0.0/24"]);
    // One lies within the other: the narrower one wins.
    let found = here(objects("10.0.0.0/8", "10.1.0.0/16"));
    assert_eq!(of(&found), ["10.0.0.0/8", "10.1.0.0/16"]);
    // A tie: the last by name is taken back, and then ties no more.
    let found = here(objects("10.2.0.0/24", "10.2.0.0/24"));
    assert_eq!(of(&found), ["10.2.0.0/24", "10.1.0.0/24"]);
    let lost = &found.result.ranges[1].lost[0];
    assert!(
        lost.reason
            .contains("10.2.0.0/24 on :25 is a range of receive-connector \"A\" too")
            && lost.reason.contains("make the ranges disjoint"),
        "{lost:?}"
    );
    // What was taken back ties with the other one, which then is taken back too.
    let found = here(objects("10.1.0.0/24", "10.1.0.0/24"));
    assert_eq!(of(&found), ["10.0.0.0/24", "10.1.0.0/24"]);
}

#[test]
fn without_a_policy_the_objects_are_as_they_were() {
    let found = here(ground());
    assert_eq!(found.objects, ground());
    assert_eq!(found.result.site.as_deref(), Some("North"));
}

fn account() -> impl Strategy<Value = AccountName> {
    prop::sample::select(vec![
        "anna",
        "bo",
        "cy",
        "root",
        r".\anna",
        r"CORP\di",
        "*S-1-5-32-544",
    ])
    .prop_map(|name| name.parse().unwrap())
}

fn some_group() -> impl Strategy<Value = crate::kind::RestrictedGroup> {
    let names = || prop::collection::vec(account(), 0..4);
    let group = prop::sample::select(vec!["adm", "sudo", "staff", ADMINISTRATORS]);
    (group, prop::option::of(names()), names(), names()).prop_map(|(group, members, add, more)| {
        let mut entry = crate::kind::RestrictedGroup::new(group.parse().unwrap());
        match members {
            Some(members) => entry.members = Some(members),
            None => {
                entry.remove = more
                    .into_iter()
                    .filter(|name| !add.contains(name))
                    .collect();
                entry.add = add;
                entry.member_of = vec!["wheel".parse().unwrap()];
            }
        }
        entry
    })
}

fn some_policy() -> impl Strategy<Value = Policy> {
    let scope = prop::sample::select(vec![
        "all",
        "site:North",
        "site:South",
        "site:None",
        "node:a.example",
        "node:b.example",
    ]);
    let transport = prop::sample::select(vec![
        json!({}),
        json!({"message_expiration": "3d"}),
        json!({"message_expiration": "4d", "plus_addressing": false}),
        json!({"max_outbound_connections": 7}),
    ]);
    let health = prop::sample::select(vec![
        json!({}),
        json!({"soft_reset_after": "1h"}),
        json!({"soft_reset_after": "1h", "restart_component_after": "2h", "restart_process_after": "3h", "offline_after": "4h"}),
        json!({"restart_component_after": "10s"}),
    ]);
    let ranges = prop::sample::select(vec![
        vec![],
        vec![("Internet", Some(vec!["192.0.2.0/24"]), vec![])],
        vec![("internet", None, vec!["192.0.2.0/24", "except:10.1.0.0/16"])],
        vec![("Nope", None, vec!["192.0.2.0/24"])],
    ]);
    let ranges = ranges.prop_map(|list| {
        let read = |texts: Vec<&str>| texts.iter().map(|text| text.parse().unwrap()).collect();
        list.into_iter()
            .map(|(name, exact, add)| PolicyRanges {
                receive_connector: name.to_owned(),
                remote_ranges: exact.map(read),
                add: read(add),
            })
            .collect::<Vec<_>>()
    });
    let untrusted = prop::collection::vec(0u8..3, 0..3).prop_map(|all| {
        all.into_iter()
            .map(|octet| crate::kind::UntrustedCertificate {
                sha256: Some(crate::kind::Sha256([octet; 32])),
                reason: "x".to_owned(),
                ..Default::default()
            })
            .collect::<Vec<_>>()
    });
    let groups = prop::collection::vec(some_group(), 0..4);
    (
        any::<bool>(),
        scope,
        0u32..3,
        transport,
        health,
        groups,
        untrusted,
        ranges,
    )
        .prop_map(
            |(enabled, scope, order, transport, health, restricted_groups, untrusted, ranges)| {
                Policy {
                    enabled: enabled || order > 0,
                    scope: scope.parse().unwrap(),
                    order,
                    transport_settings: serde_json::from_value(transport).unwrap(),
                    health_settings: serde_json::from_value(health).unwrap(),
                    restricted_groups,
                    untrusted,
                    ranges,
                    ..Policy::default()
                }
            },
        )
}

fn some_policies() -> impl Strategy<Value = Vec<Object>> {
    prop::collection::vec(some_policy(), 0..7).prop_map(|all| {
        let numbered = all.into_iter().zip(10u64..);
        numbered
            .map(|(policy, id)| object(id, &format!("P{}", (id * 7) % 10), policy))
            .collect()
    })
}

/// What holds, apart from the list of policies that were considered; objects in one order.
fn holds(found: InForce) -> (Vec<Object>, PolicyResult) {
    let mut objects = found.objects;
    objects.retain(|one| Policy::of(&one.spec).is_none());
    objects.sort_by(|one, other| (one.id, &one.name).cmp(&(other.id, &other.name)));
    let mut result = found.result;
    result.policies.clear();
    (objects, result)
}

proptest! {
    #[test]
    fn the_order_of_the_objects_makes_no_difference(
        (policies, shuffled) in some_policies().prop_flat_map(|all| {
            (Just(all.clone()), Just(with(all)).prop_shuffle())
        })
    ) {
        let one = here(with(policies));
        let other = here(shuffled);
        prop_assert_eq!(&one.result, &other.result);
        prop_assert_eq!(holds(one), holds(other));
    }

    #[test]
    fn a_policy_that_does_not_reach_the_node_changes_nothing(policies in some_policies()) {
        let whole = here(with(policies.clone()));
        let reaching: Vec<String> = whole.result.policies.iter()
            .filter(|one| one.applied).map(|one| one.policy.clone()).collect();
        let few = policies.into_iter().filter(|one| reaching.contains(&one.name)).collect();
        prop_assert_eq!(holds(whole), holds(here(with(few))));
    }

    #[test]
    fn what_was_taken_away_leaves_nothing_behind(policies in some_policies(), more in some_policy()) {
        let before = here(with(policies.clone()));
        let mut all = policies.clone();
        all.push(object(99, "More", more));
        let during = here(with(all));
        prop_assert!(during.result.policies.len() == policies.len() + 1);
        // Policies write nothing, so that the objects given next are those given first.
        prop_assert_eq!(before, here(with(policies)));
    }

    #[test]
    fn every_claim_of_an_applied_policy_holds_or_is_among_the_lost(policies in some_policies()) {
        let found = here(with(policies.clone()));
        let applied: Vec<&str> = found.result.policies.iter()
            .filter(|one| one.applied).map(|one| one.policy.as_str()).collect();
        for one in policies.iter().filter(|one| applied.contains(&one.name.as_str())) {
            let Some(spec) = Policy::of(&one.spec) else { continue };
            for (field, _) in spec.transport_settings.iter() {
                let item = format!("transport_settings.{field}");
                let holding = found.result.settings.iter().find(|held| held.item == item).unwrap();
                let lost = holding.lost.iter().any(|lost| lost.from == one.name);
                prop_assert!((holding.from == one.name) != lost);
            }
            for entry in spec.restricted_groups.iter().filter(|entry| entry.members.is_some()) {
                let holding = group(&found, entry.group.as_str());
                let lost = holding.lost.iter().any(|lost| lost.from == one.name);
                prop_assert!(holding.from == one.name || lost);
            }
        }
        for held in &found.result.groups {
            let spared = |change: &MemberHolding| {
                change.change == MemberChange::Remove && change.member.as_str() == "root"
            };
            prop_assert!(!held.changes.iter().any(spared));
            prop_assert!(held.members.is_none() || held.changes.is_empty());
        }
        for object in &found.objects {
            if Policy::of(&object.spec).is_none() {
                prop_assert_eq!(object.spec.validate(), []);
            }
        }
    }
}
