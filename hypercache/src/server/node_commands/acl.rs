//! `ACL`: users and what they may do.

mod reports;
mod revoked;

use std::sync::Arc;

use crate::command::ReplyError;
use crate::command::args::integer;
use crate::command::spec::AclCommand;
use crate::command::spec::Run;
use crate::command::table::table;
use crate::engine::Flow;
use crate::engine::Session;
use crate::engine::client::Cut;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::security::acl::Denial;
use crate::security::acl::access;
use crate::security::acl::account::RuleError;
use crate::security::acl::categories;
use crate::security::acl::file;
use crate::security::acl::selector::has_blanks;
use crate::security::authenticator::DEFAULT_USER;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::help;
use crate::telemetry::Event;
use crate::telemetry::events::security::UserChanged;
use crate::telemetry::events::security::UserDeleted;
use crate::telemetry::events::security::UsersFileFailed;
use crate::telemetry::events::security::UsersLoaded;

/// Most bits of a generated password, and how many it has unless somebody says so.
const PASSWORD_BITS_MAX: i64 = 4096;
const PASSWORD_BITS: i64 = 256;
/// Bytes of an unknown category that its error shows.
const CATEGORY_SHOWN_MAX: usize = 128;

const NO_FILE: ReplyError = ReplyError::err(
    "This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.",
);
const NOT_SAVED: ReplyError = ReplyError::err(
    "There was an error trying to save the ACLs. Please check the server logs for more information",
);

/// Runs `command`.
pub fn run(
    command: AclCommand,
    args: Args<'_>,
    session: &Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<Flow, ReplyError> {
    match command {
        AclCommand::Cat => cat(args, reply)?,
        AclCommand::DelUser => return delete_users(args, session, node, reply),
        AclCommand::DryRun => dry_run(args, node, reply)?,
        AclCommand::GenPass => generate_password(args, reply)?,
        AclCommand::GetUser => reports::get_user(args, node, reply),
        AclCommand::Help => help::write("ACL", reply),
        AclCommand::List => list(node, reply),
        AclCommand::Load => return load(session, node, reply),
        AclCommand::Log => reports::log(args, session, node, reply)?,
        AclCommand::Save => save(session, node, reply)?,
        AclCommand::SetUser => return set_user(args, session, node, reply),
        AclCommand::Users => users(node, reply),
        AclCommand::WhoAmI => who_am_i(session, reply),
    }
    Ok(Flow::Continue)
}

/// `ACL CAT`.
fn cat(args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    at_most(args, 3)?;
    let Some(name) = args.get(2) else {
        reply.array(categories::CATEGORIES.len());
        categories::CATEGORIES.iter().for_each(|category| reply.bulk(category));
        return Ok(());
    };
    let category = categories::find(name).ok_or_else(|| {
        let shown = String::from_utf8_lossy(&name[..name.len().min(CATEGORY_SHOWN_MAX)]).into_owned();
        ReplyError::text(format!("Unknown category '{shown}'"))
    })?;
    let names: Vec<_> = categories::commands(category).map(|command| command.lower_name()).collect();
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name));
    Ok(())
}

fn at_most(args: Args<'_>, count: usize) -> Result<(), ReplyError> {
    if args.len() > count { Err(ReplyError::misused_subcommand(args)) } else { Ok(()) }
}

/// `ACL WHOAMI`.
fn who_am_i(session: &Session, reply: &mut ReplyWriter) {
    reply.bulk(session.user_name().unwrap_or(DEFAULT_USER));
}

/// `ACL USERS`.
fn users(node: &NodeState, reply: &mut ReplyWriter) {
    let everyone = node.authenticator.users().everyone();
    reply.array(everyone.len());
    everyone.keys().for_each(|name| reply.bulk(name.as_bytes()));
}

/// `ACL LIST`.
fn list(node: &NodeState, reply: &mut ReplyWriter) {
    let everyone = node.authenticator.users().everyone();
    reply.array(everyone.len());
    everyone.iter().for_each(|(name, user)| reply.bulk(file::line(name, &user.account)));
}

/// `ACL SETUSER`: all rules or none.
fn set_user(
    args: Args<'_>,
    session: &Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<Flow, ReplyError> {
    if has_blanks(&args[2]) {
        return Err(ReplyError::err("Usernames can't contain spaces or null characters"));
    }
    let name = std::str::from_utf8(&args[2])
        .map_err(|_| ReplyError::err("Usernames can't contain bytes that are not UTF-8"))?;
    let rules: Vec<&[u8]> = args.from(3).iter().collect();
    let changed = node.authenticator.users().change(name, &rules);
    let changed = changed.map_err(|error: RuleError| ReplyError::text(error.text()))?;
    UserChanged {
        target: name,
        created: changed.before.is_none(),
        user: session.user_name().unwrap_or(DEFAULT_USER),
        client: session.client.address,
    }
    .emit();
    revoked::end_waiting(&changed.after, &node.clients);
    let victims = changed.before.map_or_else(Vec::new, |before| {
        revoked::subscribers(name, &before.account, &changed.after.account, &node.broker)
    });
    let own = victims.iter().any(|client| client.id == session.client.id);
    victims.iter().filter(|client| client.id != session.client.id).for_each(|client| client.cut(Cut::Killed));
    reply.ok();
    Ok(if own { Flow::Close } else { Flow::Continue })
}

/// Closes the connections of these users; whether the caller's own is one of them, which is closed after its reply.
fn disconnect(names: &[Arc<str>], session: &Session, node: &NodeState) -> Flow {
    let mut flow = Flow::Continue;
    for client in node.clients.all() {
        if !client.user().is_some_and(|user| names.contains(&user)) {
            continue;
        }
        if client.id == session.client.id {
            flow = Flow::Close;
        } else {
            client.cut(Cut::Killed);
        }
    }
    flow
}

/// `ACL DELUSER`.
fn delete_users(
    args: Args<'_>,
    session: &Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<Flow, ReplyError> {
    let names = args.from(2);
    if names.iter().any(|name| name == DEFAULT_USER.as_bytes()) {
        return Err(ReplyError::err("The 'default' user cannot be removed"));
    }
    let mut deleted: Vec<Arc<str>> = Vec::new();
    for name in names.iter() {
        if node.authenticator.users().delete(name) {
            let name = String::from_utf8_lossy(name);
            let user = session.user_name().unwrap_or(DEFAULT_USER);
            UserDeleted { target: &name, user, client: session.client.address }.emit();
            deleted.push(name.into());
        }
    }
    let flow = if deleted.is_empty() { Flow::Continue } else { disconnect(&deleted, session, node) };
    reply.count(deleted.len());
    Ok(flow)
}

/// `ACL GENPASS`.
fn generate_password(args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    at_most(args, 3)?;
    let bits = args.get(2).map_or(Ok(PASSWORD_BITS), integer)?;
    if !(1..=PASSWORD_BITS_MAX).contains(&bits) {
        return Err(ReplyError::text(format!(
            "ACL GENPASS argument must be the number of bits for the output password, a positive number up to \
             {PASSWORD_BITS_MAX}"
        )));
    }
    let digits = (bits.unsigned_abs() as usize).div_ceil(4);
    let random: Vec<String> =
        (0..digits.div_ceil(16)).map(|_| format!("{:016x}", rand::random::<u64>())).collect();
    reply.bulk(&random.concat()[..digits]);
    Ok(())
}

/// `ACL DRYRUN`.
fn dry_run(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let shown = |at: usize| String::from_utf8_lossy(&args[at]).into_owned();
    let user = node.authenticator.users().find(&args[2]);
    let user = user.ok_or_else(|| ReplyError::text(format!("User '{}' not found", shown(2))))?;
    let inner = args.from(3);
    let command = table().resolve(inner);
    let in_vain = !command.spec.subcommands.is_empty() && inner.len() > 1;
    if in_vain || matches!(command.spec.run, Run::Unknown) {
        return Err(ReplyError::text(format!("Command '{}' not found", shown(3))));
    }
    if !command.spec.takes(inner.len()) {
        return Err(ReplyError::arity(&command.name));
    }
    let name = user.identity.name();
    let denied = |at: usize, kind: &str| {
        let object = &inner[at];
        let before = format!("User {name} has no permissions to access the '");
        [before.as_bytes(), object, format!("' {kind}").as_bytes()].concat()
    };
    match access::check(&user.account, command, inner) {
        Ok(()) => reply.ok(),
        Err(Denial::Command) => reply
            .bulk(format!("User {name} has no permissions to run the '{}' command", command.lower_name())),
        Err(Denial::Key(at)) => reply.bulk(denied(at, "key")),
        Err(Denial::Channel(at)) => reply.bulk(denied(at, "channel")),
    }
    Ok(())
}

/// `ACL LOAD`: all users of the file or none. Everybody who is not the default user has to come in anew, as in Redis.
fn load(session: &Session, node: &NodeState, reply: &mut ReplyWriter) -> Result<Flow, ReplyError> {
    if node.authenticator.file().is_none() {
        return Err(NO_FILE);
    }
    let (user, client) = (session.user_name().unwrap_or(DEFAULT_USER), session.client.address);
    let gone = node.authenticator.load().map_err(|message| {
        UsersFileFailed { message: &message, user, client }.emit();
        ReplyError::text(message)
    })?;
    UsersLoaded { count: node.authenticator.users().everyone().len(), user, client }.emit();
    let names: Vec<Arc<str>> = gone.iter().map(|user| Arc::clone(user.identity.name())).collect();
    let flow = disconnect(&names, session, node);
    reply.ok();
    Ok(flow)
}

/// `ACL SAVE`.
fn save(session: &Session, node: &NodeState, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let path = node.authenticator.file().ok_or(NO_FILE)?;
    file::save(path, &node.authenticator.users().everyone()).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        let (user, client) = (session.user_name().unwrap_or(DEFAULT_USER), session.client.address);
        UsersFileFailed { message: &message, user, client }.emit();
        NOT_SAVED
    })?;
    reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests;
