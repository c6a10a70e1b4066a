//! `DEBUG` as far as it is not about data.

use std::time::Duration;

use crate::command::ReplyError;
use crate::command::args::float;
use crate::resp::Args;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;
use crate::telemetry::Event;
use crate::telemetry::events::lifecycle::DebugLogged;

const UNKNOWN_TYPE: ReplyError = ReplyError::err(
    "Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
);
const NOT_IN_RESP2: ReplyError = ReplyError::err("RESP2 is not supported by this command");

/// `DEBUG ERROR`: the message is the whole error, prefix and all.
pub fn error(args: Args<'_>, reply: &mut ReplyWriter) {
    let text = String::from_utf8_lossy(&args[2]);
    let (prefix, rest) = text.split_once(' ').unwrap_or((&text, ""));
    // A line break in the prefix would break the protocol; what follows it is made harmless by the writer.
    reply.error(&prefix.replace(['\r', '\n'], " "), rest);
}

/// `DEBUG LOG`.
pub fn log(args: Args<'_>, reply: &mut ReplyWriter) {
    DebugLogged { message: &String::from_utf8_lossy(&args[2]) }.emit();
    reply.ok();
}

/// `DEBUG SLEEP`: stops the thread that serves this connection, and all others that it serves.
pub fn sleep(args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let seconds = float(&args[2])?;
    std::thread::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default());
    reply.ok();
    Ok(())
}

/// `DEBUG SET-ACTIVE-EXPIRE`.
pub fn set_active_expire(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) {
    node.settings.set_active_expire(is_on(args));
    reply.ok();
}

/// `DEBUG PAUSE-CRON`.
pub fn pause_cron(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) {
    node.settings.set_housekeeping(!is_on(args));
    reply.ok();
}

fn is_on(args: Args<'_>) -> bool {
    crate::value::number::decimal(&args[2]).is_some_and(|number| number != 0)
}

/// `DEBUG PROTOCOL`.
pub fn protocol(args: Args<'_>, reply: &mut ReplyWriter) -> Result<(), ReplyError> {
    let new = reply.protocol() == Protocol::Resp3;
    match args[2].to_ascii_lowercase().as_slice() {
        b"string" => reply.bulk("Hello World"),
        b"integer" => reply.integer(12345),
        b"double" => reply.double(f64::from(3141) / 1000.0),
        b"bignum" if new => reply.raw(b"(1234567999999999999999999999999999999\r\n"),
        b"bignum" => reply.bulk("1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.integer(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => {
            if new {
                reply.raw(b"|1\r\n");
                reply.bulk("key-popularity");
                reply.array(2);
                reply.bulk("key:123");
                reply.integer(90);
            }
            reply.bulk("Some real reply following the attribute");
        }
        b"push" if new => {
            reply.push(2);
            reply.bulk("server-cpu-usage");
            reply.integer(42);
            reply.bulk("Some real reply following the push reply");
        }
        b"push" => return Err(NOT_IN_RESP2),
        b"verbatim" => reply.verbatim("txt", "This is a verbatim\nstring"),
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        _ => return Err(UNKNOWN_TYPE),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::DebugCommand;
    use crate::resp::Protocol;
    use crate::server::node_commands::fixture::Fixture;

    fn allowed() -> Fixture {
        Fixture::with(|config| config.security.enable_debug_command = DebugCommand::Local)
    }

    #[test]
    fn it_is_refused_unless_the_configuration_lets_it() {
        let refused = "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", \
                       you can run it from a local connection, otherwise you need to set this option in the \
                       configuration file, and then restart the server.\r\n";
        let mut fixture = Fixture::new();
        for line in ["DEBUG SLEEP 0", "DEBUG OBJECT a", "DEBUG DIGEST"] {
            assert_eq!(fixture.raw(line), refused, "{line}");
        }
        assert_eq!(
            fixture.raw("CONFIG GET enable-debug-command"),
            "*2\r\n$20\r\nenable-debug-command\r\n$2\r\nno\r\n"
        );
        assert_eq!(allowed().raw("DEBUG SLEEP 0.001"), "+OK\r\n");
    }

    #[test]
    fn each_type_of_the_protocol_is_shown() {
        let mut fixture = allowed();
        assert_eq!(fixture.raw("DEBUG PROTOCOL push"), "-ERR RESP2 is not supported by this command\r\n");
        assert_eq!(fixture.raw("DEBUG PROTOCOL double"), "$5\r\n3.141\r\n");
        fixture.protocol(Protocol::Resp3);
        for (word, answer) in [
            ("string", "$11\r\nHello World\r\n"),
            ("bignum", "(1234567999999999999999999999999999999\r\n"),
            ("null", "_\r\n"),
            ("set", "~3\r\n:0\r\n:1\r\n:2\r\n"),
            ("map", "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n"),
            ("TRUE", "#t\r\n"),
            ("verbatim", "=29\r\ntxt:This is a verbatim\nstring\r\n"),
        ] {
            assert_eq!(fixture.raw(&format!("DEBUG PROTOCOL {word}")), answer, "{word}");
        }
        assert!(fixture.raw("DEBUG PROTOCOL attrib").starts_with("|1\r\n$14\r\nkey-popularity\r\n*2\r\n"));
        assert!(fixture.raw("DEBUG PROTOCOL push").starts_with(">2\r\n"));
        assert!(fixture.raw("DEBUG PROTOCOL other").starts_with("-ERR Wrong protocol type name."));
    }

    #[test]
    fn errors_and_switches() {
        let mut fixture = allowed();
        assert_eq!(fixture.raw_parts(&["DEBUG", "ERROR", "MY\r\nERR a\nb"]), "-MY  ERR a b\r\n");
        assert_eq!(fixture.raw_parts(&["DEBUG", "ERROR", "alone"]), "-alone\r\n");
        fixture.raw("DEBUG SET-ACTIVE-EXPIRE 0");
        fixture.raw("DEBUG PAUSE-CRON 1");
        let settings = std::sync::Arc::clone(&fixture.node.settings);
        assert!(!settings.active_expire() && !settings.housekeeping());
        fixture.raw("DEBUG SET-ACTIVE-EXPIRE 1");
        fixture.raw("DEBUG PAUSE-CRON 0");
        assert!(settings.active_expire() && settings.housekeeping());
        assert_eq!(fixture.raw("DEBUG LOG hello"), "+OK\r\n");
        assert!(fixture.raw("DEBUG RESTART").starts_with("-ERR unknown subcommand 'RESTART'"));
        assert_eq!(fixture.raw("DEBUG SLEEP x"), "-ERR value is not a valid float\r\n");
    }
}
