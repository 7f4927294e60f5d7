//! Ranges written for other firewalls. Pure text; every format is one that its program reads as it
//! is.

use std::fmt::Write as _;

use mailward_model::IpRange;

use crate::RangeSet;

/// The table in nftables that is Mailward's own.
pub const TABLE: &str = "mailward";
/// Elements on one line of a set.
const ELEMENTS_PER_LINE: usize = 4;

/// What is written.
#[derive(Debug, Clone)]
pub struct Sheet<'a> {
    /// What it is: names and versions, on one line.
    pub title: &'a str,
    /// Who is let in.
    pub set: &'a RangeSet,
    /// At which ports.
    pub ports: &'a [u16],
}

/// The blocks of the two families.
fn blocks(set: &RangeSet) -> (Vec<IpRange>, Vec<IpRange>) {
    let blocks = set.blocks();
    blocks
        .into_iter()
        .partition(|block| block.first().is_ipv4())
}

/// A title ends no line.
fn title(sheet: &Sheet<'_>) -> String {
    let safe = |c: char| if c.is_control() { ' ' } else { c };
    sheet.title.chars().map(safe).collect()
}

/// One range on each line.
pub fn cidr(sheet: &Sheet<'_>) -> String {
    let mut text = String::new();
    for block in sheet.set.blocks() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{block}");
    }
    text
}

/// One range on each line, below a comment.
pub fn edl(sheet: &Sheet<'_>) -> String {
    format!("# {}\n{}", title(sheet), cidr(sheet))
}

/// JSON.
pub fn json(sheet: &Sheet<'_>) -> String {
    let (v4, v6) = blocks(sheet.set);
    let value = serde_json::json!({
        "title": sheet.title,
        "ports": sheet.ports,
        "ipv4": v4,
        "ipv6": v6,
    });
    format!("{value:#}\n")
}

/// A table for `nft -f`: what it held before is replaced in one step.
pub fn nftables(sheet: &Sheet<'_>) -> String {
    nftables_of(
        &[Gate {
            name: "senders",
            set: sheet.set,
            ports: sheet.ports,
        }],
        &title(sheet),
    )
}

/// Ports, and who is let in at them.
#[derive(Debug, Clone)]
pub struct Gate<'a> {
    /// A word for the names of sets.
    pub name: &'a str,
    /// Who is let in.
    pub set: &'a RangeSet,
    /// At which ports.
    pub ports: &'a [u16],
}

/// A table with several gates: whoever is outside the set of a port gets no answer there.
pub fn nftables_of(gates: &[Gate<'_>], title: &str) -> String {
    let mut text = format!("# {title}\ntable inet {TABLE} {{}}\n");
    let _ = write!(text, "delete table inet {TABLE}\ntable inet {TABLE} {{\n");
    for gate in gates {
        let (v4, v6) = blocks(gate.set);
        for (family, kind, blocks) in [("v4", "ipv4_addr", v4), ("v6", "ipv6_addr", v6)] {
            let _ = writeln!(text, "    set {}_{family} {{", gate.name);
            let _ = writeln!(text, "        type {kind}\n        flags interval");
            if !blocks.is_empty() {
                let blocks: Vec<String> = blocks.iter().map(ToString::to_string).collect();
                let lines: Vec<String> = blocks
                    .chunks(ELEMENTS_PER_LINE)
                    .map(|line| line.join(", "))
                    .collect();
                let _ = writeln!(
                    text,
                    "        elements = {{ {} }}",
                    lines.join(",\n            ")
                );
            }
            text.push_str("    }\n");
        }
    }
    text.push_str(
        "    chain input {\n        type filter hook input priority -5; policy accept;\n",
    );
    for gate in gates {
        let ports: Vec<String> = gate.ports.iter().map(u16::to_string).collect();
        let ports = ports.join(", ");
        // What this host asks itself (health probes) is not from outside; a session that is open is
        // ended by its connector, or not at all, and never by silence.
        for (family, saddr) in [("v4", "ip"), ("v6", "ip6")] {
            let _ = writeln!(
                text,
                "        iif != \"lo\" tcp dport {{ {ports} }} tcp flags & (fin | syn | rst | ack) == syn \
                 {saddr} saddr != @{}_{family} drop",
                gate.name
            );
        }
    }
    text.push_str("    }\n}\n");
    text
}

/// Commands for `ipset restore`: the new set takes the old one's place in one step.
pub fn ipset(sheet: &Sheet<'_>) -> String {
    let (v4, v6) = blocks(sheet.set);
    let mut text = String::new();
    for (family, inet, blocks) in [("v4", "inet", v4), ("v6", "inet6", v6)] {
        let (name, new) = (format!("{TABLE}_{family}"), format!("{TABLE}_{family}_new"));
        let room = blocks.len().next_power_of_two().max(1024);
        for set in [&name, &new] {
            let _ = writeln!(
                text,
                "create {set} hash:net family {inet} maxelem {room} -exist"
            );
        }
        let _ = writeln!(text, "flush {new}");
        for block in blocks {
            let _ = writeln!(text, "add {new} {block} -exist");
        }
        let _ = writeln!(text, "swap {name} {new}\ndestroy {new}");
    }
    text
}

/// Rules for `iptables-restore --noflush` and `ip6tables-restore --noflush`: each takes its own
/// family's lines out of the same file.
pub fn iptables(sheet: &Sheet<'_>) -> String {
    let mut text = format!(
        "# {}\n*filter\n:MAILWARD - [0:0]\n-F MAILWARD\n",
        title(sheet)
    );
    let (v4, v6) = blocks(sheet.set);
    for (sign, blocks) in [("-4", v4), ("-6", v6)] {
        for block in blocks {
            let _ = writeln!(text, "{sign} -A MAILWARD -s {block} -j RETURN");
        }
    }
    text.push_str("-A MAILWARD -j DROP\n");
    for port in sheet.ports {
        let _ = writeln!(
            text,
            "# once, not at every change: -I INPUT -p tcp --dport {port} -j MAILWARD"
        );
    }
    text.push_str("COMMIT\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(set: &RangeSet) -> Sheet<'_> {
        Sheet {
            title: "m365\nversion 1",
            set,
            ports: &[25],
        }
    }

    fn set(ranges: &[&str]) -> RangeSet {
        ranges
            .iter()
            .map(|r| r.parse::<IpRange>().unwrap())
            .collect()
    }

    #[test]
    fn every_format_names_every_block() {
        let set = set(&[
            "40.92.0.0/15",
            "192.0.2.7",
            "10.0.0.1-10.0.0.2",
            "2a01:111:f400::/48",
        ]);
        let sheet = sheet(&set);
        for text in [
            cidr(&sheet),
            edl(&sheet),
            json(&sheet),
            nftables(&sheet),
            ipset(&sheet),
            iptables(&sheet),
        ] {
            for block in [
                "40.92.0.0/15",
                "192.0.2.7",
                "10.0.0.1",
                "10.0.0.2",
                "2a01:111:f400::/48",
            ] {
                assert!(text.contains(block), "{block} is missing in {text}");
            }
            assert!(!text.contains("\nversion"), "{text}");
            assert!(text.ends_with('\n'));
        }
        assert!(edl(&sheet).starts_with("# m365 version 1\n"));
        assert!(nftables(&sheet).contains("ip6 saddr != @senders_v6 drop"));
    }

    #[test]
    fn an_empty_family_is_an_empty_set_and_lets_nobody_in() {
        let set = set(&["192.0.2.0/24"]);
        let text = nftables(&sheet(&set));
        assert!(
            text.contains(
                "set senders_v6 {\n        type ipv6_addr\n        flags interval\n    }"
            ),
            "{text}"
        );
    }
}
