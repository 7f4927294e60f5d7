//! BDAT announcements and chunks (RFC 3030).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_bdat(data));
