//! Scripts and functions: entries only, what runs them lies in `script`.

use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::NodeCommand;
use crate::command::spec::ScriptCommand;
use crate::command::spec::Spec;

/// What calls a script or function may do.
const CALL: Flags = Flags::STALE.and(Flags::SKIP_MONITOR).and(Flags::MOVABLEKEYS);
/// As many keys as the third word says, right after it.
const KEYS: Keys = Keys::Numkeys { at: 2 };

const fn call(name: &'static str, command: ScriptCommand) -> Spec {
    Spec::script(name, -3, command).with(CALL).keys(KEYS)
}

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    call("EVAL", ScriptCommand::Eval).with(Flags::MAY_REPLICATE).doc(
        "2.6.0",
        "Executes a server-side Lua script.",
        "script numkeys [key [key ...]] [arg [arg ...]]",
        "Depends on the script that is executed.",
    ),
    call("EVALSHA", ScriptCommand::EvalSha).with(Flags::MAY_REPLICATE).doc(
        "2.6.0",
        "Executes a server-side Lua script by SHA1 digest.",
        "sha1 numkeys [key [key ...]] [arg [arg ...]]",
        "Depends on the script that is executed.",
    ),
    call("EVALSHA_RO", ScriptCommand::EvalShaRo).with(Flags::READONLY).doc(
        "7.0.0",
        "Executes a read-only server-side Lua script by SHA1 digest.",
        "sha1 numkeys [key [key ...]] [arg [arg ...]]",
        "Depends on the script that is executed.",
    ),
    call("EVAL_RO", ScriptCommand::EvalRo).with(Flags::READONLY).doc(
        "7.0.0",
        "Executes a read-only server-side Lua script.",
        "script numkeys [key [key ...]] [arg [arg ...]]",
        "Depends on the script that is executed.",
    ),
    call("FCALL", ScriptCommand::FCall).with(Flags::MAY_REPLICATE).doc(
        "7.0.0",
        "Invokes a function.",
        "function numkeys [key [key ...]] [arg [arg ...]]",
        "Depends on the function that is executed.",
    ),
    call("FCALL_RO", ScriptCommand::FCallRo).with(Flags::READONLY).doc(
        "7.0.0",
        "Invokes a read-only function.",
        "function numkeys [key [key ...]] [arg [arg ...]]",
        "Depends on the function that is executed.",
    ),
    Spec::container("FUNCTION", Group::Scripting, FUNCTION).doc(
        "7.0.0",
        "A container for function commands.",
        "",
        "Depends on subcommand.",
    ),
    Spec::container("SCRIPT", Group::Scripting, SCRIPT).doc(
        "2.6.0",
        "A container for Lua scripts management commands.",
        "",
        "Depends on subcommand.",
    ),
];

const FUNCTION: &[Spec] = &[
    Spec::script("DELETE", 3, ScriptCommand::FunctionDelete).with(Flags::WRITE).doc(
        "7.0.0",
        "Deletes a library and its functions.",
        "library-name",
        "O(1)",
    ),
    Spec::script("DUMP", 2, ScriptCommand::FunctionDump).doc(
        "7.0.0",
        "Dumps all libraries into a serialized binary payload.",
        "",
        "O(N) where N is the number of functions",
    ),
    Spec::script("FLUSH", -2, ScriptCommand::FunctionFlush).with(Flags::WRITE).doc(
        "7.0.0",
        "Deletes all libraries and functions.",
        "[ASYNC | SYNC]",
        "O(N) where N is the number of functions deleted",
    ),
    Spec::node("HELP", 2, NodeCommand::Help("FUNCTION")).group(Group::Scripting).doc(
        "7.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::script("KILL", 2, ScriptCommand::FunctionKill).with(Flags::ALLOW_BUSY).doc(
        "7.0.0",
        "Terminates a function during execution.",
        "",
        "O(1)",
    ),
    Spec::script("LIST", -2, ScriptCommand::FunctionList).doc(
        "7.0.0",
        "Returns information about all libraries.",
        "[LIBRARYNAME library-name-pattern] [WITHCODE]",
        "O(N) where N is the number of functions",
    ),
    Spec::script("LOAD", -3, ScriptCommand::FunctionLoad).with(Flags::WRITE.and(Flags::DENYOOM)).doc(
        "7.0.0",
        "Creates a library.",
        "[REPLACE] function-code",
        "O(1) (considering compilation time is redundant)",
    ),
    Spec::script("RESTORE", -3, ScriptCommand::FunctionRestore).with(Flags::WRITE.and(Flags::DENYOOM)).doc(
        "7.0.0",
        "Restores all libraries from a payload.",
        "serialized-value [FLUSH | APPEND | REPLACE]",
        "O(N) where N is the number of functions on the payload",
    ),
    Spec::script("STATS", 2, ScriptCommand::FunctionStats).with(Flags::ALLOW_BUSY).doc(
        "7.0.0",
        "Returns information about a function during execution.",
        "",
        "O(1)",
    ),
];

const SCRIPT: &[Spec] = &[
    Spec::script("DEBUG", 3, ScriptCommand::ScriptDebug).doc(
        "3.2.0",
        "Sets the debug mode of server-side Lua scripts; there is no debugger here, so it can only be off.",
        "<YES | SYNC | NO>",
        "O(1)",
    ),
    Spec::script("EXISTS", -3, ScriptCommand::ScriptExists).doc(
        "2.6.0",
        "Determines whether server-side Lua scripts exist in the script cache.",
        "sha1 [sha1 ...]",
        "O(N) with N being the number of scripts to check",
    ),
    Spec::script("FLUSH", -2, ScriptCommand::ScriptFlush).doc(
        "2.6.0",
        "Removes all server-side Lua scripts from the script cache.",
        "[ASYNC | SYNC]",
        "O(N) with N being the number of scripts in cache",
    ),
    Spec::node("HELP", 2, NodeCommand::Help("SCRIPT")).group(Group::Scripting).doc(
        "5.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    Spec::script("KILL", 2, ScriptCommand::ScriptKill).with(Flags::ALLOW_BUSY).doc(
        "2.6.0",
        "Terminates a server-side Lua script during execution.",
        "",
        "O(1)",
    ),
    Spec::script("LOAD", 3, ScriptCommand::ScriptLoad).with(Flags::STALE).doc(
        "2.6.0",
        "Loads a server-side Lua script to the script cache.",
        "script",
        "O(N) with N being the length in bytes of the script body.",
    ),
];
