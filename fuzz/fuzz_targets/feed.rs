//! What sources of sender feeds answer: endpoints, versions, changes, lists, SPF records.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_feed(data));
