//! `CLIENT TRACKING` and what belongs to it.

use std::sync::Arc;

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::error;
use crate::engine::Session;
use crate::engine::client::Clients;
use crate::engine::tracking::Mode;
use crate::engine::tracking::Tracked;
use crate::engine::tracking::Tracking;
use crate::resp::Args;
use crate::resp::ReplyWriter;

const TWO_REDIRECTIONS: ReplyError = ReplyError::err("A client can only redirect to a single other client");
const NO_SUCH_TARGET: ReplyError = ReplyError::err("The client ID you want redirect to does not exist");
const PREFIX_WITHOUT_BCAST: ReplyError = ReplyError::err("PREFIX option requires BCAST mode to be enabled");
const BCAST_SWITCHED: ReplyError = ReplyError::err(
    "You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a \
     different mode.",
);
const BCAST_WITH_OPT: ReplyError = ReplyError::err("OPTIN and OPTOUT are not compatible with BCAST");
const OPTIN_WITH_OPTOUT: ReplyError = ReplyError::err("You can't specify both OPTIN mode and OPTOUT mode");
const OPT_SWITCHED: ReplyError = ReplyError::err(
    "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a \
     different mode.",
);
const CACHING_WITHOUT_TRACKING: ReplyError = ReplyError::err(
    "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
);
const CACHING_WITHOUT_OPTIN: ReplyError =
    ReplyError::err("CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
const CACHING_WITHOUT_OPTOUT: ReplyError =
    ReplyError::err("CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");

/// Prefixes that a client may have; far more than anybody means to. Each change is compared with all.
const PREFIXES_MAX: usize = 1024;
const TOO_MANY_PREFIXES: ReplyError = ReplyError::err("too many prefixes");

/// `CLIENT TRACKING`.
pub fn tracking(
    args: Args<'_>,
    session: &mut Session,
    tracking: &Arc<Tracking>,
    clients: &Clients,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    let (mode, prefixes) = options(args, clients)?;
    match &args[2] {
        word if word.eq_ignore_ascii_case(b"on") => {
            check(mode, &prefixes, session)?;
            check_prefixes(&prefixes, &tracking.prefixes_of(session.client.id), mode)?;
            let client = &session.client;
            session.tracked.get_or_insert_with(|| Tracked::new(Arc::clone(tracking), Arc::clone(client)));
            tracking.start(client, mode, &prefixes);
        }
        word if word.eq_ignore_ascii_case(b"off") => session.tracked = None,
        _ => return Err(error::SYNTAX),
    }
    reply.ok();
    Ok(())
}

fn options<'a>(args: Args<'a>, clients: &Clients) -> Result<(Mode, Vec<&'a [u8]>), ReplyError> {
    let (mut mode, mut prefixes) = (Mode::default(), Vec::new());
    let mut cursor = Cursor::at(args, 3);
    while cursor.remaining() > 0 {
        if cursor.remaining() > 1 && cursor.word("REDIRECT") {
            if mode.redirect != 0 {
                return Err(TWO_REDIRECTIONS);
            }
            let id = u64::try_from(cursor.integer()?).unwrap_or(0);
            if clients.get(id).is_none() {
                return Err(NO_SUCH_TARGET);
            }
            mode.redirect = id;
        } else if cursor.word("BCAST") {
            mode.broadcast = true;
        } else if cursor.word("OPTIN") {
            mode.opt_in = true;
        } else if cursor.word("OPTOUT") {
            mode.opt_out = true;
        } else if cursor.word("NOLOOP") {
            mode.no_loop = true;
        } else if cursor.remaining() > 1 && cursor.word("PREFIX") {
            prefixes.push(cursor.required()?);
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok((mode, prefixes))
}

/// Whether the options go with each other and with the mode that the client is in.
fn check(mode: Mode, prefixes: &[&[u8]], session: &Session) -> Result<(), ReplyError> {
    let present = session.client.tracking.mode();
    let refusals = [
        (!mode.broadcast && !prefixes.is_empty(), PREFIX_WITHOUT_BCAST),
        (present.is_some_and(|present| present.broadcast != mode.broadcast), BCAST_SWITCHED),
        (mode.broadcast && (mode.opt_in || mode.opt_out), BCAST_WITH_OPT),
        (mode.opt_in && mode.opt_out, OPTIN_WITH_OPTOUT),
        (
            present.is_some_and(|present| mode.opt_in && present.opt_out || mode.opt_out && present.opt_in),
            OPT_SWITCHED,
        ),
    ];
    let refused = refusals.into_iter().find(|(refused, _)| *refused);
    refused.map_or(Ok(()), |(_, error)| Err(error))
}

/// Whether no two of a client's prefixes are for the same key.
fn check_prefixes(new: &[&[u8]], present: &[Box<[u8]>], mode: Mode) -> Result<(), ReplyError> {
    if !mode.broadcast {
        return Ok(());
    }
    if new.len() + present.len() > PREFIXES_MAX {
        return Err(TOO_MANY_PREFIXES);
    }
    let overlap = |left: &[u8], right: &[u8]| left.starts_with(right) || right.starts_with(left);
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for (at, prefix) in new.iter().enumerate() {
        let text = shown(prefix);
        if let Some(other) = present.iter().find(|other| overlap(prefix, other)) {
            return Err(ReplyError::text(format!(
                "Prefix '{text}' overlaps with an existing prefix '{}'. Prefixes for a single client must not overlap.",
                shown(other)
            )));
        }
        if let Some(other) = new[at + 1..].iter().find(|other| overlap(prefix, other)) {
            return Err(ReplyError::text(format!(
                "Prefix '{text}' overlaps with another provided prefix '{}'. Prefixes for a single client must not \
                 overlap.",
                shown(other)
            )));
        }
    }
    Ok(())
}

/// `CLIENT CACHING`: for the next command, or the next transaction.
pub fn caching(args: Args<'_>, session: &Session, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let tracking = &session.client.tracking;
    let mode = tracking.mode().ok_or(CACHING_WITHOUT_TRACKING)?;
    match &args[2] {
        word if word.eq_ignore_ascii_case(b"yes") && !mode.opt_in => return Err(CACHING_WITHOUT_OPTIN),
        word if word.eq_ignore_ascii_case(b"no") && !mode.opt_out => return Err(CACHING_WITHOUT_OPTOUT),
        word if word.eq_ignore_ascii_case(b"yes") || word.eq_ignore_ascii_case(b"no") => {}
        _ => return Err(error::SYNTAX),
    }
    tracking.set_caching(true);
    reply.ok();
    Ok(())
}

/// The client that messages are redirected to, 0 for none, -1 where there is no tracking.
pub fn redirection(mode: Option<Mode>) -> i64 {
    mode.map_or(-1, |mode| i64::try_from(mode.redirect).unwrap_or(i64::MAX))
}

/// `CLIENT TRACKINGINFO`.
pub fn info(session: &Session, tracking: &Tracking, reply: &mut ReplyWriter) {
    let client = &session.client;
    let mode = client.tracking.mode();
    let is = |chosen: fn(Mode) -> bool| mode.is_some_and(chosen);
    let caching = client.tracking.caching();
    let flags = [
        (mode.is_some(), "on"),
        (mode.is_none(), "off"),
        (is(|mode| mode.broadcast), "bcast"),
        (is(|mode| mode.opt_in), "optin"),
        (is(|mode| mode.opt_in) && caching, "caching-yes"),
        (is(|mode| mode.opt_out), "optout"),
        (is(|mode| mode.opt_out) && caching, "caching-no"),
        (is(|mode| mode.no_loop), "noloop"),
        (client.tracking.broken(), "broken_redirect"),
    ];
    let flags: Vec<&str> = flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect();
    reply.map(3);
    reply.bulk("flags");
    reply.set(flags.len());
    flags.into_iter().for_each(|flag| reply.bulk(flag));
    reply.bulk("redirect");
    reply.integer(redirection(mode));
    reply.bulk("prefixes");
    let prefixes = tracking.prefixes_of(client.id);
    reply.array(prefixes.len());
    prefixes.iter().for_each(|prefix| reply.bulk(prefix));
}
