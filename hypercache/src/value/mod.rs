//! The data types. They know neither keys nor commands, neither clocks nor locks.

pub mod bits;
pub mod glob;
pub mod lcs;
pub mod number;
pub mod string;

use crate::value::string::Str;

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string of bytes, or a number kept as one.
    Str(Str),
    /// A type that no command works on, so that tests meet the wrong-type errors.
    #[cfg(test)]
    Opaque,
}

impl Value {
    /// The name that `TYPE` tells.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Str(_) => "string",
            #[cfg(test)]
            Self::Opaque => "opaque",
        }
    }

    /// The name that `OBJECT ENCODING` tells.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Str(string) => string.encoding(),
            #[cfg(test)]
            Self::Opaque => "opaque",
        }
    }

    /// Bytes on the heap, as the allocator is asked for them; constant time.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Str(string) => string.heap_bytes(),
            #[cfg(test)]
            Self::Opaque => 0,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&Str> {
        match self {
            Self::Str(string) => Some(string),
            #[cfg(test)]
            Self::Opaque => None,
        }
    }

    /// The string for changing in place, if it is one.
    pub fn as_str_mut(&mut self) -> Option<&mut Str> {
        match self {
            Self::Str(string) => Some(string),
            #[cfg(test)]
            Self::Opaque => None,
        }
    }
}

impl From<Str> for Value {
    fn from(string: Str) -> Self {
        Self::Str(string)
    }
}
