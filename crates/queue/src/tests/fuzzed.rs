//! The fuzz target of recovery, replayed with seeded mutations.

use proptest::prelude::*;

use crate::fuzz::fuzz_recovery;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn damaged_segments_are_survived(data in prop::collection::vec(any::<u8>(), 0..40)) {
        fuzz_recovery(&data);
    }

    #[test]
    fn records_that_say_anything_are_survived(mut data in prop::collection::vec(any::<u8>(), 2..400)) {
        data[0] = 1;
        fuzz_recovery(&data);
    }

    #[test]
    fn records_that_nearly_say_something_are_survived(
        kinds in prop::collection::vec((1..9u8, prop::collection::vec(0..3u8, 16..80)), 1..12),
    ) {
        let mut data = vec![1];
        for (kind, meta) in &kinds {
            data.extend([*kind, meta.len() as u8]);
            data.extend_from_slice(meta);
        }
        fuzz_recovery(&data);
    }
}

#[test]
fn short_inputs_are_survived() {
    for first in 0..=255 {
        fuzz_recovery(&[first]);
        fuzz_recovery(&[first, 0, 0, 40, 3, 9]);
    }
    fuzz_recovery(&[]);
}
