//! Cuckoo filters: sets of items of which only fingerprints are kept, so that asking for an item that is not there is
//! sometimes answered wrongly and asking for one that is there never. Unlike with Bloom filters, items can be taken out.
//! (Bin Fan, Dave G. Andersen, Michael Kaminsky, Michael D. Mitzenmacher: Cuckoo Filter: Practically Better Than Bloom,
//! CoNEXT 2014.)
//!
//! A filter that is full gets further tables, each at least as large as the one before and with fingerprints at least as
//! wide. So two items that one table cannot tell apart are not told apart by any earlier one either, which is what makes
//! two things safe: to move a fingerprint to an earlier table without knowing its item, and to take an item out of the last
//! table where it seems to be. What is taken out there may be the fingerprint of another item; but then that other item
//! is found in its stead in the earlier table where the first one lies.

pub mod fingerprint;
pub mod form;
pub mod rate;
pub mod table;

use crate::value::cuckoo::fingerprint::Print;
use crate::value::cuckoo::table::Shape;
use crate::value::cuckoo::table::Table;
use crate::value::string;

/// Tables of a filter; RedisBloom's `cf-max-expansions`.
pub const TABLES_MAX: usize = 32;
/// Bytes of all tables together: a filter is not larger than a string.
pub const BYTES_MAX: u64 = string::BYTES_MAX as u64;
/// Slots of the last table that one deletion looks at, to move what is in them to earlier tables.
const COMPACTED_SLOTS: usize = 16;

/// How a filter is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Slots in a bucket, 1 to 255.
    pub bucket_size: u16,
    /// Fingerprints that move to make room for one, 1 to 65,535.
    pub max_iterations: u16,
    /// How many times as large as the last one a further table is, rounded up to a power of two; 0: there is none.
    pub expansion: u32,
    /// How often at the most an item that is not there may seem to be there; more than 0.
    pub rate: f64,
}

impl Settings {
    /// RedisBloom's defaults.
    pub fn usual() -> Self {
        Self { bucket_size: 2, max_iterations: 20, expansion: 1, rate: rate::usual(2) }
    }
}

/// Items of a filter without `CAPACITY`; RedisBloom's `cf-initial-size`.
pub const USUAL_CAPACITY: u64 = 1024;

/// Why an item cannot be put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The filter does not grow, or no further table would keep its error rate.
    Size,
    /// It has as many tables as one may have.
    Tables,
    /// It would need more bytes than it may have.
    Bytes,
}

/// A cuckoo filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Cuckoo {
    settings: Settings,
    tables: Vec<Table>,
    deleted: u64,
    /// The slot of the last table where compacting goes on.
    compacted_to: usize,
}

impl Cuckoo {
    /// An empty filter for so many items; none where it would need too many bytes or no fingerprint keeps the rate.
    pub fn new(capacity: u64, settings: Settings) -> Option<Self> {
        let settings = Settings { expansion: rounded(settings.expansion), ..settings };
        let buckets = (capacity / u64::from(settings.bucket_size)).max(1).checked_next_power_of_two()?;
        let width = rate::next_width(settings.bucket_size, settings.rate, std::iter::empty())?;
        let shape = Shape { buckets, bucket_size: settings.bucket_size, width };
        shape.bytes().filter(|bytes| *bytes <= BYTES_MAX)?;
        Some(Self { settings, tables: vec![Table::new(shape)], deleted: 0, compacted_to: 0 })
    }

    /// A filter with RedisBloom's defaults.
    pub fn usual() -> Self {
        Self::new(USUAL_CAPACITY, Settings::usual()).expect("a small filter with the usual rate can be made")
    }

    /// How it was made.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Its tables, the oldest first.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Items in it.
    pub fn items(&self) -> u64 {
        self.tables.iter().map(Table::used).sum()
    }

    /// Items that were taken out of it.
    pub fn deleted(&self) -> u64 {
        self.deleted
    }

    /// Bytes on the heap; there are few tables.
    pub fn heap_bytes(&self) -> usize {
        self.tables.capacity() * size_of::<Table>()
            + self.tables.iter().map(|table| table.data().len()).sum::<usize>()
    }

    /// How often an item that is not in it seems to be there when all its tables are full.
    pub fn full_rate(&self) -> f64 {
        let rate = |table: &Table| rate::of_table(self.settings.bucket_size, table.shape().width);
        self.tables.iter().map(rate).sum()
    }

    /// Whether an item seems to be there.
    pub fn contains(&self, item: &[u8]) -> bool {
        let print = Print::of(item);
        self.tables.iter().any(|table| table.contains(print))
    }

    /// How often an item seems to be there; never less often than it is.
    pub fn count(&self, item: &[u8]) -> u64 {
        let print = Print::of(item);
        self.tables.iter().map(|table| table.count(print)).sum()
    }

    /// Puts an item in once more. Where that fails nothing has changed.
    pub fn insert(&mut self, item: &[u8]) -> Result<(), Full> {
        let print = Print::of(item);
        if self.tables.iter_mut().any(|table| table.place(print)) {
            return Ok(());
        }
        let moves_max = self.settings.max_iterations;
        if self.tables.last_mut().is_some_and(|last| last.place_by_moving(print, moves_max)) {
            return Ok(());
        }
        let mut table = Table::new(self.next_shape()?);
        table.place(print);
        self.tables.push(table);
        self.compacted_to = 0;
        Ok(())
    }

    /// The shape of a further table.
    fn next_shape(&self) -> Result<Shape, Full> {
        let settings = self.settings;
        if settings.expansion == 0 {
            return Err(Full::Size);
        }
        if self.tables.len() >= TABLES_MAX {
            return Err(Full::Tables);
        }
        let widths = self.tables.iter().map(|table| table.shape().width);
        let width = rate::next_width(settings.bucket_size, settings.rate, widths).ok_or(Full::Size)?;
        let last = self.tables.last().map_or(1, |table| table.shape().buckets);
        let buckets = last.checked_mul(settings.expansion.into()).ok_or(Full::Bytes)?;
        let shape = Shape { buckets, bucket_size: settings.bucket_size, width };
        let present: u64 = self.tables.iter().map(|table| table.data().len() as u64).sum();
        let bytes = shape.bytes().and_then(|bytes| bytes.checked_add(present));
        bytes.filter(|bytes| *bytes <= BYTES_MAX).map(|_| shape).ok_or(Full::Bytes)
    }

    /// Takes one occurrence of an item out, and compacts a little; whether it seemed to be there.
    pub fn remove(&mut self, item: &[u8]) -> bool {
        let print = Print::of(item);
        let removed = self.tables.iter_mut().rev().any(|table| table.remove(print));
        if removed {
            self.deleted += 1;
            self.compact_a_little();
        }
        removed
    }

    /// Moves what is in a few slots of the last table to earlier tables that have room for it, and drops empty tables.
    fn compact_a_little(&mut self) {
        let last = self.tables.len() - 1;
        if last == 0 {
            return;
        }
        let slots = self.tables[last].slots();
        for _ in 0..COMPACTED_SLOTS.min(slots) {
            self.move_down(last, self.compacted_to);
            self.compacted_to = (self.compacted_to + 1) % slots;
        }
        self.drop_empty();
    }

    /// Moves all that earlier tables have room for, and drops empty tables. Takes as long as there are slots.
    pub fn compact(&mut self) {
        for from in (1..self.tables.len()).rev() {
            (0..self.tables[from].slots()).for_each(|slot| self.move_down(from, slot));
        }
        self.drop_empty();
    }

    /// Moves what is in a slot to the first earlier table with a free slot for it.
    fn move_down(&mut self, from: usize, slot: usize) {
        let (earlier, rest) = self.tables.split_at_mut(from);
        let table = &mut rest[0];
        let print = Print { bucket: table.bucket_of(slot), fingerprint: table.get(slot) };
        if print.fingerprint != 0 && earlier.iter_mut().any(|earlier| earlier.place(print)) {
            table.set(slot, 0);
        }
    }

    fn drop_empty(&mut self) {
        let before = self.tables.len();
        let mut is_first = true;
        self.tables.retain(|table| std::mem::take(&mut is_first) || table.used() > 0);
        if self.tables.len() < before {
            self.compacted_to = 0;
        }
    }
}

/// The next power of two, where it is not 0.
fn rounded(expansion: u32) -> u32 {
    if expansion == 0 { 0 } else { expansion.next_power_of_two() }
}

#[cfg(test)]
mod tests;
