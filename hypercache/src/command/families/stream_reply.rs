//! How entries of streams are told, and groups that are not there.

use crate::command::ReplyError;
use crate::resp::ReplyWriter;
use crate::value::list::entry::Element;
use crate::value::stream::block::Entry;
use crate::value::stream::id::Id;

/// Writes an ID.
pub(super) fn write_id(reply: &mut ReplyWriter, id: Id) {
    reply.bulk(id.text());
}

/// Writes an entry: its ID, then names and values in turn.
pub(super) fn write_entry(reply: &mut ReplyWriter, entry: Entry<'_>) {
    reply.array(2);
    write_id(reply, entry.id);
    reply.array(2 * entry.fields.len());
    for (name, value) in entry.fields {
        write_element(reply, name);
        write_element(reply, value);
    }
}

fn write_element(reply: &mut ReplyWriter, element: Element<'_>) {
    match element {
        Element::Int(number) => reply.bulk_integer(number),
        Element::Bytes(bytes) => reply.bulk(bytes),
    }
}

/// Writes an array of what `write` writes, which tells how many elements these are.
pub(super) fn write_counted(reply: &mut ReplyWriter, write: impl FnOnce(&mut ReplyWriter) -> usize) {
    let mut written = ReplyWriter::new(reply.protocol());
    let count = write(&mut written);
    reply.array(count);
    reply.append(&written);
}

/// Writes an array of entries.
pub(super) fn write_entries<'a>(reply: &mut ReplyWriter, entries: impl Iterator<Item = Entry<'a>>) {
    write_counted(reply, |reply| entries.map(|entry| write_entry(reply, entry)).count());
}

/// Of a number that says how much is wanted, where 0 and less mean all.
pub(super) fn limit(count: i64) -> usize {
    usize::try_from(count).ok().filter(|count| *count > 0).unwrap_or(usize::MAX)
}

/// There is no such key, or the stream has no such group.
pub(super) fn no_key_or_group(key: &[u8], group: &[u8], where_asked: &str) -> ReplyError {
    let text = format!(
        "No such key '{}' or consumer group '{}'{where_asked}",
        String::from_utf8_lossy(key),
        String::from_utf8_lossy(group)
    );
    ReplyError { prefix: "NOGROUP", text: text.into() }
}

/// The stream has no such group.
pub(super) fn no_group(key: &[u8], group: &[u8]) -> ReplyError {
    let text = format!(
        "No such consumer group '{}' for key name '{}'",
        String::from_utf8_lossy(group),
        String::from_utf8_lossy(key)
    );
    ReplyError { prefix: "NOGROUP", text: text.into() }
}

/// Writes what `HELP` of a container tells; its last two lines are about itself.
pub(super) fn write_help(reply: &mut ReplyWriter, lines: &[&str]) {
    reply.array(lines.len() + 2);
    lines.iter().for_each(|line| reply.simple(line));
    reply.simple("HELP");
    reply.simple("    Print this help.");
}
