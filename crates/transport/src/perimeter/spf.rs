//! An SPF record and all that it includes, as ranges (RFC 7208), within the limits of the standard.
//!
//! Never here: an opinion on a message. `-all` and its like say nothing about who may come near.

use std::collections::{BTreeSet, VecDeque};

use mailward_model::{Domain, IpRange};
use mailward_perimeter::parse::spf::{self, HOSTS_MAX, LOOKUPS_MAX, Term};

use super::read::ReadError;
use crate::deliver::dns::{Dns, LookupError};

/// Every range that the record of a domain lets send, sorted, each once.
pub(super) async fn expand(dns: &dyn Dns, domain: &Domain) -> Result<Vec<IpRange>, ReadError> {
    let mut ranges = BTreeSet::new();
    let mut waiting = VecDeque::from([domain.clone()]);
    let mut seen = BTreeSet::from([domain.as_str().to_owned()]);
    let mut lookups = 0;
    while let Some(name) = waiting.pop_front() {
        for term in record(dns, &name).await? {
            let asks = !matches!(term, Term::Range(_));
            lookups += usize::from(asks);
            if lookups > LOOKUPS_MAX {
                // RFC 7208 §4.6.4: receivers give up here, and so does the publisher's own mail.
                return Err(ReadError::plain(format!(
                    "the SPF record of {domain} asks for more than {LOOKUPS_MAX} look-ups"
                )));
            }
            match term {
                Term::Range(range) => {
                    ranges.insert(range);
                }
                Term::Include(next) | Term::Redirect(next) => {
                    // What was read already adds nothing; a circle ends here.
                    if seen.insert(next.as_str().to_owned()) {
                        waiting.push_back(next);
                    }
                }
                Term::Address(of, v4, v6) => {
                    let host = of.unwrap_or_else(|| name.clone());
                    ranges.extend(addresses(dns, host.as_str(), v4, v6).await?);
                }
                Term::Exchangers(of, v4, v6) => {
                    let host = of.unwrap_or_else(|| name.clone());
                    let found = match dns.mx(host.as_str()).await {
                        Ok(found) => found,
                        Err(LookupError::NoName | LookupError::NoRecords) => Vec::new(),
                        Err(error) => return Err(told(host.as_str(), &error)),
                    };
                    for (_, host) in found.into_iter().take(HOSTS_MAX) {
                        ranges.extend(addresses(dns, &host, v4, v6).await?);
                    }
                }
            }
        }
    }
    Ok(ranges.into_iter().collect())
}

fn told(name: &str, error: &LookupError) -> ReadError {
    ReadError::plain(format!("{name}: {error}"))
}

async fn record(dns: &dyn Dns, name: &Domain) -> Result<Vec<Term>, ReadError> {
    let texts = dns.txt(name.as_str()).await;
    let texts = texts.map_err(|error| told(name.as_str(), &error))?;
    let mut records = texts.iter().filter(|text| spf::is_record(text));
    match (records.next(), records.next()) {
        (Some(record), None) => spf::record(record)
            .map_err(|error| ReadError::plain(format!("the SPF record of {name}: {error}"))),
        (None, _) => Err(ReadError::plain(format!("{name} has no SPF record"))),
        // RFC 7208 §4.5: more than one is an error.
        (Some(_), Some(_)) => Err(ReadError::plain(format!(
            "{name} has more than one SPF record"
        ))),
    }
}

async fn addresses(dns: &dyn Dns, host: &str, v4: u8, v6: u8) -> Result<Vec<IpRange>, ReadError> {
    match dns.addresses(host).await {
        Ok(found) => Ok(found
            .into_iter()
            .take(HOSTS_MAX)
            .filter_map(|address| spf::around(address, v4, v6))
            .collect()),
        Err(LookupError::NoName | LookupError::NoRecords) => Ok(Vec::new()),
        Err(error) => Err(told(host, &error)),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, net::IpAddr};

    use super::*;
    use crate::deliver::dns::Answer;

    /// A name server with a few records.
    #[derive(Default)]
    struct Zone {
        txt: HashMap<&'static str, Vec<&'static str>>,
        mx: HashMap<&'static str, &'static str>,
        a: HashMap<&'static str, &'static str>,
    }

    impl Dns for Zone {
        fn mx<'a>(&'a self, domain: &'a str) -> Answer<'a, Vec<(u16, String)>> {
            let found = self
                .mx
                .get(domain)
                .map(|host| vec![(10, (*host).to_owned())]);
            Box::pin(async move { found.ok_or(LookupError::NoRecords) })
        }

        fn addresses<'a>(&'a self, host: &'a str) -> Answer<'a, Vec<IpAddr>> {
            let found = self.a.get(host).map(|ip| vec![ip.parse().unwrap()]);
            Box::pin(async move { found.ok_or(LookupError::NoName) })
        }

        fn txt<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<String>> {
            let texts = self.txt.get(name);
            let found = texts.map(|t| t.iter().map(|t| (*t).to_owned()).collect());
            Box::pin(async move { found.ok_or(LookupError::NoName) })
        }
    }

    async fn expanded(zone: &Zone, domain: &str) -> Result<Vec<String>, String> {
        let ranges = expand(zone, &domain.parse().unwrap()).await;
        let texts = |ranges: Vec<IpRange>| ranges.iter().map(ToString::to_string).collect();
        ranges.map(texts).map_err(|error| error.problem)
    }

    #[tokio::test]
    async fn a_record_is_followed_to_its_ranges() {
        let zone = Zone {
            txt: HashMap::from([
                (
                    "a.example",
                    vec![
                        "google-site=x",
                        "v=spf1 ip4:192.0.2.0/24 include:b.example mx a/28 -all",
                    ],
                ),
                (
                    "b.example",
                    vec!["v=spf1 ip6:2001:db8::/48 redirect=a.example"],
                ),
                ("two.example", vec!["v=spf1 -all", "v=spf1 mx -all"]),
                ("none.example", vec!["hello"]),
                ("open.example", vec!["v=spf1 include:all.example -all"]),
                ("all.example", vec!["v=spf1 +all"]),
            ]),
            mx: HashMap::from([("a.example", "mx.a.example")]),
            a: HashMap::from([
                ("mx.a.example", "198.51.100.7"),
                ("a.example", "203.0.113.9"),
            ]),
        };
        assert_eq!(
            expanded(&zone, "a.example").await.unwrap(),
            [
                "192.0.2.0/24",
                "198.51.100.7",
                "203.0.113.0/28",
                "2001:db8::/48"
            ]
        );
        for (domain, part) in [
            ("two.example", "more than one SPF record"),
            ("none.example", "no SPF record"),
            ("missing.example", "does not exist"),
            ("open.example", "lets everybody in"),
        ] {
            let error = expanded(&zone, domain).await.unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[tokio::test]
    async fn look_ups_have_a_limit() {
        let record = "v=spf1 a:1.example a:2.example a:3.example a:4.example a:5.example \
            a:6.example a:7.example a:8.example a:9.example a:10.example a:11.example -all";
        let zone = Zone {
            txt: HashMap::from([("a.example", vec![record])]),
            ..Zone::default()
        };
        let error = expanded(&zone, "a.example").await.unwrap_err();
        assert!(error.contains("more than 10 look-ups"), "{error}");
    }
}
