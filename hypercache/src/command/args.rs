//! A cursor over a command's arguments, with Redis's errors.

use crate::command::ReplyError;
use crate::command::error;
use crate::resp::Args;
use crate::value::number;

/// Reads arguments from left to right.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    args: Args<'a>,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at `index`.
    pub fn at(args: Args<'a>, index: usize) -> Self {
        Self { args, at: index }
    }

    /// The next argument; a syntax error where there is none.
    pub fn required(&mut self) -> Result<&'a [u8], ReplyError> {
        self.next().ok_or(error::SYNTAX)
    }

    /// The next argument as an integer; a syntax error where there is none.
    pub fn integer(&mut self) -> Result<i64, ReplyError> {
        integer(self.required()?)
    }

    /// Whether the next argument is this word, in any case; then it is behind us.
    pub fn word(&mut self, word: &str) -> bool {
        let found =
            self.args.get(self.at).is_some_and(|argument| argument.eq_ignore_ascii_case(word.as_bytes()));
        self.at += usize::from(found);
        found
    }

    /// Arguments still ahead.
    pub fn remaining(&self) -> usize {
        self.args.len().saturating_sub(self.at)
    }

    /// An error unless all arguments are read.
    pub fn end(&self) -> Result<(), ReplyError> {
        if self.remaining() == 0 { Ok(()) } else { Err(error::SYNTAX) }
    }
}

impl<'a> Iterator for Cursor<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let argument = self.args.get(self.at)?;
        self.at += 1;
        Some(argument)
    }
}

/// An argument as a 64-bit integer.
pub fn integer(argument: &[u8]) -> Result<i64, ReplyError> {
    number::decimal(argument).ok_or(error::NOT_AN_INTEGER)
}

/// The part of `len` elements from `start` to `end`, both included, as commands name it: negative indexes count from the
/// end, what lies outside is cut off. None where nothing is left.
pub fn index_range(start: i64, end: i64, len: u64) -> Option<(u64, u64)> {
    if len == 0 || (start < 0 && end < 0 && start > end) {
        return None;
    }
    let from_start = |index: i64| {
        if index < 0 { len.saturating_sub(index.unsigned_abs()) } else { index.unsigned_abs() }
    };
    let (start, end) = (from_start(start), from_start(end).min(len - 1));
    (start <= end).then_some((start, end))
}

/// The numbers of the elements from `start` to `stop`, both included, as commands on lists and sorted sets name them:
/// negative indexes count from the end, what lies outside is cut off. None where nothing is left.
pub fn element_range(start: i64, stop: i64, len: usize) -> Option<std::ops::Range<usize>> {
    let distance = |index: i64| usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    let start = if start < 0 { len.saturating_sub(distance(start)) } else { distance(start) };
    let end = if stop < 0 {
        (len + 1).saturating_sub(distance(stop))
    } else {
        distance(stop).saturating_add(1).min(len)
    };
    (start < end).then_some(start..end)
}

/// An argument as a finite or infinite floating-point number.
pub fn float(argument: &[u8]) -> Result<f64, ReplyError> {
    number::float(argument).ok_or(error::NOT_A_FLOAT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn element_ranges_are_cut_as_redis_cuts_them() {
        for (start, stop, len, range) in [
            (0, -1, 5, Some(0..5)),
            (-3, -2, 5, Some(2..4)),
            (1, 100, 5, Some(1..5)),
            (-100, 1, 5, Some(0..2)),
            (-100, -50, 5, None),
            (0, -6, 5, None),
            (0, -5, 5, Some(0..1)),
            (3, 2, 5, None),
            (5, 9, 5, None),
            (0, -1, 0, None),
            (i64::MIN, i64::MAX, 5, Some(0..5)),
        ] {
            assert_eq!(element_range(start, stop, len), range, "{start} {stop} {len}");
        }
    }

    #[test]
    fn index_ranges_are_cut_as_redis_cuts_them() {
        for (start, end, len, range) in [
            (0, -1, 5, Some((0, 4))),
            (-3, -2, 5, Some((2, 3))),
            (1, 100, 5, Some((1, 4))),
            (-100, 1, 5, Some((0, 1))),
            (-100, -50, 5, Some((0, 0))),
            (-50, -100, 5, None),
            (3, 2, 5, None),
            (5, 9, 5, None),
            (0, -1, 0, None),
            (i64::MIN, i64::MAX, 5, Some((0, 4))),
        ] {
            assert_eq!(index_range(start, end, len), range, "{start} {end} {len}");
        }
    }
}
