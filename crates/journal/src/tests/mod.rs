//! The ledger written, cut, changed and compared.

mod archives;
mod chain;

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use mailward_model::MessageId;

use crate::{Digest, How, Ledger, Opened, Report, Signer, Watch, What};

/// 2026-11-26T12:00:00Z.
const NOON: u64 = 1_795_694_400_000;
const DAY_MS: u64 = 86_400_000;

#[derive(Debug, Default, Clone)]
struct Told(Arc<Mutex<Vec<String>>>);

/// What waits for a line: somebody who is told.
type Waits = std::sync::mpsc::Sender<()>;

impl Watch<Waits> for Told {
    fn durable(&self, waited: Vec<Waits>) {
        for waits in waited {
            waits.send(()).unwrap();
        }
    }

    fn failing(&self, _: &Path, error: &io::Error) {
        self.0.lock().unwrap().push(format!("failing: {error}"));
    }

    fn closed(&self, day: &str, lines: u64, _: Digest) {
        self.0.lock().unwrap().push(format!("{day}: {lines}"));
    }
}

fn signer() -> Signer {
    Signer::new(&[7; 32]).unwrap()
}

fn open(dir: &Path, now: u64) -> (Ledger<Waits>, Opened) {
    Ledger::open(
        dir,
        "edge.example.org",
        signer(),
        Box::new(Told::default()),
        now,
    )
    .unwrap()
}

fn report(n: u128) -> What {
    What::Report(Report {
        how: How::Delivered,
        message: MessageId::from_bits(n),
        delivery: 1,
        target: "archive@example.net".to_owned(),
        to: "archive@example.net".to_owned(),
        report: Digest::of(&n.to_le_bytes()),
        octets: 100,
    })
}

/// Appends and waits until it is durable.
fn append(ledger: &Ledger<Waits>, now: u64, whats: impl IntoIterator<Item = What>) {
    let (sender, receiver) = std::sync::mpsc::channel();
    ledger.append(now, whats, Some(sender));
    receiver.recv().unwrap();
}

/// A ledger of three days: of `each` reports on the first, and one on each of the others.
fn three_days(dir: &Path, each: u128) {
    let (ledger, opened) = open(dir, NOON);
    assert_eq!(opened, Opened::default());
    append(&ledger, NOON, (1..=each).map(report));
    append(&ledger, NOON + DAY_MS, [report(each + 1)]);
    append(&ledger, NOON + 2 * DAY_MS, [report(each + 2)]);
}
