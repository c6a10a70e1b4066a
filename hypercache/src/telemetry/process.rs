//! What the operating system and the allocator say about this process.

use std::hint::black_box;
use std::sync::LazyLock;
use tikv_jemalloc_ctl::Access;
use tikv_jemalloc_ctl::AsName;
use tikv_jemalloc_ctl::epoch;
use tikv_jemalloc_ctl::stats;
use tikv_jemalloc_ctl::thread;

/// Size of the probe that tells whether jemalloc serves allocations.
const PROBE_BYTES: usize = 64 << 10;

/// `USER_HZ`, in which Linux tells times in `/proc`: fixed by its interface on all machines we build for.
const TICKS_PER_SECOND: f64 = 100.0;

/// One reading; what the system does not tell is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessStats {
    /// Processor time, user and system.
    pub cpu_seconds: Option<f64>,
    /// Processor time in user mode.
    pub user_seconds: Option<f64>,
    /// Processor time in the kernel.
    pub system_seconds: Option<f64>,
    /// Resident memory.
    pub resident_bytes: Option<u64>,
    /// Virtual memory.
    pub virtual_bytes: Option<u64>,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// File descriptors that may be open.
    pub max_fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// When the process started, in Unix time.
    pub start_seconds: Option<f64>,
}

impl ProcessStats {
    /// Reads them from `/proc`; all are missing on a system without it.
    pub fn read() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let mut stats = Self { open_fds: open_fds(), max_fds: limit, ..Self::default() };
        stats.take(&stat, boot_seconds());
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        stats.resident_bytes = status_bytes(&status, "VmRSS:");
        stats
    }

    /// Takes the numbers from a line of `/proc/self/stat`; the fields after the name in brackets count from 3.
    fn take(&mut self, stat: &str, boot_seconds: Option<f64>) {
        let Some((_, rest)) = stat.rsplit_once(") ") else { return };
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).and_then(|text| text.parse::<u64>().ok());
        let ticks = TICKS_PER_SECOND;
        self.cpu_seconds = field(14).zip(field(15)).map(|(user, system)| (user + system) as f64 / ticks);
        self.user_seconds = field(14).map(|user| user as f64 / ticks);
        self.system_seconds = field(15).map(|system| system as f64 / ticks);
        self.threads = field(20);
        self.start_seconds = field(22).zip(boot_seconds).map(|(start, boot)| boot + start as f64 / ticks);
        self.virtual_bytes = field(23);
    }
}

/// A line of `/proc/self/status` that counts in kB.
fn status_bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

fn open_fds() -> Option<u64> {
    let entries = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    // The one that reads the folder is among them.
    Some(entries.saturating_sub(1))
}

fn boot_seconds() -> Option<f64> {
    static BOOT: LazyLock<Option<f64>> = LazyLock::new(|| {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
    });
    *BOOT
}

/// What the process takes in memory, as far as limits are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryUsage {
    /// Resident bytes.
    pub resident_bytes: u64,
    /// Bytes that the allocator has given out; the resident ones where it does not tell.
    pub allocated_bytes: u64,
    /// Resident bytes that the allocator keeps although nothing is in them; 0 where it does not tell.
    pub unused_bytes: u64,
}

/// Reads it; none on a system that does not tell. Takes some tens of microseconds.
pub fn memory() -> Option<MemoryUsage> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let resident_bytes = resident_pages(&statm)?.checked_mul(rustix::param::page_size() as u64)?;
    let states = allocator_bytes();
    let of = |state: &str| states.iter().find(|(name, _)| *name == state).map(|(_, bytes)| *bytes);
    let in_use = of("active").unwrap_or(0) + of("metadata").unwrap_or(0);
    Some(MemoryUsage {
        resident_bytes,
        allocated_bytes: of("allocated").unwrap_or(resident_bytes),
        unused_bytes: of("resident").map_or(0, |resident| resident.saturating_sub(in_use)),
    })
}

/// The second number of `/proc/self/statm`.
fn resident_pages(statm: &str) -> Option<u64> {
    statm.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Bytes the allocator holds, by state; nothing if the process does not run on jemalloc.
pub fn allocator_bytes() -> Vec<(&'static str, u64)> {
    static IN_USE: LazyLock<bool> = LazyLock::new(|| jemalloc_serves().unwrap_or(false));
    if !*IN_USE || epoch::advance().is_err() {
        return Vec::new();
    }
    let states = [
        ("allocated", stats::allocated::read()),
        ("active", stats::active::read()),
        ("resident", stats::resident::read()),
        ("retained", stats::retained::read()),
        ("metadata", stats::metadata::read()),
        ("mapped", stats::mapped::read()),
    ];
    states.into_iter().filter_map(|(state, bytes)| Some((state, bytes.ok()? as u64))).collect()
}

/// Has the allocator return all memory that it keeps unused to the system; whether it could.
///
/// Pages that nothing uses decay with time: a time of 0 releases them at once, then the time is what it was.
pub fn purge_allocator() -> bool {
    if allocator_bytes().is_empty() {
        return false;
    }
    let Ok(arenas) = tikv_jemalloc_ctl::arenas::narenas::read() else { return false };
    let mut purged = false;
    for arena in 0..arenas {
        for kind in ["dirty", "muzzy"] {
            let name = format!("arena.{arena}.{kind}_decay_ms\0");
            let name = name.name();
            // An arena that was never used does not know the name.
            let Ok(before) = Access::<isize>::update(name, 0) else { continue };
            purged |= Access::<isize>::write(name, before).is_ok();
        }
    }
    purged
}

/// The allocator is linked in any case; whether it is in use shows when something is allocated.
fn jemalloc_serves() -> Result<bool, tikv_jemalloc_ctl::Error> {
    let allocated = thread::allocatedp::read()?;
    let before = allocated.get();
    let probe: Vec<u8> = black_box(Vec::with_capacity(PROBE_BYTES));
    let after = allocated.get();
    drop(probe);
    Ok(after - before >= PROBE_BYTES as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_confuses_nobody() {
        let mut stats = ProcessStats::default();
        let numbers: Vec<String> = (4..=52).map(|field| (field * 100).to_string()).collect();
        stats.take(&format!("42 (a) b) c) S {}", numbers.join(" ")), Some(1000.0));
        assert_eq!(stats.threads, Some(2000));
        assert_eq!(stats.virtual_bytes, Some(2300));
        assert_eq!(stats.cpu_seconds, Some(29.0));
        assert_eq!((stats.user_seconds, stats.system_seconds), (Some(14.0), Some(15.0)));
        assert_eq!(stats.start_seconds, Some(1022.0));
        assert_eq!(status_bytes("Name: x\nVmRSS:\t   12 kB\n", "VmRSS:"), Some(12 << 10));
    }

    #[test]
    fn this_process_has_plausible_numbers() {
        let stats = ProcessStats::read();
        assert!(stats.resident_bytes.unwrap() > 1 << 20);
        assert!(stats.virtual_bytes.unwrap() >= stats.resident_bytes.unwrap());
        assert!(memory().unwrap().resident_bytes.abs_diff(stats.resident_bytes.unwrap()) < 64 << 20);
        assert_eq!(
            (resident_pages("9 8 7"), resident_pages("9 x"), resident_pages("")),
            (Some(8), None, None)
        );
        assert!(stats.open_fds.unwrap() >= 3 && stats.threads.unwrap() >= 1);
        assert!(stats.open_fds.unwrap() < stats.max_fds.unwrap());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        let age = now - stats.start_seconds.unwrap();
        assert!((-2.0..86_400.0).contains(&age), "started {age} s ago");
    }
}
