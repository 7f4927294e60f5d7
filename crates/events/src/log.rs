//! Event records as written and read back: one JSON object per line.
//!
//! Files are `events-<role>-<yyyymmdd>-<nnnn>.jsonl`; each role writes its own. Reading goes from
//! the newest file back and stops as soon as enough is found.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use mailward_model::MessageId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Event, Level, escape, rotate};

/// What file names of event logs begin with.
pub(crate) const PREFIX: &str = "events-";
/// What they end with.
pub(crate) const SUFFIX: &str = ".jsonl";

/// One record of the event log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Record {
    /// When, RFC 3339 with milliseconds, UTC.
    pub time: String,
    /// When, Unix milliseconds.
    pub unix_ms: u64,
    /// The event's number.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: Level,
    /// The role that raised it.
    pub role: String,
    /// The process that raised it.
    pub pid: u32,
    /// What happened, as one line.
    pub message: String,
    /// Its typed fields.
    pub fields: Map<String, Value>,
    /// How many times it happened within the last minute beyond those written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<u64>,
}

impl Record {
    /// The record of an event raised by `role` at `unix_ms`. Everything in it is escaped.
    pub fn new(event: &Event, role: &str, unix_ms: u64) -> Self {
        let mut fields = event.fields();
        fields.values_mut().for_each(escape_value);
        Record {
            time: rotate::rfc3339(unix_ms),
            unix_ms,
            number: event.number(),
            name: event.name().to_owned(),
            level: event.level(),
            role: role.to_owned(),
            pid: std::process::id(),
            message: escape(&event.message()).into_owned(),
            fields,
            repeated: None,
        }
    }

    /// The record as it is written: one JSON object on one line.
    ///
    /// # Errors
    /// Never in practice: it is written to memory.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads what [`Record::to_json`] wrote.
    ///
    /// # Errors
    /// The text is no record.
    pub fn from_json(text: &str) -> Result<Record, serde_json::Error> {
        serde_json::from_str(text)
    }
}

fn escape_value(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(safe) = escape(text) {
                *text = safe;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(escape_value),
        Value::Object(map) => map.values_mut().for_each(escape_value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Which records to read.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this number only.
    pub number: Option<u16>,
    /// Of this level or above.
    pub level: Option<Level>,
    /// Of this role only.
    pub role: Option<String>,
    /// Not before, Unix milliseconds.
    pub since_unix_ms: Option<u64>,
    /// Not after, Unix milliseconds.
    pub until_unix_ms: Option<u64>,
    /// With this text in one of the fields (a case id, a message id, a connector's name).
    pub about: Option<String>,
    /// The newest so many; 0 stands for [`LIMIT_DEFAULT`].
    pub limit: usize,
}

/// Records read where nothing else is asked.
pub const LIMIT_DEFAULT: usize = 200;

impl Filter {
    /// Everything about one message.
    pub fn about_message(id: MessageId) -> Self {
        Filter {
            about: Some(id.to_string()),
            ..Filter::default()
        }
    }

    fn takes(&self, record: &Record) -> bool {
        let about = |text: &String| {
            record.fields.values().any(|value| match value {
                Value::String(field) => field == text,
                Value::Array(items) => items.iter().any(|item| item.as_str() == Some(text)),
                _ => false,
            })
        };
        self.number.is_none_or(|n| n == record.number)
            && self.level.is_none_or(|l| record.level >= l)
            && self.role.as_ref().is_none_or(|r| *r == record.role)
            && self.since_unix_ms.is_none_or(|t| record.unix_ms >= t)
            && self.until_unix_ms.is_none_or(|t| record.unix_ms <= t)
            && self.about.as_ref().is_none_or(about)
    }
}

/// Reads the newest records that pass the filter, oldest first. A line that is not a record (torn
/// by a crash) is passed over.
///
/// # Errors
/// The folder or a file in it cannot be read. A folder that does not exist holds no records.
pub fn read(dir: &Path, filter: &Filter) -> io::Result<Vec<Record>> {
    let limit = if filter.limit == 0 {
        LIMIT_DEFAULT
    } else {
        filter.limit
    };
    let mut files = rotate::list(dir, SUFFIX)?;
    files.retain(|file| {
        file.prefix.starts_with(PREFIX)
            && filter
                .since_unix_ms
                .is_none_or(|t| file.day >= rotate::day_of(t))
            && filter
                .until_unix_ms
                .is_none_or(|t| file.day <= rotate::day_of(t))
    });
    let mut found: Vec<Record> = Vec::new();
    // Days, newest first: within a day the roles' files interleave, so a day is read as a whole.
    let mut days: Vec<u32> = files.iter().map(|file| file.day).collect();
    days.sort_unstable_by(|a, b| b.cmp(a));
    days.dedup();
    for day in days {
        let mut of_day = Vec::new();
        for file in files.iter().filter(|file| file.day == day) {
            read_file(&file.path, filter, &mut of_day)?;
        }
        // Stable: records of one millisecond stay in the order in which they were written.
        of_day.sort_by_key(|record| record.unix_ms);
        of_day.append(&mut found);
        found = of_day;
        if found.len() >= limit {
            break;
        }
    }
    let surplus = found.len().saturating_sub(limit);
    found.drain(..surplus);
    Ok(found)
}

fn read_file(path: &Path, filter: &Filter, into: &mut Vec<Record>) -> io::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        // Removed by age between listing and opening.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::with_capacity(64 * 1024, file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if let Ok(record) = serde_json::from_slice::<Record>(&line)
            && filter.takes(&record)
        {
            into.push(record);
        }
    }
}
