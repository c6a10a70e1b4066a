//! Writes lengths, strings and numbers.

use crate::rdb::kind;
use crate::rdb::lzf;
use crate::value::number;

/// Strings of more digits are no integers of 32 bits.
const INTEGER_DIGITS_MAX: usize = 11;
/// Strings of more bytes are compressed where that makes them shorter.
const PLAIN_BYTES_MAX: usize = 20;
/// Bytes that compressing has to save.
const SAVED_MIN: usize = 4;

/// What has been written.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What has been written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A byte.
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// A 64-bit number, its lowest byte first.
    pub fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// A floating-point number in binary.
    pub fn double(&mut self, number: f64) {
        self.bytes(&number.to_le_bytes());
    }

    /// A length or another number that is never negative, in as few bytes as it takes.
    pub fn length(&mut self, length: u64) {
        if length < 1 << 6 {
            self.byte(length as u8);
        } else if length < 1 << 14 {
            self.bytes(&[0x40 | (length >> 8) as u8, length as u8]);
        } else if let Ok(length) = u32::try_from(length) {
            self.byte(0x80);
            self.bytes(&length.to_be_bytes());
        } else {
            self.byte(0x81);
            self.bytes(&length.to_be_bytes());
        }
    }

    /// A number of elements or bytes.
    pub fn count(&mut self, count: usize) {
        self.length(count as u64);
    }

    /// A string: as an integer or compressed where that is shorter.
    pub fn string(&mut self, string: &[u8]) {
        let integer = (string.len() <= INTEGER_DIGITS_MAX).then(|| number::decimal(string)).flatten();
        if let Some(number) = integer.and_then(|number| i32::try_from(number).ok()) {
            return self.integer(number);
        }
        let compressed =
            (string.len() > PLAIN_BYTES_MAX).then(|| lzf::compress(string, string.len() - SAVED_MIN));
        if let Some(compressed) = compressed.flatten() {
            self.special(kind::COMPRESSED);
            self.count(compressed.len());
            self.count(string.len());
            return self.bytes(&compressed);
        }
        self.count(string.len());
        self.bytes(string);
    }

    fn integer(&mut self, number: i32) {
        if let Ok(number) = i8::try_from(number) {
            self.special(kind::INTEGER_8);
            self.bytes(&number.to_le_bytes());
        } else if let Ok(number) = i16::try_from(number) {
            self.special(kind::INTEGER_16);
            self.bytes(&number.to_le_bytes());
        } else {
            self.special(kind::INTEGER_32);
            self.bytes(&number.to_le_bytes());
        }
    }

    fn special(&mut self, way: u8) {
        self.byte(3 << 6 | way);
    }
}
