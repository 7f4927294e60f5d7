//! Command lines out of a stream: whole ones are borrowed from the input, cut ones are kept until
//! the rest comes.

use std::borrow::Cow;

use crate::command::LINE_OCTETS_MAX;

/// Octets of an over-long line that are read and thrown away before the session is ended.
const SKIPPED_OCTETS_MAX: usize = 1 << 20;

/// What was read.
#[derive(Debug)]
pub(super) enum Read<'i> {
    /// The line is not complete; the input is used up.
    More,
    /// A line, without its CRLF.
    Line(Cow<'i, [u8]>),
    /// A line that ended in an LF without CR.
    BareLf,
    /// A line above the limit has ended; it was thrown away.
    TooLong,
    /// A line above the limit does not end.
    Endless,
}

/// The part of a line that has come.
#[derive(Debug, Default)]
pub(super) struct Line {
    partial: Vec<u8>,
    skipped: usize,
}

impl Line {
    /// Takes a line from the front of `input`.
    pub(super) fn read<'i>(&mut self, input: &mut &'i [u8]) -> Read<'i> {
        let Some(line_feed) = memchr::memchr(b'\n', input) else {
            let come = std::mem::take(input);
            if self.skipped == 0 && self.partial.len() + come.len() <= LINE_OCTETS_MAX {
                self.partial.extend_from_slice(come);
                return Read::More;
            }
            self.skipped += self.partial.len() + come.len();
            self.partial = Vec::new();
            return if self.skipped > SKIPPED_OCTETS_MAX {
                Read::Endless
            } else {
                Read::More
            };
        };
        let (line, rest) = input
            .split_at_checked(line_feed + 1)
            .unwrap_or((*input, &[]));
        *input = rest;
        if self.skipped > 0 || self.partial.len() + line.len() > LINE_OCTETS_MAX {
            return Read::TooLong;
        }
        let whole = if self.partial.is_empty() {
            Cow::Borrowed(line)
        } else {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(line);
            Cow::Owned(whole)
        };
        match whole {
            Cow::Borrowed(line) => match line.strip_suffix(b"\r\n") {
                Some(line) => Read::Line(Cow::Borrowed(line)),
                None => Read::BareLf,
            },
            Cow::Owned(mut line) => {
                line.pop();
                match line.pop() {
                    Some(b'\r') => Read::Line(Cow::Owned(line)),
                    _ => Read::BareLf,
                }
            }
        }
    }

    /// The line was dealt with; `ended` where there was one.
    pub(super) fn done(&mut self, ended: bool) {
        if ended {
            self.partial = Vec::new();
            self.skipped = 0;
        }
    }
}
