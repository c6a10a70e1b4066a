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
use hypercache::engine::session::Door;
use hypercache::node;
use hypercache::resp::OwnedArgs;
use hypercache::resp::Protocol;
use hypercache::resp::ReplyWriter;
use hypercache::resp::frame::FrameLimits;
use hypercache::resp::frame::skip;
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
        let args = OwnedArgs::new(commands::command(&mut source));
        let (began, before) = (Instant::now(), allocated());
        let flow = answer(&*executor, &args, session, &mut reply);
        let (took, asked) = (began.elapsed(), allocated() - before);
        assert!(took < TIME_MAX, "{:?} took {took:?}", args.view());
        assert!(asked < ALLOCATED_MAX, "{:?} asked for {asked} bytes", args.view());
        check_whole(&reply, &args);
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

/// Whether a reply is whole values; several, or none, are for subscriptions only.
fn check_whole(reply: &ReplyWriter, args: &OwnedArgs) {
    let limits = FrameLimits {
        elements: usize::MAX,
        bulk_bytes: usize::MAX,
        line_bytes: usize::MAX,
        ..FrameLimits::default()
    };
    let mut at = 0;
    while at < reply.len() {
        match skip(&reply.bytes()[at..], &limits) {
            Ok(Some((end, _))) => at += end,
            other => {
                panic!("{:?}: {other:?} at {at} of {:?}", args.view(), String::from_utf8_lossy(reply.bytes()))
            }
        }
    }
}
