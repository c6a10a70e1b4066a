//! Incremental parser of requests: RESP arrays of bulk strings, and inline commands.
//!
//! The parser keeps where it stands, so that a command that arrives in many pieces is read once, not once per piece.
//! Errors carry Redis's own texts.

use memchr::memchr;
use thiserror::Error;

use crate::resp::args::Args;
use crate::resp::args::Span;
use crate::value::number::decimal;

/// Longest header line (`*3`, `$10`) that is waited for, in bytes.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Arguments that a client may send before it has authenticated.
const UNAUTHENTICATED_ARGUMENTS_MAX: i64 = 10;
/// Length of an argument that a client may send before it has authenticated, in bytes.
const UNAUTHENTICATED_BULK_BYTES_MAX: i64 = 16 * 1024;
/// Argument spans kept between commands; a larger list is given back.
const SPANS_KEPT_MAX: usize = 1024;

/// What one request may measure.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest argument, in bytes.
    pub bulk_bytes: usize,
    /// Most arguments.
    pub arguments: usize,
    /// Longest inline command, in bytes.
    pub inline_bytes: usize,
    /// Whether the client has authenticated, or need not; until then far smaller limits hold.
    pub authenticated: bool,
}

/// Input that is not RESP. The connection cannot go on after it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// A header line without an end.
    #[error("Protocol error: too big mbulk count string")]
    CountTooLong,
    /// A number of arguments that is none, or over the limit.
    #[error("Protocol error: invalid multibulk length")]
    Count,
    /// More arguments than an unauthenticated client may send.
    #[error("Protocol error: unauthenticated multibulk length")]
    UnauthenticatedCount,
    /// A length line without an end.
    #[error("Protocol error: too big bulk count string")]
    LengthTooLong,
    /// Something else where `$` belongs.
    #[error("Protocol error: expected '$', got '{}'", shown(*.0))]
    NoDollar(u8),
    /// A length that is none, or over the limit.
    #[error("Protocol error: invalid bulk length")]
    Length,
    /// A longer argument than an unauthenticated client may send.
    #[error("Protocol error: unauthenticated bulk length")]
    UnauthenticatedLength,
    /// An inline command without an end.
    #[error("Protocol error: too big inline request")]
    InlineTooLong,
    /// A quoted inline argument that is not closed.
    #[error("Protocol error: unbalanced quotes in request")]
    Quotes,
}

fn shown(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '?' }
}

/// Reads commands out of a growing buffer.
#[derive(Debug, Default)]
pub struct Parser {
    /// Bytes of the buffer that belong to commands already handed out.
    start: usize,
    /// How far the command under way is read, from `start`.
    position: usize,
    /// Arguments still to come; none: the header is not read yet.
    remaining: Option<usize>,
    /// The arguments so far, from `start`, or in `inline`.
    spans: Vec<Span>,
    /// The arguments of an inline command, unquoted.
    inline: Vec<u8>,
    from_inline: bool,
    /// Set while the arguments of a finished command may still be asked for.
    finished: Option<usize>,
}

impl Parser {
    /// Reads on. `true`: a command is complete, ask for its `args`. `false`: more bytes are needed.
    pub fn advance(&mut self, buffer: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        loop {
            self.release();
            let Some(rest) = buffer.get(self.start..).filter(|rest| !rest.is_empty()) else {
                return Ok(false);
            };
            let complete = if self.remaining.is_some() || rest[0] == b'*' {
                self.array(rest, limits)?
            } else {
                self.inline(rest, limits)?
            };
            match complete {
                None => return Ok(false),
                Some(length) => self.finished = Some(length),
            }
            // An empty array and an empty line are no command and have no answer.
            if !self.spans.is_empty() {
                return Ok(true);
            }
        }
    }

    /// The arguments of the command that `advance` has found complete in this `buffer`.
    pub fn args<'a>(&'a self, buffer: &'a [u8]) -> Args<'a> {
        let data = if self.from_inline { &self.inline[..] } else { &buffer[self.start..] };
        Args::new(data, &self.spans)
    }

    /// Takes the command that `advance` has found complete as not read: it is found again.
    pub fn rewind(&mut self) {
        self.finished = None;
        self.position = 0;
        self.remaining = None;
        self.from_inline = false;
        self.spans.clear();
    }

    /// Bytes at the front of the buffer that are no longer needed. The caller removes them.
    pub fn take_consumed(&mut self) -> usize {
        self.release();
        std::mem::take(&mut self.start)
    }

    /// Bytes that the buffer needs at least until the argument under way is whole; 0 where that is not known.
    pub fn wanted(&self, buffer: &[u8]) -> usize {
        let rest = buffer.get(self.start + self.position..).unwrap_or_default();
        if self.remaining.is_none() || rest.first() != Some(&b'$') {
            return 0;
        }
        match header(rest, b'$') {
            Ok(Some((Some(length), used))) if length > 0 => {
                self.start + self.position + used + usize::try_from(length).unwrap_or(0) + 2
            }
            _ => 0,
        }
    }

    /// Bytes of the buffer that belong to no command handed out so far.
    pub fn unread(&self, buffer: &[u8]) -> usize {
        buffer.len() - self.start - self.finished.unwrap_or(0)
    }

    /// Bytes of the buffer that belong to no command handed out before the last.
    pub fn in_hand(&self, buffer: &[u8]) -> usize {
        buffer.len() - self.start
    }

    fn release(&mut self) {
        if let Some(length) = self.finished.take() {
            self.start += length;
            self.position = 0;
            self.remaining = None;
            self.from_inline = false;
            self.spans.clear();
            if self.spans.capacity() > SPANS_KEPT_MAX {
                self.spans = Vec::new();
            }
            if self.inline.capacity() > HEADER_BYTES_MAX {
                self.inline = Vec::new();
            }
        }
    }

    /// Reads on in an array. The length of the whole command, once it is complete.
    fn array(&mut self, rest: &[u8], limits: &Limits) -> Result<Option<usize>, ProtocolError> {
        if self.remaining.is_none() {
            let Some((count, used)) = header(rest, b'*').map_err(|_| ProtocolError::CountTooLong)? else {
                return Ok(None);
            };
            let count = count.ok_or(ProtocolError::Count)?;
            if count > limits.arguments as i64 {
                return Err(ProtocolError::Count);
            }
            if count > UNAUTHENTICATED_ARGUMENTS_MAX && !limits.authenticated {
                return Err(ProtocolError::UnauthenticatedCount);
            }
            self.position = used;
            self.remaining = Some(usize::try_from(count).unwrap_or(0));
        }
        while self.remaining.is_some_and(|remaining| remaining > 0) {
            let Some(&first) = rest.get(self.position) else { return Ok(None) };
            if first != b'$' {
                return Err(ProtocolError::NoDollar(first));
            }
            let line = header(&rest[self.position..], b'$').map_err(|_| ProtocolError::LengthTooLong)?;
            let Some((length, used)) = line else { return Ok(None) };
            let length =
                length.filter(|&n| n >= 0 && n <= limits.bulk_bytes as i64).ok_or(ProtocolError::Length)?;
            if length > UNAUTHENTICATED_BULK_BYTES_MAX && !limits.authenticated {
                return Err(ProtocolError::UnauthenticatedLength);
            }
            let (from, length) = (self.position + used, length as usize);
            if rest.len() < from + length + 2 {
                return Ok(None);
            }
            self.spans.push(Span::new(from, length));
            self.position = from + length + 2;
            self.remaining = self.remaining.map(|remaining| remaining - 1);
        }
        Ok(Some(self.position))
    }

    /// Reads an inline command. The length of the whole line, once it is complete.
    fn inline(&mut self, rest: &[u8], limits: &Limits) -> Result<Option<usize>, ProtocolError> {
        let Some(end) = memchr(b'\n', &rest[self.position..]).map(|at| at + self.position) else {
            if rest.len() > limits.inline_bytes {
                return Err(ProtocolError::InlineTooLong);
            }
            self.position = rest.len();
            return Ok(None);
        };
        if end > limits.inline_bytes {
            return Err(ProtocolError::InlineTooLong);
        }
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        self.inline.clear();
        self.spans.clear();
        self.from_inline = true;
        split_line(line, &mut self.inline, &mut self.spans)?;
        Ok(Some(end + 1))
    }
}

/// The number in a header line that starts with `mark` and ends with CRLF, and the line's length. The number is none
/// where the digits are not one; `Err` where the line is too long, `Ok(None)` where it has not ended yet.
fn header(data: &[u8], mark: u8) -> Result<Option<(Option<i64>, usize)>, ()> {
    debug_assert_eq!(data.first(), Some(&mark), "the caller has looked at the first byte");
    // Most headers are one or two digits: look there before searching.
    let end = match data {
        [_, b'0'..=b'9', b'\r', ..] => 2,
        [_, b'0'..=b'9', b'0'..=b'9', b'\r', ..] => 3,
        _ => match memchr(b'\r', &data[..data.len().min(HEADER_BYTES_MAX)]) {
            Some(end) => end,
            None if data.len() >= HEADER_BYTES_MAX => return Err(()),
            None => return Ok(None),
        },
    };
    if data.len() < end + 2 {
        return Ok(None);
    }
    Ok(Some((decimal(&data[1..end]), end + 2)))
}

/// Splits an inline command at white space, with Redis's quoting: double quotes know escapes, single quotes only `\'`.
fn split_line(line: &[u8], data: &mut Vec<u8>, spans: &mut Vec<Span>) -> Result<(), ProtocolError> {
    let mut at = 0;
    loop {
        while line.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        if at >= line.len() {
            return Ok(());
        }
        let from = data.len();
        at = split_word(line, at, data)?;
        spans.push(Span::new(from, data.len() - from));
    }
}

/// Copies the word at `at` to `data`, unquoted; where it ends.
fn split_word(line: &[u8], mut at: usize, data: &mut Vec<u8>) -> Result<usize, ProtocolError> {
    while let Some(&byte) = line.get(at) {
        match byte {
            byte if byte.is_ascii_whitespace() => break,
            b'"' => at = double_quoted(line, at + 1, data)?,
            b'\'' => at = single_quoted(line, at + 1, data)?,
            byte => {
                data.push(byte);
                at += 1;
                continue;
            }
        }
        // A closing quote ends its word.
        return match line.get(at) {
            Some(next) if !next.is_ascii_whitespace() => Err(ProtocolError::Quotes),
            _ => Ok(at),
        };
    }
    Ok(at)
}

fn double_quoted(line: &[u8], mut at: usize, data: &mut Vec<u8>) -> Result<usize, ProtocolError> {
    loop {
        match line.get(at..).unwrap_or_default() {
            [b'"', ..] => return Ok(at + 1),
            [b'\\', b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
                data.push(digit(*high) << 4 | digit(*low));
                at += 4;
            }
            [b'\\', escaped, ..] => {
                data.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                at += 2;
            }
            [byte, ..] => {
                data.push(*byte);
                at += 1;
            }
            [] => return Err(ProtocolError::Quotes),
        }
    }
}

fn single_quoted(line: &[u8], mut at: usize, data: &mut Vec<u8>) -> Result<usize, ProtocolError> {
    loop {
        match line.get(at..).unwrap_or_default() {
            [b'\'', ..] => return Ok(at + 1),
            [b'\\', b'\'', ..] => {
                data.push(b'\'');
                at += 2;
            }
            [byte, ..] => {
                data.push(*byte);
                at += 1;
            }
            [] => return Err(ProtocolError::Quotes),
        }
    }
}

#[cfg(test)]
mod tests;
