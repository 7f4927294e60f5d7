//! The listening sockets: which are wanted by the receive connectors, which are open, what differs.
//!
//! A socket is opened once and kept over every restart of the role that serves it. It is closed only
//! when no enabled connector is bound to it any more.

use std::{collections::BTreeMap, io, net::SocketAddr, net::TcpListener, os::fd::OwnedFd};

use mailward_events::{Event, Events};
use mailward_host::listen;
use mailward_model::kind::ReceiveConnector;

/// The open sockets of the receive connectors.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    open: BTreeMap<SocketAddr, TcpListener>,
    are_missing: bool,
}

impl Sockets {
    /// Opens what is wanted and not open, closes what is open and not wanted. True where something
    /// changed. A socket that cannot be opened is an event; the others serve.
    pub(super) fn reconcile(
        &mut self,
        connectors: &[(String, ReceiveConnector)],
        events: &Events,
    ) -> bool {
        let wanted = wanted(connectors);
        let before: Vec<SocketAddr> = self.open.keys().copied().collect();
        self.open.retain(|address, _| wanted.contains_key(address));
        self.are_missing = false;
        for (address, connector) in wanted {
            if self.open.contains_key(&address) {
                continue;
            }
            match listen::bind(address) {
                Ok(socket) => {
                    self.open.insert(address, socket);
                }
                // Half of ":25" is missing on a host without IPv6; that is no fault.
                Err(error) if address.is_ipv6() && is_family_missing(&error) => {}
                Err(error) => {
                    self.are_missing = true;
                    events.emit(Event::ConnectorBindFailed {
                        connector,
                        binding: address.to_string(),
                        error: error.to_string(),
                    });
                }
            }
        }
        !self.open.keys().eq(before.iter())
    }

    /// Takes a socket up that another process had opened.
    pub(super) fn adopt(&mut self, socket: TcpListener) {
        // One that has no address is none of ours.
        if let Ok(address) = socket.local_addr() {
            self.open.insert(address, socket);
        }
    }

    /// True where a wanted socket could not be opened: whoever had the port may be gone later.
    pub(super) fn are_missing(&self) -> bool {
        self.are_missing
    }

    /// Copies of all of them for a child.
    ///
    /// # Errors
    /// Where descriptors ran out.
    pub(super) fn share(&self) -> io::Result<Vec<(String, OwnedFd)>> {
        self.open
            .values()
            .map(|socket| Ok(("smtp".to_owned(), listen::share(socket)?)))
            .collect()
    }

    /// The addresses listened on.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.open.keys().map(SocketAddr::to_string).collect()
    }
}

fn is_family_missing(error: &io::Error) -> bool {
    // EAFNOSUPPORT where the kernel has no IPv6, EADDRNOTAVAIL where it is switched off.
    matches!(error.raw_os_error(), Some(97)) || error.kind() == io::ErrorKind::AddrNotAvailable
}

/// The addresses to listen on, each with the name of a connector that wants it.
fn wanted(connectors: &[(String, ReceiveConnector)]) -> BTreeMap<SocketAddr, String> {
    let mut wanted = BTreeMap::new();
    for (name, connector) in connectors.iter().filter(|(_, connector)| connector.enabled) {
        for address in connector
            .bindings
            .iter()
            .flat_map(mailward_model::Binding::sockets)
        {
            wanted.entry(address).or_insert_with(|| name.clone());
        }
    }
    // The kernel lets one process own a port: a socket for all addresses takes the connections of
    // every single address of its family too, and the choice of connector tells them apart.
    let all: Vec<SocketAddr> = wanted
        .keys()
        .filter(|address| address.ip().is_unspecified())
        .copied()
        .collect();
    wanted.retain(|address, _| {
        address.ip().is_unspecified()
            || !all
                .iter()
                .any(|a| a.port() == address.port() && a.is_ipv4() == address.is_ipv4())
    });
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(name: &str, enabled: bool, bindings: &[&str]) -> (String, ReceiveConnector) {
        let bindings = bindings.iter().map(|b| b.parse().unwrap()).collect();
        (
            name.to_owned(),
            ReceiveConnector {
                enabled,
                bindings,
                ..Default::default()
            },
        )
    }

    #[test]
    fn single_addresses_are_served_by_the_socket_for_all() {
        let connectors = [
            connector("all", true, &[":25"]),
            connector("one", true, &["192.0.2.1:25", "192.0.2.1:587"]),
            connector("off", false, &[":2525"]),
        ];
        let addresses: Vec<String> = wanted(&connectors)
            .keys()
            .map(SocketAddr::to_string)
            .collect();
        assert_eq!(addresses, ["0.0.0.0:25", "192.0.2.1:587", "[::]:25"]);
    }

    #[test]
    fn a_socket_stays_open_while_it_is_wanted() {
        let (events, _) = Events::collect();
        let mut sockets = Sockets::default();
        let first = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let taken = first.local_addr().unwrap();
        drop(first);
        let connectors = [connector("a", true, &[&taken.to_string()])];
        assert!(sockets.reconcile(&connectors, &events));
        assert!(!sockets.reconcile(&connectors, &events), "nothing changed");
        std::net::TcpStream::connect(taken).unwrap();
        assert!(sockets.reconcile(&[], &events));
        assert!(std::net::TcpStream::connect(taken).is_err());
    }

    #[test]
    fn a_socket_that_is_handed_over_is_not_opened_again() {
        let (events, collector) = Events::collect();
        let socket = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let mut sockets = Sockets::default();
        sockets.adopt(socket);
        let connectors = [connector("a", true, &[&address.to_string()])];
        assert!(!sockets.reconcile(&connectors, &events), "nothing changed");
        assert!(collector.take().is_empty());
        std::net::TcpStream::connect(address).unwrap();
    }

    #[test]
    fn a_port_that_is_taken_is_an_event_and_no_end() {
        let (events, collector) = Events::collect();
        let other = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let taken = other.local_addr().unwrap().to_string();
        let mut sockets = Sockets::default();
        let connectors = [connector("a", true, &[&taken])];
        assert!(!sockets.reconcile(&connectors, &events));
        assert_eq!(collector.take()[0].number(), 1001);
        assert!(sockets.are_missing());
        drop(other);
        assert!(sockets.reconcile(&connectors, &events) && !sockets.are_missing());
        std::net::TcpStream::connect(&taken).unwrap();
    }
}
