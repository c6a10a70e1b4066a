//! The log with the thread that looks after it.

use std::time::Duration;

use super::*;
use crate::config::Persistence;
use crate::persistence::log::Log;

fn start(disk: &FaultyDisk) -> Log {
    Log::open(Arc::new(disk.clone()), Path::new(FOLDER), ID, options(), 1, b"header", None).unwrap()
}

fn wait(what: impl Fn() -> bool) {
    for _ in 0..5000 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("it did not come");
}

fn periodic(log: &Log, interval: Duration, batch_size: usize) -> Handling {
    log.set_policy(0, &Persistence { fsync_interval: interval, batch_size, ..Persistence::default() });
    Handling { fsync: Fsync::Periodic, ..ALWAYS }
}

#[tokio::test]
async fn one_sync_serves_all_who_wait() {
    let disk = FaultyDisk::default();
    let log = Arc::new(start(&disk));
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let sequence = log.append(b"x", ALWAYS);
                log.until_synced(sequence).await.unwrap();
                assert!(log.synced() >= sequence);
            })
        })
        .collect();
    for one in waiting {
        one.await.unwrap();
    }
    assert_eq!(log.synced(), 50);
    assert!(log.tally().syncs < 50, "{:?}", log.tally());
}

#[test]
fn records_go_to_disk_when_their_time_has_come() {
    let log = start(&FaultyDisk::default());
    let handling = periodic(&log, Duration::from_millis(30), 1_000_000);
    log.append(b"x", handling);
    assert!(log.unsynced_since().is_some());
    wait(|| log.synced() == 1);
    wait(|| log.unsynced_since().is_none());
}

#[test]
fn records_go_to_disk_when_there_are_enough() {
    let log = start(&FaultyDisk::default());
    let handling = periodic(&log, Duration::from_secs(3600), 10);
    for _ in 0..9 {
        log.append(b"x", handling);
    }
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(log.synced(), 0);
    log.append(b"x", handling);
    wait(|| log.synced() == 10);
}

#[test]
fn a_segment_ends_when_it_is_long_enough() {
    let disk = FaultyDisk::default();
    let log = start(&disk);
    for _ in 0..60 {
        let sequence = log.append(&record(log.appended() + 1), ALWAYS);
        log.write(sequence).unwrap();
    }
    wait(|| log.segments() > 1);
    log.shutdown().unwrap();
    assert_eq!(read(&disk.crash(Tear::All), 1).records.len(), 60);
}

#[tokio::test]
async fn a_full_disk_is_tried_again_until_there_is_room() {
    let disk = FaultyDisk::default();
    let log = start(&disk);
    disk.set_room(Some(100));
    let sequence = log.append(&record(1), ALWAYS);
    assert!(log.until_synced(sequence).await.is_err());
    assert!(log.check().is_err());
    disk.set_room(None);
    wait(|| log.check().is_ok());
    log.until_synced(sequence).await.unwrap();
    assert_eq!(read(&disk.crash(Tear::All), 1).records, [1]);
}

#[tokio::test]
async fn who_waits_is_told_when_the_sync_fails() {
    let disk = FaultyDisk::default();
    let log = start(&disk);
    disk.fail_only("sync", 1, Fault::Once(ErrorKind::Other));
    let sequence = log.append(b"x", ALWAYS);
    assert!(log.until_synced(sequence).await.is_err());
    assert!(matches!(log.state(), LogState::Broken(_)));
    log.mend(b"header").unwrap();
    assert!(log.until_synced(sequence).await.is_err());
    log.whole().unwrap();
    log.until_synced(sequence).await.unwrap();
    let sequence = log.append(b"x", ALWAYS);
    log.until_synced(sequence).await.unwrap();
    drop(log);
}

#[tokio::test]
async fn who_waits_for_a_closed_log_is_told() {
    let log = start(&FaultyDisk::default());
    log.append(b"x", ALWAYS);
    log.shutdown().unwrap();
    log.until_synced(1).await.unwrap();
    let sequence = log.append(b"x", ALWAYS);
    assert!(log.until_synced(sequence).await.is_err());
}
