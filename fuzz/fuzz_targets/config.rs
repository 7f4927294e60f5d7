//! The configuration file.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(problem) = mailward::check_config("mailward.toml", text) {
        assert!(problem.starts_with("mailward.toml:"), "{problem}");
    }
});
