//! Whole configurations: the reference file, precedence, and every refusal with its line.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const REFERENCE: &str = include_str!("../../../configs/node1-config.yaml");

struct File(tempfile::TempDir);

impl File {
    fn new(text: &str) -> Self {
        Self::bytes(text.as_bytes())
    }

    fn bytes(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.yaml"), bytes).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("x.yaml")
    }

    fn flags(&self) -> Overrides {
        Overrides::from_file(self.path())
    }

    fn load(&self) -> Result<Loaded, ConfigErrors> {
        Config::load(&self.flags(), std::iter::empty())
    }
}

fn environment<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Iterator<Item = (String, String)> + 'a {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
}

fn loaded(text: &str) -> Config {
    File::new(text).load().unwrap_or_else(|faults| panic!("{text}\n{faults}")).config
}

/// The faults of a file, without the folder it lies in.
fn faults(text: &str) -> Vec<String> {
    let file = File::new(text);
    let folder = format!("{}/", file.0.path().display());
    let Err(faults) = file.load() else { panic!("accepted: {text}") };
    faults.to_string().lines().map(|line| line.replace(&folder, "")).collect()
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let faults = faults(text);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with(expected), "{text}\nexpected {expected}\ngot      {}", faults[0]);
}

#[test]
fn the_reference_file_says_the_defaults() {
    assert_eq!(loaded(REFERENCE), Config::default());
}

#[test]
fn the_reference_file_tells_every_key_and_its_bounds() {
    // Whatever the rendering knows, the reference must know, and the other way round.
    let keys = |text: &str| {
        text.lines()
            .map(|line| line.trim_start().trim_start_matches("- "))
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(':'))
            .map(|(key, _)| key.to_owned())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(keys(REFERENCE), keys(&Config::default().to_yaml()));

    for (path, _, bound) in validate::bounded(&Config::default()) {
        let (mut rest, mut remark) = (REFERENCE, "");
        for key in path.split('.') {
            let at =
                rest.find(&format!("\n{}{key}:", indent_of(path, key))).unwrap_or_else(|| panic!("{path}"));
            remark = &rest[..at];
            rest = &rest[at..];
        }
        let remark = remark.rsplit("\n\n").next().unwrap();
        let lines: Vec<&str> =
            remark.lines().rev().take_while(|line| line.trim_start().starts_with('#')).collect();
        let bound = bound.to_string();
        assert!(lines.iter().any(|line| line.contains(&bound)), "{path}: {bound} is not in {lines:?}");
    }
}

fn indent_of(path: &str, key: &str) -> String {
    "  ".repeat(path.split('.').position(|part| part == key).unwrap())
}

#[test]
fn the_other_nodes_keep_out_of_each_others_way() {
    for (text, id, resp, http) in [
        (include_str!("../../../configs/node2-config.yaml"), "node-2", 8081, 9081),
        (include_str!("../../../configs/node3-config.yaml"), "node-3", 8082, 9082),
    ] {
        let mut expected = Config::default();
        expected.node.id = id.to_owned();
        expected.node.data_dir = Path::new("./data").join(id);
        expected.telemetry.log.dir = Path::new("./logs").join(id);
        expected.network.resp_addr.set_port(resp);
        expected.network.http_addr.set_port(http);
        assert_eq!(loaded(text), expected);
    }
}

#[test]
fn what_is_rendered_loads_to_the_same() {
    let text = "node: {id: n.7}\nnetwork: {resp_addr: '[::1]:7000', io_threads: 3, idle_timeout: 90s, \
                max_client_memory: 5%, tracking_max_keys: 9, output_limits: {normal: {soft: 5, soft_time: 90s}}}\n\
                cache: {keyspace_events: 'KE$'}\nscripts: {busy_after: 0}\n\
                stores:\n  - name: default\n    max_memory: 3MB\n  - name: sessions\n    default_ttl: 36h\n\
                telemetry: {log: {level: 'off', keys: off, dir: 'a b: #c'}, tracing: {endpoint: 'http://t:4317'}, \
                command_logs: {slow_entries: 1, large_request: 2, large_reply_entries: 0}}\n";
    for config in [loaded(text), Config::default()] {
        assert_eq!(loaded(&config.to_yaml()), config);
    }
}

#[test]
fn passwords_are_never_shown() {
    let config = loaded("security: {requirepass: hunter2}");
    assert_eq!(config.security.requirepass, Some(Secret("hunter2".to_owned())));
    assert!(!config.to_yaml().contains("hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(loaded(&config.to_yaml()).security.requirepass, None);
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file =
        File::new("network:\n  resp_addr: 127.0.0.1:1001\n  http_addr: 127.0.0.1:1002\n  tcp_backlog: 5\n");
    let flags = file.flags().with("--resp-addr", "network.resp_addr", "127.0.0.1:3001");
    let variables = [("HYPERCACHE_RESP_ADDR", "127.0.0.1:2001"), ("HYPERCACHE_HTTP_ADDR", "127.0.0.1:2002")];
    let config = Config::load(&flags, environment(&variables)).unwrap().config;
    assert_eq!(config.network.resp_addr.port(), 3001);
    assert_eq!(config.network.http_addr.port(), 2002);
    assert_eq!(config.network.tcp_backlog, 5);
    assert_eq!(config.network.max_connections, 10_000);
}

#[test]
fn the_file_may_be_named_by_the_environment() {
    let file = File::new("node: {id: from-file}");
    let path = file.path().display().to_string();
    let found = Config::load(&Overrides::default(), environment(&[("HYPERCACHE_CONFIG", &path)])).unwrap();
    assert_eq!((found.config.node.id.as_str(), found.source), ("from-file", Source::File(file.path())));
    let found = Config::load(&Overrides::default(), std::iter::empty()).unwrap();
    assert_eq!((found.config, found.source), (Config::default(), Source::Defaults));
}

#[test]
fn a_missing_file_is_told_with_who_named_it() {
    let flags = Overrides::from_file("no/such.yaml");
    let faults = Config::load(&flags, std::iter::empty()).unwrap_err().to_string();
    assert!(faults.starts_with("--config: no/such.yaml cannot be read: No such file"), "{faults}");
    let variables = [("HYPERCACHE_CONFIG", "no/such.yaml")];
    let faults = Config::load(&Overrides::default(), environment(&variables)).unwrap_err().to_string();
    assert!(faults.starts_with("HYPERCACHE_CONFIG: no/such.yaml cannot be read"), "{faults}");
}

#[test]
fn every_variable_sets_its_key() {
    for (name, key) in environment::VARIABLES {
        let refusal = Config::load(&Overrides::default(), environment(&[(name, "\u{1}")]));
        match refusal {
            // What takes any text changes the configuration; all else names the variable and the key.
            Ok(found) => assert_ne!(found.config, Config::default(), "{name}"),
            Err(faults) => {
                assert!(faults.to_string().starts_with(&format!("{name}: {key}: ")), "{faults}");
            }
        }
    }
}

#[test]
fn folders_follow_the_id_unless_they_are_said() {
    let config =
        Config::load(&Overrides::default(), environment(&[("HYPERCACHE_NODE_ID", "n7")])).unwrap().config;
    assert_eq!(config.node.data_dir, Path::new("./data/n7"));
    assert_eq!(config.telemetry.log.dir, Path::new("./logs/n7"));
    let file = File::new("node: {data_dir: /srv/data}\ntelemetry: {log: {dir: /srv/logs}}");
    let config = Config::load(&file.flags(), environment(&[("HYPERCACHE_NODE_ID", "n7")])).unwrap().config;
    assert_eq!(config.node.data_dir, Path::new("/srv/data"));
    assert_eq!(config.telemetry.log.dir, Path::new("/srv/logs"));
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let text = "# a remark\nnetwork:\n  resp_adr: 127.0.0.1:1\n  io_threads: many\n  tcp_backlog: 0\n\
                cache:\n  shards: 48\n  expiry_interval: 100\nnode: 7\ncolour: red\n";
    let faults = faults(text);
    let starts = [
        "x.yaml:3: network.resp_adr: unknown key; did you mean resp_addr?",
        "x.yaml:4: network.io_threads: expected a whole number from 0 up, of at most 64 bits, found text",
        "x.yaml:5: network.tcp_backlog: is 0, must be 1 to 65535",
        "x.yaml:7: cache.shards: is 48, must be a power of two",
        "x.yaml:8: cache.expiry_interval: expected a duration with its unit",
        "x.yaml:9: node: expected a section of keys, found a number",
        "x.yaml:10: colour: unknown key; known: node, network, cache, ",
    ];
    assert_eq!(faults.len(), starts.len(), "{faults:#?}");
    for (fault, start) in faults.iter().zip(starts) {
        assert!(fault.starts_with(start), "expected {start}\ngot      {fault}");
    }
}

#[test]
fn wrong_types_are_refused_with_their_line() {
    for (value, expected) in [
        ("node:\n  id: 5", "x.yaml:2: node.id: expected text (write it in quotes), found a number"),
        ("node:\n  id:", "x.yaml:2: node.id: has no value"),
        (
            "security:\n  requirepass: 12345",
            "x.yaml:2: security.requirepass: expected text (write it in quotes)",
        ),
        ("network:\n  resp_addr: localhost:80", "x.yaml:2: network.resp_addr: \"localhost:80\" will not do"),
        ("network:\n  max_connections: -1", "x.yaml:2: network.max_connections: expected a whole number"),
        ("network:\n  tcp_backlog: 5000000000", "x.yaml:2: network.tcp_backlog: expected a whole number"),
        ("network:\n  max_bulk_bytes: 5X", "x.yaml:2: network.max_bulk_bytes: \"5X\" is no size"),
        ("network:\n  idle_timeout: 5", "x.yaml:2: network.idle_timeout: expected a duration with its unit"),
        (
            "telemetry:\n  log:\n    stdout: yes",
            "x.yaml:3: telemetry.log.stdout: expected true or false, found text",
        ),
        (
            "telemetry:\n  log:\n    keys: hash",
            "x.yaml:3: telemetry.log.keys: \"hash\" will not do: expected one of",
        ),
        (
            "telemetry:\n  tracing: []",
            "x.yaml:2: telemetry.tracing: expected a section of keys, found a list",
        ),
        ("stores: {}", "x.yaml:1: stores: expected a list"),
        ("stores:\n  - default", "x.yaml:2: stores[0]: expected a section of keys, found text"),
        ("- a", "x.yaml:1: expected a section of keys, found a list"),
        ("node: {id: a}\nnode: {id: b}", "x.yaml:2: duplicate mapping key `node`"),
        ("a: [", "x.yaml:1: "),
    ] {
        refused(value, expected);
    }
}

#[test]
fn what_this_build_does_not_provide_is_refused() {
    let store = |line: &str| format!("stores:\n  - name: default\n    {line}\n");
    for (text, expected) in [
        (
            "persistence:\n  enabled: true".to_owned(),
            "x.yaml:2: persistence.enabled: this build keeps data in memory",
        ),
        ("cluster:\n  enabled: true".to_owned(), "x.yaml:2: cluster.enabled: this build runs single nodes"),
        (
            store("persistence: aof+snapshot"),
            "x.yaml:3: stores[0].persistence: this build keeps data in memory",
        ),
        (store("persistence: aof_only"), "x.yaml:3: stores[0].persistence: this build keeps data in memory"),
        (
            store("persistence: snapshot_only"),
            "x.yaml:3: stores[0].persistence: this build keeps data in memory",
        ),
        (
            store("persistence: {mode: aof_only, fsync: periodic, fsync_interval: 1s, batch_size: 10}"),
            "x.yaml:3: stores[0].persistence: this build keeps data in memory",
        ),
        (
            store("replication_factor: 3"),
            "x.yaml:3: stores[0].replication_factor: this build runs single nodes",
        ),
        (store("replication_factor: 0"), "x.yaml:3: stores[0].replication_factor: is 0"),
    ] {
        refused(&text, expected);
    }
}

#[test]
fn mistakes_in_what_is_not_provided_are_told_as_such() {
    let store = |line: &str| format!("stores:\n  - name: default\n    {line}\n");
    for (line, expected) in [
        (
            "eviction: lur",
            "x.yaml:3: stores[0].eviction: \"lur\" will not do: expected one of none, lru, lfu, session",
        ),
        (
            "persistence: aof",
            "x.yaml:3: stores[0].persistence: \"aof\" will not do: expected one of disabled, aof+snap",
        ),
        ("persistence: {fsync: always}", "x.yaml:3: stores[0].persistence.mode: is missing"),
        (
            "persistence: {mode: disabled, fsnyc: always}",
            "x.yaml:3: stores[0].persistence.fsnyc: unknown key; did you",
        ),
        (
            "persistence: {mode: disabled, fsync: often}",
            "x.yaml:3: stores[0].persistence.fsync: \"often\" will not do",
        ),
        (
            "cuckoo_filter: {enabled: false, false_positive_rate: 0.5}",
            "x.yaml:3: stores[0].cuckoo_filter.false_posit",
        ),
        ("cuckoo_filter: 5", "x.yaml:3: stores[0].cuckoo_filter: expected true, false, or a section"),
    ] {
        refused(&store(line), expected);
    }
}

#[test]
fn stores_have_policies_and_filters() {
    let store = |line: &str| {
        let config = loaded(&format!("stores:\n  - name: default\n    {line}\n"));
        (config.stores[0].eviction, config.stores[0].cuckoo_filter)
    };
    assert_eq!(store("eviction: lru"), (Eviction::Lru, None));
    assert_eq!(store("eviction: lfu"), (Eviction::Lfu, None));
    assert_eq!(store("eviction: session"), (Eviction::Session, None));
    assert_eq!(store("cuckoo_filter: true"), (Eviction::None, Some(0.01)));
    assert_eq!(store("cuckoo_filter: off"), (Eviction::None, None));
    assert_eq!(store("cuckoo_filter: {false_positive_rate: 0.05}"), (Eviction::None, Some(0.05)));
}

#[test]
fn what_is_switched_off_is_accepted() {
    let text = "persistence: {enabled: false}\ncluster: {enabled: false}\nsecurity:\nstores:\n  - name: default\n    \
                eviction: none\n    persistence: {mode: disabled, snapshot_interval: 5m, compression: zstd}\n    \
                cuckoo_filter: {enabled: false, false_positive_rate: 0.01}\n    replication_factor: 1\n";
    assert_eq!(loaded(text), Config::default());
}

#[test]
fn rules_between_keys_are_held() {
    let long = "a".repeat(65);
    for (text, expected) in [
        ("node:\n  id: a/b", "x.yaml:2: node.id: is \"a/b\", must be"),
        ("node:\n  id: ..", "x.yaml:2: node.id: is"),
        ("node:\n  data_dir: ''", "x.yaml:2: node.data_dir: is empty"),
        ("network:\n  http_addr: 127.0.0.1:8080", "x.yaml:2: network.http_addr: 127.0.0.1:8080 is taken"),
        ("network:\n  http_addr: 0.0.0.0:8080", "x.yaml:2: network.http_addr: 0.0.0.0:8080 is taken"),
        ("network:\n  max_query_buffer: 1MB", "x.yaml:2: network.max_query_buffer: is 1MB, must be at least"),
        ("network:\n  io_threads: 2000", "x.yaml:2: network.io_threads: is 2000, must be 1 to 1024"),
        ("cache:\n  max_memory: 512", "x.yaml:2: cache.max_memory: is 512, must be 0 or 64KB to 1024TB"),
        ("cache:\n  keyspace_events: KEq", "x.yaml:2: cache.keyspace_events: has 'q', must be made of"),
        ("network:\n  max_client_memory: 101%", "x.yaml:2: network.max_client_memory: \"101%\" is no share"),
        ("network:\n  max_client_memory: 2048TB", "x.yaml:2: network.max_client_memory: is 2048TB, must be"),
        (
            "network:\n  output_limits:\n    pubsub:\n      soft_time: 2d",
            "x.yaml:4: network.output_limits.pubsub.soft_time: is 2d, must be 0 or 1s to 1d",
        ),
        ("scripts:\n  busy_after: 1us", "x.yaml:2: scripts.busy_after: is 1us, must be 0 or 1ms to 365d"),
        ("telemetry:\n  log:\n    level: loud", "x.yaml:3: telemetry.log.level: \"loud\" will not do"),
        (
            "telemetry:\n  tracing:\n    batch: 9000",
            "x.yaml:3: telemetry.tracing.batch: is 9000, must be at most",
        ),
        (
            "telemetry:\n  tracing:\n    endpoint: host:4317",
            "x.yaml:3: telemetry.tracing.endpoint: \"host:4317\"",
        ),
        (
            "telemetry:\n  tracing:\n    endpoint: https://h:1",
            "x.yaml:3: telemetry.tracing.endpoint: \"https://h:1\"",
        ),
        (
            "telemetry:\n  tracing:\n    endpoint: http://h",
            "x.yaml:3: telemetry.tracing.endpoint: \"http://h\"",
        ),
        ("telemetry:\n  slow_command: 2m", "x.yaml:2: telemetry.slow_command: is 2m, must be 1us to 1m"),
        ("telemetry:\n  service_name: ''", "x.yaml:2: telemetry.service_name: must have"),
        ("stores:\n  - max_memory: 0", "x.yaml:2: stores[0].name: is missing"),
        ("stores:\n  - name: a b", "x.yaml:2: stores[0].name: is \"a b\", must be"),
        ("stores:\n  - name: '12'", "x.yaml:2: stores[0].name: is \"12\", must be"),
        (
            "stores:\n  - name: a\n  - name: default",
            "x.yaml:3: stores[1].name: is \"default\", which must be the first",
        ),
        (
            "stores:\n  - name: a\n  - name: a",
            "x.yaml:3: stores[1].name: \"a\" is the name of an earlier store",
        ),
        (
            "stores:\n  - name: a\n    default_ttl: 9999d",
            "x.yaml:3: stores[0].default_ttl: is 9999d, must be",
        ),
    ] {
        refused(text, expected);
    }
    refused(&format!("node:\n  id: {long}"), "x.yaml:2: node.id: is");
    refused(
        &format!("security:\n  requirepass: {}", "p".repeat(513)),
        "x.yaml:2: security.requirepass: has 513 bytes",
    );
}

#[test]
fn a_list_without_default_gets_it_in_front() {
    let config = loaded("stores:\n  - name: sessions\n    max_memory: 1GB\n    default_ttl: 30m\n");
    let names: Vec<_> = config.stores.iter().map(|store| store.name.as_str()).collect();
    assert_eq!(names, ["default", "sessions"]);
    assert_eq!(config.stores[1].max_memory, 1 << 30);
    assert_eq!(config.stores[1].default_ttl, Duration::from_secs(1800));
    assert_eq!(loaded("stores: []"), Config::default());
}

#[test]
fn there_is_a_most_of_stores() {
    let list = |count: usize| {
        (1..count)
            .fold("stores:\n  - name: default\n".to_owned(), |list, n| format!("{list}  - name: s{n}\n"))
    };
    assert_eq!(loaded(&list(64)).stores.len(), 64);
    refused(&list(65), "x.yaml:1: stores: are 65 with `default`, at most 64");
}

#[test]
fn a_password_file_holds_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let load = || File::new(&format!("security:\n  requirepass_file: {}\n", path.display())).load();
    std::fs::write(&path, "s3cret with spaces \r\n").unwrap();
    assert_eq!(load().unwrap().config.security.requirepass, Some(Secret("s3cret with spaces ".to_owned())));
    for (content, message) in [("\n", "is empty"), ("a\nb\n", "has more than one line")] {
        std::fs::write(&path, content).unwrap();
        let faults = load().unwrap_err().to_string();
        assert!(faults.contains(":2: security.requirepass_file: ") && faults.contains(message), "{faults}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(load().unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn a_higher_layer_replaces_a_password_given_the_other_way() {
    let file = File::new("security:\n  requirepass_file: /no/such/file\n");
    let config = Config::load(&file.flags(), environment(&[("HYPERCACHE_REQUIREPASS", "x")])).unwrap().config;
    assert_eq!(config.security.requirepass, Some(Secret("x".to_owned())));
    refused(
        "security:\n  requirepass: a\n  requirepass_file: b\n",
        "x.yaml:3: security.requirepass_file: names a password where",
    );
}

#[test]
fn faults_of_flags_and_variables_name_them() {
    let flags = Overrides::default().with("--io-threads", "network.io_threads", "lots");
    let variables = [("HYPERCACHE_LOG_LEVEL", "loud"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere")];
    let faults = Config::load(&flags, environment(&variables)).unwrap_err().to_string();
    for start in [
        "--io-threads: network.io_threads: \"lots\" will not do",
        "HYPERCACHE_LOG_LEVEL: telemetry.log.level: \"loud\" will not do",
        "OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.tracing.endpoint: \"nowhere\" will not do",
    ] {
        assert!(faults.lines().any(|line| line.starts_with(start)), "{start} is not in\n{faults}");
    }
}

#[test]
fn an_open_door_without_a_password_is_a_warning() {
    let open = "network:\n  resp_addr: 0.0.0.0:8080\n";
    let warnings = File::new(open).load().unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].to_string().contains("x.yaml:2: network.resp_addr: 0.0.0.0:8080 can be reached"));
    let closed = format!("{open}security: {{requirepass: x}}\n");
    assert!(File::new(&closed).load().unwrap().warnings.is_empty());
}

#[test]
fn other_warnings() {
    let text = "cache: {max_memory: 1MB}\nstores: [{name: default, max_memory: 2MB}]\n\
                telemetry: {log: {stdout: false, files: false}}\n";
    let warnings: Vec<_> = File::new(text).load().unwrap().warnings.iter().map(|w| w.key.clone()).collect();
    assert_eq!(warnings, ["stores[0].max_memory", "telemetry.log.files"]);
}

#[test]
fn a_configuration_made_in_code_is_held_to_the_same_rules() {
    let mut config = Config::default();
    assert_eq!(config.check(), Ok(Vec::new()));
    config.network.io_threads = 0;
    config.stores.clear();
    let faults = config.check().unwrap_err().to_string();
    assert_eq!(faults, "network.io_threads: is 0, must be 1 to 1024\nstores: has no store named `default`");
}

#[test]
fn files_that_are_too_long_or_no_text_are_refused() {
    let faults = File::new(&"#".repeat(1_100_000)).load().unwrap_err().to_string();
    assert!(faults.contains("is longer than 1048576 bytes"), "{faults}");
    let faults = File::bytes(b"node:\n  id: \xff\n").load().unwrap_err().to_string();
    assert!(faults.contains("is no UTF-8 text (line 2)"), "{faults}");
}

#[test]
fn aliases_upon_aliases_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..9 {
        let previous = format!("*a{}", n - 1);
        text.push_str(&format!("a{n}: &a{n} [{}]\n", [previous.as_str(); 10].join(", ")));
    }
    refused(&text, "x.yaml:6: ");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(File::bytes(&bytes).load());
    }

    #[test]
    fn no_change_of_the_reference_panics(at in 0..REFERENCE.len(), with in "[-a-z0-9:#&*!|>'\"%@`{}\\[\\], \n\t~]{0,6}") {
        let at = (at..=REFERENCE.len()).find(|at| REFERENCE.is_char_boundary(*at)).unwrap();
        drop(File::new(&format!("{}{with}{}", &REFERENCE[..at], &REFERENCE[at..])).load());
    }
}
