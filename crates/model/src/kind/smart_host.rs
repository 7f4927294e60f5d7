//! Smart hosts: where a send connector hands mail instead of asking DNS.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::{Domain, address::text_form};

/// A host that mail is handed to: a name or an address, with a port. Default port 25.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SmartHost {
    /// A host name (looked up as A and AAAA) or an address.
    pub host: HostName,
    /// TCP port.
    pub port: u16,
}

/// A host by name or by address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostName {
    /// To be looked up.
    Name(Domain),
    /// Used as it is.
    Ip(IpAddr),
}

/// A text that is not a smart host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a smart host: write mail.example.org, 192.0.2.1 or [2001:db8::1], and :port where it is not 25"
)]
pub struct SmartHostError(String);

impl FromStr for SmartHost {
    type Err = SmartHostError;

    fn from_str(text: &str) -> Result<Self, SmartHostError> {
        let fail = || SmartHostError(text.to_owned());
        let text = text.trim();
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(SmartHost {
                host: HostName::Ip(ip),
                port: 25,
            });
        }
        if let Some((inner, rest)) = text.strip_prefix('[').and_then(|t| t.split_once(']')) {
            let ip = inner.parse().map_err(|_| fail())?;
            let port = match rest.strip_prefix(':') {
                Some(port) => port.parse().map_err(|_| fail())?,
                None if rest.is_empty() => 25,
                None => return Err(fail()),
            };
            return Ok(SmartHost {
                host: HostName::Ip(ip),
                port,
            });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| fail())?),
            None => (text, 25),
        };
        if let Ok(ip) = host.parse() {
            return Ok(SmartHost {
                host: HostName::Ip(ip),
                port,
            });
        }
        Ok(SmartHost {
            host: HostName::Name(host.parse().map_err(|_| fail())?),
            port,
        })
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostName::Name(name) => name.fmt(f),
            HostName::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            HostName::Ip(ip) => ip.fmt(f),
        }
    }
}

impl fmt::Display for SmartHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A text that is neither a host name nor an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is neither a host name nor an address: write mail.example.org, 192.0.2.1 or [2001:db8::1]"
)]
pub struct HostNameError(String);

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let text = text.trim();
        let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        if let Ok(ip) = inner.unwrap_or(text).parse() {
            return Ok(HostName::Ip(ip));
        }
        let fail = |_| HostNameError(text.to_owned());
        text.parse().map(HostName::Name).map_err(fail)
    }
}

text_form!(SmartHost, "host-port");
text_form!(HostName, "hostname");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smart_hosts() {
        for (text, expect) in [
            ("mail.example.org", "mail.example.org:25"),
            ("192.0.2.1:2525", "192.0.2.1:2525"),
            ("2001:db8::1", "[2001:db8::1]:25"),
            ("[2001:db8::1]:26", "[2001:db8::1]:26"),
        ] {
            assert_eq!(text.parse::<SmartHost>().unwrap().to_string(), expect);
        }
        for bad in ["", ":25", "host:x", "[::1", "[::1]x"] {
            assert!(bad.parse::<SmartHost>().is_err(), "{bad}");
        }
    }
}
