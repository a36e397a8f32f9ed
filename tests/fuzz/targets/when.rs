//! A condition.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| octroi_fuzz::when(bytes));
