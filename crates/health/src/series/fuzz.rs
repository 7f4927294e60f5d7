//! Entry point for fuzzing the reader of series: whatever stands in a segment, it gives sound records
//! or none, and what it gives can be kept, merged and written again.
//!
//! Part of the crate so that the fuzzer and the replay in the tests run the same code; not meant
//! for anyone else.

use super::{
    NAMES_MAX, Series,
    store::{NAME_OCTETS_MAX, Record, decode, encode},
};

/// Reads a segment.
pub fn fuzz_series(data: &[u8]) {
    let mut records: Vec<Record> = Vec::new();
    let whole = decode(data, |record| records.push(record));
    let mut written = Vec::new();
    for record in &records {
        assert!(record.name.len() <= NAME_OCTETS_MAX);
        encode(record, &mut written);
    }
    // There is one way to write a record: what was read stands at the front.
    assert!(data.starts_with(&written));
    assert!(!whole || data.len() == written.len());
    let mut series = Series::default();
    for record in &records {
        series.add(&record.name, record.rollup);
        // The same hour once more, as two segments may have it.
        series.add(&record.name, record.rollup);
    }
    assert!(series.tracks().count() <= NAMES_MAX);
    for (_, track) in series.tracks() {
        for rollup in track.hours().chain(track.days()) {
            assert!(rollup.count > 0);
            assert!((rollup.min..=rollup.max).contains(&rollup.mean()));
        }
        assert!(track.hours().is_sorted_by_key(|rollup| rollup.from_unix_ms));
        assert!(track.days().is_sorted_by_key(|rollup| rollup.from_unix_ms));
    }
}
