//! The asking side of the control channel.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::net::UnixStream;

use super::{
    VERSION,
    frame::{self, FrameError},
    request::{ControlReply, ControlRequest},
    server::Hello,
};
use crate::fault::{Fault, FaultKind};

/// How long an answer may take where the caller sets no other limit. Long enough for a role that
/// is busy, short enough that an administrator does not take it for a hang.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a request got no answer, or a negative one.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens there.
    #[error("no role answers at {path}")]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The other side speaks another version.
    #[error(
        "the role at {path} speaks version {found} of the control channel and this one {VERSION}"
    )]
    Version {
        /// The socket.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The connection broke.
    #[error("the role at {path} broke off")]
    Frame {
        /// The socket.
        path: PathBuf,
        /// How.
        #[source]
        source: FrameError,
    },
    /// It took too long.
    #[error("the role at {path} did not answer within {waited:?}")]
    Timeout {
        /// The socket.
        path: PathBuf,
        /// The limit.
        waited: Duration,
    },
    /// The role answered that it will not or cannot.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl CallError {
    /// The fault to hand on to whoever asked; `role` says who was meant to answer.
    pub fn into_fault(self, role: &str) -> Fault {
        let error = match self {
            CallError::Fault(fault) => return fault,
            CallError::Connect { source, .. } => {
                format!("the role {role} does not answer: {source}")
            }
            CallError::Frame { source, .. } => format!("the role {role} broke off: {source}"),
            other => other.to_string(),
        };
        Fault::new(
            FaultKind::Unreachable,
            error,
            "`mailward status` tells which roles run; a role that was just restarted answers in a moment",
        )
    }
}

/// A connection to a role.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    path: PathBuf,
    timeout: Duration,
}

impl Client {
    /// Connects and exchanges hellos.
    ///
    /// # Errors
    /// Nobody listens, another version answers, or nothing within ten seconds.
    pub async fn connect(path: &Path) -> Result<Client, CallError> {
        Client::connect_within(path, CALL_TIMEOUT).await
    }

    /// As [`Client::connect`], with a limit for the connection and for each call on it.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect_within(path: &Path, timeout: Duration) -> Result<Client, CallError> {
        let broke = |source| CallError::Frame {
            path: path.to_owned(),
            source,
        };
        let greet = async {
            let mut stream =
                UnixStream::connect(path)
                    .await
                    .map_err(|source| CallError::Connect {
                        path: path.to_owned(),
                        source,
                    })?;
            frame::write(&mut stream, &Hello::ours())
                .await
                .map_err(broke)?;
            let hello: Hello = frame::read(&mut stream).await.map_err(broke)?;
            if hello.version != VERSION {
                return Err(CallError::Version {
                    path: path.to_owned(),
                    found: hello.version,
                });
            }
            Ok(stream)
        };
        let stream =
            tokio::time::timeout(timeout, greet)
                .await
                .map_err(|_| CallError::Timeout {
                    path: path.to_owned(),
                    waited: timeout,
                })??;
        Ok(Client {
            stream,
            path: path.to_owned(),
            timeout,
        })
    }

    /// Asks and waits for the answer. After any error but [`CallError::Fault`] the connection is
    /// of no further use; the same holds where the future is dropped before it is done.
    ///
    /// # Errors
    /// The role's [`Fault`]; else how the connection failed.
    pub async fn call(&mut self, request: &ControlRequest) -> Result<ControlReply, CallError> {
        let exchange = async {
            frame::write(&mut self.stream, request).await?;
            frame::read::<Result<ControlReply, Fault>>(&mut self.stream).await
        };
        match tokio::time::timeout(self.timeout, exchange).await {
            Ok(Ok(answer)) => Ok(answer?),
            Ok(Err(source)) => Err(CallError::Frame {
                path: self.path.clone(),
                source,
            }),
            Err(_) => Err(CallError::Timeout {
                path: self.path.clone(),
                waited: self.timeout,
            }),
        }
    }
}

/// Connects, asks once and closes.
///
/// # Errors
/// As [`Client::connect`] and [`Client::call`].
pub async fn call(
    path: &Path,
    request: &ControlRequest,
    timeout: Duration,
) -> Result<ControlReply, CallError> {
    Client::connect_within(path, timeout)
        .await?
        .call(request)
        .await
}
