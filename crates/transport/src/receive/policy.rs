//! Who may send to whom: the answers to MAIL and RCPT. Pure functions over the snapshot.

use std::{borrow::Cow, net::IpAddr};

use mailward_directory::{RcptDecision, Sender};
use mailward_model::{
    EmailAddress, EnhancedCode, Reply, ReversePath,
    kind::{ReceiveConnector, Relay},
};
use mailward_queue::Condition;

use crate::snapshot::Snapshot;

/// The two ends of a connection, after PROXY protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) client: IpAddr,
    pub(crate) server: IpAddr,
}

impl Ends {
    /// True for a connection from this host to itself.
    pub(super) fn is_this_host(&self) -> bool {
        self.client.to_canonical().is_loopback()
            || self.client.to_canonical() == self.server.to_canonical()
    }
}

/// What a RCPT is answered, and what follows for the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// Taken.
    Taken,
    /// A health mailbox: taken, if the message turns out to be a probe.
    Monitoring,
    /// Refused; the client asked to relay where it may not.
    RelayDenied(Reply),
    /// Refused.
    Refused(Reply),
}

/// Decides on a recipient.
pub(crate) fn recipient(
    snapshot: &Snapshot,
    connector: &ReceiveConnector,
    ends: Ends,
    sender: &Sender<'_>,
    address: &EmailAddress,
) -> Recipient {
    // Refused now, the sender's own server tells the sender; refused later, we would have to write
    // to whoever stands in MAIL FROM.
    if let Some(reply) = snapshot.directory.refuses_address(address, sender) {
        return Recipient::Refused(reply);
    }
    match snapshot
        .directory
        .check_recipient_at(address, Some(ends.server))
    {
        RcptDecision::Known => Recipient::Taken,
        RcptDecision::Monitoring if ends.is_this_host() || snapshot.probes_return => {
            Recipient::Monitoring
        }
        // To the world outside a health mailbox does not exist, unless probes that were sent out
        // come back from there.
        RcptDecision::Monitoring | RcptDecision::Unknown => Recipient::Refused(Reply::new(
            550,
            EnhancedCode(5, 1, 1),
            "There is no such recipient here",
        )),
        RcptDecision::Relay if connector.relay == Relay::None && asks_for_route(address) => {
            Recipient::RelayDenied(relay_denied())
        }
        RcptDecision::Relay => Recipient::Taken,
        RcptDecision::NotLocal => match connector.relay {
            Relay::All => Recipient::Taken,
            Relay::None => Recipient::RelayDenied(relay_denied()),
        },
    }
}

/// Who sends, as far as restrictions of recipients ask. Nobody signs in over SMTP yet; a client that
/// may relay is one of the organisation's own, and so is whoever wrote an `internal` message.
pub(crate) fn sender<'a>(
    connector: &ReceiveConnector,
    mail_from: &'a ReversePath,
    size: u64,
    internal: bool,
) -> Sender<'a> {
    Sender {
        address: mail_from.address(),
        account: None,
        trusted: internal || connector.relay == Relay::All,
        size,
    }
}

/// True where the server that gets the mail might read another address out of the local part: the
/// percent hack, a bang path, an address within quotes (RFC 5321 §3.6.1, appendix C, D).
fn asks_for_route(address: &EmailAddress) -> bool {
    address.local().contains(['%', '!', '@'])
}

fn relay_denied() -> Reply {
    Reply::new(550, EnhancedCode(5, 7, 1), "Relaying is not allowed")
}

/// Why no message is begun just now; `None` where one is.
pub(super) fn mail(gate_closed: bool, queue: &Condition) -> Option<Reply> {
    if gate_closed {
        return Some(closing());
    }
    match queue {
        Condition::Working => None,
        Condition::Full { .. } => Some(full()),
        Condition::Failing { .. } => Some(failing()),
    }
}

/// RFC 5321 §3.8: 421, the service goes away.
pub(super) fn closing() -> Reply {
    Reply::new(
        421,
        EnhancedCode(4, 3, 2),
        "The service takes no mail at the moment; try again later",
    )
}

pub(super) fn full() -> Reply {
    Reply::new(
        452,
        EnhancedCode(4, 3, 1),
        "There is too little room to keep mail; try again later",
    )
}

pub(super) fn failing() -> Reply {
    Reply::new(
        451,
        EnhancedCode(4, 3, 0),
        "Mail cannot be kept safely at the moment; try again later",
    )
}

pub(super) fn timed_out(what: impl Into<Cow<'static, str>>) -> Reply {
    Reply::new(421, EnhancedCode(4, 4, 2), what)
}

#[cfg(test)]
mod tests {
    use mailward_model::{
        Object, ObjectId, Revision, Spec,
        kind::{AcceptedDomain, AcceptedDomainType, Mailbox, MailboxType},
    };

    use super::*;

    fn snapshot() -> Snapshot {
        let address = |text: &str| text.parse::<EmailAddress>().unwrap();
        let domain = |text: &str, domain_type| AcceptedDomain {
            domain: text.parse().unwrap(),
            domain_type,
            include_subdomains: false,
        };
        let specs: Vec<Spec> = vec![
            domain("example.org", AcceptedDomainType::Authoritative).into(),
            domain("relay.example.org", AcceptedDomainType::InternalRelay).into(),
            domain("health.invalid", AcceptedDomainType::Authoritative).into(),
            Mailbox::new(address("anna@example.org")).into(),
            Mailbox {
                mailbox_type: MailboxType::Monitoring,
                ..Mailbox::new(address("probe@health.invalid"))
            }
            .into(),
        ];
        let objects: Vec<Object> = specs
            .into_iter()
            .zip(1..)
            .map(|(spec, id)| Object {
                id: ObjectId(id),
                name: format!("o{id}"),
                revision: Revision(id),
                spec,
            })
            .collect();
        Snapshot::build(&objects, &"mx.example.org".parse().unwrap())
    }

    #[track_caller]
    fn check(relay: Relay, client: &str, address: &str, expect: Result<(), &str>) {
        let connector = ReceiveConnector {
            relay,
            ..ReceiveConnector::default()
        };
        let ends = Ends {
            client: client.parse().unwrap(),
            server: "10.0.0.1".parse().unwrap(),
        };
        let sender = Sender::default();
        let address = address.parse().unwrap();
        let got = recipient(&snapshot(), &connector, ends, &sender, &address);
        match (got, expect) {
            (Recipient::Taken | Recipient::Monitoring, Ok(())) => {}
            (Recipient::Refused(reply) | Recipient::RelayDenied(reply), Err(code)) => {
                assert!(reply.to_string().starts_with(code), "{address}: {reply}");
            }
            (got, expect) => panic!("{address}: got {got:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn recipients() {
        let outside = "192.0.2.7";
        check(Relay::None, outside, "Anna@EXAMPLE.org", Ok(()));
        check(Relay::None, outside, "nobody@example.org", Err("550 5.1.1"));
        check(Relay::None, outside, "any.one@relay.example.org", Ok(()));
        check(
            Relay::None,
            outside,
            "a%example.com@relay.example.org",
            Err("550 5.7.1"),
        );
        check(
            Relay::None,
            outside,
            "example.com!a@relay.example.org",
            Err("550 5.7.1"),
        );
        check(
            Relay::None,
            outside,
            "\"a@example.com\"@relay.example.org",
            Err("550 5.7.1"),
        );
        check(
            Relay::All,
            outside,
            "a%example.com@relay.example.org",
            Ok(()),
        );
        check(Relay::None, outside, "a@example.com", Err("550 5.7.1"));
        check(Relay::All, outside, "a@example.com", Ok(()));
        check(Relay::All, outside, "nobody@example.org", Err("550 5.1.1"));
        check(
            Relay::All,
            outside,
            "probe@health.invalid",
            Err("550 5.1.1"),
        );
        check(Relay::None, "127.0.0.1", "probe@health.invalid", Ok(()));
        check(Relay::None, "::1", "probe@health.invalid", Ok(()));
        check(Relay::None, "10.0.0.1", "probe@health.invalid", Ok(()));
    }
}
