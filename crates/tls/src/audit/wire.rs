//! Connections to what is tested: opened, brought to the ClientHello, and asked.
//!
//! Every connection has a limit for its answer, and all of one target share a moment at which they
//! end. A connection that has served is closed without a word: OpenSSL of Heartbleed's time aborts
//! on an alert that comes behind a heartbeat.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

use super::{
    flight::{Flight, Progress},
    hello::ClientHello,
    starttls::{Dialogue, Greeting},
    target::Target,
};

/// Connections that one target is given at one time: a server's own limit for a stranger is seldom
/// below ten.
pub const CONNECTIONS_PER_TARGET: usize = 3;
/// How long is waited before a connection that failed is tried once more.
const AGAIN_AFTER: Duration = Duration::from_millis(300);

/// Why no answer was had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DialError {
    /// There is no connection.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("no answer in time")]
    Late,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The server closed.
    #[error("the server closed the connection")]
    Closed,
    /// The server does not begin TLS.
    #[error("{0}")]
    Unwilling(String),
}

/// What a server answers to a hello.
#[derive(Debug)]
pub(super) enum Answer {
    /// Its first flight.
    Flight(Flight),
    /// An alert with this number.
    Refused(u8),
    /// It closed.
    Closed,
    /// Nothing, in time.
    Silent,
    /// Something that is no TLS.
    NoTls(String),
}

/// How a target is reached.
#[derive(Debug)]
pub(super) struct Dial {
    pub(super) target: Target,
    pub(super) address: SocketAddr,
    /// How long one answer may take.
    pub(super) answer_max: Duration,
    /// When all ends.
    pub(super) until: Instant,
    pub(super) places: Arc<Semaphore>,
}

/// A connection at its ClientHello.
pub(super) struct Open<'a> {
    pub(super) stream: TcpStream,
    pub(super) greeting: Greeting,
    /// When an answer is late.
    pub(super) late: Instant,
    _place: Option<SemaphorePermit<'a>>,
}

impl Dial {
    /// The moment at which an answer that is asked for now is late.
    pub(super) fn late(&self) -> Instant {
        self.until.min(Instant::now() + self.answer_max)
    }

    /// True where nothing more may be begun.
    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Opens a connection; once more where the first attempt fails for a reason that may pass.
    pub(super) async fn open(&self) -> Result<Open<'_>, DialError> {
        match self.open_once().await {
            Err(DialError::Broken(_) | DialError::Closed | DialError::Unwilling(_))
                if !self.is_over() =>
            {
                tokio::time::sleep(AGAIN_AFTER).await;
                self.open_once().await
            }
            opened => opened,
        }
    }

    async fn open_once(&self) -> Result<Open<'_>, DialError> {
        // The semaphore is never closed; without it there is only less order.
        let place = self.places.acquire().await.ok();
        let late = self.late();
        let connected = timeout_at(late, TcpStream::connect(self.address)).await;
        let mut stream = connected
            .map_err(|_| DialError::Late)?
            .map_err(|error| DialError::Unreachable(error.to_string()))?;
        // Failing only costs time.
        let _ = stream.set_nodelay(true);
        let dialogue = Dialogue::new(&mut stream).hold(&self.target);
        let greeting = timeout_at(late, dialogue)
            .await
            .map_err(|_| DialError::Late)??;
        Ok(Open {
            stream,
            greeting,
            late: self.late(),
            _place: place,
        })
    }

    /// The name for a hello.
    pub(super) fn server_name(&self) -> Option<&str> {
        self.target.name()
    }
}

impl Open<'_> {
    /// Says a hello, and reads the flight that answers it.
    pub(super) async fn ask(&mut self, hello: &ClientHello<'_>) -> Answer {
        let late = self.late;
        let asked = async {
            if self.stream.write_all(&hello.to_record()).await.is_err() {
                return Answer::Closed;
            }
            let mut flight = Flight::default();
            let mut scratch = vec![0; 16 << 10];
            loop {
                let count = match self.stream.read(&mut scratch).await {
                    // A reset is the refusal of a server that does not like the hello.
                    Ok(0) | Err(_) => return Answer::Closed,
                    Ok(count) => count,
                };
                match flight.take(scratch.get(..count).unwrap_or_default()) {
                    Ok(Progress::Waiting) => {}
                    Ok(Progress::Done) => return Answer::Flight(flight),
                    Ok(Progress::Refused(alert)) => return Answer::Refused(alert),
                    Err(error) => return Answer::NoTls(error.to_string()),
                }
            }
        };
        timeout_at(late, asked).await.unwrap_or(Answer::Silent)
    }
}
