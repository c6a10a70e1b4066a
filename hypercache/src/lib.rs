//! HyperCache: a Redis-compatible cache that explains itself.

pub mod cli;
pub mod config;
