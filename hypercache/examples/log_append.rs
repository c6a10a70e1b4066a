//! What it costs to keep a record in the log, for each fsync policy: the append alone, and records a second until each has
//! what its policy promises. `cargo run --release --example log_append -- [records] [bytes of each] [folder]`

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use hypercache::config::Compression;
use hypercache::config::Fsync;
use hypercache::config::Persistence;
use hypercache::persistence::Log;
use hypercache::persistence::disk::RealDisk;
use hypercache::persistence::log::Handling;
use hypercache::persistence::log::LogOptions;

/// Commands that an I/O thread runs before it writes and replies, about.
const BATCH: u64 = 32;

/// Connections that wait for the disk at the same time.
const CONNECTIONS: u64 = 256;

struct Outcome {
    append: Duration,
    whole: Duration,
}

/// One thread: appends, and writes after each batch.
fn written(log: &Log, handling: Handling, records: u64, record: &[u8]) -> Result<Outcome, Box<dyn Error>> {
    let began = Instant::now();
    let mut append = Duration::ZERO;
    for _ in 0..records / BATCH {
        let batch = Instant::now();
        for _ in 0..BATCH {
            log.append(record, handling);
        }
        append += batch.elapsed();
        log.write(log.appended())?;
    }
    Ok(Outcome { append, whole: began.elapsed() })
}

/// Many connections, each of which waits until its record is on disk.
async fn synced(
    log: Arc<Log>,
    handling: Handling,
    records: u64,
    record: &[u8],
) -> Result<Outcome, Box<dyn Error>> {
    let began = Instant::now();
    let append = Arc::new(AtomicU64::new(0));
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let (log, append, record) = (Arc::clone(&log), Arc::clone(&append), record.to_vec());
        connections.push(tokio::spawn(async move {
            for _ in 0..records / CONNECTIONS {
                let one = Instant::now();
                let sequence = log.append(&record, handling);
                append.fetch_add(u64::try_from(one.elapsed().as_nanos()).unwrap_or(u64::MAX), Relaxed);
                log.until_synced(sequence).await?;
            }
            Ok::<(), hypercache::persistence::log::LogFailure>(())
        }));
    }
    for connection in connections {
        connection.await??;
    }
    Ok(Outcome { append: Duration::from_nanos(append.load(Relaxed)), whole: began.elapsed() })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let records: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let size: usize = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let root = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let record: Vec<u8> = (0..size).map(|at| u8::try_from(at % 61).unwrap_or_default()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    println!("{records} records of {size} bytes");
    for (name, fsync) in [("never", Fsync::Never), ("periodic", Fsync::Periodic), ("always", Fsync::Always)] {
        for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
            let folder = root.join(format!("hypercache-log-append-{}", std::process::id()));
            let log = Log::open(Arc::new(RealDisk), &folder, 1, LogOptions::default(), 1, b"", None)?;
            log.set_policy(0, &Persistence { fsync, ..Persistence::default() });
            let log = Arc::new(log);
            let handling = Handling { store: 0, fsync, compression };
            let outcome = match fsync {
                Fsync::Always => runtime.block_on(synced(
                    Arc::clone(&log),
                    handling,
                    (records / 10).max(CONNECTIONS),
                    &record,
                )),
                _ => written(&log, handling, records.max(BATCH), &record),
            };
            let tally = log.tally();
            let closed = log.shutdown();
            std::fs::remove_dir_all(&folder)?;
            closed?;
            let Outcome { append, whole } = outcome?;
            println!(
                "fsync {name:8} {compression:?}: append {:6.0} ns, {:8.0} records/s, {:.1} records a sync, {} MB/s",
                append.as_nanos() as f64 / tally.records as f64,
                tally.records as f64 / whole.as_secs_f64(),
                tally.synced_records as f64 / tally.syncs.max(1) as f64,
                (tally.written_bytes as f64 / 1e6 / whole.as_secs_f64()).round(),
            );
        }
    }
    Ok(())
}
