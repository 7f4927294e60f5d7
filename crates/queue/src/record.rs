//! The metadata of records: what is written, and how it is read back.
//!
//! Metadata is postcard, one value after another. The head of a message (envelope and origin), its
//! notes and each of its deliveries are separate values, so that a message can be copied forward
//! and a delivery be taken out without decoding the rest: in memory the index keeps slices of the
//! octets that were written.

use std::ops::Range;

use bytes::Bytes;
use mailward_model::{
    Envelope, MessageId, Origin, Reply,
    plan::{Delivery, DeliveryNo, NextHop, Plan, RecipientOutcome, ResolutionNote},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::view::{LastAttempt, Message, RecipientState};

/// Metadata that cannot be read although its checksum is right: written by another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the metadata of a record cannot be read")]
pub(crate) struct Unreadable;

/// Where a body is, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BodyRecord {
    /// Behind the metadata; length and checksum stand in the frame.
    Inline,
    /// In a file of the message's name.
    File { len: u64, crc: u32 },
}

/// Begins the metadata of Accepted, Moved and State.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BaseFixed {
    id: [u8; 16],
    pub(crate) body: BodyRecord,
    pub(crate) planned: bool,
    pub(crate) held: bool,
    /// The next free delivery number.
    pub(crate) next_no: DeliveryNo,
    deliveries: u32,
    /// Whether a state per delivery follows.
    states: bool,
}

impl BaseFixed {
    pub(crate) fn id(&self) -> MessageId {
        MessageId::from_bits(u128::from_le_bytes(self.id))
    }
}

/// Envelope and origin.
#[derive(Serialize)]
struct Head<'a> {
    envelope: &'a Envelope,
    origin: &'a Origin,
}

#[derive(Deserialize)]
struct OwnedHead {
    envelope: Envelope,
    origin: Origin,
}

/// The state of one delivery, as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateRecord {
    /// One octet per recipient, see [`fate_number`].
    pub(crate) fates: Vec<u8>,
    pub(crate) attempts: u32,
    pub(crate) first_attempt_unix_ms: Option<u64>,
    pub(crate) retry_unix_ms: Option<u64>,
    pub(crate) last: Option<(Reply, Option<String>)>,
}

/// A recipient's state as an octet.
pub(crate) fn fate_number(state: RecipientState) -> u8 {
    match state {
        RecipientState::Pending => 0,
        RecipientState::Deferred => 1,
        RecipientState::Delivered => 2,
        RecipientState::Failed => 3,
        RecipientState::Removed => 4,
    }
}

/// The state of such an octet. An octet not known is pending: rather tried twice than lost.
pub(crate) fn fate_of(number: u8) -> RecipientState {
    match number {
        1 => RecipientState::Deferred,
        2 => RecipientState::Delivered,
        3 => RecipientState::Failed,
        4 => RecipientState::Removed,
        _ => RecipientState::Pending,
    }
}

/// Begins the metadata of Settled; the follow-ups come behind it.
#[derive(Serialize)]
struct SettledFixed<'a> {
    id: [u8; 16],
    delivery: DeliveryNo,
    outcomes: &'a [RecipientOutcome],
    retry_unix_ms: Option<u64>,
    remote: Option<&'a str>,
    attempts: u32,
    first_attempt_unix_ms: Option<u64>,
    follow_ups: u32,
}

/// An outcome, as read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct SettledRecord {
    id: [u8; 16],
    pub(crate) delivery: DeliveryNo,
    pub(crate) outcomes: Vec<RecipientOutcome>,
    pub(crate) retry_unix_ms: Option<u64>,
    pub(crate) remote: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) first_attempt_unix_ms: Option<u64>,
    follow_ups: u32,
}

impl SettledRecord {
    pub(crate) fn id(&self) -> MessageId {
        MessageId::from_bits(u128::from_le_bytes(self.id))
    }
}

/// The metadata of Began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct BeganRecord {
    /// The older segments that exist, and where the synced part of each ends. What stands behind
    /// that end was refused to whoever sent it, or never answered for.
    pub(crate) ends: Vec<(u64, u64)>,
    /// Next hops that are held.
    pub(crate) held: Vec<NextHop>,
}

/// A delivery on its way into the index: what the schedule needs, and its octets for later.
#[derive(Debug, Clone)]
pub(crate) struct NewDelivery {
    pub(crate) no: DeliveryNo,
    pub(crate) next_hop: NextHop,
    pub(crate) recipients: usize,
    pub(crate) code: Bytes,
}

/// A message as read from Accepted, Moved or State.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) fixed: BaseFixed,
    pub(crate) head: Bytes,
    pub(crate) accepted_unix_ms: u64,
    pub(crate) probe: bool,
    pub(crate) notes: Bytes,
    pub(crate) deliveries: Vec<NewDelivery>,
    /// Empty where all deliveries are as planned.
    pub(crate) states: Vec<StateRecord>,
}

/// Appends a value. Postcard fails on none of our types: only on sequences of unknown length.
fn put<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let len = out.len();
    match postcard::to_extend(value, std::mem::take(out)) {
        Ok(extended) => *out = extended,
        Err(_) => debug_assert!(false, "a value of {len} octets cannot be encoded"),
    }
}

/// Takes a value off the front, and the octets it stood in.
fn take<T: DeserializeOwned>(rest: &mut Bytes) -> Result<(T, Bytes), Unreadable> {
    let (value, behind) = postcard::take_from_bytes(rest).map_err(|_| Unreadable)?;
    let used = rest.len() - behind.len();
    Ok((value, rest.split_to(used)))
}

fn id_octets(id: MessageId) -> [u8; 16] {
    id.to_bits().to_le_bytes()
}

/// Gives deliveries their numbers: those they have where these grow from `first` on, else new ones.
/// Answers the next free number.
pub(crate) fn number(deliveries: &mut [Delivery], first: DeliveryNo) -> DeliveryNo {
    let mut next = first;
    let grow = deliveries.iter().all(|delivery| {
        let fits = delivery.no >= next;
        next = delivery.no.saturating_add(1);
        fits
    });
    if grow {
        return next;
    }
    for (place, delivery) in deliveries.iter_mut().enumerate() {
        delivery.no = first.saturating_add(place as u32);
    }
    first.saturating_add(deliveries.len() as u32)
}

/// Encodes a new message: the octets, and what the index keeps of it.
pub(crate) fn encode_accepted(
    id: MessageId,
    envelope: &Envelope,
    origin: &Origin,
    plan: Option<&mut Plan>,
    body: BodyRecord,
) -> (Bytes, Base) {
    let planned = plan.is_some();
    let mut none = Plan::default();
    let Plan { deliveries, notes } = plan.unwrap_or(&mut none);
    let next_no = number(deliveries, 0);
    let addresses = envelope.recipients.len() + deliveries.len() * 2 + notes.len() * 2;
    let mut meta = Vec::with_capacity(320 + addresses * 48);
    let fixed = BaseFixed {
        id: id_octets(id),
        body,
        planned,
        held: false,
        next_no,
        deliveries: deliveries.len() as u32,
        states: false,
    };
    put(&fixed, &mut meta);
    let part = |meta: &mut Vec<u8>, write: &dyn Fn(&mut Vec<u8>)| -> Range<usize> {
        let start = meta.len();
        write(meta);
        start..meta.len()
    };
    let head = part(&mut meta, &|meta| put(&Head { envelope, origin }, meta));
    let notes = part(&mut meta, &|meta| put(&*notes, meta));
    let codes: Vec<Range<usize>> = deliveries
        .iter()
        .map(|delivery| part(&mut meta, &|meta| put(delivery, meta)))
        .collect();
    let meta = Bytes::from(meta);
    let deliveries = deliveries.iter().zip(codes);
    let base = Base {
        fixed,
        head: meta.slice(head),
        accepted_unix_ms: origin.accepted_unix_ms,
        probe: origin.probe,
        notes: meta.slice(notes),
        deliveries: deliveries
            .map(|(delivery, code)| new_delivery(delivery, meta.slice(code)))
            .collect(),
        states: Vec::new(),
    };
    (meta, base)
}

fn new_delivery(delivery: &Delivery, code: Bytes) -> NewDelivery {
    NewDelivery {
        no: delivery.no,
        recipients: delivery.recipients.len(),
        next_hop: delivery.next_hop.clone(),
        code,
    }
}

/// Encodes a delivery by itself.
pub(crate) fn encode_delivery(delivery: Delivery) -> NewDelivery {
    let mut code = Vec::with_capacity(128);
    put(&delivery, &mut code);
    new_delivery(&delivery, code.into())
}

/// What Moved and State say of a message, from the parts that the index keeps.
pub(crate) struct BaseParts<'a> {
    pub(crate) id: MessageId,
    pub(crate) body: BodyRecord,
    pub(crate) planned: bool,
    pub(crate) held: bool,
    pub(crate) next_no: DeliveryNo,
    pub(crate) head: &'a [u8],
    pub(crate) notes: &'a [u8],
    pub(crate) deliveries: Vec<(&'a [u8], StateRecord)>,
}

/// Encodes a message with the state of its deliveries.
pub(crate) fn encode_base(parts: &BaseParts<'_>, out: &mut Vec<u8>) {
    put(
        &BaseFixed {
            id: id_octets(parts.id),
            body: parts.body,
            planned: parts.planned,
            held: parts.held,
            next_no: parts.next_no,
            deliveries: parts.deliveries.len() as u32,
            states: true,
        },
        out,
    );
    out.extend_from_slice(parts.head);
    out.extend_from_slice(parts.notes);
    for (code, _) in &parts.deliveries {
        out.extend_from_slice(code);
    }
    for (_, state) in &parts.deliveries {
        put(state, out);
    }
}

/// Reads Accepted, Moved or State.
pub(crate) fn decode_base(mut meta: Bytes) -> Result<Base, Unreadable> {
    let rest = &mut meta;
    let (fixed, _): (BaseFixed, _) = take(rest)?;
    let (message, head): (OwnedHead, _) = take(rest)?;
    let (_, notes): (Vec<ResolutionNote>, _) = take(rest)?;
    let deliveries = take_deliveries(rest, fixed.deliveries)?;
    let mut states = Vec::new();
    if fixed.states {
        for _ in &deliveries {
            states.push(take(rest)?.0);
        }
    }
    Ok(Base {
        fixed,
        head,
        accepted_unix_ms: message.origin.accepted_unix_ms,
        probe: message.origin.probe,
        notes,
        deliveries,
        states,
    })
}

fn take_deliveries(rest: &mut Bytes, count: u32) -> Result<Vec<NewDelivery>, Unreadable> {
    // Nothing is allocated by a number that was read: the vector grows with what is there.
    let mut deliveries = Vec::new();
    for _ in 0..count {
        let (delivery, code) = take(rest)?;
        deliveries.push(new_delivery(&delivery, code));
    }
    Ok(deliveries)
}

/// Reads a message's head.
pub(crate) fn decode_message(id: MessageId, head: &[u8], size: u64) -> Result<Message, Unreadable> {
    let head: OwnedHead = postcard::from_bytes(head).map_err(|_| Unreadable)?;
    Ok(Message {
        id,
        envelope: head.envelope,
        origin: head.origin,
        size,
    })
}

/// Reads a delivery.
pub(crate) fn decode_delivery(code: &[u8]) -> Result<Delivery, Unreadable> {
    postcard::from_bytes(code).map_err(|_| Unreadable)
}

/// Reads notes.
pub(crate) fn decode_notes(notes: &[u8]) -> Result<Vec<ResolutionNote>, Unreadable> {
    postcard::from_bytes(notes).map_err(|_| Unreadable)
}

/// Encodes new deliveries for a message: Planned. Answers the octets of the notes.
pub(crate) fn encode_planned(
    id: MessageId,
    notes: &[ResolutionNote],
    deliveries: &[NewDelivery],
    out: &mut Vec<u8>,
) -> Bytes {
    put(&(id_octets(id), deliveries.len() as u32), out);
    let start = out.len();
    put(notes, out);
    let notes = Bytes::copy_from_slice(out.get(start..).unwrap_or_default());
    for delivery in deliveries {
        out.extend_from_slice(&delivery.code);
    }
    notes
}

/// Reads Planned: the message, the notes, the deliveries.
pub(crate) fn decode_planned(
    mut meta: Bytes,
) -> Result<(MessageId, Bytes, Vec<NewDelivery>), Unreadable> {
    let ((id, count), _): (([u8; 16], u32), _) = take(&mut meta)?;
    let (_, notes): (Vec<ResolutionNote>, _) = take(&mut meta)?;
    let deliveries = take_deliveries(&mut meta, count)?;
    Ok((
        MessageId::from_bits(u128::from_le_bytes(id)),
        notes,
        deliveries,
    ))
}

/// An outcome, to be encoded.
pub(crate) struct SettledParts<'a> {
    pub(crate) id: MessageId,
    pub(crate) delivery: DeliveryNo,
    pub(crate) outcomes: &'a [RecipientOutcome],
    pub(crate) retry_unix_ms: Option<u64>,
    pub(crate) remote: Option<&'a str>,
    pub(crate) attempts: u32,
    pub(crate) first_attempt_unix_ms: Option<u64>,
    pub(crate) follow_ups: &'a [Bytes],
}

/// Encodes an outcome: Settled.
pub(crate) fn encode_settled(parts: &SettledParts<'_>, out: &mut Vec<u8>) {
    put(
        &SettledFixed {
            id: id_octets(parts.id),
            delivery: parts.delivery,
            outcomes: parts.outcomes,
            retry_unix_ms: parts.retry_unix_ms,
            remote: parts.remote,
            attempts: parts.attempts,
            first_attempt_unix_ms: parts.first_attempt_unix_ms,
            follow_ups: parts.follow_ups.len() as u32,
        },
        out,
    );
    for code in parts.follow_ups {
        out.extend_from_slice(code);
    }
}

/// Reads Settled: the outcome and its follow-ups.
pub(crate) fn decode_settled(
    mut meta: Bytes,
) -> Result<(SettledRecord, Vec<NewDelivery>), Unreadable> {
    let (record, _): (SettledRecord, _) = take(&mut meta)?;
    let follow_ups = take_deliveries(&mut meta, record.follow_ups)?;
    Ok((record, follow_ups))
}

/// Encodes Held.
pub(crate) fn encode_held(id: MessageId, held: bool, out: &mut Vec<u8>) {
    put(&(id_octets(id), held), out);
}

/// Reads Held.
pub(crate) fn decode_held(mut meta: Bytes) -> Result<(MessageId, bool), Unreadable> {
    let ((id, held), _): (([u8; 16], bool), _) = take(&mut meta)?;
    Ok((MessageId::from_bits(u128::from_le_bytes(id)), held))
}

/// Encodes NextHopHeld.
pub(crate) fn encode_next_hop_held(next_hop: &NextHop, held: bool, out: &mut Vec<u8>) {
    put(&(next_hop, held), out);
}

/// Reads NextHopHeld.
pub(crate) fn decode_next_hop_held(mut meta: Bytes) -> Result<(NextHop, bool), Unreadable> {
    Ok(take(&mut meta)?.0)
}

/// Encodes Gone: ids, 16 octets each.
pub(crate) fn encode_gone(ids: impl IntoIterator<Item = MessageId>, out: &mut Vec<u8>) {
    for id in ids {
        out.extend_from_slice(&id_octets(id));
    }
}

/// Reads Gone.
pub(crate) fn decode_gone(meta: &[u8]) -> Result<Vec<MessageId>, Unreadable> {
    let (ids, rest) = meta.as_chunks::<16>();
    if !rest.is_empty() {
        return Err(Unreadable);
    }
    Ok(ids
        .iter()
        .map(|id| MessageId::from_bits(u128::from_le_bytes(*id)))
        .collect())
}

/// Encodes Began.
pub(crate) fn encode_began(began: &BeganRecord) -> Vec<u8> {
    let mut out = Vec::new();
    put(began, &mut out);
    out
}

/// Reads Began.
pub(crate) fn decode_began(meta: &[u8]) -> Result<BeganRecord, Unreadable> {
    postcard::from_bytes(meta).map_err(|_| Unreadable)
}

impl From<&LastAttempt> for (Reply, Option<String>) {
    fn from(last: &LastAttempt) -> Self {
        (last.reply.clone(), last.remote.clone())
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::plan::{
        DeliveryContent, JournalErrand, JournalRecipient, JournalReport, JournalRole,
    };

    use super::*;

    /// What was stored before a report's target and form were kept.
    #[derive(Serialize)]
    enum Before {
        #[expect(dead_code, reason = "it only gives the next one its number")]
        Message,
        JournalReport {
            rules: Vec<String>,
            recipients: Vec<JournalRecipient>,
        },
    }

    /// An origin as it was stored before anything of the sender was kept.
    #[derive(Serialize)]
    struct OriginBefore {
        connector: String,
        client: Option<std::net::SocketAddr>,
        server: Option<std::net::SocketAddr>,
        helo: String,
        protocol: String,
        tls: Option<mailward_model::TlsSession>,
        account: Option<mailward_model::EmailAddress>,
        probe: bool,
        accepted_unix_ms: u64,
    }

    #[test]
    fn origins_of_an_earlier_program_are_read_and_written_alike() {
        for probe in [false, true] {
            let before = OriginBefore {
                connector: "Internet".to_owned(),
                client: Some("192.0.2.7:25".parse().unwrap()),
                server: None,
                helo: "client.example".to_owned(),
                protocol: "ESMTP".to_owned(),
                tls: None,
                account: None,
                probe,
                accepted_unix_ms: 1_700_000_000_000,
            };
            let mut octets = Vec::new();
            put(&before, &mut octets);
            let (read, _): (Origin, _) = take(&mut octets.clone().into()).unwrap();
            assert_eq!((read.probe, read.arrival.is_none()), (probe, true));
            assert_eq!(read.accepted_unix_ms, before.accepted_unix_ms);
            let mut again = Vec::new();
            put(&read, &mut again);
            assert_eq!(again, octets);
            // And with what this program finds out.
            for internal in [false, true] {
                let arrived = Origin {
                    arrival: Some(Box::new(mailward_model::Arrival {
                        originating_organization: Some("contoso.example".to_owned()),
                        // A probe is nobody's.
                        internal: internal && !probe,
                        ..Default::default()
                    })),
                    ..read.clone()
                };
                let mut octets = Vec::new();
                put(&arrived, &mut octets);
                assert_eq!(take(&mut octets.into()).map(|(read, _)| read), Ok(arrived));
            }
        }
    }

    #[test]
    fn reports_of_an_earlier_program_are_read() {
        let recipients = vec![JournalRecipient {
            role: JournalRole::Recipient,
            address: "anna@example.org".parse().unwrap(),
            redirection: None,
        }];
        let rules = vec!["all".to_owned()];
        let mut octets = Vec::new();
        put(
            &Before::JournalReport {
                rules: rules.clone(),
                recipients: recipients.clone(),
            },
            &mut octets,
        );
        let (read, _): (DeliveryContent, _) = take(&mut octets.into()).unwrap();
        let report = JournalReport {
            rules,
            recipients,
            ..JournalReport::default()
        };
        assert_eq!(read, DeliveryContent::JournalReport(report.clone()));
        // And those of this one.
        let now = DeliveryContent::JournalReport(JournalReport {
            target: Some("archive@example.net".parse().unwrap()),
            errand: JournalErrand::Alternate,
            ..report
        });
        for content in [now, DeliveryContent::Message] {
            let mut octets = Vec::new();
            put(&content, &mut octets);
            assert_eq!(take(&mut octets.into()).map(|(read, _)| read), Ok(content));
        }
    }
}
