//! A queue on a fake disk, driven by hand, and the messages that tests put into it.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use mailward_host::fake::{clock::FakeClock, disk::FakeDisk};
use mailward_model::{
    Envelope, EnvelopeRecipient, MessageId, Origin, Reply, ReversePath,
    plan::{
        Delivery, DeliveryContent, DeliveryRecipient, Fate, NextHop, Plan, RecipientOutcome,
        Settlement,
    },
};

use crate::{
    AcceptError, Condition, NewMessage, Queue, QueueConfig, RecoveryReport, commit::Committer,
};

/// When the fake clock starts.
pub(super) const START_MS: u64 = 1_700_000_000_000;

pub(super) struct Rig {
    pub(super) disk: FakeDisk,
    pub(super) clock: Arc<FakeClock>,
    pub(super) queue: Queue,
    pub(super) committer: Committer,
    pub(super) report: RecoveryReport,
}

pub(super) fn config() -> QueueConfig {
    QueueConfig {
        dir: "/q".into(),
        segment_bytes: 4096,
        inline_body_max: 2000,
        min_free_bytes: 0,
    }
}

impl Rig {
    pub(super) fn new() -> Rig {
        Rig::open(FakeDisk::new(), Arc::new(FakeClock::new(START_MS)))
    }

    pub(super) fn open(disk: FakeDisk, clock: Arc<FakeClock>) -> Rig {
        let opened = Queue::open_without_thread(config(), Arc::new(disk.clone()), clock.clone());
        let (queue, committer, report) = opened.expect("the queue opens");
        Rig {
            disk,
            clock,
            queue,
            committer,
            report,
        }
    }

    /// Opens what a killed process leaves: everything handed to the operating system.
    pub(super) fn reopen(self) -> Rig {
        let (disk, clock) = (self.disk.clone(), self.clock.clone());
        drop(self);
        Rig::open(disk, clock)
    }

    /// One round of the committer with whatever maintenance is due.
    pub(super) fn round(&mut self, sync: bool) {
        self.committer.next_maintenance = Some(Instant::now());
        self.committer.round(sync);
        self.queue.shared.state().index.check();
    }

    /// Rounds until maintenance has nothing left to do.
    pub(super) fn tidy(&mut self) {
        for _ in 0..20 {
            self.round(true);
        }
    }

    /// Drives a future to its end, committing as it waits.
    pub(super) fn drive<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..100 {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            self.round(true);
        }
        panic!("it waits for ever; the disk did {:#?}", self.disk.log());
    }

    pub(super) fn condition(&self) -> Condition {
        self.queue.condition().borrow().clone()
    }

    pub(super) fn accept(
        &mut self,
        id: MessageId,
        octets: &[u8],
        plan: Option<Plan>,
    ) -> Result<(), AcceptError> {
        let mut writer = self.queue.spool(id);
        for part in octets.chunks(700) {
            if writer.write(part).is_err() {
                return Err(AcceptError::Closed);
            }
        }
        let Ok(body) = writer.finish() else {
            return Err(AcceptError::Closed);
        };
        let message = NewMessage {
            id,
            envelope: envelope(),
            origin: origin(),
            body,
            plan,
        };
        let queue = self.queue.clone();
        self.drive(queue.accept(message))
    }

    pub(super) fn body(&self, id: MessageId) -> Vec<u8> {
        let mut reader = self.queue.read_body(id).expect("its body is there");
        let mut octets = Vec::new();
        while let Some(chunk) = reader.chunk().expect("its body can be read") {
            octets.extend_from_slice(&chunk);
        }
        assert_eq!(octets.len() as u64, reader.len());
        octets
    }
}

pub(super) fn envelope() -> Envelope {
    Envelope {
        mail_from: ReversePath::Mailbox("sender@example.org".parse().unwrap()),
        recipients: vec![EnvelopeRecipient::new("one@example.net".parse().unwrap())],
        ..Envelope::default()
    }
}

pub(super) fn origin() -> Origin {
    Origin {
        connector: "inbound".to_owned(),
        client: Some("192.0.2.1:25025".parse().unwrap()),
        server: None,
        helo: "client.example.org".to_owned(),
        protocol: "ESMTP".to_owned(),
        tls: None,
        account: None,
        probe: false,
        arrival: None,
        accepted_unix_ms: START_MS,
    }
}

/// An id of its own for each number.
pub(super) fn id(number: u64) -> MessageId {
    MessageId::new(START_MS + number, [7; 10])
}

/// A body that only the message of this number has.
pub(super) fn octets(number: u64, len: usize) -> Vec<u8> {
    let line = format!("line of message {number}\r\n").into_bytes();
    line.into_iter().cycle().take(len).collect()
}

pub(super) fn hop(number: u8) -> NextHop {
    NextHop::Mailbox {
        mailbox: format!("box{number}"),
    }
}

pub(super) fn delivery(no: u32, next_hop: u8, recipients: usize) -> Delivery {
    Delivery {
        no,
        next_hop: hop(next_hop),
        mail_from: ReversePath::Null,
        recipients: (0..recipients)
            .map(|n| DeliveryRecipient {
                rcpt: EnvelopeRecipient::new(format!("r{n}@example.net").parse().unwrap()),
                redirection: None,
            })
            .collect(),
        content: DeliveryContent::Message,
    }
}

/// A plan with a delivery of so many recipients for each number.
pub(super) fn plan(recipients: &[usize]) -> Plan {
    Plan {
        deliveries: recipients
            .iter()
            .zip(0..)
            .map(|(count, no)| delivery(no, (no % 4) as u8, *count))
            .collect(),
        notes: Vec::new(),
    }
}

pub(super) fn outcome(recipient: u32, fate: Fate) -> RecipientOutcome {
    RecipientOutcome {
        recipient,
        fate,
        reply: Reply::bare(250, "so it is"),
    }
}

pub(super) fn settlement(id: MessageId, delivery: u32, fates: &[Fate]) -> Settlement {
    Settlement {
        message: id,
        delivery,
        outcomes: fates
            .iter()
            .zip(0..)
            .map(|(fate, recipient)| outcome(recipient, *fate))
            .collect(),
        retry_unix_ms: None,
        remote: Some("mx.example.net".to_owned()),
        follow_ups: Vec::new(),
    }
}
