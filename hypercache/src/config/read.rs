//! From the tree of a document to typed settings; every fault is gathered, none ends the reading.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::CommandLog;
use super::DebugCommand;
use super::Eviction;
use super::KeyRedaction;
use super::MemoryLimit;
use super::Secret;
use super::TracingMode;
use super::notice::Notice;
use super::notice::Places;
use super::notice::hint;
use super::units::DURATION_EXPECTED;
use super::units::HumanDuration;
use super::units::SIZE_EXPECTED;
use super::units::Size;
use super::units::SizeOrShare;
use super::words::Word;
use super::yaml::Entry;
use super::yaml::Node;
use super::yaml::Value;

/// What reading has found so far.
#[derive(Debug, Default)]
pub struct Reader {
    /// What was wrong.
    pub faults: Vec<Notice>,
    /// Where each key was given.
    pub places: Places,
}

impl Reader {
    /// The entries of a section; an empty one may be written as nothing at all.
    pub fn entries<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n [Entry]> {
        match &node.value {
            Value::Section(entries) => Some(entries),
            Value::Nothing => Some(&[]),
            other => {
                self.refuse(node, path, format!("expected a section of keys, found {}", other.kind()));
                None
            }
        }
    }

    /// Refuses a key that the section at `path` does not know.
    pub fn unknown(&mut self, entry: &Entry, path: &str, known: &[&'static str]) {
        let message = format!("unknown key; {}", hint(&entry.key, known.iter().copied()));
        self.faults.push(Notice::new(Some(entry.place.clone()), join(path, &entry.key), message));
    }

    /// Refuses the value of `node`.
    pub fn refuse(&mut self, node: &Node, path: &str, message: impl Into<String>) {
        self.faults.push(Notice::new(Some(node.place.clone()), path, message));
    }

    fn expected<T>(&mut self, node: &Node, path: &str, expected: &str) -> Option<T> {
        let message = match &node.value {
            Value::Nothing => format!("has no value: {expected}, or remove the key"),
            Value::Untyped(text) => format!("{text:?} will not do: {expected}"),
            other => format!("{expected}, found {}", other.kind()),
        };
        self.refuse(node, path, message);
        None
    }
}

/// The path of `key` in the section at `path`.
pub fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What can be read from a node.
pub trait Read: Sized {
    /// Reads it; a fault is left with the reader.
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self>;

    /// Puts what was said in a higher layer over what was said in a lower one.
    #[must_use]
    fn over(self, _lower: Self) -> Self {
        self
    }
}

/// Declares a section: a struct whose every key may be left out, that refuses any other key.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$key_doc:meta])* $key:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name {
            $($(#[$key_doc])* pub $key: Option<$kind>,)*
        }

        impl $crate::config::read::Read for $name {
            fn read(
                node: &$crate::config::yaml::Node,
                path: &str,
                reader: &mut $crate::config::read::Reader,
            ) -> Option<Self> {
                let mut section = Self::default();
                for entry in reader.entries(node, path)? {
                    let path_of_key = $crate::config::read::join(path, &entry.key);
                    match entry.key.as_str() {
                        $(stringify!($key) => {
                            reader.places.insert(path_of_key.clone(), entry.place.clone());
                            section.$key = $crate::config::read::Read::read(&entry.node, &path_of_key, reader);
                        })*
                        _ => reader.unknown(entry, path, &[$(stringify!($key)),*]),
                    }
                }
                Some(section)
            }

            fn over(self, lower: Self) -> Self {
                Self {
                    $($key: match (self.$key, lower.$key) {
                        (Some(higher), Some(lower)) => Some($crate::config::read::Read::over(higher, lower)),
                        (higher, lower) => higher.or(lower),
                    },)*
                }
            }
        }
    };
}
pub(super) use section;

impl Read for bool {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Bool(value) => Some(*value),
            Value::Untyped(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::Untyped(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => reader.expected(node, path, "expected true or false"),
        }
    }
}

macro_rules! read_whole_number {
    ($($number:ty),*) => {$(
        impl Read for $number {
            fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
                let expected = concat!("expected a whole number from 0 up, of at most ", stringify!($number));
                let expected = expected.replace("usize", "64 bits").replace("u32", "32 bits");
                let number = match &node.value {
                    Value::Integer(number) => Self::try_from(*number).ok(),
                    Value::Untyped(text) => text.trim().parse().ok(),
                    _ => None,
                };
                number.or_else(|| reader.expected(node, path, &expected))
            }
        }
    )*};
}
read_whole_number!(u32, usize);

impl Read for f64 {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Float(number) => Some(*number),
            Value::Integer(number) => Some(*number as Self),
            _ => reader.expected(node, path, "expected a number"),
        }
    }
}

impl Read for String {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Text(text) | Value::Untyped(text) => Some(text.clone()),
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
                reader.expected(node, path, "expected text (write it in quotes)")
            }
            _ => reader.expected(node, path, "expected text"),
        }
    }
}

impl Read for PathBuf {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        String::read(node, path, reader).map(Self::from)
    }
}

impl Read for Secret {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        String::read(node, path, reader).map(Self)
    }
}

impl Read for SocketAddr {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        let expected =
            "expected an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080 (no host names)";
        match &node.value {
            Value::Text(text) | Value::Untyped(text) => match text.trim().parse() {
                Ok(address) => Some(address),
                Err(_) => {
                    reader.refuse(node, path, format!("{text:?} will not do: {expected}"));
                    None
                }
            },
            _ => reader.expected(node, path, expected),
        }
    }
}

impl Read for Size {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Integer(number) if u64::try_from(*number).is_ok() => u64::try_from(*number).ok().map(Self),
            Value::Text(text) | Value::Untyped(text) => {
                text.parse().map_err(|message: String| reader.refuse(node, path, message)).ok()
            }
            _ => reader.expected(node, path, SIZE_EXPECTED),
        }
    }
}

impl Read for SizeOrShare {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Text(text) | Value::Untyped(text) => {
                text.parse().map_err(|message: String| reader.refuse(node, path, message)).ok()
            }
            _ => Size::read(node, path, reader).map(|Size(bytes)| Self::Size(bytes)),
        }
    }
}

impl Read for MemoryLimit {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Text(text) | Value::Untyped(text) => {
                text.parse().map_err(|message: String| reader.refuse(node, path, message)).ok()
            }
            _ => Size::read(node, path, reader).map(|Size(bytes)| Self::Bytes(bytes)),
        }
    }
}

impl Read for HumanDuration {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Integer(0) => Some(Self(std::time::Duration::ZERO)),
            Value::Text(text) | Value::Untyped(text) => {
                text.parse().map_err(|message: String| reader.refuse(node, path, message)).ok()
            }
            _ => reader.expected(node, path, DURATION_EXPECTED),
        }
    }
}

/// Reads a setting that is one word of a few.
pub fn read_word<W: Word>(node: &Node, path: &str, reader: &mut Reader) -> Option<W> {
    let words: Vec<&str> = W::WORDS.iter().map(|(word, _)| *word).collect();
    let expected = format!("expected one of {}", words.join(", "));
    match &node.value {
        Value::Text(text) | Value::Untyped(text) => match W::from_word(text.trim()) {
            Some(meaning) => Some(meaning),
            None => {
                reader.refuse(node, path, format!("{text:?} will not do: {expected}"));
                None
            }
        },
        _ => reader.expected(node, path, &expected),
    }
}

macro_rules! read_as_word {
    ($($word:ty),*) => {$(
        impl Read for $word {
            fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
                read_word(node, path, reader)
            }
        }
    )*};
}
read_as_word!(CommandLog, DebugCommand, Eviction, KeyRedaction, TracingMode);

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, path: &str, reader: &mut Reader) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return reader.expected(node, path, "expected a list (items that start with a dash)");
        };
        let mut list = Self::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let path_of_item = format!("{path}[{index}]");
            reader.places.insert(path_of_item.clone(), item.place.clone());
            list.extend(T::read(item, &path_of_item, reader));
        }
        Some(list)
    }
}
