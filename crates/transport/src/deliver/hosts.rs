//! What is remembered of the hosts that mail goes to: who was down, who spoke TLS, who refused BDAT
//! or a group of commands behind a message.
//!
//! Memory only; a restart forgets it. Nothing here decides whether mail is delivered, only in which
//! order hosts are tried and what is asked of them.

use std::{collections::HashMap, time::Duration};

use mailward_model::kind::{HostName, SmartHost};
use parking_lot::Mutex;

/// Hosts remembered; above it those with nothing worth knowing are forgotten, then all.
const HOSTS_MAX: usize = 10_000;
/// How long a host that could not be reached is tried after the others.
const DOWN_FOR: Duration = Duration::from_secs(60);
/// How long a host that spoke TLS is not sent plain text. So a stripped STARTTLS defers mail instead
/// of exposing it, and a host that has really given up TLS is believed after a day.
const TLS_FOR: Duration = Duration::from_secs(86_400);
/// How long a host that refused BDAT is sent DATA.
const NO_BDAT_FOR: Duration = Duration::from_secs(86_400);
/// How long each message waits for the answer to the one before it where a host closed or refused when
/// it did not. Shorter than that of BDAT: a connection may also break by chance.
const NO_GROUPS_FOR: Duration = Duration::from_secs(3_600);

#[derive(Debug, Default, Clone, Copy)]
struct Known {
    down_until: Duration,
    tls_until: Duration,
    no_bdat_until: Duration,
    no_groups_until: Duration,
}

impl Known {
    /// When nothing of it matters any more.
    fn until(&self) -> Duration {
        let refused = self.no_bdat_until.max(self.no_groups_until);
        self.down_until.max(self.tls_until).max(refused)
    }
}

/// The memory. Times are monotonic.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    known: Mutex<HashMap<SmartHost, Known>>,
}

impl Hosts {
    fn change(&self, host: &SmartHost, now: Duration, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.lock();
        if known.len() >= HOSTS_MAX && !known.contains_key(host) {
            known.retain(|_, known| known.until() > now);
            if known.len() >= HOSTS_MAX {
                known.clear();
            }
        }
        change(known.entry(host.clone()).or_default());
    }

    fn get(&self, host: &SmartHost) -> Known {
        self.known.lock().get(host).copied().unwrap_or_default()
    }

    /// Forgets who was down and who refused what. That a host speaks TLS is kept: forgetting it
    /// would let a stripped STARTTLS through.
    pub(super) fn forget(&self) {
        for known in self.known.lock().values_mut() {
            *known = Known {
                tls_until: known.tls_until,
                ..Known::default()
            };
        }
    }

    /// The host could not be used.
    pub(super) fn is_down(&self, host: &SmartHost, now: Duration) {
        self.change(host, now, |known| known.down_until = now + DOWN_FOR);
    }

    /// Whether another host is tried before this one.
    pub(super) fn is_passed_over(&self, host: &SmartHost, now: Duration) -> bool {
        self.get(host).down_until > now
    }

    /// The host was reached, with TLS or without.
    pub(super) fn is_up(&self, host: &SmartHost, now: Duration, tls: bool) {
        // The common case changes nothing and takes no entry.
        let known = self.get(host);
        if !tls && known.down_until.is_zero() {
            return;
        }
        self.change(host, now, |known| {
            known.down_until = Duration::ZERO;
            if tls {
                known.tls_until = now + TLS_FOR;
            }
        });
    }

    /// The host offers CHUNKING and refuses BDAT.
    pub(super) fn refuses_bdat(&self, host: &SmartHost, now: Duration) {
        self.change(host, now, |known| known.no_bdat_until = now + NO_BDAT_FOR);
    }

    /// The host does not take commands behind a message before it has answered for it.
    pub(super) fn refuses_groups(&self, host: &SmartHost, now: Duration) {
        self.change(host, now, |known| {
            known.no_groups_until = now + NO_GROUPS_FOR;
        });
    }

    /// True where commands may be sent behind a message.
    pub(super) fn takes_groups(&self, host: &SmartHost, now: Duration) -> bool {
        self.get(host).no_groups_until <= now
    }

    /// True where the host is known to speak TLS.
    pub(super) fn speaks_tls(&self, host: &SmartHost, now: Duration) -> bool {
        self.get(host).tls_until > now
    }

    /// True where BDAT may be used.
    pub(super) fn takes_bdat(&self, host: &SmartHost, now: Duration) -> bool {
        self.get(host).no_bdat_until <= now
    }

    /// The hosts in their order, those that are down behind the others.
    pub(super) fn in_order(&self, hosts: &[SmartHost], now: Duration) -> Vec<SmartHost> {
        let known = self.known.lock();
        let mut hosts = hosts.to_vec();
        // A stable sort: the administrator's order holds among those that are up.
        hosts.sort_by_key(|host| known.get(host).is_some_and(|k| k.down_until > now));
        hosts
    }
}

/// A host found by MX, with the connector's port.
pub(super) fn mx_host(name: mailward_model::Domain, port: u16) -> SmartHost {
    let host = match name.literal() {
        Some(ip) => HostName::Ip(ip),
        None => HostName::Name(name),
    };
    SmartHost { host, port }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_down_comes_last_for_a_while() {
        let hosts = Hosts::default();
        let list: Vec<SmartHost> = ["a.example", "b.example", "c.example"]
            .iter()
            .map(|h| h.parse().unwrap())
            .collect();
        let at = Duration::from_secs;
        hosts.is_down(&list[0], at(10));
        let order = |now| hosts.in_order(&list, at(now));
        assert_eq!(
            order(11),
            [list[1].clone(), list[2].clone(), list[0].clone()]
        );
        assert_eq!(order(70), list);
        hosts.is_down(&list[0], at(100));
        hosts.is_up(&list[0], at(101), false);
        assert_eq!(order(102), list);
    }

    #[test]
    fn tls_and_bdat_are_remembered_for_a_day() {
        let hosts = Hosts::default();
        let host: SmartHost = "a.example".parse().unwrap();
        let at = Duration::from_secs;
        assert!(!hosts.speaks_tls(&host, at(1)) && hosts.takes_bdat(&host, at(1)));
        hosts.is_up(&host, at(1), true);
        hosts.refuses_bdat(&host, at(1));
        assert!(hosts.speaks_tls(&host, at(80_000)) && !hosts.takes_bdat(&host, at(80_000)));
        assert!(!hosts.speaks_tls(&host, at(90_000)) && hosts.takes_bdat(&host, at(90_000)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let hosts = Hosts::default();
        for i in 0..2 * HOSTS_MAX {
            let host = format!("h{i}.example").parse().unwrap();
            hosts.is_down(&host, Duration::from_secs(i as u64));
            assert!(hosts.known.lock().len() <= HOSTS_MAX);
        }
    }
}
