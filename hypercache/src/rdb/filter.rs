//! Filters, written in the way in which Redis writes what modules keep: the type as a number, then parts that each begin
//! with what they are, and an end mark. The types are this server's own, since RedisBloom hashes items in another way and
//! keeps fingerprints of one width alone: Redis refuses them by name and does not misread them, and RedisBloom's filters are
//! refused here.

use std::borrow::Cow;

use crate::rdb::Malformed;
use crate::rdb::Reader;
use crate::rdb::Writer;
use crate::rdb::kind;
use crate::value::Value;
use crate::value::bloom::Bloom;
use crate::value::bloom::form::Header as BloomHeader;
use crate::value::cuckoo::Cuckoo;
use crate::value::cuckoo::form::Header as CuckooHeader;

/// The digits of the names of types, 6 bits each.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Bits of the version that follows the name.
const VERSION_BITS: u32 = 10;
const VERSION: u64 = 1;
const BLOOM: u64 = type_of(b"HCbloom--");
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

/// Writes a filter: its header, and the bytes of each link.
pub fn write_bloom(filter: &Bloom, writer: &mut Writer) {
    let links = filter.links().iter().map(|link| link.data());
    write(BLOOM, &filter.header(), links, writer);
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
        BLOOM => read_bloom(reader)?.into(),
        CUCKOO => read_cuckoo(reader)?.into(),
        _ => return Err(UNKNOWN),
    };
    if reader.length()? == END { Ok(value) } else { Err(DAMAGED) }
}

fn part<'a>(reader: &mut Reader<'a>) -> Result<Cow<'a, [u8]>, Malformed> {
    if reader.length()? == STRING { reader.string() } else { Err(DAMAGED) }
}

/// Parts of these lengths. All are there before a filter is made for them.
fn parts<'a>(
    reader: &mut Reader<'a>,
    lengths: impl Iterator<Item = usize>,
) -> Result<Vec<Cow<'a, [u8]>>, Malformed> {
    let one =
        |length| part(reader).and_then(|part| if part.len() == length { Ok(part) } else { Err(DAMAGED) });
    lengths.map(one).collect()
}

fn read_bloom(reader: &mut Reader<'_>) -> Result<Bloom, Malformed> {
    let header = BloomHeader::read(&part(reader)?).ok_or(DAMAGED)?;
    let links = parts(reader, header.link_bytes())?;
    let (mut filter, mut start) = (header.empty(), 0);
    for link in links {
        filter.load(start, &link).filter(|fits| *fits).ok_or(DAMAGED)?;
        start += link.len() as u64;
    }
    Ok(filter)
}

fn read_cuckoo(reader: &mut Reader<'_>) -> Result<Cuckoo, Malformed> {
    let header = CuckooHeader::read(&part(reader)?).ok_or(DAMAGED)?;
    let tables = parts(reader, header.table_bytes())?;
    let (mut filter, mut start) = (header.empty(), 0);
    for table in tables {
        if !filter.load(start, &table) {
            return Err(DAMAGED);
        }
        start += table.len() as u64;
    }
    Ok(filter)
}
