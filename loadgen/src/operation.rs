//! What one request does, and how often each kind is drawn.

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use rand::RngExt;

/// One kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Operation {
    /// Reads a key.
    Get,
    /// Writes a key, with a time to live when the workload has one.
    Set,
    /// Writes a key with a time to live in seconds.
    Setex,
    /// Reads a key and renews its time to live.
    Getex,
    /// Removes a key.
    Del,
    /// Asks whether a key exists.
    Exists,
    /// Sets a key's time to live.
    Expire,
    /// Reads a key's time to live.
    Ttl,
    /// Adds one to a counter.
    Incr,
    /// Appends to a key.
    Append,
    /// Reads a batch of keys.
    Mget,
    /// Writes a batch of keys.
    Mset,
    /// Continues a scan over all keys.
    Scan,
    /// Asks for nothing.
    Ping,
    /// A list command on a string: an error on purpose.
    WrongType,
    /// An increment of a text: an error on purpose.
    NotInteger,
    /// A command no server has: an error on purpose.
    Unknown,
    /// A command without its arguments: an error on purpose.
    Arity,
}

impl Operation {
    /// Every operation, in the order of their numbers.
    pub const ALL: [Self; 18] = [
        Self::Get,
        Self::Set,
        Self::Setex,
        Self::Getex,
        Self::Del,
        Self::Exists,
        Self::Expire,
        Self::Ttl,
        Self::Incr,
        Self::Append,
        Self::Mget,
        Self::Mset,
        Self::Scan,
        Self::Ping,
        Self::WrongType,
        Self::NotInteger,
        Self::Unknown,
        Self::Arity,
    ];

    /// Its name in reports and metrics; in `--mix` the same in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Set => "SET",
            Self::Setex => "SETEX",
            Self::Getex => "GETEX",
            Self::Del => "DEL",
            Self::Exists => "EXISTS",
            Self::Expire => "EXPIRE",
            Self::Ttl => "TTL",
            Self::Incr => "INCR",
            Self::Append => "APPEND",
            Self::Mget => "MGET",
            Self::Mset => "MSET",
            Self::Scan => "SCAN",
            Self::Ping => "PING",
            Self::WrongType => "WRONGTYPE",
            Self::NotInteger => "NOTINTEGER",
            Self::Unknown => "UNKNOWN",
            Self::Arity => "ARITY",
        }
    }

    /// Position in [`Self::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether the server is meant to answer with an error.
    pub const fn expects_error(self) -> bool {
        matches!(self, Self::WrongType | Self::NotInteger | Self::Unknown | Self::Arity)
    }

    /// Whether the HTTP door has it.
    pub const fn over_http(self) -> bool {
        matches!(self, Self::Get | Self::Set | Self::Del | Self::Mget | Self::Mset)
    }
}

/// Operations and the weight of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    weights: Vec<(Operation, u32)>,
    total: u32,
}

impl Mix {
    /// Draws an operation.
    pub fn pick(&self, rng: &mut impl Rng) -> Operation {
        let mut left = rng.random_range(0..self.total);
        for &(operation, weight) in &self.weights {
            if left < weight {
                return operation;
            }
            left -= weight;
        }
        self.weights[0].0
    }

    /// The operations that can be drawn.
    pub fn operations(&self) -> impl Iterator<Item = Operation> + '_ {
        self.weights.iter().map(|(operation, _)| *operation)
    }
}

impl FromStr for Mix {
    type Err = String;

    /// Reads `get=80,set=20`; a name alone weighs 1.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut weights: Vec<(Operation, u32)> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, weight) = part.split_once('=').unwrap_or((part, "1"));
            let operation = Operation::ALL
                .into_iter()
                .find(|operation| operation.name().eq_ignore_ascii_case(name.trim()))
                .ok_or_else(|| format!("`{name}` is not an operation; use {}", known()))?;
            let weight: u32 = weight
                .trim()
                .parse()
                .ok()
                .filter(|weight| *weight <= 1_000_000)
                .ok_or_else(|| format!("the weight of `{name}` must be a whole number up to 1000000"))?;
            if weights.iter().any(|(seen, _)| *seen == operation) {
                return Err(format!("`{name}` is given twice"));
            }
            if weight > 0 {
                weights.push((operation, weight));
            }
        }
        let total = weights.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return Err("give at least one operation a weight, such as get=80,set=20".to_owned());
        }
        Ok(Self { weights, total })
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (operation, weight)) in self.weights.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(f, "{comma}{}={weight}", operation.name().to_ascii_lowercase())?;
        }
        Ok(())
    }
}

fn known() -> String {
    Operation::ALL.map(|operation| operation.name().to_ascii_lowercase()).join(", ")
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    #[test]
    fn numbers_are_positions() {
        for (position, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation.index(), position);
        }
    }

    #[test]
    fn weights_decide_how_often() {
        let mix: Mix = "get=80, set=15,del=5,ping=0".parse().unwrap();
        let mut rng = SmallRng::seed_from_u64(7);
        let mut counts = [0_u32; Operation::ALL.len()];
        for _ in 0..100_000 {
            counts[mix.pick(&mut rng).index()] += 1;
        }
        assert!((79_000..81_000).contains(&counts[Operation::Get.index()]));
        assert!((14_000..16_000).contains(&counts[Operation::Set.index()]));
        assert_eq!(counts[Operation::Ping.index()], 0);
        assert_eq!(mix.to_string(), "get=80,set=15,del=5");
    }

    #[test]
    fn wrong_mixes_say_what_to_write() {
        for (text, says) in [
            ("got=1", "use get, set"),
            ("get=x", "whole number"),
            ("get=1,get=2", "twice"),
            ("", "at least one"),
            ("get=0", "at least one"),
        ] {
            let error = text.parse::<Mix>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
