//! Entry point for fuzzing recovery: whatever stands in a segment, the queue opens, keeps what is
//! whole, reports the rest, and is in order from then on.
//!
//! Part of the crate so that the fuzzer and the replay in the tests run the same code; not meant
//! for anyone else.

use std::{
    io::IoSlice,
    path::Path,
    sync::{Arc, OnceLock},
    time::Instant,
};

use mailward_host::{
    disk::Disk,
    fake::{clock::FakeClock, disk::FakeDisk},
};
use mailward_model::{
    Envelope, EnvelopeRecipient, MessageId, Origin, Reply, ReversePath,
    plan::{
        Delivery, DeliveryContent, DeliveryRecipient, Fate, NextHop, Plan, RecipientOutcome,
        Settlement,
    },
};

use crate::{
    Queue, QueueConfig, RecoveryReport,
    batch::{Effect, Item, Meta, Payload},
    body::Body,
    commit::Committer,
    frame::{FrameHeader, Kind},
    record::{self, BodyRecord},
    segment::encode_head,
};

const START_MS: u64 = 1_700_000_000_000;

fn open(disk: &FakeDisk) -> Option<(Queue, Committer, RecoveryReport)> {
    let config = QueueConfig {
        segment_bytes: 16 << 10,
        inline_body_max: 4 << 10,
        min_free_bytes: 0,
        ..QueueConfig::new("/q")
    };
    let clock = Arc::new(FakeClock::new(START_MS));
    Queue::open_without_thread(config, Arc::new(disk.clone()), clock).ok()
}

fn next_hop() -> NextHop {
    NextHop::SmartHost {
        connector: "outbound".into(),
    }
}

/// A round of the committer with its maintenance.
fn round(committer: &mut Committer) {
    committer.next_maintenance = Some(Instant::now());
    committer.round(true);
}

/// Puts a message into the batch as `accept` does, without waiting for it.
fn accept(queue: &Queue, body: Body, number: u64, rcpt: &EnvelopeRecipient) {
    let envelope = Envelope {
        recipients: vec![rcpt.clone()],
        ..Envelope::default()
    };
    let origin = Origin {
        connector: "inbound".into(),
        client: None,
        server: None,
        helo: "client.example.org".into(),
        protocol: "ESMTP".into(),
        tls: None,
        account: None,
        probe: false,
        arrival: None,
        accepted_unix_ms: START_MS,
    };
    let delivery = |no| Delivery {
        no,
        next_hop: next_hop(),
        mail_from: ReversePath::Null,
        recipients: vec![DeliveryRecipient {
            rcpt: rcpt.clone(),
            redirection: None,
        }],
        content: DeliveryContent::Message,
    };
    let mut plan = Plan {
        deliveries: vec![delivery(0), delivery(1)],
        notes: Vec::new(),
    };
    let id = MessageId::new(START_MS + number, [1; 10]);
    let (meta, base) =
        record::encode_accepted(id, &envelope, &origin, Some(&mut plan), BodyRecord::Inline);
    let effect = Effect::Accept(Box::new((base, body, None)));
    let mut item = Item::new(Kind::Accepted, Meta::Own(meta), effect);
    item.payload = Payload::Accepted;
    queue.shared.state().pending.add(item);
}

fn settle(queue: &Queue, id: MessageId, delivery: u32, fate: Fate) {
    // A message that damage has changed may not have that delivery.
    let _ = queue.settle_later(Settlement {
        message: id,
        delivery,
        outcomes: vec![RecipientOutcome {
            recipient: 0,
            fate,
            reply: Reply::bare(250, "so it is"),
        }],
        retry_unix_ms: Some(START_MS + 60_000),
        remote: None,
        follow_ups: Vec::new(),
    });
}

/// The segments of a queue in which every kind of record stands.
fn segments() -> &'static [(String, Vec<u8>)] {
    static SEGMENTS: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    SEGMENTS.get_or_init(|| make_segments().unwrap_or_default())
}

fn make_segments() -> Option<Vec<(String, Vec<u8>)>> {
    let disk = FakeDisk::new();
    let (queue, mut committer, _) = open(&disk)?;
    let rcpt = EnvelopeRecipient::new("recipient@example.net".parse().ok()?);
    for number in 0..40 {
        let id = MessageId::new(START_MS + number, [1; 10]);
        let mut body = queue.spool(id);
        body.write(&vec![
            b'a' + (number % 26) as u8;
            200 * (number as usize % 6)
        ])
        .ok()?;
        accept(&queue, body.finish().ok()?, number, &rcpt);
        round(&mut committer);
        settle(&queue, id, 0, Fate::Delivered);
        if number % 3 != 0 {
            settle(&queue, id, 1, Fate::Delivered);
        } else {
            settle(&queue, id, 1, Fate::Deferred);
        }
        round(&mut committer);
    }
    let names = disk.list(Path::new("/q/log")).ok()?;
    let read = |name: String| {
        let file = disk.open(&Path::new("/q/log").join(&name)).ok()?;
        let mut octets = vec![0; usize::try_from(file.len().ok()?).ok()?];
        file.read_at(&mut octets, 0).ok()?;
        Some((name, octets))
    };
    names.into_iter().map(read).collect()
}

/// Opens a queue whose segments are damaged as `data` says, uses it, and opens it again.
///
/// The first octet chooses: `data` itself as a segment; whole records with what `data` says as
/// metadata; or edits of true segments, five octets each: which segment, where (two), how, with what.
///
/// # Panics
/// Where the queue is not in order afterwards.
pub fn fuzz_recovery(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else {
        return;
    };
    let mut files: Vec<(String, Vec<u8>)> = segments().to_vec();
    if choice % 8 == 0 {
        files = vec![("0000000000000000.seg".into(), rest.to_vec())];
    }
    if choice % 8 == 1 {
        files = vec![("0000000000000000.seg".into(), records(rest))];
    }
    for edit in rest.chunks_exact(5).filter(|_| choice % 8 > 1) {
        if let [which, high, low, how, with] = *edit
            && let at = usize::from(which) % files.len().max(1)
            && let Some((_, octets)) = files.get_mut(at)
            && !octets.is_empty()
        {
            edit_octets(octets, usize::from(high) << 8 | usize::from(low), how, with);
        }
    }
    let disk = FakeDisk::new();
    for (name, octets) in &files {
        if let Ok(file) = disk.create(&Path::new("/q/log").join(name)) {
            // Nothing is refused by a disk that was not told to.
            let _ = file.write_at(&mut [IoSlice::new(octets)], 0);
        }
    }
    use_it(&disk);
    let damage = open(&disk).map(|(_, _, report)| report.damage);
    assert_eq!(damage, Some(Vec::new()), "damage was not cleared away");
}

/// A segment of records whose checksums are right and whose metadata is anything: the first octet of
/// each piece is the kind, the second the length.
fn records(mut rest: &[u8]) -> Vec<u8> {
    let stamp = 7;
    let mut octets = encode_head(0, stamp).to_vec();
    while let [kind, len, behind @ ..] = rest {
        let (meta, behind) = behind.split_at(usize::from(*len).min(behind.len()));
        let header = FrameHeader {
            stamp,
            synced: 0,
            kind: Kind::from_number(kind % 9).unwrap_or(Kind::Began),
            meta_len: meta.len() as u32,
            body_len: 0,
            meta_crc: crc32fast::hash(meta),
            body_crc: crc32fast::hash(&[]),
        };
        octets.extend_from_slice(&header.encode());
        octets.extend_from_slice(meta);
        rest = behind;
    }
    octets
}

fn edit_octets(octets: &mut Vec<u8>, place: usize, how: u8, with: u8) {
    let at = place % octets.len();
    match how % 5 {
        0 => octets.truncate(at),
        1 => {
            octets.drain(at..(at + usize::from(with)).min(octets.len()));
        }
        2 => {
            let copy: Vec<u8> = octets.iter().copied().take(usize::from(with)).collect();
            octets.splice(at..at, copy);
        }
        _ => {
            if let Some(octet) = octets.get_mut(at) {
                *octet ^= with | 1;
            }
        }
    }
}

/// Takes and settles what is there, and lets maintenance end.
fn use_it(disk: &FakeDisk) {
    let Some((queue, mut committer, _)) = open(disk) else {
        return;
    };
    let mut leases = Vec::new();
    while let Some(lease) = queue.take(&next_hop()) {
        let id = lease.message.id;
        let mut reader = queue.read_body(id);
        if let Ok(reader) = &mut reader {
            while let Ok(Some(_)) = reader.chunk() {}
        }
        assert!(queue.message(id).is_some(), "a leased message is there");
        leases.push(lease);
    }
    for (lease, n) in leases.iter().zip(0..) {
        let fate = if n % 2 == 0 {
            Fate::Delivered
        } else {
            Fate::Deferred
        };
        settle(&queue, lease.message.id, lease.delivery.no, fate);
    }
    for _ in 0..24 {
        round(&mut committer);
    }
}
