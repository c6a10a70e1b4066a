//! The options of commands on Bloom filters.

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::resp::Args;
use crate::value::bloom::Settings;
use crate::value::bloom::USUAL_CAPACITY;
use crate::value::number;

/// The most that a filter can be made for; RedisBloom's limit.
const CAPACITY_MAX: u64 = 1 << 30;
const EXPANSION_MAX: u32 = 32_768;
/// Greater rates are taken for this one, as RedisBloom does.
const RATE_CAP: f64 = 0.25;
/// Arguments of `BF.RESERVE` at the most.
const RESERVE_ARGUMENTS_MAX: usize = 7;

// RedisBloom's errors without a code: their first word stands in its place.
const UNKNOWN: ReplyError = ReplyError::new("Unknown", "argument received");
const CANNOT_EXPAND: ReplyError = ReplyError::new("Nonscaling", "filters cannot expand");

/// A rate that is a number.
fn rate_in_range(rate: f64) -> Option<f64> {
    (rate > 0.0 && rate < 1.0).then(|| rate.min(RATE_CAP))
}

fn capacity_in_range(number: i64) -> Option<u64> {
    u64::try_from(number).ok().filter(|capacity| (1..=CAPACITY_MAX).contains(capacity))
}

fn expansion_in_range(number: i64) -> Option<u32> {
    u32::try_from(number).ok().filter(|expansion| *expansion <= EXPANSION_MAX)
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
    /// RedisBloom's defaults.
    pub const USUAL: Self = Self { capacity: USUAL_CAPACITY, settings: Settings::USUAL };

    /// An expansion of 0 is none.
    fn expand(&mut self, expansion: u32) {
        if expansion == 0 {
            self.settings.scales = false;
        } else {
            self.settings.expansion = expansion;
        }
    }

    /// Reads `error_rate capacity [EXPANSION expansion] [NONSCALING]`.
    pub fn parse(args: Args<'_>) -> Result<Self, ReplyError> {
        if args.len() > RESERVE_ARGUMENTS_MAX {
            return Err(ReplyError::arity("bf.reserve"));
        }
        let mut reservation = Self::USUAL;
        let rate = number::float(&args[2]).ok_or(ReplyError::err("bad error rate"))?;
        reservation.settings.rate = rate_in_range(rate)
            .ok_or(ReplyError::err("error rate must be in the range (0.000000, 1.000000)"))?;
        let capacity = number::decimal(&args[3]).ok_or(ReplyError::err("bad capacity"))?;
        reservation.capacity = capacity_in_range(capacity)
            .ok_or_else(|| ReplyError::text(format!("capacity must be in the range [1, {CAPACITY_MAX}]")))?;
        let (mut cursor, mut expansion) = (Cursor::at(args, 4), None);
        while cursor.remaining() > 0 {
            if cursor.word("NONSCALING") {
                reservation.settings.scales = false;
            } else if cursor.word("EXPANSION") {
                let text = cursor.next().ok_or(ReplyError::err("no expansion"))?;
                expansion = Some(number::decimal(text).ok_or(ReplyError::err("bad expansion"))?);
            } else {
                return Err(UNKNOWN);
            }
        }
        if let Some(number) = expansion {
            if number != 0 && !reservation.settings.scales {
                return Err(CANNOT_EXPAND);
            }
            reservation.expand(expansion_in_range(number).ok_or_else(|| {
                ReplyError::text(format!("expansion must be in the range [0, {EXPANSION_MAX}]"))
            })?);
        }
        Ok(reservation)
    }
}

/// What `BF.INSERT` is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Insertion<'a> {
    /// What a filter is to be like where there is none; none: there has to be one.
    pub reservation: Option<Reservation>,
    /// The items.
    pub items: Args<'a>,
}

impl<'a> Insertion<'a> {
    /// Reads `[CAPACITY capacity] [ERROR error] [EXPANSION expansion] [NOCREATE] [NONSCALING] ITEMS item [item ...]`.
    pub fn parse(args: Args<'a>) -> Result<Self, ReplyError> {
        let arity = || ReplyError::arity("bf.insert");
        let (mut reservation, mut creates) = (Reservation::USUAL, true);
        let mut cursor = Cursor::at(args, 2);
        loop {
            if cursor.word("ITEMS") {
                break;
            } else if cursor.word("CAPACITY") {
                let capacity = number::decimal(cursor.next().ok_or_else(arity)?).and_then(capacity_in_range);
                reservation.capacity = capacity.ok_or(ReplyError::new("Bad", "capacity"))?;
            } else if cursor.word("ERROR") {
                let rate = number::float(cursor.next().ok_or_else(arity)?).and_then(rate_in_range);
                reservation.settings.rate = rate.ok_or(ReplyError::new("Bad", "error rate"))?;
            } else if cursor.word("EXPANSION") {
                let expansion =
                    number::decimal(cursor.next().ok_or_else(arity)?).and_then(expansion_in_range);
                reservation.expand(expansion.ok_or(ReplyError::new("Bad", "expansion"))?);
            } else if cursor.word("NOCREATE") {
                creates = false;
            } else if cursor.word("NONSCALING") {
                reservation.settings.scales = false;
            } else {
                return Err(if cursor.remaining() > 0 { UNKNOWN } else { arity() });
            }
        }
        if cursor.remaining() == 0 {
            return Err(arity());
        }
        let items = args.from(args.len() - cursor.remaining());
        Ok(Self { reservation: creates.then_some(reservation), items })
    }
}
