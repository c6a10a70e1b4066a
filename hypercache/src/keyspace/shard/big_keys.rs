//! What a shard tells of its biggest keys.

use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::shard::Shard;

impl Shard {
    /// Visits the biggest keys of a type, by its place among `TYPE_NAMES`, in no order and as they are at `now`.
    pub fn visit_biggest<'a>(&'a self, kind: usize, now: UnixMillis, mut visit: impl FnMut(&'a Entry)) {
        for hash in self.biggest.hashes(kind) {
            let wanted = |entry: &Entry| entry.value().type_index() == kind && !entry.expired(now);
            if let Some(entry) = self.table.find_by(hash, wanted) {
                visit(entry);
            }
        }
    }
}
