//! Limits, and what clients do to each other.

use std::process::Stdio;

use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

#[test]
fn one_client_too_many_is_turned_away_and_room_is_made_again() {
    let node = TestNode::configured("network: { max_connections: 2 }\n");
    let mut first = node.client();
    let mut second = node.client();
    assert_eq!((first.text("PING"), second.text("PING")), ("PONG".to_owned(), "PONG".to_owned()));
    let mut third = node.client();
    assert_eq!(text(&third.reply()), "ERR max number of clients reached");
    assert!(third.has_ended());
    assert_eq!(second.text("QUIT"), "OK");
    wait_for("there is room again", || {
        let mut next = node.client();
        // Turned away, it is closed before it can ask.
        next.try_send(&wire(&["PING"]));
        (next.try_reply().map(|reply| text(&reply)).as_deref() == Some("PONG")).then_some(())
    });
    let metrics = node.curl("/metrics", &[]);
    let refused =
        metrics.lines().find(|line| line.starts_with("hypercache_connections_rejected_total")).unwrap();
    assert!(refused.contains("max_connections") && !refused.ends_with(" 0"), "{refused}");
}

#[test]
fn the_limit_of_connections_can_be_changed_for_http_too() {
    let node = TestNode::start();
    assert_eq!(node.client().text("CONFIG SET maxclients 1"), "OK");
    let idle = std::net::TcpStream::connect(node.http).unwrap();
    wait_for("the first connection takes the only place", || {
        node.curl("/health", &["-w", "%{http_code}"]).ends_with("503").then_some(())
    });
    assert_eq!(node.client().text("CONFIG SET maxclients 10"), "OK");
    assert!(node.curl("/health", &["-w", "%{http_code}"]).ends_with("200"));
    drop(idle);
}

#[test]
fn whoever_is_idle_for_too_long_is_closed() {
    let node = TestNode::configured("network: { idle_timeout: 1s }\n");
    let mut client = node.client();
    assert_eq!(client.text("PING"), "PONG");
    assert!(client.has_ended());
    assert_eq!(node.client().text("CONFIG SET timeout 0"), "OK");
}

#[test]
fn a_request_larger_than_the_query_buffer_ends_its_connection() {
    let node = TestNode::configured("network: { max_query_buffer: 1MB, max_bulk_bytes: 1MB }\n");
    let mut client = node.client();
    let parts: Vec<_> =
        std::iter::once("MSET".to_owned()).chain((0..400).map(|n| format!("{n:0>10000}"))).collect();
    client.try_send(&wire(&parts));
    assert!(client.has_ended());
    assert_eq!(node.client().text("DBSIZE"), "0");
}

#[test]
fn until_it_has_authenticated_a_client_may_send_little() {
    let node = TestNode::start_with(|command| {
        command.env("HYPERCACHE_REQUIREPASS", "s3cret");
    });
    let mut client = node.client();
    assert_eq!(client.text("GET a"), "NOAUTH Authentication required.");
    assert_eq!(client.text("AUTH wrong"), "WRONGPASS invalid username-password pair or user is disabled.");
    client.send(b"*2\r\n$4\r\nECHO\r\n$20000\r\n");
    assert_eq!(text(&client.reply()), "ERR Protocol error: unauthenticated bulk length");
    let mut client = node.client();
    assert_eq!(client.text("AUTH default s3cret"), "OK");
    assert_eq!(client.text("SET a 1"), "OK");
    assert!(!client.text("CONFIG GET requirepass").contains("s3cret"));
    assert!(node.curl("/api/cache/a", &["-w", "%{http_code}"]).contains("401"));
    assert!(node.curl("/api/cache/a", &["-u", "default:s3cret"]).contains("\"value\":1"));
    for stream in ["node", "command", "audit"] {
        let text = std::fs::read_to_string(node.log(stream)).unwrap_or_default();
        assert!(!text.contains("s3cret"), "the {stream} log shows the password");
    }
}

#[test]
fn short_pipelines_of_long_replies_do_not_pile_up() {
    let node = TestNode::start();
    let mut client = node.client();
    client.command(&["SET", "big", &"x".repeat(1 << 20)]);
    let before = node.resident_bytes();
    let asked = 2000;
    client.send((0..asked).flat_map(|_| wire(&["GET", "big"])).collect::<Vec<_>>());
    // Nobody reads yet: another client is served all the same, and memory stays where it is.
    for _ in 0..50 {
        assert_eq!(node.client().text("PING"), "PONG");
    }
    let grown = node.resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "{} MiB for replies that nobody reads", grown >> 20);
    for _ in 0..asked {
        assert!(
            matches!(client.reply(), hypercache::resp::frame::Frame::Bulk(bytes) if bytes.len() == 1 << 20)
        );
    }
}

#[test]
fn a_pause_holds_writes_back_and_lets_reads_through() {
    let node = TestNode::start();
    let (mut boss, mut writer, mut reader) = (node.client(), node.client(), node.client());
    assert_eq!(boss.text("CLIENT PAUSE 600000 WRITE"), "OK");
    writer.send(wire(&["SET", "a", "1"]));
    for _ in 0..100 {
        assert_eq!(reader.text("GET a"), "(nil)");
    }
    assert_eq!(boss.text("CLIENT UNPAUSE"), "OK");
    assert_eq!(text(&writer.reply()), "OK");
    assert_eq!(reader.text("GET a"), "1");
}

#[test]
fn a_client_can_be_killed() {
    let node = TestNode::start();
    let (mut boss, mut victim) = (node.client(), node.client());
    let id = victim.text("CLIENT ID");
    assert_eq!(boss.text(&format!("CLIENT KILL ID {id}")), "1");
    assert!(victim.has_ended());
    assert_eq!(boss.text(&format!("CLIENT KILL ID {id}")), "0");
}

#[test]
fn a_client_that_does_not_take_its_replies_can_be_killed() {
    let node = TestNode::start();
    let (mut boss, mut victim) = (node.client(), node.client());
    let id = victim.text("CLIENT ID");
    victim.command(&["SET", "big", &"x".repeat(8 << 20)]);
    victim.send((0..20).flat_map(|_| wire(&["GET", "big"])).collect::<Vec<_>>());
    wait_for("the replies are on their way", || {
        boss.text(&format!("CLIENT LIST ID {id}")).contains("cmd=get").then_some(())
    });
    assert_eq!(boss.text(&format!("CLIENT KILL ID {id}")), "1");
    // The list leaves out who is being closed; the event of the end comes only with the end.
    wait_for("its connection has ended", || {
        let ended = "hypercache_connections_closed_total{proto=\"resp\",reason=\"killed\"} 1";
        node.curl("/metrics", &[]).contains(ended).then_some(())
    });
}

#[test]
fn no_more_clients_are_let_in_than_there_are_descriptors_for() {
    let node = TestNode::start_with(|command| {
        let mut limited = std::process::Command::new("/bin/sh");
        limited.args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\""]).arg(command.get_program());
        limited.args(command.get_args()).env_clear().env("HYPERCACHE_IO_THREADS", "2");
        limited.current_dir(command.get_current_dir().unwrap());
        limited.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        *command = limited;
    });
    let mut client = node.client();
    assert!(client.text("CONFIG GET maxclients").contains("184"), "{}", client.text("CONFIG GET maxclients"));
    let told = wait_for("the warning is told", || {
        node.lines("node").into_iter().find(|line| line.to_string().contains("network.max_connections"))
    });
    assert!(told.to_string().contains("lets this process open 256 files"), "{told}");
    let others: Vec<_> = (0..183).map(|_| node.client()).collect();
    wait_for("all have their places", || {
        client.text("INFO clients").contains("connected_clients:184").then_some(())
    });
    assert_eq!(text(&node.client().reply()), "ERR max number of clients reached");
    assert!(node.curl("/health", &["-w", "%{http_code}"]).ends_with("200"));
    drop(others);
}
