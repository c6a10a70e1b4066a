//! Bloom filters in parts. As with RedisBloom, part 1 is the header, and the iterator of any further part is 1 more than
//! where the part ends. What is in the parts is this server's own.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::families::bloom::NOT_FOUND;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::bloom::Bloom;
use crate::value::bloom::form::Header;
use crate::value::number;

const NOT_NUMERIC_TO_DUMP: ReplyError = ReplyError::new("Second", "argument must be numeric");
const NOT_NUMERIC: ReplyError = ReplyError::err("Second argument must be numeric");
const BAD_DATA: ReplyError = ReplyError::err("received bad data");
const NO_LINK: ReplyError = ReplyError::err("invalid offset - no link found");
const TOO_LONG: ReplyError = ReplyError::err("invalid chunk - Too big for current filter");

pub(super) fn scandump(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let filter = cx.read_collection::<Bloom>(&args[1])?.ok_or(NOT_FOUND)?;
    let position = number::decimal(&args[2]).ok_or(NOT_NUMERIC_TO_DUMP)?;
    reply.array(2);
    if position == 0 {
        reply.integer(1);
        reply.bulk(filter.header());
        return Ok(());
    }
    let start = u64::try_from(position).ok().map(|position| position - 1);
    match start.and_then(|start| filter.chunk(start)) {
        Some(bytes) => {
            reply.integer(position.saturating_add_unsigned(bytes.len() as u64));
            reply.bulk(bytes);
        }
        None => {
            reply.integer(0);
            reply.bulk(b"");
        }
    }
    Ok(())
}

pub(super) fn loadchunk(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let position = number::decimal(&args[2]).ok_or(NOT_NUMERIC)?;
    let (key, data) = (&args[1], &args[3]);
    match cx.peek_collection::<Bloom>(key)? {
        None if position == 1 => cx.set(key, Header::read(data).ok_or(BAD_DATA)?.empty(), None),
        None => return Err(NOT_FOUND),
        Some(_) => {
            let end = u64::try_from(position).ok().and_then(|position| position.checked_sub(1));
            let start = end.and_then(|end| end.checked_sub(data.len() as u64)).ok_or(NO_LINK)?;
            match cx.change_present_collection(key, |filter: &mut Bloom| filter.load(start, data))?.flatten()
            {
                Some(true) => cx.changed(1),
                Some(false) => return Err(TOO_LONG),
                None => return Err(NO_LINK),
            }
        }
    }
    cx.notify(EventClass::Generic, "bf.loadchunk", key);
    reply.ok();
    Ok(())
}
