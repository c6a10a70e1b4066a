#![no_main]

#[path = "../../tests/fuzz/payloads.rs"]
mod payloads;

// The fuzzer itself watches the memory (-rss_limit_mb, -malloc_limit_mb).
libfuzzer_sys::fuzz_target!(|data: &[u8]| payloads::run(data, || 0));
