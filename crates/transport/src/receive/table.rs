//! The choice of a receive connector, worked out beforehand for every address there is.
//!
//! For each local address that is told apart, the addresses of clients are cut into pieces within
//! which one connector takes every connection: a choice is two binary searches and allocates nothing,
//! however many connectors and ranges there are. What is chosen, and why, is told by
//! [`choose`](super::choose); this is the same choice, made fast.
//!
//! Invariant: both agree on every address (a property test asks both).

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use mailward_model::{Binding, IpRange, kind::ReceiveConnector};
use mailward_perimeter::Ranges;

use crate::snapshot::Named;

/// Every choice.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Addresses that a connector is bound to exactly. Sorted.
    exact: Vec<(SocketAddr, Pieces)>,
    /// Ports that a connector is bound to at every address of a family (true for IPv4). Sorted.
    wild: Vec<((bool, u16), Pieces)>,
}

/// The addresses of both families, cut.
#[derive(Debug, Clone, Default)]
struct Pieces {
    v4: Cut<u32>,
    v6: Cut<u128>,
}

/// Where pieces begin, and which connector takes each. The first piece begins at the first address.
#[derive(Debug, Clone)]
struct Cut<T> {
    begins: Vec<T>,
    takes: Vec<Option<u32>>,
}

impl<T> Default for Cut<T> {
    fn default() -> Self {
        Cut {
            begins: Vec::new(),
            takes: Vec::new(),
        }
    }
}

impl<T: Ord + Copy> Cut<T> {
    fn find(&self, address: T) -> Option<usize> {
        let behind = self.begins.partition_point(|begin| *begin <= address);
        let taken = self.takes.get(behind.checked_sub(1)?)?;
        taken.map(|connector| connector as usize)
    }
}

impl Pieces {
    fn find(&self, remote: IpAddr) -> Option<usize> {
        match remote.to_canonical() {
            IpAddr::V4(ip) => self.v4.find(ip.to_bits()),
            IpAddr::V6(ip) => self.v6.find(ip.to_bits()),
        }
    }
}

impl Table {
    /// The table of these connectors, which stand in the order of their names, with what each takes.
    pub fn build(connectors: &[Arc<Named<ReceiveConnector>>], ranges: &[Ranges]) -> Table {
        let mut exact: BTreeMap<SocketAddr, BTreeSet<u32>> = BTreeMap::new();
        let mut wild: BTreeMap<(bool, u16), BTreeSet<u32>> = BTreeMap::new();
        for (no, connector) in (0u32..).zip(connectors) {
            for binding in &connector.spec.bindings {
                match exact_address(binding) {
                    Some(address) => {
                        exact.entry(address).or_default().insert(no);
                    }
                    None => {
                        for v4 in [true, false] {
                            if binding.ip.is_none_or(|ip| ip.is_ipv4() == v4) {
                                wild.entry((v4, binding.port)).or_default().insert(no);
                            }
                        }
                    }
                }
            }
        }
        let cut = |of: BTreeSet<u32>| Pieces {
            v4: cut(&of, ranges, true, |bits| bits as u32),
            v6: cut(&of, ranges, false, |bits| bits),
        };
        Table {
            exact: exact.into_iter().map(|(at, of)| (at, cut(of))).collect(),
            wild: wild.into_iter().map(|(at, of)| (at, cut(of))).collect(),
        }
    }

    /// Which connector takes a connection from `remote` to `local`.
    pub fn find(&self, local: SocketAddr, remote: IpAddr) -> Option<usize> {
        let local = SocketAddr::new(local.ip().to_canonical(), local.port());
        // As with sockets: one bound to the very address gets what is sent there.
        let pieces = match self.exact.binary_search_by_key(&local, |(at, _)| *at) {
            Ok(found) => self.exact.get(found).map(|(_, pieces)| pieces),
            Err(_) => {
                let at = (local.is_ipv4(), local.port());
                let found = self.wild.binary_search_by_key(&at, |(at, _)| *at).ok()?;
                self.wild.get(found).map(|(_, pieces)| pieces)
            }
        };
        pieces?.find(remote)
    }
}

fn exact_address(binding: &Binding) -> Option<SocketAddr> {
    let ip = binding.ip.filter(|_| binding.is_exact())?;
    Some(SocketAddr::new(ip, binding.port))
}

fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().into(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// Something that begins or ends at an address.
enum Edge {
    /// A range of this span, of this connector.
    Range(bool, u128, u32),
    /// An exception of this connector.
    Except(bool, u32),
}

/// What is open between two edges.
#[derive(Default)]
struct Open {
    /// Ranges by span and connector, and how many of each: the first is the narrowest, and of equal
    /// ones that of the connector whose name comes first.
    ranges: BTreeMap<(u128, u32), u32>,
    /// Exceptions by connector.
    excepts: BTreeMap<u32, u32>,
}

impl Open {
    fn pass(&mut self, edge: &Edge) {
        match edge {
            Edge::Range(opens, span, connector) => {
                count(&mut self.ranges, (*span, *connector), *opens);
            }
            Edge::Except(opens, connector) => count(&mut self.excepts, *connector, *opens),
        }
    }

    fn taken_by(&self) -> Option<u32> {
        let mut open = self.ranges.keys().map(|(_, connector)| *connector);
        open.find(|connector| !self.excepts.contains_key(connector))
    }
}

fn count<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K, up: bool) {
    use std::collections::btree_map::Entry;
    match counts.entry(key) {
        Entry::Vacant(entry) if up => {
            entry.insert(1);
        }
        Entry::Vacant(_) => {}
        Entry::Occupied(mut entry) if up => *entry.get_mut() += 1,
        Entry::Occupied(entry) if *entry.get() == 1 => {
            entry.remove();
        }
        Entry::Occupied(mut entry) => *entry.get_mut() -= 1,
    }
}

/// Cuts the addresses of a family into pieces, each taken by one of these connectors or none.
fn cut<T: Copy>(
    of: &BTreeSet<u32>,
    ranges: &[Ranges],
    v4: bool,
    narrow: impl Fn(u128) -> T,
) -> Cut<T> {
    let last_address = if v4 { u128::from(u32::MAX) } else { u128::MAX };
    let mut edges: BTreeMap<u128, Vec<Edge>> = BTreeMap::from([(0, Vec::new())]);
    let mut between = |range: &IpRange, edge: &dyn Fn(bool) -> Edge| {
        if range.first().is_ipv4() != v4 {
            return;
        }
        edges
            .entry(bits(range.first()))
            .or_default()
            .push(edge(true));
        // What reaches to the last address ends nowhere.
        let end = bits(range.last())
            .checked_add(1)
            .filter(|end| *end <= last_address);
        if let Some(end) = end {
            edges.entry(end).or_default().push(edge(false));
        }
    };
    for no in of {
        let Some(of_connector) = ranges.get(*no as usize) else {
            continue;
        };
        for taken in &of_connector.taken {
            let span = taken.range.span();
            between(&taken.range, &|opens| Edge::Range(opens, span, *no));
        }
        for except in of_connector.except.intervals() {
            between(&except, &|opens| Edge::Except(opens, *no));
        }
    }
    let mut cut = Cut::default();
    let mut open = Open::default();
    for (at, edges) in &edges {
        for edge in edges {
            open.pass(edge);
        }
        let taken = open.taken_by();
        if cut.takes.last() != Some(&taken) {
            cut.begins.push(narrow(*at));
            cut.takes.push(taken);
        }
    }
    cut
}
