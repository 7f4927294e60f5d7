//! Objects laid out for people, as PowerShell lays them out: tables with ruled headings, lists of
//! names and values.
//!
//! Pure. What the texts hold is made safe for a terminal by whoever prints them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::value::Value;

/// Properties up to which objects without columns of their own are shown as a table.
const TABLE_PROPERTIES_MAX: usize = 4;
/// Columns that a cut cell keeps at least.
const CELL_WIDTH_MIN: usize = 8;

/// Values as they are shown where nothing is said about it.
pub(crate) fn default(values: &[Value], width: usize) -> String {
    let mut out = String::new();
    let mut rest = values;
    while let Some(first) = rest.first() {
        let form = form(first);
        let same = rest.iter().take_while(|value| self::form(value) == form);
        let (now, later) = rest.split_at(same.count());
        rest = later;
        let text = match form {
            Form::Table(_) => table(now, Some(()), width, true),
            Form::List => list(now),
            Form::Plain => now.iter().map(plain).collect(),
        };
        if !out.is_empty() && form != Form::Plain {
            out.push('\n');
        }
        out.push_str(&text);
    }
    out
}

/// Whether values are shown as a table or a list.
pub(crate) fn is_laid_out(values: &[Value]) -> bool {
    let mut values = values.iter();
    values.any(|value| form(value) != Form::Plain || matches!(value, Value::Page(_)))
}

/// How a value is shown.
#[derive(Debug, PartialEq)]
enum Form {
    Table(Vec<String>),
    List,
    Plain,
}

fn form(value: &Value) -> Form {
    match value {
        Value::Record(record) if !record.columns.is_empty() => Form::Table(
            record
                .columns
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        ),
        Value::Record(record) if record.fields.len() <= TABLE_PROPERTIES_MAX => {
            Form::Table(record.fields.iter().map(|(name, _)| name.clone()).collect())
        }
        Value::Record(_) => Form::List,
        Value::Table(_) => Form::Table(vec!["Name".to_owned(), "Value".to_owned()]),
        _ => Form::Plain,
    }
}

fn plain(value: &Value) -> String {
    let text = value.text();
    match text.ends_with('\n') {
        true => text,
        false => format!("{text}\n"),
    }
}

/// The rows of a table: objects, or the entries of tables.
fn rows(values: &[Value]) -> Vec<Value> {
    let entries = |value: &Value| match value {
        Value::Table(fields) => fields
            .iter()
            .map(|(name, value)| {
                super::own::record(vec![
                    ("Name", name.as_str().into()),
                    ("Value", value.clone()),
                ])
            })
            .collect(),
        other => vec![other.clone()],
    };
    values.iter().flat_map(entries).collect()
}

/// A table. With `own` the columns are those that the objects' command shows, else every property.
pub(crate) fn table(values: &[Value], own: Option<()>, width: usize, heads: bool) -> String {
    let values = rows(values);
    let mut names: Vec<String> = Vec::new();
    for value in &values {
        let columns: &[&str] = match (value, own) {
            (Value::Record(record), Some(())) => record.columns,
            _ => &[],
        };
        let has = |name: &&&str| value.fields().iter().any(|(field, _)| field == *name);
        let mut found: Vec<&str> = columns.iter().filter(has).copied().collect();
        if found.is_empty() {
            found = value
                .fields()
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
        }
        for name in found {
            if !names.iter().any(|one| one == name) {
                names.push(name.to_owned());
            }
        }
    }
    if names.is_empty() {
        return values.iter().map(plain).collect();
    }
    let cells: Vec<Vec<Value>> = values
        .iter()
        .map(|value| names.iter().map(|name| value.member(name)).collect())
        .collect();
    let is_number =
        |value: &Value| matches!(value, Value::Integer(_) | Value::Real(_) | Value::Null);
    let right: Vec<bool> = (0..names.len())
        .map(|at| {
            let column = || cells.iter().filter_map(|row| row.get(at));
            column().all(is_number) && column().any(|value| *value != Value::Null)
        })
        .collect();
    let cells: Vec<Vec<String>> = cells
        .into_iter()
        .map(|row| row.iter().map(one_line).collect())
        .collect();
    let mut widths: Vec<usize> = names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let column = cells.iter().filter_map(|row| row.get(at));
            column
                .map(|cell| cell.width())
                .chain([name.width()])
                .max()
                .unwrap_or(0)
        })
        .collect();
    fit(&mut widths, width);
    let mut out = String::new();
    if heads {
        let rules: Vec<String> = names.iter().map(|name| "-".repeat(name.width())).collect();
        line(&mut out, &names, &widths, &right);
        line(&mut out, &rules, &widths, &right);
    }
    for row in &cells {
        line(&mut out, row, &widths, &right);
    }
    out
}

/// A value on one line.
fn one_line(value: &Value) -> String {
    let text = value.text();
    match text.contains(['\n', '\r']) {
        true => text.split_whitespace().collect::<Vec<_>>().join(" "),
        false => text,
    }
}

/// Makes columns narrower, the widest first, until they fit.
fn fit(widths: &mut [usize], width: usize) {
    if width == 0 {
        return;
    }
    let gaps = widths.len().saturating_sub(1);
    loop {
        let total: usize = widths.iter().sum::<usize>() + gaps;
        let Some(excess) = total.checked_sub(width).filter(|excess| *excess > 0) else {
            return;
        };
        let mut sorted: Vec<usize> = widths.to_vec();
        sorted.sort_unstable();
        let Some(widest) = sorted.pop().filter(|widest| *widest > CELL_WIDTH_MIN) else {
            return;
        };
        // Down to the next narrower one at most, so that all give the same.
        let next = sorted.iter().rev().find(|one| **one < widest).copied();
        let floor = next.unwrap_or(CELL_WIDTH_MIN).max(CELL_WIDTH_MIN);
        let many = widths.iter().filter(|one| **one == widest).count().max(1);
        let cut = excess.div_ceil(many).min(widest - floor).max(1);
        for one in widths.iter_mut().filter(|one| **one == widest) {
            *one -= cut;
        }
    }
}

fn line(out: &mut String, cells: &[String], widths: &[usize], right: &[bool]) {
    let mut text = String::new();
    for ((cell, width), right) in cells.iter().zip(widths).zip(right) {
        if !text.is_empty() {
            text.push(' ');
        }
        let cell = cut(cell, *width);
        let pad = " ".repeat(width.saturating_sub(cell.width()));
        match right {
            true => text.push_str(&format!("{pad}{cell}")),
            false => text.push_str(&format!("{cell}{pad}")),
        }
    }
    out.push_str(text.trim_end());
    out.push('\n');
}

/// A cell that fits; what is left out is marked.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// Names and values of each object, a blank line between two.
pub(crate) fn list(values: &[Value]) -> String {
    let mut out = String::new();
    for value in values {
        let fields = value.fields();
        if fields.is_empty() {
            out.push_str(&plain(value));
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        let widest = fields.iter().map(|(name, _)| name.width()).max();
        let widest = widest.unwrap_or(0);
        for (name, value) in fields {
            let pad = " ".repeat(widest - name.width());
            let text = value.text();
            let mut lines = text.lines();
            let first = lines.next().unwrap_or_default();
            out.push_str(format!("{name}{pad} : {first}").trim_end());
            out.push('\n');
            for more in lines {
                out.push_str(&" ".repeat(widest + 3));
                out.push_str(more);
                out.push('\n');
            }
        }
    }
    out
}

/// JSON with line breaks and two blanks for each level.
pub(crate) fn spread_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut chars = json.chars().peekable();
    let end_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = chars.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                if let Some(close) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    end_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                end_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                end_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c => {
                in_text = c == '"';
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Record;

    fn object(columns: &'static [&'static str], fields: &[(&str, Value)]) -> Value {
        Value::from(Record {
            columns,
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        })
    }

    #[test]
    fn tables_have_ruled_headings() {
        let row = |name: &str, count: i64| {
            object(
                &["Name", "Count", "Gone"],
                &[
                    ("Name", name.into()),
                    ("Other", Value::Null),
                    ("Count", Value::Integer(count)),
                ],
            )
        };
        assert_eq!(
            default(&[row("anna", 5), row("名前", 1200)], 0),
            "Name Count\n---- -----\nanna     5\n名前  1200\n"
        );
        assert_eq!(default(&["a".into(), Value::Bool(true)], 0), "a\nTrue\n");
        let narrow = default(&[row("a very long name that does not fit", 5)], 20);
        assert_eq!(
            narrow,
            "Name           Count\n----           -----\na very long n…     5\n"
        );
    }

    #[test]
    fn lists_have_names_and_values() {
        let value = object(
            &[],
            &[
                ("Name", "a".into()),
                ("Members", Value::List(vec!["x".into(), "y".into()])),
                ("Note", "1\n2".into()),
                ("No", Value::Null),
                ("Yes", Value::Bool(true)),
            ],
        );
        let text =
            "Name    : a\nMembers : {x, y}\nNote    : 1\n          2\nNo      :\nYes     : True\n";
        assert_eq!(default(std::slice::from_ref(&value), 0), text);
        assert_eq!(list(&[value.clone(), value]), format!("{text}\n{text}"));
    }

    #[test]
    fn json_is_spread() {
        assert_eq!(
            spread_json(r#"[{"a":"x:,\"{","b":[]},1]"#),
            "[\n  {\n    \"a\": \"x:,\\\"{\",\n    \"b\": []\n  },\n  1\n]"
        );
    }
}
