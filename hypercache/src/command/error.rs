//! Errors as a client sees them: a prefix that programs switch on, and a text for people.

use std::borrow::Cow;

use crate::store::script_gate::Overdue;

/// An error reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyError {
    /// The word that clients switch on: `ERR`, `WRONGTYPE`, `NOAUTH`, …
    pub prefix: &'static str,
    /// The rest, in Redis's wording where Redis has the same error.
    pub text: Cow<'static, str>,
}

impl ReplyError {
    /// An error with a prefix of its own.
    pub const fn new(prefix: &'static str, text: &'static str) -> Self {
        Self { prefix, text: Cow::Borrowed(text) }
    }

    /// An `ERR`.
    pub const fn err(text: &'static str) -> Self {
        Self::new("ERR", text)
    }

    /// An `ERR` whose text is made at run time.
    pub fn text(text: impl Into<String>) -> Self {
        Self { prefix: "ERR", text: Cow::Owned(text.into()) }
    }

    /// The command needs another number of arguments.
    pub fn arity(name: &str) -> Self {
        Self::text(format!("wrong number of arguments for '{}' command", name.to_ascii_lowercase()))
    }

    /// There is no such command. As Redis does it, the name is cut after 128 bytes and so are the arguments together.
    pub fn unknown_command(args: crate::resp::Args<'_>) -> Self {
        let shown = |bytes: &[u8], limit: usize| {
            String::from_utf8_lossy(&bytes[..bytes.len().min(limit)]).into_owned()
        };
        let mut beginning = String::new();
        for argument in args.from(1).iter() {
            if beginning.len() >= UNKNOWN_SHOWN_MAX {
                break;
            }
            beginning.push_str(&format!("'{}' ", shown(argument, UNKNOWN_SHOWN_MAX - beginning.len())));
        }
        let name = shown(args.get(0).unwrap_or_default(), UNKNOWN_SHOWN_MAX);
        Self::text(format!("unknown command '{name}', with args beginning with: {beginning}"))
    }

    /// There is no such subcommand.
    pub fn unknown_subcommand(container: &str, subcommand: &[u8]) -> Self {
        let shown =
            String::from_utf8_lossy(&subcommand[..subcommand.len().min(UNKNOWN_SHOWN_MAX)]).into_owned();
        Self::text(format!("unknown subcommand '{shown}'. Try {} HELP.", container.to_ascii_uppercase()))
    }

    /// A subcommand has arguments that cannot be read.
    pub fn misused_subcommand(args: crate::resp::Args<'_>) -> Self {
        let text = |index: usize| {
            let argument = args.get(index).unwrap_or_default();
            String::from_utf8_lossy(&argument[..argument.len().min(UNKNOWN_SHOWN_MAX)]).into_owned()
        };
        Self::text(format!(
            "unknown subcommand or wrong number of arguments for '{}'. Try {} HELP.",
            text(1),
            text(0).to_ascii_uppercase()
        ))
    }

    /// A script has run for too long, and nothing else runs until it ends.
    pub const fn busy(overdue: Overdue) -> Self {
        match overdue {
            Overdue::Script => Self::new(
                "BUSY",
                "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
            ),
            Overdue::Function => Self::new(
                "BUSY",
                "Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.",
            ),
        }
    }

    /// The expiry is out of range, in the words of `command`.
    pub fn invalid_expire(command: &str) -> Self {
        Self::text(format!("invalid expire time in '{}' command", command.to_ascii_lowercase()))
    }
}

impl std::fmt::Display for ReplyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.prefix, self.text)
    }
}

impl std::error::Error for ReplyError {}

/// Bytes of a command nobody knows that its error shows.
const UNKNOWN_SHOWN_MAX: usize = 128;

/// The key holds another type.
pub const WRONG_TYPE: ReplyError =
    ReplyError::new("WRONGTYPE", "Operation against a key holding the wrong kind of value");
/// An option that does not exist, or not here.
pub const SYNTAX: ReplyError = ReplyError::err("syntax error");
/// Not a 64-bit integer.
pub const NOT_AN_INTEGER: ReplyError = ReplyError::err("value is not an integer or out of range");
/// Not a floating-point number.
pub const NOT_A_FLOAT: ReplyError = ReplyError::err("value is not a valid float");
/// There is no such key where there must be one.
pub const NO_SUCH_KEY: ReplyError = ReplyError::err("no such key");
/// The sum does not fit 64 bits.
pub const OVERFLOW: ReplyError = ReplyError::err("increment or decrement would overflow");
/// The string would be longer than one may be.
pub const TOO_LONG: ReplyError = ReplyError::err("string exceeds maximum allowed size (proto-max-bulk-len)");
/// The store is at its memory limit and may not evict.
pub const OUT_OF_MEMORY: ReplyError =
    ReplyError::new("OOM", "command not allowed when used memory > 'maxmemory'.");
/// The reply would fill the memory; what the command has changed stays changed.
pub const REPLY_TOO_LONG: ReplyError = ReplyError::err("the reply is too long");
/// The store that the client has selected has been dropped since.
pub const NO_STORE: ReplyError =
    ReplyError::new("NOSTORE", "The selected store has been dropped. SELECT another one; 0 is always there.");

/// No store has the index or the name.
pub const UNKNOWN_STORE: ReplyError = ReplyError::new("NOSTORE", "There is no such store.");
/// Another store has the name.
pub const STORE_EXISTS: ReplyError = ReplyError::err("a store of this name exists already");
/// There is no index left for another store.
pub const NO_STORE_LEFT: ReplyError = ReplyError::err("there are as many stores as a node may have");
/// The default store is always there.
pub const DEFAULT_STORE_STAYS: ReplyError = ReplyError::err("the default store cannot be dropped");
/// What is to change needs a store without keys.
pub const STORE_IN_USE: ReplyError = ReplyError::err(
    "whether keys are kept by session can change only while the store has no keys and no client waits for one",
);
/// A store index that does not exist.
pub const DB_OUT_OF_RANGE: ReplyError = ReplyError::err("DB index is out of range");
/// The client has not authenticated.
pub const NO_AUTH: ReplyError = ReplyError::new("NOAUTH", "Authentication required.");
/// Wrong user or password.
pub const WRONG_PASS: ReplyError =
    ReplyError::new("WRONGPASS", "invalid username-password pair or user is disabled.");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::OwnedArgs;

    #[test]
    fn an_unknown_command_is_told_in_redis_words() {
        let args = OwnedArgs::new(["FOO", "a", "b"]);
        assert_eq!(
            ReplyError::unknown_command(args.view()).to_string(),
            "ERR unknown command 'FOO', with args beginning with: 'a' 'b' "
        );
        let long = "x".repeat(500);
        let text = ReplyError::unknown_command(OwnedArgs::new([&long, &long, &long]).view()).to_string();
        assert!(text.len() < 350, "{}", text.len());
    }
}
