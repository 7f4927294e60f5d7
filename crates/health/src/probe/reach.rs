//! Whose fault it is that no connection to an address of this node's own comes about: the component's,
//! or that of the host's network around it. The kernel takes connections by itself, long before a
//! program sees them; where its own list says that the socket listens and nobody waits at it, a
//! connection that got no answer never came there. A rule of a firewall and an address that is gone
//! are not cured by a restart.
//!
//! Never here: what follows from it, and anything of hosts elsewhere.

use std::{
    io::{self, Read},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use mailward_model::Decision;

use super::{Found, found::Verdict};
use crate::Cause;

/// Octets of the kernel's list that are read: listening sockets stand first in it.
const LIST_OCTETS_MAX: u64 = 1 << 20;
/// The state of a listening socket in it.
const LISTENING: &str = "0A";

/// How an attempt to connect ended without a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// No answer at all.
    Silent,
    /// It was refused.
    Refused,
    /// There is no way there, or none that this process may take.
    NoWay,
    /// The address that the connection should come from is not this host's.
    NoSource,
}

/// What the kernel's list says of the socket that should have taken the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Socket {
    /// The list could not be read.
    Unknown,
    /// None listens there.
    Absent,
    /// One listens; so many connections wait there that no program has taken yet.
    Listens { waiting: u64 },
}

impl Attempt {
    /// Reads an error of connecting; `None` where it tells nothing about the way.
    pub(super) fn read(error: &io::Error) -> Option<Attempt> {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(Attempt::Refused),
            io::ErrorKind::TimedOut => Some(Attempt::Silent),
            // A firewall of this host tells a local program that the packet was not permitted.
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::HostUnreachable => Some(Attempt::NoWay),
            _ => None,
        }
    }
}

/// The class of the cause, with the reason: `None` where the component itself is to blame, or may be.
pub(super) fn blame(attempt: Attempt, socket: Socket) -> Decision<Option<Cause>> {
    let network = |because: &str| Decision::plain(Some(Cause::Network), because);
    match (attempt, socket) {
        (Attempt::NoWay, _) => network("this host lets nothing through to its own address"),
        (Attempt::NoSource, _) => {
            network("the loopback address that the probe comes from is not this host's")
        }
        (Attempt::Silent, Socket::Listens { waiting: 0 }) => network(
            "the socket listens and nobody waits at it, so the connection was dropped on its way there: \
             a firewall of this host",
        ),
        (Attempt::Refused, Socket::Listens { waiting: 0 }) => network(
            "the socket listens and nobody waits at it, so something on the way there refused it: \
             a firewall of this host",
        ),
        (_, Socket::Listens { waiting }) => Decision::plain(
            None,
            format!("{waiting} connections wait there that are not taken"),
        ),
        (_, Socket::Absent) => Decision::plain(None, "no socket listens there"),
        (_, Socket::Unknown) => {
            Decision::plain(None, "whether a socket listens there is not known")
        }
    }
}

/// The finding of an attempt to connect to an address of this node's own.
pub(super) async fn unmet(address: SocketAddr, attempt: Attempt, text: String) -> Found {
    // Reading the list takes the kernel's time, and more where there are many connections.
    let socket = tokio::task::spawn_blocking(move || socket(address)).await;
    let decision = blame(attempt, socket.unwrap_or(Socket::Unknown));
    let verdict = match attempt {
        Attempt::Silent => Verdict::Timeout,
        _ => Verdict::Fail,
    };
    let found = Found::new(verdict, format!("{text}; {}", decision.because));
    match decision.chosen {
        Some(cause) => found.of(cause),
        None => found,
    }
}

/// What the kernel says of the socket at an address. Blocks.
fn socket(address: SocketAddr) -> Socket {
    let lists = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(read);
    // A host without IPv6 has no second list.
    let [Ok(four), six] = lists else {
        return Socket::Unknown;
    };
    let six = six.unwrap_or_default();
    let rows = four.lines().chain(six.lines());
    let waiting = rows.filter_map(|row| waiting_at(row, address)).max();
    waiting.map_or(Socket::Absent, |waiting| Socket::Listens { waiting })
}

fn read(path: &str) -> io::Result<String> {
    let mut octets = Vec::new();
    std::fs::File::open(path)?
        .take(LIST_OCTETS_MAX)
        .read_to_end(&mut octets)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// How many connections wait at the socket of a row of proc(5)'s `net/tcp`, where it is one that
/// listens at this address: `sl local remote state tx:rx …`, in hexadecimal. For a socket that
/// listens, `rx` counts the connections that wait.
fn waiting_at(row: &str, address: SocketAddr) -> Option<u64> {
    let mut words = row.split_ascii_whitespace().skip(1);
    let (local, state) = (words.next()?, words.nth(1)?);
    let queues = words.next()?;
    if state != LISTENING {
        return None;
    }
    let (ip, port) = local.split_once(':')?;
    if u16::from_str_radix(port, 16).ok()? != address.port() {
        return None;
    }
    let ip = ip_of(ip)?;
    let takes = ip == address.ip()
        || match ip {
            IpAddr::V4(ip) => ip.is_unspecified() && address.is_ipv4(),
            // One that listens at every address of IPv6 takes those of IPv4 too, as a rule.
            IpAddr::V6(ip) => ip.is_unspecified(),
        };
    let (_, waiting) = queues.split_once(':')?;
    takes
        .then(|| u64::from_str_radix(waiting, 16).ok())
        .flatten()
}

/// An address as the kernel writes it: in words of 32 bits, each in the byte order of this machine.
fn ip_of(hex: &str) -> Option<IpAddr> {
    let word = |from: usize| {
        let word = hex.get(from..from + 8)?;
        u32::from_str_radix(word, 16).ok().map(u32::to_ne_bytes)
    };
    match hex.len() {
        8 => word(0).map(|octets| Ipv4Addr::from(octets).into()),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let octets: Vec<u8> = words.concat();
            let octets: [u8; 16] = octets.try_into().ok()?;
            Some(Ipv6Addr::from(octets).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_restart_could_cure_is_told_from_a_wedge() {
        use Attempt::{NoSource, NoWay, Refused, Silent};
        let free = Socket::Listens { waiting: 0 };
        let full = Socket::Listens { waiting: 129 };
        for (attempt, socket, network) in [
            (Silent, free, true),
            (Silent, full, false),
            (Silent, Socket::Absent, false),
            (Silent, Socket::Unknown, false),
            (Refused, free, true),
            (Refused, full, false),
            (Refused, Socket::Absent, false),
            (Refused, Socket::Unknown, false),
            (NoWay, full, true),
            (NoWay, Socket::Unknown, true),
            (NoSource, Socket::Absent, true),
        ] {
            let decision = blame(attempt, socket);
            assert_eq!(
                decision.chosen,
                network.then_some(Cause::Network),
                "{attempt:?} {socket:?}"
            );
            assert!(!decision.because.is_empty());
        }
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn a_row_of_the_kernel_s_list_is_read() {
        let row = |local: &str, state: &str, waiting: &str| {
            format!(
                "   3: {local} 00000000:0000 {state} 00000000:{waiting} 00:00000000 00000000 0 0 77"
            )
        };
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let six = "00000000000000000000000001000000:0019";
        let any = "00000000000000000000000000000000:0019";
        for (row, address, waiting) in [
            (
                row("0100007F:0019", "0A", "00000000"),
                "127.0.0.1:25",
                Some(0),
            ),
            (
                row("0100007F:0019", "0A", "00000081"),
                "127.0.0.1:25",
                Some(129),
            ),
            (row("0100007F:0019", "01", "00000000"), "127.0.0.1:25", None),
            (row("0100007F:001A", "0A", "00000000"), "127.0.0.1:25", None),
            (row("0200007F:0019", "0A", "00000000"), "127.0.0.1:25", None),
            (
                row("00000000:0019", "0A", "00000002"),
                "127.0.0.1:25",
                Some(2),
            ),
            (row("00000000:0019", "0A", "00000000"), "[::1]:25", None),
            (row(six, "0A", "00000003"), "[::1]:25", Some(3)),
            (row(any, "0A", "00000000"), "[::1]:25", Some(0)),
            (row(any, "0A", "00000000"), "127.0.0.1:25", Some(0)),
        ] {
            assert_eq!(waiting_at(&row, at(address)), waiting, "{row} {address}");
        }
        assert_eq!(
            waiting_at("  sl  local_address rem_address", at("127.0.0.1:25")),
            None
        );
        assert_eq!(waiting_at("", at("127.0.0.1:25")), None);
    }

    #[test]
    fn the_kernel_knows_who_waits_at_a_socket() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(socket(address), Socket::Listens { waiting: 0 });
        let clients = [(); 3].map(|()| std::net::TcpStream::connect(address).unwrap());
        assert_eq!(socket(address), Socket::Listens { waiting: 3 });
        drop((listener, clients));
        assert_eq!(socket(address), Socket::Absent);
    }
}
