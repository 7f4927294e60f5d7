//! Objects written to files and read from them, and turned into the texts that stand in files.

use super::{Host, OnError, Put, Run, Stop, arguments::Arguments, csv, format, own_fault};
use crate::{
    bind::Call,
    error::ScriptError,
    signature::Own,
    value::{Record, Value},
};

impl<H: Host> Run<'_, H> {
    pub(super) fn files(
        &mut self,
        own: Own,
        call: &Call<'_>,
        arguments: &Arguments<'_>,
        items: Vec<Value>,
    ) -> Result<Vec<Value>, Stop> {
        let not_read = |format: &str, problem: String| {
            ScriptError::new(
                call.span,
                format!("what comes is no {format}: {problem}"),
                "",
            )
        };
        Ok(match own {
            Own::ExportCsv => {
                self.export_csv(call, arguments, &items)?;
                Vec::new()
            }
            Own::ConvertToCsv => {
                let text = csv::write(&items, delimiter(arguments), true);
                text.lines().map(Value::from).collect()
            }
            Own::ConvertFromCsv => csv::read(&lines(&items), delimiter(arguments))
                .map_err(|problem| not_read("CSV", problem))?,
            Own::ImportCsv => match self.read(call, arguments)? {
                None => Vec::new(),
                Some(text) => match csv::read(&text, delimiter(arguments)) {
                    Ok(rows) => rows,
                    Err(problem) => {
                        let path = arguments.text("Path").unwrap_or_default();
                        let problem = format!("{path}: {problem}");
                        self.file_failed(call, arguments, &problem, OnError::Stop)?;
                        Vec::new()
                    }
                },
            },
            Own::ConvertToJson => {
                let mut text = String::new();
                Value::of_items(items).write_json(&mut text);
                if !arguments.is_on("Compress") {
                    text = format::spread_json(&text);
                }
                vec![Value::Text(text)]
            }
            Own::ConvertFromJson => {
                let json: serde_json::Value = serde_json::from_str(&lines(&items))
                    .map_err(|error| not_read("JSON", error.to_string()))?;
                records(Value::of_json(&json)).into_items()
            }
            Own::GetContent => match self.read(call, arguments)? {
                None => Vec::new(),
                Some(text) if arguments.is_on("Raw") => vec![Value::Text(text)],
                Some(text) => {
                    let mut lines: Vec<Value> = text.lines().map(Value::from).collect();
                    if let Some(first) = arguments.count("TotalCount") {
                        lines.truncate(first);
                    }
                    if let Some(last) = arguments.count("Tail") {
                        lines.drain(..lines.len().saturating_sub(last));
                    }
                    lines
                }
            },
            // Out-File: what would be printed.
            _ => {
                let text = format::default(&items, 0);
                self.put(call, arguments, "FilePath", &text, false)?;
                Vec::new()
            }
        })
    }

    fn export_csv(
        &mut self,
        call: &Call<'_>,
        arguments: &Arguments<'_>,
        items: &[Value],
    ) -> Result<(), Stop> {
        let appends = arguments.is_on("Append");
        let text = csv::write(items, delimiter(arguments), !appends);
        self.put(call, arguments, "Path", &text, appends)
    }

    /// Writes a file; what goes wrong is told.
    fn put(
        &mut self,
        call: &Call<'_>,
        arguments: &Arguments<'_>,
        parameter: &str,
        text: &str,
        appends: bool,
    ) -> Result<(), Stop> {
        let path = arguments.text(parameter).unwrap_or_default();
        let put = match (
            appends || arguments.is_on("Append"),
            arguments.is_on("NoClobber"),
        ) {
            (true, _) => Put::Append,
            (false, true) => Put::New,
            (false, false) => Put::Replace,
        };
        let written = match path.as_str() {
            "" => Err(format!("the file is missing: write -{parameter} FILE")),
            path => {
                let written = self.shell.host.write(path, text, put);
                written.map_err(|problem| format!("{path}: {problem}"))
            }
        };
        match written {
            Ok(()) => Ok(()),
            Err(problem) => self.file_failed(call, arguments, &problem, OnError::Continue),
        }
    }

    /// A file's text; nothing where it cannot be read and the script shall go on.
    fn read(&mut self, call: &Call<'_>, arguments: &Arguments<'_>) -> Result<Option<String>, Stop> {
        let path = arguments.text("Path").unwrap_or_default();
        match self.shell.host.read(&path) {
            Ok(text) => Ok(Some(text)),
            Err(problem) => {
                // What should come from the file is missing in all that follows.
                let problem = format!("{path}: {problem}");
                self.file_failed(call, arguments, &problem, OnError::Stop)?;
                Ok(None)
            }
        }
    }

    /// Tells of a file, as `-ErrorAction` says, or as it is done where nobody said.
    fn file_failed(
        &mut self,
        call: &Call<'_>,
        arguments: &Arguments<'_>,
        problem: &str,
        unsaid: OnError,
    ) -> Result<(), Stop> {
        let on_error = self.on_error(arguments).unwrap_or(unsaid);
        if on_error == OnError::Silent {
            return Ok(());
        }
        self.failed(&call.signature.name, call.span, &own_fault(problem));
        match on_error {
            OnError::Stop => Err(Stop::Failed(self.code())),
            _ => Ok(()),
        }
    }
}

/// Texts as the lines of one.
fn lines(items: &[Value]) -> String {
    let lines: Vec<String> = items.iter().map(Value::text).collect();
    lines.join("\n")
}

/// Tables as objects, at every depth.
fn records(value: Value) -> Value {
    match value {
        Value::Table(fields) => {
            let fields = fields.into_iter();
            Value::from(Record {
                columns: &[],
                fields: fields.map(|(name, value)| (name, records(value))).collect(),
            })
        }
        Value::List(items) => Value::List(items.into_iter().map(records).collect()),
        other => other,
    }
}

fn delimiter(arguments: &Arguments<'_>) -> u8 {
    let given = arguments.text("Delimiter");
    let first = given.and_then(|text| text.bytes().next());
    first.unwrap_or(b',')
}
