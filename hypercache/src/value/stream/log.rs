//! The entries of a stream, in ascending order of their IDs, in blocks, and what is remembered of those that are gone.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use crate::value::limits::Limits;
use crate::value::stream::block::Block;
use crate::value::stream::block::Entry;
use crate::value::stream::id::Id;

/// Most bytes of a block, whatever the limits say; also of the fields of one entry.
pub const BLOCK_BYTES_MAX: usize = 1 << 30;

/// The entries.
#[derive(Debug, Default)]
pub struct Log {
    /// None of them without a live entry, in the order of their first IDs.
    pub(super) blocks: VecDeque<Block>,
    block_bytes: usize,
    len: usize,
    first: Id,
    last: Id,
    greatest_deleted: Id,
    added: i64,
}

impl Log {
    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many blocks they are in.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The ID of the first entry; zero where there is none.
    pub fn first_id(&self) -> Id {
        self.first
    }

    /// The greatest ID that an entry had, or what `set_last_id` put in its place.
    pub fn last_id(&self) -> Id {
        self.last
    }

    /// The ID of the last entry that is still there.
    pub fn last_present_id(&self) -> Option<Id> {
        self.iter().next_back().map(|entry| entry.id)
    }

    /// The greatest ID of an entry that was deleted by its ID; zero where none was.
    pub fn greatest_deleted_id(&self) -> Id {
        self.greatest_deleted
    }

    /// How many entries have ever been added.
    pub fn added(&self) -> i64 {
        self.added
    }

    /// Sets what the next entry's ID must be greater than.
    pub fn set_last_id(&mut self, id: Id) {
        self.last = id;
    }

    /// Sets the greatest ID that was deleted.
    pub fn set_greatest_deleted_id(&mut self, id: Id) {
        self.greatest_deleted = id;
    }

    /// Sets how many entries have ever been added.
    pub fn set_added(&mut self, added: i64) {
        self.added = added;
    }

    /// Bytes on the heap; constant time.
    pub fn heap_bytes(&self) -> usize {
        self.block_bytes + self.blocks.capacity() * size_of::<Block>()
    }

    /// Adds an entry. Its ID must be greater than `last_id`, its fields no more than `BLOCK_BYTES_MAX` bytes.
    pub fn append<'f>(
        &mut self,
        id: Id,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])> + Clone,
        limits: &Limits,
    ) {
        debug_assert!(id > self.last, "IDs ascend");
        let bytes: usize = fields.clone().map(|(name, value)| name.len() + value.len()).sum();
        if self.blocks.back().is_none_or(|block| is_full(block, bytes, limits)) {
            if let Some(last) = self.blocks.len().checked_sub(1) {
                self.change(last, Block::close);
            }
            let block = Block::new(id, fields.clone());
            self.block_bytes += block.heap_bytes();
            if self.blocks.len() == self.blocks.capacity() {
                self.blocks.reserve_exact(self.blocks.len() / 2 + 1);
            }
            self.blocks.push_back(block);
        }
        self.change(self.blocks.len() - 1, |block| block.append(id, fields));
        self.len += 1;
        self.added = self.added.saturating_add(1);
        self.last = id;
        if self.len == 1 {
            self.first = id;
        }
    }

    /// Its blocks as they are written: the ID that those in it are counted from, how many entries are live and how many
    /// deleted, the elements that follow these counts in Redis's listpack, and how many those are.
    pub fn written_blocks(
        &self,
    ) -> impl ExactSizeIterator<Item = (Id, [usize; 2], &[u8], usize)> + DoubleEndedIterator {
        self.blocks.iter().map(|block| {
            let (bytes, elements) = block.written();
            (block.first(), [block.live(), block.deleted()], bytes, elements)
        })
    }

    /// Adds a block that comes from anybody, such as `written_blocks` tells it; whether it is whole and its IDs are greater
    /// than all before.
    pub fn restore_block(&mut self, first: Id, [live, deleted]: [usize; 2], bytes: &[u8]) -> bool {
        if self.blocks.back().is_some_and(|block| first <= block.last()) {
            return false;
        }
        let Some(block) = Block::restore(first, live, deleted, bytes) else { return false };
        self.block_bytes += block.heap_bytes();
        self.len += live;
        self.added = self.added.saturating_add_unsigned(live as u64);
        self.last = block.last();
        self.blocks.push_back(block);
        self.find_first();
        true
    }

    /// The entry of an ID.
    pub fn get(&self, id: Id) -> Option<Entry<'_>> {
        self.range(id..=id).next()
    }

    /// Whether there is such an entry.
    pub fn contains(&self, id: Id) -> bool {
        self.get(id).is_some()
    }

    /// All entries, from either end.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        self.range(Id::ZERO..=Id::MAX)
    }

    /// The entries with these IDs, from either end. The first one is found in logarithmic time.
    pub fn range(&self, ids: RangeInclusive<Id>) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        let end = self.blocks.partition_point(|block| block.first() <= *ids.end());
        let start = self.blocks.partition_point(|block| block.last() < *ids.start()).min(end);
        self.blocks.range(start..end).flat_map(Block::iter).filter(move |entry| ids.contains(&entry.id))
    }

    /// Deletes the entry of an ID and remembers that; whether there was one.
    pub fn remove(&mut self, id: Id) -> bool {
        let at = self.blocks.partition_point(|block| block.last() < id);
        if at == self.blocks.len() || !self.change(at, |block| block.remove(id)) {
            return false;
        }
        self.len -= 1;
        self.greatest_deleted = self.greatest_deleted.max(id);
        self.tidy(at);
        if id == self.first {
            self.find_first();
        }
        true
    }

    /// Gives back what a block has no more use for: all of it, where its entries are all deleted. The last one keeps
    /// deleted entries, which count for when it is full.
    pub(super) fn tidy(&mut self, at: usize) {
        if self.blocks[at].live() == 0 {
            self.remove_block(at);
        } else if at + 1 < self.blocks.len() {
            self.change(at, Block::compact);
        }
    }

    pub(super) fn remove_block(&mut self, at: usize) {
        self.block_bytes -= self.blocks.remove(at).map_or(0, |block| block.heap_bytes());
        if self.blocks.capacity() > 4 * self.blocks.len() + 4 {
            self.blocks.shrink_to(2 * self.blocks.len());
        }
    }

    pub(super) fn change<R>(&mut self, at: usize, change: impl FnOnce(&mut Block) -> R) -> R {
        let block = &mut self.blocks[at];
        let before = block.heap_bytes();
        let result = change(block);
        self.block_bytes = self.block_bytes - before + block.heap_bytes();
        result
    }

    /// Notes that so many entries are gone from the front.
    pub(super) fn note_removed(&mut self, count: usize) {
        self.len -= count;
    }

    /// Looks up the first ID anew.
    pub(super) fn find_first(&mut self) {
        self.first =
            self.blocks.front().and_then(|block| block.iter().next()).map_or(Id::ZERO, |entry| entry.id);
    }

    /// Whether an entry after `id` has been deleted, which makes it unknown how many there were up to there.
    pub(super) fn is_broken_after(&self, id: Id) -> bool {
        self.len > 0
            && self.greatest_deleted != Id::ZERO
            && self.first <= self.greatest_deleted
            && id <= self.greatest_deleted
    }

    /// How many entries have been added up to this ID; none where that cannot be told.
    pub fn added_up_to(&self, id: Id) -> Option<i64> {
        if self.added == 0 {
            return Some(0);
        }
        if id == self.last || self.len == 0 && id < self.last {
            return Some(self.added);
        }
        let whole = self.greatest_deleted == Id::ZERO || self.greatest_deleted < self.first;
        if id > self.last || !whole || id > self.first {
            return None;
        }
        let before = self.added.saturating_sub_unsigned(self.len as u64);
        Some(before + i64::from(id == self.first))
    }

    #[cfg(test)]
    pub(super) fn counted_heap_bytes(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(Block::heap_bytes).sum();
        blocks + self.blocks.capacity() * size_of::<Block>()
    }
}

/// Whether an entry of so many bytes goes into a new block.
fn is_full(block: &Block, bytes: usize, limits: &Limits) -> bool {
    let most = match limits.stream_node_bytes {
        0 => BLOCK_BYTES_MAX,
        most => most.min(BLOCK_BYTES_MAX),
    };
    let entries = limits.stream_node_entries;
    block.listpack_bytes() + bytes >= most || entries > 0 && block.entries() >= entries
}

impl Clone for Log {
    fn clone(&self) -> Self {
        let blocks = self.blocks.clone();
        let block_bytes = blocks.iter().map(Block::heap_bytes).sum();
        Self { blocks, block_bytes, ..*self }
    }
}

/// Equal are those with the same entries that remember the same.
impl PartialEq for Log {
    fn eq(&self, other: &Self) -> bool {
        let told = |log: &Self| (log.len, log.first, log.last, log.greatest_deleted, log.added);
        told(self) == told(other) && self.iter().eq(other.iter())
    }
}
