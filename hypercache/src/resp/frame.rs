//! The RESP2 and RESP3 value model, for replies and for whatever speaks RESP as a client.
//!
//! Requests on a node's hot path do not pass through here: they are parsed in place.

mod encode;
mod scan;
mod token;

#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use scan::Kind;
pub use scan::skip;

use crate::resp::Protocol;
use token::Aggregate;
use token::Leaf;
use token::Token;
use token::token;

/// One RESP value.
///
/// Attributes are read and dropped: nothing here acts on them, and the value they precede is what counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A short status such as `OK`; holds no line break.
    Simple(Bytes),
    /// An error, `PREFIX text`; holds no line break.
    Error(Bytes),
    /// A signed 64-bit number.
    Integer(i64),
    /// Bytes of any content.
    Bulk(Bytes),
    /// No value: RESP3's null, RESP2's null bulk and null array.
    Null,
    /// Values in order.
    Array(Vec<Frame>),
    /// Pairs of key and value, in the order sent.
    Map(Vec<(Frame, Frame)>),
    /// Values without order or repetition; the sender vouches for the latter.
    Set(Vec<Frame>),
    /// A floating-point number, infinities and NaN among them.
    Double(f64),
    /// Truth.
    Boolean(bool),
    /// A number of any length: an optional sign and decimal digits.
    BigNumber(Bytes),
    /// Text with a hint at how to show it.
    Verbatim {
        /// Three bytes: `txt`, `mkd`.
        format: [u8; 3],
        /// The text itself.
        text: Bytes,
    },
    /// An error that may hold any bytes.
    BulkError(Bytes),
    /// Values the server sends unasked.
    Push(Vec<Frame>),
}

/// What a peer may send before it is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimits {
    /// Most aggregates inside each other; 0 allows no aggregate at all.
    pub depth: u8,
    /// Most values in one frame, at all depths together.
    pub elements: usize,
    /// Longest bulk string, bulk error or verbatim string, in bytes.
    pub bulk_bytes: usize,
    /// Longest line (status, error, number or length), in bytes.
    pub line_bytes: usize,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self { depth: 32, elements: 1_048_576, bulk_bytes: 512 * 1024 * 1024, line_bytes: 64 * 1024 }
    }
}

/// Why bytes are not a frame; the stream cannot be followed any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No RESP value starts with this byte.
    #[error("unknown value type byte 0x{0:02x}")]
    UnknownType(u8),
    /// The bytes break the rules of their own type.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// Aggregates nested deeper than [`FrameLimits::depth`].
    #[error("nested deeper than {0} levels")]
    TooDeep(u8),
    /// More values than [`FrameLimits::elements`].
    #[error("more than {0} values in one frame")]
    TooManyElements(usize),
    /// A bulk longer than [`FrameLimits::bulk_bytes`].
    #[error("bulk longer than {0} bytes")]
    BulkTooLong(usize),
    /// A line longer than [`FrameLimits::line_bytes`].
    #[error("line longer than {0} bytes")]
    LineTooLong(usize),
}

/// Reads the frame at the start of `buffer` and says how many bytes it took; `None` asks for more bytes.
///
/// A frame is built only once all of it has arrived, so a length that is announced but never sent costs nothing.
///
/// # Errors
/// When the bytes are not RESP or go beyond `limits`.
pub fn decode(buffer: &[u8], limits: &FrameLimits) -> Result<Option<(Frame, usize)>, FrameError> {
    let Some((end, _)) = skip(buffer, limits)? else { return Ok(None) };
    let mut position = 0;
    let frame = build(&buffer[..end], &mut position, limits)?;
    Ok(frame.map(|frame| (frame, position)))
}

/// Builds the frame at `position`; recursion is bounded because `skip` has measured the depth before.
fn build(buffer: &[u8], position: &mut usize, limits: &FrameLimits) -> Result<Option<Frame>, FrameError> {
    loop {
        let Some(token) = token(buffer, position, limits)? else { return Ok(None) };
        let frame = match token {
            Token::Leaf(leaf) => Some(from_leaf(leaf)),
            Token::Aggregate(Aggregate::Attribute, pairs) => {
                if build_pairs(buffer, position, pairs, limits)?.is_none() {
                    return Ok(None);
                }
                continue;
            }
            Token::Aggregate(Aggregate::Map, pairs) => {
                build_pairs(buffer, position, pairs, limits)?.map(Frame::Map)
            }
            Token::Aggregate(Aggregate::Array, count) => {
                build_items(buffer, position, count, limits)?.map(Frame::Array)
            }
            Token::Aggregate(Aggregate::Set, count) => {
                build_items(buffer, position, count, limits)?.map(Frame::Set)
            }
            Token::Aggregate(Aggregate::Push, count) => {
                build_items(buffer, position, count, limits)?.map(Frame::Push)
            }
        };
        return Ok(frame);
    }
}

fn build_items(
    buffer: &[u8],
    position: &mut usize,
    count: usize,
    limits: &FrameLimits,
) -> Result<Option<Vec<Frame>>, FrameError> {
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        let Some(item) = build(buffer, position, limits)? else { return Ok(None) };
        items.push(item);
    }
    Ok(Some(items))
}

fn build_pairs(
    buffer: &[u8],
    position: &mut usize,
    count: usize,
    limits: &FrameLimits,
) -> Result<Option<Vec<(Frame, Frame)>>, FrameError> {
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let Some(key) = build(buffer, position, limits)? else { return Ok(None) };
        let Some(value) = build(buffer, position, limits)? else { return Ok(None) };
        pairs.push((key, value));
    }
    Ok(Some(pairs))
}

fn from_leaf(leaf: Leaf<'_>) -> Frame {
    match leaf {
        Leaf::Simple(text) => Frame::Simple(Bytes::copy_from_slice(text)),
        Leaf::Error(text) => Frame::Error(Bytes::copy_from_slice(text)),
        Leaf::Integer(number) => Frame::Integer(number),
        Leaf::Bulk(bytes) => Frame::Bulk(Bytes::copy_from_slice(bytes)),
        Leaf::Null => Frame::Null,
        Leaf::Double(number) => Frame::Double(number),
        Leaf::Boolean(truth) => Frame::Boolean(truth),
        Leaf::BigNumber(digits) => Frame::BigNumber(Bytes::copy_from_slice(digits)),
        Leaf::Verbatim(format, text) => Frame::Verbatim { format, text: Bytes::copy_from_slice(text) },
        Leaf::BulkError(bytes) => Frame::BulkError(Bytes::copy_from_slice(bytes)),
    }
}
