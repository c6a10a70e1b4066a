//! The same commands to a real Redis and to a node, with somebody listening: the same events in the same order.

use hypercache::command::spec::Group;
use hypercache::resp::frame::Frame;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::against_redis::CONVERSATION;
use crate::against_redis::Pair;
use crate::against_redis::Redis;
use crate::against_redis::SCRIPTS;
use crate::against_redis::SHAPES;
use crate::against_redis::filled;
use crate::against_redis::words;
use crate::client::Client;
use crate::client::text;
use crate::process::TestNode;

/// Commands that tell of changes that are none in 7.0 other than in 7.2 or create a consumer at another moment, and one that
/// misses keys in the order of its elements, which a set does not have.
const NOT_COMPARABLE: &[&str] = &["SETBIT", "BITFIELD", "SORT", "XREADGROUP", "XCLAIM", "XAUTOCLAIM"];

/// Hears the events of one server.
struct Listener {
    ears: Client,
    mouth: Client,
}

impl Listener {
    fn connect(address: std::net::SocketAddr) -> Self {
        let [mut ears, mouth] = [address; 2].map(Client::connect);
        // Without the letters for what has expired: when a sweep meets a key is left to each.
        assert_eq!(ears.text("CONFIG SET notify-keyspace-events KEg$lshztnm"), "OK");
        ears.run("PSUBSCRIBE __key*__:*");
        ears.run("SUBSCRIBE end-of-command");
        Self { ears, mouth }
    }

    /// The events since the last call, as channel and payload.
    fn events(&mut self) -> Vec<(String, String)> {
        // By another connection than the one that runs the commands, which may be inside of `MULTI`.
        self.mouth.run("PUBLISH end-of-command now");
        let mut events = Vec::new();
        loop {
            let (Frame::Array(parts) | Frame::Push(parts)) = self.ears.reply() else { panic!("no message") };
            let parts: Vec<String> = parts.iter().map(text).collect();
            match parts.as_slice() {
                [kind, _, channel, payload] if kind == "pmessage" => {
                    events.push((channel.clone(), payload.clone()));
                }
                _ => return events,
            }
        }
    }
}

struct Listeners([Listener; 2]);

impl Listeners {
    fn connect(redis: &Redis, node: &TestNode) -> Self {
        Self([redis.address, node.resp].map(Listener::connect))
    }

    /// What both have heard since the last call.
    fn events(&mut self) -> [Vec<(String, String)>; 2] {
        self.0.each_mut().map(Listener::events)
    }
}

fn comparable(line: &str) -> bool {
    !NOT_COMPARABLE.iter().any(|name| line.starts_with(name))
}

#[test]
fn every_family_tells_what_redis_tells() {
    let Some(redis) = Redis::start() else { return };
    let node = TestNode::configured("stores: [{ name: default }, { name: other }]\n");
    let mut faults = Vec::new();
    let mut listeners = Listeners::connect(&redis, &node);
    let mut heard = 0;
    for (group, script) in SCRIPTS {
        // Those are about the connection itself, or what the node is set to.
        if matches!(group, Group::PubSub | Group::Connection | Group::Server | Group::Transactions) {
            continue;
        }
        let mut pair = Pair::connect(&redis, &node, "HELLO 3");
        listeners.events();
        for line in script.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            pair.ask(&words(line));
            let [wanted, got] = listeners.events();
            heard += got.len();
            if wanted != got && comparable(line) {
                faults.push(format!("{} {line}\n    Redis {wanted:?}\n    node  {got:?}", group.name()));
            }
        }
    }
    assert!(heard > 100, "only {heard} events");
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn long_random_conversations_tell_alike() {
    let Some(redis) = Redis::start() else { return };
    let node = TestNode::configured("stores: [{ name: default }, { name: other }]\n");
    let seed = std::env::var("TEST_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut random = StdRng::seed_from_u64(seed);
    let shapes: Vec<&str> =
        SHAPES.lines().filter(|line| !line.starts_with('#') && comparable(line)).collect();
    let mut pair = Pair::connect(&redis, &node, "HELLO 3");
    let mut listeners = Listeners::connect(&redis, &node);
    let mut said: Vec<String> = Vec::new();
    for _ in 0..CONVERSATION {
        let parts = filled(shapes[random.random_range(0..shapes.len())], &mut random);
        said.push(parts.iter().map(|part| part.escape_ascii().to_string()).collect::<Vec<_>>().join(" "));
        pair.ask(&parts);
        let [wanted, got] = listeners.events();
        let last = &said[said.len().saturating_sub(30)..];
        assert_eq!(wanted, got, "Redis left, the node right; TEST_SEED={seed}\n{}", last.join("\n"));
    }
}
