//! The options of commands on cuckoo filters.

use std::borrow::Cow;

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::resp::Args;
use crate::value::cuckoo::Settings;
use crate::value::cuckoo::USUAL_CAPACITY;
use crate::value::cuckoo::rate;
use crate::value::number;

/// The most that a filter can be made for; RedisBloom's limit.
const CAPACITY_MAX: i64 = 1 << 30;
const ITERATIONS_MAX: i64 = 65_535;
const BUCKET_SIZE_MAX: i64 = 255;
const EXPANSION_MAX: i64 = 32_768;
const CREATED_CAPACITY_MIN: i64 = 4;

// RedisBloom's errors have no code of their own: their first word stands in its place.
const BAD_CAPACITY: ReplyError = ReplyError::new("Bad", "capacity");
const BAD_RATE: ReplyError = ReplyError::new("Bad", "error rate");
const UNKNOWN: ReplyError = ReplyError::new("Unknown", "argument received");

fn out_of_range(option: &'static str, min: i64, max: i64) -> ReplyError {
    ReplyError { prefix: option, text: Cow::Owned(format!("value must be in the range [{min}, {max}]")) }
}

/// The value of an option within its range.
fn in_range(
    cursor: &mut Cursor<'_>,
    arity: &ReplyError,
    names: (&'static str, ReplyError),
    min: i64,
    max: i64,
) -> Result<u32, ReplyError> {
    let text = cursor.next().ok_or_else(|| arity.clone())?;
    let value = number::decimal(text).ok_or(names.1)?;
    let value = Some(value).filter(|value| (min..=max).contains(value));
    let value = value.and_then(|value| u32::try_from(value).ok());
    value.ok_or_else(|| out_of_range(names.0, min, max))
}

/// What a filter is to be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reservation {
    /// Items that it is made for.
    pub capacity: u64,
    /// The rest.
    pub settings: Settings,
}

impl Reservation {
    /// Reads `capacity [BUCKETSIZE bucketsize] [MAXITERATIONS maxiterations] [EXPANSION expansion] [ERROR rate]`.
    pub fn parse(args: Args<'_>) -> Result<Self, ReplyError> {
        let arity = ReplyError::arity("cf.reserve");
        let capacity = number::decimal(&args[2]).ok_or(BAD_CAPACITY)?;
        let (mut settings, mut rate) = (Settings::usual(), None);
        let mut cursor = Cursor::at(args, 3);
        while cursor.remaining() > 0 {
            if cursor.word("BUCKETSIZE") {
                let names = ("BUCKETSIZE:", ReplyError::new("Couldn't", "parse BUCKETSIZE"));
                settings.bucket_size = in_range(&mut cursor, &arity, names, 1, BUCKET_SIZE_MAX)? as u16;
            } else if cursor.word("MAXITERATIONS") {
                let names = ("MAXITERATIONS:", ReplyError::new("Couldn't", "parse MAXITERATIONS"));
                settings.max_iterations = in_range(&mut cursor, &arity, names, 1, ITERATIONS_MAX)? as u16;
            } else if cursor.word("EXPANSION") {
                let names = ("EXPANSION:", ReplyError::new("Couldn't", "parse EXPANSION"));
                settings.expansion = in_range(&mut cursor, &arity, names, 0, EXPANSION_MAX)?;
            } else if cursor.word("ERROR") {
                let text = cursor.next().ok_or_else(|| arity.clone())?;
                rate = Some(number::float(text).filter(|rate| *rate > 0.0 && *rate < 1.0).ok_or(BAD_RATE)?);
            } else {
                return Err(UNKNOWN);
            }
        }
        if capacity < 2 * i64::from(settings.bucket_size) || capacity > CAPACITY_MAX {
            let text = format!("must be in the range [2 * BUCKETSIZE, {CAPACITY_MAX}]");
            return Err(ReplyError { prefix: "Capacity", text: Cow::Owned(text) });
        }
        settings.rate = rate.unwrap_or_else(|| rate::usual(settings.bucket_size));
        Ok(Self { capacity: capacity.unsigned_abs(), settings })
    }
}

/// What `CF.INSERT` and `CF.INSERTNX` are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Insertion<'a> {
    /// Items that a filter is made for where there is none; none: there has to be one.
    pub capacity: Option<u64>,
    /// The items.
    pub items: Args<'a>,
}

impl<'a> Insertion<'a> {
    /// Reads `[CAPACITY capacity] [NOCREATE] ITEMS item [item ...]`.
    pub fn parse(args: Args<'a>) -> Result<Self, ReplyError> {
        let arity = || ReplyError::arity(&String::from_utf8_lossy(&args[0]));
        let (mut capacity, mut creates) = (USUAL_CAPACITY, true);
        let mut cursor = Cursor::at(args, 2);
        loop {
            if cursor.word("ITEMS") {
                break;
            } else if cursor.word("CAPACITY") {
                let number = number::decimal(cursor.next().ok_or_else(arity)?).ok_or(BAD_CAPACITY)?;
                if !(CREATED_CAPACITY_MIN..=CAPACITY_MAX).contains(&number) {
                    let text = format!("must be in the range [cf-bucket-size * 2, {CAPACITY_MAX}]");
                    return Err(ReplyError { prefix: "Capacity", text: Cow::Owned(text) });
                }
                capacity = number.unsigned_abs();
            } else if cursor.word("NOCREATE") {
                creates = false;
            } else {
                return Err(if cursor.remaining() > 0 { UNKNOWN } else { arity() });
            }
        }
        if cursor.remaining() == 0 {
            return Err(arity());
        }
        Ok(Self { capacity: creates.then_some(capacity), items: args.from(args.len() - cursor.remaining()) })
    }
}
