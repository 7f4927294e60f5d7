//! Reading octets in order, never beyond their end: for messages and for DER.

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Octets<'a>(pub(crate) &'a [u8]);

impl<'a> Octets<'a> {
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next `count` octets; `None` where there are fewer.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u24(&mut self) -> Option<usize> {
        let [a, b, c] = self.take(3)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()
    }

    /// What stands behind a length of one octet.
    pub(crate) fn behind_u8(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u8()?);
        self.take(length)
    }

    /// What stands behind a length of two octets.
    pub(crate) fn behind_u16(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u16()?);
        self.take(length)
    }

    /// What stands behind a length of three octets.
    pub(crate) fn behind_u24(&mut self) -> Option<&'a [u8]> {
        let length = self.u24()?;
        self.take(length)
    }

    /// The next DER element: its tag and its content (X.690 §8.1; lengths of at most three octets).
    pub(crate) fn der(&mut self) -> Option<(u8, &'a [u8])> {
        let tag = self.u8()?;
        let length = match self.u8()? {
            short @ 0..=0x7f => usize::from(short),
            0x81 => usize::from(self.u8()?),
            0x82 => usize::from(self.u16()?),
            0x83 => self.u24()?,
            _ => return None,
        };
        Some((tag, self.take(length)?))
    }

    /// The content of the next DER element, which must have this tag.
    pub(crate) fn der_of(&mut self, expected: u8) -> Option<&'a [u8]> {
        let before = *self;
        match self.der()? {
            (tag, content) if tag == expected => Some(content),
            _ => {
                *self = before;
                None
            }
        }
    }
}
