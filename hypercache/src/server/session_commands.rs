//! Commands about the connection they come in by.

use std::sync::Arc;

use crate::command::ReplyError;
use crate::command::args::Cursor;
use crate::command::args::integer;
use crate::command::error;
use crate::command::spec::SessionCommand;
use crate::engine::Execution;
use crate::engine::Flow;
use crate::engine::Herald;
use crate::engine::Observation;
use crate::engine::Session;
use crate::engine::client::Clients;
use crate::engine::observation::monitors::Monitoring;
use crate::engine::pubsub::Broker;
use crate::engine::pubsub::Topic;
use crate::engine::session::ReplyMode;
use crate::engine::version::COMPATIBLE_REDIS_VERSION;
use crate::resp::Args;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::security::Authenticator;
use crate::security::acl::log::Scene;
use crate::security::authenticator::Refusal;
use crate::server::node_commands::client;
use crate::server::pubsub;
use crate::server::tracking_commands;
use crate::server::transaction_commands;
use crate::store::Registry;
use crate::store::Selected;
use crate::telemetry::Event;
use crate::telemetry::TraceContext;
use crate::telemetry::events::security::AuthenticationFailed;
use crate::telemetry::events::security::AuthenticationSucceeded;

/// What these commands need beside the session.
pub struct World<'a> {
    /// Checks passwords.
    pub authenticator: &'a Authenticator,
    /// The stores that can be selected.
    pub registry: &'a Arc<Registry>,
    /// Knows who has subscribed to what.
    pub broker: &'a Arc<Broker>,
    /// Knows who monitors.
    pub observation: &'a Arc<Observation>,
    /// Tells of changes to keys.
    pub herald: &'a Herald,
    /// Who is connected.
    pub clients: &'a Clients,
}

const PROTOCOL_NOT_SUPPORTED: ReplyError = ReplyError::new("NOPROTO", "unsupported protocol version");
const NAME_WITH_SPACES: &str = "cannot contain spaces, newlines or special characters.";

/// Runs `command`.
pub fn run(
    command: SessionCommand,
    args: Args<'_>,
    session: &mut Session,
    world: &World<'_>,
    reply: &mut ReplyWriter,
) -> Result<Execution, ReplyError> {
    match command {
        SessionCommand::Auth => auth(args, session, world, reply)?,
        SessionCommand::Hello => hello(args, session, world, reply)?,
        SessionCommand::Select => select(args, session, world, reply)?,
        SessionCommand::Echo => reply.bulk(&args[1]),
        SessionCommand::Ping => ping(args, session, reply)?,
        SessionCommand::Discard => transaction_commands::discard(session, reply)?,
        // The dispatcher has taken it where there is something to run.
        SessionCommand::Exec => return Err(ReplyError::err("EXEC without MULTI")),
        SessionCommand::Monitor => monitor(session, world, reply),
        SessionCommand::Multi => transaction_commands::multi(session, reply)?,
        SessionCommand::Unwatch => transaction_commands::unwatch(session, reply),
        SessionCommand::Watch => {
            transaction_commands::watch(args, session, world.registry, world.herald, reply)?;
        }
        SessionCommand::Subscribe => pubsub::subscribe(Topic::Channel, args, session, world.broker, reply),
        SessionCommand::PSubscribe => pubsub::subscribe(Topic::Pattern, args, session, world.broker, reply),
        SessionCommand::SSubscribe => pubsub::subscribe(Topic::Shard, args, session, world.broker, reply),
        SessionCommand::Unsubscribe => {
            pubsub::unsubscribe(Topic::Channel, args, session, world.broker, reply);
        }
        SessionCommand::PUnsubscribe => {
            pubsub::unsubscribe(Topic::Pattern, args, session, world.broker, reply);
        }
        SessionCommand::SUnsubscribe => {
            pubsub::unsubscribe(Topic::Shard, args, session, world.broker, reply);
        }
        SessionCommand::Quit => {
            session.client.leave();
            reply.ok();
            return Ok(Execution { flow: Flow::Close, ..Execution::default() });
        }
        SessionCommand::Reset => reset(session, world, reply),
        SessionCommand::ClientCaching => tracking_commands::caching(args, session, reply)?,
        SessionCommand::ClientGetName => match &session.client.labels().name {
            Some(name) => reply.bulk(name.as_bytes()),
            None => reply.null(),
        },
        SessionCommand::ClientGetRedir => {
            reply.integer(tracking_commands::redirection(session.client.tracking.mode()));
        }
        SessionCommand::ClientHelp => client::help(reply),
        SessionCommand::ClientId => reply.integer(i64::try_from(session.client.id).unwrap_or(i64::MAX)),
        SessionCommand::ClientInfo => {
            let line = client::line(&session.client);
            reply.verbatim("txt", &format!("{line}\n"));
        }
        SessionCommand::ClientNoEvict => session.client.set_no_evict(switch(&args[2], reply)?),
        SessionCommand::ClientNoTouch => session.client.set_no_touch(switch(&args[2], reply)?),
        SessionCommand::ClientReply => reply_mode(&args[2], session, reply)?,
        SessionCommand::ClientSetInfo => set_info(args, session, reply)?,
        SessionCommand::ClientSetName => {
            set_name(&args[2], session)?;
            reply.ok();
        }
        SessionCommand::ClientTraceContext => trace_context(args, session, reply)?,
        SessionCommand::ClientTracking => {
            tracking_commands::tracking(args, session, world.herald.tracking(), world.clients, reply)?;
        }
        SessionCommand::ClientTrackingInfo => {
            tracking_commands::info(session, world.herald.tracking(), reply);
        }
    }
    Ok(Execution::default())
}

fn auth(
    args: Args<'_>,
    session: &mut Session,
    world: &World<'_>,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    let (user, password) = match args.len() {
        2 => (None, &args[1]),
        3 => (Some(&args[1]), &args[2]),
        _ => return Err(error::SYNTAX),
    };
    authenticate(user, password, "AUTH", session, world)?;
    reply.ok();
    Ok(())
}

fn authenticate(
    user: Option<&[u8]>,
    password: &[u8],
    method: &'static str,
    session: &mut Session,
    world: &World<'_>,
) -> Result<(), ReplyError> {
    let (client, client_id) = (session.client.address, session.client.id);
    match world.authenticator.authenticate(user, password) {
        Ok(user) => {
            AuthenticationSucceeded { client, client_id, user: user.name(), method }.emit();
            session.set_user(Some(user));
            Ok(())
        }
        Err(refusal) => {
            let (meant, reason) = (refusal.user(user), refusal.label());
            AuthenticationFailed { client, client_id, user: meant, method, reason }.emit();
            if refusal != Refusal::NoPasswordSet {
                let scene = if session.in_transaction { Scene::Multi } else { Scene::TopLevel };
                world.authenticator.note_refusal(&session.client, method.as_bytes(), user, scene);
            }
            Err(refusal.reply())
        }
    }
}

fn hello(
    args: Args<'_>,
    session: &mut Session,
    world: &World<'_>,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    let mut cursor = Cursor::at(args, 1);
    let mut protocol = session.protocol();
    if let Some(version) = cursor.next() {
        let number = integer(version)
            .map_err(|_| ReplyError::err("Protocol version is not an integer or out of range"))?;
        protocol = match number {
            2 => Protocol::Resp2,
            3 => Protocol::Resp3,
            _ => return Err(PROTOCOL_NOT_SUPPORTED),
        };
    }
    let (mut credentials, mut name) = (None, None);
    while cursor.remaining() > 0 {
        if cursor.remaining() > 2 && cursor.word("AUTH") {
            credentials = Some((cursor.required()?, cursor.required()?));
        } else if cursor.remaining() > 1 && cursor.word("SETNAME") {
            name = Some(cursor.required()?);
        } else {
            let option = String::from_utf8_lossy(cursor.next().unwrap_or_default()).into_owned();
            return Err(ReplyError::text(format!("Syntax error in HELLO option '{option}'")));
        }
    }
    if let Some((user, password)) = credentials {
        authenticate(Some(user), password, "HELLO", session, world)?;
    }
    if session.user.is_none() && world.authenticator.required() {
        return Err(ReplyError::new(
            "NOAUTH",
            "HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
        ));
    }
    if let Some(name) = name {
        set_name(name, session)?;
    }
    session.set_protocol(protocol);
    reply.set_protocol(protocol);
    greet(session, reply);
    Ok(())
}

fn greet(session: &Session, reply: &mut ReplyWriter) {
    reply.map(7);
    reply.bulk("server");
    reply.bulk("redis");
    reply.bulk("version");
    reply.bulk(COMPATIBLE_REDIS_VERSION);
    reply.bulk("proto");
    reply.integer(session.protocol().number());
    reply.bulk("id");
    reply.integer(i64::try_from(session.client.id).unwrap_or(i64::MAX));
    reply.bulk("mode");
    reply.bulk("standalone");
    reply.bulk("role");
    reply.bulk("master");
    reply.bulk("modules");
    reply.array(0);
}

fn ping(args: Args<'_>, session: &Session, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    match args.len() {
        // A subscriber expects arrays only.
        1 | 2 if session.has_subscribed() && session.protocol() == Protocol::Resp2 => {
            reply.array(2);
            reply.bulk("pong");
            reply.bulk(args.get(1).unwrap_or_default());
        }
        1 => reply.simple("PONG"),
        2 => reply.bulk(&args[1]),
        _ => return Err(ReplyError::arity("PING")),
    }
    Ok(())
}

fn select(
    args: Args<'_>,
    session: &mut Session,
    world: &World<'_>,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    let store = world.registry.find(&args[1]).ok_or(error::DB_OUT_OF_RANGE)?;
    session.select(store.selected());
    reply.ok();
    Ok(())
}

/// `MONITOR`; a second time changes nothing, and as in Redis says nothing.
fn monitor(session: &mut Session, world: &World<'_>, reply: &mut ReplyWriter) {
    if session.monitoring.is_none() {
        session.monitoring = Some(Monitoring::begin(world.observation, &session.client));
        reply.ok();
    }
}

fn reset(session: &mut Session, world: &World<'_>, reply: &mut ReplyWriter) {
    session.select(Selected::DEFAULT);
    session.end_transaction();
    session.monitoring = None;
    session.tracked = None;
    session.subscriptions(world.broker).clear();
    session.set_protocol(Protocol::Resp2);
    reply.set_protocol(Protocol::Resp2);
    session.reply_mode = ReplyMode::On;
    session.set_user(world.authenticator.anonymous());
    session.set_trace(None);
    session.client.set_no_evict(false);
    session.client.set_no_touch(false);
    session.client.set_name(None);
    reply.simple("RESET");
}

fn switch(word: &[u8], reply: &mut ReplyWriter) -> Result<bool, ReplyError> {
    let on = match word {
        word if word.eq_ignore_ascii_case(b"on") => true,
        word if word.eq_ignore_ascii_case(b"off") => false,
        _ => return Err(error::SYNTAX),
    };
    reply.ok();
    Ok(on)
}

fn reply_mode(word: &[u8], session: &mut Session, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    session.reply_mode = match word {
        word if word.eq_ignore_ascii_case(b"on") => {
            reply.ok();
            ReplyMode::On
        }
        word if word.eq_ignore_ascii_case(b"off") => ReplyMode::Off,
        word if word.eq_ignore_ascii_case(b"skip") && session.reply_mode == ReplyMode::Off => ReplyMode::Off,
        word if word.eq_ignore_ascii_case(b"skip") => ReplyMode::SkipNext,
        _ => return Err(error::SYNTAX),
    };
    Ok(())
}

/// A label as Redis allows it: visible ASCII. Empty stands for none.
fn label(bytes: &[u8]) -> Option<Option<Box<str>>> {
    let text =
        std::str::from_utf8(bytes).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))?;
    Some((!text.is_empty()).then(|| text.into()))
}

fn set_name(name: &[u8], session: &mut Session) -> Result<(), ReplyError> {
    let name = label(name).ok_or_else(|| ReplyError::text(format!("Client names {NAME_WITH_SPACES}")))?;
    session.client.set_name(name);
    Ok(())
}

fn set_info(args: Args<'_>, session: &mut Session, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let attribute = args[2].to_ascii_lowercase();
    let value = || {
        label(&args[3]).ok_or_else(|| {
            ReplyError::text(format!("{} {NAME_WITH_SPACES}", String::from_utf8_lossy(&attribute)))
        })
    };
    match &attribute[..] {
        b"lib-name" => session.client.labels().library = value()?,
        b"lib-ver" => session.client.labels().library_version = value()?,
        _ => {
            let shown = String::from_utf8_lossy(&args[2]).into_owned();
            return Err(ReplyError::text(format!("Unrecognized option '{shown}'")));
        }
    }
    reply.ok();
    Ok(())
}

fn trace_context(args: Args<'_>, session: &mut Session, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    if args.len() > 4 {
        return Err(ReplyError::arity("CLIENT|TRACECONTEXT"));
    }
    let text = |index: usize| args.get(index).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let trace = match text(2) {
        Some(word) if word.eq_ignore_ascii_case("off") && args.len() == 3 => None,
        Some(parent) => Some(TraceContext::parse(parent, text(3)).ok_or(ReplyError::err(
            "Invalid traceparent, expected 00-<32 hex digits>-<16 hex digits>-<2 hex digits>",
        ))?),
        None => return Err(ReplyError::err("Invalid traceparent")),
    };
    session.set_trace_for_next(trace);
    reply.ok();
    Ok(())
}
