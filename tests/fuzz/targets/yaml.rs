//! A policy file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| octroi_fuzz::yaml(bytes));
