//! Properties and objects chosen, put in order, put together.

use std::{cmp::Ordering, collections::BTreeMap};

use super::{
    Host, Run, Stop,
    arguments::Arguments,
    format,
    own::{record, whole},
};
use crate::{
    parse::parse_part,
    syntax::{Expression, Node, Script},
    value::{Record, Value, folded, like},
};

/// A property that is asked for: its name, and how it is found.
pub(super) struct Asked {
    name: String,
    how: How,
    /// Whether the largest comes first; `None` where nothing is said of this one.
    descending: Option<bool>,
}

/// How a property is found.
enum How {
    /// By its name, or by a pattern of names.
    Name(String),
    /// By statements with the object in `$_`.
    Script(Script),
}

impl<H: Host> Run<'_, H> {
    /// The properties that a parameter asks for.
    pub(super) fn asked(
        &mut self,
        arguments: &Arguments<'_>,
        parameter: &str,
    ) -> Result<Option<Vec<Asked>>, Stop> {
        let Some(argument) = arguments.find(parameter) else {
            return Ok(None);
        };
        let written: Vec<Option<&Expression>> = match argument.written.map(|one| &one.node) {
            Some(Node::List(items)) => items.iter().map(Some).collect(),
            _ => vec![argument.written],
        };
        let values = argument.value.clone().into_items();
        let mut asked = Vec::with_capacity(values.len());
        for (at, value) in values.into_iter().enumerate() {
            let written = written.get(at).copied().flatten().map(|one| &one.node);
            let table = match written {
                Some(Node::Table(entries)) => entries.as_slice(),
                _ => &[],
            };
            // @{ Name = 'n'; Expression = { … } }
            let entry = |names: [&str; 3]| {
                let mut entries = table.iter();
                entries.find(|(key, _)| names.iter().any(|name| key.eq_ignore_ascii_case(name)))
            };
            let script = match written {
                Some(Node::Block(span)) => Some(parse_part(self.source, *span)?),
                _ => match entry(["expression", "e", "ex"]).map(|(_, value)| &value.node) {
                    Some(Node::Block(span)) => Some(parse_part(self.source, *span)?),
                    _ => None,
                },
            };
            let named = ["Name", "n", "Label", "l"]
                .iter()
                .map(|name| value.member(name))
                .find(|name| *name != Value::Null && !table.is_empty());
            let by = match &value {
                Value::Table(_) => {
                    let names = ["Expression", "e", "ex"].iter();
                    let found = names
                        .map(|name| value.member(name))
                        .find(|found| *found != Value::Null);
                    found.unwrap_or_default().text()
                }
                other => other.text().trim().to_owned(),
            };
            let descending = match table.is_empty() {
                true => Value::Null,
                false => value.member("Descending"),
            };
            asked.push(Asked {
                descending: (descending != Value::Null).then(|| descending.is_true()),
                name: named.map_or_else(|| by.clone(), |name| name.text()),
                how: script.map_or(How::Name(by), How::Script),
            });
        }
        Ok(Some(asked))
    }

    /// Objects with the properties that are asked for. `known`: a name that no object has is left
    /// out.
    pub(super) fn project(
        &mut self,
        asked: &[Asked],
        items: &[Value],
        known: bool,
    ) -> Result<Vec<Value>, Stop> {
        let mut rows = Vec::with_capacity(items.len());
        for item in items {
            let mut fields: Vec<(String, Value)> = Vec::new();
            for one in asked {
                match &one.how {
                    How::Script(script) => {
                        let values = self.with_item(item.clone(), |run| run.script(script))?;
                        fields.push((one.name.clone(), Value::of_items(values)));
                    }
                    How::Name(name) if name.contains(['*', '?']) => {
                        let fitting = item.fields().iter().filter(|(field, _)| like(field, name));
                        for (field, value) in fitting {
                            if !fields.iter().any(|(one, _)| one == field) {
                                fields.push((field.clone(), value.clone()));
                            }
                        }
                    }
                    How::Name(name) => {
                        // The object's own spelling is shown.
                        let own = item.fields().iter();
                        let own = own
                            .map(|(field, _)| field)
                            .find(|field| field.eq_ignore_ascii_case(name) && one.name == *name);
                        let field = own.cloned().unwrap_or_else(|| one.name.clone());
                        fields.push((field, item.member(name)));
                    }
                }
            }
            if known && fields.is_empty() {
                continue;
            }
            rows.push(Value::from(Record {
                columns: &[],
                fields,
            }));
        }
        Ok(rows)
    }

    pub(super) fn select(
        &mut self,
        arguments: &Arguments<'_>,
        items: Vec<Value>,
    ) -> Result<Vec<Value>, Stop> {
        let mut items = items;
        if let Some(skip) = arguments.count("Skip") {
            items.drain(..skip.min(items.len()));
        }
        if let Some(first) = arguments.count("First") {
            items.truncate(first);
        } else if let Some(last) = arguments.count("Last") {
            items.drain(..items.len().saturating_sub(last));
        } else if let Some(last) = arguments.count("SkipLast") {
            items.truncate(items.len().saturating_sub(last));
        }
        if let Some(property) = arguments.text("ExpandProperty") {
            let found = items.iter().map(|item| item.member(&property));
            items = found.flat_map(Value::into_items).collect();
        } else if let Some(asked) = self.asked(arguments, "Property")? {
            items = self.project(&asked, &items, false)?;
        }
        if let Some(excluded) = arguments.items("ExcludeProperty") {
            let patterns: Vec<String> = excluded.iter().map(Value::text).collect();
            let keep =
                |(name, _): &&(String, Value)| !patterns.iter().any(|pattern| like(name, pattern));
            items = items
                .iter()
                .map(|item| {
                    let fields = item.fields().iter().filter(keep).cloned().collect();
                    Value::from(Record {
                        columns: &[],
                        fields,
                    })
                })
                .collect();
        }
        if arguments.is_on("Unique") {
            let mut seen = std::collections::BTreeSet::new();
            items.retain(|item| seen.insert(key(item)));
        }
        Ok(items)
    }

    pub(super) fn sort(
        &mut self,
        arguments: &Arguments<'_>,
        items: Vec<Value>,
    ) -> Result<Vec<Value>, Stop> {
        let asked = self.asked(arguments, "Property")?;
        let keys = match &asked {
            Some(asked) => self.project(asked, &items, false)?,
            None => items.clone(),
        };
        let mut keyed: Vec<(Value, Value)> = keys.into_iter().zip(items).collect();
        let all = arguments.is_on("Descending");
        // What one property says of itself counts more than what is said of all.
        let turned: Vec<bool> = match &asked {
            Some(asked) => asked
                .iter()
                .map(|one| one.descending.unwrap_or(all))
                .collect(),
            None => vec![all],
        };
        let turn = |order: Ordering, at: usize| match turned.get(at) {
            Some(true) => order.reverse(),
            _ => order,
        };
        let order = |one: &Value, other: &Value| match (one.fields(), other.fields()) {
            ([], []) => turn(one.order(other), 0),
            (one, other) => {
                let pairs = one.iter().zip(other).enumerate();
                let orders = pairs.map(|(at, ((_, one), (_, other)))| turn(one.order(other), at));
                orders.fold(Ordering::Equal, Ordering::then)
            }
        };
        keyed.sort_by(|(one, _), (other, _)| order(one, other));
        if arguments.is_on("Unique") {
            keyed.dedup_by(|(one, _), (other, _)| order(one, other).is_eq());
        }
        Ok(keyed.into_iter().map(|(_, item)| item).collect())
    }

    /// Group-Object: by the value of a property, of several, or of statements.
    pub(super) fn group(
        &mut self,
        arguments: &Arguments<'_>,
        items: Vec<Value>,
    ) -> Result<Vec<Value>, Stop> {
        let asked = self.asked(arguments, "Property")?;
        let keys = match &asked {
            Some(asked) => self.project(asked, &items, false)?,
            None => items.clone(),
        };
        let mut groups: BTreeMap<String, (String, Vec<Value>)> = BTreeMap::new();
        for (key, item) in keys.into_iter().zip(items) {
            let name = match key.fields() {
                [] => key.text(),
                _ if asked.is_none() => key.text(),
                fields => {
                    let texts: Vec<String> = fields.iter().map(|(_, value)| value.text()).collect();
                    texts.join(", ")
                }
            };
            let group = groups.entry(folded(&name)).or_insert((name, Vec::new()));
            group.1.push(item);
        }
        let mut groups: Vec<(String, Vec<Value>)> = groups.into_values().collect();
        groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
        let row = |(name, members): (String, Vec<Value>)| {
            let mut fields = vec![("Count", whole(members.len())), ("Name", Value::Text(name))];
            if !arguments.is_on("NoElement") {
                fields.push(("Group", Value::List(members)));
            }
            record(fields)
        };
        Ok(groups.into_iter().map(row).collect())
    }

    /// Format-Table.
    pub(super) fn table(
        &mut self,
        arguments: &Arguments<'_>,
        items: &[Value],
    ) -> Result<String, Stop> {
        let width = match arguments.is_on("Wrap") {
            true => 0,
            false => self.shell.host.width(),
        };
        let heads = !arguments.is_on("HideTableHeaders");
        Ok(match self.asked(arguments, "Property")? {
            Some(asked) => {
                let rows = self.project(&asked, items, true)?;
                format::table(&rows, None, width, heads)
            }
            None => format::table(items, Some(()), width, heads),
        })
    }

    /// Format-Table -GroupBy: a table for each run of objects with one value of a property.
    pub(super) fn tables(
        &mut self,
        arguments: &Arguments<'_>,
        by: &str,
        items: Vec<Value>,
    ) -> Result<String, Stop> {
        let mut text = String::new();
        for run in items.chunk_by(|one, other| one.member(by).equals(&other.member(by))) {
            if !text.is_empty() {
                text.push('\n');
            }
            let value = run.first().map(|one| one.member(by)).unwrap_or_default();
            text.push_str(&format!("{by}: {}\n\n", value.text()));
            text.push_str(&self.table(arguments, run)?);
        }
        Ok(text)
    }
}

/// What an object is told apart by.
fn key(item: &Value) -> String {
    let mut text = String::new();
    item.write_json(&mut text);
    folded(&text)
}
