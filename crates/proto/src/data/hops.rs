//! Counts the Received fields of a header section while it passes, and those this host wrote.
//!
//! It sees pieces of lines, cut anywhere, and keeps a few octets of state: the name of the field at
//! hand as far as it may be `Received`, and in such a field the word behind `by`. RFC 5321 §4.4.

/// Where the scan stands in the header section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Field {
    /// Before the first field.
    #[default]
    None,
    /// In a field's name, so many octets of which are behind; whether they begin `Received`.
    Name {
        octets: usize,
        fits: bool,
        blank: bool,
    },
    /// In the value of a Received field.
    Received(By),
    /// In the value of another field.
    Other,
    /// Behind the header section.
    Ended,
}

/// Where the scan stands in the search for `by HOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// Before a word.
    Gap,
    /// In a word that is not looked for.
    Word,
    /// Behind `b`.
    B,
    /// Behind `by`.
    Y,
    /// Behind `by` and a blank.
    AwaitHost,
    /// So many octets of the host's name are behind.
    Host(usize),
    /// `by HOST` was found, or another host stands there.
    Done,
}

const NAME: &[u8] = b"received";

/// Counts of Received fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Hops {
    field: Field,
    received: u32,
    local: u32,
}

impl Hops {
    pub(super) fn ended(&self) -> bool {
        self.field == Field::Ended
    }

    /// True behind the colon of a field.
    pub(super) fn in_value(&self) -> bool {
        matches!(self.field, Field::Received(_) | Field::Other)
    }

    pub(super) fn received(&self) -> u32 {
        self.received
    }

    pub(super) fn local(&self) -> u32 {
        self.local
    }

    /// Passes a piece of a line without CR and LF; `first` where the line begins with it.
    pub(super) fn piece(&mut self, piece: &[u8], first: bool, host: &[u8]) {
        let Some((&octet, _)) = piece.split_first() else {
            return;
        };
        if first {
            self.field = match (self.field, octet) {
                // RFC 5322 §2.2.3: a line that begins with a blank goes on with the field before.
                (Field::Received(_) | Field::Other, b' ' | b'\t') => self.field,
                _ => Field::Name {
                    octets: 0,
                    fits: true,
                    blank: false,
                },
            };
        }
        let mut rest = piece;
        while let (
            Field::Name {
                octets,
                fits,
                blank,
            },
            Some((&octet, tail)),
        ) = (self.field, rest.split_first())
        {
            rest = tail;
            self.field = match octet {
                b':' if fits && octets == NAME.len() => {
                    self.received += 1;
                    Field::Received(By::Gap)
                }
                b':' if octets > 0 => Field::Other,
                // RFC 5322 §4.5: obsolete syntax has blanks between the name and the colon.
                b' ' | b'\t' if octets > 0 => Field::Name {
                    octets,
                    fits,
                    blank: true,
                },
                b'!'..=b'~' if !blank && octet != b':' => Field::Name {
                    octets: octets + 1,
                    fits: fits && NAME.get(octets) == Some(&octet.to_ascii_lowercase()),
                    blank,
                },
                // No field: the body begins here, whatever an empty line says later.
                _ => Field::Ended,
            };
        }
        if let Field::Received(by) = self.field {
            self.field = Field::Received(self.value(by, rest, host));
        }
    }

    fn value(&mut self, mut by: By, piece: &[u8], host: &[u8]) -> By {
        for &octet in piece {
            let gap = matches!(octet, b' ' | b'\t');
            by = match by {
                By::Done => return By::Done,
                By::Y | By::AwaitHost if gap => By::AwaitHost,
                By::Host(_) if gap || matches!(octet, b';' | b'(') => self.host_ends(by, host),
                _ if gap => By::Gap,
                By::Gap if octet.eq_ignore_ascii_case(&b'b') => By::B,
                By::B if octet.eq_ignore_ascii_case(&b'y') => By::Y,
                By::AwaitHost => Self::host(0, octet, host),
                By::Host(octets) => Self::host(octets, octet, host),
                _ => By::Word,
            };
        }
        by
    }

    fn host(octets: usize, octet: u8, host: &[u8]) -> By {
        if host
            .get(octets)
            .is_some_and(|h| h.eq_ignore_ascii_case(&octet))
        {
            By::Host(octets + 1)
        } else {
            By::Done
        }
    }

    fn host_ends(&mut self, by: By, host: &[u8]) -> By {
        if by == By::Host(host.len()) {
            self.local += 1;
        }
        By::Done
    }

    /// A CRLF ends the line; `empty` where it had no octets.
    pub(super) fn end_line(&mut self, empty: bool, host: &[u8]) {
        self.field = match self.field {
            _ if empty => Field::Ended,
            Field::None | Field::Name { .. } | Field::Ended => Field::Ended,
            Field::Received(By::Done) => Field::Received(By::Done),
            Field::Received(by @ By::Host(_)) => Field::Received(self.host_ends(by, host)),
            Field::Received(By::Y | By::AwaitHost) => Field::Received(By::AwaitHost),
            Field::Received(_) => Field::Received(By::Gap),
            Field::Other => Field::Other,
        };
    }
}
