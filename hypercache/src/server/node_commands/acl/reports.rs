//! `ACL GETUSER` and `ACL LOG`.

use crate::command::ReplyError;
use crate::command::args::integer;
use crate::engine::Session;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::security::acl::Selector;
use crate::server::node_commands::NodeState;

/// Entries of the log that are told unless somebody says how many.
const ENTRIES_TOLD: usize = 10;

/// `ACL GETUSER`.
pub fn get_user(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) {
    let Some(user) = node.authenticator.users().find(&args[2]) else { return reply.null() };
    let account = &user.account;
    reply.map(6);
    reply.bulk("flags");
    let flags = account.flags();
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.bulk(flag));
    reply.bulk("passwords");
    let hashes = account.hashes();
    reply.array(hashes.len());
    hashes.for_each(|hash| reply.bulk(hash));
    let (root, others) = account.selectors().split_first().expect("the first selector is never removed");
    describe(root, reply);
    reply.bulk("selectors");
    reply.array(others.len());
    for selector in others {
        reply.map(3);
        describe(selector, reply);
    }
}

fn describe(selector: &Selector, reply: &mut ReplyWriter) {
    reply.bulk("commands");
    reply.bulk(selector.commands_text());
    reply.bulk("keys");
    reply.bulk(selector.keys_text());
    reply.bulk("channels");
    reply.bulk(selector.channels_text());
}

/// `ACL LOG`.
pub fn log(
    args: Args<'_>,
    session: &Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    if args.len() > 3 {
        return Err(ReplyError::misused_subcommand(args));
    }
    let log = node.authenticator.log();
    let count = match args.get(2) {
        None => ENTRIES_TOLD,
        Some(word) if word.eq_ignore_ascii_case(b"RESET") => {
            log.clear();
            reply.ok();
            return Ok(());
        }
        Some(number) => usize::try_from(integer(number)?).unwrap_or(0),
    };
    let entries = log.newest(count);
    reply.array(entries.len());
    for entry in entries {
        let age = std::time::Duration::from_millis(session.now().saturating_sub(entry.updated_ms));
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        reply.map(10);
        reply.bulk("count");
        reply.integer(number(entry.count));
        reply.bulk("reason");
        reply.bulk(entry.reason.word());
        reply.bulk("context");
        reply.bulk(entry.scene.word());
        reply.bulk("object");
        reply.bulk(&entry.object);
        reply.bulk("username");
        reply.bulk(&entry.user);
        reply.bulk("age-seconds");
        reply.double(age.as_secs_f64());
        reply.bulk("client-info");
        reply.bulk(&entry.client);
        reply.bulk("entry-id");
        reply.integer(number(entry.id));
        reply.bulk("timestamp-created");
        reply.integer(number(entry.created_ms));
        reply.bulk("timestamp-last-updated");
        reply.integer(number(entry.updated_ms));
    }
    Ok(())
}
