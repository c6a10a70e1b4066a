//! MessagePack to Lua.

use mlua::Lua;
use mlua::MultiValue;
use mlua::Result;
use mlua::Value;

use crate::script::arguments::Arguments;
use crate::script::library::NESTING_MAX;

/// Values that one call returns at the most: a state has handles for some more.
const RESULTS_MAX: usize = 7000;

/// Why a value cannot be read.
enum Trouble {
    Missing,
    Format,
    Nesting,
    Lua(mlua::Error),
}

/// What is read, or why it is not.
type Read<T> = std::result::Result<T, Trouble>;

impl From<mlua::Error> for Trouble {
    fn from(error: mlua::Error) -> Self {
        Self::Lua(error)
    }
}

struct Reader<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
    depth: usize,
}

/// Reads the values of the first argument from `offset` on: all, or `limit` and before them where to go on.
pub fn unpack(lua: &Lua, args: &Arguments<'_>, limit: Option<i64>, offset: i64) -> Result<MultiValue> {
    let text = args.string(0)?;
    let data = text.as_bytes();
    let (Ok(from), Ok(count)) = (usize::try_from(offset), usize::try_from(limit.unwrap_or(i64::MAX))) else {
        return Err(args.fail(format!(
            "Invalid request to unpack with offset of {} and limit of {}.",
            offset as i32,
            data.len() as i32
        )));
    };
    let rest = data
        .get(from..)
        .ok_or_else(|| args.fail(format!("Start offset {from} greater than input length {}.", data.len())))?;
    let mut reader = Reader { lua, rest, depth: 0 };
    let mut results = Vec::new();
    while !reader.rest.is_empty() && results.len() < count {
        if results.len() >= RESULTS_MAX {
            return Err(args.fail(TOO_MANY));
        }
        results.push(reader.value().map_err(|trouble| match trouble {
            Trouble::Missing => args.fail("Missing bytes in input."),
            Trouble::Format => args.fail("Bad data format in input."),
            Trouble::Nesting => args.fail(TOO_MANY),
            Trouble::Lua(error) => error,
        })?);
    }
    if limit.is_some() {
        let next = if reader.rest.is_empty() { -1 } else { (data.len() - reader.rest.len()) as i64 };
        results.insert(0, Value::Integer(next));
    }
    Ok(MultiValue::from_vec(results))
}

const TOO_MANY: &str =
    "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)";

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Trouble::Missing)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("so many were taken"))
    }

    fn length(&mut self, bytes: usize) -> Read<usize> {
        Ok(self.take(bytes)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    fn value(&mut self) -> Read<Value> {
        let mark = self.take(1)?[0];
        let number = match mark {
            0x00..=0x7f => f64::from(mark),
            0xe0..=0xff => f64::from(mark.cast_signed()),
            0xcc => f64::from(self.array::<1>()?[0]),
            0xcd => f64::from(u16::from_be_bytes(self.array()?)),
            0xce => f64::from(u32::from_be_bytes(self.array()?)),
            0xcf => u64::from_be_bytes(self.array()?) as f64,
            0xd0 => f64::from(i8::from_be_bytes(self.array()?)),
            0xd1 => f64::from(i16::from_be_bytes(self.array()?)),
            0xd2 => f64::from(i32::from_be_bytes(self.array()?)),
            0xd3 => i64::from_be_bytes(self.array()?) as f64,
            0xca => f64::from(f32::from_be_bytes(self.array()?)),
            0xcb => f64::from_be_bytes(self.array()?),
            _ => return self.other(mark),
        };
        Ok(Value::Number(number))
    }

    fn other(&mut self, mark: u8) -> Read<Value> {
        match mark {
            0xc0 => Ok(Value::Nil),
            0xc2 => Ok(Value::Boolean(false)),
            0xc3 => Ok(Value::Boolean(true)),
            0xa0..=0xbf => self.string(usize::from(mark & 0x1f)),
            0xd9 => self.length(1).and_then(|length| self.string(length)),
            0xda => self.length(2).and_then(|length| self.string(length)),
            0xdb => self.length(4).and_then(|length| self.string(length)),
            0x90..=0x9f => self.list(usize::from(mark & 0xf)),
            0xdc => self.length(2).and_then(|length| self.list(length)),
            0xdd => self.length(4).and_then(|length| self.list(length)),
            0x80..=0x8f => self.map(usize::from(mark & 0xf)),
            0xde => self.length(2).and_then(|length| self.map(length)),
            0xdf => self.length(4).and_then(|length| self.map(length)),
            _ => Err(Trouble::Format),
        }
    }

    fn string(&mut self, length: usize) -> Read<Value> {
        let bytes = self.take(length)?;
        Ok(Value::String(self.lua.create_string(bytes)?))
    }

    fn descend(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > NESTING_MAX { Err(Trouble::Nesting) } else { Ok(()) }
    }

    fn list(&mut self, length: usize) -> Read<Value> {
        self.descend()?;
        // The length is somebody's word: the table grows by what is really there.
        let table = self.lua.create_table()?;
        for index in 1..=length {
            let value = self.value()?;
            table.raw_seti(index, value)?;
        }
        self.depth -= 1;
        Ok(Value::Table(table))
    }

    fn map(&mut self, length: usize) -> Read<Value> {
        self.descend()?;
        let table = self.lua.create_table()?;
        for _ in 0..length {
            let (key, value) = (self.value()?, self.value()?);
            match &key {
                Value::Nil => return Err(Trouble::Format),
                Value::Number(number) if number.is_nan() => return Err(Trouble::Format),
                _ => table.raw_set(key, value)?,
            }
        }
        self.depth -= 1;
        Ok(Value::Table(table))
    }
}
