//! Writes replies in the protocol version of the client they are for.
//!
//! Handlers write here and know nothing of the version: where RESP2 lacks a type, the writer sends what Redis sends in
//! its place.

use crate::resp::Protocol;
use crate::value::number;

/// Bytes that a reply may have before another string of bytes is written to it. A short request can ask for the same long
/// string a million times, or for any one of them at random: what has grown to this size is no reply any more.
pub const BYTES_MAX: usize = 1 << 30;

/// A growing reply.
#[derive(Debug)]
pub struct ReplyWriter {
    buffer: Vec<u8>,
    protocol: Protocol,
    bytes_max: usize,
    cut: bool,
}

impl Default for ReplyWriter {
    fn default() -> Self {
        Self::new(Protocol::default())
    }
}

impl ReplyWriter {
    /// An empty reply for a client that speaks `protocol`.
    pub fn new(protocol: Protocol) -> Self {
        Self { buffer: Vec::new(), protocol, bytes_max: BYTES_MAX, cut: false }
    }

    /// Lets it grow to fewer bytes than `BYTES_MAX`.
    pub fn limit(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max.min(BYTES_MAX);
    }

    /// Whether something was not written because the reply had grown too long; asks once. What is there is not whole then,
    /// and has to be taken back.
    pub fn take_cut(&mut self) -> bool {
        std::mem::take(&mut self.cut)
    }

    /// The version that is written.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Writes in another version from here on.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// Writes what was written elsewhere for the same client.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What is written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Bytes written so far; also a mark for `truncate`.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Takes back what was written after `mark`.
    pub fn truncate(&mut self, mark: usize) {
        self.buffer.truncate(mark);
    }

    /// Empties the writer; memory beyond `kept_bytes` is given back.
    pub fn clear(&mut self, kept_bytes: usize) {
        self.buffer.clear();
        self.buffer.shrink_to(kept_bytes);
    }

    /// Takes what is written.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }

    /// Appends a reply that was written apart, to tell its length before it.
    pub fn append(&mut self, other: &Self) {
        debug_assert_eq!(self.protocol, other.protocol, "both are for the same client");
        self.cut |= other.cut;
        self.buffer.extend_from_slice(&other.buffer);
    }

    /// `OK`.
    pub fn ok(&mut self) {
        self.buffer.extend_from_slice(b"+OK\r\n");
    }

    /// A simple string. The text must have no line break; the program's own words only.
    pub fn simple(&mut self, text: &str) {
        debug_assert!(!text.contains(['\r', '\n']), "a simple string is one line");
        self.line(b'+', text.as_bytes());
    }

    /// A simple string of any one line.
    pub fn status(&mut self, line: &[u8]) {
        debug_assert!(memchr::memchr2(b'\r', b'\n', line).is_none(), "a simple string is one line");
        self.line(b'+', line);
    }

    /// An error: prefix (`ERR`, `WRONGTYPE`, …) and text. Line breaks, which would break the protocol, become spaces.
    /// Without a prefix the text stands alone: scripts make up prefixes of their own.
    pub fn error(&mut self, prefix: &str, text: &str) {
        let on_one_line = |byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte };
        self.buffer.push(b'-');
        self.buffer.extend(prefix.bytes().map(on_one_line));
        if !prefix.is_empty() && !text.is_empty() {
            self.buffer.push(b' ');
        }
        self.buffer.extend(text.bytes().map(on_one_line));
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// An integer.
    pub fn integer(&mut self, number: i64) {
        self.header(b':', number);
    }

    /// A length, count or other number that is never negative.
    pub fn count(&mut self, number: usize) {
        self.integer(i64::try_from(number).unwrap_or(i64::MAX));
    }

    /// A bulk string; nothing where the reply has grown too long already.
    pub fn bulk(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        if self.buffer.len() >= self.bytes_max {
            self.cut = true;
            return;
        }
        self.buffer.reserve(bytes.len() + 16);
        self.header(b'$', bytes.len() as i64);
        self.buffer.extend_from_slice(bytes);
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// An integer as a bulk string.
    pub fn bulk_integer(&mut self, number: i64) {
        self.bulk(itoa::Buffer::new().format(number));
    }

    /// No value, where a value would stand.
    pub fn null(&mut self) {
        self.buffer.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"$-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// No value, where an array would stand.
    pub fn null_array(&mut self) {
        self.buffer.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"*-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// Begins an array of `count` elements.
    pub fn array(&mut self, count: usize) {
        self.header(b'*', count as i64);
    }

    /// Begins a map of `count` pairs: keys and values follow in turn.
    pub fn map(&mut self, count: usize) {
        match self.protocol {
            Protocol::Resp2 => self.header(b'*', 2 * count as i64),
            Protocol::Resp3 => self.header(b'%', count as i64),
        }
    }

    /// Begins a set of `count` elements.
    pub fn set(&mut self, count: usize) {
        match self.protocol {
            Protocol::Resp2 => self.header(b'*', count as i64),
            Protocol::Resp3 => self.header(b'~', count as i64),
        }
    }

    /// Begins a push message of `count` elements.
    pub fn push(&mut self, count: usize) {
        match self.protocol {
            Protocol::Resp2 => self.header(b'*', count as i64),
            Protocol::Resp3 => self.header(b'>', count as i64),
        }
    }

    /// A truth value; 1 or 0 in RESP2.
    pub fn boolean(&mut self, truth: bool) {
        match self.protocol {
            Protocol::Resp2 => self.integer(truth.into()),
            Protocol::Resp3 => self.buffer.extend_from_slice(if truth { b"#t\r\n" } else { b"#f\r\n" }),
        }
    }

    /// A floating-point number; a bulk string in RESP2.
    pub fn double(&mut self, number: f64) {
        let text = double_text(number);
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => self.line(b',', text.as_bytes()),
        }
    }

    /// A floating-point number without exponent, at most 17 digits after the point; a bulk string in RESP2.
    pub fn decimal(&mut self, number: f64) {
        let text = number::plain(number);
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => self.line(b',', text.as_bytes()),
        }
    }

    /// A number of any length, told by its digits; a bulk string in RESP2.
    pub fn big_number(&mut self, digits: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(digits),
            Protocol::Resp3 => self.line(b'(', digits),
        }
    }

    /// A text for people, with a three-letter format such as `txt`; a bulk string in RESP2.
    pub fn verbatim(&mut self, format: &str, text: &str) {
        let format = format.as_bytes().try_into().expect("the format of a verbatim string has three letters");
        self.verbatim_bytes(format, text.as_bytes());
    }

    /// As `verbatim`, for a text of any bytes.
    pub fn verbatim_bytes(&mut self, format: [u8; 3], text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                self.header(b'=', text.len() as i64 + 4);
                self.buffer.extend_from_slice(&format);
                self.buffer.push(b':');
                self.buffer.extend_from_slice(text);
                self.buffer.extend_from_slice(b"\r\n");
            }
        }
    }

    fn line(&mut self, mark: u8, text: &[u8]) {
        self.buffer.push(mark);
        self.buffer.extend_from_slice(text);
        self.buffer.extend_from_slice(b"\r\n");
    }

    fn header(&mut self, mark: u8, number: i64) {
        self.line(mark, itoa::Buffer::new().format(number).as_bytes());
    }
}

/// The shortest text that reads back as `number`, in Redis's spelling (`inf`, `nan`, integers without a point).
pub fn double_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if number.fract() == 0.0 && number.abs() < 1e17 {
        return format!("{number:.0}");
    }
    let shortest = ryu::Buffer::new().format_finite(number).to_owned();
    match shortest.split_once('e') {
        None => shortest,
        Some((mantissa, exponent)) => {
            let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            format!("{mantissa}e{sign}{exponent}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(protocol: Protocol, write: impl Fn(&mut ReplyWriter)) -> String {
        let mut reply = ReplyWriter::new(protocol);
        write(&mut reply);
        String::from_utf8(reply.take()).unwrap()
    }

    #[test]
    fn each_type_has_its_form_in_both_versions() {
        type Write = fn(&mut ReplyWriter);
        let cases: [(Write, &str, &str); 11] = [
            (|r| r.null(), "$-1\r\n", "_\r\n"),
            (|r| r.null_array(), "*-1\r\n", "_\r\n"),
            (|r| r.map(2), "*4\r\n", "%2\r\n"),
            (|r| r.set(2), "*2\r\n", "~2\r\n"),
            (|r| r.push(3), "*3\r\n", ">3\r\n"),
            (|r| r.boolean(true), ":1\r\n", "#t\r\n"),
            (|r| r.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"),
            (|r| r.decimal(-1e-7), "$10\r\n-0.0000001\r\n", ",-0.0000001\r\n"),
            (|r| r.verbatim("txt", "hi"), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"),
            (|r| r.bulk_integer(-12), "$3\r\n-12\r\n", "$3\r\n-12\r\n"),
            (|r| r.array(1), "*1\r\n", "*1\r\n"),
        ];
        for (write, resp2, resp3) in cases {
            assert_eq!(written(Protocol::Resp2, write), resp2);
            assert_eq!(written(Protocol::Resp3, write), resp3);
        }
    }

    #[test]
    fn an_error_stays_on_one_line() {
        assert_eq!(written(Protocol::Resp2, |r| r.error("ERR", "a\r\nb")), "-ERR a  b\r\n");
    }

    #[test]
    fn what_has_grown_too_long_is_cut_and_tells_it_once() {
        let mut reply = ReplyWriter::new(Protocol::Resp2);
        reply.limit(10);
        reply.array(3);
        reply.bulk("longer than ten bytes");
        assert!(!reply.take_cut());
        let written = reply.len();
        let mut apart = ReplyWriter::new(Protocol::Resp2);
        apart.limit(0);
        apart.bulk("x");
        reply.bulk("y");
        assert_eq!(reply.len(), written);
        assert!(reply.take_cut() && !reply.take_cut());
        reply.append(&apart);
        assert!(reply.take_cut());
    }

    #[test]
    fn doubles_are_spelled_as_redis_spells_them() {
        for (number, text) in [
            (0.0, "0"),
            (3.0, "3"),
            (-1.25, "-1.25"),
            (f64::INFINITY, "inf"),
            (1e20, "1e+20"),
            (0.1, "0.1"),
            (1e-7, "1e-7"),
        ] {
            assert_eq!(double_text(number), text);
        }
    }
}
