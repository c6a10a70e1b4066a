//! Users and what they may do, over real connections.

use hypercache::resp::frame::Frame;

use crate::client::Client;
use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

const NO_KEY: &str = "NOPERM No permissions to access a key";

/// A connection of a user that needs no password.
fn connected(node: &TestNode, user: &str) -> Client {
    let mut client = node.client();
    assert_eq!(client.text(&format!("AUTH {user} any")), "OK");
    client
}

#[test]
fn rules_change_under_those_who_are_connected() {
    let node = TestNode::start();
    let mut root = node.client();
    assert_eq!(root.text("ACL SETUSER eve on nopass +@all ~* &*"), "OK");
    let mut eve = connected(&node, "eve");
    assert_eq!(eve.text("SET a 1"), "OK");
    assert_eq!(root.text("ACL SETUSER eve resetkeys ~b"), "OK");
    assert_eq!(eve.text("SET a 1"), NO_KEY);
    assert_eq!(eve.text("SET b 1"), "OK");
    assert_eq!(root.text("ACL SETUSER eve off"), "OK");
    assert_eq!(eve.text("GET b"), "1");
    let refused = node.client().text("AUTH eve any");
    assert_eq!(refused, "WRONGPASS invalid username-password pair or user is disabled.");
    assert_eq!(root.text("ACL DELUSER eve"), "1");
    assert!(eve.has_ended());
}

#[test]
fn whoever_deletes_itself_hears_of_it_first() {
    let node = TestNode::start();
    node.client().run("ACL SETUSER eve on nopass +acl");
    let mut eve = connected(&node, "eve");
    assert_eq!(eve.text("ACL DELUSER eve"), "1");
    assert!(eve.has_ended());
}

#[test]
fn subscribers_go_when_their_channel_is_taken() {
    let node = TestNode::start();
    let mut root = node.client();
    root.run("ACL SETUSER eve on nopass +@all &a &b:* &c");
    let mut listeners: Vec<Client> = ["SUBSCRIBE a", "PSUBSCRIBE b:*", "SSUBSCRIBE c"]
        .iter()
        .map(|line| {
            let mut listener = connected(&node, "eve");
            listener.run(line);
            listener
        })
        .collect();
    assert_eq!(root.text("ACL SETUSER eve &d"), "OK");
    assert_eq!(root.text("ACL SETUSER eve allchannels"), "OK");
    assert_eq!(root.text("PUBLISH a m"), "1");
    assert_eq!(root.text("ACL SETUSER eve resetchannels &b:* &c"), "OK");
    listeners[0].reply();
    assert!(listeners[0].has_ended());
    assert_eq!(root.text("SPUBLISH c m"), "1");
    assert_eq!(root.text("ACL SETUSER eve resetchannels &b*"), "OK");
    listeners[2].reply();
    assert!(listeners[1].has_ended() && listeners[2].has_ended());
}

#[test]
fn whoever_waits_is_refused_when_its_key_is_taken() {
    let node = TestNode::start();
    let mut root = node.client();
    root.run("ACL SETUSER eve on nopass +@all ~*");
    let mut eve = connected(&node, "eve");
    eve.send(wire(&["BLPOP", "list", "0"]));
    wait_for("it waits", || root.text("INFO clients").contains("blocked_clients:1").then_some(()));
    assert_eq!(root.text("ACL SETUSER eve resetkeys"), "OK");
    assert_eq!(text(&eve.reply()), NO_KEY);
    assert_eq!(root.text("LPUSH list a"), "1");
    assert_eq!(root.text("LLEN list"), "1");
}

#[test]
fn users_come_from_their_file_and_go_back_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.acl");
    std::fs::write(&path, "user alice on nopass allcommands allkeys &*\nuser default on >root +@all ~* &*\n")
        .unwrap();
    let node = TestNode::start_with(|command| {
        command.env("HYPERCACHE_USERS_FILE", &path);
    });
    let mut client = node.client();
    assert!(client.text("GET a").starts_with("NOAUTH"));
    assert_eq!(client.text("AUTH root"), "OK");
    assert_eq!(client.text("ACL SETUSER bob on nopass +get ~b"), "OK");
    assert_eq!(client.text("ACL SAVE"), "OK");
    let (mut alice, mut bob) = (connected(&node, "alice"), connected(&node, "bob"));
    assert_eq!(client.text("ACL LOAD"), "OK");
    assert!(alice.has_ended() && bob.has_ended());
    assert_eq!(connected(&node, "bob").text("GET a"), NO_KEY);
    std::fs::write(&path, "user alice on nonsense\n").unwrap();
    assert!(client.text("ACL LOAD").contains("users.acl:1: Syntax error"));
    assert_eq!(connected(&node, "bob").text("GET b"), "(nil)");
}

#[test]
fn what_is_denied_is_in_the_log_with_its_client() {
    let node = TestNode::start();
    let mut root = node.client();
    root.run("ACL SETUSER eve on nopass +set ~a");
    let mut eve = connected(&node, "eve");
    let own = eve.text("CLIENT ID");
    assert_eq!(own, "NOPERM User eve has no permissions to run the 'client|id' command");
    assert_eq!(eve.text("SET b 1"), NO_KEY);
    let Frame::Array(entries) = root.run("ACL LOG") else { panic!("no entries") };
    let words = |entry: &Frame| match entry {
        Frame::Array(parts) => parts.iter().map(text).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let newest = words(&entries[0]);
    assert_eq!(
        newest[..10],
        ["count", "1", "reason", "key", "context", "toplevel", "object", "b", "username", "eve"]
    );
    assert!(newest[13].contains("cmd=set user=eve"), "{newest:?}");
    assert_eq!(words(&entries[1])[7], "client|id");
}

#[test]
fn http_knows_the_same_users() {
    let node = TestNode::start();
    let mut root = node.client();
    root.run("ACL SETUSER eve on >pw +@all ~a");
    let status = |path: &str, user: &str| node.curl(path, &["-w", "%{http_code}", "-u", user]);
    assert!(status("/api/cache/a", "eve:pw").contains("404"));
    let refused = status("/api/cache/b", "eve:pw");
    assert!(refused.contains("403") && refused.contains("NOPERM"), "{refused}");
    assert!(status("/api/cache/a", "eve:wrong").contains("401"));
    assert!(status("/api/cache/b", "default:any").contains("404"));
}
