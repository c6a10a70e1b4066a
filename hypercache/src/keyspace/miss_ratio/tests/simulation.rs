//! A cache of a given size that gives way by least use, simulated key by key.

use std::collections::BTreeMap;
use std::collections::HashMap;

use super::traces::Reference;

/// Sizes at which a curve is compared.
const SIZES: u64 = 10;

/// The mean of the absolute differences between hit ratios by size in bytes, as they are told, and those of simulated caches.
pub fn mean_error(trace: &[Reference], told: impl Fn(u64) -> f64) -> f64 {
    let all: HashMap<u64, u64> = trace.iter().map(|reference| (reference.hash, reference.bytes)).collect();
    let total: u64 = all.values().sum();
    let errors = (1..=SIZES).map(|step| {
        let bytes = total * step / SIZES;
        (told(bytes) - hit_ratio(trace, bytes)).abs()
    });
    errors.sum::<f64>() / SIZES as f64
}

/// Share of a trace's references that such a cache answers; what it misses is written at once.
fn hit_ratio(trace: &[Reference], bytes_max: u64) -> f64 {
    let (mut used_at, mut by_use): (HashMap<u64, (u64, u64)>, BTreeMap<u64, u64>) = Default::default();
    let (mut held, mut hits) = (0, 0_u64);
    for (now, reference) in (0_u64..).zip(trace) {
        if let Some((before, bytes)) = used_at.remove(&reference.hash) {
            hits += 1;
            by_use.remove(&before);
            held -= bytes;
        }
        if reference.bytes > bytes_max {
            continue;
        }
        while held + reference.bytes > bytes_max {
            let (_, oldest) = by_use.pop_first().expect("what is held has been used");
            held -= used_at.remove(&oldest).expect("the maps agree").1;
        }
        by_use.insert(now, reference.hash);
        used_at.insert(reference.hash, (now, reference.bytes));
        held += reference.bytes;
    }
    hits as f64 / trace.len() as f64
}
