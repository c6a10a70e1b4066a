//! Publish and subscribe over real connections.

use hypercache::resp::frame::Frame;

use crate::client::Client;
use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

/// A message or confirmation as words.
fn words(frame: &Frame) -> Vec<String> {
    let (Frame::Array(parts) | Frame::Push(parts)) = frame else { panic!("no message: {frame:?}") };
    parts.iter().map(text).collect()
}

fn hear(client: &mut Client) -> Vec<String> {
    words(&client.reply())
}

#[test]
fn messages_reach_channels_and_patterns_in_both_protocols() {
    let node = TestNode::start();
    for hello in ["HELLO 2", "HELLO 3"] {
        let (mut listener, mut speaker) = (node.client(), node.client());
        listener.run(hello);
        listener.send(
            [
                wire(&["SUBSCRIBE", "news", "sport"]),
                wire(&["PSUBSCRIBE", "n*"]),
                wire(&["SSUBSCRIBE", "news"]),
            ]
            .concat(),
        );
        assert_eq!(hear(&mut listener), ["subscribe", "news", "1"]);
        assert_eq!(hear(&mut listener), ["subscribe", "sport", "2"]);
        assert_eq!(hear(&mut listener), ["psubscribe", "n*", "3"]);
        assert_eq!(hear(&mut listener), ["ssubscribe", "news", "1"]);
        assert_eq!(speaker.text("PUBLISH news hello"), "2");
        assert_eq!(hear(&mut listener), ["message", "news", "hello"]);
        assert_eq!(hear(&mut listener), ["pmessage", "n*", "news", "hello"]);
        assert_eq!(speaker.text("SPUBLISH news shard"), "1");
        let shard = listener.reply();
        assert_eq!(words(&shard), ["smessage", "news", "shard"]);
        assert_eq!(matches!(shard, Frame::Push(_)), hello == "HELLO 3");
        assert_eq!(speaker.text("PUBLISH other hello"), "0");
        assert_eq!(words(&speaker.run("PUBSUB CHANNELS n*")), ["news"]);
        assert_eq!(words(&speaker.run("PUBSUB NUMSUB news none")), ["news", "1", "none", "0"]);
        assert_eq!(speaker.text("PUBSUB NUMPAT"), "1");
        listener.send(wire(&["UNSUBSCRIBE"]));
        let mut left: Vec<_> = (0..2).map(|_| hear(&mut listener)).collect();
        left.sort();
        assert_eq!(left, [["unsubscribe", "news", "2"], ["unsubscribe", "sport", "1"]]);
        drop(listener);
        wait_for("the listener is forgotten", || (speaker.text("PUBSUB NUMPAT") == "0").then_some(()));
    }
}

#[test]
fn in_resp2_a_subscriber_may_only_do_what_cannot_be_mistaken() {
    let node = TestNode::start();
    let mut listener = node.client();
    listener.run("SUBSCRIBE c");
    assert!(listener.text("GET a").starts_with("ERR Can't execute 'get': only (P|S)SUBSCRIBE"));
    assert_eq!(hear_of(&mut listener, "PING"), ["pong", ""]);
    assert_eq!(hear_of(&mut listener, "PING hi"), ["pong", "hi"]);
    assert_eq!(listener.text("RESET"), "RESET");
    assert_eq!(listener.text("GET a"), "(nil)");
    // RESP3 can tell the two apart.
    listener.run("HELLO 3");
    listener.run("SUBSCRIBE c");
    assert_eq!(listener.text("SET a 1"), "OK");
}

fn hear_of(client: &mut Client, line: &str) -> Vec<String> {
    words(&client.run(line))
}

#[test]
fn nothing_comes_after_the_end_of_a_subscription_and_nothing_is_lost_before() {
    let node = TestNode::start();
    let (mut listener, mut speaker) = (node.client(), node.client());
    listener.run("SUBSCRIBE c");
    let sent = 2000;
    speaker.send((0..sent).flat_map(|n| wire(&["PUBLISH", "c", &n.to_string()])).collect::<Vec<_>>());
    (0..sent).for_each(|_| assert_eq!(text(&speaker.reply()), "1"));
    listener.send(wire(&["UNSUBSCRIBE", "c"]));
    for n in 0..sent {
        assert_eq!(hear(&mut listener), ["message", "c", &n.to_string()]);
    }
    assert_eq!(hear(&mut listener), ["unsubscribe", "c", "0"]);
    assert_eq!(speaker.text("PUBLISH c late"), "0");
    assert_eq!(listener.text("PING"), "PONG");
}

#[test]
fn whoever_does_not_listen_is_cut_off_and_counted() {
    let node = TestNode::start();
    let (mut deaf, mut speaker) = (node.client(), node.client());
    deaf.run("SUBSCRIBE c");
    let payload = "x".repeat(1 << 20);
    wait_for("the deaf one is cut off", || {
        (text(&speaker.command(&["PUBLISH", "c", &payload])) == "0").then_some(())
    });
    let metrics = node.curl("/metrics", &[]);
    assert!(
        metrics.contains("hypercache_connections_closed_total{proto=\"resp\",reason=\"output_limit\"} 1"),
        "{metrics}"
    );
    let delivered =
        metrics.lines().find(|line| line.contains("pubsub_messages_total{direction=\"delivered\"}")).unwrap();
    assert!(!delivered.ends_with(" 0"), "{delivered}");
}

#[test]
fn messages_come_although_replies_are_switched_off() {
    let node = TestNode::start();
    let mut client = node.client();
    client.send([wire(&["CLIENT", "REPLY", "OFF"]), wire(&["SUBSCRIBE", "a"])].concat());
    assert_eq!(words(&client.reply()), ["subscribe", "a", "1"]);
    assert_eq!(node.client().text("PUBLISH a hello"), "1");
    assert_eq!(words(&client.reply()), ["message", "a", "hello"]);
}

#[test]
fn messages_wait_until_a_transaction_has_replied() {
    let node = TestNode::start();
    let (mut listener, mut speaker) = (node.client(), node.client());
    listener.run("HELLO 3");
    listener.run("SUBSCRIBE a b");
    listener.reply();
    for line in ["MULTI", "PUBLISH a one", "UNSUBSCRIBE b", "ECHO end"] {
        listener.run(line);
    }
    let Frame::Array(replies) = listener.run("EXEC") else { panic!("no array") };
    assert_eq!((replies.len(), text(&replies[0]), text(&replies[2])), (3, "1".to_owned(), "end".to_owned()));
    assert_eq!(hear(&mut listener), ["message", "a", "one"]);
    assert_eq!(speaker.text("PUBLISH b late"), "0");
}
