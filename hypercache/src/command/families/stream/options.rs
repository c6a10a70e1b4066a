//! The options of `XADD` and `XTRIM`.

use crate::command::ReplyError;
use crate::command::args::integer;
use crate::command::error;
use crate::command::families::stream_id;
use crate::command::families::stream_id::NewId;
use crate::resp::Args;
use crate::value::limits::Limits;
use crate::value::stream::trim::Keep;
use crate::value::stream::trim::Trim;

/// Most entries that go where `~` stands without `LIMIT`, in blocks, and what bounds that.
const BLOCKS_TRIMMED_MAX: usize = 100;
const ENTRIES_TRIMMED_MAX: usize = 1_000_000;
const ENTRIES_TRIMMED_OF_UNBOUNDED_BLOCKS: usize = 10_000;

const TWO_STRATEGIES: ReplyError =
    ReplyError::err("syntax error, MAXLEN and MINID options at the same time are not compatible");
const LIMIT_ALONE: ReplyError =
    ReplyError::err("syntax error, LIMIT cannot be used without specifying a trimming strategy");
const NO_STRATEGY: ReplyError =
    ReplyError::err("syntax error, XTRIM must be called with a trimming strategy");
const LIMIT_OF_EXACT: ReplyError =
    ReplyError::err("syntax error, LIMIT cannot be used without the special ~ option");

/// What `XADD` is asked for.
#[derive(Debug)]
pub(super) struct AddOptions {
    pub(super) trim: Option<Trim>,
    /// Adds nothing where there is no stream.
    pub(super) only_present: bool,
    pub(super) id: NewId,
    /// Index of the first field.
    pub(super) fields_at: usize,
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    keep: Option<Keep>,
    whole_blocks: bool,
    limit: Option<usize>,
}

impl AddOptions {
    pub(super) fn read(args: Args<'_>, limits: &Limits) -> Result<Self, ReplyError> {
        let (mut reading, mut only_present, mut at, mut id) = (Reading::default(), false, 2, None);
        while at < args.len() {
            if let Some(after) = reading.option(args, at)? {
                at = after;
            } else if args[at].eq_ignore_ascii_case(b"NOMKSTREAM") {
                only_present = true;
                at += 1;
            } else {
                id = Some(stream_id::new(&args[at])?);
                at += 1;
                break;
            }
        }
        let trim = reading.finish(limits)?;
        let id = id.ok_or_else(|| ReplyError::arity("xadd"))?;
        Ok(Self { trim, only_present, id, fields_at: at })
    }
}

/// What `XTRIM` is asked for.
pub(super) fn trim_options(args: Args<'_>, limits: &Limits) -> Result<Trim, ReplyError> {
    let (mut reading, mut at) = (Reading::default(), 2);
    while at < args.len() {
        at = reading.option(args, at)?.ok_or(error::SYNTAX)?;
    }
    if reading.keep.is_none() && reading.limit.unwrap_or(0) == 0 {
        return Err(NO_STRATEGY);
    }
    reading.finish(limits)?.ok_or(NO_STRATEGY)
}

impl Reading {
    /// Reads the option at `at`; the index after it. None where there is another word.
    fn option(&mut self, args: Args<'_>, at: usize) -> Result<Option<usize>, ReplyError> {
        let is = |word: &str| args[at].eq_ignore_ascii_case(word.as_bytes());
        let (by_len, by_id) = (is("MAXLEN"), is("MINID"));
        let Some(next) = args.get(at + 1) else { return Ok(None) };
        if is("LIMIT") {
            let limit = integer(next)?;
            let negative = ReplyError::err("The LIMIT argument must be >= 0.");
            self.limit = Some(usize::try_from(limit).map_err(|_| negative)?);
            return Ok(Some(at + 2));
        }
        if !by_len && !by_id {
            return Ok(None);
        }
        if self.keep.is_some() {
            return Err(TWO_STRATEGIES);
        }
        let marked = args.len() > at + 2 && matches!(next, b"~" | b"=");
        self.whole_blocks = marked && next == b"~";
        let at = at + 1 + usize::from(marked);
        self.keep = Some(if by_id {
            Keep::From(stream_id::strict(&args[at])?)
        } else {
            let negative = ReplyError::err("The MAXLEN argument must be >= 0.");
            Keep::Len(usize::try_from(integer(&args[at])?).map_err(|_| negative)?)
        });
        Ok(Some(at + 1))
    }

    fn finish(self, limits: &Limits) -> Result<Option<Trim>, ReplyError> {
        let Some(keep) = self.keep else {
            return match self.limit {
                None => Ok(None),
                Some(0) => Err(LIMIT_OF_EXACT),
                Some(_) => Err(LIMIT_ALONE),
            };
        };
        let limit = match self.limit {
            Some(_) if !self.whole_blocks => return Err(LIMIT_OF_EXACT),
            Some(0) => None,
            None if self.whole_blocks => Some(usual_limit(limits)),
            limit => limit,
        };
        Ok(Some(Trim { keep, whole_blocks: self.whole_blocks, limit }))
    }
}

/// Most entries that go where nothing was said of it.
fn usual_limit(limits: &Limits) -> usize {
    match limits.stream_node_entries {
        0 => ENTRIES_TRIMMED_OF_UNBOUNDED_BLOCKS,
        entries => entries.saturating_mul(BLOCKS_TRIMMED_MAX).min(ENTRIES_TRIMMED_MAX),
    }
}
