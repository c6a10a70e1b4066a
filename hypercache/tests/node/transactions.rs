//! Transactions over real connections, many at a time.

use hypercache::resp::frame::Frame;

use crate::client::Client;
use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;

/// The replies of a transaction as texts; none where it was not run.
fn exec(client: &mut Client, lines: &[&str]) -> Option<Vec<String>> {
    assert_eq!(client.text("MULTI"), "OK");
    lines.iter().for_each(|line| assert_eq!(client.text(line), "QUEUED", "{line}"));
    match client.run("EXEC") {
        Frame::Array(replies) => Some(replies.iter().map(text).collect()),
        Frame::Null => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_queued_runs_together_and_in_order() {
    let node = TestNode::start();
    let mut client = node.client();
    let replies =
        exec(&mut client, &["SET a 1", "INCR a", "GET a", "SET text x", "INCR text", "SADD set m", "DBSIZE"]);
    let not_a_number = "ERR value is not an integer or out of range";
    assert_eq!(replies.unwrap(), ["OK", "2", "2", "OK", not_a_number, "1", "3"]);
    assert_eq!(
        exec(&mut client, &["FLUSHALL", "DBSIZE", "SET b 1", "DBSIZE", "RANDOMKEY"]).unwrap(),
        ["OK", "0", "OK", "1", "b"]
    );
    assert_eq!(exec(&mut client, &["PING", "ECHO hi", "PUBLISH c m"]).unwrap(), ["PONG", "hi", "0"]);
    assert_eq!(exec(&mut client, &[]).unwrap(), Vec::<String>::new());
}

#[test]
fn a_transaction_that_cannot_be_queued_is_refused_whole() {
    let node = TestNode::start();
    let mut client = node.client();
    for (wrong, error) in [
        ("NOSUCH", "ERR unknown command"),
        ("GET", "ERR wrong number of arguments for 'get' command"),
        ("SHUTDOWN", "ERR Command not allowed inside a transaction"),
    ] {
        assert_eq!(client.text("MULTI"), "OK");
        assert_eq!(client.text("SET a 1"), "QUEUED");
        assert!(client.text(wrong).starts_with(error), "{wrong}");
        assert_eq!(client.text("EXEC"), "EXECABORT Transaction discarded because of previous errors.");
        assert_eq!(client.text("GET a"), "(nil)");
    }
    assert_eq!(client.text("MULTI"), "OK");
    assert_eq!(client.text("MULTI"), "ERR MULTI calls can not be nested");
    assert_eq!(client.text("WATCH a"), "ERR WATCH inside MULTI is not allowed");
    assert_eq!(client.text("SET a 1"), "QUEUED");
    assert_eq!(client.text("DISCARD"), "OK");
    assert_eq!(client.text("EXISTS a"), "0");
    assert_eq!(client.text("EXEC"), "ERR EXEC without MULTI");
    assert_eq!(client.text("DISCARD"), "ERR DISCARD without MULTI");
}

#[test]
fn what_leaves_a_watched_key_as_it_was_does_not_stop_it() {
    let node = TestNode::start();
    let (mut client, mut other) = (node.client(), node.client());
    for line in ["SET s 1", "HSET h f v", "SADD set a", "ZADD z 1 a", "RPUSH l a", "SETBIT bits 7 1"] {
        client.run(line);
    }
    client.run("WATCH s h set z l bits none");
    for line in [
        "HDEL h none",
        "HSETNX h f w",
        "SADD set a",
        "SREM set none",
        "SMOVE set s none",
        "ZADD z 1 a",
        "ZREM z none",
        "ZREMRANGEBYSCORE z 7 8",
        "LREM l 0 none",
        "LPUSHX none a",
        "SETNX s 2",
        "SET s 2 NX",
        "INCR set",
        "APPEND h x",
        "PERSIST s",
        "EXPIRE s 100 XX",
        "GETEX s",
        "SETBIT bits 7 1",
        "BITFIELD bits SET u8 0 1",
        "DEL none",
        "RENAMENX s l",
        "COPY s l",
        "GET s",
    ] {
        other.run(line);
    }
    assert_eq!(exec(&mut client, &["GET s"]).unwrap(), ["1"]);
}

#[test]
fn a_change_of_a_watched_key_stops_it() {
    let node = TestNode::configured("stores: [{ name: default }, { name: other }]\n");
    let (mut client, mut other) = (node.client(), node.client());
    client.run("SET a 1");
    client.run("SET short 1 PX 30");
    client.run("HSET hash f v");
    for change in [
        "SET a 2",
        "DEL a",
        "EXPIRE a 100",
        "APPEND a x",
        "RENAME a b",
        "FLUSHALL",
        "SWAPDB 0 1",
        "HDEL hash f",
    ] {
        client.run("SET a 1");
        client.run("HSET hash f v");
        assert_eq!(client.text("WATCH a hash"), "OK");
        other.run(change);
        assert_eq!(exec(&mut client, &["SET a mine"]), None, "{change}");
        assert_ne!(client.text("GET a"), "mine");
        // Once told, nothing is watched any more.
        assert_eq!(exec(&mut client, &["PING"]).unwrap(), ["PONG"]);
    }
    for no_change in ["GET a", "SET unrelated 1", "DEL none", "TTL a"] {
        client.run("SET a 1");
        client.run("WATCH a");
        other.run(no_change);
        assert_eq!(exec(&mut client, &["SET a mine"]).unwrap(), ["OK"], "{no_change}");
    }
    client.run("WATCH a");
    other.run("SET a 2");
    assert_eq!(client.text("UNWATCH"), "OK");
    assert_eq!(exec(&mut client, &["GET a"]).unwrap(), ["2"]);
    // A key whose time is over has changed, whether or not anybody has met it yet.
    client.run("SET short 1 PX 40");
    client.run("WATCH short");
    crate::telemetry_support::wait_for("its time is over", || {
        (other.text("EXISTS short") == "0").then_some(())
    });
    assert_eq!(exec(&mut client, &["PING"]), None);
}

#[test]
fn counters_under_watch_lose_nothing() {
    let node = TestNode::start();
    let (threads, rounds) = (4, 50);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut client = node.client();
                for _ in 0..rounds {
                    loop {
                        client.run("WATCH n");
                        let n: u64 = client.text("GET n").parse().unwrap_or(0);
                        if exec(&mut client, &[&format!("SET n {}", n + 1)]).is_some() {
                            break;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(node.client().text("GET n"), (threads * rounds).to_string());
}

#[test]
fn nobody_sees_half_a_transaction_and_nobody_waits_in_a_circle() {
    let node = TestNode::start();
    let (accounts, rounds) = (6, 300);
    let keys: Vec<String> = (0..accounts).map(|n| format!("account:{n}")).collect();
    let everything = format!("MGET {}", keys.join(" "));
    keys.iter().for_each(|key| drop(node.client().run(&format!("SET {key} 100"))));
    std::thread::scope(|scope| {
        for seed in 0..3_usize {
            let (node, keys) = (&node, &keys);
            scope.spawn(move || {
                let mut client = node.client();
                for round in 0..rounds {
                    let (from, to) =
                        (&keys[(seed + round) % accounts], &keys[(seed * 5 + round * 3 + 1) % accounts]);
                    // Both orders of the same two keys occur at the same time.
                    client.send(
                        [wire(&["MULTI"]), wire(&["DECR", from]), wire(&["INCR", to]), wire(&["EXEC"])]
                            .concat(),
                    );
                    (0..4).for_each(|_| drop(client.reply()));
                }
            });
        }
        let mut observer = node.client();
        for round in 0..rounds {
            let Frame::Array(replies) = observer.run(&everything) else { panic!("no array") };
            let sum: i64 = replies.iter().map(|reply| text(reply).parse::<i64>().unwrap()).sum();
            assert_eq!(sum, 100 * accounts as i64, "round {round}");
        }
    });
}
