//! The body of a question.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| octroi_fuzz::question(bytes));
