//! Commands of a cluster. This node stands for itself, so they say that there is none, in the words that clients know from
//! a Redis whose cluster mode is off: by them they tell a single node from a cluster.

use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::NodeCommand;
use crate::command::spec::Spec;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    refused("ASKING", 1).with(Flags::FAST).doc(
        "3.0.0",
        "Signals that a cluster client is following an -ASK redirect.",
        "",
        "O(1)",
    ),
    Spec::container("CLUSTER", Group::Cluster, CLUSTER).doc(
        "3.0.0",
        "A container for Redis Cluster commands.",
        "",
        "Depends on subcommand.",
    ),
    refused("READONLY", 1).with(Flags::FAST).doc(
        "3.0.0",
        "Enables read-only queries for a connection to a replica of a cluster.",
        "",
        "O(1)",
    ),
    refused("READWRITE", 1).with(Flags::FAST).doc(
        "3.0.0",
        "Enables read-write queries for a connection to a replica of a cluster.",
        "",
        "O(1)",
    ),
];

const CLUSTER: &[Spec] = &[
    refused("COUNTKEYSINSLOT", 3).doc("3.0.0", "Returns the number of keys in a hash slot.", "slot", "O(1)"),
    refused("GETKEYSINSLOT", 4).doc(
        "3.0.0",
        "Returns the key names in a hash slot.",
        "slot count",
        "O(N) where N is the number of requested keys",
    ),
    Spec::node("HELP", 2, NodeCommand::Help("CLUSTER")).group(Group::Cluster).doc(
        "5.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    refused("INFO", 2).doc("3.0.0", "Returns information about the state of a node.", "", "O(1)"),
    refused("KEYSLOT", 3).doc(
        "3.0.0",
        "Returns the hash slot for a key.",
        "key",
        "O(N) where N is the length of the key",
    ),
    refused("MYID", 2).doc("3.0.0", "Returns the ID of a node.", "", "O(1)"),
    refused("NODES", 2).doc(
        "3.0.0",
        "Returns the cluster configuration for a node.",
        "",
        "O(N) where N is the number of nodes",
    ),
    refused("RESET", -2).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "3.0.0",
        "Resets a node.",
        "[HARD | SOFT]",
        "O(N) where N is the number of known nodes",
    ),
    refused("SHARDS", 2).doc(
        "7.0.0",
        "Returns the mapping of cluster slots to shards.",
        "",
        "O(N) where N is the number of nodes",
    ),
    refused("SLOTS", 2).doc(
        "3.0.0",
        "Returns the mapping of cluster slots to nodes.",
        "",
        "O(N) where N is the number of nodes",
    ),
];

/// A command that only a cluster can answer.
const fn refused(name: &'static str, arity: i16) -> Spec {
    Spec::node(name, arity, NodeCommand::Cluster).group(Group::Cluster)
}
