//! A Lua state in which scripts can do no harm: no files, no other modules, nothing shared that they could change.
//!
//! Lua 5.1 has no read-only tables. What scripts must not change stands in for the real table: an empty one whose
//! metatable reads from the real table and refuses to write, and which cannot be taken off.

use mlua::Function;
use mlua::Lua;
use mlua::LuaOptions;
use mlua::MultiValue;
use mlua::Result;
use mlua::StdLib;
use mlua::Table;
use mlua::Value;
use mlua::chunk::ChunkMode;

use crate::script::fault;
use crate::script::fault::Fault;
use crate::script::library;
use crate::script::library::native;
use crate::script::library::one;

/// Memory that the state of scripts, or of functions, may take, in bytes.
pub const MEMORY_BYTES_MAX: usize = 512 << 20;

const READ_ONLY: &str = "Attempt to modify a readonly table";

/// Functions of Lua itself that are as scripts expect them.
const KEPT: &[&str] = &[
    "tostring",
    "getfenv",
    "setfenv",
    "next",
    "assert",
    "tonumber",
    "rawequal",
    "collectgarbage",
    "getmetatable",
    "type",
    "select",
    "unpack",
    "gcinfo",
    "ipairs",
    "_VERSION",
    "error",
];

/// A Lua state for scripts.
pub struct Sandbox {
    lua: Lua,
    /// Calls a script and has its errors made plain.
    run: Function,
    /// What names nobody declared are looked up in; scripts cannot reach it.
    globals: Table,
    /// What stands in for it.
    visible: Table,
    /// What stands in for something, and what it stands in for.
    frozen: Table,
    handler: Function,
}

impl Sandbox {
    /// A fresh state; `alive` fails once a script is to end, and `extend` adds to the globals before they are closed.
    pub fn new(
        alive: impl Fn() -> std::result::Result<(), Fault> + Send + 'static,
        extend: impl FnOnce(&Lua, &Table) -> Result<()>,
    ) -> Result<Self> {
        let lua = Lua::new_with(
            StdLib::TABLE | StdLib::STRING | StdLib::MATH,
            LuaOptions::new().catch_rust_panics(false),
        )?;
        lua.set_memory_limit(MEMORY_BYTES_MAX)?;
        let native = lua.globals();
        let (globals, frozen) = (lua.create_table()?, lua.create_table()?);
        for name in KEPT {
            globals.raw_set(*name, native.raw_get::<Value>(*name)?)?;
        }
        let alive = self::native(&lua, "alive", move |_, _| match alive() {
            Ok(()) => Ok(MultiValue::new()),
            Err(fault) => Err(mlua::Error::external(fault)),
        })?;
        let run = protected_calls(&lua, &native, &globals, alive)?;
        table_functions(&lua, &native, &globals, &frozen)?;
        let math: Table = native.raw_get("math")?;
        library::random::replace(&lua, &math)?;
        globals.raw_set("math", math)?;
        let string: Table = native.raw_get("string")?;
        globals.raw_set("string", &string)?;
        globals.raw_set("table", native.raw_get::<Table>("table")?)?;
        globals.raw_set("bit", library::bit::open(&lua)?)?;
        globals.raw_set("cjson", library::cjson::open(&lua)?)?;
        globals.raw_set("cmsgpack", library::cmsgpack::open(&lua)?)?;
        globals.raw_set("struct", library::structs::open(&lua)?)?;
        extend(&lua, &globals)?;
        let handler = handler(&lua)?;
        let sandbox = Self { run, visible: lua.create_table()?, globals, frozen, handler, lua };
        sandbox.close(&string)?;
        Ok(sandbox)
    }

    /// The state.
    pub fn lua(&self) -> &Lua {
        &self.lua
    }

    /// Compiles a script, which finds the globals of the sandbox.
    pub fn compile(&self, source: &[u8], name: &str) -> Result<Function> {
        self.lua
            .load(source)
            .set_name(name)
            .set_mode(ChunkMode::Text)
            .set_environment(self.visible.clone())
            .into_function()
    }

    /// Sets a global, which only we can.
    pub fn set_global(&self, name: &str, value: impl mlua::IntoLua) -> Result<()> {
        self.globals.raw_set(name, value)
    }

    /// What names are looked up in from here on: another table than the globals, or they again.
    pub fn look_up_in(&self, other: Option<&Table>) -> Result<()> {
        let metatable = self.visible.metatable().expect("it was given one when the sandbox was made");
        metatable.raw_set("__index", other.unwrap_or(&self.globals))
    }

    /// Calls a function with up to two arguments. What it returns first, or what its error has become: a table with
    /// `err`, and with `source` and `line` where these are known.
    pub fn call(
        &self,
        function: &Function,
        keys: Value,
        arguments: Value,
    ) -> Result<std::result::Result<Value, Value>> {
        // A script may have given its thread other globals.
        self.lua.set_globals(self.visible.clone())?;
        let result: MultiValue = self.run.call((&self.handler, function, keys, arguments))?;
        let mut result = result.into_iter();
        let done = matches!(result.next(), Some(Value::Boolean(true)));
        let value = result.next().unwrap_or(Value::Nil);
        self.tidy()?;
        Ok(if done { Ok(value) } else { Err(value) })
    }

    /// A table in the place of `real` that reads as it and cannot be changed.
    pub fn freeze(&self, real: &Table) -> Result<Table> {
        let shown = self.lua.create_table()?;
        self.dress(&shown, real)?;
        Ok(shown)
    }

    /// Gives `real` a lookup of missing names that is an error.
    pub fn refuse_missing(&self, real: &Table) -> Result<()> {
        let metatable = self.lua.create_table()?;
        metatable.raw_set("__index", missing(&self.lua)?)?;
        real.set_metatable(Some(metatable))
    }

    /// Lua's own functions on lists write past metatables; what they left in a frozen table goes, and the collector
    /// works for the next script, whatever this one told it.
    fn tidy(&self) -> Result<()> {
        self.lua.gc_restart();
        for pair in self.frozen.pairs::<Table, Value>() {
            let (shown, _) = pair?;
            if shown.raw_len() > 0 {
                (1..=shown.raw_len()).try_for_each(|index| shown.raw_set(index, Value::Nil))?;
            }
        }
        Ok(())
    }

    fn dress(&self, shown: &Table, real: &Table) -> Result<()> {
        let told = self.lua.create_table()?;
        told.raw_set("__index", missing(&self.lua)?)?;
        let told_shown = self.lua.create_table()?;
        for (table, behind, told) in
            [(&told_shown, &told, Value::Boolean(false)), (shown, real, Value::Table(told_shown.clone()))]
        {
            let metatable = self.lua.create_table()?;
            metatable.raw_set("__index", behind)?;
            metatable.raw_set(
                "__newindex",
                native(&self.lua, "__newindex", |lua, _| Err(fault::text(lua, READ_ONLY)))?,
            )?;
            metatable.raw_set("__metatable", told)?;
            table.set_metatable(Some(metatable))?;
            self.frozen.raw_set(table, behind)?;
        }
        Ok(())
    }

    fn close(&self, string: &Table) -> Result<()> {
        for pair in self.globals.clone().pairs::<Value, Value>() {
            if let (key, Value::Table(table)) = pair? {
                self.globals.raw_set(key, self.freeze(&table)?)?;
            }
        }
        // Methods of strings are looked up in the real table; the way there ends at the frozen one.
        let methods = self.lua.create_table()?;
        methods.raw_set("__index", string)?;
        let told = self.lua.create_table()?;
        told.raw_set("__index", self.globals.raw_get::<Table>("string")?)?;
        methods.raw_set("__metatable", self.freeze(&told)?)?;
        self.lua.set_type_metatable::<mlua::LuaString>(Some(methods));
        self.globals.raw_set("_G", &self.visible)?;
        self.refuse_missing(&self.globals)?;
        self.dress(&self.visible, &self.globals)?;
        self.lua.set_globals(self.visible.clone())
    }
}

/// Functions of Lua that call others in protected mode, in our edition; and what runs a script.
fn protected_calls(lua: &Lua, original: &Table, globals: &Table, alive: Function) -> Result<Function> {
    let coroutine: Table = original.raw_get("coroutine")?;
    let of = |table: &Table, name: &str| table.raw_get::<Value>(name);
    let (string, table): (Table, Table) = (original.raw_get("string")?, original.raw_get("table")?);
    let plain = native(lua, "plain", |lua, args| one(plain(lua, args.value(0).clone())?, lua))?;
    let arguments = (
        of(original, "pcall")?,
        of(original, "xpcall")?,
        of(&coroutine, "resume")?,
        of(original, "loadstring")?,
        plain,
        of(original, "type")?,
        of(original, "error")?,
        of(&table, "concat")?,
        of(&string, "byte")?,
        alive,
    );
    let prelude = lua.load(include_str!("prelude.lua")).set_name("=[C]").set_environment(lua.create_table()?);
    let (builtins, run): (Table, Function) = prelude.call(arguments)?;
    for name in ["pcall", "xpcall", "load", "loadstring"] {
        globals.raw_set(name, builtins.raw_get::<Function>(name)?)?;
    }
    coroutine.raw_set("resume", builtins.raw_get::<Function>("resume")?)?;
    globals.raw_set("coroutine", coroutine)?;
    Ok(run)
}

/// Functions of Lua that look behind metatables, in an edition that knows what is frozen.
fn table_functions(lua: &Lua, original: &Table, globals: &Table, frozen: &Table) -> Result<()> {
    let (known, next) = (frozen.clone(), original.raw_get::<Function>("next")?);
    library::add(lua, globals, "pairs", move |lua, args| {
        let Value::Table(table) = args.value(0) else { return Err(args.unexpected(0, "table")) };
        let real = known.raw_get::<Option<Table>>(table)?.unwrap_or_else(|| table.clone());
        let _ = lua;
        Ok(MultiValue::from_iter([Value::Function(next.clone()), Value::Table(real), Value::Nil]))
    })?;
    let known = frozen.clone();
    library::add(lua, globals, "rawget", move |lua, args| {
        let Value::Table(table) = args.value(0) else { return Err(args.unexpected(0, "table")) };
        let real = known.raw_get::<Option<Table>>(table)?;
        one(real.as_ref().unwrap_or(table).raw_get::<Value>(args.value(1).clone())?, lua)
    })?;
    let known = frozen.clone();
    library::add(lua, globals, "rawset", move |lua, args| {
        let Value::Table(table) = args.value(0) else { return Err(args.unexpected(0, "table")) };
        if known.contains_key(table)? {
            return Err(mlua::Error::external(Fault::Text(READ_ONLY.into())));
        }
        match args.value(1) {
            Value::Nil => return Err(args.fail("table index is nil")),
            Value::Number(number) if number.is_nan() => return Err(args.fail("table index is NaN")),
            key => table.raw_set(key.clone(), args.value(2).clone())?,
        }
        one(table, lua)
    })?;
    let known = frozen.clone();
    library::add(lua, globals, "setmetatable", move |lua, args| {
        let Value::Table(table) = args.value(0) else { return Err(args.unexpected(0, "table")) };
        let metatable = match args.value(1) {
            Value::Nil if args.len() > 1 => None,
            Value::Table(metatable) => Some(metatable.clone()),
            _ => return Err(args.refuse(1, "nil or table expected")),
        };
        if known.contains_key(table)? {
            return Err(mlua::Error::external(Fault::Text(READ_ONLY.into())));
        }
        if let Some(present) = table.metatable()
            && !present.raw_get::<Value>("__metatable")?.is_nil()
        {
            return Err(args.fail("cannot change a protected metatable"));
        }
        table.set_metatable(metatable)?;
        one(table, lua)
    })
}

/// What looks up names that do not exist.
fn missing(lua: &Lua) -> Result<Function> {
    native(lua, "__index", |lua, args| {
        if !matches!(args.value(1), Value::String(_) | Value::Integer(_) | Value::Number(_)) {
            return Err(args.fail("Second argument to luaProtectedTableError must be a string or number"));
        }
        let name = args.string(1)?.to_string_lossy();
        Err(fault::text(lua, format!("Script attempted to access nonexistent global variable '{name}'")))
    })
}

/// What the script may see of an error that one of our functions raised; other values as they are.
fn plain(lua: &Lua, value: Value) -> Result<Value> {
    let Value::Error(error) = value else { return Ok(value) };
    match error.downcast_ref::<Fault>() {
        Some(Fault::Text(text)) => lua.create_string(text).map(Value::String),
        Some(Fault::Reply(text)) => {
            let table = lua.create_table()?;
            table.raw_set("err", lua.create_string(text)?)?;
            Ok(Value::Table(table))
        }
        Some(fault @ (Fault::Killed | Fault::LoadTimeout)) => Err(mlua::Error::external(fault.clone())),
        None => lua.create_string(message(&error)).map(Value::String),
    }
}

/// The text of an error that is not one of ours.
pub fn message(error: &mlua::Error) -> String {
    match error {
        mlua::Error::SyntaxError { message, .. } | mlua::Error::RuntimeError(message) => message.clone(),
        mlua::Error::MemoryError(_) => "not enough memory".to_owned(),
        mlua::Error::CallbackError { cause, .. } => message_of_cause(cause),
        other => other.to_string(),
    }
}

fn message_of_cause(cause: &mlua::Error) -> String {
    match cause {
        mlua::Error::CallbackError { cause, .. } => message_of_cause(cause),
        other => message(other),
    }
}

/// What gives an error that ends a script its final form, while it is still known where it was raised.
fn handler(lua: &Lua) -> Result<Function> {
    native(lua, "handler", |lua, args| {
        let table = match args.value(0) {
            Value::Table(table) => table.clone(),
            Value::Error(error) => match error.downcast_ref::<Fault>() {
                Some(fault @ (Fault::Killed | Fault::LoadTimeout)) => {
                    final_table(lua, fault_text(fault).as_bytes())?
                }
                Some(Fault::Reply(text)) => final_table(lua, text)?,
                Some(Fault::Text(text)) => final_table(lua, &[b"ERR ", text.as_slice()].concat())?,
                None => final_table(lua, format!("ERR {}", message(error)).as_bytes())?,
            },
            other => {
                let shown = lua.coerce_string(other.clone())?.map_or_else(
                    || other.to_string().unwrap_or_default().into_bytes(),
                    |text| text.as_bytes().to_vec(),
                );
                final_table(lua, &[b"ERR ".as_slice(), &shown].concat())?
            }
        };
        if let Some((source, line)) = place(lua) {
            table.raw_set("source", source)?;
            table.raw_set("line", line)?;
        }
        one(table, lua)
    })
}

fn fault_text(fault: &Fault) -> &'static str {
    match fault {
        Fault::Killed => "ERR Script killed by user with SCRIPT KILL...",
        _ => "ERR FUNCTION LOAD timeout",
    }
}

fn final_table(lua: &Lua, text: &[u8]) -> Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("err", lua.create_string(text)?)?;
    Ok(table)
}

/// Source and line of the function that raised the error; of its caller where it is not written in Lua.
fn place(lua: &Lua) -> Option<(String, i64)> {
    let look = |level| {
        lua.inspect_stack(level, |function| {
            let source = function.source();
            let line = function.current_line().and_then(|line| i64::try_from(line).ok()).unwrap_or(-1);
            (source.what == "C", source.source.unwrap_or_default().into_owned(), line)
        })
    };
    // Below the handler itself there is what called it, a function of the bindings.
    let (native, source, line) = look(2)?;
    if !native {
        return Some((source, line));
    }
    look(3).map(|(_, source, line)| (source, line))
}
