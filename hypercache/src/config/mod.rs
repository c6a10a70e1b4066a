//! The resolved configuration: every value present, every rule checked.
//!
//! What a file may say is in `file`, the rules across sections are in `validate`; the rest of the program sees only
//! these structs.

pub mod environment;
mod file;
mod load;
pub mod memory_limit;
mod notice;
mod persistence;
mod read;
mod render;
mod resolve;
mod store_change;
#[cfg(test)]
mod tests;
pub mod units;
mod validate;
mod words;
mod yaml;

pub use load::Loaded;
pub use load::Overrides;
pub use load::Source;
pub use memory_limit::LimitSource;
pub use memory_limit::MemoryLimit;
pub use memory_limit::ProcessLimit;
pub use notice::ConfigErrors;
pub use notice::Notice;
pub use notice::Place;
pub use persistence::Compression;
pub use persistence::DataFolder;
pub use persistence::Fsync;
pub use persistence::Persistence;
pub use persistence::PersistenceMode;
pub use persistence::RecoverTo;
pub use persistence::Recovery;
pub use store_change::StoreChange;
pub use units::SizeOrShare;
pub use validate::STORES_MAX;
pub use validate::check_store;
pub use words::Word;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A node's whole configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Who this node is and where it keeps its data.
    pub node: Node,
    /// Doors and their limits.
    pub network: Network,
    /// Rules for all stores together.
    pub cache: Cache,
    /// Rules for scripts and functions.
    pub scripts: Scripts,
    /// Rules for what is kept on disk, whatever the store.
    pub persistence: DataFolder,
    /// The stores, in order: the index is what `SELECT` takes, 0 is `default`.
    pub stores: Vec<Store>,
    /// Who may come in.
    pub security: Security,
    /// What is told, where, and at what cost.
    pub telemetry: Telemetry,
}

/// Identity and data folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Name of the node, unique in its cluster: 1 to 64 letters, digits, `-`, `_` or `.`.
    pub id: String,
    /// Folder below which the node keeps its data; one node per folder.
    pub data_dir: PathBuf,
    /// How much memory the process may take before it has to give way.
    pub memory_limit: MemoryLimit,
}

/// Listeners and the limits of what comes in through them.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Where RESP is served.
    pub resp_addr: SocketAddr,
    /// Where HTTP is served.
    pub http_addr: SocketAddr,
    /// RESP connections at the most; one more is refused with Redis's error.
    pub max_connections: usize,
    /// A client idle for longer is closed; zero: never.
    pub idle_timeout: Duration,
    /// Interval of TCP keep-alive probes; zero: none.
    pub tcp_keepalive: Duration,
    /// Length of the accept queue asked of the kernel.
    pub tcp_backlog: u32,
    /// Threads that serve connections; at least 1.
    pub io_threads: usize,
    /// Longest single argument, in bytes.
    pub max_bulk_bytes: usize,
    /// Most bytes of unanswered input one client may have pending.
    pub max_query_buffer: usize,
    /// Longest inline command, in bytes.
    pub max_inline_bytes: usize,
    /// Most arguments of one command.
    pub max_arguments: usize,
    /// Largest HTTP body, in bytes.
    pub http_max_body: usize,
    /// How long a stopping node waits for requests under way.
    pub shutdown_timeout: Duration,
    /// What all clients together may make the node hold for them.
    pub max_client_memory: SizeOrShare,
    /// Keys that are remembered at the most for clients that cache them; 0: no limit.
    pub tracking_max_keys: usize,
    /// How much may wait for a client.
    pub output_limits: OutputLimits,
}

/// How much may wait for a client, by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLimits {
    /// All but those that have subscribed.
    pub normal: OutputLimit,
    /// Those that have subscribed.
    pub pubsub: OutputLimit,
}

/// How much may wait for a client; 0: no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLimit {
    /// Bytes at which it is closed at once.
    pub hard: u64,
    /// Bytes at which it is closed once they have been reached for `soft_time` without a break.
    pub soft: u64,
    /// See `soft`; a started second counts as a whole one.
    pub soft_time: Duration,
}

/// Rules for scripts and functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripts {
    /// After how long one has run for too long, and others are told BUSY; zero: never.
    pub busy_after: Duration,
}

/// Rules for all stores together.
#[derive(Debug, Clone, PartialEq)]
pub struct Cache {
    /// Shards a store is split into: a power of two, 1 to 1024.
    pub shards: usize,
    /// Time between two sweeps for expired keys.
    pub expiry_interval: Duration,
    /// Bytes of data all stores together may hold; 0: no limit.
    pub max_memory: u64,
    /// Events about keys that are published, in the letters of `notify-keyspace-events`; none: empty.
    pub keyspace_events: String,
    /// Whether a sample of each store's keys is followed, to tell what hit ratio it would have with more memory or less.
    pub miss_ratio_curves: bool,
}

/// One named keyspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    /// Name: 1 to 64 letters, digits, `-` or `_`, not all digits.
    pub name: String,
    /// Bytes of data the store may hold; 0: no limit of its own.
    pub max_memory: u64,
    /// What gives way when the limit is reached.
    pub eviction: Eviction,
    /// Time to live of keys written without one; zero: none.
    pub default_ttl: Duration,
    /// Rate of false positives of the store's filter of its keys, 0.001 to 0.1; none: no filter.
    pub cuckoo_filter: Option<f64>,
    /// Bytes at the most in which the store remembers which keys have left it, and why; 0: it does not.
    pub miss_history: u64,
    /// Facts about keys that the store keeps, such as who has written them; 0: none.
    pub key_journal: usize,
    /// What of the store is kept on disk.
    pub persistence: Persistence,
}

impl Store {
    /// One with no limits and no rules of its own.
    pub fn named(name: String) -> Self {
        Self {
            name,
            max_memory: 0,
            eviction: Eviction::None,
            default_ttl: Duration::ZERO,
            cuckoo_filter: None,
            miss_history: 1 << 20,
            key_journal: 16_384,
            persistence: Persistence::default(),
        }
    }
}

/// What a store does when it is at its memory limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// Refuse writes with `-OOM`.
    None,
    /// What was not used for longest goes first.
    Lru,
    /// What is used least often goes first.
    Lfu,
    /// Any key goes.
    Random,
    /// Of the keys with a time to live, what was not used for longest.
    VolatileLru,
    /// Of the keys with a time to live, what is used least often.
    VolatileLfu,
    /// Any key with a time to live.
    VolatileRandom,
    /// Of the keys with a time to live, what expires soonest.
    VolatileTtl,
    /// Sessions go whole: expired ones first, then the one not used for longest.
    Session,
}

impl Eviction {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Lru,
        Self::Lfu,
        Self::Random,
        Self::VolatileLru,
        Self::VolatileLfu,
        Self::VolatileRandom,
        Self::VolatileTtl,
        Self::Session,
    ];

    /// What Redis calls it in `maxmemory-policy`; our own word where it has none.
    pub fn redis_name(self) -> &'static str {
        match self {
            Self::None => "noeviction",
            Self::Lru => "allkeys-lru",
            Self::Lfu => "allkeys-lfu",
            Self::Random => "allkeys-random",
            other => other.word(),
        }
    }
}

/// Who may come in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Security {
    /// Password of the default user; none: no authentication.
    pub requirepass: Option<Secret>,
    /// File of users, which `ACL LOAD` reads and `ACL SAVE` writes; none: users last as long as the node runs.
    pub users_file: Option<PathBuf>,
    /// Who may use `DEBUG`.
    pub enable_debug_command: DebugCommand,
}

/// Who may use `DEBUG`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DebugCommand {
    /// Nobody.
    #[default]
    No,
    /// Clients on this machine.
    Local,
    /// All clients.
    Yes,
}

impl DebugCommand {
    /// The word for it.
    pub fn word(self) -> &'static str {
        words::Word::word(self)
    }
}

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is told, where, and at what cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Telemetry {
    /// `service.name` of logs and spans.
    pub service_name: String,
    /// The JSON log.
    pub log: Log,
    /// Spans over OTLP.
    pub tracing: Tracing,
    /// A command that takes longer is slow: always logged and traced.
    pub slow_command: Duration,
    /// What `SLOWLOG` and `COMMANDLOG` keep.
    pub command_logs: CommandLogs,
}

/// What `SLOWLOG` and `COMMANDLOG` keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLogs {
    /// Slow commands that are kept at the most.
    pub slow_entries: usize,
    /// A request of so many bytes is large.
    pub large_request: u64,
    /// Large requests that are kept at the most.
    pub large_request_entries: usize,
    /// A reply of so many bytes is large.
    pub large_reply: u64,
    /// Commands with large replies that are kept at the most.
    pub large_reply_entries: usize,
}

/// The JSON log.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// Filter in `tracing`'s syntax: a level, or `target=level` terms.
    pub level: String,
    /// Folder of the log files.
    pub dir: PathBuf,
    /// Write the node and audit streams to standard output.
    pub stdout: bool,
    /// Write all streams to files below `dir`.
    pub files: bool,
    /// A file is rotated when it has grown to this many bytes.
    pub max_file_size: u64,
    /// Files kept per stream, the one being written among them; at least 1.
    pub max_files: usize,
    /// Which commands get a line.
    pub command_log: CommandLog,
    /// Lines a second that the adaptive command log aims at.
    pub command_budget: u32,
    /// How keys show in lines and spans.
    pub keys: KeyRedaction,
}

/// Which commands get a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandLog {
    /// Errors, slow ones and administration always, the rest sampled to the budget, the weight on each line.
    Adaptive,
    /// Every command.
    All,
    /// None.
    Off,
}

/// How a key shows in telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRedaction {
    /// As it is.
    Plain,
    /// As a 64-bit keyed hash.
    Hashed,
    /// Up to the first `:`.
    Prefix,
    /// Not at all.
    Off,
}

/// Spans over OTLP/gRPC.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracing {
    /// Receiver, such as `http://localhost:4317`; none: spans are off.
    pub endpoint: Option<String>,
    /// Which commands get a span.
    pub mode: TracingMode,
    /// Spans a second that the adaptive mode aims at.
    pub span_budget: u32,
    /// Chance that an ordinary command has of a span at the most, whatever the budget: 0 to 1.
    pub max_ratio: f64,
    /// How long one export may take.
    pub timeout: Duration,
    /// Spans that wait for export at the most; more are dropped and counted.
    pub queue: usize,
    /// Spans in one export at the most.
    pub batch: usize,
    /// An incomplete batch is exported after this long.
    pub flush_interval: Duration,
}

/// Which commands get a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TracingMode {
    /// Failed, slow, first of their kind and parent-sampled ones always, the rest sampled to the budget.
    Adaptive,
    /// Every command.
    All,
    /// Only those whose caller sampled.
    Parent,
    /// None.
    Off,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node: Node {
                id: "node-1".to_owned(),
                data_dir: PathBuf::from("./data/node-1"),
                memory_limit: MemoryLimit::Auto,
            },
            network: Network {
                resp_addr: SocketAddr::from(([127, 0, 0, 1], 8080)),
                http_addr: SocketAddr::from(([127, 0, 0, 1], 9080)),
                max_connections: 10_000,
                idle_timeout: Duration::ZERO,
                tcp_keepalive: Duration::from_secs(300),
                tcp_backlog: 511,
                io_threads: std::thread::available_parallelism().map_or(1, usize::from),
                max_bulk_bytes: 512 << 20,
                max_query_buffer: 1 << 30,
                max_inline_bytes: 64 << 10,
                max_arguments: 1 << 20,
                http_max_body: 64 << 20,
                shutdown_timeout: Duration::from_secs(10),
                max_client_memory: SizeOrShare::Size(0),
                tracking_max_keys: 1_000_000,
                output_limits: OutputLimits {
                    normal: OutputLimit { hard: 0, soft: 0, soft_time: Duration::ZERO },
                    pubsub: OutputLimit { hard: 32 << 20, soft: 8 << 20, soft_time: Duration::from_secs(60) },
                },
            },
            cache: Cache {
                shards: 64,
                expiry_interval: Duration::from_millis(100),
                max_memory: 0,
                keyspace_events: String::new(),
                miss_ratio_curves: true,
            },
            scripts: Scripts { busy_after: Duration::from_secs(5) },
            persistence: DataFolder::default(),
            stores: vec![Store::named("default".to_owned())],
            security: Security::default(),
            telemetry: Telemetry::default(),
        }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            service_name: "hypercache".to_owned(),
            log: Log {
                level: "info".to_owned(),
                dir: PathBuf::from("./logs/node-1"),
                stdout: true,
                files: true,
                max_file_size: 64 << 20,
                max_files: 4,
                command_log: CommandLog::Adaptive,
                command_budget: 300,
                keys: KeyRedaction::Hashed,
            },
            tracing: Tracing {
                endpoint: None,
                mode: TracingMode::Adaptive,
                span_budget: 500,
                max_ratio: 1.0,
                timeout: Duration::from_secs(10),
                queue: 8192,
                batch: 512,
                flush_interval: Duration::from_secs(1),
            },
            slow_command: Duration::from_millis(10),
            command_logs: CommandLogs {
                slow_entries: 128,
                large_request: 1 << 20,
                large_request_entries: 128,
                large_reply: 1 << 20,
                large_reply_entries: 128,
            },
        }
    }
}
