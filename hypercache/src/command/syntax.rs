//! Reads the notation of a command's arguments, that of <https://redis.io/docs/latest/commands/>.
//!
//! Lower-case words are arguments, others are tokens. `[…]` is optional, `<…>` a group, `|` parts alternatives, and
//! `[… ...]` says that what stands right before it may be repeated. A token belongs to the arguments that follow it.

use thiserror::Error;

/// What an argument is, as `COMMAND DOCS` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A key.
    Key,
    /// Any bytes.
    String,
    /// A 64-bit integer.
    Integer,
    /// A floating-point number.
    Double,
    /// A glob pattern.
    Pattern,
    /// A time since the Unix epoch.
    UnixTime,
    /// A word that stands for itself.
    PureToken,
    /// One of these.
    OneOf(Vec<Argument>),
    /// These, one after the other.
    Block(Vec<Argument>),
}

/// An argument, or several that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name; for alternatives and blocks made of the names of their parts.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The word that announces it.
    pub token: Option<String>,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may be repeated.
    pub multiple: bool,
    /// Whether its token is repeated with it.
    pub multiple_token: bool,
}

impl Kind {
    /// Redis's name of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::Pattern => "pattern",
            Self::UnixTime => "unix-time",
            Self::PureToken => "pure-token",
            Self::OneOf(_) => "oneof",
            Self::Block(_) => "block",
        }
    }

    /// The kind of an argument that is called `name`.
    fn of(name: &str) -> Self {
        match name {
            "key" | "key1" | "key2" | "newkey" | "destkey" | "source" | "destination" => Self::Key,
            "pattern" | "by-pattern" | "get-pattern" => Self::Pattern,
            "unix-time-seconds" | "unix-time-milliseconds" => Self::UnixTime,
            "height" | "latitude" | "longitude" | "number" | "radius" | "score" | "weight" | "width" => {
                Self::Double
            }
            "bit" | "client-id" | "count" | "cursor" | "db" | "decrement" | "destination-db" | "end"
            | "entries-added" | "entries-read" | "increment" | "index" | "index1" | "index2" | "len"
            | "limit" | "maxage" | "milliseconds" | "min-match-len" | "ms" | "num-matches" | "numkeys"
            | "offset" | "protover" | "rank" | "seconds" | "start" | "stop" | "timeout" | "version" => {
                Self::Integer
            }
            _ => Self::String,
        }
    }
}

/// Text that is not in the notation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem} at byte {at} of '{text}'")]
pub struct SyntaxError {
    /// What is wrong.
    pub problem: &'static str,
    /// Where, in bytes.
    pub at: usize,
    /// The whole text.
    pub text: String,
}

/// Reads `text`.
pub fn parse(text: &str) -> Result<Vec<Argument>, SyntaxError> {
    let mut reader = Reader { text, at: 0 };
    let mut alternatives = reader.alternatives()?;
    if reader.at < text.len() {
        return Err(reader.error("a bracket is closed that was not opened"));
    }
    match (alternatives.pop(), alternatives.is_empty()) {
        (Some(items), true) => Ok(joined(items)),
        _ => Err(reader.error("alternatives need brackets around them")),
    }
}

/// What ends a bracket that repeats what stands before it.
const REPEAT: &str = "...";

/// A part of the notation as it is written.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    Word(String),
    Group(Vec<Vec<Item>>),
    Optional(Vec<Vec<Item>>),
    /// Once or more often.
    Repeated(Vec<Item>),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, problem: &'static str) -> SyntaxError {
        SyntaxError { problem, at: self.at, text: self.text.to_owned() }
    }

    fn peek(&mut self) -> Option<u8> {
        let spaces = self.text[self.at..].bytes().take_while(|byte| *byte == b' ').count();
        self.at += spaces;
        self.text.as_bytes().get(self.at).copied()
    }

    /// Sequences parted by `|`, up to a closing bracket or the end.
    fn alternatives(&mut self) -> Result<Vec<Vec<Item>>, SyntaxError> {
        let mut all = vec![self.sequence()?];
        while self.peek() == Some(b'|') {
            self.at += 1;
            all.push(self.sequence()?);
        }
        if all.len() > 1 && all.iter().any(Vec::is_empty) {
            return Err(self.error("an alternative is empty"));
        }
        Ok(all)
    }

    fn sequence(&mut self) -> Result<Vec<Item>, SyntaxError> {
        let mut items = Vec::new();
        loop {
            match self.peek() {
                None | Some(b'|' | b']' | b'>') => return Ok(items),
                Some(b'[') => {
                    let inside = self.bracketed(b']')?;
                    match inside.last().map(Vec::as_slice) {
                        Some([again @ .., Item::Word(word)]) if word == REPEAT => {
                            if inside.len() > 1 {
                                return Err(self.error("alternatives are repeated without brackets"));
                            }
                            self.repeat(&mut items, again)?;
                        }
                        _ => items.push(Item::Optional(inside)),
                    }
                }
                Some(b'<') => {
                    let inside = self.bracketed(b'>')?;
                    items.push(Item::Group(inside));
                }
                Some(_) => items.push(Item::Word(self.word()?)),
            }
        }
    }

    fn bracketed(&mut self, close: u8) -> Result<Vec<Vec<Item>>, SyntaxError> {
        self.at += 1;
        let inside = self.alternatives()?;
        if self.peek() != Some(close) {
            return Err(self.error("a bracket is not closed"));
        }
        if inside.iter().all(Vec::is_empty) {
            return Err(self.error("a bracket is empty"));
        }
        self.at += 1;
        Ok(inside)
    }

    fn word(&mut self) -> Result<String, SyntaxError> {
        let rest = &self.text[self.at..];
        let word = &rest[..rest.find([' ', '|', '[', ']', '<', '>']).unwrap_or(rest.len())];
        self.at += word.len();
        if word == REPEAT && self.peek() != Some(b']') {
            return Err(self.error("a repetition does not end its bracket"));
        }
        Ok(word.to_owned())
    }

    /// Makes the items that `again` repeats repeatable.
    fn repeat(&self, items: &mut Vec<Item>, again: &[Item]) -> Result<(), SyntaxError> {
        if again.is_empty() || !items.ends_with(again) {
            return Err(self.error("what is repeated does not stand before it"));
        }
        items.truncate(items.len() - again.len());
        items.push(Item::Repeated(again.to_vec()));
        Ok(())
    }
}

fn is_token(word: &str) -> bool {
    !word.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// A sequence as arguments: each token is joined with what follows it.
fn joined(items: Vec<Item>) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        let Item::Word(word) = item else {
            arguments.push(single(item));
            continue;
        };
        if !is_token(&word) {
            arguments.push(named(&word));
            continue;
        }
        let mut owned = Vec::new();
        while let Some(item) = items.next_if(belongs_to_token) {
            owned.push(single(item));
        }
        arguments.push(announced(word, owned));
    }
    arguments
}

fn belongs_to_token(item: &Item) -> bool {
    match item {
        Item::Word(word) => !is_token(word),
        Item::Group(_) => true,
        Item::Optional(_) => false,
        Item::Repeated(items) => items.first().is_some_and(belongs_to_token),
    }
}

fn argument(name: String, kind: Kind) -> Argument {
    Argument { name, kind, token: None, optional: false, multiple: false, multiple_token: false }
}

fn named(word: &str) -> Argument {
    argument(word.to_owned(), Kind::of(word))
}

/// The arguments that belong to a token; the token alone where there are none.
fn announced(token: String, mut owned: Vec<Argument>) -> Argument {
    let name = token.to_ascii_lowercase();
    let found = match owned.len() {
        0 => argument(name, Kind::PureToken),
        1 if matches!(owned[0].kind, Kind::OneOf(_)) => Argument { name, ..owned.remove(0) },
        1 => owned.remove(0),
        _ => argument(name, Kind::Block(owned)),
    };
    Argument { token: Some(token), ..found }
}

fn single(item: Item) -> Argument {
    match item {
        Item::Word(word) if is_token(&word) => announced(word, Vec::new()),
        Item::Word(word) => named(&word),
        Item::Group(alternatives) => one_of(alternatives),
        Item::Optional(alternatives) => Argument { optional: true, ..one_of(alternatives) },
        Item::Repeated(items) => {
            let found = block(joined(items));
            Argument { multiple: true, multiple_token: found.token.is_some(), ..found }
        }
    }
}

fn one_of(alternatives: Vec<Vec<Item>>) -> Argument {
    let mut arguments: Vec<Argument> =
        alternatives.into_iter().map(|sequence| block(joined(sequence))).collect();
    if arguments.len() == 1 {
        return arguments.remove(0);
    }
    argument(names(&arguments, "-or-"), Kind::OneOf(arguments))
}

fn block(mut arguments: Vec<Argument>) -> Argument {
    if arguments.len() == 1 {
        return arguments.remove(0);
    }
    argument(names(&arguments, "-"), Kind::Block(arguments))
}

fn names(arguments: &[Argument], between: &str) -> String {
    arguments.iter().map(|argument| argument.name.as_str()).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests;
