//! Stores of delivered reports, as others leave them, compared with the ledger.

use std::{fs, path::Path};

use mailward_model::{
    BodyType, Domain, Envelope, MessageId,
    plan::{JournalRecipient, JournalReport, JournalRole},
};
use mailward_proto::{
    journal::{JournalInput, compose, report_no},
    mime::Carry,
};

use super::*;
use crate::compare::{Compared, Expectation, compare};

fn host() -> Domain {
    "edge.example.org".parse().unwrap()
}

/// The report about message `n`, as it is handed over.
fn octets(n: u128) -> Vec<u8> {
    let original = format!(
        "Date: Thu, 26 Nov 2026 12:00:00 +0000\r\nSubject: no {n}\r\n\r\nFrom here on\r\n>From there\r\n"
    );
    let target = "archive@example.net".parse().unwrap();
    let envelope = Envelope {
        mail_from: "alice@example.org".parse().unwrap(),
        body: BodyType::EightBitMime,
        ..Envelope::default()
    };
    let composed = compose(&JournalInput {
        message: MessageId::from_bits(n),
        delivery: report_no(&target),
        host: &host(),
        from: &"postmaster@example.org".parse().unwrap(),
        to: &target,
        envelope: &envelope,
        accepted_unix_ms: NOON,
        header: original.as_bytes(),
        report: &JournalReport {
            recipients: vec![JournalRecipient {
                role: JournalRole::Recipient,
                address: "bob@example.org".parse().unwrap(),
                redirection: None,
            }],
            ..JournalReport::default()
        },
        carry: Carry::ALL,
    });
    [&composed.prefix, original.as_bytes(), &composed.suffix].concat()
}

/// A ledger of reports 1 to 4 in `dir`.
fn ledger(dir: &Path) {
    let (ledger, _) = open(dir, NOON);
    let whats = (1..=4).map(|n| {
        let What::Report(mut report) = report(n) else {
            unreachable!()
        };
        report.report = Digest::of(&octets(n));
        What::Report(report)
    });
    append(&ledger, NOON, whats);
}

fn compared(ledger_dir: &Path, store: &Path) -> Compared {
    let mut expectation = Expectation::new(None, 0);
    crate::check::check(ledger_dir, |line| expectation.expect(line)).unwrap();
    compare(store, &host(), expectation).unwrap()
}

fn words(compared: &Compared) -> Vec<(&'static str, u128)> {
    compared
        .problems
        .first
        .iter()
        .map(|p| (p.wrong.word(), p.message.map_or(0, MessageId::to_bits)))
        .collect()
}

#[test]
fn a_maildir_with_harm_of_each_kind() {
    let dir = tempfile::tempdir().unwrap();
    let (book, store) = (dir.path().join("book"), dir.path().join("store"));
    ledger(&book);
    for name in ["new", "cur", "tmp"] {
        fs::create_dir_all(store.join(name)).unwrap();
    }
    let put = |name: &str, octets: &[u8]| fs::write(store.join(name), octets).unwrap();
    let received = |n| {
        [
            b"Return-Path: <>\r\nReceived: from edge\r\n".to_vec(),
            octets(n),
        ]
        .concat()
    };
    for n in 1..=4 {
        put(&format!("new/{n}"), &received(n));
    }
    put("cur/9:2,S", b"Subject: something else\r\n\r\n");
    put("tmp/8", &received(1));
    let found = compared(&book, &store);
    assert_eq!(words(&found), []);
    assert_eq!(
        (found.messages, found.reports, found.expected, found.right),
        (5, 4, 4, 4)
    );

    put("new/2", &received(2).replace_last(b"there", b"where"));
    fs::remove_file(store.join("new/3")).unwrap();
    put("cur/4", &received(4));
    put("new/5", &received(5));
    let found = compared(&book, &store);
    let mut words = words(&found);
    words.sort();
    assert_eq!(
        words,
        [
            ("changed", 2),
            ("doubled", 4),
            ("missing", 3),
            ("unknown", 5)
        ]
    );
    assert_eq!(found.right, 1);
}

trait ReplaceLast {
    fn replace_last(self, from: &[u8], to: &[u8]) -> Vec<u8>;
}

impl ReplaceLast for Vec<u8> {
    fn replace_last(mut self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let at = memchr::memmem::rfind(&self, from).unwrap();
        self.splice(at..at + from.len(), to.iter().copied());
        self
    }
}

#[test]
fn line_ends_and_an_mbox_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let book = dir.path().join("book");
    ledger(&book);
    // Line ends of Unix, in files of a folder.
    let store = dir.path().join("store");
    fs::create_dir_all(store.join("sub")).unwrap();
    let dos: fn(u128) -> String = |n| String::from_utf8(octets(n)).unwrap();
    let unix: fn(u128) -> String = |n| String::from_utf8(octets(n)).unwrap().replace("\r\n", "\n");
    for n in 1..=4 {
        fs::write(store.join(format!("sub/{n}.eml")), unix(n)).unwrap();
    }
    let found = compared(&book, &store);
    assert_eq!((words(&found), found.right), (vec![], 4));
    // An mbox of the kind that quotes every "From ".
    let quoted = |text: String| {
        let lines = text.split_inclusive('\n').map(|line| {
            match line.trim_start_matches('>').starts_with("From ") {
                true => format!(">{line}"),
                false => line.to_owned(),
            }
        });
        lines.collect::<String>()
    };
    for text in [unix, dos] {
        let end = if text(1).contains('\r') { "\r\n" } else { "\n" };
        let mbox: String = (1..=4)
            .map(|n| {
                format!(
                    "From x@y Thu Nov 26 12:00:00 2026{end}{}{end}",
                    quoted(text(n))
                )
            })
            .collect();
        let path = dir.path().join("mbox");
        fs::write(&path, mbox).unwrap();
        let found = compared(&book, &path);
        assert_eq!((words(&found), found.right), (vec![], 4));
    }
}
