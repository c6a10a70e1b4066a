//! Streams of commands against the executors of a whole node.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;
use std::time::Instant;

use hypercache::command::table::table;
use hypercache::config::Config;
use hypercache::config::Store;
use hypercache::engine::Call;
use hypercache::engine::Executor;
use hypercache::engine::Flow;
use hypercache::engine::Session;
use hypercache::engine::client::Client;
use hypercache::engine::identity::Identity;
use hypercache::engine::parked::Answer;
use hypercache::engine::session::Door;
use hypercache::node;
use hypercache::resp::OwnedArgs;
use hypercache::resp::Protocol;
use hypercache::resp::ReplyWriter;
use hypercache::telemetry::NodeIdentity;
use hypercache::telemetry::Telemetry;

use crate::commands;
use crate::source::Source;

/// Longest that one command may take, also in a build without optimization on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(20);
/// Most that one command may ask of the allocator, in bytes: what the generator asks for is small, or not allowed.
const ALLOCATED_MAX: u64 = 256 << 20;
/// Commands of one stream.
const COMMANDS_MAX: usize = 300;

static TELEMETRY: LazyLock<Telemetry> = LazyLock::new(|| {
    let mut config = Config::default().telemetry;
    (config.log.stdout, config.log.files) = (false, false);
    let node = NodeIdentity { id: "fuzzed".to_owned(), version: "0" };
    let commands = table().all().iter().map(|command| command.name.clone()).collect();
    let stores = vec!["default".to_owned(), "second".to_owned()];
    let (telemetry, guard) =
        Telemetry::builder(&config, &node, commands, stores).build().expect("it writes nowhere");
    // It lives as long as the process.
    std::mem::forget(guard);
    telemetry
});

/// The executors of a node with two stores that are empty.
pub fn executor() -> Arc<dyn Executor> {
    let mut config = Config::default();
    config.cache.shards = 4;
    config.stores.push(Store { name: "second".to_owned(), ..config.stores[0].clone() });
    node::executor(config, TELEMETRY.clone()).expect("a thread can be started")
}

/// A session of a client that has this number.
pub fn session(id: u64, seed: u64) -> Session {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    Session::new(
        Arc::new(Client::new(id, nowhere, nowhere)),
        Door::Resp,
        Some(Arc::new(Identity::new("default"))),
        seed,
    )
}

/// Runs the commands that `data` makes. None panics, hangs, asks for more memory than it may, or answers with anything
/// but whole replies. `allocated` counts the bytes that this thread has asked for since it began.
pub fn run(data: &[u8], allocated: impl Fn() -> u64) {
    TELEMETRY.scope(|| stream(data, allocated));
}

fn stream(data: &[u8], allocated: impl Fn() -> u64) {
    let mut source = Source::new(data);
    let executor = executor();
    let seed = source.byte().into();
    let mut sessions = [session(1, seed), session(2, !seed)];
    let mut reply = ReplyWriter::new(Protocol::Resp2);
    for position in 0..COMMANDS_MAX {
        if source.is_empty() {
            return;
        }
        let session = &mut sessions[usize::from(source.once_in(8))];
        // It has waited long enough; what it has been answered meanwhile is looked at, the rest is given up.
        if let Some(waiting) = session.unpark() {
            check_answer(waiting.parked.take());
        }
        let args = OwnedArgs::new(commands::command(&mut source));
        let (began, before) = (Instant::now(), allocated());
        let flow = answer(&*executor, &args, session, &mut reply);
        await_script(session);
        let (took, asked) = (began.elapsed(), allocated() - before);
        assert!(took < TIME_MAX, "{:?} took {took:?}", args.view());
        assert!(asked < ALLOCATED_MAX, "{:?} asked for {asked} bytes", args.view());
        check_whole(reply.bytes(), &args);
        reply.clear(1 << 16);
        drop(session.client.mailbox.take());
        if flow == Flow::Close {
            let id = session.client.id + 2;
            *session = self::session(id, seed + position as u64);
        }
    }
}

fn answer(executor: &dyn Executor, args: &OwnedArgs, session: &mut Session, reply: &mut ReplyWriter) -> Flow {
    let command = table().resolve(args.view());
    let received = Instant::now();
    session.begin_batch(received);
    reply.set_protocol(session.protocol());
    let call = Call { command, args: args.view(), received, position: 0 };
    let flow = match executor.execute(&call, session, reply) {
        Ok(execution) => execution.flow,
        Err(error) => {
            reply.error(error.prefix, &error.text);
            Flow::Continue
        }
    };
    session.end_batch(1, &TELEMETRY);
    flow
}

/// A script runs on a thread of its own, and its client waits for it; what waits for keys may wait on.
fn await_script(session: &mut Session) {
    let Some(waiting) = session.waiting().filter(|waiting| waiting.parked.unserved.is_none()) else { return };
    let (parked, began) = (Arc::clone(&waiting.parked), Instant::now());
    let answered = loop {
        if let Some(answer) = parked.take() {
            break answer;
        }
        assert!(began.elapsed() < TIME_MAX, "{:?} is not answered", parked.args.view());
        std::thread::sleep(Duration::from_micros(20));
    };
    session.unpark();
    check_answer(Some(answered));
}

fn check_answer(answer: Option<Answer>) {
    if let Some(Answer::Ran { reply, result: Ok(_), .. }) = answer {
        check_whole(&reply, &OwnedArgs::new(["(it waited)"]));
    }
}

/// Whether a reply is whole values; several, or none, are for subscriptions only.
fn check_whole(reply: &[u8], args: &OwnedArgs) {
    let beginning = || String::from_utf8_lossy(&reply[..reply.len().min(500)]).into_owned();
    assert!(is_whole(reply), "{:?} is answered with {:?}", args.view(), beginning());
}

/// Scripts answer in any depth, so this goes through values one by one and down into none.
fn is_whole(mut reply: &[u8]) -> bool {
    let mut wanted = 0_usize;
    while !reply.is_empty() {
        let Some(end) = reply.windows(2).position(|pair| pair == b"\r\n") else { return false };
        let (header, mut rest) = (&reply[1..end], &reply[end + 2..]);
        let number = || std::str::from_utf8(header).ok().and_then(|text| text.parse::<i64>().ok());
        let inside = match (reply[0], number()) {
            (b'*' | b'~' | b'>', Some(count)) => usize::try_from(count).unwrap_or(0),
            (b'%', Some(count)) => 2 * usize::try_from(count).unwrap_or(0),
            (b'$' | b'=' | b'!', Some(length)) if length >= 0 => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let Some((_, behind)) = rest.split_at_checked(length) else { return false };
                let Some(behind) = behind.strip_prefix(b"\r\n") else { return false };
                rest = behind;
                0
            }
            (b'+' | b'-' | b',' | b'#' | b'_' | b'(', _) | (b':' | b'$', Some(_)) => 0,
            _ => return false,
        };
        wanted = wanted.saturating_sub(1) + inside;
        reply = rest;
    }
    wanted == 0
}
