//! Overrides at work: which are in force here and now, which of several wins, what they change.
//! Pure: objects, the node, the version and the time are inputs.
//!
//! The order, weakest first: built in, settings, `global`, `role:`, `node:`; among those of one
//! scope the nearer item (a monitor before its component before its set before `all`), then the
//! newer one. An override that has ended is not in force from that moment on, whether it was removed
//! or not.

mod property;

use std::{cmp::Ordering, collections::HashMap};

use mailward_api::view::RepairAct;
use mailward_model::{
    Object, ObjectId,
    kind::{
        MonitoringOverride, OVERRIDE_DAYS_MAX, OverrideScope, Property, Subject, Value, properties,
        version,
    },
    object::SpecOf,
};

pub(crate) use self::property::{monitor_value, probe_value, show, stage};
use crate::{
    case::Ladder,
    engine::definition::{MonitorDefinition, ProbeDefinition, Watched},
    guard::Limits,
};

const DAY_MS: u64 = 86_400_000;
/// Roles that every node runs: `role:` reaches them all, as long as no node is without one.
const ROLES: &[&str] = &["manager", "transport", "access", "worker"];

/// Where and when overrides are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    /// This node's name.
    pub node: &'a str,
    /// The program's version.
    pub version: &'a str,
    /// Unix time in milliseconds.
    pub now_unix_ms: u64,
}

/// An override that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The object's name.
    pub name: String,
    id: ObjectId,
    /// What it says.
    pub spec: MonitoringOverride,
    property: &'static Property,
    value: Value,
}

impl InForce {
    /// Where a value comes from, in one sentence.
    pub fn origin(&self) -> String {
        let owner = match self.spec.owner.as_str() {
            "" => String::new(),
            owner => format!(" by {owner}"),
        };
        format!(
            "override {:?} ({}){owner}{}: {}",
            self.name,
            self.spec.scope,
            ends(&self.spec),
            self.spec.reason
        )
    }
}

/// When an override ends, in words.
pub fn ends(spec: &MonitoringOverride) -> String {
    let until = spec.until.map(|until| format!(" until {until}"));
    let version = spec.version.map(|range| format!(" for versions {range}"));
    until.into_iter().chain(version).collect()
}

/// Whether an override is in force, or why not.
pub fn standing(spec: &MonitoringOverride, here: Here<'_>) -> Result<(), String> {
    if let Some(until) = spec.until {
        if until.unix_ms() <= here.now_unix_ms {
            return Err("it has ended".to_owned());
        }
        let most = (OVERRIDE_DAYS_MAX + 1) * DAY_MS;
        if until.unix_ms() > here.now_unix_ms.saturating_add(most) {
            return Err(format!(
                "it ends more than {OVERRIDE_DAYS_MAX} days ahead, which none may"
            ));
        }
    }
    if let Some(range) = spec.version
        && !version(here.version).is_some_and(|version| range.contains(version))
    {
        return Err(format!("this is version {}, not {range}", here.version));
    }
    match &spec.scope {
        OverrideScope::Node(node) if !node.eq_ignore_ascii_case(here.node) => {
            return Err(format!("this node is {}", here.node));
        }
        OverrideScope::Role(role)
            if !ROLES.iter().any(|known| known.eq_ignore_ascii_case(role)) =>
        {
            return Err(format!("no node runs a role {role}"));
        }
        _ => {}
    }
    match spec.reading() {
        Some(_) => Ok(()),
        None => Err("this version knows no such property or value".to_owned()),
    }
}

/// The names something goes by, the nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    own: Vec<String>,
    components: Vec<String>,
    sets: Vec<String>,
}

impl Names {
    /// The names of a monitor.
    pub fn of_monitor(one: &MonitorDefinition) -> Names {
        Names {
            own: vec![one.name.clone(), format!("{}/{}", one.set, one.name)],
            components: vec![
                one.component.clone(),
                format!("{}/{}", one.set, one.component),
            ],
            sets: vec![one.set.clone()],
        }
    }

    /// The names of a probe: its own, and those of what its monitors belong to.
    pub fn of_probe(probe: &ProbeDefinition, watched: &Watched) -> Names {
        let judges = watched.monitors.iter();
        Names::of_judged(probe, judges.filter(|one| one.probe == probe.name))
    }

    /// The names of a probe that these monitors judge.
    fn of_judged<'a>(
        probe: &ProbeDefinition,
        judges: impl IntoIterator<Item = &'a MonitorDefinition>,
    ) -> Names {
        let mut names = Names {
            own: vec![probe.name.clone()],
            components: Vec::new(),
            sets: Vec::new(),
        };
        for one in judges {
            names.own.push(format!("{}/{}", one.set, probe.name));
            names.components.push(one.component.clone());
            names
                .components
                .push(format!("{}/{}", one.set, one.component));
            names.sets.push(one.set.clone());
        }
        names
    }

    /// The names of a component.
    pub fn of_component(component: &str, watched: &Watched) -> Names {
        let of = watched.monitors.iter();
        Names::of_part(component, of.filter(|one| one.component == component))
    }

    /// The names of a component that these monitors belong to.
    fn of_part<'a>(
        component: &str,
        monitors: impl IntoIterator<Item = &'a MonitorDefinition>,
    ) -> Names {
        let mut sets: Vec<&String> = monitors.into_iter().map(|one| &one.set).collect();
        sets.dedup();
        Names::of_sets(component, sets)
    }

    /// The names of a component that belongs to these health sets.
    pub fn of_sets<'a>(component: &str, sets: impl IntoIterator<Item = &'a String>) -> Names {
        let sets: Vec<String> = sets.into_iter().cloned().collect();
        Names {
            own: Vec::new(),
            components: std::iter::once(component.to_owned())
                .chain(sets.iter().map(|set| format!("{set}/{component}")))
                .collect(),
            sets,
        }
    }

    /// True where it belongs to this health set.
    pub fn has_set(&self, set: &str) -> bool {
        self.sets
            .iter()
            .any(|known| known.eq_ignore_ascii_case(set))
    }

    /// The health sets it belongs to.
    pub fn sets(&self) -> &[String] {
        &self.sets
    }

    /// How near `item` is to this: 3 its own name, 2 its component, 1 its set, 0 everything.
    pub fn fit(&self, item: &str) -> Option<u8> {
        // `Set\Item` is Exchange's spelling of `Set/Item`.
        let item = item.trim().replace('\\', "/");
        let among = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(&item));
        if among(&self.own) {
            Some(3)
        } else if among(&self.components) {
            Some(2)
        } else if among(&self.sets) {
            Some(1)
        } else {
            item.eq_ignore_ascii_case("all").then_some(0)
        }
    }
}

/// A flag beside a monitor's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// `disabled`, `maintenance` or `repairing`.
    pub word: &'static str,
    /// The override's name.
    pub name: String,
    /// Where it comes from.
    pub origin: String,
    /// When it ends, Unix milliseconds.
    pub until_unix_ms: Option<u64>,
}

/// The overrides in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    list: Vec<InForce>,
    /// When the next of them ends, Unix milliseconds.
    next_end_unix_ms: Option<u64>,
}

/// The switches of a component's responder, and the limits of one of its stages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Responder {
    /// Why nothing is done for it, where a person said so.
    pub off: Option<String>,
    /// Why what would be done is only recorded, where a person said so.
    pub shadow: Option<String>,
    /// Why it is not only recorded, where a person said so against the settings of its health set.
    pub live: Option<String>,
    gap_ms: Option<u64>,
    per_hour: Option<u32>,
    per_day: Option<u32>,
}

impl Responder {
    /// A stage's limits as they are in force.
    pub fn limits(&self, built_in: Limits) -> Limits {
        Limits {
            gap_ms: self.gap_ms.unwrap_or(built_in.gap_ms),
            per_hour: self.per_hour.unwrap_or(built_in.per_hour),
            per_day: self.per_day.unwrap_or(built_in.per_day),
            per_week: built_in.per_week,
        }
    }
}

impl Overrides {
    /// Those in force of these objects.
    pub fn of(objects: &[Object], here: Here<'_>) -> Overrides {
        let mut list: Vec<InForce> = objects
            .iter()
            .filter_map(|object| {
                let spec = MonitoringOverride::of(&object.spec)?;
                standing(spec, here).ok()?;
                let (property, value) = spec.reading()?;
                Some(InForce {
                    name: object.name.clone(),
                    id: object.id,
                    spec: spec.clone(),
                    property,
                    value,
                })
            })
            .collect();
        list.sort_by(stronger);
        let ends = list.iter().filter_map(|one| one.spec.until);
        Overrides {
            next_end_unix_ms: ends.map(|until| until.unix_ms()).min(),
            list,
        }
    }

    /// True where one of them ends by this moment.
    pub fn ends_by(&self, now_unix_ms: u64) -> bool {
        self.next_end_unix_ms.is_some_and(|end| end <= now_unix_ms)
    }

    /// What they are about, as it stands in them.
    pub(crate) fn items(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|one| one.spec.item.as_str())
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The one that decides on a property of what has these names.
    pub fn winner(&self, names: &Names, property: &str) -> Option<&InForce> {
        self.list
            .iter()
            .filter(|one| one.property.name == property)
            .filter_map(|one| Some((names.fit(&one.spec.item)?, one)))
            .max_by(|(near, a), (far, b)| {
                a.spec
                    .scope
                    .rank()
                    .cmp(&b.spec.scope.rank())
                    .then(near.cmp(far))
                    .then(a.id.cmp(&b.id))
            })
            .map(|(_, one)| one)
    }

    /// Changes what is watched.
    pub fn apply(&self, watched: &mut Watched) {
        if self.list.is_empty() {
            return;
        }
        let properties = || self.list.iter().map(|one| one.property);
        let before = watched.clone();
        let judges = by(&before, |one| &one.probe);
        for probe in &mut watched.probes {
            let judges = judges.get(probe.name.as_str()).into_iter().flatten();
            let names = Names::of_judged(probe, judges.copied());
            for property in properties().filter(|property| property.subject == Subject::Probe) {
                if let Some(one) = self.winner(&names, property.name) {
                    property::set_probe(probe, property.name, &one.value);
                }
            }
        }
        let earlier_by_name = by_name(&before);
        let probes_by_name = by_name(watched);
        let moved: Vec<_> = watched
            .monitors
            .iter()
            .map(|one| {
                let name = one.probe.as_str();
                let (then, now) = (earlier_by_name.get(name)?, probes_by_name.get(name)?);
                Some((
                    (then.interval_ms != now.interval_ms).then_some(now.interval_ms),
                    (then.timeout_ms != now.timeout_ms).then_some(now.timeout_ms),
                ))
            })
            .collect();
        for (monitor, moved) in watched.monitors.iter_mut().zip(moved) {
            let names = Names::of_monitor(monitor);
            // How often its probe runs tells when the monitor is blind.
            let (interval_ms, timeout_ms) = moved.unwrap_or_default();
            monitor.rule.interval_ms = interval_ms.unwrap_or(monitor.rule.interval_ms);
            monitor.rule.timeout_ms = timeout_ms.unwrap_or(monitor.rule.timeout_ms);
            for property in properties().filter(|property| property.subject == Subject::Monitor) {
                if let Some(one) = self.winner(&names, property.name) {
                    property::set_monitor(monitor, property.name, &one.value);
                }
            }
        }
    }

    /// True where a yes-or-no property is overridden to this value, with where that comes from.
    fn says(&self, names: &Names, property: &str, value: bool) -> Option<&InForce> {
        self.winner(names, property)
            .filter(|one| one.value == Value::Bool(value))
    }

    /// The flag beside a monitor's state.
    pub fn overlay(&self, names: &Names) -> Option<Overlay> {
        let flag = |property, value, word| {
            let one = self.says(names, property, value)?;
            Some(Overlay {
                word,
                name: one.name.clone(),
                origin: one.origin(),
                until_unix_ms: one.spec.until.map(|until| until.unix_ms()),
            })
        };
        flag("enabled", false, "disabled")
            .or_else(|| flag("repairing", true, "repairing"))
            .or_else(|| flag("maintenance", true, "maintenance"))
    }

    /// Why nobody is told of a monitor, where a person said so.
    pub fn alert_off(&self, names: &Names) -> Option<String> {
        self.says(names, "alert", false).map(InForce::origin)
    }

    /// Changes the waits of a component's stages.
    pub fn apply_ladder(&self, names: &Names, ladder: &mut Ladder) {
        for rung in ladder {
            let Some(stage) = property::stage(&rung.act) else {
                continue;
            };
            let ms = |word: &str| match self.winner(names, &format!("{stage}.{word}"))?.value {
                Value::Ms(ms) => Some(ms),
                _ => None,
            };
            rung.after_ms = ms("after").unwrap_or(rung.after_ms);
            rung.settle_ms = ms("settle").unwrap_or(rung.settle_ms);
        }
    }

    /// The switches of a component's responder, and the limits of one of its acts.
    pub fn responder(&self, names: &Names, act: &RepairAct) -> Responder {
        if self.list.is_empty() {
            return Responder::default();
        }
        let stage = property::stage(act).unwrap_or("");
        let value = |word: &str| Some(&self.winner(names, &format!("{stage}.{word}"))?.value);
        let number = |word: &str| match value(word)? {
            Value::Number(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        Responder {
            off: self.says(names, "repair", false).map(InForce::origin),
            shadow: self.says(names, "shadow", true).map(InForce::origin),
            live: self.says(names, "shadow", false).map(InForce::origin),
            gap_ms: match value("gap") {
                Some(Value::Ms(ms)) => Some(*ms),
                _ => None,
            },
            per_hour: number("per_hour"),
            per_day: number("per_day"),
        }
    }
}

/// The monitors by one of their words, so that ten thousand are not searched for each of them.
fn by(
    watched: &Watched,
    word: impl Fn(&MonitorDefinition) -> &String,
) -> HashMap<&str, Vec<&MonitorDefinition>> {
    let mut all: HashMap<&str, Vec<&MonitorDefinition>> = HashMap::new();
    for one in &watched.monitors {
        all.entry(word(one)).or_default().push(one);
    }
    all
}

/// The probes by name.
fn by_name(watched: &Watched) -> HashMap<&str, &ProbeDefinition> {
    let probes = watched.probes.iter();
    probes.map(|probe| (probe.name.as_str(), probe)).collect()
}

/// The weaker first.
fn stronger(a: &InForce, b: &InForce) -> Ordering {
    let rank = |one: &InForce| (one.spec.scope.rank(), one.id);
    rank(a).cmp(&rank(b))
}

/// Why an override changes nothing here, though it is in force: its item or its property is of
/// nothing that is watched. `ladder` gives the stages of a component.
///
/// # Errors
/// What is wrong, and what would be right.
pub fn matches(
    spec: &MonitoringOverride,
    watched: &Watched,
    ladder: impl Fn(&str) -> Ladder,
) -> Result<(), (String, String)> {
    let Some((property, value)) = spec.reading() else {
        let known = "`mailward health explain` shows the properties of an item".to_owned();
        return Err((format!("there is no property {:?}", spec.property), known));
    };
    let judges = by(watched, |one| &one.probe);
    let probes = watched.probes.iter().filter(|probe| {
        let judges = judges.get(probe.name.as_str()).into_iter().flatten();
        let names = Names::of_judged(probe, judges.copied());
        names.fit(&spec.item).is_some()
    });
    let monitors = watched
        .monitors
        .iter()
        .filter(|one| Names::of_monitor(one).fit(&spec.item).is_some());
    let parts = by(watched, |one| &one.component);
    let parts = parts.into_iter().filter(|(component, monitors)| {
        let names = Names::of_part(component, monitors.iter().copied());
        names.fit(&spec.item).is_some()
    });
    let components: Vec<&str> = parts.map(|(component, _)| component).collect();
    let (probes, monitors): (Vec<_>, Vec<_>) = (probes.collect(), monitors.collect());
    if probes.is_empty() && monitors.is_empty() && components.is_empty() {
        return Err((
            format!("nothing named {:?} is watched", spec.item),
            nearest(&spec.item, watched),
        ));
    }
    let applies = match property.subject {
        Subject::Any => true,
        Subject::Probe => probes
            .iter()
            .any(|probe| property::set_probe(&mut (*probe).clone(), property.name, &value)),
        Subject::Monitor => monitors
            .iter()
            .any(|one| property::set_monitor(&mut (*one).clone(), property.name, &value)),
        Subject::Responder => components.iter().any(|component| {
            let stage = property.name.split_once('.').map(|(stage, _)| stage);
            stage.is_none_or(|stage| {
                let acts = ladder(component);
                acts.iter()
                    .any(|rung| property::stage(&rung.act) == Some(stage))
            })
        }),
    };
    if applies {
        return Ok(());
    }
    Err((
        format!("{:?} has no property {}", spec.item, property.name),
        format!(
            "it is one of a {}; `mailward health explain {}` shows what there is",
            property.subject.word(),
            spec.item
        ),
    ))
}

/// Sets a property of a probe for one run of it.
///
/// # Errors
/// What is wrong, and what would be right.
pub(crate) fn set_once(
    probe: &mut ProbeDefinition,
    property: &str,
    value: &str,
) -> Result<(), (String, String)> {
    let of_probes = || properties().filter(|known| known.subject == Subject::Probe);
    let found = of_probes().find(|known| known.name.eq_ignore_ascii_case(property.trim()));
    let Some(found) = found else {
        let names: Vec<&str> = of_probes().map(|known| known.name).collect();
        return Err((
            format!("a probe has no property {property:?}"),
            format!("it has {}", names.join(", ")),
        ));
    };
    let value = found.values.read(value).ok_or_else(|| {
        (
            format!("{value:?} is not a value of {}", found.name),
            format!("write {}", found.values.allowed()),
        )
    })?;
    property::set_probe(probe, found.name, &value);
    Ok(())
}

/// The watched name that looks most like one that is not watched; else all of them.
pub(crate) fn nearest(item: &str, watched: &Watched) -> String {
    let mut names: Vec<&str> = watched
        .monitors
        .iter()
        .flat_map(|one| [one.name.as_str(), one.component.as_str(), one.set.as_str()])
        .collect();
    names.sort_unstable();
    names.dedup();
    match mailward_api::assignment::nearest(item, &names) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}, and all", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
