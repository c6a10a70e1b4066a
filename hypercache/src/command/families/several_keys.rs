//! What the commands that take elements from the first of several keys, or from one, have in common.

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::integer;
use crate::command::error;
use crate::resp::Args;

const NOT_POSITIVE: ReplyError = ReplyError::err("value is out of range, must be positive");
const NO_KEYS: ReplyError = ReplyError::err("numkeys should be greater than 0");
const NO_COUNT: ReplyError = ReplyError::err("count should be greater than 0");

/// The keys after their number, which stands at `at`, and a cursor on what follows them.
pub fn counted(args: Args<'_>, at: usize) -> Result<(Args<'_>, Cursor<'_>), ReplyError> {
    let count = positive(&args[at], NO_KEYS)?;
    // One more argument has to follow.
    if count >= args.from(at + 1).len() {
        return Err(error::SYNTAX);
    }
    let end = at + 1 + count;
    Ok((args.first(end).from(at + 1), Cursor::at(args, end)))
}

/// The number of `[COUNT count]`, 1 where it is left out; an error where anything else follows.
pub fn count(cursor: &mut Cursor<'_>) -> Result<usize, ReplyError> {
    if cursor.remaining() == 0 {
        return Ok(1);
    }
    if !cursor.word("COUNT") {
        return Err(error::SYNTAX);
    }
    let count = positive(cursor.required()?, NO_COUNT)?;
    cursor.end()?;
    Ok(count)
}

/// A count of elements to be taken, which may be 0.
pub fn taken(argument: &[u8]) -> Result<usize, ReplyError> {
    integer(argument).ok().and_then(|count| usize::try_from(count).ok()).ok_or(NOT_POSITIVE)
}

fn positive(argument: &[u8], error: ReplyError) -> Result<usize, ReplyError> {
    let number = integer(argument).ok().and_then(|number| usize::try_from(number).ok());
    number.filter(|number| *number > 0).ok_or(error)
}
