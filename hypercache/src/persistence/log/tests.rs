//! The log on a disk that loses, tears and fails.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;

use crate::config::Compression;
use crate::config::Fsync;
use crate::persistence::disk::Disk;
use crate::persistence::disk::faulty::Fault;
use crate::persistence::disk::faulty::FaultyDisk;
use crate::persistence::disk::faulty::Tear;
use crate::persistence::log::Handling;
use crate::persistence::log::LogOptions;
use crate::persistence::log::LogState;
use crate::persistence::log::Sequence;
use crate::persistence::log::inner::Inner;
use crate::persistence::log::read::Ending;
use crate::persistence::log::read::Item;
use crate::persistence::log::read::Reader;
use crate::persistence::log::read::cut;
use crate::persistence::log::writer::Place;

mod crash;
mod damage;
mod golden;
mod thread;

const FOLDER: &str = "/log";
const ID: u64 = 0x1234;
const ALWAYS: Handling = Handling { store: 0, fsync: Fsync::Always, compression: Compression::None };

fn options() -> LogOptions {
    LogOptions { segment_size: 2000, buffer_limit: 1 << 20 }
}

/// A log without a thread of its own, so that calls come in one order.
fn open(disk: &FaultyDisk, next: Sequence) -> std::io::Result<Inner> {
    let place = Place { disk: Arc::new(disk.clone()), folder: FOLDER.into(), log_id: ID };
    Inner::open(place, options(), next, b"header".to_vec(), None)
}

/// The bytes of a record: they depend on its number alone.
fn record(sequence: Sequence) -> Vec<u8> {
    let length = (sequence * 37 % 150) as usize + 8;
    sequence.to_le_bytes().iter().copied().cycle().map(|byte| byte | 1).take(length).collect()
}

fn append(log: &Inner) -> Sequence {
    let next = log.appended() + 1;
    assert_eq!(log.append(&record(next), ALWAYS, false), next);
    next
}

#[derive(Debug)]
struct Read {
    records: Vec<Sequence>,
    damage: Vec<crate::persistence::log::read::Damage>,
    ending: Ending,
    next: Sequence,
}

/// All that the log has from a record on; each record has the bytes that it should.
fn read(disk: &FaultyDisk, from: Sequence) -> Read {
    let mut reader = Reader::open(Arc::new(disk.clone()), Path::new(FOLDER), Some(ID), from).unwrap();
    let mut records = Vec::new();
    let mut damage = Vec::new();
    while let Some(item) = reader.next_item().unwrap() {
        match item {
            Item::Header(bytes) => assert_eq!(bytes, b"header"),
            Item::Block(block) => {
                for (sequence, bytes) in block.records() {
                    assert_eq!(bytes, record(sequence));
                    records.push(sequence);
                }
            }
            Item::Damage(found) => damage.push(found),
        }
    }
    Read { records, damage, ending: reader.ending().unwrap().clone(), next: reader.next_sequence() }
}

/// What a start does: reads, and cuts what is torn.
fn recover(disk: &FaultyDisk, from: Sequence) -> Read {
    let found = read(disk, from);
    if let Ending::Torn(tail) = &found.ending {
        cut(disk, Path::new(FOLDER), tail).unwrap();
        let again = read(disk, from);
        assert_eq!(again.ending, Ending::Clean, "after {tail:?}");
        assert_eq!((&again.records, again.next), (&found.records, found.next));
    }
    found
}

#[test]
fn what_was_written_is_read() {
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let disk = FaultyDisk::default();
        let log = open(&disk, 1).unwrap();
        for sequence in 1..=100 {
            log.append(&record(sequence), Handling { compression, ..ALWAYS }, false);
            if sequence % 7 == 0 {
                log.sync().unwrap();
            }
            if log.rotation_wanted.load(Acquire) {
                log.rotate().unwrap();
            }
        }
        assert_eq!((log.appended(), log.written(), log.synced()), (100, 98, 98));
        log.close().unwrap();
        let tally = log.tally();
        assert_eq!((tally.records, tally.pending_bytes, tally.synced_records), (100, 0, 100));
        assert_eq!(tally.segments, disk.list(Path::new(FOLDER)).unwrap().len() as u64);
        let files = disk.list(Path::new(FOLDER)).unwrap();
        let bytes: usize = files.iter().map(|path| disk.read(path, u64::MAX).unwrap().len()).sum();
        assert_eq!(tally.size_bytes, bytes as u64);
        let found = read(&disk.crash(Tear::All), 1);
        assert_eq!(found.records, (1..=100).collect::<Vec<_>>());
        assert_eq!((found.ending, found.damage.len(), found.next), (Ending::Clean, 0, 101));
    }
}

#[test]
fn a_segment_begins_with_the_header_record_as_of_its_first_record() {
    let disk = FaultyDisk::default();
    let log = open(&disk, 1).unwrap();
    append(&log);
    log.sync().unwrap();
    log.append(b"other", ALWAYS, true);
    log.rotate().unwrap();
    append(&log);
    log.rotate().unwrap();
    let mut reader = Reader::open(Arc::new(disk), Path::new(FOLDER), Some(ID), 1).unwrap();
    let mut found = Vec::new();
    while let Some(item) = reader.next_item().unwrap() {
        match item {
            Item::Header(bytes) => found.push(bytes),
            Item::Block(block) => found.extend(block.records().map(|(_, bytes)| bytes.to_vec())),
            Item::Damage(damage) => panic!("{damage:?}"),
        }
    }
    let other = b"other".to_vec();
    assert_eq!(found, [b"header".to_vec(), record(1), other.clone(), other.clone(), record(3), other]);
}

#[test]
fn segments_that_are_covered_are_removed() {
    let disk = FaultyDisk::default();
    let log = open(&disk, 1).unwrap();
    for _ in 0..3 {
        for _ in 0..10 {
            append(&log);
        }
        log.rotate().unwrap();
    }
    assert_eq!(log.tally().segments, 4);
    assert_eq!(log.remove_through(9).unwrap(), 0);
    assert_eq!(log.remove_through(10).unwrap(), 1);
    assert_eq!(log.remove_through(1000).unwrap(), 2);
    assert_eq!(log.remove_through(1000).unwrap(), 0);
    assert_eq!(log.tally().segments, 1);
    append(&log);
    log.sync().unwrap();
    assert_eq!(read(&disk, 31).records, [31]);
    assert_eq!(read(&disk, 0).records, [31]);
    let missing = read(&disk, 5);
    assert_eq!((missing.damage[0].missing.clone(), missing.records), (5..31, vec![31]));
}

#[test]
fn a_log_is_not_opened_over_records_that_it_has() {
    let disk = FaultyDisk::default();
    let log = open(&disk, 1).unwrap();
    append(&log);
    log.sync().unwrap();
    drop(log);
    assert_eq!(open(&disk, 1).unwrap_err().kind(), ErrorKind::AlreadyExists);
    // A segment without records is made again.
    drop(open(&disk, 2).unwrap());
    let log = open(&disk, 2).unwrap();
    append(&log);
    log.sync().unwrap();
    assert_eq!(read(&disk, 1).records, [1, 2]);
}

#[test]
fn a_write_that_fails_is_cut_back_and_tried_again() {
    for fault in [Fault::Short, Fault::Once(ErrorKind::StorageFull)] {
        let disk = FaultyDisk::default();
        let log = open(&disk, 1).unwrap();
        append(&log);
        log.sync().unwrap();
        append(&log);
        disk.fail_only("append", 1, fault);
        if fault == Fault::Short {
            // The rest is written by a second call: the disk has no room for it.
            let used = disk.read(&disk.list(Path::new(FOLDER)).unwrap()[0], u64::MAX).unwrap().len() as u64;
            disk.set_room(Some(used + 10));
        }
        assert!(log.write(2).is_err());
        assert!(matches!(log.state(), LogState::Failing(_)));
        assert!(log.check().is_err());
        assert!(log.write(2).is_err());
        append(&log);
        assert_eq!((log.written(), log.tally().consecutive_failures), (1, 1));
        assert_eq!(read(&disk, 1).ending, Ending::Clean, "{fault:?}");
        disk.set_room(None);
        disk.heal();
        log.sync().unwrap();
        log.check().unwrap();
        assert_eq!((log.synced(), log.tally().consecutive_failures), (3, 0));
        assert_eq!(read(&disk.crash(Tear::All), 1).records, [1, 2, 3]);
    }
}

#[test]
fn a_sync_that_failed_is_never_tried_again() {
    let disk = FaultyDisk::default();
    let log = open(&disk, 1).unwrap();
    append(&log);
    log.sync().unwrap();
    append(&log);
    disk.fail_only("sync", 1, Fault::Once(ErrorKind::Other));
    assert!(log.sync().is_err());
    disk.heal();
    let calls = disk.call_names().len();
    // The second record is in the file, though nobody knows whether it is on disk.
    log.write(2).unwrap();
    append(&log);
    assert!(log.write(3).is_err());
    assert!(log.sync().is_err() && log.rotate().is_err() && log.whole().is_err());
    assert_eq!(disk.call_names().len(), calls);
    assert!(matches!(log.state(), LogState::Broken(_)));
    // What was appended meanwhile is in the snapshot that is taken next.
    assert_eq!(log.mend(b"header").unwrap(), 4);
    assert!(matches!(log.state(), LogState::Mending(_)));
    assert!(log.check().is_err());
    append(&log);
    log.sync().unwrap();
    assert_eq!((log.written(), log.synced()), (4, 1));
    log.whole().unwrap();
    log.check().unwrap();
    assert_eq!(log.synced(), 4);
    append(&log);
    log.sync().unwrap();
    let after = disk.crash(Tear::All);
    assert_eq!(read(&after, 4).records, [4, 5]);
    // Without that snapshot the log says that something is missing.
    assert_eq!(read(&after, 1).damage[0].missing, 2..4);
}

#[test]
fn a_log_that_is_being_mended_ends_where_it_broke() {
    let disk = FaultyDisk::default();
    let log = open(&disk, 1).unwrap();
    append(&log);
    log.sync().unwrap();
    append(&log);
    disk.fail_only("sync", 1, Fault::Once(ErrorKind::Other));
    assert!(log.sync().is_err());
    disk.heal();
    log.mend(b"header").unwrap();
    append(&log);
    log.sync().unwrap();
    let found = recover(&disk.crash(Tear::All), 1);
    assert_eq!((found.records, found.next, found.damage.len()), (vec![1], 2, 0));
}

#[test]
fn what_cannot_be_written_takes_no_more_memory_than_is_allowed() {
    let disk = FaultyDisk::default();
    let place = Place { disk: Arc::new(disk.clone()), folder: FOLDER.into(), log_id: ID };
    let options = LogOptions { segment_size: 1 << 20, buffer_limit: 1000 };
    let log = Inner::open(place, options, 1, Vec::new(), None).unwrap();
    for _ in 0..20 {
        append(&log);
    }
    assert!(log.written() > 0);
    disk.fail(1, Fault::From(ErrorKind::StorageFull));
    for _ in 0..100 {
        append(&log);
    }
    assert!(matches!(log.state(), LogState::Broken(_)));
    assert_eq!(log.appended(), 120);
}
