//! Rules about commands against a naive model: the set of allowed names, changed rule by rule.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::command::Command;
use crate::command::table::table;
use crate::security::acl::Selector;
use crate::security::acl::categories::CATEGORIES;

/// Allowed names of commands, and commands with a first argument.
#[derive(Default)]
struct Model {
    names: BTreeSet<String>,
    with_argument: BTreeSet<(String, String)>,
}

impl Model {
    fn set(&mut self, name: &str, allow: bool) {
        let inside = format!("{name}|");
        for command in table().all().iter().skip(1) {
            let lower = command.lower_name();
            if lower == name || lower.starts_with(&inside) {
                if allow {
                    self.names.insert(lower);
                } else {
                    self.names.remove(&lower);
                }
            }
        }
        self.with_argument.retain(|(command, _)| command != name);
    }

    fn apply(&mut self, rule: &str) {
        let (allow, what) = (rule.starts_with('+'), &rule[1..]);
        if what == "@all" {
            *self = Self::default();
            if allow {
                self.names = table().all().iter().skip(1).map(Command::lower_name).collect();
            }
        } else if let Some(category) = what.strip_prefix('@') {
            for command in table().all().iter().skip(1) {
                if command.spec.categories().contains(&category) {
                    self.set(&command.lower_name(), allow);
                }
            }
        } else if table().find(what.as_bytes()).is_some() {
            self.set(what, allow);
        } else {
            let (command, argument) = what.split_once('|').unwrap();
            self.with_argument.insert((command.to_owned(), argument.to_owned()));
        }
    }

    fn allows(&self, command: &Command, argument: &str) -> bool {
        let name = command.lower_name();
        self.names.contains(&name) || self.with_argument.contains(&(name, argument.to_owned()))
    }
}

fn rule() -> impl Strategy<Value = String> {
    let sign = prop_oneof![Just("+"), Just("-")];
    let command = (1..table().all().len()).prop_map(|id| table().all()[id].lower_name());
    let category = prop::sample::select(CATEGORIES.to_vec()).prop_map(|name| format!("@{name}"));
    let what = prop_oneof![6 => command, 3 => category, 1 => Just("@all".to_owned())];
    let whole = (sign, what).prop_map(|(sign, what)| format!("{sign}{what}"));
    let argument =
        prop::sample::select(vec!["+select|0", "+get|a", "+get|b", "+set|a"]).prop_map(str::to_owned);
    prop_oneof![8 => whole, 1 => argument]
}

proptest! {
    #[test]
    fn the_same_commands_are_allowed(rules in prop::collection::vec(rule(), 0..12)) {
        let (mut selector, mut model) = (Selector::new(false), Model::default());
        for rule in &rules {
            selector.apply(rule.to_ascii_uppercase().as_bytes()).unwrap();
            model.apply(rule);
        }
        let mut again = Selector::new(false);
        for rule in selector.commands_text().split(|byte| *byte == b' ') {
            again.apply(rule).unwrap();
        }
        for command in table().all().iter().skip(1) {
            for argument in ["0", "a", "b", "c"] {
                let wanted = model.allows(command, argument);
                let given = Some(argument.as_bytes());
                prop_assert_eq!(selector.allows(command.id, given), wanted, "{} {}", command.name, argument);
                prop_assert_eq!(again.allows(command.id, given), wanted, "again {} {}", command.name, argument);
            }
        }
    }
}
