//! Lists: one range on each line, or JSON.
//!
//! Lines may end in CRLF and hold comments behind `#` or `;`. JSON is an array of ranges, or an
//! object with such arrays under the names by which clouds publish theirs.

use mailward_model::IpRange;
use serde_json::{Map, Value};

use super::{ParseError, distinct, json, range, text};
use crate::{RANGES_MAX, judge::Refusal};

/// Where an object keeps its ranges.
const LISTS: [&str; 6] = [
    "ranges",
    "prefixes",
    "ipv6_prefixes",
    "addresses",
    "ips",
    "cidrs",
];
/// What an entry calls its range.
const ENTRIES: [&str; 8] = [
    "ip_prefix",
    "ipv6_prefix",
    "ipv4Prefix",
    "ipv6Prefix",
    "range",
    "cidr",
    "prefix",
    "address",
];

/// Reads a list.
///
/// # Errors
/// [`ParseError`] with the line, or the place in the JSON.
pub fn list(octets: &[u8]) -> Result<Vec<IpRange>, ParseError> {
    let read = text(octets)?;
    let ranges = match read.trim_start().starts_with(['[', '{']) {
        true => of_json(octets)?,
        false => lines(read)?,
    };
    Ok(distinct(ranges))
}

fn too_many(place: String) -> ParseError {
    let found = RANGES_MAX + 1;
    ParseError::Place {
        place,
        problem: Refusal::TooMany { found }.to_string(),
    }
}

fn lines(text: &str) -> Result<Vec<IpRange>, ParseError> {
    let mut ranges = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split(['#', ';']).next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let place = || format!("line {}", at + 1);
        if ranges.len() >= RANGES_MAX {
            return Err(too_many(place()));
        }
        ranges.push(range(line, place)?);
    }
    Ok(ranges)
}

fn of_json(octets: &[u8]) -> Result<Vec<IpRange>, ParseError> {
    let mut ranges = Vec::new();
    match json::<Value>(octets)? {
        Value::Array(entries) => array(&entries, "", &mut ranges)?,
        Value::Object(map) => {
            let mut found = false;
            for name in LISTS {
                if let Some(Value::Array(entries)) = map.get(name) {
                    found = true;
                    array(entries, name, &mut ranges)?;
                }
            }
            if !found {
                return Err(ParseError::NoList);
            }
        }
        _ => return Err(ParseError::NoList),
    }
    Ok(ranges)
}

fn array(entries: &[Value], name: &str, ranges: &mut Vec<IpRange>) -> Result<(), ParseError> {
    for (at, entry) in entries.iter().enumerate() {
        let place = || format!("{name}[{at}]");
        let found = match entry {
            Value::String(text) => Some(text.as_str()),
            Value::Object(map) => named(map),
            _ => None,
        };
        let Some(found) = found else {
            return Err(ParseError::Place {
                place: place(),
                problem: "a range is expected, as a text or under a name such as ip_prefix".into(),
            });
        };
        if ranges.len() >= RANGES_MAX {
            return Err(too_many(place()));
        }
        ranges.push(range(found, place)?);
    }
    Ok(())
}

fn named(map: &Map<String, Value>) -> Option<&str> {
    ENTRIES
        .iter()
        .find_map(|name| map.get(*name).and_then(Value::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<&[&str], &str>) {
        match (list(text.as_bytes()), expect) {
            (Ok(ranges), Ok(expect)) => {
                let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
                assert_eq!(ranges, expect, "{text}");
            }
            (Err(error), Err(part)) => {
                let error = error.to_string();
                assert!(error.contains(part), "{text}: {error}");
            }
            (got, expect) => panic!("{text}: got {got:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn lists() {
        check(
            "\u{feff}# senders\r\n192.0.2.0/24 ; ours\r\n\r\n192.0.2.0/24\n2001:db8::/48\n10.0.0.1-10.0.0.3",
            Ok(&["10.0.0.1-10.0.0.3", "192.0.2.0/24", "2001:db8::/48"]),
        );
        check(
            r#"["192.0.2.0/24","2001:db8::1"]"#,
            Ok(&["192.0.2.0/24", "2001:db8::1"]),
        );
        check(
            r#"{"syncToken":"1","prefixes":[{"ip_prefix":"192.0.2.0/24","region":"x"}],"ipv6_prefixes":[{"ipv6_prefix":"2001:db8::/48"}]}"#,
            Ok(&["192.0.2.0/24", "2001:db8::/48"]),
        );
        check(
            r#"{"prefixes":[{"ipv4Prefix":"192.0.2.0/24"},{"ipv6Prefix":"2001:db8::/48"}]}"#,
            Ok(&["192.0.2.0/24", "2001:db8::/48"]),
        );
        check("", Ok(&[]));
        check("192.0.2.0/24\n<html>", Err("line 2: \"<html>\""));
        check(
            "192.0.2.0/24\n192.0.2.0/2",
            Ok(&["192.0.0.0/2", "192.0.2.0/24"]),
        );
        check(r#"["192.0.2.0/24",7]"#, Err("[1]: a range is expected"));
        check(
            r#"{"prefixes":[{"name":"x"}]}"#,
            Err("prefixes[0]: a range"),
        );
        check(r#"{"error":"not found"}"#, Err("no list of ranges"));
        check(r#"["192.0.2.0/24""#, Err("line 1, column 15"));
        check(&"x".repeat(10_000), Err("line 1: "));
    }

    #[test]
    fn a_list_has_a_limit() {
        let text = |count: u32| -> String {
            let ip = |n| std::net::Ipv4Addr::from_bits(n).to_string() + "\n";
            (0..count).map(ip).collect()
        };
        assert_eq!(
            list(text(RANGES_MAX as u32).as_bytes()).unwrap().len(),
            RANGES_MAX
        );
        let error = list(text(RANGES_MAX as u32 + 1).as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("line 20001: the list has"),
            "{error}"
        );
    }
}
