//! The generated part of `docs/telemetry.md`, so that the document cannot fall behind the program.

use crate::telemetry::catalogue;
use crate::telemetry::events;
use crate::telemetry::operation::OPERATIONS;
use std::fmt::Write;

/// Metrics, events and operations as Markdown.
pub fn markdown() -> String {
    let mut text = format!(
        "## Metrics\n\n{}\n## Events\n\n{}\n## Operations\n\n",
        catalogue::markdown(),
        events::markdown()
    );
    text.push_str("| operation | span when longer than |\n| --- | --- |\n");
    for operation in OPERATIONS {
        let above = humantime::format_duration(operation.span_above);
        writeln!(text, "| `{}` | {above} |", operation.name).expect("a String takes all writes");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_everything_once() {
        let text = markdown();
        for metric in catalogue::CATALOGUE {
            assert_eq!(text.matches(&format!("| `{}` |", metric.name)).count(), 1, "{}", metric.name);
        }
        for operation in OPERATIONS {
            assert_eq!(text.matches(&format!("| `{}` |", operation.name)).count(), 1, "{}", operation.name);
        }
    }
}
