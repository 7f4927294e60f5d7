//! Endpoints: servers whose TLS is tested from outside on a schedule, as `mailward test tls` does by
//! hand.
//!
//! Here is what an administrator sets, and the words of such tests. Never here: how a test is made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{HostName, in_range};
use crate::{Domain, FieldError, object::Validate, unit::Span};

/// A test makes some hundred connections: more often than hourly would be a nuisance to the server.
const INTERVAL_SECS: std::ops::RangeInclusive<u64> = 3_600..=30 * 86_400;
/// How long one answer may take.
const ANSWER_SECS: std::ops::RangeInclusive<u64> = 1..=60;

/// What is said before TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointProtocol {
    /// Nothing: TLS from the first octet.
    #[serde(rename = "none")]
    Tls,
    /// SMTP (RFC 3207).
    Smtp,
    /// LMTP (RFC 2033).
    Lmtp,
    /// IMAP (RFC 9051 §6.2.1).
    Imap,
    /// POP3 (RFC 2595 §4).
    Pop3,
    /// LDAP (RFC 4511 §4.14).
    Ldap,
    /// XMPP for clients (RFC 6120 §5).
    Xmpp,
    /// XMPP between servers.
    #[serde(rename = "xmpp-server")]
    XmppServer,
    /// ManageSieve (RFC 5804 §2.2).
    Sieve,
    /// FTP (RFC 4217).
    Ftp,
    /// NNTP (RFC 4642).
    Nntp,
    /// PostgreSQL's SSLRequest.
    Postgres,
}

impl EndpointProtocol {
    /// Every protocol: its word, and the port it is usually found at.
    pub const ALL: [(EndpointProtocol, &'static str, u16); 12] = [
        (EndpointProtocol::Tls, "none", 443),
        (EndpointProtocol::Smtp, "smtp", 25),
        (EndpointProtocol::Lmtp, "lmtp", 24),
        (EndpointProtocol::Imap, "imap", 143),
        (EndpointProtocol::Pop3, "pop3", 110),
        (EndpointProtocol::Ldap, "ldap", 389),
        (EndpointProtocol::Xmpp, "xmpp", 5222),
        (EndpointProtocol::XmppServer, "xmpp-server", 5269),
        (EndpointProtocol::Sieve, "sieve", 4190),
        (EndpointProtocol::Ftp, "ftp", 21),
        (EndpointProtocol::Nntp, "nntp", 119),
        (EndpointProtocol::Postgres, "postgres", 5432),
    ];

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        EndpointProtocol::ALL
            .iter()
            .find(|(protocol, ..)| *protocol == self)
            .map_or("none", |(_, word, _)| word)
    }

    /// The port it is usually found at.
    pub fn port(self) -> u16 {
        EndpointProtocol::ALL
            .iter()
            .find(|(protocol, ..)| *protocol == self)
            .map_or(443, |(.., port)| *port)
    }

    /// What is usually spoken at a port.
    pub fn at(port: u16) -> EndpointProtocol {
        match port {
            587 | 2525 => EndpointProtocol::Smtp,
            port => EndpointProtocol::ALL
                .iter()
                .find(|(.., usual)| *usual == port)
                .map_or(EndpointProtocol::Tls, |(protocol, ..)| *protocol),
        }
    }
}

/// A word that names no protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not spoken before TLS here; write one of {words}", words = EndpointProtocol::ALL.map(|(_, word, _)| word).join(", "))]
pub struct EndpointProtocolError(pub String);

impl FromStr for EndpointProtocol {
    type Err = EndpointProtocolError;

    fn from_str(text: &str) -> Result<Self, EndpointProtocolError> {
        EndpointProtocol::ALL
            .iter()
            .find(|(_, word, _)| word.eq_ignore_ascii_case(text))
            .map(|(protocol, ..)| *protocol)
            .ok_or_else(|| EndpointProtocolError(text.to_owned()))
    }
}

/// What a verdict of a test is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointSubject {
    /// Whether the server can be reached and speaks TLS.
    Reached,
    /// Heartbleed.
    Heartbleed,
    /// Versions of the protocol.
    Versions,
    /// Cipher suites.
    Ciphers,
    /// Certificates that are untrusted by name.
    Distrust,
    /// Whether the chain leads to a root.
    Chain,
    /// Whether the certificate is for the host.
    Name,
    /// Its dates.
    Dates,
    /// Its key and signature.
    Key,
    /// A stapled OCSP response.
    Ocsp,
    /// The name in the greeting.
    Banner,
    /// DANE.
    Dane,
    /// MTA-STS.
    MtaSts,
}

impl EndpointSubject {
    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            EndpointSubject::Reached => "reached",
            EndpointSubject::Heartbleed => "Heartbleed",
            EndpointSubject::Versions => "versions",
            EndpointSubject::Ciphers => "ciphers",
            EndpointSubject::Distrust => "untrusted list",
            EndpointSubject::Chain => "chain",
            EndpointSubject::Name => "name",
            EndpointSubject::Dates => "dates",
            EndpointSubject::Key => "key",
            EndpointSubject::Ocsp => "OCSP staple",
            EndpointSubject::Banner => "banner",
            EndpointSubject::Dane => "DANE",
            EndpointSubject::MtaSts => "MTA-STS",
        }
    }
}

/// From which verdict on a person is told.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AlertFrom {
    /// What should be mended.
    #[default]
    Weak,
    /// What must be mended.
    Bad,
}

/// A server whose TLS is tested from outside, on a schedule.
///
/// The test is that of `mailward test tls`. A verdict that is not well is a failure of the monitor
/// `endpoint/NAME`, and a person is told of it, with the reason and the mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// A name or an address.
    pub host: HostName,
    /// The port; the usual one of what is spoken before TLS where unset.
    #[serde(default)]
    pub port: Option<u16>,
    /// What is spoken before TLS begins; what is usual at the port where unset.
    #[serde(default)]
    pub starttls: Option<EndpointProtocol>,
    /// The domain whose mail the server takes, for MTA-STS; found by the server's name where unset.
    #[serde(default)]
    pub mail_domain: Option<Domain>,
    /// From the start of one test to the start of the next.
    #[serde(default = "interval")]
    pub interval: Span,
    /// How long one answer of the server may take.
    #[serde(default = "answer_timeout")]
    pub answer_timeout: Span,
    /// From which verdict on a person is told.
    #[serde(default)]
    pub alert_from: AlertFrom,
    /// Subjects whose verdicts are known and borne: nobody is told of them.
    #[serde(default)]
    pub accept: Vec<EndpointSubject>,
    /// Who looks after it.
    #[serde(default)]
    pub owner: String,
    /// Whether it is tested.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

fn interval() -> Span {
    Span::from_secs(86_400)
}

fn answer_timeout() -> Span {
    Span::from_secs(8)
}

impl Endpoint {
    /// This host, with every other field at its default.
    pub fn new(host: HostName) -> Endpoint {
        Endpoint {
            host,
            port: None,
            starttls: None,
            mail_domain: None,
            interval: interval(),
            answer_timeout: answer_timeout(),
            alert_from: AlertFrom::default(),
            accept: Vec::new(),
            owner: String::new(),
            enabled: true,
        }
    }

    /// What is spoken before TLS.
    pub fn protocol(&self) -> EndpointProtocol {
        self.starttls.unwrap_or_else(|| {
            self.port
                .map_or(EndpointProtocol::Tls, EndpointProtocol::at)
        })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or_else(|| self.protocol().port())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            HostName::Ip(std::net::IpAddr::V6(ip)) => write!(f, "[{ip}]:{}", self.port())?,
            host => write!(f, "{host}:{}", self.port())?,
        }
        match self.protocol() {
            EndpointProtocol::Tls => Ok(()),
            protocol => write!(f, " ({})", protocol.word()),
        }
    }
}

impl Validate for Endpoint {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.port == Some(0) {
            errors.push(FieldError::new(
                "port",
                "0 is no port",
                "leave it out for the usual one",
            ));
        }
        let seconds = |span: Span| span.get().as_secs();
        in_range(
            &mut errors,
            "interval",
            seconds(self.interval),
            INTERVAL_SECS,
        );
        in_range(
            &mut errors,
            "answer_timeout",
            seconds(self.answer_timeout),
            ANSWER_SECS,
        );
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_and_protocol_follow_from_each_other() {
        let read = |json: &str| serde_json::from_str::<Endpoint>(json).unwrap();
        for (json, text) in [
            (r#"{"host":"mx.example.org"}"#, "mx.example.org:443"),
            (
                r#"{"host":"mx.example.org","port":25}"#,
                "mx.example.org:25 (smtp)",
            ),
            (
                r#"{"host":"2001:db8::1","starttls":"imap"}"#,
                "[2001:db8::1]:143 (imap)",
            ),
            (
                r#"{"host":"mx.example.org","port":25,"starttls":"none"}"#,
                "mx.example.org:25",
            ),
            (
                r#"{"host":"x.example.org","starttls":"xmpp-server"}"#,
                "x.example.org:5269 (xmpp-server)",
            ),
        ] {
            assert_eq!(read(json).to_string(), text);
            assert_eq!(read(json).validate(), []);
        }
        for (protocol, word, _) in EndpointProtocol::ALL {
            assert_eq!(word.parse(), Ok(protocol));
            assert_eq!(serde_json::to_value(protocol).unwrap(), word);
        }
    }

    #[test]
    fn nobody_is_tested_all_the_time() {
        let often = r#"{"host":"mx.example.org","interval":"59m","port":0,"answer_timeout":"2m"}"#;
        let errors = serde_json::from_str::<Endpoint>(often).unwrap().validate();
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["port", "interval", "answer_timeout"]);
    }
}
