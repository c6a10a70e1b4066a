//! Writes `docs/commands.md` from the table.

use std::fmt::Write;

use crate::command::Command;
use crate::command::spec::Run;
use crate::command::table::table;

const HEAD: &str = "\
# Commands

Written from the command table by `hypercache::command::docs`; a test holds this page to it. `UPDATE_DOCS=1 cargo test -p
hypercache --test commands_doc` writes it anew.

*Since* is the version of Redis that brought the command. *Arity* counts the arguments with the command's name (and its
container's); a negative number means *at least so many*. Flags and categories are those of `COMMAND INFO`; ACL categories
are written with `@`.
";

/// The page: every command, by group and name.
pub fn markdown() -> String {
    let mut commands: Vec<&Command> =
        table().all().iter().skip(1).filter(|command| !matches!(command.spec.run, Run::Container)).collect();
    commands.sort_by_key(|command| (command.spec.group.name(), &command.name));
    let mut page = HEAD.to_owned();
    let mut group = "";
    for command in commands {
        if command.spec.group.name() != group {
            group = command.spec.group.name();
            let title = format!("{}{}", group[..1].to_ascii_uppercase(), &group[1..]);
            line(&mut page, &format!("\n## {title}\n"));
            line(&mut page, "| Command | What it does | Time | Since | Arity | Flags |");
            line(&mut page, "| --- | --- | --- | --- | --- | --- |");
        }
        line(&mut page, &row(command));
    }
    page
}

fn row(command: &Command) -> String {
    let spec = command.spec;
    let name = command.name.replace('|', " ");
    let usage = format!("{name} {}", spec.syntax);
    let categories = spec.categories().into_iter().map(|category| format!("@{category}"));
    let flags: Vec<String> = spec.flags.names().map(str::to_owned).chain(categories).collect();
    format!(
        "| `{}` | {} | {} | {} | {} | {} |",
        cell(usage.trim_end()),
        cell(spec.summary),
        cell(spec.complexity),
        spec.since,
        spec.arity,
        flags.join(" ")
    )
}

/// A text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("writing to a string does not fail");
}
