//! Cuckoo filters in parts. As with RedisBloom, part 1 is the header, and the iterator of any further part is 1 more than
//! where the part ends. What is in the parts is this server's own.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::command::context::EventClass;
use crate::command::families::cuckoo::EXISTS;
use crate::command::families::cuckoo::NOT_FOUND;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::cuckoo::Cuckoo;
use crate::value::cuckoo::form::Header;
use crate::value::number;

const NO_POSITION: ReplyError = ReplyError::new("Invalid", "position");
const NO_HEADER: ReplyError = ReplyError::new("Invalid", "header");
const NO_CHUNK: ReplyError = ReplyError::new("Couldn't", "load chunk!");

fn position(argument: &[u8]) -> Result<u64, ReplyError> {
    number::decimal(argument).and_then(|position| u64::try_from(position).ok()).ok_or(NO_POSITION)
}

pub(super) fn scandump(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let position = position(&args[2])?;
    let filter = cx.read_collection::<Cuckoo>(&args[1])?.ok_or(NOT_FOUND)?;
    reply.array(2);
    if position == 0 && filter.items() > 0 {
        reply.integer(1);
        reply.bulk(filter.header());
        return Ok(());
    }
    let start = position.checked_sub(1).filter(|_| filter.items() > 0);
    match start.and_then(|start| filter.chunk(start)) {
        Some(bytes) => {
            reply.integer(position.saturating_add(bytes.len() as u64).cast_signed());
            reply.bulk(bytes);
        }
        None => {
            reply.integer(0);
            reply.null();
        }
    }
    Ok(())
}

pub(super) fn loadchunk(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    let position = position(&args[2])?;
    let (key, data) = (&args[1], &args[3]);
    let filter = cx.peek_collection::<Cuckoo>(key)?;
    match position {
        0 => return Err(NO_POSITION),
        1 => {
            if filter.is_some() {
                return Err(EXISTS);
            }
            cx.set(key, Header::read(data).ok_or(NO_HEADER)?.empty(), None);
        }
        _ => {
            filter.ok_or(NOT_FOUND)?;
            let start = (position - 1).checked_sub(data.len() as u64).ok_or(NO_CHUNK)?;
            let is_loaded = |filter: &mut Cuckoo| filter.load(start, data);
            if cx.change_present_collection(key, is_loaded)? != Some(true) {
                return Err(NO_CHUNK);
            }
            cx.changed(1);
        }
    }
    cx.notify(EventClass::Generic, "cf.loadchunk", key);
    reply.ok();
    Ok(())
}
