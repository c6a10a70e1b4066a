//! Start, stop, and what stands in the way.

use std::io::Read;
use std::net::TcpListener;
use std::process::Command;

use rustix::process::Signal;

use crate::client::wire;
use crate::process::TestNode;
use crate::process::command;
use crate::telemetry_support::wait_for;

/// Runs the program until it ends by itself: exit code and standard error.
fn fails(change: impl FnOnce(&mut Command)) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path());
    change(&mut command);
    let mut child = command.spawn().unwrap();
    let status = wait_for("the program has ended", || child.try_wait().unwrap());
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    (status.code(), words)
}

#[test]
fn a_node_starts_with_nothing_and_stops_on_a_signal() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut node = TestNode::start();
        assert_eq!(node.client().text("PING"), "PONG");
        assert!(node.curl("/health/ready", &[]).contains("ok"));
        node.signal(signal);
        assert_eq!(node.ended().code(), Some(0));
        assert!(node.last_words().contains("stopping"));
        let actions: Vec<_> = node.lines("node").iter().map(|line| line["event.action"].clone()).collect();
        for action in ["node-started", "listener-bound", "node-ready", "node-stopping", "node-stopped"] {
            assert!(actions.contains(&action.into()), "{action} is not among {actions:?}");
        }
    }
}

#[test]
fn what_was_sent_before_the_signal_is_answered() {
    let mut node = TestNode::start();
    let mut client = node.client();
    assert_eq!(client.text("PING"), "PONG");
    let batch: Vec<u8> =
        (0..1000).flat_map(|n| wire(&["SET".to_owned(), format!("k{n}"), "v".repeat(100)])).collect();
    client.send(&batch);
    // The first answer shows that the batch has arrived; the signal then finds it under way or done.
    assert_eq!(crate::client::text(&client.reply()), "OK");
    node.signal(Signal::TERM);
    let answered = 1 + std::iter::from_fn(|| client.try_reply()).count();
    assert_eq!(answered, 1000);
    assert_eq!(node.ended().code(), Some(0));
}

#[test]
fn nobody_is_forgotten_who_had_sent_before_the_signal() {
    // One thread has to notice them all at the moment of the stop.
    let mut node = TestNode::start_with(|command| {
        command.args(["--io-threads", "1"]);
    });
    let mut clients: Vec<_> = (0..60).map(|_| node.client()).collect();
    clients.iter_mut().for_each(|client| assert_eq!(client.text("PING"), "PONG"));
    let batch: Vec<u8> = (0..50).flat_map(|n| wire(&["SET", &format!("k{n}"), "v"])).collect();
    clients.iter_mut().for_each(|client| client.send(&batch));
    clients.iter().for_each(|client| client.delivered());
    node.signal(Signal::TERM);
    for client in &mut clients {
        assert_eq!(std::iter::from_fn(|| client.try_reply()).count(), 50);
    }
    assert_eq!(node.ended().code(), Some(0));
}

#[test]
fn whoever_takes_no_replies_holds_a_stop_up_no_longer_than_allowed() {
    let mut node = TestNode::start_with(|command| {
        command.env("HYPERCACHE_SHUTDOWN_TIMEOUT", "200ms");
    });
    let mut client = node.client();
    client.command(&["SET", "big", &"x".repeat(8 << 20)]);
    client.send((0..20).flat_map(|_| wire(&["GET", "big"])).collect::<Vec<_>>());
    wait_for("the replies are on their way", || {
        node.client().text("CLIENT LIST").lines().any(|line| line.contains("cmd=get")).then_some(())
    });
    node.signal(Signal::TERM);
    assert_eq!(node.ended().code(), Some(0));
    let lines = node.lines("node");
    let stopped = lines.iter().find(|line| line["event.action"] == "node-stopped").unwrap();
    assert!(stopped["event.duration"].as_u64().is_some_and(|took| took >= 200_000_000), "{stopped}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut node = TestNode::start_with(|command| {
        command.env("HYPERCACHE_SHUTDOWN_TIMEOUT", "10m");
    });
    let mut client = node.client();
    client.command(&["SET", "big", &"x".repeat(8 << 20)]);
    // Somebody who asks for more than the socket holds and reads nothing keeps the drain waiting.
    client.send((0..20).flat_map(|_| wire(&["GET", "big"])).collect::<Vec<_>>());
    wait_for("the replies are on their way", || {
        let clients = node.client().text("CLIENT LIST");
        clients.lines().any(|line| line.contains("cmd=get")).then_some(())
    });
    let waiting = node.curl("/health", &[]);
    assert!(waiting.contains("ok"), "{waiting}");
    node.signal(Signal::TERM);
    wait_for("it has begun to stop", || {
        node.lines("node").iter().any(|line| line["event.action"] == "node-stopping").then_some(())
    });
    node.signal(Signal::INT);
    assert_eq!(node.ended().code(), Some(130));
}

#[test]
fn a_client_may_stop_it() {
    let mut node = TestNode::start();
    let mut client = node.client();
    let refused = "ERR SHUTDOWN SAVE is not possible: this node keeps its data in memory only";
    assert_eq!(client.text("SHUTDOWN SAVE"), refused);
    client.send([wire(&["SET", "a", "1"]), wire(&["SHUTDOWN", "NOSAVE"]), wire(&["GET", "a"])].concat());
    // What came before is answered; SHUTDOWN itself and what comes after are not.
    assert_eq!(crate::client::text(&client.reply()), "OK");
    assert!(client.has_ended());
    assert_eq!(node.ended().code(), Some(0));
}

#[test]
fn an_address_that_is_taken_is_told_with_the_flag_to_change_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--resp-addr", "--http-addr"] {
        let (code, words) = fails(|command| {
            let other = if flag == "--resp-addr" { "--http-addr" } else { "--resp-addr" };
            *command = Command::new(env!("CARGO_BIN_EXE_hypercache"));
            let folder = tempfile::tempdir().unwrap().keep();
            command.env_clear().current_dir(folder).args([flag, &address, other, "127.0.0.1:0"]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        });
        assert_eq!(code, Some(1), "{words}");
        assert!(words.contains(&address) && words.contains(flag), "{words}");
    }
}

#[test]
fn a_data_folder_is_for_one_node() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _first = TestNode::start_with(|command| {
        command.arg("--data-dir").arg(&data);
    });
    let (code, words) = fails(|command| {
        command.arg("--data-dir").arg(&data);
    });
    assert_eq!(code, Some(1));
    assert!(words.contains("another node uses this data folder") && words.contains("--data-dir"), "{words}");
}

#[test]
fn a_data_folder_outlives_a_node_that_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        TestNode::start_with(|command| {
            command.arg("--data-dir").arg(folder.path());
        })
    };
    let mut first = start();
    first.signal(Signal::KILL);
    assert_eq!(first.ended().code(), None);
    assert_eq!(start().client().text("PING"), "PONG");
}

#[test]
fn a_data_folder_that_cannot_be_is_told_with_the_flag_to_change_it() {
    for (data, reason) in [("node.yaml", "must be a folder"), ("/proc/none", "No such file or directory")] {
        let (code, words) = fails(|command| {
            std::fs::write(command.get_current_dir().unwrap().join("node.yaml"), "").unwrap();
            command.args(["--data-dir", data]);
        });
        assert_eq!(code, Some(1));
        assert!([data, reason, "--data-dir"].iter().all(|part| words.contains(part)), "{words}");
    }
}

#[test]
fn a_wrong_configuration_is_told_with_key_and_line() {
    let (code, words) = fails(|command| {
        let file = command.get_current_dir().unwrap().join("bad.yaml");
        std::fs::write(&file, "network:\n  resp_adr: 127.0.0.1:0\n").unwrap();
        command.arg("--config").arg(file);
    });
    assert_eq!(code, Some(1));
    assert!(
        words.contains("bad.yaml:2") && words.contains("resp_adr") && words.contains("resp_addr"),
        "{words}"
    );
}

#[test]
fn a_node_outlives_its_terminal_and_begins_a_moved_log_anew() {
    let mut node = TestNode::start();
    let mut client = node.client();
    let log = node.log("node");
    wait_for("the log has begun", || log.exists().then_some(()));
    std::fs::rename(&log, log.with_extension("moved")).unwrap();
    for _ in 0..3 {
        node.signal(Signal::HUP);
        assert_eq!(client.text("PING"), "PONG");
    }
    wait_for("the log has begun anew", || {
        // Something has to be told.
        assert_eq!(client.text("CONFIG SET loglevel notice"), "OK");
        log.exists().then_some(())
    });
    node.signal(Signal::TERM);
    assert!(node.ended().success());
}
