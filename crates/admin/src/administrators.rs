//! Who may administer Mailward: whom policies put into its own groups. Of `mailward\administrators`, who
//! may on this node besides root and its own user, the accounts are looked up on the host; of role
//! groups the objects say who there is. Looked at at every change, at every refresh and once a minute;
//! every request is asked about, so that who is taken out is refused at once.
//!
//! Never here: root and this process's user, who cannot be taken out.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use mailward_api::view::{GroupTrouble, PolicyRefreshed};
use mailward_events::{Event, Events};
use mailward_host::accounts::{self, ToolError};
use mailward_model::{
    Domain, Revision,
    kind::AccountName,
    policy::{
        self, GroupHolding, MemberChange, OwnGroup, PolicyPart, PolicyResult,
        account::{Account, Candidate, Group, Unclear, resolve},
        membership::{Meant, Wish, plan},
    },
};
use mailward_store::{Store, Turn};
use parking_lot::RwLock;
use tokio::sync::Mutex;

use crate::own_groups::{self, Kept, Made, OwnGroups};

/// How often names are looked up anew: accounts and groups of a domain change unheard.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Names that are looked up in one look.
const NAMES_MAX: usize = 1_000;
/// What of policies is kept here.
const PARTS: [PolicyPart; 1] = [PolicyPart::OwnGroups];

/// Who may administer, as policies have it.
pub(crate) struct Administrators {
    store: Store,
    node: Domain,
    events: Events,
    kept: Kept,
    /// The accounts that policies admit on this node, by number.
    uids: RwLock<BTreeSet<u32>>,
    /// What was told; one looks at a time.
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// What policies made of the groups at the last look; none before the first one.
    groups: Option<OwnGroups>,
    /// What they came to then, by the objects of this revision.
    read: Option<(PolicyResult, Revision)>,
    troubles: BTreeSet<(String, String)>,
}

/// What one look found.
struct Looked {
    result: PolicyResult,
    revision: Revision,
    groups: OwnGroups,
    troubles: Vec<GroupTrouble>,
    uids: BTreeSet<u32>,
}

impl Administrators {
    /// For these objects; `kept` is the file of what was told.
    pub(crate) fn new(store: Store, node: Domain, events: Events, kept: PathBuf) -> Self {
        Administrators {
            store,
            node,
            events,
            kept: Kept(kept),
            uids: RwLock::default(),
            told: Mutex::default(),
        }
    }

    /// True for an account that policies admit on this node.
    pub(crate) fn admits(&self, uid: u32) -> bool {
        self.uids.read().contains(&uid)
    }

    /// Keeps all of it current, for as long as the task runs.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut turns = self.store.turns();
        let mut turn = Turn::Begun;
        loop {
            // What cannot be read or asked changes nothing, and is told.
            let _ = self.look(turn).await;
            turn = tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => Turn::Refresh,
                turn = turns.next() => match turn {
                    Some(turn) => turn,
                    None => return,
                },
            };
        }
    }

    /// What policies would make of Mailward's own groups now, or have made of them.
    ///
    /// # Errors
    /// In a sentence: why it cannot be told.
    pub(crate) async fn refresh(
        &self,
        dry_run: bool,
        toggle: Option<&str>,
    ) -> Result<(PolicyRefreshed, PolicyResult), String> {
        let (steps, looked) = if dry_run || toggle.is_some() {
            let looked = Looked::of(self.read(toggle).await?).await?;
            let told = self.told.lock().await;
            let before = told.groups.clone().unwrap_or_default();
            (before.steps(&looked.groups, &looked.result), looked)
        } else {
            self.look(Turn::Found).await?
        };
        let own = looked.result.groups.iter();
        let own = own.filter(|one| policy::own(&one.group).is_some());
        let view = PolicyRefreshed {
            applied: !(dry_run || toggle.is_some()),
            steps,
            groups: own.count() as u64,
            troubles: looked.troubles,
        };
        Ok((view, looked.result))
    }

    /// Looks, puts what was found in force, and tells what is new about it.
    async fn look(
        &self,
        turn: Turn,
    ) -> Result<(Vec<mailward_api::view::GroupStep>, Looked), String> {
        let mut told = self.told.lock().await;
        // Accounts of the host change unheard, objects do not.
        let now = self.store.revision();
        let known = told.read.take();
        let known = known.filter(|(_, revision)| !turn.is_due() && *revision == now);
        let looked = async {
            let read = match known {
                Some(known) => known,
                None => self.read(None).await?,
            };
            Looked::of(read).await
        };
        let looked = match looked.await {
            Ok(looked) => looked,
            Err(error) => {
                let revision = self.store.revision();
                self.store
                    .note_refresh(&PARTS, turn, revision, Err(error.clone()));
                self.events.emit(Event::GroupsFailing {
                    error: error.clone(),
                });
                return Err(error);
            }
        };
        self.uids.write().clone_from(&looked.uids);
        let troubles: BTreeSet<(String, String)> = looked
            .troubles
            .iter()
            .map(|one| (one.group.clone(), one.member.clone()))
            .collect();
        for one in &looked.troubles {
            if !told
                .troubles
                .contains(&(one.group.clone(), one.member.clone()))
            {
                self.events.emit(Event::GroupMemberUnclear {
                    group: one.group.clone(),
                    member: one.member.clone(),
                    problem: one.problem.clone(),
                });
            }
        }
        told.troubles = troubles;
        let before = match told.groups.take() {
            Some(before) => Some(before),
            None => self.kept.load(),
        };
        let steps = match &before {
            Some(before) => before.steps(&looked.groups, &looked.result),
            // Nothing is known of what was before: it is taken as it is.
            None => OwnGroups::default().steps(&looked.groups, &looked.result),
        };
        for event in own_groups::events(&steps) {
            self.events.emit(event);
        }
        if before.as_ref() != Some(&looked.groups) {
            self.keep(&looked.groups);
        }
        told.groups = Some(looked.groups.clone());
        told.read = Some((looked.result.clone(), looked.revision));
        self.store
            .note_refresh(&PARTS, turn, looked.revision, Ok(()));
        Ok((steps, looked))
    }

    fn keep(&self, groups: &OwnGroups) {
        // Without the file the next process tells again what is told already.
        if let Err(error) = self.kept.save(groups) {
            self.events.emit(Event::StateFileFailing {
                path: self.kept.path().display().to_string(),
                error: error.to_string(),
            });
        }
    }

    /// What policies come to now; as if `toggle` were enabled, or were not where it is.
    async fn read(&self, toggle: Option<&str>) -> Result<(PolicyResult, Revision), String> {
        let (store, node) = (self.store.clone(), self.node.clone());
        let toggle = toggle.map(str::to_owned);
        let read = tokio::task::spawn_blocking(move || {
            let (mut objects, revision) = store.settings().map_err(|error| error.to_string())?;
            if let Some(name) = toggle
                && !policy::toggle(&mut objects, &name)
            {
                return Err(format!("there is no policy {name:?}"));
            }
            Ok((policy::in_force(objects, &node).result, revision))
        });
        read.await.map_err(|error| error.to_string())?
    }
}

impl Looked {
    /// What the policies come to on this host as it is now.
    async fn of((result, revision): (PolicyResult, Revision)) -> Result<Looked, String> {
        let (mut groups, mut troubles) = OwnGroups::of_roles(&result);
        let mut uids = BTreeSet::new();
        if let Some(holding) = result.own_group(OwnGroup::Administrators) {
            let here = OnHost::of(holding).await;
            let here = here.map_err(|error| mailward_events::chain(&error))?;
            if !here.made.is_empty() {
                groups.0.insert(OwnGroup::Administrators.name(), here.made);
            }
            troubles.extend(here.troubles);
            uids = here.uids;
        }
        Ok(Looked {
            result,
            revision,
            groups,
            troubles,
            uids,
        })
    }
}

/// Those of the host who may administer it.
#[derive(Default)]
struct OnHost {
    made: BTreeMap<AccountName, Made>,
    uids: BTreeSet<u32>,
    troubles: Vec<GroupTrouble>,
    /// The numbers of each account that a name was found to mean.
    numbers: BTreeMap<AccountName, BTreeSet<u32>>,
    domains: Vec<String>,
    asked: usize,
}

impl OnHost {
    /// Looks up everybody whom policies name.
    async fn of(holding: &GroupHolding) -> Result<OnHost, ToolError> {
        let mut here = OnHost {
            domains: accounts::domains(),
            ..OnHost::default()
        };
        let mut meant = Vec::new();
        for name in holding.names() {
            meant.push(here.meant(name).await?);
        }
        let wish = Wish::of(holding, meant);
        // Nobody is in it but by a policy, and nobody is in it who cannot be taken out.
        let nobody = Group::own(holding.group.clone(), BTreeSet::new());
        let planned = plan(
            Some(&wish),
            &nobody,
            &BTreeSet::new(),
            None,
            &AccountName::root(),
        );
        for (member, problem) in planned.troubles {
            here.trouble(&member, problem);
        }
        for step in planned.steps {
            if step.change == MemberChange::Remove {
                continue;
            }
            let numbers = here.numbers.get(&step.member).cloned().unwrap_or_default();
            match (numbers.first(), numbers.len()) {
                (Some(uid), 1) => drop(here.uids.insert(*uid)),
                // The host's own and a domain's, both named with what tells them apart.
                _ => {
                    let problem = format!("it is {} accounts; name one of them", numbers.len());
                    here.trouble(step.member.as_str(), problem);
                    continue;
                }
            }
            let made = Made {
                change: step.change,
                policy: step.policy,
                because: step.because.to_owned(),
            };
            here.made.insert(step.member, made);
        }
        Ok(here)
    }

    fn trouble(&mut self, member: &str, problem: String) {
        self.troubles.push(GroupTrouble {
            group: OwnGroup::Administrators.name(),
            member: member.to_owned(),
            problem,
        });
    }

    /// Whom a name means: an account, or the members of a group.
    async fn meant(&mut self, name: &AccountName) -> Result<Meant, ToolError> {
        let candidates = self.candidates(name).await?;
        let accounts = match resolve(name, &candidates) {
            Err(unclear) => Err(unclear),
            Ok(one) => match one.uid {
                Some(uid) => {
                    self.number(&one.accounts, uid);
                    Ok(one.accounts.clone())
                }
                None => Ok(self.members(&one.accounts).await?),
            },
        };
        Ok(Meant {
            name: name.clone(),
            accounts,
        })
    }

    /// The members of a group whose accounts are clear; the others are told.
    async fn members(
        &mut self,
        names: &BTreeSet<AccountName>,
    ) -> Result<BTreeSet<AccountName>, ToolError> {
        let mut members = BTreeSet::new();
        for name in names {
            let candidates = self.candidates(name).await?;
            match resolve(name, &candidates) {
                Ok(Candidate {
                    accounts,
                    uid: Some(uid),
                    ..
                }) => {
                    self.number(accounts, *uid);
                    members.extend(accounts.iter().cloned());
                }
                // A group in a group: Linux has none.
                Ok(_) => self.trouble(name.as_str(), Unclear::Nobody.to_string()),
                Err(unclear) => self.trouble(name.as_str(), unclear.to_string()),
            }
        }
        Ok(members)
    }

    fn number(&mut self, accounts: &BTreeSet<AccountName>, uid: u32) {
        for account in accounts {
            self.numbers.entry(account.clone()).or_default().insert(uid);
        }
    }

    async fn candidates(&mut self, name: &AccountName) -> Result<Vec<Candidate>, ToolError> {
        self.asked += 1;
        if name.sid().is_some() || self.asked > NAMES_MAX {
            return Ok(Vec::new());
        }
        let asked = name.local().unwrap_or(name.as_str());
        let is_account =
            |line: &str| Account::parse(line).is_none_or(|account| account.answers(asked));
        let mut candidates = Vec::new();
        for found in accounts::find(asked, &self.domains, is_account).await? {
            let (account, group) = (found.account.as_deref(), found.group.as_deref());
            let read = Candidate::read(asked, &found.source, account, group);
            candidates.extend(read.map_err(|line| ToolError::unreadable(&line))?);
        }
        Ok(candidates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> AccountName {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn names_are_accounts_or_groups_of_the_host() {
        let holding = GroupHolding {
            group: name(policy::ADMINISTRATORS),
            members: Some(vec![
                name(r".\root"),
                name("nobody-of-this-name"),
                name("*S-1-5-32-544"),
            ]),
            from: "P".to_owned(),
            changes: Vec::new(),
            lost: Vec::new(),
        };
        let here = OnHost::of(&holding).await.unwrap();
        assert_eq!(here.uids, BTreeSet::from([0]));
        let told: Vec<&str> = here
            .troubles
            .iter()
            .map(|one| one.member.as_str())
            .collect();
        assert_eq!(told, ["nobody-of-this-name", "*S-1-5-32-544"]);
        assert_eq!(here.made[&name("root")].policy, "P");
    }
}
