//! Which receive connector takes a connection.
//!
//! Among the enabled connectors with a binding for the local address, those bound to exactly that
//! address go before those bound to all; among these, the one whose remote range that holds the
//! client is smallest. What a connector takes out of its ranges it never takes. Pure:
//! `simulate connection` and the tests call [`choose`]; the accept loop calls [`pick`], which looks
//! the same choice up in a table.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use mailward_model::{Decision, IpRange, PassedOver, kind::ReceiveConnector};
use mailward_perimeter::Taken;

use crate::snapshot::{Named, Snapshot};

type Connector = Arc<Named<ReceiveConnector>>;

/// Chooses the connector for a connection from `remote` to `local`, with the reasons. A local
/// address that is unspecified stands for any address of this host (for simulations).
pub fn choose(
    snapshot: &Snapshot,
    local: SocketAddr,
    remote: IpAddr,
) -> Decision<Option<Connector>> {
    let mut passed_over = Vec::new();
    let chosen = select(snapshot, local, remote, |connector, why| {
        passed_over.push(PassedOver {
            candidate: connector.name.clone(),
            reason: why.text(local, remote),
        });
    });
    match chosen {
        Some((connector, taken)) => Decision {
            because: format!(
                "{} is the most specific of the remote ranges that hold {remote}",
                told(taken)
            ),
            chosen: Some(Arc::clone(connector)),
            passed_over,
        },
        None => Decision {
            chosen: None,
            because: format!(
                "no enabled receive connector is bound to {local} and has a remote range that holds {remote}"
            ),
            passed_over,
        },
    }
}

/// A range, and the feed it came from.
fn told(taken: &Taken) -> String {
    match &taken.feed {
        None => taken.range.to_string(),
        Some(feed) => format!("{} of sender feed {feed}", taken.range),
    }
}

/// The same choice without its reasons: what the accept loop calls for each connection. The local
/// address is that of a connection, never an unspecified one.
pub fn pick(snapshot: &Snapshot, local: SocketAddr, remote: IpAddr) -> Option<&Connector> {
    let found = snapshot.table.find(local, remote)?;
    snapshot.receive_connectors.get(found)
}

/// Why a connector was passed over.
enum Why<'a> {
    NotBound,
    BoundToAll {
        exact: &'a str,
    },
    NotForClient,
    Excepted,
    Wider {
        range: IpRange,
        than: IpRange,
        of: &'a str,
    },
    Equal {
        range: IpRange,
        of: &'a str,
    },
}

impl Why<'_> {
    fn text(&self, local: SocketAddr, remote: IpAddr) -> String {
        match self {
            Why::NotBound => format!("none of its bindings is for {local}"),
            Why::BoundToAll { exact } => {
                format!(
                    "it is bound to all addresses, and {exact} to exactly {}",
                    local.ip()
                )
            }
            Why::NotForClient => format!("none of its remote ranges holds {remote}"),
            Why::Excepted => format!("its remote ranges take {remote} out"),
            Why::Wider { range, than, of } => {
                format!("its range {range} is wider than {than} of {of}")
            }
            Why::Equal { range, of } => {
                format!("its range {range} is as wide as that of {of}, whose name comes first")
            }
        }
    }
}

fn select(
    snapshot: &Snapshot,
    local: SocketAddr,
    remote: IpAddr,
    mut pass_over: impl FnMut(&Named<ReceiveConnector>, Why<'_>),
) -> Option<(&Connector, &Taken)> {
    let any_local = local.ip().is_unspecified();
    let takes = |connector: &Connector| {
        connector
            .spec
            .bindings
            .iter()
            .any(|b| b.takes(local) || any_local && b.port == local.port())
    };
    // As with sockets: one bound to the very address gets what is sent there.
    let is_exact = |connector: &Connector| {
        let mut bindings = connector.spec.bindings.iter();
        !any_local && bindings.any(|b| b.is_exact() && b.takes(local))
    };
    let connectors = &snapshot.receive_connectors;
    let exact = connectors.iter().find(|c| is_exact(c));
    let mut best: Option<(&Connector, &Taken)> = None;
    for (connector, ranges) in connectors.iter().zip(&snapshot.receive_ranges) {
        if !takes(connector) {
            pass_over(connector, Why::NotBound);
            continue;
        }
        if let Some(exact) = exact
            && !is_exact(connector)
        {
            pass_over(connector, Why::BoundToAll { exact: &exact.name });
            continue;
        }
        let Some(taken) = ranges.narrowest(remote) else {
            let why = match ranges.except.contains(remote) {
                true => Why::Excepted,
                false => Why::NotForClient,
            };
            pass_over(connector, why);
            continue;
        };
        let range = taken.range;
        match best.map(|(other, than)| (other, than.range)) {
            // Connectors stand in the order of their names, so of two equals the first one stays.
            Some((other, than)) if than.span() == range.span() => {
                pass_over(
                    connector,
                    Why::Equal {
                        range,
                        of: &other.name,
                    },
                );
            }
            Some((other, than)) if than.span() < range.span() => {
                pass_over(
                    connector,
                    Why::Wider {
                        range,
                        than,
                        of: &other.name,
                    },
                );
            }
            Some((other, wider)) => {
                let why = Why::Wider {
                    range: wider,
                    than: range,
                    of: &connector.name,
                };
                pass_over(other, why);
                best = Some((connector, taken));
            }
            None => best = Some((connector, taken)),
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use mailward_model::{Object, ObjectId, Revision};
    use mailward_perimeter::Feeds;
    use proptest::prelude::*;

    use super::*;

    fn snapshot(connectors: &[(&str, &[&str], &[&str])]) -> Snapshot {
        let objects: Vec<Object> = connectors
            .iter()
            .zip(1..)
            .map(|((name, bindings, ranges), id)| Object {
                id: ObjectId(id),
                name: (*name).to_owned(),
                revision: Revision(id),
                spec: ReceiveConnector {
                    bindings: bindings.iter().map(|b| b.parse().unwrap()).collect(),
                    remote_ranges: ranges.iter().map(|r| r.parse().unwrap()).collect(),
                    ..ReceiveConnector::default()
                }
                .into(),
            })
            .collect();
        Snapshot::build(&objects, &"mx.example.org".parse().unwrap())
    }

    #[track_caller]
    fn check(snapshot: &Snapshot, local: &str, remote: &str, expect: Option<&str>) {
        let local: SocketAddr = local.parse().unwrap();
        let remote = remote.parse().unwrap();
        let decision = choose(snapshot, local, remote);
        let chosen = decision.chosen.as_ref().map(|c| c.name.as_str());
        assert_eq!(chosen, expect, "{}", decision.because);
        if !local.ip().is_unspecified() {
            assert_eq!(
                pick(snapshot, local, remote).map(|c| c.name.as_str()),
                expect
            );
        }
    }

    #[test]
    fn a_choice_allocates_nothing() {
        let ranges: Vec<String> = (0..=255).map(|no| format!("10.{no}.0.0/16")).collect();
        let mut nested: Vec<&str> = ranges.iter().map(String::as_str).collect();
        nested.extend(["2001:db8::/32", "192.168.1.75", "except:10.9.9.9"]);
        let snapshot = snapshot(&[
            ("all", &[":25", "10.0.0.1:25"], &["0.0.0.0/0", "::/0"]),
            ("nested", &[":25"], &nested),
        ]);
        let clients = [
            "10.9.9.9",
            "10.77.1.1",
            "192.168.1.75",
            "2001:db8::1",
            "::ffff:10.1.1.1",
        ];
        let clients = clients.map(|client| client.parse::<IpAddr>().unwrap());
        let locals = [
            "10.0.0.1:25",
            "10.0.0.2:25",
            "[2001:db8::2]:25",
            "10.0.0.2:26",
        ];
        let locals = locals.map(|local| local.parse::<SocketAddr>().unwrap());
        let mut picked = 0;
        let mut pick_all = || {
            for (local, client) in locals.iter().flat_map(|l| clients.map(|c| (*l, c))) {
                picked += usize::from(pick(&snapshot, local, client).is_some());
            }
        };
        let allocated = allocation_counter::measure(&mut pick_all);
        assert_eq!(allocated.count_total, 0);
        assert!(picked > 0);
        // The counter counts: the choice with its reasons writes them down.
        let reasons = || drop(choose(&snapshot, locals[1], clients[1]));
        assert!(allocation_counter::measure(reasons).count_total > 0);
    }

    #[test]
    fn the_most_specific_range_wins() {
        let snapshot = snapshot(&[
            ("all", &[":25"], &["0.0.0.0/0", "::/0"]),
            ("net", &[":25"], &["192.168.1.0-192.168.1.255"]),
            ("one", &[":25"], &["192.168.1.75"]),
            ("other port", &[":2525"], &["192.168.1.75"]),
        ]);
        check(&snapshot, "10.0.0.1:25", "192.168.1.75", Some("one"));
        check(&snapshot, "10.0.0.1:25", "192.168.1.100", Some("net"));
        check(&snapshot, "10.0.0.1:25", "198.51.100.1", Some("all"));
        check(&snapshot, "[::1]:25", "2001:db8::1", Some("all"));
        check(
            &snapshot,
            "[::ffff:10.0.0.1]:25",
            "::ffff:192.168.1.75",
            Some("one"),
        );
        check(
            &snapshot,
            "10.0.0.1:2525",
            "192.168.1.75",
            Some("other port"),
        );
        check(&snapshot, "10.0.0.1:2525", "192.168.1.76", None);
        check(&snapshot, "10.0.0.1:26", "192.168.1.75", None);
        check(&snapshot, "0.0.0.0:25", "192.168.1.75", Some("one"));
    }

    #[test]
    fn an_exact_binding_goes_before_the_ranges() {
        let snapshot = snapshot(&[
            ("everywhere", &[":25"], &["192.0.2.7"]),
            ("here", &["10.0.0.1:25"], &["0.0.0.0/0"]),
        ]);
        check(&snapshot, "10.0.0.1:25", "192.0.2.7", Some("here"));
        check(&snapshot, "10.0.0.2:25", "192.0.2.7", Some("everywhere"));
        check(&snapshot, "10.0.0.1:25", "2001:db8::1", None);
    }

    #[test]
    fn reasons_name_what_was_better() {
        let snapshot = snapshot(&[
            ("a", &[":25"], &["0.0.0.0/0"]),
            ("b", &[":25"], &["192.0.2.0/24"]),
            ("c", &[":25"], &["192.0.2.0/24"]),
            ("d", &[":26"], &["192.0.2.0/24"]),
        ]);
        let decision = choose(
            &snapshot,
            "10.0.0.1:25".parse().unwrap(),
            "192.0.2.7".parse().unwrap(),
        );
        let reasons: Vec<String> = decision
            .passed_over
            .iter()
            .map(|p| format!("{}: {}", p.candidate, p.reason))
            .collect();
        assert_eq!(
            reasons,
            [
                "a: its range 0.0.0.0/0 is wider than 192.0.2.0/24 of b",
                "c: its range 192.0.2.0/24 is as wide as that of b, whose name comes first",
                "d: none of its bindings is for 10.0.0.1:25",
            ]
        );
    }

    proptest! {
        #[test]
        fn each_connector_is_chosen_or_passed_over(
            ranges in prop::collection::vec((0u8..8, 0u8..8, any::<bool>(), any::<bool>()), 0..7),
            remote in 0u8..8,
        ) {
            let ip = |last: u8| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
            let names: Vec<String> = (0..ranges.len()).map(|n| format!("c{n}")).collect();
            let texts: Vec<[String; 2]> = ranges
                .iter()
                .map(|(a, b, exact, other_port)| {
                    let port = if *other_port { 26 } else { 25 };
                    let binding = if *exact { format!("10.0.0.1:{port}") } else { format!(":{port}") };
                    [binding, format!("{}-{}", ip(*a.min(b)), ip(*a.max(b)))]
                })
                .collect();
            let refs: Vec<[&str; 2]> = texts.iter().map(|[b, r]| [b.as_str(), r.as_str()]).collect();
            let table: Vec<(&str, &[&str], &[&str])> =
                names.iter().zip(&refs).map(|(n, r)| (n.as_str(), &r[..1], &r[1..])).collect();
            let snapshot = snapshot(&table);
            let local: SocketAddr = "10.0.0.1:25".parse().unwrap();
            let decision = choose(&snapshot, local, ip(remote));
            let mut seen: Vec<&str> =
                decision.passed_over.iter().map(|p| p.candidate.as_str()).collect();
            seen.extend(decision.chosen.as_ref().map(|c| c.name.as_str()));
            seen.sort_unstable();
            prop_assert_eq!(seen, names.iter().map(String::as_str).collect::<Vec<_>>());
            let bound = |c: &Connector| c.spec.bindings.iter().any(|b| b.takes(local));
            let exact = |c: &Connector| bound(c) && c.spec.bindings.iter().any(|b| b.is_exact());
            let any_exact = snapshot.receive_connectors.iter().any(exact);
            let fit = |c: &&Connector| {
                bound(c) && (!any_exact || exact(c)) && c.spec.remote_ranges[0].range().unwrap().contains(ip(remote))
            };
            let span = |c: &Connector| c.spec.remote_ranges[0].range().unwrap().span();
            let least = snapshot.receive_connectors.iter().filter(fit).map(span).min();
            prop_assert_eq!(decision.chosen.as_ref().map(span), least);
        }

        #[test]
        fn the_table_makes_the_choice_that_is_explained(
            connectors in prop::collection::vec(
                (0u8..6, prop::collection::vec((0u8..4, 0u8..12, 0u8..12), 1..5)),
                0..8,
            ),
        ) {
            let bindings = [":25", "0.0.0.0:25", "[::]:25", "10.0.0.1:25", "[2001:db8::1]:25", ":26"];
            let names: Vec<String> = (0..connectors.len()).map(|n| format!("c{n}")).collect();
            let entries: Vec<Vec<String>> = connectors
                .iter()
                .map(|(_, entries)| {
                    let entry = |(form, a, b): &(u8, u8, u8)| {
                        let (a, b) = (a.min(b), a.max(b));
                        match form {
                            0 => format!("192.0.2.{a}-192.0.2.{b}"),
                            1 => format!("except:192.0.2.{a}-192.0.2.{b}"),
                            2 => format!("2001:db8::{a:x}-2001:db8::{b:x}"),
                            _ => "feed:some".to_owned(),
                        }
                    };
                    entries.iter().map(entry).collect()
                })
                .collect();
            let refs: Vec<Vec<&str>> =
                entries.iter().map(|e| e.iter().map(String::as_str).collect()).collect();
            let table: Vec<(&str, &[&str], &[&str])> = names
                .iter()
                .zip(&connectors)
                .zip(&refs)
                .map(|((name, (binding, _)), refs)| {
                    let at = usize::from(*binding);
                    (name.as_str(), &bindings[at..=at], &refs[..])
                })
                .collect();
            let mut feeds = Feeds::default();
            feeds.insert("Some", ["192.0.2.3-192.0.2.7".parse().unwrap(), "2001:db8::/124".parse().unwrap()]);
            let snapshot = snapshot(&table).with_feeds(&feeds);
            for local in ["10.0.0.1:25", "10.0.0.2:25", "[2001:db8::1]:25", "[2001:db8::2]:25", "10.0.0.1:26"] {
                let local: SocketAddr = local.parse().unwrap();
                for n in 0..14u8 {
                    for remote in [format!("192.0.2.{n}"), format!("2001:db8::{n:x}"), format!("::ffff:192.0.2.{n}")] {
                        let remote: IpAddr = remote.parse().unwrap();
                        let chosen = choose(&snapshot, local, remote).chosen.map(|c| c.name.clone());
                        let picked = pick(&snapshot, local, remote).map(|c| c.name.clone());
                        prop_assert_eq!(picked, chosen, "{} to {}", remote, local);
                    }
                }
            }
        }
    }
}
