//! The HTTP door: data as JSON or bytes, health, statistics, metrics.
//!
//! Every data request becomes commands of the table and takes their way down the executors, so that what is measured,
//! checked and logged for RESP is so for HTTP too; its span is their parent.

pub mod addition;
pub mod batch;
pub mod body;
pub mod command;
pub mod counters;
pub mod credentials;
pub mod door;
pub mod filter;
pub mod filter_keys;
pub mod hashes;
pub mod health;
pub mod hot_keys;
pub mod item;
pub mod keys;
pub mod lists;
pub mod metrics;
pub mod mrc;
pub mod openapi;
pub mod page;
pub mod place;
pub mod problem;
pub mod routes;
pub mod run;
pub mod sets;
pub mod stats;
mod stores;
pub mod strings;
pub mod trace;
pub mod ttl;
pub mod value;
pub mod why;
pub mod wire;
pub mod zsets;

#[cfg(test)]
mod tests;

pub use door::Door;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use tokio::sync::watch;

use crate::engine::Accounting;
use crate::engine::Durability;
use crate::engine::Executor;
use crate::engine::client::Clients;
use crate::engine::pause::Pause;
use crate::engine::settings::Settings;
use crate::security::Authenticator;
use crate::store::Registry;
use crate::telemetry::Telemetry;

/// What all requests share.
pub struct HttpState {
    /// Name of the node.
    pub node: String,
    /// Runs the commands.
    pub executor: Arc<dyn Executor>,
    /// The stores.
    pub registry: Arc<Registry>,
    /// RESP clients; also numbers those that come in here.
    pub clients: Arc<Clients>,
    /// Knows whether clients have to authenticate.
    pub authenticator: Arc<Authenticator>,
    /// Limits that may change while the node runs.
    pub settings: Arc<Settings>,
    /// Holds commands back while `CLIENT PAUSE` is in force.
    pub pause: Arc<Pause>,
    /// What changes wait for until they are acknowledged.
    pub durability: Arc<Durability>,
    /// Where memory goes.
    pub accounting: Arc<Accounting>,
    /// Measures and tells.
    pub telemetry: Telemetry,
    /// Largest body, in bytes.
    pub max_body: usize,
    /// When the node started.
    pub started: Instant,
    /// Becomes true when the node stops: it is no longer ready then.
    pub stopping: watch::Receiver<bool>,
    /// Connections that are open at this door.
    pub open: AtomicUsize,
}
