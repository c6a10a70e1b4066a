//! The ends of ranges of a sorted set, by score and by member, as commands name them.

use std::ops::Range;

use crate::command::ReplyError;
use crate::value::number;
use crate::value::zset::ZSet;

const NOT_A_SCORE: ReplyError = ReplyError::err("min or max is not a float");
const NOT_A_MEMBER: ReplyError = ReplyError::err("min or max not valid string range item");

/// A range of scores: `1.5` is in it, `(1.5` is not.
#[derive(Debug, Clone, Copy)]
pub struct Scores {
    min: Bound<f64>,
    max: Bound<f64>,
}

/// A range of members: `[a` is in it, `(a` is not, `-` and `+` are the ends of all.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
    min: MemberBound<'a>,
    max: MemberBound<'a>,
}

#[derive(Debug, Clone, Copy)]
struct Bound<T> {
    at: T,
    excluded: bool,
}

#[derive(Debug, Clone, Copy)]
enum MemberBound<'a> {
    Least,
    At(Bound<&'a [u8]>),
    Greatest,
}

/// A score as an argument; an infinite one must be written as such.
pub fn score(argument: &[u8]) -> Option<f64> {
    number::float(argument).filter(|score| score.is_finite() || !argument.iter().any(u8::is_ascii_digit))
}

impl Scores {
    /// Reads both ends.
    pub fn parse(min: &[u8], max: &[u8]) -> Result<Self, ReplyError> {
        let bound = |argument: &[u8]| {
            let (excluded, number) = match argument {
                [b'(', number @ ..] => (true, number),
                number => (false, number),
            };
            score(number).map(|at| Bound { at, excluded }).ok_or(NOT_A_SCORE)
        };
        Ok(Self { min: bound(min)?, max: bound(max)? })
    }

    /// The ranks of the pairs in the range.
    pub fn ranks(self, zset: &ZSet) -> Range<usize> {
        let Self { min, max } = self;
        let start = zset.rank_by_score(|score| score < min.at || (min.excluded && score == min.at));
        let end = zset.rank_by_score(|score| score < max.at || (!max.excluded && score == max.at));
        start..end.max(start)
    }
}

impl<'a> Members<'a> {
    /// Reads both ends.
    pub fn parse(min: &'a [u8], max: &'a [u8]) -> Result<Self, ReplyError> {
        let bound = |argument: &'a [u8]| match argument {
            b"-" => Ok(MemberBound::Least),
            b"+" => Ok(MemberBound::Greatest),
            [b'[', at @ ..] => Ok(MemberBound::At(Bound { at, excluded: false })),
            [b'(', at @ ..] => Ok(MemberBound::At(Bound { at, excluded: true })),
            _ => Err(NOT_A_MEMBER),
        };
        Ok(Self { min: bound(min)?, max: bound(max)? })
    }

    /// The ranks of the pairs in the range, where all scores are equal.
    pub fn ranks(self, zset: &ZSet) -> Range<usize> {
        let start = match self.min {
            MemberBound::Least => 0,
            MemberBound::At(Bound { at, excluded }) => {
                zset.rank_by_member(|member| member < at || (excluded && member == at))
            }
            MemberBound::Greatest => zset.len(),
        };
        let end = match self.max {
            MemberBound::Least => 0,
            MemberBound::At(Bound { at, excluded }) => {
                zset.rank_by_member(|member| member < at || (!excluded && member == at))
            }
            MemberBound::Greatest => zset.len(),
        };
        start..end.max(start)
    }
}
