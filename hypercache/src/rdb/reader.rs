//! Reads lengths, strings and numbers from bytes of any origin.

use std::borrow::Cow;

use crate::rdb::CUT_OFF;
use crate::rdb::Malformed;
use crate::rdb::kind;
use crate::rdb::lzf;
use crate::value::string::BYTES_MAX;

const NO_LENGTH: Malformed = Malformed("a length is written in no known way");
const NO_STRING: Malformed = Malformed("a string is written in no known way");
const TOO_LONG: Malformed = Malformed("a string is longer than one may be");

/// The bytes that are still to be read.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

/// What stands where a length may stand.
enum Length {
    Plain(u64),
    Special(u8),
}

impl<'a> Reader<'a> {
    /// Reads these bytes from the first on.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes still ahead.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(CUT_OFF)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A 64-bit number, its lowest byte first.
    pub fn number(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    /// A floating-point number in binary.
    pub fn double(&mut self) -> Result<f64, Malformed> {
        self.array().map(f64::from_le_bytes)
    }

    /// A length or another number that is never negative.
    pub fn length(&mut self) -> Result<u64, Malformed> {
        match self.length_or_special()? {
            Length::Plain(length) => Ok(length),
            Length::Special(_) => Err(NO_LENGTH),
        }
    }

    fn length_or_special(&mut self) -> Result<Length, Malformed> {
        let mark = self.byte()?;
        let low = mark & 0x3f;
        Ok(match mark >> 6 {
            0 => Length::Plain(low.into()),
            1 => Length::Plain(u64::from(low) << 8 | u64::from(self.byte()?)),
            2 if low == 0 => Length::Plain(self.array().map(u32::from_be_bytes)?.into()),
            2 if low == 1 => Length::Plain(self.array().map(u64::from_be_bytes)?),
            3 => Length::Special(low),
            _ => return Err(NO_LENGTH),
        })
    }

    /// A string: as it is, as an integer, or compressed.
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>, Malformed> {
        let integer = |number: i64| Ok(Cow::Owned(itoa::Buffer::new().format(number).as_bytes().to_vec()));
        match self.length_or_special()? {
            Length::Plain(length) => self.bytes(string_length(length)?).map(Cow::Borrowed),
            Length::Special(kind::INTEGER_8) => integer(self.array().map(i8::from_le_bytes)?.into()),
            Length::Special(kind::INTEGER_16) => integer(self.array().map(i16::from_le_bytes)?.into()),
            Length::Special(kind::INTEGER_32) => integer(self.array().map(i32::from_le_bytes)?.into()),
            Length::Special(kind::COMPRESSED) => {
                let (compressed, length) = (string_length(self.length()?)?, string_length(self.length()?)?);
                lzf::decompress(self.bytes(compressed)?, length).map(Cow::Owned)
            }
            Length::Special(_) => Err(NO_STRING),
        }
    }
}

fn string_length(length: u64) -> Result<usize, Malformed> {
    usize::try_from(length).ok().filter(|length| *length <= BYTES_MAX).ok_or(TOO_LONG)
}
