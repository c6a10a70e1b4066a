//! For tests: a node's executors without its doors.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::command::table::table;
use crate::config;
use crate::config::Config;
use crate::engine::Accounting;
use crate::engine::Call;
use crate::engine::Disposal;
use crate::engine::Engine;
use crate::engine::Executor;
use crate::engine::Flow;
use crate::engine::Herald;
use crate::engine::Observation;
use crate::engine::Session;
use crate::engine::client::Client;
use crate::engine::client::Clients;
use crate::engine::client::Registration;
use crate::engine::observed::Observed;
use crate::engine::pause::Pause;
use crate::engine::pubsub::Broker;
use crate::engine::session::Door;
use crate::engine::settings::Settings;
use crate::engine::version::VERSION;
use crate::keyspace::key::HashSeed;
use crate::resp::OwnedArgs;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::script::Scripting;
use crate::security::Authenticator;
use crate::security::Guarded;
use crate::server::Dispatch;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::Statistics;
use crate::store::Registry;
use crate::telemetry::NodeIdentity;
use crate::telemetry::Telemetry;
use crate::telemetry::TelemetryGuard;

/// Takes the place of standard output.
#[derive(Clone, Default)]
pub struct Console(Arc<Mutex<Vec<u8>>>);

impl Console {
    /// What was written so far.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

impl io::Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A node's executors and one client that runs commands on them.
pub struct Fixture {
    /// What node commands work on.
    pub node: Arc<NodeState>,
    /// What the last command did to the connection.
    pub flow: Flow,
    /// The client that runs the commands.
    pub session: Session,
    executor: Observed<Guarded<Dispatch>>,
    _registration: Registration,
    stop: mpsc::Receiver<&'static str>,
    _guard: TelemetryGuard,
}

impl Fixture {
    /// With the default configuration and a second store.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// With that configuration, changed.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.stores.push(config::Store { name: "sessions".to_owned(), ..config.stores[0].clone() });
        config.telemetry.log.stdout = false;
        config.telemetry.log.files = false;
        change(&mut config);
        let (telemetry, guard) = quiet_telemetry(&config);
        Self::around(config, telemetry, guard)
    }

    /// With the default configuration, and what it writes to the log.
    pub fn logging() -> (Self, Console) {
        let mut config = Config::default();
        config.telemetry.log.files = false;
        let console = Console::default();
        let identity = NodeIdentity { id: "test".to_owned(), version: VERSION };
        let builder =
            Telemetry::builder(&config.telemetry, &identity, command_names(), vec!["default".to_owned()]);
        let (telemetry, guard) = builder.console(Box::new(console.clone())).build().unwrap();
        (Self::around(config, telemetry, guard), console)
    }

    /// With this configuration and telemetry.
    pub fn around(config: Config, telemetry: Telemetry, guard: TelemetryGuard) -> Self {
        let registry = Arc::new(Registry::new(&config.stores, &config.cache, HashSeed(7)));
        let authenticator = Authenticator::new(config.security.requirepass.clone());
        let authenticator = Arc::new(authenticator.with_file(config.security.users_file.clone()).unwrap());
        let (stop_sender, stop) = mpsc::channel(1);
        let disposal = Disposal::start().expect("a thread can be started");
        let broker = Arc::<Broker>::default();
        let clients = Arc::<Clients>::default();
        let herald = Herald::new(Arc::clone(&registry), Arc::clone(&broker), Arc::clone(&clients));
        let herald = Arc::new(herald);
        let accounting = Accounting::new(
            Arc::clone(&registry),
            Arc::clone(&clients),
            Arc::clone(&herald),
            Arc::clone(&broker),
            telemetry.clone(),
            || 0,
        );
        let node = Arc::new(NodeState {
            accounting: Arc::new(accounting),
            config_file: None,
            run_id: "0123456789".repeat(4),
            started: Instant::now(),
            started_unix: 1_700_000_000,
            registry: Arc::clone(&registry),
            herald,
            clients,
            settings: Arc::new(Settings::new(&config.network)),
            pause: Arc::new(Pause::default()),
            authenticator: Arc::clone(&authenticator),
            telemetry: telemetry.clone(),
            durability: Arc::default(),
            stop: stop_sender,
            broker,
            waiters: Arc::default(),
            disposal: disposal.clone(),
            scripting: Arc::new(Scripting::new(Arc::clone(&registry), 0).expect("Lua states can be made")),
            statistics: Statistics::default(),
            observation: Arc::new(Observation::new(config.telemetry.slow_command)),
            config,
        });
        node.configure();
        let (herald, waiters) = (Arc::clone(&node.herald), Arc::clone(&node.waiters));
        let observation = Arc::clone(&node.observation);
        let engine = Engine::new(registry, disposal, telemetry.clone(), herald, waiters, observation);
        let dispatch = Dispatch::new(engine, Arc::clone(&authenticator), Arc::clone(&node));
        let executor = Observed::new(
            Guarded::new(dispatch, Arc::clone(&authenticator)),
            telemetry,
            Arc::clone(&node.observation),
        );
        let registration = connect(&node, 1001);
        let client = Arc::clone(registration.client());
        let session = Session::new(client, Door::Resp, authenticator.anonymous(), 1);
        Self {
            node,
            flow: Flow::Continue,
            session,
            executor,
            _registration: registration,
            stop,
            _guard: guard,
        }
    }

    /// Runs a line, split at blanks, and gives the bytes of the reply.
    pub fn raw(&mut self, line: &str) -> String {
        self.raw_parts(&line.split(' ').collect::<Vec<_>>())
    }

    /// Runs these arguments and gives the bytes of the reply.
    pub fn raw_parts(&mut self, parts: &[&str]) -> String {
        let args = OwnedArgs::new(parts);
        let mut reply = ReplyWriter::new(self.session.protocol());
        let received = Instant::now();
        self.session.begin_batch(received);
        let call = Call { command: table().resolve(args.view()), args: args.view(), received, position: 0 };
        self.flow = match self.executor.execute(&call, &mut self.session, &mut reply) {
            Ok(execution) => execution.flow,
            Err(error) => {
                reply.error(error.prefix, &error.text);
                Flow::Continue
            }
        };
        self.session.end_batch(1, &self.node.telemetry);
        String::from_utf8(reply.take()).unwrap()
    }

    /// Runs a line and reads its reply.
    pub fn value(&mut self, line: &str) -> redis::Value {
        redis::parse_redis_value(self.raw(line).as_bytes()).unwrap()
    }

    /// Runs a line whose reply is a text.
    pub fn text(&mut self, line: &str) -> String {
        match self.value(line) {
            redis::Value::BulkString(bytes) => String::from_utf8(bytes).unwrap(),
            redis::Value::VerbatimString { text, .. } => text,
            other => panic!("{line} gave {other:?}"),
        }
    }

    /// Speaks another version from here on.
    pub fn protocol(&mut self, protocol: Protocol) {
        self.session.set_protocol(protocol);
    }

    /// Connects another client, from this port.
    pub fn connect(&self, port: u16) -> (Registration, Arc<Client>) {
        let registration = connect(&self.node, port);
        let client = Arc::clone(registration.client());
        client.set_user(self.node.authenticator.anonymous().map(|user| Arc::clone(user.name())));
        (registration, client)
    }

    /// Why the node was asked to stop, if it was.
    pub fn asked_to_stop(&mut self) -> Option<&'static str> {
        self.stop.try_recv().ok()
    }
}

/// Telemetry that writes nothing and leaves the process's alone.
pub fn quiet_telemetry(config: &Config) -> (Telemetry, TelemetryGuard) {
    let identity = NodeIdentity { id: "test".to_owned(), version: VERSION };
    let stores = config.stores.iter().map(|store| store.name.clone()).collect();
    Telemetry::builder(&config.telemetry, &identity, command_names(), stores).build().unwrap()
}

/// Names of all commands, by number.
pub fn command_names() -> Vec<String> {
    table().all().iter().map(|command| command.name.clone()).collect()
}

fn connect(node: &NodeState, port: u16) -> Registration {
    let here = |port| SocketAddr::from(([127, 0, 0, 1], port));
    node.clients.register(here(port), here(8080), usize::MAX).unwrap()
}
