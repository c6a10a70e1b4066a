//! Cuckoo filters as bytes: a header that tells their shape, and the slots of their tables.
//!
//! The header is `HCCF`, the version 1, the bucket size (2 bytes), the iterations (2), the expansion (4), the error rate
//! (8), the number of deletions (8), where compacting goes on (8), the number of tables (1), and for each the binary
//! logarithm of its buckets (1) and the width of its fingerprints (1); numbers with their lowest byte first.

use crate::value::cuckoo::BYTES_MAX;
use crate::value::cuckoo::Cuckoo;
use crate::value::cuckoo::Settings;
use crate::value::cuckoo::TABLES_MAX;
use crate::value::cuckoo::fingerprint::Width;
use crate::value::cuckoo::table::Shape;
use crate::value::cuckoo::table::Table;
use crate::value::filter_form::CHUNK_BYTES;
use crate::value::filter_form::take;

const MARK: &[u8] = b"HCCF\x01";

/// A header that has been read and checked; the tables are still to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    settings: Settings,
    deleted: u64,
    compacted_to: u64,
    shapes: Vec<Shape>,
}

impl Header {
    /// Reads a header; none where it is not one, or tells of more than a filter may have.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MARK)?;
        let settings = Settings {
            bucket_size: u16::from_le_bytes(take(&mut rest)?),
            max_iterations: u16::from_le_bytes(take(&mut rest)?),
            expansion: u32::from_le_bytes(take(&mut rest)?),
            rate: f64::from_le_bytes(take(&mut rest)?),
        };
        let (deleted, compacted_to) =
            (u64::from_le_bytes(take(&mut rest)?), u64::from_le_bytes(take(&mut rest)?));
        let [count] = take(&mut rest)?;
        let in_range = (1..=255).contains(&settings.bucket_size)
            && settings.max_iterations > 0
            && (settings.expansion == 0 || settings.expansion.is_power_of_two())
            && settings.expansion <= 1 << 15
            && settings.rate.is_finite()
            && settings.rate > 0.0
            && (1..=TABLES_MAX).contains(&usize::from(count))
            && rest.len() == 2 * usize::from(count);
        if !in_range {
            return None;
        }
        let (mut shapes, mut total) = (Vec::with_capacity(count.into()), 0_u64);
        let mut least = (0, Width::Eight);
        for pair in rest.as_chunks::<2>().0 {
            let (logarithm, width) = (pair[0], Width::of_bits(pair[1])?);
            // Each table can tell apart what the one before can.
            if logarithm < least.0 || width < least.1 {
                return None;
            }
            least = (logarithm, width);
            let buckets = 1_u64.checked_shl(logarithm.into())?;
            let shape = Shape { buckets, bucket_size: settings.bucket_size, width };
            total = total.checked_add(shape.bytes()?).filter(|total| *total <= BYTES_MAX)?;
            shapes.push(shape);
        }
        let slots = least.0;
        let slots = (1_u64 << slots) * u64::from(settings.bucket_size);
        (compacted_to < slots).then_some(Self { settings, deleted, compacted_to, shapes })
    }

    /// Bytes of each table.
    pub fn table_bytes(&self) -> impl ExactSizeIterator<Item = usize> {
        let bytes = |shape: &Shape| shape.bytes().and_then(|bytes| usize::try_from(bytes).ok());
        self.shapes.iter().map(move |shape| bytes(shape).expect("the header was checked"))
    }

    /// The filter with all slots free.
    pub fn empty(&self) -> Cuckoo {
        Cuckoo {
            settings: self.settings,
            tables: self.shapes.iter().copied().map(Table::new).collect(),
            deleted: self.deleted,
            compacted_to: usize::try_from(self.compacted_to).expect("it is less than the slots of a table"),
        }
    }
}

impl Cuckoo {
    /// Its header.
    pub fn header(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        bytes.extend_from_slice(&self.settings.bucket_size.to_le_bytes());
        bytes.extend_from_slice(&self.settings.max_iterations.to_le_bytes());
        bytes.extend_from_slice(&self.settings.expansion.to_le_bytes());
        bytes.extend_from_slice(&self.settings.rate.to_le_bytes());
        bytes.extend_from_slice(&self.deleted.to_le_bytes());
        bytes.extend_from_slice(&(self.compacted_to as u64).to_le_bytes());
        bytes.push(self.tables.len() as u8);
        for table in &self.tables {
            let shape = table.shape();
            bytes.extend_from_slice(&[shape.buckets.trailing_zeros() as u8, shape.width.bits() as u8]);
        }
        bytes
    }

    /// The bytes from `start` on of all tables one after the other, up to the end of a table; none beyond the last.
    pub fn chunk(&self, start: u64) -> Option<&[u8]> {
        let (table, start) = self.place_of(start)?;
        let bytes = &self.tables[table].data()[start..];
        Some(&bytes[..bytes.len().min(CHUNK_BYTES)])
    }

    /// Overwrites the bytes from `start` on of all tables one after the other; whether they lie within one.
    pub fn load(&mut self, start: u64, bytes: &[u8]) -> bool {
        let place = self.place_of(start);
        place.is_some_and(|(table, start)| self.tables[table].load(start, bytes))
    }

    /// The table in which a byte lies, and where there.
    fn place_of(&self, at: u64) -> Option<(usize, usize)> {
        let mut at = usize::try_from(at).ok()?;
        for (table, bytes) in self.tables.iter().map(|table| table.data().len()).enumerate() {
            if at < bytes {
                return Some((table, at));
            }
            at -= bytes;
        }
        None
    }
}
