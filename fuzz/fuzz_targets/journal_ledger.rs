//! The ledger of journal reports, and delivered reports that are compared with it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_journal(data));
