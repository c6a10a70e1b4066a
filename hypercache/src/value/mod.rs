//! The data types. They know neither keys nor commands, neither clocks nor locks.

pub mod glob;
pub mod number;
pub mod string;

use crate::value::string::Str;

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string of bytes, or a number kept as one.
    Str(Str),
}

impl Value {
    /// The name that `TYPE` tells.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Str(_) => "string",
        }
    }

    /// The name that `OBJECT ENCODING` tells.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Str(string) => string.encoding(),
        }
    }

    /// Bytes on the heap, as the allocator is asked for them; constant time.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Str(string) => string.heap_bytes(),
        }
    }
}

impl From<Str> for Value {
    fn from(string: Str) -> Self {
        Self::Str(string)
    }
}
