//! What `XCLAIM` and `XAUTOCLAIM` are asked for.

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::error;
use crate::command::families::stream_id;
use crate::resp::Args;
use crate::value::number;
use crate::value::stream::id::Id;

/// Entries that `XAUTOCLAIM` claims where nothing is said of it, and at the most.
const COUNT_USUAL: usize = 100;
const COUNT_MAX: i64 = i64::MAX / 16;

/// What `XCLAIM` is asked for.
pub(super) struct Claim {
    pub(super) ids: Vec<Id>,
    pub(super) idle_min: u64,
    /// When the entries are to have been delivered, in milliseconds since the Unix epoch.
    pub(super) delivered: u64,
    /// How often; none: once more than before.
    pub(super) deliveries: Option<u64>,
    pub(super) force: bool,
    pub(super) just_id: bool,
    /// An ID that the group has read up to.
    pub(super) last_id: Id,
}

impl Claim {
    pub(super) fn read(args: Args<'_>, now: u64) -> Result<Self, ReplyError> {
        let idle_min = idle_min(&args[4], "XCLAIM")?;
        let ids: Vec<Id> = args.from(5).iter().map_while(stream_id::optional).collect();
        let mut cursor = Cursor::at(args, 5 + ids.len());
        let (mut delivered, mut deliveries) = (None, None);
        let (mut force, mut just_id, mut last_id) = (false, false, Id::ZERO);
        let now_signed = i64::try_from(now).unwrap_or(i64::MAX);
        while let Some(word) = cursor.next() {
            let is = |option: &str| word.eq_ignore_ascii_case(option.as_bytes());
            let more = cursor.remaining() > 0;
            if is("FORCE") {
                force = true;
            } else if is("JUSTID") {
                just_id = true;
            } else if is("IDLE") && more {
                delivered = Some(now_signed.saturating_sub(option(&mut cursor, "IDLE")?));
            } else if is("TIME") && more {
                delivered = Some(option(&mut cursor, "TIME")?);
            } else if is("RETRYCOUNT") && more {
                deliveries = u64::try_from(option(&mut cursor, "RETRYCOUNT")?).ok();
            } else if is("LASTID") && more {
                last_id = stream_id::strict(cursor.required()?)?;
            } else {
                let word = String::from_utf8_lossy(word);
                return Err(ReplyError::text(format!("Unrecognized XCLAIM option '{word}'")));
            }
        }
        // A time that cannot be is taken for now: clients compute it by clocks of their own.
        let delivered = delivered.and_then(|time| u64::try_from(time).ok()).map_or(now, |time| time.min(now));
        Ok(Self { ids, idle_min, delivered, deliveries, force, just_id, last_id })
    }
}

fn option(cursor: &mut Cursor<'_>, name: &str) -> Result<i64, ReplyError> {
    let wrong = || ReplyError::text(format!("Invalid {name} option argument for XCLAIM"));
    number::decimal(cursor.required()?).ok_or_else(wrong)
}

fn idle_min(argument: &[u8], command: &str) -> Result<u64, ReplyError> {
    let wrong = || ReplyError::text(format!("Invalid min-idle-time argument for {command}"));
    Ok(u64::try_from(number::decimal(argument).ok_or_else(wrong)?).unwrap_or(0))
}

/// What `XAUTOCLAIM` is asked for.
pub(super) struct AutoClaim {
    pub(super) idle_min: u64,
    /// Where it begins among what is pending.
    pub(super) start: Id,
    pub(super) count: usize,
    pub(super) just_id: bool,
}

impl AutoClaim {
    pub(super) fn read(args: Args<'_>) -> Result<Self, ReplyError> {
        let idle_min = idle_min(&args[4], "XAUTOCLAIM")?;
        let start = stream_id::start(&args[5])?;
        let (mut count, mut just_id, mut cursor) = (COUNT_USUAL, false, Cursor::at(args, 6));
        while cursor.remaining() > 0 {
            if cursor.remaining() > 1 && cursor.word("COUNT") {
                let wanted = number::decimal(cursor.required()?);
                let wanted = wanted.filter(|wanted| (1..=COUNT_MAX).contains(wanted));
                let wanted = wanted.and_then(|wanted| usize::try_from(wanted).ok());
                count = wanted.ok_or(ReplyError::err("COUNT must be > 0"))?;
            } else if cursor.word("JUSTID") {
                just_id = true;
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(Self { idle_min, start, count, just_id })
    }
}
