//! The addresses that connections come from: those that the send connector names, in turn.
//!
//! An address that is not on this host is told and passed over. Invariant: where a connector names
//! addresses nothing leaves from another one.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
};

use mailward_events::{Event, Events};
use mailward_model::kind::SendConnector;
use tokio::net::{TcpSocket, TcpStream};

use crate::snapshot::Snapshot;

/// The sources for a host of one family, the one whose turn it is first. `None` where the connector
/// names addresses and none of that family: the host cannot be reached.
pub(super) fn in_turn(
    connector: &SendConnector,
    to_v4: bool,
    turn: usize,
) -> Option<Vec<Option<IpAddr>>> {
    if connector.sources().next().is_none() {
        return Some(vec![None]);
    }
    let mut sources: Vec<Option<IpAddr>> = connector
        .sources()
        .filter(|source| source.is_ipv4() == to_v4)
        .map(Some)
        .collect();
    let count = sources.len();
    if count == 0 {
        return None;
    }
    sources.rotate_left(turn % count);
    Some(sources)
}

/// Connects from the first of the sources that this host has.
pub(super) async fn connect(
    address: SocketAddr,
    sources: &[Option<IpAddr>],
    missing: impl Fn(IpAddr, &io::Error),
) -> io::Result<TcpStream> {
    let mut last = None;
    for source in sources {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        if let Some(source) = source
            && let Err(error) = socket.bind(SocketAddr::new(*source, 0))
        {
            missing(*source, &error);
            last = Some(io::Error::new(
                error.kind(),
                format!("the source address {source} is not to be had: {error}"),
            ));
            continue;
        }
        return socket.connect(address).await;
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

/// Tells of every source that is not on this host.
pub(crate) fn check(snapshot: &Snapshot, events: &Events) {
    for connector in &snapshot.send_connectors {
        for address in connector.spec.sources() {
            // A listening socket on any port: what can be bound can be sent from.
            if let Err(error) = TcpListener::bind(SocketAddr::new(address, 0)) {
                tell(events, &connector.name, address, &error);
            }
        }
    }
}

/// Tells of one.
pub(super) fn tell(events: &Events, connector: &str, address: IpAddr, error: &io::Error) {
    events.emit(Event::SourceAddressMissing {
        connector: connector.to_owned(),
        address,
        error: error.to_string(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_take_turns_within_their_family() {
        let connector = SendConnector {
            source_addresses: ["192.0.2.1", "2001:db8::1", "192.0.2.2", "::ffff:192.0.2.3"]
                .map(|ip| ip.parse().unwrap())
                .into(),
            ..Default::default()
        };
        let first = |to_v4, turn| {
            let sources = in_turn(&connector, to_v4, turn).unwrap();
            let first = sources[0].unwrap().to_string();
            (first, sources.len())
        };
        assert_eq!(first(true, 0), ("192.0.2.1".to_owned(), 3));
        assert_eq!(first(true, 1), ("192.0.2.2".to_owned(), 3));
        assert_eq!(first(true, 5), ("192.0.2.3".to_owned(), 3));
        assert_eq!(first(false, 5), ("2001:db8::1".to_owned(), 1));
        let v4 = SendConnector {
            source_ip: Some("192.0.2.1".parse().unwrap()),
            ..Default::default()
        };
        assert_eq!(in_turn(&v4, false, 0), None);
        assert_eq!(
            in_turn(&SendConnector::default(), false, 3),
            Some(vec![None])
        );
    }

    #[tokio::test]
    async fn an_address_of_another_host_is_told_and_passed_over() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let told = std::cell::RefCell::new(Vec::new());
        let sources = ["192.0.2.77", "127.0.0.9"].map(|ip| Some(ip.parse().unwrap()));
        let stream = connect(address, &sources, |ip, _| told.borrow_mut().push(ip))
            .await
            .unwrap();
        assert_eq!(stream.local_addr().unwrap().ip().to_string(), "127.0.0.9");
        assert_eq!(told.take(), ["192.0.2.77".parse::<IpAddr>().unwrap()]);
        // None is left: nothing goes from an address that was not named.
        let error = connect(address, &sources[..1], |_, _| {})
            .await
            .unwrap_err();
        assert!(error.to_string().contains("192.0.2.77"), "{error}");
    }
}
