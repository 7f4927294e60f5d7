//! The PROXY protocol header, versions 1 and 2, that a load balancer sends before anything else.
//!
//! [`parse`] is given what has come so far and says how many octets the header has, or how many
//! more it needs to know; the octets behind it are not looked at. Which proxies are believed is the
//! connector's business. HAProxy's proxy-protocol.txt, 2.1 and 2.2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Octets of a version 1 header, CRLF included.
pub const V1_OCTETS_MAX: usize = 107;
/// Octets of a version 2 header: 16 before the addresses, and room for them and for the fields that
/// proxies add. The protocol would allow 65,551.
pub const V2_OCTETS_MAX: usize = 2048;

const V2_SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// What the proxy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The proxy speaks for itself (a health check of its own): the connection's addresses hold.
    Local,
    /// It forwards a connection.
    Forwarded {
        /// The client.
        client: SocketAddr,
        /// The address the client connected to.
        server: SocketAddr,
    },
    /// It forwards something whose addresses it does not know or cannot express.
    Unknown,
}

/// A header, read as far as it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The header has so many octets and says this.
    Complete {
        /// Its length.
        octets: usize,
        /// What it says.
        origin: Origin,
    },
    /// It is not complete. It has at least this many octets more, all of which belong to it.
    Needs(usize),
}

/// What came is no PROXY header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// It begins as neither version does.
    #[error("the connection does not begin with a PROXY protocol header")]
    Signature,
    /// A version 1 header without CRLF where it had to end, or with parts that are not addresses.
    #[error("the PROXY protocol header, version 1, is not valid")]
    V1,
    /// A version, command, family or length that version 2 does not define.
    #[error("the PROXY protocol header, version 2, is not valid")]
    V2,
}

/// Reads a header from the first octets of a connection.
///
/// # Errors
/// [`ProxyError`] as soon as no further octet could make it a header.
pub fn parse(input: &[u8]) -> Result<Progress, ProxyError> {
    let signature = V2_SIGNATURE
        .get(..input.len().min(12))
        .unwrap_or(V2_SIGNATURE);
    if input.starts_with(signature) && !input.is_empty() {
        return v2(input);
    }
    let prefix = b"PROXY ";
    if input.starts_with(prefix) {
        return v1(input);
    }
    if prefix.starts_with(input) {
        // The shortest header is `PROXY UNKNOWN` and CRLF.
        return Ok(Progress::Needs(15 - input.len()));
    }
    Err(ProxyError::Signature)
}

fn v1(input: &[u8]) -> Result<Progress, ProxyError> {
    let window = input.get(..V1_OCTETS_MAX).unwrap_or(input);
    let Some(line_feed) = memchr::memchr(b'\n', window) else {
        let complete = window.len() == V1_OCTETS_MAX || window.contains(&0);
        let wanted = if window.ends_with(b"\r") || input.len() >= 15 {
            1
        } else {
            15 - input.len()
        };
        return if complete {
            Err(ProxyError::V1)
        } else {
            Ok(Progress::Needs(wanted))
        };
    };
    let line = input
        .get(..line_feed)
        .and_then(|line| line.strip_suffix(b"\r"))
        .and_then(|line| std::str::from_utf8(line).ok())
        .ok_or(ProxyError::V1)?;
    let mut words = line.split(' ').skip(1);
    let mut word = || words.next().ok_or(ProxyError::V1);
    let octets = line_feed + 1;
    let family = word()?;
    if family == "UNKNOWN" {
        return Ok(Progress::Complete {
            octets,
            origin: Origin::Unknown,
        });
    }
    let mut ip = || -> Result<IpAddr, ProxyError> {
        let text = word()?;
        match family {
            "TCP4" => text
                .parse::<Ipv4Addr>()
                .map(IpAddr::V4)
                .map_err(|_| ProxyError::V1),
            "TCP6" => text
                .parse::<Ipv6Addr>()
                .map(IpAddr::V6)
                .map_err(|_| ProxyError::V1),
            _ => Err(ProxyError::V1),
        }
    };
    let (client, server) = (ip()?, ip()?);
    let mut port = || -> Result<u16, ProxyError> {
        let text = word()?;
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|_| is_number)
            .ok_or(ProxyError::V1)
    };
    let (client, server) = (
        SocketAddr::new(client, port()?),
        SocketAddr::new(server, port()?),
    );
    match word() {
        Ok(_) => Err(ProxyError::V1),
        Err(_) => Ok(Progress::Complete {
            octets,
            origin: Origin::Forwarded { client, server },
        }),
    }
}

fn v2(input: &[u8]) -> Result<Progress, ProxyError> {
    let Some((head, body)) = input.split_first_chunk::<16>() else {
        return Ok(Progress::Needs(16 - input.len()));
    };
    let [.., command, family, high, low] = *head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let octets = 16 + length;
    // The upper four bits are the version, the lower ones the command: LOCAL or PROXY.
    if !matches!(command, 0x20 | 0x21) || octets > V2_OCTETS_MAX {
        return Err(ProxyError::V2);
    }
    let Some(body) = body.get(..length) else {
        return Ok(Progress::Needs(length - body.len()));
    };
    let origin = match (command, family) {
        (0x20, _) => Origin::Local,
        // 0x11 is TCP over IPv4, 0x21 TCP over IPv6; datagrams and Unix sockets carry no SMTP.
        (_, 0x11) => {
            let (addresses, _) = body.split_first_chunk::<12>().ok_or(ProxyError::V2)?;
            let [a, b, c, d, e, f, g, h, ports @ ..] = *addresses;
            forwarded(Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h), ports)
        }
        (_, 0x21) => {
            let (client, rest) = body.split_first_chunk::<16>().ok_or(ProxyError::V2)?;
            let (server, rest) = rest.split_first_chunk::<16>().ok_or(ProxyError::V2)?;
            let (ports, _) = rest.split_first_chunk::<4>().ok_or(ProxyError::V2)?;
            forwarded(Ipv6Addr::from(*client), Ipv6Addr::from(*server), *ports)
        }
        _ => Origin::Unknown,
    };
    Ok(Progress::Complete { octets, origin })
}

fn forwarded(client: impl Into<IpAddr>, server: impl Into<IpAddr>, ports: [u8; 4]) -> Origin {
    let [a, b, c, d] = ports;
    Origin::Forwarded {
        client: SocketAddr::new(client.into(), u16::from_be_bytes([a, b])),
        server: SocketAddr::new(server.into(), u16::from_be_bytes([c, d])),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(input: &[u8], expect: Result<Progress, ProxyError>) {
        assert_eq!(parse(input), expect, "{:?}", String::from_utf8_lossy(input));
    }

    fn addresses(client: &str, server: &str) -> Origin {
        Origin::Forwarded {
            client: client.parse().unwrap(),
            server: server.parse().unwrap(),
        }
    }

    #[test]
    fn version_1() {
        let complete = |octets, origin| Ok(Progress::Complete { octets, origin });
        let line = b"PROXY TCP4 192.0.2.7 198.51.100.1 5000 25\r\nEHLO x\r\n";
        check(
            line,
            complete(43, addresses("192.0.2.7:5000", "198.51.100.1:25")),
        );
        let line = b"PROXY TCP6 2001:db8::7 ::1 5000 25\r\n";
        check(
            line,
            complete(36, addresses("[2001:db8::7]:5000", "[::1]:25")),
        );
        check(b"PROXY UNKNOWN\r\n", complete(15, Origin::Unknown));
        check(
            b"PROXY UNKNOWN ::1 anything\r\n",
            complete(28, Origin::Unknown),
        );
        check(b"", Ok(Progress::Needs(15)));
        check(b"PRO", Ok(Progress::Needs(12)));
        check(b"PROXY TCP4 192.0.2.7 ", Ok(Progress::Needs(1)));
        check(b"EHLO x\r\n", Err(ProxyError::Signature));
        for bad in [
            "PROXY TCP4 192.0.2.7 198.51.100.1 5000\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 5000 25 9\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 5000 25\n",
            "PROXY TCP4 ::1 ::1 5000 25\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 +1 25\r\n",
            "PROXY UDP4 192.0.2.7 198.51.100.1 1 25\r\n",
            "PROXY\u{20}\r\n",
        ] {
            check(bad.as_bytes(), Err(ProxyError::V1));
        }
        check(
            &[b"PROXY ".as_slice(), &[b'x'; 120]].concat(),
            Err(ProxyError::V1),
        );
    }

    #[test]
    fn version_2() {
        let header = |command: u8, family: u8, body: &[u8]| {
            let length = (body.len() as u16).to_be_bytes();
            [V2_SIGNATURE.as_slice(), &[command, family], &length, body].concat()
        };
        let v4 = [192, 0, 2, 7, 198, 51, 100, 1, 0x13, 0x88, 0, 25];
        let origin = addresses("192.0.2.7:5000", "198.51.100.1:25");
        check(
            &header(0x21, 0x11, &v4),
            Ok(Progress::Complete { octets: 28, origin }),
        );
        let with_fields = [v4.as_slice(), &[4, 0, 1, 0]].concat();
        check(
            &header(0x21, 0x11, &with_fields),
            Ok(Progress::Complete { octets: 32, origin }),
        );
        check(
            &header(0x20, 0, &[]),
            Ok(Progress::Complete {
                octets: 16,
                origin: Origin::Local,
            }),
        );
        let unix = [0; 216];
        let origin = Origin::Unknown;
        check(
            &header(0x21, 0x31, &unix),
            Ok(Progress::Complete {
                octets: 232,
                origin,
            }),
        );
        check(&header(0x21, 0x11, &v4[..8]), Err(ProxyError::V2));
        check(&header(0x31, 0x11, &v4), Err(ProxyError::V2));
        check(&header(0x22, 0x11, &v4), Err(ProxyError::V2));
        check(&header(0x21, 0x11, &[0; 2033]), Err(ProxyError::V2));
        check(&header(0x21, 0x11, &v4)[..20], Ok(Progress::Needs(8)));
        check(b"\r\n\r", Ok(Progress::Needs(13)));
    }

    proptest! {
        #[test]
        fn a_header_is_read_however_it_comes(client: u32, server: u32, ports: [u16; 2]) {
            let (client, server) = (Ipv4Addr::from_bits(client), Ipv4Addr::from_bits(server));
            let line = format!("PROXY TCP4 {client} {server} {} {}\r\n", ports[0], ports[1]);
            let mut read = 0;
            loop {
                match parse(&line.as_bytes()[..read]).unwrap() {
                    Progress::Needs(more) => {
                        prop_assert!(more > 0 && read + more <= line.len());
                        read += more;
                    }
                    Progress::Complete { octets, .. } => {
                        prop_assert_eq!(octets, line.len());
                        break;
                    }
                }
            }
        }

        #[test]
        fn octets_of_any_kind_do_no_harm(input: Vec<u8>) {
            let _ = parse(&input);
        }
    }
}
