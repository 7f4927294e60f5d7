//! The header firewall: takes the fields out of a header section that Exchange servers write for each
//! other (`X-MS-Exchange-Organization-*`, `-Forest-*`, `-CrossPremises-*`) and a stranger must not, and
//! where it is told to, those that say which way a message came (`Received`, `Resent-*`); and changes
//! those that pass between the two halves of one organisation from organization to cross-premises fields
//! and back ([`Conversion`]).
//!
//! It sees a message in pieces, cut anywhere, and holds back no more than the beginning of one field's
//! name. A section goes on to its first empty line, whatever stands in it: a server behind this one
//! may read on behind a line that is no field. Stray CR and LF (BINARYMIME) begin a line too, for the
//! same reason.
//!
//! Invariant: every octet that does not belong to a field of a family that is taken out passes as it
//! came, in its order; of a field that is converted all but the beginning of its name.
//! Invariant: what is converted is an organization or a cross-premises field named in a fixed list. No
//! other field ever comes to be by it: neither the marker of a health probe nor that of a journal report.

mod keep;

use mailward_model::kind::HeaderFamily;

pub use keep::{Conversion, Keep, Stripped};

use self::keep::Fate;

/// What the names of Exchange's families begin with, in lower case.
const COMMON: &[u8] = b"x-ms-exchange-";
/// Octets of a name that are held back: more than any of a field that is looked at to its end.
const NAME_OCTETS_MAX: usize = 56;

/// Fields that are converted, by what follows the family's prefix: those that Exchange servers have been
/// seen to send each other between the halves of an organisation, without three. Journal-Report would
/// make a report of a message. Processed-By-Journaling keeps the other half from journaling by rules of
/// its own, and mail goes missing in its archive. BCC may name who is to be named nowhere.
const CONVERTED: [&str; 14] = [
    "Antispam-ScanContext",
    "AuthAs",
    "AuthDomain",
    "AuthMechanism",
    "AuthSource",
    "AVStamp-Service",
    "Disclaimer-Hash",
    "Mapi-Admin-Submission",
    "MessageSource",
    "OriginalClientIPAddress",
    "OriginalServerIPAddress",
    "SCL",
    "TransportTrafficSubType",
    "TransportTrafficType",
];

/// Organization fields that a mailbox is given: what its owner's filters and clients may go by, and
/// nothing of how the organisation is built.
const OF_MAILBOXES: [&str; 7] = [
    "AuthAs",
    "AuthDomain",
    "AuthMechanism",
    "AuthSource",
    "OriginalArrivalTime",
    "OriginalSize",
    "SCL",
];

/// The fields that say which way a message came, in lower case (RFC 5322 §3.6.6, §3.6.7).
const ROUTING: [&[u8]; 8] = [
    b"received",
    b"resent-bcc",
    b"resent-cc",
    b"resent-date",
    b"resent-from",
    b"resent-message-id",
    b"resent-sender",
    b"resent-to",
];

fn is_among(names: &[&str], own: &[u8]) -> bool {
    let mut names = names.iter();
    names.any(|name| name.as_bytes().eq_ignore_ascii_case(own))
}

fn pattern(family: HeaderFamily) -> &'static [u8] {
    match family {
        HeaderFamily::Organization => b"x-ms-exchange-organization-",
        HeaderFamily::Forest => b"x-ms-exchange-forest-",
        HeaderFamily::CrossPremises => b"x-ms-exchange-crosspremises-",
    }
}

/// Where the firewall stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the beginning of a line, so many octets of which look like a family's name.
    Start(usize),
    /// In the name of a field of a family that is looked at by its whole name, so many octets of which
    /// are held.
    Name(usize),
    /// At the beginning of a line, so many octets of which look like a field that says which way the
    /// message came.
    Routing(usize),
    /// In a line.
    Line,
    /// Behind a CR.
    Cr,
    /// Behind the header section.
    Ended,
}

/// One message's header section on its way through.
#[derive(Debug, Clone)]
pub struct Firewall {
    keep: Keep,
    at: At,
    /// The beginning of a line, as far as it looks like the name of a field that may not pass as it is.
    held: [u8; NAME_OCTETS_MAX],
    /// Which family it looks like, once that shows.
    looks_like: Option<HeaderFamily>,
    /// The field at hand is taken out.
    drops: bool,
    /// The line at hand is empty so far.
    line_is_empty: bool,
    /// The line before, as far as it passed, ended in CRLF.
    behind_crlf: bool,
    stripped: Stripped,
    converted: u64,
    removed_octets: u64,
    added_octets: u64,
}

impl Firewall {
    /// For one message, of which these families pass.
    pub fn new(keep: Keep) -> Firewall {
        Firewall {
            keep,
            at: At::Start(0),
            held: [0; NAME_OCTETS_MAX],
            looks_like: None,
            drops: false,
            line_is_empty: true,
            behind_crlf: true,
            stripped: Stripped::default(),
            converted: 0,
            removed_octets: 0,
            added_octets: 0,
        }
    }

    /// What passes.
    pub fn keep(&self) -> Keep {
        self.keep
    }

    /// What was taken out so far.
    pub fn stripped(&self) -> Stripped {
        self.stripped
    }

    /// How many fields were converted so far.
    pub fn converted(&self) -> u64 {
        self.converted
    }

    /// Whether anything does not pass as it came, so far.
    pub fn has_changed(&self) -> bool {
        self.removed_octets > 0
    }

    /// How many octets a message of so many has behind the firewall, by what was seen so far.
    pub fn resized(&self, octets: u64) -> u64 {
        (octets + self.added_octets).saturating_sub(self.removed_octets)
    }

    /// True behind the empty line: what follows is none of the firewall's business.
    pub fn ended(&self) -> bool {
        self.at == At::Ended
    }

    /// Looks at the next octets of the message and appends to `out` what passes. Answers how many of
    /// them belong to the header section: the rest is to be taken as it is.
    pub fn pass(&mut self, octets: &[u8], out: &mut Vec<u8>) -> usize {
        let mut rest = octets;
        while let Some(&octet) = rest.first() {
            match self.at {
                At::Ended => break,
                At::Start(0) if matches!(octet, b' ' | b'\t') => {
                    // RFC 5322 §2.2.3: the field before goes on.
                    (self.at, self.line_is_empty) = (At::Line, false);
                }
                At::Start(0) if matches!(octet, b'\r' | b'\n') => {
                    (self.at, self.line_is_empty, self.drops) = (At::Line, true, false);
                }
                At::Start(0) if !self.keep.routing && matches!(octet, b'R' | b'r') => {
                    self.line_is_empty = false;
                    rest = self.routing(0, octet, rest, out);
                }
                At::Start(held) => rest = self.start(held, octet, rest, out),
                At::Routing(held) => rest = self.routing(held, octet, rest, out),
                At::Name(held) => rest = self.name(held, octet, rest, out),
                At::Line => rest = self.line(rest, out),
                At::Cr => rest = self.behind_cr(octet, rest, out),
            }
        }
        octets.len() - rest.len()
    }

    /// The message is over: appends what was held back.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match self.at {
            At::Start(held) | At::Routing(held) => {
                out.extend_from_slice(self.held.get(..held).unwrap_or_default())
            }
            // A field of the family, and none that passes by its name: it has no colon.
            At::Name(held) => self.take_out(held, out),
            At::Line | At::Cr | At::Ended => return,
        }
        self.at = At::Line;
    }

    /// One octet at the beginning of a line, behind `held` that look like a name.
    fn start<'i>(&mut self, held: usize, octet: u8, rest: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
        self.line_is_empty = false;
        let lower = octet.to_ascii_lowercase();
        if held == COMMON.len() {
            self.looks_like = HeaderFamily::ALL
                .into_iter()
                .find(|family| pattern(*family).get(held) == Some(&lower));
        }
        let name = match self.looks_like.filter(|_| held >= COMMON.len()) {
            Some(family) => pattern(family),
            None => COMMON,
        };
        if name.get(held) != Some(&lower) {
            // It is another field; the octet itself is looked at again, as it may end the line.
            self.drops = false;
            out.extend_from_slice(self.held.get(..held).unwrap_or_default());
            self.at = At::Line;
            return rest;
        }
        if let Some(place) = self.held.get_mut(held) {
            *place = octet;
        }
        let held = held + 1;
        self.at = At::Start(held);
        if let Some(family) = self.looks_like.filter(|_| held > COMMON.len())
            && held == pattern(family).len()
        {
            match self.keep.fate(family) {
                Fate::ByName => self.at = At::Name(held),
                Fate::TakenOut => self.take_out(held, out),
                Fate::Passes => {
                    (self.drops, self.at) = (false, At::Line);
                    let name = self.held;
                    self.put(name.get(..held).unwrap_or_default(), out);
                }
            }
        }
        rest.get(1..).unwrap_or_default()
    }

    /// One octet behind the `held` that look like the name of a field which says which way the message
    /// came.
    fn routing<'i>(
        &mut self,
        held: usize,
        octet: u8,
        rest: &'i [u8],
        out: &mut Vec<u8>,
    ) -> &'i [u8] {
        let lower = octet.to_ascii_lowercase();
        let before = self.held;
        let name = before.get(..held).unwrap_or_default();
        let goes_on = ROUTING.iter().any(|one| {
            one.get(held) == Some(&lower)
                && one
                    .get(..held)
                    .is_some_and(|one| one.eq_ignore_ascii_case(name))
        });
        if goes_on && let Some(place) = self.held.get_mut(held) {
            *place = octet;
            self.at = At::Routing(held + 1);
            return rest.get(1..).unwrap_or_default();
        }
        // RFC 5322 §4.5: blanks may stand before the colon, and whoever reads on behind a line that is
        // no field may take it for one. The octet itself is looked at again, as it may end the line.
        let ends = matches!(octet, b':' | b' ' | b'\t' | b'\r' | b'\n');
        if ends && ROUTING.iter().any(|one| one.eq_ignore_ascii_case(name)) {
            self.take_out(held, out);
        } else {
            self.drops = false;
            out.extend_from_slice(name);
            self.at = At::Line;
        }
        rest
    }

    /// The field whose name begins with the `held` octets is taken out.
    fn take_out(&mut self, held: usize, out: &mut Vec<u8>) {
        self.stripped.add(self.looks_like);
        (self.drops, self.at) = (true, At::Line);
        let name = self.held;
        self.put(name.get(..held).unwrap_or_default(), out);
    }

    /// One octet behind the `held` ones of a name of a family that is looked at by its whole name.
    fn name<'i>(&mut self, held: usize, octet: u8, rest: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
        // What is no name of a field does not pass. The octet itself is looked at
        // again, as it may end the line.
        let ends = matches!(octet, b':' | b' ' | b'\t' | b'\r' | b'\n');
        let Some(place) = self.held.get_mut(held).filter(|_| !ends) else {
            match self.keep.conversion {
                Some(conversion) if octet == b':' => self.convert(conversion, held, out),
                None if octet == b':' => self.give_mailbox(held, out),
                _ => self.take_out(held, out),
            }
            return rest;
        };
        *place = octet;
        self.at = At::Name(held + 1);
        rest.get(1..).unwrap_or_default()
    }

    /// The `held` octets are a whole name: writes the one that it becomes.
    fn convert(&mut self, conversion: Conversion, held: usize, out: &mut Vec<u8>) {
        let before = pattern(conversion.from()).len();
        let own = self.held.get(before..held).unwrap_or_default();
        if !is_among(&CONVERTED, own) {
            self.take_out(held, out);
            return;
        }
        let prefix = conversion.to().prefix();
        out.extend_from_slice(prefix.as_bytes());
        out.extend_from_slice(own);
        self.removed_octets += before as u64;
        self.added_octets += prefix.len() as u64;
        self.converted += 1;
        (self.drops, self.at) = (false, At::Line);
    }

    /// The `held` octets are the whole name of an organization field: it passes where a mailbox is
    /// given it.
    fn give_mailbox(&mut self, held: usize, out: &mut Vec<u8>) {
        let before = pattern(HeaderFamily::Organization).len();
        if !is_among(
            &OF_MAILBOXES,
            self.held.get(before..held).unwrap_or_default(),
        ) {
            self.take_out(held, out);
            return;
        }
        (self.drops, self.at) = (false, At::Line);
        let name = self.held;
        self.put(name.get(..held).unwrap_or_default(), out);
    }

    /// What is left of a line, or all of `rest`.
    fn line<'i>(&mut self, rest: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
        let end = memchr::memchr2(b'\r', b'\n', rest);
        let taken = end.map_or(rest.len(), |at| at + 1);
        let (piece, behind) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
        self.put(piece, out);
        match piece.last() {
            Some(b'\r') => self.at = At::Cr,
            Some(b'\n') => self.begin_line(false),
            _ => {}
        }
        behind
    }

    fn behind_cr<'i>(&mut self, octet: u8, rest: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
        if octet != b'\n' {
            self.begin_line(false);
            return rest;
        }
        self.put(b"\n", out);
        if self.line_is_empty && self.behind_crlf {
            self.at = At::Ended;
        } else {
            self.begin_line(true);
        }
        rest.get(1..).unwrap_or_default()
    }

    fn begin_line(&mut self, behind_crlf: bool) {
        self.at = At::Start(0);
        self.looks_like = None;
        // Whoever reads what passes sees the line before that was not taken out.
        if !self.drops {
            self.behind_crlf = behind_crlf;
        }
    }

    fn put(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        if self.drops {
            self.removed_octets += octets.len() as u64;
        } else {
            out.extend_from_slice(octets);
        }
    }
}

#[cfg(test)]
mod tests;
