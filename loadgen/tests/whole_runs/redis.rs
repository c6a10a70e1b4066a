//! Runs against redis-server, where it is installed; elsewhere these tests say so and pass.

use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

/// A redis-server on a free port, ended with the test.
struct Redis {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn start() -> Option<Redis> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("a bound socket has an address").port();
    drop(free);
    let child = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--save", "", "--appendonly", "no"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .spawn();
    let Ok(child) = child else {
        eprintln!("redis-server is not installed: nothing is tested here");
        return None;
    };
    let redis = Redis { child, port, _folder: folder };
    let since = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(since.elapsed() < Duration::from_secs(60), "redis-server does not come up");
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(redis)
}

#[test]
fn every_operation_is_understood() {
    let Some(redis) = start() else { return };
    let mix = "get,set,setex,getex,del,exists,expire,ttl,incr,append,mget,mset,scan,ping";
    let errors = "wrongtype,notinteger,unknown,arity";
    for protocol in ["resp2", "resp3"] {
        let flags = format!(
            "--protocol {protocol} --mix {mix},{errors} --ttl 1500ms..20s --miss-ratio 0.3 --store 3"
        );
        let load = "--rate max --requests 20000 --pipeline 8 --keys 500 --max-errors 0";
        let ended = crate::support::run(&format!("--target 127.0.0.1:{} {flags} {load}", redis.port));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let total = &ended.report.unwrap()["total"];
        assert_eq!(total["operations"].as_object().unwrap().len(), 18);
        assert!(total["expected_errors_by_prefix"]["WRONGTYPE"].as_u64().unwrap() > 0);
    }
}

#[test]
fn every_phase_of_the_tour_runs_twice() {
    let Some(redis) = start() else { return };
    let flags = "--scenario tour --duration 2s --repeat 2 --max-errors 0";
    let ended = crate::support::run(&format!("--target 127.0.0.1:{} {flags}", redis.port));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report = ended.report.unwrap();
    let phases = report["phases"].as_array().unwrap();
    assert_eq!(phases.len(), 9);
    for phase in phases {
        assert!(phase["requests"].as_u64().unwrap() > 0, "{}", phase["name"]);
    }
    let elapsed = report["total"]["elapsed_seconds"].as_f64().unwrap();
    assert!(elapsed > 3.5, "{elapsed}");
}
