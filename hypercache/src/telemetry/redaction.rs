//! What of a key and of an error's text may be shown. Values of keys are never here to begin with.

use crate::config::KeyRedaction;
use std::hash::BuildHasher;
use std::hash::RandomState;

/// Longest key or error text that is shown, in bytes.
const SHOWN_BYTES_MAX: usize = 256;

/// Shows keys the way the configuration says.
#[derive(Clone)]
pub(super) struct Redaction {
    mode: KeyRedaction,
    /// Keyed anew in each process, so that hashes cannot be looked up in a table of common keys.
    hasher: RandomState,
}

/// A key as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ShownKey {
    Nothing,
    Text(String),
    Hash(String),
    Prefix(String),
}

impl ShownKey {
    /// The field's ECS name and its value.
    pub(super) fn field(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Nothing => None,
            Self::Text(text) => Some(("hypercache.key.text", text)),
            Self::Hash(hash) => Some(("hypercache.key.hash", hash)),
            Self::Prefix(prefix) => Some(("hypercache.key.prefix", prefix)),
        }
    }
}

impl Redaction {
    pub(super) fn new(mode: KeyRedaction) -> Self {
        Self { mode, hasher: RandomState::new() }
    }

    /// What may be shown of this key. A prefix ends before the first `:`; a key without one shows nothing of itself.
    pub(super) fn key(&self, key: Option<&[u8]>) -> ShownKey {
        let Some(key) = key else { return ShownKey::Nothing };
        match self.mode {
            KeyRedaction::Off => ShownKey::Nothing,
            KeyRedaction::Plain => ShownKey::Text(shorten(&String::from_utf8_lossy(key))),
            KeyRedaction::Hashed => ShownKey::Hash(format!("{:016x}", self.hasher.hash_one(key))),
            KeyRedaction::Prefix => match memchr::memchr(b':', key) {
                Some(end) => ShownKey::Prefix(shorten(&String::from_utf8_lossy(&key[..end]))),
                None => ShownKey::Nothing,
            },
        }
    }
}

/// An error's text without what it quotes: quotations are what the client sent.
pub(super) fn error_text(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    let mut quote = None;
    let mut previous = ' ';
    for character in message.chars() {
        match quote {
            Some(open) if character == open => {
                quote = None;
                shown.push(character);
            }
            Some(_) => {}
            // An apostrophe inside a word, as in "can't", opens nothing.
            None if matches!(character, '\'' | '`' | '"') && !previous.is_alphanumeric() => {
                quote = Some(character);
                shown.push(character);
                shown.push('?');
            }
            None => shown.push(character),
        }
        previous = character;
    }
    shorten(&shown)
}

fn shorten(text: &str) -> String {
    if text.len() <= SHOWN_BYTES_MAX {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_show_as_configured() {
        let show = |mode, key: &[u8]| Redaction::new(mode).key(Some(key));
        assert_eq!(show(KeyRedaction::Off, b"a:b"), ShownKey::Nothing);
        assert_eq!(show(KeyRedaction::Plain, b"a:\xff"), ShownKey::Text("a:\u{fffd}".into()));
        assert_eq!(show(KeyRedaction::Prefix, b"sess:42"), ShownKey::Prefix("sess".into()));
        assert_eq!(show(KeyRedaction::Prefix, b"secret"), ShownKey::Nothing);
        let hashed = Redaction::new(KeyRedaction::Hashed);
        assert_eq!(hashed.key(Some(b"k")), hashed.key(Some(b"k")));
        assert_ne!(hashed.key(Some(b"k")), hashed.key(Some(b"l")));
        assert!(matches!(hashed.key(Some(b"k")), ShownKey::Hash(hash) if hash.len() == 16));
        assert!(matches!(show(KeyRedaction::Plain, &[b'x'; 5000]), ShownKey::Text(text) if text.len() < 300));
    }

    #[test]
    fn errors_do_not_show_what_they_quote() {
        let unknown = "unknown command 'FOO', with args beginning with: 'secret' 'value' ";
        assert_eq!(error_text(unknown), "unknown command '?', with args beginning with: '?' '?' ");
        assert_eq!(error_text("can't do that, it isn't allowed"), "can't do that, it isn't allowed");
        assert_eq!(error_text("open 'quote without end"), "open '?");
        assert_eq!(error_text("`a` and \"b\""), "`?` and \"?\"");
    }
}
