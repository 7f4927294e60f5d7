//! What policies say about objects, put into them: settings, ranges of receive connectors, untrusted
//! certificates.

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{Applied, Claim, Holding, Loss, Lost, folded, last_wins};
use crate::{
    Object, ObjectId, Revision, Spec,
    kind::{
        HealthSettings, Policy, PolicySettings, ReceiveConnector, RemoteRange, SomeFields,
        TransportSettings,
    },
    object::{SpecOf, Validate},
};

/// Puts what policies say of settings into the settings.
pub(super) fn settings(applied: &[Applied<'_>], objects: &mut Vec<Object>) -> Vec<Holding> {
    let mut held = Vec::new();
    held.extend(of_kind::<TransportSettings>(applied, objects, |policy| {
        &policy.transport_settings
    }));
    held.extend(of_kind::<HealthSettings>(applied, objects, |policy| {
        &policy.health_settings
    }));
    held.extend(of_kind::<PolicySettings>(applied, objects, |policy| {
        &policy.policy_settings
    }));
    held.sort_by(|one, other| one.item.cmp(&other.item));
    held
}

fn fields_of<T: Serialize>(spec: &T) -> Map<String, Value> {
    match serde_json::to_value(spec) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    }
}

fn of_kind<T>(
    applied: &[Applied<'_>],
    objects: &mut Vec<Object>,
    pick: impl Fn(&Policy) -> &SomeFields<T>,
) -> Vec<Holding>
where
    T: SpecOf + Into<Spec> + Serialize + DeserializeOwned + Validate + Default,
{
    let says = |one: &&Applied<'_>| !pick(one.policy).is_empty();
    let Some(first) = applied.iter().find(says) else {
        return Vec::new();
    };
    let at = objects
        .iter()
        .position(|object| T::of(&object.spec).is_some());
    let base = at.and_then(|at| objects.get(at));
    let base = match base.and_then(|object| T::of(&object.spec)) {
        Some(spec) => fields_of(spec),
        None => fields_of(&T::default()),
    };
    let mut current = base.clone();
    let mut claims: BTreeMap<&str, (Vec<Claim<'_>>, Vec<Lost>)> = BTreeMap::new();
    for one in applied.iter().filter(says) {
        let fields = pick(one.policy);
        let mut candidate = current.clone();
        candidate.extend(
            fields
                .iter()
                .map(|(field, value)| (field.to_owned(), value.clone())),
        );
        let refused = refusal::<T>(&candidate);
        for (field, value) in fields.iter() {
            let (held, lost) = claims.entry(field).or_default();
            match &refused {
                None => held.push(Claim {
                    from: one.name,
                    value: value.clone(),
                }),
                Some(problem) => lost.push(Lost {
                    from: one.name.to_owned(),
                    value: value.clone(),
                    loss: Loss::Unsound,
                    reason: format!("with what stands beside it, it would not be sound: {problem}"),
                }),
            }
        }
        if refused.is_none() {
            current = candidate;
        }
    }
    if let Ok(spec) = T::deserialize(Value::Object(current)) {
        match at.and_then(|at| objects.get_mut(at)) {
            Some(object) => object.spec = spec.into(),
            None => objects.push(stand_in("default", first.object, spec.into())),
        }
    }
    let table = T::KIND.table();
    let held = claims.into_iter().map(|(field, (claims, refused))| {
        let base = base.get(field).cloned();
        let mut holding = last_wins(format!("{table}.{field}"), claims, base);
        holding.lost.splice(0..0, refused.into_iter().rev());
        holding
    });
    held.collect()
}

/// Why settings with these fields would not be sound.
fn refusal<T: DeserializeOwned + Validate>(fields: &Map<String, Value>) -> Option<String> {
    match T::deserialize(Value::Object(fields.clone())) {
        Ok(spec) => spec.validate().first().map(ToString::to_string),
        Err(error) => Some(error.to_string()),
    }
}

/// An object that is there by policy alone.
fn stand_in(name: &str, policy: &Object, spec: Spec) -> Object {
    Object {
        id: ObjectId(0),
        name: name.to_owned(),
        revision: Revision(policy.revision.0),
        spec,
    }
}

/// Puts what policies say of whom connectors take into the connectors. Exact ranges are those of the
/// policy applied last; additions add up, and exact beats added.
pub(super) fn ranges(applied: &[Applied<'_>], objects: &mut [Object]) -> Vec<Holding> {
    type Said<'a> = (Vec<Claim<'a>>, Vec<(&'a str, &'a [RemoteRange])>);
    let mut said: BTreeMap<String, (&str, Said<'_>)> = BTreeMap::new();
    for one in applied {
        for entry in &one.policy.ranges {
            let name = &entry.receive_connector;
            let (_, (exact, added)) = said
                .entry(folded(name))
                .or_insert_with(|| (name, Said::default()));
            match &entry.remote_ranges {
                Some(ranges) => exact.push(Claim {
                    from: one.name,
                    value: json!(ranges),
                }),
                None => added.push((one.name, &entry.add)),
            }
        }
    }
    let mut held = Vec::new();
    let mut changed = Vec::new();
    for (key, (name, (exact, added))) in said {
        let object = objects.iter_mut().find(|object| {
            object.spec.kind() == ReceiveConnector::KIND && folded(&object.name) == key
        });
        let lose = |from: &str, value: &Value, loss: Loss, reason: &str| Lost {
            from: from.to_owned(),
            value: value.clone(),
            loss,
            reason: reason.to_owned(),
        };
        let Some(Object {
            name,
            spec: Spec::ReceiveConnector(spec),
            ..
        }) = object
        else {
            let reason = format!("there is no receive connector {name}");
            let added = added.iter().map(|(from, list)| (*from, json!(list)));
            let all = exact
                .into_iter()
                .map(|claim| (claim.from, claim.value))
                .chain(added);
            held.push(Holding {
                item: format!("receive_connector.{name}.remote_ranges"),
                value: Value::Null,
                from: String::new(),
                lost: all
                    .map(|(from, value)| lose(from, &value, Loss::Absent, &reason))
                    .collect(),
            });
            continue;
        };
        let item = format!("receive_connector.{name}.remote_ranges");
        let base = json!(spec.remote_ranges);
        let mut holding = if exact.is_empty() {
            let mut list = spec.remote_ranges.clone();
            for entry in added.iter().flat_map(|(_, list)| list.iter()) {
                if !list.contains(entry) {
                    list.push(entry.clone());
                }
            }
            let from: Vec<&str> = added.iter().map(|(from, _)| *from).collect();
            Holding {
                item,
                value: json!(list),
                from: format!("the objects, and added by {}", from.join(", ")),
                lost: Vec::new(),
            }
        } else {
            let mut holding = last_wins(item, exact, Some(base.clone()));
            let reason = format!(
                "{} says the exact ranges, and exact beats added ones",
                holding.from
            );
            let beaten = added
                .iter()
                .map(|(from, list)| lose(from, &json!({ "add": list }), Loss::Exact, &reason));
            holding.lost.extend(beaten);
            holding
        };
        let mut candidate = spec.clone();
        candidate.remote_ranges = serde_json::from_value(holding.value.clone()).unwrap_or_default();
        match candidate.validate().first() {
            None => {
                let before = std::mem::replace(spec, candidate).remote_ranges;
                changed.push((name.clone(), before, held.len()));
            }
            Some(problem) => take_back(&mut holding, base, &problem.to_string()),
        }
        held.push(holding);
    }
    untie(changed, objects, &mut held);
    held
}

/// What would not be sound does not hold: the objects' own value does.
fn take_back(holding: &mut Holding, base: Value, problem: &str) {
    let lost = Lost {
        from: std::mem::replace(&mut holding.from, super::OBJECTS.to_owned()),
        value: std::mem::replace(&mut holding.value, base),
        loss: Loss::Unsound,
        reason: format!("the connector would not be sound: {problem}"),
    };
    holding.lost.insert(0, lost);
}

/// Takes ranges back that leave nothing to decide between two connectors, the last by name first, until
/// there is no tie: the objects by themselves have none.
fn untie(
    mut changed: Vec<(String, Vec<RemoteRange>, usize)>,
    objects: &mut [Object],
    held: &mut [Holding],
) {
    let mut at = changed.len();
    while let Some(no) = at.checked_sub(1) {
        at = no;
        let Some((name, ..)) = changed.get(no) else {
            continue;
        };
        let Some(problem) = tie_of(name, objects) else {
            continue;
        };
        let (name, before, place) = changed.remove(no);
        if let Some(holding) = held.get_mut(place) {
            take_back(holding, json!(before), &problem);
        }
        for object in objects.iter_mut().filter(|object| object.name == name) {
            if let Spec::ReceiveConnector(spec) = &mut object.spec {
                spec.remote_ranges.clone_from(&before);
            }
        }
        // What was taken back may tie with what was looked at before.
        at = changed.len();
    }
}

/// Where a receive connector ties with another one, in words.
fn tie_of(name: &str, objects: &[Object]) -> Option<String> {
    let connectors = || {
        objects.iter().filter_map(|object| match &object.spec {
            Spec::ReceiveConnector(spec) => Some((object.name.as_str(), spec)),
            _ => None,
        })
    };
    let (_, spec) = connectors().find(|(known, _)| *known == name)?;
    let mut others = connectors().filter(|(known, _)| *known != name);
    others.find_map(|(other, with)| {
        let tie = spec.tie_with(with)?;
        let (problem, mend) = tie.explain(&format!("{} {other:?}", ReceiveConnector::KIND.noun()));
        Some(format!("remote_ranges[{}]: {problem}; {mend}", tie.at))
    })
}

/// Adds the certificates that policies refuse. They add up.
pub(super) fn untrusted(applied: &[Applied<'_>], objects: &mut Vec<Object>) -> Vec<Holding> {
    let mut held: Vec<Holding> = Vec::new();
    let mut known = Vec::new();
    for one in applied.iter().rev() {
        for (at, entry) in one.policy.untrusted.iter().enumerate() {
            let name = format!("policy {}, entry {}", one.name, at + 1);
            let key = (
                &entry.issuer,
                &entry.serial,
                entry.sha256,
                entry.spki_sha256,
            );
            if let Some(place) = known.iter().position(|other| *other == key) {
                if let Some(winner) = held.get_mut(place) {
                    let reason = format!("{} says the same and is applied later", winner.from);
                    winner.lost.push(Lost {
                        from: one.name.to_owned(),
                        value: json!(entry),
                        loss: Loss::Later,
                        reason,
                    });
                }
                continue;
            }
            known.push(key);
            held.push(Holding {
                item: format!("untrusted_certificate.{name}"),
                value: json!(entry),
                from: one.name.to_owned(),
                lost: Vec::new(),
            });
            objects.push(stand_in(&name, one.object, entry.clone().into()));
        }
    }
    held
}
