//! What the node calls itself.

/// Our own version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The Redis whose behaviour clients may count on.
pub const COMPATIBLE_REDIS_VERSION: &str = "7.2.4";
