//! Where a store is: in a file of this machine, or in a database that several nodes share.
//!
//! Never here: showing a password. What is shown of a database is its hosts and its name.

use std::{
    fmt,
    hash::{Hash, Hasher},
    net::IpAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use rustls::client::WebPkiServerVerifier;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    doubt::{Doubting, Shown},
    error::Cause,
};

/// How long one address may take to take a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long what was sent may stay unacknowledged: a peer that is gone is noticed by it.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);
/// After how long a silent connection is asked for a sign of life.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// Octets of a password file that are read.
const PASSWORD_OCTETS_MAX: usize = 4096;

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this file.
    File(PathBuf),
    /// In a database.
    Database {
        /// Which.
        database: Box<Database>,
        /// The file of this node's copy of the objects: what it works by while the database is
        /// away. It may be removed at any time; it is then made again from the database.
        copy: PathBuf,
        /// The file of this node's events, which are not shared.
        events: PathBuf,
    },
}

impl Place {
    /// The file that [`crate::EventLog`] appends to.
    pub fn events(&self) -> &Path {
        match self {
            Place::File(path) => path,
            Place::Database { events, .. } => events,
        }
    }

    /// The files of this node.
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Place::File(path) => vec![path],
            Place::Database { copy, events, .. } => vec![copy, events],
        }
    }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Place::File(path.to_owned())
    }
}

/// A PostgreSQL database, by its URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Database {
    url: String,
    config: Config,
    shown: String,
    password_file: Option<PathBuf>,
    extra_roots: Option<PathBuf>,
}

/// Why a text is no URL of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write postgresql://USER@HOST/DATABASE")]
pub struct DatabaseError(String);

impl FromStr for Database {
    type Err = DatabaseError;

    fn from_str(url: &str) -> Result<Database, DatabaseError> {
        let refuse = |problem: &str| Err(DatabaseError(problem.to_owned()));
        if !["postgresql://", "postgres://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return refuse("it is no URL of a PostgreSQL database");
        }
        let mut config = match url.parse::<Config>() {
            Ok(config) => config,
            Err(error) => {
                // It names the parameter, never its value.
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                return refuse(&cause.unwrap_or_else(|| error.to_string()));
            }
        };
        if config.get_hosts().is_empty() {
            return refuse("it names no host");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED_MAX);
        }
        if !url.contains("keepalives_idle=") {
            config.keepalives_idle(KEEPALIVE_IDLE);
        }
        if config.get_application_name().is_none() {
            config.application_name("mailward");
        }
        // Of several hosts the one that can be written to: a standby takes over without a change.
        if !url.contains("target_session_attrs=") {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if !config
            .get_hosts()
            .iter()
            .any(|host| matches!(host, Host::Tcp(_)))
        {
            config.ssl_mode(SslMode::Disable);
        } else if !url.contains("sslmode=") {
            config.ssl_mode(match config.get_hosts().iter().all(is_near) {
                true => SslMode::Prefer,
                // A password and the directory of an organisation are for nobody on the way.
                false => SslMode::Require,
            });
        }
        Ok(Database {
            url: url.to_owned(),
            shown: shown(&config),
            config,
            password_file: None,
            extra_roots: None,
        })
    }
}

impl Database {
    /// Takes the password from this file, read at every connection: a new one is in force with the
    /// next.
    pub fn with_password_file(mut self, file: Option<PathBuf>) -> Database {
        self.password_file = file;
        self
    }

    /// Trusts the roots in this PEM file besides those of the system.
    pub fn with_extra_roots(mut self, file: Option<PathBuf>) -> Database {
        self.extra_roots = file;
        self
    }

    /// How it is connected to now.
    pub(crate) fn config(&self) -> Result<Config, Cause> {
        let mut config = self.config.clone();
        if let Some(file) = &self.password_file {
            let unreadable =
                |problem: &str| format!("the password file {} {problem}", file.display());
            let text = std::fs::read(file)
                .map_err(|error| unreadable(&format!("cannot be read: {error}")))?;
            let password = text.trim_ascii();
            if password.is_empty() || password.len() > PASSWORD_OCTETS_MAX {
                return Err(unreadable("has no password in its one line").into());
            }
            config.password(password);
        }
        Ok(config)
    }

    /// How its certificate is judged, and where it is noted what was shown.
    pub(crate) fn tls(&self) -> Result<(MakeRustlsConnect, Shown), Cause> {
        let shown = Shown::default();
        let mut roots = rustls::RootCertStore::empty();
        if self.config.get_ssl_mode() != SslMode::Disable {
            // A root that cannot be read is missing where it is needed, and said there.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if let Some(file) = &self.extra_roots {
                let place =
                    |error| format!("the roots in {} cannot be read: {error}", file.display());
                for root in CertificateDer::pem_file_iter(file).map_err(place)? {
                    roots.add(root.map_err(place)?)?;
                }
            }
        }
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        // Without roots there is nothing to check against: whoever connects under TLS is told so.
        let config = match roots.is_empty() {
            true => builder.with_root_certificates(roots),
            false => {
                let usual = WebPkiServerVerifier::builder_with_provider(roots.into(), provider);
                let verifier = std::sync::Arc::new(Doubting::new(usual.build()?, &shown));
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(verifier)
            }
        };
        let connect = MakeRustlsConnect::new(config.with_no_client_auth());
        Ok((connect, shown))
    }
}

impl Hash for Database {
    /// Of everything, the password too.
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.url, &self.password_file, &self.extra_roots).hash(hasher);
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What differs between two databases is shown, but for a password.
        f.debug_struct("Database")
            .field("config", &self.config)
            .field("password_file", &self.password_file)
            .field("extra_roots", &self.extra_roots)
            .finish()
    }
}

/// True for a host that is this machine.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            let name = name.trim_matches(['[', ']']);
            name.eq_ignore_ascii_case("localhost")
                || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
    }
}

fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let mut hosts = Vec::new();
    for (at, host) in config.get_hosts().iter().enumerate() {
        let port = ports.get(at).or(ports.last()).copied().unwrap_or(5432);
        hosts.push(match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(path) => path.display().to_string(),
        });
    }
    let name = config.get_dbname().or(config.get_user());
    format!("{}/{}", hosts.join(","), name.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(url: &str) -> Database {
        url.parse().unwrap()
    }

    #[test]
    fn no_password_is_ever_shown() {
        let database = database("postgresql://mw:hush%21@db.example.org/objects");
        let told = format!("{database} {database:?}");
        assert!(told.contains("db.example.org:5432/objects"), "{told}");
        assert!(!told.contains("hush"), "{told}");
        for bad in [
            "postgresql://mw:hush@db.example.org:hush/objects",
            "postgresql://mw:hush@db/x?sslmode=hush",
            "postgresql:///objects?password=hush",
            "mysql://mw:hush@db/x",
            "postgresql://mw:hush@db/x?connect_timeout=hush",
        ] {
            let error = bad.parse::<Database>().unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
            assert!(error.contains("postgresql://USER@HOST/DATABASE"), "{error}");
        }
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_it_is_said_otherwise() {
        for (url, expect) in [
            ("postgresql://mw@db.example.org/x", SslMode::Require),
            (
                "postgresql://mw@db.example.org,127.0.0.1/x",
                SslMode::Require,
            ),
            (
                "postgresql://mw@db.example.org/x?sslmode=prefer",
                SslMode::Prefer,
            ),
            ("postgresql://mw@localhost/x", SslMode::Prefer),
            ("postgresql://mw@[::1]:5433/x", SslMode::Prefer),
            ("postgresql://mw@%2Frun%2Fpostgresql/x", SslMode::Disable),
        ] {
            assert_eq!(database(url).config.get_ssl_mode(), expect, "{url}");
        }
    }

    #[test]
    fn a_password_file_is_read_at_every_connection() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        let database = database("postgresql://mw@db/x").with_password_file(Some(file.clone()));
        let password = || {
            let config = database.config().map_err(|error| error.to_string())?;
            Ok::<_, String>(config.get_password().unwrap_or_default().to_vec())
        };
        assert!(password().unwrap_err().contains("cannot be read"));
        std::fs::write(&file, " \n").unwrap();
        assert!(password().unwrap_err().contains("no password"));
        for word in ["first", "second"] {
            std::fs::write(&file, format!("{word}\n")).unwrap();
            assert_eq!(password().unwrap(), word.as_bytes());
        }
    }
}
