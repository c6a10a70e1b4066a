//! Which keyspace events are published, as the letters of `notify-keyspace-events` tell it.

use std::fmt;

use crate::store::events::EventClass;

/// A set of event classes, and over which of the two channels they go.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Selection(u16);

/// The letters of the classes that `A` stands for, in Redis's order.
const ALL: [(char, u16); 10] = [
    ('g', bit(EventClass::Generic)),
    ('$', bit(EventClass::String)),
    ('l', bit(EventClass::List)),
    ('s', bit(EventClass::Set)),
    ('h', bit(EventClass::Hash)),
    ('z', bit(EventClass::ZSet)),
    ('x', bit(EventClass::Expired)),
    ('e', bit(EventClass::Evicted)),
    ('t', bit(EventClass::Stream)),
    ('d', MODULE),
];
/// Events of modules; there are none, but the letter is part of `A`.
const MODULE: u16 = 1 << 11;
const KEYSPACE: u16 = 1 << 12;
const KEYEVENT: u16 = 1 << 13;

const fn bit(class: EventClass) -> u16 {
    1 << class as u16
}

fn all() -> u16 {
    ALL.iter().fold(0, |all, (_, bit)| all | bit)
}

impl Selection {
    /// Reads letters in any order; none where one is unknown.
    pub fn parse(letters: &[u8]) -> Option<Self> {
        let mut chosen = 0;
        for letter in letters {
            chosen |= match char::from(*letter) {
                'A' => all(),
                'K' => KEYSPACE,
                'E' => KEYEVENT,
                'm' => bit(EventClass::KeyMiss),
                'n' => bit(EventClass::New),
                letter => ALL.iter().find(|(known, _)| *known == letter)?.1,
            };
        }
        Some(Self(chosen))
    }

    /// Whether events go to `__keyspace@…__:key`.
    pub fn by_key(self) -> bool {
        self.0 & KEYSPACE != 0
    }

    /// Whether events go to `__keyevent@…__:event`.
    pub fn by_event(self) -> bool {
        self.0 & KEYEVENT != 0
    }

    /// The classes that are really published, a bit each: none where no channel is chosen.
    pub(super) fn heard(self) -> u64 {
        if self.by_key() || self.by_event() { u64::from(self.0 & !(KEYSPACE | KEYEVENT | MODULE)) } else { 0 }
    }

    pub(super) fn bits(self) -> u64 {
        self.0.into()
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        Self(bits as u16)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut write =
            |letter: char, bit: u16| if self.0 & bit == 0 { Ok(()) } else { write!(out, "{letter}") };
        if self.0 & all() == all() {
            write('A', all())?;
        } else {
            ALL.iter().try_for_each(|(letter, bit)| write(*letter, *bit))?;
            write('n', bit(EventClass::New))?;
        }
        write('K', KEYSPACE)?;
        write('E', KEYEVENT)?;
        write('m', bit(EventClass::KeyMiss))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_told_in_redis_order() {
        // As `CONFIG SET` and then `CONFIG GET` answer in Redis 7.2: `n` is left out beside `A`.
        for (letters, told) in [
            ("", ""),
            ("KEA", "AKE"),
            ("AKE", "AKE"),
            ("g$lshzxetdE", "AE"),
            ("Kl", "lK"),
            ("mnK", "nKm"),
            ("AnK", "AK"),
            ("KEg$lshzxet", "g$lshzxetKE"),
        ] {
            assert_eq!(Selection::parse(letters.as_bytes()).unwrap().to_string(), told, "{letters}");
        }
        assert_eq!(Selection::parse(b"KEq"), None);
    }

    #[test]
    fn without_a_channel_nothing_is_heard() {
        assert_eq!(Selection::parse(b"A").unwrap().heard(), 0);
        assert_eq!(Selection::parse(b"Kn").unwrap().heard(), u64::from(bit(EventClass::New)));
    }
}
