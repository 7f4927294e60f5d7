//! Whatever a directory says, what is planned is sound, touches nobody else's, and is done in one step.

use mailward_ldap::Entry;
use mailward_model::{Object, Revision};
use mailward_store::{Mark, check};
use proptest::prelude::*;

use super::{applied, own_mailbox, planned, planned_with, source};
use crate::sync::{index::Index, picture::Picture};

pub(super) fn entries() -> impl Strategy<Value = Picture> {
    let entry = (0..8_u8, 0..6_u8, 0..6_u8, 0..4_u8, any::<bool>(), 0..8_u8).prop_map(
        |(id, name, address, kind, disabled, member)| {
            let dn = format!("CN=n{id},DC=example,DC=org");
            let (cn, mail) = (format!("n{name}"), format!("a{address}@example.org"));
            let class = if kind == 0 { "group" } else { "user" };
            let mut entry = Entry::new(&dn, [("objectClass", class), ("cn", cn.as_str())]);
            if kind != 1 {
                entry.add("mail", vec![mail.into_bytes()]);
            }
            if kind == 2 {
                entry.add("targetAddress", vec![b"SMTP:far@example.net".to_vec()]);
            }
            entry.add(
                "proxyAddresses",
                vec![format!("smtp:a{member}@example.org").into_bytes()],
            );
            entry.add(
                "member",
                vec![format!("cn=n{member},dc=example,dc=org").into_bytes()],
            );
            let control = if disabled { "514" } else { "512" };
            entry.add("userAccountControl", vec![control.as_bytes().to_vec()]);
            (format!("{id}"), entry)
        },
    );
    proptest::collection::vec(entry, 0..10).prop_map(|all| all.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_plan_is_sound_and_done_once(first in entries(), second in entries()) {
        let source = source();
        let own = own_mailbox("n0", "a0@example.net");
        let mut objects = vec![own.clone()];
        for all in [first, second] {
            let plan = planned(&source, &all, &objects);
            let after = applied(&objects, &plan);
            // Of a circle the store tells, and the sync leaves out what it names.
            let broken: Vec<_> = check::all(&after)
                .into_iter()
                .filter(|error| !error.error.problem.contains("closes a circle"))
                .collect();
            prop_assert!(broken.is_empty(), "{broken:?}");
            prop_assert!(after.contains(&own), "what is not the directory's is left alone");
            for entry in &plan.gone {
                let wanted = all.get(entry).is_none_or(|(_, entry)| entry.first("mail").is_none());
                prop_assert!(wanted, "{entry} went though it is there");
            }
            prop_assert!(planned(&source, &all, &after).import.changes.is_empty(), "it settles");
            objects = after;
        }
    }

    #[test]
    fn what_is_remembered_changes_no_plan(pictures in proptest::collection::vec(entries(), 1..6)) {
        let source = source();
        let mut objects = vec![own_mailbox("n0", "a0@example.net")];
        let (mut known, mut revision) = (Index::default(), 1);
        // Each picture twice: what has just been put in force is what is remembered.
        for all in pictures.iter().flat_map(|all| [all, all]) {
            let mut plan = planned_with(&source, all, &objects, &known);
            let fresh = planned(&source, all, &objects);
            prop_assert_eq!(&plan.import.changes, &fresh.import.changes);
            prop_assert_eq!(&plan.left_out, &fresh.left_out);
            prop_assert_eq!(&plan.gone, &fresh.gone);
            prop_assert_eq!(plan.recipients, fresh.recipients);
            revision += 1;
            objects = written(&objects, applied(&objects, &plan), Revision(revision));
            known.begin(std::mem::take(&mut plan.nodes), Mark::default());
        }
    }
}

/// What was written has a revision of its own, as in the store.
fn written(before: &[Object], after: Vec<Object>, revision: Revision) -> Vec<Object> {
    let mut after = after;
    for object in &mut after {
        if !before.contains(object) {
            object.revision = revision;
        }
    }
    after
}
