//! Whether a list may be taken: refused where it cannot be true, held where it changes too much to be
//! taken unseen. Pure.

use mailward_model::IpRange;

use crate::{RANGES_MAX, RangeSet};

/// The shortest prefixes one range may have. No sender has more than a /8 of IPv4; the largest
/// published range is a /14. Registries give providers IPv6 /19 at most.
const V4_PREFIX_MIN: u32 = 8;
const V6_PREFIX_MIN: u32 = 19;
/// Addresses of IPv4 that all ranges together may have: a sixteenth of all there are. So a list of
/// many /8 is not everybody either.
const V4_ADDRESSES_MAX: u64 = 1 << 28;
/// The same of IPv6: eight of the largest ranges.
const V6_ADDRESSES_MAX: u128 = 1 << (128 - V6_PREFIX_MIN + 3);
/// A list with less than this part of the addresses of before is held.
const SHRINK: (u128, u128) = (1, 2);
/// A list with more than so many times the addresses of before is held.
const GROWTH: u128 = 2;
/// A list that leaves out more than this part, in hundredths, is held.
const REMOVED_PERCENT: u128 = 30;

/// Why a list is not taken, whatever was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody is in it.
    #[error("the list is empty, and an empty list would refuse every sender")]
    Empty,
    /// More ranges than are kept.
    #[error("the list has {found} ranges, the limit is {RANGES_MAX}")]
    TooMany {
        /// How many.
        found: usize,
    },
    /// One range is too wide to be a sender's.
    #[error(
        "{range} is wider than /{V4_PREFIX_MIN} of IPv4 or /{V6_PREFIX_MIN} of IPv6: it would let in nearly everybody"
    )]
    TooWide {
        /// The range.
        range: IpRange,
    },
    /// All together are too wide.
    #[error("all ranges together would let in nearly everybody: {addresses}")]
    TooMuch {
        /// How many, in words.
        addresses: String,
    },
}

fn too_wide(range: &IpRange) -> bool {
    let (width, least) = match range.first().is_ipv4() {
        true => (32, V4_PREFIX_MIN),
        false => (128, V6_PREFIX_MIN),
    };
    range.span() >= 1 << (width - least)
}

/// Looks whether a list can be true at all.
///
/// # Errors
/// [`Refusal`]; the list that is in force stays.
pub fn check(ranges: &[IpRange]) -> Result<(), Refusal> {
    if ranges.is_empty() {
        return Err(Refusal::Empty);
    }
    if ranges.len() > RANGES_MAX {
        let found = ranges.len();
        return Err(Refusal::TooMany { found });
    }
    if let Some(range) = ranges.iter().find(|range| too_wide(range)) {
        return Err(Refusal::TooWide { range: *range });
    }
    let set: RangeSet = ranges.iter().collect();
    let (v4, v6) = (set.v4_addresses(), set.v6_addresses());
    if v4 > V4_ADDRESSES_MAX {
        let addresses = format!("{v4} addresses of IPv4, the limit is {V4_ADDRESSES_MAX}");
        return Err(Refusal::TooMuch { addresses });
    }
    if v6 > V6_ADDRESSES_MAX {
        let addresses = format!("more than 8 times an IPv6 /{V6_PREFIX_MIN}");
        return Err(Refusal::TooMuch { addresses });
    }
    Ok(())
}

/// Why a change is too large to be taken unseen; `None` where it is not.
pub fn weigh(before: &RangeSet, after: &RangeSet) -> Option<String> {
    let gone = before.minus(after);
    let families = [
        (
            "IPv4",
            before.v4_addresses().into(),
            after.v4_addresses().into(),
            gone.v4_addresses().into(),
        ),
        (
            "IPv6",
            before.v6_addresses(),
            after.v6_addresses(),
            gone.v6_addresses(),
        ),
    ];
    families
        .into_iter()
        .find_map(|(family, before, after, gone)| weigh_family(family, before, after, gone))
}

fn weigh_family(family: &str, before: u128, after: u128, gone: u128) -> Option<String> {
    if before == 0 {
        return (after > 0).then(|| format!("it has {family} ranges, and had none before"));
    }
    let times = after as f64 / before as f64;
    let (part, of) = SHRINK;
    if after.saturating_mul(of) < before.saturating_mul(part) {
        return Some(format!(
            "it has {times:.2} times the {family} addresses of before; less than half is held"
        ));
    }
    if after > before.saturating_mul(GROWTH) {
        return Some(format!(
            "it has {times:.2} times the {family} addresses of before; more than {GROWTH} times is held"
        ));
    }
    // By parts: a product of IPv6 numbers would not fit.
    let percent = gone as f64 * 100.0 / before as f64;
    (percent > REMOVED_PERCENT as f64).then(|| {
        format!(
            "it removes {percent:.0} % of the {family} addresses of before; more than {REMOVED_PERCENT} % is held"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(texts: &[&str]) -> Vec<IpRange> {
        texts.iter().map(|r| r.parse().unwrap()).collect()
    }

    #[track_caller]
    fn refused(texts: &[&str], part: &str) {
        let error = check(&ranges(texts)).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn a_list_that_cannot_be_true_is_refused() {
        refused(&[], "empty");
        refused(&["192.0.2.0/24", "0.0.0.0/0"], "0.0.0.0/0 is wider");
        refused(&["::/0"], "::/0 is wider");
        refused(&["0.0.0.0-223.255.255.255"], "wider than /8");
        refused(&["40.0.0.0/7"], "40.0.0.0/7 is wider");
        let eights: Vec<String> = (1..=17).map(|n| format!("{n}.0.0.0/8")).collect();
        let eights: Vec<&str> = eights.iter().map(String::as_str).collect();
        refused(&eights, "all ranges together");
        let nineteens: Vec<String> = (0..9u32).map(|n| format!("2a{n:02x}::/19")).collect();
        let nineteens: Vec<&str> = nineteens.iter().map(String::as_str).collect();
        refused(&nineteens, "IPv6 /19");
        let many = vec![ranges(&["192.0.2.1"])[0]; RANGES_MAX + 1];
        assert!(
            check(&many)
                .unwrap_err()
                .to_string()
                .contains("the limit is")
        );
        check(&ranges(&["40.0.0.0/8", "2a01:111:f400::/48"])).unwrap();
    }

    #[track_caller]
    fn weighed(before: &[&str], after: &[&str], expect: Option<&str>) {
        let set = |texts: &[&str]| ranges(texts).into_iter().collect::<RangeSet>();
        let because = weigh(&set(before), &set(after));
        match (&because, expect) {
            (Some(because), Some(part)) => assert!(because.contains(part), "{because}"),
            (None, None) => {}
            _ => panic!("{because:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn a_large_change_is_held() {
        weighed(&["10.0.0.0/16"], &["10.0.0.0/16"], None);
        weighed(&["10.0.0.0/16"], &["10.0.0.0/15"], None);
        weighed(&["10.0.0.0/16"], &["10.0.0.0/14"], Some("4.00 times"));
        weighed(&["10.0.0.0/16"], &["10.0.0.0/18"], Some("less than half"));
        weighed(&["10.0.0.0/16"], &["10.0.0.0/17"], Some("removes 50 %"));
        weighed(
            &["10.0.0.0/16"],
            &["11.0.0.0/16"],
            Some("removes 100 % of the IPv4"),
        );
        let (all, most) = (["10.0.0.0/16", "10.1.0.0/17"], ["10.0.0.0/16"]);
        weighed(&all, &most, Some("removes 33 %"));
        weighed(&["10.0.0.0/16", "10.1.0.0/18"], &most, None);
        weighed(
            &["10.0.0.0/16"],
            &["10.0.0.0/16", "2001:db8::/32"],
            Some("had none"),
        );
        weighed(&["2001:db8::/32"], &["2001:db8::/30"], Some("IPv6"));
    }
}
