//! Integers in ascending order, each in as few bytes as the widest of them needs.

/// The integers.
#[derive(Debug, Clone)]
pub struct Integers {
    /// Bytes of each: 2, 4 or 8.
    width: u8,
    /// The integers one after the other, the lowest byte first.
    bytes: Vec<u8>,
}

impl Integers {
    pub(super) fn new() -> Self {
        Self { width: 2, bytes: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() / usize::from(self.width)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn get(&self, at: usize) -> i64 {
        let width = usize::from(self.width);
        read(&self.bytes[at * width..(at + 1) * width])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = i64> {
        self.bytes.chunks_exact(self.width.into()).map(read)
    }

    /// Where a number is, or else where it would be.
    pub(super) fn find(&self, number: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle).cmp(&number) {
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// Adds a number; whether it was not there.
    pub(super) fn insert(&mut self, number: i64) -> bool {
        let Err(at) = self.find(number) else { return false };
        self.widen(width_of(number));
        let width = usize::from(self.width);
        if self.bytes.len() + width > self.bytes.capacity() {
            self.bytes.reserve_exact(width + self.bytes.len() / 8);
        }
        let at = at * width;
        self.bytes.splice(at..at, number.to_le_bytes().into_iter().take(width));
        true
    }

    /// Removes a number; whether it was there.
    pub(super) fn remove(&mut self, number: i64) -> bool {
        self.find(number).map(|at| self.remove_at(at)).is_ok()
    }

    pub(super) fn remove_at(&mut self, at: usize) {
        let width = usize::from(self.width);
        self.bytes.drain(at * width..(at + 1) * width);
        if self.bytes.capacity() > 2 * self.bytes.len() + 64 {
            self.bytes.shrink_to_fit();
        }
    }

    /// Digits of the longest of them as decimals, the sign counted.
    pub(super) fn digits(&self) -> usize {
        let ends = [0, self.len().saturating_sub(1)];
        let digits = |at| itoa::Buffer::new().format(self.get(at)).len();
        if self.is_empty() { 0 } else { ends.map(digits).into_iter().max().unwrap_or(0) }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    fn widen(&mut self, width: u8) {
        if width > self.width {
            let mut wider = Vec::with_capacity((self.len() + 1) * usize::from(width));
            for number in self.iter() {
                wider.extend_from_slice(&number.to_le_bytes()[..width.into()]);
            }
            *self = Self { width, bytes: wider };
        }
    }
}

fn width_of(number: i64) -> u8 {
    if i16::try_from(number).is_ok() {
        2
    } else if i32::try_from(number).is_ok() {
        4
    } else {
        8
    }
}

/// The number of 2, 4 or 8 bytes.
fn read(bytes: &[u8]) -> i64 {
    match *bytes {
        [a, b] => i16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => unreachable!("integers are kept in 2, 4 or 8 bytes"),
    }
}
