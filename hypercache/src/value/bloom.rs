//! Scalable Bloom filters: sets of items of which only bits are kept, so that asking for an item that is not there is
//! sometimes answered wrongly and asking for one that is there never. (Paulo Sérgio Almeida, Carlos Baquero, Nuno Preguiça,
//! David Hutchison: Scalable Bloom Filters, Information Processing Letters 101, 2007.)
//!
//! A filter that scales gets a further link when the last is full. The first link takes half of the wanted rate of wrong
//! answers and each further one half of what the one before takes, so that all of them together keep it.

pub mod form;
pub mod link;

use crate::value::bloom::link::Hashes;
use crate::value::bloom::link::Link;
use crate::value::bloom::link::Shape;
use crate::value::string;

/// Links of a filter.
pub const LINKS_MAX: usize = 1000;
/// Bytes of all links together: a filter is not larger than a string.
pub const BYTES_MAX: u64 = string::BYTES_MAX as u64;
/// Items of a filter that nobody said a capacity for; RedisBloom's `bf-initial-size`.
pub const USUAL_CAPACITY: u64 = 100;
/// The part of its predecessor's rate that a link may take.
const TIGHTENING: f64 = 0.5;

/// How a filter is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How often at the most an item that is not there may seem to be there; more than 0 and less than 1.
    pub rate: f64,
    /// How many times as many items as the last link a further one is for; at least 1.
    pub expansion: u32,
    /// Whether there are further links at all.
    pub scales: bool,
}

impl Settings {
    /// RedisBloom's defaults.
    pub const USUAL: Self = Self { rate: 0.01, expansion: 2, scales: true };

    /// The rate of the link with this number.
    fn link_rate(&self, number: usize) -> f64 {
        let halvings = if self.scales { number + 1 } else { 0 };
        (0..halvings).fold(self.rate, |rate, _| rate * TIGHTENING)
    }
}

/// Why an item cannot be put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The filter does not scale.
    Size,
    /// A further link would be one too many or need too many bytes.
    Growth,
}

/// A Bloom filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Bloom {
    settings: Settings,
    links: Vec<Link>,
    bit_bytes: usize,
}

impl Bloom {
    /// An empty filter for so many items; none where it would need too many bytes.
    pub fn new(capacity: u64, settings: Settings) -> Option<Self> {
        let shape = Shape::new(capacity, settings.link_rate(0)).filter(|shape| shape.bytes() <= BYTES_MAX)?;
        let mut filter = Self { settings, links: Vec::new(), bit_bytes: 0 };
        filter.push(Link::new(shape));
        Some(filter)
    }

    /// A filter with RedisBloom's defaults.
    pub fn usual() -> Self {
        Self::new(USUAL_CAPACITY, Settings::USUAL).expect("a small filter with the usual rate can be made")
    }

    fn push(&mut self, link: Link) {
        self.bit_bytes += link.data().len();
        self.links.push(link);
    }

    /// How it was made.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Its links, the oldest first.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Items that were put in and did not seem to be there before.
    pub fn items(&self) -> u64 {
        self.links.iter().fold(0, |sum, link| sum.saturating_add(link.items()))
    }

    /// Items that all links are for.
    pub fn capacity(&self) -> u64 {
        self.links.iter().fold(0, |sum, link| sum.saturating_add(link.shape().capacity))
    }

    /// Bytes on the heap; constant time.
    pub fn heap_bytes(&self) -> usize {
        self.links.capacity() * size_of::<Link>() + self.bit_bytes
    }

    /// Whether an item seems to be there.
    pub fn contains(&self, item: &[u8]) -> bool {
        let hashes = Hashes::of(item);
        self.links.iter().rev().any(|link| link.contains(hashes))
    }

    /// Puts an item in; whether it did not seem to be there. Where that fails nothing has changed.
    pub fn insert(&mut self, item: &[u8]) -> Result<bool, Full> {
        if self.contains(item) {
            return Ok(false);
        }
        if self.links.last().is_none_or(Link::is_full) {
            let shape = self.next_shape()?;
            self.push(Link::new(shape));
        }
        self.links.last_mut().expect("a filter has a link").insert(Hashes::of(item));
        Ok(true)
    }

    /// The shape of a further link.
    fn next_shape(&self) -> Result<Shape, Full> {
        if !self.settings.scales {
            return Err(Full::Size);
        }
        let last = self.links.last().map_or(USUAL_CAPACITY, |link| link.shape().capacity);
        let capacity = last.checked_mul(self.settings.expansion.into()).ok_or(Full::Growth)?;
        let shape = Shape::new(capacity, self.settings.link_rate(self.links.len())).ok_or(Full::Growth)?;
        let total = shape.bytes().saturating_add(self.bit_bytes as u64);
        if self.links.len() < LINKS_MAX && total <= BYTES_MAX { Ok(shape) } else { Err(Full::Growth) }
    }
}

#[cfg(test)]
mod tests;
