//! What a session offers and where its limits are, taken from a receive connector.

use mailward_model::{
    Domain,
    kind::{ReceiveConnector, StartTls},
};

use crate::data::Rules;

/// The extensions offered besides SIZE and ENHANCEDSTATUSCODES, which always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extensions {
    /// RFC 2920.
    pub pipelining: bool,
    /// RFC 6152.
    pub eight_bit_mime: bool,
    /// RFC 3030.
    pub chunking: bool,
    /// RFC 3030; only with `chunking`.
    pub binary_mime: bool,
    /// RFC 6531; only with `eight_bit_mime`.
    pub smtputf8: bool,
    /// RFC 3461.
    pub dsn: bool,
}

/// What all sessions of a connector share.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name in the greeting and in EHLO replies.
    pub hostname: Domain,
    /// The domain of `<Postmaster>`: the node's name.
    pub postmaster_domain: Domain,
    /// LMTP instead of SMTP.
    pub lmtp: bool,
    /// Mail is taken under TLS only.
    pub tls_required: bool,
    /// RCPTs accepted in one transaction.
    pub max_recipients: u32,
    /// Errors of protocol before the session is closed.
    pub max_errors: u32,
    /// What is offered.
    pub extensions: Extensions,
    /// Limits of a message.
    pub rules: Rules,
}

impl Config {
    /// The configuration of a connector; `host` is the node's name. Received fields count as this
    /// host's own where they carry the connector's name.
    pub fn new(connector: &ReceiveConnector, host: &Domain) -> Self {
        let hostname = connector.fqdn.clone().unwrap_or_else(|| host.clone());
        Config {
            postmaster_domain: host.clone(),
            lmtp: connector.lmtp,
            tls_required: connector.tls == StartTls::Required,
            max_recipients: connector.max_recipients,
            max_errors: connector.max_protocol_errors,
            extensions: Extensions {
                pipelining: connector.pipelining,
                eight_bit_mime: connector.eight_bit_mime,
                chunking: connector.chunking,
                binary_mime: connector.binary_mime && connector.chunking,
                smtputf8: connector.smtputf8 && connector.eight_bit_mime,
                dsn: connector.dsn,
            },
            rules: Rules {
                max_octets: connector.max_message_size.0,
                max_header_octets: connector.max_header_size.0,
                max_hops: connector.max_hops,
                max_local_hops: connector.max_local_hops,
                host: hostname.as_str().into(),
            },
            hostname,
        }
    }
}
