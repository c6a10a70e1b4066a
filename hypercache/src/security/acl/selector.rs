//! A set of rules about commands, keys and channels; a user has one or more.

use std::collections::BTreeMap;

use crate::command::Command;
use crate::command::table::table;
use crate::security::acl::Fault;
use crate::security::acl::categories;

/// Keys that may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPattern {
    /// The glob.
    pub pattern: Box<[u8]>,
    /// Whether they may be read.
    pub read: bool,
    /// Whether they may be written.
    pub write: bool,
}

impl KeyPattern {
    /// As a rule.
    fn write_to(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(match (self.read, self.write) {
            (true, false) => b"%R~",
            (false, true) => b"%W~",
            _ => b"~",
        });
        text.extend_from_slice(&self.pattern);
    }
}

/// A rule about a command or a category, kept as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allow: bool,
    /// In lower case: `get`, `config|set`, `@read`, `select|0`.
    what: Box<[u8]>,
}

/// What may be done: a command has to be allowed with all its keys and channels by one selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// No command needs to be looked up. Taking one away ends this, adding it again does not bring it back.
    pub(super) all_commands: bool,
    pub(super) all_keys: bool,
    pub(super) all_channels: bool,
    /// A bit for each command, by its number.
    allowed: Vec<u64>,
    /// The rules start from all commands rather than from none.
    from_all: bool,
    /// Commands that are allowed only with one of these first arguments.
    first_arguments: BTreeMap<u16, Vec<Box<[u8]>>>,
    pub(super) keys: Vec<KeyPattern>,
    pub(super) channels: Vec<Box<[u8]>>,
    rules: Vec<Rule>,
}

/// Whether a pattern or name cannot stand in a line of rules.
pub fn has_blanks(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b' ' | b'\t'..=b'\r' | 0))
}

impl Selector {
    /// One that allows nothing, but for all channels where `all_channels` says so.
    pub fn new(all_channels: bool) -> Self {
        Self {
            all_commands: false,
            all_keys: false,
            all_channels,
            allowed: vec![0; table().all().len().div_ceil(64)],
            from_all: false,
            first_arguments: BTreeMap::new(),
            keys: Vec::new(),
            channels: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// The patterns of channels that it allows; none: it allows all.
    pub fn channels(&self) -> Option<&[Box<[u8]>]> {
        (!self.all_channels).then_some(&self.channels)
    }

    /// Whether it allows everything.
    pub fn is_unrestricted(&self) -> bool {
        self.all_commands && self.all_keys && self.all_channels
    }

    /// Applies one rule.
    pub fn apply(&mut self, rule: &[u8]) -> Result<(), Fault> {
        match rule.to_ascii_lowercase().as_slice() {
            b"allkeys" | b"~*" => self.set_keys(true),
            b"resetkeys" => self.set_keys(false),
            b"allchannels" | b"&*" => self.set_channels(true),
            b"resetchannels" => self.set_channels(false),
            b"allcommands" | b"+@all" => self.set_commands(true),
            b"nocommands" | b"-@all" => self.set_commands(false),
            _ => return self.apply_named(rule),
        }
        Ok(())
    }

    fn apply_named(&mut self, rule: &[u8]) -> Result<(), Fault> {
        match rule {
            [sign @ (b'+' | b'-'), b'@', name @ ..] => {
                let category = categories::find(name).ok_or(Fault::UnknownCommand)?;
                self.set_category(category, *sign == b'+');
                Ok(())
            }
            [b'+', name @ ..] => self.allow(name),
            [b'-', name @ ..] => {
                let command = table().find(name).ok_or(Fault::UnknownCommand)?;
                self.set_command(command, false);
                self.note(command.name.as_bytes(), false);
                Ok(())
            }
            [b'~' | b'%', ..] => self.add_keys(rule),
            [b'&', channel @ ..] => self.add_channel(channel),
            _ => Err(Fault::Syntax),
        }
    }

    fn set_keys(&mut self, all: bool) {
        self.all_keys = all;
        self.keys.clear();
    }

    fn set_channels(&mut self, all: bool) {
        self.all_channels = all;
        self.channels.clear();
    }

    fn set_commands(&mut self, all: bool) {
        self.all_commands = all;
        self.from_all = all;
        self.allowed.fill(if all { u64::MAX } else { 0 });
        self.rules.clear();
        self.first_arguments.clear();
    }

    fn add_keys(&mut self, rule: &[u8]) -> Result<(), Fault> {
        if self.all_keys {
            return Err(Fault::KeysAfterAll);
        }
        let (kind, pattern) = match rule {
            [b'~', pattern @ ..] => (&b"RW"[..], pattern),
            [_, rest @ ..] => {
                let tilde = rest.iter().position(|byte| *byte == b'~').ok_or(Fault::Syntax)?;
                (&rest[..tilde], &rest[tilde + 1..])
            }
            [] => return Err(Fault::Syntax),
        };
        let (read, write) = match kind.to_ascii_uppercase().as_slice() {
            b"R" => (true, false),
            b"W" => (false, true),
            b"RW" | b"WR" => (true, true),
            _ => return Err(Fault::Syntax),
        };
        if has_blanks(pattern) {
            return Err(Fault::Syntax);
        }
        if let Some(known) = self.keys.iter_mut().find(|known| &*known.pattern == pattern) {
            known.read |= read;
            known.write |= write;
        } else {
            self.keys.push(KeyPattern { pattern: pattern.into(), read, write });
        }
        Ok(())
    }

    fn add_channel(&mut self, channel: &[u8]) -> Result<(), Fault> {
        if self.all_channels {
            return Err(Fault::ChannelsAfterAll);
        }
        if has_blanks(channel) {
            return Err(Fault::Syntax);
        }
        if !self.channels.iter().any(|known| &**known == channel) {
            self.channels.push(channel.into());
        }
        Ok(())
    }

    /// `+name`: a command, a subcommand, or a command with a first argument.
    fn allow(&mut self, name: &[u8]) -> Result<(), Fault> {
        let Some(bar) = name.iter().rposition(|byte| *byte == b'|') else {
            let command = table().find(name).ok_or(Fault::UnknownCommand)?;
            self.set_command(command, true);
            self.note(name, true);
            return Ok(());
        };
        let (outer, inner) = (&name[..bar], &name[bar + 1..]);
        let command = table().find(outer).ok_or(Fault::UnknownCommand)?;
        if command.container.is_some() {
            return Err(Fault::FirstArgumentOfSubcommand);
        }
        if inner.is_empty() {
            return Err(Fault::Syntax);
        }
        // In Redis `DEBUG` has no subcommands but first arguments, any of which a rule may name.
        match table().find(name) {
            Some(subcommand) => self.set_command(subcommand, true),
            None if !command.spec.subcommands.is_empty() && command.name != "DEBUG" => {
                return Err(Fault::UnknownCommand);
            }
            None if has_blanks(inner) => return Err(Fault::Syntax),
            None => {
                let allowed = self.first_arguments.entry(command.id).or_default();
                if !allowed.iter().any(|known| known.eq_ignore_ascii_case(inner)) {
                    allowed.push(inner.into());
                }
            }
        }
        self.note(name, true);
        Ok(())
    }

    fn set_category(&mut self, category: &'static str, allow: bool) {
        categories::commands(category).for_each(|command| self.set_command(command, allow));
        self.note(format!("@{category}").as_bytes(), allow);
    }

    /// Allows a command or not, with all its subcommands.
    fn set_command(&mut self, command: &Command, allow: bool) {
        self.set_bit(command.id, allow);
        self.first_arguments.remove(&command.id);
        if !command.spec.subcommands.is_empty() {
            table().subcommands_of(command).for_each(|subcommand| self.set_bit(subcommand.id, allow));
        }
    }

    fn set_bit(&mut self, id: u16, allow: bool) {
        let (word, bit) = (usize::from(id / 64), 1 << (id % 64));
        if allow {
            self.allowed[word] |= bit;
        } else {
            self.allowed[word] &= !bit;
            self.all_commands = false;
        }
    }

    /// Keeps a rule, in place of earlier ones about the same and about parts of it.
    fn note(&mut self, what: &[u8], allow: bool) {
        let what = what.to_ascii_lowercase();
        self.rules.retain(|rule| {
            rule.what.strip_prefix(&what[..]).is_none_or(|rest| !rest.is_empty() && rest[0] != b'|')
        });
        self.rules.push(Rule { allow, what: what.into() });
    }

    /// Whether a command may be run, by its number and first argument.
    pub(super) fn allows(&self, id: u16, first_argument: Option<&[u8]>) -> bool {
        if self.all_commands || self.allowed[usize::from(id / 64)] & (1 << (id % 64)) != 0 {
            return true;
        }
        let (Some(allowed), Some(argument)) = (self.first_arguments.get(&id), first_argument) else {
            return false;
        };
        allowed.iter().any(|known| known.eq_ignore_ascii_case(argument))
    }

    /// The rules about commands, from which the same set of commands follows again.
    pub fn commands_text(&self) -> Vec<u8> {
        let mut text = if self.from_all { b"+@all".to_vec() } else { b"-@all".to_vec() };
        for rule in &self.rules {
            text.extend_from_slice(if rule.allow { b" +" } else { b" -" });
            text.extend_from_slice(&rule.what);
        }
        text
    }

    /// The patterns of keys, with blanks between them.
    pub fn keys_text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if self.all_keys {
            text.extend_from_slice(b"~*");
        }
        for (index, key) in self.keys.iter().enumerate() {
            text.extend_from_slice(if index > 0 { b" " } else { b"" });
            key.write_to(&mut text);
        }
        text
    }

    /// The patterns of channels, with blanks between them.
    pub fn channels_text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if self.all_channels {
            text.extend_from_slice(b"&*");
        }
        for (index, channel) in self.channels.iter().enumerate() {
            text.extend_from_slice(if index > 0 { b" &" } else { b"&" });
            text.extend_from_slice(channel);
        }
        text
    }

    /// All its rules in one line.
    pub fn text(&self) -> Vec<u8> {
        let mut text = self.keys_text();
        text.extend_from_slice(if text.is_empty() { b"" } else { b" " });
        if !self.all_channels {
            text.extend_from_slice(b"resetchannels ");
        }
        let channels = self.channels_text();
        text.extend_from_slice(&channels);
        text.extend_from_slice(if channels.is_empty() { b"" } else { b" " });
        text.extend_from_slice(&self.commands_text());
        text
    }
}

#[cfg(test)]
mod tests;
