//! Registers as runs: `00` and 6 bits for up to 64 zeros, `01` and 14 bits for up to 16,384, `1` with 5 bits of value
//! and 2 of length for up to 4 registers of a value up to 32. Values and lengths are written less 1.

use crate::value::hyperloglog::Fault;
use crate::value::hyperloglog::HEADER_BYTES;
use crate::value::hyperloglog::REGISTERS;

const LONG_ZEROS: u8 = 0x40;
const VALUE: u8 = 0x80;
const VALUE_MAX: u8 = 32;
const VALUE_RUN_MAX: usize = 4;
const ZEROS_MAX: usize = 64;
/// Runs that are looked at after a change, from the one before it on, for neighbours to be joined.
const JOIN_STEPS: usize = 5;

/// A run: the value of its registers, how many there are, and in how many bytes it is written.
#[derive(Debug, Clone, Copy)]
struct Run {
    rank: u8,
    len: usize,
    width: usize,
}

impl Run {
    /// The run that `bytes` begin with; none where there are no more, or only half a one.
    fn first(bytes: &[u8]) -> Option<Self> {
        let mark = *bytes.first()?;
        Some(match mark {
            VALUE.. => Self { rank: (mark >> 2 & 0x1f) + 1, len: usize::from(mark & 3) + 1, width: 1 },
            LONG_ZEROS.. => {
                let len = usize::from(mark & 0x3f) << 8 | usize::from(*bytes.get(1)?);
                Self { rank: 0, len: len + 1, width: 2 }
            }
            _ => Self { rank: 0, len: usize::from(mark) + 1, width: 1 },
        })
    }

    /// Writes a run of `len` registers, nothing where that is 0.
    fn push(bytes: &mut Vec<u8>, rank: u8, len: usize) {
        match (rank, len) {
            (_, 0) => {}
            (0, ..=ZEROS_MAX) => bytes.push(len as u8 - 1),
            (0, _) => bytes.extend_from_slice(&[LONG_ZEROS | ((len - 1) >> 8) as u8, (len - 1) as u8]),
            (rank, len) => bytes.push(VALUE | (rank - 1) << 2 | (len as u8 - 1)),
        }
    }
}

/// Writes registers that are all zero.
pub fn push_empty(bytes: &mut Vec<u8>) {
    Run::push(bytes, 0, REGISTERS);
}

fn walk(bytes: &[u8]) -> impl Iterator<Item = Run> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let run = Run::first(rest)?;
        rest = &rest[run.width..];
        Some(run)
    })
}

/// Whether the runs cover all registers and nothing else; stops where there are too many.
pub fn check(bytes: &[u8]) -> Result<(), Fault> {
    let (mut registers, mut width) = (0, 0);
    for run in walk(bytes) {
        (registers, width) = (registers + run.len, width + run.width);
        if registers > REGISTERS {
            return Err(Fault::Damaged);
        }
    }
    if registers == REGISTERS && width == bytes.len() { Ok(()) } else { Err(Fault::Damaged) }
}

/// Value and length of each run.
pub fn runs(bytes: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    walk(bytes).map(|run| (run.rank, run.len))
}

/// One register of whole ones.
pub fn get(bytes: &[u8], register: usize) -> u8 {
    let mut end = 0;
    let holds = |run: &Run| {
        end += run.len;
        register < end
    };
    walk(bytes).find(holds).map_or(0, |run| run.rank)
}

/// The runs in words.
pub fn told(bytes: &[u8]) -> String {
    let told = walk(bytes).map(|run| match (run.rank, run.width) {
        (0, 1) => format!("z:{}", run.len),
        (0, _) => format!("Z:{}", run.len),
        (rank, _) => format!("v:{rank},{}", run.len),
    });
    told.collect::<Vec<_>>().join(" ")
}

/// What came of an attempt to raise a register.
pub enum Raised {
    /// Whether it was below.
    Done(bool),
    /// It has to be raised, and there is no room for that here; nothing has changed.
    NoRoom,
}

/// Raises a register of a whole HyperLogLog, header and all, to `rank`.
pub fn raise(bytes: &mut Vec<u8>, register: usize, rank: u8, bytes_max: usize) -> Raised {
    if rank > VALUE_MAX {
        return Raised::NoRoom;
    }
    let (mut at, mut first, mut before) = (HEADER_BYTES, 0, None);
    let run = loop {
        let run = Run::first(&bytes[at..]).expect("the runs of a whole one cover all registers");
        if register < first + run.len {
            break run;
        }
        before = Some(at);
        (at, first) = (at + run.width, first + run.len);
    };
    if run.rank >= rank {
        return Raised::Done(false);
    }
    let mut parts = Vec::with_capacity(5);
    Run::push(&mut parts, run.rank, register - first);
    Run::push(&mut parts, rank, 1);
    Run::push(&mut parts, run.rank, first + run.len - 1 - register);
    if parts.len() > run.width && bytes.len() + parts.len() - run.width > bytes_max {
        return Raised::NoRoom;
    }
    bytes.splice(at..at + run.width, parts);
    join(bytes, before.unwrap_or(HEADER_BYTES));
    Raised::Done(true)
}

/// Joins neighbours of the same value, from the run at `at` on.
fn join(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOIN_STEPS {
        let Some(run) = Run::first(&bytes[at..]) else { return };
        let next = Run::first(&bytes[at + run.width..]);
        match next {
            Some(next) if run.rank > 0 && next.rank == run.rank && run.len + next.len <= VALUE_RUN_MAX => {
                bytes.remove(at);
                bytes[at] = VALUE | (run.rank - 1) << 2 | (run.len + next.len - 1) as u8;
            }
            _ => at += run.width,
        }
    }
}
