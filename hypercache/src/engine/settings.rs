//! Limits of the doors that `CONFIG SET` may change while the node runs.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::config;
use crate::resp::request::Limits;

/// The limits.
#[derive(Debug)]
pub struct Settings {
    max_connections: AtomicUsize,
    connections_ceiling: AtomicUsize,
    idle_timeout_ms: AtomicU64,
    max_bulk_bytes: AtomicUsize,
    max_query_buffer: AtomicUsize,
    tcp_keepalive_ms: AtomicU64,
    max_inline_bytes: usize,
    max_arguments: usize,
    active_expire: AtomicBool,
    housekeeping: AtomicBool,
}

impl Settings {
    /// As configured.
    pub fn new(network: &config::Network) -> Self {
        let millis =
            |duration: Duration| AtomicU64::new(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        Self {
            max_connections: network.max_connections.into(),
            connections_ceiling: usize::MAX.into(),
            idle_timeout_ms: millis(network.idle_timeout),
            max_bulk_bytes: network.max_bulk_bytes.into(),
            max_query_buffer: network.max_query_buffer.into(),
            tcp_keepalive_ms: millis(network.tcp_keepalive),
            max_inline_bytes: network.max_inline_bytes,
            max_arguments: network.max_arguments,
            active_expire: true.into(),
            housekeeping: true.into(),
        }
    }

    /// Whether expired keys are removed in the background.
    pub fn active_expire(&self) -> bool {
        self.active_expire.load(Relaxed)
    }

    /// Has expired keys removed in the background, or not.
    pub fn set_active_expire(&self, on: bool) {
        self.active_expire.store(on, Relaxed);
    }

    /// Whether the node does what it does once a second.
    pub fn housekeeping(&self) -> bool {
        self.housekeeping.load(Relaxed)
    }

    /// Lets the node do what it does once a second, or not.
    pub fn set_housekeeping(&self, on: bool) {
        self.housekeeping.store(on, Relaxed);
    }

    /// Connections at the most.
    pub fn max_connections(&self) -> usize {
        self.max_connections.load(Relaxed)
    }

    /// Changes how many connections there may be; those there are stay.
    pub fn set_max_connections(&self, limit: usize) {
        self.max_connections.store(limit, Relaxed);
    }

    /// Connections that the system can handle, as far as that is known.
    pub fn connections_ceiling(&self) -> usize {
        self.connections_ceiling.load(Relaxed)
    }

    /// Lets there be no more connections than the system can handle, now or after any change.
    pub fn limit_connections(&self, ceiling: usize) {
        self.connections_ceiling.store(ceiling, Relaxed);
        self.max_connections.fetch_min(ceiling, Relaxed);
    }

    /// After how long an idle client is closed; none: never.
    pub fn idle_timeout(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.idle_timeout_ms.load(Relaxed))).filter(|timeout| !timeout.is_zero())
    }

    /// Changes after how long an idle client is closed; zero: never.
    pub fn set_idle_timeout(&self, timeout: Duration) {
        self.idle_timeout_ms.store(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Interval of keep-alive probes on new connections; none: no probes.
    pub fn tcp_keepalive(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.tcp_keepalive_ms.load(Relaxed)))
            .filter(|interval| !interval.is_zero())
    }

    /// Changes the interval for connections to come; zero: no probes.
    pub fn set_tcp_keepalive(&self, interval: Duration) {
        self.tcp_keepalive_ms.store(u64::try_from(interval.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Longest argument, in bytes.
    pub fn max_bulk_bytes(&self) -> usize {
        self.max_bulk_bytes.load(Relaxed)
    }

    /// Changes the longest argument.
    pub fn set_max_bulk_bytes(&self, bytes: usize) {
        self.max_bulk_bytes.store(bytes, Relaxed);
    }

    /// Most bytes that a client may have pending.
    pub fn max_query_buffer(&self) -> usize {
        self.max_query_buffer.load(Relaxed)
    }

    /// Changes how many bytes a client may have pending.
    pub fn set_max_query_buffer(&self, bytes: usize) {
        self.max_query_buffer.store(bytes, Relaxed);
    }

    /// What one request may measure.
    pub fn request_limits(&self, authenticated: bool) -> Limits {
        Limits {
            bulk_bytes: self.max_bulk_bytes(),
            arguments: self.max_arguments,
            inline_bytes: self.max_inline_bytes,
            authenticated,
        }
    }
}
