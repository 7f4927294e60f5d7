//! The commands that work on what others give: which of them does what, and those that go through
//! objects one by one.

use super::{
    Host, Run, Stop,
    arguments::Arguments,
    count::{measure, members},
    evaluate::holds,
    format, help,
};
use crate::{
    bind::Call,
    error::ScriptError,
    parse::parse_part,
    signature::Own,
    syntax::{Expression, Node, Operator, Script},
    value::{Record, Value},
};

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
            Own::Measure => measure(arguments, &items),
            Own::Group => self.group(arguments, items)?,
            Own::FormatTable => {
                if let Some(by) = arguments.value("GroupBy") {
                    let by = by.text();
                    return self.tables(arguments, &by, items).map(page);
                }
                page(self.table(arguments, &items)?)
            }
            Own::FormatList => {
                let asked = self.asked(arguments, "Property")?;
                let rows = match &asked {
                    Some(asked) => self.project(asked, &items, false)?,
                    None => items,
                };
                page(format::list(&rows))
            }
            Own::ExportCsv
            | Own::ConvertToCsv
            | Own::ConvertFromCsv
            | Own::ImportCsv
            | Own::ConvertToJson
            | Own::ConvertFromJson
            | Own::GetContent
            | Own::OutFile => self.files(own, call, arguments, items)?,
            Own::OutNull => Vec::new(),
            Own::OutString => vec![Value::Text(format::default(&items, 0))],
            Own::WriteHost | Own::WriteWarning => {
                let given = arguments.items("Object").unwrap_or(items);
                let texts: Vec<String> = given.iter().map(Value::in_text).collect();
                let text = texts.join(" ");
                match own {
                    Own::WriteHost if arguments.is_on("NoNewline") => self.shell.host.print(&text),
                    Own::WriteHost => self.shell.host.print(&format!("{text}\n")),
                    _ => self.shell.host.complain(&format!("warning: {text}\n")),
                }
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
        let is_pattern = arguments.is_on("Match") || arguments.is_on("NotMatch");
        if operator.is_none() && !is_pattern && value.is_some() {
            return Err(ScriptError::new(
                call.span,
                "how the property and the value are compared is missing",
                format!("write Where-Object {property} -eq 'value'"),
            )
            .into());
        }
        let not = arguments.is_on("Not");
        let value = value.unwrap_or_default();
        let pattern = ["Match", "NotMatch"]
            .iter()
            .find(|name| arguments.is_on(name));
        if let Some(name) = pattern {
            let wanted = (*name == "Match") != not;
            let mut kept = Vec::new();
            for item in items {
                let found = item.member(&property);
                if self.fits_pattern(&found, &value, call.span)? == wanted {
                    kept.push(item);
                }
            }
            return Ok(kept);
        }
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
