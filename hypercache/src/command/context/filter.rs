//! What the filter of the selected store knows of keys.

use crate::command::Context;

impl Context<'_> {
    /// Whether there may be such a key, as far as the store's filter knows; none where it cannot tell. The table is not
    /// asked, nothing is counted and an expired key may be there until it is met.
    pub fn may_exist(&self, key: &[u8]) -> Option<bool> {
        let (hashed, at) = self.locate(self.store.index(), key);
        self.locks[at].data.may_have(hashed.hash)
    }
}
