//! The state of one conversation, be it over RESP or HTTP.

use std::sync::Arc;
use std::time::Instant;
use std::time::SystemTime;

use crate::command::context::Stamp;
use crate::config::Fsync;
use crate::engine::caller::Caller;
use crate::engine::client::Client;
use crate::engine::identity::Identity;
use crate::engine::observation::monitors::Monitoring;
use crate::engine::observation::monitors::Origin;
use crate::engine::parked::Waiting;
use crate::engine::pubsub::Broker;
use crate::engine::pubsub::Subscriptions;
use crate::engine::tracking::Tracked;
use crate::engine::transaction::Transaction;
use crate::engine::transaction::WatchList;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::journal::Via;
use crate::persistence::log::Sequence;
use crate::resp::Protocol;
use crate::store::Selected;
use crate::telemetry::CommandRecord;
use crate::telemetry::Proto;
use crate::telemetry::Telemetry;
use crate::telemetry::TraceContext;
use crate::value::split_mix;

/// Whether replies are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplyMode {
    /// They are.
    #[default]
    On,
    /// They are not.
    Off,
    /// The one to this command is not, nor the one to the next.
    SkipNext,
    /// The one to this command is not.
    Skip,
}

impl ReplyMode {
    /// What holds for the command after this one.
    pub fn next(self) -> Self {
        match self {
            Self::On | Self::Skip => Self::On,
            Self::Off => Self::Off,
            Self::SkipNext => Self::Skip,
        }
    }
}

/// The door a session came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The Redis protocol.
    Resp,
    /// HTTP.
    Http,
}

/// One conversation.
pub struct Session {
    /// What others see of it.
    pub client: Arc<Client>,
    /// Index of the store that is selected.
    pub store: usize,
    /// Which of the stores that have had this index it is.
    incarnation: u32,
    /// Who it is; none: not authenticated.
    pub user: Option<Arc<Identity>>,
    /// Whether replies are sent.
    pub reply_mode: ReplyMode,
    /// A script acts in it for its client.
    pub in_script: bool,
    /// When the command before ended: the next one's execution begins there.
    pub tick: Instant,
    /// Whether the command under way has come so far that it is executed, neither refused nor queued.
    pub called: bool,
    door: Door,
    protocol: Protocol,
    now: UnixMillis,
    seed: u64,
    trace: Option<TraceContext>,
    trace_state: TraceState,
    /// Records of this batch that somebody wants; how large the batch was is known only at its end.
    kept: Vec<CommandRecord>,
    /// What has been queued since `MULTI`; none outside of one.
    pub transaction: Option<Transaction>,
    /// Whether the commands that run are those of a transaction, whose replies are one.
    pub in_transaction: bool,
    /// The keys that must not change before `EXEC`.
    pub watched: Option<WatchList>,
    /// The request whose reply it waits for.
    waiting: Option<Waiting>,
    /// Holds its tracking, where it tracks what it reads.
    pub tracked: Option<Tracked>,
    /// Most clients never subscribe.
    subscriptions: Option<Box<Subscriptions>>,
    /// Its place among those who monitor, while it does.
    pub monitoring: Option<Monitoring>,
    /// The last record of the log that its replies wait for; 0: none.
    logged: Sequence,
    /// How safe that record has to be.
    log_wait: Fsync,
    /// The last record of the log that ever concerned it; 0: none.
    last_logged: Sequence,
}

impl Session {
    /// A new conversation; `seed` starts its chance.
    pub fn new(client: Arc<Client>, door: Door, user: Option<Arc<Identity>>, seed: u64) -> Self {
        client.set_user(name_of(user.as_ref()));
        Self {
            client,
            store: Selected::DEFAULT.index,
            incarnation: Selected::DEFAULT.incarnation,
            user,
            reply_mode: ReplyMode::On,
            in_script: false,
            tick: Instant::now(),
            called: false,
            door,
            protocol: Protocol::Resp2,
            now: unix_millis(),
            seed,
            trace: None,
            trace_state: TraceState::Waiting,
            kept: Vec::new(),
            transaction: None,
            in_transaction: false,
            watched: None,
            waiting: None,
            tracked: None,
            subscriptions: None,
            monitoring: None,
            logged: 0,
            log_wait: Fsync::Never,
            last_logged: 0,
        }
    }

    /// The name of the user that it is, if it has authenticated.
    pub fn user_name(&self) -> Option<&str> {
        self.user.as_ref().map(|user| &**user.name())
    }

    /// Changes who it is.
    pub fn set_user(&mut self, user: Option<Arc<Identity>>) {
        self.client.set_user(name_of(user.as_ref()));
        self.user = user;
    }

    /// What it has subscribed to at this broker.
    pub fn subscriptions(&mut self, broker: &Arc<Broker>) -> &mut Subscriptions {
        let client = &self.client;
        self.subscriptions
            .get_or_insert_with(|| Box::new(Subscriptions::new(Arc::clone(broker), Arc::clone(client))))
    }

    /// Whether messages may come to it without being asked for.
    pub fn listens(&self) -> bool {
        self.has_subscribed() || self.client.tracking.hears()
    }

    /// Whether messages may come now. While a request of its own is run elsewhere they wait for its reply; while it stands in
    /// line for something they do not.
    pub fn may_hear(&self) -> bool {
        self.waiting.as_ref().is_none_or(|waiting| waiting.parked.unserved.is_some())
    }

    /// Whether it has subscribed to something.
    pub fn has_subscribed(&self) -> bool {
        self.subscriptions.as_ref().is_some_and(|subscriptions| subscriptions.any())
    }

    /// Whether something may come to it without being asked for.
    pub fn receives(&self) -> bool {
        self.listens() || self.monitoring.is_some()
    }

    /// Where its commands come from, as `MONITOR` shows it.
    pub fn origin(&self) -> Origin {
        match self.door {
            Door::Resp => Origin::Resp(self.client.address),
            Door::Http => Origin::Http(self.client.address),
        }
    }

    /// On whose behalf its next command runs.
    pub fn caller(&self) -> Caller<'_> {
        let via = match (self.in_script, self.door) {
            (true, _) => Via::Script,
            (false, Door::Resp) => Via::Resp,
            (false, Door::Http) => Via::Http,
        };
        Caller {
            client: &self.client,
            store: self.selected(),
            via,
            user: self.user.as_ref().map_or(0, |user| user.number()),
            trace: self.trace.as_ref().map_or(0, |trace| trace.trace_id),
            unrestricted: self.user.as_ref().is_some_and(|user| user.is_unrestricted()),
        }
    }

    /// The trace context that its commands take part in.
    pub fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// Whether its commands may wait for something: over HTTP each has to answer at once.
    pub fn may_wait(&self) -> bool {
        self.door == Door::Resp
    }

    /// Waits for a request's reply from here on.
    pub fn park(&mut self, waiting: Waiting) {
        self.client.set_parked(Some(Arc::clone(&waiting.parked)));
        self.waiting = Some(waiting);
    }

    /// The request whose reply it waits for, if it does.
    pub fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    /// Waits no more; what it has waited for.
    pub fn unpark(&mut self) -> Option<Waiting> {
        self.client.set_parked(None);
        self.waiting.take()
    }

    /// Notes that a command of a transaction could not be queued.
    pub fn spoil_transaction(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.spoil();
        }
    }

    /// Leaves the transaction and watches nothing any more.
    pub fn end_transaction(&mut self) {
        self.transaction = None;
        self.watched = None;
        self.client.note_transaction(None, 0);
        self.client.note_queued(0);
    }

    /// Begins a batch of commands that arrived at `received`.
    pub fn begin_batch(&mut self, received: Instant) {
        self.tick = received;
        self.now = unix_millis();
    }

    /// Keeps a record until the batch ends.
    pub fn keep(&mut self, record: CommandRecord) {
        self.kept.push(record);
    }

    /// Notes that its replies wait until the log is as safe as `fsync` demands, up to this record.
    pub fn note_logged(&mut self, sequence: Sequence, fsync: Fsync) {
        self.logged = self.logged.max(sequence);
        self.last_logged = self.last_logged.max(sequence);
        self.log_wait = self.log_wait.stronger(fsync);
    }

    /// The last record of the log that its replies have waited for, or will; 0: none.
    pub fn last_logged(&self) -> Sequence {
        self.last_logged
    }

    /// What its replies wait for, if for anything; from here on they wait for nothing.
    pub fn take_logged(&mut self) -> Option<(Sequence, Fsync)> {
        if self.logged == 0 {
            return None;
        }
        Some((std::mem::take(&mut self.logged), std::mem::replace(&mut self.log_wait, Fsync::Never)))
    }

    /// Ends a batch of `size` commands: what was kept of it is told, and a trace context that was used is used up.
    pub fn end_batch(&mut self, size: u32, telemetry: &Telemetry) {
        for mut record in self.kept.drain(..) {
            record.batch_size = size;
            telemetry.commands().offer(record);
        }
        if self.trace_state == TraceState::Used {
            self.trace = None;
            self.trace_state = TraceState::Waiting;
        }
    }

    /// The stamp of the next request.
    pub fn stamp(&mut self) -> Stamp {
        split_mix::advance(&mut self.seed);
        Stamp { now: self.now, seed: self.seed }
    }

    /// The wall clock, as it was when the batch arrived.
    pub fn now(&self) -> UnixMillis {
        self.now
    }

    /// The protocol version that it speaks.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Changes the protocol version.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        self.client.set_protocol(protocol);
    }

    /// Selects a store.
    pub fn select(&mut self, store: Selected) {
        (self.store, self.incarnation) = (store.index, store.incarnation);
        self.client.set_store(store.index);
    }

    /// The store that it has selected.
    pub fn selected(&self) -> Selected {
        Selected { index: self.store, incarnation: self.incarnation }
    }

    /// Door and version, as telemetry names them.
    pub fn proto(&self) -> Proto {
        match (self.door, self.protocol) {
            (Door::Http, _) => Proto::Http,
            (Door::Resp, Protocol::Resp2) => Proto::Resp2,
            (Door::Resp, Protocol::Resp3) => Proto::Resp3,
        }
    }

    /// The caller's trace context, which the commands from here on take part in, until the end of the batch.
    pub fn set_trace(&mut self, trace: Option<TraceContext>) {
        self.trace = trace;
        self.trace_state = TraceState::Waiting;
    }

    /// As `set_trace`, by a command that does not itself take part in it.
    pub fn set_trace_for_next(&mut self, trace: Option<TraceContext>) {
        self.trace = trace;
        self.trace_state = TraceState::JustSet;
    }

    /// The trace context that the command which has just run took part in. From here on it counts as used.
    pub fn use_trace(&mut self) -> Option<TraceContext> {
        if self.trace_state == TraceState::JustSet {
            self.trace_state = TraceState::Waiting;
            return None;
        }
        self.trace_state = TraceState::Used;
        self.trace.clone()
    }
}

fn name_of(user: Option<&Arc<Identity>>) -> Option<Arc<str>> {
    user.map(|user| Arc::clone(user.name()))
}

/// How far a trace context is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TraceState {
    /// The command that set it is still under way.
    JustSet,
    /// The next command takes part in it.
    Waiting,
    /// Commands have taken part: it ends with the batch.
    Used,
}

/// The wall clock. A clock before 1970 reads as 0.
pub fn unix_millis() -> UnixMillis {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
