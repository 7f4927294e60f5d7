//! Who administers is what policies say: the role groups of administrators follow the rules of restricted
//! groups, in what is carried out for them, with an event for each who is taken out; and everything is
//! as before once no policy speaks of them.

use serde_json::Value;

use crate::{
    a_command_for_another_node_acts_by_the_users_own_right::{Pair, is_root, pair, trusted},
    support::{Node, text, wait_for},
};

const HOLD: [&str; 3] = ["queue", "hold", "connector/Internet/example.org"];

/// Whether a command that needs the right to the queue is carried out for this person.
fn may_hold(pair: &Pair, user: &str) -> bool {
    let output = pair.one.command(&Pair::far(user, &HOLD));
    let said = text(&output);
    // There is no such queue: who may is told so.
    assert!(
        output.status.code() == Some(4) || !said.contains("delegation_refused"),
        "{said}"
    );
    output.status.code() != Some(4)
}

/// The events of this name about a group of Mailward's own: whom, and by which policy.
fn told(node: &Node, name: &str) -> Vec<(String, String)> {
    let all = node.events_of("access").into_iter();
    let all = all.filter(|event| event["name"] == name);
    all.map(|event| {
        let field = |name: &str| {
            event["fields"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        (field("member"), field("policy"))
    })
    .collect()
}

fn has(events: &[(String, String)], member: &str, policy: &str) -> bool {
    let wanted = (member.to_owned(), policy.to_owned());
    events.contains(&wanted)
}

fn members(node: &Node, group: &str) -> Vec<String> {
    let result = node.json(&["policy", "result"]);
    let groups = result["result"]["role_groups"].as_array().unwrap().clone();
    let found = groups.into_iter().find(|one| one["role_group"] == group);
    let members = found.map(|one| one["members"].clone()).unwrap_or_default();
    serde_json::from_value(members).unwrap_or_default()
}

const EXACT: &str = r#"restricted_groups=[
    {"group":"mailward\\server_management","members":["vera"]},
    {"group":"mailward\\organization_management","members":["anna"]}]"#;

#[test]
fn and_as_before_once_none_speaks_of_them() {
    if !is_root() {
        return;
    }
    let pair = pair("", &trusted());
    let two = &pair.two;
    assert!(may_hold(&pair, "anna") && !may_hold(&pair, "vera"));

    // Shown before it is done: exact members take out who is disabled as well.
    two.ask(&["policy", "set", "Fleet", "enabled=false", EXACT]);
    let shown = two.json(&["policy", "refresh", "--toggle", "Fleet"]);
    let steps: Vec<String> = shown["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| format!("{} {} {}", step["change"], step["member"], step["group"]))
        .collect();
    assert_eq!(shown["applied"], false);
    assert_eq!(
        steps,
        [
            r#""remove" "dora" "mailward\\organization_management""#,
            r#""remove" "rolf" "mailward\\organization_management""#,
            r#""add" "vera" "mailward\\server_management""#,
        ]
    );
    assert!(!may_hold(&pair, "vera"), "nothing was done");
    assert!(told(two, "GroupMemberRemoved").is_empty());

    two.ask(&["policy", "set", "Fleet", "enabled=true"]);
    wait_for("who was put in may", || may_hold(&pair, "vera"));
    wait_for("each who was taken out is an event", || {
        let removed = told(two, "GroupMemberRemoved");
        has(&removed, "dora", "policy Fleet") && has(&removed, "rolf", "policy Fleet")
    });
    assert_eq!(members(two, "organization_management"), ["anna"]);
    // What is stored stays as it is.
    let dora = two.json(&["administrator", "show", "dora"]);
    assert_eq!(dora["spec"]["role_groups"][0], "organization_management");
    let page = two.ask(&["policy", "result"]);
    assert!(
        page.contains("Role groups") && page.contains("+vera by Fleet"),
        "{page}"
    );
    // Nothing is left to be done, and no enforcer is needed for it.
    assert_eq!(
        two.json(&["policy", "refresh"])["steps"],
        serde_json::json!([])
    );

    // Single members; a group in another one; the last word on anna is that she is out.
    let single = r#"restricted_groups=[
        {"group":"mailward\\organization_management","remove":["anna"]},
        {"group":"mailward\\recipient_management","add":["vera"],
         "member_of":["mailward\\server_management"]}]"#;
    two.ask(&["policy", "set", "Fleet", single]);
    wait_for("anna is out", || !may_hold(&pair, "anna"));
    wait_for("by way of another group", || may_hold(&pair, "vera"));
    wait_for("who was taken out before is back", || {
        members(two, "organization_management") == ["dora", "rolf"]
    });
    wait_for("it is told", || {
        has(&told(two, "GroupMemberRemoved"), "anna", "policy Fleet")
    });
    // The break-glass administrator is never taken out.
    two.ask(&["policy-settings", "set", "break_glass_administrator=anna"]);
    wait_for("she is in again", || may_hold(&pair, "anna"));
    two.ask(&["policy-settings", "set", "break_glass_administrator=root"]);
    wait_for("and out", || !may_hold(&pair, "anna"));

    // Two administrators whom a name may mean: refused with both shown, and nobody is taken out.
    two.ask(&[
        "administrator",
        "set",
        "vera@corp.example.test",
        "comment=of the domain",
    ]);
    two.ask(&["policy", "set", "Fleet", EXACT]);
    wait_for("the name is told", || {
        let all = two.events_of("access").into_iter();
        let mut all = all.filter(|event| event["number"] == 5084);
        all.any(|event| {
            let problem = event["fields"]["problem"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            problem.contains("administrator vera, and administrator vera@corp.example.test")
        })
    });
    let (code, said) = two.refused(&["policy", "refresh", "--dry-run"]);
    assert!(code == 1 && said.contains("ambiguous"), "{code} {said}");
    assert!(!may_hold(&pair, "vera"));
    let own = EXACT.replace(r#"["vera"]"#, r#"[".\\vera"]"#);
    two.ask(&["policy", "set", "Fleet", &own]);
    wait_for("named as the one here", || may_hold(&pair, "vera"));

    two.ask(&["policy", "remove", "Fleet"]);
    wait_for("as before", || {
        !may_hold(&pair, "vera") && may_hold(&pair, "anna")
    });
    wait_for("and told as such", || {
        let all = two.events_of("access").into_iter();
        let restored = all.filter(|event| event["name"] == "GroupRestored");
        restored
            .filter(|event| event["fields"]["members"] != Value::Null)
            .count()
            >= 2
    });
    assert!(has(&told(two, "GroupMemberRemoved"), "vera", "no policy"));
    assert_eq!(
        two.json(&["policy", "result"])["result"]["role_groups"],
        serde_json::json!([])
    );
    // A group that Mailward does not have is a slip of whoever typed it.
    let (code, said) = two.refused(&[
        "policy",
        "set",
        "Slip",
        r#"restricted_groups=[{"group":"mailward\\admins","members":[]}]"#,
    ]);
    assert!(
        code == 2 && said.contains(r"mailward\administrators"),
        "{code} {said}"
    );
}
