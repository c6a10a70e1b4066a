//! The libraries that scripts find beside Lua's own.

pub mod bit;
pub mod cjson;
pub mod cmsgpack;
pub mod random;
pub mod structs;

use mlua::Function;
use mlua::Lua;
use mlua::MultiValue;
use mlua::Result;
use mlua::Table;

use crate::script::arguments::Arguments;

/// How deep data may be nested that our libraries read or write: their functions call themselves for each level.
pub const NESTING_MAX: usize = 2000;

/// Arguments that one call may have: a state has handles for 8000 values at a time, and some are needed to go on.
const ARGUMENTS_MAX: usize = 7900;

/// Adds a function to a library.
pub fn add<F>(lua: &Lua, table: &Table, name: &'static str, function: F) -> Result<()>
where
    F: Fn(&Lua, Arguments<'_>) -> Result<MultiValue> + Send + 'static,
{
    table.raw_set(name, native(lua, name, function)?)
}

/// A function of ours that scripts may call.
pub fn native<F>(lua: &Lua, name: &'static str, function: F) -> Result<Function>
where
    F: Fn(&Lua, Arguments<'_>) -> Result<MultiValue> + Send + 'static,
{
    lua.create_function(move |lua, values: MultiValue| {
        let args = Arguments::new(lua, name, values);
        if args.len() > ARGUMENTS_MAX { Err(args.fail("too many arguments")) } else { function(lua, args) }
    })
}

/// A single result.
pub fn one(value: impl mlua::IntoLua, lua: &Lua) -> Result<MultiValue> {
    Ok(MultiValue::from_iter([value.into_lua(lua)?]))
}
