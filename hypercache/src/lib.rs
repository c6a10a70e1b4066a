//! HyperCache: a Redis-compatible cache that explains itself.

pub mod cli;
pub mod command;
pub mod config;
pub mod engine;
pub mod http;
pub mod keyspace;
pub mod node;
pub mod persistence;
pub mod rdb;
pub mod resp;
pub mod script;
pub mod security;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod value;
