//! All commands, numbered: the one place that knows which there are.

use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::command::families;
use crate::command::spec::Spec;
use crate::resp::Args;

/// Longest command name that is looked up; no command is longer.
const NAME_BYTES_MAX: usize = 32;

/// A command or subcommand with its number.
pub struct Command {
    /// Index into the table; also into the meters.
    pub id: u16,
    /// Name for metrics, logs and spans: `GET`, `CLIENT|LIST`.
    pub name: String,
    /// The command that it is a subcommand of.
    pub container: Option<&'static Spec>,
    /// Its entry.
    pub spec: &'static Spec,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Command {
    /// The name in lower case, as Redis tells it.
    pub fn lower_name(&self) -> String {
        self.name.to_ascii_lowercase()
    }
}

/// The table.
pub struct Table {
    commands: Vec<Command>,
    ids: HashMap<String, u16>,
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::build);

/// The table of all commands.
pub fn table() -> &'static Table {
    &TABLE
}

impl Table {
    fn build() -> Self {
        static UNKNOWN: Spec = Spec::unknown();
        let mut table = Self { commands: Vec::new(), ids: HashMap::new() };
        table.add(&UNKNOWN, None);
        for spec in families::ALL.iter().copied().flatten() {
            table.add(spec, None);
            for subcommand in spec.subcommands {
                table.add(subcommand, Some(spec));
            }
        }
        table
    }

    fn add(&mut self, spec: &'static Spec, container: Option<&'static Spec>) {
        let id = u16::try_from(self.commands.len()).expect("there are fewer than 65,536 commands");
        let name = container
            .map_or_else(|| spec.name.to_owned(), |container| format!("{}|{}", container.name, spec.name));
        assert!(
            name.len() <= NAME_BYTES_MAX && name == name.to_ascii_uppercase(),
            "{name}: long or not in upper case"
        );
        let twin = self.ids.insert(name.clone(), id);
        assert!(twin.is_none(), "{name} stands in the table twice");
        self.commands.push(Command { id, name, container, spec });
    }

    /// What stands for names that are no command.
    pub fn unknown(&self) -> &Command {
        &self.commands[0]
    }

    /// The command that these arguments name, by case-insensitive name and subcommand. A container without a known
    /// subcommand is itself the answer; so is `unknown` where there is no such command.
    pub fn resolve(&self, args: Args<'_>) -> &Command {
        let top =
            args.get(0).and_then(|name| self.named(&[name])).filter(|command| command.container.is_none());
        let Some(command) = top else { return self.unknown() };
        if command.spec.subcommands.is_empty() {
            return command;
        }
        let full =
            args.get(1).and_then(|subcommand| self.named(&[command.name.as_bytes(), b"|", subcommand]));
        full.unwrap_or(command)
    }

    /// The command of this full name, in any case: `get`, `client|list`.
    pub fn find(&self, name: &[u8]) -> Option<&Command> {
        self.named(&[name]).filter(|command| command.id != 0)
    }

    /// Commands and subcommands in the order of their numbers, what stands for unknown names first.
    pub fn all(&self) -> &[Command] {
        &self.commands
    }

    /// Commands without subcommands, as `COMMAND` lists them.
    pub fn top_level(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter().skip(1).filter(|command| command.container.is_none())
    }

    /// Subcommands of a container.
    pub fn subcommands_of(&self, container: &Command) -> impl Iterator<Item = &Command> {
        let spec = container.spec;
        self.commands
            .iter()
            .filter(move |command| command.container.is_some_and(|parent| std::ptr::eq(parent, spec)))
    }

    fn named(&self, parts: &[&[u8]]) -> Option<&Command> {
        upper(parts, |name| self.ids.get(name).map(|id| &self.commands[usize::from(*id)])).flatten()
    }
}

/// Lets `look_up` see the parts joined and in upper case, without allocating; none where they are too long or not text.
fn upper<R>(parts: &[&[u8]], look_up: impl FnOnce(&str) -> R) -> Option<R> {
    let mut name = [0; NAME_BYTES_MAX];
    let mut length = 0;
    for part in parts {
        let room = name.get_mut(length..length + part.len())?;
        for (to, from) in room.iter_mut().zip(*part) {
            *to = from.to_ascii_uppercase();
        }
        length += part.len();
    }
    std::str::from_utf8(&name[..length]).ok().map(look_up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::syntax;
    use crate::resp::OwnedArgs;

    fn resolved(parts: &[&str]) -> &'static str {
        &table().resolve(OwnedArgs::new(parts).view()).name
    }

    #[test]
    fn finds_commands_and_subcommands_in_any_case() {
        assert_eq!(resolved(&["gEt", "a"]), "GET");
        assert_eq!(resolved(&["client", "list"]), "CLIENT|LIST");
        assert_eq!(resolved(&["client", "nonsense"]), "CLIENT");
        assert_eq!(resolved(&["client"]), "CLIENT");
        for unknown in ["", "nonsense", "_OTHER", "CLIENT|LIST", &"x".repeat(500)] {
            assert_eq!(resolved(&[unknown]), "_OTHER", "{unknown}");
        }
    }

    #[test]
    fn every_entry_is_complete_and_consistent() {
        for command in table().all().iter().skip(1) {
            let (spec, name) = (command.spec, &command.name);
            assert!(spec.summary.ends_with('.') && spec.summary.len() > 10, "{name}: no sentence");
            assert!(
                spec.complexity.starts_with("O(") || spec.complexity.starts_with("Depends"),
                "{name}: {}",
                spec.complexity
            );
            assert!(syntax::parse(spec.syntax).is_ok(), "{name}: {:?}", syntax::parse(spec.syntax));
            assert!(
                !(spec.flags.has(Flags::READONLY) && spec.flags.has(Flags::WRITE)),
                "{name}: reads or writes, not both"
            );
            assert!(
                !spec.flags.has(Flags::DENYOOM) || spec.flags.has(Flags::WRITE),
                "{name}: only writes need memory"
            );
            if let Keys::Range { first, last, .. } = spec.keys {
                assert!(
                    first < usize::from(spec.arity.unsigned_abs()),
                    "{name}: its first key is beyond its arity"
                );
                assert!(last < 0 || last as usize >= first, "{name}: its keys end before they begin");
            }
            assert_eq!(
                spec.flags.has(Flags::MOVABLEKEYS),
                spec.keys.are_movable(),
                "{name}: keys are movable where positions alone do not tell them"
            );
        }
    }

    use crate::command::spec::Flags;
    use crate::command::spec::Keys;
}
