//! Choices made from bytes: whoever gives the bytes, a fuzzer or a generator of random numbers, makes the choices.

/// Bytes that are used up one after the other; zeros when they are.
pub struct Source<'a> {
    data: &'a [u8],
}

impl<'a> Source<'a> {
    /// Choices from `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    /// Whether all bytes are used up.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.data.split_first() else { return 0 };
        self.data = rest;
        *first
    }

    /// A number below `limit`, which is at most 65,536.
    pub fn below(&mut self, limit: usize) -> usize {
        let low = usize::from(self.byte());
        if limit <= 256 { low % limit } else { (usize::from(self.byte()) << 8 | low) % limit }
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// The next bytes, up to `limit` of them.
    pub fn bytes(&mut self, limit: usize) -> &'a [u8] {
        let (taken, rest) = self.data.split_at(limit.min(self.data.len()));
        self.data = rest;
        taken
    }
}
