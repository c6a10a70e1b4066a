//! Commands about the node.

pub mod acl;
pub mod client;
pub mod command;
pub mod command_log;
pub mod config;
mod configure;
pub mod debug;
#[cfg(test)]
pub(super) mod fixture;
pub mod help;
pub mod hot_keys;
pub mod info;
pub mod latency;
pub mod memory;
pub mod modules;
pub mod persistence;
pub mod replication;
pub mod small;
pub mod statistics;
pub mod store;

pub use statistics::Statistics;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use crate::command::ReplyError;
use crate::command::spec::NodeCommand;
use crate::config::Config;
use crate::engine::Accounting;
use crate::engine::Call;
use crate::engine::Disposal;
use crate::engine::Durability;
use crate::engine::Execution;
use crate::engine::Flow;
use crate::engine::Herald;
use crate::engine::Observation;
use crate::engine::Session;
use crate::engine::client::Client;
use crate::engine::client::Clients;
use crate::engine::pause::Pause;
use crate::engine::pubsub::Broker;
use crate::engine::pubsub::Topic;
use crate::engine::settings::Settings;
use crate::engine::waiting::Waiters;
use crate::resp::ReplyWriter;
use crate::script::Scripting;
use crate::security::Authenticator;
use crate::server::node_commands::info::Memory;
use crate::server::node_commands::statistics::Counts;
use crate::server::pubsub;
use crate::store::Registry;
use crate::store::prediction;
use crate::store::traffic;
use crate::telemetry::Telemetry;
use crate::telemetry::process::ProcessStats;

/// What commands about the node tell of and change.
pub struct NodeState {
    /// The configuration that the node started with.
    pub config: Config,
    /// Path of the file that the configuration came from, where it came from one.
    pub config_file: Option<std::path::PathBuf>,
    /// 40 hexadecimal digits, new at every start.
    pub run_id: String,
    /// When the node started.
    pub started: Instant,
    /// The same as seconds since 1970.
    pub started_unix: u64,
    /// Its stores.
    pub registry: Arc<Registry>,
    /// Who is connected.
    pub clients: Arc<Clients>,
    /// Limits that may change while the node runs.
    pub settings: Arc<Settings>,
    /// Holds commands back.
    pub pause: Arc<Pause>,
    /// Passwords.
    pub authenticator: Arc<Authenticator>,
    /// Measures and tells.
    pub telemetry: Telemetry,
    /// Knows who has subscribed to what.
    pub broker: Arc<Broker>,
    /// Who waits for keys.
    pub waiters: Arc<Waiters>,
    /// Tells of changes to keys.
    pub herald: Arc<Herald>,
    /// Frees what was dropped.
    pub disposal: Disposal,
    /// What changes wait for until they are acknowledged.
    pub durability: Arc<Durability>,
    /// Asks the node to stop.
    pub stop: mpsc::Sender<&'static str>,
    /// Scripts and functions.
    pub scripting: Arc<Scripting>,
    /// What `INFO` counts.
    pub statistics: Statistics,
    /// Where memory goes.
    pub accounting: Arc<Accounting>,
    /// What operators may ask afterwards or watch live.
    pub observation: Arc<Observation>,
}

impl NodeState {
    /// Notes what rates and peaks in `INFO` are made from, and lets samples age; to be called about once a second.
    pub fn tick(&self) {
        let counts = Counts::read(&self.telemetry, &self.clients, &self.registry);
        self.statistics.look(Instant::now(), &counts);
        self.statistics.memory_peak(Memory::read(&ProcessStats::read()).used());
        prediction::tick(&self.registry);
        traffic::tick(&self.registry, &self.telemetry);
        self.limit_clients();
        self.clients.all().iter().for_each(|client| client.check_output());
    }

    /// How many clients wait for keys or replicas.
    pub fn blocked_clients(&self) -> usize {
        let waits = |client: &Arc<Client>| client.parked().is_some_and(|parked| parked.waits_for_replicas());
        self.waiters.len() + self.clients.all().iter().filter(|client| waits(client)).count()
    }

    /// Lets the limit of all clients together hold as it is set now.
    pub fn limit_clients(&self) {
        self.clients.pool().resolve_memory_limit(self.registry.limit_bytes());
        self.clients.evict();
    }
}

const NO_CLUSTER: ReplyError = ReplyError::err("This instance has cluster support disabled");

/// Runs `command`.
pub fn run(
    command: NodeCommand,
    call: &Call<'_>,
    session: &mut Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<Execution, ReplyError> {
    let (args, mut flow) = (call.args, Flow::Continue);
    match command {
        NodeCommand::Acl(command) => flow = acl::run(command, args, session, node, reply)?,
        NodeCommand::ClientKill => flow = client::kill(args, session, node, reply)?,
        NodeCommand::ClientList => client::list(args, node, reply)?,
        NodeCommand::ClientPause => client::pause(args, node, reply)?,
        NodeCommand::ClientUnblock => client::unblock(args, node, reply)?,
        NodeCommand::ClientUnpause => client::unpause(node, reply),
        NodeCommand::Cluster => return Err(NO_CLUSTER),
        NodeCommand::Command => command::all(reply),
        NodeCommand::CommandCount => command::count(reply),
        NodeCommand::CommandDocs => command::docs(args, reply),
        NodeCommand::CommandGetKeys => command::get_keys(args, reply)?,
        NodeCommand::CommandGetKeysAndFlags => command::get_keys_and_flags(args, reply)?,
        NodeCommand::CommandHelp => command::help(reply),
        NodeCommand::CommandInfo => command::info(args, reply),
        NodeCommand::CommandList => command::list(args, reply)?,
        NodeCommand::CommandLogGet => command_log::get(args, node, reply)?,
        NodeCommand::CommandLogLen => command_log::len(args, node, reply)?,
        NodeCommand::CommandLogReset => command_log::reset(args, node, reply)?,
        NodeCommand::ConfigGet => config::get(args, node, reply),
        NodeCommand::ConfigHelp => config::help(reply),
        NodeCommand::ConfigResetStat => config::reset_stat(node, reply),
        NodeCommand::ConfigRewrite => config::rewrite(node)?,
        NodeCommand::ConfigSet => config::set(args, session, node, reply)?,
        NodeCommand::DebugError => debug::error(args, reply),
        NodeCommand::DebugLog => debug::log(args, reply),
        NodeCommand::DebugPauseCron => debug::pause_cron(args, node, reply),
        NodeCommand::DebugProtocol => debug::protocol(args, reply)?,
        NodeCommand::DebugSetActiveExpire => debug::set_active_expire(args, node, reply),
        NodeCommand::DebugSleep => debug::sleep(args, reply)?,
        NodeCommand::Help(container) => help::write(container, reply),
        NodeCommand::HotKeys(command) => hot_keys::run(command, args, node, reply)?,
        NodeCommand::Info => info::info(args, node, reply),
        NodeCommand::LatencyDoctor => latency::doctor(node, reply),
        NodeCommand::LatencyGraph => latency::graph(args, node, reply)?,
        NodeCommand::LatencyHistogram => latency::histogram(args, node, reply),
        NodeCommand::LatencyHistory => latency::history(args, node, reply),
        NodeCommand::LatencyLatest => latency::latest(node, reply),
        NodeCommand::LatencyReset => latency::reset(args, node, reply),
        NodeCommand::Lolwut => small::lolwut(args, reply)?,
        NodeCommand::MemoryDoctor => memory::doctor(node, reply),
        NodeCommand::MemoryMallocStats => memory::malloc_stats(reply),
        NodeCommand::MemoryPurge => memory::purge(reply)?,
        NodeCommand::MemoryStats => memory::stats(node, reply),
        NodeCommand::Module(command) => modules::run(command, reply)?,
        NodeCommand::Persistence(command) => persistence::run(command, args, node, reply)?,
        NodeCommand::Publish => pubsub::publish(args, &node.broker, reply),
        NodeCommand::PubsubChannels => pubsub::channels(Topic::Channel, args, &node.broker, reply)?,
        NodeCommand::PubsubHelp => pubsub::help(reply),
        NodeCommand::PubsubNumPat => reply.count(node.broker.count_active(Topic::Pattern)),
        NodeCommand::PubsubNumSub => pubsub::numbers(Topic::Channel, args, &node.broker, reply),
        NodeCommand::PubsubShardChannels => pubsub::channels(Topic::Shard, args, &node.broker, reply)?,
        NodeCommand::PubsubShardNumSub => pubsub::numbers(Topic::Shard, args, &node.broker, reply),
        NodeCommand::Replication(command) => flow = replication::run(command, call, session, node, reply)?,
        NodeCommand::Role => small::role(reply),
        NodeCommand::SPublish => pubsub::publish_to_shard(args, &node.broker, reply),
        NodeCommand::Shutdown => flow = small::shutdown(args, node)?,
        NodeCommand::SlowlogGet => command_log::slow_get(args, node, reply)?,
        NodeCommand::SlowlogLen => command_log::slow_len(node, reply),
        NodeCommand::SlowlogReset => command_log::slow_reset(node, reply),
        NodeCommand::Store(command) => store::run(command, args, session, node, reply)?,
        NodeCommand::Time => small::time(reply),
    }
    Ok(Execution { flow, ..Execution::default() })
}
