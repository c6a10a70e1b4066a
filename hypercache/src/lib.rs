//! HyperCache: a Redis-compatible cache that explains itself.

pub mod config;
pub mod resp;
