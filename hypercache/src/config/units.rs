//! Sizes and durations as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A number of bytes, written `1GB`, `512MB`, `64KB` or in plain bytes.
///
/// Units are powers of 1024, as Redis reads `gb`, `mb` and `kb`; `GiB` and the like mean the same. Case does not
/// matter. A lone `K`, `M` or `G` is refused, because Redis reads those as powers of 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

const SIZE_UNITS: [(&str, u64); 4] = [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];

/// What a size should have looked like.
pub const SIZE_EXPECTED: &str =
    "expected a size such as 1GB, 512MB, 64KB or a number of bytes (KB, MB, GB and TB are powers of 1024)";

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no size: {SIZE_EXPECTED}");
        let (digits, unit) = number_and_rest(text.trim());
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        let unit = unit.trim_start().to_ascii_uppercase();
        let factor = match unit.as_str() {
            "" | "B" => 1,
            unit => {
                let same = |name: &str| unit == name || unit == name.replace('B', "IB");
                SIZE_UNITS.iter().find(|(name, _)| same(name)).ok_or_else(wrong)?.1
            }
        };
        number.checked_mul(factor).map(Self).ok_or_else(|| format!("{text:?} is more than 64 bits can count"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SIZE_UNITS.iter().find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor)) {
            Some((unit, factor)) => write!(f, "{}{unit}", self.0 / factor),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A number of bytes, or a percentage of what the data may take, written `5%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeOrShare {
    /// Bytes; 0: no limit.
    Size(u64),
    /// Percent, 1 to 100.
    Share(u8),
}

impl FromStr for SizeOrShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(digits) = text.trim().strip_suffix('%') else {
            return text.parse().map(|Size(bytes)| Self::Size(bytes));
        };
        let percent = digits.trim_end().parse().ok().filter(|percent| (1..=100).contains(percent));
        percent.map(Self::Share).ok_or_else(|| format!("{text:?} is no share: expected 1% to 100%"))
    }
}

impl fmt::Display for SizeOrShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(bytes) => Size(*bytes).fmt(f),
            Self::Share(percent) => write!(f, "{percent}%"),
        }
    }
}

/// A length of time, written `1h`, `300s`, `100ms` or in parts, `1h30m`; units are `d h m s ms us ns`.
///
/// A number without a unit is refused unless it is 0, because seconds and milliseconds are too easily confused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

const DURATION_UNITS: [(&str, u64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// What a duration should have looked like.
pub const DURATION_EXPECTED: &str =
    "expected a duration with its unit, such as 1h, 300s or 100ms (units: d h m s ms us ns)";

impl FromStr for HumanDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no duration: {DURATION_EXPECTED}");
        let mut rest = text.trim();
        if rest == "0" {
            return Ok(Self(Duration::ZERO));
        }
        if rest.is_empty() {
            return Err(wrong());
        }
        let mut nanoseconds = 0_u64;
        while !rest.is_empty() {
            let (digits, after) = number_and_rest(rest);
            let number: u64 = digits.parse().map_err(|_| wrong())?;
            let after = after.trim_start();
            let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
            let (unit, after) = after.split_at(end);
            let factor = DURATION_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
            nanoseconds = number
                .checked_mul(factor)
                .and_then(|part| nanoseconds.checked_add(part))
                .ok_or_else(|| format!("{text:?} is longer than 584 years"))?;
            rest = after.trim_start();
        }
        Ok(Self(Duration::from_nanos(nanoseconds)))
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.as_nanos();
        if nanoseconds == 0 {
            return f.write_str("0s");
        }
        let (unit, factor) = DURATION_UNITS
            .iter()
            .find(|(_, factor)| nanoseconds.is_multiple_of(u128::from(*factor)))
            .expect("every number of nanoseconds is a multiple of one");
        write!(f, "{}{unit}", nanoseconds / u128::from(*factor))
    }
}

fn number_and_rest(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, bytes) in [
            ("0", 0),
            ("1000", 1000),
            ("7B", 7),
            ("64KB", 65_536),
            ("64kib", 65_536),
            ("512 MB", 512 << 20),
            ("1gb", 1 << 30),
            ("1GiB", 1 << 30),
            ("2TB", 2 << 40),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "GB", "1k", "1M", "1.5GB", "-1", "1GBB", "1 GB x", "99999999999999999999", "1IB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        assert!("17179869184GB".parse::<Size>().unwrap_err().contains("64 bits"));
    }

    #[test]
    fn durations_have_units() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("0s", 0),
            ("10ns", 10),
            ("5us", 5_000),
            ("100ms", 100_000_000),
            ("300s", 300_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1h 30m", 5_400_000_000_000),
            ("2 d", 172_800_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(HumanDuration(Duration::from_nanos(nanoseconds))), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "300", "s", "1.5s", "-1s", "1w", "1H", "1s,", "99999999999d", "999999d999999d"] {
            assert!(text.parse::<HumanDuration>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(number in any::<u64>(), text in ".{0,12}") {
            prop_assert_eq!(Size(number).to_string().parse(), Ok(Size(number)));
            let duration = HumanDuration(Duration::from_nanos(number));
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
            drop(text.parse::<Size>());
            drop(text.parse::<HumanDuration>());
        }
    }
}
