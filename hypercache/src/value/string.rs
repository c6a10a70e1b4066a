//! Strings: bytes, or an integer that is kept as a number.

use std::borrow::Cow;

use crate::value::number;

/// Longest string that Redis keeps beside its object header; names the encoding only.
const EMBEDDED_BYTES_MAX: usize = 44;

/// Most bytes that one string may have: 512 MiB.
pub const BYTES_MAX: usize = 512 << 20;

/// Most spare room that a string which grows is given, in bytes.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// A string value.
#[derive(Debug, Clone, PartialEq)]
pub enum Str {
    /// A canonical 64-bit decimal.
    Int(i64),
    /// Bytes that were written in one go; takes exactly their length.
    Fixed(Box<[u8]>),
    /// Bytes that were changed in place and may change again; may hold spare room.
    Growing(Vec<u8>),
}

impl Str {
    /// A string of these bytes; an integer where they are one.
    pub fn new(bytes: &[u8]) -> Self {
        StrRef::new(bytes).to_str()
    }

    /// It for reading.
    pub fn view(&self) -> StrRef<'_> {
        match self {
            Self::Int(number) => StrRef::Int(*number),
            Self::Fixed(bytes) => StrRef::Fixed(bytes),
            Self::Growing(bytes) => StrRef::Growing(bytes),
        }
    }

    /// Its bytes; an integer is spelled out.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        self.view().bytes()
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The integer that it is, if it is a canonical one.
    pub fn integer(&self) -> Option<i64> {
        self.view().integer()
    }

    /// Its bytes for changing in place.
    pub fn make_growing(&mut self) -> &mut Vec<u8> {
        if !matches!(self, Self::Growing(_)) {
            *self = match std::mem::replace(self, Self::Int(0)) {
                Self::Fixed(bytes) => Self::Growing(bytes.into_vec()),
                other => Self::Growing(other.bytes().into_owned()),
            };
        }
        match self {
            Self::Growing(bytes) => bytes,
            _ => unreachable!("made growing above"),
        }
    }

    /// As `make_growing`, with room for `len` bytes, so that growing to them moves the bytes once at most. Room to spare
    /// is as much as there was, within limits.
    pub fn make_room(&mut self, len: usize) -> &mut Vec<u8> {
        let bytes = self.make_growing();
        if len > bytes.capacity() {
            bytes.reserve_exact(len - bytes.len() + bytes.len().min(SPARE_BYTES_MAX));
        }
        bytes
    }

    /// Redis's name for how such a string is kept.
    pub fn encoding(&self) -> &'static str {
        self.view().encoding()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Int(_) => 0,
            Self::Fixed(bytes) => bytes.len(),
            Self::Growing(bytes) => bytes.capacity(),
        }
    }
}

/// A string for reading, wherever it is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StrRef<'a> {
    /// A canonical 64-bit decimal.
    Int(i64),
    /// Bytes that were written in one go.
    Fixed(&'a [u8]),
    /// Bytes that were changed in place.
    Growing(&'a [u8]),
}

impl<'a> StrRef<'a> {
    /// A string of these bytes; an integer where they are one.
    pub fn new(bytes: &'a [u8]) -> Self {
        number::decimal(bytes).map_or(Self::Fixed(bytes), Self::Int)
    }

    /// Its bytes; an integer is spelled out.
    pub fn bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Int(number) => Cow::Owned(itoa::Buffer::new().format(number).as_bytes().to_vec()),
            Self::Fixed(bytes) | Self::Growing(bytes) => Cow::Borrowed(bytes),
        }
    }

    /// Its length in bytes.
    pub fn len(self) -> usize {
        match self {
            Self::Int(number) => itoa::Buffer::new().format(number).len(),
            Self::Fixed(bytes) | Self::Growing(bytes) => bytes.len(),
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The integer that it is, if it is a canonical one.
    pub fn integer(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::Fixed(bytes) | Self::Growing(bytes) => number::decimal(bytes),
        }
    }

    /// Redis's name for how such a string is kept.
    pub fn encoding(self) -> &'static str {
        match self {
            Self::Int(_) => "int",
            Self::Fixed(bytes) if bytes.len() <= EMBEDDED_BYTES_MAX => "embstr",
            Self::Fixed(_) | Self::Growing(_) => "raw",
        }
    }

    /// Its bytes as they are kept; an integer has none.
    pub fn heap_bytes(self) -> usize {
        match self {
            Self::Int(_) => 0,
            Self::Fixed(bytes) | Self::Growing(bytes) => bytes.len(),
        }
    }

    /// A copy of it.
    pub fn to_str(self) -> Str {
        match self {
            Self::Int(number) => Str::Int(number),
            Self::Fixed(bytes) => Str::Fixed(bytes.into()),
            Self::Growing(bytes) => Str::Growing(bytes.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_decimals_are_kept_as_numbers() {
        assert_eq!(Str::new(b"-12"), Str::Int(-12));
        for text in [&b"012"[..], b"1.0", b"", b"+1", b"9223372036854775808"] {
            assert!(matches!(Str::new(text), Str::Fixed(_)), "{text:?}");
        }
    }

    #[test]
    fn a_string_that_grows_has_limited_room_to_spare() {
        let mut string = Str::Growing(Vec::new());
        string.make_room(3).extend_from_slice(b"abc");
        assert_eq!(string.heap_bytes(), 3);
        string.make_room(4).push(b'd');
        assert_eq!((string.heap_bytes(), string.bytes().as_ref()), (7, &b"abcd"[..]));
        let len = 8 << 20;
        string.make_room(len).resize(len, 0);
        string.make_room(len + 1).push(0);
        assert!(string.heap_bytes() <= len + 1 + SPARE_BYTES_MAX, "{}", string.heap_bytes());
    }

    #[test]
    fn encodings_have_the_names_of_redis() {
        assert_eq!(Str::new(b"7").encoding(), "int");
        assert_eq!(Str::new(&[b'x'; 44]).encoding(), "embstr");
        assert_eq!(Str::new(&[b'x'; 45]).encoding(), "raw");
        let mut appended = Str::new(b"7");
        appended.make_growing().push(b'8');
        assert_eq!(
            (appended.encoding(), appended.bytes().as_ref(), appended.integer()),
            ("raw", &b"78"[..], Some(78))
        );
    }
}
