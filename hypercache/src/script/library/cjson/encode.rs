//! Lua to JSON.

use mlua::Result;
use mlua::Table;
use mlua::Value;

use crate::script::arguments::Arguments;
use crate::script::arguments::type_name;
use crate::script::library::NESTING_MAX;
use crate::script::library::cjson::InvalidNumbers;
use crate::script::library::cjson::Settings;
use crate::script::library::cjson::number;

/// Longest JSON that is written, in bytes: a sparse array may be short in memory and long here.
const JSON_BYTES_MAX: usize = 512 << 20;
/// Elements of a sparse array are written one by one, missing ones too: so many at the most.
const ARRAY_MAX: f64 = 2_147_483_647.0;

struct Encoder<'a> {
    args: &'a Arguments<'a>,
    settings: &'a Settings,
    json: Vec<u8>,
}

/// The first argument as JSON.
pub fn encode(args: &Arguments<'_>, settings: &Settings) -> Result<Vec<u8>> {
    let mut encoder = Encoder { args, settings, json: Vec::new() };
    encoder.value(args.value(0), 0)?;
    Ok(encoder.json)
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<()> {
        match value {
            Value::String(text) => self.string(&text.as_bytes()),
            Value::Integer(number) => self.number(*number as f64)?,
            Value::Number(number) => self.number(*number)?,
            Value::Boolean(true) => self.json.extend_from_slice(b"true"),
            Value::Boolean(false) => self.json.extend_from_slice(b"false"),
            Value::Table(table) => self.table(table, depth + 1)?,
            Value::Nil => self.json.extend_from_slice(b"null"),
            value if *value == Value::NULL => self.json.extend_from_slice(b"null"),
            _ => return Err(self.refused(value, "type not supported")),
        }
        Ok(())
    }

    fn refused(&self, value: &Value, why: &str) -> mlua::Error {
        self.args.fail(format!("Cannot serialise {}: {why}", type_name(value)))
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<()> {
        if depth > NESTING_MAX || depth as u64 > self.settings.encode_max_depth.unsigned_abs().into() {
            return Err(self.args.fail(format!("Cannot serialise, excessive nesting ({depth})")));
        }
        match self.array_length(table)? {
            Some(length) if length > 0 => self.array(table, length, depth),
            _ => self.object(table, depth),
        }
    }

    /// How long the array is that a table makes; none where it makes none.
    fn array_length(&self, table: &Table) -> Result<Option<usize>> {
        let (mut longest, mut items) = (0.0_f64, 0_u64);
        for pair in table.pairs::<Value, Value>() {
            let index = match pair?.0 {
                Value::Integer(index) => index as f64,
                Value::Number(index) => index,
                _ => return Ok(None),
            };
            if index.floor() != index || index < 1.0 {
                return Ok(None);
            }
            longest = longest.max(index);
            items += 1;
        }
        let (ratio, safe) = (self.settings.sparse_ratio, self.settings.sparse_safe);
        let sparse = ratio > 0 && longest > items as f64 * f64::from(ratio) && longest > f64::from(safe);
        if sparse && !self.settings.sparse_convert {
            return Err(self.args.fail("Cannot serialise table: excessively sparse array"));
        }
        if longest > ARRAY_MAX {
            return Ok(None);
        }
        Ok((!sparse).then_some(longest as usize))
    }

    fn array(&mut self, table: &Table, length: usize, depth: usize) -> Result<()> {
        self.json.push(b'[');
        for index in 1..=length {
            if index > 1 {
                self.json.push(b',');
            }
            self.value(&table.raw_get(index)?, depth)?;
            if self.json.len() > JSON_BYTES_MAX {
                return Err(self.args.fail("Cannot serialise table: result too long"));
            }
        }
        self.json.push(b']');
        Ok(())
    }

    fn object(&mut self, table: &Table, depth: usize) -> Result<()> {
        self.json.push(b'{');
        for (count, pair) in table.pairs::<Value, Value>().enumerate() {
            let (key, value) = pair?;
            if count > 0 {
                self.json.push(b',');
            }
            match &key {
                Value::String(text) => self.string(&text.as_bytes()),
                Value::Integer(number) => self.quoted(*number as f64)?,
                Value::Number(number) => self.quoted(*number)?,
                key => return Err(self.refused(key, "table key must be a number or string")),
            }
            self.json.push(b':');
            self.value(&value, depth)?;
        }
        self.json.push(b'}');
        Ok(())
    }

    fn quoted(&mut self, number: f64) -> Result<()> {
        self.json.push(b'"');
        self.number(number)?;
        self.json.push(b'"');
        Ok(())
    }

    fn number(&mut self, value: f64) -> Result<()> {
        let text = match self.settings.encode_invalid {
            _ if value.is_finite() => {
                number::general(value, self.settings.number_precision.unsigned_abs() as usize)
            }
            InvalidNumbers::Refused => {
                return Err(self.refused(&Value::Number(value), "must not be NaN or Inf"));
            }
            InvalidNumbers::Null => "null".to_owned(),
            InvalidNumbers::Written if value.is_nan() => "nan".to_owned(),
            InvalidNumbers::Written => number::general(value, 14),
        };
        self.json.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        self.json.push(b'"');
        for byte in text {
            match byte {
                b'"' => self.json.extend_from_slice(b"\\\""),
                b'\\' => self.json.extend_from_slice(b"\\\\"),
                b'/' => self.json.extend_from_slice(b"\\/"),
                0x08 => self.json.extend_from_slice(b"\\b"),
                b'\t' => self.json.extend_from_slice(b"\\t"),
                b'\n' => self.json.extend_from_slice(b"\\n"),
                0x0c => self.json.extend_from_slice(b"\\f"),
                b'\r' => self.json.extend_from_slice(b"\\r"),
                0..0x20 | 0x7f => self.json.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                byte => self.json.push(*byte),
            }
        }
        self.json.push(b'"');
    }
}
