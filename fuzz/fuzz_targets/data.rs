//! The DATA codec: dots, line ends, limits (RFC 5321 §4.5.2).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_data(data));
