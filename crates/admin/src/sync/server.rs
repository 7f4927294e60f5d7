//! The servers of a source, and how each is connected to. Secrets are read anew for every connection,
//! so that a changed password needs no restart.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use mailward_ldap::{Connection, Credentials, LdapError, Server, Starting};
use mailward_model::kind::{DirectorySource, DirectoryTls, HostName, OutboundTls, TlsAuthLevel};
use mailward_tls::{ClientTls, Roots};

/// How long each step of connecting may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// Octets of a password file.
const SECRET_OCTETS_MAX: u64 = 4 << 10;
/// What a file grants to everybody.
const OTHERS: u32 = 0o007;
/// The ports of LDAPS and of LDAP.
const PORT_LDAPS: u16 = 636;
const PORT_LDAP: u16 = 389;

/// Why a source cannot be used, whichever its servers are.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnusableError {
    /// The password cannot be read.
    #[error("the password file {file} cannot be read: {problem}; write the password into it, one line, and let only this program's user read it", file = .file.display())]
    Secret {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is nothing to check a server's certificate against, or no name.
    #[error("{0}")]
    Tls(String),
    /// The mapping cannot be.
    #[error("{0}")]
    Mapping(String),
}

/// Everything needed to connect to any server of a source.
pub(super) struct Access {
    pub(super) servers: Vec<Server>,
    credentials: Option<Credentials>,
}

impl Access {
    /// Reads what the source names on this host. Blocks.
    pub(super) fn of(
        source: &DirectorySource,
        extra_roots: Option<&Path>,
    ) -> Result<Access, UnusableError> {
        let tls_error = |error: &dyn std::fmt::Display| UnusableError::Tls(error.to_string());
        let mut roots = Roots::system();
        roots.files.extend(source.ca_file.clone());
        roots.files.extend(extra_roots.map(Path::to_owned));
        let tls = ClientTls::new(roots)
            .config(
                OutboundTls::Required,
                TlsAuthLevel::DomainValidation,
                source.tls_domain.as_ref(),
            )
            .map_err(|error| tls_error(&error))?
            .ok_or_else(|| tls_error(&"there is no TLS"))?;
        let (starting, port) = match source.tls {
            DirectoryTls::Ldaps => (Starting::AtOnce, PORT_LDAPS),
            DirectoryTls::Starttls => (Starting::ByCommand, PORT_LDAP),
        };
        let mut servers = Vec::with_capacity(source.servers.len());
        for server in &source.servers {
            let host = match &server.host {
                HostName::Name(name) => name.to_string(),
                HostName::Ip(ip) => ip.to_string(),
            };
            servers.push(Server {
                place: (host, server.port.unwrap_or(port)),
                name: ClientTls::server_name(&server.host).map_err(|error| tls_error(&error))?,
                starting,
                tls: tls.clone(),
                patience: CONNECT_PATIENCE,
            });
        }
        let credentials = match (&source.bind_name, &source.secret_file) {
            (Some(name), Some(file)) => Some(Credentials {
                name: name.clone(),
                password: secret(file)?,
            }),
            _ => None,
        };
        Ok(Access {
            servers,
            credentials,
        })
    }

    /// Connects to one of them and signs in.
    pub(super) async fn connect(&self, server: &Server) -> Result<Connection, LdapError> {
        let mut connection = Connection::open(server).await?;
        if let Some(credentials) = &self.credentials {
            connection.sign_in(credentials).await?;
        }
        Ok(connection)
    }

    /// Who signs in.
    pub(super) fn account(&self) -> &str {
        self.credentials
            .as_ref()
            .map_or("nobody", |with| &with.name)
    }
}

fn secret(file: &Path) -> Result<String, UnusableError> {
    let fail = |problem: String| UnusableError::Secret {
        file: file.to_owned(),
        problem,
    };
    let metadata = std::fs::metadata(file).map_err(|error| fail(error.to_string()))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(fail(format!("everybody can read it (mode {mode:04o})")));
    }
    if metadata.len() > SECRET_OCTETS_MAX {
        return Err(fail(format!("it has more than {SECRET_OCTETS_MAX} octets")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
    // RFC 4513 §5.1.2: a name without a password signs in as nobody, and looks as if it had worked.
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(fail("it is empty".to_owned())),
        password => Ok(password.to_owned()),
    }
}
