//! Reads what the commands on the time of fields are told.

use crate::command::Context;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::integer;
use crate::keyspace::entry::UnixMillis;
use crate::resp::Args;
use crate::value::number;

/// The latest deadline that a field may have: 46 bits of milliseconds, as in Redis; in the year 4199.
const DEADLINE_MAX: i64 = (1 << 46) - 1;

const FIELDS_MISSING: ReplyError =
    ReplyError::err("Mandatory argument FIELDS is missing or not at the right position");
const FIELDS_MISCOUNTED: ReplyError =
    ReplyError::err("The `numfields` parameter must match the number of arguments");
const NEGATIVE: ReplyError = ReplyError::err("invalid expire time, must be >= 0");
const TIME_MISSING: ReplyError = ReplyError::err("missing expire time");
const NO_FIELD_COUNT: ReplyError = ReplyError::err("invalid number of fields");
const TWO_CONDITIONS: ReplyError = ReplyError::err("Only one of FXX or FNX arguments can be specified");

/// What a time is given in.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeUnit {
    pub(super) word: &'static str,
    /// Milliseconds of one.
    pub(super) millis: i64,
    /// Whether it counts from now.
    pub(super) relative: bool,
}

const UNITS: [TimeUnit; 4] = [
    TimeUnit { word: "EX", millis: 1000, relative: true },
    TimeUnit { word: "PX", millis: 1, relative: true },
    TimeUnit { word: "EXAT", millis: 1000, relative: false },
    TimeUnit { word: "PXAT", millis: 1, relative: false },
];

/// The deadline that an argument tells; one that has come already is none to be kept.
pub(super) fn field_deadline(
    cx: &Context<'_>,
    argument: &[u8],
    unit: TimeUnit,
    command: &str,
) -> Result<UnixMillis, ReplyError> {
    let amount = integer(argument)?;
    if amount < 0 {
        return Err(NEGATIVE);
    }
    let base = if unit.relative { cx.now().cast_signed() } else { 0 };
    let deadline = amount.checked_mul(unit.millis).and_then(|millis| millis.checked_add(base));
    let deadline = deadline.filter(|deadline| *deadline <= DEADLINE_MAX);
    deadline.map(i64::unsigned_abs).ok_or_else(|| ReplyError::invalid_expire(command))
}

/// The fields after `FIELDS numfields` at `at`, to the end of the arguments; `miscounted` where their number is none.
pub(super) fn named_fields<'a>(
    args: Args<'a>,
    at: usize,
    miscounted: ReplyError,
) -> Result<Args<'a>, ReplyError> {
    if !args.get(at).is_some_and(|word| word.eq_ignore_ascii_case(b"FIELDS")) {
        return Err(FIELDS_MISSING);
    }
    let fields = args.from(at + 2);
    match args.get(at + 1).and_then(number::decimal) {
        Some(count) if count > 0 => {
            if usize::try_from(count) == Ok(fields.len()) {
                Ok(fields)
            } else {
                Err(FIELDS_MISCOUNTED)
            }
        }
        _ => Err(miscounted),
    }
}

/// What a new deadline depends on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Condition {
    Without,
    With,
    Later,
    Earlier,
}

impl Condition {
    pub(super) fn parse(word: &[u8]) -> Option<Self> {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if is("NX") {
            Some(Self::Without)
        } else if is("XX") {
            Some(Self::With)
        } else if is("GT") {
            Some(Self::Later)
        } else {
            is("LT").then_some(Self::Earlier)
        }
    }

    /// Whether `new` may take the place of `old`; no deadline counts as the latest.
    pub(super) fn holds(self, old: Option<UnixMillis>, new: UnixMillis) -> bool {
        match self {
            Self::Without => old.is_none(),
            Self::With => old.is_some(),
            Self::Later => old.is_some_and(|old| new > old),
            Self::Earlier => old.is_none_or(|old| new < old),
        }
    }
}

/// When fields are to expire, as `HGETEX` and `HSETEX` are told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Expiry {
    Unsaid,
    /// `KEEPTTL`.
    Keep,
    /// `PERSIST`.
    Never,
    At(UnixMillis),
}

/// Which fields `HSETEX` may write.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Overwrite {
    Any,
    /// `FNX`.
    Absent,
    /// `FXX`.
    Present,
}

impl Expiry {
    /// Reads the options of `HGETEX`; the fields.
    pub(super) fn parse_hgetex<'a>(cx: &Context<'_>, args: Args<'a>) -> Result<(Self, Args<'a>), ReplyError> {
        let (mut expiry, mut cursor) = (Self::Unsaid, Cursor::at(args, 2));
        loop {
            if cursor.word("FIELDS") {
                return Ok((expiry, counted_fields(args, cursor, 1, "hgetex")?));
            }
            expiry.option(cx, &mut cursor, ("PERSIST", Self::Never), "hgetex")?;
        }
    }

    /// Reads the options of `HSETEX`; fields and values in turn.
    pub(super) fn parse_hsetex<'a>(
        cx: &Context<'_>,
        args: Args<'a>,
    ) -> Result<(Self, Overwrite, Args<'a>), ReplyError> {
        let (mut expiry, mut overwrite) = (Self::Unsaid, Overwrite::Any);
        let mut cursor = Cursor::at(args, 2);
        loop {
            let said = if cursor.word("FNX") {
                Overwrite::Absent
            } else if cursor.word("FXX") {
                Overwrite::Present
            } else if cursor.word("FIELDS") {
                return Ok((expiry, overwrite, counted_fields(args, cursor, 2, "hsetex")?));
            } else {
                expiry.option(cx, &mut cursor, ("KEEPTTL", Self::Keep), "hsetex")?;
                continue;
            };
            if overwrite != Overwrite::Any {
                return Err(TWO_CONDITIONS);
            }
            overwrite = said;
        }
    }

    /// Reads an option about the time; `other` is the one that is no time.
    fn option(
        &mut self,
        cx: &Context<'_>,
        cursor: &mut Cursor<'_>,
        other: (&str, Self),
        command: &str,
    ) -> Result<(), ReplyError> {
        let unit = UNITS.into_iter().find(|unit| cursor.word(unit.word));
        if unit.is_none() && !cursor.word(other.0) {
            let Some(unknown) = cursor.next() else { return Err(ReplyError::arity(command)) };
            let unknown = String::from_utf8_lossy(unknown);
            return Err(ReplyError::text(format!("unknown argument: {unknown}")));
        }
        if *self != Self::Unsaid {
            let words = format!("EX, PX, EXAT, PXAT or {}", other.0);
            return Err(ReplyError::text(format!("Only one of {words} arguments can be specified")));
        }
        *self = match unit {
            None => other.1,
            Some(unit) => Self::At(field_deadline(cx, cursor.next().ok_or(TIME_MISSING)?, unit, command)?),
        };
        Ok(())
    }
}

/// The rest of the arguments, after the number of fields in it, each of which takes `width` arguments.
fn counted_fields<'a>(
    args: Args<'a>,
    mut cursor: Cursor<'a>,
    width: usize,
    command: &str,
) -> Result<Args<'a>, ReplyError> {
    if cursor.remaining() < 1 + width {
        return Err(ReplyError::arity(command));
    }
    let count = cursor.next().and_then(number::decimal).and_then(|count| i32::try_from(count).ok());
    let count = count.filter(|count| *count > 0).ok_or(NO_FIELD_COUNT)?;
    let rest = args.from(args.len() - cursor.remaining());
    let matches = usize::try_from(count).is_ok_and(|count| count.checked_mul(width) == Some(rest.len()));
    if matches { Ok(rest) } else { Err(ReplyError::arity(command)) }
}
