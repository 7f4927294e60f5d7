//! Who is connected: sessions of each connector, in all and by source, and the signal that ends
//! them.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use mailward_host::{clock::Clock, until::Until};
use mailward_model::kind::ReceiveConnector;
use mailward_proto::server::Config;
use parking_lot::Mutex;
use tokio::sync::{Notify, futures::Notified};

use crate::snapshot::Named;

/// Sessions of a connector, for status and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCount {
    /// The connector's name.
    pub connector: String,
    /// Sessions now.
    pub now: u32,
    /// Sessions since the process began.
    pub total: u64,
    /// Whether it was wedged on purpose.
    pub wedged: bool,
}

/// What lives of one connector.
#[derive(Debug)]
pub(super) struct Occupancy {
    pub(super) connector: String,
    now: AtomicU32,
    total: AtomicU64,
    sources: Mutex<HashMap<IpAddr, u32>>,
    wedged: Until,
    /// Counts restarts: a session of an earlier life ends.
    life: AtomicU64,
    /// Counts changes of the connector's ranges: a session looks whether it is still within them.
    ranges: AtomicU64,
    changed: Notify,
    /// The machine's configuration, made once for each revision of the connector.
    config: Mutex<Option<Configured>>,
}

/// A state of the connector, and the machine's configuration for it.
type Configured = (Arc<Named<ReceiveConnector>>, Arc<Config>);

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// Connections of the connector in all.
    All(u32),
    /// Connections from one source.
    Source(u32),
}

impl Occupancy {
    pub(super) fn new(connector: &str) -> Self {
        Occupancy {
            connector: connector.to_owned(),
            now: AtomicU32::new(0),
            total: AtomicU64::new(0),
            sources: Mutex::default(),
            wedged: Until::default(),
            life: AtomicU64::new(0),
            ranges: AtomicU64::new(0),
            changed: Notify::new(),
            config: Mutex::default(),
        }
    }

    pub(super) fn count(&self, clock: &dyn Clock) -> SessionCount {
        SessionCount {
            connector: self.connector.clone(),
            now: self.now.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
            wedged: self.wedged.is_on(clock),
        }
    }

    /// The machine's configuration for this state of the connector.
    pub(super) fn config(
        &self,
        connector: &Arc<Named<ReceiveConnector>>,
        host: &mailward_model::Domain,
    ) -> Arc<Config> {
        let mut kept = self.config.lock();
        if let Some((of, config)) = &*kept
            && Arc::ptr_eq(of, connector)
        {
            return Arc::clone(config);
        }
        let config = Arc::new(Config::new(&connector.spec, host));
        *kept = Some((Arc::clone(connector), Arc::clone(&config)));
        config
    }

    /// How long the connector is still wedged on purpose; `None` where it is not.
    pub(super) fn wedged(&self, clock: &dyn Clock) -> Option<Duration> {
        self.wedged.left(clock)
    }

    pub(super) fn wedge(&self, clock: &dyn Clock, span: Duration) {
        self.wedged.turn_on(clock, span);
    }

    pub(super) fn unwedge(&self) {
        self.wedged.turn_off();
        self.changed.notify_waiters();
    }

    /// Ends every session of this life and begins another. Answers how many there were.
    pub(super) fn restart(&self) -> u32 {
        self.wedged.turn_off();
        self.life.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
        self.now.load(Ordering::Relaxed)
    }

    /// Wakes every session, to look at what has changed.
    pub(super) fn wake(&self) {
        self.changed.notify_waiters();
    }

    /// The ranges of the connector have changed: every session looks at them.
    pub(super) fn ranges_changed(&self) {
        self.ranges.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    pub(super) fn ranges(&self) -> u64 {
        self.ranges.load(Ordering::SeqCst)
    }

    pub(super) fn life(&self) -> u64 {
        self.life.load(Ordering::SeqCst)
    }

    /// Resolves at the next [`Occupancy::restart`] or [`Occupancy::wake`] after this call, even
    /// where it is polled later.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Takes a place.
    ///
    /// # Errors
    /// The [`Limit`] that is reached.
    pub(super) fn enter(
        self: &Arc<Self>,
        source: IpAddr,
        connector: &ReceiveConnector,
    ) -> Result<Place, Limit> {
        let source = source_of(source);
        let mut sources = self.sources.lock();
        if self.now.load(Ordering::Relaxed) >= connector.max_connections {
            return Err(Limit::All(connector.max_connections));
        }
        let count = sources.entry(source).or_insert(0);
        if *count >= connector.max_connections_per_source {
            return Err(Limit::Source(connector.max_connections_per_source));
        }
        *count += 1;
        self.now.fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
        drop(sources);
        Ok(Place {
            occupancy: Arc::clone(self),
            source,
        })
    }
}

/// What counts as one source: an IPv4 address, or the /64 of an IPv6 address, since whoever has one
/// of its addresses has them all.
fn source_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64))
        }
        ip => ip,
    }
}

/// A place that a session holds while it lives.
#[derive(Debug)]
pub(super) struct Place {
    occupancy: Arc<Occupancy>,
    source: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sources = self.occupancy.sources.lock();
        self.occupancy.now.fetch_sub(1, Ordering::Relaxed);
        if let Some(count) = sources.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                sources.remove(&self.source);
            }
        }
        // A crowd that came once must not be held in memory for ever.
        if sources.is_empty() && sources.capacity() > 1024 {
            *sources = HashMap::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(all: u32, each: u32) -> ReceiveConnector {
        ReceiveConnector {
            max_connections: all,
            max_connections_per_source: each,
            ..ReceiveConnector::default()
        }
    }

    #[test]
    fn limits_hold_and_places_are_given_back() {
        let clock = mailward_host::clock::SystemClock::default();
        let occupancy = Arc::new(Occupancy::new("c"));
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let spec = connector(3, 2);
        let one = occupancy.enter(ip("192.0.2.1"), &spec).unwrap();
        let two = occupancy.enter(ip("::ffff:192.0.2.1"), &spec).unwrap();
        assert_eq!(
            occupancy.enter(ip("192.0.2.1"), &spec).unwrap_err(),
            Limit::Source(2)
        );
        let three = occupancy.enter(ip("192.0.2.2"), &spec).unwrap();
        assert_eq!(
            occupancy.enter(ip("192.0.2.3"), &spec).unwrap_err(),
            Limit::All(3)
        );
        assert_eq!(occupancy.count(&clock).now, 3);
        drop((one, two, three));
        assert_eq!(
            (occupancy.count(&clock).now, occupancy.count(&clock).total),
            (0, 3)
        );
        assert!(occupancy.sources.lock().is_empty());
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        let occupancy = Arc::new(Occupancy::new("c"));
        let spec = connector(9, 1);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let _place = occupancy.enter(ip("2001:db8::1"), &spec).unwrap();
        assert_eq!(
            occupancy.enter(ip("2001:db8::2"), &spec).unwrap_err(),
            Limit::Source(1)
        );
        assert!(occupancy.enter(ip("2001:db8:0:1::2"), &spec).is_ok());
    }
}
