//! The groups of this host kept as policies say: at every change of what they come to, at a refresh
//! every 90 minutes and a little, and once in a while everything anew.
//!
//! A turn asks the host who is in each group and whom each name means, works out what is to be done
//! ([`plan`], pure), notes what stands there now, and has the system's own tools do it.
//! Never here: a file of accounts or groups opened for writing.

mod memory;
mod tool;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    time::Duration,
};

use mailward_api::view::{GroupStep, GroupTrouble, PolicyRefreshed};
use mailward_events::{Event, Events};
use mailward_host::{
    accounts::{self, ToolError},
    clock::Clock,
};
use mailward_model::{
    Domain, Revision,
    kind::AccountName,
    policy::{
        self, AGAIN_AFTER, GroupHolding, MemberChange, PolicyPart,
        account::resolve,
        membership::{Meant, Plan, Step, Wish, plan},
    },
};
use mailward_store::{Store, Turn, Turns};
use tokio::sync::{mpsc, oneshot};

use self::memory::{Memory, Remembered};

/// Questions that wait.
const ASKS_MAX: usize = 8;
/// Names that are looked up in one turn.
const NAMES_MAX: usize = 5_000;

/// A question to the one who keeps the groups.
struct Ask {
    dry_run: bool,
    toggle: Option<String>,
    answer: oneshot::Sender<Result<PolicyRefreshed, String>>,
}

/// Where the one who keeps the groups is asked.
#[derive(Debug, Clone)]
pub struct GroupsDesk(mpsc::Sender<Ask>);

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask")
            .field("dry_run", &self.dry_run)
            .finish()
    }
}

impl GroupsDesk {
    /// Has the groups made what policies say, or what that would be told.
    ///
    /// # Errors
    /// In a sentence: why nothing is known or done.
    pub async fn refresh(
        &self,
        dry_run: bool,
        toggle: Option<String>,
    ) -> Result<PolicyRefreshed, String> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask {
            dry_run: dry_run || toggle.is_some(),
            toggle,
            answer,
        };
        let gone = || "the groups are not kept any more".to_owned();
        self.0.send(ask).await.map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// The groups of this host.
pub struct Groups {
    store: Store,
    node: Domain,
    memory: Memory,
    events: Events,
    /// Groups that may be changed; every one where unset.
    only: Option<Vec<String>>,
    asks: mpsc::Receiver<Ask>,
    desk: GroupsDesk,
}

/// What policies come to, as far as groups care.
struct Wanted {
    groups: Vec<GroupHolding>,
    spared: AccountName,
    /// The objects of which this is true.
    revision: Revision,
}

/// What is owed to the groups by the one who keeps them.
struct Owed {
    turn: Turn,
    /// When it is tried, by a clock that never goes back.
    at: Duration,
}

impl Groups {
    /// The groups of the host of this node. `dir` is the folder of what stood before, root's own.
    pub fn new(
        store: Store,
        node: Domain,
        dir: PathBuf,
        events: Events,
        only: Option<Vec<String>>,
    ) -> Groups {
        let (sender, asks) = mpsc::channel(ASKS_MAX);
        Groups {
            store,
            node,
            memory: Memory::new(dir),
            events,
            only,
            asks,
            desk: GroupsDesk(sender),
        }
    }

    /// Where questions are put.
    pub fn desk(&self) -> GroupsDesk {
        self.desk.clone()
    }

    /// Keeps the groups for as long as the role runs.
    pub async fn keep(mut self, clock: &dyn Clock) {
        let mut turns = self.store.turns();
        let mut known: Option<Wanted> = None;
        let mut owed = Some(Owed {
            turn: Turn::Begun,
            at: Duration::ZERO,
        });
        loop {
            let now = clock.monotonic();
            if let Some(due) = owed.take_if(|owed| owed.at <= now) {
                let (looked, done) = self.look_anew(due.turn, known.as_ref()).await;
                known = looked.or(known);
                if done.is_err() {
                    owed = Some(Owed {
                        turn: again(due.turn),
                        at: clock.monotonic() + AGAIN_AFTER,
                    });
                }
            }
            self.next(&mut turns, &mut owed, clock).await;
        }
    }

    /// Waits for the next turn, or answers the next question.
    async fn next(&mut self, turns: &mut Turns, owed: &mut Option<Owed>, clock: &dyn Clock) {
        let now = clock.monotonic();
        let wait = owed.as_ref().map(|owed| owed.at.saturating_sub(now));
        let made_up_for = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = made_up_for => {}
            turn = turns.next() => match turn {
                // What is owed from before is not forgotten over another turn.
                Some(turn) => {
                    let turn = match owed.take() {
                        Some(before) if !turn.is_whole() => again(before.turn),
                        _ => turn,
                    };
                    *owed = Some(Owed { turn, at: now });
                }
                // The store is closed: the role is on its way out.
                None => std::future::pending().await,
            },
            Some(ask) = self.asks.recv() => {
                let answer = match self.wanted(ask.toggle.as_deref()) {
                    Ok(wanted) => self.turn(&wanted, ask.dry_run, false).await,
                    Err(error) => Err(error),
                };
                // Who does not wait any more is told nothing.
                let _ = ask.answer.send(answer);
            }
        }
    }

    /// Looks at what policies say, and makes the groups so where they say something else than before,
    /// or where it is time. What they say, and whether it was done.
    async fn look_anew(
        &self,
        turn: Turn,
        known: Option<&Wanted>,
    ) -> (Option<Wanted>, Result<(), String>) {
        const PARTS: [PolicyPart; 1] = [PolicyPart::HostGroups];
        let wanted = match self.wanted(None) {
            Ok(wanted) => wanted,
            Err(error) => {
                self.failing(&error);
                let revision = self.store.revision();
                self.store
                    .note_refresh(&PARTS, turn, revision, Err(error.clone()));
                return (None, Err(error));
            }
        };
        // A change of something else says nothing of groups: then the host is not asked.
        let same = |known: &Wanted| known.groups == wanted.groups && known.spared == wanted.spared;
        let is_same = turn == Turn::Changed && known.is_some_and(same);
        let done = match is_same {
            true => Ok(()),
            false => self.turn(&wanted, false, turn.is_whole()).await.map(drop),
        };
        self.store
            .note_refresh(&PARTS, turn, wanted.revision, done.clone());
        (Some(wanted), done)
    }

    fn failing(&self, error: &str) {
        self.events.emit(Event::GroupsFailing {
            error: error.to_owned(),
        });
    }

    /// What policies come to now; as if `toggle` were enabled, or were not where it is.
    fn wanted(&self, toggle: Option<&str>) -> Result<Wanted, String> {
        let (mut objects, revision) = self.store.settings().map_err(|error| error.to_string())?;
        if let Some(name) = toggle
            && !policy::toggle(&mut objects, name)
        {
            return Err(format!("there is no policy {name:?}"));
        }
        let result = policy::in_force(objects, &self.node).result;
        Ok(Wanted {
            groups: result.host_groups().cloned().collect(),
            spared: result.break_glass_administrator,
            revision,
        })
    }

    /// Works out what is to be done, and does it unless it is only asked. `anew` puts in also who is
    /// in already: a tool then mends what only it can see, such as the list of shadowed groups.
    async fn turn(
        &self,
        wanted: &Wanted,
        dry_run: bool,
        anew: bool,
    ) -> Result<PolicyRefreshed, String> {
        let mut remembered = match self.memory.load() {
            Ok(remembered) => remembered,
            Err(error) => {
                self.events.emit(Event::GroupMemoryUnusable {
                    file: self.memory.path().display().to_string(),
                    error: error.to_string(),
                });
                self.memory.set_aside();
                Remembered::new()
            }
        };
        let mut view = PolicyRefreshed {
            applied: !dry_run,
            groups: wanted.groups.len() as u64,
            ..PolicyRefreshed::default()
        };
        if wanted.groups.is_empty() && remembered.is_empty() {
            return Ok(view);
        }
        let looked = self.look(wanted, &remembered, &mut view).await;
        let plans = looked.map_err(|error| {
            let error = error.to_string();
            if !dry_run {
                self.failing(&error);
            }
            error
        })?;
        if dry_run {
            for (group, plan) in &plans {
                view.steps
                    .extend(plan.steps.iter().map(|step| told(group, step)));
            }
            return Ok(view);
        }
        for trouble in &view.troubles {
            self.events.emit(Event::GroupMemberUnclear {
                group: trouble.group.clone(),
                member: trouble.member.clone(),
                problem: trouble.problem.clone(),
            });
        }
        self.carry_out(plans, &mut remembered, anew, &mut view)
            .await?;
        Ok(view)
    }

    /// Asks the host, and plans every group that policies speak of, or spoke of.
    async fn look(
        &self,
        wanted: &Wanted,
        remembered: &Remembered,
        view: &mut PolicyRefreshed,
    ) -> Result<Vec<(AccountName, Plan)>, ToolError> {
        let own = tool::own_accounts().await?;
        let mut host = Host::default();
        let mut plans = Vec::new();
        let spoken: BTreeMap<&str, &GroupHolding> = wanted
            .groups
            .iter()
            .map(|one| (one.group.as_str(), one))
            .collect();
        let names: BTreeSet<&str> = spoken
            .keys()
            .copied()
            .chain(remembered.keys().map(String::as_str))
            .collect();
        for name in names {
            let holding = spoken.get(name).copied();
            let mut trouble = |member: &str, problem: String| {
                view.troubles.push(GroupTrouble {
                    group: name.to_owned(),
                    member: member.to_owned(),
                    problem,
                });
            };
            if let Some(only) = self.only.as_ref().filter(|_| holding.is_some())
                && !only.iter().any(|allowed| allowed == name)
            {
                let list = only.join(", ");
                trouble(
                    name,
                    format!("`groups` in mailward.toml lets policies change {list} and no other"),
                );
                continue;
            }
            let is_sound = name.parse::<AccountName>().is_ok_and(|name| name.is_bare());
            let found = match is_sound {
                true => tool::own_group(name).await?,
                false => None,
            };
            let Some(group) = found else {
                trouble(name, "it is no group of this host itself; groups of domains are the domain's to change".to_owned());
                continue;
            };
            let wish = match holding {
                Some(holding) => Some(host.wish(holding).await?),
                None => None,
            };
            let primary: BTreeSet<AccountName> = own
                .iter()
                .filter(|account| Some(account.gid) == group.gid)
                .map(|account| account.name.clone())
                .collect();
            let before = remembered.get(name);
            let plan = plan(wish.as_ref(), &group, &primary, before, &wanted.spared);
            for (member, problem) in &plan.troubles {
                trouble(member, problem.clone());
            }
            plans.push((group.name, plan));
        }
        Ok(plans)
    }

    /// Notes what stands there, does what is planned, and notes what is left to be brought back.
    async fn carry_out(
        &self,
        plans: Vec<(AccountName, Plan)>,
        remembered: &mut Remembered,
        anew: bool,
        view: &mut PolicyRefreshed,
    ) -> Result<(), String> {
        let before = remembered.clone();
        for (group, plan) in &plans {
            if let Some(memory) = &plan.remember {
                remembered.insert(group.to_string(), memory.clone());
            }
        }
        // Before the first change: what is not noted could not be brought back.
        self.note(remembered, &before)?;
        let noted = remembered.clone();
        let mut failed = None;
        for (group, plan) in plans {
            let mut restored = Vec::new();
            let mut is_done = true;
            for step in &plan.steps {
                match tool::change(&group, &step.member, step.change).await {
                    Ok(()) => {
                        self.tell(&group, step);
                        if step.policy.is_empty() {
                            let sign = match step.change {
                                MemberChange::Add => '+',
                                MemberChange::Remove => '-',
                            };
                            restored.push(format!("{sign}{}", step.member));
                        }
                        view.steps.push(told(&group, step));
                    }
                    Err(error) => {
                        is_done = false;
                        self.failing(&error.to_string());
                        view.troubles.push(GroupTrouble {
                            group: group.to_string(),
                            member: step.member.to_string(),
                            problem: error.to_string(),
                        });
                        failed = Some(error.to_string());
                    }
                }
            }
            if !restored.is_empty() {
                self.events.emit(Event::GroupRestored {
                    group: group.to_string(),
                    members: restored.into(),
                });
            }
            for member in plan.standing.iter().filter(|_| anew) {
                if let Err(error) = tool::change(&group, member, MemberChange::Add).await {
                    self.failing(&error.to_string());
                    failed = Some(error.to_string());
                }
            }
            // What could not be undone is tried again.
            match plan.keep {
                _ if !is_done => {}
                Some(keep) => drop(remembered.insert(group.to_string(), keep)),
                None => drop(remembered.remove(group.as_str())),
            }
        }
        self.note(remembered, &noted)?;
        // Somebody who asked is told each in the view; the keeper has to come back.
        match failed.filter(|_| view.steps.is_empty()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn note(&self, remembered: &Remembered, known: &Remembered) -> Result<(), String> {
        if remembered == known {
            return Ok(());
        }
        self.memory.save(remembered).map_err(|error| {
            let error = format!("what stands in groups cannot be noted: {error}");
            self.failing(&error);
            error
        })
    }

    fn tell(&self, group: &AccountName, step: &Step) {
        self.events.emit(Event::group_member(
            step.change,
            group.to_string(),
            step.member.to_string(),
            &step.policy,
            step.because.to_owned(),
        ));
    }
}

/// What is known of names in one turn; each is asked for once.
#[derive(Default)]
struct Host {
    domains: Option<Vec<String>>,
    known: HashMap<AccountName, Meant>,
}

impl Host {
    async fn wish(&mut self, holding: &GroupHolding) -> Result<Wish, ToolError> {
        let mut meant = Vec::new();
        for name in holding.names() {
            meant.push(self.meant(name).await?);
        }
        Ok(Wish::of(holding, meant))
    }

    async fn meant(&mut self, name: &AccountName) -> Result<Meant, ToolError> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let mut candidates = Vec::new();
        if name.sid().is_none() && self.known.len() < NAMES_MAX {
            let domains = self.domains.get_or_insert_with(accounts::domains);
            let asked = name.local().unwrap_or(name.as_str());
            candidates = tool::candidates(asked, domains).await?;
        }
        let meant = Meant {
            name: name.clone(),
            accounts: resolve(name, &candidates).map(|one| one.accounts.clone()),
        };
        self.known.insert(name.clone(), meant.clone());
        Ok(meant)
    }
}

fn told(group: &AccountName, step: &Step) -> GroupStep {
    GroupStep {
        group: group.to_string(),
        member: step.member.to_string(),
        change: step.change,
        policy: step.policy.clone(),
        because: step.because.to_owned(),
    }
}

/// The turn that makes up for one that failed.
fn again(turn: Turn) -> Turn {
    match turn.is_whole() {
        true => Turn::Reapply,
        false => Turn::Found,
    }
}
