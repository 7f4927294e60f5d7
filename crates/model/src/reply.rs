//! SMTP replies: a code, an enhanced code (RFC 3463) and text.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An enhanced status code of RFC 3463, `class.subject.detail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EnhancedCode(pub u8, pub u16, pub u16);

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A text that is not an enhanced status code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an enhanced status code such as 5.1.1")]
pub struct EnhancedCodeError(String);

impl FromStr for EnhancedCode {
    type Err = EnhancedCodeError;

    fn from_str(text: &str) -> Result<Self, EnhancedCodeError> {
        let fail = || EnhancedCodeError(text.chars().take(32).collect());
        let mut parts = text.split('.');
        let mut part = || {
            parts
                .next()
                .filter(|p| (1..=3).contains(&p.len()))
                .and_then(|p| p.parse::<u16>().ok())
        };
        match (part(), part(), part()) {
            (Some(class @ (2 | 4 | 5)), Some(subject), Some(detail)) if parts.next().is_none() => {
                Ok(EnhancedCode(class as u8, subject, detail))
            }
            _ => Err(fail()),
        }
    }
}

/// One reply of a server, ours or a peer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The three-digit code, 200 to 599.
    pub code: u16,
    /// The enhanced code, where there is one.
    pub enhanced: Option<EnhancedCode>,
    /// The text; lines are separated by `\n`. Never carries CR.
    pub text: Cow<'static, str>,
}

impl Reply {
    /// A reply with an enhanced code.
    pub fn new(code: u16, enhanced: EnhancedCode, text: impl Into<Cow<'static, str>>) -> Self {
        Reply {
            code,
            enhanced: Some(enhanced),
            text: text.into(),
        }
    }

    /// A reply without an enhanced code (greeting, EHLO, 354).
    pub fn bare(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Reply {
            code,
            enhanced: None,
            text: text.into(),
        }
    }

    /// 2xx.
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// 4xx: the same attempt may succeed later.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5xx: trying again is no use.
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }
}

impl fmt::Display for Reply {
    /// On one line, for logs and reports: `550 5.1.1 User unknown`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        for line in self.text.lines() {
            write!(f, " {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_codes() {
        assert_eq!(
            "5.1.1".parse::<EnhancedCode>().unwrap(),
            EnhancedCode(5, 1, 1)
        );
        for bad in ["3.1.1", "5.1", "5.1.1.1", "5.1.1000", "5..1", "x.1.1"] {
            assert!(bad.parse::<EnhancedCode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn replies_print_on_one_line() {
        let reply = Reply::new(550, EnhancedCode(5, 1, 1), "no such\nrecipient");
        assert_eq!(reply.to_string(), "550 5.1.1 no such recipient");
    }
}
