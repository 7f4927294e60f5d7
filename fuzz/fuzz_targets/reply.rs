//! What a peer answers to our client (RFC 5321 §4.2).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_reply(data));
