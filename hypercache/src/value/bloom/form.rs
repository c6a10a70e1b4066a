//! Bloom filters as bytes: a header that tells their shape, and the bits of their links.
//!
//! The header is `HCBF`, the version 1, the error rate (8 bytes), the expansion (4), whether it scales (1), the number of
//! links (2), and for each the capacity (8), the items (8), the bits (8) and the hashes (2); numbers with their lowest byte
//! first.

use crate::value::bloom::BYTES_MAX;
use crate::value::bloom::Bloom;
use crate::value::bloom::LINKS_MAX;
use crate::value::bloom::Settings;
use crate::value::bloom::link::Link;
use crate::value::bloom::link::Shape;
use crate::value::filter_form::CHUNK_BYTES;
use crate::value::filter_form::take;

const MARK: &[u8] = b"HCBF\x01";
const LINK_BYTES: usize = 26;

/// A header that has been read and checked; the links are still to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    settings: Settings,
    /// Shape and items of each link.
    links: Vec<(Shape, u64)>,
}

impl Header {
    /// Reads a header; none where it is not one, or tells of more than a filter may have.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MARK)?;
        let rate = f64::from_le_bytes(take(&mut rest)?);
        let expansion = u32::from_le_bytes(take(&mut rest)?);
        let [scales] = take(&mut rest)?;
        let count = usize::from(u16::from_le_bytes(take(&mut rest)?));
        let in_range = rate > 0.0
            && rate < 1.0
            && (1..=1 << 15).contains(&expansion)
            && scales <= 1
            && (1..=LINKS_MAX).contains(&count)
            && rest.len() == count * LINK_BYTES;
        if !in_range {
            return None;
        }
        let (mut links, mut total) = (Vec::with_capacity(count), 0_u64);
        for _ in 0..count {
            let mut number = || take(&mut rest).map(u64::from_le_bytes);
            let (capacity, items, bits) = (number()?, number()?, number()?);
            let shape = Shape { capacity, bits, hashes: u16::from_le_bytes(take(&mut rest)?) };
            total = total.checked_add(shape.bytes())?;
            if !shape.is_valid() || items > capacity || total > BYTES_MAX {
                return None;
            }
            links.push((shape, items));
        }
        Some(Self { settings: Settings { rate, expansion, scales: scales == 1 }, links })
    }

    /// Bytes of each link.
    pub fn link_bytes(&self) -> impl ExactSizeIterator<Item = usize> {
        let bytes = |shape: &Shape| usize::try_from(shape.bytes()).expect("the header was checked");
        self.links.iter().map(move |(shape, _)| bytes(shape))
    }

    /// The filter with no bit set.
    pub fn empty(&self) -> Bloom {
        let mut filter = Bloom { settings: self.settings, links: Vec::new(), bit_bytes: 0 };
        self.links.iter().for_each(|(shape, items)| filter.push(Link::with_items(*shape, *items)));
        filter
    }
}

impl Bloom {
    /// Its header.
    pub fn header(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        bytes.extend_from_slice(&self.settings.rate.to_le_bytes());
        bytes.extend_from_slice(&self.settings.expansion.to_le_bytes());
        bytes.push(self.settings.scales.into());
        bytes.extend_from_slice(&(self.links.len() as u16).to_le_bytes());
        for link in &self.links {
            let shape = link.shape();
            for number in [shape.capacity, link.items(), shape.bits] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.extend_from_slice(&shape.hashes.to_le_bytes());
        }
        bytes
    }

    /// The bytes from `start` on of all links one after the other, up to the end of a link; none beyond the last.
    pub fn chunk(&self, start: u64) -> Option<&[u8]> {
        let (link, start) = self.place_of(start)?;
        let bytes = &self.links[link].data()[start..];
        Some(&bytes[..bytes.len().min(CHUNK_BYTES)])
    }

    /// Overwrites the bytes from `start` on of all links one after the other; none where there is no such byte, and whether
    /// they lie within one link.
    pub fn load(&mut self, start: u64, bytes: &[u8]) -> Option<bool> {
        let (link, start) = self.place_of(start)?;
        Some(self.links[link].load(start, bytes))
    }

    /// The link in which a byte lies, and where there.
    fn place_of(&self, at: u64) -> Option<(usize, usize)> {
        let mut at = usize::try_from(at).ok()?;
        for (link, bytes) in self.links.iter().map(|link| link.data().len()).enumerate() {
            if at < bytes {
                return Some((link, at));
            }
            at -= bytes;
        }
        None
    }
}
