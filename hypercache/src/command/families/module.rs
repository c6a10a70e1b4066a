//! Modules: entries only. This build loads none, so what may be known about them is known at once.

use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::ModuleCommand;
use crate::command::spec::NodeCommand;
use crate::command::spec::Spec;

/// Their entries.
pub const COMMANDS: &[Spec] = &[Spec::container("MODULE", Group::Server, MODULE).doc(
    "4.0.0",
    "A container for module commands.",
    "",
    "Depends on subcommand.",
)];

const MODULE: &[Spec] = &[
    Spec::node("HELP", 2, NodeCommand::Module(ModuleCommand::Help)).doc(
        "5.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    admin("LIST", 2, ModuleCommand::List).doc("4.0.0", "Returns all loaded modules: none.", "", "O(1)"),
    admin("LOAD", -3, ModuleCommand::Load).doc(
        "4.0.0",
        "Is refused: modules are not provided.",
        "path [arg [arg ...]]",
        "O(1)",
    ),
    admin("LOADEX", -3, ModuleCommand::Load).doc(
        "7.0.0",
        "Is refused: modules are not provided.",
        "path [CONFIG name value [CONFIG name value ...]] [ARGS args [ARGS args ...]]",
        "O(1)",
    ),
    admin("UNLOAD", 3, ModuleCommand::Unload).doc(
        "4.0.0",
        "Is refused: there is no module to unload.",
        "name",
        "O(1)",
    ),
];

const fn admin(name: &'static str, arity: i16, command: ModuleCommand) -> Spec {
    Spec::node(name, arity, NodeCommand::Module(command))
        .without(Flags::LOADING.and(Flags::STALE))
        .with(Flags::ADMIN.and(Flags::NOSCRIPT))
}
