//! What is tested: a host, a port, and what is said before TLS begins.

use std::fmt;

pub use mailward_model::kind::EndpointProtocol as Protocol;
use mailward_model::kind::{Endpoint, EndpointProtocolError, HostName};

/// A text that names nothing to test.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No host.
    #[error(
        "{0:?} is no target: write mail.example.org, mail.example.org:25, 192.0.2.1:465 or [2001:db8::1]:25"
    )]
    Host(String),
    /// No protocol.
    #[error(transparent)]
    Protocol(#[from] EndpointProtocolError),
}

/// What is tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub host: HostName,
    /// The port.
    pub port: u16,
    /// What is said before TLS.
    pub protocol: Protocol,
}

impl Target {
    /// Reads `HOST` or `HOST:PORT`. Where no protocol is named, the one that is usual at the port is
    /// spoken; where no port is, that of the protocol.
    ///
    /// # Errors
    /// [`TargetError::Host`] where the text names none.
    pub fn read(text: &str, protocol: Option<Protocol>) -> Result<Target, TargetError> {
        let fail = || TargetError::Host(text.to_owned());
        let text = text.trim();
        let (host, port) = match text.rsplit_once(':') {
            // More than one colon without brackets: an IPv6 address and no port.
            Some((host, _)) if host.contains(':') && !host.ends_with(']') => (text, None),
            Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| fail())?)),
            None => (text, None),
        };
        let host: HostName = host.parse().map_err(|_| fail())?;
        if port == Some(0) {
            return Err(fail());
        }
        let protocol = protocol.unwrap_or_else(|| port.map_or(Protocol::Tls, Protocol::at));
        Ok(Target {
            host,
            port: port.unwrap_or_else(|| protocol.port()),
            protocol,
        })
    }

    /// The target that an object names.
    pub fn of(endpoint: &Endpoint) -> Target {
        Target {
            host: endpoint.host.clone(),
            port: endpoint.port(),
            protocol: endpoint.protocol(),
        }
    }

    /// The host where it is a name.
    pub fn name(&self) -> Option<&str> {
        match &self.host {
            HostName::Name(name) => Some(name.as_str()),
            HostName::Ip(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)?;
        match self.protocol {
            Protocol::Tls => Ok(()),
            protocol => write!(f, " ({})", protocol.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_protocols_follow_from_each_other() {
        for (text, protocol, expect) in [
            ("mail.example.org", None, "mail.example.org:443"),
            ("mail.example.org:25", None, "mail.example.org:25 (smtp)"),
            ("mail.example.org:587", None, "mail.example.org:587 (smtp)"),
            ("mail.example.org:465", None, "mail.example.org:465"),
            (
                "mail.example.org",
                Some(Protocol::Imap),
                "mail.example.org:143 (imap)",
            ),
            ("192.0.2.1:26", Some(Protocol::Smtp), "192.0.2.1:26 (smtp)"),
            ("[2001:db8::1]:25", None, "[2001:db8::1]:25 (smtp)"),
            ("2001:db8::1", None, "[2001:db8::1]:443"),
            (
                "mail.example.org:25",
                Some(Protocol::Tls),
                "mail.example.org:25",
            ),
        ] {
            let target = Target::read(text, protocol).unwrap();
            assert_eq!(target.to_string(), expect, "{text}");
        }
        for bad in ["", "host:", "host:x", "host:0", "host:70000", "a b:25"] {
            assert!(Target::read(bad, None).is_err(), "{bad}");
        }
        assert!("gopher".parse::<Protocol>().is_err());
    }
}
