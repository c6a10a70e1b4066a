//! A node as a process of its own, on free ports and in a folder of its own.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Child;
use std::process::ChildStderr;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;

use serde_json::Value;

use crate::client::Client;
use crate::telemetry_support::wait_for;

/// A running node; ended, by its own number, when dropped.
pub struct TestNode {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// Where RESP is served.
    pub resp: SocketAddr,
    /// Where HTTP is served.
    pub http: SocketAddr,
    folder: tempfile::TempDir,
}

/// The program, with what every test wants: free ports, a folder of its own, an environment without surprises.
pub fn command(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hypercache"));
    command.env_clear().current_dir(folder).args([
        "--resp-addr",
        "127.0.0.1:0",
        "--http-addr",
        "127.0.0.1:0",
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

impl TestNode {
    /// A node with its defaults.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A node with a configuration file of this text.
    pub fn configured(yaml: &str) -> Self {
        Self::start_with(|command| {
            let file = command.get_current_dir().unwrap().join("node.yaml");
            std::fs::write(&file, yaml).unwrap();
            command.arg("--config").arg(file);
        })
    }

    /// A node whose command line and environment `change` completes.
    pub fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(folder.path());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        let (resp, http) = loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "the node ended before it listened: {told}");
            told.push_str(&line);
            if let Some((_, addresses)) = line.split_once("RESP on ") {
                let (resp, http) = addresses.trim().split_once(", HTTP on ").unwrap();
                break (resp.parse().unwrap(), http.parse().unwrap());
            }
        };
        Self { child, stderr, resp, http, folder }
    }

    /// A new RESP connection.
    pub fn client(&self) -> Client {
        Client::connect(self.resp)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Its process number.
    pub fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Waits until it has ended.
    pub fn ended(&mut self) -> ExitStatus {
        wait_for("the node has ended", || self.child.try_wait().unwrap())
    }

    /// What it has said on standard error since it listened; it must have ended.
    pub fn last_words(&mut self) -> String {
        let mut words = String::new();
        self.stderr.read_to_string(&mut words).unwrap();
        words
    }

    /// The lines of one of its log streams so far; each must be JSON.
    pub fn lines(&self, stream: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.log(stream)).unwrap_or_default();
        // The last line may be on its way still.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
            .collect()
    }

    /// Where one of its log streams is written.
    pub fn log(&self, stream: &str) -> PathBuf {
        self.folder.path().join("logs/node-1").join(format!("{stream}.ndjson"))
    }

    /// An HTTP request by curl; the body.
    pub fn curl(&self, path: &str, arguments: &[&str]) -> String {
        let url = format!("http://{}{path}", self.http);
        let output =
            Command::new("curl").args(["-sS", "--max-time", "20"]).args(arguments).arg(url).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Resident memory, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
