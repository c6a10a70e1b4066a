//! HyperCache: a Redis-compatible cache that explains itself.

pub mod config;
pub mod keyspace;
pub mod resp;
pub mod value;
