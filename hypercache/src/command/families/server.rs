//! Commands about the node: entries only, the state they work on lies with the server.

use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::NodeCommand;
use crate::command::spec::Spec;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::node("COMMAND", -1, NodeCommand::Command).subcommands(COMMAND).doc(
        "2.8.13",
        "Returns detailed information about all commands.",
        "",
        "O(N) where N is the number of commands",
    ),
    Spec::container("CONFIG", Group::Server, CONFIG).doc(
        "2.0.0",
        "A container for server configuration commands.",
        "",
        "Depends on subcommand.",
    ),
    Spec::node("INFO", -1, NodeCommand::Info).dangerous().doc(
        "1.0.0",
        "Returns information and statistics about the server.",
        "[section [section ...]]",
        "O(1)",
    ),
    Spec::node("LOLWUT", -1, NodeCommand::Lolwut).with(Flags::READONLY.and(Flags::FAST)).doc(
        "5.0.0",
        "Displays computer art and the server's version.",
        "[VERSION version]",
        "O(1)",
    ),
    Spec::node("ROLE", 1, NodeCommand::Role).with(Flags::FAST.and(Flags::NOSCRIPT)).dangerous().doc(
        "2.8.12",
        "Returns the replication role.",
        "",
        "O(1)",
    ),
    Spec::node("SHUTDOWN", -1, NodeCommand::Shutdown)
        .with(Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::NO_MULTI).and(Flags::ALLOW_BUSY))
        .doc(
            "1.0.0",
            "Stops the node: drains, flushes and exits.",
            "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
            "O(1)",
        ),
    Spec::node("TIME", 1, NodeCommand::Time).with(Flags::FAST).doc(
        "2.6.0",
        "Returns the server time.",
        "",
        "O(1)",
    ),
];

const COMMAND: &[Spec] = &[
    Spec::node("COUNT", 2, NodeCommand::CommandCount).doc(
        "2.8.13",
        "Returns a count of commands.",
        "",
        "O(1)",
    ),
    Spec::node("DOCS", -2, NodeCommand::CommandDocs).doc(
        "7.0.0",
        "Returns documentary information about one, multiple or all commands.",
        "[command-name [command-name ...]]",
        "O(N) where N is the number of commands to look up",
    ),
    Spec::node("GETKEYS", -3, NodeCommand::CommandGetKeys).doc(
        "2.8.13",
        "Extracts the key names from an arbitrary command.",
        "command [arg [arg ...]]",
        "O(N) where N is the number of arguments to the command",
    ),
    Spec::node("GETKEYSANDFLAGS", -3, NodeCommand::CommandGetKeysAndFlags).doc(
        "7.0.0",
        "Extracts the key names and access flags for an arbitrary command.",
        "command [arg [arg ...]]",
        "O(N) where N is the number of arguments to the command",
    ),
    Spec::node("HELP", 2, NodeCommand::CommandHelp).doc(
        "5.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::node("INFO", -2, NodeCommand::CommandInfo).doc(
        "2.8.13",
        "Returns information about one, multiple or all commands.",
        "[command-name [command-name ...]]",
        "O(N) where N is the number of commands to look up",
    ),
    Spec::node("LIST", -2, NodeCommand::CommandList).doc(
        "7.0.0",
        "Returns a list of command names.",
        "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
        "O(N) where N is the number of commands",
    ),
];

const CONFIG: &[Spec] = &[
    Spec::node("GET", -3, NodeCommand::ConfigGet).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.0.0",
        "Returns the effective values of configuration parameters.",
        "parameter [parameter ...]",
        "O(N) where N is the number of parameters",
    ),
    Spec::node("HELP", 2, NodeCommand::ConfigHelp).doc(
        "5.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::node("RESETSTAT", 2, NodeCommand::ConfigResetStat).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.0.0",
        "Resets the server's statistics.",
        "",
        "O(1)",
    ),
    Spec::node("REWRITE", 2, NodeCommand::ConfigRewrite).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.8.0",
        "Persists the effective configuration to file.",
        "",
        "O(1)",
    ),
    Spec::node("SET", -4, NodeCommand::ConfigSet).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.0.0",
        "Sets configuration parameters in-flight.",
        "parameter value [parameter value ...]",
        "O(N) where N is the number of parameters",
    ),
];
