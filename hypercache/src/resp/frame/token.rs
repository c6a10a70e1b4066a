//! Splits RESP bytes into leaves and headers of aggregates; borrows, allocates nothing.

use super::FrameError;
use super::FrameLimits;

/// The next piece of a frame.
pub(super) enum Token<'a> {
    /// A value that holds no others.
    Leaf(Leaf<'a>),
    /// The header of an aggregate and its count: pairs for maps and attributes, values for the rest.
    Aggregate(Aggregate, usize),
}

/// A value that holds no others, still in the buffer.
pub(super) enum Leaf<'a> {
    Simple(&'a [u8]),
    Error(&'a [u8]),
    Integer(i64),
    Bulk(&'a [u8]),
    Null,
    Double(f64),
    Boolean(bool),
    BigNumber(&'a [u8]),
    Verbatim([u8; 3], &'a [u8]),
    BulkError(&'a [u8]),
}

/// The types that hold other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Array,
    Map,
    Set,
    Push,
    Attribute,
}

/// Reads the token at `position` and moves past it; `None` (position unchanged) asks for more bytes.
pub(super) fn token<'a>(
    buffer: &'a [u8],
    position: &mut usize,
    limits: &FrameLimits,
) -> Result<Option<Token<'a>>, FrameError> {
    let Some(&kind) = buffer.get(*position) else { return Ok(None) };
    if !b"+-:$*_,#(!=%~>|".contains(&kind) {
        return Err(FrameError::UnknownType(kind));
    }
    let Some((line, after)) = line(buffer, *position + 1, limits)? else { return Ok(None) };
    let leaf = match kind {
        b'+' => Leaf::Simple(line),
        b'-' => Leaf::Error(line),
        b':' => Leaf::Integer(integer(line)?),
        b'_' if line.is_empty() => Leaf::Null,
        b'_' => return Err(FrameError::Malformed("null")),
        b',' => Leaf::Double(double(line)?),
        b'#' => Leaf::Boolean(boolean(line)?),
        b'(' => Leaf::BigNumber(big_number(line)?),
        b'$' | b'*' if line == b"-1" => Leaf::Null,
        b'$' | b'!' | b'=' => {
            let length = length(line)?;
            let Some((bytes, end)) = bulk(buffer, after, length, limits)? else { return Ok(None) };
            *position = end;
            return Ok(Some(Token::Leaf(match kind {
                b'$' => Leaf::Bulk(bytes),
                b'!' => Leaf::BulkError(bytes),
                _ => verbatim(bytes)?,
            })));
        }
        _ => {
            let count = length(line)?;
            *position = after;
            return Ok(Some(Token::Aggregate(aggregate(kind), count)));
        }
    };
    *position = after;
    Ok(Some(Token::Leaf(leaf)))
}

fn aggregate(kind: u8) -> Aggregate {
    match kind {
        b'%' => Aggregate::Map,
        b'~' => Aggregate::Set,
        b'>' => Aggregate::Push,
        b'|' => Aggregate::Attribute,
        _ => Aggregate::Array,
    }
}

/// The line from `start` without its CRLF, and where the next one starts.
fn line<'a>(
    buffer: &'a [u8],
    start: usize,
    limits: &FrameLimits,
) -> Result<Option<(&'a [u8], usize)>, FrameError> {
    let rest = &buffer[start..];
    let window = &rest[..rest.len().min(limits.line_bytes.saturating_add(1))];
    let Some(end) = memchr::memchr2(b'\r', b'\n', window) else {
        if rest.len() > limits.line_bytes {
            return Err(FrameError::LineTooLong(limits.line_bytes));
        }
        return Ok(None);
    };
    if rest[end] == b'\n' {
        return Err(FrameError::Malformed("line end"));
    }
    match rest.get(end + 1) {
        None => Ok(None),
        Some(b'\n') => Ok(Some((&rest[..end], start + end + 2))),
        Some(_) => Err(FrameError::Malformed("line end")),
    }
}

/// `length` bytes from `start` and the CRLF behind them.
fn bulk<'a>(
    buffer: &'a [u8],
    start: usize,
    length: usize,
    limits: &FrameLimits,
) -> Result<Option<(&'a [u8], usize)>, FrameError> {
    if length > limits.bulk_bytes {
        return Err(FrameError::BulkTooLong(limits.bulk_bytes));
    }
    let Some(end) = start.checked_add(length) else { return Err(FrameError::Malformed("length")) };
    let Some(tail) = buffer.get(end..) else { return Ok(None) };
    match tail {
        [b'\r', b'\n', ..] => Ok(Some((&buffer[start..end], end + 2))),
        [] | [b'\r'] => Ok(None),
        _ => Err(FrameError::Malformed("bulk end")),
    }
}

fn verbatim(bytes: &[u8]) -> Result<Leaf<'_>, FrameError> {
    match bytes {
        [a, b, c, b':', text @ ..] => Ok(Leaf::Verbatim([*a, *b, *c], text)),
        _ => Err(FrameError::Malformed("verbatim string")),
    }
}

/// A length or count: digits only.
fn length(line: &[u8]) -> Result<usize, FrameError> {
    if line.is_empty() {
        return Err(FrameError::Malformed("length"));
    }
    let mut value = 0_usize;
    for byte in line {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(FrameError::Malformed("length"));
        }
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(usize::from(digit)))
            .ok_or(FrameError::Malformed("length"))?;
    }
    Ok(value)
}

fn integer(line: &[u8]) -> Result<i64, FrameError> {
    std::str::from_utf8(line).ok().and_then(|text| text.parse().ok()).ok_or(FrameError::Malformed("integer"))
}

fn double(line: &[u8]) -> Result<f64, FrameError> {
    std::str::from_utf8(line).ok().and_then(|text| text.parse().ok()).ok_or(FrameError::Malformed("double"))
}

fn boolean(line: &[u8]) -> Result<bool, FrameError> {
    match line {
        b"t" => Ok(true),
        b"f" => Ok(false),
        _ => Err(FrameError::Malformed("boolean")),
    }
}

fn big_number(line: &[u8]) -> Result<&[u8], FrameError> {
    let digits = line.strip_prefix(b"-").or_else(|| line.strip_prefix(b"+")).unwrap_or(line);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(FrameError::Malformed("big number"));
    }
    Ok(line)
}
