//! What `XREAD` and `XREADGROUP` are asked for.

use std::ops::Range;
use std::time::Duration;

use crate::command::Context;
use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::context::Wait;
use crate::command::context::wait;
use crate::command::context::wait::Awaited;
use crate::command::context::wait::Unserved;
use crate::command::error;
use crate::command::families::stream_reply;
use crate::resp::Args;
use crate::resp::OwnedArgs;

const GROUP_OF_XREAD: ReplyError =
    ReplyError::err("The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
const NOACK_OF_XREAD: ReplyError =
    ReplyError::err("The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
const NO_GROUP: ReplyError = ReplyError::err("Missing GROUP option for XREADGROUP");

/// The request.
pub(super) struct Request<'a> {
    pub(super) keys: Args<'a>,
    /// Where they stand among the arguments.
    keys_at: Range<usize>,
    /// How long to wait where there is nothing, none for ever; none at all where it is not to wait.
    block: Option<Option<Duration>>,
    /// As many as keys.
    pub(super) ids: Args<'a>,
    /// Most entries of each stream.
    pub(super) count: usize,
    /// Of `XREADGROUP`, whose reader this is.
    pub(super) group: &'a [u8],
    pub(super) consumer: &'a [u8],
    /// What is delivered does not become pending.
    pub(super) no_ack: bool,
}

impl<'a> Request<'a> {
    /// An error where a script asks to wait: where other commands just do not, Redis refuses these.
    pub(super) fn refuse_script(&self, cx: &Context<'_>, command: &str) -> Result<(), ReplyError> {
        if self.block.is_some() && cx.in_script() {
            return Err(ReplyError::text(format!(
                "{command} command is not allowed with BLOCK option from scripts"
            )));
        }
        Ok(())
    }

    pub(super) fn read(args: Args<'a>, as_consumer: bool) -> Result<Self, ReplyError> {
        let (mut block, mut count, mut group, mut no_ack) = (None, usize::MAX, None, false);
        let mut cursor = Cursor::at(args, 1);
        let keys_at = loop {
            let (word, more) = (cursor.required()?, cursor.remaining());
            let is = |option: &str| word.eq_ignore_ascii_case(option.as_bytes());
            if is("BLOCK") && more > 0 {
                block = Some(wait::milliseconds(&mut cursor)?);
            } else if is("COUNT") && more > 0 {
                count = stream_reply::limit(cursor.integer()?);
            } else if is("STREAMS") && more > 0 {
                break args.len() - more;
            } else if is("GROUP") && more > 1 {
                if !as_consumer {
                    return Err(GROUP_OF_XREAD);
                }
                group = Some((cursor.required()?, cursor.required()?));
            } else if is("NOACK") {
                if !as_consumer {
                    return Err(NOACK_OF_XREAD);
                }
                no_ack = true;
            } else {
                return Err(error::SYNTAX);
            }
        };
        let named = args.from(keys_at);
        if !named.len().is_multiple_of(2) {
            return Err(unbalanced(as_consumer));
        }
        if as_consumer && group.is_none() {
            return Err(NO_GROUP);
        }
        let half = named.len() / 2;
        let (group, consumer) = group.unwrap_or_default();
        let keys_at = keys_at..keys_at + half;
        Ok(Self {
            keys: named.first(half),
            keys_at,
            block,
            ids: named.from(half),
            count,
            group,
            consumer,
            no_ack,
        })
    }

    /// How to wait for these streams, if that is asked for; `args` is what to run then, if not the same again.
    pub(super) fn wait(&self, awaited: Awaited, args: Option<OwnedArgs>) -> Option<Wait> {
        let (keys, unserved) = (self.keys_at.clone(), Unserved::NullArray);
        self.block.map(|timeout| Wait { keys, awaited, timeout, unserved, args })
    }
}

fn unbalanced(as_consumer: bool) -> ReplyError {
    let (command, id) = if as_consumer { ("xreadgroup", '>') } else { ("xread", '$') };
    ReplyError::text(format!(
        "Unbalanced '{command}' list of streams: for each stream key an ID or '{id}' must be specified."
    ))
}
