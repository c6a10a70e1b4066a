//! Bytes that were changed.

use std::path::PathBuf;

use super::*;
use crate::persistence::log::read::ReadError;

/// Three segments with 30 records of one frame each; all on disk.
fn three_segments() -> (FaultyDisk, Vec<PathBuf>) {
    let disk = FaultyDisk::default();
    let log = open(&disk, 1).unwrap();
    for sequence in 1..=30 {
        append(&log);
        log.sync().unwrap();
        if sequence % 10 == 0 && sequence < 30 {
            log.rotate().unwrap();
        }
    }
    log.close().unwrap();
    let files = disk.list(Path::new(FOLDER)).unwrap();
    assert_eq!(files.len(), 3);
    (disk, files)
}

#[test]
fn a_flipped_byte_anywhere_is_told_and_costs_one_frame() {
    let (disk, files) = three_segments();
    for path in &files {
        let length = disk.read(path, u64::MAX).unwrap().len();
        for at in (0..length).step_by(3) {
            let flip = |bytes: &mut Vec<u8>| bytes[at] ^= 0x55;
            disk.edit(path, flip);
            match Reader::open(Arc::new(disk.clone()), Path::new(FOLDER), Some(ID), 1).unwrap().next_item() {
                Err(ReadError::Version { .. }) => assert!((6..8).contains(&at)),
                Err(error) => panic!("{error}"),
                Ok(_) if (6..8).contains(&at) => {}
                Ok(_) => {
                    let found = read(&disk, 1);
                    let last_mark = path == &files[2] && at >= length - 64;
                    assert!(found.damage.len() == 1 || last_mark, "{at} of {}: {found:?}", path.display());
                    if !last_mark {
                        let damage = &found.damage[0];
                        assert_eq!(&damage.path, path);
                        assert!(damage.offset <= at as u64);
                        let missing = damage.missing.end - damage.missing.start;
                        assert!(missing <= 1, "{found:?}");
                        assert_eq!(found.records.len() as u64 + missing, 30);
                    }
                }
            }
            disk.edit(path, flip);
        }
    }
    assert_eq!(read(&disk, 1).records.len(), 30);
}

#[test]
fn a_segment_that_is_missing_is_told() {
    let (disk, files) = three_segments();
    disk.remove(&files[1]).unwrap();
    let found = read(&disk, 1);
    assert_eq!(found.damage[0].missing, 11..21);
    assert_eq!(found.records.len(), 20);
    assert_eq!(read(&disk, 21).damage, []);
}

#[test]
fn garbage_and_a_cut_at_the_end_are_torn() {
    let (disk, files) = three_segments();
    disk.edit(&files[2], |bytes| bytes.extend_from_slice(b"some garbage that is no frame"));
    let found = recover(&disk, 1);
    assert_eq!((found.records.len(), found.damage.len(), found.next), (30, 0, 31));
    assert!(matches!(found.ending, Ending::Torn(_)));
    // The mark at the end goes first, then the last record.
    disk.edit(&files[2], |bytes| bytes.truncate(bytes.len() - 70));
    let found = recover(&disk, 1);
    assert_eq!((found.records.len(), found.damage.len(), found.next), (29, 0, 30));
}

#[test]
fn a_byte_of_the_last_record_is_damage_and_can_be_cut() {
    let (disk, files) = three_segments();
    disk.edit(&files[2], |bytes| {
        bytes.truncate(bytes.len() - 64);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
    });
    let found = recover(&disk, 1);
    assert_eq!((found.records.len(), found.damage.len(), found.next), (29, 1, 30));
    assert_eq!(found.damage[0].missing, 30..30);
}

#[test]
fn frames_in_the_bytes_of_a_record_are_not_taken_for_frames() {
    let (disk, files) = three_segments();
    let inner = disk.read(&files[2], u64::MAX).unwrap();
    let other = FaultyDisk::default();
    let place = Place { disk: Arc::new(other.clone()), folder: FOLDER.into(), log_id: ID + 1 };
    let log = Inner::open(place, options(), 1, Vec::new(), None).unwrap();
    log.append(&inner, ALWAYS, false);
    log.append(b"after", ALWAYS, false);
    log.sync().unwrap();
    log.close().unwrap();
    let path = &other.list(Path::new(FOLDER)).unwrap()[0];
    other.edit(path, |bytes| bytes[60] ^= 1);
    let mut reader = Reader::open(Arc::new(other.clone()), Path::new(FOLDER), None, 1).unwrap();
    while let Some(item) = reader.next_item().unwrap() {
        assert!(!matches!(item, Item::Block(_)), "{item:?}");
    }
    assert_eq!(reader.log_id(), ID + 1);
}

#[test]
fn another_log_and_another_version_are_refused() {
    let (disk, files) = three_segments();
    let open = |id| Reader::open(Arc::new(disk.clone()), Path::new(FOLDER), id, 1).unwrap().next_item();
    assert!(matches!(open(Some(ID + 1)), Err(ReadError::OtherLog { expected, .. }) if expected == ID + 1));
    assert!(open(None).is_ok());
    disk.edit(&files[0], |bytes| bytes[6] = 9);
    assert!(matches!(open(Some(ID)), Err(ReadError::Version { version: 9, .. })));
}

#[test]
fn hostile_files_are_read_to_their_end() {
    for seed in 0..300u64 {
        let (disk, files) = (FaultyDisk::default(), three_segments());
        for path in &files.1 {
            let mut bytes = files.0.read(path, u64::MAX).unwrap();
            for change in 0..6u64 {
                let at =
                    xxhash_rust::xxh3::xxh3_64_with_seed(&change.to_le_bytes(), seed) as usize % bytes.len();
                match (seed + change) % 3 {
                    0 => bytes[at] = seed as u8,
                    1 => bytes.truncate(at.max(1)),
                    _ => {
                        let part = bytes[at / 2..at].to_vec();
                        bytes.splice(at..at, part);
                    }
                }
            }
            disk.put(path, &bytes);
        }
        let mut reader = Reader::open(Arc::new(disk.clone()), Path::new(FOLDER), Some(ID), 0).unwrap();
        let mut last = 0;
        while let Ok(Some(item)) = reader.next_item() {
            if let Item::Block(block) = item {
                assert!(block.first > last);
                last = block.first + u64::from(block.count) - 1;
            }
        }
    }
}
