//! Send connectors: how mail goes out.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{AddressSpace, HeaderFamily, SmartHost, in_range};
use crate::{
    Domain, EmailAddress, FieldError,
    object::Validate,
    unit::{ByteSize, Span},
};

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

/// Which mail a send connector is for. Exchange Online: the high-risk delivery pool.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OutboundPool {
    /// Mail that is not risky, and risky mail to domains that no high-risk connector takes.
    #[default]
    Normal,
    /// Mail out of the organisation that is judged risky, and no other: its addresses may lose
    /// their good name without harm to the rest.
    HighRisk,
}

impl OutboundPool {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            OutboundPool::Normal => "normal",
            OutboundPool::HighRisk => "high-risk",
        }
    }
}

/// Addresses of `source_addresses`: more than a host has.
const SOURCE_ADDRESSES_MAX: usize = 256;

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
    /// The addresses connections come from, in turn: IPv4 ones to IPv4 hosts, IPv6 ones to IPv6
    /// hosts. One that is not on this host is told and passed over; nothing leaves from another.
    pub source_addresses: Vec<IpAddr>,
    /// Which mail it is for: `normal`, or `high_risk` for mail that is judged risky.
    pub pool: OutboundPool,
    /// Families of Exchange's header fields that are sent through it; fields of the others are
    /// taken out.
    pub send_headers: Vec<HeaderFamily>,
    /// Send the fields that say which way a message came: `Received`, this host's own among them, and
    /// `Resent-*`. Without them nobody behind it notices a loop. Exchange:
    /// ms-Exch-Send-Headers-Routing.
    pub send_routing_headers: bool,
    /// Organization header fields leave as cross-premises ones, for a peer that promotes them back.
    /// Exchange: CloudServicesMailEnabled. Needs TLS with a check of the peer's certificate.
    pub cloud_services_mail: bool,
    /// Name the originating organisation in MAIL (XOORG), under TLS, where the peer offers it.
    pub xoorg: bool,
    /// TLS.
    pub tls: OutboundTls,
    /// How far the peer is checked, where TLS is required.
    pub tls_auth_level: TlsAuthLevel,
    /// The name the peer's certificate must carry, for `domain_validation`.
    pub tls_domain: Option<Domain>,
    /// The certificate shown to a peer that asks for one, whatever the FQDN: SHA-256 of its public key
    /// in hex, or `<I>issuer<S>subject` as Exchange writes TlsCertificateName. Where it is unset one for
    /// the FQDN is shown. Never one that is expired or untrusted.
    pub certificate: Option<String>,
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
    /// Where health probes of this connector go: an address beyond it that takes mail and throws it
    /// away, or sends it back. Without it the connector is not probed.
    pub probe_recipient: Option<EmailAddress>,
    /// Whether `probe_recipient` sends probes back to their From address as they are.
    pub probe_returns: bool,
}

impl SendConnector {
    /// Whether health probes go out through it and come back.
    pub fn probes_return(&self) -> bool {
        self.probe_returns && self.probe_recipient.is_some()
    }
}

impl SendConnector {
    /// The addresses connections may come from; empty where the system chooses.
    pub fn sources(&self) -> impl Iterator<Item = IpAddr> + Clone + '_ {
        self.source_ip
            .iter()
            .chain(&self.source_addresses)
            .map(|ip| ip.to_canonical())
    }

    fn validate_sources(&self, errors: &mut Vec<FieldError>) {
        let sources = &self.source_addresses;
        if self.source_ip.is_some() && !sources.is_empty() {
            errors.push(FieldError::new(
                "source_ip",
                "source_addresses is given too",
                "put the address among source_addresses and remove source_ip",
            ));
        }
        if sources.len() > SOURCE_ADDRESSES_MAX {
            errors.push(FieldError::new(
                "source_addresses",
                format!("{} addresses are given", sources.len()),
                format!("name at most {SOURCE_ADDRESSES_MAX}"),
            ));
        }
        for (i, address) in sources.iter().enumerate() {
            let problem = if address.is_unspecified() || address.is_multicast() {
                "it is no address that a connection can come from"
            } else if sources.iter().take(i).any(|other| other == address) {
                "it stands there already"
            } else {
                continue;
            };
            errors.push(FieldError::new(
                format!("source_addresses[{i}]"),
                format!("{address}: {problem}"),
                "name each address of this host once",
            ));
        }
        if self.pool == OutboundPool::HighRisk && self.target != ConnectorTarget::Mx {
            errors.push(FieldError::new(
                "pool",
                "risky mail goes to the recipients' own servers, never through a partner's or one of \
                 the organisation",
                "set target = \"mx\", or pool = \"normal\"",
            ));
        }
        if self.pool == OutboundPool::HighRisk && self.probe_recipient.is_some() {
            errors.push(FieldError::new(
                "probe_recipient",
                "health probes are not risky mail, so that none would go through it",
                "remove it",
            ));
        }
        if self.pool == OutboundPool::HighRisk && self.sources().next().is_none() {
            errors.push(FieldError::new(
                "source_addresses",
                "it is empty, so that risky mail would leave from the same address as all other",
                "name the addresses that risky mail leaves from",
            ));
        }
    }
}

impl SendConnector {
    fn validate_cloud(&self, errors: &mut Vec<FieldError>) {
        if self.certificate.is_some() && self.tls == OutboundTls::Off {
            errors.push(FieldError::new(
                "certificate",
                "TLS is off, and a certificate is shown under TLS only",
                "set tls = \"required\", or remove certificate",
            ));
        }
        if !self.cloud_services_mail {
            return;
        }
        if self.tls_auth_level == TlsAuthLevel::EncryptionOnly {
            errors.push(FieldError::new(
                "cloud_services_mail",
                "what servers of one organisation tell each other would go to any host that answers",
                "set tls = \"required\" and tls_auth_level = \"domain_validation\"",
            ));
        }
        let beside = [HeaderFamily::Organization, HeaderFamily::CrossPremises];
        let beside = beside.map(|family| self.send_headers.iter().position(|one| *one == family));
        for at in beside.into_iter().flatten() {
            errors.push(FieldError::new(
                format!("send_headers[{at}]"),
                "cloud_services_mail writes cross-premises fields in the place of organization ones, \
                 and these would stand beside them",
                "remove it from send_headers, or set cloud_services_mail = false",
            ));
        }
    }
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
            source_addresses: Vec::new(),
            pool: OutboundPool::Normal,
            send_headers: Vec::new(),
            send_routing_headers: true,
            cloud_services_mail: false,
            xoorg: false,
            tls: OutboundTls::Opportunistic,
            tls_auth_level: TlsAuthLevel::EncryptionOnly,
            tls_domain: None,
            certificate: None,
            port: 25,
            max_message_size: ByteSize(35 << 20),
            max_connections: 20,
            max_messages_per_connection: 100,
            inactivity_timeout: Span::from_secs(600),
            probe_recipient: None,
            probe_returns: false,
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
        if self.probe_returns && self.probe_recipient.is_none() {
            errors.push(FieldError::new(
                "probe_returns",
                "no probe is sent that could come back",
                "set probe_recipient, or probe_returns = false",
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
        self.validate_sources(&mut errors);
        self.validate_cloud(&mut errors);
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
    fn organization_fields_leave_for_a_checked_peer_and_once() {
        let fields = |change: fn(&mut SendConnector)| {
            let mut connector = SendConnector {
                address_spaces: vec!["cloud.example".parse().unwrap()],
                cloud_services_mail: true,
                tls: OutboundTls::Required,
                tls_auth_level: TlsAuthLevel::CertificateValidation,
                ..Default::default()
            };
            change(&mut connector);
            let errors = connector.validate();
            errors.into_iter().map(|e| e.field).collect::<Vec<_>>()
        };
        assert!(fields(|_| {}).is_empty());
        assert!(fields(|c| c.send_headers = vec![HeaderFamily::Forest]).is_empty());
        assert_eq!(
            fields(|c| c.tls_auth_level = TlsAuthLevel::EncryptionOnly),
            ["cloud_services_mail"]
        );
        assert_eq!(
            fields(|c| c.send_headers = vec![HeaderFamily::Forest, HeaderFamily::CrossPremises]),
            ["send_headers[1]"]
        );
        let off = |c: &mut SendConnector| {
            *c = SendConnector {
                address_spaces: c.address_spaces.clone(),
                certificate: Some("00".repeat(32)),
                tls: OutboundTls::Off,
                ..Default::default()
            };
        };
        assert_eq!(fields(off), ["certificate"]);
    }

    #[test]
    fn a_high_risk_connector_has_addresses_of_its_own_and_no_smart_host() {
        let field = |change: fn(&mut SendConnector)| {
            let mut connector = SendConnector {
                address_spaces: vec!["*".parse().unwrap()],
                pool: OutboundPool::HighRisk,
                source_addresses: vec!["192.0.2.1".parse().unwrap()],
                ..Default::default()
            };
            change(&mut connector);
            let errors = connector.validate();
            errors.first().map(|e| e.field.clone()).unwrap_or_default()
        };
        assert_eq!(field(|_| {}), "");
        assert_eq!(
            field(|c| c.source_ip = c.source_addresses.first().copied()),
            "source_ip"
        );
        assert_eq!(field(|c| c.source_addresses.clear()), "source_addresses");
        assert_eq!(
            field(|c| c.source_addresses.push("0.0.0.0".parse().unwrap())),
            "source_addresses[1]"
        );
        assert_eq!(
            field(|c| {
                c.target = ConnectorTarget::SmartHosts;
                c.smart_hosts = vec!["hub.example".parse().unwrap()];
            }),
            "pool"
        );
    }
}
