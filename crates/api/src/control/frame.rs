//! Frames: four octets of length, big-endian, and as many octets of JSON.
//!
//! The length is checked before anything is allocated for it. Reading a frame is not cancel-safe:
//! whoever gives up in the middle must close the connection.

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Octets of JSON in one frame. A queue listing of 50,000 messages stays below it; message bodies
/// go in pieces.
pub const FRAME_OCTETS_MAX: usize = 16 << 20;

/// Why no frame was read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The peer closed between two frames: the ordinary end.
    #[error("the connection was closed")]
    Closed,
    /// The socket failed, or the peer closed inside a frame.
    #[error("the connection failed")]
    Io(#[from] std::io::Error),
    /// The frame is longer than [`FRAME_OCTETS_MAX`].
    #[error("a frame of {octets} octets, the limit is {FRAME_OCTETS_MAX}")]
    TooLong {
        /// Its length.
        octets: usize,
    },
    /// The JSON is not of the type expected.
    #[error("a frame that is not understood")]
    Json(#[source] serde_json::Error),
}

/// Reads one frame.
///
/// # Errors
/// See [`FrameError`]; after any of them the connection is of no further use.
pub async fn read<T: DeserializeOwned>(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<T, FrameError> {
    let mut length = [0; 4];
    let mut have = 0;
    while let Some(rest) = length.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest).await? {
            0 if have == 0 => return Err(FrameError::Closed),
            0 => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
            n => have += n,
        }
    }
    let octets = u32::from_be_bytes(length) as usize;
    if octets > FRAME_OCTETS_MAX {
        return Err(FrameError::TooLong { octets });
    }
    // `take` and not a buffer of the announced length: memory follows what really arrives.
    let mut json = Vec::new();
    let got = stream.take(octets as u64).read_to_end(&mut json).await?;
    if got != octets {
        return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
    }
    serde_json::from_slice(&json).map_err(FrameError::Json)
}

/// Writes one frame.
///
/// # Errors
/// [`FrameError::TooLong`] before anything is written; the socket's errors.
pub async fn write<T: Serialize>(
    stream: &mut (impl AsyncWrite + Unpin),
    value: &T,
) -> Result<(), FrameError> {
    let mut octets = vec![0; 4];
    serde_json::to_writer(&mut octets, value).map_err(FrameError::Json)?;
    let length = octets.len() - 4;
    if length > FRAME_OCTETS_MAX {
        return Err(FrameError::TooLong { octets: length });
    }
    // Checked above: the limit is far below 2^32.
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    if let Some(head) = octets.get_mut(..4) {
        head.copy_from_slice(&length);
    }
    stream.write_all(&octets).await?;
    stream.flush().await?;
    Ok(())
}
