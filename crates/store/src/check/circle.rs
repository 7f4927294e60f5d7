//! Circles among those who stand for others: each told once, whichever object one begins to look from.
//!
//! Circles that share an object are one knot, and a knot is told by its last object: the shortest way
//! from it back to it. Nodes are numbers in the order of the objects; what they are is the caller's.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// A knot of circles.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Knot {
    /// Everybody in it.
    pub(super) nodes: BTreeSet<u64>,
    /// The shortest way from the last one's next back to it: `next, …, last, next`.
    pub(super) way: Vec<u64>,
}

impl Knot {
    /// The node it is told of.
    pub(super) fn last(&self) -> Option<u64> {
        self.nodes.last().copied()
    }
}

/// Every knot that can be reached from `starts`. `onward` says where a node leads to.
pub(super) fn knots(
    starts: impl IntoIterator<Item = u64>,
    onward: impl Fn(u64) -> Vec<u64>,
) -> Vec<Knot> {
    let of = |nodes: BTreeSet<u64>| {
        let way = way_back(*nodes.last()?, &nodes, &onward)?;
        Some(Knot { nodes, way })
    };
    let mut knots: Vec<Knot> = components(starts, &onward)
        .into_iter()
        .filter_map(of)
        .collect();
    knots.sort_by_key(Knot::last);
    knots
}

/// Those that lead to each other, of everybody that can be reached from `starts`; whoever leads to
/// others comes behind them.
pub(crate) fn components(
    starts: impl IntoIterator<Item = u64>,
    onward: impl Fn(u64) -> Vec<u64>,
) -> Vec<BTreeSet<u64>> {
    let mut walk = Walk {
        onward,
        found: HashMap::new(),
        open: Vec::new(),
        is_open: HashSet::new(),
        closed: Vec::new(),
    };
    for start in starts {
        if !walk.found.contains_key(&start) {
            walk.from(start);
        }
    }
    walk.closed
}

/// Tarjan's walk, over a stack of its own: a chain may be as long as there are objects.
struct Walk<F> {
    onward: F,
    /// When a node was found, and the earliest open one that it leads back to.
    found: HashMap<u64, (usize, usize)>,
    open: Vec<u64>,
    is_open: HashSet<u64>,
    closed: Vec<BTreeSet<u64>>,
}

impl<F: Fn(u64) -> Vec<u64>> Walk<F> {
    fn from(&mut self, start: u64) {
        let mut path = vec![(start, self.enter(start))];
        while let Some((node, waiting)) = path.last_mut() {
            let node = *node;
            match waiting.pop() {
                Some(next) => match self.found.get(&next).copied() {
                    None => path.push((next, self.enter(next))),
                    Some((at, _)) if self.is_open.contains(&next) => self.leads_to(node, at),
                    Some(_) => {}
                },
                None => {
                    path.pop();
                    let (at, earliest) = self.found.get(&node).copied().unwrap_or_default();
                    if at == earliest {
                        self.close(node);
                    } else if let Some((before, _)) = path.last() {
                        self.leads_to(*before, earliest);
                    }
                }
            }
        }
    }

    fn enter(&mut self, node: u64) -> Vec<u64> {
        let at = self.found.len();
        self.found.insert(node, (at, at));
        self.open.push(node);
        self.is_open.insert(node);
        (self.onward)(node)
    }

    fn leads_to(&mut self, node: u64, at: usize) {
        if let Some((_, earliest)) = self.found.get_mut(&node) {
            *earliest = at.min(*earliest);
        }
    }

    /// Everything that was found behind a node, and leads back to it, belongs together.
    fn close(&mut self, node: u64) {
        let mut nodes = BTreeSet::new();
        while let Some(open) = self.open.pop() {
            self.is_open.remove(&open);
            nodes.insert(open);
            if open == node {
                break;
            }
        }
        self.closed.push(nodes);
    }
}

/// The shortest way from a node back to it; `None` where it stands alone.
fn way_back(
    last: u64,
    nodes: &BTreeSet<u64>,
    onward: impl Fn(u64) -> Vec<u64>,
) -> Option<Vec<u64>> {
    let mut from: HashMap<u64, u64> = HashMap::new();
    let mut waiting = VecDeque::from([last]);
    while let Some(node) = waiting.pop_front() {
        let mut next = onward(node);
        next.retain(|next| nodes.contains(next));
        next.sort_unstable();
        if next.contains(&last) {
            let mut way = vec![last];
            let mut at = node;
            while at != last {
                way.push(at);
                at = *from.get(&at)?;
            }
            way.reverse();
            way.push(*way.first()?);
            return Some(way);
        }
        for next in next {
            if next != last && !from.contains_key(&next) {
                from.insert(next, node);
                waiting.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ways: &[(u64, &[u64])], expect: &[&[u64]]) {
        let ways: HashMap<u64, Vec<u64>> =
            ways.iter().map(|(from, to)| (*from, to.to_vec())).collect();
        let onward = |node| ways.get(&node).cloned().unwrap_or_default();
        let mut starts: Vec<u64> = ways.keys().copied().collect();
        for _ in 0..starts.len() {
            starts.rotate_left(1);
            let found = knots(starts.iter().copied(), onward);
            let found: Vec<_> = found.iter().map(|knot| knot.way.as_slice()).collect();
            assert_eq!(found, expect);
        }
    }

    #[test]
    fn circles_are_told_by_their_last() {
        check(
            &[(1, &[2, 9]), (2, &[3]), (3, &[1]), (4, &[1, 2, 3])],
            &[&[1, 2, 3, 1]],
        );
        check(&[(1, &[1])], &[&[1, 1]]);
        check(&[(1, &[2]), (2, &[3]), (3, &[])], &[]);
    }

    #[test]
    fn whoever_leads_to_others_comes_behind_them() {
        let ways: HashMap<u64, Vec<u64>> =
            [(0, vec![3]), (1, vec![2]), (2, vec![1, 3]), (4, vec![0, 1])].into();
        let onward = |node| ways.get(&node).cloned().unwrap_or_default();
        let found = components(0..5, onward);
        let expect = [vec![3], vec![0], vec![1, 2], vec![4]];
        assert_eq!(found, expect.map(BTreeSet::from_iter));
    }

    #[test]
    fn circles_that_touch_are_one_knot() {
        check(&[(1, &[2]), (2, &[1, 3]), (3, &[2])], &[&[2, 3, 2]]);
        check(
            &[(1, &[2]), (2, &[1]), (3, &[4, 1]), (4, &[3])],
            &[&[1, 2, 1], &[3, 4, 3]],
        );
    }
}
