//! `key=value`: how an administrator changes single fields of an object.
//!
//! The kind's own JSON schema says what a key takes, so no list of fields is kept here. An edit is
//! pure: from the fields as they are to the fields as they shall be, or the reasons why not.

use std::{fmt, str::FromStr};

use mailward_model::{FieldError, Kind, Spec};
use serde_json::{Map, Value};

/// What is done to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// `key=value`; an empty value restores the default.
    Set,
    /// `key+=value`: adds to a list.
    Add,
    /// `key-=value`: takes out of a list.
    Take,
}

/// One change of one field, such as `max_recipients=500` or `bindings+=:587`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    key: String,
    verb: Verb,
    value: String,
}

/// A text that is not an assignment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an assignment: write key=value, key+=value, key-=value, or key= for the default"
)]
pub struct AssignmentError(String);

impl FromStr for Assignment {
    type Err = AssignmentError;

    fn from_str(text: &str) -> Result<Self, AssignmentError> {
        let fail = || AssignmentError(text.chars().take(128).collect());
        let (left, value) = text.split_once('=').ok_or_else(fail)?;
        let (key, verb) = match (left.strip_suffix('+'), left.strip_suffix('-')) {
            (Some(key), _) => (key, Verb::Add),
            (_, Some(key)) => (key, Verb::Take),
            _ => (left, Verb::Set),
        };
        // Both spellings are in use: `max-recipients` is how the command line spells everything else.
        let key = key.trim().replace('-', "_");
        if key.is_empty()
            || !key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
        {
            return Err(fail());
        }
        Ok(Assignment {
            key,
            verb,
            value: value.to_owned(),
        })
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verb {
            Verb::Set => "=",
            Verb::Add => "+=",
            Verb::Take => "-=",
        };
        write!(f, "{}{verb}{}", self.key, self.value)
    }
}

impl serde::Serialize for Assignment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Assignment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Assignment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Assignment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "key=value, key+=value, key-=value, or key= for the default.",
        })
    }
}

/// What a field takes, as far as reading a value needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Text,
    Boolean,
    Integer,
    List(Box<Shape>),
    /// An object with keys of its own, such as an alert channel's target.
    Composite,
}

/// The fields of a kind and their shapes, from its JSON schema.
fn shapes(kind: Kind) -> Vec<(String, Shape)> {
    let mut generator = schemars::SchemaGenerator::default();
    let root = Spec::schema(kind, &mut generator).to_value();
    let definitions = Value::Object(generator.take_definitions(true));
    resolve(&root, &definitions)
        .get("properties")
        .and_then(Value::as_object)
        .map(|fields| {
            fields
                .iter()
                .map(|(name, schema)| (name.clone(), shape(schema, &definitions)))
                .collect()
        })
        .unwrap_or_default()
}

/// Follows one `$ref` into the definitions. No kind refers in circles.
fn resolve<'a>(schema: &'a Value, definitions: &'a Value) -> &'a Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| path.rsplit('/').next())
        .and_then(|name| definitions.get(name))
        .unwrap_or(schema)
}

fn shape(schema: &Value, definitions: &Value) -> Shape {
    let schema = resolve(schema, definitions);
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
            // Optional fields are `anyOf [T, null]`; an enum is `oneOf` of texts, or of objects.
            return choices
                .iter()
                .filter(|one| one.get("type").and_then(Value::as_str) != Some("null"))
                .map(|one| shape(one, definitions))
                .next()
                .unwrap_or(Shape::Text);
        }
    }
    match type_of(schema) {
        Some("boolean") => Shape::Boolean,
        Some("integer" | "number") => Shape::Integer,
        Some("object") => Shape::Composite,
        Some("array") => Shape::List(Box::new(
            schema
                .get("items")
                .map_or(Shape::Text, |items| shape(items, definitions)),
        )),
        _ => Shape::Text,
    }
}

/// The type that a schema gives: of an optional one, the type it has where it is set.
pub(crate) fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::Array(kinds) => kinds
            .iter()
            .find_map(|kind| kind.as_str().filter(|kind| *kind != "null")),
        kind => kind.as_str(),
    }
}

/// Reads a value of a shape.
fn read(shape: &Shape, text: &str) -> Result<Value, (String, &'static str)> {
    let text = text.trim();
    match shape {
        Shape::Text => Ok(Value::from(text)),
        Shape::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Ok(Value::Bool(true)),
            "false" | "no" | "off" => Ok(Value::Bool(false)),
            _ => Err((
                format!("{text:?} is neither true nor false"),
                "write true or false",
            )),
        },
        Shape::Integer => text
            .replace('_', "")
            .parse::<u64>()
            .map(Value::from)
            .map_err(|_| {
                (
                    format!("{text:?} is not a whole number"),
                    "write digits only",
                )
            }),
        Shape::List(_) if text.starts_with('[') && text.contains('"') => {
            serde_json::from_str::<Vec<Value>>(text)
                .map(Value::from)
                .map_err(|error| {
                    let problem = format!("{text:?} is not a JSON list: {error}");
                    (problem, "write [\"a\", \"b\"], or a,b")
                })
        }
        Shape::List(item) => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| read(item, part))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::from),
        Shape::Composite => match serde_json::from_str::<Value>(text) {
            Ok(value @ Value::Object(_)) => Ok(value),
            _ => Err((
                format!("{text:?} is not a JSON object"),
                "write key.part=value, such as target.file=/var/log/alerts.jsonl",
            )),
        },
    }
}

/// The fields after the assignments, applied in order. Fields that are not set stand at their
/// defaults and are absent.
///
/// # Errors
/// Every assignment that cannot be carried out: an unknown key (with the nearest known one), a
/// value of the wrong shape, a list command on what is no list.
pub fn edit(
    kind: Kind,
    fields: Map<String, Value>,
    assignments: &[Assignment],
) -> Result<Map<String, Value>, Vec<FieldError>> {
    let shapes = shapes(kind);
    let mut fields = fields;
    let mut errors = Vec::new();
    for assignment in assignments {
        if let Err(error) = apply(&shapes, &mut fields, assignment) {
            errors.push(error);
        }
    }
    if errors.is_empty() {
        Ok(fields)
    } else {
        Err(errors)
    }
}

fn shape_of<'a>(shapes: &'a [(String, Shape)], key: &str) -> Result<&'a Shape, FieldError> {
    if let Some((_, shape)) = shapes.iter().find(|(name, _)| name == key) {
        return Ok(shape);
    }
    let known: Vec<&str> = shapes.iter().map(|(name, _)| name.as_str()).collect();
    let mend = match nearest(key, &known) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the keys are {}", known.join(", ")),
    };
    let problem = format!("there is no key {key:?}");
    Err(FieldError::new(key, problem, mend))
}

/// Sets fields of one kind by their values as text, for many objects: the kind's schema is looked
/// at once.
#[derive(Debug)]
pub struct Editor(Vec<(String, Shape)>);

impl Editor {
    /// For objects of this kind.
    pub fn of(kind: Kind) -> Editor {
        Editor(shapes(kind))
    }

    /// Whether the kind has the field.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(name, _)| name == field)
    }

    /// Whether the field takes several values.
    pub fn is_list(&self, field: &str) -> bool {
        matches!(shape_of(&self.0, field), Ok(Shape::List(_)))
    }

    /// Gives a field these values; none of them restores its default.
    ///
    /// # Errors
    /// There is no such field, or it does not take them.
    pub fn set(
        &self,
        fields: &mut Map<String, Value>,
        field: &str,
        values: &[String],
    ) -> Result<(), FieldError> {
        let shape = shape_of(&self.0, field)?;
        let value = match (shape, values) {
            (_, []) => {
                fields.remove(field);
                return Ok(());
            }
            (Shape::List(item), values) => {
                let items: Result<Vec<_>, _> =
                    values.iter().map(|value| read(item, value)).collect();
                items.map(Value::from)
            }
            (shape, [value]) => read(shape, value),
            (_, many) => Err((format!("it has {} values", many.len()), "give it one")),
        };
        let value = value.map_err(|(problem, mend)| FieldError::new(field, problem, mend))?;
        fields.insert(field.to_owned(), value);
        Ok(())
    }
}

fn apply(
    shapes: &[(String, Shape)],
    fields: &mut Map<String, Value>,
    assignment: &Assignment,
) -> Result<(), FieldError> {
    let (key, part) = match assignment.key.split_once('.') {
        Some((key, part)) => (key, Some(part)),
        None => (assignment.key.as_str(), None),
    };
    let error = |problem: String, mend: &str| FieldError::new(&assignment.key, problem, mend);
    let shape = shape_of(shapes, key)?;
    let value = assignment.value.as_str();
    if let Some(part) = part {
        if *shape != Shape::Composite || assignment.verb != Verb::Set {
            return Err(error(
                format!("{key} has no parts"),
                "write the key without a dot",
            ));
        }
        // A list or a text: what the part takes is checked when the whole is read.
        let value = serde_json::from_str::<Value>(value)
            .ok()
            .filter(|value| value.is_array() || value.is_object())
            .unwrap_or_else(|| Value::from(value));
        let whole = Map::from_iter([(part.to_owned(), value)]);
        fields.insert(key.to_owned(), Value::Object(whole));
        return Ok(());
    }
    if assignment.verb == Verb::Set {
        if value.trim().is_empty() {
            fields.remove(key);
            return Ok(());
        }
        let value = read(shape, value).map_err(|(problem, mend)| error(problem, mend))?;
        fields.insert(key.to_owned(), value);
        return Ok(());
    }
    let Shape::List(_) = shape else {
        return Err(error(
            format!("{key} is not a list"),
            "write key=value; += and -= are for lists",
        ));
    };
    let values = read(shape, value).map_err(|(problem, mend)| error(problem, mend))?;
    let values = values.as_array().cloned().unwrap_or_default();
    let list = fields
        .entry(key)
        .or_insert_with(|| Value::Array(Vec::new()));
    let Some(list) = list.as_array_mut() else {
        return Err(error(format!("{key} is not a list"), "write key=value"));
    };
    for value in values {
        match assignment.verb {
            Verb::Add if !list.contains(&value) => list.push(value),
            Verb::Add => {}
            _ => {
                let before = list.len();
                list.retain(|one| !same(one, &value));
                if list.len() == before {
                    return Err(error(
                        format!("{value} is not in {key}"),
                        "`show` prints what is in it",
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Equal, texts without regard to ASCII case: addresses and domains are written either way.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_str(), other.as_str()) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => one == other,
    }
}

/// The fields of a spec, defaults included.
pub fn fields_of(spec: &Spec) -> Map<String, Value> {
    match spec.serialize_fields(serde_json::value::Serializer) {
        Ok(Value::Object(fields)) => fields,
        // Every spec is a struct, and none holds what JSON cannot.
        _ => Map::new(),
    }
}

/// Reads a spec from its fields.
///
/// # Errors
/// The field that is wrong, missing or unknown.
pub fn spec_of(kind: Kind, fields: Map<String, Value>) -> Result<Spec, FieldError> {
    let fields = Value::Object(fields);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&fields, &mut track);
    Spec::deserialize_kind(kind, tracked).map_err(|error| {
        let path = track.path().to_string();
        let field = if path == "." { String::new() } else { path };
        let problem = error.to_string();
        // An error about an attribute names it itself: attributes are read together.
        let attribute = problem
            .split_once(": ")
            .filter(|(named, _)| field.is_empty() && shapes(kind).iter().any(|(f, _)| f == named))
            .map(|(named, rest)| (named.to_owned(), rest.to_owned()));
        let (field, problem) = attribute.unwrap_or((field, problem));
        FieldError::new(
            field,
            problem,
            format!(
                "`mailward {} set --help` and the handbook list the keys",
                kind.noun()
            ),
        )
    })
}

/// The known word nearest to one that is not known, where one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance of two short words.
fn distance(a: &str, b: &str) -> usize {
    // Longer words are no typing errors; the bound keeps hostile input cheap.
    const WORD_MAX: usize = 64;
    if a.len() > WORD_MAX || b.len() > WORD_MAX {
        return usize::MAX;
    }
    strsim::levenshtein(a, b)
}

#[cfg(test)]
mod tests;
