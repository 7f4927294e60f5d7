//! Reading a store of delivered reports that is not ours: a Maildir, a folder of files, an mbox.
//!
//! Who delivered a report put fields on top, may have changed the line ends, and an mbox adds lines
//! of its own; none of that changes the report. So the octets from the report's own first field on,
//! with CRLF as line ends, are digested, as they were handed over.
//!
//! Never here: writing, and following symbolic links out of the folder.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use mailward_model::{Domain, MessageId};
use mailward_proto::{header, journal::read_message_id};
use memchr::memmem;

use crate::Digest;

/// Octets of a message that is looked at; a larger one is named as unreadable.
const MESSAGE_OCTETS_MAX: u64 = 256 << 20;
/// Folders inside folders that are looked into.
const DEPTH_MAX: usize = 8;
/// Fields named Date in one header that may be the report's first one.
const STARTS_MAX: usize = 16;

/// What stands in a place where a message should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A report of this host.
    Report {
        /// The message it is about.
        message: MessageId,
        /// Its number among the reports of that message.
        no: u32,
        /// Digests of what may be the report: one of them is right if nothing was changed.
        digests: Vec<Digest>,
    },
    /// Some other message.
    Other,
    /// It cannot be read.
    Unreadable(String),
}

/// Tells `each` of every message in a Maildir, a folder of files or an mbox.
///
/// # Errors
/// The path itself cannot be read; a message in it that cannot is told of.
pub fn read(path: &Path, host: &Domain, each: &mut dyn FnMut(&Path, Found)) -> io::Result<()> {
    if fs::metadata(path)?.is_dir() {
        folder(path, host, 0, each)
    } else {
        mbox(path, host, each)
    }
}

fn folder(
    dir: &Path,
    host: &Domain,
    depth: usize,
    each: &mut dyn FnMut(&Path, Found),
) -> io::Result<()> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    paths.sort();
    let is_maildir = ["new", "cur", "tmp"]
        .iter()
        .all(|name| dir.join(name).is_dir());
    for path in paths {
        let Ok(meta) = fs::symlink_metadata(&path) else {
            continue;
        };
        // What is in tmp is not delivered yet.
        let is_tmp = is_maildir && path.file_name().is_some_and(|name| name == "tmp");
        if meta.is_dir() && depth < DEPTH_MAX && !is_tmp {
            folder(&path, host, depth + 1, each)?;
        } else if meta.is_file() && !(is_maildir && depth == 0) {
            let found = file(&path, meta.len(), host);
            each(&path, found);
        }
    }
    Ok(())
}

fn file(path: &Path, octets: u64, host: &Domain) -> Found {
    if octets > MESSAGE_OCTETS_MAX {
        return Found::Unreadable(format!("it has {octets} octets, more than are looked at"));
    }
    match fs::read(path) {
        Ok(octets) => message(&octets, host),
        Err(error) => Found::Unreadable(error.to_string()),
    }
}

/// Reads an mbox: messages begin with a line `From …` behind an empty line or at the top.
fn mbox(path: &Path, host: &Domain, each: &mut dyn FnMut(&Path, Found)) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(128 << 10, File::open(path)?);
    let mut octets = Vec::new();
    let mut line = Vec::new();
    let mut begun = false;
    let mut after_blank = true;
    let mut too_long = false;
    loop {
        line.clear();
        let limit = MESSAGE_OCTETS_MAX;
        let read = reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
        if read == 0 || (after_blank && line.starts_with(b"From ")) {
            if begun {
                let found = match too_long {
                    true => Found::Unreadable("it has more octets than are looked at".to_owned()),
                    false => message(&octets, host),
                };
                each(path, found);
            }
            if read == 0 {
                return Ok(());
            }
            octets.clear();
            (begun, after_blank, too_long) = (true, false, false);
            continue;
        }
        begun = true;
        after_blank = line == b"\n" || line == b"\r\n";
        too_long |= (octets.len() + line.len()) as u64 > MESSAGE_OCTETS_MAX;
        if !too_long {
            octets.extend_from_slice(unquoted(&line));
        }
    }
}

/// A line as it was before it was put into an mbox, where `From ` and `>From ` get a `>` in front.
fn unquoted(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|octet| **octet == b'>').count();
    match line.get(quotes..) {
        Some(rest) if quotes > 0 && rest.starts_with(b"From ") => line.get(1..).unwrap_or(line),
        _ => line,
    }
}

/// What a message is.
pub fn message(octets: &[u8], host: &Domain) -> Found {
    let octets = with_crlf(octets);
    let section = header::section(&octets);
    let summary = header::summary(section);
    let Some((message, no)) = summary
        .message_id
        .as_deref()
        .and_then(|text| read_message_id(text, host))
    else {
        return Found::Other;
    };
    let mut digests: Vec<Digest> = Vec::new();
    for start in starts(section) {
        let report = octets.get(start..).unwrap_or_default();
        digests.push(digest(report));
    }
    Found::Report {
        message,
        no,
        digests,
    }
}

/// The octets of the report in a message that this host delivered to a mailbox of its own: without
/// the fields that were put on top. `None` where there is none.
pub fn report(octets: &[u8]) -> Option<Vec<u8>> {
    let octets = with_crlf(octets);
    let start = starts(header::section(&octets)).next()?;
    octets.get(start..).map(<[u8]>::to_vec)
}

/// Where the report may begin: its first field is Date.
fn starts(section: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = 0;
    section
        .split_inclusive(|octet| *octet == b'\n')
        .filter_map(move |line| {
            let start = at;
            at += line.len();
            line.get(..5)
                .is_some_and(|name| name.eq_ignore_ascii_case(b"Date:"))
                .then_some(start)
        })
        .take(STARTS_MAX)
}

/// The digest of a report, whatever number of empty lines was put behind it.
fn digest(report: &[u8]) -> Digest {
    let end = report
        .iter()
        .rposition(|octet| !matches!(octet, b'\r' | b'\n'))
        .map_or(0, |at| at + 1);
    let mut hasher = crate::Hasher::default();
    hasher.update(report.get(..end).unwrap_or_default());
    hasher.update(b"\r\n");
    hasher.finish()
}

/// Octets with CRLF as line ends, where they have LF alone.
fn with_crlf(octets: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let section = header::section(octets);
    let has_crlf = memmem::find(section, b"\r\n").is_some();
    if has_crlf {
        // As it was handed over: a lone LF in it was there then too.
        return octets.into();
    }
    let mut fixed = Vec::with_capacity(octets.len() + octets.len() / 32);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                fixed.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                fixed.extend_from_slice(b"\r\n");
            }
            None => fixed.extend_from_slice(line),
        }
    }
    fixed.into()
}
