//! IDs of entries: a time in milliseconds and a number within it.

use smallvec::SmallVec;

/// Bytes of the longest text that is read as an ID.
const TEXT_BYTES_MAX: usize = 127;

/// An ID. It need not be a real time; all that counts is the order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Milliseconds since the Unix epoch, where it was made by itself.
    pub ms: u64,
    /// Which one of these milliseconds, from 0.
    pub seq: u64,
}

/// The two numbers of a text; the second is none where it is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Before the hyphen.
    pub ms: u64,
    /// After it.
    pub seq: Seq,
}

/// What a text says of the second number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seq {
    /// This one.
    Given(u64),
    /// Nothing.
    Missing,
    /// `*`: the next free one.
    Next,
}

impl Id {
    /// The least; no entry has it.
    pub const ZERO: Self = Self { ms: 0, seq: 0 };
    /// The greatest.
    pub const MAX: Self = Self { ms: u64::MAX, seq: u64::MAX };

    /// The ID right after; none after the greatest.
    pub fn next(self) -> Option<Self> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(Self { seq, ..self }),
            None => Some(Self { ms: self.ms.checked_add(1)?, seq: 0 }),
        }
    }

    /// The ID right before; none before the least.
    pub fn previous(self) -> Option<Self> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(Self { seq, ..self }),
            None => Some(Self { ms: self.ms.checked_sub(1)?, seq: u64::MAX }),
        }
    }

    /// Its text: `ms-seq`.
    pub fn text(self) -> SmallVec<[u8; 48]> {
        let mut text = SmallVec::new();
        text.extend_from_slice(itoa::Buffer::new().format(self.ms).as_bytes());
        text.push(b'-');
        text.extend_from_slice(itoa::Buffer::new().format(self.seq).as_bytes());
        text
    }
}

impl Parts {
    /// Reads `ms`, `ms-seq` or `ms-*`; none where `text` is something else.
    pub fn read(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let Some(hyphen) = text.iter().position(|byte| *byte == b'-') else {
            return Some(Self { ms: unsigned(text)?, seq: Seq::Missing });
        };
        let seq = match &text[hyphen + 1..] {
            b"*" => Seq::Next,
            digits => Seq::Given(unsigned(digits)?),
        };
        Some(Self { ms: unsigned(&text[..hyphen])?, seq })
    }
}

/// As C reads it, which Redis leaves it to: white space and a plus may stand before the digits, zeros too.
fn unsigned(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_carry_into_the_milliseconds() {
        let id = |ms, seq| Id { ms, seq };
        assert_eq!(id(1, u64::MAX).next(), Some(id(2, 0)));
        assert_eq!(id(2, 0).previous(), Some(id(1, u64::MAX)));
        assert_eq!(id(1, 1).next().and_then(Id::previous), Some(id(1, 1)));
        assert_eq!((Id::MAX.next(), Id::ZERO.previous()), (None, None));
    }

    #[test]
    fn texts_are_read_as_redis_reads_them() {
        let longest = format!("{}-{}", u64::MAX, u64::MAX);
        for (text, ms, seq) in [
            ("5", 5, Seq::Missing),
            ("5-7", 5, Seq::Given(7)),
            ("5-*", 5, Seq::Next),
            ("005- +7", 5, Seq::Given(7)),
            (&longest, u64::MAX, Seq::Given(u64::MAX)),
        ] {
            assert_eq!(Parts::read(text.as_bytes()), Some(Parts { ms, seq }), "{text}");
        }
        for text in ["", "-", "+", "*", "5-", "-5", "5--7", "5-7-", "x", "18446744073709551616", "5-**"] {
            assert_eq!(Parts::read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Parts::read("0".repeat(128).as_bytes()), None);
        assert_eq!(Id::MAX.text().as_slice(), longest.as_bytes());
    }
}
