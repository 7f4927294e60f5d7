//! A script of the management shell.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_shell_script(data));
