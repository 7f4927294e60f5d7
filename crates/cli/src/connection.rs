//! The way to the admin API: HTTP/1.1 over a Unix socket.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use clap::ArgMatches;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use mailward_api::{
    fault::{Fault, FaultKind},
    operation::{FROM_HEADER, Wire, remote},
};
use tokio::net::UnixStream;

/// Where the sockets are where nothing else is said.
pub const DEFAULT_RUN_DIR: &str = "/run/mailward";

/// How long an answer may take to begin. Forced probes need the longest.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// Octets of a JSON answer.
const ANSWER_OCTETS_MAX: usize = 256 << 20;

/// The address that this session was opened from by SSH; empty for one that was not.
fn seat() -> String {
    let session = std::env::var("SSH_CONNECTION").unwrap_or_default();
    let address = session.split(' ').next().unwrap_or_default();
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => String::new(),
    }
}

/// Where the admin API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    socket: PathBuf,
    /// The node that carries commands out, where it is another one.
    node: Option<String>,
    /// On whose behalf, where that is said.
    user: Option<String>,
}

impl Connection {
    /// The API at this socket.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Connection {
            socket: socket.into(),
            node: None,
            user: None,
        }
    }

    /// The same, with commands for the node that `--node` names, on behalf of whom `--as` names.
    #[must_use]
    pub fn addressed(self, matches: &ArgMatches) -> Self {
        let given = |name: &str| matches.get_one::<String>(name).cloned();
        Connection {
            node: given("on_node"),
            user: given("as_user"),
            ..self
        }
    }

    /// The other node that carries commands out.
    pub(crate) fn node(&self) -> Option<&str> {
        self.node.as_deref()
    }

    /// The socket that `--socket` names, else `$MAILWARD_SOCKET`, else `admin.sock` in the
    /// configuration's `run_dir`, else in [`DEFAULT_RUN_DIR`].
    pub fn find(matches: &ArgMatches, run_dir: Option<&Path>) -> Self {
        let given = matches
            .get_one::<String>("socket")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("MAILWARD_SOCKET").map(PathBuf::from))
            .filter(|path| !path.as_os_str().is_empty());
        let run_dir = run_dir.unwrap_or(Path::new(DEFAULT_RUN_DIR));
        Connection::new(given.unwrap_or_else(|| run_dir.join("admin.sock")))
    }

    /// The socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    fn not_reachable(&self, error: &io::Error) -> Fault {
        let mend = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                "run the command as root or as the user that Mailward runs as"
            }
            _ => {
                "start Mailward with `systemctl start mailward` or `mailward serve`, or name its admin socket with --socket"
            }
        };
        Fault::new(
            FaultKind::Unreachable,
            format!(
                "Mailward cannot be reached at {}: {error}",
                self.socket.display()
            ),
            mend,
        )
    }

    fn broke_off(&self, error: impl std::fmt::Display) -> Fault {
        Fault::new(
            FaultKind::Unreachable,
            format!("{} broke off: {error}", self.socket.display()),
            "ask again; `mailward status` tells which roles run",
        )
    }

    /// Sends a request and waits for the head of the answer. An answer that is a fault comes back
    /// as one.
    pub(crate) async fn send(&self, wire: Wire) -> Result<Response<Incoming>, Fault> {
        let exchange = async {
            let stream = UnixStream::connect(&self.socket)
                .await
                .map_err(|error| self.not_reachable(&error))?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
                .await
                .map_err(|error| self.broke_off(error))?;
            // It ends with the request; its error is the request's error too.
            tokio::spawn(async move {
                let _ = connection.await;
            });
            let mut request = Request::builder()
                .method(wire.method.name())
                .uri(wire.target)
                .header("host", "mailward")
                .header("content-type", "application/json")
                .header(FROM_HEADER, seat());
            for (name, value) in [
                (remote::NODE, &self.node),
                (remote::ON_BEHALF_OF, &self.user),
            ] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
            let request = request
                .body(Full::new(Bytes::from(wire.body.unwrap_or_default())))
                .map_err(|error| Fault::invalid(error.to_string(), "ask for something shorter"))?;
            sender
                .send_request(request)
                .await
                .map_err(|error| self.broke_off(error))
        };
        let response = tokio::time::timeout(ANSWER_TIMEOUT, exchange)
            .await
            .map_err(|_| {
                Fault::new(
                    FaultKind::Unreachable,
                    format!("Mailward has not answered within {ANSWER_TIMEOUT:?}"),
                    "`mailward status` tells which roles run",
                )
            })??;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = self.collect(response).await?;
        Err(serde_json::from_slice(&body).unwrap_or_else(|_| {
            Fault::new(
                FaultKind::Failed,
                format!("the answer has status {status} and does not say why"),
                "is another program listening on this socket?",
            )
        }))
    }

    /// The whole body of an answer.
    pub(crate) async fn collect(&self, response: Response<Incoming>) -> Result<Bytes, Fault> {
        let body = http_body_util::Limited::new(response.into_body(), ANSWER_OCTETS_MAX);
        body.collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .map_err(|error| self.broke_off(error))
    }
}
