//! IDs of entries as commands name them.

use crate::command::ReplyError;
use crate::value::stream::id::Id;
use crate::value::stream::id::Parts;
use crate::value::stream::id::Seq;

const INVALID: ReplyError = ReplyError::err("Invalid stream ID specified as stream command argument");
const INVALID_START: ReplyError = ReplyError::err("invalid start ID for the interval");
const INVALID_END: ReplyError = ReplyError::err("invalid end ID for the interval");

/// The ID that a new entry is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NewId {
    /// The next one at this time, or after the last one.
    Auto,
    /// The next one of these milliseconds.
    Within(u64),
    /// This one.
    Given(Id),
}

/// An ID; its second number is 0 where it is left out. `-` and `+` are none.
pub(super) fn strict(argument: &[u8]) -> Result<Id, ReplyError> {
    read(argument, 0).ok_or(INVALID)
}

/// As `strict`; `-` and `+` are the least and the greatest.
pub(super) fn extended(argument: &[u8]) -> Result<Id, ReplyError> {
    inclusive(argument, 0)
}

/// Whether it is one, as `strict` reads it.
pub(super) fn optional(argument: &[u8]) -> Option<Id> {
    read(argument, 0)
}

/// The ID of an entry to be added.
pub(super) fn new(argument: &[u8]) -> Result<NewId, ReplyError> {
    if argument == b"*" {
        return Ok(NewId::Auto);
    }
    let parts = Parts::read(argument).ok_or(INVALID)?;
    Ok(match parts.seq {
        Seq::Next => NewId::Within(parts.ms),
        Seq::Given(seq) => NewId::Given(Id { ms: parts.ms, seq }),
        Seq::Missing => NewId::Given(Id { ms: parts.ms, seq: 0 }),
    })
}

/// The first ID of a range: `(` before it leaves it out.
pub(super) fn start(argument: &[u8]) -> Result<Id, ReplyError> {
    match argument {
        [b'(', open @ ..] if !open.is_empty() => strict(open)?.next().ok_or(INVALID_START),
        _ => inclusive(argument, 0),
    }
}

/// The last ID of a range: `(` before it leaves it out; the greatest of its milliseconds where the second number is left
/// out.
pub(super) fn end(argument: &[u8]) -> Result<Id, ReplyError> {
    match argument {
        [b'(', open @ ..] if !open.is_empty() => {
            read(open, u64::MAX).ok_or(INVALID)?.previous().ok_or(INVALID_END)
        }
        _ => inclusive(argument, u64::MAX),
    }
}

fn inclusive(argument: &[u8], missing: u64) -> Result<Id, ReplyError> {
    match argument {
        b"-" => Ok(Id::ZERO),
        b"+" => Ok(Id::MAX),
        _ => read(argument, missing).ok_or(INVALID),
    }
}

fn read(argument: &[u8], missing: u64) -> Option<Id> {
    let parts = Parts::read(argument)?;
    let seq = match parts.seq {
        Seq::Given(seq) => seq,
        Seq::Missing => missing,
        Seq::Next => return None,
    };
    Some(Id { ms: parts.ms, seq })
}
