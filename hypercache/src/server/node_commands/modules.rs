//! `MODULE`, of a node that loads none.

use crate::command::ReplyError;
use crate::command::spec::ModuleCommand;
use crate::resp::ReplyWriter;
use crate::server::node_commands::help;

const NOT_PROVIDED: ReplyError = ReplyError::err("modules are not provided by this build");
const NO_SUCH_MODULE: ReplyError = ReplyError::err("Error unloading module: no such module with that name");

/// Runs `command`.
pub fn run(command: ModuleCommand, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    match command {
        ModuleCommand::Help => help::write("MODULE", reply),
        ModuleCommand::List => reply.array(0),
        ModuleCommand::Load => return Err(NOT_PROVIDED),
        ModuleCommand::Unload => return Err(NO_SUCH_MODULE),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::server::node_commands::fixture::Fixture;

    #[test]
    fn there_are_no_modules() {
        let mut fixture = Fixture::new();
        for (line, answer) in [
            ("MODULE LIST", "*0\r\n"),
            ("MODULE LOAD /tmp/m.so a b", "-ERR modules are not provided by this build\r\n"),
            ("MODULE LOADEX /tmp/m.so", "-ERR modules are not provided by this build\r\n"),
            ("MODULE UNLOAD m", "-ERR Error unloading module: no such module with that name\r\n"),
            ("MODULE WHAT", "-ERR unknown subcommand 'WHAT'. Try MODULE HELP.\r\n"),
        ] {
            assert_eq!(fixture.raw(line), answer, "{line}");
        }
        assert!(fixture.raw("MODULE HELP").contains("+LOAD path [arg [arg ...]]"));
    }
}
