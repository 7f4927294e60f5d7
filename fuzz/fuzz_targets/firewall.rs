//! The header firewall, and the conversion between the halves of an organisation.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_firewall(data));
