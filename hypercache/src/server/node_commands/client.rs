//! `CLIENT` as far as it is about clients beside one's own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::error;
use crate::command::table::table;
use crate::engine::Flow;
use crate::engine::Session;
use crate::engine::client::Client;
use crate::engine::client::Cut;
use crate::engine::client_memory::ClientMemory;
use crate::engine::pause::Held;
use crate::engine::pubsub::Topic;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::help;
use crate::server::tracking_commands;
use crate::value::number::decimal;

const NO_SUCH_CLIENT: ReplyError = ReplyError::err("No such client");
const BAD_ID: ReplyError = ReplyError::err("Invalid client ID");
const ID_NOT_POSITIVE: ReplyError = ReplyError::err("client-id should be greater than 0");
const AGE_NOT_A_NUMBER: ReplyError = ReplyError::err("maxage is not an integer or out of range");
const AGE_NOT_POSITIVE: ReplyError = ReplyError::err("maxage should be greater than 0");
const PAUSE_MODE: ReplyError = ReplyError::err("CLIENT PAUSE mode must be WRITE or ALL");
const TIMEOUT_NOT_A_NUMBER: ReplyError = ReplyError::err("timeout is not an integer or out of range");
const TIMEOUT_NEGATIVE: ReplyError = ReplyError::err("timeout is negative");
const UNBLOCK_REASON: ReplyError = ReplyError::err("CLIENT UNBLOCK reason should be TIMEOUT or ERROR");

/// The kinds of clients that Redis tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    Master,
    Replica,
    Pubsub,
}

impl Kind {
    /// Nobody is a master or replica of ours. Whoever monitors is a normal client.
    fn of(client: &Client) -> Self {
        if client.subscriptions.any() { Self::Pubsub } else { Self::Normal }
    }

    fn read(word: &[u8]) -> Result<Self, ReplyError> {
        const WORDS: [(&str, Kind); 5] = [
            ("normal", Kind::Normal),
            ("master", Kind::Master),
            ("replica", Kind::Replica),
            ("slave", Kind::Replica),
            ("pubsub", Kind::Pubsub),
        ];
        let known = WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
        known.map(|(_, kind)| *kind).ok_or_else(|| {
            ReplyError::text(format!("Unknown client type '{}'", String::from_utf8_lossy(word)))
        })
    }
}

/// The line of `CLIENT LIST` and `CLIENT INFO` about one client, without a line break.
///
/// The fields and their order are those of Redis 7.2, with `watch` of later versions at the end. Buffers belong to the I/O
/// threads, so a client has none of its own but for a request that has not arrived whole, and replies that its socket has
/// not taken. The arguments of such a request lie in the buffer, so they are not counted apart.
pub fn line(client: &Client) -> String {
    let labels = client.labels().clone();
    let text = |label: &Option<Box<str>>| label.as_deref().unwrap_or_default().to_owned();
    let query_bytes = client.traffic().query_bytes;
    let all = table().all();
    let last = usize::from(client.last_command());
    let command = if last == 0 { "NULL".to_owned() } else { all[last.min(all.len() - 1)].lower_name() };
    let store = client.store();
    let ClientMemory { query_free, unsent, mailbox, queued: queued_bytes, total } = client.memory();
    let (waiting, lists) = (unsent + mailbox, usize::from(unsent > 0) + usize::from(mailbox > 0));
    let events = if unsent > 0 { "rw" } else { "r" };
    let (queued, watched) = client.transaction();
    let multi = queued.map_or_else(|| "-1".to_owned(), |queued| queued.to_string());
    format!(
        "id={} addr={} laddr={} fd=-1 name={} age={} idle={} flags={} db={store} sub={} psub={} ssub={} multi={multi} \
         qbuf={query_bytes} qbuf-free={query_free} argv-mem=0 multi-mem={queued_bytes} rbs=0 rbp=0 obl=0 oll={lists} \
         omem={waiting} tot-mem={total} events={events} \
         cmd={command} user={} redir={} resp={} lib-name={} lib-ver={} watch={watched}",
        client.id,
        client.address,
        client.local_address,
        text(&labels.name),
        client.since.elapsed().as_secs(),
        client.idle().as_secs(),
        flags(client),
        client.subscriptions.of(Topic::Channel),
        client.subscriptions.of(Topic::Pattern),
        client.subscriptions.of(Topic::Shard),
        client.user().as_deref().unwrap_or_default(),
        tracking_commands::redirection(client.tracking.mode()),
        client.protocol().number(),
        text(&labels.library),
        text(&labels.library_version),
    )
}

fn flags(client: &Client) -> String {
    let set = [
        (client.is_monitor(), 'O'),
        (client.subscriptions.any(), 'P'),
        (client.transaction().0.is_some(), 'x'),
        (client.parked().is_some(), 'b'),
        (client.is_cut().is_some(), 'A'),
        (client.tracking.mode().is_some(), 't'),
        (client.tracking.broken(), 'R'),
        (client.tracking.mode().is_some_and(|mode| mode.broadcast), 'B'),
        (client.no_evict(), 'e'),
        (client.no_touch(), 'T'),
    ];
    let flags: String = set.into_iter().filter(|(set, _)| *set).map(|(_, letter)| letter).collect();
    if flags.is_empty() { "N".to_owned() } else { flags }
}

/// `CLIENT LIST`.
pub fn list(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let mut cursor = Cursor::at(args, 2);
    let (mut kind, mut ids) = (None, None);
    while cursor.remaining() > 0 {
        if kind.is_none() && cursor.word("TYPE") {
            kind = Some(Kind::read(cursor.required()?)?);
        } else if cursor.word("ID") {
            ids = Some(client_ids(&mut cursor)?);
        } else {
            return Err(error::SYNTAX);
        }
    }
    let mut clients = match ids {
        Some(ids) => ids.into_iter().filter_map(|id| node.clients.get(id)).collect(),
        None => node.clients.all(),
    };
    clients.retain(|client| kind.is_none_or(|kind| kind == Kind::of(client)));
    let text: String = clients.iter().map(|client| line(client) + "\n").collect();
    reply.verbatim("txt", &text);
    Ok(())
}

/// All that is left of the arguments, as ids; at least one.
fn client_ids(cursor: &mut Cursor<'_>) -> Result<Vec<u64>, ReplyError> {
    let mut ids = Vec::new();
    let mut next = Some(cursor.required()?);
    while let Some(id) = next {
        // An id that is a number but nobody's is no error.
        ids.push(u64::try_from(decimal(id).ok_or(BAD_ID)?).unwrap_or(0));
        next = cursor.next();
    }
    Ok(ids)
}

/// Which clients `CLIENT KILL` is meant for; each condition that is given has to hold.
#[derive(Debug, Default)]
struct Filter {
    id: Option<u64>,
    kind: Option<Kind>,
    user: Option<Box<[u8]>>,
    address: Option<Box<[u8]>>,
    local_address: Option<Box<[u8]>>,
    age_min: Option<Duration>,
    spare_caller: bool,
}

impl Filter {
    fn read(args: Args<'_>, node: &NodeState) -> Result<Self, ReplyError> {
        let mut filter = Self { spare_caller: true, ..Self::default() };
        let mut cursor = Cursor::at(args, 2);
        while cursor.remaining() > 0 {
            if cursor.word("ID") {
                let id = decimal(cursor.required()?).filter(|id| *id > 0).ok_or(ID_NOT_POSITIVE)?;
                filter.id = Some(id.unsigned_abs());
            } else if cursor.word("TYPE") {
                filter.kind = Some(Kind::read(cursor.required()?)?);
            } else if cursor.word("USER") {
                filter.user = Some(known_user(cursor.required()?, node)?);
            } else if cursor.word("ADDR") {
                filter.address = Some(cursor.required()?.into());
            } else if cursor.word("LADDR") {
                filter.local_address = Some(cursor.required()?.into());
            } else if cursor.word("SKIPME") {
                filter.spare_caller = match (cursor.word("YES"), cursor.word("NO")) {
                    (true, false) => true,
                    (false, true) => false,
                    _ => return Err(error::SYNTAX),
                };
            } else if cursor.word("MAXAGE") {
                filter.age_min = Some(age(cursor.required()?)?);
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(filter)
    }

    fn wants(&self, client: &Client) -> bool {
        let is = |wanted: &Option<Box<[u8]>>, address: SocketAddr| {
            wanted.as_deref().is_none_or(|wanted| wanted == address.to_string().as_bytes())
        };
        self.id.is_none_or(|id| id == client.id)
            && self.kind.is_none_or(|kind| kind == Kind::of(client))
            && is(&self.address, client.address)
            && is(&self.local_address, client.local_address)
            && self.age_min.is_none_or(|age| client.since.elapsed() >= age)
            && self.user.as_deref().is_none_or(|user| client.user().is_some_and(|is| is.as_bytes() == user))
    }
}

fn known_user(name: &[u8], node: &NodeState) -> Result<Box<[u8]>, ReplyError> {
    if node.authenticator.users().find(name).is_some() {
        return Ok(name.into());
    }
    Err(ReplyError::text(format!("No such user '{}'", String::from_utf8_lossy(name))))
}

fn age(seconds: &[u8]) -> Result<Duration, ReplyError> {
    let seconds = decimal(seconds).ok_or(AGE_NOT_A_NUMBER)?;
    u64::try_from(seconds).ok().filter(|age| *age > 0).map(Duration::from_secs).ok_or(AGE_NOT_POSITIVE)
}

/// `CLIENT KILL`, by address alone in its old form, by conditions in its new one.
pub fn kill(
    args: Args<'_>,
    session: &Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<Flow, ReplyError> {
    let old_form = args.len() == 3;
    let filter = if old_form {
        Filter { address: Some(args[2].into()), ..Filter::default() }
    } else {
        Filter::read(args, node)?
    };
    let me = session.client.id;
    let mut victims: Vec<Arc<Client>> = node.clients.all();
    victims.retain(|client| filter.wants(client) && !(filter.spare_caller && client.id == me));
    if old_form && victims.is_empty() {
        return Err(NO_SUCH_CLIENT);
    }
    // The caller gets its answer before it goes.
    victims.iter().filter(|client| client.id != me).for_each(|client| client.cut(Cut::Killed));
    if old_form {
        reply.ok()
    } else {
        reply.count(victims.len())
    }
    let suicide = victims.iter().any(|client| client.id == me);
    Ok(if suicide { Flow::Close } else { Flow::Continue })
}

/// `CLIENT PAUSE`.
pub fn pause(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let mut cursor = Cursor::at(args, 2);
    let timeout = cursor.required()?;
    let held = match cursor.remaining() {
        0 => Held::All,
        1 if cursor.word("WRITE") => Held::Writes,
        1 if cursor.word("ALL") => Held::All,
        1 => return Err(PAUSE_MODE),
        _ => return Err(ReplyError::misused_subcommand(args)),
    };
    let millis = decimal(timeout).ok_or(TIMEOUT_NOT_A_NUMBER)?;
    let duration = u64::try_from(millis).map(Duration::from_millis).map_err(|_| TIMEOUT_NEGATIVE)?;
    node.pause.begin(held, duration);
    reply.ok();
    Ok(())
}

/// `CLIENT UNPAUSE`.
pub fn unpause(node: &NodeState, reply: &mut ReplyWriter) {
    node.pause.end();
    reply.ok();
}

/// `CLIENT UNBLOCK`.
pub fn unblock(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let mut cursor = Cursor::at(args, 2);
    let id = cursor.required()?;
    if cursor.remaining() > 1 {
        return Err(ReplyError::misused_subcommand(args));
    }
    let with_error = cursor.word("ERROR");
    if cursor.remaining() > 0 && !cursor.word("TIMEOUT") {
        return Err(UNBLOCK_REASON);
    }
    let id = decimal(id).ok_or(error::NOT_AN_INTEGER)?;
    let client = u64::try_from(id).ok().and_then(|id| node.clients.get(id));
    let parked = client.and_then(|client| client.parked());
    reply.integer(parked.is_some_and(|parked| parked.unblock(with_error)).into());
    Ok(())
}

/// `CLIENT HELP`.
pub fn help(reply: &mut ReplyWriter) {
    help::write("CLIENT", reply);
}

#[cfg(test)]
mod tests;
