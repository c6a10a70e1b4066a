//! Values as `CONFIG SET` takes them, with Redis's words for what is wrong with them.

use crate::server::node_commands::NodeState;
use crate::value::number::decimal;

/// What is wrong with a new value for what is fixed.
pub const IMMUTABLE: &str = "can't set immutable config";

/// What stands for a secret that is set.
pub const HIDDEN: &str = "(hidden)";

/// Makes a change that was found possible; cannot fail.
pub type Apply<'a> = Box<dyn FnOnce() + 'a>;

/// Checks a value; what makes the change, or what is wrong.
pub type Set = for<'a, 'b> fn(&'a NodeState, &'b str) -> Result<Apply<'a>, String>;

/// Units of memory as Redis has them: the short ones are powers of 1000.
const UNITS: [(&str, u64); 8] = [
    ("", 1),
    ("b", 1),
    ("k", 1000),
    ("kb", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1 << 30),
];

/// A whole number from `min` to `max`.
pub fn integer(text: &str, min: i64, max: i64) -> Result<i64, String> {
    let number = decimal(text.as_bytes()).ok_or("argument couldn't be parsed into an integer")?;
    if (min..=max).contains(&number) { Ok(number) } else { Err(out_of_range(min, max)) }
}

/// A number of bytes from `min` to `max`, with or without a unit.
pub fn memory(text: &str, min: i64, max: i64) -> Result<u64, String> {
    const NOT_MEMORY: &str = "argument must be a memory value";
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| NOT_MEMORY)?;
    let unit = UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name)).ok_or(NOT_MEMORY)?;
    let bytes = number.checked_mul(unit.1).and_then(|bytes| i64::try_from(bytes).ok()).ok_or(NOT_MEMORY)?;
    if (min..=max).contains(&bytes) { Ok(bytes.unsigned_abs()) } else { Err(out_of_range(min, max)) }
}

/// A number of bytes, or a share of the memory limit in percent, as it is shown.
pub fn memory_or_share(text: &str) -> Result<String, String> {
    const NOT_EITHER: &str = "argument must be a memory or percent value";
    let Some(share) = text.strip_suffix('%') else {
        return memory(text, 0, i64::MAX).map(|bytes| bytes.to_string()).map_err(|_| NOT_EITHER.to_owned());
    };
    match decimal(share.as_bytes()) {
        Some(percent @ 0..=100) => Ok(format!("{percent}%")),
        Some(101..) => Err("percentage argument must be less or equal to 100".to_owned()),
        _ => Err(NOT_EITHER.to_owned()),
    }
}

fn out_of_range(min: i64, max: i64) -> String {
    format!("argument must be between {min} and {max} inclusive")
}

/// One of these words, in any case.
pub fn word(text: &str, words: &[&'static str]) -> Result<&'static str, String> {
    let known = words.iter().find(|word| word.eq_ignore_ascii_case(text));
    known.copied().ok_or_else(|| format!("argument(s) must be one of the following: {}", words.join(", ")))
}

/// Yes or no.
pub fn yes_or_no(text: &str) -> Result<&'static str, String> {
    word(text, &["yes", "no"]).map_err(|_| "argument must be 'yes' or 'no'".to_owned())
}

/// Takes a value only if it is the one there is: what else Redis knows is not provided, for this `reason`.
pub fn only<'a>(value: &str, present: &str, reason: &str) -> Result<Apply<'a>, String> {
    if value == present { Ok(Box::new(|| ())) } else { Err(format!("not provided: {reason}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_redis_units() {
        for (text, bytes) in [
            ("0", 0),
            ("100", 100),
            ("1k", 1000),
            ("1kb", 1024),
            ("100MB", 100 << 20),
            ("2g", 2_000_000_000),
            ("1gb", 1 << 30),
        ] {
            assert_eq!(memory(text, 0, i64::MAX), Ok(bytes), "{text}");
        }
        for text in ["", "mb", "-1", "1.5gb", "10 mb", "1tb", "99999999999gb", "9223372036854775808", "ä"] {
            assert_eq!(
                memory(text, 0, i64::MAX),
                Err("argument must be a memory value".to_owned()),
                "{text}"
            );
        }
        assert_eq!(memory("5", 10, 20), Err("argument must be between 10 and 20 inclusive".to_owned()));
    }

    #[test]
    fn a_share_is_up_to_all() {
        assert_eq!(memory_or_share("1kb"), Ok("1024".to_owned()));
        assert_eq!(memory_or_share("100%"), Ok("100%".to_owned()));
        assert_eq!(
            memory_or_share("101%"),
            Err("percentage argument must be less or equal to 100".to_owned())
        );
        for text in ["-1%", "%", "x%", "x", "1.5%"] {
            assert_eq!(
                memory_or_share(text),
                Err("argument must be a memory or percent value".to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_and_words_say_what_they_should_be() {
        assert_eq!(integer("7", 0, 7), Ok(7));
        assert_eq!(integer("8", 0, 7), Err("argument must be between 0 and 7 inclusive".to_owned()));
        assert_eq!(integer("seven", 0, 7), Err("argument couldn't be parsed into an integer".to_owned()));
        assert_eq!(word("B", &["a", "b"]), Ok("b"));
        assert_eq!(word("c", &["a", "b"]), Err("argument(s) must be one of the following: a, b".to_owned()));
        assert_eq!(yes_or_no("YES"), Ok("yes"));
        assert_eq!(yes_or_no("true"), Err("argument must be 'yes' or 'no'".to_owned()));
    }
}
