//! Who may administer Mailward besides root and its own user: whom policies name in the restricted
//! group `mailward\\administrators`. Names are looked up again at every change and once a minute, and
//! every request is asked about, so that who is taken out is refused at once.
//!
//! Never here: root and this process's user, who cannot be taken out.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use mailward_events::{Event, Events};
use mailward_model::{Domain, kind::AccountName, policy::ADMINISTRATORS};
use mailward_store::Store;
use nix::unistd::{Group, User};
use parking_lot::RwLock;

/// How often names are looked up anew: accounts and groups of a domain change unheard.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The accounts that policies admit, by number.
#[derive(Debug, Default)]
pub(crate) struct Administrators(RwLock<BTreeSet<u32>>);

impl Administrators {
    /// True for an account that policies admit.
    pub(crate) fn admits(&self, uid: u32) -> bool {
        self.0.read().contains(&uid)
    }

    /// Keeps the accounts current, for as long as the task runs.
    pub(crate) async fn follow(self: Arc<Self>, store: Store, node: Domain, events: Events) {
        let mut revisions = store.subscribe();
        let mut told = BTreeSet::new();
        loop {
            let (reading, node) = (store.clone(), node.clone());
            let found = tokio::task::spawn_blocking(move || {
                let (result, _) = reading.policy_result(&node).ok()?;
                Some(accounts(&result.administrators()))
            });
            // Objects that cannot be read change nothing: the store's monitor says so.
            if let Ok(Some((uids, unclear))) = found.await {
                *self.0.write() = uids;
                for name in unclear.difference(&told) {
                    events.emit(Event::GroupMemberUnclear {
                        group: ADMINISTRATORS.to_owned(),
                        member: name.to_string(),
                        problem: "no account and no group of this host has this name".to_owned(),
                    });
                }
                told = unclear;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                changed = revisions.changed() => if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// The numbers of these accounts, and of the members of these groups; and the names that are neither.
fn accounts(names: &[AccountName]) -> (BTreeSet<u32>, BTreeSet<AccountName>) {
    let uid = |name: &str| match User::from_name(name) {
        Ok(Some(user)) => Some(user.uid.as_raw()),
        Ok(None) | Err(_) => None,
    };
    let (mut uids, mut unclear) = (BTreeSet::new(), BTreeSet::new());
    for name in names {
        let asked = name.local().unwrap_or(name.as_str());
        match (uid(asked), Group::from_name(asked)) {
            (Some(uid), _) => drop(uids.insert(uid)),
            (None, Ok(Some(group))) => uids.extend(group.mem.iter().filter_map(|name| uid(name))),
            (None, Ok(None) | Err(_)) => drop(unclear.insert(name.clone())),
        }
    }
    (uids, unclear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_accounts_or_groups_of_the_host() {
        let name = |text: &str| text.parse::<AccountName>().unwrap();
        let (uids, unclear) = accounts(&[
            name(r".\root"),
            name("nobody-of-this-name"),
            name("*S-1-5-32-544"),
        ]);
        assert!(uids.contains(&0));
        assert_eq!(unclear.len(), 2);
    }
}
