//! A client's connection, in plain text or under TLS, read through a buffer that the thread's
//! sessions share: a connection that waits holds no buffer of its own.

use std::{
    cell::Cell,
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

/// Octets read at once. A pipelined envelope with a message of ordinary size fits.
const SCRATCH_OCTETS: usize = 64 << 10;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The connection.
pub(super) enum Stream {
    /// In plain text.
    Plain(TcpStream),
    /// Under TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// Given away, for a handshake.
    Gone,
}

impl Stream {
    /// Reads once and hands the octets to `use_octets` at once: empty at the end of the stream. The
    /// octets are gone afterwards.
    pub(super) fn poll_read_with<R>(
        &mut self,
        cx: &mut Context<'_>,
        use_octets: impl FnOnce(&[u8]) -> R,
    ) -> Poll<io::Result<R>> {
        let mut scratch = SCRATCH.take();
        if scratch.is_empty() {
            scratch.resize(SCRATCH_OCTETS, 0);
        }
        let mut buffer = ReadBuf::new(&mut scratch);
        let polled = match self {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Stream::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        };
        let result = polled.map_ok(|()| use_octets(buffer.filled()));
        SCRATCH.set(scratch);
        result
    }

    /// Writes what can be written of `octets`.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, octets),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, octets),
            Stream::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Sends what TLS holds back.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Plain(_) => Poll::Ready(Ok(())),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Ends the sending side: under TLS with a close_notify first.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Gone => Poll::Ready(Ok(())),
        }
    }

    /// Reads and throws away, for a peer that still sends while the connection is being closed: a
    /// socket closed with octets unread is reset, and the peer may lose the reply behind them.
    /// Resolves at the end of the stream.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if ready!(self.poll_read_with(cx, <[u8]>::is_empty))? {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// True where octets wait on the socket. One system call that does not block.
pub(super) fn octets_wait(stream: &TcpStream) -> bool {
    let mut octet = [MaybeUninit::uninit(); 1];
    // Without octets: WouldBlock, or 0 at the end of the stream.
    SockRef::from(stream)
        .peek(&mut octet)
        .is_ok_and(|count| count > 0)
}
