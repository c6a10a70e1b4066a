//! The real binary as its users meet it: processes, sockets, signals, files.

#![expect(clippy::unwrap_used, reason = "an expectation that fails here ends the test that relied on it")]

#[expect(dead_code, reason = "the tests of telemetry alone use the rest")]
#[path = "../telemetry_support/mod.rs"]
mod telemetry_support;

mod acl;
mod against_redis;
mod blocking;
mod client;
mod commands;
mod eviction;
mod filters;
mod insight;
mod lifecycle;
mod limits;
mod memory;
mod observe;
mod process;
mod protocol;
mod pubsub;
mod scripts;
mod sessions;
mod stores;
mod strangers;
mod telemetry;
mod tracking;
mod transactions;
mod why;
