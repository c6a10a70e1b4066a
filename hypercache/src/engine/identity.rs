//! Who a session is: a user's name, and what every command has to know of that user at once.

use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;

use crate::store::names::USERS;

/// How far a user may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Only as far as its rules say.
    Limited,
    /// All commands, keys and channels.
    Unrestricted,
    /// The user has been deleted.
    Gone,
}

/// A user as its sessions hold it. It stays the same while the user's rules change.
#[derive(Debug)]
pub struct Identity {
    name: Arc<str>,
    number: u32,
    standing: AtomicU8,
}

impl Identity {
    /// Of a user that has just been made and may do nothing yet.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            number: USERS.number(name),
            standing: AtomicU8::new(Standing::Limited as u8),
        }
    }

    /// The user's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The number that facts about keys know the name by.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Whether nothing needs to be checked.
    pub fn is_unrestricted(&self) -> bool {
        self.standing.load(Relaxed) == Standing::Unrestricted as u8
    }

    /// Whether the user has been deleted.
    pub fn is_gone(&self) -> bool {
        self.standing.load(Relaxed) == Standing::Gone as u8
    }

    /// Notes how far the user may go from here on.
    pub fn set_standing(&self, standing: Standing) {
        self.standing.store(standing as u8, Relaxed);
    }
}
