//! Policies: what they come to, their last change taken back, the host's groups kept by the enforcer,
//! and the files of Windows' group policies.

use std::{collections::HashMap, time::Duration};

use mailward_api::{
    control::{ControlRequest, Role},
    fault::{Fault, FaultKind},
    operation::request,
    view::{
        GroupStep, GroupTrouble, PlanView, PolicyFile, PolicyRefreshed, PolicyReport, RoleRefresh,
        StateChange, role::SilentRole,
    },
};
use mailward_events::Event;
use mailward_model::{
    Kind, Object, Revision, Spec,
    kind::{AccountName, Policy, RestrictedGroup},
    object::{SpecOf, Validate, validate_name},
    policy::{MemberChange, PolicyRefresh, gpt_tmpl},
};
use mailward_store::{Change, ChangeOp, ChangeRecord, Store, text};
use serde_json::Value;

use super::{Access, blocking, effect, expect_reply, failed, status::heard, unknown};
use crate::peer::Peer;

/// How long the enforcer may take: it asks for every name, and a domain may be slow.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(300);
/// How the host's groups come to be kept.
const ENFORCE: &str =
    "set `groups = true` in mailward.toml, with a manager that is root, and restart it";
/// Lines of the feed read at one time.
const LINES: usize = 2_000;

fn policy_of(store: &Store, name: &str) -> Result<Object, Fault> {
    let found = store
        .get(Kind::Policy, name)
        .map_err(|error| failed(&error))?;
    found.ok_or_else(|| {
        let all = store.list(Kind::Policy).unwrap_or_default();
        let known: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        unknown("policy", name, &known, "`mailward policy list` shows them")
    })
}

/// The last change of the policy of this name, also of one that is gone.
fn last_change(store: &Store, name: &str) -> Result<Option<ChangeRecord>, Fault> {
    if let Some(object) = store
        .get(Kind::Policy, name)
        .map_err(|error| failed(&error))?
    {
        let mut history = store
            .history(object.id, 1)
            .map_err(|error| failed(&error))?;
        return Ok(history.pop());
    }
    let (mut revision, mut last) = (Revision(0), None);
    loop {
        let lines = store
            .changes_since(revision, LINES)
            .map_err(|error| failed(&error))?;
        let is_last = lines.len() < LINES;
        for line in lines {
            revision = line.revision;
            if line.kind == Kind::Policy.table() && line.name.eq_ignore_ascii_case(name) {
                last = Some(line);
            }
        }
        if is_last {
            return Ok(last);
        }
    }
}

/// What undoes this change, and what it means.
fn undone(store: &Store, line: &ChangeRecord) -> Result<(Change, text::Effect), Fault> {
    let unreadable = || {
        Fault::failed(format!(
            "what {:?} was before revision {} cannot be read by this version",
            line.name, line.revision
        ))
    };
    let nothing = |problem: &str, mend: &str| Err(Fault::new(FaultKind::Refused, problem, mend));
    let before = || {
        let value = line.before.as_ref().ok_or_else(unreadable)?;
        Spec::deserialize_kind(Kind::Policy, value).map_err(|_| unreadable())
    };
    match line.op {
        ChangeOp::Create => nothing(
            "it has no earlier state: it was made and not changed since",
            "`mailward policy remove` takes it away, and `policy revert` brings it back then",
        ),
        ChangeOp::Rename => nothing(
            "its last change is that of its name",
            "give it the name back with `mailward policy set OLD name=NEW`",
        ),
        ChangeOp::Remove => {
            let spec = before()?;
            let effect = text::effect(&line.name, None, Some(&spec));
            Ok((Change::create(line.name.clone(), spec), effect))
        }
        ChangeOp::Replace => {
            let spec = before()?;
            let now = policy_of(store, &line.name)?;
            let effect = text::effect(&now.name, Some(&now.spec), Some(&spec));
            Ok((Change::replace(&now, spec), effect))
        }
    }
}

/// Names and SIDs of a file, and what they are on hosts.
struct Map(HashMap<String, AccountName>);

impl Map {
    fn read(entries: &[String]) -> Result<Map, Fault> {
        let mut map = HashMap::new();
        for (at, entry) in entries.iter().enumerate() {
            let wrong = |problem: String| {
                Fault::invalid(problem, "write FROM=TO, as in S-1-5-32-544=sudo")
                    .at(format!("map[{at}]"))
            };
            let (from, to) = entry
                .split_once('=')
                .ok_or_else(|| wrong(format!("{entry:?} has no =")))?;
            let to = to
                .parse::<AccountName>()
                .map_err(|error| wrong(error.to_string()))?;
            map.insert(Map::key(from), to);
        }
        Ok(Map(map))
    }

    fn key(name: &str) -> String {
        name.trim().trim_start_matches('*').to_lowercase()
    }

    fn name(&self, name: &AccountName) -> AccountName {
        let found = self.0.get(&Map::key(name.as_str()));
        found.unwrap_or(name).clone()
    }

    fn list(&self, list: &[AccountName]) -> Vec<AccountName> {
        let mut names = Vec::new();
        for name in list.iter().map(|name| self.name(name)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn group(&self, group: &RestrictedGroup) -> RestrictedGroup {
        RestrictedGroup {
            group: self.name(&group.group),
            members: group.members.as_deref().map(|list| self.list(list)),
            add: Vec::new(),
            remove: Vec::new(),
            member_of: self.list(&group.member_of),
        }
    }
}

/// The groups of a file, as they are on hosts.
fn groups_of(file: &request::GroupPolicyFile, map: &Map) -> Result<Vec<RestrictedGroup>, Fault> {
    let groups = gpt_tmpl::read(&file.text).map_err(|errors| {
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Fault::invalid(
            format!("{}: {}", file.name, told.join("\n")),
            "mend these lines of [Group Membership]; nothing was imported",
        )
        .at("files")
    })?;
    let mut out: Vec<RestrictedGroup> = Vec::new();
    for group in groups.iter().map(|group| map.group(group)) {
        // Two names of a file may be one on hosts.
        match out.iter_mut().find(|known| known.group == group.group) {
            Some(known) if known.members.is_some() && group.members.is_some() => {
                let problem = format!(
                    "{}: two groups with exact members are {}",
                    file.name, group.group
                );
                return Err(Fault::invalid(problem, "say another name in --map").at("map"));
            }
            Some(known) => {
                known.members = known.members.take().or(group.members);
                known.member_of.extend(group.member_of);
            }
            None => out.push(group),
        }
    }
    Ok(out)
}

/// A change of a group of the host, as the role that made it told.
fn group_change(step: &GroupStep) -> StateChange {
    let subject = format!("group {:?}", step.group);
    let member = Value::from(step.member.as_str());
    match step.change {
        MemberChange::Add => StateChange::new(subject, "members", Value::Null, member),
        MemberChange::Remove => StateChange::new(subject, "members", member, Value::Null),
    }
}

impl Access {
    pub(super) async fn policy_result(
        &self,
        r: request::PolicyResult,
    ) -> Result<PolicyReport, Fault> {
        let store = self.store.clone();
        let node = r.node.unwrap_or_else(|| self.node.clone());
        let is_own = node == self.node;
        let read = blocking(move || store.policy_result(&node).map_err(|error| failed(&error)));
        let (result, revision) = read.await?;
        let (refreshes, silent) = match is_own {
            true => self.policy_refreshes().await,
            // Of another node that node knows, and nobody else.
            false => Default::default(),
        };
        Ok(PolicyReport {
            revision,
            result,
            refreshes,
            silent,
        })
    }

    /// When each role looked last at what policies come to.
    async fn policy_refreshes(&self) -> (Vec<RoleRefresh>, Vec<SilentRole>) {
        let ask = async |role: Role| {
            let figures = ControlRequest::Figures { monitors: 0 };
            let reply = self.ask(role, figures).await;
            (role, expect_reply!(reply, Figures))
        };
        let (manager, transport, worker) =
            tokio::join!(ask(Role::Manager), ask(Role::Transport), ask(Role::Worker));
        let mut asked = vec![manager, transport, worker];
        if self.has_enforcer() {
            asked.push(ask(Role::Enforcer).await);
        }
        let own = self.store.policy_refreshes();
        let of = |role: Role, all: Vec<PolicyRefresh>| {
            let all = all.into_iter();
            all.map(move |refresh| RoleRefresh { role, refresh })
        };
        let mut refreshes: Vec<RoleRefresh> = of(Role::Access, own).collect();
        let mut silent = Vec::new();
        for (role, answered) in asked {
            if let Some(figures) = heard(role, answered, &mut silent) {
                refreshes.extend(of(role, figures.policies));
            }
        }
        refreshes.sort_by_key(|one| (one.refresh.part, one.role));
        (refreshes, silent)
    }

    fn has_enforcer(&self) -> bool {
        Role::Enforcer.socket(&self.run_dir).exists()
    }

    pub(super) async fn policy_revert(&self, name: String, peer: Peer) -> Result<PlanView, Fault> {
        let access = self.for_blocking();
        let events = self.events.clone();
        blocking(move || {
            let Some(line) = last_change(&access.store, &name)? else {
                policy_of(&access.store, &name)?;
                return Err(Fault::failed(format!("{name:?} has no history")));
            };
            let (change, effect) = undone(&access.store, &line)?;
            let by = peer.name();
            let view = access.carry_out(vec![change], &[effect], peer)?;
            events.emit(Event::PolicyReverted {
                policy: line.name.clone(),
                by,
                to: format!("before {}", line.revision),
            });
            Ok(view)
        })
        .await
    }

    pub(super) async fn policy_refresh(
        &self,
        r: request::PolicyRefresh,
        peer: Peer,
    ) -> Result<PolicyRefreshed, Fault> {
        let is_shown = r.dry_run || r.toggle.is_some();
        let administrators = &self.administrators;
        let own = administrators.refresh(r.dry_run, r.toggle.as_deref());
        let (mut view, result) = own.await.map_err(Fault::failed)?;
        if self.has_enforcer() {
            let request = ControlRequest::PolicyRefresh {
                dry_run: r.dry_run,
                toggle: r.toggle,
            };
            let reply = self
                .ask_within(Role::Enforcer, request, REFRESH_TIMEOUT)
                .await;
            let host: PolicyRefreshed = expect_reply!(reply, PolicyRefreshed)?;
            view.groups += host.groups;
            view.steps.extend(host.steps);
            view.troubles.extend(host.troubles);
        } else if view.groups == 0 && view.steps.is_empty() {
            let problem = "no enforcer keeps the groups of this host";
            return Err(Fault::new(FaultKind::Unreachable, problem, ENFORCE));
        } else {
            view.troubles
                .extend(result.host_groups().map(|one| GroupTrouble {
                    group: one.group.to_string(),
                    member: one.group.to_string(),
                    problem: format!("no enforcer keeps the groups of this host; {ENFORCE}"),
                }));
        }
        if !is_shown {
            let subject = format!("{} of groups changed", view.steps.len());
            let changes = view.steps.iter().map(group_change).collect::<Vec<_>>();
            self.audit(&peer, "policy refresh", subject, &changes).await;
        }
        Ok(view)
    }

    pub(super) async fn policy_import(
        &self,
        r: request::PolicyImport,
        peer: Peer,
    ) -> Result<PlanView, Fault> {
        let access = self.for_blocking();
        blocking(move || {
            let files = &r.files.0;
            if r.name.is_some() && files.len() != 1 {
                let problem = format!("there are {} files for one name", files.len());
                return Err(Fault::invalid(problem, "leave --name out").at("name"));
            }
            let map = Map::read(&r.map)?;
            let (mut changes, mut effects) = (Vec::new(), Vec::new());
            for file in files {
                let name = r.name.as_ref().unwrap_or(&file.name);
                validate_name(name)
                    .map_err(|error| Fault::broken_rules("the policy", vec![error]))?;
                let groups = groups_of(file, &map)?;
                let known = access
                    .store
                    .get(Kind::Policy, name)
                    .map_err(|error| failed(&error))?;
                // A group policy object without this section makes no policy of nothing.
                if groups.is_empty() && known.is_none() {
                    continue;
                }
                let old = known.as_ref().and_then(|object| Policy::of(&object.spec));
                let mut policy = old.cloned().unwrap_or_else(|| Policy {
                    scope: r.scope.clone(),
                    enabled: !r.disabled,
                    ..Policy::default()
                });
                policy.restricted_groups = groups;
                if let errors @ [_, ..] = &policy.validate()[..] {
                    return Err(Fault::broken_rules(
                        &format!("policy {name:?}"),
                        errors.to_vec(),
                    ));
                }
                let spec = Spec::from(policy);
                let before = known.as_ref().map(|object| &object.spec);
                if before == Some(&spec) {
                    continue;
                }
                effects.push(text::effect(name, before, Some(&spec)));
                changes.push(match &known {
                    Some(object) => Change::replace(object, spec),
                    None => Change::create(name.clone(), spec),
                });
            }
            if r.dry_run || changes.is_empty() {
                return Ok(PlanView {
                    effects: effects.iter().map(effect).collect(),
                    applied: !r.dry_run,
                    revision: access.store.revision(),
                    held: None,
                });
            }
            access.carry_out(changes, &effects, peer)
        })
        .await
    }

    pub(super) async fn policy_export(
        &self,
        r: request::PolicyExport,
    ) -> Result<PolicyFile, Fault> {
        let store = self.store.clone();
        blocking(move || {
            let object = policy_of(&store, &r.policy)?;
            let groups = Policy::of(&object.spec).map(|policy| policy.restricted_groups.as_slice());
            Ok(PolicyFile {
                text: gpt_tmpl::write(groups.unwrap_or_default()),
                utf8: r.utf8,
            })
        })
        .await
    }
}
