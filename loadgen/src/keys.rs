//! Which key a request touches, and how keys are spelled.

use std::str::FromStr;

use rand::Rng;
use rand::RngExt;
use rand_distr::Distribution;
use rand_distr::Zipf;

/// How keys are chosen among `0..count`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KeyChoice {
    /// All alike.
    Uniform,
    /// Key `k` in proportion to `1 / (k + 1)^exponent`.
    Zipf(f64),
    /// The first `keys` keys take `share` of all requests, the others the rest, uniformly.
    Hot {
        /// Number of hot keys.
        keys: u64,
        /// Their share of requests, 0 to 1.
        share: f64,
    },
    /// One after the other, each connection from its own start.
    Sequential,
}

impl FromStr for KeyChoice {
    type Err = String;

    /// Reads `uniform`, `zipf:0.99`, `hot:10,0.9` or `sequential`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        match (name, rest) {
            ("uniform", "") => Ok(Self::Uniform),
            ("sequential", "") => Ok(Self::Sequential),
            ("zipf", exponent) => exponent
                .parse()
                .ok()
                .filter(|exponent| (0.0..=10.0).contains(exponent))
                .map(Self::Zipf)
                .ok_or_else(|| "zipf takes an exponent from 0 to 10, such as zipf:0.99".to_owned()),
            ("hot", rest) => {
                let read = || {
                    let (keys, share) = rest.split_once(',')?;
                    let keys = keys.parse().ok().filter(|keys| *keys > 0)?;
                    let share = share.parse().ok().filter(|share| (0.0..=1.0).contains(share))?;
                    Some(Self::Hot { keys, share })
                };
                read().ok_or_else(|| {
                    "hot takes a number of keys and their share from 0 to 1, such as hot:10,0.9".to_owned()
                })
            }
            _ => Err(format!("`{text}` is no key choice; use uniform, zipf:0.99, hot:10,0.9 or sequential")),
        }
    }
}

/// How a key's number becomes its name: the `#` of the pattern is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPattern {
    before: Vec<u8>,
    after: Vec<u8>,
}

impl KeyPattern {
    /// Length limit of a pattern, in bytes.
    pub const LENGTH_MAX: usize = 1024;

    /// Appends `family` and the name of key `number`.
    pub fn write(&self, family: &[u8], number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(family);
        out.extend_from_slice(&self.before);
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        out.extend_from_slice(&self.after);
    }
}

impl FromStr for KeyPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > Self::LENGTH_MAX {
            return Err(format!("a key pattern has at most {} bytes", Self::LENGTH_MAX));
        }
        match text.split('#').collect::<Vec<_>>()[..] {
            [before, after] => Ok(Self { before: before.into(), after: after.into() }),
            _ => Err("a key pattern holds one `#` for the key's number, such as user:#:profile".to_owned()),
        }
    }
}

/// The keys of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySpace {
    /// Spelling.
    pub pattern: KeyPattern,
    /// Number of keys, at least 1.
    pub count: u64,
    /// Which of them.
    pub choice: KeyChoice,
    /// Share of reads that ask for a key nobody writes, 0 to 1.
    pub miss_ratio: f64,
}

/// Draws key numbers for one connection.
#[derive(Debug, Clone)]
pub struct KeyPicker {
    count: u64,
    draw: Draw,
}

#[derive(Debug, Clone)]
enum Draw {
    Uniform,
    Zipf(Zipf<f64>),
    Hot { keys: u64, share: f64 },
    Sequential { next: u64 },
}

impl KeyPicker {
    /// A picker for connection `connection` of `connections`.
    pub fn new(space: &KeySpace, connection: usize, connections: usize) -> Self {
        let count = space.count;
        #[expect(clippy::cast_precision_loss, reason = "key numbers stay far below 2^53")]
        let draw = match space.choice {
            KeyChoice::Uniform => Draw::Uniform,
            KeyChoice::Zipf(exponent) => {
                Draw::Zipf(Zipf::new(count as f64, exponent).expect("the plan checks count and exponent"))
            }
            KeyChoice::Hot { keys, share } => Draw::Hot { keys: keys.min(count), share },
            KeyChoice::Sequential => {
                Draw::Sequential { next: count / connections.max(1) as u64 * connection as u64 }
            }
        };
        Self { count, draw }
    }

    /// A key number below the count.
    pub fn pick(&mut self, rng: &mut impl Rng) -> u64 {
        match &mut self.draw {
            Draw::Uniform => rng.random_range(0..self.count),
            Draw::Zipf(zipf) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "from 1 to count"
                )]
                let rank = zipf.sample(rng) as u64;
                rank.clamp(1, self.count) - 1
            }
            Draw::Hot { keys, share } => {
                if *keys == self.count || rng.random_bool(*share) {
                    rng.random_range(0..*keys)
                } else {
                    rng.random_range(*keys..self.count)
                }
            }
            Draw::Sequential { next } => {
                let number = *next % self.count;
                *next = number + 1;
                number
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    fn space(count: u64, choice: KeyChoice) -> KeySpace {
        KeySpace { pattern: "key:#".parse().unwrap(), count, choice, miss_ratio: 0.0 }
    }

    #[test]
    fn zipf_draws_match_theory() {
        const DRAWS: u32 = 400_000;
        for exponent in [0.7, 0.99, 1.3] {
            let mut picker = KeyPicker::new(&space(1000, KeyChoice::Zipf(exponent)), 0, 1);
            let mut rng = SmallRng::seed_from_u64(42);
            let mut counts = vec![0_u32; 1000];
            for _ in 0..DRAWS {
                counts[usize::try_from(picker.pick(&mut rng)).unwrap()] += 1;
            }
            let harmonic: f64 = (1..=1000).map(|rank| f64::from(rank).powf(-exponent)).sum();
            for rank in [1_u32, 2, 3, 5, 10, 50] {
                let expected = f64::from(DRAWS) * f64::from(rank).powf(-exponent) / harmonic;
                let seen = f64::from(counts[rank as usize - 1]);
                // Five standard deviations of a binomial count; the seed is fixed, so this cannot flake.
                assert!(
                    (seen - expected).abs() < 5.0 * expected.sqrt(),
                    "{exponent} {rank}: {seen} {expected}"
                );
            }
            assert_eq!(counts.iter().sum::<u32>(), DRAWS);
        }
    }

    #[test]
    fn hot_keys_take_their_share() {
        let mut picker = KeyPicker::new(&space(1000, KeyChoice::Hot { keys: 2, share: 0.9 }), 0, 1);
        let mut rng = SmallRng::seed_from_u64(1);
        let hot = (0..100_000).filter(|_| picker.pick(&mut rng) < 2).count();
        assert!((89_000..91_000).contains(&hot), "{hot}");
    }

    #[test]
    fn uniform_and_sequential_reach_every_key() {
        let mut rng = SmallRng::seed_from_u64(1);
        for choice in [KeyChoice::Uniform, KeyChoice::Sequential] {
            let mut picker = KeyPicker::new(&space(10, choice), 1, 2);
            let mut seen = [false; 10];
            for _ in 0..500 {
                seen[usize::try_from(picker.pick(&mut rng)).unwrap()] = true;
            }
            assert_eq!(seen, [true; 10]);
        }
        let mut picker = KeyPicker::new(&space(10, KeyChoice::Sequential), 1, 2);
        assert_eq!((0..6).map(|_| picker.pick(&mut rng)).collect::<Vec<_>>(), [5, 6, 7, 8, 9, 0]);
    }

    #[test]
    fn patterns() {
        let mut out = Vec::new();
        "user:{#}:data".parse::<KeyPattern>().unwrap().write(b"absent:", 42, &mut out);
        assert_eq!(out, b"absent:user:{42}:data");
        assert!("user".parse::<KeyPattern>().unwrap_err().contains("one `#`"));
        assert!("#:#".parse::<KeyPattern>().is_err());
    }

    #[test]
    fn choices_parse() {
        assert_eq!("zipf:1.2".parse(), Ok(KeyChoice::Zipf(1.2)));
        assert_eq!("hot:3,0.5".parse(), Ok(KeyChoice::Hot { keys: 3, share: 0.5 }));
        for wrong in ["zipf", "zipf:-1", "zipf:NaN", "hot:0,0.5", "hot:1,2", "hot", "random", "uniform:2"] {
            assert!(wrong.parse::<KeyChoice>().is_err(), "{wrong}");
        }
    }
}
