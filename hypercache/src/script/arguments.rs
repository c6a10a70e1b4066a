//! The arguments of a function that a script calls, with Lua's own errors where they are of the wrong kind.

use mlua::Error;
use mlua::Lua;
use mlua::LuaString;
use mlua::MultiValue;
use mlua::Result;
use mlua::Value;

use crate::script::fault;

/// Arguments of one call.
pub struct Arguments<'a> {
    lua: &'a Lua,
    function: &'static str,
    values: Vec<Value>,
}

/// Lua's name of a value's type.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Boolean(_) => "boolean",
        Value::Integer(_) | Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Table(_) => "table",
        Value::Function(_) => "function",
        Value::Thread(_) => "thread",
        _ => "userdata",
    }
}

impl<'a> Arguments<'a> {
    /// The arguments of a call of `function`.
    pub fn new(lua: &'a Lua, function: &'static str, values: MultiValue) -> Self {
        Self { lua, function, values: values.into_vec() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The argument at `index`, from 0; nil where there are not so many.
    pub fn value(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Nil)
    }

    /// All of them.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// A string, or a number as one.
    pub fn string(&self, index: usize) -> Result<LuaString> {
        let found = match self.value(index) {
            value @ (Value::String(_) | Value::Integer(_) | Value::Number(_)) => {
                self.lua.coerce_string(value.clone())?
            }
            _ => None,
        };
        found.ok_or_else(|| self.unexpected(index, "string"))
    }

    /// A number, or a string that reads as one.
    pub fn number(&self, index: usize) -> Result<f64> {
        let found = match self.value(index) {
            Value::Number(number) => Some(*number),
            Value::Integer(number) => Some(*number as f64),
            value @ Value::String(_) => self.lua.coerce_number(value.clone())?,
            _ => None,
        };
        found.ok_or_else(|| self.unexpected(index, "number"))
    }

    /// A number without its fraction.
    pub fn integer(&self, index: usize) -> Result<i64> {
        self.number(index).map(|number| number as i64)
    }

    /// As `integer`; `default` where there is none.
    pub fn integer_or(&self, index: usize, default: i64) -> Result<i64> {
        if self.value(index).is_nil() { Ok(default) } else { self.integer(index) }
    }

    /// A text as a value of Lua.
    pub fn text_value(&self, text: &str) -> Result<Value> {
        self.lua.create_string(text).map(Value::String)
    }

    /// The error that the argument at `index` is not of the `wanted` type.
    pub fn unexpected(&self, index: usize, wanted: &str) -> Error {
        let found = self.values.get(index).map_or("no value", type_name);
        self.refuse(index, &format!("{wanted} expected, got {found}"))
    }

    /// The error that the argument at `index` will not do.
    pub fn refuse(&self, index: usize, why: &str) -> Error {
        fault::text(self.lua, format!("bad argument #{} to '{}' ({why})", index + 1, self.function))
    }

    /// An error of the function.
    pub fn fail(&self, text: impl AsRef<[u8]>) -> Error {
        fault::text(self.lua, text)
    }
}
