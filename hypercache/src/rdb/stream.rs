//! Writes and reads streams: their blocks as listpacks, what is remembered of entries that are gone, and the groups.

use std::collections::BTreeMap;

use crate::rdb::Malformed;
use crate::rdb::Reader;
use crate::rdb::Writer;
use crate::rdb::kind;
use crate::rdb::listpack;
use crate::value::list::entry;
use crate::value::list::entry::Element;
use crate::value::stream::Stream;
use crate::value::stream::consumer::Consumer;
use crate::value::stream::group::Group;
use crate::value::stream::group::Pending;
use crate::value::stream::id::Id;
use crate::value::stream::log::Log;

const ID_BYTES: usize = 16;
/// Stands for a number of entries read that is not known.
const UNKNOWN: u64 = u64::MAX;
/// Stands for the time of a consumer that never was active.
const NEVER: u64 = u64::MAX;

const DAMAGED: Malformed = Malformed("a block of a stream is damaged");
const MISCOUNTED: Malformed = Malformed("a stream has other entries than it says");
const NO_GROUP: Malformed = Malformed("a group of a stream is damaged");
const NO_TIME: Malformed = Malformed("a time is out of range");

/// Writes a stream: the byte that tells its type, and itself.
pub fn write_stream(stream: &Stream, writer: &mut Writer) {
    let log = stream.log();
    writer.byte(kind::STREAM);
    let blocks = log.written_blocks();
    writer.count(blocks.len());
    for (first, counts, written, elements) in blocks {
        let counts =
            counts.map(|count| Element::Int(i64::try_from(count).expect("less than memory has bytes")));
        writer.string(&id_bytes(first));
        writer.string(&listpack::write_before(counts.into_iter(), written, elements));
    }
    writer.count(log.len());
    for id in [log.last_id(), log.first_id(), log.greatest_deleted_id()] {
        write_id(id, writer);
    }
    writer.length(log.added().cast_unsigned());
    let groups = stream.groups();
    writer.count(groups.len());
    for (name, group) in groups {
        writer.string(name);
        write_group(group, writer);
    }
}

fn write_group(group: &Group, writer: &mut Writer) {
    write_id(group.last_id(), writer);
    writer.length(group.entries_read().map_or(UNKNOWN, i64::cast_unsigned));
    writer.count(group.pending().len());
    for (id, pending) in group.pending() {
        writer.bytes(&id_bytes(*id));
        writer.number(pending.delivered);
        writer.length(pending.deliveries);
    }
    writer.count(group.consumers_len());
    for consumer in group.consumers() {
        write_consumer(consumer, writer);
    }
}

fn write_consumer(consumer: &Consumer, writer: &mut Writer) {
    writer.string(consumer.name());
    writer.number(consumer.seen);
    writer.number(consumer.active.unwrap_or(NEVER));
    writer.count(consumer.pending().len());
    consumer.pending().iter().for_each(|id| writer.bytes(&id_bytes(*id)));
}

fn write_id(id: Id, writer: &mut Writer) {
    writer.length(id.ms);
    writer.length(id.seq);
}

/// An ID that is ordered by its bytes.
fn id_bytes(id: Id) -> [u8; ID_BYTES] {
    ((u128::from(id.ms) << 64) | u128::from(id.seq)).to_be_bytes()
}

/// Reads a stream, which may be without entries.
pub fn read_stream(kind: u8, reader: &mut Reader<'_>) -> Result<Stream, Malformed> {
    let mut stream = Stream::new();
    let log = stream.log_mut();
    for _ in 0..reader.length()? {
        read_block(log, reader)?;
    }
    if usize::try_from(reader.length()?) != Ok(log.len()) {
        return Err(MISCOUNTED);
    }
    let last = read_id(reader)?;
    if last < log.last_id() {
        return Err(MISCOUNTED);
    }
    log.set_last_id(last);
    if kind != kind::STREAM_EARLY {
        // The first ID is known from the entries.
        read_id(reader)?;
        log.set_greatest_deleted_id(read_id(reader)?);
        log.set_added(i64::try_from(reader.length()?).map_err(|_| MISCOUNTED)?);
    }
    for _ in 0..reader.length()? {
        read_group(kind, &mut stream, reader)?;
    }
    Ok(stream)
}

fn read_block(log: &mut Log, reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let first = id_of(&reader.string()?).ok_or(DAMAGED)?;
    let bytes = reader.string()?;
    let (mut written, told) = listpack::open(&bytes)?;
    let mut counts = [0; 2];
    for count in &mut counts {
        let (element, width) = entry::checked_first(written).ok_or(DAMAGED)?;
        let Element::Int(number) = element else { return Err(DAMAGED) };
        *count = usize::try_from(number).map_err(|_| DAMAGED)?;
        written = &written[width..];
    }
    if !log.restore_block(first, counts, written) {
        return Err(DAMAGED);
    }
    let elements = log.written_blocks().next_back().map_or(0, |(_, _, _, elements)| elements);
    if told.is_none_or(|told| told == counts.len() + elements) { Ok(()) } else { Err(DAMAGED) }
}

fn read_group(kind: u8, stream: &mut Stream, reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let name = reader.string()?;
    let last = read_id(reader)?;
    let read = match kind {
        kind::STREAM_EARLY => stream.log().added_up_to(last),
        _ => match reader.length()? {
            UNKNOWN => None,
            read => Some(i64::try_from(read).map_err(|_| NO_GROUP)?),
        },
    };
    if !stream.create_group(&name, last, read) {
        return Err(NO_GROUP);
    }
    let filled = stream.change_group(&name, |group, _| fill_group(kind, group, reader));
    filled.unwrap_or(Err(NO_GROUP))
}

/// Reads what is pending, and the consumers, to one of which each of that belongs.
fn fill_group(kind: u8, group: &mut Group, reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let mut owned_by_nobody = BTreeMap::new();
    for _ in 0..reader.length()? {
        let id = id_of(reader.bytes(ID_BYTES)?).ok_or(NO_GROUP)?;
        let (delivered, deliveries) = (read_time(reader)?, reader.length()?);
        if owned_by_nobody.insert(id, (delivered, deliveries)).is_some() {
            return Err(NO_GROUP);
        }
    }
    for _ in 0..reader.length()? {
        let name = reader.string()?;
        let seen = read_time(reader)?;
        let active = match kind {
            kind::STREAM => match reader.number()? {
                NEVER => None,
                time => Some(checked_time(time)?),
            },
            _ => Some(seen),
        };
        let consumer = group.create_consumer(&name, seen).ok_or(NO_GROUP)?;
        for _ in 0..reader.length()? {
            let id = id_of(reader.bytes(ID_BYTES)?).ok_or(NO_GROUP)?;
            let (delivered, deliveries) = owned_by_nobody.remove(&id).ok_or(NO_GROUP)?;
            group.give(id, Pending { consumer, delivered, deliveries }, seen);
        }
        group.set_active(consumer, active);
    }
    if owned_by_nobody.is_empty() { Ok(()) } else { Err(NO_GROUP) }
}

/// A time in milliseconds since the Unix epoch.
fn read_time(reader: &mut Reader<'_>) -> Result<u64, Malformed> {
    checked_time(reader.number()?)
}

fn checked_time(time: u64) -> Result<u64, Malformed> {
    if i64::try_from(time).is_ok() { Ok(time) } else { Err(NO_TIME) }
}

fn read_id(reader: &mut Reader<'_>) -> Result<Id, Malformed> {
    Ok(Id { ms: reader.length()?, seq: reader.length()? })
}

fn id_of(bytes: &[u8]) -> Option<Id> {
    let bytes = u128::from_be_bytes(*bytes.first_chunk::<ID_BYTES>().filter(|_| bytes.len() == ID_BYTES)?);
    Some(Id { ms: (bytes >> 64) as u64, seq: bytes as u64 })
}
