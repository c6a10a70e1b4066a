use std::collections::HashMap;

use crate::command::test_bench::Bench;
use crate::resp::Protocol;
use crate::resp::frame::Frame;
use crate::resp::frame::FrameLimits;
use crate::resp::frame::decode;

/// The map that a line answers with, its names and its contents as texts.
fn map(frame: &Frame) -> HashMap<String, Frame> {
    let Frame::Map(pairs) = frame else { panic!("{frame:?}") };
    let name = |frame: &Frame| match frame {
        Frame::Bulk(name) => String::from_utf8(name.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    };
    pairs.iter().map(|(key, content)| (name(key), content.clone())).collect()
}

fn why(bench: &mut Bench, key: &str) -> HashMap<String, Frame> {
    bench.speak(Protocol::Resp3);
    let reply = bench.execute(&["WHY", key]).reply;
    bench.speak(Protocol::Resp2);
    map(&decode(&reply, &FrameLimits::default()).unwrap().unwrap().0)
}

fn bulk(text: &'static str) -> Frame {
    Frame::Bulk(text.as_bytes().into())
}

fn events(known: &HashMap<String, Frame>) -> Vec<HashMap<String, Frame>> {
    let Frame::Array(events) = &known["events"] else { panic!("{known:?}") };
    events.iter().map(map).collect()
}

fn words(known: &HashMap<String, Frame>) -> Vec<Frame> {
    events(known).into_iter().map(|event| event["event"].clone()).collect()
}

#[test]
fn a_key_that_is_there_tells_of_itself() {
    let mut bench = Bench::new();
    bench.table(&[("SET k value PX 60000", "+OK")]);
    bench.advance(5000);
    bench.table(&[("GET k", "$5 value")]);
    bench.advance(3000);
    for _ in 0..2 {
        let known = why(&mut bench, "k");
        assert_eq!(
            (&known["state"], &known["type"], &known["encoding"]),
            (&bulk("present"), &bulk("string"), &bulk("embstr"))
        );
        assert_eq!((&known["ttl_ms"], &known["hits"]), (&Frame::Integer(52_000), &Frame::Integer(1)));
        assert_eq!((&known["age_seconds"], &known["idle_seconds"]), (&Frame::Integer(8), &Frame::Integer(3)));
        assert_eq!(known["written_at"], Frame::Integer(1_700_000_000_000));
        assert_eq!((&known["left_at"], &known["flushed"]), (&Frame::Null, &Frame::Null));
        let by = map(&known["written_by"]);
        assert_eq!((&by["client"], &by["via"]), (&Frame::Integer(7), &bulk("resp")));
        assert_eq!(
            (&by["address"], &by["trace_id"]),
            (&bulk("127.0.0.1:50000"), &Frame::Bulk(format!("{:032x}", 0xabc).into()))
        );
        assert_eq!((&by["name"], &by["user"]), (&Frame::Null, &Frame::Null));
        assert_eq!((&known["policy"], &known["limit_bytes"]), (&bulk("none"), &Frame::Integer(0)));
        assert_eq!(words(&known), [bulk("created")]);
    }
    let effects = bench.effects("WHY k");
    assert_eq!((effects.hits, effects.misses, effects.changes), (0, 0, 0));
    assert_eq!(bench.effects("WHY none").misses, 0);
}

#[test]
fn a_key_that_has_left_tells_why() {
    let mut bench = Bench::new();
    assert_eq!(why(&mut bench, "k")["state"], bulk("never_seen"));
    bench.table(&[("SET k 1", "+OK"), ("INCR k", ":2"), ("APPEND k 5", ":2"), ("DEL k", ":1")]);
    let known = why(&mut bench, "k");
    assert_eq!(words(&known), ["deleted", "changed", "created"].map(bulk));
    assert_eq!((&known["state"], &known["type"]), (&bulk("deleted"), &Frame::Null));
    assert_eq!(known["left_at"], Frame::Integer(1_700_000_000_000));
    bench.table(&[("SET k 1", "+OK"), ("SET k 2", "+OK"), ("PEXPIRE k 100", ":1")]);
    assert_eq!(why(&mut bench, "k")["left_at"], Frame::Null, "it is back");
    bench.advance(2000);
    let known = why(&mut bench, "k");
    assert_eq!(words(&known)[..4], ["expired", "ttl_changed", "overwritten", "created"].map(bulk));
    assert_eq!(known["state"], bulk("expired"));
    let newest = &events(&known)[0];
    assert_eq!((&newest["age_seconds"], &newest["ttl_ms"]), (&Frame::Integer(2), &Frame::Integer(0)));
    bench.evict("none");
    bench.table(&[("RPUSH l a b", ":2")]);
    bench.evict("l");
    assert_eq!(why(&mut bench, "l")["state"], bulk("evicted"));
    bench.table(&[("RPUSH l a", ":1"), ("LPOP l", "$1 a")]);
    let known = why(&mut bench, "l");
    assert_eq!((&known["state"], &words(&known)[0]), (&bulk("deleted"), &bulk("deleted")));
    bench.table(&[("HSET h f v", ":1"), ("HPEXPIRE h 10 FIELDS 1 f", "*1 :1")]);
    bench.advance(20);
    assert_eq!(bench.sweep().fields, 1);
    assert_eq!(why(&mut bench, "h")["state"], bulk("expired"));
}

#[test]
fn misses_are_counted_by_why_the_key_has_left() {
    let mut bench = Bench::new();
    bench.table(&[
        ("MSET d 1 e 1", "+OK"),
        ("SET x 1 PX 10", "+OK"),
        ("SET y 1 PX 10", "+OK"),
        ("DEL d", ":1"),
    ]);
    bench.evict("e");
    bench.advance(20);
    for (line, departed) in [
        ("GET none", [0, 0, 0]),
        ("GET d", [1, 0, 0]),
        ("GET x", [0, 1, 0]),
        ("GET x", [0, 1, 0]),
        ("GET e", [0, 0, 1]),
        ("EXISTS e d none", [1, 0, 1]),
        ("TTL e", [0, 0, 1]),
        ("HGET e f", [0, 0, 1]),
    ] {
        let effects = bench.effects(line);
        assert_eq!(effects.departed, departed, "{line}");
        assert!(effects.misses >= departed.iter().sum(), "{line}");
    }
    assert_eq!(bench.sweep().keys, 1);
    assert_eq!(bench.effects("MGET y d e none").departed, [1, 1, 1]);
    bench.table(&[("SET e 2", "+OK"), ("RENAME e d", "+OK")]);
    assert_eq!(bench.effects("MGET e d").departed, [1, 0, 0]);
}

#[test]
fn an_emptied_store_says_so() {
    let mut bench = Bench::new();
    bench.table(&[("MSET a 1 b 1", "+OK"), ("DEL a", ":1")]);
    bench.advance(1000);
    bench.table(&[("FLUSHDB", "+OK")]);
    bench.advance(1000);
    for (key, state) in [("a", "deleted"), ("b", "deleted"), ("c", "never_seen")] {
        let known = why(&mut bench, key);
        assert_eq!(known["state"], Frame::Bulk(state.into()), "{key}");
        assert_eq!(map(&known["flushed"])["at"], Frame::Integer(1_700_000_001_000));
    }
    assert_eq!(bench.effects("MGET a b c").departed, [1, 0, 0], "each key would have to be remembered");
    bench.table(&[("SET b 2", "+OK")]);
    assert_eq!(why(&mut bench, "b")["state"], bulk("present"));
}

#[test]
fn what_is_remembered_goes_with_the_keys_to_another_place() {
    let mut bench = Bench::new();
    bench.table(&[("SET a 1", "+OK"), ("DEL a", ":1"), ("SWAPDB 0 1", "+OK")]);
    assert_eq!(why(&mut bench, "a")["state"], bulk("never_seen"));
    bench.select(1);
    assert_eq!(why(&mut bench, "a")["state"], bulk("deleted"));
    bench.table(&[("SET b 1", "+OK"), ("MOVE b 0", ":1")]);
    assert_eq!(why(&mut bench, "b")["state"], bulk("deleted"));
    bench.select(0);
    assert_eq!(why(&mut bench, "b")["state"], bulk("present"));
}
