//! `COMMAND DOCS`: what commands do and what they take.

use crate::command::Command;
use crate::command::spec::Keys;
use crate::command::syntax;
use crate::command::syntax::Argument;
use crate::command::syntax::Kind;
use crate::command::table::table;
use crate::resp::ReplyWriter;

/// A map from the commands' names to what is said of them.
pub fn write(commands: &[&Command], reply: &mut ReplyWriter) {
    reply.map(commands.len());
    for command in commands {
        reply.bulk(command.lower_name());
        document(command, reply);
    }
}

fn document(command: &Command, reply: &mut ReplyWriter) {
    let spec = command.spec;
    let arguments = syntax::parse(spec.syntax).expect("a test reads the notation of every command");
    let subcommands: Vec<&Command> = table().subcommands_of(command).collect();
    reply.map(4 + usize::from(!arguments.is_empty()) + usize::from(!subcommands.is_empty()));
    let about = [
        ("summary", spec.summary),
        ("since", spec.since),
        ("group", spec.group.name()),
        ("complexity", spec.complexity),
    ];
    for (name, text) in about {
        reply.bulk(name);
        reply.bulk(text);
    }
    if !arguments.is_empty() {
        reply.bulk("arguments");
        let has_keys = spec.keys != Keys::None;
        list(&arguments, has_keys, reply);
    }
    if !subcommands.is_empty() {
        reply.bulk("subcommands");
        write(&subcommands, reply);
    }
}

fn list(arguments: &[Argument], has_keys: bool, reply: &mut ReplyWriter) {
    reply.array(arguments.len());
    arguments.iter().for_each(|argument| describe(argument, has_keys, reply));
}

/// A map: name, type, text to show, token, flags, and of what it is made, as far as there is something to say.
fn describe(argument: &Argument, has_keys: bool, reply: &mut ReplyWriter) {
    let parts = match &argument.kind {
        Kind::OneOf(parts) | Kind::Block(parts) => Some(parts),
        _ => None,
    };
    let is_key = has_keys && argument.kind == Kind::Key;
    let flags: Vec<&str> = [
        (argument.optional, "optional"),
        (argument.multiple, "multiple"),
        (argument.multiple_token, "multiple_token"),
    ]
    .into_iter()
    .filter_map(|(set, name)| set.then_some(name))
    .collect();
    let fields = [parts.is_none(), is_key, argument.token.is_some(), !flags.is_empty(), parts.is_some()];
    reply.map(2 + fields.into_iter().filter(|present| *present).count());
    reply.bulk("name");
    reply.bulk(&argument.name);
    reply.bulk("type");
    reply.bulk(argument.kind.name());
    if parts.is_none() {
        reply.bulk("display_text");
        reply.bulk(&argument.name);
    }
    if is_key {
        // All keys of a command are in its one key specification.
        reply.bulk("key_spec_index");
        reply.integer(0);
    }
    if let Some(token) = &argument.token {
        reply.bulk("token");
        reply.bulk(token);
    }
    if !flags.is_empty() {
        reply.bulk("flags");
        reply.set(flags.len());
        flags.into_iter().for_each(|flag| reply.simple(flag));
    }
    if let Some(parts) = parts {
        reply.bulk("arguments");
        list(parts, has_keys, reply);
    }
}
