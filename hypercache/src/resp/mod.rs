//! The Redis serialization protocol.

pub mod frame;
