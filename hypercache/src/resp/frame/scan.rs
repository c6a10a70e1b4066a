//! Finds where a frame ends and what kind of reply it is, without building it.

use super::FrameError;
use super::FrameLimits;
use super::token::Aggregate;
use super::token::Leaf;
use super::token::Token;
use super::token::token;

/// What a reply amounts to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind<'a> {
    /// A status other than a value: `OK`, `PONG`, `QUEUED`.
    Status(&'a [u8]),
    /// An error; holds its first word (`ERR`, `WRONGTYPE`, `NOAUTH`).
    Error(&'a [u8]),
    /// No value.
    Null,
    /// A number.
    Integer(i64),
    /// Any other single value, with its length in bytes (0 for doubles and booleans).
    Value(usize),
    /// An array, map, set or push.
    Items {
        /// Values directly inside; a map's keys and values count each.
        count: usize,
        /// How many of those are null.
        nulls: usize,
        /// Whether the server sent it unasked, so that it answers no request.
        push: bool,
    },
}

/// The end of the frame at the start of `buffer` and its kind; `None` asks for more bytes.
///
/// # Errors
/// When the bytes are not RESP or go beyond `limits`.
pub fn skip<'a>(buffer: &'a [u8], limits: &FrameLimits) -> Result<Option<(usize, Kind<'a>)>, FrameError> {
    let mut scanner = Scanner { buffer, position: 0, budget: limits.elements, limits };
    Ok(scanner.frame(0)?.map(|kind| (scanner.position, kind)))
}

struct Scanner<'a, 'l> {
    buffer: &'a [u8],
    position: usize,
    /// Values this frame may still hold.
    budget: usize,
    limits: &'l FrameLimits,
}

impl<'a> Scanner<'a, '_> {
    fn frame(&mut self, depth: u8) -> Result<Option<Kind<'a>>, FrameError> {
        loop {
            self.spend(1)?;
            let Some(token) = token(self.buffer, &mut self.position, self.limits)? else { return Ok(None) };
            let (aggregate, count) = match token {
                Token::Leaf(leaf) => return Ok(Some(kind_of(leaf))),
                Token::Aggregate(aggregate, count) => (aggregate, count),
            };
            let per_entry = if matches!(aggregate, Aggregate::Map | Aggregate::Attribute) { 2 } else { 1 };
            let count =
                count.checked_mul(per_entry).ok_or(FrameError::TooManyElements(self.limits.elements))?;
            let Some(nulls) = self.items(count, depth)? else { return Ok(None) };
            if aggregate == Aggregate::Attribute {
                continue;
            }
            return Ok(Some(Kind::Items { count, nulls, push: aggregate == Aggregate::Push }));
        }
    }

    /// Passes over the values of an aggregate and counts the nulls.
    fn items(&mut self, count: usize, depth: u8) -> Result<Option<usize>, FrameError> {
        if depth >= self.limits.depth {
            return Err(FrameError::TooDeep(self.limits.depth));
        }
        if count > self.budget {
            return Err(FrameError::TooManyElements(self.limits.elements));
        }
        let mut nulls = 0;
        for _ in 0..count {
            let Some(kind) = self.frame(depth + 1)? else { return Ok(None) };
            nulls += usize::from(kind == Kind::Null);
        }
        Ok(Some(nulls))
    }

    fn spend(&mut self, elements: usize) -> Result<(), FrameError> {
        self.budget =
            self.budget.checked_sub(elements).ok_or(FrameError::TooManyElements(self.limits.elements))?;
        Ok(())
    }
}

fn kind_of(leaf: Leaf<'_>) -> Kind<'_> {
    match leaf {
        Leaf::Simple(text) => Kind::Status(text),
        Leaf::Error(text) | Leaf::BulkError(text) => Kind::Error(first_word(text)),
        Leaf::Integer(number) => Kind::Integer(number),
        Leaf::Null => Kind::Null,
        Leaf::Bulk(bytes) | Leaf::BigNumber(bytes) | Leaf::Verbatim(_, bytes) => Kind::Value(bytes.len()),
        Leaf::Double(_) | Leaf::Boolean(_) => Kind::Value(0),
    }
}

fn first_word(text: &[u8]) -> &[u8] {
    let end = memchr::memchr3(b' ', b'\r', b'\n', text).unwrap_or(text.len());
    &text[..end]
}
