//! A set of addresses as sorted intervals: asked by binary search, compared, cut into blocks.
//!
//! Invariant: intervals of a family are sorted, disjoint and do not touch; an IPv4-mapped IPv6
//! address counts as IPv4.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mailward_model::IpRange;

/// Addresses, as few intervals as possible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeSet {
    v4: Vec<Interval>,
    v6: Vec<Interval>,
}

/// First and last address, as numbers.
type Interval = (u128, u128);

/// The bits of an address, and whether it is one of IPv4.
pub(crate) fn bits(address: IpAddr) -> (bool, u128) {
    match address.to_canonical() {
        IpAddr::V4(ip) => (true, ip.to_bits().into()),
        IpAddr::V6(ip) => (false, ip.to_bits()),
    }
}

fn address(v4: bool, bits: u128) -> IpAddr {
    match v4 {
        // Of a range of IPv4, so it fits.
        true => IpAddr::V4(Ipv4Addr::from_bits(bits as u32)),
        false => IpAddr::V6(Ipv6Addr::from_bits(bits)),
    }
}

fn interval(range: &IpRange) -> (bool, Interval) {
    let (v4, first) = bits(range.first());
    (v4, (first, bits(range.last()).1))
}

/// `None` never: first and last are of one family and in order.
fn range(v4: bool, (first, last): Interval) -> Option<IpRange> {
    IpRange::new(address(v4, first), address(v4, last)).ok()
}

fn normal(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable();
    let mut kept: Vec<Interval> = Vec::with_capacity(intervals.len());
    for (first, last) in intervals {
        match kept.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => kept.push((first, last)),
        }
    }
    kept
}

/// What is in `from` and not in `out`; both normal.
fn without(from: &[Interval], out: &[Interval]) -> Vec<Interval> {
    let mut kept = Vec::new();
    let mut out = out.iter().copied().peekable();
    for &(first, last) in from {
        let mut first = Some(first);
        while let Some(&(cut_first, cut_last)) = out.peek()
            && let Some(at) = first
            && cut_first <= last
        {
            if cut_last < at {
                out.next();
                continue;
            }
            if cut_first > at {
                kept.push((at, cut_first - 1));
            }
            first = cut_last.checked_add(1).filter(|next| *next <= last);
            if cut_last <= last {
                out.next();
            } else {
                break;
            }
        }
        if let Some(at) = first {
            kept.push((at, last));
        }
    }
    kept
}

fn holds(intervals: &[Interval], bits: u128) -> bool {
    let behind = intervals.partition_point(|(first, _)| *first <= bits);
    let found = behind.checked_sub(1).and_then(|at| intervals.get(at));
    found.is_some_and(|(_, last)| bits <= *last)
}

fn size(intervals: &[Interval]) -> u128 {
    intervals.iter().fold(0, |sum: u128, (first, last)| {
        sum.saturating_add((last - first).saturating_add(1))
    })
}

/// Cuts an interval into CIDR blocks, the lowest first.
fn cut(v4: bool, (mut first, last): Interval, blocks: &mut Vec<IpRange>) {
    let width: u32 = if v4 { 32 } else { 128 };
    loop {
        let aligned = first.trailing_zeros().min(width);
        // Largest power of two that is aligned at `first` and does not go past `last`.
        let room = (last - first).checked_add(1);
        let fits = room.map_or(width, |room| 127 - room.leading_zeros());
        let host = aligned.min(fits);
        let end = first | 1u128.checked_shl(host).map_or(u128::MAX, |size| size - 1);
        blocks.extend(range(v4, (first, end)));
        match end.checked_add(1) {
            Some(next) if next <= last => first = next,
            _ => return,
        }
    }
}

impl RangeSet {
    /// True where the address is in the set. Neither allocates nor scans.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (v4, bits) = bits(address);
        holds(self.family(v4), bits)
    }

    fn family(&self, v4: bool) -> &[Interval] {
        if v4 { &self.v4 } else { &self.v6 }
    }

    /// True where no address is in it.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// How many IPv4 addresses are in it.
    pub fn v4_addresses(&self) -> u64 {
        u64::try_from(size(&self.v4)).unwrap_or(u64::MAX)
    }

    /// How many IPv6 addresses are in it; the largest number where they are all.
    pub fn v6_addresses(&self) -> u128 {
        size(&self.v6)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn minus(&self, other: &RangeSet) -> RangeSet {
        RangeSet {
            v4: without(&self.v4, &other.v4),
            v6: without(&self.v6, &other.v6),
        }
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &RangeSet) -> RangeSet {
        let joined = |a: &[Interval], b: &[Interval]| normal([a, b].concat());
        RangeSet {
            v4: joined(&self.v4, &other.v4),
            v6: joined(&self.v6, &other.v6),
        }
    }

    /// The intervals, IPv4 first, lowest first.
    pub fn intervals(&self) -> impl Iterator<Item = IpRange> {
        let v4 = self.v4.iter().filter_map(|one| range(true, *one));
        v4.chain(self.v6.iter().filter_map(|one| range(false, *one)))
    }

    /// The same as CIDR blocks, as few as possible.
    pub fn blocks(&self) -> Vec<IpRange> {
        let mut blocks = Vec::new();
        for (v4, intervals) in [(true, &self.v4), (false, &self.v6)] {
            for one in intervals {
                cut(v4, *one, &mut blocks);
            }
        }
        blocks
    }
}

impl<'a> FromIterator<&'a IpRange> for RangeSet {
    fn from_iter<I: IntoIterator<Item = &'a IpRange>>(ranges: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (is_v4, one) in ranges.into_iter().map(interval) {
            if is_v4 { &mut v4 } else { &mut v6 }.push(one);
        }
        RangeSet {
            v4: normal(v4),
            v6: normal(v6),
        }
    }
}

impl FromIterator<IpRange> for RangeSet {
    fn from_iter<I: IntoIterator<Item = IpRange>>(ranges: I) -> Self {
        let ranges: Vec<IpRange> = ranges.into_iter().collect();
        ranges.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(ranges: &[&str]) -> RangeSet {
        ranges
            .iter()
            .map(|r| r.parse::<IpRange>().unwrap())
            .collect()
    }

    fn texts(set: &RangeSet) -> Vec<String> {
        set.blocks().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sets_are_merged_and_cut_into_blocks() {
        let one = set(&[
            "192.0.2.128/25",
            "192.0.2.0/25",
            "192.0.2.7",
            "2001:db8::/48",
        ]);
        assert_eq!(texts(&one), ["192.0.2.0/24", "2001:db8::/48"]);
        assert_eq!(texts(&set(&["0.0.0.0/0", "::/0"])), ["0.0.0.0/0", "::/0"]);
        assert_eq!(set(&["::/0"]).v6_addresses(), u128::MAX);
        assert_eq!(set(&["0.0.0.0/0"]).v4_addresses(), 1 << 32);
        assert_eq!(
            texts(&set(&["10.0.0.1-10.0.0.6"])),
            ["10.0.0.1", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6"]
        );
        let rest = set(&["40.92.0.0/14"]).minus(&set(&["40.92.0.0/15"]));
        assert_eq!(texts(&rest), ["40.94.0.0/15"]);
        assert!(one.contains("::ffff:192.0.2.9".parse().unwrap()));
        assert!(set(&["0.0.0.0/0"]).minus(&set(&["0.0.0.0/0"])).is_empty());
        assert!(set(&["::/0"]).minus(&set(&["::/0"])).is_empty());
    }

    /// A range within a few addresses around the ends of both families.
    fn ranges() -> impl Strategy<Value = Vec<IpRange>> {
        let one = (any::<bool>(), any::<bool>(), 0u8..24, 0u8..24).prop_map(|(v4, high, a, b)| {
            let (low, up) = (u128::from(a.min(b)), u128::from(a.max(b)));
            let top = if v4 { u128::from(u32::MAX) } else { u128::MAX };
            let (first, last) = if high {
                (top - up, top - low)
            } else {
                (low, up)
            };
            // Below ::/96 nothing is IPv4-mapped.
            IpRange::new(address(v4, first), address(v4, last)).unwrap()
        });
        prop::collection::vec(one, 0..8)
    }

    fn probes() -> Vec<IpAddr> {
        let near = (0..26u128).flat_map(|n| {
            [
                address(true, n),
                address(true, u128::from(u32::MAX) - n),
                address(false, n),
                address(false, u128::MAX - n),
            ]
        });
        near.collect()
    }

    proptest! {
        #[test]
        fn a_set_holds_what_one_of_its_ranges_holds(a in ranges(), b in ranges()) {
            let (one, two): (RangeSet, RangeSet) = (a.iter().collect(), b.iter().collect());
            let (less, both) = (one.minus(&two), one.union(&two));
            let blocks: RangeSet = one.blocks().iter().collect();
            prop_assert_eq!(&blocks, &one);
            for block in one.blocks() {
                // A block is written as CIDR or as one address.
                prop_assert!(!block.to_string().contains('-'), "{}", block);
            }
            for ip in probes() {
                let naive = |ranges: &[IpRange]| ranges.iter().any(|r| r.contains(ip));
                prop_assert_eq!(one.contains(ip), naive(&a));
                prop_assert_eq!(less.contains(ip), naive(&a) && !naive(&b));
                prop_assert_eq!(both.contains(ip), naive(&a) || naive(&b));
            }
            prop_assert_eq!(
                both.v4_addresses(),
                less.v4_addresses() + two.v4_addresses()
            );
        }
    }
}
