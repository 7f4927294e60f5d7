//! Receive connectors: how mail comes in.

use serde::{Deserialize, Serialize};

use super::{
    Factor, HeaderFamily, RemoteRange, Tenant, TlsCapability, TlsDomainCapabilities, in_range,
    tie::partial_overlap,
};
use crate::{
    Binding, Domain, FieldError, IpRange,
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

/// What becomes of a session whose client's address is taken out of the connector's ranges.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OutOfRange {
    /// It goes on to its end.
    #[default]
    Finish,
    /// It is ended with 421 4.3.2; what was not acknowledged is sent again.
    Cut,
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
    /// Whom it is for: ranges, `feed:NAME` for the ranges of a sender feed, `except:RANGE` for what
    /// is taken out of both. The most specific range over all connectors of a binding wins.
    pub remote_ranges: Vec<RemoteRange>,
    /// What becomes of open sessions from an address that is taken out of the ranges.
    pub out_of_range: OutOfRange,
    /// The name in the greeting, in EHLO replies and Received fields, and the name the certificate
    /// must carry. The node's host name where unset.
    pub fqdn: Option<Domain>,
    /// STARTTLS.
    pub tls: StartTls,
    /// A certificate to use whatever the FQDN: SHA-256 of its public key in hex, or
    /// `<I>issuer<S>subject` as Exchange writes it.
    pub certificate: Option<String>,
    /// Ask clients for a certificate in the handshake. None is demanded and no chain is checked: one
    /// that is shown is compared with the untrusted certificates and stands in the tracking log.
    pub request_client_certificate: bool,
    /// First factor: whether a client must come from `sender_ranges`.
    pub range_factor: Factor,
    /// The ranges of the first factor, written as `remote_ranges` are. With `proxy_protocol` they
    /// apply to the client behind the proxy.
    pub sender_ranges: Vec<RemoteRange>,
    /// Second factor: whether a client must show a certificate that leads to a trusted root and
    /// carries a name of `tls_domain_capabilities`.
    pub certificate_factor: Factor,
    /// Names of certificates, and what a client that shows one may do:
    /// `mail.protection.outlook.com:AcceptCloudServicesMail`.
    pub tls_domain_capabilities: Vec<TlsDomainCapabilities>,
    /// Third factor: whether a message must show that it comes from one of `tenants`.
    pub tenant_factor: Factor,
    /// Tenants by their id or by a domain that they send as.
    pub tenants: Vec<Tenant>,
    /// Families of Exchange's header fields that are kept whoever the client is; fields of the
    /// others are taken out. AcceptCloudServicesMail keeps cross-premises fields too.
    pub accept_headers: Vec<HeaderFamily>,
    /// Keep the fields that say which way a message came: `Received` and `Resent-*`. Without them the
    /// next hop sees this host alone, and loops are noticed by what comes in only. Exchange:
    /// ms-Exch-Accept-Headers-Routing.
    pub accept_routing_headers: bool,
    /// Cross-premises header fields of a client with AcceptCloudServicesMail become organization ones,
    /// in the place of those it sent as such; mail that is marked as internal by them is internal.
    pub promote_headers: bool,
    /// Verify senders by SPF, DKIM and DMARC. Nothing is refused by it: the results stand in the
    /// tracking log, and mail of a sender that is not authenticated is risky when it is sent on.
    pub verify_sender: bool,
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
            remote_ranges: vec![IpRange::ALL_V4.into(), IpRange::ALL_V6.into()],
            out_of_range: OutOfRange::Finish,
            fqdn: None,
            tls: StartTls::Offered,
            certificate: None,
            request_client_certificate: false,
            range_factor: Factor::Off,
            sender_ranges: Vec::new(),
            certificate_factor: Factor::Off,
            tls_domain_capabilities: Vec::new(),
            tenant_factor: Factor::Off,
            tenants: Vec::new(),
            accept_headers: Vec::new(),
            accept_routing_headers: true,
            promote_headers: false,
            verify_sender: false,
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
        self.validate_ranges(&mut errors);
        self.validate_factors(&mut errors);
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

impl ReceiveConnector {
    /// Whether clients are asked for a certificate in the handshake.
    pub fn asks_for_certificate(&self) -> bool {
        self.request_client_certificate
            || self.certificate_factor != Factor::Off
            || !self.tls_domain_capabilities.is_empty()
    }

    fn validate_factors(&self, errors: &mut Vec<FieldError>) {
        let lists = [
            (
                "sender_ranges",
                "range_factor",
                self.range_factor,
                self.sender_ranges.is_empty(),
            ),
            (
                "tls_domain_capabilities",
                "certificate_factor",
                self.certificate_factor,
                self.tls_domain_capabilities.is_empty(),
            ),
            (
                "tenants",
                "tenant_factor",
                self.tenant_factor,
                self.tenants.is_empty(),
            ),
        ];
        for (list, factor, counts, is_empty) in lists {
            if counts != Factor::Off && is_empty {
                errors.push(FieldError::new(
                    list,
                    format!("it is empty, so that nobody could ever meet {factor}"),
                    format!("name what {factor} asks for, or set {factor} = \"off\""),
                ));
            }
        }
        self.validate_promotion(errors);
        let asks =
            self.certificate_factor != Factor::Off || !self.tls_domain_capabilities.is_empty();
        if self.tls == StartTls::Off && asks {
            errors.push(FieldError::new(
                "tls",
                "it is off, and certificates are shown under TLS only",
                "set tls = \"required\"",
            ));
        }
        // Anybody can write a header field: without the certificate an attribution proves nothing.
        if self.tenant_factor == Factor::Required && self.certificate_factor != Factor::Required {
            errors.push(FieldError::new(
                "tenant_factor",
                "anybody can write the fields it looks at, unless the certificate is required too",
                "set certificate_factor = \"required\", or tenant_factor = \"observed\"",
            ));
        }
    }

    fn validate_promotion(&self, errors: &mut Vec<FieldError>) {
        if !self.promote_headers {
            return;
        }
        let capability = TlsCapability::AcceptCloudServicesMail;
        let mut entries = self.tls_domain_capabilities.iter();
        if !entries.any(|entry| entry.grants(capability)) {
            errors.push(FieldError::new(
                "promote_headers",
                "nobody has the capability AcceptCloudServicesMail, so that nothing could be promoted",
                "give it to a name in tls_domain_capabilities, or set promote_headers = false",
            ));
        }
        if self.tenant_factor == Factor::Observed {
            errors.push(FieldError::new(
                "promote_headers",
                "the tenant is observed, and what a foreign one says would be promoted before it is seen",
                "set tenant_factor = \"required\", or \"off\" where the certificate is of one organisation",
            ));
        }
        let beside = [HeaderFamily::Organization, HeaderFamily::CrossPremises];
        let beside = beside.map(|family| self.accept_headers.iter().position(|one| *one == family));
        for at in beside.into_iter().flatten() {
            errors.push(FieldError::new(
                format!("accept_headers[{at}]"),
                "promoted fields take the place of these, so that a client without the certificate \
                 could write what one with it may not",
                "remove it from accept_headers, or set promote_headers = false",
            ));
        }
    }

    fn validate_ranges(&self, errors: &mut Vec<FieldError>) {
        let lets_in = |entry: &RemoteRange| !matches!(entry, RemoteRange::Except(_));
        if !self.remote_ranges.iter().any(lets_in) {
            errors.push(FieldError::new(
                "remote_ranges",
                "no range lets anybody in, so no connection could ever be taken",
                "add ranges or feed:NAME, or set enabled = false",
            ));
        }
        for (i, one) in self.remote_ranges.iter().enumerate() {
            let clash = self
                .remote_ranges
                .iter()
                .take(i)
                .find_map(|other| clash(one, other));
            if let Some(problem) = clash {
                errors.push(FieldError::new(
                    format!("remote_ranges[{i}]"),
                    problem,
                    "split them so that they are disjoint or nested, and name nothing twice",
                ));
            }
        }
    }
}

/// What is wrong with two entries of one list.
fn clash(one: &RemoteRange, other: &RemoteRange) -> Option<String> {
    match (one, other) {
        (RemoteRange::Range(a), RemoteRange::Range(b)) if partial_overlap(a, b) => Some(format!(
            "{a} and {b} overlap, and neither lies within the other"
        )),
        (RemoteRange::Feed(a), RemoteRange::Feed(b)) if a.eq_ignore_ascii_case(b) => {
            Some(format!("feed:{a} is there twice"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_have_what_they_ask_for() {
        let fields = |change: fn(&mut ReceiveConnector)| {
            let mut connector = ReceiveConnector {
                bindings: vec![":25".parse().unwrap()],
                ..Default::default()
            };
            change(&mut connector);
            let errors = connector.validate();
            errors.into_iter().map(|e| e.field).collect::<Vec<_>>()
        };
        assert!(fields(|_| {}).is_empty());
        assert_eq!(
            fields(|c| c.range_factor = Factor::Observed),
            ["sender_ranges"]
        );
        assert_eq!(
            fields(|c| c.certificate_factor = Factor::Required),
            ["tls_domain_capabilities"]
        );
        let tenant = |c: &mut ReceiveConnector| {
            c.tenant_factor = Factor::Required;
            c.tenants = vec!["contoso.example".parse().unwrap()];
        };
        let mut connector = ReceiveConnector {
            bindings: vec![":25".parse().unwrap()],
            ..Default::default()
        };
        tenant(&mut connector);
        assert_eq!(
            connector.validate().first().map(|e| e.field.as_str()),
            Some("tenant_factor")
        );
        connector.certificate_factor = Factor::Required;
        connector.tls_domain_capabilities = vec!["hub.example".parse().unwrap()];
        assert!(connector.validate().is_empty());
        connector.tls = StartTls::Off;
        assert_eq!(
            connector.validate().first().map(|e| e.field.as_str()),
            Some("tls")
        );
    }

    #[test]
    fn headers_are_promoted_for_a_known_certificate_and_replace_others() {
        let fields = |change: fn(&mut ReceiveConnector)| {
            let mut connector = ReceiveConnector {
                bindings: vec![":25".parse().unwrap()],
                promote_headers: true,
                tls_domain_capabilities: vec![
                    "hub.example:AcceptCloudServicesMail".parse().unwrap(),
                ],
                ..Default::default()
            };
            change(&mut connector);
            let errors = connector.validate();
            errors.into_iter().map(|e| e.field).collect::<Vec<_>>()
        };
        assert!(fields(|_| {}).is_empty());
        assert!(fields(|c| c.accept_headers = vec![HeaderFamily::Forest]).is_empty());
        assert_eq!(
            fields(|c| c.tls_domain_capabilities = vec!["hub.example".parse().unwrap()]),
            ["promote_headers"]
        );
        assert_eq!(
            fields(|c| c.accept_headers = vec![HeaderFamily::Organization]),
            ["accept_headers[0]"]
        );
        let observed = |c: &mut ReceiveConnector| {
            c.tenant_factor = Factor::Observed;
            c.tenants = vec!["contoso.example".parse().unwrap()];
        };
        assert_eq!(fields(observed), ["promote_headers"]);
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
        let field = |ranges: &[&str]| {
            let errors = connector(ranges).validate();
            errors.first().map(|e| e.field.clone()).unwrap_or_default()
        };
        assert_eq!(field(&["feed:m365", "except:10.0.0.1"]), "");
        assert_eq!(field(&["except:10.0.0.1"]), "remote_ranges");
        assert_eq!(field(&["feed:m365", "feed:M365"]), "remote_ranges[1]");
    }
}
