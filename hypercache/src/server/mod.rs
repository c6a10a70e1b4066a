//! The RESP door: accepts connections, reads commands, runs them in place and writes the replies.
//!
//! Each I/O thread has a runtime of its own; a connection stays on the thread it was given to, and its commands run there,
//! on the thread that read them.

#[cfg(test)]
mod admission_tests;
pub mod connection;
pub mod dispatch;
pub mod listener;
pub mod node_commands;
pub mod pubsub;
pub mod scripting;
pub mod session_commands;
pub mod tracking_commands;
pub mod transaction_commands;
pub mod worker;

pub use dispatch::Dispatch;
pub use listener::Listener;

use std::sync::Arc;

use tokio::sync::watch;

use crate::engine::Durability;
use crate::engine::Executor;
use crate::engine::client::Clients;
use crate::engine::pause::Pause;
use crate::engine::settings::Settings;
use crate::security::Authenticator;
use crate::telemetry::Telemetry;

/// What all connections share.
pub struct Shared {
    /// Runs the commands.
    pub executor: Arc<dyn Executor>,
    /// Who is connected.
    pub clients: Arc<Clients>,
    /// Knows whether clients have to authenticate.
    pub authenticator: Arc<Authenticator>,
    /// Limits that may change while the node runs.
    pub settings: Arc<Settings>,
    /// Holds commands back while `CLIENT PAUSE` is in force.
    pub pause: Arc<Pause>,
    /// What changes wait for until they are acknowledged.
    pub durability: Arc<Durability>,
    /// Measures and tells.
    pub telemetry: Telemetry,
    /// Becomes true when connections are to finish.
    pub stopping: watch::Receiver<bool>,
}
