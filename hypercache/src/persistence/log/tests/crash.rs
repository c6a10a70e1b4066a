//! The machine stops at every call there is.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::persistence::log::buffer::Buffer;
use crate::persistence::log::segment::Header;
use crate::persistence::log::writer::Writer;

/// Appends, syncs, rotates and removes until the disk stops; the last record that was promised, and the last that was covered.
fn work(disk: &FaultyDisk) -> (Sequence, Sequence) {
    let (mut promised, mut covered) = (0, 0);
    let Ok(log) = open(disk, 1) else { return (0, 0) };
    for round in 0..40u64 {
        for _ in 0..=round % 4 {
            append(&log);
        }
        if round % 3 != 0 {
            if log.sync().is_ok() {
                promised = log.synced();
            }
        } else if log.write(log.appended()).is_ok() {
            assert_eq!(log.written(), log.appended());
        }
        if log.rotation_wanted.load(Acquire) && log.rotate().is_ok() {
            promised = log.synced();
        }
        if round % 16 == 15 {
            covered = promised;
            log.remove_through(covered).ok();
        }
        if disk.crashed() {
            break;
        }
    }
    (promised, covered)
}

#[test]
fn nothing_promised_is_lost_whenever_the_machine_stops() {
    let whole = FaultyDisk::default();
    work(&whole);
    let calls = whole.calls();
    let names = whole.call_names();
    for name in ["create", "append", "sync", "sync_dir", "remove"] {
        assert!(names.iter().any(|called| called == name), "{name}");
    }
    for nth in 1..=calls {
        let tears = (0..8).flat_map(|seed| [Tear::Tails(seed), Tear::Sectors(seed)]);
        for tear in tears.chain([Tear::Nothing, Tear::All]) {
            let disk = FaultyDisk::default();
            disk.fail(nth, Fault::Crash);
            let (promised, covered) = work(&disk);
            assert!(disk.crashed());
            let after = disk.crash(tear);
            let found = recover(&after, covered + 1);
            let context = format!("call {nth} ({}), {tear:?}: {found:?}", names[nth as usize - 1]);
            assert_eq!(found.damage, [], "{context}");
            let wanted =
                found.records.iter().position(|sequence| *sequence > covered).unwrap_or(found.records.len());
            let wanted = &found.records[wanted..];
            let expected: Vec<Sequence> = (covered + 1..=covered + wanted.len() as u64).collect();
            assert_eq!(wanted, expected, "{context}");
            assert!(covered + wanted.len() as u64 >= promised, "{promised} promised; {context}");
            // And life goes on.
            let log = open(&after, found.next).unwrap();
            let last = append(&log);
            log.sync().unwrap();
            let again = read(&after.crash(Tear::All), covered + 1);
            assert_eq!((again.records.last(), again.damage.len()), (Some(&last), 0), "{context}");
        }
    }
}

#[test]
fn a_start_that_is_stopped_can_be_made_again() {
    for nth in 1..20 {
        for seed in 0..6 {
            let disk = FaultyDisk::default();
            let log = open(&disk, 1).unwrap();
            for _ in 0..5 {
                append(&log);
                log.sync().unwrap();
            }
            append(&log);
            log.write(6).unwrap();
            let second = disk.crash(Tear::Sectors(seed));
            second.fail(nth, Fault::Crash);
            let found = read(&second, 1);
            if let Ending::Torn(tail) = &found.ending {
                cut(&second, Path::new(FOLDER), tail).ok();
            }
            open(&second, found.next).map(|log| log.close()).ok();
            let found = recover(&second.crash(Tear::Tails(seed)), 1);
            assert!(found.records.len() >= 5 && found.damage.is_empty(), "{nth}, {seed}: {found:?}");
        }
    }
}

#[test]
fn what_an_earlier_process_left_unsynced_is_synced_by_the_next() {
    let disk = FaultyDisk::default();
    let log = open(&disk, 1).unwrap();
    append(&log);
    log.write(1).unwrap();
    drop(log);
    let log = open(&disk, 2).unwrap();
    append(&log);
    log.sync().unwrap();
    let found = read(&disk.crash(Tear::All), 1);
    assert_eq!((found.records, found.damage.len()), (vec![1, 2], 0));
}

/// Somebody may write between the sync that begins a rotation and the new segment.
#[test]
fn what_was_written_last_to_a_segment_is_synced_before_its_successor() {
    let disk = FaultyDisk::default();
    let place = Place { disk: Arc::new(disk.clone()), folder: FOLDER.into(), log_id: ID };
    let header = Header { first: 1, log_id: ID, synced: 0, record: b"header".to_vec() };
    let mut writer = Writer::open(&place, VecDeque::new(), header).unwrap();
    let mut buffer = Buffer::new(0);
    buffer.push(&record(1), ALWAYS, false);
    buffer.drain(&mut writer.queue, true);
    writer.write(ID, 0, |_, _| {}).1.unwrap();
    writer.rotate(&place, 0).unwrap();
    let round = writer.round();
    assert_eq!((round.files.len(), round.folder, round.upto), (2, true, 1));
    round.files[0].sync_data().unwrap();
    assert_eq!(read(&disk.crash(Tear::All), 1).records, [1]);
}

#[test]
fn every_call_may_fail_and_what_was_promised_is_there() {
    let whole = FaultyDisk::default();
    work(&whole);
    for nth in 1..=whole.calls() {
        for fault in [Fault::Short, Fault::Once(ErrorKind::Other), Fault::From(ErrorKind::StorageFull)] {
            let disk = FaultyDisk::default();
            disk.fail(nth, fault);
            let (promised, covered) = work(&disk);
            for tear in [Tear::All, Tear::Nothing, Tear::Tails(nth), Tear::Sectors(nth)] {
                let found = recover(&disk.crash(tear), covered + 1);
                let last = found.records.last().copied().unwrap_or(0).max(covered);
                assert!(last >= promised, "{nth}, {fault:?}, {tear:?}: {promised} promised; {found:?}");
                assert_eq!(found.damage, [], "{nth}, {fault:?}, {tear:?}");
            }
        }
    }
}

/// Something that is done to a log.
#[derive(Debug, Clone)]
enum Step {
    Append(u8),
    Write,
    Sync,
    Rotate,
    Remove,
    /// The disk fails at its n-th call from now; healed by the next one.
    Fail(u64, Fault),
    Heal,
    Mend,
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        Just(Fault::Short),
        Just(Fault::Once(ErrorKind::Other)),
        Just(Fault::From(ErrorKind::StorageFull))
    ];
    prop_oneof![
        4 => (1u8..10).prop_map(Step::Append),
        3 => Just(Step::Write),
        3 => Just(Step::Sync),
        1 => Just(Step::Rotate),
        1 => Just(Step::Remove),
        1 => (1u64..6, fault).prop_map(|(nth, fault)| Step::Fail(nth, fault)),
        2 => Just(Step::Heal),
        1 => Just(Step::Mend),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_the_log_is_a_prefix_with_all_that_was_promised(
        steps in prop::collection::vec(step(), 1..60),
        tear in prop_oneof![
            Just(Tear::Nothing),
            Just(Tear::All),
            any::<u64>().prop_map(Tear::Tails),
            any::<u64>().prop_map(Tear::Sectors)
        ],
    ) {
        let disk = FaultyDisk::default();
        let log = open(&disk, 1).unwrap();
        // What a snapshot has, so that the log need not.
        let mut covered = 0;
        for step in steps {
            match step {
                Step::Append(count) => (0..count).for_each(|_| { append(&log); }),
                Step::Write => prop_assert!(log.write(log.appended()).is_err() || log.written() == log.appended()),
                Step::Sync => prop_assert!(log.sync().is_err() || log.check().is_err() || log.synced() == log.written()),
                Step::Rotate => { log.rotate().ok(); }
                Step::Remove => {
                    covered = log.synced();
                    log.remove_through(covered).ok();
                }
                Step::Fail(nth, fault) => disk.fail(nth, fault),
                Step::Heal => disk.heal(),
                Step::Mend => {
                    if log.mend(b"header").is_ok() {
                        // The snapshot that a mended log needs.
                        let snapshot = log.appended();
                        if log.whole().is_ok() {
                            covered = snapshot;
                        }
                    }
                }
            }
            prop_assert!(log.synced() <= log.written() && log.written() <= log.appended());
        }
        let promised = log.synced();
        let found = recover(&disk.crash(tear), covered + 1);
        prop_assert_eq!(&found.damage, &[]);
        let read: Vec<Sequence> = found.records.iter().copied().filter(|sequence| *sequence > covered).collect();
        prop_assert_eq!(&read, &(covered + 1..=covered + read.len() as u64).collect::<Vec<_>>());
        prop_assert!(covered + read.len() as u64 >= promised, "{} promised, {:?}", promised, found);
    }
}
