//! Alert channels: how a person hears of what could not be repaired. Never through the queue.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    EmailAddress, FieldError,
    address::text_form,
    kind::{HostName, OutboundTls, SmartHost},
    object::Validate,
    unit::Span,
};

/// Addresses one email channel may name. More people are a list at the relay.
const RECIPIENTS_MAX: usize = 20;

/// Where an alert goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertTarget {
    /// A JSON document is POSTed to this `http://` or `https://` URL.
    Webhook(String),
    /// A message is handed to a mail relay of its own, past the queue.
    Email(AlertEmail),
    /// A program is run with these arguments; the JSON document is its standard input. No shell.
    Command(Vec<String>),
    /// A syslog message: `local`, `udp://HOST:PORT` or `tcp://HOST:PORT`.
    Syslog(SyslogAddress),
    /// One JSON line is appended to this file.
    File(PathBuf),
    /// No alerts, the heartbeat alone: this URL is fetched (GET) as long as all is watched.
    Ping(String),
}

/// How an alert becomes a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertEmail {
    /// The relay it is handed to. At port 465 TLS is spoken from the start.
    pub relay: SmartHost,
    /// Whether TLS is used. With `required` the relay's certificate must bear its name.
    #[serde(default)]
    pub tls: OutboundTls,
    /// Who signs in at the relay; nobody if unset.
    #[serde(default)]
    pub user: Option<String>,
    /// The file that holds the password, and nothing else.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The sender.
    pub from: EmailAddress,
    /// Who gets it.
    pub to: Vec<EmailAddress>,
}

/// Where syslog messages go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SyslogAddress {
    /// The syslog service of this host, at `/dev/log`.
    Local,
    /// Datagrams (RFC 5426).
    Udp(SmartHost),
    /// A connection with octet counting (RFC 6587 §3.4.1).
    Tcp(SmartHost),
}

/// A text that is no place for syslog messages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no syslog address: write local, udp://192.0.2.1:514 or tcp://log.example.org:601"
)]
pub struct SyslogAddressError(String);

impl FromStr for SyslogAddress {
    type Err = SyslogAddressError;

    fn from_str(text: &str) -> Result<Self, SyslogAddressError> {
        let fail = || SyslogAddressError(text.to_owned());
        if text == "local" {
            return Ok(SyslogAddress::Local);
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(fail)?;
        // The port is no guess: 25 is what a host without one would mean elsewhere.
        let named = rest.rsplit_once(':').is_some_and(|(_, port)| {
            !port.is_empty() && port.bytes().all(|octet| octet.is_ascii_digit())
        });
        let host: SmartHost = rest.parse().map_err(|_| fail())?;
        match scheme {
            "udp" if named => Ok(SyslogAddress::Udp(host)),
            "tcp" if named => Ok(SyslogAddress::Tcp(host)),
            _ => Err(fail()),
        }
    }
}

impl fmt::Display for SyslogAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SyslogAddress::Local => f.write_str("local"),
            SyslogAddress::Udp(host) => write!(f, "udp://{host}"),
            SyslogAddress::Tcp(host) => write!(f, "tcp://{host}"),
        }
    }
}

text_form!(SyslogAddress, "syslog-address");

/// Which alerts go out by a channel.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AlertScope {
    /// Whatever a person is needed for.
    #[default]
    All,
    /// Only that no mail is taken any more.
    Offline,
    /// None: the channel carries the heartbeat alone.
    None,
}

/// A way by which alerts reach people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertChannel {
    /// Webhook, email, command, syslog, file or ping.
    pub target: AlertTarget,
    /// Whether it is used.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Which alerts it is for: `all`, `offline` or `none`. What was told is always told to be over.
    #[serde(default)]
    pub alerts: AlertScope,
    /// The health sets it is for; all of them if empty.
    #[serde(default)]
    pub sets: Vec<String>,
    /// How long alerts wait for others to go out with them. That no mail is taken goes at once.
    #[serde(default = "group_wait")]
    pub group_wait: Span,
    /// After what time an open alert is told again, unless somebody has acknowledged it; 0s for
    /// never.
    #[serde(default = "repeat")]
    pub repeat: Span,
    /// How often a sign of life goes out, for something outside that notices when none comes. A
    /// ping has 5m if unset, the others none.
    #[serde(default)]
    pub heartbeat: Option<Span>,
    /// PEM file of roots trusted besides the system's, for https and for TLS of the relay.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

fn yes() -> bool {
    true
}

fn group_wait() -> Span {
    Span::from_secs(10)
}

fn repeat() -> Span {
    Span::from_secs(4 * 3_600)
}

impl AlertChannel {
    /// A channel with the defaults of everything but its target.
    pub fn new(target: AlertTarget) -> Self {
        AlertChannel {
            target,
            enabled: true,
            alerts: AlertScope::default(),
            sets: Vec::new(),
            group_wait: group_wait(),
            repeat: repeat(),
            heartbeat: None,
            ca_file: None,
        }
    }

    /// How often a sign of life goes out; `None` where none does.
    pub fn heartbeat_interval(&self) -> Option<Span> {
        match self.target {
            AlertTarget::Ping(_) => Some(self.heartbeat.unwrap_or(Span::from_secs(300))),
            _ => self.heartbeat,
        }
    }

    /// Which alerts go out by it.
    pub fn scope(&self) -> AlertScope {
        match self.target {
            AlertTarget::Ping(_) => AlertScope::None,
            _ => self.alerts,
        }
    }
}

/// What is wrong with an URL, where something is.
fn url_error(url: &str) -> Option<FieldError> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let plain = url.bytes().all(|octet| octet.is_ascii_graphic());
    match host {
        Some(host) if !host.is_empty() && !host.contains('@') && plain => None,
        _ => Some(FieldError::new(
            "target",
            format!("{url:?} is no http:// or https:// URL with a host"),
            "write https://chat.example.org/hook; a secret goes into its path or query, not before an @",
        )),
    }
}

impl AlertEmail {
    /// True where what is said to the relay stays on this host.
    fn is_local(&self) -> bool {
        match &self.relay.host {
            HostName::Ip(ip) => match ip {
                IpAddr::V4(ip) => ip.is_loopback(),
                IpAddr::V6(ip) => ip.is_loopback(),
            },
            HostName::Name(name) => name.as_str() == "localhost",
        }
    }

    fn errors(&self, errors: &mut Vec<FieldError>) {
        let mut push = |problem: String, mend: &str| {
            errors.push(FieldError::new("target", problem, mend));
        };
        if self.to.is_empty() || self.to.len() > RECIPIENTS_MAX {
            push(
                format!("it has {} recipients", self.to.len()),
                "name 1 to 20 in `to`; more people are a list at the relay",
            );
        }
        let eight_bit = |address: &&EmailAddress| address.needs_smtputf8();
        if let Some(address) = std::iter::once(&self.from).chain(&self.to).find(eight_bit) {
            push(
                format!("{address} is not ASCII, and not every relay takes that"),
                "give an address of ASCII characters: an alert must not fail for its form",
            );
        }
        if self.user.is_some() != self.password_file.is_some() {
            push(
                "of user and password_file one is missing".to_owned(),
                "give both, or neither",
            );
        }
        if self.user.is_some() && self.tls != OutboundTls::Required && !self.is_local() {
            push(
                "the password could go out in plain text".to_owned(),
                "set tls to \"required\"",
            );
        }
        if let Some(path) = self
            .password_file
            .as_ref()
            .filter(|path| !path.is_absolute())
        {
            push(
                format!(
                    "the path {} of password_file is not absolute",
                    path.display()
                ),
                "write it from the root: \"/etc/mailward/relay.password\"",
            );
        }
    }
}

impl Validate for AlertChannel {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut error = |field: &str, problem: &str, mend: &str| {
            errors.push(FieldError::new(field, problem, mend));
        };
        match &self.target {
            AlertTarget::Command(words) if words.first().is_none_or(|w| !w.starts_with('/')) => {
                error(
                    "target",
                    "the command is empty or not an absolute path",
                    "write [\"/usr/local/bin/page\", \"--oncall\"]",
                );
            }
            AlertTarget::File(path) if !path.is_absolute() => error(
                "target",
                "the path is not absolute",
                "write it from the root: \"/var/log/mailward-alerts.jsonl\"",
            ),
            _ => {}
        }
        if self.sets.iter().any(|set| set.trim().is_empty()) {
            error(
                "sets",
                "a name is empty",
                "`mailward health` shows the health sets",
            );
        }
        let long = |span: Span, seconds: u64| span.get().as_secs() >= seconds;
        if !self.repeat.get().is_zero() && !long(self.repeat, 1) {
            error(
                "repeat",
                "it is below a second",
                "use 1s or more, or 0s for never",
            );
        }
        if long(self.group_wait, 3_601) {
            error(
                "group_wait",
                "people would hear of it after more than an hour",
                "use at most 1h",
            );
        }
        if let Some(heartbeat) = self.heartbeat {
            let email = matches!(self.target, AlertTarget::Email(_));
            if email && !long(heartbeat, 600) {
                error(
                    "heartbeat",
                    "nobody reads so many messages",
                    "use 10m or more, or a ping",
                );
            } else if !long(heartbeat, 1) {
                error("heartbeat", "it is below a second", "use 1s or more");
            }
        }
        if self
            .ca_file
            .as_ref()
            .is_some_and(|path| !path.is_absolute())
        {
            error(
                "ca_file",
                "the path is not absolute",
                "write it from the root",
            );
        }
        match &self.target {
            AlertTarget::Webhook(url) | AlertTarget::Ping(url) => errors.extend(url_error(url)),
            AlertTarget::Email(email) => email.errors(&mut errors),
            _ => {}
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email() -> AlertEmail {
        AlertEmail {
            relay: "relay.example.net:587".parse().unwrap(),
            tls: OutboundTls::Required,
            user: Some("mailward".to_owned()),
            password_file: Some("/etc/mailward/relay.password".into()),
            from: "alerts@example.org".parse().unwrap(),
            to: vec!["oncall@example.net".parse().unwrap()],
        }
    }

    #[track_caller]
    fn check(target: AlertTarget, sound: bool) {
        let errors = AlertChannel::new(target).validate();
        assert_eq!(errors.is_empty(), sound, "{errors:?}");
    }

    #[test]
    fn targets_are_checked() {
        for (url, sound) in [
            ("http://127.0.0.1:9000/hook", true),
            ("https://chat.example.org/x?token=1", true),
            ("https:///hook", false),
            ("ftp://example.org/", false),
            ("https://a b/", false),
            ("https://anna:secret@example.org/", false),
        ] {
            check(AlertTarget::Webhook(url.to_owned()), sound);
            check(AlertTarget::Ping(url.to_owned()), sound);
        }
        check(AlertTarget::Email(email()), true);
        check(
            AlertTarget::Email(AlertEmail {
                to: Vec::new(),
                ..email()
            }),
            false,
        );
        check(
            AlertTarget::Email(AlertEmail {
                user: None,
                ..email()
            }),
            false,
        );
        let plain = AlertEmail {
            tls: OutboundTls::Opportunistic,
            ..email()
        };
        check(AlertTarget::Email(plain.clone()), false);
        let local = AlertEmail {
            relay: "127.0.0.1:2525".parse().unwrap(),
            ..plain
        };
        check(AlertTarget::Email(local), true);
        check(AlertTarget::Command(vec!["page".to_owned()]), false);
        check(AlertTarget::File("alerts".into()), false);
    }

    #[test]
    fn syslog_addresses() {
        for text in [
            "local",
            "udp://192.0.2.1:514",
            "tcp://log.example.org:601",
            "udp://[2001:db8::1]:514",
        ] {
            assert_eq!(text.parse::<SyslogAddress>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "/dev/log",
            "udp://192.0.2.1",
            "tcp://:1",
            "tls://192.0.2.1:6514",
        ] {
            assert!(bad.parse::<SyslogAddress>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_ping_beats_without_being_asked_and_carries_no_alert() {
        let ping = AlertChannel::new(AlertTarget::Ping("https://hc.example.org/1".to_owned()));
        assert_eq!(ping.heartbeat_interval(), Some(Span::from_secs(300)));
        assert_eq!(ping.scope(), AlertScope::None);
        let mut file = AlertChannel::new(AlertTarget::File("/a".into()));
        assert_eq!(
            (file.heartbeat_interval(), file.scope()),
            (None, AlertScope::All)
        );
        file.heartbeat = Some(Span(std::time::Duration::from_millis(5)));
        assert_eq!(file.validate().len(), 1);
    }
}
