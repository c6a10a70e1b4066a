//! Clients that behave badly, by mistake or on purpose: they harm themselves and nobody else.

use hypercache::command::spec::Flags;
use hypercache::command::spec::Run;
use hypercache::command::table::table;
use hypercache::resp::frame::Frame;
use rustix::process::Resource;
use rustix::process::Rlimit;

use crate::client::Client;
use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::value_of;
use crate::telemetry_support::wait_for;

/// What the node says of a client; nothing once it is gone.
fn listed(observer: &mut Client, id: &str) -> String {
    observer.text(&format!("CLIENT LIST ID {id}"))
}

#[test]
fn a_length_that_is_announced_and_never_sent_costs_nothing() {
    let node = TestNode::start();
    let before = node.resident_bytes();
    let begun = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nsome of it";
    let unread = format!(" qbuf={} ", begun.len());
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let mut client = node.client();
            client.send(begun);
            client
        })
        .collect();
    let mut observer = node.client();
    wait_for("all of it has been read", || {
        let list = observer.text("CLIENT LIST");
        (list.lines().filter(|line| line.contains(&unread)).count() == clients.len()).then_some(())
    });
    let grown = node.resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "{} MiB for what nobody has sent", grown >> 20);
}

#[test]
fn limits_of_arguments_are_those_of_the_configuration() {
    let node = TestNode::configured("network: { max_bulk_bytes: 1MB, max_arguments: 16 }\n");
    let mut client = node.client();
    assert_eq!(text(&client.command(&["SET", "k", &"v".repeat(1 << 20)])), "OK");
    let length = "ERR Protocol error: invalid bulk length";
    let count = "ERR Protocol error: invalid multibulk length";
    let too_big_count = "ERR Protocol error: too big mbulk count string";
    let too_big_length = "ERR Protocol error: too big bulk count string";
    let digits = "1".repeat(64 << 10);
    for (bytes, error) in [
        (format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n", (1 << 20) + 1), length),
        ("*1\r\n$99999999999999999999\r\n".to_owned(), length),
        ("*17\r\n".to_owned(), count),
        ("*99999999999999999999\r\n".to_owned(), count),
        (format!("*{digits}"), too_big_count),
        (format!("*1\r\n${digits}"), too_big_length),
    ] {
        let mut client = node.client();
        client.send(&bytes);
        let reply = text(&client.reply());
        assert_eq!(reply, error, "{}", &bytes[..bytes.len().min(50)]);
        assert!(client.has_ended());
    }
    // An array without elements is no command, and has no answer.
    client.send("*0\r\n*-1\r\n\r\n");
    assert_eq!(client.text("STRLEN k"), (1 << 20).to_string());
}

#[test]
fn nothing_but_a_password_opens_a_node_that_has_one() {
    let node = TestNode::start_with(|command| {
        command.env("HYPERCACHE_REQUIREPASS", "s3cret");
    });
    let mut client = node.client();
    let closed = table().all().iter().filter(|command| {
        !command.spec.flags.has(Flags::NO_AUTH) && !matches!(command.spec.run, Run::Container | Run::Unknown)
    });
    let mut asked = 0;
    for command in closed {
        let mut parts: Vec<&str> = command.name.split('|').collect();
        while !command.spec.takes(parts.len()) {
            parts.push("1");
        }
        assert_eq!(text(&client.command(&parts)), "NOAUTH Authentication required.", "{}", command.name);
        asked += 1;
    }
    assert!(asked > 100, "{asked} commands");
    let arguments = vec!["x"; 11];
    client.send(wire(&arguments));
    assert_eq!(text(&client.reply()), "ERR Protocol error: unauthenticated multibulk length");
    assert!(client.has_ended());
    let mut client = node.client();
    assert!(client.text("HELLO 3").starts_with("NOAUTH HELLO must be called with the client already"));
    assert!(client.text("HELLO 3 AUTH default wrong").starts_with("WRONGPASS"));
    assert!(matches!(client.run("HELLO 3 AUTH default s3cret SETNAME me"), Frame::Map(_)));
    assert_eq!(client.text("CLIENT GETNAME"), "me");
    assert_eq!(client.text("RESET"), "RESET");
    assert_eq!(client.text("GET a"), "NOAUTH Authentication required.");
}

#[test]
fn what_waits_for_exec_is_bounded() {
    let node = TestNode::configured("network: { max_query_buffer: 2MB, max_bulk_bytes: 1MB }\n");
    let mut client = node.client();
    let value = "v".repeat(500_000);
    assert_eq!(client.text("MULTI"), "OK");
    let set = wire(&["SET", "k", &value]);
    let mut told: Vec<_> = (0..10)
        .map(|_| {
            client.send(&set);
            text(&client.reply())
        })
        .collect();
    // Once it cannot be run, nothing of it is kept.
    told.dedup();
    assert_eq!(told, ["QUEUED", "ERR too many bytes in one transaction", "QUEUED"]);
    assert_eq!(client.text("EXEC"), "EXECABORT Transaction discarded because of previous errors.");
    assert_eq!(client.text("EXISTS k"), "0");
    assert_eq!(client.text("MULTI"), "OK");
    client.send(&set);
    assert_eq!(text(&client.reply()), "QUEUED");
    assert!(matches!(client.run("EXEC"), Frame::Array(replies) if text(&replies[0]) == "OK"));
}

#[test]
fn whoever_takes_no_replies_can_be_killed() {
    let node = TestNode::start();
    let (mut boss, mut victim) = (node.client(), node.client());
    let id = victim.text("CLIENT ID");
    victim.command(&["SET", "big", &"x".repeat(8 << 20)]);
    victim.send((0..20).flat_map(|_| wire(&["GET", "big"])).collect::<Vec<_>>());
    wait_for("the replies are on their way", || listed(&mut boss, &id).contains("cmd=get").then_some(()));
    assert_eq!(boss.text(&format!("CLIENT KILL ID {id}")), "1");
    wait_for("its connection is closed", || {
        let killed = "hypercache_connections_closed_total{proto=\"resp\",reason=\"killed\"} 1";
        node.curl("/metrics", &[]).contains(killed).then_some(())
    });
    assert_eq!(boss.text("PING"), "PONG");
}

#[test]
fn whoever_breaks_off_leaves_nothing_behind() {
    let node = TestNode::start();
    let mut observer = node.client();
    observer.command(&["SET", "big", &"x".repeat(8 << 20)]);
    let mut gone = Vec::new();
    for waiting in
        ["", "*2\r\n$3\r\nGET\r\n$3\r\nbi", "SUBSCRIBE c\r\n", "MULTI\r\nSET a 1\r\n", "WATCH big\r\n"]
    {
        let mut client = node.client();
        gone.push(client.text("CLIENT ID"));
        client.send(waiting);
        client.reset();
    }
    let mut client = node.client();
    gone.push(client.text("CLIENT ID"));
    client.send((0..20).flat_map(|_| wire(&["GET", "big"])).collect::<Vec<_>>());
    client.reset();
    for id in gone {
        wait_for("it is gone", || listed(&mut observer, &id).is_empty().then_some(()));
    }
    assert_eq!(observer.text("PUBLISH c m"), "0");
    assert_eq!(observer.text("EXISTS a"), "0");
    wait_for("all ends are counted", || {
        let page = node.curl("/metrics", &[]);
        (value_of(&page, "hypercache_connections{proto=\"resp\"}") == 1.0).then_some(())
    });
}

#[test]
fn while_descriptors_are_short_those_inside_are_served_and_room_is_used_again() {
    let node = TestNode::start();
    let mut inside = node.client();
    assert_eq!(inside.text("PING"), "PONG");
    let few = Rlimit { current: Some(48), maximum: Some(48) };
    rustix::process::prlimit(Some(node.pid()), Resource::Nofile, few).unwrap();
    let outside: Vec<_> = (0..64).map(|_| node.client()).collect();
    wait_for("it cannot accept", || {
        let failed = |line: &serde_json::Value| line["event.action"] == "connection-accept-failed";
        node.lines("node").iter().any(failed).then_some(())
    });
    assert_eq!(inside.text("PING"), "PONG");
    drop(outside);
    assert_eq!(node.client().text("PING"), "PONG");
}

#[test]
fn a_pause_of_all_holds_reads_back_and_ends_by_itself() {
    let node = TestNode::start();
    let (mut boss, mut reader) = (node.client(), node.client());
    assert_eq!(boss.text("CLIENT PAUSE 600000 ALL"), "OK");
    let id = reader.text("CLIENT ID");
    // What is about the connection goes on; a read and all behind it wait.
    reader.send([wire(&["PING"]), wire(&["GET", "a"]), wire(&["PING"])].concat());
    assert_eq!(text(&reader.reply()), "PONG");
    let held = wire(&["GET", "a"]).len() + wire(&["PING"]).len();
    wait_for("it is held", || listed(&mut boss, &id).contains(&format!(" qbuf={held} ")).then_some(()));
    assert_eq!(boss.text("CLIENT UNPAUSE"), "OK");
    assert_eq!((text(&reader.reply()), text(&reader.reply())), ("(nil)".to_owned(), "PONG".to_owned()));
    assert_eq!(boss.text("CLIENT PAUSE 50"), "OK");
    assert_eq!(reader.text("GET a"), "(nil)");
}
