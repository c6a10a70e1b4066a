//! `SLOWLOG` and `COMMANDLOG`.

use crate::command::ReplyError;
use crate::command::args::integer;
use crate::engine::observation::command_log::Log;
use crate::engine::observation::command_log::LogEntry;
use crate::engine::observation::command_log::LogKind;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;

/// Entries that are told unless a number is given.
const COUNT_DEFAULT: usize = 10;

const COUNT_TOO_SMALL: ReplyError = ReplyError::err("count should be greater than or equal to -1");
const UNKNOWN_KIND: ReplyError =
    ReplyError::err("type should be one of the following: slow, large-request, large-reply");

/// `SLOWLOG GET`.
pub fn slow_get(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let count = match args.len() {
        2 => COUNT_DEFAULT,
        3 => count(&args[2])?,
        _ => return Err(ReplyError::misused_subcommand(args)),
    };
    write(slow(node), count, reply);
    Ok(())
}

/// `SLOWLOG LEN`.
pub fn slow_len(node: &NodeState, reply: &mut ReplyWriter) {
    reply.count(slow(node).len());
}

/// `SLOWLOG RESET`.
pub fn slow_reset(node: &NodeState, reply: &mut ReplyWriter) {
    slow(node).clear();
    reply.ok();
}

/// `COMMANDLOG GET`.
pub fn get(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let (count, log) = (count(&args[2])?, node.observation.log.of(kind(&args[3])?));
    write(log, count, reply);
    Ok(())
}

/// `COMMANDLOG LEN`.
pub fn len(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    reply.count(node.observation.log.of(kind(&args[2])?).len());
    Ok(())
}

/// `COMMANDLOG RESET`.
pub fn reset(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    node.observation.log.of(kind(&args[2])?).clear();
    reply.ok();
    Ok(())
}

fn slow(node: &NodeState) -> &Log {
    node.observation.log.of(LogKind::Slow)
}

fn kind(word: &[u8]) -> Result<LogKind, ReplyError> {
    const WORDS: [(&str, LogKind); 3] = [
        ("slow", LogKind::Slow),
        ("large-request", LogKind::LargeRequest),
        ("large-reply", LogKind::LargeReply),
    ];
    let known = WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
    known.map(|(_, kind)| *kind).ok_or(UNKNOWN_KIND)
}

/// A number of entries; -1: all.
fn count(argument: &[u8]) -> Result<usize, ReplyError> {
    match integer(argument).map_err(|_| COUNT_TOO_SMALL)? {
        -1 => Ok(usize::MAX),
        number => usize::try_from(number).map_err(|_| COUNT_TOO_SMALL),
    }
}

fn write(log: &Log, count: usize, reply: &mut ReplyWriter) {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let entries = log.newest(count);
    reply.array(entries.len());
    for LogEntry { id, time, value, args, client, client_name } in entries {
        reply.array(6);
        reply.integer(number(id));
        reply.integer(number(time));
        reply.integer(number(value));
        reply.array(args.len());
        args.iter().for_each(|argument| reply.bulk(argument));
        reply.bulk(client);
        reply.bulk(client_name);
    }
}

#[cfg(test)]
mod tests {
    use crate::server::node_commands::fixture::Fixture;

    /// The commands in a log, the newest first.
    fn logged(fixture: &mut Fixture, line: &str) -> Vec<String> {
        let redis::Value::Array(entries) = fixture.value(line) else { panic!("{line} is no list") };
        let mut found = Vec::new();
        for entry in entries {
            let (_, _, _, args, client, _): (u64, u64, u64, Vec<String>, String, String) =
                redis::from_redis_value(entry).unwrap();
            assert_eq!(client, "127.0.0.1:1001");
            found.push(args.join(" "));
        }
        found
    }

    #[test]
    fn what_is_slow_is_logged_within_bounds() {
        let mut fixture = Fixture::new();
        assert_eq!(fixture.raw("SLOWLOG LEN"), ":0\r\n");
        fixture.raw("CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3");
        fixture.raw("SLOWLOG RESET");
        for line in ["SET a 1", "GET a", "LPUSH a 1", "NONSENSE", "GET", "AUTH x"] {
            fixture.raw(line);
        }
        assert_eq!(logged(&mut fixture, "SLOWLOG GET"), ["AUTH (redacted)", "LPUSH a 1", "GET a"]);
        assert_eq!(logged(&mut fixture, "SLOWLOG GET 1"), ["SLOWLOG GET"]);
        assert_eq!(logged(&mut fixture, "COMMANDLOG GET 1 slow"), ["SLOWLOG GET 1"]);
        fixture.raw("CONFIG SET slowlog-log-slower-than -1");
        assert_eq!(fixture.raw("SLOWLOG RESET"), "+OK\r\n");
        fixture.raw("GET a");
        assert_eq!(fixture.raw("COMMANDLOG LEN SLOW"), ":0\r\n");
    }

    #[test]
    fn a_transaction_is_logged_by_its_commands() {
        let mut fixture = Fixture::new();
        fixture.raw("CONFIG SET slowlog-log-slower-than 0");
        fixture.raw("SLOWLOG RESET");
        for line in ["MULTI", "SET a 1", "INCR a", "EXEC"] {
            fixture.raw(line);
        }
        assert_eq!(logged(&mut fixture, "SLOWLOG GET -1"), ["INCR a", "SET a 1", "MULTI", "SLOWLOG RESET"]);
    }

    #[test]
    fn what_is_large_has_logs_of_its_own() {
        let mut fixture = Fixture::new();
        fixture.raw("CONFIG SET commandlog-request-larger-than 1000 commandlog-reply-larger-than 2000");
        let long = "x".repeat(2500);
        fixture.raw(&format!("SET a {long}"));
        fixture.raw("GET a");
        let shown = format!("SET a {}... (2372 more bytes)", &long[..128]);
        assert_eq!(logged(&mut fixture, "COMMANDLOG GET -1 large-request"), [shown]);
        assert_eq!(logged(&mut fixture, "COMMANDLOG GET 5 LARGE-REPLY"), ["GET a"]);
        assert_eq!(fixture.raw("COMMANDLOG RESET large-reply"), "+OK\r\n");
        assert_eq!(fixture.raw("COMMANDLOG LEN large-reply"), ":0\r\n");
        assert_eq!(fixture.raw("COMMANDLOG LEN large-request"), ":1\r\n");
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_redis_words() {
        let mut fixture = Fixture::new();
        for (line, answer) in [
            ("SLOWLOG GET -2", "-ERR count should be greater than or equal to -1\r\n"),
            ("SLOWLOG GET x", "-ERR count should be greater than or equal to -1\r\n"),
            ("SLOWLOG LEN 1", "-ERR wrong number of arguments for 'slowlog|len' command\r\n"),
            (
                "COMMANDLOG LEN fast",
                "-ERR type should be one of the following: slow, large-request, large-reply\r\n",
            ),
        ] {
            assert_eq!(fixture.raw(line), answer, "{line}");
        }
        assert!(fixture.raw("SLOWLOG GET 1 2").starts_with("-ERR unknown subcommand or wrong number"));
        assert!(fixture.raw("SLOWLOG HELP").contains("RESET"));
    }
}
