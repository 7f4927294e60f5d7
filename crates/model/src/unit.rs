//! Quantities as administrators write them: `36 MB`, `5m`, `2d`.

use std::{fmt, str::FromStr, time::Duration};

use crate::address::text_form;

/// A number of octets. Written with KB, MB, GB or TB, which are powers of 1024 as in Exchange.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ByteSize(pub u64);

/// A text that is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a size: write a whole number with B, KB, MB, GB or TB, such as 36MB")]
pub struct ByteSizeError(String);

const SIZE_UNITS: [(&str, u64); 5] = [
    ("TB", 1 << 40),
    ("GB", 1 << 30),
    ("MB", 1 << 20),
    ("KB", 1 << 10),
    ("B", 1),
];

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        let fail = || ByteSizeError(text.to_owned());
        let upper = text.trim().to_ascii_uppercase();
        let (number, factor) = SIZE_UNITS
            .iter()
            .find_map(|(unit, factor)| upper.strip_suffix(unit).map(|number| (number, *factor)))
            .unwrap_or((&upper, 1));
        let number: u64 = number.trim().parse().map_err(|_| fail())?;
        number.checked_mul(factor).map(ByteSize).ok_or_else(fail)
    }
}

impl fmt::Display for ByteSize {
    /// In the largest unit that divides it: the text reads back as the same number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = SIZE_UNITS
            .into_iter()
            .find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor))
            .unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

text_form!(ByteSize, "byte-size");

/// A length of time. Written with ms, s, m, h or d; several parts may follow each other (`1h30m`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Span(pub Duration);

/// A text that is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a length of time: write numbers with ms, s, m, h or d, such as 90s or 1h30m")]
pub struct SpanError(String);

const TIME_UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl Span {
    /// Whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Span(Duration::from_secs(secs))
    }

    /// The duration.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let fail = || SpanError(text.to_owned());
        let mut rest = text.trim();
        let mut sum_ms: u64 = 0;
        if rest.is_empty() {
            return Err(fail());
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, tail) = tail.split_at(letters);
            let number: u64 = number.parse().map_err(|_| fail())?;
            let factor = TIME_UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .map(|(_, factor)| *factor)
                .ok_or_else(fail)?;
            sum_ms = number
                .checked_mul(factor)
                .and_then(|ms| sum_ms.checked_add(ms))
                .ok_or_else(fail)?;
            rest = tail.trim_start();
        }
        Ok(Span(Duration::from_millis(sum_ms)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if ms == 0 {
            return f.write_str("0s");
        }
        for (unit, factor) in TIME_UNITS {
            if ms >= factor {
                write!(f, "{}{unit}", ms / factor)?;
                ms %= factor;
            }
        }
        Ok(())
    }
}

text_form!(Span, "duration");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_and_spans() {
        assert_eq!("36 MB".parse(), Ok(ByteSize(36 << 20)));
        assert_eq!("1024".parse(), Ok(ByteSize(1024)));
        assert_eq!(ByteSize(36 << 20).to_string(), "36MB");
        assert_eq!("1h30m".parse(), Ok(Span::from_secs(5400)));
        assert_eq!("250ms".parse(), Ok(Span(Duration::from_millis(250))));
        for bad in ["", "5", "m", "5 weeks", "-1s", "99999999999999999999d"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
        for bad in ["", "MB", "1.5MB", "-1", "99999999999TB"] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn quantities_survive_printing(bytes: u64, ms in 0..u64::MAX / 2) {
            prop_assert_eq!(ByteSize(bytes).to_string().parse(), Ok(ByteSize(bytes)));
            let span = Span(Duration::from_millis(ms));
            prop_assert_eq!(span.to_string().parse(), Ok(span));
        }
    }
}
