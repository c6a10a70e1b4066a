//! Commands that tell what the node did and how long it took: entries only, what they tell lies with the engine.

use crate::command::families::top_keys;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::HotKeysCommand;
use crate::command::spec::NodeCommand;
use crate::command::spec::SessionCommand;
use crate::command::spec::Spec;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::container("COMMANDLOG", Group::Server, COMMANDLOG).doc(
        "8.1.0",
        "A container for commands on the logs of slow and large commands; from Valkey.",
        "",
        "Depends on subcommand.",
    ),
    Spec::container("HOTKEYS", Group::Server, HOTKEYS).doc(
        "8.6.0",
        "A container for hotkeys tracking commands.",
        "",
        "Depends on subcommand.",
    ),
    Spec::container("LATENCY", Group::Server, LATENCY).doc(
        "2.8.13",
        "A container for latency diagnostics commands.",
        "",
        "Depends on subcommand.",
    ),
    Spec::session("MONITOR", 1, SessionCommand::Monitor).group(Group::Server).with(Flags::ADMIN).doc(
        "1.0.0",
        "Listens for all requests received by the server in real-time.",
        "",
        "O(1)",
    ),
    Spec::container("SLOWLOG", Group::Server, SLOWLOG).doc(
        "2.2.12",
        "A container for slow log commands.",
        "",
        "Depends on subcommand.",
    ),
];

const COMMANDLOG: &[Spec] = &[
    Spec::node("GET", 4, NodeCommand::CommandLogGet).with(Flags::ADMIN).doc(
        "8.1.0",
        "Returns the newest entries of one of the logs; a count of -1 means all.",
        "count <SLOW | LARGE-REQUEST | LARGE-REPLY>",
        "O(N) where N is the number of entries returned",
    ),
    Spec::node("HELP", 2, NodeCommand::Help("COMMANDLOG")).doc(
        "8.1.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::node("LEN", 3, NodeCommand::CommandLogLen).with(Flags::ADMIN).doc(
        "8.1.0",
        "Returns the number of entries in one of the logs.",
        "<SLOW | LARGE-REQUEST | LARGE-REPLY>",
        "O(1)",
    ),
    Spec::node("RESET", 3, NodeCommand::CommandLogReset).with(Flags::ADMIN).doc(
        "8.1.0",
        "Clears all entries from one of the logs.",
        "<SLOW | LARGE-REQUEST | LARGE-REPLY>",
        "O(N) where N is the number of entries in the log",
    ),
];

const LATENCY: &[Spec] = &[
    Spec::node("DOCTOR", 2, NodeCommand::LatencyDoctor).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.8.13",
        "Returns a human-readable latency analysis report.",
        "",
        "O(1)",
    ),
    Spec::node("GRAPH", 3, NodeCommand::LatencyGraph).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.8.13",
        "Returns a latency graph for an event.",
        "event",
        "O(1)",
    ),
    Spec::node("HELP", 2, NodeCommand::Help("LATENCY")).doc(
        "2.8.13",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::node("HISTOGRAM", -2, NodeCommand::LatencyHistogram).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "7.0.0",
        "Returns the cumulative distribution of latencies of a subset or all commands.",
        "[command [command ...]]",
        "O(N) where N is the number of commands with latency information being retrieved.",
    ),
    Spec::node("HISTORY", 3, NodeCommand::LatencyHistory).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.8.13",
        "Returns timestamp-latency samples for an event.",
        "event",
        "O(1)",
    ),
    Spec::node("LATEST", 2, NodeCommand::LatencyLatest).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.8.13",
        "Returns the latest latency samples for all events.",
        "",
        "O(1)",
    ),
    Spec::node("RESET", -2, NodeCommand::LatencyReset).with(Flags::ADMIN.and(Flags::NOSCRIPT)).doc(
        "2.8.13",
        "Resets the latency data for one or more events.",
        "[event [event ...]]",
        "O(1)",
    ),
];

const HOTKEYS: &[Spec] = &[
    hot_keys("GET", 2, HotKeysCommand::Get).doc(
        "8.6.0",
        "Returns the keys that have cost most since tracking was started, by the metrics that were asked for.",
        "",
        "O(K) where K is the number of keys returned",
    ),
    Spec::node("HELP", 2, NodeCommand::HotKeys(HotKeysCommand::Help)).doc(
        "8.6.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    hot_keys("RESET", 2, HotKeysCommand::Reset).doc("8.6.0", "Forgets what was tracked.", "", "O(1)"),
    hot_keys("START", -2, HotKeysCommand::Start).doc(
        "8.6.0",
        "Starts to track which keys cost most: CPU is the time of their commands, NET the bytes of requests and replies.",
        "METRICS count [CPU] [NET] [COUNT k] [DURATION seconds] [SAMPLE ratio]",
        "O(1)",
    ),
    hot_keys("STOP", 2, HotKeysCommand::Stop).doc(
        "8.6.0",
        "Stops the tracking and keeps what it has found.",
        "",
        "O(1)",
    ),
    top_keys::TOP,
];

const fn hot_keys(name: &'static str, arity: i16, command: HotKeysCommand) -> Spec {
    Spec::node(name, arity, NodeCommand::HotKeys(command))
        .without(Flags::LOADING.and(Flags::STALE))
        .with(Flags::ADMIN.and(Flags::NOSCRIPT))
}

const SLOWLOG: &[Spec] = &[
    Spec::node("GET", -2, NodeCommand::SlowlogGet).with(Flags::ADMIN).doc(
        "2.2.12",
        "Returns the slow log's entries, ten unless told otherwise; a count of -1 means all.",
        "[count]",
        "O(N) where N is the number of entries returned",
    ),
    Spec::node("HELP", 2, NodeCommand::Help("SLOWLOG")).doc(
        "6.2.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::node("LEN", 2, NodeCommand::SlowlogLen).with(Flags::ADMIN).doc(
        "2.2.12",
        "Returns the number of entries in the slow log.",
        "",
        "O(1)",
    ),
    Spec::node("RESET", 2, NodeCommand::SlowlogReset).with(Flags::ADMIN).doc(
        "2.2.12",
        "Clears all entries from the slow log.",
        "",
        "O(N) where N is the number of entries in the slowlog",
    ),
];
