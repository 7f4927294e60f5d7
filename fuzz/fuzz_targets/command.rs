//! Lines of commands: verbs, paths, parameters (RFC 5321 §4.1).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_command(data));
