//! `HELP` of commands with subcommands, written from the table.

use crate::command::table::table;
use crate::resp::ReplyWriter;

/// Tells the subcommands of `container`, in the form of Redis's own help texts.
pub fn write(container: &str, reply: &mut ReplyWriter) {
    let Some(command) = table().find(container.as_bytes()) else { return reply.array(0) };
    let subcommands: Vec<_> = table().subcommands_of(command).collect();
    reply.array(1 + 2 * subcommands.len());
    reply.simple(&format!("{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for subcommand in subcommands {
        let spec = subcommand.spec;
        reply.simple(format!("{} {}", spec.name, spec.syntax).trim_end());
        reply.simple(&format!("    {}", spec.summary));
    }
}
