//! `struct`: packs values into bytes and back, in the formats of Roberto Ierusalimschy's library.

use mlua::Lua;
use mlua::MultiValue;
use mlua::Result;
use mlua::Table;
use mlua::Value;

use crate::script::arguments::Arguments;
use crate::script::library::add;
use crate::script::library::one;

/// Longest integer, in bytes.
const INTEGER_BYTES_MAX: usize = 32;
/// Alignment that `!` alone asks for.
const ALIGNMENT_DEFAULT: usize = 8;
/// Bytes that one call packs at the most.
const PACKED_BYTES_MAX: usize = 512 << 20;
/// Values that one call unpacks at the most: a state has handles for some more.
const RESULTS_MAX: usize = 7000;

/// The library.
pub fn open(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    add(lua, &table, "pack", |lua, args| pack(lua, &args))?;
    add(lua, &table, "unpack", |lua, args| unpack(lua, &args))?;
    add(lua, &table, "size", |lua, args| size(lua, &args))?;
    Ok(table)
}

/// A format that is read from left to right, and what it has said so far about order and alignment.
struct Format<'a> {
    text: &'a [u8],
    little_endian: bool,
    alignment: usize,
}

/// One item of a format.
struct Item {
    option: u8,
    size: usize,
}

impl Format<'_> {
    fn number(&mut self, args: &Arguments<'_>, default: usize) -> Result<usize> {
        if !self.text.first().is_some_and(u8::is_ascii_digit) {
            return Ok(default);
        }
        let mut number: i32 = 0;
        while let Some(digit) = self.text.first().filter(|digit| digit.is_ascii_digit()) {
            let next = number.checked_mul(10).and_then(|number| number.checked_add(i32::from(digit - b'0')));
            number = next.ok_or_else(|| args.fail("integral size overflow"))?;
            self.text = &self.text[1..];
        }
        Ok(number.unsigned_abs() as usize)
    }

    fn next(&mut self, args: &Arguments<'_>) -> Result<Option<Item>> {
        let Some((option, rest)) = self.text.split_first() else { return Ok(None) };
        self.text = rest;
        let size = match option {
            b'B' | b'b' | b'x' => 1,
            b'H' | b'h' => 2,
            b'f' => 4,
            b'L' | b'l' | b'T' | b'd' => 8,
            b'c' => self.number(args, 1)?,
            b'i' | b'I' => {
                let size = self.number(args, 4)?;
                if size > INTEGER_BYTES_MAX {
                    return Err(args
                        .fail(format!("integral size {size} is larger than limit of {INTEGER_BYTES_MAX}")));
                }
                size
            }
            _ => 0,
        };
        Ok(Some(Item { option: *option, size }))
    }

    /// Bytes that are missing before an item at `position`, so that it stands aligned.
    fn padding(&self, position: usize, item: &Item) -> usize {
        if item.size == 0 || item.option == b'c' {
            return 0;
        }
        let size = item.size.min(self.alignment);
        size.wrapping_sub(position & (size - 1)) & (size - 1)
    }

    fn control(&mut self, args: &Arguments<'_>, option: u8) -> Result<()> {
        match option {
            b' ' => {}
            b'>' => self.little_endian = false,
            b'<' => self.little_endian = true,
            b'!' => {
                let alignment = self.number(args, ALIGNMENT_DEFAULT)?;
                if !alignment.is_power_of_two() {
                    return Err(args.fail(format!("alignment {alignment} is not a power of 2")));
                }
                self.alignment = alignment;
            }
            _ => return Err(args.refuse(0, &format!("invalid format option '{}'", char::from(option)))),
        }
        Ok(())
    }

    fn integer(&self, number: f64, size: usize) -> [u8; INTEGER_BYTES_MAX] {
        // As in the library, what lies beyond 64 bits is zero, of negative numbers too.
        let value = if number < 0.0 { (number as i64).cast_unsigned() } else { number as u64 };
        let mut bytes = [0; INTEGER_BYTES_MAX];
        bytes[..8].copy_from_slice(&value.to_le_bytes());
        if !self.little_endian {
            bytes[..size].reverse();
        }
        bytes
    }

    fn ordered<const N: usize>(&self, mut bytes: [u8; N]) -> [u8; N] {
        if !self.little_endian {
            bytes.reverse();
        }
        bytes
    }

    fn read_integer(&self, bytes: &[u8], signed: bool) -> f64 {
        let mut value: u64 = 0;
        let mut add = |byte: &u8| value = value << 8 | u64::from(*byte);
        if self.little_endian {
            bytes.iter().rev().for_each(&mut add)
        } else {
            bytes.iter().for_each(&mut add)
        }
        if !signed {
            return value as f64;
        }
        let missing = 64_u32.saturating_sub(8 * bytes.len() as u32);
        if missing >= 64 { 0.0 } else { (value.cast_signed() << missing >> missing) as f64 }
    }
}

fn format<'a>(text: &'a [u8]) -> Format<'a> {
    // The text ends at its first zero byte, as it does where it is C's.
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    Format { text: &text[..end], little_endian: true, alignment: 1 }
}

fn pack(lua: &Lua, args: &Arguments<'_>) -> Result<MultiValue> {
    let text = args.string(0)?;
    let text = text.as_bytes();
    let mut format = format(&text);
    let (mut packed, mut at) = (Vec::new(), 1);
    while let Some(item) = format.next(args)? {
        packed.resize(packed.len() + format.padding(packed.len(), &item), 0);
        match item.option {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                packed.extend_from_slice(&format.integer(args.number(at)?, item.size)[..item.size]);
                at += 1;
            }
            b'x' => packed.push(0),
            b'f' => {
                packed.extend_from_slice(&format.ordered((args.number(at)? as f32).to_le_bytes()));
                at += 1;
            }
            b'd' => {
                packed.extend_from_slice(&format.ordered(args.number(at)?.to_le_bytes()));
                at += 1;
            }
            b'c' | b's' => {
                let value = args.string(at)?;
                let bytes = value.as_bytes();
                at += 1;
                let size = if item.size == 0 { bytes.len() } else { item.size };
                let part = bytes.get(..size).ok_or_else(|| args.refuse(at, "string too short"))?;
                packed.extend_from_slice(part);
                if item.option == b's' {
                    packed.push(0);
                }
            }
            option => format.control(args, option)?,
        }
        if packed.len() > PACKED_BYTES_MAX {
            return Err(args.fail("result too long"));
        }
    }
    one(lua.create_string(&packed)?, lua)
}

fn unpack(lua: &Lua, args: &Arguments<'_>) -> Result<MultiValue> {
    let (text, data) = (args.string(0)?, args.string(1)?);
    let (text, data) = (text.as_bytes(), data.as_bytes());
    let from = args.integer_or(2, 1)?;
    let mut position =
        usize::try_from(from.wrapping_sub(1)).map_err(|_| args.refuse(2, "offset must be 1 or greater"))?;
    let too_short = || args.refuse(1, "data string too short");
    let mut format = format(&text);
    let mut results = Vec::new();
    while let Some(item) = format.next(args)? {
        position = position.saturating_add(format.padding(position, &item));
        let rest = data.get(position..).ok_or_else(too_short)?;
        let bytes = rest.get(..item.size).ok_or_else(too_short)?;
        if results.len() >= RESULTS_MAX {
            return Err(args.fail("stack overflow (too many results)"));
        }
        let mut used = item.size;
        match item.option {
            b'b' | b'h' | b'l' | b'i' => results.push(Value::Number(format.read_integer(bytes, true))),
            b'B' | b'H' | b'L' | b'T' | b'I' => {
                results.push(Value::Number(format.read_integer(bytes, false)));
            }
            b'x' => {}
            b'f' => {
                let bytes = bytes.try_into().expect("the item has four bytes");
                results.push(Value::Number(f32::from_le_bytes(format.ordered(bytes)).into()));
            }
            b'd' => {
                let bytes = bytes.try_into().expect("the item has eight bytes");
                results.push(Value::Number(f64::from_le_bytes(format.ordered(bytes))));
            }
            b'c' => {
                if item.size == 0 {
                    used = previous_size(lua, args, &mut results)?;
                }
                let bytes = rest.get(..used).ok_or_else(too_short)?;
                results.push(Value::String(lua.create_string(bytes)?));
            }
            b's' => {
                let end = memchr::memchr(0, rest).ok_or_else(|| args.fail("unfinished string in data"))?;
                results.push(Value::String(lua.create_string(&rest[..end])?));
                used = end + 1;
            }
            option => format.control(args, option)?,
        }
        position += used;
    }
    results.push(Value::Number((position + 1) as f64));
    Ok(MultiValue::from_vec(results))
}

/// The size that the last result tells; it is used up.
fn previous_size(lua: &Lua, args: &Arguments<'_>, results: &mut Vec<Value>) -> Result<usize> {
    let size = results.pop().map(|value| lua.coerce_number(value)).transpose()?.flatten();
    let size = size.ok_or_else(|| args.fail("format 'c0' needs a previous size"))?;
    if size < 0.0 { Err(args.refuse(1, "data string too short")) } else { Ok(size as usize) }
}

fn size(lua: &Lua, args: &Arguments<'_>) -> Result<MultiValue> {
    let text = args.string(0)?;
    let text = text.as_bytes();
    let mut format = format(&text);
    let mut position: usize = 0;
    while let Some(item) = format.next(args)? {
        position = position.saturating_add(format.padding(position, &item));
        match item.option {
            b's' => return Err(args.refuse(0, "option 's' has no fixed size")),
            b'c' if item.size == 0 => return Err(args.refuse(0, "option 'c0' has no fixed size")),
            option if !option.is_ascii_alphanumeric() => format.control(args, option)?,
            _ => {}
        }
        position = position.saturating_add(item.size);
    }
    one(position as f64, lua)
}

#[cfg(test)]
mod tests;
