#![no_main]

#[path = "../../tests/fuzz/requests.rs"]
mod requests;
#[path = "../../tests/fuzz/source.rs"]
mod source;

libfuzzer_sys::fuzz_target!(|data: &[u8]| requests::run(data));
