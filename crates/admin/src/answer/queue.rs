//! The queue, asked of transport.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::body::Bytes;
use mailward_api::{
    control::{ControlRequest, QueueAct, QueueRedirect, QueueVerb, Role, SimulatedMessage},
    fault::Fault,
    operation::request,
    view::{
        ConnectionChoice, MessagePlan, MessageView, QueueListing,
        queue::{MessageFilter, QueueActed, QueueSelection, QueueTarget},
    },
};
use mailward_model::{
    MessageId,
    filter::{MessageProperty, QueueProperty},
};
use tokio::sync::mpsc;

use super::{Access, Answer, around::read, expect_reply};
use crate::peer::Peer;

/// How long transport may look through its queue.
const WALK_TIMEOUT: Duration = Duration::from_secs(30);
/// How long it may act on all that a filter fits: a little less than the command line waits.
const ACT_TIMEOUT: Duration = Duration::from_secs(110);

/// Octets asked for at a time when a message is exported.
const PIECE_OCTETS: u32 = 512 << 10;
/// Pieces that may wait for a slow reader: with one in hand, 1.5 MiB at most.
const PIECES_WAITING: usize = 2;

/// The local address a client of this family reaches at a port, where only the port was named: any
/// address where something listens on all of them, else the first one that listens there.
fn local_address(
    remote: IpAddr,
    local: SocketAddr,
    listening: impl Iterator<Item = SocketAddr>,
) -> SocketAddr {
    if !local.ip().is_unspecified() {
        return local;
    }
    let any = match remote.to_canonical() {
        IpAddr::V4(_) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), local.port()),
        IpAddr::V6(_) => local,
    };
    let fits = |at: &SocketAddr| at.port() == any.port() && at.is_ipv4() == any.is_ipv4();
    let there: Vec<SocketAddr> = listening.filter(fits).collect();
    match there.iter().any(|at| at.ip().is_unspecified()) {
        true => any,
        false => there.into_iter().next().unwrap_or(any),
    }
}

/// Every message that fits; the filter is read before anybody is asked.
fn messages_of(filter: String) -> Result<QueueSelection, Fault> {
    read::<MessageProperty>(&filter)?;
    Ok(QueueSelection::Messages(filter))
}

/// What is meant, which is said in one way; filters are read before anybody is asked.
fn selected(
    target: Option<QueueTarget>,
    filter: Option<String>,
    queue_filter: Option<String>,
) -> Result<QueueSelection, Fault> {
    match (target, filter, queue_filter) {
        (Some(target), None, None) => Ok(QueueSelection::One(target)),
        (None, Some(filter), None) => messages_of(filter),
        (None, None, Some(filter)) => {
            read::<QueueProperty>(&filter).map_err(|fault| fault.at("queue_filter"))?;
            Ok(QueueSelection::Queues(filter))
        }
        _ => Err(Fault::invalid(
            "it is to be said what is meant, in one way",
            "give target, filter or queue_filter, and one of them alone",
        )
        .at("target")),
    }
}

impl Access {
    pub(super) async fn queue_list(&self, r: request::QueueList) -> Result<QueueListing, Fault> {
        let queue_filter = r.queue_filter.as_deref();
        let queue_filter = queue_filter
            .map(read::<QueueProperty>)
            .transpose()
            .map_err(|fault| fault.at("queue_filter"))?;
        // What is wrong with it is said here, before anybody is asked.
        r.filter
            .as_deref()
            .map(read::<MessageProperty>)
            .transpose()?;
        let reply = self.ask(Role::Transport, ControlRequest::QueueList).await;
        let mut queues = expect_reply!(reply, Queues)?;
        queues.queues.retain(|queue| {
            let is_named = r.next_hop.as_ref();
            is_named.is_none_or(|name| queue.next_hop.eq_ignore_ascii_case(name))
                && queue_filter
                    .as_ref()
                    .is_none_or(|filter| filter.matches(&queue.attributes()))
        });
        let filter = MessageFilter {
            next_hop: r.next_hop,
            from: r.from,
            to: r.to,
            filter: r.filter,
            probes: r.probes,
            limit: r.limit,
        };
        let request = ControlRequest::MessageList(filter);
        let reply = self
            .ask_within(Role::Transport, request, WALK_TIMEOUT)
            .await;
        Ok(QueueListing {
            queues,
            messages: expect_reply!(reply, Messages)?,
        })
    }

    pub(super) async fn queue_act(
        &self,
        r: request::QueueAct,
        verb: QueueVerb,
        peer: Peer,
    ) -> Result<QueueActed, Fault> {
        let what = selected(r.target, r.filter, r.queue_filter)?;
        let word = match verb {
            QueueVerb::Hold => "queue hold",
            QueueVerb::Release => "queue release",
            _ => "queue retry",
        };
        self.act_on_queue(verb, what, r.dry_run, word, peer).await
    }

    pub(super) async fn queue_redirect(
        &self,
        r: request::QueueRedirect,
        peer: Peer,
    ) -> Result<QueueActed, Fault> {
        self.is_this_node(r.server.as_deref())?;
        let what = match (r.target, r.filter, r.queue_filter) {
            (None, None, None) => None,
            (target, filter, queue_filter) => Some(selected(target, filter, queue_filter)?),
        };
        let subject = match &what {
            Some(what) => format!("{what} to {}", r.to),
            None => format!("everything to {}", r.to),
        };
        let request = ControlRequest::QueueRedirect(QueueRedirect {
            to: r.to,
            what,
            dry_run: r.dry_run,
        });
        let reply = self.ask_within(Role::Transport, request, ACT_TIMEOUT).await;
        let acted = expect_reply!(reply, QueueActed)?;
        if !r.dry_run {
            self.audit(&peer, "queue redirect", subject, &acted).await;
        }
        Ok(acted)
    }

    pub(super) async fn queue_remove(
        &self,
        r: request::QueueRemove,
        peer: Peer,
    ) -> Result<QueueActed, Fault> {
        let what = match (r.id, r.filter) {
            (Some(id), None) => QueueSelection::One(QueueTarget::Message(id)),
            (None, Some(filter)) => messages_of(filter)?,
            _ => {
                return Err(Fault::invalid(
                    "it is to be said what is meant, in one way",
                    "give id or filter, and one of them alone",
                )
                .at("id"));
            }
        };
        let verb = QueueVerb::Remove { notify: r.notify };
        self.act_on_queue(verb, what, r.dry_run, "queue remove", peer)
            .await
    }

    /// Has transport do something, and leaves an event that says who asked.
    async fn act_on_queue(
        &self,
        verb: QueueVerb,
        what: QueueSelection,
        dry_run: bool,
        word: &str,
        peer: Peer,
    ) -> Result<QueueActed, Fault> {
        let subject = what.to_string();
        let request = ControlRequest::QueueAct(QueueAct {
            verb,
            what,
            dry_run,
        });
        let reply = self.ask_within(Role::Transport, request, ACT_TIMEOUT).await;
        let acted = expect_reply!(reply, QueueActed)?;
        if !dry_run {
            self.audit(&peer, word, subject, &acted).await;
        }
        Ok(acted)
    }

    pub(super) async fn queue_show(&self, id: MessageId) -> Result<MessageView, Fault> {
        let request = ControlRequest::QueueShow { id };
        let reply = self.ask(Role::Transport, request).await;
        expect_reply!(reply, Message)
    }

    pub(super) async fn simulate_connection(
        &self,
        r: request::SimulateConnection,
    ) -> Result<ConnectionChoice, Fault> {
        let reply = self
            .ask(Role::Transport, ControlRequest::ListConnectors)
            .await;
        let connectors = expect_reply!(reply, Connectors)?;
        let listening = connectors.iter().flat_map(|one| one.listening.iter());
        let request = ControlRequest::SimulateConnection {
            remote: r.from,
            local: local_address(r.from, r.to, listening.copied()),
        };
        let reply = self.ask(Role::Transport, request).await;
        expect_reply!(reply, Connection)
    }

    pub(super) async fn simulate_message(
        &self,
        r: request::SimulateMessage,
    ) -> Result<MessagePlan, Fault> {
        let message = SimulatedMessage {
            mail_from: r.from,
            recipients: r.to,
            header: r.message.header,
            size: r.message.size,
            remote: r.client,
            helo: r.helo,
            account: None,
            certificate: r.certificate,
            unauthenticated: r.unauthenticated,
        };
        let request = ControlRequest::SimulateMessage(message);
        let reply = self.ask(Role::Transport, request).await;
        expect_reply!(reply, Plan)
    }

    /// A message's octets, asked for piece by piece as the reader takes them.
    pub(super) async fn export_message(&self, id: MessageId) -> Result<Answer, Fault> {
        let run_dir = self.run_dir.clone();
        let mut transport =
            mailward_api::control::Client::connect(&Role::Transport.socket(&run_dir))
                .await
                .map_err(|error| error.into_fault("transport"))?;
        let piece = move |offset| ControlRequest::QueueExport {
            id,
            offset,
            length: PIECE_OCTETS,
        };
        let reply = transport.call(&piece(0)).await;
        let first = expect_reply!(reply.map_err(|e| e.into_fault("transport")), Octets)?;
        let total = first.total;
        let (sender, pieces) = mpsc::channel(PIECES_WAITING);
        tokio::spawn(async move {
            let mut next = Ok(first.octets);
            let mut sent: u64 = 0;
            loop {
                let octets = match next {
                    Ok(octets) => octets,
                    Err(fault) => {
                        // The reader has gone, or learns here that something is missing.
                        let _ = sender.send(Err(fault)).await;
                        return;
                    }
                };
                sent += octets.len() as u64;
                let empty = octets.is_empty();
                if !empty && sender.send(Ok(Bytes::from(octets))).await.is_err() {
                    return;
                }
                if sent >= total {
                    return;
                }
                if empty {
                    let fault = Fault::failed("the message was delivered or removed meanwhile");
                    let _ = sender.send(Err(fault)).await;
                    return;
                }
                let reply = transport.call(&piece(sent)).await;
                next = expect_reply!(reply.map_err(|e| e.into_fault("transport")), Octets)
                    .map(|piece| piece.octets);
            }
        });
        Ok(Answer::Message { total, pieces })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_stands_for_the_address_that_is_listened_on() {
        let check = |remote: &str, local: &str, listening: &[&str], expect: &str| {
            let listening = listening.iter().map(|at| at.parse().unwrap());
            let found = local_address(remote.parse().unwrap(), local.parse().unwrap(), listening);
            assert_eq!(found.to_string(), expect);
        };
        check("192.0.2.7", "192.0.2.1:25", &[], "192.0.2.1:25");
        check(
            "192.0.2.7",
            "[::]:25",
            &["0.0.0.0:25", "[::]:25"],
            "0.0.0.0:25",
        );
        check(
            "2001:db8::7",
            "[::]:25",
            &["0.0.0.0:25", "[::]:25"],
            "[::]:25",
        );
        check(
            "192.0.2.7",
            "[::]:25",
            &["127.0.0.1:25", "127.0.0.1:26"],
            "127.0.0.1:25",
        );
        check(
            "192.0.2.7",
            "[::]:25",
            &["127.0.0.1:25", "0.0.0.0:25"],
            "0.0.0.0:25",
        );
        check("192.0.2.7", "[::]:99", &["[::1]:99"], "0.0.0.0:99");
    }
}
