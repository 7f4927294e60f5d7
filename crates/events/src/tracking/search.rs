//! Searching: files from the newest back, each passed over where its time lies outside the window;
//! in a file, lines are looked at only where the octets searched for occur.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::Path,
    time::UNIX_EPOCH,
};

use mailward_model::MessageId;

use super::{
    Entry, EventId, Traffic, line,
    writer::{PREFIX, SUFFIX},
};
use crate::rotate;

/// Entries returned where nothing else is asked.
pub const LIMIT_DEFAULT: usize = 1000;

/// Entries of a message can be older than its id says by this much: the id is made when the
/// transaction begins, by the same clock, but lines gather for a moment.
const SLACK_MS: u64 = 5_000;

/// Octets of one line; a longer one is no line of ours.
const LINE_OCTETS_MAX: u64 = 16 << 20;

/// What to search for. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Mailward's id of the message.
    pub id: Option<MessageId>,
    /// Sender: an address, or `@domain`. Compared without regard to case, with the sender and the
    /// return path.
    pub from: Option<String>,
    /// Recipient: an address, or `@domain`; also one that was expanded or redirected.
    pub to: Option<String>,
    /// The Message-ID field, with or without its brackets.
    pub message_id: Option<String>,
    /// What happened to the message.
    pub event: Option<EventId>,
    /// Not before, Unix milliseconds.
    pub since_unix_ms: Option<u64>,
    /// Not after, Unix milliseconds.
    pub until_unix_ms: Option<u64>,
    /// The newest so many; 0 stands for [`LIMIT_DEFAULT`].
    pub limit: usize,
    /// Health probes too.
    pub probes: bool,
}

fn address_matches(wanted: &str, address: &str) -> bool {
    let bare = address.trim_start_matches('<').trim_end_matches('>');
    if wanted.starts_with('@') {
        let tail = bare.len().checked_sub(wanted.len());
        return tail
            .and_then(|at| bare.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(wanted));
    }
    bare.eq_ignore_ascii_case(wanted)
}

fn bare_id(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

impl Query {
    fn since(&self) -> Option<u64> {
        let of_id = self.id.map(|id| id.unix_ms().saturating_sub(SLACK_MS));
        self.since_unix_ms.max(of_id)
    }

    fn takes(&self, entry: &Entry<'_>) -> bool {
        let from = |wanted: &String| {
            address_matches(wanted, &entry.sender) || address_matches(wanted, &entry.return_path)
        };
        let to = |wanted: &String| {
            address_matches(wanted, &entry.related_recipient)
                || entry.recipients.iter().any(|r| address_matches(wanted, r))
        };
        (self.probes || entry.traffic != Traffic::Health)
            && self
                .id
                .is_none_or(|id| entry.network_message_id == Some(id))
            && self.event.is_none_or(|event| entry.event_id == event)
            && self.since().is_none_or(|t| entry.unix_ms >= t)
            && self.until_unix_ms.is_none_or(|t| entry.unix_ms <= t)
            && self.from.as_ref().is_none_or(from)
            && self.to.as_ref().is_none_or(to)
            && self
                .message_id
                .as_ref()
                .is_none_or(|id| bare_id(id).eq_ignore_ascii_case(bare_id(&entry.message_id)))
    }

    /// Octets that every matching line holds, the rarest first.
    fn needle(&self) -> Option<Vec<u8>> {
        let text = match self {
            Query { id: Some(id), .. } => id.to_string(),
            Query {
                message_id: Some(id),
                ..
            } => bare_id(id).to_owned(),
            Query {
                from: Some(address),
                ..
            }
            | Query {
                to: Some(address), ..
            } => address.clone(),
            Query {
                event: Some(event), ..
            } => event.as_str().to_owned(),
            _ => return None,
        };
        // What CSV writes otherwise than it is cannot be searched for as octets.
        let plain = !text.is_empty() && !text.contains(['"', ';', '\\']) && text.is_ascii();
        plain.then(|| text.to_ascii_lowercase().into_bytes())
    }
}

/// Whether `haystack` holds `needle` (lower case) without regard to ASCII case.
fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else {
        return true;
    };
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), haystack).any(|at| {
        haystack
            .get(at..at + needle.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(needle))
    })
}

/// The time in a file's header, without which it is taken to reach back for ever.
fn starts_unix_ms(path: &Path) -> u64 {
    let mut head = Vec::new();
    if let Ok(file) = File::open(path) {
        // A header that cannot be read: the file is then searched, and the error shows there.
        let _ = file.take(256).read_to_end(&mut head);
    }
    String::from_utf8_lossy(&head)
        .lines()
        .find_map(|line| line.strip_prefix("#Date: "))
        .and_then(|date| date.trim().parse::<jiff::Timestamp>().ok())
        .and_then(|time| u64::try_from(time.as_millisecond()).ok())
        .unwrap_or(0)
}

/// When the file was last written, with the slack of gathering lines.
fn ends_unix_ms(path: &Path) -> u64 {
    fs::metadata(path)
        .and_then(|meta| meta.modified())
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .map_or(u64::MAX, |ms| ms.saturating_add(SLACK_MS))
}

/// Finds the newest entries that match, oldest first.
///
/// # Errors
/// The folder or a file in it cannot be read. A folder that does not exist holds no entries.
pub fn search(dir: &Path, query: &Query) -> io::Result<Vec<Entry<'static>>> {
    let limit = if query.limit == 0 {
        LIMIT_DEFAULT
    } else {
        query.limit
    };
    let needles: Vec<Vec<u8>> = query.needle().into_iter().collect();
    let mut found: Vec<Entry<'static>> = Vec::new();
    for file in files(dir, query)? {
        // Files of two processes may overlap: only when what is found is newer than all of this
        // file and the following ones can the search end.
        if found.len() >= limit {
            found.sort_by_key(|entry| std::cmp::Reverse(entry.unix_ms));
            found.truncate(limit);
            if found
                .last()
                .is_some_and(|entry| entry.unix_ms > ends_unix_ms(&file.path))
            {
                continue;
            }
        }
        search_file(&file.path, query, &needles, limit, &mut found)?;
    }
    // Stable: entries of one millisecond stay in the order of their files.
    found.sort_by_key(|entry| entry.unix_ms);
    let surplus = found.len().saturating_sub(limit);
    found.drain(..surplus);
    Ok(found)
}

/// The files that may hold what is searched for, the newest first.
fn files(dir: &Path, query: &Query) -> io::Result<Vec<rotate::DatedFile>> {
    let (since, until) = (query.since(), query.until_unix_ms);
    let mut files: Vec<(u64, rotate::DatedFile)> = rotate::list(dir, SUFFIX)?
        .into_iter()
        .filter(|file| file.prefix == PREFIX)
        .filter(|file| since.is_none_or(|t| ends_unix_ms(&file.path) >= t))
        .map(|file| (starts_unix_ms(&file.path), file))
        .filter(|(starts, _)| until.is_none_or(|t| *starts <= t))
        .collect();
    files.sort_by_key(|(starts, _)| std::cmp::Reverse(*starts));
    Ok(files.into_iter().map(|(_, file)| file).collect())
}

/// Shows every entry of these events that matches to `each`, the newest file first, and keeps none: for
/// questions about all of them. The query's event and limit do not count.
///
/// # Errors
/// As [`search`].
pub fn visit(
    dir: &Path,
    query: &Query,
    events: &[EventId],
    mut each: impl FnMut(&Entry<'_>),
) -> io::Result<()> {
    let needles: Vec<Vec<u8>> = events
        .iter()
        .map(|event| event.as_str().to_ascii_lowercase().into_bytes())
        .collect();
    let any = Query {
        event: None,
        ..query.clone()
    };
    for file in files(dir, query)? {
        read_file(&file.path, &any, &needles, events, |entry| each(&entry))?;
    }
    Ok(())
}

/// Adds the newest `limit` matching entries of one file.
fn search_file(
    path: &Path,
    query: &Query,
    needles: &[Vec<u8>],
    limit: usize,
    found: &mut Vec<Entry<'static>>,
) -> io::Result<()> {
    let mut of_file = std::collections::VecDeque::new();
    read_file(path, query, needles, query.event.as_slice(), |entry| {
        if of_file.len() == limit {
            of_file.pop_front();
        }
        of_file.push_back(entry);
    })?;
    found.extend(of_file);
    Ok(())
}

/// Reads the matching entries of one file, in its order: lines that hold one of the needles, where there
/// are any, and entries of these events, or where none is named of all that are steps of a message.
fn read_file(
    path: &Path,
    query: &Query,
    needles: &[Vec<u8>],
    events: &[EventId],
    mut each: impl FnMut(Entry<'static>),
) -> io::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        // Removed by age between listing and opening.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let (since, until) = (query.since(), query.until_unix_ms);
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let mut one = Vec::new();
    loop {
        one.clear();
        if reader
            .by_ref()
            .take(LINE_OCTETS_MAX)
            .read_until(b'\n', &mut one)?
            == 0
        {
            break;
        }
        let text = one.strip_suffix(b"\n").unwrap_or(&one);
        if !needles.is_empty() && !needles.iter().any(|needle| holds(text, needle)) {
            continue;
        }
        let outside = line::time_of(text)
            .is_none_or(|t| since.is_some_and(|s| t < s) || until.is_some_and(|u| t > u));
        if outside {
            continue;
        }
        if let Some(entry) = line::read(text)
            && query.takes(&entry)
            && match events {
                [] => entry.event_id != EventId::Session,
                events => events.contains(&entry.event_id),
            }
        {
            each(entry);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking::TrackingLog;

    /// In the past, because files are also judged by when they were written.
    const NOW: u64 = 1_700_000_000_000;

    fn entry(minute: u64, event_id: EventId, n: u64) -> Entry<'static> {
        Entry {
            unix_ms: NOW + minute * 60_000,
            event_id,
            network_message_id: Some(MessageId::new(NOW + n, [n as u8; 10])),
            message_id: format!("<m{n}@example.org>").into(),
            sender: format!("Sender{n}@example.org").into(),
            recipients: vec![
                format!("r{n}@example.net").into(),
                "\"a b\"@example.com".into(),
            ],
            ..Entry::default()
        }
    }

    fn filled() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let log = TrackingLog::open(dir.path()).unwrap();
        for minute in 0..180 {
            log.write(entry(minute, EventId::Receive, minute));
            log.write(entry(minute, EventId::Send, minute));
            if minute % 30 == 0 {
                log.flush();
            }
        }
        let mut probe = entry(10, EventId::Deliver, 10);
        probe.traffic = Traffic::Health;
        log.write(probe);
        drop(log);
        dir
    }

    #[test]
    fn all_entries_of_an_event_can_be_looked_at() {
        let dir = filled();
        let mut seen = 0;
        let query = Query {
            since_unix_ms: Some(NOW + 60 * 60_000),
            limit: 1,
            ..Query::default()
        };
        visit(dir.path(), &query, &[EventId::Send], |entry| {
            assert_eq!(entry.event_id, EventId::Send);
            seen += 1;
        })
        .unwrap();
        assert_eq!(seen, 120);
        let both = [EventId::Send, EventId::Receive];
        visit(dir.path(), &query, &both, |_| seen += 1).unwrap();
        assert_eq!(seen, 360);
    }

    #[test]
    fn sessions_without_mail_are_found_by_who_asks_for_them() {
        let dir = tempfile::tempdir().unwrap();
        let log = TrackingLog::open(dir.path()).unwrap();
        log.write(entry(0, EventId::Receive, 1));
        log.write(Entry {
            unix_ms: NOW,
            connector_id: "Cloud".into(),
            event_id: EventId::Session,
            ..Entry::default()
        });
        drop(log);
        let count = |event| {
            let query = Query {
                event,
                ..Query::default()
            };
            search(dir.path(), &query).unwrap().len()
        };
        assert_eq!([count(None), count(Some(EventId::Session))], [1, 1]);
        let mut seen = Vec::new();
        let both = [EventId::Receive, EventId::Session];
        visit(dir.path(), &Query::default(), &both, |entry| {
            seen.push((entry.event_id, entry.connector_id.to_string()));
        })
        .unwrap();
        assert_eq!(seen.last(), Some(&(EventId::Session, "Cloud".to_owned())));
        assert_eq!(seen.len(), 2);
    }

    #[test]
    fn entries_are_found_by_what_people_know() {
        let dir = filled();
        let find = |query: Query| search(dir.path(), &query).unwrap();
        let id = MessageId::new(NOW + 10, [10; 10]);
        let by_id = find(Query {
            id: Some(id),
            ..Query::default()
        });
        assert_eq!(
            by_id.iter().map(|e| e.event_id).collect::<Vec<_>>(),
            [EventId::Receive, EventId::Send]
        );
        let with_probes = find(Query {
            id: Some(id),
            probes: true,
            ..Query::default()
        });
        assert_eq!(with_probes.len(), 3);
        assert_eq!(
            find(Query {
                from: Some("sender7@EXAMPLE.org".into()),
                ..Query::default()
            })
            .len(),
            2
        );
        assert_eq!(
            find(Query {
                to: Some("r9@example.net".into()),
                ..Query::default()
            })
            .len(),
            2
        );
        assert_eq!(
            find(Query {
                to: Some("\"a b\"@example.com".into()),
                ..Query::default()
            })
            .len(),
            360
        );
        assert_eq!(
            find(Query {
                from: Some("@example.org".into()),
                ..Query::default()
            })
            .len(),
            360
        );
        assert_eq!(
            find(Query {
                message_id: Some("m5@example.org".into()),
                ..Query::default()
            })
            .len(),
            2
        );
        assert!(
            find(Query {
                from: Some("nobody@example.org".into()),
                ..Query::default()
            })
            .is_empty()
        );
    }

    #[test]
    fn windows_and_limits() {
        let dir = filled();
        let window = Query {
            since_unix_ms: Some(NOW + 20 * 60_000),
            until_unix_ms: Some(NOW + 29 * 60_000),
            ..Query::default()
        };
        assert_eq!(search(dir.path(), &window).unwrap().len(), 20);
        let newest = search(
            dir.path(),
            &Query {
                limit: 3,
                ..Query::default()
            },
        )
        .unwrap();
        assert_eq!(
            newest
                .iter()
                .map(|e| (e.unix_ms - NOW) / 60_000)
                .collect::<Vec<_>>(),
            [178, 179, 179]
        );
    }

    #[test]
    fn each_hour_and_each_process_has_its_own_file() {
        let dir = filled();
        let before = fs::read_dir(dir.path()).unwrap().count();
        assert!(before >= 3, "{before}");
        let (one, two) = (
            TrackingLog::open(dir.path()).unwrap(),
            TrackingLog::open(dir.path()).unwrap(),
        );
        one.write(entry(200, EventId::Receive, 200));
        two.write(entry(200, EventId::Send, 200));
        drop((one, two));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), before + 2);
        let id = MessageId::new(NOW + 200, [200; 10]);
        assert_eq!(
            search(
                dir.path(),
                &Query {
                    id: Some(id),
                    ..Query::default()
                }
            )
            .unwrap()
            .len(),
            2
        );
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        assert!(
            search(Path::new("/nonexistent/tracking"), &Query::default())
                .unwrap()
                .is_empty()
        );
    }
}
