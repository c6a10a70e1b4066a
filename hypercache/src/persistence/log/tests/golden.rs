//! A segment of each version of the format that was ever written is read for ever.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::persistence::disk::RealDisk;

/// Set to make the file of the present version anew: only before that version has been released.
const UPDATE: &str = "UPDATE_GOLDEN";

const COMPRESSIONS: [Compression; 3] = [Compression::None, Compression::Lz4, Compression::Zstd];

fn file(version: u16) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/log-{version}.hcl"))
}

/// Three frames of five records, with each compression, and the mark of an orderly end.
fn made_now() -> Vec<u8> {
    let disk = FaultyDisk::default();
    let place = Place { disk: Arc::new(disk.clone()), folder: FOLDER.into(), log_id: ID };
    let log = Inner::open(place, LogOptions::default(), 1, b"header".to_vec(), None).unwrap();
    for compression in COMPRESSIONS {
        for _ in 0..5 {
            log.append(&record(log.appended() + 1), Handling { compression, ..ALWAYS }, false);
        }
        log.sync().unwrap();
    }
    log.close().unwrap();
    disk.read(&disk.list(Path::new(FOLDER)).unwrap()[0], u64::MAX).unwrap()
}

#[test]
fn version_1_is_read() {
    if std::env::var_os(UPDATE).is_some() {
        fs::write(file(1), made_now()).unwrap();
    }
    let disk = FaultyDisk::default();
    let bytes = RealDisk.read(&file(1), 1 << 20).unwrap();
    disk.put(&Path::new(FOLDER).join("00000000000000000001.hcl"), &bytes);
    let found = read(&disk, 1);
    assert_eq!(found.records, (1..=15).collect::<Vec<_>>());
    assert_eq!((found.damage.len(), found.ending), (0, Ending::Clean));
}

/// What the libraries for compression make may change; all else may not without a new version.
#[test]
fn what_is_written_is_that_version() {
    let (now, then) = (made_now(), fs::read(file(1)).unwrap());
    let plain = 48 + 6 + 64 + (1..=5).map(|sequence| record(sequence).len() + 1).sum::<usize>();
    let longer = (1..=5).filter(|sequence| record(*sequence).len() >= 128).count();
    assert_eq!(now[..plain + longer], then[..plain + longer]);
    assert_eq!(crate::persistence::log::segment::VERSION, 1);
}
