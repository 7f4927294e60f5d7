//! Random days: from one node to seven, faults, a clock that is set, managers and workers that die,
//! partitions. A seed that breaks a promise is printed; `MAILWARD_SEED=n` plays that one alone, and
//! `MAILWARD_SEEDS=n` so many.

use std::collections::HashMap;

use mailward_api::view::{
    GroupMember, GroupStatus, RepairAct,
    group::{GroupFacts, Lease, LeaseAsk},
};
use mailward_model::kind::{Expendable, HealthSettings};

use super::{
    World,
    common::Troubles,
    world::{Acts, Done},
};
use crate::{Now, case::Phase, group::Votes};

/// Seeds played in the ordinary run.
const SEEDS: u64 = 60;
/// A step of the simulation, in milliseconds.
const STEP_MS: u64 = 5_000;
/// How long faults come and go, and how long it is quiet afterwards, in steps.
const WILD_STEPS: u64 = 900;
const QUIET_STEPS: u64 = 900;
/// A trouble that is really there and seen is told to a person, or over, after so long: the time of
/// the last stage, the longest wait for a budget, and a patient hour of refusals.
const TOLD_MS: u64 = 2 * 3_600_000;
/// A member that was not heard for so long does not count as healthy.
const HEARD_MS: u64 = 15_000;

/// What is wrong with a node that is being restarted.
const BOOT: &str = "restart";

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize].clone()
    }
}

/// What one node last heard of another.
#[derive(Clone)]
struct Heard {
    at_ms: u64,
    status: GroupStatus,
}

struct Cluster {
    nodes: Vec<World>,
    votes: Vec<Votes>,
    /// `heard[a][b]`: what a heard of b.
    heard: Vec<Vec<Option<Heard>>>,
    /// In which part of the network each node is.
    part: Vec<u64>,
    /// The case a node holds the lease for.
    leases: Vec<Option<String>>,
    /// Each node's last question, so that times of questions grow.
    asked_unix_ms: Vec<u64>,
    /// Since when each node really has which fault, and could know of it.
    faulty_since_ms: Vec<HashMap<String, u64>>,
    troubles: Troubles,
    /// Acts of each node that were looked at already.
    counted: Vec<usize>,
    at_ms: u64,
    broken: Vec<String>,
}

const COMPONENTS: [&str; 8] = [
    "receive/Internet",
    "receive/Relay",
    "deliver",
    "transport",
    "disk",
    "queue",
    "store",
    "certificate/Internet",
];

/// How long a fault of a component is there at most before its node knows that it does not serve:
/// the probes of the path of mail, by their interval and the failures in a row that they need. `None`
/// where a node serves in spite of it.
fn noticed_ms(component: &str) -> Option<u64> {
    match component {
        // Of a certificate a peer may complain, and a node works by the objects that it has.
        "store" | "certificate/Internet" => None,
        // Mail flow is judged every five minutes, by two failures in a row.
        "deliver" => Some(11 * 60_000),
        // Its silence says it.
        BOOT => Some(0),
        _ => Some(120_000),
    }
}

impl Cluster {
    fn new(dice: &mut Dice) -> Cluster {
        let count = if dice.one_in(2) { 1 } else { 2 + dice.below(6) };
        let settings = HealthSettings {
            restart_server_command: if dice.one_in(2) {
                vec!["/sbin/reboot".into()]
            } else {
                Vec::new()
            },
            free_disk: vec![Expendable::EventLogs],
            ..HealthSettings::default()
        };
        let nodes: Vec<World> = (0..count)
            .map(|n| World::named(&format!("n{n}"), &["Internet", "Relay"], settings.clone()))
            .collect();
        let n = nodes.len();
        Cluster {
            votes: nodes.iter().map(|node| Votes::new(node.now())).collect(),
            heard: vec![vec![None; n]; n],
            part: vec![0; n],
            leases: vec![None; n],
            asked_unix_ms: vec![0; n],
            faulty_since_ms: vec![HashMap::new(); n],
            troubles: Troubles::of(n),
            counted: vec![0; n],
            at_ms: 0,
            broken: Vec::new(),
            nodes,
        }
    }

    fn is_group(&self) -> bool {
        self.nodes.len() > 1
    }

    fn status(&self, n: usize) -> GroupStatus {
        let node = &self.nodes[n];
        let mut status = node.engine.group_status(0);
        status.healthy &= node.holds.all().is_empty() && node.boots_ms.is_none();
        status
    }

    /// Nodes tell each other how they are, where they hear each other.
    fn exchange(&mut self) {
        let said: Vec<GroupStatus> = (0..self.nodes.len()).map(|n| self.status(n)).collect();
        for (a, row) in self.heard.iter_mut().enumerate() {
            for (b, heard) in row.iter_mut().enumerate() {
                if a != b && self.part[a] == self.part[b] {
                    *heard = Some(Heard {
                        at_ms: self.at_ms,
                        status: said[b].clone(),
                    });
                }
            }
        }
    }

    fn members(&self, n: usize) -> Vec<GroupMember> {
        let others = (0..self.nodes.len()).filter(|other| *other != n);
        others
            .map(|other| match &self.heard[n][other] {
                Some(heard) => GroupMember {
                    name: heard.status.node.clone(),
                    heard_age_ms: Some(self.at_ms - heard.at_ms),
                    healthy: heard.status.healthy,
                    acting: heard.status.acting.clone(),
                    bad_causes: heard.status.bad_causes.clone(),
                    sets: Vec::new(),
                },
                None => GroupMember {
                    name: format!("n{other}"),
                    heard_age_ms: None,
                    healthy: false,
                    acting: None,
                    bad_causes: Vec::new(),
                    sets: Vec::new(),
                },
            })
            .collect()
    }

    fn ask_lease(&mut self, n: usize, case: &str, stage: u8, release: bool) -> Lease {
        let node = &self.nodes[n];
        self.asked_unix_ms[n] = node.now().unix_ms.max(self.asked_unix_ms[n] + 1);
        let ask = LeaseAsk {
            holder: node.name.clone(),
            case: case.to_owned(),
            stage,
            release,
            unix_ms: self.asked_unix_ms[n],
        };
        let mut lease = Lease {
            granted: 0,
            members: self.nodes.len() as u32,
            refusals: Vec::new(),
        };
        for other in 0..self.nodes.len() {
            if self.part[other] != self.part[n] {
                lease.refusals.push("no answer".into());
                continue;
            }
            let now = Now {
                mono_ms: self.at_ms,
                unix_ms: self.at_ms,
            };
            let reply = self.votes[other].hear(&ask, now);
            lease.granted += u32::from(reply.granted);
            if !reply.granted {
                lease.refusals.push(reply.because);
            }
        }
        self.leases[n] = (!release && lease.is_held()).then(|| case.to_owned());
        lease
    }

    /// Renews or gives back, as the worker does between its acts.
    fn keep_leases(&mut self) {
        for n in 0..self.nodes.len() {
            let Some(case) = self.leases[n].clone() else {
                continue;
            };
            let acting = self.nodes[n].engine.acting();
            let acting = acting.map(|(case, stage)| (case.to_owned(), stage));
            match acting {
                Some((of, stage)) if of == case => drop(self.ask_lease(n, &case, stage, false)),
                _ => drop(self.ask_lease(n, &case, 2, true)),
            }
        }
    }

    /// One step of every node.
    fn step(&mut self) {
        self.at_ms += STEP_MS;
        if self.is_group() {
            self.exchange();
            self.keep_leases();
        }
        for n in 0..self.nodes.len() {
            if self.is_group() {
                self.step_in_group(n);
            } else {
                self.nodes[n].step(STEP_MS);
            }
            self.look_at_acts(n);
            let (node, since) = (&self.nodes[n], &mut self.faulty_since_ms[n]);
            let boots = node.boots_ms.map(|_| BOOT.to_owned());
            let faults: Vec<String> = node.faults.keys().cloned().chain(boots).collect();
            since.retain(|fault, _| faults.contains(fault));
            for fault in faults {
                let is_unwatched = fault != BOOT && node.is_unwatched(&fault);
                let since = since.entry(fault).or_insert(self.at_ms);
                if is_unwatched {
                    *since = self.at_ms;
                }
            }
            self.troubles.look(n, &self.nodes[n], self.at_ms);
            self.look_at_cases(n);
        }
    }

    fn step_in_group(&mut self, n: usize) {
        let facts = GroupFacts {
            members: self.members(n),
            lease: None,
        };
        self.nodes[n].group = Some(facts);
        self.nodes[n].step(STEP_MS);
        // A proposal that wanted the lease was denied for want of it; it is asked for now and the
        // answer is there when the proposal comes again.
        if let Some((case, stage)) = self.nodes[n].wants_lease.take() {
            let lease = self.ask_lease(n, &case, stage, false);
            self.nodes[n].lease = Some((case, lease, self.at_ms));
        }
    }

    /// Whether a node takes mail and hands it on, as far as anybody can know by now.
    fn serves(&self, n: usize) -> bool {
        let node = &self.nodes[n];
        let seen = self.faulty_since_ms[n].iter().any(|(component, since)| {
            noticed_ms(component).is_some_and(|noticed| self.at_ms - since > noticed + HEARD_MS)
        });
        node.holds.all().is_empty() && !seen
    }

    /// Acts of a node that takes itself away: enough others must really have served just before.
    fn look_at_acts(&mut self, n: usize) {
        let acts: Vec<Done> = self.nodes[n].acts[self.counted[n]..].to_vec();
        self.counted[n] = self.nodes[n].acts.len();
        if !self.is_group() {
            return;
        }
        let needed = (self.nodes.len() * 2 / 3).max(1);
        for done in acts {
            // What was done between two steps was granted by what was heard before the last one.
            let now = done.at_ms == self.at_ms;
            let hears = |other: usize| now && self.part[other] == self.part[n];
            let broken = self
                .troubles
                .broken_by(&done, n, &self.nodes, hears, self.at_ms);
            self.broken.extend(broken);
            if !matches!(done.act, RepairAct::Offline | RepairAct::RestartServer) {
                continue;
            }
            let serving = (0..self.nodes.len())
                .filter(|other| *other != n && self.serves(*other))
                .count();
            if serving < needed {
                self.broken.push(format!(
                    "n{n} at {} s: {} with {serving} others serving, {needed} needed: {}",
                    self.at_ms / 1000,
                    done.act,
                    self.seen_from(n)
                ));
            }
            let other = self.nodes.iter().enumerate().find(|(other, node)| {
                *other != n
                    && node.acts.iter().any(|one| {
                        matches!(one.act, RepairAct::Offline | RepairAct::RestartServer)
                            && one.at_ms.abs_diff(done.at_ms) < 60_000
                    })
            });
            if let Some((other, _)) = other {
                self.broken.push(format!(
                    "n{n} and n{other} took themselves away together at {} s",
                    self.at_ms / 1000
                ));
            }
        }
    }

    /// How each other node was, and what this one knew of it.
    fn seen_from(&self, n: usize) -> String {
        let others = (0..self.nodes.len()).filter(|other| *other != n);
        let seen = others.map(|other| {
            let node = &self.nodes[other];
            let heard = self.heard[n][other].as_ref();
            format!(
                "n{other} has faults since {:?} ms, holds {:?}, blind {:?}, monitors {:?}; heard {:?}",
                self.faulty_since_ms[other],
                node.holds.all(),
                node.blind,
                node.unwell(),
                heard.map(|heard| (self.at_ms - heard.at_ms, heard.status.healthy)),
            )
        });
        seen.collect::<Vec<_>>().join("; ")
    }

    /// A trouble that is really there, and seen, is told to a person or over in time.
    fn look_at_cases(&mut self, n: usize) {
        let node = &mut self.nodes[n];
        let mut told = Vec::new();
        for record in node.engine.cases.values() {
            let (is_bad, blind) = (
                node.faults.contains_key(&record.component),
                node.blind.contains(&record.component),
            );
            let since = node.bad_since.entry(record.component.clone());
            let since = since.or_insert(self.at_ms);
            if !is_bad || blind || matches!(record.state.phase, Phase::Probation { .. }) {
                *since = self.at_ms;
            }
            let alerted = node.alerts.iter().any(|(_, alert)| alert.case == record.id);
            if self.at_ms - *since > TOLD_MS && !alerted {
                told.push(format!(
                    "{} at {} s: nobody was told of {} ({:?})",
                    node.name,
                    self.at_ms / 1000,
                    record.component,
                    record.state
                ));
                *since = self.at_ms;
            }
        }
        self.broken.extend(told);
    }

    /// Something happens, or not.
    fn fate(&mut self, dice: &mut Dice) {
        if self.is_group() && dice.one_in(60) {
            let parts = 1 + dice.below(3);
            for part in &mut self.part {
                *part = dice.below(parts);
            }
        }
        // What everybody has at one time, be it cured by a restart or by none.
        let common = dice.one_in(300).then(|| {
            let cured_by = dice.of(&[Some(1), Some(2), None]);
            (dice.of(&COMPONENTS), cured_by)
        });
        for n in 0..self.nodes.len() {
            if let Some((component, cured_by)) = common {
                self.nodes[n].break_it(component, cured_by, None);
            }
            if !dice.one_in(12) {
                continue;
            }
            let component = dice.of(&COMPONENTS);
            let node = &mut self.nodes[n];
            match dice.below(18) {
                0..=4 => {
                    let cured_by = dice.of(&[None, Some(0), Some(1), Some(2), Some(3)]);
                    let class = dice.of(&[
                        None,
                        None,
                        None,
                        Some("dns"),
                        Some("disk_full"),
                        Some("new"),
                    ]);
                    node.break_it(component, cured_by, class);
                }
                5 | 6 => drop(node.faults.remove(component)),
                7 => drop(node.blind.insert(component.to_owned())),
                8 => node.blind.clear(),
                9 => {
                    let jump = dice.of(&[-86_400_000, 86_400_000, -3_600_000, 3_600_000]);
                    node.clock.jump(jump);
                }
                10 => node.reboot(),
                11 => {
                    node.acts_go = dice.of(&[
                        Acts::Done,
                        Acts::Fail,
                        Acts::Hang,
                        Acts::ManagerDies,
                        Acts::AnswerLost,
                    ]);
                }
                12 => node.silent = !node.silent,
                13 => {
                    node.restart_manager();
                    self.votes[n] = Votes::new(Now {
                        mono_ms: self.at_ms,
                        unix_ms: self.at_ms,
                    });
                }
                14 => node.restart_worker(),
                15 => {
                    for _ in 0..10 {
                        node.engine.lag(500);
                        node.step(0);
                    }
                    node.lags = dice.below(200);
                }
                16 => {
                    let until = node.now().unix_ms + dice.below(1_800_000);
                    let (property, value) = dice.of(&[
                        ("enabled", "false"),
                        ("maintenance", "true"),
                        ("repairing", "true"),
                        ("repair", "false"),
                        ("shadow", "true"),
                        ("restart_component.gap", "30m"),
                        ("restart_process.per_hour", "0"),
                    ]);
                    node.set_override(component, property, value, until);
                }
                _ => {
                    node.frozen = match node.frozen {
                        None => Some("a person".into()),
                        Some(_) => None,
                    }
                }
            }
        }
        for node in &mut self.nodes {
            if node.lags > 0 {
                node.lags -= 1;
                node.engine.lag(500);
            }
            // A storm now and then.
            if dice.one_in(400) {
                for component in COMPONENTS {
                    node.break_it(component, Some(2), None);
                }
            }
        }
    }

    /// The end of all faults.
    fn calm(&mut self) {
        self.part.fill(0);
        for node in &mut self.nodes {
            node.faults.clear();
            node.blind.clear();
            node.acts_go = Acts::Done;
            (node.silent, node.frozen, node.lags) = (false, None, 0);
            node.end_overrides();
        }
    }
}

/// Plays one seed; what was broken.
fn play(seed: u64) -> Vec<String> {
    let mut dice = Dice(seed);
    let mut cluster = Cluster::new(&mut dice);
    for _ in 0..120 {
        cluster.step();
    }
    for _ in 0..WILD_STEPS {
        cluster.fate(&mut dice);
        cluster.step();
    }
    cluster.calm();
    for _ in 0..QUIET_STEPS {
        cluster.step();
    }
    let mut broken = std::mem::take(&mut cluster.broken);
    for node in &mut cluster.nodes {
        node.check_after();
        broken.append(&mut node.broken);
        let open = node.engine.open_cases(node.now());
        if !open.is_empty() {
            let text = crate::explain::text(&open[0]);
            broken.push(format!("{}: a case stays open: {text}", node.name));
        }
        let bad: Vec<_> = node
            .engine
            .sets()
            .into_iter()
            .filter(|(_, state)| state.is_bad())
            .collect();
        if !bad.is_empty() || !node.holds.all().is_empty() {
            broken.push(format!("{}: {bad:?} {:?}", node.name, node.holds.all()));
        }
    }
    broken
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_happens_the_promises_hold() {
    let seeds: Vec<u64> = match number("MAILWARD_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("MAILWARD_SEEDS").unwrap_or(SEEDS)).collect(),
    };
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failed = parking_lot::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(seed) =
                    seeds.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    let broken = play(*seed);
                    if !broken.is_empty() {
                        println!("MAILWARD_SEED={seed}");
                        println!("{}", broken.join("\n"));
                        failed.lock().push(*seed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    assert!(
        failed.is_empty(),
        "{} of {} seeds broke a promise: {failed:?}",
        failed.len(),
        seeds.len()
    );
}
