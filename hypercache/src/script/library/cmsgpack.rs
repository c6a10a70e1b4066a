//! `cmsgpack`: MessagePack, as lua-cmsgpack does it.

mod pack;
mod unpack;

use mlua::Lua;
use mlua::MultiValue;
use mlua::Result;
use mlua::Table;
use mlua::Value;

use crate::script::arguments::Arguments;
use crate::script::library::add;
use crate::script::library::one;

/// The library.
pub fn open(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    add(lua, &table, "pack", pack)?;
    add(lua, &table, "unpack", |lua, args| unpack::unpack(lua, &args, None, 0))?;
    add(lua, &table, "unpack_one", |lua, args| {
        let offset = args.integer_or(1, 0)?;
        unpack::unpack(lua, &args, Some(1), offset)
    })?;
    add(lua, &table, "unpack_limit", |lua, args| {
        let (limit, offset) = (args.integer(1)?, args.integer_or(2, 0)?);
        // Without limit and offset it is the same as `unpack`, and returns no offset.
        let limit = (limit != 0 || offset != 0).then_some(limit);
        unpack::unpack(lua, &args, limit, offset)
    })?;
    table.raw_set("_NAME", "cmsgpack")?;
    table.raw_set("_VERSION", "lua-cmsgpack 0.4.0")?;
    table.raw_set("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo")?;
    table.raw_set("_DESCRIPTION", "MessagePack C implementation for Lua")?;
    Ok(table)
}

fn pack(lua: &Lua, args: Arguments<'_>) -> Result<MultiValue> {
    if args.len() == 0 {
        return Err(args.fail("bad argument #0 to 'pack' (MessagePack pack needs input.)"));
    }
    let mut packed = Vec::new();
    args.values().iter().try_for_each(|value: &Value| pack::pack(value, 0, &mut packed))?;
    one(lua.create_string(&packed)?, lua)
}

#[cfg(test)]
mod tests;
