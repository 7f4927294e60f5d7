//! Receive connectors and send connectors.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    Binding, Domain, FieldError, IpRange,
    address::text_form,
    object::Validate,
    unit::{ByteSize, Span},
};

/// What a receive connector does about TLS.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StartTls {
    /// STARTTLS is not offered.
    Off,
    /// Offered where a certificate fits; plain text is accepted.
    #[default]
    Offered,
    /// Mail is taken only under TLS: 530 5.7.0 before it (RFC 3207 §4). Exchange: RequireTLS.
    Required,
    /// TLS from the first octet (RFC 8314 §3.3, port 465).
    Implicit,
}

/// Whom a receive connector lets relay to domains that are not accepted domains.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Relay {
    /// Nobody: recipients must be in accepted domains.
    #[default]
    None,
    /// Every client of the connector: use it with narrow remote ranges only. Exchange:
    /// ms-Exch-SMTP-Accept-Any-Recipient.
    All,
}

/// How mail comes in: where to listen, for whom, under which limits.
///
/// The defaults are those of Exchange's Set-ReceiveConnector, except that bare line feeds are
/// always refused (SMTP smuggling) and hops are counted to 30.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiveConnector {
    /// Whether it takes connections.
    pub enabled: bool,
    /// Where it listens.
    pub bindings: Vec<Binding>,
    /// Whom it is for. The most specific range over all connectors of a binding wins.
    pub remote_ranges: Vec<IpRange>,
    /// The name in the greeting, in EHLO replies and Received fields, and the name the certificate
    /// must carry. The node's host name where unset.
    pub fqdn: Option<Domain>,
    /// STARTTLS.
    pub tls: StartTls,
    /// A certificate to use whatever the FQDN: SHA-256 of its public key in hex, or
    /// `<I>issuer<S>subject` as Exchange writes it.
    pub certificate: Option<String>,
    /// Speak LMTP (RFC 2033) instead of SMTP.
    pub lmtp: bool,
    /// Expect a PROXY protocol header (v1 or v2) before the greeting. Only from trusted proxies:
    /// narrow `remote_ranges` apply to the proxy, the client's address comes from the header.
    pub proxy_protocol: bool,
    /// Who may relay.
    pub relay: Relay,
    /// Largest message, in octets as transferred; advertised by SIZE (RFC 1870).
    pub max_message_size: ByteSize,
    /// Largest header section; above it the message is refused with 552 5.3.4.
    pub max_header_size: ByteSize,
    /// RCPTs in one message; above it 452 4.5.3.
    pub max_recipients: u32,
    /// Received fields; above it the message is refused with 554 5.4.6.
    pub max_hops: u32,
    /// Received fields written by this host; above it the message is refused. 0 turns it off.
    pub max_local_hops: u32,
    /// Connections at one time on this connector.
    pub max_connections: u32,
    /// Connections at one time from one address.
    pub max_connections_per_source: u32,
    /// How long a session may last in all.
    pub connection_timeout: Span,
    /// How long a client may be silent.
    pub inactivity_timeout: Span,
    /// Waits before a reply to a client that gives reason for suspicion. 0s turns it off.
    pub tarpit_interval: Span,
    /// Errors before the session is closed with 421 4.7.0.
    pub max_protocol_errors: u32,
    /// Offer PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// Offer 8BITMIME (RFC 6152).
    pub eight_bit_mime: bool,
    /// Offer CHUNKING (RFC 3030).
    pub chunking: bool,
    /// Offer BINARYMIME (RFC 3030); needs chunking.
    pub binary_mime: bool,
    /// Offer SMTPUTF8 (RFC 6531); needs 8BITMIME.
    pub smtputf8: bool,
    /// Offer DSN (RFC 3461).
    pub dsn: bool,
}

impl Default for ReceiveConnector {
    fn default() -> Self {
        ReceiveConnector {
            enabled: true,
            bindings: Vec::new(),
            remote_ranges: vec![IpRange::ALL_V4, IpRange::ALL_V6],
            fqdn: None,
            tls: StartTls::Offered,
            certificate: None,
            lmtp: false,
            proxy_protocol: false,
            relay: Relay::None,
            max_message_size: ByteSize(36 << 20),
            max_header_size: ByteSize(256 << 10),
            max_recipients: 200,
            max_hops: 30,
            max_local_hops: 8,
            max_connections: 5000,
            max_connections_per_source: 20,
            connection_timeout: Span::from_secs(600),
            inactivity_timeout: Span::from_secs(300),
            tarpit_interval: Span::from_secs(5),
            max_protocol_errors: 5,
            pipelining: true,
            eight_bit_mime: true,
            chunking: true,
            binary_mime: true,
            smtputf8: true,
            dsn: true,
        }
    }
}

/// Pushes an error where `value` is not in `range`.
fn in_range(
    errors: &mut Vec<FieldError>,
    field: &str,
    value: u64,
    range: std::ops::RangeInclusive<u64>,
) {
    if !range.contains(&value) {
        errors.push(FieldError::new(
            field,
            format!("{value} is out of range"),
            format!("choose a number from {} to {}", range.start(), range.end()),
        ));
    }
}

impl Validate for ReceiveConnector {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.bindings.is_empty() {
            errors.push(FieldError::new(
                "bindings",
                "no binding is given",
                "add one, such as \":25\"",
            ));
        }
        if self.remote_ranges.is_empty() {
            errors.push(FieldError::new(
                "remote_ranges",
                "no range is given, so no connection could ever be taken",
                "add ranges, or set enabled = false",
            ));
        }
        for (i, one) in self.remote_ranges.iter().enumerate() {
            let other = self
                .remote_ranges
                .iter()
                .take(i)
                .find(|other| partial_overlap(one, other));
            if let Some(other) = other {
                errors.push(FieldError::new(
                    format!("remote_ranges[{i}]"),
                    format!("{one} and {other} overlap, and neither lies within the other"),
                    "split them so that they are disjoint or nested",
                ));
            }
        }
        if self.inactivity_timeout >= self.connection_timeout {
            errors.push(FieldError::new(
                "inactivity_timeout",
                format!(
                    "{} is not below connection_timeout, {}",
                    self.inactivity_timeout, self.connection_timeout
                ),
                "make inactivity_timeout the smaller one",
            ));
        }
        if self.binary_mime && !self.chunking {
            errors.push(FieldError::new(
                "binary_mime",
                "BINARYMIME needs CHUNKING, which is off",
                "set chunking = true or binary_mime = false",
            ));
        }
        if self.smtputf8 && !self.eight_bit_mime {
            errors.push(FieldError::new(
                "smtputf8",
                "SMTPUTF8 needs 8BITMIME, which is off",
                "set eight_bit_mime = true or smtputf8 = false",
            ));
        }
        in_range(
            &mut errors,
            "max_message_size",
            self.max_message_size.0,
            65_536..=2_147_483_647,
        );
        in_range(
            &mut errors,
            "max_header_size",
            self.max_header_size.0,
            1_024..=2_147_483_647,
        );
        in_range(
            &mut errors,
            "max_recipients",
            self.max_recipients.into(),
            1..=512_000,
        );
        in_range(&mut errors, "max_hops", self.max_hops.into(), 1..=500);
        in_range(
            &mut errors,
            "max_local_hops",
            self.max_local_hops.into(),
            0..=50,
        );
        in_range(
            &mut errors,
            "max_connections",
            self.max_connections.into(),
            1..=1_000_000,
        );
        in_range(
            &mut errors,
            "max_connections_per_source",
            self.max_connections_per_source.into(),
            1..=1_000_000,
        );
        in_range(
            &mut errors,
            "max_protocol_errors",
            self.max_protocol_errors.into(),
            1..=1_000_000,
        );
        let seconds = |span: Span| span.get().as_secs();
        in_range(
            &mut errors,
            "connection_timeout",
            seconds(self.connection_timeout),
            1..=86_400,
        );
        in_range(
            &mut errors,
            "inactivity_timeout",
            seconds(self.inactivity_timeout),
            1..=86_400,
        );
        in_range(
            &mut errors,
            "tarpit_interval",
            seconds(self.tarpit_interval),
            0..=60,
        );
        errors
    }
}

/// True where two ranges share addresses and neither holds the other, or both are equal: then
/// "the most specific one" has no answer.
pub(crate) fn partial_overlap(a: &IpRange, b: &IpRange) -> bool {
    a == b || (a.overlaps(b) && !a.covers(b) && !b.covers(a))
}

/// An address space of a send connector: `*`, `*.example.org` or `example.org`, with a cost.
///
/// `*.example.org` also covers `example.org` itself, at all depths; that is unlike a wildcard in a
/// certificate. Written `example.org` or `example.org;5`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AddressSpace {
    /// `None` for `*`.
    pub domain: Option<Domain>,
    /// True for `*.`.
    pub subdomains: bool,
    /// 1 to 100; the lower one wins among equally specific spaces.
    pub cost: u8,
}

/// A text that is not an address space.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an address space: write *, *.example.org or example.org, and a cost from 1 to 100 behind a semicolon where needed"
)]
pub struct AddressSpaceError(String);

impl AddressSpace {
    /// How well the space fits a domain: `None` where it does not; higher is more specific.
    pub fn fit(&self, domain: &Domain) -> Option<usize> {
        match (&self.domain, self.subdomains) {
            (None, _) => Some(0),
            (Some(space), false) => (space == domain).then_some(usize::MAX),
            (Some(space), true) => domain.is_within(space).then_some(space.as_str().len()),
        }
    }
}

impl FromStr for AddressSpace {
    type Err = AddressSpaceError;

    fn from_str(text: &str) -> Result<Self, AddressSpaceError> {
        let fail = || AddressSpaceError(text.to_owned());
        let bare = text.trim();
        let bare = bare
            .strip_prefix("SMTP:")
            .or_else(|| bare.strip_prefix("smtp:"))
            .unwrap_or(bare);
        let (space, cost) = match bare.split_once(';') {
            Some((space, cost)) => (
                space,
                cost.trim()
                    .parse()
                    .ok()
                    .filter(|c| (1..=100).contains(c))
                    .ok_or_else(fail)?,
            ),
            None => (bare, 1),
        };
        let domain = |text: &str| text.parse::<Domain>().map_err(|_| fail());
        match space.trim() {
            "*" => Ok(AddressSpace {
                domain: None,
                subdomains: true,
                cost,
            }),
            space => match space.strip_prefix("*.") {
                Some(parent) => Ok(AddressSpace {
                    domain: Some(domain(parent)?),
                    subdomains: true,
                    cost,
                }),
                None => Ok(AddressSpace {
                    domain: Some(domain(space)?),
                    subdomains: false,
                    cost,
                }),
            },
        }
    }
}

impl fmt::Display for AddressSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.domain {
            None => f.write_str("*")?,
            Some(domain) if self.subdomains => write!(f, "*.{domain}")?,
            Some(domain) => write!(f, "{domain}")?,
        }
        if self.cost != 1 {
            write!(f, ";{}", self.cost)?;
        }
        Ok(())
    }
}

text_form!(AddressSpace, "address-space");

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

text_form!(SmartHost, "host-port");

/// How far a send connector checks the peer's TLS (Exchange: TlsAuthLevel).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TlsAuthLevel {
    /// Any certificate will do.
    #[default]
    EncryptionOnly,
    /// The chain must lead to a trusted root.
    CertificateValidation,
    /// The chain, and a name: `tls_domain`, or the host that was connected to.
    DomainValidation,
}

/// What a send connector does about TLS.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OutboundTls {
    /// Never. Exchange: IgnoreSTARTTLS.
    Off,
    /// Where the peer offers it; any certificate.
    #[default]
    Opportunistic,
    /// Always; mail waits where the peer does not offer it. Exchange: RequireTLS.
    Required,
}

/// Where a send connector hands mail.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ConnectorTarget {
    /// To the recipient domain's MX hosts (RFC 5321 §5.1).
    #[default]
    Mx,
    /// To the smart hosts, in order; the next one where one fails.
    SmartHosts,
    /// To the smart hosts over LMTP (RFC 2033).
    Lmtp,
}

/// How mail goes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SendConnector {
    /// Whether it is used.
    pub enabled: bool,
    /// For which recipient domains.
    pub address_spaces: Vec<AddressSpace>,
    /// MX lookup, smart hosts or LMTP.
    pub target: ConnectorTarget,
    /// The hosts, for targets other than MX.
    pub smart_hosts: Vec<SmartHost>,
    /// The name said in EHLO. The node's host name where unset.
    pub fqdn: Option<Domain>,
    /// The address connections come from.
    pub source_ip: Option<IpAddr>,
    /// TLS.
    pub tls: OutboundTls,
    /// How far the peer is checked, where TLS is required.
    pub tls_auth_level: TlsAuthLevel,
    /// The name the peer's certificate must carry, for `domain_validation`.
    pub tls_domain: Option<Domain>,
    /// Port for MX hosts.
    pub port: u16,
    /// Messages above it are not routed here. 0 sets no limit.
    pub max_message_size: ByteSize,
    /// Connections at one time to one next hop.
    pub max_connections: u32,
    /// Messages over one connection before it is closed (Exchange: 20; more is kinder to peers that
    /// pay for handshakes).
    pub max_messages_per_connection: u32,
    /// How long a peer may be silent.
    pub inactivity_timeout: Span,
}

impl Default for SendConnector {
    fn default() -> Self {
        SendConnector {
            enabled: true,
            address_spaces: Vec::new(),
            target: ConnectorTarget::Mx,
            smart_hosts: Vec::new(),
            fqdn: None,
            source_ip: None,
            tls: OutboundTls::Opportunistic,
            tls_auth_level: TlsAuthLevel::EncryptionOnly,
            tls_domain: None,
            port: 25,
            max_message_size: ByteSize(35 << 20),
            max_connections: 20,
            max_messages_per_connection: 100,
            inactivity_timeout: Span::from_secs(600),
        }
    }
}

impl Validate for SendConnector {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.address_spaces.is_empty() {
            errors.push(FieldError::new(
                "address_spaces",
                "no address space is given, so no mail could ever be routed here",
                "add one, such as \"*\", or set enabled = false",
            ));
        }
        let wants_hosts = self.target != ConnectorTarget::Mx;
        if wants_hosts && self.smart_hosts.is_empty() {
            errors.push(FieldError::new(
                "smart_hosts",
                "the target needs hosts and none is given",
                "add hosts such as \"mail.example.org:25\", or set target = \"mx\"",
            ));
        }
        if !wants_hosts && !self.smart_hosts.is_empty() {
            errors.push(FieldError::new(
                "smart_hosts",
                "hosts are given but the target is mx, which would ignore them",
                "set target = \"smart_hosts\" or remove them",
            ));
        }
        if self.tls_auth_level != TlsAuthLevel::EncryptionOnly && self.tls != OutboundTls::Required
        {
            errors.push(FieldError::new(
                "tls_auth_level",
                "a check of the peer's certificate works only where TLS is required",
                "set tls = \"required\" too",
            ));
        }
        if self.tls_domain.is_some() && self.tls_auth_level != TlsAuthLevel::DomainValidation {
            errors.push(FieldError::new(
                "tls_domain",
                "it is used by domain_validation only",
                "set tls_auth_level = \"domain_validation\" or remove tls_domain",
            ));
        }
        in_range(&mut errors, "port", self.port.into(), 1..=65_535);
        in_range(
            &mut errors,
            "max_connections",
            self.max_connections.into(),
            1..=10_000,
        );
        in_range(
            &mut errors,
            "max_messages_per_connection",
            self.max_messages_per_connection.into(),
            1..=1_000_000,
        );
        in_range(
            &mut errors,
            "inactivity_timeout",
            self.inactivity_timeout.get().as_secs(),
            1..=86_400,
        );
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_spaces() {
        let fit = |space: &str, domain: &str| {
            space
                .parse::<AddressSpace>()
                .unwrap()
                .fit(&domain.parse().unwrap())
        };
        assert_eq!(fit("*", "example.org"), Some(0));
        assert_eq!(fit("example.org", "example.org"), Some(usize::MAX));
        assert_eq!(fit("example.org", "a.example.org"), None);
        assert!(fit("*.example.org", "example.org") > fit("*.org", "example.org"));
        assert_eq!(
            "SMTP:*;5".parse::<AddressSpace>().unwrap().to_string(),
            "*;5"
        );
        for bad in ["*x", "", "a;0", "a;101", "a;b"] {
            assert!(bad.parse::<AddressSpace>().is_err(), "{bad}");
        }
    }

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

    #[test]
    fn overlap_that_is_not_nesting_is_an_error() {
        let connector = |ranges: &[&str]| ReceiveConnector {
            bindings: vec![":25".parse().unwrap()],
            remote_ranges: ranges.iter().map(|r| r.parse().unwrap()).collect(),
            ..Default::default()
        };
        assert!(
            connector(&["10.0.0.0/8", "10.1.0.0/16"])
                .validate()
                .is_empty()
        );
        let errors = connector(&["10.0.0.0-10.0.0.9", "10.0.0.5-10.0.0.20"]).validate();
        assert_eq!(
            errors.first().map(|e| e.field.as_str()),
            Some("remote_ranges[1]")
        );
    }
}
