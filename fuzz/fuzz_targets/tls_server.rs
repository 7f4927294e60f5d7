//! What a server under test sends: flights, replies to heartbeats, certificates, staples, policies.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_tls_server(data));
