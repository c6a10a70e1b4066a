//! Where the keys of a command stand among its arguments.

use crate::resp::Args;
use crate::value::number;

/// Where the keys stand among the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// There are none.
    None,
    /// From `first` to `last` in steps of `step`; `last` counts from the end where it is negative.
    Range {
        /// Index of the first key.
        first: usize,
        /// Index of the last key, -1 the last argument.
        last: i32,
        /// Distance from one key to the next.
        step: usize,
    },
    /// The first argument, which is written, and as many as the second one says, right after it, which are read.
    DestinationAndNumkeys,
    /// As many as the argument at `at` says, right after it.
    Numkeys {
        /// Index of the number.
        at: usize,
    },
    /// The first half of what follows the word `STREAMS`, which stands among options of `XREAD`.
    AfterStreams,
    /// The first argument, which is read, and the one after the last `STORE` or `STOREDIST`, which is written.
    OneAndStored {
        /// Index from which on these words may stand.
        from: usize,
    },
    /// The first argument, which is read, and, where the command stores, the one after the last `STORE` among the options of
    /// `SORT`, which is written.
    Sorted {
        /// Whether `STORE` is an option.
        stores: bool,
    },
}

impl Keys {
    /// One key, right after the name.
    pub const ONE: Self = Self::Range { first: 1, last: 1, step: 1 };
    /// All arguments.
    pub const ALL: Self = Self::Range { first: 1, last: -1, step: 1 };
    /// Every other argument: key, value, key, value.
    pub const PAIRS: Self = Self::Range { first: 1, last: -1, step: 2 };
    /// All arguments but the last one.
    pub const BUT_LAST: Self = Self::Range { first: 1, last: -2, step: 1 };
    /// The first two arguments.
    pub const TWO: Self = Self::Range { first: 1, last: 2, step: 1 };

    /// Whether positions alone do not tell them.
    pub const fn are_movable(self) -> bool {
        !matches!(self, Self::None | Self::Range { .. })
    }

    /// Indexes of the keys in `args`.
    pub fn positions(self, args: Args<'_>) -> impl Iterator<Item = usize> + use<> {
        let counted = |at: usize| {
            let after = args.from(at + 1).len();
            let count = args.get(at).and_then(number::decimal).and_then(|count| usize::try_from(count).ok());
            // A number that is wrong names no key; the handler says so.
            let count = count.filter(|count| *count <= after).unwrap_or(0);
            (at + 1, at + 1 + count, 1)
        };
        let destination = (self == Self::DestinationAndNumkeys && args.len() > 1).then_some(1);
        let (first, end, step) = match self {
            Self::AfterStreams => {
                let first = streams(args).unwrap_or(args.len());
                let half = args.len().saturating_sub(first) / 2;
                (first, first + half, 1)
            }
            Self::DestinationAndNumkeys => counted(2),
            Self::None => (0, 0, 1),
            Self::Range { first, last, step } => {
                let end = match usize::try_from(last) {
                    Ok(last) => (last + 1).min(args.len()),
                    Err(_) => (args.len() + 1).saturating_sub(last.unsigned_abs() as usize),
                };
                (first, end, step)
            }
            Self::Numkeys { at } => counted(at),
            Self::OneAndStored { .. } | Self::Sorted { .. } => (1, 2.min(args.len()), 1),
        };
        let stored = match self {
            Self::OneAndStored { from } => stored_key(args, from),
            Self::Sorted { stores: true } => sorted_key(args),
            _ => None,
        };
        destination.into_iter().chain((first..end).step_by(step)).chain(stored)
    }
}

/// The argument after the last `STORE` or `STOREDIST` that stands at `from` or later.
fn stored_key(args: Args<'_>, from: usize) -> Option<usize> {
    let (mut at, mut found) = (from, None);
    while at + 1 < args.len() {
        if args[at].eq_ignore_ascii_case(b"STORE") || args[at].eq_ignore_ascii_case(b"STOREDIST") {
            at += 1;
            found = Some(at);
        }
        at += 1;
    }
    found
}

/// Index of the first argument after `STREAMS`, read as `XREAD` and `XREADGROUP` read their options; none where it is not
/// there or is not followed by as many IDs as keys.
fn streams(args: Args<'_>) -> Option<usize> {
    let mut at = 1;
    loop {
        let word = args.get(at)?.to_ascii_uppercase();
        at += match word.as_slice() {
            b"STREAMS" => {
                let after = args.from(at + 1).len();
                return (after > 0 && after.is_multiple_of(2)).then_some(at + 1);
            }
            b"BLOCK" | b"COUNT" => 2,
            b"GROUP" => 3,
            b"NOACK" => 1,
            _ => return None,
        };
    }
}

/// The argument after the last `STORE` that is an option of `SORT` and not the argument of another one.
fn sorted_key(args: Args<'_>) -> Option<usize> {
    let (mut at, mut found) = (2, None);
    while at + 1 < args.len() {
        let is = |word: &str| args[at].eq_ignore_ascii_case(word.as_bytes());
        at += if is("LIMIT") && at + 2 < args.len() {
            3
        } else if is("STORE") {
            found = Some(at + 1);
            2
        } else if is("BY") || is("GET") {
            2
        } else {
            1
        };
    }
    found
}
