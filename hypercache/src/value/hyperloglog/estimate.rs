//! The cardinality that a histogram of registers tells (Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog
//! sketches", arXiv:1702.01284, algorithm 6).

use crate::value::hyperloglog::RANK_BITS;
use crate::value::hyperloglog::REGISTERS;

/// How many registers have each value; those of 6 bits have no other values.
pub type Histogram = [u32; 64];

/// Half the reciprocal of the natural logarithm of 2.
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// The cardinality; at most what fits a signed integer, which damaged registers may go beyond.
pub fn cardinality(histogram: &Histogram) -> u64 {
    let registers = REGISTERS as f64;
    let full = f64::from(histogram[RANK_BITS + 1]);
    let mut sum = registers * tau((registers - full) / registers);
    for count in histogram[1..=RANK_BITS].iter().rev() {
        sum = 0.5 * (sum + f64::from(*count));
    }
    sum += registers * sigma(f64::from(histogram[0]) / registers);
    let estimate = (ALPHA * registers * registers / sum).round();
    (estimate as u64).min(i64::MAX as u64)
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * weight;
        weight += weight;
        if sum == before {
            return sum;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * weight;
        if sum == before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_that_no_elements_make_are_survived() {
        let all = |value: usize| {
            let mut histogram = [0; 64];
            histogram[value] = REGISTERS as u32;
            cardinality(&histogram)
        };
        assert_eq!(all(0), 0);
        assert!(all(1) > 10_000 && all(2) > all(1));
        assert!(all(RANK_BITS - 5) > all(RANK_BITS - 6));
        assert_eq!(all(63), i64::MAX as u64);
    }
}
