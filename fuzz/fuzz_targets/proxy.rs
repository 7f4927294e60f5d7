//! The PROXY protocol header, v1 and v2.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_proxy(data));
