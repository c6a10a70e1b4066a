use std::time::Duration;

use super::*;
use crate::config::Secret;
use crate::resp::Protocol;
use crate::server::node_commands::fixture::Fixture;

fn get(fixture: &mut Fixture, patterns: &str) -> Vec<(String, String)> {
    redis::from_redis_value(fixture.value(&format!("CONFIG GET {patterns}"))).unwrap()
}

fn value(fixture: &mut Fixture, name: &str) -> String {
    let found = get(fixture, name);
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found[0].1.clone()
}

#[test]
fn get_takes_patterns_in_any_case_and_tells_each_parameter_once() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.raw("CONFIG GET MaxMemory"), "*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n");
    assert_eq!(fixture.raw("CONFIG GET nonsense"), "*0\r\n");
    let names: Vec<String> =
        get(&mut fixture, "maxmemory* maxMEM* save").into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "save",
            "maxmemory",
            "maxmemory-eviction-tenacity",
            "maxmemory-policy",
            "maxmemory-samples",
            "maxmemory-clients"
        ]
    );
    fixture.protocol(Protocol::Resp3);
    assert_eq!(fixture.raw("CONFIG GET save"), "%1\r\n$4\r\nsave\r\n$0\r\n\r\n");
    assert!(get(&mut fixture, "*").len() > parameters::all().count() + 20);
}

#[test]
fn what_clients_and_exporters_ask_for_is_there() {
    let mut fixture = Fixture::new();
    for (name, wanted) in [
        ("appendfsync", "everysec"),
        ("appendonly", "no"),
        ("bind", "127.0.0.1"),
        ("client-query-buffer-limit", "1073741824"),
        ("cluster-enabled", "no"),
        ("cluster-require-full-coverage", "yes"),
        ("databases", "2"),
        ("dir", "./data/node-1"),
        ("hz", "10"),
        ("latency-tracking", "yes"),
        ("loglevel", "notice"),
        ("maxclients", "10000"),
        ("maxmemory", "0"),
        ("maxmemory-policy", "noeviction"),
        ("notify-keyspace-events", ""),
        ("port", "8080"),
        ("proto-max-bulk-len", "536870912"),
        ("replica-read-only", "yes"),
        ("requirepass", ""),
        ("save", ""),
        ("slave-read-only", "yes"),
        ("slowlog-log-slower-than", "10000"),
        ("tcp-backlog", "511"),
        ("tcp-keepalive", "300"),
        ("timeout", "0"),
        ("hypercache.node.id", "node-1"),
        ("hypercache.stores.1.name", "sessions"),
        ("hypercache.network.http_addr", "127.0.0.1:9080"),
        ("hypercache.telemetry.log.command_budget", "300"),
    ] {
        assert_eq!(value(&mut fixture, name), wanted, "{name}");
    }
    assert!(value(&mut fixture, "io-threads").parse::<usize>().unwrap() >= 1);
}

#[test]
fn set_changes_what_is_in_force() {
    let mut fixture = Fixture::new();
    let line = "CONFIG SET maxmemory 100mb TIMEOUT 30 maxclients 7 tcp-keepalive 0 proto-max-bulk-len 2mb \
                client-query-buffer-limit 4mb slowlog-log-slower-than 250";
    assert_eq!(fixture.raw(line), "+OK\r\n");
    assert_eq!(fixture.node.registry.limit_bytes(), 100 << 20);
    assert_eq!(fixture.node.settings.idle_timeout(), Some(Duration::from_secs(30)));
    assert_eq!(fixture.node.settings.max_connections(), 7);
    assert_eq!(fixture.node.settings.tcp_keepalive(), None);
    assert_eq!(
        (fixture.node.settings.max_bulk_bytes(), fixture.node.settings.max_query_buffer()),
        (2 << 20, 4 << 20)
    );
    assert_eq!(fixture.node.telemetry.commands().slow_threshold(), Duration::from_micros(250));
    assert_eq!(value(&mut fixture, "maxmemory"), "104857600");
    assert_eq!(fixture.raw("CONFIG SET notify-keyspace-events Ez$lshxegtd"), "+OK\r\n");
    assert_eq!(value(&mut fixture, "notify-keyspace-events"), "AE");
    assert_eq!(fixture.raw_parts(&["CONFIG", "SET", "notify-keyspace-events", ""]), "+OK\r\n");
    assert_eq!(value(&mut fixture, "notify-keyspace-events"), "");
    assert_eq!(fixture.raw("CONFIG SET slowlog-log-slower-than -1"), "+OK\r\n");
    assert_eq!(value(&mut fixture, "slowlog-log-slower-than"), "-1");
}

#[test]
fn what_has_one_value_takes_that_and_says_why_no_other() {
    let mut fixture = Fixture::new();
    for line in
        ["appendonly no", "appendfsync EVERYSEC", "maxmemory-policy noeviction", "replica-read-only yes"]
    {
        assert_eq!(fixture.raw(&format!("CONFIG SET {line}")), "+OK\r\n", "{line}");
    }
    assert_eq!(fixture.raw_parts(&["CONFIG", "SET", "save", ""]), "+OK\r\n");
    for (name, value, reason) in [
        ("save", "3600 1", "not provided: there are no snapshots"),
        ("appendonly", "yes", "not provided: there is no append-only file"),
        ("maxmemory-samples", "0", "argument must be between 1 and 64 inclusive"),
        ("notify-keyspace-events", "KEq", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."),
        (
            "maxmemory-policy",
            "lru",
            "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, \
             allkeys-lru, allkeys-lfu, allkeys-random, noeviction",
        ),
        ("appendonly", "maybe", "argument must be 'yes' or 'no'"),
        ("maxmemory", "lots", "argument must be a memory value"),
        ("timeout", "soon", "argument couldn't be parsed into an integer"),
        ("maxclients", "0", "argument must be between 1 and 2147483647 inclusive"),
        ("proto-max-bulk-len", "1", "argument must be between 1048576 and 3221225472 inclusive"),
        ("port", "1", "can't set immutable config"),
        ("databases", "16", "can't set immutable config"),
        ("hypercache.node.id", "x", "can't set immutable config"),
    ] {
        let wanted = format!("-ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}\r\n");
        assert_eq!(fixture.raw_parts(&["CONFIG", "SET", name, value]), wanted);
    }
}

#[test]
fn what_is_fixed_takes_the_value_it_has() {
    let mut fixture = Fixture::new();
    for (name, value) in get(&mut fixture, "*") {
        assert_eq!(fixture.raw_parts(&["CONFIG", "SET", &name, &value]), "+OK\r\n", "{name} {value}");
    }
}

#[test]
fn hz_is_the_number_of_sweeps_and_kept_in_bounds() {
    let mut fixture = Fixture::new();
    for (set, shown, interval_ms) in [("100", "100", 10), ("0", "1", 1000), ("100000", "500", 2)] {
        assert_eq!(fixture.raw(&format!("CONFIG SET hz {set}")), "+OK\r\n");
        assert_eq!(value(&mut fixture, "hz"), shown);
        assert_eq!(fixture.node.registry.sweep_interval(), Duration::from_millis(interval_ms));
    }
}

#[test]
fn aids_for_tests_are_found_by_their_names_alone() {
    let mut fixture = Fixture::new();
    assert_eq!(value(&mut fixture, "key-load-delay"), "0");
    assert_eq!(get(&mut fixture, "key-load-dela?"), []);
}

#[test]
fn set_is_all_or_nothing() {
    let mut fixture = Fixture::new();
    for (line, error) in [
        ("maxmemory 1mb nonsense 1", "Unknown option or number of arguments for CONFIG SET - 'nonsense'"),
        (
            "maxmemory 1mb timeout x",
            "CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer",
        ),
        (
            "maxmemory 1mb port 1",
            "CONFIG SET failed (possibly related to argument 'port') - can't set immutable config",
        ),
        (
            "maxmemory 1mb MAXMEMORY 2mb",
            "CONFIG SET failed (possibly related to argument 'maxmemory') - duplicate parameter",
        ),
        ("maxmemory 1mb timeout", "syntax error"),
    ] {
        assert_eq!(fixture.raw(&format!("CONFIG SET {line}")), format!("-ERR {error}\r\n"));
        assert_eq!(fixture.node.registry.limit_bytes(), 0, "{line}");
    }
}

#[test]
fn log_levels_have_redis_names_and_ours() {
    let mut fixture = Fixture::new();
    for (set, filter, shown) in [
        ("debug", "debug", "debug"),
        ("verbose", "debug", "debug"),
        ("notice", "info", "notice"),
        ("WARNING", "warn", "warning"),
        ("trace", "trace", "trace"),
        ("info", "info", "notice"),
        ("warn", "warn", "warning"),
        ("error", "error", "error"),
    ] {
        assert_eq!(fixture.raw(&format!("CONFIG SET loglevel {set}")), "+OK\r\n", "{set}");
        assert_eq!(fixture.node.telemetry.log_level(), filter);
        assert_eq!(value(&mut fixture, "loglevel"), shown);
    }
    assert!(
        fixture
            .raw("CONFIG SET loglevel loud")
            .contains("argument(s) must be one of the following: notice, ")
    );
}

#[test]
fn a_password_is_never_shown() {
    let mut fixture = Fixture::with(|config| config.security.requirepass = Some(Secret("s3cret".to_owned())));
    assert_eq!(fixture.raw("CONFIG GET requirepass"), "-NOAUTH Authentication required.\r\n");
    assert_eq!(fixture.raw("AUTH s3cret"), "+OK\r\n");
    assert_eq!(value(&mut fixture, "requirepass"), "(hidden)");
    assert!(!fixture.raw("CONFIG GET *").contains("s3cret"));
    assert_eq!(fixture.raw("CONFIG SET requirepass other"), "+OK\r\n");
    assert!(fixture.raw("AUTH s3cret").starts_with("-WRONGPASS"));
    assert_eq!(fixture.raw("AUTH other"), "+OK\r\n");
    assert_eq!(fixture.raw_parts(&["CONFIG", "SET", "requirepass", ""]), "+OK\r\n");
    assert_eq!(value(&mut fixture, "requirepass"), "");
}

#[test]
fn rewrite_and_help() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.raw("CONFIG REWRITE"), "-ERR The server is running without a config file\r\n");
    let help = fixture.raw("CONFIG HELP");
    assert!(
        help.starts_with("*11\r\n+CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"),
        "{help}"
    );
    assert!(help.contains("+SET parameter value [parameter value ...]\r\n"));
}

#[test]
fn changes_and_refusals_are_audited_without_secrets() {
    let (mut fixture, console) = Fixture::logging();
    let telemetry = fixture.node.telemetry.clone();
    telemetry.scope(|| {
        fixture.raw("CONFIG SET maxmemory 1kb requirepass s3cret timeout 0");
        fixture.raw("CONFIG SET requirepass 0ther port 1");
    });
    drop(fixture);
    let text = console.text();
    assert!(!text.contains("s3cret") && !text.contains("0ther"), "{text}");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |action: &str| lines.iter().filter(|line| line["event.action"] == action).collect::<Vec<_>>();
    let changed = of("config-changed");
    assert_eq!(changed.len(), 2, "a value that stays is no change: {text}");
    assert_eq!(
        (&changed[0]["hypercache.config.name"], &changed[0]["hypercache.config.old"]),
        (&"maxmemory".into(), &"0".into())
    );
    assert_eq!(
        (&changed[0]["hypercache.config.new"], &changed[0]["user.name"]),
        (&"1024".into(), &"default".into())
    );
    assert_eq!(
        (&changed[0]["client.address"], &changed[0]["client.port"]),
        (&"127.0.0.1".into(), &1001.into())
    );
    assert_eq!(changed[1]["hypercache.config.new"], "(hidden)");
    let refused = of("config-change-refused");
    assert_eq!((refused.len(), &refused[0]["error.message"]), (1, &"can't set immutable config".into()));
}

#[test]
fn limits_of_compact_forms_decide_the_encoding() {
    let mut fixture = Fixture::new();
    for (limit, write, compact, wide) in [
        ("hash-max-listpack-entries", "HSET k a 1 b 2 c 3", "listpack", "hashtable"),
        ("list-max-listpack-size", "RPUSH k a b c", "listpack", "quicklist"),
        ("set-max-intset-entries", "SADD k 1 2 3", "intset", "hashtable"),
        ("set-max-listpack-entries", "SADD k a b c", "listpack", "hashtable"),
        ("zset-max-listpack-entries", "ZADD k 1 a 2 b 3 c", "listpack", "skiplist"),
    ] {
        fixture.raw(write);
        assert!(fixture.raw("OBJECT ENCODING k").contains(compact), "{write}");
        fixture.raw("DEL k");
        assert_eq!(fixture.raw(&format!("CONFIG SET {limit} 2")), "+OK\r\n");
        assert!(fixture.raw(&format!("CONFIG GET {limit}")).ends_with("$1\r\n2\r\n"));
        fixture.raw(write);
        assert!(fixture.raw("OBJECT ENCODING k").contains(wide), "{write}");
        fixture.raw("DEL k");
    }
    assert!(fixture.raw("CONFIG SET hash-max-listpack-entries -1").starts_with("-ERR CONFIG SET failed"));
}

#[test]
fn no_more_clients_are_let_in_than_the_system_can_handle() {
    let mut fixture = Fixture::new();
    fixture.node.settings.limit_connections(500);
    assert_eq!(get(&mut fixture, "maxclients"), [("maxclients".to_owned(), "500".to_owned())]);
    assert_eq!(
        fixture.raw("CONFIG SET maxclients 501"),
        "-ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not able to \
         handle the specified number of clients, try with 500\r\n"
    );
    assert_eq!(fixture.raw("CONFIG SET maxclients 400"), "+OK\r\n");
    assert_eq!(fixture.raw("CONFIG SET maxclients 500"), "+OK\r\n");
}

#[test]
fn the_default_store_evicts_by_any_policy_that_redis_names() {
    let mut fixture = Fixture::new();
    for policy in ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lfu"] {
        assert_eq!(fixture.raw(&format!("CONFIG SET maxmemory-policy {policy}")), "+OK\r\n");
        assert_eq!(value(&mut fixture, "maxmemory-policy"), policy);
    }
    assert_eq!(fixture.node.registry.get(1).unwrap().eviction(), crate::config::Eviction::None);
    assert_eq!(fixture.raw("SET a 1"), "+OK\r\n");
    assert_eq!(fixture.raw("OBJECT FREQ a"), ":0\r\n");
    assert!(fixture.raw("OBJECT IDLETIME a").starts_with("-ERR An LFU maxmemory policy is selected"));
    assert_eq!(fixture.raw("CONFIG SET maxmemory-policy ALLKEYS-LRU maxmemory-samples 9"), "+OK\r\n");
    assert_eq!(fixture.raw("OBJECT IDLETIME a"), ":0\r\n");
    assert_eq!(fixture.node.registry.eviction().samples(), 9);
}
