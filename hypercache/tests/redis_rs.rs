//! redis-rs against the real binary.

#![expect(clippy::unwrap_used, reason = "an expectation that fails here ends the test that relied on it")]

#[path = "node/client.rs"]
#[expect(dead_code, reason = "this test speaks through redis-rs")]
mod client;
#[path = "node/process.rs"]
#[expect(dead_code, reason = "this test needs a running node and nothing more")]
mod process;
#[path = "telemetry_support/mod.rs"]
#[expect(dead_code, reason = "only its waiting is used")]
mod telemetry_support;

use redis::AsyncCommands;
use redis::Commands;
use redis::ErrorKind;

use crate::process::TestNode;

fn open(node: &TestNode, suffix: &str) -> redis::Client {
    redis::Client::open(format!("redis://{}/{suffix}", node.resp)).unwrap()
}

#[test]
fn blocking_connections_work_in_both_versions() {
    let node = TestNode::start();
    for suffix in ["", "?protocol=resp3"] {
        let mut connection = open(&node, suffix).get_connection().unwrap();
        let () = connection.set_ex("k", "v", 100).unwrap();
        assert_eq!(connection.get::<_, String>("k").unwrap(), "v");
        assert!((90..=100).contains(&connection.ttl::<_, i64>("k").unwrap()));
        assert_eq!(connection.get::<_, Option<String>>("none").unwrap(), None);
        assert_eq!(connection.incr::<_, _, i64>("n", 5).unwrap() % 5, 0);
        let replies: (String, Vec<Option<String>>) =
            redis::pipe().set("a", 1).mget(&["a", "none"]).query(&mut connection).unwrap();
        assert_eq!(replies, ("OK".to_owned(), vec![Some("1".to_owned()), None]));
        let refused = connection.incr::<_, _, i64>("k", 1).unwrap_err();
        assert!(refused.to_string().contains("not an integer"), "{refused}");
        let mut keys: Vec<String> = connection.scan().unwrap().map(Result::unwrap).collect();
        keys.sort();
        assert_eq!(keys, ["a", "k", "n"]);
    }
}

#[tokio::test]
async fn multiplexed_connections_work_in_both_versions() {
    let node = TestNode::start();
    for suffix in ["", "?protocol=resp3"] {
        let connection = open(&node, suffix).get_multiplexed_async_connection().await.unwrap();
        let writes = (0..200).map(|n| {
            let mut connection = connection.clone();
            tokio::spawn(async move { connection.set::<_, _, ()>(format!("k{n}"), n).await })
        });
        for write in writes.collect::<Vec<_>>() {
            write.await.unwrap().unwrap();
        }
        let keys: Vec<_> = (0..200).map(|n| format!("k{n}")).collect();
        let found: Vec<i64> = connection.clone().mget(&keys).await.unwrap();
        assert_eq!(found, (0..200).collect::<Vec<_>>());
    }
}

#[test]
fn a_password_is_asked_for() {
    let node = TestNode::start_with(|command| {
        command.env("HYPERCACHE_REQUIREPASS", "s3cret");
    });
    let refused =
        open(&node, "").get_connection().and_then(|mut connection| connection.get::<_, Option<String>>("k"));
    assert!(refused.unwrap_err().to_string().contains("Authentication required"));
    let wrong = redis::Client::open(format!("redis://:wrong@{}/", node.resp)).unwrap().get_connection();
    assert_eq!(wrong.err().map(|error| error.kind()), Some(ErrorKind::AuthenticationFailed));
    let mut right = redis::Client::open(format!("redis://default:s3cret@{}/", node.resp))
        .unwrap()
        .get_connection()
        .unwrap();
    let () = right.set("k", "v").unwrap();
}
