//! GptTmpl.inf: restricted groups as Windows writes them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mailward_testkit::fuzz::fuzz_gpt_tmpl(data));
