//! How much memory the process may take: as it was said, and as the system allows.
//!
//! A container's memory is limited by control groups. Whoever passes such a limit is ended by the kernel without a word,
//! so a node has to know it. The files are read below a root folder, which tests choose.

use std::fmt;
use std::fs;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use super::units::Size;

/// `node.memory_limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLimit {
    /// The smallest limit of the control groups that the process is in, else the machine's memory.
    Auto,
    /// So many bytes, or what `Auto` finds if that is less; 0: no limit, and so no pressure.
    Bytes(u64),
}

impl FromStr for MemoryLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        text.parse()
            .map(|Size(bytes)| Self::Bytes(bytes))
            .map_err(|wrong: String| format!("{wrong}, or auto"))
    }
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Bytes(bytes) => Size(*bytes).fmt(f),
        }
    }
}

/// Who sets the limit of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSource {
    /// The configuration.
    Configured,
    /// A control group, version 2.
    CgroupV2,
    /// A control group, version 1.
    CgroupV1,
    /// The machine has no more memory.
    Machine,
    /// Nobody: it is switched off, or the system does not tell.
    None,
}

impl LimitSource {
    /// A word for fields and labels.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::CgroupV2 => "cgroup_v2",
            Self::CgroupV1 => "cgroup_v1",
            Self::Machine => "machine",
            Self::None => "none",
        }
    }
}

/// The limit that holds for the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessLimit {
    /// Bytes; 0: no limit.
    pub bytes: u64,
    /// Who sets it.
    pub source: LimitSource,
}

impl fmt::Display for ProcessLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self.source {
            LimitSource::Configured => "node.memory_limit",
            LimitSource::CgroupV2 | LimitSource::CgroupV1 => "the control group's limit",
            LimitSource::Machine => "the machine's memory",
            LimitSource::None => return f.write_str("no limit"),
        };
        write!(f, "{} ({whose})", Size(self.bytes))
    }
}

impl MemoryLimit {
    /// The limit that holds on this machine.
    pub fn resolve(self) -> ProcessLimit {
        self.resolve_below(Path::new("/"))
    }

    /// The limit that holds by the files below `root`.
    pub fn resolve_below(self, root: &Path) -> ProcessLimit {
        let configured = match self {
            Self::Bytes(0) => return ProcessLimit { bytes: 0, source: LimitSource::None },
            Self::Bytes(bytes) => Some(ProcessLimit { bytes, source: LimitSource::Configured }),
            Self::Auto => None,
        };
        // What the kernel allows holds, whatever is configured; of equals, the first tells more.
        [configured, of_groups(root), of_machine(root)]
            .into_iter()
            .flatten()
            .min_by_key(|limit| limit.bytes)
            .unwrap_or(ProcessLimit { bytes: 0, source: LimitSource::None })
    }
}

/// The machine's memory in bytes; none where the system does not tell.
pub fn machine_memory() -> Option<u64> {
    of_machine(Path::new("/")).map(|machine| machine.bytes)
}

fn of_machine(root: &Path) -> Option<ProcessLimit> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    Some(ProcessLimit { bytes: total_memory(&text)?, source: LimitSource::Machine })
}

/// The machine's memory in bytes, from the text of `/proc/meminfo`.
fn total_memory(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024).filter(|bytes| *bytes > 0)
}

/// The smallest limit of the control groups that the process is in.
fn of_groups(root: &Path) -> Option<ProcessLimit> {
    let text = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mounts = root.join("sys/fs/cgroup");
    memberships(&text)
        .into_iter()
        .filter_map(|Membership { source, path }| {
            let (folder, files): (PathBuf, &[&str]) = match source {
                // Above `memory.high` a process is slowed down until it can do nothing: that, too, is an end.
                LimitSource::CgroupV2 => (mounts.clone(), &["memory.max", "memory.high"]),
                _ => (mounts.join("memory"), &["memory.limit_in_bytes"]),
            };
            let bytes = smallest(&folder, &path, files)?;
            Some(ProcessLimit { bytes, source })
        })
        .min_by_key(|limit| limit.bytes)
}

/// A group that the process is in, and that may limit its memory.
#[derive(Debug, PartialEq, Eq)]
struct Membership {
    source: LimitSource,
    path: PathBuf,
}

/// The groups that the text of `/proc/self/cgroup` names: lines `number:controllers:path`, version 2 without controllers.
fn memberships(text: &str) -> Vec<Membership> {
    let of_line = |line: &str| {
        let mut parts = line.splitn(3, ':');
        let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let source = if controllers.split(',').any(|controller| controller == "memory") {
            LimitSource::CgroupV1
        } else if number == "0" && controllers.is_empty() {
            LimitSource::CgroupV2
        } else {
            return None;
        };
        // A path that leads up and out of what can be seen from here says nothing that could be read.
        let parts = Path::new(path).components();
        let inside = parts.take_while(|part| !matches!(part, Component::ParentDir));
        let path = inside.filter(|part| matches!(part, Component::Normal(_))).collect();
        Some(Membership { source, path })
    };
    text.lines().filter_map(of_line).collect()
}

/// The smallest number in `files` of the group at `path` and of those around it. In a container the path is often one
/// of the machine outside: what is not there is passed over, and the mount's own folder is the container's group.
fn smallest(mount: &Path, path: &Path, files: &[&str]) -> Option<u64> {
    let folders = path.ancestors().map(|part| mount.join(part));
    let texts =
        folders.flat_map(|folder| files.iter().map(move |file| fs::read_to_string(folder.join(file))));
    texts.filter_map(|text| limit(&text.ok()?)).min()
}

/// The bytes that the text of a group's file allows; none for `max`. Version 1 says a very large number instead, which
/// the machine's memory is below.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A root folder with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn found(limit: MemoryLimit, files: &[(&str, &str)]) -> (u64, LimitSource) {
        let ProcessLimit { bytes, source } = limit.resolve_below(root(files).path());
        (bytes, source)
    }

    const MEMORY: (&str, &str) = ("proc/meminfo", "MemTotal:       4194304 kB\nMemFree: 1 kB\n");
    const MACHINE: (u64, LimitSource) = (4 << 30, LimitSource::Machine);

    #[test]
    fn without_groups_the_machine_is_the_limit() {
        assert_eq!(found(MemoryLimit::Auto, &[]), (0, LimitSource::None));
        assert_eq!(found(MemoryLimit::Auto, &[MEMORY]), MACHINE);
        assert_eq!(found(MemoryLimit::Bytes(0), &[MEMORY]), (0, LimitSource::None));
        assert_eq!(found(MemoryLimit::Bytes(64 << 20), &[MEMORY]), (64 << 20, LimitSource::Configured));
        assert_eq!(found(MemoryLimit::Bytes(64 << 30), &[MEMORY]), MACHINE, "no more than there is");
    }

    #[test]
    fn the_smallest_limit_on_the_way_up_holds() {
        let files = [
            MEMORY,
            ("proc/self/cgroup", "0::/kube/pod/box\n"),
            ("sys/fs/cgroup/kube/pod/box/memory.max", "max\n"),
            ("sys/fs/cgroup/kube/pod/box/memory.high", "max\n"),
            ("sys/fs/cgroup/kube/pod/memory.max", "536870912\n"),
            ("sys/fs/cgroup/kube/memory.max", "1073741824\n"),
        ];
        assert_eq!(found(MemoryLimit::Auto, &files), (512 << 20, LimitSource::CgroupV2));
        let with_high = [&files[..], &[("sys/fs/cgroup/kube/memory.high", "104857600\n")]].concat();
        assert_eq!(found(MemoryLimit::Auto, &with_high), (100 << 20, LimitSource::CgroupV2));
        assert_eq!(found(MemoryLimit::Bytes(1 << 20), &with_high), (1 << 20, LimitSource::Configured));
        assert_eq!(found(MemoryLimit::Bytes(1 << 30), &with_high), (100 << 20, LimitSource::CgroupV2));
    }

    #[test]
    fn in_a_container_the_mount_itself_is_the_group() {
        for path in ["/", "/docker/0123", "/../../other"] {
            let text = format!("0::{path}\n");
            let files =
                [MEMORY, ("proc/self/cgroup", text.as_str()), ("sys/fs/cgroup/memory.max", "134217728\n")];
            assert_eq!(found(MemoryLimit::Auto, &files), (128 << 20, LimitSource::CgroupV2), "{path}");
        }
    }

    #[test]
    fn version_1_says_no_limit_by_a_large_number() {
        let group = ("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/a/b\n0::/\n");
        let none = ("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(found(MemoryLimit::Auto, &[MEMORY, group, none]), MACHINE);
        let some = ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "268435456\n");
        assert_eq!(
            found(MemoryLimit::Auto, &[MEMORY, group, none, some]),
            (256 << 20, LimitSource::CgroupV1)
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["auto", "0", "64MB", "1234"] {
            assert_eq!(text.parse::<MemoryLimit>().unwrap().to_string(), text);
        }
        assert!("much".parse::<MemoryLimit>().unwrap_err().ends_with("or auto"));
    }

    #[test]
    fn this_machine_has_memory() {
        assert!(MemoryLimit::Auto.resolve().bytes > 1 << 20 && machine_memory().unwrap() > 1 << 20);
    }

    proptest! {
        #[test]
        fn no_text_panics_or_leads_out(text in ".{0,80}", path in "(/|\\.\\.|a|:|0::){0,8}") {
            prop_assert!(total_memory(&text).is_none_or(|bytes| bytes % 1024 == 0) && limit(&text) != Some(0));
            for line in [text, format!("0::{path}")] {
                for membership in memberships(&line) {
                    prop_assert!(membership.path.components().all(|part| matches!(part, Component::Normal(_))));
                }
            }
        }
    }
}
