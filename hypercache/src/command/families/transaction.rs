//! Transactions: entries only, what they queue and watch lies with the session.

use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::SessionCommand;
use crate::command::spec::Spec;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::session("DISCARD", 1, SessionCommand::Discard)
        .with(Flags::ALLOW_BUSY)
        .group(Group::Transactions)
        .with(Flags::FAST)
        .doc("2.0.0", "Discards a transaction.", "", "O(N), when N is the number of queued commands"),
    Spec::session("EXEC", 1, SessionCommand::Exec).group(Group::Transactions).with(Flags::SKIP_SLOWLOG).doc(
        "1.2.0",
        "Executes all commands in a transaction.",
        "",
        "Depends on commands in the transaction",
    ),
    Spec::session("MULTI", 1, SessionCommand::Multi)
        .with(Flags::ALLOW_BUSY)
        .group(Group::Transactions)
        .with(Flags::FAST)
        .doc("1.2.0", "Starts a transaction.", "", "O(1)"),
    Spec::session("UNWATCH", 1, SessionCommand::Unwatch)
        .with(Flags::ALLOW_BUSY)
        .group(Group::Transactions)
        .with(Flags::FAST)
        .doc("2.2.0", "Forgets about watched keys of a transaction.", "", "O(1)"),
    Spec::session("WATCH", -2, SessionCommand::Watch)
        .with(Flags::ALLOW_BUSY)
        .group(Group::Transactions)
        .with(Flags::FAST)
        .keys(Keys::ALL)
        .doc(
            "2.2.0",
            "Monitors changes to keys to determine the execution of a transaction.",
            "key [key ...]",
            "O(1) for every key",
        ),
];
