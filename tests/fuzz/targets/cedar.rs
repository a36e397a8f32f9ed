//! A file of raw Cedar.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| octroi_fuzz::cedar(bytes));
