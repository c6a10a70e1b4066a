//! Commands about what lies on disk: entries only. This build keeps data in memory only, and they say so.

use crate::command::spec::Flags;
use crate::command::spec::NodeCommand;
use crate::command::spec::PersistenceCommand;
use crate::command::spec::Spec;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    saving("BGREWRITEAOF", 1, PersistenceCommand::BackgroundRewriteAof).doc(
        "1.0.0",
        "Is refused: this build keeps data in memory only.",
        "",
        "O(1)",
    ),
    saving("BGSAVE", -1, PersistenceCommand::BackgroundSave).doc(
        "1.0.0",
        "Is refused: this build keeps data in memory only.",
        "[SCHEDULE]",
        "O(1)",
    ),
    Spec::node("LASTSAVE", 1, NodeCommand::Persistence(PersistenceCommand::LastSave))
        .with(Flags::FAST)
        .category("admin")
        .dangerous()
        .doc(
            "1.0.0",
            "Returns the Unix timestamp of the last save; nothing was ever saved, so that of the start.",
            "",
            "O(1)",
        ),
    saving("SAVE", 1, PersistenceCommand::Save).with(Flags::NO_MULTI).doc(
        "1.0.0",
        "Is refused: this build keeps data in memory only.",
        "",
        "O(1)",
    ),
];

const fn saving(name: &'static str, arity: i16, command: PersistenceCommand) -> Spec {
    Spec::node(name, arity, NodeCommand::Persistence(command))
        .without(Flags::LOADING.and(Flags::STALE))
        .with(Flags::ADMIN.and(Flags::NOSCRIPT))
}
