//! Manifests of revocation filters, and filters asked about any certificate.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_revocation_filter(data));
