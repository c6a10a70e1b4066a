//! Parameters of Redis that change nothing here: what each is about is not built, or always done in one way. They tell
//! that way, and take no other, so that nobody is promised what is not done.

use crate::server::node_commands::config::values::Apply;
use crate::server::node_commands::config::values::integer;
use crate::server::node_commands::config::values::memory;
use crate::server::node_commands::config::values::only;
use crate::server::node_commands::config::values::yes_or_no;

/// A parameter that has one value.
pub struct Absent {
    /// Its name, in lower case.
    pub name: &'static str,
    /// The value it has.
    pub value: &'static str,
    /// Whether only a pattern that is its name finds it, as with Redis's aids for tests.
    pub hidden: bool,
    takes: Takes,
    reason: &'static str,
}

/// What Redis takes for a parameter.
#[derive(Clone, Copy)]
enum Takes {
    /// Nothing while the server runs.
    Nothing,
    YesOrNo,
    Integer {
        min: i64,
        max: i64,
    },
    Memory,
    Text,
}

impl Absent {
    /// Whether it takes a value at all while the node runs.
    pub fn is_settable(&self) -> bool {
        !matches!(self.takes, Takes::Nothing)
    }

    /// Checks a value; there is nothing to change where it is the one there is.
    pub fn check<'a>(&self, text: &str) -> Result<Apply<'a>, String> {
        let told = match self.takes {
            Takes::Nothing | Takes::Text => text.to_owned(),
            Takes::YesOrNo => yes_or_no(text)?.to_owned(),
            Takes::Integer { min, max } => integer(text, min, max)?.to_string(),
            Takes::Memory => memory(text, 0, i64::MAX)?.to_string(),
        };
        only(&told, self.value, self.reason)
    }
}

const fn absent(name: &'static str, takes: Takes, value: &'static str, reason: &'static str) -> Absent {
    Absent { name, value, hidden: false, takes, reason }
}

const fn hidden(name: &'static str, reason: &'static str) -> Absent {
    Absent { name, value: "0", hidden: true, takes: SIGNED, reason }
}

const COUNT: Takes = Takes::Integer { min: 0, max: i32::MAX as i64 };
const SIGNED: Takes = Takes::Integer { min: i32::MIN as i64, max: i32::MAX as i64 };
const EFFORT: Takes = Takes::Integer { min: 1, max: 10 };
const SAMPLES: Takes = Takes::Integer { min: 1, max: i32::MAX as i64 };
const PERCENT: Takes = Takes::Integer { min: 1, max: 99 };
const PORT: Takes = Takes::Integer { min: 0, max: 65535 };

const NO_AOF: &str = "there is no append-only file";
const NO_CLUSTER: &str = "cluster support is disabled";
const NO_DEFRAG: &str = "the allocator needs none";
const NO_REPLICAS: &str = "there are no replicas";
const NO_SNAPSHOTS: &str = "there are no snapshots";
const NO_TLS: &str = "there is no TLS";
const BIG_VALUES: &str = "big values are always freed in the background";
const AT_START: &str = "it is fixed at the start";

/// All of them.
pub const ABSENT: &[Absent] = &[
    absent("active-defrag-cycle-max", PERCENT, "25", NO_DEFRAG),
    absent("active-defrag-cycle-min", PERCENT, "1", NO_DEFRAG),
    absent("active-defrag-ignore-bytes", Takes::Memory, "104857600", NO_DEFRAG),
    absent("active-defrag-max-scan-fields", SAMPLES, "1000", NO_DEFRAG),
    absent("active-defrag-threshold-lower", COUNT, "10", NO_DEFRAG),
    absent("active-defrag-threshold-upper", COUNT, "100", NO_DEFRAG),
    absent("active-expire-effort", EFFORT, "1", "the sweep's share of time is fixed"),
    absent("activedefrag", Takes::YesOrNo, "no", NO_DEFRAG),
    absent("activerehashing", Takes::YesOrNo, "no", "tables grow in steps, without a rehash"),
    absent("aof-load-truncated", Takes::YesOrNo, "no", NO_AOF),
    absent("aof-use-rdb-preamble", Takes::YesOrNo, "no", NO_AOF),
    absent("auto-aof-rewrite-min-size", Takes::Memory, "0", NO_AOF),
    absent("auto-aof-rewrite-percentage", COUNT, "0", NO_AOF),
    absent("bind-source-addr", Takes::Text, "", "the node connects to nobody"),
    absent("cluster-allow-reads-when-down", Takes::YesOrNo, "no", NO_CLUSTER),
    absent("cluster-announce-bus-port", PORT, "0", NO_CLUSTER),
    absent("cluster-announce-hostname", Takes::Text, "", NO_CLUSTER),
    absent("cluster-announce-human-nodename", Takes::Text, "", NO_CLUSTER),
    absent("cluster-announce-ip", Takes::Text, "", NO_CLUSTER),
    absent("cluster-announce-port", PORT, "0", NO_CLUSTER),
    absent("cluster-announce-tls-port", PORT, "0", NO_CLUSTER),
    absent("cluster-link-sendbuf-limit", Takes::Memory, "0", NO_CLUSTER),
    absent("cluster-node-timeout", COUNT, "15000", NO_CLUSTER),
    absent("cluster-preferred-endpoint-type", Takes::Text, "ip", NO_CLUSTER),
    absent("crash-log-enabled", Takes::YesOrNo, "no", "a panic is a line of the log"),
    absent("daemonize", Takes::Nothing, "no", AT_START),
    absent("dbfilename", Takes::Text, "", NO_SNAPSHOTS),
    absent("dynamic-hz", Takes::YesOrNo, "no", "the number of clients changes no interval"),
    absent("enable-module-command", Takes::Nothing, "no", AT_START),
    absent("enable-protected-configs", Takes::Nothing, "no", AT_START),
    absent("io-threads-do-reads", Takes::Nothing, "yes", AT_START),
    hidden("key-load-delay", NO_SNAPSHOTS),
    absent("lazyfree-lazy-eviction", Takes::YesOrNo, "yes", BIG_VALUES),
    absent("lazyfree-lazy-expire", Takes::YesOrNo, "yes", BIG_VALUES),
    absent("lazyfree-lazy-server-del", Takes::YesOrNo, "yes", BIG_VALUES),
    absent("lazyfree-lazy-user-del", Takes::YesOrNo, "yes", BIG_VALUES),
    absent("lazyfree-lazy-user-flush", Takes::YesOrNo, "yes", BIG_VALUES),
    absent("list-compress-depth", COUNT, "0", "lists are not compressed"),
    absent("logfile", Takes::Nothing, "", AT_START),
    absent("masterauth", Takes::Text, "", NO_REPLICAS),
    absent("masteruser", Takes::Text, "", NO_REPLICAS),
    absent("min-replicas-max-lag", COUNT, "0", NO_REPLICAS),
    absent("min-replicas-to-write", COUNT, "0", NO_REPLICAS),
    absent("min-slaves-max-lag", COUNT, "0", NO_REPLICAS),
    absent("min-slaves-to-write", COUNT, "0", NO_REPLICAS),
    absent("no-appendfsync-on-rewrite", Takes::YesOrNo, "no", NO_AOF),
    absent("oom-score-adj", Takes::Text, "no", "the system chooses whom it ends"),
    absent("oom-score-adj-values", Takes::Text, "0 200 800", "the system chooses whom it ends"),
    absent("pidfile", Takes::Nothing, "", AT_START),
    absent(
        "protected-mode",
        Takes::YesOrNo,
        "no",
        "what may connect is told by the address and the password",
    ),
    hidden("rdb-key-save-delay", NO_SNAPSHOTS),
    absent("rdbchecksum", Takes::Nothing, "no", AT_START),
    absent("rdbcompression", Takes::YesOrNo, "no", NO_SNAPSHOTS),
    absent("repl-backlog-size", Takes::Memory, "0", NO_REPLICAS),
    absent("repl-backlog-ttl", COUNT, "3600", NO_REPLICAS),
    absent("repl-disable-tcp-nodelay", Takes::YesOrNo, "no", NO_REPLICAS),
    absent("repl-diskless-load", Takes::Text, "disabled", NO_REPLICAS),
    absent("repl-diskless-sync", Takes::YesOrNo, "no", NO_REPLICAS),
    absent("repl-diskless-sync-delay", COUNT, "5", NO_REPLICAS),
    absent("repl-diskless-sync-max-replicas", COUNT, "0", NO_REPLICAS),
    absent("repl-ping-replica-period", SAMPLES, "10", NO_REPLICAS),
    absent("repl-ping-slave-period", SAMPLES, "10", NO_REPLICAS),
    absent("repl-timeout", SAMPLES, "60", NO_REPLICAS),
    absent("replica-announced", Takes::YesOrNo, "no", NO_REPLICAS),
    absent("replica-priority", COUNT, "100", NO_REPLICAS),
    absent("replica-serve-stale-data", Takes::YesOrNo, "yes", NO_REPLICAS),
    absent("replicaof", Takes::Nothing, "", AT_START),
    absent("set-proc-title", Takes::Nothing, "no", AT_START),
    absent("shutdown-on-sigint", Takes::Text, "default", "a stop is always the same"),
    absent("shutdown-on-sigterm", Takes::Text, "default", "a stop is always the same"),
    absent("slave-priority", COUNT, "100", NO_REPLICAS),
    absent("slave-serve-stale-data", Takes::YesOrNo, "yes", NO_REPLICAS),
    absent("slaveof", Takes::Nothing, "", AT_START),
    absent("supervised", Takes::Nothing, "no", AT_START),
    absent("syslog-enabled", Takes::Nothing, "no", AT_START),
    absent("tls-cluster", Takes::YesOrNo, "no", NO_TLS),
    absent("tls-port", PORT, "0", NO_TLS),
    absent("tls-replication", Takes::YesOrNo, "no", NO_TLS),
    absent("unixsocket", Takes::Nothing, "", AT_START),
    absent("unixsocketperm", Takes::Nothing, "0", AT_START),
    hidden("watchdog-period", "there is no watchdog"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::node_commands::config::parameters;

    #[test]
    fn names_are_in_order_and_nowhere_else() {
        assert!(ABSENT.is_sorted_by(|left, right| left.name < right.name), "not sorted, or a name twice");
        for absent in ABSENT {
            assert_eq!(absent.name, absent.name.to_ascii_lowercase());
            assert!(!parameters::all().any(|real| real.name == absent.name), "{} is also real", absent.name);
        }
    }

    #[test]
    fn each_takes_the_value_it_has() {
        for absent in ABSENT.iter().filter(|absent| absent.is_settable()) {
            assert!(absent.check(absent.value).is_ok(), "{}", absent.name);
        }
    }

    #[test]
    fn what_redis_would_not_take_is_told_so_and_what_it_would_is_refused_with_the_reason() {
        for (name, value, reason) in [
            ("list-compress-depth", "1", "not provided: lists are not compressed"),
            ("list-compress-depth", "x", "argument couldn't be parsed into an integer"),
            ("list-compress-depth", "-1", "argument must be between 0 and 2147483647 inclusive"),
            ("activedefrag", "maybe", "argument must be 'yes' or 'no'"),
            ("repl-backlog-size", "1mb", "not provided: there are no replicas"),
        ] {
            let absent = ABSENT.iter().find(|absent| absent.name == name).unwrap();
            assert_eq!(absent.check(value).err().as_deref(), Some(reason), "{name} {value}");
        }
    }
}
