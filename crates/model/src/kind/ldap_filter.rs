//! LDAP filters as text (RFC 4515), read into a tree.
//!
//! Depth and length are limited, so that no filter makes a server or this program slow. Values are
//! text: bytes that are no UTF-8 are refused, because no attribute that decides about a recipient
//! has any.

use std::{fmt, str::FromStr};

use crate::address::text_form;

/// Octets of a filter.
const OCTETS_MAX: usize = 8_192;
/// Brackets within brackets.
const DEPTH_MAX: usize = 32;

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LdapFilter {
    /// `(&…)`: all of them.
    And(Vec<LdapFilter>),
    /// `(|…)`: one of them.
    Or(Vec<LdapFilter>),
    /// `(!…)`: not this one.
    Not(Box<LdapFilter>),
    /// `(a=*)`: the attribute is there.
    Present(String),
    /// `(a=v)`.
    Equal(String, String),
    /// `(a>=v)`.
    AtLeast(String, String),
    /// `(a<=v)`.
    AtMost(String, String),
    /// `(a~=v)`.
    Approximate(String, String),
    /// `(a=x*y*z)`: what stands between the stars; the first and the last may be empty.
    Pieces(String, Vec<String>),
    /// `(a:dn:rule:=v)`.
    Extensible {
        /// The attribute.
        attribute: Option<String>,
        /// Whether the parts of the entry's name count as attributes.
        of_name: bool,
        /// The matching rule.
        rule: Option<String>,
        /// The value.
        value: String,
    },
}

/// A text that is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no LDAP filter: at character {at}, {problem}; write it as RFC 4515 has it, such as (&(objectClass=user)(mail=*))"
)]
pub struct LdapFilterError {
    /// The character, from 1.
    at: usize,
    /// What is wrong there.
    problem: &'static str,
}

impl FromStr for LdapFilter {
    type Err = LdapFilterError;

    fn from_str(text: &str) -> Result<Self, LdapFilterError> {
        let text = text.trim();
        let mut reader = Reader { text, rest: text };
        if text.len() > OCTETS_MAX {
            return Err(reader.fail("it is longer than 8192 octets"));
        }
        let filter = reader.filter(DEPTH_MAX)?;
        match reader.rest.is_empty() {
            true => Ok(filter),
            false => Err(reader.fail("something stands behind the last bracket")),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn fail(&self, problem: &'static str) -> LdapFilterError {
        let before = self.text.len().saturating_sub(self.rest.len());
        let at = self.text.get(..before).map_or(0, |t| t.chars().count()) + 1;
        LdapFilterError { at, problem }
    }

    fn take(&mut self, wanted: &str) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn filter(&mut self, depth: usize) -> Result<LdapFilter, LdapFilterError> {
        if depth == 0 {
            return Err(self.fail("it is nested more than 32 deep"));
        }
        if !self.take("(") {
            return Err(self.fail("a ( is expected"));
        }
        let filter = if self.take("&") {
            LdapFilter::And(self.several(depth)?)
        } else if self.take("|") {
            LdapFilter::Or(self.several(depth)?)
        } else if self.take("!") {
            LdapFilter::Not(Box::new(self.filter(depth - 1)?))
        } else {
            self.item()?
        };
        match self.take(")") {
            true => Ok(filter),
            false => Err(self.fail("a ) is expected")),
        }
    }

    fn several(&mut self, depth: usize) -> Result<Vec<LdapFilter>, LdapFilterError> {
        let mut filters = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with(')') {
                break;
            }
            filters.push(self.filter(depth - 1)?);
        }
        match filters.is_empty() {
            true => Err(self.fail("& and | need a filter behind them")),
            false => Ok(filters),
        }
    }

    fn item(&mut self) -> Result<LdapFilter, LdapFilterError> {
        let end = self.rest.find(['(', ')']).unwrap_or(self.rest.len());
        let (item, _) = self.rest.split_at(end);
        let Some((left, value)) = item.split_once('=') else {
            return Err(self.fail("attribute=value is expected"));
        };
        let filter = match left.chars().next_back() {
            Some('>') => LdapFilter::AtLeast(self.name(left, 1)?, self.value(value)?),
            Some('<') => LdapFilter::AtMost(self.name(left, 1)?, self.value(value)?),
            Some('~') => LdapFilter::Approximate(self.name(left, 1)?, self.value(value)?),
            Some(':') => self.extensible(left, value)?,
            _ if value == "*" => LdapFilter::Present(self.name(left, 0)?),
            _ => {
                let name = self.name(left, 0)?;
                let pieces: Result<Vec<_>, _> =
                    value.split('*').map(|piece| self.value(piece)).collect();
                let mut pieces = pieces?;
                match pieces.len() {
                    1 => LdapFilter::Equal(name, pieces.pop().unwrap_or_default()),
                    _ => LdapFilter::Pieces(name, pieces),
                }
            }
        };
        self.rest = self.rest.get(end..).unwrap_or_default();
        Ok(filter)
    }

    fn name(&self, left: &str, behind: usize) -> Result<String, LdapFilterError> {
        let name = left.get(..left.len().saturating_sub(behind));
        let name = name.unwrap_or_default().trim();
        match is_description(name) {
            true => Ok(name.to_owned()),
            false => Err(self.fail("the name of an attribute is expected")),
        }
    }

    fn extensible(&self, left: &str, value: &str) -> Result<LdapFilter, LdapFilterError> {
        let mut parts = left.strip_suffix(':').unwrap_or(left).split(':');
        let attribute = match parts.next().map(str::trim).unwrap_or_default() {
            "" => None,
            name => Some(self.name(name, 0)?),
        };
        let (mut of_name, mut rule) = (false, None);
        for part in parts {
            match part {
                "dn" if !of_name && rule.is_none() => of_name = true,
                part if rule.is_none() && is_description(part) => rule = Some(part.to_owned()),
                _ => return Err(self.fail("the name of a matching rule is expected")),
            }
        }
        if attribute.is_none() && rule.is_none() {
            return Err(self.fail("an attribute or a matching rule is expected"));
        }
        Ok(LdapFilter::Extensible {
            attribute,
            of_name,
            rule,
            value: self.value(value)?,
        })
    }

    /// RFC 4515 §3: `\2a` is a star.
    fn value(&self, text: &str) -> Result<String, LdapFilterError> {
        let mut octets = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((first, behind)) = rest.split_first() {
            if *first != b'\\' {
                octets.push(*first);
                rest = behind;
                continue;
            }
            let hex = behind
                .get(..2)
                .and_then(|hex| std::str::from_utf8(hex).ok());
            let octet = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
            octets.push(
                octet.ok_or_else(|| self.fail("two hexadecimal digits are expected behind \\"))?,
            );
            rest = behind.get(2..).unwrap_or_default();
        }
        String::from_utf8(octets).map_err(|_| self.fail("a value is no UTF-8 text"))
    }
}

/// An attribute or a rule: letters, digits, hyphens, dots, options.
fn is_description(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ';'))
}

/// RFC 4515 §3: what must be escaped.
fn escaped(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    for c in value.chars() {
        match c {
            '*' | '(' | ')' | '\\' | '\0' => write!(f, "\\{:02x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}

impl fmt::Display for LdapFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pair = |left: &str, operator: &str, value: &str| {
            write!(f, "({left}{operator}")?;
            escaped(f, value)?;
            f.write_str(")")
        };
        match self {
            LdapFilter::Equal(name, value) => pair(name, "=", value),
            LdapFilter::AtLeast(name, value) => pair(name, ">=", value),
            LdapFilter::AtMost(name, value) => pair(name, "<=", value),
            LdapFilter::Approximate(name, value) => pair(name, "~=", value),
            LdapFilter::Present(name) => write!(f, "({name}=*)"),
            LdapFilter::Pieces(name, pieces) => {
                write!(f, "({name}=")?;
                for (at, piece) in pieces.iter().enumerate() {
                    f.write_str(if at > 0 { "*" } else { "" })?;
                    escaped(f, piece)?;
                }
                f.write_str(")")
            }
            LdapFilter::Extensible {
                attribute,
                of_name,
                rule,
                value,
            } => {
                write!(f, "({}", attribute.as_deref().unwrap_or_default())?;
                f.write_str(if *of_name { ":dn" } else { "" })?;
                if let Some(rule) = rule {
                    write!(f, ":{rule}")?;
                }
                f.write_str(":=")?;
                escaped(f, value)?;
                f.write_str(")")
            }
            LdapFilter::Not(inner) => write!(f, "(!{inner})"),
            LdapFilter::And(inner) | LdapFilter::Or(inner) => {
                let sign = if matches!(self, LdapFilter::And(_)) {
                    '&'
                } else {
                    '|'
                };
                write!(f, "({sign}")?;
                inner.iter().try_for_each(|one| write!(f, "{one}"))?;
                f.write_str(")")
            }
        }
    }
}

text_form!(LdapFilter, "ldap-filter");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn filters_are_read_as_they_are_written() {
        for text in [
            "(mail=*)",
            "(&(objectClass=user)(|(mail=*)(proxyAddresses=smtp:*))(!(cn=a b)))",
            "(userAccountControl:1.2.840.113556.1.4.803:=2)",
            "(memberOf:1.2.840.113556.1.4.1941:=cn=Staff,ou=x,dc=example,dc=org)",
            "(:dn:caseExactMatch:=x)",
            "(cn=a*b*c)",
            "(cn=*b)",
            "(cn=\\2a\\28\\29\\5c)",
            "(createTimestamp>=20260101000000Z)",
            "(cn~=jörg)",
        ] {
            let filter: LdapFilter = text
                .parse()
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(filter.to_string(), text);
        }
        let spaced: LdapFilter = " (& (a=b) (c=d) ) ".parse().unwrap();
        assert_eq!(spaced.to_string(), "(&(a=b)(c=d))");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let deep = format!("{}(a=b){}", "(!".repeat(40), ")".repeat(40));
        for (text, expect) in [
            ("", "character 1, a ( is expected"),
            ("mail=*", "character 1, a ( is expected"),
            ("(mail=*", "a ) is expected"),
            ("(mail)", "attribute=value is expected"),
            ("(&)", "need a filter"),
            ("(m ail=x)", "name of an attribute"),
            ("(cn=\\zz)", "two hexadecimal digits"),
            ("(cn=\\ff)", "no UTF-8"),
            ("(cn=a)(b=c)", "character 7, something stands behind"),
            (deep.as_str(), "more than 32 deep"),
        ] {
            let error = text.parse::<LdapFilter>().unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_reader(text in ".{0,200}") {
            if let Ok(filter) = text.parse::<LdapFilter>() {
                prop_assert_eq!(filter.to_string().parse::<LdapFilter>(), Ok(filter));
            }
        }

        #[test]
        fn every_value_survives(value in "[^\u{0}]{0,40}") {
            let filter = LdapFilter::Equal("cn".into(), value);
            let read: LdapFilter = filter.to_string().parse().unwrap();
            prop_assert_eq!(read.to_string(), filter.to_string());
        }
    }
}
