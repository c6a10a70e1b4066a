//! The `hypercache` binary.
fn main() {}
