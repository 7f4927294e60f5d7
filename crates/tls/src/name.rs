//! Names: which certificate name covers a host name, and distinguished names as text.
//!
//! RFC 9525 §6 for host names (a wildcard stands for exactly one label, and only as the whole
//! left-most one), RFC 4514 for distinguished names. Comparison of distinguished names is lenient
//! about order, case and blanks, because Windows, OpenSSL and RFC 4514 each write them differently.

use mailward_model::{Domain, hex};
use x509_parser::x509::X509Name;

use crate::certificate::CertificateFacts;

/// How a certificate covers a host name, best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameMatch {
    /// A wildcard in the subject's common name.
    CommonNameWildcard,
    /// The subject's common name.
    CommonName,
    /// A wildcard among the alternative names.
    SanWildcard,
    /// An alternative name.
    SanExact,
}

impl NameMatch {
    /// The match in words, for reasons.
    pub fn describe(self) -> &'static str {
        match self {
            NameMatch::SanExact => "an alternative name",
            NameMatch::SanWildcard => "a wildcard alternative name",
            NameMatch::CommonName => "the common name",
            NameMatch::CommonNameWildcard => "a wildcard common name",
        }
    }
}

/// How `facts` covers `fqdn`; `None` where it does not.
///
/// The common name counts only where there is no alternative DNS name (RFC 9525 §2 drops it
/// altogether; old internal authorities still issue such certificates).
pub fn name_match(facts: &CertificateFacts, fqdn: &Domain) -> Option<NameMatch> {
    if let Some(ip) = fqdn.literal() {
        return facts
            .ip_addresses
            .contains(&ip)
            .then_some(NameMatch::SanExact);
    }
    let host = fqdn.as_str();
    if facts.dns_names.iter().any(|name| name == host) {
        return Some(NameMatch::SanExact);
    }
    if facts
        .dns_names
        .iter()
        .any(|name| wildcard_covers(name, host))
    {
        return Some(NameMatch::SanWildcard);
    }
    if !facts.dns_names.is_empty() {
        return None;
    }
    let common = facts.common_name.as_deref()?.to_ascii_lowercase();
    if common == host {
        Some(NameMatch::CommonName)
    } else if wildcard_covers(&common, host) {
        Some(NameMatch::CommonNameWildcard)
    } else {
        None
    }
}

/// RFC 9525 §6.3: `*.example.org` covers `mail.example.org`, not `a.b.example.org` and not
/// `example.org`. Both sides in lower case.
pub(crate) fn wildcard_covers(pattern: &str, host: &str) -> bool {
    let Some(parent) = pattern.strip_prefix("*.") else {
        return false;
    };
    host.split_once('.')
        .is_some_and(|(label, rest)| !label.is_empty() && rest == parent)
}

/// A distinguished name as RFC 4514 writes it: most specific part first, `CN=mail, O=Example, C=SE`.
pub(crate) fn distinguished_name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for rdn in name.iter() {
        let attributes: Vec<String> = rdn
            .iter()
            .map(|attribute| {
                let value = attribute
                    .as_str()
                    .map_or_else(|_| hex(attribute.as_slice()), escape);
                format!(
                    "{}={value}",
                    attribute_name(&attribute.attr_type().to_id_string())
                )
            })
            .collect();
        parts.push(attributes.join("+"));
    }
    parts.reverse();
    parts.join(", ")
}

/// The short name of an attribute type (RFC 4514 §3), its number where it has none.
fn attribute_name(oid: &str) -> &str {
    match oid {
        "2.5.4.3" => "CN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        "1.2.840.113549.1.9.1" => "E",
        other => other,
    }
}

/// Escapes what RFC 4514 §2.4 says must be, and control characters, which could forge a log line.
fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => {
                text.push('\\');
                text.push(c);
            }
            c if c.is_control() => text.push('\u{fffd}'),
            c => text.push(c),
        }
    }
    text
}

/// True where two texts name the same entity: the same attributes, in either direction.
pub(crate) fn same_distinguished_name(a: &str, b: &str) -> bool {
    let (a, mut b) = (attributes(a), attributes(b));
    if a == b {
        return true;
    }
    b.reverse();
    a == b
}

/// The attributes of a distinguished name as text, normalised: type in upper case with its common
/// aliases joined, value without escapes and quotes, in lower case, blanks run together.
fn attributes(text: &str) -> Vec<(String, String)> {
    split_distinguished_name(text)
        .into_iter()
        .map(|(kind, value)| {
            let kind = match kind.to_ascii_uppercase().as_str() {
                "S" => "ST".to_owned(),
                "EMAIL" | "EMAILADDRESS" => "E".to_owned(),
                kind => kind.to_owned(),
            };
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            (kind, value.to_lowercase())
        })
        .collect()
}

/// The attributes of a distinguished name as text, in its order: type and value, escapes and quotes
/// taken away.
pub(crate) fn split_distinguished_name(text: &str) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut quoted = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => part.extend(chars.next()),
            ',' | ';' | '+' if !quoted => parts.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    parts.push(part);
    parts
        .iter()
        .filter(|part| !part.trim().is_empty())
        .map(|part| {
            let (kind, value) = part.split_once('=').unwrap_or((part, ""));
            (kind.trim().to_owned(), value.trim().to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        for (pattern, host, covers) in [
            ("*.example.org", "mail.example.org", true),
            ("*.example.org", "a.b.example.org", false),
            ("*.example.org", "example.org", false),
            ("m*.example.org", "mail.example.org", false),
            ("*", "org", false),
            ("mail.*.org", "mail.example.org", false),
        ] {
            assert_eq!(wildcard_covers(pattern, host), covers, "{pattern} {host}");
        }
    }

    #[test]
    fn names_match_in_their_order() {
        let facts = |dns: &[&str], common: Option<&str>| CertificateFacts {
            dns_names: dns.iter().map(|n| (*n).to_owned()).collect(),
            common_name: common.map(str::to_owned),
            ip_addresses: vec!["192.0.2.1".parse().unwrap()],
            ..CertificateFacts::default()
        };
        let check = |facts: &CertificateFacts, host: &str, expect: Option<NameMatch>| {
            assert_eq!(name_match(facts, &host.parse().unwrap()), expect, "{host}");
        };
        let both = facts(
            &["mail.example.org", "*.example.org"],
            Some("other.example"),
        );
        check(&both, "mail.example.org", Some(NameMatch::SanExact));
        check(&both, "MX.example.org", Some(NameMatch::SanWildcard));
        check(&both, "other.example", None);
        check(&both, "[192.0.2.1]", Some(NameMatch::SanExact));
        check(&both, "[192.0.2.2]", None);
        let old = facts(&[], Some("Mail.Example.org"));
        check(&old, "mail.example.org", Some(NameMatch::CommonName));
        check(
            &facts(&[], Some("*.example.org")),
            "a.example.org",
            Some(NameMatch::CommonNameWildcard),
        );
        assert!(NameMatch::SanExact > NameMatch::SanWildcard);
        assert!(NameMatch::SanWildcard > NameMatch::CommonName);
    }

    #[test]
    fn distinguished_names_compare_whatever_wrote_them() {
        for (a, b, same) in [
            ("CN=Mail, O=Example, C=SE", "C=SE,O=example,CN=mail", true),
            ("CN=A, S=Skåne", "ST=Skåne, CN=a", true),
            (r"CN=A\, Inc., C=SE", "CN=\"A, Inc.\", C=SE", true),
            ("CN=A,  O=B  C", "cn=a, o=b c", true),
            ("CN=A, O=B", "CN=A", false),
            ("CN=A, OU=X, OU=Y", "CN=A, OU=Y, OU=X", false),
        ] {
            assert_eq!(same_distinguished_name(a, b), same, "{a} | {b}");
        }
    }
}
