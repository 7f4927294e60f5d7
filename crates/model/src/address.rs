//! Mail addresses and domains as RFC 5321 and RFC 6531 define them.
//!
//! A [`Domain`] is kept as lower-case A-labels (or as an address literal in brackets), so that two
//! spellings of one domain compare equal. The local part keeps its spelling; comparison for
//! recipients folds ASCII case, as every mail system in use does ([`EmailAddress::key`]).
//!
//! Never here: whether an address exists or may be written to. That is the directory's business.

use std::{
    fmt::{self, Write as _},
    net::IpAddr,
    str::FromStr,
};

/// Octets a local part may have. RFC 5321 §4.5.3.1.1 says 64; Exchange accepts 315, and some
/// rewriting gateways (SRS, VERP) need more than 64, so the larger figure is the limit here.
pub const LOCAL_PART_OCTETS_MAX: usize = 315;
/// Octets a domain may have. RFC 5321 §4.5.3.1.2.
pub const DOMAIN_OCTETS_MAX: usize = 255;

/// Why a text is not an address or a domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing stands where an address is needed.
    #[error("the address is empty")]
    Empty,
    /// There is no `@`.
    #[error("{0:?} has no @ between a local part and a domain")]
    NoAt(String),
    /// The local part is empty, too long, or has a character that needs quoting.
    #[error("the local part {0:?} is not valid: {1}")]
    LocalPart(String, &'static str),
    /// The domain is empty, too long, or has a label that DNS does not allow.
    #[error("the domain {0:?} is not valid: {1}")]
    Domain(String, &'static str),
}

/// A mail domain: lower-case A-labels without a final dot, or an address literal in brackets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Box<str>);

impl Domain {
    /// The domain as text: A-labels or `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of an address literal (RFC 5321 §4.1.3), `None` for a name.
    pub fn literal(&self) -> Option<IpAddr> {
        let inner = self.0.strip_prefix('[')?.strip_suffix(']')?;
        match inner.get(..5) {
            Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => {
                inner.get(5..)?.parse().ok().map(IpAddr::V6)
            }
            _ => inner.parse().ok().map(IpAddr::V4),
        }
    }

    /// True where `self` is `parent` or stands below it, at any depth.
    pub fn is_within(&self, parent: &Domain) -> bool {
        self.0
            .strip_suffix(parent.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let fail = |why| AddressError::Domain(text.to_owned(), why);
        if text.is_empty() {
            return Err(fail("it is empty"));
        }
        if text.starts_with('[') {
            let literal = Domain(text.to_ascii_lowercase().into());
            return match literal.literal() {
                Some(IpAddr::V4(a)) => Ok(Domain(format!("[{a}]").into())),
                Some(IpAddr::V6(a)) => Ok(Domain(format!("[IPv6:{a}]").into())),
                None => Err(fail(
                    "the brackets hold no IPv4 address and no IPv6: address",
                )),
            };
        }
        let text_without_dot = text.strip_suffix('.').unwrap_or(text);
        let ascii = if is_plain_name(text_without_dot) {
            text_without_dot.to_owned()
        } else if text_without_dot.is_ascii() && !text_without_dot.contains("xn--") {
            text_without_dot.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(text_without_dot)
                .map_err(|_| fail("it cannot be written as an internationalised name (IDNA)"))?
        };
        if ascii.len() > DOMAIN_OCTETS_MAX {
            return Err(fail("it is longer than 255 octets"));
        }
        for label in ascii.split('.') {
            if label.is_empty() {
                return Err(fail("a label between two dots is empty"));
            }
            if label.len() > 63 {
                return Err(fail("a label is longer than 63 octets"));
            }
            if label.starts_with('-') || label.ends_with('-') {
                return Err(fail("a label begins or ends with a hyphen"));
            }
            // Underscore is no host name character, but mail domains with it exist.
            if !label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            {
                return Err(fail(
                    "a label has a character other than letters, digits and hyphen",
                ));
            }
        }
        Ok(Domain(ascii.into()))
    }
}

/// True for what is already lower-case ASCII, so that the common case allocates once.
fn is_plain_name(text: &str) -> bool {
    !text.contains("xn--")
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-')
}

/// A mailbox address, `local-part@domain`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    /// As written, without the quotes of a quoted string.
    local: Box<str>,
    domain: Domain,
}

impl EmailAddress {
    /// Puts an address together from an unquoted local part and a domain.
    ///
    /// # Errors
    /// [`AddressError::LocalPart`] where the local part is empty, too long or has a control
    /// character.
    pub fn new(local: &str, domain: Domain) -> Result<Self, AddressError> {
        let fail = |why| AddressError::LocalPart(local.to_owned(), why);
        if local.is_empty() {
            return Err(fail("it is empty"));
        }
        if local.len() > LOCAL_PART_OCTETS_MAX {
            return Err(fail("it is longer than 315 octets"));
        }
        // RFC 5321 §4.1.2 allows no control characters, not even quoted: CR and LF in a local part
        // are how headers and logs are forged.
        if local.chars().any(char::is_control) {
            return Err(fail("it has a control character"));
        }
        Ok(EmailAddress {
            local: local.into(),
            domain,
        })
    }

    /// The local part, without quotes.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The form under which a recipient is looked up: lower-case throughout.
    pub fn key(&self) -> String {
        let mut key = String::with_capacity(self.local.len() + 1 + self.domain.as_str().len());
        key.extend(self.local.chars().flat_map(char::to_lowercase));
        key.push('@');
        key.push_str(self.domain.as_str());
        key
    }

    /// The address without a `+detail`, where it has one (RFC 5233's subaddress).
    pub fn without_detail(&self) -> Option<EmailAddress> {
        let (base, _) = self.local.split_once('+')?;
        (!base.is_empty()).then(|| EmailAddress {
            local: base.into(),
            domain: self.domain.clone(),
        })
    }

    /// True where the address needs SMTPUTF8 (RFC 6531): a local part beyond ASCII.
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }
}

/// True for an atom character of RFC 5321 §4.1.2 (`atext`), UTF-8 included (RFC 6531 §3.3).
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

fn is_dot_string(text: &str) -> bool {
    // Asked with each address that is read or written; nearly all are plain.
    let is_plain =
        |octet: u8| matches!(octet, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_');
    if !text.is_empty() && text.bytes().all(is_plain) {
        return true;
    }
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

impl FromStr for EmailAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if let Some(rest) = text.strip_prefix('"') {
            // RFC 5321 §4.1.2: Quoted-string = DQUOTE *QcontentSMTP DQUOTE
            let mut local = String::new();
            let mut chars = rest.char_indices();
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' => {
                        let domain = rest
                            .get(at + 1..)
                            .and_then(|r| r.strip_prefix('@'))
                            .ok_or_else(|| AddressError::NoAt(text.to_owned()))?;
                        return EmailAddress::new(&local, domain.parse()?);
                    }
                    '\\' => match chars.next() {
                        Some((_, escaped)) => local.push(escaped),
                        None => break,
                    },
                    c => local.push(c),
                }
            }
            return Err(AddressError::LocalPart(
                text.to_owned(),
                "its quote is not closed",
            ));
        }
        let (local, domain) = text
            .rsplit_once('@')
            .ok_or_else(|| AddressError::NoAt(text.to_owned()))?;
        if !is_dot_string(local) {
            // Old systems send `a..b@` and `a.@`: those deliver nowhere else either.
            let why = "it has a character that must be quoted, or an empty part between dots";
            return Err(AddressError::LocalPart(local.to_owned(), why));
        }
        EmailAddress::new(local, domain.parse()?)
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.local) {
            // Written with nearly every line of the logs: without the detour over format arguments.
            f.write_str(&self.local)?;
            f.write_char('@')?;
            return self.domain.fmt(f);
        }
        f.write_char('"')?;
        for c in self.local.chars() {
            if c == '"' || c == '\\' {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_str("\"@")?;
        self.domain.fmt(f)
    }
}

/// The reverse-path of RFC 5321 §4.1.1.2: a mailbox, or null (`<>`) for mail that must never be
/// answered by a bounce.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum ReversePath {
    /// `<>`: bounces, reports, probes.
    #[default]
    Null,
    /// An ordinary sender.
    Mailbox(EmailAddress),
}

impl ReversePath {
    /// The address, `None` for the null sender.
    pub fn address(&self) -> Option<&EmailAddress> {
        match self {
            ReversePath::Null => None,
            ReversePath::Mailbox(address) => Some(address),
        }
    }

    /// True for `<>`.
    pub fn is_null(&self) -> bool {
        matches!(self, ReversePath::Null)
    }
}

impl From<EmailAddress> for ReversePath {
    fn from(address: EmailAddress) -> Self {
        ReversePath::Mailbox(address)
    }
}

impl fmt::Display for ReversePath {
    /// Without angle brackets; the null sender prints as `<>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReversePath::Null => f.write_str("<>"),
            ReversePath::Mailbox(address) => address.fmt(f),
        }
    }
}

impl FromStr for ReversePath {
    type Err = AddressError;

    /// Reads `<>`, the empty text, or an address.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text {
            "" | "<>" => Ok(ReversePath::Null),
            text => text.parse().map(ReversePath::Mailbox),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Gives a type its text form in every serialised format, and in JSON schemas.
macro_rules! text_form {
    ($type:ty, $format:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": $format })
            }
        }
    };
}
pub(crate) use text_form;

text_form!(Domain, "idn-hostname");
text_form!(EmailAddress, "idn-email");
text_form!(ReversePath, "idn-email");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(input: &str, expect: Result<&str, &str>) {
        match (input.parse::<EmailAddress>(), expect) {
            (Ok(address), Ok(text)) => assert_eq!(address.to_string(), text),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, expect) => panic!("{input:?}: got {got:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn addresses() {
        check("a@example.org", Ok("a@example.org"));
        check("Anna.Berg@EXAMPLE.org.", Ok("Anna.Berg@example.org"));
        check("a@bücher.example", Ok("a@xn--bcher-kva.example"));
        check("grå@example.org", Ok("grå@example.org"));
        check("\"a b\"@example.org", Ok("\"a b\"@example.org"));
        check("\"plain\"@example.org", Ok("plain@example.org"));
        check("\"a\\\"b\"@example.org", Ok("\"a\\\"b\"@example.org"));
        check("a@[192.0.2.1]", Ok("a@[192.0.2.1]"));
        check("a@[ipv6:2001:DB8::1]", Ok("a@[IPv6:2001:db8::1]"));
        check("", Err("empty"));
        check("nobody", Err("no @"));
        check("a b@example.org", Err("must be quoted"));
        check("a..b@example.org", Err("must be quoted"));
        check("@example.org", Err("must be quoted"));
        check("a@", Err("it is empty"));
        check("a@-x.example", Err("hyphen"));
        check("a@x..example", Err("two dots"));
        check("a@[300.0.0.1]", Err("brackets"));
        check(
            "\"a\r\nRCPT TO:<b@c>\"@example.org",
            Err("control character"),
        );
        check("\"open@example.org", Err("not closed"));
    }

    #[test]
    fn subdomains_are_within_their_parent() {
        let parent: Domain = "example.org".parse().unwrap();
        for (child, within) in [
            ("example.org", true),
            ("a.b.example.org", true),
            ("badexample.org", false),
        ] {
            assert_eq!(
                child.parse::<Domain>().unwrap().is_within(&parent),
                within,
                "{child}"
            );
        }
    }

    #[test]
    fn details_are_cut_off() {
        let address: EmailAddress = "anna+news@example.org".parse().unwrap();
        assert_eq!(
            address.without_detail().unwrap().to_string(),
            "anna@example.org"
        );
        assert!(
            "+news@example.org"
                .parse::<EmailAddress>()
                .unwrap()
                .without_detail()
                .is_none()
        );
    }

    proptest! {
        #[test]
        fn what_parses_prints_as_what_parses(text in "[\"\\\\a-zé .+@\\[\\]0-9:]{0,40}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                let printed = address.to_string();
                prop_assert_eq!(printed.parse::<EmailAddress>().unwrap(), address);
                prop_assert!(!printed.contains(['\r', '\n']));
            }
        }
    }
}
