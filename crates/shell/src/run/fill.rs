//! The request of a command for one object: what was given, and what the object says of itself.
//!
//! Pure.

use mailward_api::{
    fault::Fault,
    operation::{
        Op,
        cmdlet::{Cmdlet, Parameter, Target},
    },
};
use serde_json::{Map, Value as Json};

use crate::{
    convert::{ADD, REMOVE, UNLIMITED, convert},
    value::Value,
};

/// The field that says how many.
pub(super) const LIMIT: &str = "limit";

/// What a request is made of.
#[derive(Debug, Default, Clone)]
pub(super) struct Filled {
    pub(super) identity: Option<String>,
    pub(super) fields: Map<String, Json>,
    pub(super) spec: Map<String, Json>,
    pub(super) set: Vec<String>,
    pub(super) op: Option<Op>,
    pub(super) file: Option<String>,
    pub(super) rename: Option<String>,
}

/// What the command is about, for people.
pub(super) fn meant(cmdlet: &Cmdlet, filled: &Filled) -> String {
    if let Some(identity) = &filled.identity {
        return identity.clone();
    }
    let first = cmdlet.parameters.first();
    let field = first.and_then(|one| match one.target {
        Target::Request(field) | Target::Instead(field, _) | Target::InsteadOrQueue(field, ..) => {
            filled.fields.get(field)
        }
        _ => None,
    });
    match field {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// The request for one object: what was given, and what the object says of itself.
pub(super) fn piped(
    cmdlet: &Cmdlet,
    given: &[(usize, Json)],
    item: Option<&Value>,
) -> Result<Filled, Fault> {
    let mut filled = Filled::default();
    for (target, value) in &cmdlet.fixed {
        fill(&mut filled, target, value.clone())?;
    }
    for (at, parameter) in cmdlet.parameters.iter().enumerate() {
        let mut value = given
            .iter()
            .find(|(one, _)| *one == at)
            .map(|(_, value)| value.clone());
        if value.is_none()
            && parameter.piped
            && let Some(item) = item
        {
            value = of_item(parameter, at == 0, item)?;
        }
        match value {
            Some(value) => fill(&mut filled, &parameter.target, value)?,
            None if parameter.needed && !stands_for(cmdlet, parameter, given) => {
                return Err(Fault::invalid(
                    format!("what the pipe gives has no {}", parameter.name),
                    format!(
                        "name it: … | ForEach-Object {{ {} -{} $_.… }}",
                        cmdlet.name, parameter.name
                    ),
                ));
            }
            None => {}
        }
    }
    Ok(filled)
}

/// Whether another parameter was given that may stand in the place of this one.
fn stands_for(cmdlet: &Cmdlet, parameter: &Parameter, given: &[(usize, Json)]) -> bool {
    let mut given = given.iter();
    given.any(|(at, _)| {
        let name = cmdlet.parameters.get(*at).map(|one| one.name.as_str());
        parameter.unless.is_some() && name == parameter.unless
    })
}

/// What an object from the pipeline says of a parameter.
fn of_item(parameter: &Parameter, is_first: bool, item: &Value) -> Result<Option<Json>, Fault> {
    let found = match item {
        Value::Record(_) | Value::Table(_) => match item.member(&parameter.name) {
            Value::Null if is_first => item.member("Identity"),
            found => found,
        },
        value if is_first => value.clone(),
        _ => Value::Null,
    };
    if found == Value::Null || found == Value::Text(String::new()) {
        return Ok(None);
    }
    let converted = convert(&parameter.takes, &found);
    converted.map(Some).map_err(|(problem, mend)| {
        Fault::invalid(format!("its {}: {problem}", parameter.name), mend)
    })
}

/// Puts a value where its parameter belongs.
fn fill(filled: &mut Filled, target: &Target, value: Json) -> Result<(), Fault> {
    match target {
        Target::Identity => filled.identity = value.as_str().map(str::to_owned),
        Target::File => filled.file = value.as_str().map(str::to_owned),
        Target::Rename => filled.rename = value.as_str().map(str::to_owned),
        Target::Request(field) => {
            // What is not wanted is the same as not asked for.
            if !value.is_null() && value != Json::Bool(false) {
                filled.fields.insert((*field).to_owned(), value);
            }
        }
        Target::Other(op) => {
            if value == Json::Bool(true) {
                filled.op = Some(*op);
            }
        }
        Target::Behind(field) => {
            if let (Some(before), Some(behind)) = (filled.fields.get(*field), value.as_str())
                && let Some(before) = before.as_str()
            {
                let whole = format!("{before}/{behind}");
                filled.fields.insert((*field).to_owned(), whole.into());
            }
        }
        Target::Instead(field, op) => {
            filled.op = Some(*op);
            filled.fields.insert((*field).to_owned(), value);
        }
        Target::InsteadOrQueue(_, _, queue) if value.as_str().is_some_and(|t| t.contains('/')) => {
            filled.fields.insert((*queue).to_owned(), value);
        }
        Target::InsteadOrQueue(field, op, _) => {
            // Of one message nothing else is asked.
            filled.fields.clear();
            filled.op = Some(*op);
            filled.fields.insert((*field).to_owned(), value);
        }
        Target::Operation(words) => {
            let word = words.iter().find(|(word, ..)| value == *word);
            if let Some((_, op, flag)) = word {
                filled.op = Some(*op);
                if let Some(flag) = flag {
                    filled.fields.insert((*flag).to_owned(), true.into());
                }
            }
        }
        Target::Word(field, yes, no) => {
            let word = if value == Json::Bool(true) { yes } else { no };
            filled.spec.insert((*field).to_owned(), (*word).into());
        }
        Target::Add(field) => filled.set.push(listed(field, "+=", value)),
        Target::Take(field) => filled.set.push(listed(field, "-=", value)),
        Target::Spec(field) => match value {
            // The default is in force again.
            Json::Null => filled.set.push(format!("{field}=")),
            Json::Object(changes) if is_list_change(&changes) => {
                for (verb, sign) in [(ADD, "+="), (REMOVE, "-=")] {
                    if let Some(values) = changes.get(verb) {
                        filled.set.push(listed(field, sign, values.clone()));
                    }
                }
            }
            value => {
                filled.spec.insert(field.clone(), value);
            }
        },
    }
    Ok(())
}

/// Whether as many are wanted as there are.
pub(super) fn is_unlimited(fields: &Map<String, Json>) -> bool {
    fields.get(LIMIT).and_then(Json::as_str) == Some(UNLIMITED)
}

fn is_list_change(changes: &Map<String, Json>) -> bool {
    !changes.is_empty() && changes.keys().all(|key| key == ADD || key == REMOVE)
}

/// An assignment to a list, its members as JSON so that no comma divides them.
fn listed(field: &str, sign: &str, value: Json) -> String {
    let values = match value {
        Json::Array(values) => values,
        one => vec![one],
    };
    format!("{field}{sign}{}", Json::Array(values))
}
