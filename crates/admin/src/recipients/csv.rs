//! CSV (RFC 4180): a column for each field, a row for each recipient.
//!
//! The first row names the columns: `kind`, `name`, and fields as `set` has them. Without `kind`
//! every row is a mailbox. A list stands in one cell, its elements parted by `;`, or as JSON.
//! Spreadsheets that write `;` between the columns are understood.

use csv::{ReaderBuilder, Trim, WriterBuilder};
use mailward_model::{FieldError, Kind, Object};

use super::{Entry, KINDS, values_of};

pub(super) fn read(
    table: &str,
    is_list: impl Fn(Kind, &str) -> bool,
) -> Result<Vec<Entry>, Vec<FieldError>> {
    let first = table.lines().next().unwrap_or_default();
    let parted_by = match first.contains(';') && !first.contains(',') {
        true => b';',
        false => b',',
    };
    let mut reader = ReaderBuilder::new()
        .delimiter(parted_by)
        .trim(Trim::All)
        .from_reader(table.as_bytes());
    let columns: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(column).collect(),
        Err(error) => return Err(vec![unreadable(&error)]),
    };
    let Some(name) = columns.iter().position(|column| column == "name") else {
        let found = format!("the first line names the columns {}", columns.join(", "));
        let mend =
            "name a column `name`, and the others as `mailward recipient export --format csv` does";
        return Err(vec![FieldError::new("line 1", found, mend)]);
    };
    let kind = columns.iter().position(|column| column == "kind");
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                problems.push(unreadable(&error));
                continue;
            }
        };
        let line = row.position().map_or(0, |position| position.line());
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let kind = match kind.map(cell).unwrap_or("mailbox").parse::<Kind>() {
            Ok(kind) if KINDS.contains(&kind) => kind,
            _ => {
                let found = format!("{:?} is no kind of recipient", kind.map_or("", cell));
                let kinds = KINDS.map(Kind::noun).join(", ");
                let mend = format!("the kinds are {kinds}");
                problems.push(FieldError::new(format!("line {line}: kind"), found, mend));
                continue;
            }
        };
        let fields = columns.iter().zip(row.iter());
        let fields = fields.filter(|(column, _)| !matches!(column.as_str(), "kind" | "name"));
        entries.push(Entry {
            line,
            kind,
            name: cell(name).to_owned(),
            fields: fields
                .map(|(column, cell)| (column.clone(), elements(cell, is_list(kind, column))))
                .collect(),
        });
    }
    match problems.is_empty() {
        true => Ok(entries),
        false => Err(problems),
    }
}

/// `Max-Receive-Size` is `max_receive_size`.
fn column(heading: &str) -> String {
    heading.to_ascii_lowercase().replace(['-', ' '], "_")
}

/// The elements of a cell.
fn elements(cell: &str, is_list: bool) -> Vec<String> {
    if !is_list {
        return match cell {
            "" => Vec::new(),
            cell => vec![cell.to_owned()],
        };
    }
    if cell.starts_with('[')
        && let Ok(elements) = serde_json::from_str::<Vec<String>>(cell)
    {
        return elements;
    }
    let elements = cell.split(';').map(str::trim);
    elements
        .filter(|element| !element.is_empty())
        .map(str::to_owned)
        .collect()
}

fn unreadable(error: &csv::Error) -> FieldError {
    let line = error.position().map_or(0, |position| position.line());
    let mend = "every row needs as many cells as the first, and a cell with a comma needs quotes";
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("it has {len} cells, the first line has {expected_len}"),
        _ => error.to_string(),
    };
    FieldError::new(format!("line {line}"), problem, mend)
}

pub(super) fn write(objects: &[&Object], is_list: impl Fn(Kind, &str) -> bool) -> String {
    let rows: Vec<_> = objects.iter().map(|object| values_of(object)).collect();
    let mut columns: Vec<&str> = Vec::new();
    for (field, _) in rows.iter().flatten() {
        if !columns.contains(&field.as_str()) {
            columns.push(field);
        }
    }
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let headings = ["kind", "name"].into_iter().chain(columns.iter().copied());
    // Memory takes whatever is written.
    let _ = writer.write_record(headings);
    for (object, fields) in objects.iter().zip(&rows) {
        let cells = columns.iter().map(|column| {
            let found = fields.iter().find(|(field, _)| field == column);
            found.map(|(field, values)| cell(values, is_list(object.spec.kind(), field)))
        });
        let cells = cells.map(Option::unwrap_or_default);
        let begin = [object.spec.kind().table().to_owned(), object.name.clone()];
        let _ = writer.write_record(begin.into_iter().chain(cells));
    }
    let octets = writer.into_inner().unwrap_or_default();
    String::from_utf8(octets).unwrap_or_default()
}

fn cell(values: &[String], is_list: bool) -> String {
    let needs_json = |value: &String| {
        value.contains(';') || value.starts_with('[') || value.trim() != value || value.is_empty()
    };
    match values {
        [one] if !is_list => one.clone(),
        many if many.iter().any(needs_json) => serde_json::to_string(many).unwrap_or_default(),
        many => many.join(";"),
    }
}
