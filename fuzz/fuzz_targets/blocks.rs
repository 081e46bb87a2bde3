#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mcppolicy_fuzz::blocks(bytes));
