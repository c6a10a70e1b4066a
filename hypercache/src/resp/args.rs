//! The arguments of one command, borrowed from the buffer they arrived in.

use std::ops::Index;

/// Where one argument lies in its buffer, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// A span of `len` bytes from `start`. Buffers of 4 GiB and more do not occur: the query buffer limit is lower.
    pub fn new(start: usize, len: usize) -> Self {
        let narrow = |n: usize| u32::try_from(n).expect("the query buffer limit keeps commands under 4 GiB");
        Self { start: narrow(start), len: narrow(len) }
    }

    fn of(self, data: &[u8]) -> &[u8] {
        &data[self.start as usize..self.start as usize + self.len as usize]
    }
}

/// A command's arguments, its name first.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    data: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Args<'a> {
    /// Arguments that lie at `spans` in `data`.
    pub fn new(data: &'a [u8], spans: &'a [Span]) -> Self {
        Self { data, spans }
    }

    /// How many there are, the name among them.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is nothing, not even a name.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The argument at `index`, if there are so many.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| span.of(self.data))
    }

    /// The arguments from `index` on.
    pub fn from(&self, index: usize) -> Args<'a> {
        Args { data: self.data, spans: self.spans.get(index..).unwrap_or_default() }
    }

    /// The first `count` arguments, or all where there are fewer.
    pub fn first(&self, count: usize) -> Args<'a> {
        Args { data: self.data, spans: &self.spans[..count.min(self.spans.len())] }
    }

    /// All arguments in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone + use<'a> {
        let data = self.data;
        self.spans.iter().map(move |span| span.of(data))
    }

    /// Sum of the arguments' lengths, in bytes.
    pub fn bytes(&self) -> usize {
        self.spans.iter().map(|span| span.len as usize).sum()
    }

    /// Bytes from the first argument's beginning to the last one's end, what the protocol puts in between included. Takes
    /// the same time however many there are.
    pub fn extent(&self) -> usize {
        match (self.spans.first(), self.spans.last()) {
            (Some(first), Some(last)) => {
                (last.start as usize + last.len as usize).saturating_sub(first.start as usize)
            }
            _ => 0,
        }
    }

    /// A copy that lives on its own.
    pub fn to_owned(&self) -> OwnedArgs {
        OwnedArgs::new(self.iter())
    }
}

impl Index<usize> for Args<'_> {
    type Output = [u8];

    fn index(&self, index: usize) -> &[u8] {
        self.spans[index].of(self.data)
    }
}

impl std::fmt::Debug for Args<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(String::from_utf8_lossy)).finish()
    }
}

/// Arguments that own their bytes: for requests that do not come out of a read buffer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnedArgs {
    data: Vec<u8>,
    spans: Vec<Span>,
}

impl OwnedArgs {
    /// Copies `parts`.
    pub fn new<I, B>(parts: I) -> Self
    where
        I: IntoIterator<Item = B>,
        B: AsRef<[u8]>,
    {
        let mut args = Self::default();
        for part in parts {
            args.push(part.as_ref());
        }
        args
    }

    /// Appends one argument.
    pub fn push(&mut self, part: &[u8]) {
        self.spans.push(Span::new(self.data.len(), part.len()));
        self.data.extend_from_slice(part);
    }

    /// Empties it and keeps the memory.
    pub fn clear(&mut self) {
        self.data.clear();
        self.spans.clear();
    }

    /// A borrowed view.
    pub fn view(&self) -> Args<'_> {
        Args::new(&self.data, &self.spans)
    }
}
