//! What belongs into the firewall's table: for each port with a receive connector that names a feed,
//! everybody whom any connector of that port takes. Pure.

use std::collections::BTreeMap;

use mailward_model::{IpRange, kind::ReceiveConnector};
use mailward_perimeter::{Feeds, RangeSet, Ranges, export};

/// A port, and who may connect to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The port.
    pub port: u16,
    /// Who is let in.
    pub set: RangeSet,
}

/// The gates of these connectors. A port where everybody is let in has none.
pub fn gates<'a>(
    connectors: impl IntoIterator<Item = &'a ReceiveConnector>,
    feeds: &Feeds,
) -> Vec<Gate> {
    let mut ports: BTreeMap<u16, (bool, RangeSet)> = BTreeMap::new();
    for connector in connectors.into_iter().filter(|one| one.enabled) {
        let names_a_feed = connector
            .remote_ranges
            .iter()
            .any(|one| one.feed().is_some());
        let set = Ranges::of(&connector.remote_ranges, feeds).set();
        for binding in connector
            .bindings
            .iter()
            .filter(|binding| binding.port != 0)
        {
            let (named, known) = ports.entry(binding.port).or_default();
            *named |= names_a_feed;
            *known = known.union(&set);
        }
    }
    let everybody: RangeSet = [IpRange::ALL_V4, IpRange::ALL_V6].iter().collect();
    let closed = ports.into_iter();
    closed
        .filter(|(_, (named, set))| *named && !everybody.minus(set).is_empty())
        .map(|(port, (_, set))| Gate { port, set })
        .collect()
}

/// The table as `nft -f` takes it; what removes it where there is no gate.
pub fn text(gates: &[Gate]) -> String {
    if gates.is_empty() {
        let table = export::TABLE;
        return format!("table inet {table} {{}}\ndelete table inet {table}\n");
    }
    let named: Vec<(String, [u16; 1])> = gates
        .iter()
        .map(|gate| (format!("port_{}", gate.port), [gate.port]))
        .collect();
    let written: Vec<export::Gate<'_>> = gates
        .iter()
        .zip(&named)
        .map(|(gate, (name, ports))| export::Gate {
            name,
            set: &gate.set,
            ports,
        })
        .collect();
    export::nftables_of(&written, "kept by Mailward: changes are put back")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(bindings: &[&str], ranges: &[&str]) -> ReceiveConnector {
        ReceiveConnector {
            bindings: bindings.iter().map(|b| b.parse().unwrap()).collect(),
            remote_ranges: ranges.iter().map(|r| r.parse().unwrap()).collect(),
            ..ReceiveConnector::default()
        }
    }

    fn feeds() -> Feeds {
        let mut feeds = Feeds::default();
        feeds.insert("m365", ["40.92.0.0/15".parse().unwrap()]);
        feeds
    }

    #[test]
    fn a_port_lets_in_whom_any_of_its_connectors_takes() {
        let connectors = [
            connector(&[":25"], &["feed:m365", "except:40.93.0.0/16"]),
            connector(&["192.0.2.1:25"], &["10.0.0.0/8"]),
            connector(&[":587"], &["10.0.0.0/8"]),
            connector(&[":0"], &["feed:m365"]),
        ];
        let gates = gates(&connectors, &feeds());
        let [gate] = gates.as_slice() else {
            panic!("{gates:?}")
        };
        assert_eq!(gate.port, 25);
        let blocks: Vec<String> = gate.set.blocks().iter().map(ToString::to_string).collect();
        assert_eq!(blocks, ["10.0.0.0/8", "40.92.0.0/16"]);
        let text = text(&gates);
        assert!(
            text.contains("set port_25_v4") && text.contains("@port_25_v6 drop"),
            "{text}"
        );
    }

    #[test]
    fn a_port_for_everybody_is_closed_to_nobody() {
        let mut disabled = connector(&[":26"], &["feed:m365"]);
        disabled.enabled = false;
        let connectors = [
            connector(&[":25"], &["feed:m365"]),
            connector(&[":25"], &["0.0.0.0/0", "::/0"]),
            disabled,
        ];
        assert_eq!(gates(&connectors, &feeds()), []);
        assert!(text(&[]).contains("delete table inet mailward"));
    }

    #[test]
    fn a_feed_without_a_list_lets_nobody_in() {
        let gates = gates(&[connector(&[":25"], &["feed:new"])], &feeds());
        assert!(gates.len() == 1 && gates[0].set.is_empty());
    }
}
