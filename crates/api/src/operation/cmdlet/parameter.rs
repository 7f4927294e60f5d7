//! Parameters: what each takes and which field it fills.

use std::sync::OnceLock;

use mailward_model::{Kind, Spec};
use serde_json::Value;

use super::name;
use crate::assignment::type_of;

/// What a parameter fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The object that is meant, by its name or address.
    Identity,
    /// A field of the request.
    Request(&'static str),
    /// A field of the object.
    Spec(String),
    /// A list of the object, to which it adds.
    Add(&'static str),
    /// A list of the object, out of which it takes.
    Take(&'static str),
    /// A field of the object that has one value where the parameter is true and another where it
    /// is false.
    Word(&'static str, &'static str, &'static str),
    /// Which of several operations is meant, by the word that is given, and a field that the word
    /// sets to true.
    Operation(&'static [(&'static str, super::Op, Option<&'static str>)]),
    /// A field of another request, which is asked where the parameter is given.
    Instead(&'static str, super::Op),
    /// A field of another request, as above, where the value has no slash; else a field of this one.
    /// Names of delivery queues always have a slash, message ids never.
    InsteadOrQueue(&'static str, super::Op, &'static str),
    /// Another operation, which is asked where the switch is given.
    Other(super::Op),
    /// What stands behind the value of a field, divided from it by a slash.
    Behind(&'static str),
    /// Another name for the object.
    Rename,
    /// Where the answer is written to.
    File,
}

/// What a filter is about, and so which properties it may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filtered {
    /// Recipients.
    Recipients,
    /// Delivery queues.
    Queues,
    /// Queued messages.
    Messages,
}

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is there or not.
    Switch,
    /// `$true` or `$false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number of objects; `Unlimited` for all there can be.
    Count,
    /// A text.
    Text,
    /// A filter: a text, or what stands between braces.
    Filter(Filtered),
    /// One of these words.
    Word(Vec<String>),
    /// Several values; `@{Add=…; Remove=…}` changes single ones.
    List(Box<Takes>),
    /// A table `@{ … }`.
    Table,
    /// Any value.
    Any,
}

impl Takes {
    /// What stands for a value in help; empty for a switch.
    pub fn word(&self) -> &'static str {
        match self {
            Takes::Switch => "",
            Takes::Boolean => "$true | $false",
            Takes::Integer => "Number",
            Takes::Count => "Number | Unlimited",
            Takes::Text => "Text",
            Takes::Filter(_) => "{Filter}",
            Takes::Word(_) => "Word",
            Takes::List(_) => "Text[]",
            Takes::Table => "Table",
            Takes::Any => "Value",
        }
    }
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name: `PrimarySmtpAddress`.
    pub name: String,
    /// What it fills.
    pub target: Target,
    /// What it takes.
    pub takes: Takes,
    /// Whether nothing is done without it.
    pub needed: bool,
    /// The parameter that may stand in its place, where it is needed.
    pub unless: Option<&'static str>,
    /// Whether its value may stand without its name.
    pub positional: bool,
    /// Whether objects from the pipeline fill it, by their property of its name.
    pub piped: bool,
    /// What it is, for help.
    pub help: String,
}

impl Parameter {
    /// One that may be left out.
    pub(super) fn new(name: &str, target: Target, takes: Takes, help: &str) -> Self {
        Parameter {
            name: name.to_owned(),
            target,
            takes,
            needed: false,
            unless: None,
            positional: false,
            piped: false,
            help: help.to_owned(),
        }
    }

    /// The object that is meant.
    pub(super) fn identity(needed: bool) -> Self {
        Parameter {
            needed,
            positional: true,
            piped: true,
            ..Parameter::new(
                "Identity",
                Target::Identity,
                Takes::Text,
                "The object's name, or its address",
            )
        }
    }
}

/// A field of a kind, as its schema has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name in the object.
    pub(super) field: String,
    /// What it takes.
    pub(super) takes: Takes,
    /// Whether there is no object without it.
    pub(super) needed: bool,
    /// What it is.
    pub(super) help: String,
}

/// The fields of a kind.
pub(super) fn fields(kind: Kind) -> &'static [Field] {
    static FIELDS: OnceLock<Vec<(Kind, Vec<Field>)>> = OnceLock::new();
    let all = FIELDS.get_or_init(|| Kind::ALL.iter().map(|kind| (*kind, read(*kind))).collect());
    let found = all.iter().find(|(one, _)| *one == kind);
    found.map_or(&[], |(_, fields)| fields)
}

fn read(kind: Kind) -> Vec<Field> {
    let mut generator = schemars::SchemaGenerator::default();
    let root = Spec::schema(kind, &mut generator).to_value();
    let definitions = Value::Object(generator.take_definitions(true));
    let root = resolve(&root, &definitions);
    let needed: Vec<&str> = root
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let fields = root.get("properties").and_then(Value::as_object);
    let mut fields: Vec<Field> = fields
        .into_iter()
        .flatten()
        .map(|(field, schema)| Field {
            field: field.clone(),
            takes: takes(schema, &definitions),
            needed: needed.contains(&field.as_str()),
            help: help(schema),
        })
        .collect();
    // The tenth stands behind the ninth.
    fields.sort_by_key(|one| {
        let name = one.field.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = one.field.get(name.len()..).unwrap_or_default();
        (name.to_owned(), number.parse::<u32>().unwrap_or_default())
    });
    fields
}

/// The first paragraph of a description, on one line.
fn help(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str);
    let text = text.unwrap_or_default();
    let first = text.split("\n\n").next().unwrap_or_default();
    let first = first.split_whitespace().collect::<Vec<_>>().join(" ");
    first.trim_end_matches('.').to_owned()
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

/// The words of an enumeration; none where something else than a word may stand.
fn words(schema: &Value) -> Vec<String> {
    let plain = |one: &Value| one.as_str().map(str::to_owned);
    if let Some(all) = schema.get("enum").and_then(Value::as_array) {
        return all.iter().filter_map(plain).collect();
    }
    let Some(choices) = schema.get("oneOf").and_then(Value::as_array) else {
        return Vec::new();
    };
    let mut words = Vec::new();
    for choice in choices {
        match (choice.get("const"), choice.get("enum")) {
            (Some(word), _) => words.extend(plain(word)),
            (_, Some(Value::Array(several))) => words.extend(several.iter().filter_map(plain)),
            _ => return Vec::new(),
        }
    }
    words
}

fn takes(schema: &Value, definitions: &Value) -> Takes {
    let schema = resolve(schema, definitions);
    // An optional field is `anyOf [T, null]`.
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        let is_null = |one: &&Value| one.get("type").and_then(Value::as_str) != Some("null");
        return choices
            .iter()
            .find(is_null)
            .map_or(Takes::Text, |one| takes(one, definitions));
    }
    let words = words(schema);
    if !words.is_empty() {
        return Takes::Word(words);
    }
    match type_of(schema) {
        Some("boolean") => Takes::Boolean,
        Some("integer" | "number") => Takes::Integer,
        Some("object") => Takes::Table,
        Some("array") => Takes::List(Box::new(
            schema
                .get("items")
                .map_or(Takes::Text, |items| takes(items, definitions)),
        )),
        _ if schema.get("oneOf").is_some() => Takes::Table,
        _ => Takes::Text,
    }
}

/// The parameters that stand for the fields of a kind. `creates`: what there is no object without
/// is needed.
pub(super) fn of_kind(kind: Kind, creates: bool) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for field in fields(kind) {
        let takes = match name::is_filter(&field.field) {
            true => Takes::Filter(Filtered::Recipients),
            false => field.takes.clone(),
        };
        parameters.push(Parameter {
            needed: creates && field.needed && !name::is_made(kind, &field.field),
            piped: creates,
            ..Parameter::new(
                &name::of_field(kind, &field.field),
                Target::Spec(field.field.clone()),
                takes,
                &field.help,
            )
        });
    }
    for word in name::words(kind) {
        let takes = match word.switch {
            true => Takes::Switch,
            false => Takes::Boolean,
        };
        let target = Target::Word(word.field, word.yes, word.no);
        parameters.push(Parameter::new(word.name, target, takes, word.help));
    }
    parameters
}
