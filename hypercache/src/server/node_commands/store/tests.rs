use crate::server::node_commands::fixture::Fixture;

const NO_STORE: &str =
    "-NOSTORE The selected store has been dropped. SELECT another one; 0 is always there.\r\n";

#[test]
fn stores_are_made_told_changed_and_dropped() {
    let mut fixture = Fixture::new();
    let is = |fixture: &mut Fixture, line: &str, expected: &str| {
        assert_eq!(fixture.raw(line), format!("{expected}\r\n"), "{line}");
    };
    is(&mut fixture, "STORE CREATE cache MAXMEMORY 100mb TTL 60 eviction NONE", ":2");
    is(&mut fixture, "STORE CREATE cache", "-ERR a store of this name exists already");
    is(&mut fixture, "STORE CREATE other TTL 1h30m MAXMEMORY 1g", ":3");
    is(&mut fixture, "SELECT cache", "+OK");
    is(&mut fixture, "SET k v", "+OK");
    is(&mut fixture, "TTL k", ":60");
    is(&mut fixture, "STORE ALTER 2 TTL 0", "+OK");
    is(&mut fixture, "SET k v", "+OK");
    is(&mut fixture, "TTL k", ":-1");
    is(&mut fixture, "CONFIG GET databases", "*2\r\n$9\r\ndatabases\r\n$1\r\n4");
    is(&mut fixture, "STORE ALTER cache history 256kb JOURNAL 500", "+OK");
    let census = fixture.node.registry.get(2).unwrap().census();
    assert!(census.total_bytes() > census.bytes, "the tables take some");
    let bytes = census.total_bytes().to_string();
    is(
        &mut fixture,
        "STORE INFO cache",
        "*34\r\n$4\r\nname\r\n$5\r\ncache\r\n$5\r\nindex\r\n:2\r\n$4\r\nkeys\r\n:1\r\n$13\r\nexpiring-keys\r\n:0\r\n\
         $12\r\nmemory-bytes\r\n:BYTES\r\n$10\r\nmax-memory\r\n:104857600\r\n$8\r\neviction\r\n$4\r\nnone\r\n\
         $14\r\ndefault-ttl-ms\r\n:0\r\n$11\r\nfilter-rate\r\n$-1\r\n\
         $18\r\nmiss-history-bytes\r\n:262144\r\n$11\r\nkey-journal\r\n:500\r\n$8\r\nsessions\r\n$-1\r\n\
         $12\r\nexpired-keys\r\n:0\r\n$12\r\nevicted-keys\r\n:0\r\n$4\r\nhits\r\n:2\r\n$6\r\nmisses\r\n:0\r\n\
         $16\r\nmisses-by-reason\r\n*8\r\n$10\r\nnever_seen\r\n:0\r\n$7\r\ndeleted\r\n:0\r\n$7\r\nexpired\r\n:0\r\n\
         $7\r\nevicted\r\n:0"
            .replace("BYTES", &bytes)
            .as_str(),
    );
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut fixture = Fixture::new();
    for (line, expected) in [
        ("STORE CREATE a MAXMEMORY", "-ERR syntax error"),
        ("STORE CREATE a SIZE 1", "-ERR syntax error"),
        ("STORE CREATE a TTL 1 ttl 2", "-ERR default_ttl is given twice"),
        ("STORE CREATE 7", "-ERR name: is \"7\", must be 1 to 64"),
        ("STORE CREATE a/b", "-ERR name: is"),
        ("STORE CREATE a MAXMEMORY 1kb", "-ERR max_memory: is 1KB, must be"),
        ("STORE CREATE a MAXMEMORY much", "-ERR max_memory: \"much\" is no size"),
        ("STORE CREATE a HISTORY 1kb", "-ERR miss_history: is 1KB, must be"),
        ("STORE CREATE a JOURNAL many", "-ERR key_journal: \"many\" will not do"),
        ("STORE CREATE a JOURNAL 1000000", "-ERR key_journal: is 1000000, must be"),
        ("STORE CREATE a TTL -5", "-ERR default_ttl: "),
        ("STORE CREATE a EVICTION fifo", "-ERR eviction: \"fifo\" will not do"),
        ("STORE CREATE a FILTER 0.5", "-ERR cuckoo_filter.false_positive_rate: must be"),
        ("STORE CREATE a FILTER maybe", "-ERR cuckoo_filter: expected"),
        ("STORE ALTER nowhere TTL 1", "-NOSTORE There is no such store."),
        ("STORE ALTER 0 TTL", "-ERR wrong number of arguments"),
        ("STORE DROP nowhere", "-NOSTORE"),
        ("STORE DROP default", "-ERR the default store cannot be dropped"),
        ("STORE DROP 0", "-ERR the default store cannot be dropped"),
        ("STORE INFO 5", "-NOSTORE"),
        ("STORE FORGET", "-ERR unknown subcommand 'FORGET'. Try STORE HELP."),
    ] {
        let reply = fixture.raw(line);
        assert!(reply.starts_with(expected), "{line}: {reply}");
    }
    assert_eq!(fixture.node.registry.count(), 2);
    fixture.raw("SET k v");
    assert!(
        fixture.raw("STORE ALTER default EVICTION session TTL 5").starts_with("-ERR whether keys are kept")
    );
    assert_eq!(fixture.node.registry.get(0).unwrap().default_ttl(), None);
    fixture.raw("MULTI");
    assert_eq!(fixture.raw("STORE CREATE a"), "-ERR Command not allowed inside a transaction\r\n");
    assert!(fixture.raw("EXEC").starts_with("-EXECABORT"));
    let script = fixture.raw_parts(&["EVAL", "return redis.call('STORE', 'CREATE', 'a')", "0"]);
    assert!(
        script.contains("not allowed from script") || script.contains("Unknown Redis command"),
        "{script}"
    );
    for index in 2..64 {
        assert_eq!(fixture.raw(&format!("STORE CREATE s{index}")), format!(":{index}\r\n"));
    }
    assert_eq!(fixture.raw("STORE CREATE more"), "-ERR there are as many stores as a node may have\r\n");
}

#[test]
fn who_has_selected_a_dropped_store_is_told_so() {
    let mut fixture = Fixture::new();
    let mut is = |line: &str, expected: &str| {
        let reply = fixture.raw(line);
        assert!(reply.starts_with(expected), "{line}: {reply}");
    };
    is("STORE CREATE a", ":2");
    is("SELECT a", "+OK");
    is("SET k v", "+OK");
    is("WATCH k absent", "+OK");
    is("STORE DROP a", "+OK");
    for line in
        ["GET k", "SET k w", "DBSIZE", "SCAN 0", "FLUSHDB", "KEYS *", "RANDOMKEY", "COPY k l", "WATCH k"]
    {
        is(line, NO_STORE);
    }
    let script = "EVAL return(redis.call('GET','k')) 1 k";
    is(script, NO_STORE.trim_end_matches("\r\n"));
    is("PING", "+PONG");
    is("STORE CREATE b", ":2");
    is("GET k", NO_STORE);
    is("MULTI", "+OK");
    is("SELECT b", "+QUEUED");
    is("DISCARD", "+OK");
    is("SELECT 2", "+OK");
    is("DBSIZE", ":0");
    is("SELECT 0", "+OK");
    is("SET k v", "+OK");
    is("COPY k k DB a", "-ERR value is not an integer");
    is("COPY k k DB b", ":1");
    is("SWAPDB 1 b", "+OK");
    is("SELECT 1", "+OK");
    is("GET k", "$1");
    is("STORE INFO 1", "*34\r\n$4\r\nname\r\n$8\r\nsessions");
    is("STORE DROP 1", "+OK");
    is("FLUSHALL", NO_STORE);
    is("SELECT 0", "+OK");
    is("FLUSHALL", "+OK");
    is("MOVE k 1", "-ERR DB index is out of range");
}

#[test]
fn watched_keys_of_a_dropped_store_have_changed() {
    let mut fixture = Fixture::new();
    for line in
        ["STORE CREATE a", "SELECT a", "WATCH k", "STORE DROP a", "STORE CREATE a", "SELECT 0", "MULTI"]
    {
        assert!(!fixture.raw(line).starts_with('-'), "{line}");
    }
    assert_eq!(fixture.raw("PING"), "+QUEUED\r\n");
    assert_eq!(fixture.raw("EXEC"), "*-1\r\n");
}

#[test]
fn changes_are_audited_and_counted_and_a_dropped_store_leaves_the_page() {
    let (mut fixture, console) = Fixture::logging();
    let telemetry = fixture.node.telemetry.clone();
    let mut bytes = 0;
    telemetry.scope(|| {
        for line in [
            "STORE CREATE a TTL 5",
            "SELECT a",
            "SET k v",
            "GET k",
            "STORE ALTER a TTL 6s EVICTION none JOURNAL 9",
        ] {
            assert!(!fixture.raw(line).starts_with('-'), "{line}");
        }
        crate::telemetry::catalogue::STORE_KEYS.of(&["a", "all"]).set(1.0);
        assert!(telemetry.render().contains("hypercache_store_keys{store=\"a\",kind=\"all\"} 1"));
        bytes = fixture.node.registry.find(b"a").unwrap().census().total_bytes();
        for line in ["STORE ALTER a TTL 6s", "STORE DROP a"] {
            assert_eq!(fixture.raw(line), "+OK\r\n", "{line}");
        }
        fixture.raw("STORE DROP a");
        let page = telemetry.render();
        assert!(!page.contains("store=\"a\""), "{page}");
        for (change, count) in [("created", 1), ("altered", 1), ("dropped", 1)] {
            let line = format!("hypercache_store_changes_total{{change=\"{change}\"}} {count}\n");
            assert!(page.contains(&line), "{line}{page}");
        }
    });
    drop(fixture);
    let text = console.text();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |action: &str| lines.iter().filter(|line| line["event.action"] == action).collect::<Vec<_>>();
    let (created, altered) = (of("store-created"), of("store-altered"));
    assert_eq!((created.len(), altered.len()), (1, 1), "a rule that stays is no change: {text}");
    assert_eq!(
        created[0]["hypercache.config.new"],
        "max_memory: 0, eviction: none, default_ttl: 5s, cuckoo_filter: false, miss_history: 1MB, key_journal: 16384"
    );
    assert_eq!(altered[0]["hypercache.config.old"], "default_ttl: 5s, key_journal: 16384");
    assert_eq!(altered[0]["hypercache.config.new"], "default_ttl: 6s, key_journal: 9");
    assert_eq!((&altered[0]["user.name"], &altered[0]["client.port"]), (&"default".into(), &1001.into()));
    let dropped = of("store-dropped");
    assert_eq!((dropped.len(), &dropped[0]["hypercache.keys"]), (1, &1.into()));
    assert_eq!(dropped[0]["hypercache.bytes"], bytes);
    let refused = of("store-change-refused");
    assert_eq!((refused.len(), &refused[0]["error.message"]), (1, &"There is no such store.".into()));
}
