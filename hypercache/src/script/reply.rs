//! Replies of commands as values of Lua, and values of Lua as replies.

use mlua::Lua;
use mlua::Result;
use mlua::Table;
use mlua::Value;

use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::script::library::NESTING_MAX;

/// A number as an argument of a command: whole ones without a point or exponent, others in the shortest form that reads
/// back the same.
pub fn number_text(number: f64) -> String {
    const WHOLE_MAX: f64 = (i64::MAX / 2) as f64;
    if number.fract() == 0.0 && number.abs() <= WHOLE_MAX {
        return (number as i64).to_string();
    }
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let shortest = format!("{:e}", number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if number < 0.0 { "-" } else { "" };
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let scale = exponent - (count - 1);
    if scale >= 0 && exponent.abs() < count + 7 {
        return format!("{sign}{digits}{}", "0".repeat(scale.unsigned_abs() as usize));
    }
    if scale < 0 && (scale > -7 || exponent.abs() < 4) {
        return format!("{sign}{:.*}", scale.unsigned_abs() as usize, number.abs());
    }
    let point = if count > 1 { format!("{}.{}", &digits[..1], &digits[1..]) } else { digits };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{point}e{exponent_sign}{}", exponent.abs())
}

/// A table that stands for an error reply; `text` begins with its prefix.
pub fn error_table(lua: &Lua, text: &[u8]) -> Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("err", lua.create_string(text)?)?;
    table.raw_set("ignore_error_stats_update", true)?;
    Ok(table)
}

/// The value that stands for a reply which was written here.
pub fn to_lua(lua: &Lua, reply: &[u8]) -> Result<Value> {
    let mut reader = Reader { lua, rest: reply };
    reader.value()
}

struct Reader<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> &'a [u8] {
        let end = memchr::memchr(b'\r', self.rest).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(2..).unwrap_or_default();
        line
    }

    fn string(&mut self, length: usize) -> &'a [u8] {
        let (text, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest.get(2..).unwrap_or_default();
        text
    }

    fn with(&self, field: &str, value: impl mlua::IntoLua) -> Result<Value> {
        let table = self.lua.create_table()?;
        table.raw_set(field, value)?;
        Ok(Value::Table(table))
    }

    fn value(&mut self) -> Result<Value> {
        let Some((mark, rest)) = self.rest.split_first() else { return Ok(Value::Nil) };
        self.rest = rest;
        let line = self.line();
        let text = std::str::from_utf8(line).unwrap_or_default();
        let count = text.parse::<usize>();
        Ok(match (mark, count) {
            (b':', _) => Value::Number(text.parse::<i64>().unwrap_or_default() as f64),
            (b'$', Ok(length)) => Value::String(self.lua.create_string(self.string(length))?),
            (b'$' | b'*', Err(_)) => Value::Boolean(false),
            (b'+', _) => self.with("ok", self.lua.create_string(line)?)?,
            (b'-', _) => Value::Table(error_table(self.lua, line)?),
            (b'*' | b'>', Ok(count)) => self.array(count)?,
            (b'%', Ok(count)) => self.map(count)?,
            (b'~', Ok(count)) => self.set(count)?,
            (b'#', _) => Value::Boolean(line == b"t"),
            (b',', _) => self.with("double", text.parse::<f64>().unwrap_or(f64::NAN))?,
            (b'(', _) => self.with("big_number", self.lua.create_string(line)?)?,
            (b'=', Ok(length)) => self.verbatim(length)?,
            _ => Value::Nil,
        })
    }

    fn array(&mut self, count: usize) -> Result<Value> {
        let table = self.lua.create_table_with_capacity(count, 0)?;
        for index in 1..=count {
            let value = self.value()?;
            table.raw_set(index, value)?;
        }
        Ok(Value::Table(table))
    }

    fn map(&mut self, count: usize) -> Result<Value> {
        let table = self.lua.create_table_with_capacity(0, count)?;
        for _ in 0..count {
            let (key, value) = (self.value()?, self.value()?);
            table.raw_set(key, value)?;
        }
        self.with("map", table)
    }

    fn set(&mut self, count: usize) -> Result<Value> {
        let table = self.lua.create_table_with_capacity(0, count)?;
        for _ in 0..count {
            let member = self.value()?;
            table.raw_set(member, true)?;
        }
        self.with("set", table)
    }

    fn verbatim(&mut self, length: usize) -> Result<Value> {
        let text = self.string(length);
        let table = self.lua.create_table()?;
        table.raw_set("format", self.lua.create_string(text.get(..3).unwrap_or_default())?)?;
        table.raw_set("string", self.lua.create_string(text.get(4..).unwrap_or_default())?)?;
        self.with("verbatim_string", table)
    }
}

/// Writes the value that a script returned; `spoken` is the protocol version that the script has chosen for itself.
pub fn from_lua(value: &Value, spoken: Protocol, reply: &mut ReplyWriter) -> Result<()> {
    write(value, spoken, 0, reply)
}

fn write(value: &Value, spoken: Protocol, depth: usize, reply: &mut ReplyWriter) -> Result<()> {
    if depth > NESTING_MAX {
        reply.error("ERR", "reached lua stack limit");
        return Ok(());
    }
    match value {
        Value::String(text) => reply.bulk(&*text.as_bytes()),
        Value::Boolean(truth) if spoken == Protocol::Resp3 => reply.boolean(*truth),
        Value::Boolean(true) => reply.integer(1),
        Value::Integer(number) => reply.integer(*number),
        Value::Number(number) => reply.integer(truncated(*number)),
        Value::Table(table) => write_table(table, spoken, depth + 1, reply)?,
        _ => reply.null(),
    }
    Ok(())
}

/// A number without its fraction; the smallest where it does not fit, as processors have it.
fn truncated(number: f64) -> i64 {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if (-BEYOND..BEYOND).contains(&number) { number as i64 } else { i64::MIN }
}

fn write_table(table: &Table, spoken: Protocol, depth: usize, reply: &mut ReplyWriter) -> Result<()> {
    if let Value::String(text) = table.raw_get("err")? {
        error(&text.as_bytes(), reply);
    } else if let Value::String(text) = table.raw_get("ok")? {
        reply.status(&one_line(&text.as_bytes()));
    } else if let Value::Number(number) = table.raw_get("double")? {
        reply.double(number);
    } else if let Value::Integer(number) = table.raw_get("double")? {
        reply.double(number as f64);
    } else if let Value::String(digits) = table.raw_get("big_number")? {
        reply.big_number(&one_line(&digits.as_bytes()));
    } else if let Some((format, text)) = verbatim(table)? {
        let mut letters = [b' '; 3];
        letters.iter_mut().zip(&*format.as_bytes()).for_each(|(to, from)| *to = *from);
        reply.verbatim_bytes(letters, &text.as_bytes());
    } else if let Value::Table(map) = table.raw_get("map")? {
        reply.map(map.pairs::<Value, Value>().count());
        map.pairs::<Value, Value>().try_for_each(|pair| {
            let (key, value) = pair?;
            write(&key, spoken, depth, reply)?;
            write(&value, spoken, depth, reply)
        })?;
    } else if let Value::Table(set) = table.raw_get("set")? {
        reply.set(set.pairs::<Value, Value>().count());
        set.pairs::<Value, Value>().try_for_each(|pair| write(&pair?.0, spoken, depth, reply))?;
    } else {
        let mut count = 0;
        while !table.raw_get::<Value>(count + 1)?.is_nil() {
            count += 1;
        }
        reply.array(count);
        (1..=count).try_for_each(|index| write(&table.raw_get(index)?, spoken, depth, reply))?;
    }
    Ok(())
}

fn verbatim(table: &Table) -> Result<Option<(mlua::LuaString, mlua::LuaString)>> {
    let Value::Table(parts) = table.raw_get("verbatim_string")? else { return Ok(None) };
    match (parts.raw_get("format")?, parts.raw_get("string")?) {
        (Value::String(format), Value::String(text)) => Ok(Some((format, text))),
        _ => Ok(None),
    }
}

/// Writes an error whose text begins with its prefix.
pub fn error(text: &[u8], reply: &mut ReplyWriter) {
    let text = String::from_utf8_lossy(text);
    let (prefix, text) = text.split_once(' ').unwrap_or((&text, ""));
    reply.error(prefix, text);
}

fn one_line(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_arguments_as_redis_makes_them() {
        for (number, text) in [
            (3.0, "3"),
            (-0.0, "0"),
            (1e15, "1000000000000000"),
            (0.1, "0.1"),
            (-1.5, "-1.5"),
            (1e30, "1e+30"),
            (1e19, "1e+19"),
            (12_345_678_901_234e6, "12345678901234000000"),
            (1e-7, "1e-7"),
            (0.001_234, "0.001234"),
            (1.25e-9, "1.25e-9"),
            (123.456, "123.456"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn numbers_that_do_not_fit_become_the_smallest() {
        assert_eq!([truncated(3.99), truncated(-3.99)], [3, -3]);
        assert_eq!([truncated(f64::NAN), truncated(1e30), truncated(-1e30)], [i64::MIN; 3]);
    }
}
