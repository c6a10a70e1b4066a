//! The first line of a script or library, `#!lua name=value …`, and the flags it may give.

use crate::command::ReplyError;

/// What a script says about itself, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u8);

impl Flags {
    /// It does not change data.
    pub const NO_WRITES: Self = Self(1);
    /// It may run where there is no memory left.
    pub const ALLOW_OOM: Self = Self(1 << 1);
    /// It may run on a replica with stale data.
    pub const ALLOW_STALE: Self = Self(1 << 2);
    /// It does not run in a cluster.
    pub const NO_CLUSTER: Self = Self(1 << 3);
    /// It may touch keys of several slots.
    pub const ALLOW_CROSS_SLOT_KEYS: Self = Self(1 << 4);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::NO_WRITES, "no-writes"),
        (Self::ALLOW_OOM, "allow-oom"),
        (Self::ALLOW_STALE, "allow-stale"),
        (Self::NO_CLUSTER, "no-cluster"),
        (Self::ALLOW_CROSS_SLOT_KEYS, "allow-cross-slot-keys"),
    ];

    /// The flag of this name.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| known.as_bytes() == name).map(|(flag, _)| *flag)
    }

    /// As `named`, in any case.
    pub fn named_in_any_case(name: &[u8]) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| known.as_bytes().eq_ignore_ascii_case(name))
            .map(|(flag, _)| *flag)
    }

    /// Names of the flags that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| name)
    }

    /// Whether all of `other` is in here.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The first line and the rest, which keeps the line break so that lines are counted as their author counts them; none
/// where a script does not begin with `#!`.
fn split(source: &[u8]) -> Option<Option<(&[u8], &[u8])>> {
    source.starts_with(b"#!").then(|| {
        let end = memchr::memchr(b'\n', source)?;
        Some(source.split_at(end))
    })
}

/// The words of a line, as Redis splits it: `"` and `'` put together what has blanks, in `"` a backslash names a byte. None
/// where a quote is not closed, or something follows it without a blank.
fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line.trim_ascii_start();
    while !rest.is_empty() {
        let mut word = Vec::new();
        while let Some((byte, after)) = rest.split_first().filter(|(byte, _)| !byte.is_ascii_whitespace()) {
            rest = after;
            match byte {
                b'"' | b'\'' => {
                    rest = quoted(*byte, rest, &mut word)?;
                    if rest.first().is_some_and(|byte| !byte.is_ascii_whitespace()) {
                        return None;
                    }
                }
                byte => word.push(*byte),
            }
        }
        words.push(word);
        rest = rest.trim_ascii_start();
    }
    Some(words)
}

/// Reads up to the closing quote; what follows it.
fn quoted<'a>(quote: u8, mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        match (quote, byte) {
            (quote, byte) if quote == *byte => return Some(rest),
            (b'\'', b'\\') if rest.first() == Some(&b'\'') => {
                word.push(b'\'');
                rest = &rest[1..];
            }
            (b'"', b'\\') => {
                let digits =
                    rest.strip_prefix(b"x").and_then(|digits| std::str::from_utf8(digits.get(..2)?).ok());
                if let Some(number) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    word.push(number);
                    rest = &rest[3..];
                    continue;
                }
                let (named, after) = rest.split_first()?;
                rest = after;
                word.push(match named {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
            }
            (_, byte) => word.push(*byte),
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the first line of a script says, none where it has no such line, and the script without it.
pub fn of_script(source: &[u8]) -> Result<(Option<Flags>, &[u8]), ReplyError> {
    let Some(split) = split(source) else { return Ok((None, source)) };
    let (line, rest) = split.ok_or(ReplyError::err("Invalid script shebang"))?;
    let words = words(line).ok_or(ReplyError::err("Invalid engine in script shebang"))?;
    let engine = words.first().ok_or(ReplyError::err("Invalid engine in script shebang"))?;
    if engine != b"#!lua" {
        return Err(ReplyError::text(format!("Unexpected engine in script shebang: {}", shown(engine))));
    }
    let mut flags = Flags::default();
    for word in &words[1..] {
        let Some(list) = word.strip_prefix(b"flags=") else {
            return Err(ReplyError::text(format!("Unknown lua shebang option: {}", shown(word))));
        };
        for name in list.split(|byte| *byte == b',').filter(|_| !list.is_empty()) {
            let flag = Flags::named(name).ok_or_else(|| {
                ReplyError::text(format!("Unexpected flag in script shebang: {}", shown(name)))
            })?;
            flags = flags.and(flag);
        }
    }
    Ok((Some(flags), rest))
}

/// What the first line of a library says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryLine<'a> {
    /// The engine, `lua`.
    pub engine: Vec<u8>,
    /// The library's name.
    pub name: Vec<u8>,
    /// The library without that line.
    pub code: &'a [u8],
}

/// Reads the first line of a library.
pub fn of_library(source: &[u8]) -> Result<LibraryLine<'_>, ReplyError> {
    let split = split(source).ok_or(ReplyError::err("Missing library metadata"))?;
    let (line, code) = split.ok_or(ReplyError::err("Invalid library metadata"))?;
    let words = words(line).filter(|words| !words.is_empty());
    let words = words.ok_or(ReplyError::err("Invalid library metadata"))?;
    let mut name = None;
    for word in &words[1..] {
        let value = word.split_at_checked(5).filter(|(key, _)| key.eq_ignore_ascii_case(b"name="));
        let Some((_, value)) = value else {
            return Err(ReplyError::text(format!("Invalid metadata value given: {}", shown(word))));
        };
        if name.replace(value.to_vec()).is_some() {
            return Err(ReplyError::err("Invalid metadata value, name argument was given multiple times"));
        }
    }
    let name = name.ok_or(ReplyError::err("Library name was not given"))?;
    Ok(LibraryLine { engine: words[0].get(2..).unwrap_or_default().to_vec(), name, code })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(source: &str) -> Result<(Option<Vec<&'static str>>, String), String> {
        of_script(source.as_bytes())
            .map(|(flags, rest)| (flags.map(|flags| flags.names().collect()), shown(rest)))
            .map_err(|error| error.text.into_owned())
    }

    #[test]
    fn the_first_line_of_a_script_gives_flags() {
        assert_eq!(script("return 1"), Ok((None, "return 1".to_owned())));
        assert_eq!(script("#!lua\nreturn 1"), Ok((Some(vec![]), "\nreturn 1".to_owned())));
        assert_eq!(
            script("#!lua flags=allow-oom,no-writes\nx"),
            Ok((Some(vec!["no-writes", "allow-oom"]), "\nx".to_owned()))
        );
        assert_eq!(script("#!lua flags=\nx"), Ok((Some(vec![]), "\nx".to_owned())));
        for (source, error) in [
            ("#!lua", "Invalid script shebang"),
            ("#!not-lua\nx", "Unexpected engine in script shebang: #!not-lua"),
            ("#!lua badger=data\nx", "Unknown lua shebang option: badger=data"),
            ("#!lua flags=allow-what\nx", "Unexpected flag in script shebang: allow-what"),
        ] {
            assert_eq!(script(source), Err(error.to_owned()), "{source}");
        }
    }

    #[test]
    fn the_first_line_of_a_library_names_it() {
        let found = of_library(b"#!LUA NAME=lib\ncode").unwrap();
        assert_eq!((found.engine.as_slice(), found.name.as_slice()), (&b"LUA"[..], &b"lib"[..]));
        assert_eq!(found.code, b"\ncode");
        assert_eq!(of_library(b"#!lua name=\"l\\x69b\"\n").unwrap().name, b"lib");
        assert_eq!(of_library(b"#!lua 'name=l\\'b'\n").unwrap().name, b"l'b");
        for (source, error) in [
            ("code", "Missing library metadata"),
            ("#!lua name=x", "Invalid library metadata"),
            ("#!lua name=\"x\nx", "Invalid library metadata"),
            ("#!lua name=\"x\"y\nx", "Invalid library metadata"),
            ("#!\nx", "Library name was not given"),
            ("#!lua\nx", "Library name was not given"),
            ("#!lua name=a name=b\nx", "Invalid metadata value, name argument was given multiple times"),
            ("#!lua foo=bar\nx", "Invalid metadata value given: foo=bar"),
        ] {
            assert_eq!(of_library(source.as_bytes()).unwrap_err().text, error, "{source}");
        }
    }
}
