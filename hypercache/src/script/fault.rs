//! Errors that our functions raise inside Lua.
//!
//! The bindings can only raise errors of Rust; `sandbox` turns them into what scripts expect, a text or a table with
//! `err`, wherever a script can look at them.

use std::fmt;

use mlua::Error;
use mlua::Lua;

/// What is raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A text, its position before it.
    Text(Vec<u8>),
    /// An error reply, with its prefix: scripts see a table with `err`.
    Reply(Vec<u8>),
    /// The script is to end, whatever it does about it.
    Killed,
    /// A library took too long to load; it ends likewise.
    LoadTimeout,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Reply(text) => f.write_str(&String::from_utf8_lossy(text)),
            Self::Killed => f.write_str("script killed"),
            Self::LoadTimeout => f.write_str("FUNCTION LOAD timeout"),
        }
    }
}

impl std::error::Error for Fault {}

/// An error with this text, after the position of the code that called the function which raises it.
pub fn text(lua: &Lua, text: impl AsRef<[u8]>) -> Error {
    let mut message = position(lua).into_bytes();
    message.extend_from_slice(text.as_ref());
    Error::external(Fault::Text(message))
}

/// An error reply: `ERR` where the text begins without a prefix of its own.
pub fn reply(text: impl AsRef<[u8]>) -> Error {
    Error::external(Fault::Reply(text.as_ref().to_vec()))
}

/// Where the calling code stands, as Lua writes it before a message; empty where it is not written in Lua.
fn position(lua: &Lua) -> String {
    let place = lua.inspect_stack(1, |caller| {
        let line = caller.current_line()?;
        Some(format!("{}:{line}: ", caller.source().short_src.unwrap_or_default()))
    });
    place.flatten().unwrap_or_default()
}
