//! Scripts and functions, over real connections.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use hypercache::resp::frame::Frame;

use crate::client::Client;
use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

fn eval(client: &mut Client, script: &str, keys: &[&str], arguments: &[&str]) -> String {
    text(&client.command(&call(script, keys, arguments)))
}

fn call<'a>(script: &'a str, keys: &[&'a str], arguments: &[&'a str]) -> Vec<&'a str> {
    let counts = ["0", "1", "2", "3", "4"];
    let mut parts = vec!["EVAL", script, counts[keys.len()]];
    parts.extend(keys);
    parts.extend(arguments);
    parts
}

/// A client whose script does not end, and which the node has noticed.
fn stuck(node: &TestNode, watcher: &mut Client, script: &str, keys: &[&str]) -> Client {
    assert_eq!(watcher.text("CONFIG SET busy-reply-threshold 50"), "OK");
    let mut client = node.client();
    client.send(wire(&call(script, keys, &[])));
    wait_for("the node is busy", || watcher.text("GET other").starts_with("BUSY").then_some(()));
    client
}

const BUSY: &str = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

#[test]
fn a_script_reads_and_writes_what_it_has_declared_and_what_not() {
    let node = TestNode::start();
    let mut client = node.client();
    assert_eq!(eval(&mut client, "return redis.call('SET', KEYS[1], ARGV[1])", &["a"], &["1"]), "OK");
    let made = "for i = 1, 100 do redis.call('INCRBY', 'made:' .. i, i) end return redis.call('DBSIZE')";
    assert_eq!(eval(&mut client, made, &["a"], &[]), "101");
    assert_eq!(client.text("GET made:100"), "100");
    assert_eq!(eval(&mut client, "redis.call('FLUSHALL') return redis.call('DBSIZE')", &[], &[]), "0");
}

#[test]
fn a_script_that_does_not_end_is_in_nobodys_way_and_can_be_killed() {
    let node = TestNode::start();
    let mut other = node.client();
    let mut client = stuck(&node, &mut other, "while true do end", &["held"]);
    for refused in ["SET held 1", "GET other", "KEYS *", "INFO", "EVAL x 0", "CLIENT LIST", "SHUTDOWN"] {
        assert_eq!(other.text(refused), BUSY, "{refused}");
    }
    for allowed in ["MULTI", "DISCARD", "UNWATCH"] {
        assert_eq!(other.text(allowed), "OK", "{allowed}");
    }
    assert_eq!(other.text("WATCH held"), BUSY);
    assert_eq!(other.text("FUNCTION STATS"), BUSY);
    assert_eq!(other.text("FUNCTION KILL"), BUSY);
    assert_eq!(other.text("SCRIPT KILL"), "OK");
    let killed = text(&client.reply());
    assert!(killed.starts_with("ERR Script killed by user with SCRIPT KILL... script: "), "{killed}");
    assert_eq!(other.text("SET held 1"), "OK");
    assert_eq!(other.text("SCRIPT KILL"), "NOTBUSY No scripts in execution right now.");
}

#[test]
fn a_killed_script_cannot_catch_it() {
    let node = TestNode::start();
    let mut other = node.client();
    for script in [
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() end) end",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
    ] {
        let mut client = stuck(&node, &mut other, script, &[]);
        assert_eq!(other.text("SCRIPT KILL"), "OK", "{script}");
        assert!(text(&client.reply()).starts_with("ERR Script killed by user"), "{script}");
    }
}

#[test]
fn a_script_that_has_written_is_not_killed() {
    let node = TestNode::start();
    let mut other = node.client();
    let endless = "redis.call('SET', 'x', 1) while redis.call('EXISTS', 'x') == 1 do end";
    let client = stuck(&node, &mut other, endless, &["x"]);
    assert!(
        other.text("SCRIPT KILL").starts_with("UNKILLABLE Sorry the script already executed write commands")
    );
    // Its client may go; the node stops all the same.
    drop(client);
    other.send(wire(&["SHUTDOWN", "NOSAVE"]));
    assert!(other.has_ended());
}

#[test]
fn clients_of_other_keys_go_on_while_a_script_is_in_its_time() {
    let node = TestNode::start();
    let mut other = node.client();
    let mut client = node.client();
    client.send(wire(&call("local n = 0 while n < 3e7 do n = n + 1 end return 'done'", &["held"], &[])));
    let began = Instant::now();
    let mut answered = 0;
    while began.elapsed() < Duration::from_millis(50) {
        assert_eq!(other.text("INCR free"), (answered + 1).to_string());
        answered += 1;
    }
    assert!(answered > 10, "{answered}");
    assert_eq!(text(&client.reply()), "done");
}

#[test]
fn whoever_waits_is_served_when_the_script_ends() {
    let node = TestNode::start();
    let mut other = node.client();
    let mut waiting = node.client();
    waiting.send(wire(&["BLMOVE", "queue", "elsewhere", "LEFT", "RIGHT", "0"]));
    wait_for("it waits", || other.text("INFO clients").contains("blocked_clients:1").then_some(()));
    let script = "redis.call('RPUSH', KEYS[1], 'a', 'b') return redis.call('LLEN', KEYS[1])";
    assert_eq!(eval(&mut other, script, &["queue"], &[]), "2");
    assert_eq!(text(&waiting.reply()), "a");
    assert_eq!(other.text("LLEN elsewhere"), "1");
    // Inside of a script nothing waits.
    assert_eq!(eval(&mut other, "return redis.call('BLPOP', 'none', 0)", &[], &[]), "(nil)");
}

#[test]
fn a_transaction_runs_scripts_in_its_turn() {
    let node = TestNode::start();
    let mut client = node.client();
    assert_eq!(client.text("MULTI"), "OK");
    assert_eq!(client.text("SET n 1"), "QUEUED");
    assert_eq!(
        eval(&mut client, "redis.call('INCRBY', 'n', 10) return redis.call('SELECT', 0)", &[], &[]),
        "QUEUED"
    );
    assert_eq!(eval(&mut client, "error('no')", &[], &[]), "QUEUED");
    assert_eq!(client.text("INCR n"), "QUEUED");
    let Frame::Array(replies) = client.run("EXEC") else { panic!("EXEC replies with an array") };
    let replies: Vec<String> = replies.iter().map(text).collect();
    assert_eq!((&*replies[0], &*replies[1], &*replies[3]), ("OK", "OK", "12"));
    assert!(replies[2].starts_with("ERR user_script:1: no"), "{}", replies[2]);
}

#[test]
fn functions_stay_and_move_to_another_node() {
    let node = TestNode::start();
    let mut client = node.client();
    let library = "#!lua name=counters\n\
        redis.register_function('add', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)\n\
        redis.register_function{function_name='see', callback=function(keys) return redis.call('GET', keys[1]) end, \
        flags={'no-writes'}}";
    assert_eq!(text(&client.command(&["FUNCTION", "LOAD", library])), "counters");
    assert_eq!(client.text("FCALL add 1 n 5"), "5");
    assert_eq!(client.text("FCALL_RO see 1 n"), "5");
    assert_eq!(
        client.text("FCALL_RO add 1 n 5"),
        "ERR Can not execute a script with write flag using *_ro command."
    );
    let Frame::Bulk(dump) = client.run("FUNCTION DUMP") else { panic!("a dump is bytes") };
    let second = TestNode::start();
    let mut there = second.client();
    assert_eq!(text(&there.command(&[&b"FUNCTION"[..], b"RESTORE", &dump])), "OK");
    assert_eq!(there.text("FCALL add 1 n 7"), "7");
    assert_eq!(
        text(&there.command(&[&b"FUNCTION"[..], b"RESTORE", &dump])),
        "ERR Library counters already exists"
    );
    assert_eq!(text(&there.command(&[&b"FUNCTION"[..], b"RESTORE", &dump, b"REPLACE"])), "OK");
    assert_eq!(there.text("FUNCTION DELETE counters"), "OK");
    assert_eq!(there.text("FCALL add 1 n 7"), "ERR Function not found");
}

/// Money moves between accounts: by scripts that declare one account and take the other as they go, by transactions and
/// by commands on several keys. None waits for another for ever, and none is lost.
#[test]
fn scripts_and_others_never_wait_in_a_circle() {
    const ACCOUNTS: usize = 40;
    const EACH: i64 = 1000;
    let node = Arc::new(TestNode::start());
    let mut client = node.client();
    for account in 0..ACCOUNTS {
        assert_eq!(client.text(&format!("SET account:{account} {EACH}")), "OK");
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut workers = Vec::new();
    for worker in 0..6_usize {
        let (node, stop) = (Arc::clone(&node), Arc::clone(&stop));
        workers.push(thread::spawn(move || {
            let mut client = node.client();
            let mut rounds = 0;
            let mut step = worker * 7919;
            while !stop.load(Relaxed) {
                step = step.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                let (from, to) = (step / 65_536 % ACCOUNTS, step / 1_048_576 % ACCOUNTS);
                let (from, to) = (format!("account:{from}"), format!("account:{to}"));
                match worker % 3 {
                    0 => {
                        let script =
                            "redis.call('DECR', KEYS[1]) redis.call('INCR', 'account:' .. ARGV[1]) return 1";
                        let number = to.strip_prefix("account:").unwrap();
                        assert_eq!(eval(&mut client, script, &[&from], &[number]), "1");
                    }
                    1 => {
                        client.run("MULTI");
                        client.run(&format!("DECR {to}"));
                        client.run(&format!("INCR {from}"));
                        assert!(matches!(client.run("EXEC"), Frame::Array(_)));
                    }
                    _ => {
                        let read = client.run(&format!("MGET {from} {to} account:0 account:1"));
                        assert!(matches!(read, Frame::Array(_)), "{read:?}");
                        if rounds % 16 == 0 {
                            client.run("SCAN 0 COUNT 100");
                        }
                    }
                }
                rounds += 1;
            }
            rounds
        }));
    }
    thread::sleep(Duration::from_secs(3));
    stop.store(true, Relaxed);
    let rounds: Vec<usize> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    assert!(rounds.iter().all(|rounds| *rounds > 20), "{rounds:?}");
    let sum = "local sum = 0 for i = 0, tonumber(ARGV[1]) - 1 do sum = sum + redis.call('GET', 'account:' .. i) end \
               return sum";
    let expected = (ACCOUNTS as i64 * EACH).to_string();
    assert_eq!(eval(&mut client, sum, &[], &[&ACCOUNTS.to_string()]), expected);
}

#[test]
fn memory_of_scripts_has_an_end() {
    let node = TestNode::start();
    let mut client = node.client();
    let hungry = "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e6) .. i end";
    let refused = eval(&mut client, hungry, &[], &[]);
    assert!(
        refused.starts_with("ERR Error running script ") && refused.ends_with(", not enough memory"),
        "{refused}"
    );
    assert_eq!(eval(&mut client, "return 'well'", &[], &[]), "well");
    let info = client.text("INFO memory");
    assert!(info.contains("number_of_cached_scripts:2"), "{info}");
}
