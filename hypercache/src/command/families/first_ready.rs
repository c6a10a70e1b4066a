//! What the commands have in common that take from the first of several keys that is there, and else wait for one.

use std::ops::Range;
use std::time::Duration;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::args::Cursor;
use crate::command::context::Wait;
use crate::command::context::collection::Collection;
use crate::command::context::wait;
use crate::command::context::wait::Awaited;
use crate::command::context::wait::Unserved;
use crate::resp::Args;
use crate::resp::ReplyWriter;

/// Lets `take` take from the first key that holds such a collection, or waits for one: `key [key ...] timeout`.
pub fn pop<C: Collection>(
    cx: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut ReplyWriter,
    awaited: Awaited,
    take: impl FnOnce(&mut Context<'_>, &[u8], &mut ReplyWriter) -> Outcome,
) -> Outcome {
    let keys = 1..args.len() - 1;
    let timeout = wait::seconds(&mut Cursor::at(args, keys.end))?;
    for key in args.first(keys.end).from(keys.start).iter() {
        if cx.peek_collection::<C>(key)?.is_some() {
            return take(cx, key, reply);
        }
    }
    wait_for(cx, keys, awaited, timeout, reply);
    Ok(())
}

/// Waits for one of these keys.
pub fn wait_for(
    cx: &mut Context<'_>,
    keys: Range<usize>,
    awaited: Awaited,
    timeout: Option<Duration>,
    reply: &mut ReplyWriter,
) {
    cx.wait(Wait { keys, awaited, timeout, unserved: Unserved::NullArray, args: None }, reply);
}
