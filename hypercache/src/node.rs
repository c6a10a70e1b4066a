//! The composition root: builds the parts bottom-up, starts them, and stops them in reverse order.

mod descriptors;
mod eviction;
mod filters;
pub mod gauges;
mod memory_watch;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use std::time::Instant;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::command::table::table;
use crate::config;
use crate::config::Config;
use crate::engine::Accounting;
use crate::engine::Disposal;
use crate::engine::Engine;
use crate::engine::Executor;
use crate::engine::Herald;
use crate::engine::Observation;
use crate::engine::Observed;
use crate::engine::client::Client;
use crate::engine::client::Clients;
use crate::engine::client::Cut;
use crate::engine::pause::Pause;
use crate::engine::pubsub::Broker;
use crate::engine::session::unix_millis;
use crate::engine::settings::Settings;
use crate::engine::version::VERSION;
use crate::http::Door;
use crate::http::HttpState;
use crate::keyspace::key::HashSeed;
use crate::node::eviction::EvictionThread;
use crate::node::filters::FilterThread;
use crate::node::memory_watch::MemoryWatch;
use crate::persistence::DataDir;
use crate::persistence::data_dir::DataDirError;
use crate::script::Scripting;
use crate::security::Authenticator;
use crate::security::Guarded;
use crate::server::Dispatch;
use crate::server::Listener;
use crate::server::Shared;
use crate::server::listener;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::Statistics;
use crate::server::node_commands::client;
use crate::server::worker::Worker;
use crate::store::Registry;
use crate::store::sweep::Sweeper;
use crate::telemetry::Event;
use crate::telemetry::NodeIdentity;
use crate::telemetry::Telemetry;
use crate::telemetry::TelemetryError;
use crate::telemetry::TelemetryGuard;
use crate::telemetry::events::lifecycle::ListenerBound;
use crate::telemetry::events::lifecycle::NodeReady;
use crate::telemetry::events::lifecycle::NodeStartFailed;
use crate::telemetry::events::lifecycle::NodeStarted;
use crate::telemetry::events::lifecycle::NodeStopped;
use crate::telemetry::events::lifecycle::NodeStopping;
use crate::telemetry::nanoseconds;
use crate::telemetry::operation;

/// Why a node does not start.
#[derive(Debug, Error)]
pub enum NodeError {
    /// Its data folder cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// An address cannot be listened on.
    #[error(
        "cannot listen for {protocol} on {address}: {error}; is another process there? choose another with {flag}"
    )]
    Bind {
        /// RESP or HTTP.
        protocol: &'static str,
        /// The address.
        address: SocketAddr,
        /// The flag that changes it.
        flag: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// The file of users cannot be used.
    #[error("{0}")]
    Users(String),
    /// The Lua states cannot be made.
    #[error("cannot make a Lua state for scripts: {0}")]
    Scripts(String),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// Starts telemetry for a node with this configuration: before anything else, so that everything is told.
pub fn start_telemetry(config: &Config) -> Result<(Telemetry, TelemetryGuard), TelemetryError> {
    let identity = NodeIdentity { id: config.node.id.clone(), version: VERSION };
    let commands = table().all().iter().map(|command| command.name.clone()).collect();
    let stores = config.stores.iter().map(|store| store.name.clone()).collect();
    Telemetry::start(&config.telemetry, &identity, commands, stores)
}

/// The executors of a node without doors: for whoever brings it commands by another way. Nothing is bound, written or
/// swept.
pub fn executor(config: Config, telemetry: Telemetry) -> Result<Arc<dyn Executor>, NodeError> {
    let (stop, _) = mpsc::channel(1);
    let (_, stopping) = watch::channel(false);
    Ok(Parts::assemble(config, None, telemetry, stop, stopping)?.shared.executor.clone())
}

/// A running node.
pub struct Node {
    resp_address: SocketAddr,
    http_address: SocketAddr,
    clients: Arc<Clients>,
    stopping: watch::Sender<bool>,
    asked_to_stop: mpsc::Receiver<&'static str>,
    resp: JoinHandle<Vec<Worker>>,
    http: JoinHandle<()>,
    housekeeping: JoinHandle<()>,
    sweeper: SweepThread,
    memory_watch: MemoryWatch,
    evictor: EvictionThread,
    filters: FilterThread,
    scripting: Arc<Scripting>,
    _data_dir: DataDir,
}

impl Node {
    /// Builds a node and opens its doors. Everything is bound before anything is served.
    pub async fn start(
        config: Config,
        config_file: Option<PathBuf>,
        telemetry: Telemetry,
    ) -> Result<Self, NodeError> {
        let began = Instant::now();
        let running = operation::NODE_START.start();
        let result = Self::build(config, config_file, telemetry);
        running.finish(&result, |_| "start_failed");
        match &result {
            Ok(_) => NodeReady { duration_ns: nanoseconds(began.elapsed()) }.emit(),
            Err(error) => NodeStartFailed { message: &error.to_string() }.emit(),
        }
        result
    }

    fn build(
        mut config: Config,
        config_file: Option<PathBuf>,
        telemetry: Telemetry,
    ) -> Result<Self, NodeError> {
        let file = config_file.as_ref().map(|file| file.display().to_string());
        NodeStarted {
            version: VERSION,
            config_file: file.as_deref(),
            stores: config.stores.len(),
            io_threads: config.network.io_threads,
        }
        .emit();
        let descriptors = descriptors::raise_limit();
        let data_dir = DataDir::open(&config.node.data_dir)?;
        let (resp, http) = bind(&mut config.network)?;
        let (resp_address, http_address) = (config.network.resp_addr, config.network.http_addr);
        let (stopping, stopping_seen) = watch::channel(false);
        let (stop, asked_to_stop) = mpsc::channel(1);
        let parts = Parts::assemble(config, config_file, telemetry, stop, stopping_seen)?;
        descriptors::limit_connections(&parts.state, descriptors);
        memory_watch::tell_limit(&parts.state);
        let network = &parts.state.config.network;
        let listener = Listener::new(resp, network, Arc::clone(&parts.shared)).map_err(NodeError::Thread)?;
        let door = Door::new(http, Arc::clone(&parts.http));
        ListenerBound { protocol: "resp", address: resp_address }.emit();
        ListenerBound { protocol: "http", address: http_address }.emit();
        Ok(Self {
            resp_address,
            http_address,
            clients: Arc::clone(&parts.state.clients),
            scripting: Arc::clone(&parts.state.scripting),
            stopping,
            asked_to_stop,
            sweeper: SweepThread::start(&parts.state)?,
            memory_watch: MemoryWatch::start(Arc::clone(&parts.state)).map_err(NodeError::Thread)?,
            evictor: EvictionThread::start(&parts.state)?,
            filters: FilterThread::start(&parts.state)?,
            resp: tokio::spawn(listener.serve()),
            http: tokio::spawn(door.serve(network.shutdown_timeout)),
            housekeeping: tokio::spawn(keep_house(parts.state)),
            _data_dir: data_dir,
        })
    }

    /// Where RESP is served.
    pub fn resp_address(&self) -> SocketAddr {
        self.resp_address
    }

    /// Where HTTP is served.
    pub fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// Waits until a client asks the node to stop; why.
    pub async fn asked_to_stop(&mut self) -> &'static str {
        match self.asked_to_stop.recv().await {
            Some(reason) => reason,
            // Nobody is left who could ask.
            None => std::future::pending().await,
        }
    }

    /// Stops: no new clients, those there are finish what they have begun.
    pub async fn stop(self, reason: &str) {
        let began = Instant::now();
        NodeStopping { reason, connections: self.clients.len() }.emit();
        let running = operation::NODE_STOP.start();
        self.stopping.send_replace(true);
        // Its client is not there any more to wait for it.
        self.scripting.running().end();
        let workers = self.resp.await.unwrap_or_default();
        let joined = tokio::task::spawn_blocking(move || workers.into_iter().for_each(Worker::join));
        // A panic in there has been told by the hook; the node stops all the same.
        drop(joined.await);
        drop(self.http.await);
        self.housekeeping.abort();
        self.sweeper.stop();
        self.memory_watch.stop();
        self.evictor.stop();
        self.filters.stop();
        running.succeed();
        NodeStopped { duration_ns: nanoseconds(began.elapsed()), connections_cut: self.clients.len() }.emit();
    }
}

/// Once a second: notes what rates and peaks are made from, and closes clients that have been idle for too long.
async fn keep_house(state: Arc<NodeState>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        if !state.settings.housekeeping() {
            continue;
        }
        state.tick();
        if let Some(timeout) = state.settings.idle_timeout() {
            // Whoever has subscribed or waits for a reply waits for others and is not idle.
            let waits = |client: &Client| client.subscriptions.any() || client.parked().is_some();
            let idle =
                state.clients.all().into_iter().filter(|client| client.idle() > timeout && !waits(client));
            idle.for_each(|client| client.cut(Cut::Idle));
        }
    }
}

/// Binds both doors and notes where they are really bound: port 0 leaves the choice to the system.
fn bind(network: &mut config::Network) -> Result<(TcpListener, TcpListener), NodeError> {
    let open = |protocol, address: &mut SocketAddr, flag| {
        let socket = listener::bind(*address, network.tcp_backlog);
        let bound = socket.and_then(|socket| Ok((socket.local_addr()?, socket)));
        bound.map_err(|error| NodeError::Bind { protocol, address: *address, flag, error }).map(
            |(bound, socket)| {
                *address = bound;
                socket
            },
        )
    };
    let resp = open("RESP", &mut network.resp_addr, "--resp-addr")?;
    let http = open("HTTP", &mut network.http_addr, "--http-addr")?;
    Ok((resp, http))
}

/// The parts of a node, put together and not yet running.
struct Parts {
    state: Arc<NodeState>,
    shared: Arc<Shared>,
    http: Arc<HttpState>,
}

impl Parts {
    fn assemble(
        config: Config,
        config_file: Option<PathBuf>,
        telemetry: Telemetry,
        stop: mpsc::Sender<&'static str>,
        stopping: watch::Receiver<bool>,
    ) -> Result<Self, NodeError> {
        let registry = Registry::new(&config.stores, &config.cache, HashSeed(rand::random()));
        let registry = Arc::new(registry.under(config.node.memory_limit.resolve()));
        let broker = Arc::<Broker>::default();
        let scripting = Scripting::new(Arc::clone(&registry), 0)
            .map_err(|error| NodeError::Scripts(error.to_string()))?;
        let scripting = Arc::new(scripting);
        let clients = Arc::<Clients>::default();
        let authenticator = Authenticator::new(config.security.requirepass.clone())
            .describing(client::line)
            .with_file(config.security.users_file.clone())
            .map_err(NodeError::Users)?;
        let herald = Herald::new(Arc::clone(&registry), Arc::clone(&broker), Arc::clone(&clients));
        let herald = Arc::new(herald);
        let accounting = accounting(&registry, &clients, &herald, &broker, &telemetry, &scripting);
        let state = Arc::new(NodeState {
            accounting,
            config_file,
            run_id: run_id(),
            started: Instant::now(),
            started_unix: unix_millis() / 1000,
            herald,
            registry,
            clients,
            settings: Arc::new(Settings::new(&config.network)),
            pause: Arc::new(Pause::default()),
            authenticator: Arc::new(authenticator),
            telemetry,
            broker,
            waiters: Arc::default(),
            disposal: Disposal::start().map_err(NodeError::Thread)?,
            scripting,
            durability: Arc::default(),
            stop,
            statistics: Statistics::default(),
            observation: Arc::new(Observation::new(config.telemetry.slow_command)),
            config,
        });
        state.configure();
        let dispatch = dispatch(&state).map_err(NodeError::Thread)?;
        let guarded = Guarded::new(dispatch, Arc::clone(&state.authenticator));
        let executor: Arc<dyn Executor> =
            Arc::new(Observed::new(guarded, state.telemetry.clone(), Arc::clone(&state.observation)));
        let http = Arc::new(HttpState {
            node: state.config.node.id.clone(),
            executor: Arc::clone(&executor),
            registry: Arc::clone(&state.registry),
            clients: Arc::clone(&state.clients),
            authenticator: Arc::clone(&state.authenticator),
            settings: Arc::clone(&state.settings),
            pause: Arc::clone(&state.pause),
            durability: Arc::clone(&state.durability),
            accounting: Arc::clone(&state.accounting),
            telemetry: state.telemetry.clone(),
            max_body: state.config.network.http_max_body,
            started: state.started,
            stopping: stopping.clone(),
            open: AtomicUsize::new(0),
        });
        let shared = Arc::new(Shared {
            executor,
            clients: Arc::clone(&state.clients),
            authenticator: Arc::clone(&state.authenticator),
            settings: Arc::clone(&state.settings),
            pause: Arc::clone(&state.pause),
            durability: Arc::clone(&state.durability),
            telemetry: state.telemetry.clone(),
            stopping,
        });
        gauges::set_at_each_scrape(&state, &http);
        Ok(Self { state, shared, http })
    }
}

/// Who knows where memory goes.
fn accounting(
    registry: &Arc<Registry>,
    clients: &Arc<Clients>,
    herald: &Arc<Herald>,
    broker: &Arc<Broker>,
    telemetry: &Telemetry,
    scripting: &Arc<Scripting>,
) -> Arc<Accounting> {
    let scripting = Arc::clone(scripting);
    let (registry, clients) = (Arc::clone(registry), Arc::clone(clients));
    let (herald, broker) = (Arc::clone(herald), Arc::clone(broker));
    let scripts = move || scripting.census().held_bytes();
    Arc::new(Accounting::new(registry, clients, herald, broker, telemetry.clone(), scripts))
}

/// What answers commands, with the threads for what is freed and for scripts.
fn dispatch(state: &Arc<NodeState>) -> std::io::Result<Dispatch> {
    Dispatch::new(engine(state)?, Arc::clone(&state.authenticator), Arc::clone(state)).start_scripts()
}

/// What runs data commands, with the thread for what is freed.
fn engine(state: &NodeState) -> std::io::Result<Engine> {
    Ok(Engine::new(
        Arc::clone(&state.registry),
        state.disposal.clone(),
        state.telemetry.clone(),
        Arc::clone(&state.herald),
        Arc::clone(&state.waiters),
        Arc::clone(&state.observation),
    ))
}

/// The thread that removes expired keys.
struct SweepThread {
    stop: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl SweepThread {
    fn start(state: &NodeState) -> Result<Self, NodeError> {
        let (stop, stopped) = std::sync::mpsc::channel();
        let registry = Arc::clone(&state.registry);
        let listener = Arc::clone(&state.herald);
        let attendant = Arc::new(engine(state).map_err(NodeError::Thread)?);
        let (observation, settings) = (Arc::clone(&state.observation), Arc::clone(&state.settings));
        let mut sweeper = Sweeper::new(Arc::clone(&registry), state.telemetry.clone(), listener, attendant);
        let thread = std::thread::Builder::new()
            .name("expiry".to_owned())
            .spawn(move || {
                let mut wait = registry.sweep_interval();
                // The sender's end is also an end: the node is gone then.
                while stopped.recv_timeout(wait) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                    wait = registry.sweep_interval();
                    if !settings.active_expire() {
                        continue;
                    }
                    let sweep = sweeper.sweep(unix_millis());
                    observation.sweeps.count(nanoseconds(sweep.worked), sweep.left);
                    observation.latency.sample("expire-cycle", nanoseconds(sweep.longest));
                    if sweep.left {
                        wait = sweep.pause;
                    }
                }
            })
            .map_err(NodeError::Thread)?;
        Ok(Self { stop, thread })
    }

    fn stop(self) {
        drop(self.stop);
        // A panic in there has been told by the hook.
        drop(self.thread.join());
    }
}

fn run_id() -> String {
    (0..5).map(|_| format!("{:08x}", rand::random::<u32>())).collect()
}
