//! Segments of the series of measurements, damaged or made up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_health::series::fuzz::fuzz_series(data));
