//! The header section of a message (RFC 5322 §2.2).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_header(data));
