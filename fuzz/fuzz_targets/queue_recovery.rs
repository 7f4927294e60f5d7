//! Segments of the queue, damaged or made up (docs/format/queue.md).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_queue_recovery(data));
