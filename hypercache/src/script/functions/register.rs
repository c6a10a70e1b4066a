//! `redis.register_function`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use mlua::Error;
use mlua::Function;
use mlua::Lua;
use mlua::MultiValue;
use mlua::Result;
use mlua::Table;
use mlua::Value;

use crate::script::arguments::Arguments;
use crate::script::fault;
use crate::script::functions::Loading;
use crate::script::functions::Registered;
use crate::script::functions::is_name;
use crate::script::library;
use crate::script::shebang::Flags;

/// Adds it to the `redis` that libraries find.
pub fn add(lua: &Lua, table: &Table, loading: &Loading, callbacks: &Table) -> Result<()> {
    let (loading, callbacks) = (Arc::clone(loading), callbacks.clone());
    let last = AtomicU64::new(0);
    library::add(lua, table, "register_function", move |lua, args| {
        let mut loading = loading.lock();
        let registered = loading
            .as_mut()
            .ok_or_else(|| refused("redis.register_function can only be called on FUNCTION LOAD command"))?;
        let (mut function, callback) = match args.len() {
            1 => named(lua, &args)?,
            2 => positional(lua, &args)?,
            _ => return Err(refused("wrong number of arguments to redis.register_function")),
        };
        if registered.contains_key(&function.name) {
            return Err(refused("Function already exists in the library"));
        }
        function.callback = last.fetch_add(1, Relaxed) + 1;
        callbacks.raw_set(function.callback, callback)?;
        registered.insert(function.name.clone(), function);
        Ok(MultiValue::new())
    })
}

fn refused(text: &str) -> Error {
    fault::reply(format!("ERR {text}"))
}

fn text(lua: &Lua, value: &Value, refusal: &str) -> Result<Vec<u8>> {
    let text = match value {
        Value::String(_) | Value::Integer(_) | Value::Number(_) => lua.coerce_string(value.clone())?,
        _ => None,
    };
    text.map(|text| text.as_bytes().to_vec()).ok_or_else(|| refused(refusal))
}

fn registered(
    name: Vec<u8>,
    description: Option<Vec<u8>>,
    flags: Flags,
    callback: Function,
) -> Result<(Registered, Function)> {
    let name = String::from_utf8(name).ok().filter(|name| is_name(name.as_bytes())).ok_or_else(|| {
        refused(
            "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
        )
    })?;
    Ok((Registered { name, description, flags, callback: 0 }, callback))
}

fn positional(lua: &Lua, args: &Arguments<'_>) -> Result<(Registered, Function)> {
    let name = text(lua, args.value(0), "first argument to redis.register_function must be a string")?;
    let Value::Function(callback) = args.value(1) else {
        return Err(refused("second argument to redis.register_function must be a function"));
    };
    registered(name, None, Flags::default(), callback.clone())
}

fn named(lua: &Lua, args: &Arguments<'_>) -> Result<(Registered, Function)> {
    let Value::Table(table) = args.value(0) else {
        return Err(refused(
            "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
        ));
    };
    let (mut name, mut description, mut callback, mut flags) = (None, None, None, Flags::default());
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair?;
        let key = text(lua, &key, "named argument key given to redis.register_function is not a string")?;
        match key.to_ascii_lowercase().as_slice() {
            b"function_name" => {
                let refusal = "function_name argument given to redis.register_function must be a string";
                name = Some(text(lua, &value, refusal)?);
            }
            b"description" => {
                let refusal = "description argument given to redis.register_function must be a string";
                description = Some(text(lua, &value, refusal)?);
            }
            b"callback" => match value {
                Value::Function(function) => callback = Some(function),
                _ => {
                    return Err(refused(
                        "callback argument given to redis.register_function must be a function",
                    ));
                }
            },
            b"flags" => flags = read_flags(&value)?,
            _ => return Err(refused("unknown argument given to redis.register_function")),
        }
    }
    let name = name.ok_or_else(|| refused("redis.register_function must get a function name argument"))?;
    let callback = callback.ok_or_else(|| refused("redis.register_function must get a callback argument"))?;
    registered(name, description, flags, callback)
}

fn read_flags(value: &Value) -> Result<Flags> {
    let Value::Table(list) = value else {
        return Err(refused(
            "flags argument to redis.register_function must be a table representing function flags",
        ));
    };
    let mut flags = Flags::default();
    for name in list.sequence_values::<Value>() {
        let flag = match name? {
            Value::String(name) => Flags::named_in_any_case(&name.as_bytes()),
            _ => None,
        };
        flags = flags.and(flag.ok_or_else(|| refused("unknown flag given"))?);
    }
    Ok(flags)
}
