#![no_main]

#[path = "../../tests/fuzz/commands.rs"]
mod commands;
#[path = "../../tests/fuzz/engine.rs"]
mod engine;
#[path = "../../tests/fuzz/source.rs"]
mod source;

// The fuzzer itself watches the memory (-rss_limit_mb, -malloc_limit_mb).
libfuzzer_sys::fuzz_target!(|data: &[u8]| engine::run(data, || 0));
