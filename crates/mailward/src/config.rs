//! `mailward.toml`: what is true of this machine and of no other.
//!
//! What an administrator of the organisation sets (connectors, domains, rules) are objects in the
//! store, not lines here. An error names file, line, column, the key and the nearest known key.

use std::{
    fmt::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use hyper::Uri;
use mailward_admin::{DetailsTo, OtlpConfig};
use mailward_api::signed::KEY_OCTETS_MIN;
use mailward_model::{Domain, unit::Span};
use mailward_store::{Database, Place};
use serde::Deserialize;

use crate::role::RoleError;

/// Where the configuration is looked for when no path is given.
pub(crate) const DEFAULT_PATH: &str = "/etc/mailward/mailward.toml";

/// The settings of one node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The host's name, as other mail servers see it.
    pub(crate) hostname: Domain,
    /// The store, the queue, Maildirs, logs.
    #[serde(default = "default_data_dir")]
    pub(crate) data_dir: PathBuf,
    /// Sockets of the running roles.
    #[serde(default = "default_run_dir")]
    pub(crate) run_dir: PathBuf,
    /// PEM files: certificates and their keys.
    #[serde(default = "default_certificate_dir")]
    pub(crate) certificate_dir: PathBuf,
    /// Roots trusted besides the system's.
    #[serde(default)]
    pub(crate) extra_roots: Option<PathBuf>,
    /// Where the health pages and `/metrics` are served; nowhere if unset.
    #[serde(default)]
    pub(crate) http: Option<SocketAddr>,
    /// Whom `/healthz?verbose` tells reasons without a token.
    #[serde(default)]
    pub(crate) http_details: DetailsTo,
    /// File of a token; whoever shows it is told reasons from anywhere.
    #[serde(default)]
    pub(crate) http_token_file: Option<PathBuf>,
    /// Where balancers ask the agent; nowhere if unset.
    #[serde(default)]
    pub(crate) agent: Option<SocketAddr>,
    /// Where metrics and events are exported to; nowhere if unset.
    #[serde(default)]
    pub(crate) otlp: Option<Otlp>,
    /// DNS servers; those of the system if empty.
    #[serde(default)]
    pub(crate) resolvers: Vec<SocketAddr>,
    /// Whom the roles run as, when the manager is started by root.
    #[serde(default)]
    pub(crate) user: Option<String>,
    /// Whether faults may be injected on purpose, for drills.
    #[serde(default)]
    pub(crate) allow_faults: bool,
    /// Whether the host's firewall is kept in step with the ranges of receive connectors.
    #[serde(default)]
    pub(crate) firewall: bool,
    /// Whether the host's groups are kept as policies say; a list names the only ones.
    #[serde(default)]
    pub(crate) groups: Groups,
    /// The database of the objects that several nodes share; a file of this node if unset.
    #[serde(default)]
    pub(crate) store: Option<StoreTable>,
    /// Other nodes, not all of which may be away at once.
    #[serde(default)]
    pub(crate) group: Option<GroupTable>,
    /// Commands from and for other nodes.
    #[serde(default)]
    pub(crate) remote: Option<RemoteTable>,
}

/// `[remote]`: commands from and for other nodes, over mutual TLS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoteTable {
    /// Where other nodes ask this one; nowhere if unset: then it asks others only.
    #[serde(default)]
    pub(crate) listen: Option<SocketAddr>,
    /// File of this node's key, certificate and chain: `mailward authority issue` makes it.
    pub(crate) certificate_file: PathBuf,
    /// File of the certificate of the nodes' authority.
    pub(crate) authority_file: PathBuf,
}

/// `groups`: true for every group of the host, a list for those alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Groups {
    /// All or none.
    All(bool),
    /// These.
    Only(Vec<String>),
}

impl Default for Groups {
    fn default() -> Self {
        Groups::All(false)
    }
}

impl Groups {
    /// True where any may be changed.
    pub(crate) fn are_kept(&self) -> bool {
        *self != Groups::All(false)
    }

    /// The only ones that may be changed.
    pub(crate) fn only(&self) -> Option<Vec<String>> {
        match self {
            Groups::All(_) => None,
            Groups::Only(names) => Some(names.clone()),
        }
    }
}

/// `[store]`: a PostgreSQL database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreTable {
    /// `postgresql://USER@HOST/DATABASE`.
    #[serde(deserialize_with = "database")]
    pub(crate) url: Database,
    /// File of the password, read at every connection.
    #[serde(default)]
    pub(crate) password_file: Option<PathBuf>,
}

fn database<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Database, D::Error> {
    let url = String::deserialize(from)?;
    url.parse().map_err(serde::de::Error::custom)
}

/// `[group]`: the other nodes of this one's group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupTable {
    /// The `http` address of each other node, as `http://HOST:PORT`.
    #[serde(deserialize_with = "member_urls")]
    pub(crate) members: Vec<Uri>,
    /// The file of the key that all of them have: 16 octets or more, of which nobody else knows.
    pub(crate) key_file: PathBuf,
}

impl GroupTable {
    /// Reads the key.
    ///
    /// # Errors
    /// The file cannot be read, or its key is too short.
    pub(crate) fn key(&self) -> Result<Vec<u8>, RoleError> {
        let name = format!("the group's key {}", self.key_file.display());
        let text = std::fs::read(&self.key_file).map_err(|error| RoleError::start(&name, error))?;
        let key = text.trim_ascii();
        if key.len() < KEY_OCTETS_MIN {
            let found = format!(
                "it has {} octets, {KEY_OCTETS_MIN} are needed; make one with `openssl rand -hex 32`",
                key.len()
            );
            return Err(RoleError::start(&name, std::io::Error::other(found)));
        }
        Ok(key.to_vec())
    }
}

fn member_urls<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Uri>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let read = |text: &String| {
        let url: Option<Uri> = text.parse().ok();
        url.filter(|url| {
            url.scheme_str() == Some("http")
                && url.authority().is_some()
                && matches!(url.path(), "" | "/")
        })
        .ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{text:?} is no address of a node; write http://HOST:PORT, the node's `http`"
            ))
        })
    };
    texts.iter().map(read).collect()
}

/// Export to a collector of OpenTelemetry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Otlp {
    /// `http://host:4318` or `https://…`.
    pub(crate) endpoint: String,
    /// File of header fields, one `Name: value` per line.
    #[serde(default)]
    pub(crate) headers_file: Option<PathBuf>,
    /// How often.
    #[serde(default = "default_otlp_interval")]
    pub(crate) interval: Span,
    /// Whether metrics are exported.
    #[serde(default = "yes")]
    pub(crate) metrics: bool,
    /// Whether events are exported.
    #[serde(default = "yes")]
    pub(crate) events: bool,
}

/// Shorter intervals than this would send most numbers unchanged.
const OTLP_INTERVAL_MIN: Duration = Duration::from_secs(1);

fn default_otlp_interval() -> Span {
    Span::from_secs(15)
}

fn yes() -> bool {
    true
}

/// Where everything is kept when nothing else is said.
pub(crate) fn default_data_dir() -> PathBuf {
    "/var/lib/mailward".into()
}

fn default_run_dir() -> PathBuf {
    "/run/mailward".into()
}

fn default_certificate_dir() -> PathBuf {
    "/etc/mailward/certificates".into()
}

/// The keys, for the nearest one to a misspelt one.
const KEYS: &[&str] = &[
    "hostname",
    "data_dir",
    "run_dir",
    "certificate_dir",
    "extra_roots",
    "http",
    "http_details",
    "http_token_file",
    "agent",
    "otlp",
    "endpoint",
    "headers_file",
    "interval",
    "metrics",
    "events",
    "resolvers",
    "user",
    "allow_faults",
    "firewall",
    "groups",
    "store",
    "url",
    "password_file",
    "group",
    "members",
    "key_file",
    "remote",
    "listen",
    "certificate_file",
    "authority_file",
];

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error(
        "{path} cannot be read; make it with `mailward setup --domain YOUR.DOMAIN`, or name another with --config"
    )]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its text is not a configuration: the message has file, line, column and what to do.
    #[error("{0}")]
    Text(String),
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`], ready to be shown.
    pub(crate) fn read(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.into(),
            source,
        })?;
        Config::parse(&path.display().to_string(), &text)
    }

    /// Reads the text of a file named `name`.
    ///
    /// # Errors
    /// [`ConfigError::Text`].
    pub(crate) fn parse(name: &str, text: &str) -> Result<Config, ConfigError> {
        let config: Config = toml::from_str(text)
            .map_err(|error| ConfigError::Text(describe(name, text, &error)))?;
        match &config.otlp {
            Some(otlp) if otlp.interval.get() < OTLP_INTERVAL_MIN => {
                Err(ConfigError::Text(format!(
                    "{name}: the interval of otlp is {}; it must be one second at least",
                    otlp.interval
                )))
            }
            _ => Ok(config),
        }
    }

    /// Where the objects are, and the events.
    pub(crate) fn store_place(&self) -> Place {
        let file = self.data_dir.join("store.db");
        match &self.store {
            None => Place::File(file),
            Some(table) => Place::Database {
                database: Box::new(
                    table
                        .url
                        .clone()
                        .with_password_file(table.password_file.clone())
                        .with_extra_roots(self.extra_roots.clone()),
                ),
                copy: self.data_dir.join("copy.db"),
                events: file,
            },
        }
    }

    /// The queue's folder.
    pub(crate) fn queue_dir(&self) -> PathBuf {
        self.data_dir.join("queue")
    }

    /// The folder of Maildirs.
    pub(crate) fn mail_dir(&self) -> PathBuf {
        self.data_dir.join("mail")
    }

    /// The folder of event logs.
    pub(crate) fn events_dir(&self) -> PathBuf {
        self.data_dir.join("events")
    }

    /// The folder of the message tracking log.
    pub(crate) fn tracking_dir(&self) -> PathBuf {
        self.data_dir.join("tracking")
    }

    /// The folder of what is known of feeds of the untrusted list.
    pub(crate) fn untrusted_dir(&self) -> PathBuf {
        self.data_dir.join("untrusted")
    }

    /// The file of what was told of Mailward's own groups.
    pub(crate) fn own_groups_file(&self) -> PathBuf {
        self.data_dir.join("own-groups.json")
    }

    /// The folder of the administrator audit log.
    pub(crate) fn audit_dir(&self) -> PathBuf {
        self.data_dir.join("audit")
    }

    /// Where other nodes ask this one.
    pub(crate) fn remote_listen(&self) -> Option<SocketAddr> {
        self.remote.as_ref().and_then(|remote| remote.listen)
    }

    /// The folder of what is known of sender feeds.
    pub(crate) fn perimeter_dir(&self) -> PathBuf {
        self.data_dir.join("perimeter")
    }

    /// True where the enforcer has something to do.
    pub(crate) fn needs_enforcer(&self) -> bool {
        self.firewall || self.groups.are_kept()
    }

    /// The folder of what stood on the host before policies came: root's own.
    pub(crate) fn enforcer_dir(&self) -> PathBuf {
        self.data_dir.join("enforcer")
    }

    /// The folder of the ledger of journal reports.
    pub(crate) fn journal_dir(&self) -> PathBuf {
        self.data_dir.join("journal")
    }

    /// The folder of the manager's last good copies.
    pub(crate) fn last_good_dir(&self) -> PathBuf {
        self.data_dir.join("last-good")
    }

    /// The folder of reports about processes that hung.
    pub(crate) fn hangs_dir(&self) -> PathBuf {
        self.data_dir.join("hangs")
    }

    /// A number that differs where anything in it does; compared between processes of one machine,
    /// kept nowhere.
    pub(crate) fn fingerprint(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        format!("{self:?}").hash(&mut hasher);
        // Of the database not everything is shown.
        self.store.hash(&mut hasher);
        hasher.finish()
    }

    /// What is exported over OTLP, and where to.
    pub(crate) fn otlp(&self) -> Option<OtlpConfig> {
        self.otlp.as_ref().map(|otlp| OtlpConfig {
            endpoint: otlp.endpoint.clone(),
            headers_file: otlp.headers_file.clone(),
            interval: otlp.interval.get(),
            metrics: otlp.metrics,
            logs: otlp.events,
            extra_roots: self.extra_roots.clone(),
            place_file: self.events_dir().join("otlp.place"),
        })
    }

    /// The folder of managed availability: its ledger, its edges, the probe key.
    pub(crate) fn health_dir(&self) -> PathBuf {
        self.data_dir.join("health")
    }
}

/// Reads the text of a configuration file named `name` and says whether it is one; for fuzzing.
///
/// # Errors
/// What is wrong, as `mailward config check` says it.
pub fn check(name: &str, text: &str) -> Result<(), String> {
    match Config::parse(name, text) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// `file:line:column: what was found; what to do`, with the line itself and a caret.
fn describe(name: &str, text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let line_no = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    let line = text.lines().nth(line_no - 1).unwrap_or_default();
    let mut message = format!("{name}:{line_no}:{column}: {}", error.message().trim());
    if error.message().starts_with("unknown field") {
        let key = line.split('=').next().unwrap_or_default().trim();
        match nearest(key, KEYS) {
            Some(known) => {
                let _ = write!(message, "\n  did you mean `{known}`?");
            }
            None => message.push_str(
                "\n  connectors, domains and rules are objects: see `mailward export` and `mailward apply`",
            ),
        }
    }
    let shown = without_password(line);
    let _ = write!(message, "\n  {shown}\n  {}^", " ".repeat(column - 1));
    message
}

/// The line without the password of a URL in it: a line that is wrong is shown, and may be logged.
fn without_password(line: &str) -> String {
    let Some((before, url)) = line.split_once("://") else {
        return line.to_owned();
    };
    let mut shown = format!("{before}://");
    let rest = match url.rsplit_once('@') {
        Some((user, rest)) => {
            shown.push_str(user.split_once(':').map_or(user, |(name, _)| name));
            shown.push('@');
            rest
        }
        None => url,
    };
    match rest.split_once("password=") {
        Some((rest, _)) => shown.push_str(&format!("{rest}password=…")),
        None => shown.push_str(rest),
    }
    shown
}

/// The known word that differs least, where it differs by no more than a third.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().max(3))
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
