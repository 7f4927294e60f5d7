//! SPF records (RFC 7208) as far as they are lists of addresses.
//!
//! A record names ranges, and other names whose records or addresses count too. What depends on the
//! one message (macros, `exists`, `ptr`) cannot be a list of ranges, and the record is refused with
//! that reason: a list with something left out would refuse mail nobody could explain.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mailward_model::{Domain, IpRange};

use super::{ParseError, shown};

/// Terms that ask DNS, in all records of one expansion (RFC 7208 §4.6.4).
pub const LOOKUPS_MAX: usize = 10;
/// MX hosts, and addresses of a name, that are looked at (RFC 7208 §4.6.4).
pub const HOSTS_MAX: usize = 10;
/// Octets of one record.
const RECORD_OCTETS_MAX: usize = 8_192;

/// What a record says, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// These addresses.
    Range(IpRange),
    /// What the record of this name says.
    Include(Domain),
    /// The addresses of this name; the prefix lengths are for IPv4 and IPv6.
    Address(Option<Domain>, u8, u8),
    /// The addresses of the mail exchangers of this name.
    Exchangers(Option<Domain>, u8, u8),
    /// What the record of this name says, where nothing else fits.
    Redirect(Domain),
}

/// True for a text of type TXT that is an SPF record (RFC 7208 §4.5).
pub fn is_record(text: &str) -> bool {
    let mut words = text.split(' ');
    words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("v=spf1"))
}

/// Reads a record.
///
/// # Errors
/// [`ParseError`] with the term.
pub fn record(text: &str) -> Result<Vec<Term>, ParseError> {
    if text.len() > RECORD_OCTETS_MAX {
        return Err(ParseError::TooLong);
    }
    let mut terms = Vec::new();
    let mut has_all = false;
    for (at, word) in text.split(' ').filter(|word| !word.is_empty()).enumerate() {
        if at == 0 {
            if !word.eq_ignore_ascii_case("v=spf1") {
                return Err(wrong(word, "v=spf1 is expected"));
            }
            continue;
        }
        has_all |= term(word, &mut terms)?;
    }
    if has_all {
        // RFC 7208 §6.1: redirect is ignored where there is an `all`.
        terms.retain(|term| !matches!(term, Term::Redirect(_)));
    }
    Ok(terms)
}

fn wrong(word: &str, problem: &str) -> ParseError {
    ParseError::Place {
        place: format!("SPF term {:?}", shown(word)),
        problem: problem.to_owned(),
    }
}

/// Reads one term; true for `all`.
fn term(word: &str, terms: &mut Vec<Term>) -> Result<bool, ParseError> {
    if let Some((name, value)) = word.split_once('=')
        && name
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet))
    {
        if name.eq_ignore_ascii_case("redirect") {
            terms.push(Term::Redirect(domain(value, word)?));
        }
        // Other modifiers say nothing about addresses (RFC 7208 §6).
        return Ok(false);
    }
    let (passes, mechanism) = match word.chars().next() {
        Some('+') => (true, word.get(1..).unwrap_or_default()),
        Some('-' | '~' | '?') => (false, word.get(1..).unwrap_or_default()),
        _ => (true, word),
    };
    let end = mechanism.find([':', '/']).unwrap_or(mechanism.len());
    let (name, rest) = mechanism.split_at(end);
    let argument = rest.strip_prefix(':');
    let is_all = name.eq_ignore_ascii_case("all");
    let read = match name.to_ascii_lowercase().as_str() {
        "all" if passes => {
            return Err(wrong(word, "it lets everybody in"));
        }
        "all" => return Ok(true),
        "ip4" | "ip6" => {
            let argument = argument.ok_or_else(|| wrong(word, "a range is expected"))?;
            let range = super::range(argument, || format!("SPF term {:?}", shown(word)))?;
            if range.first().is_ipv4() != (name.len() == 3 && name.ends_with('4')) {
                return Err(wrong(word, "the address is of the other family"));
            }
            Term::Range(range)
        }
        "include" => {
            let name = argument.ok_or_else(|| wrong(word, "a domain is expected"))?;
            Term::Include(domain(name, word)?)
        }
        "a" => {
            let (name, v4, v6) = target(rest, word)?;
            Term::Address(name, v4, v6)
        }
        "mx" => {
            let (name, v4, v6) = target(rest, word)?;
            Term::Exchangers(name, v4, v6)
        }
        "exists" | "ptr" if passes => {
            return Err(wrong(
                word,
                "it depends on the one message and cannot be written as ranges; name the ranges yourself",
            ));
        }
        "exists" | "ptr" => return Ok(false),
        _ => return Err(wrong(word, "there is no such mechanism")),
    };
    // What is named only to be refused lets nobody in.
    if passes && !is_all {
        terms.push(read);
    }
    Ok(false)
}

fn domain(text: &str, word: &str) -> Result<Domain, ParseError> {
    if text.contains('%') {
        return Err(wrong(
            word,
            "it has a macro, so it depends on the one message and cannot be written as ranges",
        ));
    }
    text.trim_end_matches('.')
        .parse()
        .map_err(|_| wrong(word, "this is no domain"))
}

/// `:domain/24//64`, each part optional.
fn target(rest: &str, word: &str) -> Result<(Option<Domain>, u8, u8), ParseError> {
    let (name, lengths) = match rest.split_once('/') {
        Some((name, lengths)) => (name, Some(lengths)),
        None => (rest, None),
    };
    let name = match name.strip_prefix(':') {
        Some(name) => Some(domain(name, word)?),
        None => None,
    };
    let length = |text: &str, most: u8| -> Result<u8, ParseError> {
        let number = text.parse().ok().filter(|length| *length <= most);
        number.ok_or_else(|| wrong(word, "the prefix length is not one"))
    };
    let (v4, v6) = match lengths {
        None => (32, 128),
        Some(lengths) => match (lengths.strip_prefix('/'), lengths.split_once("//")) {
            (Some(v6), _) => (32, length(v6, 128)?),
            (None, Some((v4, v6))) => (length(v4, 32)?, length(v6, 128)?),
            (None, None) => (length(lengths, 32)?, 128),
        },
    };
    Ok((name, v4, v6))
}

/// The range of a prefix length around an address.
pub fn around(address: IpAddr, v4: u8, v6: u8) -> Option<IpRange> {
    let (first, last) = match address.to_canonical() {
        IpAddr::V4(ip) => {
            let host = u32::MAX.checked_shr(v4.into()).unwrap_or(0);
            let bits = ip.to_bits();
            (
                IpAddr::V4(Ipv4Addr::from_bits(bits & !host)),
                IpAddr::V4(Ipv4Addr::from_bits(bits | host)),
            )
        }
        IpAddr::V6(ip) => {
            let host = u128::MAX.checked_shr(v6.into()).unwrap_or(0);
            let bits = ip.to_bits();
            (
                IpAddr::V6(Ipv6Addr::from_bits(bits & !host)),
                IpAddr::V6(Ipv6Addr::from_bits(bits | host)),
            )
        }
    };
    IpRange::new(first, last).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<&str, &str>) {
        match (record(text), expect) {
            (Ok(terms), Ok(expect)) => {
                let terms: Vec<String> = terms.iter().map(|term| format!("{term:?}")).collect();
                let told = terms.join(" ");
                let told = told.replace("Domain(", "(");
                assert!(told.contains(expect), "{told}");
                if expect.is_empty() {
                    assert_eq!(told, "");
                }
            }
            (Err(error), Err(part)) => {
                let error = error.to_string();
                assert!(error.contains(part), "{error}");
            }
            (got, expect) => panic!("{text}: got {got:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn records() {
        check("v=spf1 -all", Ok(""));
        check("v=spf1 -ip4:192.0.2.0/24 ~include:x.example -all", Ok(""));
        let terms = record("v=spf1 ip4:192.0.2.0/24 IP6:2001:db8::/48 include:a.example a mx:b.example/24//64 redirect=c.example").unwrap();
        assert_eq!(terms.len(), 6);
        assert!(matches!(&terms[3], Term::Address(None, 32, 128)));
        assert!(
            matches!(&terms[4], Term::Exchangers(Some(d), 24, 64) if d.as_str() == "b.example")
        );
        assert!(matches!(&terms[5], Term::Redirect(d) if d.as_str() == "c.example"));
        let terms = record("v=spf1 redirect=c.example exp=e.example ~all").unwrap();
        assert!(terms.is_empty());
        check("v=spf1 +all", Err("lets everybody in"));
        check("v=spf1 all", Err("lets everybody in"));
        check(
            "v=spf1 exists:%{i}.x.example -all",
            Err("cannot be written as ranges"),
        );
        check("v=spf1 include:%{d}.x.example -all", Err("macro"));
        check("v=spf1 ptr -all", Err("ptr"));
        check("v=spf1 ip4:2001:db8::1 -all", Err("other family"));
        check("v=spf1 ip4:192.0.2.0/33 -all", Err("prefix length"));
        check("v=spf1 ip4 -all", Err("a range is expected"));
        check("v=spf1 a/33", Err("prefix length"));
        check("v=spf1 ip5:1 -all", Err("no such mechanism"));
        check("v=spf2.0/pra +all", Err("v=spf1 is expected"));
        assert!(is_record("v=spf1") && is_record("V=SPF1 -all") && !is_record("v=spf10 -all"));
        let around = |ip: &str| around(ip.parse().unwrap(), 24, 64).unwrap().to_string();
        assert_eq!(around("192.0.2.9"), "192.0.2.0/24");
        assert_eq!(around("2001:db8::9"), "2001:db8::/64");
    }
}
