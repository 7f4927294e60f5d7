//! What a delivery sends: the message as it is stored, or a report written around it.
//!
//! Octets come in pieces, in order, and are never gathered: a message of any size costs one chunk
//! of memory. The header section is looked at once, for what a report repeats and for tracking.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use mailward_journal::{Digest, Hasher};
use mailward_model::{
    BodyType, Domain, EmailAddress, MessageId,
    plan::{Delivery, DeliveryContent, JournalReport},
};
use mailward_proto::{
    dsn::{self, DsnInput},
    firewall::{Firewall, Keep, Stripped},
    header,
    journal::{self, JournalInput},
    mime::{Carry, Composed, Original},
};
use mailward_queue::{BodyReader, Lease, Message, Queue, ReadError};
use memchr::memmem;

use crate::snapshot::Snapshot;

/// Octets looked through for the end of a header section. Receiving allows 256 KiB by default; what
/// is beyond this is sent all the same, and only missing from what a report repeats.
const HEADER_OCTETS_MAX: usize = 1 << 20;

/// Where the next piece comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Prefix,
    First,
    More,
    Suffix,
    End,
}

/// The octets of one delivery.
#[derive(Debug)]
pub(super) struct Content {
    /// The beginning of the stored message, its whole header section at least.
    first: Bytes,
    header_len: usize,
    /// The rest of it.
    more: Option<BodyReader>,
    /// Octets of the stored message.
    stored: u64,
    composed: Option<Composed>,
    /// What the whole needs.
    pub(super) body: BodyType,
    /// Whether the whole needs SMTPUTF8.
    pub(super) smtputf8: bool,
    stage: Stage,
    /// Digests a journal report while it is handed over.
    hasher: Option<Hasher>,
    seal: Arc<OnceLock<Digest>>,
    /// While the header section goes on behind the beginning that was read.
    firewall: Option<Firewall>,
    stripped: Stripped,
    /// Header fields that became cross-premises ones.
    converted: u64,
    /// See [`report_no`]; of a journal report.
    no: u32,
}

/// What tells reports of one message from each other: the target, not the delivery, so that one that
/// is sent again by another delivery is known as the same.
fn report_no(report: &JournalReport, delivery: &Delivery) -> u32 {
    report
        .target
        .as_ref()
        .map_or(delivery.no, journal::report_no)
}

impl Content {
    /// Opens the stored message of a lease and writes the report where one is to be sent. Of
    /// Exchange's header fields the families in `keep` pass.
    pub(super) fn open(
        queue: &Queue,
        snapshot: &Snapshot,
        lease: &Lease,
        carry: Carry,
        keep: Keep,
    ) -> Result<Content, ReadError> {
        let message = &lease.message;
        let delivery = &lease.delivery;
        let mut reader = match queue.read_body(message.id) {
            Ok(reader) => reader,
            // The bounce for a message that can no longer be read must still go out.
            Err(_) if matches!(delivery.content, DeliveryContent::Dsn { .. }) => {
                return Ok(Content::without_original(
                    snapshot, message, delivery, carry,
                ));
            }
            Err(error) => return Err(error),
        };
        let stored = reader.len();
        let (first, whole) = beginning(&mut reader)?;
        let mut content = Content {
            header_len: header::section(&first).len(),
            first,
            more: (!whole).then_some(reader),
            stored,
            composed: None,
            body: message.envelope.body,
            smtputf8: false,
            stage: Stage::Prefix,
            hasher: matches!(delivery.content, DeliveryContent::JournalReport(_))
                .then(Hasher::default),
            seal: Arc::default(),
            firewall: None,
            stripped: Stripped::default(),
            converted: 0,
            no: match &delivery.content {
                DeliveryContent::JournalReport(report) => report_no(report, delivery),
                _ => 0,
            },
        };
        match &delivery.content {
            DeliveryContent::Message => content.strip(queue, message.id, keep)?,
            // Whoever hears of a message's fate learns nothing of what servers told each other, nor
            // which way it came.
            DeliveryContent::Dsn { .. } => content.strip(queue, message.id, Keep::NOTHING)?,
            // An archive gets what there was.
            DeliveryContent::JournalReport(_) => {}
        }
        content.compose(snapshot, message, delivery, carry);
        if content.composed.is_none() {
            content.smtputf8 = message.envelope.smtputf8 && content.is_beyond_ascii(lease);
        }
        Ok(content)
    }

    fn without_original(
        snapshot: &Snapshot,
        message: &Message,
        delivery: &Delivery,
        carry: Carry,
    ) -> Content {
        let mut content = Content {
            first: Bytes::new(),
            header_len: 0,
            more: None,
            // Too large for any limit: so nothing of it is attached.
            stored: u64::MAX,
            composed: None,
            body: BodyType::SevenBit,
            smtputf8: false,
            stage: Stage::Prefix,
            hasher: matches!(delivery.content, DeliveryContent::JournalReport(_))
                .then(Hasher::default),
            seal: Arc::default(),
            firewall: None,
            stripped: Stripped::default(),
            converted: 0,
            no: 0,
        };
        content.compose(snapshot, message, delivery, carry);
        content
    }

    /// Takes the header fields out that must not pass, and converts those that are to be. The size of
    /// what is sent is said before it is, so that all of the header section is looked at here.
    fn strip(&mut self, queue: &Queue, id: MessageId, keep: Keep) -> Result<(), ReadError> {
        let mut firewall = Firewall::new(keep);
        let mut passed = Vec::new();
        let used = firewall.pass(&self.first, &mut passed);
        self.note(&firewall);
        let mut stored = firewall.resized(self.stored);
        if self.more.is_some() && !firewall.ended() {
            let mut whole = Firewall::new(keep);
            let mut reader = queue.read_body(id)?;
            while !whole.ended()
                && let Some(chunk) = reader.chunk()?
            {
                whole.pass(&chunk, &mut Vec::new());
            }
            self.note(&whole);
            stored = whole.resized(self.stored);
        } else if !firewall.has_changed() {
            return Ok(());
        }
        if self.more.is_none() {
            firewall.finish(&mut passed);
        }
        passed.extend_from_slice(self.first.get(used..).unwrap_or_default());
        self.first = passed.into();
        self.header_len = header::section(&self.first).len();
        self.stored = stored;
        self.firewall = Some(firewall).filter(|firewall| !firewall.ended());
        Ok(())
    }

    fn note(&mut self, firewall: &Firewall) {
        (self.stripped, self.converted) = (firewall.stripped(), firewall.converted());
    }

    /// How many fields of the header became cross-premises ones.
    pub(super) fn converted(&self) -> u64 {
        self.converted
    }

    /// What was taken out of the header.
    pub(super) fn stripped(&self) -> Stripped {
        self.stripped
    }

    fn compose(
        &mut self,
        snapshot: &Snapshot,
        message: &Message,
        delivery: &Delivery,
        carry: Carry,
    ) {
        let Some(to) = delivery.recipients.first().map(|r| &r.rcpt.address) else {
            return;
        };
        let from = postmaster(snapshot);
        let header = self.first.get(..self.header_len).unwrap_or_default();
        let composed = match &delivery.content {
            DeliveryContent::Message => return,
            DeliveryContent::JournalReport(report) => journal::compose(&JournalInput {
                message: message.id,
                delivery: self.no,
                host: &snapshot.hostname,
                from: from.as_ref().unwrap_or(to),
                to,
                envelope: &message.envelope,
                accepted_unix_ms: message.origin.accepted_unix_ms,
                header,
                report,
                carry,
            }),
            DeliveryContent::Dsn { recipients } => dsn::compose(&DsnInput {
                message: message.id,
                delivery: delivery.no,
                host: &snapshot.hostname,
                from: from.as_ref().unwrap_or(to),
                to,
                envelope: &message.envelope,
                arrival_unix_ms: message.origin.accepted_unix_ms,
                recipients,
                header,
                size: self.stored,
                attachment_max: snapshot.settings.dsn_max_attachment.0,
                carry,
            }),
        };
        self.body = composed.body;
        self.smtputf8 = composed.smtputf8;
        self.composed = Some(composed);
    }

    /// RFC 6531 §3.4: a message declared SMTPUTF8 that has no need of it goes anywhere.
    fn is_beyond_ascii(&self, lease: &Lease) -> bool {
        let header = self.first.get(..self.header_len).unwrap_or_default();
        let sender = lease.delivery.mail_from.address();
        sender.is_some_and(EmailAddress::needs_smtputf8)
            || lease
                .delivery
                .recipients
                .iter()
                .any(|r| r.rcpt.address.needs_smtputf8())
            || !header.is_ascii()
    }

    /// Octets of the whole.
    pub(super) fn size(&self) -> u64 {
        match &self.composed {
            Some(composed) => composed.size(self.header_len as u64, self.stored),
            None => self.stored,
        }
    }

    /// The Message-ID of what is sent, with its brackets.
    pub(super) fn message_id(&self, host: &Domain, lease: &Lease) -> String {
        let (id, no) = (lease.message.id, lease.delivery.no);
        match &lease.delivery.content {
            DeliveryContent::Message => {
                let header = self.first.get(..self.header_len).unwrap_or_default();
                header::summary(header).message_id.unwrap_or_default()
            }
            DeliveryContent::JournalReport(_) => {
                format!("<{}>", journal::message_id(id, self.no, host))
            }
            DeliveryContent::Dsn { .. } => format!("<{id}.{no}.dsn@{host}>"),
        }
    }

    /// Where the digest of a journal report stands once all of it was taken.
    pub(super) fn seal(&self) -> Arc<OnceLock<Digest>> {
        Arc::clone(&self.seal)
    }

    /// The next piece, `None` at the end.
    pub(super) fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        let piece = self.piece()?;
        match &piece {
            Some(piece) => {
                if let Some(hasher) = &mut self.hasher {
                    hasher.update(piece);
                }
            }
            None => {
                if let Some(hasher) = self.hasher.take() {
                    // It is set once: the end is reached once.
                    let _ = self.seal.set(hasher.finish());
                }
            }
        }
        Ok(piece)
    }

    /// A later piece of the stored message, behind the firewall where the header still goes on.
    fn pass(&mut self, chunk: Bytes) -> Bytes {
        let Some(firewall) = self.firewall.as_mut().filter(|one| !one.ended()) else {
            return chunk;
        };
        let mut passed = Vec::with_capacity(chunk.len());
        let used = firewall.pass(&chunk, &mut passed);
        passed.extend_from_slice(chunk.get(used..).unwrap_or_default());
        passed.into()
    }

    fn piece(&mut self) -> Result<Option<Bytes>, ReadError> {
        loop {
            let original = self
                .composed
                .as_ref()
                .map_or(Original::Whole, |c| c.original);
            match self.stage {
                Stage::Prefix => {
                    self.stage = Stage::First;
                    if let Some(composed) = &mut self.composed {
                        return Ok(Some(std::mem::take(&mut composed.prefix).into()));
                    }
                }
                Stage::First => {
                    self.stage = match original {
                        Original::Whole => Stage::More,
                        _ => Stage::Suffix,
                    };
                    match original {
                        Original::Whole => return Ok(Some(self.first.clone())),
                        Original::HeaderOnly => {
                            return Ok(Some(self.first.slice(..self.header_len)));
                        }
                        Original::None => {}
                    }
                }
                Stage::More => {
                    if let Some(reader) = &mut self.more
                        && let Some(chunk) = reader.chunk()?
                    {
                        return Ok(Some(self.pass(chunk)));
                    }
                    if let Some(mut firewall) = self.firewall.take() {
                        let mut held = Vec::new();
                        firewall.finish(&mut held);
                        if self.more.is_some() && !held.is_empty() {
                            return Ok(Some(held.into()));
                        }
                    }
                    self.stage = Stage::Suffix;
                }
                Stage::Suffix => {
                    self.stage = Stage::End;
                    if let Some(composed) = &mut self.composed {
                        return Ok(Some(std::mem::take(&mut composed.suffix).into()));
                    }
                }
                Stage::End => return Ok(None),
            }
        }
    }
}

/// The message's beginning with its whole header section, and whether that is all of it.
pub(crate) fn beginning(reader: &mut BodyReader) -> Result<(Bytes, bool), ReadError> {
    let Some(first) = reader.chunk()? else {
        return Ok((Bytes::new(), true));
    };
    // A small message comes whole, and there is nothing to gather.
    if first.len() as u64 >= reader.len() || memmem::find(&first, b"\r\n\r\n").is_some() {
        let whole = first.len() as u64 >= reader.len();
        return Ok((first, whole));
    }
    let mut gathered = BytesMut::from(first.as_ref());
    while gathered.len() < HEADER_OCTETS_MAX && memmem::find(&gathered, b"\r\n\r\n").is_none() {
        match reader.chunk()? {
            Some(chunk) => gathered.extend_from_slice(&chunk),
            None => return Ok((gathered.freeze(), true)),
        }
    }
    Ok((gathered.freeze(), false))
}

/// Who signs reports: the settings' postmaster, or the one of this host.
fn postmaster(snapshot: &Snapshot) -> Option<EmailAddress> {
    let own = || EmailAddress::new("postmaster", snapshot.hostname.clone()).ok();
    snapshot.settings.postmaster.clone().or_else(own)
}
