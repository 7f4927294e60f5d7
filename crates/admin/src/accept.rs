//! Accepting connections: so many at one time, and on with the next where one cannot be accepted.
//!
//! Never here: who may connect, and what is said.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::Semaphore,
    task::JoinSet,
};

/// A moment's wait after accept has failed, mostly for want of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Where connections come from.
pub(crate) trait Listen: Send + Sync {
    /// A connection, and who it is from where that is known.
    type Stream: Send;

    /// Waits for the next one.
    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listen for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

impl Listen for TcpListener {
    type Stream = (TcpStream, SocketAddr);

    async fn next(&self) -> io::Result<Self::Stream> {
        self.accept().await
    }
}

/// Serves each connection in a task of its own, at most `most` at one time; who comes then waits in
/// the kernel's queue. Ends with the task that runs it, and its connections with it.
pub(crate) async fn each<L, F>(most: usize, listener: L, serve: impl Fn(L::Stream) -> F)
where
    L: Listen,
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.next().await {
            Ok(stream) => {
                let served = serve(stream);
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Attempts to accept, the most served at one time, those served now.
    type Counts = (AtomicUsize, AtomicUsize, AtomicUsize);

    /// Somebody always comes, and every third cannot be accepted.
    struct Failing(Arc<Counts>);

    impl Listen for Failing {
        type Stream = ();

        async fn next(&self) -> io::Result<()> {
            let number = self.0.0.fetch_add(1, Ordering::SeqCst);
            if number % 3 == 2 {
                return Err(io::Error::from_raw_os_error(24));
            }
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_so_many_are_served_and_a_failure_ends_nothing() {
        let counts: Arc<Counts> = Arc::default();
        let (accepting, serving) = (Arc::clone(&counts), Arc::clone(&counts));
        let all = each(3, Failing(accepting), move |()| {
            let counts = Arc::clone(&serving);
            async move {
                let now = counts.2.fetch_add(1, Ordering::SeqCst) + 1;
                counts.1.fetch_max(now, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(1)).await;
                counts.2.fetch_sub(1, Ordering::SeqCst);
            }
        });
        // It never ends by itself.
        assert!(
            tokio::time::timeout(Duration::from_secs(60), all)
                .await
                .is_err()
        );
        assert_eq!(counts.1.load(Ordering::SeqCst), 3);
        assert!(counts.0.load(Ordering::SeqCst) > 150);
    }
}
