//! Looks at all data of all stores.

use crate::command::Context;
use crate::keyspace::seen::Seen;

impl Context<'_> {
    /// Visits every entry of every store, with the number of its store. Shards are locked one at a time, unless all are
    /// held already.
    pub fn visit_all_stores(&self, mut visit: impl FnMut(usize, Seen<'_>)) {
        for store in self.registry.all() {
            let (keyspace, index) = (store.keyspace(), store.index());
            let mut visit = |entry: Seen<'_>| visit(index, entry);
            if !self.locks.whole {
                keyspace.scan(0, usize::MAX, &mut visit);
                continue;
            }
            let first = self.locks.held.partition_point(|lock| lock.store < index);
            keyspace.scan_by(0, usize::MAX, &mut visit, |shard, at, count, visit| {
                self.locks.held[first + shard].data.scan(at, count, visit)
            });
        }
    }
}
