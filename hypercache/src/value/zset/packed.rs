//! Few and short members with their scores, in order, in one piece of memory.

use crate::value::varint;
use crate::value::zset::Pair;

/// Spare bytes beyond twice what is in use from which memory is given back.
const SPARE_BYTES_MAX: usize = 64;
/// Bits at the low end of a pair's head that tell how its score is kept; the others are the length of the member.
const KIND_BITS: u32 = 2;

/// The pairs: head, score, member of each.
#[derive(Debug, Clone)]
pub struct Packed {
    bytes: Vec<u8>,
    len: u32,
}

impl Packed {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Pair<'_>> {
        self.placed().map(|(_, pair)| pair)
    }

    /// Adds a pair whose member is not there yet.
    pub(super) fn insert(&mut self, pair: Pair<'_>) {
        let mut written = Vec::with_capacity(pair.member.len() + 12);
        write(&mut written, pair);
        let after = self.placed().find(|(_, other)| other.order(&pair).is_gt());
        let at = after.map_or(self.bytes.len(), |(at, _)| at);
        let needed = self.bytes.len() + written.len();
        if needed > self.bytes.capacity() {
            self.bytes.reserve_exact(written.len() + needed / 8);
        }
        self.bytes.splice(at..at, written);
        self.len += 1;
    }

    /// Removes the pairs of these ranks.
    pub(super) fn remove(&mut self, ranks: std::ops::Range<usize>) {
        let offset = |rank| self.placed().nth(rank).map_or(self.bytes.len(), |(at, _)| at);
        let (start, end) = (offset(ranks.start), offset(ranks.end));
        self.bytes.drain(start..end);
        self.len -= ranks.len() as u32;
        if self.bytes.capacity() > 2 * self.bytes.len() + SPARE_BYTES_MAX {
            self.bytes.shrink_to_fit();
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Pairs with where they begin.
    fn placed(&self) -> impl Iterator<Item = (usize, Pair<'_>)> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let at = self.bytes.len() - rest.len();
            let (pair, after) = read(rest);
            rest = after;
            Some((at, pair))
        })
    }
}

fn write(bytes: &mut Vec<u8>, pair: Pair<'_>) {
    // Most scores are small integers; a cast saturates and so never takes one for another.
    let whole = pair.score as i32;
    let wide = whole.to_le_bytes();
    let score = pair.score.to_le_bytes();
    let (kind, score) = if f64::from(whole) != pair.score {
        (3, &score[..])
    } else if i8::try_from(whole).is_ok() {
        (0, &wide[..1])
    } else if i16::try_from(whole).is_ok() {
        (1, &wide[..2])
    } else {
        (2, &wide[..])
    };
    varint::push(bytes, pair.member.len() << KIND_BITS | kind);
    bytes.extend_from_slice(score);
    bytes.extend_from_slice(pair.member);
}

/// The pair that `bytes` begin with, and what follows it.
fn read(bytes: &[u8]) -> (Pair<'_>, &[u8]) {
    let (head, rest) = varint::split(bytes);
    let (score, rest) = rest.split_at(1 << (head & 3));
    let number = match *score {
        [a] => i8::from_le_bytes([a]).into(),
        [a, b] => i16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => unreachable!("scores are kept in 1, 2, 4 or 8 bytes"),
    };
    let (member, rest) = rest.split_at(head >> KIND_BITS);
    (Pair { member, score: number }, rest)
}
