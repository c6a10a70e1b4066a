//! HyperCache: a Redis-compatible cache that explains itself.

pub mod command;
pub mod config;
pub mod keyspace;
pub mod resp;
pub mod store;
pub mod value;
