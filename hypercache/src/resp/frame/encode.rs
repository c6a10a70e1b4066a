//! Writes a frame in the protocol version of the connection.

use super::Frame;
use crate::resp::Protocol;

impl Frame {
    /// Appends this value to `out`; what RESP2 does not know becomes its nearest RESP2 value.
    ///
    /// Line breaks inside a status, an error or a number become spaces: they would end the line early.
    pub fn encode(&self, protocol: Protocol, out: &mut Vec<u8>) {
        let resp3 = protocol == Protocol::Resp3;
        match self {
            Self::Simple(text) => line(b'+', text, out),
            Self::Error(text) => line(b'-', text, out),
            Self::Integer(number) => header(b':', *number, out),
            Self::Bulk(bytes) => bulk(b'$', bytes, out),
            Self::Null if resp3 => out.extend_from_slice(b"_\r\n"),
            Self::Null => out.extend_from_slice(b"$-1\r\n"),
            Self::Array(items) => aggregate(b'*', items, protocol, out),
            Self::Set(items) => aggregate(if resp3 { b'~' } else { b'*' }, items, protocol, out),
            Self::Push(items) => aggregate(if resp3 { b'>' } else { b'*' }, items, protocol, out),
            Self::Map(pairs) => map(pairs, protocol, out),
            Self::Double(number) => {
                let mut text = Vec::with_capacity(24);
                double(*number, &mut text);
                if resp3 { line(b',', &text, out) } else { bulk(b'$', &text, out) }
            }
            Self::Boolean(true) if resp3 => out.extend_from_slice(b"#t\r\n"),
            Self::Boolean(false) if resp3 => out.extend_from_slice(b"#f\r\n"),
            Self::Boolean(truth) => header(b':', i64::from(*truth), out),
            Self::BigNumber(digits) if resp3 => line(b'(', digits, out),
            Self::BigNumber(digits) => bulk(b'$', digits, out),
            Self::Verbatim { format, text } if resp3 => {
                header(b'=', length(text.len() + 4), out);
                out.extend_from_slice(format);
                out.push(b':');
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            Self::Verbatim { text, .. } => bulk(b'$', text, out),
            Self::BulkError(bytes) if resp3 => bulk(b'!', bytes, out),
            Self::BulkError(bytes) => line(b'-', bytes, out),
        }
    }
}

fn aggregate(kind: u8, items: &[Frame], protocol: Protocol, out: &mut Vec<u8>) {
    header(kind, length(items.len()), out);
    for item in items {
        item.encode(protocol, out);
    }
}

/// A map is a flat array of keys and values in RESP2.
fn map(pairs: &[(Frame, Frame)], protocol: Protocol, out: &mut Vec<u8>) {
    match protocol {
        Protocol::Resp3 => header(b'%', length(pairs.len()), out),
        Protocol::Resp2 => header(b'*', length(pairs.len() * 2), out),
    }
    for (key, value) in pairs {
        key.encode(protocol, out);
        value.encode(protocol, out);
    }
}

fn line(kind: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend(text.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    out.extend_from_slice(b"\r\n");
}

fn bulk(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    header(kind, length(bytes.len()), out);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

fn header(kind: u8, number: i64, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn length(length: usize) -> i64 {
    i64::try_from(length).expect("no allocation is longer than i64::MAX bytes")
}

/// The shortest text that reads back as the same number; whole numbers without a fraction, as Redis writes them.
fn double(number: f64, out: &mut Vec<u8>) {
    /// Beyond this a double no longer holds every whole number.
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    if number.is_nan() {
        out.extend_from_slice(b"nan");
    } else if number.is_infinite() {
        out.extend_from_slice(if number > 0.0 { b"inf".as_slice() } else { b"-inf" });
    } else if number.fract() == 0.0 && number.abs() <= WHOLE_MAX {
        if number == 0.0 && number.is_sign_negative() {
            out.push(b'-');
        }
        #[expect(clippy::cast_possible_truncation, reason = "a whole number within ±2^53 fits")]
        let whole = number as i64;
        out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    } else {
        out.extend_from_slice(ryu::Buffer::new().format_finite(number).as_bytes());
    }
}
