//! The entry of one command in the table.

mod flags;
mod group;
mod keys;

pub use flags::Flags;
pub use group::Group;
pub use keys::Keys;

use crate::command::Context;
use crate::command::Outcome;
use crate::command::ReplyError;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::store::Registry;

/// A data handler: reads its arguments (the name at 0), works on the locked data, writes its reply.
pub type Handler = fn(&mut Context<'_>, Args<'_>, &mut ReplyWriter) -> Outcome;

/// Who runs a command. Only `Data` runs again when a log is replayed or a Raft entry applied, so only `Data` has to be
/// deterministic.
#[derive(Clone, Copy)]
pub enum Run {
    /// A function on data.
    Data(Handler),
    /// Changes or tells the state of its connection.
    Session(SessionCommand),
    /// Changes or tells the state of the node.
    Node(NodeCommand),
    /// Runs a script or function, or keeps them.
    Script(ScriptCommand),
    /// Does nothing without one of its subcommands.
    Container,
    /// Stands for names that are no command.
    Unknown,
}

/// Commands about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the commands")]
pub enum SessionCommand {
    Auth,
    ClientCaching,
    ClientGetName,
    ClientGetRedir,
    ClientHelp,
    ClientId,
    ClientInfo,
    ClientNoEvict,
    ClientNoTouch,
    ClientReply,
    ClientSetInfo,
    ClientSetName,
    ClientTraceContext,
    ClientTracking,
    ClientTrackingInfo,
    Discard,
    Echo,
    Exec,
    Hello,
    Monitor,
    Multi,
    PSubscribe,
    PUnsubscribe,
    Ping,
    Quit,
    Reset,
    SSubscribe,
    SUnsubscribe,
    Select,
    Subscribe,
    Unsubscribe,
    Unwatch,
    Watch,
}

/// Commands about the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the commands")]
pub enum NodeCommand {
    Acl(AclCommand),
    ClientKill,
    ClientList,
    ClientPause,
    ClientUnblock,
    ClientUnpause,
    Cluster,
    Command,
    CommandCount,
    CommandDocs,
    CommandGetKeys,
    CommandGetKeysAndFlags,
    CommandHelp,
    CommandInfo,
    CommandList,
    CommandLogGet,
    CommandLogLen,
    CommandLogReset,
    ConfigGet,
    ConfigHelp,
    ConfigResetStat,
    ConfigRewrite,
    ConfigSet,
    DebugError,
    DebugLog,
    DebugPauseCron,
    DebugProtocol,
    DebugSetActiveExpire,
    DebugSleep,
    /// The help of a command with subcommands.
    Help(&'static str),
    HotKeys(HotKeysCommand),
    Info,
    LatencyDoctor,
    LatencyGraph,
    LatencyHistogram,
    LatencyHistory,
    LatencyLatest,
    LatencyReset,
    Lolwut,
    MemoryDoctor,
    MemoryMallocStats,
    MemoryPurge,
    MemoryStats,
    Module(ModuleCommand),
    Persistence(PersistenceCommand),
    Publish,
    PubsubChannels,
    PubsubHelp,
    PubsubNumPat,
    PubsubNumSub,
    PubsubShardChannels,
    PubsubShardNumSub,
    Replication(ReplicationCommand),
    Role,
    SPublish,
    Shutdown,
    SlowlogGet,
    SlowlogLen,
    SlowlogReset,
    Store(StoreCommand),
    Time,
}

/// Commands about the keys that cost most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the commands")]
pub enum HotKeysCommand {
    Get,
    Help,
    Reset,
    Start,
    Stop,
}

/// Commands about which stores there are, and by which rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the commands")]
pub enum StoreCommand {
    Alter,
    Create,
    Drop,
    Help,
    Info,
    List,
}

/// Commands about modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the commands")]
pub enum ModuleCommand {
    Help,
    List,
    Load,
    Unload,
}

/// Commands about what lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the commands")]
pub enum PersistenceCommand {
    BackgroundRewriteAof,
    BackgroundSave,
    LastSave,
    Save,
}

/// Commands about replicas; `Link` is what only replicas send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the commands")]
pub enum ReplicationCommand {
    Failover,
    Link,
    ReplicaOf,
    Wait,
    WaitAof,
}

/// Commands about users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the commands")]
pub enum AclCommand {
    Cat,
    DelUser,
    DryRun,
    GenPass,
    GetUser,
    Help,
    List,
    Load,
    Log,
    Save,
    SetUser,
    Users,
    WhoAmI,
}

/// Commands about scripts and functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the commands")]
pub enum ScriptCommand {
    Eval,
    EvalRo,
    EvalSha,
    EvalShaRo,
    FCall,
    FCallRo,
    FunctionDelete,
    FunctionDump,
    FunctionFlush,
    FunctionKill,
    FunctionList,
    FunctionLoad,
    FunctionRestore,
    FunctionStats,
    ScriptDebug,
    ScriptExists,
    ScriptFlush,
    ScriptKill,
    ScriptLoad,
}

/// How a command that also touches another store tells which store, and the index of the key there.
pub type OtherStore = fn(Args<'_>, &Registry) -> Result<Option<(usize, usize)>, ReplyError>;

/// Whether a command with these arguments may touch any key of its store, beside those that they name.
pub type Roams = fn(Args<'_>) -> bool;

/// The entry of one command.
#[derive(Clone, Copy)]
pub struct Spec {
    /// Name in upper case; of a subcommand, its own name without the container's.
    pub name: &'static str,
    /// Arguments with the name (and container's name): exactly so many, or at least so many where negative.
    pub arity: i16,
    /// What it may do and what it needs.
    pub flags: Flags,
    /// Where its keys are.
    pub keys: Keys,
    /// Who runs it.
    pub run: Run,
    /// Its subcommands.
    pub subcommands: &'static [Spec],
    /// Its family.
    pub group: Group,
    /// Redis version that brought it.
    pub since: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Its arguments in Redis's notation, without the name; `syntax` reads it.
    pub syntax: &'static str,
    /// Running time in O-notation.
    pub complexity: &'static str,
    /// A second store that it touches.
    pub other_store: Option<OtherStore>,
    /// When it may touch any key of its store; none: never.
    pub roams: Option<Roams>,
    /// ACL categories beside those that follow from the rest.
    pub categories: [Option<&'static str>; 3],
    /// Whether it is one of those that can do harm.
    pub dangerous: bool,
}

impl Spec {
    const fn new(name: &'static str, arity: i16, group: Group, run: Run) -> Self {
        Self {
            name,
            arity,
            flags: Flags::NONE,
            keys: Keys::None,
            run,
            subcommands: &[],
            group,
            since: "1.0.0",
            summary: "",
            syntax: "",
            complexity: "O(1)",
            other_store: None,
            roams: None,
            categories: [None; 3],
            dangerous: false,
        }
    }

    /// A command that reads data.
    pub const fn read(name: &'static str, arity: i16, group: Group, handler: Handler) -> Self {
        Self::new(name, arity, group, Run::Data(handler)).with(Flags::READONLY)
    }

    /// A command that changes data.
    pub const fn write(name: &'static str, arity: i16, group: Group, handler: Handler) -> Self {
        Self::new(name, arity, group, Run::Data(handler)).with(Flags::WRITE)
    }

    /// A command that runs where data commands run and works on none.
    pub const fn apart(name: &'static str, arity: i16, group: Group, handler: Handler) -> Self {
        Self::new(name, arity, group, Run::Data(handler))
    }

    /// A command about its connection.
    pub const fn session(name: &'static str, arity: i16, command: SessionCommand) -> Self {
        Self::new(name, arity, Group::Connection, Run::Session(command))
            .with(Flags::LOADING.and(Flags::STALE).and(Flags::NOSCRIPT))
    }

    /// A command about the node.
    pub const fn node(name: &'static str, arity: i16, command: NodeCommand) -> Self {
        Self::new(name, arity, Group::Server, Run::Node(command)).with(Flags::LOADING.and(Flags::STALE))
    }

    /// A command about scripts or functions.
    pub const fn script(name: &'static str, arity: i16, command: ScriptCommand) -> Self {
        Self::new(name, arity, Group::Scripting, Run::Script(command)).with(Flags::NOSCRIPT)
    }

    /// A command with subcommands.
    pub const fn container(name: &'static str, group: Group, subcommands: &'static [Spec]) -> Self {
        Self::new(name, -2, group, Run::Container).subcommands(subcommands)
    }

    /// What stands for names that are no command.
    pub const fn unknown() -> Self {
        Self::new("_OTHER", -1, Group::Server, Run::Unknown)
    }

    /// Gives it subcommands.
    pub const fn subcommands(mut self, subcommands: &'static [Spec]) -> Self {
        self.subcommands = subcommands;
        self
    }

    /// Adds flags.
    pub const fn with(mut self, flags: Flags) -> Self {
        self.flags = self.flags.and(flags);
        self
    }

    /// Takes flags away.
    pub const fn without(mut self, flags: Flags) -> Self {
        self.flags = self.flags.without(flags);
        self
    }

    /// Says where the keys are.
    pub const fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// Puts it into another family.
    pub const fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }

    /// Names a second store that it touches.
    pub const fn other_store(mut self, other_store: OtherStore) -> Self {
        self.other_store = Some(other_store);
        self
    }

    /// Says when it may touch any key of its store.
    pub const fn roams(mut self, roams: Roams) -> Self {
        self.roams = Some(roams);
        self
    }

    /// Puts it into one more ACL category, of three at the most, beside those that follow from the rest.
    pub const fn category(mut self, category: &'static str) -> Self {
        let mut at = 0;
        while self.categories[at].is_some() {
            at += 1;
        }
        self.categories[at] = Some(category);
        self
    }

    /// Marks it as one that can do harm.
    pub const fn dangerous(mut self) -> Self {
        self.dangerous = true;
        self
    }

    /// Documents it: version, sentence, arguments, running time.
    pub const fn doc(
        mut self,
        since: &'static str,
        summary: &'static str,
        syntax: &'static str,
        complexity: &'static str,
    ) -> Self {
        self.since = since;
        self.summary = summary;
        self.syntax = syntax;
        self.complexity = complexity;
        self
    }

    /// Whether so many arguments fit.
    pub fn takes(&self, arguments: usize) -> bool {
        let wanted = self.arity.unsigned_abs().into();
        if self.arity < 0 { arguments >= wanted } else { arguments == wanted }
    }

    /// Whether it may touch any key of its store with these arguments.
    pub fn roams_with(&self, args: Args<'_>) -> bool {
        self.roams.is_some_and(|roams| roams(args))
    }

    /// Names of its ACL categories, without `@`.
    pub fn categories(&self) -> Vec<&'static str> {
        let speed = if self.flags.has(Flags::FAST) { "fast" } else { "slow" };
        let when = |flag: Flags, name: &'static str| self.flags.has(flag).then_some(name);
        let dangerous = (self.dangerous || self.flags.has(Flags::ADMIN)).then_some("dangerous");
        let own = [self.group.category()].into_iter().chain(self.categories);
        let found = [
            when(Flags::READONLY, "read"),
            when(Flags::WRITE, "write"),
            when(Flags::ADMIN, "admin"),
            dangerous,
            when(Flags::PUBSUB, "pubsub"),
            when(Flags::BLOCKING, "blocking"),
            Some(speed),
        ];
        own.chain(found).flatten().collect()
    }
}
