//! Commands on strings.

use crate::command::Context;
use crate::command::Outcome;
use crate::command::spec::Flags;
use crate::command::spec::Group;
use crate::command::spec::Keys;
use crate::command::spec::Spec;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::value::string::Str;

/// Their entries.
pub const COMMANDS: &[Spec] = &[
    Spec::read("GET", 2, Group::String, get).with(Flags::FAST).keys(Keys::ONE).doc(
        "1.0.0",
        "Returns the string value of a key.",
        "key",
        "O(1)",
    ),
    Spec::write("SET", -3, Group::String, set).with(Flags::DENYOOM).keys(Keys::ONE).doc(
        "1.0.0",
        "Sets the string value of a key, ignoring its type.",
        "key value",
        "O(1)",
    ),
];

fn get(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    match cx.read_string(&args[1])? {
        Some(Str::Int(number)) => reply.bulk_integer(*number),
        Some(string) => reply.bulk(string.bytes()),
        None => reply.null(),
    }
    Ok(())
}

fn set(cx: &mut Context<'_>, args: Args<'_>, reply: &mut ReplyWriter) -> Outcome {
    cx.set(&args[1], Str::new(&args[2]), None);
    reply.ok();
    Ok(())
}
