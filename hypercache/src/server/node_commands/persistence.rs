//! Commands about what lies on disk, of a node that keeps its data in memory only.

use crate::command::ReplyError;
use crate::command::error;
use crate::command::spec::PersistenceCommand;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;

/// Runs `command`: all but `LASTSAVE` are refused.
pub fn run(
    command: PersistenceCommand,
    args: Args<'_>,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    match command {
        // As in Redis, the data of the start counts as saved.
        PersistenceCommand::LastSave => reply.integer(i64::try_from(node.started_unix).unwrap_or(i64::MAX)),
        PersistenceCommand::BackgroundSave if !is_background_save(args) => return Err(error::SYNTAX),
        PersistenceCommand::BackgroundRewriteAof
        | PersistenceCommand::BackgroundSave
        | PersistenceCommand::Save => {
            let name = String::from_utf8_lossy(&args[0]).to_ascii_uppercase();
            let text = format!("{name} is not possible: this node keeps its data in memory only");
            return Err(ReplyError::text(text));
        }
    }
    Ok(())
}

fn is_background_save(args: Args<'_>) -> bool {
    args.len() == 1 || args.len() == 2 && args[1].eq_ignore_ascii_case(b"SCHEDULE")
}

#[cfg(test)]
mod tests {
    use crate::server::node_commands::fixture::Fixture;

    #[test]
    fn nothing_is_saved_and_nobody_is_told_so() {
        let mut fixture = Fixture::new();
        for (line, answer) in [
            ("SAVE", "-ERR SAVE is not possible: this node keeps its data in memory only\r\n"),
            ("bgsave", "-ERR BGSAVE is not possible: this node keeps its data in memory only\r\n"),
            ("BGSAVE schedule", "-ERR BGSAVE is not possible: this node keeps its data in memory only\r\n"),
            ("BGSAVE SCHEDULE NOW", "-ERR syntax error\r\n"),
            ("BGSAVE LATER", "-ERR syntax error\r\n"),
            (
                "BGREWRITEAOF",
                "-ERR BGREWRITEAOF is not possible: this node keeps its data in memory only\r\n",
            ),
            ("SAVE NOW", "-ERR wrong number of arguments for 'save' command\r\n"),
        ] {
            assert_eq!(fixture.raw(line), answer, "{line}");
        }
    }

    #[test]
    fn the_data_of_the_start_counts_as_saved() {
        let mut fixture = Fixture::new();
        assert_eq!(fixture.raw("LASTSAVE"), ":1700000000\r\n");
        assert!(fixture.text("INFO persistence").contains("rdb_last_save_time:1700000000\r\n"));
    }
}
