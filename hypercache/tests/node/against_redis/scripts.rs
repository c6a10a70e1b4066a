//! Scripts to a real Redis and to a node, in both versions of the protocol.

use hypercache::resp::frame::Frame;

use super::Redis;
use super::ordered;
use crate::client::Client;
use crate::process::TestNode;

/// What stands between two scripts.
const BETWEEN: &str = "\n---\n";

const SCRIPTS: &str = include_str!("scripts.txt");

fn answer(client: &mut Client, script: &str) -> Frame {
    ordered("EVAL", client.command(&["EVAL", script, "2", "k1", "k2", "a1", "a2"]))
}

#[test]
fn scripts_do_and_return_what_they_do_there() {
    let Some(redis) = Redis::start() else { return };
    let node = TestNode::configured("stores:\n  - name: default\n  - name: second\n");
    let (mut there, mut here) = (Client::connect(redis.address), node.client());
    let mut faults = Vec::new();
    for protocol in ["2", "3"] {
        there.command(&["HELLO", protocol]);
        here.command(&["HELLO", protocol]);
        for script in SCRIPTS.split(BETWEEN) {
            there.run("FLUSHALL");
            here.run("FLUSHALL");
            let (wanted, found) = (answer(&mut there, script), answer(&mut here, script));
            if wanted != found && format!("{wanted:?}") != format!("{found:?}") {
                faults.push(format!("RESP{protocol} {script}\n  Redis {wanted:?}\n  here  {found:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
    assert!(SCRIPTS.split(BETWEEN).count() > 150);
}
