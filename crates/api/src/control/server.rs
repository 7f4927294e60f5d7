//! The answering side of the control channel.

use std::{
    future::Future,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    task::JoinHandle,
};

use super::{
    VERSION,
    frame::{self, FrameError},
    request::{ControlReply, ControlRequest},
};
use crate::fault::{Fault, FaultKind};

/// Connections served at one time. The peers are the other roles and a few administrators.
const CONNECTIONS_MAX: usize = 64;
/// How long a peer may take for its hello.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// The first frame of each side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Hello {
    /// Always `mailward-control`: tells a wrong socket from a wrong version.
    pub protocol: String,
    /// [`VERSION`].
    pub version: u32,
}

impl Hello {
    pub(super) fn ours() -> Self {
        Hello {
            protocol: "mailward-control".to_owned(),
            version: VERSION,
        }
    }
}

/// What answers requests: a role. Any `Fn(ControlRequest) -> impl Future` will do.
pub trait Service: Send + Sync + 'static {
    /// Carries a request out.
    fn answer(
        &self,
        request: ControlRequest,
    ) -> impl Future<Output = Result<ControlReply, Fault>> + Send;
}

impl<F, A> Service for F
where
    F: Fn(ControlRequest) -> A + Send + Sync + 'static,
    A: Future<Output = Result<ControlReply, Fault>> + Send,
{
    fn answer(
        &self,
        request: ControlRequest,
    ) -> impl Future<Output = Result<ControlReply, Fault>> + Send {
        self(request)
    }
}

/// Why a socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A living process answers there already.
    #[error("another process answers at {path}: is Mailward running already?")]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot open the socket {path}; its directory must exist and be writable")]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Opens a Unix socket for this user alone (0600). A socket file that a dead process left is
/// replaced; that of a living one is not touched.
///
/// # Errors
/// See [`BindError`].
pub fn bind(path: &Path) -> Result<std::os::unix::net::UnixListener, BindError> {
    bind_for(path, None)
}

/// The same, with the socket file given to the user `owner`. Root can open it all the same.
fn bind_for(
    path: &Path,
    owner: Option<u32>,
) -> Result<std::os::unix::net::UnixListener, BindError> {
    let fail = |source| BindError::Io {
        path: path.to_owned(),
        source,
    };
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(BindError::InUse {
            path: path.to_owned(),
        });
    }
    // Bound under another name and renamed once its mode is right: at no moment can another user
    // connect, and at no moment is there no socket.
    let mut early = path.as_os_str().to_owned();
    early.push(".new");
    let early = PathBuf::from(early);
    match std::fs::remove_file(&early) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(error)),
        _ => {}
    }
    let listener = std::os::unix::net::UnixListener::bind(&early).map_err(fail)?;
    std::fs::set_permissions(&early, std::fs::Permissions::from_mode(0o600)).map_err(fail)?;
    if owner.is_some() {
        std::os::unix::fs::chown(&early, owner, None).map_err(fail)?;
    }
    std::fs::rename(&early, path).map_err(fail)?;
    listener.set_nonblocking(true).map_err(fail)?;
    Ok(listener)
}

/// True where the peer is this user or root.
pub fn is_trusted(stream: &UnixStream) -> bool {
    is_trusted_by(stream, None)
}

/// True where the peer is this user, root, or the user `also`.
fn is_trusted_by(stream: &UnixStream, also: Option<u32>) -> bool {
    let own = nix::unistd::Uid::effective().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == 0 || peer.uid() == own || Some(peer.uid()) == also)
}

/// A role's open control socket; dropped, it is closed and its connections end.
#[derive(Debug)]
pub struct Server {
    accept: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

/// Opens the socket at `path` and answers on it with `service` until the [`Server`] is dropped.
/// Must be called inside a tokio runtime.
///
/// # Errors
/// See [`BindError`].
pub fn serve(path: &Path, service: impl Service) -> Result<Server, BindError> {
    serve_for(path, None, service)
}

/// The same for a role that runs as root and is asked by roles of the user `also`: that user may
/// open the socket and is answered.
///
/// # Errors
/// See [`BindError`].
pub fn serve_for(
    path: &Path,
    also: Option<u32>,
    service: impl Service,
) -> Result<Server, BindError> {
    let listener =
        UnixListener::from_std(bind_for(path, also)?).map_err(|source| BindError::Io {
            path: path.to_owned(),
            source,
        })?;
    let service = Arc::new(service);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let accept = tokio::spawn(async move {
        // Connections live in the set: they end with the server.
        let mut connections = tokio::task::JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, _)) if is_trusted_by(&stream, also) => {
                    let service = Arc::clone(&service);
                    connections.spawn(async move {
                        // Whoever breaks off learns nothing more; a broken connection of a local
                        // peer is no event of its own, the peer's exit is.
                        let _ = converse(stream, service.as_ref()).await;
                        drop(place);
                    });
                }
                // Not one of us: closed without a word.
                Ok(_) => {}
                // Out of descriptors, mostly: a moment's wait lets others end.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    });
    Ok(Server { accept })
}

async fn converse<S: Service>(mut stream: UnixStream, service: &S) -> Result<(), FrameError> {
    let hello: Hello = tokio::time::timeout(HELLO_TIMEOUT, frame::read(&mut stream))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    frame::write(&mut stream, &Hello::ours()).await?;
    if hello.version != VERSION || hello.protocol != Hello::ours().protocol {
        return Ok(());
    }
    loop {
        let answer = match frame::read::<ControlRequest>(&mut stream).await {
            Ok(request) => service.answer(request).await,
            Err(FrameError::Closed) => return Ok(()),
            // The frame was read whole, so the stream is still in step.
            Err(FrameError::Json(error)) => Err(Fault::new(
                FaultKind::Unsupported,
                format!("the request is not understood: {error}"),
                "both sides must be of one version of Mailward",
            )),
            Err(error) => return Err(error),
        };
        match frame::write(&mut stream, &answer).await {
            Err(FrameError::TooLong { octets }) => {
                let fault = Fault::new(
                    FaultKind::TooLarge,
                    format!("the answer has {octets} octets, more than one frame takes"),
                    "ask for less, with a filter or a limit",
                );
                frame::write(&mut stream, &Err::<ControlReply, _>(fault)).await?;
            }
            other => other?,
        }
    }
}
