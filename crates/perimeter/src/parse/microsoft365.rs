//! The endpoints service of Microsoft 365: `version`, `endpoints`, `changes`.
//!
//! Only what is needed is read; fields that are unknown are passed over, because the service adds
//! some from time to time.

use mailward_model::{IpRange, kind::Microsoft365Feed};
use serde::Deserialize;

use super::{ParseError, distinct, json, range, shown};
use crate::{RANGES_MAX, state::Announcement};

/// Endpoint sets of one answer; there are some 90.
const SETS_MAX: usize = 10_000;
/// Changes of one answer.
const CHANGES_MAX: usize = 20_000;

#[derive(Deserialize)]
struct Latest {
    instance: String,
    latest: String,
}

/// One object, where an instance was asked for; all of them in an array, where none was.
#[derive(Deserialize)]
#[serde(untagged)]
enum VersionAnswer {
    One(Latest),
    All(Vec<Latest>),
}

/// Reads an answer of `/version`: the version of the instance asked for.
///
/// # Errors
/// [`ParseError`], another instance's answer among it.
pub fn version(octets: &[u8], feed: &Microsoft365Feed) -> Result<String, ParseError> {
    let expected = feed.instance.name();
    let fits = |one: &Latest| one.instance.eq_ignore_ascii_case(expected);
    let other = |found: String| ParseError::Instance {
        found: shown(&found).to_owned(),
        expected: expected.to_owned(),
    };
    let latest = match json(octets)? {
        VersionAnswer::One(one) if fits(&one) => one.latest,
        VersionAnswer::One(one) => return Err(other(one.instance)),
        VersionAnswer::All(all) => {
            let found: Vec<&str> = all.iter().map(|one| one.instance.as_str()).collect();
            let found = found.join(", ");
            let mut all = all.into_iter();
            all.find(fits).ok_or_else(|| other(found))?.latest
        }
    };
    let place = || "latest".to_owned();
    number(&latest, place)?;
    Ok(latest)
}

/// True for a version of the service: ten digits, of year, month, day and a number of that day.
pub fn is_version(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|octet| octet.is_ascii_digit())
}

fn number(text: &str, place: impl FnOnce() -> String) -> Result<(), ParseError> {
    if is_version(text) {
        return Ok(());
    }
    Err(ParseError::Place {
        place: place(),
        problem: format!("{:?} is no version: ten digits are expected", shown(text)),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndpointSet {
    id: u64,
    service_area: String,
    #[serde(default)]
    ips: Vec<String>,
    #[serde(default)]
    tcp_ports: Option<String>,
}

/// What the sets of an answer come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The ids of the sets that were taken.
    pub sets: Vec<u64>,
    /// Their ranges, sorted, each once.
    pub ranges: Vec<IpRange>,
}

/// Reads an answer of `/endpoints`: the ranges of every set of the service area that has the port.
///
/// # Errors
/// [`ParseError`] with the set and the place in it.
pub fn endpoints(octets: &[u8], feed: &Microsoft365Feed) -> Result<Endpoints, ParseError> {
    let all: Vec<EndpointSet> = json(octets)?;
    if all.len() > SETS_MAX {
        return Err(ParseError::Place {
            place: "the answer".to_owned(),
            problem: format!("{} endpoint sets, the limit is {SETS_MAX}", all.len()),
        });
    }
    let mut found = Endpoints {
        sets: Vec::new(),
        ranges: Vec::new(),
    };
    for set in &all {
        if !set.service_area.eq_ignore_ascii_case(&feed.service_area) || set.ips.is_empty() {
            continue;
        }
        if !has_port(set, feed.port)? {
            continue;
        }
        found.sets.push(set.id);
        for (at, text) in set.ips.iter().enumerate().take(RANGES_MAX + 1) {
            let place = || format!("endpoint set {}, ips[{at}]", set.id);
            found.ranges.push(range(text, place)?);
        }
    }
    if found.sets.is_empty() {
        return Err(ParseError::NoEndpoints {
            sets: all.len(),
            area: feed.service_area.clone(),
            port: feed.port,
        });
    }
    found.ranges = distinct(found.ranges);
    Ok(found)
}

/// `25`, `443,80`, `1000-2000`.
fn has_port(set: &EndpointSet, port: u16) -> Result<bool, ParseError> {
    let Some(ports) = &set.tcp_ports else {
        return Ok(false);
    };
    for part in ports.split(',') {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (Ok(low), Ok(high)) = (low.trim().parse::<u16>(), high.trim().parse::<u16>()) else {
            return Err(ParseError::Place {
                place: format!("endpoint set {}, tcpPorts", set.id),
                problem: format!("{:?} is no list of ports", shown(ports)),
            });
        };
        if (low..=high).contains(&port) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    endpoint_set_id: u64,
    version: String,
    #[serde(default)]
    add: Option<Ips>,
    #[serde(default)]
    remove: Option<Ips>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Ips {
    #[serde(default)]
    effective_date: Option<String>,
    #[serde(default)]
    ips: Vec<String>,
}

/// Reads an answer of `/changes`: what is announced about the addresses of these sets.
///
/// # Errors
/// [`ParseError`] with the place.
pub fn changes(octets: &[u8], sets: &[u64]) -> Result<Vec<Announcement>, ParseError> {
    let all: Vec<Change> = json(octets)?;
    let mut announced = Vec::new();
    for (at, change) in all.iter().enumerate().take(CHANGES_MAX) {
        let ours = sets.contains(&change.endpoint_set_id);
        let read = |ips: &Option<Ips>, word: &str| -> Result<Vec<IpRange>, ParseError> {
            let ips = ips.as_ref().map_or(&[][..], |ips| &ips.ips);
            let ranges = ips.iter().enumerate().take(RANGES_MAX);
            ranges
                .map(|(no, text)| range(text, || format!("change [{at}], {word}.ips[{no}]")))
                .collect()
        };
        if !ours {
            continue;
        }
        number(&change.version, || format!("change [{at}], version"))?;
        let (added, removed) = (read(&change.add, "add")?, read(&change.remove, "remove")?);
        if added.is_empty() && removed.is_empty() {
            continue;
        }
        let effective = change
            .add
            .as_ref()
            .and_then(|add| add.effective_date.as_ref());
        announced.push(Announcement {
            version: change.version.clone(),
            effective: effective.map(|date| shown(date).to_owned()),
            added,
            removed,
        });
    }
    Ok(announced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed() -> Microsoft365Feed {
        Microsoft365Feed::default()
    }

    const TEN: &str = r#"{"id":10,"serviceArea":"Exchange","serviceAreaDisplayName":"Exchange Online",
        "urls":["*.mail.protection.outlook.com"],"ips":["40.92.0.0/15","40.107.0.0/16","2a01:111:f400::/48","40.92.0.0/15"],
        "tcpPorts":"25","expressRoute":true,"category":"Allow","required":true}"#;

    #[test]
    fn a_version_is_that_of_the_instance() {
        let read = |text: &str| version(text.as_bytes(), &feed()).map_err(|e| e.to_string());
        let one = r#"{"instance":"Worldwide","latest":"2018063000","versions":["2018063000"]}"#;
        assert_eq!(read(one).unwrap(), "2018063000");
        let all = r#"[{"instance":"China","latest":"2018063001"},{"instance":"worldwide","latest":"2018063002"}]"#;
        assert_eq!(read(all).unwrap(), "2018063002");
        for (text, part) in [
            (
                r#"{"instance":"China","latest":"2018063000"}"#,
                "instance China, Worldwide was",
            ),
            (
                r#"[{"instance":"China","latest":"2018063000"}]"#,
                "instance China",
            ),
            (
                r#"{"instance":"Worldwide","latest":"20180630"}"#,
                "latest: \"20180630\" is no version",
            ),
            (r#"{"instance":"Worldwide","latest":2018063000}"#, "line "),
            (r#"{"instance":"Worldw"#, "line 1, column"),
            ("<html>", "line 1, column 1"),
            ("", "line 1, column 0"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn endpoint_sets_are_chosen_by_area_and_port() {
        let text = format!(
            r#"[{{"id":2,"serviceArea":"Exchange","ips":["13.107.6.152/31"],"tcpPorts":"587, 993,143"}},
            {{"id":9,"serviceArea":"Exchange","urls":["*.protection.outlook.com"],"tcpPorts":"443"}},
            {{"id":31,"serviceArea":"SharePoint","ips":["13.107.136.0/22"],"tcpPorts":"20-30"}},
            {{"id":40,"serviceArea":"Exchange","ips":["13.107.6.0/31"]}},{TEN}]"#
        );
        let found = endpoints(text.as_bytes(), &feed()).unwrap();
        assert_eq!(found.sets, [10]);
        let ranges: Vec<String> = found.ranges.iter().map(ToString::to_string).collect();
        assert_eq!(
            ranges,
            ["40.92.0.0/15", "40.107.0.0/16", "2a01:111:f400::/48"]
        );
        let other = Microsoft365Feed {
            service_area: "SharePoint".into(),
            ..feed()
        };
        assert_eq!(endpoints(text.as_bytes(), &other).unwrap().sets, [31]);
    }

    #[test]
    fn a_bad_answer_is_told_by_its_place() {
        let error = |text: &str| endpoints(text.as_bytes(), &feed()).unwrap_err().to_string();
        let set = |ips: &str, ports: &str| {
            format!(r#"[{{"id":10,"serviceArea":"Exchange","ips":{ips},"tcpPorts":{ports}}}]"#)
        };
        for (text, part) in [
            (
                set(r#"["40.92.0.0/15","nonsense"]"#, r#""25""#),
                "endpoint set 10, ips[1]: \"nonsense\"",
            ),
            (set(r#"["40.92.0.0/35"]"#, r#""25""#), "prefix length"),
            (
                set(r#"["40.92.0.0/15"]"#, r#""smtp""#),
                "endpoint set 10, tcpPorts: \"smtp\"",
            ),
            (set(r#"["40.92.0.0/15"]"#, "25"), "line 1, column"),
            (set(r#""40.92.0.0/15""#, r#""25""#), "line 1, column"),
            (
                set(r#"["40.92.0.0/15"]"#, r#""443""#),
                "none of the 1 endpoint sets",
            ),
            (set("[]", r#""25""#), "none of the 1 endpoint sets"),
            ("[]".to_owned(), "none of the 0 endpoint sets"),
            (TEN.get(..90).unwrap().to_owned(), "line "),
            ("{}".to_owned(), "line 1"),
        ] {
            let error = error(&text);
            assert!(error.contains(part), "{text}: {error}");
        }
        let long = vec![b' '; crate::ANSWER_OCTETS_MAX + 1];
        assert_eq!(endpoints(&long, &feed()), Err(ParseError::TooLong));
        let error = endpoints(b"[\xff]", &feed()).unwrap_err().to_string();
        assert_eq!(error, "octet 1 is no UTF-8");
    }

    #[test]
    fn announcements_are_those_of_our_sets() {
        let text = r#"[
            {"id":426,"endpointSetId":31,"disposition":"Change","version":"2018062700","add":{"effectiveDate":"20180609","ips":["51.140.203.190/32"]}},
            {"id":427,"endpointSetId":10,"disposition":"change","impact":"AddedIp","version":"2018062701","add":{"effectiveDate":"20180709","ips":["40.95.0.0/16"]}},
            {"id":428,"endpointSetId":10,"disposition":"change","version":"2018062702","remove":{"ips":["40.94.0.0/16"]}},
            {"id":429,"endpointSetId":10,"disposition":"change","version":"2018062702","previous":{"category":"Allow"}}
        ]"#;
        let announced = changes(text.as_bytes(), &[10]).unwrap();
        let texts: Vec<String> = announced.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "2018062701, in use from 20180709: adds 40.95.0.0/16",
                "2018062702: removes 40.94.0.0/16"
            ]
        );
        assert!(changes(b"[", &[10]).is_err());
    }
}
