//! Objects as CSV (RFC 4180), and CSV as objects.

use crate::value::{Record, Value};

/// What a spreadsheet takes for a formula when it opens the file.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The objects as lines: a column for each property that one of them has.
pub(crate) fn write(items: &[Value], delimiter: u8, heads: bool) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for item in items {
        for (name, _) in item.fields() {
            if !columns.contains(&name.as_str()) {
                columns.push(name);
            }
        }
    }
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(Vec::new());
    let plain = columns.is_empty();
    let mut write = |cells: Vec<String>| {
        // Written to memory: it cannot fail.
        let _ = writer.write_record(cells);
    };
    if heads && !plain {
        write(columns.iter().map(|name| (*name).to_owned()).collect());
    }
    for item in items {
        if plain {
            write(vec![cell(item)]);
        } else {
            write(
                columns
                    .iter()
                    .map(|name| cell(&item.member(name)))
                    .collect(),
            );
        }
    }
    let octets = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&octets).into_owned()
}

/// A cell: the members of a list with semicolons between them.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(Value::text).collect();
            items.join(";")
        }
        other => other.text(),
    };
    // What a stranger wrote must not run in somebody's spreadsheet.
    let is_number = matches!(value, Value::Integer(_) | Value::Real(_));
    match text.starts_with(FORMULAS) && !is_number {
        true => format!("'{text}"),
        false => text,
    }
}

/// The lines as objects; the first one names the columns.
pub(crate) fn read(text: &str, delimiter: u8) -> Result<Vec<Value>, String> {
    let text = text.trim_start_matches('\u{feff}');
    // PowerShell's older exports begin with the objects' type.
    let text = match text.strip_prefix("#TYPE") {
        Some(rest) => rest.split_once('\n').map_or("", |(_, rest)| rest),
        None => text,
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(false)
        .from_reader(text.as_bytes());
    let heads = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut rows = Vec::new();
    for line in reader.records() {
        let line = line.map_err(|error| error.to_string())?;
        let cells = heads.iter().zip(line.iter());
        rows.push(Value::from(Record {
            columns: &[],
            fields: cells
                .map(|(name, cell)| (name.trim().to_owned(), Value::from(cell)))
                .collect(),
        }));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let record = |fields: &[(&str, Value)]| {
            Value::from(Record {
                columns: &[],
                fields: fields
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect(),
            })
        };
        let items = [
            record(&[("Name", "a, \"b\"".into()), ("Size", Value::Integer(-5))]),
            record(&[
                ("Name", "=1+1".into()),
                ("To", Value::List(vec!["x".into(), "y".into()])),
            ]),
        ];
        let text = write(&items, b',', true);
        assert_eq!(text, "Name,Size,To\n\"a, \"\"b\"\"\",-5,\n'=1+1,,x;y\n");
        let read = read(&text, b',').unwrap();
        assert_eq!(read[0].member("name"), "a, \"b\"".into());
        assert_eq!(read[1].member("To"), "x;y".into());
        assert!(
            super::read("a,b\n1\n", b',')
                .unwrap_err()
                .contains("record 1")
        );
        let old = super::read("#TYPE x\r\na;b\r\n1;2\r\n", b';').unwrap();
        assert_eq!(old[0].member("b"), "2".into());
    }
}
