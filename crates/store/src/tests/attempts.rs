//! The store against a model of it: random batches are taken exactly where the model takes them.

use std::collections::BTreeMap;

use mailward_model::{Kind, Revision, Spec};
use proptest::{prelude::*, test_runner::TestRunner};

use super::contract::mailbox;
use crate::{Change, Kept, Store};

/// What a writer may try on one of a few names.
#[derive(Debug, Clone, Copy)]
enum Try {
    Create,
    Replace { stale: bool },
    RenameTo(u8),
    Remove { stale: bool },
}

fn attempts() -> impl Strategy<Value = Vec<Vec<(u8, Try, u8)>>> {
    let attempt = prop_oneof![
        Just(Try::Create),
        any::<bool>().prop_map(|stale| Try::Replace { stale }),
        (0..4u8).prop_map(Try::RenameTo),
        any::<bool>().prop_map(|stale| Try::Remove { stale }),
    ];
    prop::collection::vec(
        prop::collection::vec((0..4u8, attempt, 0..6u8), 1..4),
        1..12,
    )
}

/// Against a model of names and addresses: a batch is taken exactly where the model takes each of its
/// changes and no address ends up with two owners, and then both say the same. `make` opens a new
/// store.
pub(super) fn does_what_its_model_does(cases: u32, make: impl Fn() -> Store) {
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&attempts(), |batches| {
        let store = make();
        let mut kept = Kept::new(store.clone());
        let mut model: BTreeMap<String, String> = BTreeMap::new();
        for batch in batches {
            let mut next = model.clone();
            let mut touched = std::collections::BTreeMap::new();
            let mut changes = Vec::new();
            let mut sound = true;
            for (name, attempt, local) in batch {
                let name = format!("n{name}");
                let local = format!("l{local}");
                // The revision that a writer saw before the batch; 0 is one nobody saw.
                let origin = touched.get(&name).cloned().unwrap_or_else(|| name.clone());
                let base = store
                    .get(Kind::Mailbox, &origin)
                    .unwrap()
                    .map_or(Revision(0), |o| o.revision);
                let created_here = next.contains_key(&name)
                    && (!model.contains_key(&origin)
                        || touched.get(&name).is_some_and(|o| o == "new"));
                let stale = |stale: bool| if stale { Revision(0) } else { base };
                match attempt {
                    Try::Create => {
                        sound &= !next.contains_key(&name);
                        changes.push(Change::create(name.clone(), mailbox(&local)));
                        next.insert(name.clone(), local);
                        touched.insert(name, "new".to_owned());
                    }
                    Try::Replace { stale: old } => {
                        sound &= next.contains_key(&name) && !old && !created_here;
                        changes.push(Change::Replace {
                            name: name.clone(),
                            base: stale(old),
                            spec: mailbox(&local),
                        });
                        next.insert(name, local);
                    }
                    Try::RenameTo(to) => {
                        let to = format!("n{to}");
                        sound &= next.contains_key(&name)
                            && !created_here
                            && (to == name || !next.contains_key(&to));
                        changes.push(Change::Rename {
                            kind: Kind::Mailbox,
                            name: name.clone(),
                            base,
                            to: to.clone(),
                        });
                        if let Some(local) = next.remove(&name) {
                            next.insert(to.clone(), local);
                        }
                        touched.remove(&name);
                        touched.insert(to, origin);
                    }
                    Try::Remove { stale: old } => {
                        sound &= next.contains_key(&name) && !old && !created_here;
                        changes.push(Change::Remove {
                            kind: Kind::Mailbox,
                            name: name.clone(),
                            base: stale(old),
                        });
                        next.remove(&name);
                        touched.remove(&name);
                    }
                }
            }
            let mut owners: Vec<_> = next.values().collect();
            owners.sort();
            let unique = owners.windows(2).all(|pair| pair[0] != pair[1]);
            let result = store.apply(changes.clone(), "x");
            prop_assert_eq!(
                result.is_ok(),
                sound && unique,
                "{:?} {:?}",
                changes,
                result
            );
            if result.is_ok() {
                model = next;
            }
            let stored: BTreeMap<String, String> = store
                .list(Kind::Mailbox)
                .unwrap()
                .into_iter()
                .map(|o| {
                    let Spec::Mailbox(m) = o.spec else {
                        unreachable!()
                    };
                    (o.name, m.address.local().to_owned())
                })
                .collect();
            prop_assert_eq!(&stored, &model);
            // Whoever keeps the objects and follows has what whoever reads everything has.
            let at = kept.look().unwrap();
            let (mut looked, mut all) = (kept.objects().to_vec(), store.all_at().unwrap());
            looked.sort_by_key(|object| object.id);
            all.0.sort_by_key(|object| object.id);
            prop_assert_eq!((looked, at), all);
        }
        Ok(())
    });
    outcome.unwrap();
}
