//! The hashes of the keys in a part of a table.

use crate::keyspace::table::Table;

impl Table {
    /// Visits the hashes of all keys that share their leading `bits` with `start`. Takes as long as there are entries in
    /// the segments that this part touches.
    pub fn visit_hashes(&self, start: u64, bits: u32, mut visit: impl FnMut(u64)) {
        let beyond = |hash: u64| (hash ^ start).checked_shr(64 - bits).unwrap_or(0) != 0;
        let mut at = start;
        loop {
            for entry in self.segments[self.segment_of(at)].entries.iter() {
                let hash = self.hasher.hash(entry.key());
                if !beyond(hash) {
                    visit(hash);
                }
            }
            match self.segment_end(at) {
                Some(next) if !beyond(next) => at = next,
                _ => return,
            }
        }
    }
}
