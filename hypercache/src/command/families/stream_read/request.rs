//! What `XREAD` and `XREADGROUP` are asked for.

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::integer;
use crate::command::error;
use crate::command::families::stream_reply;
use crate::resp::Args;

const GROUP_OF_XREAD: ReplyError =
    ReplyError::err("The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
const NOACK_OF_XREAD: ReplyError =
    ReplyError::err("The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
const NO_GROUP: ReplyError = ReplyError::err("Missing GROUP option for XREADGROUP");

/// The request.
pub(super) struct Request<'a> {
    pub(super) keys: Args<'a>,
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
    pub(super) fn read(args: Args<'a>, now: u64, as_consumer: bool) -> Result<Self, ReplyError> {
        let (mut count, mut group, mut no_ack) = (usize::MAX, None, false);
        let mut cursor = Cursor::at(args, 1);
        let keys_at = loop {
            let (word, more) = (cursor.required()?, cursor.remaining());
            let is = |option: &str| word.eq_ignore_ascii_case(option.as_bytes());
            if is("BLOCK") && more > 0 {
                check_timeout(cursor.required()?, now)?;
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
        Ok(Self { keys: args.range(keys_at, half), ids: named.from(half), count, group, consumer, no_ack })
    }
}

fn unbalanced(as_consumer: bool) -> ReplyError {
    let (command, id) = if as_consumer { ("xreadgroup", '>') } else { ("xread", '$') };
    ReplyError::text(format!(
        "Unbalanced '{command}' list of streams: for each stream key an ID or '{id}' must be specified."
    ))
}
