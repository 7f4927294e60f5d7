//! Series: rolled up, written, read again whatever became of the file, bounded.

use std::fs;

use proptest::prelude::*;

use super::{
    rollup::{Rollup, Step},
    store::{Record, SEGMENT_OCTETS_MAX, SEGMENTS_MAX, Store, decode, encode},
    *,
};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

#[test]
fn values_are_rolled_up_by_hour_and_day_and_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let at = 400 * DAY;
    let (mut series, damaged) = Series::open(dir.path()).unwrap();
    assert_eq!(damaged, 0);
    for (after, value) in [(0, 10), (HOUR / 2, 30), (HOUR, 50), (DAY, 70)] {
        series.take("disk/free_octets", value, at + after);
    }
    series.flush(at + DAY).unwrap();
    let check = |series: &Series| {
        let track = series.track("disk/free_octets").unwrap();
        let hours: Vec<_> = track.hours().map(|r| (r.min, r.mean(), r.max)).collect();
        assert_eq!(hours, [(10, 20, 30), (50, 50, 50), (70, 70, 70)]);
        let days: Vec<_> = track.days().map(|r| (r.count, r.mean())).collect();
        assert_eq!(days, [(3, 30), (1, 70)]);
    };
    check(&series);
    drop(series);
    let (again, damaged) = Series::open(dir.path()).unwrap();
    assert_eq!(damaged, 0);
    check(&again);
}

#[test]
fn parts_of_one_hour_by_several_processes_are_one_hour() {
    let dir = tempfile::tempdir().unwrap();
    for value in [1, 2, 6] {
        let (mut series, _) = Series::open(dir.path()).unwrap();
        series.take("a", value, 5 * HOUR + value as u64);
        series.flush(5 * HOUR).unwrap();
    }
    let (series, _) = Series::open(dir.path()).unwrap();
    let hours: Vec<_> = series.track("a").unwrap().hours().copied().collect();
    assert_eq!(hours.len(), 1);
    assert_eq!((hours[0].min, hours[0].mean(), hours[0].max), (1, 3, 6));
}

#[test]
fn the_files_are_bounded_and_the_oldest_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path(), |_| {}).unwrap();
    let name = "n".repeat(store::NAME_OCTETS_MAX);
    let mut written = 0;
    while written < 2 * (SEGMENTS_MAX as u64 + 8) * SEGMENT_OCTETS_MAX {
        for _ in 0..1000 {
            let rollup = Rollup::one(1, written);
            let name = name.clone();
            store.append(&Record { name, rollup });
        }
        store.flush().unwrap();
        written += 1000 * (name.len() as u64 + 54);
    }
    let files: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().collect();
    assert!(files.len() <= SEGMENTS_MAX, "{}", files.len());
    let octets: u64 = files.iter().map(|f| f.metadata().unwrap().len()).sum();
    assert!(octets <= (SEGMENTS_MAX as u64) * (SEGMENT_OCTETS_MAX + 300_000));
    let mut oldest = u64::MAX;
    Store::open(dir.path(), |record| {
        oldest = oldest.min(record.rollup.from_unix_ms);
    })
    .unwrap();
    assert!(oldest > 0 && oldest != u64::MAX);
}

#[test]
fn many_small_segments_are_put_together() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..60 {
        let (mut series, _) = Series::open(dir.path()).unwrap();
        series.take("a", n, n as u64 * HOUR);
        series.flush(0).unwrap();
    }
    let (series, damaged) = Series::open(dir.path()).unwrap();
    assert_eq!(series.track("a").unwrap().hours().count(), 60);
    assert_eq!(damaged, 0);
    assert!(fs::read_dir(dir.path()).unwrap().count() <= 26);
}

#[test]
fn names_are_bounded() {
    let mut series = Series::default();
    for n in 0..NAMES_MAX + 10 {
        series.take(&n.to_string(), 1, HOUR);
    }
    assert_eq!(series.tracks().count(), NAMES_MAX);
}

fn record() -> impl Strategy<Value = Record> {
    (
        "[a-z/]{1,20}",
        0..1000u64,
        prop::collection::vec(any::<i64>(), 1..5),
    )
        .prop_map(|(name, hour, values)| {
            let from = hour * HOUR;
            let mut rollup = Rollup::one(values[0], from);
            for value in &values[1..] {
                rollup.merge(&Rollup::one(*value, from));
            }
            Record { name, rollup }
        })
}

proptest! {
    /// Whatever is cut off or changed, what is read is a beginning of what was written.
    #[test]
    fn a_torn_or_damaged_segment_gives_what_stood_before(
        records in prop::collection::vec(record(), 0..20),
        cut in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
    ) {
        let mut octets = Vec::new();
        for record in &records {
            encode(record, &mut octets);
        }
        let read = |octets: &[u8]| {
            let mut read = Vec::new();
            let sound = decode(octets, |record| read.push(record));
            (read, sound)
        };
        prop_assert_eq!(read(&octets), (records.clone(), true));
        if !octets.is_empty() {
            let short = read(&octets[..cut.index(octets.len())]).0;
            prop_assert_eq!(&short[..], &records[..short.len()]);
            let at = flip.index(octets.len());
            octets[at] ^= 0x40;
            let (damaged, sound) = read(&octets);
            prop_assert!(!sound);
            prop_assert_eq!(&damaged[..], &records[..damaged.len()]);
        }
    }

    #[test]
    fn no_octets_upset_the_reader(octets in prop::collection::vec(any::<u8>(), 0..400)) {
        decode(&octets, |record| assert!(record.rollup.count > 0));
    }

    /// Roll-ups are the same in whatever order and parts the values came.
    #[test]
    fn rollups_do_not_depend_on_the_order(
        mut values in prop::collection::vec((any::<i32>(), 0..200 * HOUR), 1..60),
    ) {
        let roll = |values: &[(i32, u64)]| {
            let mut series = Series::default();
            for (value, at) in values {
                series.take("a", (*value).into(), *at);
            }
            series.track("a").unwrap().clone()
        };
        let first = roll(&values);
        values.reverse();
        prop_assert_eq!(&first, &roll(&values));
        let count: u64 = first.days().map(|r| r.count).sum();
        prop_assert_eq!(count, values.len() as u64);
        for rollup in first.hours() {
            prop_assert!(rollup.min <= rollup.mean() && rollup.mean() <= rollup.max);
            prop_assert_eq!(Step::Hour.start(rollup.from_unix_ms), rollup.from_unix_ms);
        }
    }
}

#[test]
fn whatever_stands_in_a_segment_is_read_without_harm() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/series");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let octets = std::fs::read(entry.unwrap().path()).unwrap();
        fuzz::fuzz_series(&octets);
        // And with each octet altered or left out.
        for at in 0..octets.len() {
            let mut altered = octets.clone();
            altered[at] ^= 0x55;
            fuzz::fuzz_series(&altered);
            fuzz::fuzz_series(&octets[..at]);
        }
        count += 1;
    }
    assert!(count > 5, "there is no corpus");
}
