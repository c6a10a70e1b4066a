//! How often a filter may be wrong about what is not in it, and which width of fingerprints that takes.
//!
//! Whoever asks for an item compares it with the fingerprints of two full buckets in each table, so the rates of the
//! tables add up. Each table may take half of what is left: the first half of the wanted rate, the second a quarter and so
//! on, and gets the narrowest fingerprints for that. Where the widest are too narrow for its part, it gets them all the
//! same as long as the sum stays within the wanted rate; after that the filter does not grow.

use crate::value::cuckoo::fingerprint::Width;

/// The rate of a full table: it has two buckets for an item, and each fingerprint in them is right by chance with a
/// probability of 1 in 255 for its lowest byte and 1/2 for each further bit.
pub fn of_table(bucket_size: u16, width: Width) -> f64 {
    2.0 * f64::from(bucket_size) / (255.0 * f64::from(1_u32 << (width.bits() - 8)))
}

/// The rate that is promised where none is asked for: the first table has fingerprints of 8 bits, as RedisBloom has them,
/// and all further ones together are wrong as often as that one.
pub fn usual(bucket_size: u16) -> f64 {
    2.0 * of_table(bucket_size, Width::Eight)
}

/// The width for one more table after these; none where no width keeps the rate.
pub fn next_width(bucket_size: u16, wanted: f64, tables: impl Iterator<Item = Width>) -> Option<Width> {
    let (mut share, mut sum, mut last) = (wanted / 2.0, 0.0, Width::Eight);
    for width in tables {
        share /= 2.0;
        sum += of_table(bucket_size, width);
        last = width;
    }
    let mut wide_enough = Width::ALL.into_iter().filter(|width| *width >= last);
    let fitting = wide_enough.find(|width| of_table(bucket_size, *width) <= share);
    let width = fitting.unwrap_or(Width::Sixteen);
    (sum + of_table(bucket_size, width) <= wanted).then_some(width)
}
