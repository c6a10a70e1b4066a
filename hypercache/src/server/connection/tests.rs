//! Replies and the log: none goes out before what it acknowledges is kept.

use std::io::ErrorKind;
use std::path::Path;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;

use super::*;
use crate::config::Compression;
use crate::engine::Durability;
use crate::persistence::Log;
use crate::persistence::disk::faulty::Fault;
use crate::persistence::disk::faulty::FaultyDisk;
use crate::persistence::log::Handling;
use crate::persistence::log::LogOptions;
use crate::server::node_commands::fixture::Fixture;

/// Logs each command and says that it is done.
struct Logging {
    durability: Arc<Durability>,
    fsync: Fsync,
}

impl Executor for Logging {
    fn execute(
        &self,
        _call: &Call<'_>,
        session: &mut Session,
        reply: &mut ReplyWriter,
    ) -> Result<Execution, ReplyError> {
        let handling = Handling { store: 0, fsync: self.fsync, compression: Compression::None };
        let log = self.durability.log().expect("the test has made one");
        session.note_logged(log.append(b"record", handling), self.fsync);
        reply.ok();
        Ok(Execution::default())
    }
}

struct Bench {
    fixture: Fixture,
    disk: FaultyDisk,
    shared: Arc<Shared>,
    _stop: watch::Sender<bool>,
}

impl Bench {
    fn new(fsync: Fsync) -> Self {
        let (fixture, disk) = (Fixture::new(), FaultyDisk::default());
        let durability = Arc::new(Durability::default());
        let opened = Log::open(
            Arc::new(disk.clone()),
            Path::new("/log"),
            7,
            LogOptions::default(),
            1,
            b"stores",
            None,
        );
        durability.set_log(Arc::new(opened.unwrap()));
        let (stop, stopping) = watch::channel(false);
        let node = &fixture.node;
        let shared = Arc::new(Shared {
            executor: Arc::new(Logging { durability: Arc::clone(&durability), fsync }),
            clients: Arc::clone(&node.clients),
            authenticator: Arc::clone(&node.authenticator),
            settings: Arc::clone(&node.settings),
            pause: Arc::clone(&node.pause),
            durability,
            telemetry: node.telemetry.clone(),
            stopping,
        });
        Self { fixture, disk, shared, _stop: stop }
    }

    /// Sends a pipeline of two commands, and all that comes back until there are two replies or the connection is closed.
    async fn pipeline(&self, port: u16) -> String {
        let (mut client, server) = tokio::io::duplex(4096);
        let (registration, _) = self.fixture.connect(port);
        let serving = serve(server, registration, Arc::clone(&self.shared), Rc::new(Buffers::new()));
        let talking = async {
            client.write_all(b"PING\r\nPING\r\n").await.unwrap();
            let (mut all, mut part) = (Vec::new(), [0; 64]);
            while all.len() < 10 {
                match client.read(&mut part).await.unwrap() {
                    0 => break,
                    read => all.extend_from_slice(&part[..read]),
                }
            }
            drop(client);
            String::from_utf8(all).unwrap()
        };
        tokio::join!(serving, talking).1
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_acknowledged_is_in_the_file_or_on_disk() {
    for fsync in [Fsync::Never, Fsync::Periodic, Fsync::Always] {
        let bench = Bench::new(fsync);
        assert_eq!(bench.pipeline(2000).await, "+OK\r\n+OK\r\n");
        let log = bench.shared.durability.log().unwrap();
        assert_eq!(log.written(), log.appended());
        assert!(fsync != Fsync::Always || log.synced() == log.appended());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_could_not_be_kept_is_not_acknowledged() {
    for (fsync, call) in [(Fsync::Periodic, "append"), (Fsync::Always, "append"), (Fsync::Always, "sync")] {
        let bench = Bench::new(fsync);
        bench.disk.fail_only(call, 1, Fault::From(ErrorKind::StorageFull));
        assert_eq!(bench.pipeline(2000).await, "", "{fsync:?} {call}");
        assert!(bench.shared.durability.log().unwrap().check().is_err());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn connections_that_are_ready_together_share_a_write() {
    let bench = Bench::new(Fsync::Periodic);
    let writes = bench.shared.durability.log().unwrap().tally().writes;
    let all = tokio::join!(bench.pipeline(2000), bench.pipeline(2001), bench.pipeline(2002));
    assert_eq!([all.0, all.1, all.2], ["+OK\r\n+OK\r\n"; 3]);
    assert!(bench.shared.durability.log().unwrap().tally().writes < writes + 3);
}
