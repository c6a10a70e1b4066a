//! Commands about replicas: entries only. The node is a master without any, and they answer as such a one does.

use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::NodeCommand;
use crate::command::spec::ReplicationCommand;
use crate::command::spec::Spec;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    admin("FAILOVER", -1, ReplicationCommand::Failover).with(Flags::STALE).doc(
        "6.2.0",
        "Is refused: there are no replicas to hand over to.",
        "[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]",
        "O(1)",
    ),
    admin("PSYNC", -3, ReplicationCommand::Link).with(Flags::NO_MULTI).doc(
        "2.8.0",
        "Is refused: replication is not provided.",
        "replicationid offset",
        "O(1)",
    ),
    admin("REPLCONF", -1, ReplicationCommand::Link)
        .with(Flags::LOADING.and(Flags::STALE).and(Flags::ALLOW_BUSY))
        .doc("3.0.0", "Is refused: replication is not provided.", "[option value [option value ...]]", "O(1)"),
    admin("REPLICAOF", 3, ReplicationCommand::ReplicaOf).with(Flags::STALE).doc(
        "5.0.0",
        "Makes the node a master, which it is; refuses to make it a replica.",
        "<host port | NO ONE>",
        "O(1)",
    ),
    admin("SLAVEOF", 3, ReplicationCommand::ReplicaOf).with(Flags::STALE).doc(
        "1.0.0",
        "Makes the node a master, which it is; refuses to make it a replica.",
        "<host port | NO ONE>",
        "O(1)",
    ),
    admin("SYNC", 1, ReplicationCommand::Link).with(Flags::NO_MULTI).doc(
        "1.0.0",
        "Is refused: replication is not provided.",
        "",
        "O(1)",
    ),
    waiting("WAIT", 3, ReplicationCommand::Wait).doc(
        "3.0.0",
        "Waits until so many replicas have what the connection has written, or the time in milliseconds is over (0: \
         without an end), and returns how many have it: none.",
        "numreplicas timeout",
        "O(1)",
    ),
    waiting("WAITAOF", 4, ReplicationCommand::WaitAof).with(Flags::NOSCRIPT).doc(
        "7.2.0",
        "Waits until append-only files have what the connection has written, or the time in milliseconds is over (0: \
         without an end), and returns how many have it, here and at replicas: none.",
        "numlocal numreplicas timeout",
        "O(1)",
    ),
];

const fn admin(name: &'static str, arity: i16, command: ReplicationCommand) -> Spec {
    Spec::node(name, arity, NodeCommand::Replication(command))
        .without(Flags::LOADING.and(Flags::STALE))
        .with(Flags::ADMIN.and(Flags::NOSCRIPT))
}

const fn waiting(name: &'static str, arity: i16, command: ReplicationCommand) -> Spec {
    Spec::node(name, arity, NodeCommand::Replication(command))
        .without(Flags::LOADING.and(Flags::STALE))
        .group(Group::Generic)
        .category("connection")
}
