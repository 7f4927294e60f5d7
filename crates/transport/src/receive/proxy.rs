//! Reads the PROXY protocol header off a connection, and not an octet more: what stands behind it
//! may be a TLS handshake.

use std::{io, time::Duration};

use mailward_proto::proxy::{Origin, Progress, ProxyError, V2_OCTETS_MAX, parse};
use tokio::{io::AsyncReadExt, net::TcpStream};

/// How long a proxy may take for its header: it sends it at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no header.
#[derive(Debug, thiserror::Error)]
pub(super) enum HeaderError {
    /// What came is none.
    #[error(transparent)]
    NoHeader(#[from] ProxyError),
    /// The connection ended or failed.
    #[error("the connection ended before the PROXY protocol header did")]
    Connection(#[source] io::Error),
    /// It did not come in time.
    #[error("the PROXY protocol header did not come within {} seconds", PATIENCE.as_secs())]
    Late,
}

/// Reads the header.
///
/// # Errors
/// [`HeaderError`]; the connection is to be closed without a word.
pub(super) async fn read(stream: &mut TcpStream) -> Result<Origin, HeaderError> {
    match tokio::time::timeout(PATIENCE, header(stream)).await {
        Ok(read) => read,
        Err(_) => Err(HeaderError::Late),
    }
}

async fn header(stream: &mut TcpStream) -> Result<Origin, HeaderError> {
    let mut seen = Vec::new();
    loop {
        let known = seen.len();
        let mut waiting = [0; V2_OCTETS_MAX];
        let count = stream
            .peek(&mut waiting)
            .await
            .map_err(HeaderError::Connection)?;
        if count == 0 {
            return Err(HeaderError::Connection(io::ErrorKind::UnexpectedEof.into()));
        }
        seen.extend_from_slice(waiting.get(..count).unwrap_or_default());
        let (origin, header_octets) = match parse(&seen)? {
            Progress::Complete { octets, origin } => (Some(origin), octets),
            // All of it belongs to the header: the parser answers as soon as it is complete.
            Progress::Needs(_) => (None, seen.len()),
        };
        seen.truncate(header_octets);
        let new = waiting
            .get_mut(..header_octets.saturating_sub(known))
            .unwrap_or_default();
        stream
            .read_exact(new)
            .await
            .map_err(HeaderError::Connection)?;
        if let Some(origin) = origin {
            return Ok(origin);
        }
    }
}
