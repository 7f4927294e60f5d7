//! The chain: what was written is right, and whatever is done to it is found.

use std::{collections::BTreeSet, fs, path::Path};

use proptest::prelude::*;

use super::*;
use crate::check::{Checked, Wrong, check, files};

fn checked(dir: &Path) -> Checked {
    check(dir, |_| ()).unwrap()
}

fn wrongs(dir: &Path) -> BTreeSet<&'static str> {
    let found = checked(dir).problems.first;
    found.iter().map(|problem| problem.wrong.word()).collect()
}

#[test]
fn three_days_are_chained_and_signed() {
    let dir = tempfile::tempdir().unwrap();
    three_days(dir.path(), 3);
    let found = checked(dir.path());
    assert_eq!(found.problems.first, []);
    assert_eq!((found.days, found.reports, found.roots), (3, 5, 2));
    // One that began it, five reports, two roots.
    assert_eq!(found.lines, 8);
    assert_eq!(found.keys, [signer().public().to_string()]);
    let (ledger, _) = open(dir.path(), NOON + 2 * DAY_MS);
    let status = ledger.status();
    assert_eq!((status.lines, status.head), (8, found.head));
    assert_eq!(ledger.take_known().len(), 2, "of the last two days");
    drop(ledger);
    // A quiet night has its root too, at the next look.
    let (ledger, _) = open(dir.path(), NOON + 9 * DAY_MS);
    assert_eq!(ledger.status().last_root.unwrap().0, "2026-11-28");
    drop(ledger);
    let found = checked(dir.path());
    assert_eq!((found.problems.total, found.roots), (0, 3));
    // And is closed once.
    drop(open(dir.path(), NOON + 9 * DAY_MS));
    assert_eq!(checked(dir.path()).roots, 3);
}

#[test]
fn a_clock_that_goes_back_adds_to_the_open_day() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, _) = open(dir.path(), NOON);
    append(&ledger, NOON + DAY_MS, [report(1)]);
    append(&ledger, NOON - 9 * DAY_MS, [report(2)]);
    drop(ledger);
    assert_eq!(files(dir.path()).unwrap().len(), 2);
    assert_eq!(wrongs(dir.path()), BTreeSet::new());
}

#[test]
fn a_write_that_was_cut_short_anywhere_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    {
        let (ledger, _) = open(dir.path(), NOON);
        append(&ledger, NOON, (1..4).map(report));
    }
    let path = dir.path().join("2026-11-26.jsonl");
    let whole = fs::read(&path).unwrap();
    // Every octet of the last line, and some of every other.
    let last = whole.len()
        - 1
        - whole[..whole.len() - 1]
            .iter()
            .rev()
            .position(|o| *o == b'\n')
            .unwrap();
    for cut in (0..last).step_by(23).chain((last..whole.len()).step_by(3)) {
        fs::write(&path, &whole[..cut]).unwrap();
        let lines = whole[..cut].iter().filter(|octet| **octet == b'\n').count();
        let (ledger, opened) = open(dir.path(), NOON);
        let torn = cut
            - whole[..cut]
                .iter()
                .rposition(|o| *o == b'\n')
                .map_or(0, |at| at + 1);
        assert_eq!(opened.torn_octets, torn as u64, "cut at {cut}");
        assert_eq!(opened.damage, None, "cut at {cut}");
        assert_eq!(ledger.status().lines, lines as u64, "cut at {cut}");
        append(&ledger, NOON, [report(9)]);
        drop(ledger);
        let found = checked(dir.path());
        assert_eq!(found.problems.first, [], "cut at {cut}");
        assert_eq!(found.lines, lines as u64 + 1, "cut at {cut}");
    }
}

#[test]
fn the_end_of_a_long_day_is_found_from_its_tail() {
    let dir = tempfile::tempdir().unwrap();
    {
        let (ledger, _) = open(dir.path(), NOON);
        append(&ledger, NOON, (1..20).map(report));
    }
    let path = dir.path().join("2026-11-26.jsonl");
    let octets = fs::metadata(&path).unwrap().len();
    let whole = crate::check::end(&path).unwrap();
    for tail in [1, 400, 1_000, octets - 1, octets] {
        let end = crate::check::end_within(&path, tail).unwrap();
        assert_eq!(end.octets, whole.octets, "{tail}");
        if tail >= 1_000 {
            assert_eq!((end.next, end.lines), (whole.next, whole.lines), "{tail}");
            assert_eq!((end.head, end.damage), (whole.head, None), "{tail}");
        }
    }
}

#[test]
fn each_kind_of_harm_has_its_name() {
    let dir = tempfile::tempdir().unwrap();
    three_days(dir.path(), 4);
    let path = dir.path().join("2026-11-26.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let write = |lines: &[&str]| fs::write(&path, lines.join("\n") + "\n").unwrap();
    let at = |line: u64| format!("2026-11-26.jsonl line {line}");

    let changed = lines[2].replace("archive@example.net", "archive@example.com");
    let mut harmed = lines.clone();
    harmed[2] = &changed;
    write(&harmed);
    let problems = checked(dir.path()).problems;
    assert_eq!(
        (problems.total, problems.first[0].wrong),
        (1, Wrong::Changed)
    );
    assert_eq!(problems.first[0].place, at(3));

    let mut harmed = lines.clone();
    harmed.remove(2);
    write(&harmed);
    let problems = checked(dir.path()).problems;
    assert_eq!(
        (problems.total, problems.first[0].wrong),
        (1, Wrong::Missing)
    );
    assert!(problems.first[0].what.contains("entry 3 is missing"));

    let mut harmed = lines.clone();
    harmed.insert(3, lines[2]);
    write(&harmed);
    assert_eq!(wrongs(dir.path()), BTreeSet::from(["doubled"]));

    // The end of a day cut off.
    write(&lines[..lines.len() - 2]);
    assert_eq!(wrongs(dir.path()), BTreeSet::from(["missing"]));

    // A day that is not there at all.
    fs::remove_file(&path).unwrap();
    assert_eq!(wrongs(dir.path()), BTreeSet::from(["missing"]));

    // A root that somebody else signed, with the chain behind it made anew.
    write(&lines);
    let root = lines.last().unwrap();
    let at = root.find("\"signature\":\"").unwrap() + 13;
    let forged = format!("{}{}{}", &root[..at], "0".repeat(128), &root[at + 128..]);
    let mut harmed = lines.clone();
    *harmed.last_mut().unwrap() = &forged;
    write(&harmed);
    assert!(wrongs(dir.path()).contains("changed"));
}

#[test]
fn a_report_that_was_entered_twice_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, _) = open(dir.path(), NOON);
    append(&ledger, NOON, [report(1), report(2), report(1)]);
    drop(ledger);
    let problems = checked(dir.path()).problems;
    assert_eq!(
        (problems.total, problems.first[0].wrong),
        (1, Wrong::Doubled)
    );
    assert_eq!(problems.first[0].message, Some(MessageId::from_bits(1)));
}

#[test]
fn a_disk_that_refuses_loses_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, _) = open(dir.path(), NOON);
    // The next day's file cannot be made: there is a folder of its name.
    let next = dir.path().join("2026-11-27.jsonl");
    fs::create_dir(&next).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    ledger.append(NOON + DAY_MS, [report(1)], Some(sender));
    assert!(ledger.is_failing());
    fs::remove_dir(&next).unwrap();
    receiver.recv().unwrap();
    assert!(!ledger.is_failing());
    append(&ledger, NOON + DAY_MS, [report(2)]);
    drop(ledger);
    let found = checked(dir.path());
    assert_eq!(found.reports, 2);
    // What came while the day could not be closed stands behind its root, and is told of.
    assert!(found.problems.total <= 1, "{:?}", found.problems.first);
}

#[test]
fn what_waits_is_given_back_together_in_the_lines_order() {
    /// Each batch, with the lines that the file had then.
    struct Batches(
        std::path::PathBuf,
        std::sync::mpsc::Sender<(Vec<u128>, usize)>,
    );
    impl crate::Watch<u128> for Batches {
        fn durable(&self, waited: Vec<u128>) {
            let lines = fs::read_to_string(&self.0).unwrap().lines().count();
            self.1.send((waited, lines)).unwrap();
        }
        fn failing(&self, _: &std::path::Path, _: &std::io::Error) {}
        fn closed(&self, _: &str, _: u64, _: crate::Digest) {}
    }
    let dir = tempfile::tempdir().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let watch = Batches(dir.path().join("2026-11-26.jsonl"), sender);
    let signer = super::signer();
    let (ledger, _) = crate::Ledger::open(
        dir.path(),
        "edge.example.org",
        signer,
        Box::new(watch),
        NOON,
    )
    .unwrap();
    for n in 1..=100 {
        // Some lines have nobody who waits.
        ledger.append(NOON, [report(n)], (n % 10 != 0).then_some(n));
    }
    let mut given = Vec::new();
    let mut batches = 0;
    while given.len() < 90 {
        let (batch, lines) = receiver.recv().unwrap();
        batches += 1;
        // The first line says that the ledger begins; those without anybody stand between.
        assert!(lines as u128 > batch.iter().copied().max().unwrap());
        given.extend(batch);
    }
    let expected: Vec<u128> = (1..=100).filter(|n| n % 10 != 0).collect();
    assert_eq!(given, expected);
    assert!(batches < 90, "one by one");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_octet_can_be_changed_unnoticed(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let dir = tempfile::tempdir().unwrap();
        three_days(dir.path(), 3);
        let before = checked(dir.path());
        // The last day is not signed yet: its end is protected by nothing but the next line.
        let path = dir.path().join(["2026-11-26.jsonl", "2026-11-27.jsonl"][at.index(2)]);
        let mut octets = fs::read(&path).unwrap();
        let at = at.index(octets.len());
        prop_assume!(octets[at] != to);
        octets[at] = to;
        fs::write(&path, &octets).unwrap();
        let after = checked(dir.path());
        prop_assert!(after.problems.total > 0, "octet {} of {:?}", at, path);
        prop_assert_eq!(before.head, after.head);
    }

    #[test]
    fn any_octets_are_checked(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
        let dir = tempfile::tempdir().unwrap();
        crate::fuzz::fuzz_journal(&octets);
        fs::write(dir.path().join("2026-11-26.jsonl"), &octets).unwrap();
        checked(dir.path());
        // And can be written behind.
        let (ledger, _) = open(dir.path(), NOON);
        append(&ledger, NOON, [report(1)]);
    }
}
