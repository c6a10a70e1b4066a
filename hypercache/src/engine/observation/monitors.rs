//! Clients in `MONITOR`: each gets a line about every command that is executed.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::SystemTime;

use hashbrown::HashMap;
use parking_lot::RwLock;

use crate::command::Command;
use crate::command::spec::Flags;
use crate::command::spec::Run;
use crate::engine::client::Client;
use crate::engine::observation::redaction;
use crate::resp::Args;

/// Who monitors.
#[derive(Debug, Default)]
pub struct Monitors {
    /// The only thing that a command looks at while nobody monitors.
    count: AtomicUsize,
    clients: RwLock<HashMap<u64, Arc<Client>>>,
}

/// Where a command came from.
#[derive(Debug, Clone, Copy)]
pub enum Origin {
    /// A connection of the Redis protocol.
    Resp(SocketAddr),
    /// A request over HTTP.
    Http(SocketAddr),
    /// A script.
    Script,
}

impl Monitors {
    /// Whether anybody monitors.
    #[inline]
    pub fn any(&self) -> bool {
        self.count.load(Relaxed) > 0
    }

    /// How many monitor.
    pub fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    fn add(&self, client: &Arc<Client>) {
        let mut clients = self.clients.write();
        clients.insert(client.id, Arc::clone(client));
        self.count.store(clients.len(), Relaxed);
        client.set_monitor(true);
    }

    fn remove(&self, client: &Client) {
        let mut clients = self.clients.write();
        clients.remove(&client.id);
        self.count.store(clients.len(), Relaxed);
        client.set_monitor(false);
    }

    /// Shows a command that was executed in the store of this number, or a script that is about to be. Those for
    /// administrators are not shown.
    #[cold]
    pub fn show(&self, command: &Command, args: Args<'_>, store: usize, origin: Origin) {
        let flags = command.spec.flags;
        // To Redis a script skips what shows commands that were executed: it shows itself, before what it calls.
        let skips = flags.has(Flags::SKIP_MONITOR) && !matches!(command.spec.run, Run::Script(_));
        if skips || flags.has(Flags::ADMIN) {
            return;
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let line = line(now, command, args, store, origin);
        for client in self.clients.read().values() {
            client.deliver(line.as_bytes());
        }
    }
}

/// A client's place among those who monitor; given up when dropped.
#[derive(Debug)]
pub struct Monitoring {
    observation: Arc<crate::engine::Observation>,
    client: Arc<Client>,
}

impl Monitoring {
    /// Has `client` monitor from here on.
    pub fn begin(observation: &Arc<crate::engine::Observation>, client: &Arc<Client>) -> Self {
        observation.monitors.add(client);
        Self { observation: Arc::clone(observation), client: Arc::clone(client) }
    }
}

impl Drop for Monitoring {
    fn drop(&mut self) {
        self.observation.monitors.remove(&self.client);
    }
}

/// The line about a command: a simple string, in which no argument can forge another line.
fn line(now: Duration, command: &Command, args: Args<'_>, store: usize, origin: Origin) -> String {
    let mut line = format!("+{}.{:06} ", now.as_secs(), now.subsec_micros());
    let from = match origin {
        Origin::Resp(address) => format!("[{store} {address}]"),
        Origin::Http(address) => format!("[{store} http:{address}]"),
        Origin::Script => format!("[{store} lua]"),
    };
    line.push_str(&from);
    for argument in redaction::shown(command, args) {
        line.push_str(" \"");
        escape(&argument, &mut line);
        line.push('"');
    }
    line.push_str("\r\n");
    line
}

/// Writes bytes as Redis quotes them: visible ASCII as it is, the rest as escapes.
fn escape(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        match byte {
            b'\\' | b'"' => {
                text.push('\\');
                text.push(char::from(*byte));
            }
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            0x07 => text.push_str("\\a"),
            0x08 => text.push_str("\\b"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => write!(text, "\\x{byte:02x}").expect("writing to a string does not fail"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::table::table;
    use crate::resp::OwnedArgs;

    #[test]
    fn a_line_shows_who_did_what_and_hides_secrets() {
        let here = SocketAddr::from(([127, 0, 0, 1], 7));
        let now = Duration::new(12, 34_000);
        let of = |parts: &[&[u8]], origin| {
            let args = OwnedArgs::new(parts);
            line(now, table().resolve(args.view()), args.view(), 3, origin)
        };
        assert_eq!(
            of(&[b"set", b"a\"\\b\r\n\t\x07\x08", b"\x00\xff~ "], Origin::Resp(here)),
            "+12.000034 [3 127.0.0.1:7] \"set\" \"a\\\"\\\\b\\r\\n\\t\\a\\b\" \"\\x00\\xff~ \"\r\n"
        );
        assert_eq!(
            of(&[b"AUTH", b"x"], Origin::Http(here)),
            "+12.000034 [3 http:127.0.0.1:7] \"AUTH\" \"(redacted)\"\r\n"
        );
        assert_eq!(of(&[b"PING"], Origin::Script), "+12.000034 [3 lua] \"PING\"\r\n");
    }
}
