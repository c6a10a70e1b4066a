//! `cjson`: JSON to Lua and back, as Lua CJSON 2.1 does it, its settings among them.

mod decode;
mod encode;
mod number;

use std::sync::Arc;

use mlua::Lua;
use mlua::MultiValue;
use mlua::Result;
use mlua::Table;
use mlua::Value;
use parking_lot::Mutex;

use crate::script::arguments::Arguments;
use crate::script::library::add;
use crate::script::library::one;

/// What is done with numbers that JSON does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InvalidNumbers {
    Refused,
    Written,
    Null,
}

/// The settings of one instance.
#[derive(Debug, Clone, Copy)]
struct Settings {
    sparse_convert: bool,
    sparse_ratio: i32,
    sparse_safe: i32,
    encode_max_depth: i32,
    decode_max_depth: i32,
    number_precision: i32,
    keep_buffer: bool,
    encode_invalid: InvalidNumbers,
    decode_invalid: bool,
}

const DEFAULTS: Settings = Settings {
    sparse_convert: false,
    sparse_ratio: 2,
    sparse_safe: 10,
    encode_max_depth: 1000,
    decode_max_depth: 1000,
    number_precision: 14,
    keep_buffer: true,
    encode_invalid: InvalidNumbers::Refused,
    decode_invalid: true,
};

type Shared = Arc<Mutex<Settings>>;

/// The library, with settings of its own.
pub fn open(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    let settings: Shared = Arc::new(Mutex::new(DEFAULTS));
    table.raw_set("null", Value::NULL)?;
    table.raw_set("_NAME", "cjson")?;
    table.raw_set("_VERSION", "2.1.0")?;
    let of = |function: fn(&Lua, &Arguments<'_>, &Settings) -> Result<MultiValue>| {
        let settings = Arc::clone(&settings);
        move |lua: &Lua, args: Arguments<'_>| {
            let settings = *settings.lock();
            function(lua, &args, &settings)
        }
    };
    add(lua, &table, "encode", of(encode))?;
    add(lua, &table, "decode", of(decode))?;
    add(lua, &table, "new", |lua, _| one(open(lua)?, lua))?;
    let of = |function: fn(&Arguments<'_>, &mut Settings) -> Result<Vec<Value>>| {
        let settings = Arc::clone(&settings);
        move |_: &Lua, args: Arguments<'_>| function(&args, &mut settings.lock()).map(MultiValue::from_vec)
    };
    add(lua, &table, "encode_sparse_array", of(encode_sparse_array))?;
    add(lua, &table, "encode_max_depth", of(|args, settings| depth(args, &mut settings.encode_max_depth)))?;
    add(lua, &table, "decode_max_depth", of(|args, settings| depth(args, &mut settings.decode_max_depth)))?;
    add(lua, &table, "encode_number_precision", of(encode_number_precision))?;
    add(
        lua,
        &table,
        "encode_keep_buffer",
        of(|args, settings| switch_alone(args, &mut settings.keep_buffer)),
    )?;
    add(lua, &table, "encode_invalid_numbers", of(encode_invalid_numbers))?;
    add(
        lua,
        &table,
        "decode_invalid_numbers",
        of(|args, settings| switch_alone(args, &mut settings.decode_invalid)),
    )?;
    Ok(table)
}

fn encode(lua: &Lua, args: &Arguments<'_>, settings: &Settings) -> Result<MultiValue> {
    if args.len() != 1 {
        return Err(args.refuse(0, "expected 1 argument"));
    }
    let json = encode::encode(args, settings)?;
    one(lua.create_string(&json)?, lua)
}

fn decode(lua: &Lua, args: &Arguments<'_>, settings: &Settings) -> Result<MultiValue> {
    if args.len() != 1 {
        return Err(args.refuse(0, "expected 1 argument"));
    }
    one(decode::decode(lua, args, settings)?, lua)
}

fn at_most(args: &Arguments<'_>, count: usize) -> Result<()> {
    if args.len() > count { Err(args.refuse(count, "found too many arguments")) } else { Ok(()) }
}

fn integer(args: &Arguments<'_>, index: usize, setting: &mut i32, from: i32, to: i32) -> Result<Value> {
    if !args.value(index).is_nil() {
        let wanted = args.integer(index)?;
        let fits = i32::try_from(wanted).ok().filter(|wanted| (from..=to).contains(wanted));
        *setting =
            fits.ok_or_else(|| args.refuse(0, &format!("expected integer between {from} and {to}")))?;
    }
    Ok(Value::Integer((*setting).into()))
}

fn word(args: &Arguments<'_>, index: usize, words: &[&str]) -> Result<usize> {
    let word = args.string(index)?;
    let found = words.iter().position(|known| known.as_bytes() == &*word.as_bytes());
    found.ok_or_else(|| args.refuse(index, &format!("invalid option '{}'", word.to_string_lossy())))
}

fn switch(args: &Arguments<'_>, index: usize, setting: &mut bool) -> Result<Value> {
    match args.value(index) {
        Value::Nil => {}
        Value::Boolean(on) => *setting = *on,
        _ => *setting = word(args, index, &["off", "on"])? == 1,
    }
    Ok(Value::Boolean(*setting))
}

fn switch_alone(args: &Arguments<'_>, setting: &mut bool) -> Result<Vec<Value>> {
    at_most(args, 1)?;
    Ok(vec![switch(args, 0, setting)?])
}

fn depth(args: &Arguments<'_>, setting: &mut i32) -> Result<Vec<Value>> {
    at_most(args, 1)?;
    Ok(vec![integer(args, 0, setting, 1, i32::MAX)?])
}

fn encode_number_precision(args: &Arguments<'_>, settings: &mut Settings) -> Result<Vec<Value>> {
    at_most(args, 1)?;
    Ok(vec![integer(args, 0, &mut settings.number_precision, 1, 14)?])
}

fn encode_sparse_array(args: &Arguments<'_>, settings: &mut Settings) -> Result<Vec<Value>> {
    at_most(args, 3)?;
    Ok(vec![
        switch(args, 0, &mut settings.sparse_convert)?,
        integer(args, 1, &mut settings.sparse_ratio, 0, i32::MAX)?,
        integer(args, 2, &mut settings.sparse_safe, 0, i32::MAX)?,
    ])
}

fn encode_invalid_numbers(args: &Arguments<'_>, settings: &mut Settings) -> Result<Vec<Value>> {
    at_most(args, 1)?;
    settings.encode_invalid = match args.value(0) {
        Value::Nil => settings.encode_invalid,
        Value::Boolean(false) => InvalidNumbers::Refused,
        Value::Boolean(true) => InvalidNumbers::Written,
        _ => match word(args, 0, &["off", "on", "null"])? {
            0 => InvalidNumbers::Refused,
            1 => InvalidNumbers::Written,
            _ => InvalidNumbers::Null,
        },
    };
    Ok(vec![match settings.encode_invalid {
        InvalidNumbers::Refused => Value::Boolean(false),
        InvalidNumbers::Written => Value::Boolean(true),
        InvalidNumbers::Null => args.text_value("null")?,
    }])
}

#[cfg(test)]
mod tests;
