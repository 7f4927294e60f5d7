//! The plan of one group: told steps, and by chance what holds for every sequence of wishes.

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> AccountName {
    text.parse().unwrap()
}

fn set(names: &[&str]) -> BTreeSet<AccountName> {
    names.iter().map(|text| name(text)).collect()
}

fn group(members: &[&str]) -> Group {
    Group {
        name: name("adm"),
        gid: Some(4),
        members: set(members),
        strange: Vec::new(),
    }
}

fn clear(text: &str) -> Meant {
    Meant {
        name: name(text),
        accounts: Ok(set(&[text])),
    }
}

fn unclear(text: &str) -> Meant {
    Meant {
        name: name(text),
        accounts: Err(Unclear::Nobody),
    }
}

fn exactly(names: Vec<Meant>) -> Wish {
    Wish {
        exact: Some(("P".to_owned(), names)),
        changes: Vec::new(),
    }
}

fn told(plan: &Plan) -> Vec<String> {
    let sign = |step: &Step| match step.change {
        MemberChange::Add => '+',
        MemberChange::Remove => '-',
    };
    plan.steps
        .iter()
        .map(|step| format!("{}{}", sign(step), step.member))
        .collect()
}

fn planned(wish: &Wish, members: &[&str]) -> Plan {
    plan(
        Some(wish),
        &group(members),
        &set(&[]),
        None,
        &AccountName::root(),
    )
}

#[test]
fn exact_members_take_everybody_else_out_but_the_break_glass_administrator() {
    let done = planned(&exactly(vec![clear("anna")]), &["bo", "root", "cy"]);
    assert_eq!(told(&done), ["+anna", "-bo", "-cy"]);
    let done = planned(&exactly(vec![]), &["bo", "root"]);
    assert_eq!(told(&done), ["-bo"]);
    assert_eq!(done.remember.unwrap().members, set(&["bo", "root"]));
}

#[test]
fn while_a_name_is_unclear_nobody_is_taken_out() {
    let done = planned(&exactly(vec![clear("anna"), unclear(r"CORP\bo")]), &["cy"]);
    assert_eq!(told(&done), ["+anna"]);
    assert_eq!(done.troubles[0].0, r"CORP\bo");
    // Nor is what policies did undone: the domain may only be away.
    let before = Before {
        members: set(&[]),
        touched: set(&["bo"]),
    };
    let wish = exactly(vec![unclear(r"CORP\bo")]);
    let done = plan(
        Some(&wish),
        &group(&["bo"]),
        &set(&[]),
        Some(&before),
        &AccountName::root(),
    );
    assert_eq!(told(&done), [""; 0]);
    assert_eq!(done.keep, Some(before));
}

#[test]
fn single_members_leave_the_rest_alone() {
    let change = |change, meant| ("P".to_owned(), change, meant);
    let wish = Wish {
        exact: None,
        changes: vec![
            change(MemberChange::Add, clear("anna")),
            change(MemberChange::Remove, clear("root")),
            change(MemberChange::Remove, unclear("gone")),
            change(MemberChange::Remove, unclear("never")),
            change(MemberChange::Remove, clear("bo")),
        ],
    };
    let done = planned(&wish, &["bo", "cy", "gone", "root"]);
    assert_eq!(told(&done), ["+anna", "-bo", "-gone"]);
    assert_eq!(done.troubles, []);
}

#[test]
fn who_cannot_be_taken_out_is_told() {
    let mut odd = group(&["anna"]);
    odd.strange.push("-R".to_owned());
    let wish = exactly(vec![clear("anna")]);
    let done = plan(Some(&wish), &odd, &set(&["di"]), None, &AccountName::root());
    let told: Vec<&str> = done.troubles.iter().map(|(who, _)| who.as_str()).collect();
    assert_eq!(told, ["di", "-R"]);
    assert_eq!(done.steps, []);
}

const NAMES: [&str; 5] = ["anna", "bo", "cy", "di", "root"];
/// A name means one thing at one time: this one nobody, in every wish.
const GONE: &str = "gone";

fn some_members() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(["anna", "bo", "cy", "di", "root", GONE].to_vec(), 0..=6)
}

fn some_wish() -> impl Strategy<Value = Wish> {
    let meant = || {
        (
            prop::sample::select(NAMES.to_vec()),
            prop::bool::weighted(0.9),
        )
            .prop_map(|(text, is_clear)| match is_clear {
                true => clear(text),
                false => unclear(GONE),
            })
    };
    let change =
        (any::<bool>(), meant()).prop_map(|(is_in, meant)| ("P".to_owned(), change(is_in), meant));
    prop_oneof![
        prop::collection::vec(meant(), 0..4).prop_map(exactly),
        prop::collection::vec(change, 0..4).prop_map(|changes| Wish {
            exact: None,
            changes
        }),
    ]
}

/// Carries a plan out.
fn carry_out(group: &mut Group, plan: &Plan) {
    for step in &plan.steps {
        match step.change {
            MemberChange::Add => group.members.insert(step.member.clone()),
            MemberChange::Remove => group.members.remove(&step.member),
        };
    }
}

proptest! {
    #[test]
    fn what_was_done_is_done_and_what_was_taken_away_brings_back_what_stood(
        start in some_members(),
        wishes in prop::collection::vec(some_wish(), 1..5),
    ) {
        let root = AccountName::root();
        let (mut now, nobody) = (group(&start), set(&[]));
        let mut before: Option<Before> = None;
        for wish in &wishes {
            let had_root = now.members.contains(&root);
            let done = plan(Some(wish), &now, &nobody, before.as_ref(), &root);
            for step in &done.steps {
                prop_assert!(step.change == MemberChange::Add || step.member != root);
                prop_assert!(done.remember.as_ref().unwrap().touched.contains(&step.member));
            }
            carry_out(&mut now, &done);
            before = done.keep;
            let again = plan(Some(wish), &now, &nobody, before.as_ref(), &root);
            prop_assert_eq!(told(&again), Vec::<String>::new());
            if let Some((_, names)) = &wish.exact
                && names.iter().all(|one| one.accounts.is_ok())
            {
                let mut expect: BTreeSet<AccountName> = names.iter().map(|one| one.name.clone()).collect();
                if had_root {
                    expect.insert(root.clone());
                }
                prop_assert_eq!(&now.members, &expect);
            }
        }
        let done = plan(None, &now, &nobody, before.as_ref(), &root);
        carry_out(&mut now, &done);
        prop_assert_eq!(done.keep, None);
        let mut expect = set(&start);
        // Whom a policy put in that is never taken out stays.
        if now.members.contains(&root) {
            expect.insert(root);
        }
        prop_assert_eq!(now.members, expect);
    }
}
