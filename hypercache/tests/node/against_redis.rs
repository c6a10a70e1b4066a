//! The same commands to a real Redis and to a node: the same replies, byte for byte where order means something.

mod dump;
mod events;
mod scripts;
mod streams;

use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use hypercache::command::spec::Group;
use hypercache::command::table::table;
use hypercache::resp::frame::Frame;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::client::Client;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

/// A Redis of its own; ended, by its own number, when dropped.
struct Redis {
    child: Child,
    address: std::net::SocketAddr,
    _folder: tempfile::TempDir,
}

impl Redis {
    /// Starts one; none where there is no Redis of the version that the scripts were written against: error texts and
    /// options change from one to the next.
    fn start() -> Option<Self> {
        let Ok(told) = Command::new("redis-server").arg("--version").output() else {
            assert!(std::env::var_os("CI").is_none(), "CI needs redis-server");
            eprintln!("left out: redis-server is not installed");
            return None;
        };
        let version = String::from_utf8_lossy(&told.stdout).into_owned();
        if !version.contains(" v=7.0.") {
            eprintln!("left out: the replies are those of Redis 7.0, and here is {version}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new("redis-server")
            .current_dir(folder.path())
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--databases", "2", "--port"])
            .arg(address.port().to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let redis = Self { child, address, _folder: folder };
        wait_for("Redis listens", || std::net::TcpStream::connect(redis.address).ok());
        Some(redis)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const SCRIPTS: &[(Group, &str)] = &[
    (Group::String, include_str!("against_redis/string.txt")),
    (Group::Bitmap, include_str!("against_redis/bitmap.txt")),
    (Group::Generic, include_str!("against_redis/generic.txt")),
    (Group::Hash, include_str!("against_redis/hash.txt")),
    (Group::Set, include_str!("against_redis/set.txt")),
    (Group::List, include_str!("against_redis/list.txt")),
    (Group::SortedSet, include_str!("against_redis/sorted-set.txt")),
    (Group::HyperLogLog, include_str!("against_redis/hyperloglog.txt")),
    (Group::Cluster, include_str!("against_redis/cluster.txt")),
    (Group::Geo, include_str!("against_redis/geo.txt")),
    (Group::Stream, include_str!("against_redis/stream.txt")),
    (Group::Transactions, include_str!("against_redis/transactions.txt")),
    (Group::Connection, include_str!("against_redis/connection.txt")),
    (Group::Server, include_str!("against_redis/server.txt")),
    (Group::PubSub, include_str!("against_redis/pubsub.txt")),
];

/// Commands of a random conversation.
const CONVERSATION: usize = 3000;

/// Commands whose replies are sets of values or pairs in no order of their own.
const UNORDERED: &[&str] = &["SMEMBERS", "SINTER", "SUNION", "SDIFF", "KEYS", "HKEYS", "HVALS"];

/// All parts in an order of their own: which of the queued commands promise one is not looked at.
fn ordered_deep(reply: &mut Frame) {
    if let Frame::Array(frames) | Frame::Set(frames) = reply {
        frames.iter_mut().for_each(ordered_deep);
        frames.sort_by_key(|frame| format!("{frame:?}"));
    } else if let Frame::Map(pairs) = reply {
        pairs.sort_by_key(|pair| format!("{pair:?}"));
    }
}

/// A reply with its parts in an order of their own where the command gives them none.
fn ordered(name: &str, reply: Frame) -> Frame {
    let name = name.to_ascii_uppercase();
    let by_look = |frames: &mut Vec<Frame>| frames.sort_by_key(|frame| format!("{frame:?}"));
    match reply {
        Frame::Array(mut replies) if name == "EXEC" => {
            replies.iter_mut().for_each(ordered_deep);
            Frame::Array(replies)
        }
        Frame::Array(mut frames) if UNORDERED.contains(&name.as_str()) => {
            by_look(&mut frames);
            Frame::Array(frames)
        }
        Frame::Set(mut frames) => {
            by_look(&mut frames);
            Frame::Set(frames)
        }
        Frame::Map(mut pairs) => {
            pairs.sort_by_key(|pair| format!("{pair:?}"));
            Frame::Map(pairs)
        }
        Frame::Array(frames) if name == "HGETALL" && frames.len().is_multiple_of(2) => {
            let mut pairs: Vec<Vec<Frame>> = frames.chunks(2).map(<[Frame]>::to_vec).collect();
            pairs.sort_by_key(|pair| format!("{pair:?}"));
            Frame::Array(pairs.concat())
        }
        other => other,
    }
}

/// The two, side by side.
struct Pair {
    redis: Client,
    node: Client,
}

impl Pair {
    fn connect(redis: &Redis, node: &TestNode, hello: &str) -> Self {
        let mut pair = Self { redis: Client::connect(redis.address), node: node.client() };
        for client in [&mut pair.redis, &mut pair.node] {
            client.run(hello);
            client.run("FLUSHALL");
        }
        pair
    }

    /// Both replies to a command.
    fn ask(&mut self, parts: &[Vec<u8>]) -> [Frame; 2] {
        let bytes = wire(parts);
        self.redis.send(&bytes);
        self.node.send(&bytes);
        let name = String::from_utf8_lossy(&parts[0]).into_owned();
        [&mut self.redis, &mut self.node].map(|client| ordered(&name, streams::comparable(client.reply())))
    }
}

/// A line of a script as arguments: words, or texts in double quotes with `\xNN`, `\n` and `\"`.
fn words(line: &str) -> Vec<Vec<u8>> {
    let (mut words, mut rest) = (Vec::new(), line.trim().as_bytes());
    while let Some(first) = rest.first() {
        let mut word = Vec::new();
        if *first == b'"' {
            rest = &rest[1..];
            loop {
                match rest {
                    [b'"', after @ ..] => break rest = after,
                    [b'\\', b'x', high, low, after @ ..] => {
                        let digits = [*high, *low];
                        word.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                        rest = after;
                    }
                    [b'\\', b'n', after @ ..] => {
                        word.push(b'\n');
                        rest = after;
                    }
                    [b'\\', other, after @ ..] | [other, after @ ..] => {
                        word.push(*other);
                        rest = after;
                    }
                    [] => panic!("a quote is not closed: {line}"),
                }
            }
        } else {
            let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
            word.extend_from_slice(&rest[..end]);
            rest = &rest[end..];
        }
        words.push(word);
        rest = rest.trim_ascii_start();
    }
    words
}

#[test]
fn every_family_answers_as_redis_does() {
    let Some(redis) = Redis::start() else { return };
    let node = TestNode::configured("stores: [{ name: default }, { name: other }]\n");
    let mut faults = Vec::new();
    for hello in ["HELLO 2", "HELLO 3"] {
        for (group, script) in SCRIPTS {
            let mut pair = Pair::connect(&redis, &node, hello);
            for line in script.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
                let [wanted, got] = pair.ask(&words(line));
                if wanted != got {
                    faults.push(format!(
                        "{hello} {} {line}\n    Redis {wanted:?}\n    node  {got:?}",
                        group.name()
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} replies differ:\n{}", faults.len(), faults.join("\n"));
}

/// Sparse registers are as long as they get, and become dense, at the same element.
#[test]
fn hyperloglogs_of_many_elements_have_the_same_bytes() {
    let Some(redis) = Redis::start() else { return };
    let node = TestNode::start();
    let mut pair = Pair::connect(&redis, &node, "HELLO 2");
    for batch in 0..400 {
        let elements = (0..10).map(|number| format!("element:{}", batch * 10 + number));
        let add: Vec<Vec<u8>> = ["PFADD".to_owned(), "h".to_owned()]
            .into_iter()
            .chain(elements)
            .map(String::into_bytes)
            .collect();
        for command in [add, words("GET h"), words("PFCOUNT h"), words("PFCOUNT h none")] {
            let [wanted, got] = pair.ask(&command);
            assert_eq!(wanted, got, "{batch} {}", String::from_utf8_lossy(&command[0]));
        }
    }
    let [length, _] = pair.ask(&words("STRLEN h"));
    assert_eq!(length, Frame::Integer(12_304), "it has become dense");
}

#[test]
fn every_family_has_a_script() {
    for command in table().all() {
        let group = command.spec.group;
        if group == Group::Scripting {
            // Lines of words do not hold programs: `scripts` compares these.
            continue;
        }
        if matches!(group, Group::Bloom | Group::Cuckoo) {
            // The Redis that is compared with has no filters: they come with a module.
            continue;
        }
        assert!(SCRIPTS.iter().any(|(known, _)| *known == group), "{} has none", group.name());
    }
}

/// What commands look like; what the places in them stand for is written there.
const SHAPES: &str = include_str!("against_redis/shapes.txt");

/// One command made from a shape.
fn filled(shape: &str, random: &mut StdRng) -> Vec<Vec<u8>> {
    const VALUES: &[&[u8]] = &[
        b"",
        b"0",
        b"1",
        b"-1",
        b"17",
        b"abc",
        b"\x00\xff",
        b" 1",
        b"9223372036854775807",
        b"3.5",
        b"ohmytext",
    ];
    shape
        .split(' ')
        .map(|word| match word {
            "k" => format!("key{}", random.random_range(0..4)).into_bytes(),
            "v" => VALUES[random.random_range(0..VALUES.len())].to_vec(),
            "n" => random.random_range(-12..12_i64).to_string().into_bytes(),
            "f" => format!("f{}", random.random_range(0..3)).into_bytes(),
            "t" => ["1", "33000000000", "33000000001", "33000000000000"][random.random_range(0..4)].into(),
            "i" => {
                let (ms, seq) = (random.random_range(0..40), random.random_range(0..3));
                if random.random_bool(0.3) { ms.to_string() } else { format!("{ms}-{seq}") }.into_bytes()
            }
            "(i" => format!("({}", random.random_range(0..40)).into_bytes(),
            "b" => random.random_range(0..2).to_string().into_bytes(),
            word => word.as_bytes().to_vec(),
        })
        .collect()
}

#[test]
fn long_random_conversations_go_alike() {
    let Some(redis) = Redis::start() else { return };
    let node = TestNode::configured("stores: [{ name: default }, { name: other }]\n");
    // The same one each time, so that a failure is that of a change; others are tried by hand.
    let seed = std::env::var("TEST_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut random = StdRng::seed_from_u64(seed);
    let shapes: Vec<&str> = SHAPES.lines().filter(|line| !line.starts_with('#')).collect();
    for hello in ["HELLO 2", "HELLO 3"] {
        let mut pair = Pair::connect(&redis, &node, hello);
        let mut said = Vec::new();
        for _ in 0..CONVERSATION {
            let parts = filled(shapes[random.random_range(0..shapes.len())], &mut random);
            said.push(parts.iter().map(|part| part.escape_ascii().to_string()).collect::<Vec<_>>().join(" "));
            let [wanted, got] = pair.ask(&parts);
            let last = &said[said.len().saturating_sub(50)..];
            assert_eq!(
                wanted,
                got,
                "Redis left, the node right; TEST_SEED={seed} {hello}\n{}",
                last.join("\n")
            );
        }
    }
}
