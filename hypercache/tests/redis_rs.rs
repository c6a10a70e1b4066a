//! The `redis` crate against the real binary: blocking and asynchronous, RESP2 and RESP3.
#![expect(clippy::unwrap_used, reason = "clippy knows only functions marked as tests for tests")]

use std::collections::HashSet;
use std::fs::File;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use redis::AsyncTypedCommands as _;
use redis::Client;
use redis::ConnectionInfo;
use redis::ErrorKind;
use redis::IntoConnectionInfo as _;
use redis::ProtocolVersion;
use redis::RedisConnectionInfo;
use redis::RedisError;
use redis::TypedCommands as _;
use redis::cmd;
use redis::pipe;
use tempfile::TempDir;

const PROTOCOLS: [(ProtocolVersion, &str); 2] =
    [(ProtocolVersion::RESP2, "2"), (ProtocolVersion::RESP3, "3")];
const PASSWORD: &str = "open-sesame";

/// A node with two stores on free ports, ended when dropped.
struct Node {
    process: Child,
    address: String,
    folder: TempDir,
}

impl Node {
    fn start() -> Self {
        Self::with(&[])
    }

    fn with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("node.yaml"), "stores: [{name: default}, {name: sessions}]\n").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hypercache"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("HYPERCACHE_") || name.starts_with("OTEL_") {
                command.env_remove(&*name);
            }
        }
        command.args(["--resp-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"]);
        for (flag, name) in [("--config", "node.yaml"), ("--data-dir", "data"), ("--log-dir", "logs")] {
            command.arg(flag).arg(path(name));
        }
        command.envs(variables.iter().copied()).stdout(Stdio::null());
        command.stderr(File::create(path("stderr")).unwrap());
        let mut node = Self { process: command.spawn().unwrap(), address: String::new(), folder };
        node.address = wait_for("the node to tell where it listens", || node.told_address());
        node
    }

    fn told_address(&mut self) -> Option<String> {
        let told = std::fs::read_to_string(self.folder.path().join("stderr")).unwrap();
        assert_eq!(self.process.try_wait().unwrap(), None, "the node has ended: {told}");
        let (_, rest) = told.split_once("RESP on ")?;
        rest.split_once(", HTTP on ").map(|(address, _)| address.to_owned())
    }

    fn info(&self, settings: RedisConnectionInfo) -> ConnectionInfo {
        let address = format!("redis://{}", self.address).into_connection_info().unwrap();
        address.set_redis_settings(settings)
    }

    fn client(&self, protocol: ProtocolVersion) -> Client {
        Client::open(self.info(settings(protocol))).unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let killed = self.process.kill();
        let ended = self.process.wait();
        // A second panic would hide the one that a failing test is about.
        assert!(std::thread::panicking() || (killed.is_ok() && ended.is_ok()), "the node cannot be ended");
    }
}

fn settings(protocol: ProtocolVersion) -> RedisConnectionInfo {
    RedisConnectionInfo::default().set_protocol(protocol)
}

fn wait_for<T>(why: &str, mut state: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = state() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited for {why}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn code_and_detail(error: &RedisError) -> String {
    format!("{} {}", error.code().unwrap_or_default(), error.detail().unwrap_or_default())
}

#[test]
fn talks_the_protocol_asked_for_and_tells_its_library() {
    let node = Node::start();
    for (protocol, number) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        assert_eq!(connection.ping().unwrap(), "PONG");
        let info: String = cmd("CLIENT").arg("INFO").query(&mut connection).unwrap();
        assert!(info.contains(&format!(" resp={number} ")), "{info}");
        assert!(info.contains(" lib-name=redis-rs ") && !info.contains("lib-ver=\n"), "{info}");
        connection.client_setname("compat").unwrap();
        assert_eq!(connection.client_getname().unwrap().as_deref(), Some("compat"));
        let info: redis::InfoDict = cmd("INFO").query(&mut connection).unwrap();
        assert_eq!(info.get::<String>("redis_version").unwrap(), "7.2.4");
    }
}

#[test]
fn sets_gets_and_deletes() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        connection.set("key", "value").unwrap();
        assert_eq!(connection.get("key").unwrap().as_deref(), Some("value"));
        assert!(!connection.set_nx("key", "other").unwrap());
        connection.mset(&[("a", "1"), ("b", "2")]).unwrap();
        let values: Vec<Option<i64>> = redis::Commands::mget(&mut connection, &["a", "none", "b"]).unwrap();
        assert_eq!(values, [Some(1), None, Some(2)]);
        assert_eq!(connection.incr("n", 41).unwrap(), 41);
        let sum: f64 = redis::Commands::incr(&mut connection, "n", 0.5).unwrap();
        assert_eq!(sum.to_string(), "41.5");
        assert_eq!(connection.del(&["key", "a", "b", "n", "none"]).unwrap(), 4);
        assert_eq!(connection.get("key").unwrap(), None);
    }
}

#[test]
fn keys_expire() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        connection.set_ex("key", "value", 100).unwrap();
        let ttl: i64 = redis::Commands::ttl(&mut connection, "key").unwrap();
        assert!((90..=100).contains(&ttl), "{ttl}");
        assert!(connection.persist("key").unwrap());
        connection.pset_ex("short", "value", 30).unwrap();
        wait_for("the key's end", || connection.get("short").unwrap().is_none().then_some(()));
        assert!(!connection.exists("short").unwrap());
    }
}

#[test]
fn pipelines_answer_in_order_and_errors_keep_their_places() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        let mut pipeline = pipe();
        pipeline.set("n", 10).ignore().incr("n", 1).get("n").get("none").del("n");
        let answers: (i64, String, Option<String>, i64) = pipeline.query(&mut connection).unwrap();
        assert_eq!(answers, (11, "11".to_owned(), None, 1));
        let mut many = pipe();
        (0..5000).for_each(|_| {
            many.incr("many", 1);
        });
        let counted: Vec<i64> = many.query(&mut connection).unwrap();
        assert!(counted.into_iter().eq(1..=5000));
        connection.del("many").unwrap();
        let refused = pipe().set("word", "text").incr("word", 1).query::<()>(&mut connection).unwrap_err();
        assert!(refused.to_string().contains("value is not an integer or out of range"), "{refused}");
        assert_eq!(connection.get("word").unwrap().as_deref(), Some("text"));
    }
}

#[test]
fn a_scan_meets_every_key() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        let wanted: HashSet<String> = (0..1000).map(|number| format!("key:{number}")).collect();
        let items: Vec<_> = wanted.iter().map(|key| (key, "x")).collect();
        connection.mset(&items).unwrap();
        connection.set("other", "x").unwrap();
        let met: HashSet<String> = connection.scan_match("key:*").unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(met, wanted);
    }
}

#[test]
fn stores_are_selected_by_index() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut first = node.client(protocol).get_connection().unwrap();
        let second = Client::open(node.info(settings(protocol).set_db(1))).unwrap();
        let mut second = second.get_connection().unwrap();
        first.set("key", "first").unwrap();
        second.set("key", "second").unwrap();
        assert_eq!(first.get("key").unwrap().as_deref(), Some("first"));
        let missing = Client::open(node.info(settings(protocol).set_db(7))).unwrap();
        assert!(missing.get_connection().is_err());
    }
}

#[test]
fn a_node_with_a_password_opens_to_it_alone() {
    let node = Node::with(&[("HYPERCACHE_REQUIREPASS", PASSWORD)]);
    for (protocol, _) in PROTOCOLS {
        let open = |settings: RedisConnectionInfo| {
            Client::open(node.info(settings))
                .unwrap()
                .get_connection()
                .and_then(|mut connection| connection.ping())
        };
        assert_eq!(open(settings(protocol).set_password(PASSWORD)).unwrap(), "PONG");
        let named = settings(protocol).set_username("default").set_password(PASSWORD).set_db(1);
        assert_eq!(open(named).unwrap(), "PONG");
        let wrong = open(settings(protocol).set_password("wrong")).unwrap_err();
        // The crate has a kind for a refused AUTH, but passes on what HELLO was refused with.
        let told = wrong.kind() == ErrorKind::AuthenticationFailed || wrong.code() == Some("WRONGPASS");
        assert!(told, "{wrong}");
        let none = open(settings(protocol)).unwrap_err();
        assert!(
            none.to_string().contains("NOAUTH") || none.kind() == ErrorKind::AuthenticationFailed,
            "{none}"
        );
    }
}

#[test]
fn every_type_is_kept() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        assert_eq!(connection.rpush("list", &["a", "b", "c"]).unwrap(), 3);
        assert_eq!(connection.lrange("list", 1, -1).unwrap(), ["b", "c"]);
        assert_eq!(connection.sadd("set", &["a", "b"]).unwrap(), 2);
        assert!(connection.sismember("set", "a").unwrap());
        connection.hset_multiple("hash", &[("x", "1"), ("y", "2")]).unwrap();
        assert_eq!(connection.hgetall("hash").unwrap().len(), 2);
        assert_eq!(connection.zadd("zset", "a", 1.5).unwrap(), 1);
        let pairs: Vec<(String, f64)> =
            redis::Commands::zrange_withscores(&mut connection, "zset", 0, -1).unwrap();
        assert_eq!(pairs, [("a".to_owned(), 1.5)]);
        assert!(connection.pfadd("estimate", &["a", "b"]).unwrap());
        assert_eq!(connection.pfcount("estimate").unwrap(), 2);
        let refused = redis::Commands::incr::<_, _, i64>(&mut connection, "list", 1).unwrap_err();
        assert_eq!(refused.code(), Some("WRONGTYPE"));
        cmd("FLUSHALL").exec(&mut connection).unwrap();
    }
}

#[test]
fn a_transaction_begins_again_when_a_watched_key_has_changed() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        let mut other = node.client(protocol).get_connection().unwrap();
        other.set("n", 1).unwrap();
        let mut turns = 0;
        let (doubled,): (i64,) = redis::transaction(&mut connection, &["n"], |connection, pipeline| {
            turns += 1;
            let n: i64 = redis::Commands::get(connection, "n")?;
            if turns == 1 {
                other.set("n", 10)?;
            }
            pipeline.set("n", n * 2).ignore().get("n").query(connection)
        })
        .unwrap();
        assert_eq!((doubled, turns), (20, 2));
    }
}

#[test]
fn a_script_is_loaded_when_it_is_missing() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        cmd("SCRIPT").arg("FLUSH").exec(&mut connection).unwrap();
        connection.del("n").unwrap();
        let script =
            redis::Script::new("return {redis.call('INCRBY', KEYS[1], ARGV[1]), KEYS[1], false, 2.9}");
        let missing = cmd("EVALSHA").arg(script.get_hash()).arg(0).exec(&mut connection).unwrap_err();
        assert_eq!(missing.code(), Some("NOSCRIPT"));
        for turn in 1..=2 {
            let answer: (i64, String, Option<i64>, i64) =
                script.key("n").arg(5).invoke(&mut connection).unwrap();
            assert_eq!(answer, (turn * 5, "n".to_owned(), None, 2));
        }
    }
}

#[test]
fn channels_and_patterns_are_heard() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        let mut listening = node.client(protocol).get_connection().unwrap();
        let mut listener = listening.as_pubsub();
        listener.subscribe("news").unwrap();
        listener.psubscribe("n?ws").unwrap();
        assert_eq!(connection.publish("news", "hello").unwrap(), 2);
        let mut patterns: Vec<Option<String>> = (0..2)
            .map(|_| {
                let message = listener.get_message().unwrap();
                assert_eq!(message.get_channel_name(), "news");
                assert_eq!(message.get_payload::<String>().unwrap(), "hello");
                message.get_pattern().unwrap()
            })
            .collect();
        patterns.sort();
        assert_eq!(patterns, [None, Some("n?ws".to_owned())]);
    }
}

#[test]
fn a_pop_waits_for_another_client_or_gives_up() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        assert_eq!(connection.blpop("none", 0.05).unwrap(), None);
        let mut other = node.client(protocol).get_connection().unwrap();
        let waiting = std::thread::spawn(move || connection.blpop(&["none", "list"], 20.0).unwrap());
        wait_for("a client that waits", || {
            let clients: redis::InfoDict = cmd("INFO").arg("clients").query(&mut other).unwrap();
            (clients.get::<i64>("blocked_clients") == Some(1)).then_some(())
        });
        other.rpush("list", "value").unwrap();
        assert_eq!(waiting.join().unwrap(), Some(["list".to_owned(), "value".to_owned()]));
    }
}

#[test]
fn a_group_shares_a_stream() {
    use redis::streams::StreamPendingReply;
    use redis::streams::StreamReadOptions;
    use redis::streams::StreamReadReply;
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        let _: () = redis::Commands::xgroup_create_mkstream(&mut connection, "stream", "group", "$").unwrap();
        let first: String = redis::Commands::xadd(&mut connection, "stream", "*", &[("x", "1")]).unwrap();
        let _: String = redis::Commands::xadd(&mut connection, "stream", "*", &[("x", "2")]).unwrap();
        let options = StreamReadOptions::default().group("group", "one");
        let read: StreamReadReply =
            redis::Commands::xread_options(&mut connection, &["stream"], &[">"], &options).unwrap();
        let entries = &read.keys[0].ids;
        assert_eq!((entries.len(), &entries[0].id), (2, &first));
        assert_eq!(entries[1].get::<String>("x").as_deref(), Some("2"));
        let acknowledged: i64 = redis::Commands::xack(&mut connection, "stream", "group", &[&first]).unwrap();
        assert_eq!(acknowledged, 1);
        let pending: StreamPendingReply =
            redis::Commands::xpending(&mut connection, "stream", "group").unwrap();
        assert_eq!(pending.count(), 1);
        cmd("FLUSHALL").exec(&mut connection).unwrap();
    }
}

#[test]
fn a_killed_connection_runs_nothing_more() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let client = node.client(protocol);
        let mut admin = client.get_connection().unwrap();
        for _ in 0..100 {
            let mut victim = client.get_connection().unwrap();
            let id = victim.client_id().unwrap();
            let killed: i64 = cmd("CLIENT").arg("KILL").arg("ID").arg(id).query(&mut admin).unwrap();
            assert_eq!(killed, 1);
            assert!(victim.incr("runs", 1).is_err());
            let left: String = cmd("CLIENT").arg("LIST").arg("ID").arg(id).query(&mut admin).unwrap();
            assert_eq!(left, "");
        }
        assert_eq!(admin.get("runs").unwrap(), None);
    }
}

#[test]
fn binary_keys_and_big_values_come_back_whole() {
    let node = Node::start();
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        redis::Commands::set::<_, _, ()>(&mut connection, &every_byte, &every_byte).unwrap();
        let back: Vec<u8> = redis::Commands::get(&mut connection, &every_byte).unwrap();
        assert_eq!(back, every_byte);
        for megabytes in [1, 64] {
            let value = every_byte.repeat(megabytes << 12);
            redis::Commands::set::<_, _, ()>(&mut connection, "big", &value).unwrap();
            let back: Vec<u8> = redis::Commands::get(&mut connection, "big").unwrap();
            assert!(back == value, "{megabytes} MB");
        }
    }
}

#[test]
fn errors_have_the_words_of_redis() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_connection().unwrap();
        for (words, wanted) in [
            (&["NOSUCH", "a"][..], "ERR unknown command 'NOSUCH', with args beginning with: 'a'"),
            (&["CLIENT", "NOSUCH"], "ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP."),
            (&["GET"], "ERR wrong number of arguments for 'get' command"),
            (&["SELECT", "99"], "ERR DB index is out of range"),
            (&["HELLO", "4"], "NOPROTO unsupported protocol version"),
        ] {
            let mut command = redis::Cmd::new();
            words.iter().for_each(|word| {
                command.arg(word);
            });
            let error = command.query::<redis::Value>(&mut connection).unwrap_err();
            assert_eq!(code_and_detail(&error).trim_end(), wanted);
        }
        assert_eq!(connection.ping().unwrap(), "PONG");
    }
}

#[tokio::test]
async fn a_multiplexed_connection_is_shared_by_many_tasks() {
    let node = Node::start();
    for (protocol, number) in PROTOCOLS {
        let connection = node.client(protocol).get_multiplexed_async_connection().await.unwrap();
        let tasks: Vec<_> = (0..50)
            .map(|task| {
                let mut connection = connection.clone();
                tokio::spawn(async move {
                    let key = format!("task:{task}");
                    for turn in 0..20 {
                        connection.set(&key, turn).await.unwrap();
                        assert_eq!(connection.get(&key).await.unwrap(), Some(turn.to_string()));
                    }
                    connection.incr("turns", 20).await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let mut connection = connection;
        assert_eq!(connection.get("turns").await.unwrap().as_deref(), Some("1000"));
        let info: String = cmd("CLIENT").arg("INFO").query_async(&mut connection).await.unwrap();
        assert!(info.contains(&format!(" resp={number} ")), "{info}");
        cmd("FLUSHALL").exec_async(&mut connection).await.unwrap();
    }
}

#[tokio::test]
async fn asynchronous_pipelines_scans_and_errors() {
    let node = Node::start();
    for (protocol, _) in PROTOCOLS {
        let mut connection = node.client(protocol).get_multiplexed_async_connection().await.unwrap();
        let mut pipeline = pipe();
        pipeline.set("n", 10).ignore().incr("n", 1).get("none");
        let answers: (i64, Option<String>) = pipeline.query_async(&mut connection).await.unwrap();
        assert_eq!(answers, (11, None));
        connection.pset_ex("short", "value", 10_000).await.unwrap();
        let left: i64 = redis::AsyncCommands::pttl(&mut connection, "short").await.unwrap();
        assert!((1..=10_000).contains(&left), "{left}");
        let mut met = HashSet::new();
        let mut keys = connection.scan::<String>().await.unwrap();
        while let Some(key) = keys.next_item().await {
            met.insert(key.unwrap());
        }
        drop(keys);
        assert_eq!(met, HashSet::from(["n".to_owned(), "short".to_owned()]));
        connection.set("word", "text").await.unwrap();
        let error = connection.incr("word", 1).await.unwrap_err();
        assert_eq!(code_and_detail(&error), "ERR value is not an integer or out of range");
        assert_eq!(connection.del(&["n", "short", "word"]).await.unwrap(), 3);
    }
}
