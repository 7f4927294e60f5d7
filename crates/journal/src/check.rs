//! Reading the ledger: is each line as it was written, is none missing, is none there twice?
//!
//! Streams: memory does not grow with the ledger, but for the ids of the newest reports, by which a
//! report that was entered twice is found. Goes on behind whatever is wrong, so that one damaged
//! line does not hide another.

use std::{
    collections::HashSet,
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher as _},
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use mailward_model::MessageId;

use crate::{Digest, How, LINE_OCTETS_MAX, Line, LineError, PublicKey, What, line::root_is_right};

/// Reports among which one that was entered twice is looked for: two generations of these.
const SEEN_MAX: usize = 1 << 20;
/// Problems that are kept; the rest are counted.
pub const PROBLEMS_MAX: usize = 1_000;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wrong {
    /// It is not what was written.
    Changed,
    /// Something was here and is not.
    Missing,
    /// It is here more than once.
    Doubled,
    /// Nobody knows where it comes from.
    Unknown,
    /// It cannot be read.
    Unreadable,
}

impl Wrong {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Wrong::Changed => "changed",
            Wrong::Missing => "missing",
            Wrong::Doubled => "doubled",
            Wrong::Unknown => "unknown",
            Wrong::Unreadable => "unreadable",
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing.
    pub wrong: Wrong,
    /// Where: a file and line, or a file.
    pub place: String,
    /// The message it is about, where that is known.
    pub message: Option<MessageId>,
    /// What was found, and what was expected.
    pub what: String,
}

/// The problems found: the first ones in full, the rest counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// The first [`PROBLEMS_MAX`].
    pub first: Vec<Problem>,
    /// All.
    pub total: u64,
}

impl Problems {
    /// Adds one.
    pub fn add(&mut self, problem: Problem) {
        self.total += 1;
        if self.first.len() < PROBLEMS_MAX {
            self.first.push(problem);
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Days.
    pub days: u64,
    /// Lines.
    pub lines: u64,
    /// Lines about a report that its target took.
    pub reports: u64,
    /// Signed roots that are right.
    pub roots: u64,
    /// The keys they are signed with, each once.
    pub keys: Vec<String>,
    /// The digest of the last line.
    pub head: Digest,
    /// What is wrong.
    pub problems: Problems,
}

/// A day's file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayFile {
    /// The day, as in its name.
    pub day: String,
    /// The file.
    pub path: PathBuf,
}

/// The files of a ledger, oldest first.
///
/// # Errors
/// The operating system's.
pub fn files(dir: &Path) -> io::Result<Vec<DayFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(day) = name.and_then(|name| name.strip_suffix(".jsonl"))
            && is_day(day)
        {
            let day = day.to_owned();
            files.push(DayFile { day, path });
        }
    }
    files.sort();
    Ok(files)
}

fn is_day(text: &str) -> bool {
    text.parse::<jiff::civil::Date>()
        .is_ok_and(|date| date.to_string() == text)
}

/// Where a file's whole lines end, and what the last one says.
#[derive(Debug, Clone, Default)]
pub(crate) struct End {
    /// Octets of the whole lines.
    pub(crate) octets: u64,
    pub(crate) lines: u64,
    /// The number the next line has.
    pub(crate) next: u64,
    pub(crate) head: Digest,
    pub(crate) last: Option<Line>,
    /// The first line that is not as it was written, and what is wrong.
    pub(crate) damage: Option<(u64, String)>,
}

/// Octets at the end of the newest file that are looked at when a ledger is opened: a start must not
/// take longer because the day was busy. A check looks at all.
pub(crate) const TAIL_OCTETS_MAX: u64 = 64 << 20;

/// Finds the end of the newest file. Lines in its tail are checked against each other.
pub(crate) fn end(path: &Path) -> io::Result<End> {
    end_within(path, TAIL_OCTETS_MAX)
}

/// As [`end`], looking at so many octets.
pub(crate) fn end_within(path: &Path, tail_octets_max: u64) -> io::Result<End> {
    let mut end = End {
        next: 1,
        ..End::default()
    };
    let mut file = File::open(path)?;
    let skipped = file.metadata()?.len().saturating_sub(tail_octets_max);
    let first = match Lines::of(&file).next()? {
        Some(Octets::Whole(octets)) => Line::read(octets).ok().map(|line| line.n),
        _ => None,
    };
    file.seek(SeekFrom::Start(skipped))?;
    let mut lines = Lines::of(file);
    if skipped > 0 {
        // It begins in the middle of a line.
        lines.next()?;
        lines.offset += skipped;
        end.octets = lines.offset;
    }
    while let Some(octets) = lines.next()? {
        let (read, digest) = match octets {
            Octets::Whole(octets) => (Line::read(octets), Digest::of(octets)),
            Octets::Odd => (Err(LineError::TooLong), Digest::default()),
        };
        if lines.at_end {
            // Half a line: a write that was cut short.
            break;
        }
        let problem = match &read {
            Ok(line) => end.does_not_follow(line),
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            end.damage.get_or_insert((lines.line, problem));
        }
        end.next = match &read {
            Ok(line) => line.n.saturating_add(1),
            Err(_) => end.next.saturating_add(1),
        };
        end.last = read.ok();
        end.head = digest;
        end.octets = lines.offset;
        end.lines = lines.line;
    }
    if let (Some(first), true) = (first, skipped > 0) {
        end.lines = end.next.saturating_sub(first);
    }
    Ok(end)
}

impl End {
    fn does_not_follow(&self, line: &Line) -> Option<String> {
        let before = self.last.as_ref()?;
        let follows = line.prev == self.head && line.n == before.n.saturating_add(1);
        (!follows).then(|| "it does not follow from the line before it".to_owned())
    }
}

/// The octets of a line.
enum Octets<'a> {
    /// Without its line end.
    Whole(&'a [u8]),
    /// The file ends in it, or it is longer than any line that is written.
    Odd,
}

/// The lines of a file, one at a time.
struct Lines<R> {
    file: BufReader<R>,
    buffer: Vec<u8>,
    /// The number of the line read last, from 1.
    line: u64,
    /// Octets up to its end.
    offset: u64,
    at_end: bool,
}

impl<R: io::Read> Lines<R> {
    fn of(file: R) -> Lines<R> {
        Lines {
            file: BufReader::with_capacity(128 << 10, file),
            buffer: Vec::new(),
            line: 0,
            offset: 0,
            at_end: false,
        }
    }

    fn next(&mut self) -> io::Result<Option<Octets<'_>>> {
        self.buffer.clear();
        let mut too_long = false;
        loop {
            let available = self.file.fill_buf()?;
            if available.is_empty() {
                self.at_end = true;
                break;
            }
            let (used, ends) = match memchr::memchr(b'\n', available) {
                Some(at) => (at + 1, true),
                None => (available.len(), false),
            };
            let piece = available.get(..used).unwrap_or_default();
            too_long |= self.buffer.len() + piece.len() > LINE_OCTETS_MAX + 1;
            if !too_long {
                self.buffer.extend_from_slice(piece);
            }
            self.offset += used as u64;
            self.file.consume(used);
            if ends {
                self.line += 1;
                return Ok(Some(match (too_long, self.buffer.split_last()) {
                    (false, Some((_, line))) => Octets::Whole(line),
                    _ => Octets::Odd,
                }));
            }
        }
        let something = too_long || !self.buffer.is_empty();
        Ok(something.then_some(Octets::Odd))
    }
}

/// Checks a whole ledger, telling each report to `each`.
///
/// # Errors
/// The operating system's.
pub fn check(dir: &Path, mut each: impl FnMut(&Line)) -> io::Result<Checked> {
    let files = files(dir)?;
    let mut chain = Chain::default();
    let newest = files.last().cloned();
    for file in &files {
        let name = file.path.file_name().unwrap_or_default();
        let place = Place {
            name: &name.to_string_lossy(),
            day: &file.day,
            is_newest: newest.as_ref() == Some(file),
        };
        chain.file(&place, File::open(&file.path)?, &mut each)?;
    }
    let mut checked = chain.checked;
    checked.days = files.len() as u64;
    checked.head = chain.head;
    if files.is_empty() {
        checked.problems.add(Problem {
            wrong: Wrong::Missing,
            place: dir.display().to_string(),
            message: None,
            what: "there is no file of a ledger here".to_owned(),
        });
    }
    Ok(checked)
}

/// Checks octets as the newest file of a ledger of one day: for the fuzzer.
pub(crate) fn check_octets(octets: &[u8]) -> Checked {
    let mut chain = Chain::default();
    let place = Place {
        name: "fuzzed",
        day: "2026-11-26",
        is_newest: true,
    };
    // Reading from memory does not fail.
    let _ = chain.file(&place, octets, &mut |_| ());
    Checked {
        head: chain.head,
        ..chain.checked
    }
}

/// A file that is checked.
struct Place<'a> {
    name: &'a str,
    day: &'a str,
    is_newest: bool,
}

/// How far a check has come.
#[derive(Default)]
struct Chain {
    checked: Checked,
    head: Digest,
    /// The number the next line must have; 0 before the first line.
    next: u64,
    /// Where the line before is, for when the next one shows that it was changed.
    before: String,
    /// The octets of the line before were read as a line.
    before_read: bool,
    seen: Seen,
}

impl Chain {
    fn file(
        &mut self,
        file: &Place<'_>,
        octets: impl io::Read,
        each: &mut impl FnMut(&Line),
    ) -> io::Result<()> {
        let (name, is_newest) = (file.name, file.is_newest);
        let mut lines = Lines::of(octets);
        let mut closed = false;
        while let Some(octets) = lines.next()? {
            let read = match octets {
                Octets::Whole(octets) => Some((Digest::of(octets), Line::read(octets))),
                Octets::Odd => None,
            };
            let place = format!("{name} line {}", lines.line + u64::from(lines.at_end));
            let Some((digest, read)) = read else {
                if lines.at_end && is_newest {
                    // It is being written at this moment, or was when the machine stopped.
                    break;
                }
                let what = "it is no whole line";
                self.problem(Wrong::Unreadable, place.clone(), None, what);
                self.skip(Digest::default(), place);
                continue;
            };
            match read {
                Ok(line) => {
                    self.line(&line, digest, &place);
                    closed = self.day(&line, file.day, closed, &place);
                    each(&line);
                }
                Err(error) => {
                    self.problem(Wrong::Unreadable, place.clone(), None, error.to_string());
                    self.skip(digest, place);
                }
            }
        }
        if !closed && !is_newest {
            let what = "the day has no signed root: its end is missing";
            self.problem(Wrong::Missing, name.to_owned(), None, what);
        }
        Ok(())
    }

    /// A line that cannot be read: the one behind it tells whether more is wrong.
    fn skip(&mut self, digest: Digest, place: String) {
        self.head = digest;
        self.next += u64::from(self.next > 0);
        self.before = place;
        self.before_read = false;
        self.checked.lines += 1;
    }

    fn line(&mut self, line: &Line, digest: Digest, place: &str) {
        self.checked.lines += 1;
        let message = match &line.what {
            What::Report(report) => Some(report.message),
            What::GivenUp { message, .. } => Some(*message),
            _ => None,
        };
        let expected = self.next.max(1);
        if line.n > expected {
            let missing = line.n - expected;
            let what = match missing {
                1 => format!("entry {expected} is missing before this line"),
                _ => format!(
                    "{missing} entries are missing before this line: {expected} to {}",
                    line.n - 1
                ),
            };
            self.problem(Wrong::Missing, place.to_owned(), None, what);
        } else if line.n < expected {
            let what = format!(
                "entry {} stands here again; entry {expected} was expected",
                line.n
            );
            self.problem(Wrong::Doubled, place.to_owned(), message, what);
        } else if line.prev != self.head && self.before_read {
            // Its own octets say what stood before it, so what stands there now is not that.
            let what = format!(
                "the next line says its digest was {}, it is {}",
                line.prev, self.head
            );
            let before = self.before.clone();
            self.problem(Wrong::Changed, before, None, what);
        } else if line.prev != self.head && expected == 1 {
            let what = "the first entry says there is one before it";
            self.problem(Wrong::Missing, place.to_owned(), None, what);
        }
        if let What::Report(report) = &line.what {
            self.checked.reports += u64::from(report.how == How::Delivered);
            if report.how == How::Delivered
                && line.n >= expected
                && self.seen.again(report.message, &report.target)
            {
                let what = format!("a report for {} was entered before", report.target);
                self.problem(Wrong::Doubled, place.to_owned(), message, what);
            }
        }
        self.head = digest;
        self.next = line.n.saturating_add(1);
        self.before = place.to_owned();
        self.before_read = true;
    }

    /// What a line has to do with its day; answers whether the day is closed.
    fn day(&mut self, line: &Line, day: &str, closed: bool, place: &str) -> bool {
        if closed {
            let what = "it stands behind the root that closed the day";
            self.problem(Wrong::Unknown, place.to_owned(), None, what);
        }
        let What::Root { day: of, key, .. } = &line.what else {
            return closed;
        };
        if !root_is_right(line) {
            let what = "the signature of the day's root is not that of its key";
            self.problem(Wrong::Changed, place.to_owned(), None, what);
        } else if of != day {
            let what = format!("the root is that of {of}, not of this day");
            self.problem(Wrong::Changed, place.to_owned(), None, what);
        } else {
            self.checked.roots += 1;
        }
        if PublicKey::read(key).is_some() && !self.checked.keys.contains(key) {
            self.checked.keys.push(key.clone());
        }
        true
    }

    fn problem(
        &mut self,
        wrong: Wrong,
        place: String,
        message: Option<MessageId>,
        what: impl Into<String>,
    ) {
        self.checked.problems.add(Problem {
            wrong,
            place,
            message,
            what: what.into(),
        });
    }
}

/// Reports seen lately, in two generations, so that memory has a limit.
#[derive(Default)]
struct Seen {
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl Seen {
    /// Notes a report; true where it was noted before. 64 bits of a digest: among two million reports
    /// two are taken for one once in ten million checks.
    fn again(&mut self, message: MessageId, target: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        (message, target).hash(&mut hasher);
        let key = hasher.finish();
        if self.young.contains(&key) || self.old.contains(&key) {
            return true;
        }
        if self.young.len() >= SEEN_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key);
        false
    }
}
