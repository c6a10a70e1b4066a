//! What a configuration file may say: every key may be left out, any other key is refused.
//!
//! Flags and environment variables are read as little documents of the same shape. What this build does not provide
//! is spelled here too, so that a mistake in it is told as such; `resolve` refuses it.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::CommandLog;
use super::DebugCommand;
use super::Eviction;
use super::KeyRedaction;
use super::MemoryLimit;
use super::Secret;
use super::TracingMode;
use super::read::Read;
use super::read::Reader;
use super::read::join;
use super::read::read_word;
use super::read::section;
use super::units::HumanDuration;
use super::units::Size;
use super::units::SizeOrShare;
use super::words::Word;
use super::yaml::Node;
use super::yaml::Value;

section! {
    /// A whole document.
    File {
        node: NodeSection,
        network: NetworkSection,
        cache: CacheSection,
        scripts: ScriptsSection,
        persistence: PersistenceSection,
        stores: Vec<StoreSection>,
        cluster: ClusterSection,
        security: SecuritySection,
        telemetry: TelemetrySection,
    }
}

section! {
    /// `node`.
    NodeSection {
        id: String,
        data_dir: PathBuf,
        memory_limit: MemoryLimit,
    }
}

section! {
    /// `network`.
    NetworkSection {
        resp_addr: SocketAddr,
        http_addr: SocketAddr,
        max_connections: usize,
        idle_timeout: HumanDuration,
        tcp_keepalive: HumanDuration,
        tcp_backlog: u32,
        io_threads: usize,
        max_bulk_bytes: Size,
        max_query_buffer: Size,
        max_inline_bytes: Size,
        max_arguments: usize,
        http_max_body: Size,
        shutdown_timeout: HumanDuration,
        max_client_memory: SizeOrShare,
        tracking_max_keys: usize,
        output_limits: OutputLimitsSection,
    }
}

section! {
    /// `network.output_limits`.
    OutputLimitsSection {
        normal: OutputLimitSection,
        pubsub: OutputLimitSection,
    }
}

section! {
    /// One class of `network.output_limits`.
    OutputLimitSection {
        hard: Size,
        soft: Size,
        soft_time: HumanDuration,
    }
}

section! {
    /// `cache`.
    CacheSection {
        shards: usize,
        expiry_interval: HumanDuration,
        max_memory: Size,
        keyspace_events: String,
        miss_ratio_curves: bool,
    }
}

section! {
    /// `scripts`.
    ScriptsSection {
        busy_after: HumanDuration,
    }
}

section! {
    /// `persistence`.
    PersistenceSection {
        enabled: bool,
    }
}

section! {
    /// `cluster`.
    ClusterSection {
        enabled: bool,
    }
}

section! {
    /// One item of `stores`.
    StoreSection {
        name: String,
        max_memory: Size,
        eviction: Eviction,
        default_ttl: HumanDuration,
        cuckoo_filter: CuckooFilter,
        miss_history: Size,
        key_journal: usize,
        persistence: StorePersistence,
        replication_factor: u32,
    }
}

section! {
    /// `security`.
    SecuritySection {
        requirepass: Secret,
        requirepass_file: PathBuf,
        users_file: PathBuf,
        enable_debug_command: DebugCommand,
    }
}

section! {
    /// `telemetry`.
    TelemetrySection {
        service_name: String,
        log: LogSection,
        tracing: TracingSection,
        slow_command: HumanDuration,
        command_logs: CommandLogsSection,
    }
}

section! {
    /// `telemetry.command_logs`.
    CommandLogsSection {
        slow_entries: usize,
        large_request: Size,
        large_request_entries: usize,
        large_reply: Size,
        large_reply_entries: usize,
    }
}

section! {
    /// `telemetry.log`.
    LogSection {
        level: String,
        dir: PathBuf,
        stdout: bool,
        files: bool,
        max_file_size: Size,
        max_files: usize,
        command_log: CommandLog,
        command_budget: u32,
        keys: KeyRedaction,
    }
}

section! {
    /// `telemetry.tracing`.
    TracingSection {
        endpoint: String,
        mode: TracingMode,
        span_budget: u32,
        max_ratio: f64,
        timeout: HumanDuration,
        queue: usize,
        batch: usize,
        flush_interval: HumanDuration,
    }
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`.")] $variant,)*
        }

        impl Word for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];
        }

        impl Read for $name {
            fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
                read_word(node, path, reader)
            }
        }
    };
}

word! {
    /// What of a store is kept on disk.
    PersistenceMode {
        Disabled = "disabled",
        AofAndSnapshot = "aof+snapshot",
        AofOnly = "aof_only",
        SnapshotOnly = "snapshot_only",
    }
}

word! {
    /// When the log is forced to disk.
    Fsync { Always = "always", Periodic = "periodic", Never = "never", }
}

word! {
    /// How snapshots are compressed.
    Compression { None = "none", Lz4 = "lz4", Zstd = "zstd", }
}

section! {
    /// A store's `persistence`, written as a map.
    PersistenceMap {
        mode: PersistenceMode,
        fsync: Fsync,
        fsync_interval: HumanDuration,
        batch_size: usize,
        snapshot_interval: HumanDuration,
        compression: Compression,
    }
}

/// A store's `persistence`: a word, or a map with the word as its `mode`.
#[derive(Debug)]
pub struct StorePersistence(pub PersistenceMode);

impl Read for StorePersistence {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        if !matches!(node.value, Value::Section(_)) {
            return read_word(node, path, reader).map(Self);
        }
        let faults = reader.faults.len();
        let map = PersistenceMap::read(node, path, reader)?;
        if map.mode.is_none() && reader.faults.len() == faults {
            reader.refuse(node, &join(path, "mode"), "is missing: say what is kept, or disabled");
        }
        map.mode.map(Self)
    }
}

/// Rate of false positives where a filter is asked for without one.
const FALSE_POSITIVE_RATE: f64 = 0.01;

section! {
    /// A store's `cuckoo_filter`, written as a map.
    CuckooMap {
        enabled: bool,
        false_positive_rate: f64,
    }
}

/// A store's `cuckoo_filter`, on or off: `true`, `false`, or a map with `enabled` and `false_positive_rate`. Its rate of
/// false positives; none: off.
#[derive(Debug)]
pub struct CuckooFilter(pub Option<f64>);

impl CuckooFilter {
    fn usual(on: bool) -> Self {
        Self(on.then_some(FALSE_POSITIVE_RATE))
    }
}

impl Read for CuckooFilter {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Bool(on) => Some(Self::usual(*on)),
            Value::Text(word) if word == "on" || word == "off" => Some(Self::usual(word == "on")),
            Value::Section(_) => {
                let map = CuckooMap::read(node, path, reader)?;
                if map.false_positive_rate.is_some_and(|rate| !(0.001..=0.1).contains(&rate)) {
                    reader.refuse(node, &join(path, "false_positive_rate"), "must be 0.001 to 0.1");
                }
                let rate = map.false_positive_rate.unwrap_or(FALSE_POSITIVE_RATE);
                Some(Self(map.enabled.unwrap_or(true).then_some(rate)))
            }
            _ => {
                reader.refuse(
                    node,
                    path,
                    "expected true, false, or a section with enabled and false_positive_rate",
                );
                None
            }
        }
    }
}
