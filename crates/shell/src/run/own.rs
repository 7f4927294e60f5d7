//! The commands that work on what others give: chosen, ordered, counted, laid out, written.

use super::{
    Host, Put, Run, Stop,
    arguments::Arguments,
    count::{group, measure, members},
    csv,
    evaluate::holds,
    format, help, own_fault,
};
use crate::{
    bind::Call,
    error::ScriptError,
    parse::parse_part,
    signature::Own,
    syntax::{Expression, Node, Operator, Script},
    value::{Record, Value, folded, like},
};

/// A property that is asked for: its name, and how it is found.
pub(crate) struct Asked {
    pub(crate) name: String,
    pub(crate) how: How,
}

/// How a property is found.
pub(crate) enum How {
    /// By its name, or by a pattern of names.
    Name(String),
    /// By statements with the object in `$_`.
    Script(Script),
}

impl<H: Host> Run<'_, H> {
    pub(crate) fn own(
        &mut self,
        own: Own,
        call: &Call<'_>,
        arguments: &Arguments<'_>,
        input: Option<Vec<Value>>,
    ) -> Result<Vec<Value>, Stop> {
        let items = input.unwrap_or_default();
        Ok(match own {
            Own::Where => self.filtered(call, arguments, items)?,
            Own::ForEach => self.for_each(call, arguments, items)?,
            Own::Select => self.select(arguments, items)?,
            Own::Sort => self.sort(arguments, items)?,
            Own::Measure => vec![measure(arguments, &items)],
            Own::Group => group(arguments, items),
            Own::FormatTable => {
                let asked = self.asked(arguments, "Property")?;
                let width = match arguments.is_on("Wrap") {
                    true => 0,
                    false => self.shell.host.width(),
                };
                let columns = match &asked {
                    Some(asked) => Some(self.project(asked, &items, true)?),
                    None => None,
                };
                let heads = !arguments.is_on("HideTableHeaders");
                let text = match columns {
                    Some(rows) => format::table(&rows, None, width, heads),
                    None => format::table(&items, Some(()), width, heads),
                };
                page(text)
            }
            Own::FormatList => {
                let asked = self.asked(arguments, "Property")?;
                let rows = match &asked {
                    Some(asked) => self.project(asked, &items, false)?,
                    None => items,
                };
                page(format::list(&rows))
            }
            Own::ExportCsv => {
                self.export_csv(call, arguments, &items);
                Vec::new()
            }
            Own::ConvertToCsv => {
                let text = csv::write(&items, delimiter(arguments), true);
                text.lines().map(Value::from).collect()
            }
            Own::ImportCsv => self.import_csv(call, arguments)?,
            Own::ConvertToJson => {
                let mut text = String::new();
                Value::of_items(items).write_json(&mut text);
                if !arguments.is_on("Compress") {
                    text = format::spread_json(&text);
                }
                vec![Value::Text(text)]
            }
            Own::OutNull => Vec::new(),
            Own::OutFile => {
                let text = format::default(&items, 0);
                self.put(call, arguments, "FilePath", &text, false);
                Vec::new()
            }
            Own::WriteOutput => match arguments.items("InputObject") {
                Some(given) => given,
                None => items,
            },
            Own::GetMember => members(&items),
            Own::GetCommand => help::commands(arguments),
            Own::GetHelp => page(help::help(arguments, call.span)?),
            Own::GetHistory => {
                let all = self.shell.host.history();
                let count = arguments.count("Count").unwrap_or(all.len());
                let skip = all.len().saturating_sub(count);
                let numbered = all.into_iter().enumerate().skip(skip);
                numbered
                    .map(|(at, line)| {
                        record(vec![
                            ("Id", whole(at + 1)),
                            ("CommandLine", Value::Text(line)),
                        ])
                    })
                    .collect()
            }
            Own::ClearHost => {
                self.shell.host.clear();
                Vec::new()
            }
            Own::Exit => {
                let code = arguments.count("Code");
                let code = code.and_then(|code| u8::try_from(code).ok());
                return Err(Stop::Exit(code.unwrap_or_else(|| self.code())));
            }
        })
    }

    /// The statements of a block that stands there.
    fn block(&self, expression: Option<&Expression>, call: &Call<'_>) -> Result<Script, Stop> {
        match expression.map(|one| &one.node) {
            Some(Node::Block(span)) => Ok(parse_part(self.source, *span)?),
            _ => Err(ScriptError::new(
                expression.map_or(call.span, |one| one.span),
                format!("{} takes a block here", call.signature.name),
                format!("write {} {{ $_.Name … }}", call.signature.name),
            )
            .into()),
        }
    }

    fn filtered(
        &mut self,
        call: &Call<'_>,
        arguments: &Arguments<'_>,
        items: Vec<Value>,
    ) -> Result<Vec<Value>, Stop> {
        const OPERATORS: [(&str, Operator); 12] = [
            ("EQ", Operator::Equal),
            ("NE", Operator::NotEqual),
            ("GT", Operator::Greater),
            ("GE", Operator::GreaterOrEqual),
            ("LT", Operator::Less),
            ("LE", Operator::LessOrEqual),
            ("Like", Operator::Like),
            ("NotLike", Operator::NotLike),
            ("Contains", Operator::Contains),
            ("NotContains", Operator::NotContains),
            ("In", Operator::In),
            ("NotIn", Operator::NotIn),
        ];
        let first = arguments.find("FilterScript");
        let written = first.and_then(|one| one.written);
        let is_block = written.is_some_and(|one| matches!(one.node, Node::Block(_)));
        if is_block {
            let script = self.block(written, call)?;
            let mut kept = Vec::new();
            for item in items {
                let truth = self.with_item(item.clone(), |run| run.script(&script))?;
                if Value::of_items(truth).is_true() {
                    kept.push(item);
                }
            }
            return Ok(kept);
        }
        let property = arguments.text("Property");
        let Some(property) = property.or_else(|| first.map(|one| one.value.text())) else {
            self.block(None, call)?;
            return Ok(Vec::new());
        };
        let value = arguments.value("Value").cloned();
        let operator = OPERATORS.iter().find(|(name, _)| arguments.is_on(name));
        if operator.is_none() && value.is_some() {
            return Err(ScriptError::new(
                call.span,
                "how the property and the value are compared is missing",
                format!("write Where-Object {property} -eq 'value'"),
            )
            .into());
        }
        let not = arguments.is_on("Not");
        let value = value.unwrap_or_default();
        let fits = |item: &Value| {
            let found = item.member(&property);
            let truth = match operator {
                None => found.is_true(),
                Some((_, operator @ (Operator::In | Operator::NotIn))) => {
                    let among = value.clone().into_items();
                    let is_in = among.iter().any(|one| one.equals(&found));
                    is_in == (*operator == Operator::In)
                }
                Some((_, operator @ (Operator::Contains | Operator::NotContains))) => {
                    let has = found.into_items().iter().any(|one| one.equals(&value));
                    has == (*operator == Operator::Contains)
                }
                Some((_, operator)) => match &found {
                    Value::List(items) => items.iter().any(|one| holds(*operator, one, &value)),
                    single => holds(*operator, single, &value),
                },
            };
            truth != not
        };
        Ok(items.into_iter().filter(fits).collect())
    }

    fn for_each(
        &mut self,
        call: &Call<'_>,
        arguments: &Arguments<'_>,
        items: Vec<Value>,
    ) -> Result<Vec<Value>, Stop> {
        let first = arguments.find("Process");
        let written = first.and_then(|one| one.written);
        let is_block = written.is_some_and(|one| matches!(one.node, Node::Block(_)));
        if let (Some(first), false) = (first, is_block) {
            let name = first.value.text();
            let found = items.iter().map(|item| item.member(&name));
            return Ok(found.flat_map(Value::into_items).collect());
        }
        let script = self.block(written, call)?;
        let mut all = Vec::new();
        for item in items {
            all.extend(self.with_item(item, |run| run.script(&script))?);
            super::few_enough(all.len(), call.span)?;
        }
        Ok(all)
    }

    /// The properties that a parameter asks for.
    fn asked(
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
                Value::Table(_) => value.member("Expression").text(),
                other => other.text().trim().to_owned(),
            };
            asked.push(Asked {
                name: named.map_or_else(|| by.clone(), |name| name.text()),
                how: script.map_or(How::Name(by), How::Script),
            });
        }
        Ok(Some(asked))
    }

    /// Objects with the properties that are asked for. `known`: a name that no object has is left
    /// out.
    fn project(
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

    fn select(&mut self, arguments: &Arguments<'_>, items: Vec<Value>) -> Result<Vec<Value>, Stop> {
        let mut items = items;
        if let Some(skip) = arguments.count("Skip") {
            items.drain(..skip.min(items.len()));
        }
        if let Some(first) = arguments.count("First") {
            items.truncate(first);
        } else if let Some(last) = arguments.count("Last") {
            items.drain(..items.len().saturating_sub(last));
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

    fn sort(&mut self, arguments: &Arguments<'_>, items: Vec<Value>) -> Result<Vec<Value>, Stop> {
        let asked = self.asked(arguments, "Property")?;
        let keys = match &asked {
            Some(asked) => self.project(asked, &items, false)?,
            None => items.clone(),
        };
        let mut keyed: Vec<(Value, Value)> = keys.into_iter().zip(items).collect();
        let order = |one: &Value, other: &Value| match (one.fields(), other.fields()) {
            ([], []) => one.order(other),
            (one, other) => {
                let pairs = one.iter().zip(other);
                let orders = pairs.map(|((_, one), (_, other))| one.order(other));
                orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
            }
        };
        keyed.sort_by(|(one, _), (other, _)| order(one, other));
        if arguments.is_on("Unique") {
            keyed.dedup_by(|(one, _), (other, _)| order(one, other).is_eq());
        }
        if arguments.is_on("Descending") {
            keyed.reverse();
        }
        Ok(keyed.into_iter().map(|(_, item)| item).collect())
    }

    fn export_csv(&mut self, call: &Call<'_>, arguments: &Arguments<'_>, items: &[Value]) {
        let appends = arguments.is_on("Append");
        let text = csv::write(items, delimiter(arguments), !appends);
        self.put(call, arguments, "Path", &text, appends);
    }

    /// Writes a file; what goes wrong is told.
    fn put(
        &mut self,
        call: &Call<'_>,
        arguments: &Arguments<'_>,
        parameter: &str,
        text: &str,
        appends: bool,
    ) {
        let path = arguments.text(parameter).unwrap_or_default();
        let put = match (
            appends || arguments.is_on("Append"),
            arguments.is_on("NoClobber"),
        ) {
            (true, _) => Put::Append,
            (false, true) => Put::New,
            (false, false) => Put::Replace,
        };
        if path.is_empty() {
            let fault = own_fault(format!("the file is missing: write -{parameter} FILE"));
            self.failed(&call.signature.name, call.span, &fault);
        } else if let Err(problem) = self.shell.host.write(&path, text, put) {
            let fault = own_fault(format!("{path}: {problem}"));
            self.failed(&call.signature.name, call.span, &fault);
        }
    }

    fn import_csv(
        &mut self,
        call: &Call<'_>,
        arguments: &Arguments<'_>,
    ) -> Result<Vec<Value>, Stop> {
        let path = arguments.text("Path").unwrap_or_default();
        let text = self.shell.host.read(&path);
        let rows = text.and_then(|text| csv::read(&text, delimiter(arguments)));
        match rows {
            Ok(rows) => Ok(rows),
            Err(problem) => {
                let fault = own_fault(format!("{path}: {problem}"));
                self.failed(&call.signature.name, call.span, &fault);
                Err(Stop::Failed(self.code()))
            }
        }
    }
}

fn delimiter(arguments: &Arguments<'_>) -> u8 {
    let given = arguments.text("Delimiter");
    let first = given.and_then(|text| text.bytes().next());
    first.unwrap_or(b',')
}

fn page(text: String) -> Vec<Value> {
    match text.as_str() {
        "" => Vec::new(),
        _ => vec![Value::Page(text)],
    }
}

pub(crate) fn whole(count: usize) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

pub(crate) fn record(fields: Vec<(&str, Value)>) -> Value {
    Value::from(Record {
        columns: &[],
        fields: fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    })
}

/// What an object is told apart by.
fn key(item: &Value) -> String {
    let mut text = String::new();
    item.write_json(&mut text);
    folded(&text)
}
