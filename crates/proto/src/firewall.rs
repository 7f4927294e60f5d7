//! The header firewall: takes the fields out of a header section that Exchange servers write for each
//! other (`X-MS-Exchange-Organization-*`, `-Forest-*`, `-CrossPremises-*`) and a stranger must not; and
//! changes those that pass between the two halves of one organisation from organization to
//! cross-premises fields and back ([`Conversion`]).
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

use mailward_model::kind::HeaderFamily;

/// What the names of all families begin with, in lower case.
const COMMON: &[u8] = b"x-ms-exchange-";
/// Octets of a name that are held back: more than any of a field that is converted.
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

fn pattern(family: HeaderFamily) -> &'static [u8] {
    match family {
        HeaderFamily::Organization => b"x-ms-exchange-organization-",
        HeaderFamily::Forest => b"x-ms-exchange-forest-",
        HeaderFamily::CrossPremises => b"x-ms-exchange-crosspremises-",
    }
}

/// A change of family on the way from one half of an organisation to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// Coming in from the other half: cross-premises fields become organization ones.
    ToOrganization,
    /// Going out to it: organization fields become cross-premises ones.
    ToCrossPremises,
}

impl Conversion {
    fn from(self) -> HeaderFamily {
        match self {
            Conversion::ToOrganization => HeaderFamily::CrossPremises,
            Conversion::ToCrossPremises => HeaderFamily::Organization,
        }
    }

    fn to(self) -> HeaderFamily {
        match self {
            Conversion::ToOrganization => HeaderFamily::Organization,
            Conversion::ToCrossPremises => HeaderFamily::CrossPremises,
        }
    }
}

/// What becomes of a field.
enum Fate {
    Passes,
    TakenOut,
    /// If it is one that is converted; taken out otherwise.
    Converted,
}

/// The families that pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    families: u8,
    conversion: Option<Conversion>,
}

impl Keep {
    /// None passes.
    pub const NOTHING: Keep = Keep {
        families: 0,
        conversion: None,
    };

    /// These pass.
    pub fn of(families: &[HeaderFamily]) -> Keep {
        families
            .iter()
            .fold(Keep::NOTHING, |keep, family| keep.and(*family))
    }

    /// This one passes too.
    #[must_use]
    pub fn and(self, family: HeaderFamily) -> Keep {
        Keep {
            families: self.families | 1 << family as u8,
            ..self
        }
    }

    /// Fields are converted. Those of the family that they become which the message has already are
    /// taken out: the converted ones stand in their place.
    #[must_use]
    pub fn converting(self, conversion: Conversion) -> Keep {
        Keep {
            conversion: Some(conversion),
            ..self
        }
    }

    /// Whether a family passes as it is.
    pub fn has(self, family: HeaderFamily) -> bool {
        matches!(self.fate(family), Fate::Passes)
    }

    /// What is converted.
    pub fn conversion(self) -> Option<Conversion> {
        self.conversion
    }

    fn fate(self, family: HeaderFamily) -> Fate {
        match self.conversion {
            Some(conversion) if conversion.from() == family => Fate::Converted,
            Some(conversion) if conversion.to() == family => Fate::TakenOut,
            _ if self.families & 1 << family as u8 != 0 => Fate::Passes,
            _ => Fate::TakenOut,
        }
    }
}

/// Fields that were taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stripped {
    /// Of `X-MS-Exchange-Organization-*`.
    pub organization: u64,
    /// Of `X-MS-Exchange-Forest-*`.
    pub forest: u64,
    /// Of `X-MS-Exchange-CrossPremises-*`.
    pub cross_premises: u64,
}

impl Stripped {
    fn add(&mut self, family: HeaderFamily) {
        *match family {
            HeaderFamily::Organization => &mut self.organization,
            HeaderFamily::Forest => &mut self.forest,
            HeaderFamily::CrossPremises => &mut self.cross_premises,
        } += 1;
    }

    /// Of all families.
    pub fn total(&self) -> u64 {
        self.organization + self.forest + self.cross_premises
    }
}

/// Where the firewall stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the beginning of a line, so many octets of which look like a family's name.
    Start(usize),
    /// In the name of a field that may be converted, so many octets of which are held.
    Name(usize),
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
    /// The beginning of a line, as far as it looks like a family's name or is that of a field which may
    /// be converted.
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
                At::Start(held) => rest = self.start(held, octet, rest, out),
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
            At::Start(held) => out.extend_from_slice(self.held.get(..held).unwrap_or_default()),
            // A field of the family, and none that is converted: it has no colon.
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
                Fate::Converted => self.at = At::Name(held),
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

    /// The field whose name begins with the `held` octets is taken out.
    fn take_out(&mut self, held: usize, out: &mut Vec<u8>) {
        if let Some(family) = self.looks_like {
            self.stripped.add(family);
        }
        (self.drops, self.at) = (true, At::Line);
        let name = self.held;
        self.put(name.get(..held).unwrap_or_default(), out);
    }

    /// One octet behind the `held` ones of a name of the family that is converted.
    fn name<'i>(&mut self, held: usize, octet: u8, rest: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
        // What is no name of a field is neither converted nor passed on. The octet itself is looked at
        // again, as it may end the line.
        let ends = matches!(octet, b':' | b' ' | b'\t' | b'\r' | b'\n');
        let Some(place) = self.held.get_mut(held).filter(|_| !ends) else {
            match self.keep.conversion.filter(|_| octet == b':') {
                Some(conversion) => self.convert(conversion, held, out),
                None => self.take_out(held, out),
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
        let mut converted = CONVERTED.iter();
        if !converted.any(|name| name.as_bytes().eq_ignore_ascii_case(own)) {
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
