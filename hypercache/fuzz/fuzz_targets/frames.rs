#![no_main]

#[path = "../../tests/fuzz/frames.rs"]
mod frames;

libfuzzer_sys::fuzz_target!(|data: &[u8]| frames::run(data));
