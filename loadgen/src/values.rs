//! Sizes and bytes of values, and their times to live.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::Distribution;
use rand_distr::Exp;
use rand_distr::LogNormal;
use rand_distr::Zipf;

/// Largest value, in bytes: what a Redis string can hold.
pub const VALUE_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Longest time to live: a hundred years.
pub const TTL_MAX: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Distribution of value sizes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueSize {
    /// Always the same.
    Fixed(usize),
    /// Every size from `min` to `max` alike.
    Uniform {
        /// Smallest.
        min: usize,
        /// Largest.
        max: usize,
    },
    /// Most near the median, few very large.
    LogNormal {
        /// Half of the values are smaller.
        median: usize,
        /// Spread of the logarithm.
        sigma: f64,
        /// Larger draws are cut to this.
        max: usize,
    },
    /// Small sizes often, large ones rarely.
    Zipf {
        /// Smallest, and the most frequent.
        min: usize,
        /// Largest.
        max: usize,
        /// How fast frequency falls with size.
        exponent: f64,
    },
}

impl ValueSize {
    /// The largest value that can be drawn.
    pub const fn max(self) -> usize {
        match self {
            Self::Fixed(size) => size,
            Self::Uniform { max, .. } | Self::LogNormal { max, .. } | Self::Zipf { max, .. } => max,
        }
    }
}

impl FromStr for ValueSize {
    type Err = String;

    /// Reads `128`, `64..4KB`, `lognormal:1KB,1.0[,64KB]` or `zipf:16..64KB,1.1`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("lognormal:") {
            return log_normal(rest)
                .ok_or_else(|| "lognormal takes median, sigma (0 to 4) and, if wanted, the largest size, such as lognormal:1KB,1.0,64KB".to_owned());
        }
        if let Some(rest) = text.strip_prefix("zipf:") {
            let read = || {
                let (sizes, exponent) = rest.split_once(',')?;
                let (min, max) = range(sizes)?;
                let exponent = exponent.parse().ok().filter(|exponent| (0.0..=10.0).contains(exponent))?;
                Some(Self::Zipf { min, max, exponent })
            };
            return read().ok_or_else(|| {
                "zipf takes a range of sizes and an exponent from 0 to 10, such as zipf:16..64KB,1.1"
                    .to_owned()
            });
        }
        if text.contains("..") {
            let (min, max) = range(text).ok_or_else(|| "a range of sizes is written 64..4KB".to_owned())?;
            return Ok(Self::Uniform { min, max });
        }
        size(text).map(Self::Fixed).ok_or_else(|| {
            format!("`{text}` is no value size; use 128, 64..4KB, lognormal:1KB,1.0 or zipf:16..64KB,1.1 (at most 512MB)")
        })
    }
}

fn log_normal(text: &str) -> Option<ValueSize> {
    let mut parts = text.split(',');
    let median = size(parts.next()?).filter(|median| *median > 0)?;
    let sigma = parts.next()?.parse().ok().filter(|sigma| (0.0..=4.0).contains(sigma))?;
    let max = match parts.next() {
        Some(max) => size(max).filter(|max| *max >= median)?,
        None => median.saturating_mul(100).min(VALUE_BYTES_MAX),
    };
    parts.next().is_none().then_some(ValueSize::LogNormal { median, sigma, max })
}

fn range(text: &str) -> Option<(usize, usize)> {
    let (min, max) = text.split_once("..")?;
    let (min, max) = (size(min)?, size(max)?);
    (min <= max).then_some((min, max))
}

/// A size in bytes: `128`, `4KB`, `1MB` (powers of 1024), at most [`VALUE_BYTES_MAX`].
fn size(text: &str) -> Option<usize> {
    let text = text.trim().to_ascii_uppercase();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1,
        "K" | "KB" => 1024,
        "M" | "MB" => 1024 * 1024,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(unit).filter(|size| *size <= VALUE_BYTES_MAX)
}

/// Distribution of times to live.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ttl {
    /// Keys stay.
    None,
    /// Always the same.
    Fixed(Duration),
    /// Every time from the first to the second alike.
    Uniform(Duration, Duration),
    /// Exponential with this mean: as if keys died at random.
    Exponential(Duration),
}

impl Ttl {
    /// Draws a time to live, at least a millisecond.
    pub fn pick(self, rng: &mut impl Rng) -> Option<Duration> {
        let drawn = match self {
            Self::None => return None,
            Self::Fixed(ttl) => ttl,
            Self::Uniform(min, max) => min + (max - min).mul_f64(rng.random::<f64>()),
            Self::Exponential(mean) => {
                let one: f64 = Exp::new(1.0).expect("a rate of one is valid").sample(rng);
                // A draw beyond 30 means happens once in 10^13.
                mean.mul_f64(one.min(30.0))
            }
        };
        Some(drawn.clamp(Duration::from_millis(1), TTL_MAX))
    }
}

impl FromStr for Ttl {
    type Err = String;

    /// Reads `none`, `60s`, `10s..60s` or `exp:30s`.
    fn from_str(text: &str) -> Result<Self, String> {
        let duration = |text: &str| {
            humantime::parse_duration(text.trim()).ok().filter(|ttl| !ttl.is_zero() && *ttl <= TTL_MAX)
        };
        let parsed = if text == "none" {
            Some(Self::None)
        } else if let Some(mean) = text.strip_prefix("exp:") {
            duration(mean).map(Self::Exponential)
        } else if let Some((min, max)) = text.split_once("..") {
            duration(min)
                .zip(duration(max))
                .filter(|(min, max)| min <= max)
                .map(|(min, max)| Self::Uniform(min, max))
        } else {
            duration(text).map(Self::Fixed)
        };
        parsed.ok_or_else(|| format!("`{text}` is no time to live; use none, 60s, 10s..60s or exp:30s"))
    }
}

/// Makes values: slices of one pool of random text, so that making one costs no more than copying it.
#[derive(Debug, Clone)]
pub struct Values {
    pool: Arc<[u8]>,
    size: ValueSize,
}

impl Values {
    /// Bytes of the pool beyond the largest value, so that equal sizes still differ.
    const SLACK: usize = 64 * 1024;

    /// A maker of values; `seed` decides the bytes.
    pub fn new(size: ValueSize, seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let pool = (0..size.max() + Self::SLACK).map(|_| alphabet[(rng.next_u32() >> 26) as usize]).collect();
        Self { pool, size }
    }

    /// The distribution of sizes.
    pub const fn size(&self) -> ValueSize {
        self.size
    }

    /// The next value.
    pub fn pick(&self, rng: &mut impl Rng) -> &[u8] {
        let size = self.pick_size(rng);
        let start = rng.random_range(0..=self.pool.len() - size);
        &self.pool[start..start + size]
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes are at most 512 MB, and draws are cut to them"
    )]
    fn pick_size(&self, rng: &mut impl Rng) -> usize {
        match self.size {
            ValueSize::Fixed(size) => size,
            ValueSize::Uniform { min, max } => rng.random_range(min..=max),
            ValueSize::LogNormal { median, sigma, max } => {
                let normal = LogNormal::new((median as f64).ln(), sigma).expect("the parser checks sigma");
                (normal.sample(rng) as usize).min(max)
            }
            ValueSize::Zipf { min, max, exponent } => {
                let sizes = (max - min + 1) as f64;
                let zipf = Zipf::new(sizes, exponent).expect("the parser checks range and exponent");
                (min + zipf.sample(rng) as usize - 1).min(max)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(text: &str) -> Vec<usize> {
        let values = Values::new(text.parse().unwrap(), 3);
        let mut rng = SmallRng::seed_from_u64(5);
        let mut sizes: Vec<usize> = (0..20_000).map(|_| values.pick(&mut rng).len()).collect();
        sizes.sort_unstable();
        sizes
    }

    #[test]
    fn sizes_follow_their_distribution() {
        assert!(sizes("128").iter().all(|size| *size == 128));
        let uniform = sizes("100..300");
        assert_eq!((uniform[0], uniform[19_999]), (100, 300));
        assert!((195..=205).contains(&uniform[10_000]));
        let normal = sizes("lognormal:1KB,0.5,8KB");
        assert!((1000..=1050).contains(&normal[10_000]), "{}", normal[10_000]);
        // The 84th percentile of a log-normal is median × e^sigma.
        assert!((1630..=1750).contains(&normal[16_827]), "{}", normal[16_827]);
        let zipf = sizes("zipf:16..1KB,1.2");
        assert_eq!(zipf[0], 16);
        assert!(zipf[10_000] < 40 && zipf[19_999] > 500);
        assert!(sizes("0").iter().all(|size| *size == 0));
    }

    #[test]
    fn ttls_follow_their_distribution() {
        let mut rng = SmallRng::seed_from_u64(5);
        let mut draw = |text: &str| -> Vec<f64> {
            let ttl: Ttl = text.parse().unwrap();
            (0..20_000).filter_map(|_| ttl.pick(&mut rng)).map(|ttl| ttl.as_secs_f64()).collect()
        };
        assert!(draw("none").is_empty());
        assert!(draw("2s").iter().all(|ttl| *ttl == 2.0));
        assert!(draw("1s..3s").iter().all(|ttl| (1.0..=3.0).contains(ttl)));
        let mean = draw("exp:30s").iter().sum::<f64>() / 20_000.0;
        assert!((29.0..31.0).contains(&mean), "{mean}");
    }

    #[test]
    fn wrong_texts_are_refused() {
        for text in ["", "x", "5..2", "1GB", "600MB", "lognormal:1KB", "lognormal:1KB,9", "zipf:1..2", "-1"] {
            assert!(text.parse::<ValueSize>().is_err(), "{text}");
        }
        for text in ["", "60", "0s", "5s..2s", "exp:", "1000years"] {
            assert!(text.parse::<Ttl>().is_err(), "{text}");
        }
    }
}
