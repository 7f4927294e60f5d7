//! Addresses of hosts: ranges of them, and bindings.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use crate::address::text_form;

/// A contiguous range of addresses of one family, first and last included.
///
/// Written as a single address, CIDR (host bits are tolerated, as Exchange does) or `first-last`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct IpRange {
    first: IpAddr,
    last: IpAddr,
}

/// Why a text is not a range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IpRangeError {
    /// A part of it is not an address.
    #[error("{0:?} is not an IPv4 or IPv6 address")]
    Address(String),
    /// The prefix length is not a number or too large for the family.
    #[error("{0:?} is not a prefix length: IPv4 has 0 to 32, IPv6 0 to 128")]
    Prefix(String),
    /// First and last are of different families, or in the wrong order.
    #[error("{0}-{1} is not a range: both ends must be of one family, the lower one first")]
    Ends(IpAddr, IpAddr),
}

impl IpRange {
    /// All of IPv4.
    pub const ALL_V4: IpRange = IpRange {
        first: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        last: IpAddr::V4(Ipv4Addr::BROADCAST),
    };
    /// All of IPv6.
    pub const ALL_V6: IpRange = IpRange {
        first: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        last: IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)),
    };

    /// A range from its ends.
    ///
    /// # Errors
    /// [`IpRangeError::Ends`] where the families differ or `last` is below `first`.
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, IpRangeError> {
        if first.is_ipv4() != last.is_ipv4() || first > last {
            return Err(IpRangeError::Ends(first, last));
        }
        Ok(IpRange { first, last })
    }

    /// The lowest address.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The highest address.
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// True where the address lies in the range. An IPv4-mapped IPv6 address counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && self.first <= address && address <= self.last
    }

    /// How many addresses the range has, less one; so that all of IPv6 fits.
    pub fn span(&self) -> u128 {
        bits(self.last) - bits(self.first)
    }

    /// True where every address of `other` lies in `self`.
    pub fn covers(&self, other: &IpRange) -> bool {
        self.contains(other.first) && self.contains(other.last)
    }

    /// True where the two share an address.
    pub fn overlaps(&self, other: &IpRange) -> bool {
        self.first.is_ipv4() == other.first.is_ipv4()
            && self.first <= other.last
            && other.first <= self.last
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u128::from(a.to_bits()),
        IpAddr::V6(a) => a.to_bits(),
    }
}

fn address(text: &str) -> Result<IpAddr, IpRangeError> {
    // A zone id names an interface, not an address; Exchange tolerates it in ranges.
    let bare = text.trim().split('%').next().unwrap_or_default();
    let bare = bare
        .strip_prefix('[')
        .and_then(|b| b.strip_suffix(']'))
        .unwrap_or(bare);
    bare.parse::<IpAddr>()
        .map(|a| a.to_canonical())
        .map_err(|_| IpRangeError::Address(text.to_owned()))
}

impl FromStr for IpRange {
    type Err = IpRangeError;

    fn from_str(text: &str) -> Result<Self, IpRangeError> {
        if let Some((first, last)) = text.split_once('-') {
            return IpRange::new(address(first)?, address(last)?);
        }
        let Some((base, prefix)) = text.split_once('/') else {
            let one = address(text)?;
            return IpRange::new(one, one);
        };
        let base = address(base)?;
        let width: u32 = if base.is_ipv4() { 32 } else { 128 };
        let length: u32 = prefix
            .trim()
            .parse()
            .ok()
            .filter(|length| *length <= width)
            .ok_or_else(|| IpRangeError::Prefix(prefix.to_owned()))?;
        let host = u128::MAX
            .checked_shl(width - length)
            .map_or(u128::MAX, |mask| !mask);
        let (low, high) = (bits(base) & !host, bits(base) | host);
        let rebuild = |bits: u128| match base {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(bits as u32)),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(bits)),
        };
        IpRange::new(rebuild(low), rebuild(high))
    }
}

impl fmt::Display for IpRange {
    /// As CIDR where the range is one, else a single address or `first-last`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return write!(f, "{}", self.first);
        }
        let size_less_one = self.span();
        let is_block = size_less_one & size_less_one.wrapping_add(1) == 0
            && bits(self.first) & size_less_one == 0;
        if is_block {
            let width = if self.first.is_ipv4() { 32 } else { 128 };
            return write!(f, "{}/{}", self.first, width - size_less_one.count_ones());
        }
        write!(f, "{}-{}", self.first, self.last)
    }
}

text_form!(IpRange, "ip-range");

/// An address and port a connector listens on. `:25` and `*:25` stand for all addresses of both
/// families.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Binding {
    /// `None` listens on every address of both families.
    pub ip: Option<IpAddr>,
    /// The port; 0 lets the system choose one (tests and the demo).
    pub port: u16,
}

/// A text that is not a binding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a binding: write 192.0.2.1:25, [2001:db8::1]:25, or :25 for all addresses")]
pub struct BindingError(String);

impl Binding {
    /// True where a connection to `local` arrives at this binding.
    pub fn takes(&self, local: SocketAddr) -> bool {
        let ip = local.ip().to_canonical();
        self.port == local.port()
            && self.ip.is_none_or(|bound| {
                bound == ip || (bound.is_unspecified() && bound.is_ipv4() == ip.is_ipv4())
            })
    }

    /// True for a binding to one address, which wins over a binding to all of them.
    pub fn is_exact(&self) -> bool {
        self.ip.is_some_and(|ip| !ip.is_unspecified())
    }

    /// True where two bindings take the same connections with the same preference. Port 0 is another
    /// port each time.
    pub fn takes_same(&self, other: &Binding) -> bool {
        if self.port != other.port || self.port == 0 || self.is_exact() != other.is_exact() {
            return false;
        }
        if self.is_exact() {
            return self.ip.map(|ip| ip.to_canonical()) == other.ip.map(|ip| ip.to_canonical());
        }
        let takes = |binding: &Binding, v4: bool| binding.ip.is_none_or(|ip| ip.is_ipv4() == v4);
        [true, false]
            .into_iter()
            .any(|v4| takes(self, v4) && takes(other, v4))
    }

    /// The socket addresses to listen on.
    pub fn sockets(&self) -> Vec<SocketAddr> {
        match self.ip {
            Some(ip) => vec![SocketAddr::new(ip, self.port)],
            None => vec![
                SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), self.port),
                SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), self.port),
            ],
        }
    }
}

impl FromStr for Binding {
    type Err = BindingError;

    fn from_str(text: &str) -> Result<Self, BindingError> {
        let fail = || BindingError(text.to_owned());
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(Binding {
                ip: Some(socket.ip()),
                port: socket.port(),
            });
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(fail)?;
        if !host.is_empty() && host != "*" {
            return Err(fail());
        }
        Ok(Binding {
            ip: None,
            port: port.parse().map_err(|_| fail())?,
        })
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            Some(ip) => SocketAddr::new(ip, self.port).fmt(f),
            None => write!(f, ":{}", self.port),
        }
    }
}

text_form!(Binding, "binding");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(input: &str, expect: Result<&str, &str>) {
        match (input.parse::<IpRange>(), expect) {
            (Ok(range), Ok(text)) => assert_eq!(range.to_string(), text, "{input}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, expect) => panic!("{input:?}: got {got:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn ranges() {
        check("192.0.2.7", Ok("192.0.2.7"));
        check("192.0.2.7/24", Ok("192.0.2.0/24"));
        check("0.0.0.0/0", Ok("0.0.0.0/0"));
        check("::/0", Ok("::/0"));
        check("192.0.2.0-192.0.2.255", Ok("192.0.2.0/24"));
        check("192.0.2.1 - 192.0.2.9", Ok("192.0.2.1-192.0.2.9"));
        check("2001:db8::1/32", Ok("2001:db8::/32"));
        check("fe80::1%eth0", Ok("fe80::1"));
        check("::ffff:192.0.2.1", Ok("192.0.2.1"));
        check("192.0.2.9-192.0.2.1", Err("lower one first"));
        check("192.0.2.1-2001:db8::1", Err("one family"));
        check("192.0.2.0/33", Err("prefix length"));
        check("example.org", Err("not an IPv4"));
    }

    #[test]
    fn bindings() {
        let all: Binding = ":25".parse().unwrap();
        assert!(
            all.takes("192.0.2.1:25".parse().unwrap()) && all.takes("[::1]:25".parse().unwrap())
        );
        let one: Binding = "192.0.2.1:25".parse().unwrap();
        assert!(one.is_exact() && !one.takes("192.0.2.2:25".parse().unwrap()));
        assert!(one.takes("[::ffff:192.0.2.1]:25".parse().unwrap()));
        assert!("25".parse::<Binding>().is_err() && "mail:25".parse::<Binding>().is_err());
    }

    proptest! {
        #[test]
        fn a_range_survives_printing(a: u32, b: u32) {
            let range = IpRange::new(Ipv4Addr::from_bits(a.min(b)).into(), Ipv4Addr::from_bits(a.max(b)).into()).unwrap();
            prop_assert_eq!(range.to_string().parse::<IpRange>().unwrap(), range);
        }

        #[test]
        fn cover_and_overlap_agree_with_membership(a: u8, b: u8, c: u8, d: u8) {
            let ip = |x: u8| IpAddr::V4(Ipv4Addr::new(192, 0, 2, x));
            let one = IpRange::new(ip(a.min(b)), ip(a.max(b))).unwrap();
            let two = IpRange::new(ip(c.min(d)), ip(c.max(d))).unwrap();
            let shared = (0..=255u8).filter(|x| one.contains(ip(*x)) && two.contains(ip(*x))).count();
            prop_assert_eq!(one.overlaps(&two), shared > 0);
            prop_assert_eq!(one.covers(&two), shared as u128 == two.span() + 1);
        }
    }
}
