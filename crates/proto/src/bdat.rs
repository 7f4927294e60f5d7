//! The argument of BDAT and the count of a chunk's octets (RFC 3030 §2).
//!
//! A chunk is measured, never searched: what looks like a command or an end inside it is content.
//! The size is checked before a single octet of the chunk is taken.

/// Digits a chunk size may have: more would not fit 64 bits.
const SIZE_DIGITS_MAX: usize = 18;

/// What BDAT announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcement {
    /// Octets that follow the command.
    pub octets: u64,
    /// Whether the chunk is the last one of the message.
    pub last: bool,
}

/// The argument is no `SIZE` or `SIZE LAST`. How many octets follow is then unknown, and the only
/// safe thing is to end the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the argument of BDAT is not a number of octets, or a number and LAST")]
pub struct AnnouncementError;

/// Reads the argument of BDAT.
///
/// # Errors
/// [`AnnouncementError`].
pub fn announcement(argument: &str) -> Result<Announcement, AnnouncementError> {
    let (size, last) = match argument.split_once(' ') {
        None => (argument, false),
        Some((size, end)) if end.trim_start_matches(' ').eq_ignore_ascii_case("LAST") => {
            (size, true)
        }
        Some(_) => return Err(AnnouncementError),
    };
    let is_number = !size.is_empty()
        && size.len() <= SIZE_DIGITS_MAX
        && size.bytes().all(|b| b.is_ascii_digit());
    match size.parse() {
        Ok(octets) if is_number => Ok(Announcement { octets, last }),
        _ => Err(AnnouncementError),
    }
}

/// A chunk on its way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    left: u64,
    last: bool,
}

impl Chunk {
    /// The chunk that was announced.
    pub fn new(announced: Announcement) -> Self {
        Chunk {
            left: announced.octets,
            last: announced.last,
        }
    }

    /// Octets that are still to come.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Whether it is the last chunk of the message.
    pub fn is_last(&self) -> bool {
        self.last
    }

    /// Takes from the front of `input` what belongs to the chunk: empty where either has nothing.
    pub fn take<'i>(&mut self, input: &mut &'i [u8]) -> &'i [u8] {
        let count = usize::try_from(self.left).map_or(input.len(), |left| left.min(input.len()));
        let (piece, rest) = input.split_at_checked(count).unwrap_or((*input, &[]));
        self.left -= piece.len() as u64;
        *input = rest;
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(argument: &str, expect: Option<(u64, bool)>) {
        let got = announcement(argument).ok().map(|a| (a.octets, a.last));
        assert_eq!(got, expect, "{argument:?}");
    }

    #[test]
    fn announcements() {
        check("0", Some((0, false)));
        check("86 LAST", Some((86, true)));
        check("86  last", Some((86, true)));
        check("999999999999999999", Some((999_999_999_999_999_999, false)));
        for bad in [
            "",
            "LAST",
            "-1",
            "+1",
            "1 LAST x",
            "1 NOT",
            "1.5",
            "9999999999999999999",
            "0x10",
            "１",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn a_chunk_takes_what_is_its_own() {
        let mut chunk = Chunk::new(Announcement {
            octets: 5,
            last: true,
        });
        let mut input: &[u8] = b"abc";
        assert_eq!(chunk.take(&mut input), b"abc");
        let mut input: &[u8] = b"deQUIT";
        assert_eq!(chunk.take(&mut input), b"de");
        assert_eq!((input, chunk.left()), (b"QUIT".as_slice(), 0));
    }
}
