//! Filters, written in the way in which Redis writes what modules keep: the type as a number, then parts that each begin
//! with what they are, and an end mark. The types are this server's own, since RedisBloom hashes items in another way and
//! keeps fingerprints of one width alone: Redis refuses them by name and does not misread them, and RedisBloom's filters are
//! refused here.

use crate::rdb::Malformed;
use crate::rdb::Reader;
use crate::rdb::Writer;
use crate::rdb::kind;
use crate::value::Value;
use crate::value::cuckoo::Cuckoo;
use crate::value::cuckoo::form::Header as CuckooHeader;

/// The digits of the names of types, 6 bits each.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Bits of the version that follows the name.
const VERSION_BITS: u32 = 10;
const VERSION: u64 = 1;
const CUCKOO: u64 = type_of(b"HCcuckoo-");

/// What a part is: there is no more, or a string.
const END: u64 = 0;
const STRING: u64 = 5;

const UNKNOWN: Malformed = Malformed("a module keeps a value of a type that is not known");
const DAMAGED: Malformed = Malformed("a filter is damaged");

/// The number of a type.
const fn type_of(name: &[u8; 9]) -> u64 {
    let (mut number, mut at) = (0, 0);
    while at < name.len() {
        let mut digit = 0;
        while DIGITS[digit] != name[at] {
            digit += 1;
        }
        number = number << 6 | digit as u64;
        at += 1;
    }
    number << VERSION_BITS | VERSION
}

/// Writes a filter: its header, and the bytes of each table.
pub fn write_cuckoo(filter: &Cuckoo, writer: &mut Writer) {
    let tables = filter.tables().iter().map(|table| table.data());
    write(CUCKOO, &filter.header(), tables, writer);
}

fn write<'a>(id: u64, header: &'a [u8], parts: impl Iterator<Item = &'a [u8]>, writer: &mut Writer) {
    writer.byte(kind::MODULE);
    writer.length(id);
    for part in std::iter::once(header).chain(parts) {
        writer.length(STRING);
        writer.string(part);
    }
    writer.length(END);
}

/// Reads a filter.
pub fn read_filter(reader: &mut Reader<'_>) -> Result<Value, Malformed> {
    let value = match reader.length()? {
        CUCKOO => read_cuckoo(reader)?.into(),
        _ => return Err(UNKNOWN),
    };
    if reader.length()? == END { Ok(value) } else { Err(DAMAGED) }
}

fn part<'a>(reader: &mut Reader<'a>) -> Result<std::borrow::Cow<'a, [u8]>, Malformed> {
    if reader.length()? == STRING { reader.string() } else { Err(DAMAGED) }
}

fn read_cuckoo(reader: &mut Reader<'_>) -> Result<Cuckoo, Malformed> {
    let header = CuckooHeader::read(&part(reader)?).ok_or(DAMAGED)?;
    // All bytes are there before the tables are made.
    let mut tables = Vec::new();
    for bytes in header.table_bytes() {
        let table = part(reader)?;
        if table.len() != bytes {
            return Err(DAMAGED);
        }
        tables.push(table);
    }
    let (mut filter, mut start) = (header.empty(), 0);
    for table in tables {
        if !filter.load(start, &table) {
            return Err(DAMAGED);
        }
        start += table.len() as u64;
    }
    Ok(filter)
}
