//! When and how often keys are used.

use crate::command::Context;

impl Context<'_> {
    /// Notes that `key` was used last so many seconds ago. That is no change.
    pub fn set_idle(&mut self, key: &[u8], seconds: u64) {
        let used = self.stamp.now.saturating_sub(seconds.saturating_mul(1000));
        let (hashed, at) = self.locate(self.store.index(), key);
        self.locks[at].data.touch(hashed, used);
    }

    /// How often `key` was asked for lately, from 0 to 15; none where the store does not need to know.
    pub fn frequency(&self, key: &[u8]) -> Option<u8> {
        let (hashed, at) = self.locate(self.store.index(), key);
        self.locks[at].data.frequency(hashed.hash)
    }

    /// Has `key` count as asked for so often, where that is counted, and not less often than it is known to be.
    pub fn raise_frequency(&mut self, key: &[u8], count: u8) {
        let (hashed, at) = self.locate(self.store.index(), key);
        self.locks[at].data.raise_frequency(hashed.hash, count);
    }
}
