//! A vector in pieces of bounded size: it grows and shrinks without ever moving more than one of them.

/// Elements of a piece.
const CHUNK: usize = 512;

/// The vector.
#[derive(Debug)]
pub struct Chunks<T> {
    chunks: Vec<Vec<T>>,
    /// Elements that the pieces have room for.
    capacity: usize,
}

impl<T: Clone> Clone for Chunks<T> {
    fn clone(&self) -> Self {
        let chunks = self.chunks.clone();
        let capacity = chunks.iter().map(Vec::capacity).sum();
        Self { chunks, capacity }
    }
}

impl<T> Chunks<T> {
    pub(super) fn new() -> Self {
        Self { chunks: Vec::new(), capacity: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    pub(super) fn get(&self, at: usize) -> &T {
        &self.chunks[at / CHUNK][at % CHUNK]
    }

    pub(super) fn get_mut(&mut self, at: usize) -> &mut T {
        &mut self.chunks[at / CHUNK][at % CHUNK]
    }

    /// Puts an element in place of another, which it hands over.
    pub(super) fn replace(&mut self, at: usize, element: T) -> T {
        std::mem::replace(&mut self.chunks[at / CHUNK][at % CHUNK], element)
    }

    pub(super) fn push(&mut self, element: T) {
        if self.chunks.last().is_none_or(|last| last.len() == CHUNK) {
            if self.chunks.len() == self.chunks.capacity() {
                self.chunks.reserve_exact(self.chunks.len() / 2 + 1);
            }
            self.chunks.push(Vec::new());
        }
        self.change_last(|last| {
            if last.len() == last.capacity() {
                last.reserve_exact((last.len() / 2).max(2).min(CHUNK - last.len()));
            }
            last.push(element);
        });
    }

    /// Takes an element out; the last one takes its place.
    pub(super) fn swap_remove(&mut self, at: usize) -> T {
        let last = self.change_last(|last| {
            let element = last.pop();
            if last.capacity() > 4 * last.len() + 4 {
                last.shrink_to(2 * last.len());
            }
            element
        });
        let last = last.expect("there is an element, and no piece is empty");
        if self.chunks.last().is_some_and(Vec::is_empty) {
            self.capacity -= self.chunks.pop().map_or(0, |empty| empty.capacity());
            if self.chunks.capacity() > 4 * self.chunks.len() + 4 {
                self.chunks.shrink_to(2 * self.chunks.len());
            }
        }
        if at == self.len() { last } else { self.replace(at, last) }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// Bytes on the heap, those of the elements themselves not counted.
    pub(super) fn heap_bytes(&self) -> usize {
        self.capacity * size_of::<T>() + self.chunks.capacity() * size_of::<Vec<T>>()
    }

    fn change_last<R>(&mut self, change: impl FnOnce(&mut Vec<T>) -> R) -> R {
        let last = self.chunks.last_mut().expect("there is a piece");
        let before = last.capacity();
        let result = change(last);
        self.capacity = self.capacity - before + last.capacity();
        result
    }

    #[cfg(test)]
    pub(super) fn counted_heap_bytes(&self) -> usize {
        let pieces: usize = self.chunks.iter().map(|chunk| chunk.capacity() * size_of::<T>()).sum();
        pieces + self.chunks.capacity() * size_of::<Vec<T>>()
    }
}
