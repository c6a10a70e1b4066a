//! Whether a user may run a command with its keys and channels.

use crate::command::Command;
use crate::command::key_flags;
use crate::command::spec::Flags;
use crate::command::spec::NodeCommand;
use crate::command::spec::Run;
use crate::command::spec::SessionCommand;
use crate::resp::Args;
use crate::security::acl::Account;
use crate::security::acl::Selector;
use crate::value::glob;

/// Why a command is not run. The order is Redis's: of what several selectors say the greatest is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denial {
    /// The command itself.
    Command,
    /// The key at this index of the arguments.
    Key(usize),
    /// The channel at this index of the arguments.
    Channel(usize),
}

/// Whether one of the user's selectors allows the command with all it touches.
pub fn check(account: &Account, command: &Command, args: Args<'_>) -> Result<(), Denial> {
    let mut told = Denial::Command;
    for selector in account.selectors() {
        match selector.check(command, args) {
            Ok(()) => return Ok(()),
            Err(denial) => told = told.max(denial),
        }
    }
    Err(told)
}

/// The option by which `SORT` would read keys that it does not name, where the user may not read every key.
pub fn sort_denial(account: &Account, command: &Command, args: Args<'_>) -> Option<&'static str> {
    command.spec.roams?;
    let reads_all = |selector: &Selector| selector.reads_all_keys() && selector.check(command, args).is_ok();
    let option = roaming_option(args)?;
    (!account.selectors().iter().any(reads_all)).then_some(option)
}

/// The first option of `SORT` that reads other keys, read as `SORT` reads its options.
fn roaming_option(args: Args<'_>) -> Option<&'static str> {
    let mut at = 2;
    while at + 1 < args.len() {
        let is = |word: &str| args[at].eq_ignore_ascii_case(word.as_bytes());
        if is("GET") {
            return Some("GET");
        }
        if is("BY") && args[at + 1].contains(&b'*') {
            return Some("BY");
        }
        at += if is("LIMIT") {
            3
        } else if is("BY") || is("STORE") {
            2
        } else {
            1
        };
    }
    None
}

/// Which arguments of a command are channels, and whether they are patterns.
fn channels(command: &Command, args: Args<'_>) -> (std::ops::Range<usize>, bool) {
    match command.spec.run {
        Run::Session(SessionCommand::Subscribe | SessionCommand::SSubscribe) => (1..args.len(), false),
        Run::Session(SessionCommand::PSubscribe) => (1..args.len(), true),
        Run::Node(NodeCommand::Publish | NodeCommand::SPublish) => (1..args.len().min(2), false),
        _ => (0..0, false),
    }
}

impl Selector {
    fn check(&self, command: &Command, args: Args<'_>) -> Result<(), Denial> {
        let first = usize::from(command.container.is_some()) + 1;
        if !command.spec.flags.has(Flags::NO_AUTH) && !self.allows(command.id, args.get(first)) {
            return Err(Denial::Command);
        }
        if !self.all_keys {
            for (index, at) in command.spec.keys.positions(args).enumerate() {
                let flags = key_flags::of_key(command, args, index);
                let has = |flag: &str| flags.contains(&flag);
                let writes = has("insert") || has("update") || has("delete");
                if let Some(key) = args.get(at)
                    && !has("not_key")
                    && !self.allows_key(key, has("access"), writes)
                {
                    return Err(Denial::Key(at));
                }
            }
        }
        let (mut named, pattern) = channels(command, args);
        match named.find(|at| !self.allows_channel(&args[*at], pattern)) {
            Some(at) => Err(Denial::Channel(at)),
            None => Ok(()),
        }
    }

    fn allows_key(&self, key: &[u8], read: bool, write: bool) -> bool {
        self.keys.iter().any(|known| {
            (known.read || !read) && (known.write || !write) && glob::matches(&known.pattern, key)
        })
    }

    fn reads_all_keys(&self) -> bool {
        self.all_keys || self.keys.iter().any(|known| known.read && &*known.pattern == b"*")
    }

    fn allows_channel(&self, channel: &[u8], pattern: bool) -> bool {
        self.all_channels || channel_is_among(&self.channels, channel, pattern)
    }
}

/// Whether a channel matches one of these patterns; a pattern has to be one of them.
pub fn channel_is_among(patterns: &[impl AsRef<[u8]>], channel: &[u8], pattern: bool) -> bool {
    patterns
        .iter()
        .any(|known| if pattern { known.as_ref() == channel } else { glob::matches(known.as_ref(), channel) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::table::table;
    use crate::resp::OwnedArgs;

    fn account(rules: &str) -> Account {
        let mut account = Account::new(false);
        let parts: Vec<&[u8]> = rules.split(' ').map(str::as_bytes).collect();
        account.apply_all(&parts, false).unwrap();
        account
    }

    fn verdict(rules: &str, line: &str) -> Result<(), Denial> {
        let args = OwnedArgs::new(line.split(' '));
        check(&account(rules), table().resolve(args.view()), args.view())
    }

    #[test]
    fn commands_keys_and_channels_are_checked() {
        use Denial::{Channel, Command, Key};
        for (rules, line, wanted) in [
            ("+get", "get a", Err(Key(1))),
            ("+get ~a*", "get ab", Ok(())),
            ("+get ~a*", "set ab 1", Err(Command)),
            ("+get %W~a*", "get ab", Err(Key(1))),
            ("+@all %R~r* %W~w*", "copy r w", Ok(())),
            ("+@all %R~r* %W~w*", "copy w r", Err(Key(1))),
            ("+@all %R~r* %W~w*", "exists r w", Ok(())),
            ("+@all %R~r* %W~w*", "exists r x", Err(Key(2))),
            ("+@all %W~w", "set w get", Ok(())),
            ("+@all %W~w", "set w 1 get", Err(Key(1))),
            ("+@all %R~r* %W~w*", "sort r STORE w", Ok(())),
            ("+@all %R~r* %W~w*", "sort r STORE r", Err(Key(3))),
            ("+mget ~key (+mget ~key ~other)", "mget other some", Err(Key(2))),
            ("(+@write ~w:*) (+@read ~r:*)", "get r:1", Ok(())),
            ("(+@write ~w:*) (+@read ~r:*)", "get w:1", Err(Key(1))),
            ("(+@write ~w:*) (+@read ~r:*)", "ping", Err(Command)),
            ("+select|0", "select 0", Ok(())),
            ("+select|0", "select 1", Err(Command)),
            ("+config -config|set", "config get a", Ok(())),
            ("+config -config|set", "config set a b", Err(Command)),
            ("-@all", "auth a b", Ok(())),
            ("+@all &c", "publish c m", Ok(())),
            ("+@all &c", "publish d m", Err(Channel(1))),
            ("+@all &c*", "subscribe cc d", Err(Channel(2))),
            ("+@all &c*", "psubscribe c*", Ok(())),
            ("+@all &c*", "psubscribe cc", Err(Channel(1))),
            ("+@all &c", "sunsubscribe d", Ok(())),
            ("+@all &c", "ssubscribe d", Err(Channel(1))),
        ] {
            assert_eq!(verdict(rules, line), wanted, "{rules}: {line}");
        }
    }

    #[test]
    fn sort_by_other_keys_needs_every_key() {
        for (rules, line, wanted) in [
            ("+sort ~l", "sort l by v*", Some("BY")),
            ("+sort ~l", "sort l get #", Some("GET")),
            ("+sort ~l", "sort l by nosort", None),
            ("+sort ~l ~v*", "sort l limit 0 1 by v*", Some("BY")),
            ("+sort ~l %W~*", "sort l by v*", Some("BY")),
            ("(+sort ~l %R~*)", "sort l by v*", None),
            ("+sort ~l", "sort l desc", None),
        ] {
            let args = OwnedArgs::new(line.split(' '));
            let command = table().resolve(args.view());
            assert_eq!(sort_denial(&account(rules), command, args.view()), wanted, "{rules}: {line}");
        }
    }
}
