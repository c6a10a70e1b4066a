//! What is refused while it could not be kept, or is not there yet.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::config::Compression;
use crate::config::Fsync;
use crate::config::PersistenceMode;
use crate::persistence::Log;
use crate::persistence::disk::faulty::Fault;
use crate::persistence::disk::faulty::FaultyDisk;
use crate::persistence::log::Handling;
use crate::persistence::log::LogOptions;
use crate::server::node_commands::fixture::Fixture;

const MISCONF: &str = "-MISCONF Redis is configured to save RDB snapshots";

fn failing() -> Fixture {
    let fixture = Fixture::with(|config| {
        config.stores[0].persistence.mode = PersistenceMode::SnapshotOnly;
    });
    fixture.node.durability.set_snapshots_failing(true);
    fixture
}

#[test]
fn writes_are_refused_while_snapshots_fail_and_reads_are_not() {
    let mut fixture = failing();
    for line in ["SET k v", "PING", "FLUSHALL", "DEL k", "MOVE k 1"] {
        assert!(fixture.raw(line).starts_with(MISCONF), "{line}");
    }
    assert_eq!(fixture.raw("GET k"), "$-1\r\n");
    fixture.raw("SELECT 1");
    assert_eq!(fixture.raw("SET k v"), "+OK\r\n");
    fixture.raw("SELECT 0");
    assert_eq!(fixture.raw("CONFIG SET stop-writes-on-bgsave-error no"), "+OK\r\n");
    assert_eq!(fixture.raw("SET k v"), "+OK\r\n");
    assert_eq!(fixture.raw("CONFIG SET stop-writes-on-bgsave-error yes"), "+OK\r\n");
    assert!(fixture.raw("SET k w").starts_with(MISCONF));
    fixture.node.durability.set_snapshots_failing(false);
    assert_eq!(fixture.raw("GET k"), "$1\r\nv\r\n");
    assert_eq!(fixture.raw("SET k w"), "+OK\r\n");
}

#[test]
fn a_transaction_that_would_write_is_discarded_and_a_script_stops_where_it_writes() {
    let mut fixture = failing();
    fixture.raw("MULTI");
    assert!(fixture.raw("SET k v").starts_with(MISCONF));
    assert!(fixture.raw("EXEC").starts_with("-EXECABORT Transaction discarded because of previous errors"));
    fixture.node.durability.set_snapshots_failing(false);
    fixture.raw("MULTI");
    assert_eq!(fixture.raw("SET k v"), "+QUEUED\r\n");
    fixture.node.durability.set_snapshots_failing(true);
    assert!(fixture.raw("EXEC").starts_with("-EXECABORT Transaction discarded because of: MISCONF"));
    fixture.raw("MULTI");
    fixture.raw("GET k");
    assert_eq!(fixture.raw("EXEC"), "*1\r\n$-1\r\n");
    let refused = fixture.raw_parts(&["EVAL", "return redis.call('set', KEYS[1], 'v')", "1", "k"]);
    assert!(refused.starts_with(MISCONF), "{refused}");
    assert_eq!(fixture.raw_parts(&["EVAL", "return redis.call('get', KEYS[1])", "1", "k"]), "$-1\r\n");
}

#[test]
fn while_data_is_loaded_only_what_needs_none_is_answered() {
    let mut fixture = Fixture::new();
    fixture.node.durability.loading.begin(1_700_000_000, 200);
    fixture.node.durability.loading.advance(50, 3);
    for line in ["GET k", "SET k v", "PING", "DBSIZE"] {
        assert_eq!(fixture.raw(line), "-LOADING Redis is loading the dataset in memory\r\n", "{line}");
    }
    let told = fixture.text("INFO persistence");
    for line in
        ["loading:1", "loading_total_bytes:200", "loading_loaded_bytes:50", "loading_loaded_perc:25.00"]
    {
        assert!(told.contains(&format!("{line}\r\n")), "{line} in {told}");
    }
    fixture.node.durability.loading.end();
    assert_eq!(fixture.raw("GET k"), "$-1\r\n");
    assert!(fixture.text("INFO persistence").contains("loading:0\r\nloading_eta_seconds:0\r\n"));
}

#[test]
fn while_the_log_fails_stores_that_keep_one_refuse_writes() {
    let mut fixture = Fixture::with(|config| {
        config.stores[0].persistence.mode = PersistenceMode::AofOnly;
    });
    let disk = FaultyDisk::default();
    let opened =
        Log::open(Arc::new(disk.clone()), Path::new("/log"), 7, LogOptions::default(), 1, b"stores", None);
    let log = Arc::new(opened.unwrap());
    fixture.node.durability.set_log(Arc::clone(&log));
    assert_eq!(fixture.raw("SET k v"), "+OK\r\n");
    disk.fail_only("append", 1, Fault::From(ErrorKind::StorageFull));
    let handling = Handling { store: 0, fsync: Fsync::Periodic, compression: Compression::None };
    assert!(log.write(log.append(b"record", handling)).is_err());
    assert!(fixture.raw("SET k w").starts_with("-MISCONF Errors writing to the AOF file: "));
    assert!(fixture.raw("PING").starts_with("-MISCONF Errors writing to the AOF file: "));
    assert_eq!(fixture.raw("GET k"), "$1\r\nv\r\n");
    fixture.raw("SELECT 1");
    assert_eq!(fixture.raw("SET k w"), "+OK\r\n");
    fixture.raw("SELECT 0");
    disk.heal();
    // It is tried again by itself.
    let began = Instant::now();
    while log.check().is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not recover");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(fixture.raw("SET k w"), "+OK\r\n");
}
