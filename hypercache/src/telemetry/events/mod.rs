//! The events, by subject: each file reads as a table.

pub mod command;
pub mod config;
pub mod connection;
pub mod filter;
pub mod http;
pub mod lifecycle;
pub mod memory;
pub mod script;
pub mod security;
pub mod store;
pub mod telemetry;

use crate::telemetry::event::EventInfo;
use crate::telemetry::operation;

/// Every event of the program.
pub fn catalogue() -> impl Iterator<Item = &'static EventInfo> {
    [
        command::CATALOGUE,
        config::CATALOGUE,
        connection::CATALOGUE,
        filter::CATALOGUE,
        http::CATALOGUE,
        lifecycle::CATALOGUE,
        memory::CATALOGUE,
        script::CATALOGUE,
        security::CATALOGUE,
        store::CATALOGUE,
        telemetry::CATALOGUE,
        operation::CATALOGUE,
    ]
    .into_iter()
    .flatten()
}

/// The table of events for `docs/telemetry.md`, as Markdown.
pub fn markdown() -> String {
    let mut text = String::from("| event.action | level | stream | message | fields |\n");
    text.push_str("| --- | --- | --- | --- | --- |\n");
    for event in catalogue() {
        let fields: Vec<String> =
            event.fields.iter().map(|(name, kind)| format!("`{name}` ({kind})")).collect();
        let cells = [
            action(event.name),
            event.level.to_owned(),
            event.stream.label().to_owned(),
            event.message.to_owned(),
        ];
        text.push_str(&format!("| {} | {} |\n", cells.join(" | "), fields.join(", ")));
    }
    text
}

/// The `event.action` of an event's name.
pub(super) fn action(name: &str) -> String {
    name.replace(['.', '_'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::collections::HashSet;

    const CATEGORIES: &[&str] =
        &["database", "network", "session", "configuration", "process", "authentication", "web", "iam"];
    const TYPES: &[&str] = &[
        "access",
        "change",
        "creation",
        "deletion",
        "start",
        "end",
        "connection",
        "denied",
        "protocol",
        "error",
        "info",
    ];

    #[test]
    fn names_and_ecs_values_are_well_formed() {
        let mut seen = HashSet::new();
        for event in catalogue() {
            assert!(seen.insert(event.name), "{} is there twice", event.name);
            let (subject, verb) = event.name.split_once('.').unwrap();
            let word =
                |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(word(subject) && word(verb), "{}", event.name);
            assert!(event.category.iter().all(|category| CATEGORIES.contains(category)), "{}", event.name);
            assert!(event.kind.iter().all(|kind| TYPES.contains(kind)), "{}", event.name);
            assert!(!event.category.is_empty() && !event.kind.is_empty(), "{}", event.name);
            assert!(["success", "failure", "unknown"].contains(&event.outcome), "{}", event.name);
            let first = event.message.chars().next().unwrap();
            assert!(!first.is_uppercase() && !event.message.ends_with('.'), "{}", event.message);
        }
    }

    #[test]
    fn a_field_has_one_type_in_all_events() {
        let mut types: HashMap<&str, &str> = HashMap::new();
        for event in catalogue() {
            for (field, kind) in event.fields {
                let known = types.entry(field).or_insert(kind);
                assert_eq!(known, kind, "{field} in {}", event.name);
                assert!(*field != "level" && field.contains('.'), "{field} in {}", event.name);
            }
        }
    }

    #[test]
    fn the_table_has_a_line_for_each_event() {
        assert_eq!(markdown().lines().count(), catalogue().count() + 2);
    }
}
