//! The protocol on the wire.

use crate::client::Client;
use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

#[test]
fn both_versions_and_inline_commands_are_spoken() {
    let node = TestNode::start();
    let mut client = node.client();
    client.send("SET greeting \"hello world\"\r\nGET greeting\n\r\n*1\r\n$4\r\nPING\r\n");
    let replies: Vec<_> = (0..3).map(|_| text(&client.reply())).collect();
    assert_eq!(replies, ["OK", "hello world", "PONG"]);
    client.send(wire(&["GET", "nothing"]));
    client.send(wire(&["HELLO", "3"]));
    client.send(wire(&["GET", "nothing"]));
    client.send(wire(&["CONFIG", "GET", "maxclients"]));
    assert_eq!(text(&client.reply()), "(nil)");
    let hello = format!("{:?}", client.reply());
    for field in ["server", "version", "proto", "id", "mode", "role", "modules"] {
        assert!(hello.contains(field), "{hello}");
    }
    assert_eq!(text(&client.reply()), "(nil)");
    assert!(matches!(client.reply(), hypercache::resp::frame::Frame::Map(_)));
    assert_eq!(client.text("HELLO 4"), "NOPROTO unsupported protocol version");
    assert_eq!(client.text("RESET"), "RESET");
    assert_eq!(client.text("QUIT"), "OK");
    assert!(client.has_ended());
}

#[test]
fn a_pipeline_may_be_cut_anywhere() {
    let node = TestNode::start();
    let (mut client, mut observer) = (node.client(), node.client());
    let id = client.text("CLIENT ID");
    let mut waiting = || {
        let line = observer.text(&format!("CLIENT LIST ID {id}"));
        let length =
            line.split_whitespace().find_map(|field| field.strip_prefix("qbuf=")).unwrap().to_owned();
        length.parse::<usize>().unwrap()
    };
    let commands = [wire(&["SET", "a", "1"]), wire(&["APPEND", "a", "23"]), wire(&["GET", "a"])];
    let batch = commands.concat();
    for cut in 1..batch.len() {
        client.send(&batch[..cut]);
        let mut left = cut;
        let whole = commands
            .iter()
            .take_while(|command| {
                left >= command.len() && {
                    left -= command.len();
                    true
                }
            })
            .count();
        // Only when the node has read the first piece is the second one a piece of its own.
        wait_for("the first piece has been read", || (waiting() == left).then_some(()));
        let mut replies: Vec<_> = (0..whole).map(|_| text(&client.reply())).collect();
        client.send(&batch[cut..]);
        replies.extend((whole..3).map(|_| text(&client.reply())));
        assert_eq!(replies, ["OK", "3", "123"], "cut at {cut}");
    }
}

#[test]
fn what_is_no_protocol_is_refused_in_redis_words_and_ends_the_connection() {
    let node = TestNode::start();
    let cases: [(&[u8], &str); 5] = [
        (b"*x\r\n", "ERR Protocol error: invalid multibulk length"),
        (b"*1048577\r\n", "ERR Protocol error: invalid multibulk length"),
        (b"*1\r\nfoo\r\n", "ERR Protocol error: expected '$', got 'f'"),
        (b"*1\r\n$-2\r\n", "ERR Protocol error: invalid bulk length"),
        (b"set \"a\r\n", "ERR Protocol error: unbalanced quotes in request"),
    ];
    for (bytes, error) in cases {
        let mut client = node.client();
        // What came before is answered first.
        client.send([&wire(&["PING"])[..], bytes].concat());
        assert_eq!(text(&client.reply()), "PONG");
        assert_eq!(text(&client.reply()), error);
        assert!(client.has_ended(), "{error}");
    }
    let mut client = node.client();
    client.try_send(&vec![b'a'; 70_000]);
    assert_eq!(text(&client.reply()), "ERR Protocol error: too big inline request");
    assert_eq!(node.client().text("PING"), "PONG");
}

#[test]
fn replies_can_be_switched_off_and_skipped() {
    let node = TestNode::start();
    let mut client = node.client();
    client.send(
        [wire(&["CLIENT", "REPLY", "OFF"]), wire(&["SET", "a", "1"]), wire(&["CLIENT", "REPLY", "ON"])]
            .concat(),
    );
    assert_eq!(text(&client.reply()), "OK");
    client.send([wire(&["CLIENT", "REPLY", "SKIP"]), wire(&["SET", "a", "2"]), wire(&["GET", "a"])].concat());
    assert_eq!(text(&client.reply()), "2");
}

#[test]
fn a_half_closed_connection_still_gets_its_answers() {
    let node = TestNode::start();
    let mut client = node.client();
    client.send([wire(&["SET", "a", "1"]), wire(&["GET", "a"])].concat());
    client.finish();
    assert_eq!((text(&client.reply()), text(&client.reply())), ("OK".to_owned(), "1".to_owned()));
    assert!(client.has_ended());
}

#[test]
fn big_values_go_through_whole() {
    let node = TestNode::start();
    let mut client: Client = node.client();
    let value: Vec<u8> = (0..64 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_eq!(text(&client.command(&[&b"SET"[..], b"big", &value])), "OK");
    let hypercache::resp::frame::Frame::Bulk(back) = client.run("GET big") else { panic!("no bulk string") };
    assert!(back == value, "64 MiB came back changed");
}
