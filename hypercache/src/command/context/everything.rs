//! Looks at all data of all stores.

use crate::command::Context;
use crate::keyspace::seen::Seen;

impl Context<'_> {
    /// Visits every entry of every store, with the number of its store. Shards are locked one at a time, unless all are
    /// held already.
    pub fn visit_all_stores(&self, mut visit: impl FnMut(usize, Seen<'_>)) {
        if !self.locks.whole {
            for store in self.registry.all() {
                store.keyspace().scan(0, usize::MAX, |entry| visit(store.index(), entry));
            }
            return;
        }
        let locked = self.locks.stores().filter_map(|index| self.registry.get(index));
        for store in locked.filter(|store| self.locks.cover_store(store)) {
            let (keyspace, index) = (store.keyspace(), store.index());
            let mut visit = |entry: Seen<'_>| visit(index, entry);
            let first = self.locks.held.partition_point(|lock| lock.store < index);
            keyspace.scan_by(0, usize::MAX, &mut visit, |shard, at, count, visit| {
                self.locks.held[first + shard].data.scan(at, count, visit)
            });
        }
    }
}
