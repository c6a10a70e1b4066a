//! Commands that wait, over real connections.

use std::collections::BTreeMap;
use std::thread;

use hypercache::resp::frame::Frame;

use crate::client::Client;
use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

/// A client that has sent this command and waits.
fn waiting(node: &TestNode, watcher: &mut Client, line: &str) -> Client {
    let before = blocked(watcher);
    let mut client = node.client();
    client.send(wire(&line.split_whitespace().collect::<Vec<_>>()));
    wait_for(line, || (blocked(watcher) == before + 1).then_some(()));
    client
}

fn blocked(watcher: &mut Client) -> usize {
    number(watcher, "blocked_clients:")
}

fn number(watcher: &mut Client, field: &str) -> usize {
    let info = watcher.text("INFO clients");
    let line = info.lines().find_map(|line| line.strip_prefix(field)).unwrap().to_owned();
    line.trim().parse().unwrap()
}

fn texts(frame: &Frame) -> Vec<String> {
    match frame {
        Frame::Array(items) => items.iter().map(text).collect(),
        other => vec![text(other)],
    }
}

#[test]
fn whoever_waits_longest_is_served_first_and_at_once() {
    let node = TestNode::start();
    let mut other = node.client();
    let mut first = waiting(&node, &mut other, "BLPOP q 0");
    let mut second = waiting(&node, &mut other, "BRPOP p q 0");
    let mut third = waiting(&node, &mut other, "BLMPOP 0 2 p q LEFT COUNT 5");
    assert_eq!(other.text("RPUSH q a b c d"), "4");
    // Nobody can take in between what was meant for those who waited.
    assert_eq!(other.text("EXISTS q"), "0");
    assert_eq!(texts(&first.reply()), ["q", "a"]);
    assert_eq!(texts(&second.reply()), ["q", "d"]);
    let third = third.reply();
    assert!(format!("{third:?}").contains("Array"), "{third:?}");
    assert_eq!(blocked(&mut other), 0);
    assert_eq!(other.text("RPUSH q e"), "1");
    assert_eq!(other.text("LLEN q"), "1");
}

#[test]
fn keys_that_are_waited_for_are_counted() {
    let node = TestNode::start();
    let mut other = node.client();
    let _lists = waiting(&node, &mut other, "BLPOP s t 0");
    other.text("XGROUP CREATE s g $ MKSTREAM");
    let mut group = waiting(&node, &mut other, "XREADGROUP GROUP g me BLOCK 0 STREAMS s >");
    let counts = |other: &mut Client| {
        (number(other, "total_blocking_keys:"), number(other, "total_blocking_keys_on_nokey:"))
    };
    assert_eq!(counts(&mut other), (2, 1));
    assert_eq!(other.text("DEL s"), "1");
    assert!(text(&group.reply()).starts_with("NOGROUP"));
    assert_eq!(counts(&mut other), (2, 0));
}

#[test]
fn a_moved_element_serves_the_next_line() {
    let node = TestNode::start();
    let mut other = node.client();
    let mut chain: Vec<Client> = Vec::new();
    for step in 0..8 {
        let line = format!("BLMOVE k{step} k{} LEFT RIGHT 0", step + 1);
        chain.push(waiting(&node, &mut other, &line));
    }
    let mut last = waiting(&node, &mut other, "BLPOP k8 0");
    assert_eq!(other.text("RPUSH k0 x"), "1");
    assert_eq!(texts(&last.reply()), ["k8", "x"]);
    for client in &mut chain {
        assert_eq!(text(&client.reply()), "x");
    }
    assert_eq!(other.text("DBSIZE"), "0");
}

#[test]
fn time_runs_out_and_others_can_end_it() {
    let node = TestNode::start();
    let mut other = node.client();
    for line in ["BLPOP q 0.01", "BLMOVE q r LEFT LEFT 0.01", "BZPOPMIN z 0.01", "BZMPOP 0.01 1 z MIN"] {
        let mut client = node.client();
        client.send(wire(&line.split_whitespace().collect::<Vec<_>>()));
        client.send(wire(&["PING"]));
        assert_eq!((client.reply(), text(&client.reply())), (Frame::Null, "PONG".to_owned()), "{line}");
    }
    for (how, answer) in
        [("", "(nil)"), ("TIMEOUT", "(nil)"), ("ERROR", "UNBLOCKED client unblocked via CLIENT UNBLOCK")]
    {
        let mut client = node.client();
        let id = client.text("CLIENT ID");
        client.send(wire(&["BLPOP", "q", "0"]));
        wait_for("it waits", || (blocked(&mut other) == 1).then_some(()));
        assert!(other.text(&format!("CLIENT LIST ID {id}")).contains(" flags=b "));
        assert_eq!(other.text(&format!("CLIENT UNBLOCK {id} {how}")), "1");
        assert_eq!(text(&client.reply()), answer);
        assert_eq!(other.text(&format!("CLIENT UNBLOCK {id} {how}")), "0");
    }
    let mut client = node.client();
    let id = client.text("CLIENT ID");
    client.send(wire(&["BLPOP", "q", "0"]));
    wait_for("it waits", || (blocked(&mut other) == 1).then_some(()));
    assert_eq!(other.text(&format!("CLIENT KILL ID {id}")), "1");
    assert!(client.has_ended());
    wait_for("nobody waits", || (blocked(&mut other) == 0).then_some(()));
}

#[test]
fn whoever_goes_away_is_given_nothing() {
    let node = TestNode::start();
    let mut other = node.client();
    for end in 0..2 {
        let mut gone = waiting(&node, &mut other, "BLPOP a b 0");
        match end {
            0 => drop(gone),
            _ => gone.finish(),
        }
        wait_for("nobody waits", || (blocked(&mut other) == 0).then_some(()));
        assert_eq!(other.text("RPUSH b x"), "1");
        assert_eq!(other.text("LPOP b"), "x");
    }
}

#[test]
fn a_transaction_is_over_before_anybody_is_served() {
    let node = TestNode::configured("stores: [{ name: default }, { name: other }]\n");
    let mut other = node.client();
    let mut client = waiting(&node, &mut other, "BLPOP q 0");
    for line in ["MULTI", "RPUSH q a", "DEL q", "SET q x", "EXEC"] {
        other.run(line);
    }
    assert_eq!(blocked(&mut other), 1);
    for line in ["DEL q", "MULTI", "RPUSH q b", "LPUSH q a", "EXEC"] {
        other.run(line);
    }
    assert_eq!(texts(&client.reply()), ["q", "a"]);
    // Inside of one nobody waits.
    assert_eq!(other.text("MULTI"), "OK");
    assert_eq!(other.text("BLPOP none 0"), "QUEUED");
    assert_eq!(other.run("EXEC"), Frame::Array(vec![Frame::Null]));
    // Keys come in other ways, too.
    let makers = ["RENAME from q", "COPY from q", "SWAPDB 0 1"];
    for maker in makers {
        other.run("FLUSHALL");
        other.run("RPUSH from x");
        let mut client = waiting(&node, &mut other, "BLPOP q 0");
        if maker == "SWAPDB 0 1" {
            other.run("SELECT 1");
            other.run("RPUSH q x");
            other.run("SELECT 0");
        }
        other.run(maker);
        assert_eq!(texts(&client.reply()), ["q", "x"], "{maker}");
    }
}

#[test]
fn replies_speak_the_clients_protocol_and_come_in_order() {
    let node = TestNode::start();
    let mut other = node.client();
    let mut client = node.client();
    client.run("HELLO 3");
    client.send(wire(&["ECHO", "before"]));
    client.send(wire(&["BZPOPMIN", "z", "0"]));
    client.send(wire(&["ECHO", "after"]));
    assert_eq!(text(&client.reply()), "before");
    wait_for("it waits", || (blocked(&mut other) == 1).then_some(()));
    other.run("ZADD z 1.5 m");
    let popped = client.reply();
    assert!(matches!(&popped, Frame::Array(items) if items[2] == Frame::Double(1.5)), "{popped:?}");
    assert_eq!(text(&client.reply()), "after");
    let counted = other.text("INFO commandstats");
    assert!(counted.contains("cmdstat_bzpopmin:calls=1,"), "{counted}");
}

#[test]
fn many_producers_and_consumers_lose_nothing_and_double_nothing() {
    const EACH: usize = 300;
    let node = TestNode::start();
    let consumers: Vec<_> = (0..4)
        .map(|number| {
            let mut client = node.client();
            thread::spawn(move || {
                let mut seen = Vec::new();
                loop {
                    let line = match number % 2 {
                        0 => "BLPOP a b end 0",
                        _ => "BRPOP b a end 0",
                    };
                    let taken = texts(&client.run(line));
                    if taken[0] == "end" {
                        return seen;
                    }
                    seen.push(taken[1].clone());
                }
            })
        })
        .collect();
    let mover = {
        let mut client = node.client();
        thread::spawn(move || (0..2 * EACH).for_each(|_| drop(client.run("BLMOVE in a LEFT RIGHT 0"))))
    };
    let producers: Vec<_> = (0..2)
        .map(|number| {
            let mut client = node.client();
            thread::spawn(move || {
                for count in 0..EACH {
                    client.run(&format!("RPUSH in m{number}-{count}"));
                    client.run(&format!("RPUSH b d{number}-{count}"));
                }
            })
        })
        .collect();
    producers.into_iter().for_each(|producer| producer.join().unwrap());
    mover.join().unwrap();
    let mut other = node.client();
    wait_for("all is taken", || (other.text("EXISTS a b in") == "0").then_some(()));
    other.run("RPUSH end 1 2 3 4");
    let mut counts = BTreeMap::new();
    for consumer in consumers {
        consumer.join().unwrap().into_iter().for_each(|seen| *counts.entry(seen).or_insert(0) += 1);
    }
    assert_eq!(counts.len(), 4 * EACH);
    assert!(counts.values().all(|count| *count == 1));
}

#[test]
fn readers_of_streams_wait_for_entries() {
    let node = TestNode::start();
    let mut other = node.client();
    assert_eq!(other.text("XADD s 1-0 f a"), "1-0");
    assert_eq!(other.text("XGROUP CREATE s g $"), "OK");
    let mut reader = waiting(&node, &mut other, "XREAD BLOCK 0 STREAMS s none $ $");
    let mut first = waiting(&node, &mut other, "XREADGROUP GROUP g a COUNT 1 BLOCK 0 STREAMS s >");
    let mut second = waiting(&node, &mut other, "XREADGROUP GROUP g b BLOCK 0 STREAMS s >");
    // Neither an entry that is gone before anyone can see it nor what is there already wakes anybody.
    for line in ["MULTI", "XADD s 2-0 f b", "XDEL s 2-0", "EXEC"] {
        other.run(line);
    }
    assert_eq!(blocked(&mut other), 3);
    other.run("XADD s 3-0 f c");
    let told = format!("{:?}", reader.reply());
    assert!(told.contains("3-0") && !told.contains("1-0"), "{told}");
    assert!(format!("{:?}", first.reply()).contains("3-0"));
    assert_eq!(blocked(&mut other), 1);
    other.run("XADD s 4-0 f d");
    assert!(format!("{:?}", second.reply()).contains("4-0"));
    assert_eq!(texts(&other.run("XPENDING s g"))[0], "2");
    let mut late = node.client();
    late.send(wire(&["XREAD", "BLOCK", "10", "STREAMS", "s", "$"]));
    assert_eq!(late.reply(), Frame::Null);
}

#[test]
fn readers_in_a_group_are_told_when_it_goes() {
    let node = TestNode::start();
    let mut other = node.client();
    for (end, told) in [
        ("DEL s", "NOGROUP"),
        ("XGROUP DESTROY s g", "NOGROUP"),
        ("SET s x", "WRONGTYPE"),
        ("FLUSHALL", "NOGROUP"),
    ] {
        other.run("DEL s");
        // Whom it does not help may stand before it in the line.
        let ahead = waiting(&node, &mut other, "BLPOP s 0");
        other.run("XGROUP CREATE s g $ MKSTREAM");
        let mut reader = waiting(&node, &mut other, "XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
        let mut plain = waiting(&node, &mut other, "XREAD BLOCK 0 STREAMS s $");
        assert_eq!(
            other.text("INFO clients").lines().find(|line| line.starts_with("total_blocking_keys_on_nokey")),
            Some("total_blocking_keys_on_nokey:1")
        );
        other.run(end);
        let reply = reader.reply();
        assert!(
            matches!(&reply, Frame::Error(text) if text.starts_with(told.as_bytes())),
            "{end}: {reply:?}"
        );
        drop(ahead);
        wait_for("the list's client is gone", || (blocked(&mut other) == 1).then_some(()));
        other.run("DEL s");
        other.run("XADD s 9-0 f a");
        assert!(format!("{:?}", plain.reply()).contains("9-0"), "{end}");
    }
}

#[test]
fn replicas_that_are_not_there_are_waited_for_until_the_time_is_over() {
    let node = TestNode::start();
    let mut other = node.client();
    assert_eq!(other.text("WAIT 0 0"), "0");
    let began = std::time::Instant::now();
    assert_eq!(other.text("WAIT 1 60"), "0");
    assert!(began.elapsed() >= std::time::Duration::from_millis(60));
    for (line, told) in [("WAIT 2 0", vec!["0"]), ("WAITAOF 0 1 0", vec!["0", "0"])] {
        for (how, answer) in [("", told), (" ERROR", vec!["UNBLOCKED client unblocked via CLIENT UNBLOCK"])] {
            let mut client = node.client();
            let id = client.text("CLIENT ID");
            client.send(wire(&line.split(' ').collect::<Vec<_>>()));
            wait_for(line, || (blocked(&mut other) == 1).then_some(()));
            assert_eq!(other.text(&format!("CLIENT UNBLOCK {id}{how}")), "1", "{line}");
            assert_eq!(texts(&client.reply()), answer, "{line}{how}");
            assert_eq!(client.text("PING"), "PONG");
        }
    }
}

#[test]
fn whoever_waits_in_a_group_is_told_when_the_streams_time_is_over() {
    let node = TestNode::start();
    let mut other = node.client();
    assert_eq!(other.text("XGROUP CREATE s g $ MKSTREAM"), "OK");
    let mut reader = waiting(&node, &mut other, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
    // Nobody asks for the stream from here on: it is removed in the background.
    assert_eq!(other.text("PEXPIRE s 50"), "1");
    let told = format!("{:?}", reader.reply());
    assert!(told.contains("NOGROUP"), "{told}");
    assert_eq!(blocked(&mut other), 0);
}
