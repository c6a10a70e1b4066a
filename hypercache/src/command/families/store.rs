//! Commands about which stores there are, and by which rules: entries only, what they do lies with the node.

use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::NodeCommand;
use crate::command::spec::Spec;
use crate::command::spec::StoreCommand;

/// Their entries.
pub const COMMANDS: &[Spec] = &[Spec::container("STORE", Group::Server, STORE).doc(
    "7.2.0",
    "A container for commands about stores; HyperCache's own.",
    "",
    "Depends on subcommand.",
)];

/// Which stores there are is not changed in the middle of a transaction or a script: both hold locks.
const fn change(name: &'static str, arity: i16, command: StoreCommand) -> Spec {
    Spec::node(name, arity, NodeCommand::Store(command))
        .with(Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::NO_MULTI))
        .category("keyspace")
}

const fn tell(name: &'static str, arity: i16, command: StoreCommand) -> Spec {
    Spec::node(name, arity, NodeCommand::Store(command)).category("keyspace")
}

const STORE: &[Spec] = &[
    change("ALTER", -5, StoreCommand::Alter).doc(
        "7.2.0",
        "Changes rules of a store, told by index or by name, while it is in use; all of them or none.",
        "store [MAXMEMORY size] [EVICTION policy] [TTL duration] [FILTER <ON | OFF | rate>] [HISTORY size] [JOURNAL facts]",
        "O(1); O(N) where N is the number of shards if keys are kept in another way",
    ),
    change("CREATE", -3, StoreCommand::Create).doc(
        "7.2.0",
        "Makes a store and returns its index.",
        "name [MAXMEMORY size] [EVICTION policy] [TTL duration] [FILTER <ON | OFF | rate>] [HISTORY size] [JOURNAL facts]",
        "O(N) where N is the number of shards",
    ),
    change("DROP", 3, StoreCommand::Drop).with(Flags::WRITE).dangerous().doc(
        "7.2.0",
        "Drops a store, told by index or by name, with all its keys. Who has selected it is told so.",
        "store",
        "O(N) where N is the number of shards; the keys are freed in the background",
    ),
    Spec::node("HELP", 2, NodeCommand::Store(StoreCommand::Help)).doc(
        "7.2.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    tell("INFO", 3, StoreCommand::Info).doc(
        "7.2.0",
        "Returns rules and sizes of a store, told by index or by name, and what was counted since it began.",
        "store",
        "O(N) where N is the number of shards",
    ),
    tell("LIST", 2, StoreCommand::List).doc(
        "7.2.0",
        "Returns the same of all stores, by index.",
        "",
        "O(N) where N is the number of shards of all stores",
    ),
];
