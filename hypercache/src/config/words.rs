//! Settings that are one word of a few.

use super::CommandLog;
use super::DebugCommand;
use super::Eviction;
use super::KeyRedaction;
use super::TracingMode;

/// A setting that is one word of a few.
pub trait Word: Copy + PartialEq + 'static {
    /// Each word with what it means; the first word of a meaning is the one shown.
    const WORDS: &'static [(&'static str, Self)];

    /// What `word` means; none for an unknown word.
    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning)
    }

    /// The word for it.
    fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, meaning)| *meaning == self);
        found.map(|(word, _)| *word).expect("WORDS holds every variant; a test holds it to that")
    }
}

impl Word for Eviction {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("none", Self::None),
        ("lru", Self::Lru),
        ("lfu", Self::Lfu),
        ("session", Self::Session),
        ("random", Self::Random),
        ("volatile-lru", Self::VolatileLru),
        ("volatile-lfu", Self::VolatileLfu),
        ("volatile-random", Self::VolatileRandom),
        ("volatile-ttl", Self::VolatileTtl),
        // Redis's names for what has a shorter one here.
        ("noeviction", Self::None),
        ("allkeys-lru", Self::Lru),
        ("allkeys-lfu", Self::Lfu),
        ("allkeys-random", Self::Random),
    ];
}

impl Word for DebugCommand {
    const WORDS: &'static [(&'static str, Self)] =
        &[("no", Self::No), ("local", Self::Local), ("yes", Self::Yes)];
}

impl Word for CommandLog {
    const WORDS: &'static [(&'static str, Self)] =
        &[("adaptive", Self::Adaptive), ("all", Self::All), ("off", Self::Off)];
}

impl Word for KeyRedaction {
    const WORDS: &'static [(&'static str, Self)] =
        &[("hashed", Self::Hashed), ("plain", Self::Plain), ("prefix", Self::Prefix), ("off", Self::Off)];
}

impl Word for TracingMode {
    const WORDS: &'static [(&'static str, Self)] =
        &[("adaptive", Self::Adaptive), ("all", Self::All), ("parent", Self::Parent), ("off", Self::Off)];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds<W: Word + std::fmt::Debug>(all: &[W]) {
        assert!(W::WORDS.iter().all(|(_, meaning)| all.contains(meaning)));
        for meaning in all {
            assert_eq!(W::from_word(meaning.word()), Some(*meaning));
        }
        assert_eq!(W::from_word("Adaptive "), None);
    }

    #[test]
    fn every_variant_has_its_word() {
        holds(&Eviction::ALL);
        holds(&[CommandLog::Adaptive, CommandLog::All, CommandLog::Off]);
        holds(&[DebugCommand::No, DebugCommand::Local, DebugCommand::Yes]);
        holds(&[KeyRedaction::Plain, KeyRedaction::Hashed, KeyRedaction::Prefix, KeyRedaction::Off]);
        holds(&[TracingMode::Adaptive, TracingMode::All, TracingMode::Parent, TracingMode::Off]);
    }
}
