//! Commands about users: entries only, the users lie with security.

use crate::command::spec::AclCommand;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::NodeCommand;
use crate::command::spec::Spec;

/// Their entries.
pub const COMMANDS: &[Spec] = &[Spec::container("ACL", Group::Server, ACL).doc(
    "6.0.0",
    "A container for Access List Control commands.",
    "",
    "Depends on subcommand.",
)];

const fn open(name: &'static str, arity: i16, command: AclCommand) -> Spec {
    Spec::node(name, arity, NodeCommand::Acl(command)).with(Flags::NOSCRIPT)
}

const fn admin(name: &'static str, arity: i16, command: AclCommand) -> Spec {
    open(name, arity, command).with(Flags::ADMIN)
}

const ACL: &[Spec] = &[
    open("CAT", -2, AclCommand::Cat).doc(
        "6.0.0",
        "Lists the ACL categories, or the commands inside a category.",
        "[category]",
        "O(1) since the categories and commands are a fixed set.",
    ),
    admin("DELUSER", -3, AclCommand::DelUser).doc(
        "6.0.0",
        "Deletes ACL users, and terminates their connections.",
        "username [username ...]",
        "O(1) amortized time considering the typical user.",
    ),
    admin("DRYRUN", -4, AclCommand::DryRun).doc(
        "7.0.0",
        "Simulates the execution of a command by a user, without executing the command.",
        "username command [arg [arg ...]]",
        "O(1)",
    ),
    open("GENPASS", -2, AclCommand::GenPass).doc(
        "6.0.0",
        "Generates a pseudorandom, secure password that can be used to identify ACL users.",
        "[bits]",
        "O(1)",
    ),
    admin("GETUSER", 3, AclCommand::GetUser).doc(
        "6.0.0",
        "Lists the ACL rules of a user.",
        "username",
        "O(N) where N is the number of password, command and pattern rules that the user has",
    ),
    Spec::node("HELP", 2, NodeCommand::Acl(AclCommand::Help)).doc(
        "6.0.0",
        "Returns helpful text about the different subcommands.",
        "",
        "O(1)",
    ),
    admin("LIST", 2, AclCommand::List).doc(
        "6.0.0",
        "Dumps the effective rules in ACL file format.",
        "",
        "O(N) where N is the number of configured users",
    ),
    admin("LOAD", 2, AclCommand::Load).doc(
        "6.0.0",
        "Reloads the rules from the configured ACL file.",
        "",
        "O(N) where N is the number of configured users",
    ),
    admin("LOG", -2, AclCommand::Log).doc(
        "6.0.0",
        "Lists recent security events generated due to ACL rules.",
        "[count | RESET]",
        "O(N) with N being the number of entries shown",
    ),
    admin("SAVE", 2, AclCommand::Save).doc(
        "6.0.0",
        "Saves the effective ACL rules in the configured ACL file.",
        "",
        "O(N) where N is the number of configured users",
    ),
    admin("SETUSER", -3, AclCommand::SetUser).doc(
        "6.0.0",
        "Creates and modifies an ACL user and its rules.",
        "username [rule [rule ...]]",
        "O(N) where N is the number of rules provided",
    ),
    admin("USERS", 2, AclCommand::Users).doc(
        "6.0.0",
        "Lists all ACL users.",
        "",
        "O(N) where N is the number of configured users",
    ),
    open("WHOAMI", 2, AclCommand::WhoAmI).doc(
        "6.0.0",
        "Returns the authenticated username of the current connection.",
        "",
        "O(1)",
    ),
];
