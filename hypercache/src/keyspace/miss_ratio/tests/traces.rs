//! Sequences of lookups, made by rule.

use crate::value::split_mix;

/// A lookup of a key that takes so many bytes.
pub struct Reference {
    pub hash: u64,
    pub bytes: u64,
}

/// The hash of a key's number.
pub fn hash(number: u64) -> u64 {
    split_mix::next(&mut number.wrapping_mul(split_mix::STEP))
}

/// Each key has its own size, 100 to 1123 bytes.
fn reference(number: u64) -> Reference {
    let hash = hash(number);
    Reference { hash, bytes: 100 + (hash >> 40) % 1024 }
}

/// Numbers by rank, drawn by Zipf's law.
struct Zipf {
    sums: Vec<f64>,
    state: u64,
}

impl Zipf {
    fn new(exponent: f64, keys: usize, seed: u64) -> Self {
        let mut sum = 0.0;
        let weights = (1..=keys).map(|rank| (rank as f64).powf(-exponent));
        let sums = weights.map(|weight| {
            sum += weight;
            sum
        });
        Self { sums: sums.collect(), state: seed << 32 }
    }

    fn next(&mut self) -> u64 {
        self.state += 1;
        let drawn = (hash(self.state) >> 11) as f64 / (1_u64 << 53) as f64 * self.sums[self.sums.len() - 1];
        self.sums.partition_point(|sum| *sum < drawn) as u64
    }
}

pub fn zipf(exponent: f64, keys: usize, length: usize, seed: u64) -> Vec<Reference> {
    let mut zipf = Zipf::new(exponent, keys, seed);
    (0..length).map(|_| reference(zipf.next())).collect()
}

/// All keys one after the other, again and again.
pub fn cycle(keys: u64, length: u64) -> Vec<Reference> {
    (0..length).map(|n| reference(n % keys)).collect()
}

/// Zipf's law, and in a third of the lookups a scan over keys that nobody else wants.
pub fn scans(keys: usize, length: u64, seed: u64) -> Vec<Reference> {
    let mut zipf = Zipf::new(0.9, keys, seed);
    let scanned = keys as u64..keys as u64 * 2;
    let of_scan = |n: u64| scanned.start + n / 3 % (scanned.end - scanned.start);
    (0..length).map(|n| reference(if n % 3 == 0 { of_scan(n) } else { zipf.next() })).collect()
}

/// Zipf's law over keys of which a tenth is replaced in each twentieth of the trace.
pub fn shifting(keys: usize, length: u64, seed: u64) -> Vec<Reference> {
    let mut zipf = Zipf::new(0.8, keys, seed);
    let shift = |n: u64| n * 20 / length * (keys as u64 / 10);
    (0..length).map(|n| reference(zipf.next() + shift(n))).collect()
}
