//! What a probe looks at: one struct for each protocol.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::super::HostName;
use crate::{Domain, FieldError, unit::Span};

/// Days before its end at which a certificate is told as a trouble, where a target does not say.
const DAYS_MIN: u32 = 7;

/// How a probe speaks TLS.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProbeTls {
    /// Not at all.
    #[default]
    Off,
    /// After the protocol's own command for it, which must be offered.
    Starttls,
    /// From the first octet.
    Implicit,
}

/// What a probe looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeTarget {
    /// A TCP port.
    Tcp(TcpTarget),
    /// An SMTP server: greeting, EHLO, TLS, sign-in. No mail is sent.
    Smtp(MailTarget),
    /// An LMTP server. No mail is sent.
    Lmtp(MailTarget),
    /// An IMAP server: greeting, TLS, sign-in.
    Imap(MailTarget),
    /// A POP3 server: greeting, TLS, sign-in.
    Pop3(MailTarget),
    /// A page.
    Http(HttpTarget),
    /// The certificate and the protocol of a TLS server.
    Tls(TlsTarget),
    /// A name in DNS.
    Dns(DnsTarget),
    /// The difference between this host's clock and an NTP server's.
    Ntp(NtpTarget),
    /// A program that follows the convention of Nagios plugins.
    Command(CommandTarget),
    /// What another program reports with `mailward health report-result`.
    Report(ReportTarget),
}

/// A TCP port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TcpTarget {
    /// A name or an address.
    pub host: HostName,
    /// The port.
    pub port: u16,
    /// What is sent first; `\r\n` is added.
    #[serde(default)]
    pub send: String,
    /// What must stand in the first line that comes; nothing is read where it is empty.
    #[serde(default)]
    pub expect: String,
}

/// A server that speaks SMTP, LMTP, IMAP or POP3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailTarget {
    /// A name or an address.
    pub host: HostName,
    /// The port; the protocol's own where unset.
    #[serde(default)]
    pub port: Option<u16>,
    /// TLS.
    #[serde(default)]
    pub tls: ProbeTls,
    /// Whether the certificate must lead to a trusted root and carry the name.
    #[serde(default)]
    pub verify: bool,
    /// The name the certificate must carry; `host` where unset.
    #[serde(default)]
    pub tls_name: Option<Domain>,
    /// Days before its end at which the certificate is a trouble.
    #[serde(default = "days_min")]
    pub min_days: u32,
    /// Who signs in; nobody where unset.
    #[serde(default)]
    pub user: Option<String>,
    /// The file whose first line is the password.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// What must stand in the greeting.
    #[serde(default)]
    pub expect: String,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpTarget {
    /// `http://` or `https://`.
    pub url: String,
    /// Statuses that are right; 200 to 399 where there are none.
    #[serde(default)]
    pub status: Vec<u16>,
    /// What must stand in the first 64 KB of the body.
    #[serde(default)]
    pub contains: String,
    /// A header field that must be there, as `Name` or `Name: value`.
    #[serde(default)]
    pub header: String,
    /// Whether the certificate must lead to a trusted root and carry the name.
    #[serde(default = "yes")]
    pub verify: bool,
    /// Days before its end at which the certificate is a trouble.
    #[serde(default = "days_min")]
    pub min_days: u32,
}

/// The certificate and the protocol of a TLS server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsTarget {
    /// A name or an address.
    pub host: HostName,
    /// The port.
    pub port: u16,
    /// The name asked for, which the certificate must carry; `host` where unset.
    #[serde(default)]
    pub tls_name: Option<Domain>,
    /// Whether the certificate must lead to a trusted root and carry the name.
    #[serde(default = "yes")]
    pub verify: bool,
    /// Days before its end at which the certificate is a trouble.
    #[serde(default = "days_min")]
    pub min_days: u32,
    /// Whether only TLS 1.3 is right.
    #[serde(default)]
    pub require_tls13: bool,
}

/// A type of DNS record.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DnsRecord {
    /// IPv4 addresses.
    #[default]
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Mail exchangers.
    Mx,
    /// Texts.
    Txt,
    /// Names of an address.
    Ptr,
}

/// A name in DNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsTarget {
    /// The name, or an underscore name such as `_dmarc.example.org`.
    pub name: String,
    /// What is asked for.
    #[serde(default)]
    pub record: DnsRecord,
    /// Whom to ask; the node's resolvers where unset.
    #[serde(default)]
    pub server: Option<SocketAddr>,
    /// What must stand in an answer.
    #[serde(default)]
    pub expect: String,
}

/// The difference between this host's clock and an NTP server's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NtpTarget {
    /// A name or an address.
    pub host: HostName,
    /// The port.
    #[serde(default = "ntp")]
    pub port: u16,
    /// The largest difference that is right.
    #[serde(default = "offset_max")]
    pub max_offset: Span,
}

/// A program that follows the convention of Nagios plugins: exit code 0 is well, 1 a warning, 2
/// critical, 3 unknown; the first line of its output is told, and what stands behind `|` measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandTarget {
    /// The program and its arguments. No shell.
    pub command: Vec<String>,
}

/// What it says when no report comes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// That something is wrong: for what reports as long as it is well.
    #[default]
    Fail,
    /// That all is well: for what reports troubles only.
    Pass,
}

/// What another program reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReportTarget {
    /// How long a report counts.
    pub expires: Span,
    /// What it says when no report counts any more.
    pub silence: Silence,
}

impl Default for ReportTarget {
    fn default() -> Self {
        ReportTarget {
            expires: Span::from_secs(86_400),
            silence: Silence::Fail,
        }
    }
}

fn yes() -> bool {
    true
}

fn days_min() -> u32 {
    DAYS_MIN
}

fn ntp() -> u16 {
    123
}

fn offset_max() -> Span {
    Span(std::time::Duration::from_millis(500))
}

impl MailTarget {
    /// A server at this host, with every other field at its default.
    pub fn new(host: HostName) -> MailTarget {
        MailTarget {
            host,
            port: None,
            tls: ProbeTls::Off,
            verify: false,
            tls_name: None,
            min_days: DAYS_MIN,
            user: None,
            secret_file: None,
            expect: String::new(),
        }
    }
}

impl ProbeTarget {
    /// The word for its kind, as in its object.
    pub fn word(&self) -> &'static str {
        match self {
            ProbeTarget::Tcp(_) => "tcp",
            ProbeTarget::Smtp(_) => "smtp",
            ProbeTarget::Lmtp(_) => "lmtp",
            ProbeTarget::Imap(_) => "imap",
            ProbeTarget::Pop3(_) => "pop3",
            ProbeTarget::Http(_) => "http",
            ProbeTarget::Tls(_) => "tls",
            ProbeTarget::Dns(_) => "dns",
            ProbeTarget::Ntp(_) => "ntp",
            ProbeTarget::Command(_) => "command",
            ProbeTarget::Report(_) => "report",
        }
    }

    pub(super) fn validate(&self) -> Vec<FieldError> {
        let error = |field: &str, problem: &str, mend: &str| {
            vec![FieldError::new(
                format!("target.{}.{field}", self.word()),
                problem,
                mend,
            )]
        };
        match self {
            ProbeTarget::Smtp(mail) | ProbeTarget::Imap(mail) | ProbeTarget::Pop3(mail)
                if mail.user.is_some() != mail.secret_file.is_some() =>
            {
                error(
                    "user",
                    "user and secret_file belong together, and one is missing",
                    "write both, or neither",
                )
            }
            ProbeTarget::Smtp(mail) | ProbeTarget::Imap(mail) | ProbeTarget::Pop3(mail)
                if mail.secret_file.as_ref().is_some_and(|p| !p.is_absolute()) =>
            {
                error(
                    "secret_file",
                    "the path is not absolute",
                    "write it from the root: \"/etc/mailward/probe.secret\"",
                )
            }
            ProbeTarget::Lmtp(mail) if mail.user.is_some() || mail.secret_file.is_some() => {
                error("user", "nobody signs in over LMTP", "leave it out")
            }
            ProbeTarget::Lmtp(mail) if mail.tls == ProbeTls::Implicit => error(
                "tls",
                "LMTP has no port for TLS from the first octet",
                "use starttls or off",
            ),
            ProbeTarget::Http(page)
                if !page.url.starts_with("http://") && !page.url.starts_with("https://") =>
            {
                error(
                    "url",
                    "it begins neither with http:// nor with https://",
                    "write it whole: \"https://mail.example.org/owa/\"",
                )
            }
            ProbeTarget::Dns(dns) if dns.name.is_empty() || dns.name.len() > 253 => error(
                "name",
                "the name is empty or too long",
                "write a name such as example.org",
            ),
            ProbeTarget::Command(run)
                if run
                    .command
                    .first()
                    .is_none_or(|word| !word.starts_with('/')) =>
            {
                error(
                    "command",
                    "the command is empty or not an absolute path",
                    "write [\"/usr/lib/nagios/plugins/check_load\", \"-w\", \"5,4,3\", \"-c\", \"9,8,7\"]",
                )
            }
            _ => Vec::new(),
        }
    }
}
