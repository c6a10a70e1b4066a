//! Client-side caching over real connections: who has read something hears of its change.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

use hypercache::resp::frame::Frame;

use crate::client::Client;
use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

/// A message as its parts with a blank between them; the keys in it likewise.
fn shown(frame: &Frame) -> String {
    match frame {
        Frame::Array(parts) | Frame::Push(parts) | Frame::Set(parts) => {
            parts.iter().map(shown).collect::<Vec<_>>().join(" ")
        }
        other => text(other),
    }
}

fn hear(client: &mut Client) -> String {
    let message = client.reply();
    assert!(matches!(message, Frame::Push(_)), "no message: {message:?}");
    shown(&message)
}

/// A connection that speaks RESP3 and tracks as `options` say.
fn tracker(node: &TestNode, options: &str) -> Client {
    let mut client = node.client();
    client.run("HELLO 3");
    assert_eq!(client.text(&format!("CLIENT TRACKING ON {options}")), "OK");
    client
}

#[test]
fn what_was_read_is_told_once_when_it_changes() {
    let node = TestNode::start();
    let (mut reader, mut writer) = (tracker(&node, ""), node.client());
    writer.run("MSET a 1 b 2");
    reader.run("GET a");
    reader.run("MGET b none");
    for (line, told) in
        [("SET a 2", "invalidate a"), ("DEL b", "invalidate b"), ("SET none 1", "invalidate none")]
    {
        writer.run(line);
        writer.run(line);
        assert_eq!(hear(&mut reader), told);
    }
    writer.run("SET a 5");
    assert_eq!(reader.text("PING"), "PONG", "nothing more has come");
    // Of a write alone nothing is remembered.
    reader.run("SET a 6");
    writer.run("SET a 7");
    reader.run("GET a");
    writer.run("FLUSHALL");
    assert_eq!(hear(&mut reader), "invalidate (nil)");
    assert_eq!(reader.text("CLIENT TRACKING OFF"), "OK");
    reader.run("GET a");
    writer.run("SET a 8");
    assert_eq!(reader.text("PING"), "PONG");
    assert!(writer.text("INFO stats").contains("tracking_total_keys:0"));
}

#[test]
fn what_a_client_changes_itself_is_told_after_the_reply() {
    let node = TestNode::start();
    let mut client = tracker(&node, "");
    client.run("SET a 1");
    client.send([wire(&["GET", "a"]), wire(&["INCR", "a"]), wire(&["GET", "a"])].concat());
    assert_eq!(text(&client.reply()), "1");
    assert_eq!(text(&client.reply()), "2");
    assert_eq!(hear(&mut client), "invalidate a");
    assert_eq!(text(&client.reply()), "2");
    client.run("MULTI");
    ["INCR a", "GET a", "FLUSHDB", "GET a", "SET a 5"].iter().for_each(|line| drop(client.run(line)));
    let Frame::Array(replies) = client.run("EXEC") else { panic!("no array") };
    assert_eq!(replies.len(), 5);
    assert_eq!(hear(&mut client), "invalidate a");
    assert_eq!(hear(&mut client), "invalidate (nil)");
    assert_eq!(hear(&mut client), "invalidate a");
    client.send([wire(&["CLIENT", "REPLY", "OFF"]), wire(&["GET", "a"]), wire(&["DEL", "a"])].concat());
    assert_eq!(hear(&mut client), "invalidate a");
    assert_eq!(client.text("CLIENT REPLY ON"), "OK");
}

#[test]
fn a_client_that_waited_is_told_after_its_reply() {
    let node = TestNode::start();
    let (mut waiting, mut other) = (tracker(&node, ""), node.client());
    other.run("RPUSH to a");
    waiting.run("LRANGE to 0 -1");
    waiting.send(wire(&["BLMOVE", "from", "to", "LEFT", "LEFT", "0"]));
    wait_for("it waits", || other.text("INFO clients").contains("blocked_clients:1").then_some(()));
    other.run("RPUSH from x");
    assert_eq!(text(&waiting.reply()), "x");
    assert_eq!(hear(&mut waiting), "invalidate to");
    // While it waits it hears of others.
    waiting.run("GET k");
    waiting.send(wire(&["BLPOP", "from", "0"]));
    wait_for("it waits", || other.text("INFO clients").contains("blocked_clients:1").then_some(()));
    other.run("SET k 1");
    assert_eq!(hear(&mut waiting), "invalidate k");
    other.run("RPUSH from y");
    assert_eq!(shown(&waiting.reply()), "from y");
}

#[test]
fn keys_are_told_when_their_time_is_over() {
    let node = TestNode::start();
    let (mut reader, mut writer) = (tracker(&node, ""), node.client());
    writer.run("SET a 1 PX 20");
    reader.run("GET a");
    assert_eq!(hear(&mut reader), "invalidate a");
    let mut all = tracker(&node, "BCAST NOLOOP");
    all.run("SET b 1 PX 20");
    assert_eq!(hear(&mut all), "invalidate b");
}

#[test]
fn changes_are_broadcast_by_prefix() {
    let node = TestNode::start();
    let mut some = tracker(&node, "BCAST PREFIX a: PREFIX b:");
    let mut quiet = tracker(&node, "BCAST NOLOOP");
    let mut writer = node.client();
    writer.run("MSET b:1 1 a:1 1 c:1 1 a:2 1");
    assert_eq!(hear(&mut some), "invalidate a:1 a:2");
    assert_eq!(hear(&mut some), "invalidate b:1");
    assert_eq!(hear(&mut quiet), "invalidate a:1 a:2 b:1 c:1");
    writer.run("MULTI");
    ["INCR a:1", "INCR a:1", "INCR a:2"].iter().for_each(|line| drop(writer.run(line)));
    writer.run("EXEC");
    assert_eq!(hear(&mut some), "invalidate a:1 a:2");
    assert_eq!(hear(&mut quiet), "invalidate a:1 a:2");
    quiet.run("SET a:1 1");
    assert_eq!(quiet.text("PING"), "PONG");
    assert_eq!(hear(&mut some), "invalidate a:1");
    for (options, error) in [
        ("BCAST PREFIX a", "ERR Prefix 'a' overlaps with an existing prefix 'a:'."),
        ("BCAST PREFIX x PREFIX y PREFIX yz", "ERR Prefix 'y' overlaps with another provided prefix 'yz'."),
    ] {
        assert!(some.text(&format!("CLIENT TRACKING ON {options}")).starts_with(error));
    }
    assert_eq!(some.text("CLIENT TRACKING ON BCAST PREFIX c:"), "OK");
    let Frame::Map(facts) = some.run("CLIENT TRACKINGINFO") else { panic!("no map") };
    let facts: Vec<_> = facts.iter().map(|(name, fact)| format!("{} {}", text(name), shown(fact))).collect();
    assert_eq!(facts, ["flags on bcast", "redirect 0", "prefixes a: b: c:"]);
    writer.run("SET c:1 2");
    assert_eq!(hear(&mut some), "invalidate c:1");
    assert!(writer.text("INFO stats").contains("tracking_total_prefixes:4"));
    drop((some, quiet));
    wait_for("both are forgotten", || {
        writer.text("INFO clients").contains("tracking_clients:0").then_some(())
    });
    assert!(writer.text("INFO stats").contains("tracking_total_prefixes:0"));
}

#[test]
fn messages_can_be_redirected() {
    let node = TestNode::start();
    let (mut target, mut reader, mut writer) = (node.client(), node.client(), node.client());
    let id = target.text("CLIENT ID");
    target.run("SUBSCRIBE __redis__:invalidate");
    assert_eq!(reader.text(&format!("CLIENT TRACKING ON REDIRECT {id}")), "OK");
    assert_eq!(reader.text("CLIENT GETREDIR"), id);
    reader.run("GET a");
    writer.run("SET a 1");
    assert_eq!(shown(&target.reply()), "message __redis__:invalidate a");
    let list = writer.text("CLIENT LIST");
    assert!(list.contains(&format!("redir={id} ")) && list.contains(" flags=t "), "{list}");
    // One of RESP3 that has never listened for anything.
    let mut silent = node.client();
    silent.run("HELLO 3");
    let silent_id = silent.text("CLIENT ID");
    reader.run("HELLO 3");
    assert_eq!(reader.text(&format!("CLIENT TRACKING ON REDIRECT {silent_id}")), "OK");
    reader.run("GET a");
    writer.run("SET a 2");
    assert_eq!(hear(&mut silent), "invalidate a");
    reader.run("GET a");
    silent.run("QUIT");
    writer.run("SET a 3");
    assert_eq!(hear(&mut reader), format!("tracking-redir-broken {silent_id}"));
    assert!(writer.text("CLIENT LIST").contains(" flags=tR "));
    assert_eq!(reader.text("RESET"), "RESET");
    assert_eq!(reader.text("CLIENT GETREDIR"), "-1");
}

#[test]
fn clients_choose_what_is_remembered() {
    let node = TestNode::start();
    let mut writer = node.client();
    let mut picky = tracker(&node, "OPTIN");
    picky.run("GET a");
    assert_eq!(picky.text("CLIENT CACHING YES"), "OK");
    picky.run("GET b");
    picky.run("GET c");
    writer.run("MSET a 1 b 1 c 1");
    assert_eq!(hear(&mut picky), "invalidate b");
    assert_eq!(picky.text("CLIENT CACHING YES"), "OK");
    picky.run("MULTI");
    picky.run("GET a");
    picky.run("GET c");
    picky.run("EXEC");
    picky.run("GET b");
    writer.run("MSET a 1 b 1 c 1");
    assert_eq!(hear(&mut picky), "invalidate a");
    assert_eq!(hear(&mut picky), "invalidate c");
    assert_eq!(picky.text("PING"), "PONG");
    let mut generous = tracker(&node, "OPTOUT");
    assert_eq!(generous.text("CLIENT CACHING NO"), "OK");
    generous.run("GET a");
    generous.run("GET b");
    writer.run("MSET a 1 b 1");
    assert_eq!(hear(&mut generous), "invalidate b");
    for (client, line, error) in [
        (
            &mut generous,
            "CLIENT CACHING YES",
            "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
        ),
        (
            &mut picky,
            "CLIENT CACHING NO",
            "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
        ),
    ] {
        assert_eq!(client.text(line), error);
    }
    assert!(picky.text("CLIENT TRACKING ON OPTOUT").starts_with("ERR You can't switch OPTIN/OPTOUT mode"));
    assert!(picky.text("CLIENT TRACKING ON BCAST").starts_with("ERR You can't switch BCAST mode on/off"));
    assert_eq!(
        writer.text("CLIENT TRACKING ON REDIRECT 999"),
        "ERR The client ID you want redirect to does not exist"
    );
}

#[test]
fn the_table_keeps_within_its_limit() {
    let node = TestNode::start();
    let (mut reader, mut writer) = (tracker(&node, ""), node.client());
    assert_eq!(writer.text("CONFIG SET tracking-table-max-keys 2"), "OK");
    reader.send(wire(&["MGET", "a", "b", "c"]));
    reader.reply();
    assert!(hear(&mut reader).starts_with("invalidate "));
    assert!(writer.text("INFO stats").contains("tracking_total_keys:2"));
    writer.run("CONFIG SET tracking-table-max-keys 1");
    assert!(hear(&mut reader).starts_with("invalidate "));
    assert!(writer.text("INFO stats").contains("tracking_total_items:1"));
}

/// Whoever keeps what it has read until it is told otherwise ends with what is there.
#[test]
fn a_cache_that_listens_is_never_left_with_what_has_changed() {
    const KEYS: usize = 8;
    let node = TestNode::start();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let (node, stop) = (&node, &stop);
            scope.spawn(move || {
                let mut writer = node.client();
                for n in 0..6000_usize {
                    let key = format!("k{}", n % KEYS);
                    let line = match n % 11 {
                        0 => format!("DEL {key}"),
                        5 => format!("SET {key} {n} PX 1"),
                        7 => format!("RENAME k{} {key}", (n + 3) % KEYS),
                        _ => format!("INCRBY {key} {n}"),
                    };
                    writer.run(&line);
                }
                stop.store(true, SeqCst);
            });
        }
        scope.spawn(|| {
            let mut reader = tracker(&node, "");
            let mut cache = vec![None::<String>; KEYS];
            let mut reads = 0_u32;
            let forget = |cache: &mut Vec<Option<String>>, message: &Frame| {
                let told = shown(message);
                let key = told.strip_prefix("invalidate k").unwrap_or_else(|| panic!("{told}"));
                cache[key.parse::<usize>().unwrap()] = None;
            };
            while !stop.load(SeqCst) || reads < 1000 {
                let key = reads as usize % KEYS;
                reads += 1;
                reader.send(wire(&["GET", &format!("k{key}")]));
                loop {
                    match reader.reply() {
                        message @ Frame::Push(_) => forget(&mut cache, &message),
                        value => break cache[key] = Some(text(&value)),
                    }
                }
            }
            // Whatever was under way has been told once a reply to something later has come.
            let mut fresh = node.client();
            wait_for("cache and store agree", || {
                reader.send(wire(&["PING"]));
                while let message @ Frame::Push(_) = reader.reply() {
                    forget(&mut cache, &message);
                }
                let agree = |(key, cached): (usize, &Option<String>)| {
                    cached.as_ref().is_none_or(|cached| *cached == fresh.text(&format!("GET k{key}")))
                };
                cache.iter().enumerate().all(agree).then_some(())
            });
        });
    });
}
