//! Who came and brought no mail: one line in the tracking log for each client of a connector and hour,
//! however often it came, so that `perimeter replay` knows clients that sent nothing too.
//!
//! Never here: what a client said, but for its name.

use std::{borrow::Cow, collections::HashSet, net::IpAddr};

use mailward_events::tracking::{Directionality, Entry, EventId, Source};
use parking_lot::Mutex;

use super::{desk::Desk, record::custom};

/// Clients told of in one hour: more than any organisation's partners have servers. Beyond it nobody is
/// told of until the next hour, so that a flood of connections fills no disk.
const TOLD_MAX: usize = 10_000;
const HOUR_MS: u64 = 3_600_000;

/// Who was told of in this hour.
#[derive(Debug, Default)]
pub(super) struct Silent {
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    hour: u64,
    clients: HashSet<(String, IpAddr)>,
}

impl Silent {
    /// Takes a session down that has ended and brought no mail, where its client was not told of.
    pub(super) fn tell(&self, desk: &Desk) {
        let now = desk.shared.clock.unix_ms();
        let client = desk.client.ip().to_canonical();
        if self.is_new(&desk.connector.name, client, now) {
            desk.shared.tracking.write(line(desk, client, now));
        }
    }

    fn is_new(&self, connector: &str, client: IpAddr, now_unix_ms: u64) -> bool {
        let mut told = self.told.lock();
        let hour = now_unix_ms / HOUR_MS;
        if told.hour != hour {
            // What one hour needed is not kept for the next.
            *told = Told {
                hour,
                clients: HashSet::new(),
            };
        }
        told.clients.len() < TOLD_MAX && told.clients.insert((connector.to_owned(), client))
    }
}

fn line(desk: &Desk, client: IpAddr, now_unix_ms: u64) -> Entry<'static> {
    Entry {
        unix_ms: now_unix_ms,
        client_ip: Some(client),
        client_hostname: Cow::Owned(desk.session.helo().to_owned()),
        server_ip: Some(desk.server.ip()),
        server_hostname: Cow::Owned(desk.shared.node.hostname.to_string()),
        connector_id: Cow::Owned(desk.connector.name.clone()),
        source: Source::Smtp,
        event_id: EventId::Session,
        directionality: Directionality::Incoming,
        original_client_ip: Some(client),
        custom_data: custom(desk.tls.as_ref(), &desk.marks(), ""),
        ..Entry::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_of_once_an_hour_and_a_flood_is_not() {
        let silent = Silent::default();
        let address = |no: u32| IpAddr::from(std::net::Ipv4Addr::from_bits(no));
        assert!(silent.is_new("A", address(1), HOUR_MS));
        assert!(!silent.is_new("A", address(1), 2 * HOUR_MS - 1));
        assert!(silent.is_new("B", address(1), HOUR_MS) && silent.is_new("A", address(2), HOUR_MS));
        assert!(silent.is_new("A", address(1), 2 * HOUR_MS), "the next hour");
        let told = (2..).take(2 * TOLD_MAX);
        let told = told.filter(|no| silent.is_new("A", address(*no), 2 * HOUR_MS));
        assert_eq!(told.count(), TOLD_MAX - 1);
        assert!(silent.is_new("A", address(9), 3 * HOUR_MS));
    }
}
