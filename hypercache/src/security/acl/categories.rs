//! The categories that rules name, and the commands in them.

use crate::command::Command;
use crate::command::table::table;

/// All categories, in Redis's order; after Redis 7.2's those of filters, as Redis 8 has them.
pub const CATEGORIES: [&str; 23] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
    "bloom",
    "cuckoo",
];

/// The category of this name, in any case.
pub fn find(name: &[u8]) -> Option<&'static str> {
    CATEGORIES.into_iter().find(|category| category.as_bytes().eq_ignore_ascii_case(name))
}

/// Commands and subcommands of a category.
pub fn commands(category: &'static str) -> impl Iterator<Item = &'static Command> {
    table().all().iter().skip(1).filter(move |command| command.spec.categories().contains(&category))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_category_has_commands_and_each_command_known_categories() {
        for category in CATEGORIES {
            assert!(commands(category).next().is_some(), "{category} is empty");
        }
        for command in table().all().iter().skip(1) {
            for category in command.spec.categories() {
                assert_eq!(find(category.to_uppercase().as_bytes()), Some(category), "{}", command.name);
            }
        }
        assert_eq!(find(b"nonsense"), None);
    }
}
