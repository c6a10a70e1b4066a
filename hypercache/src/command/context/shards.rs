//! Reads whole shards, for commands that name no keys.

use crate::command::Context;
use crate::command::ReplyError;
use crate::command::error;
use crate::keyspace::LockedShard;
use crate::keyspace::seen::Seen;
use crate::keyspace::shard::Shard;
use crate::keyspace::table::Position;
use crate::store::Store;
use crate::store::script_gate::Denied;

impl<'a> Context<'a> {
    /// Visits entries of the store in hash order; see `Keyspace::scan`. Shards are locked one at a time, unless all are
    /// held already.
    pub fn scan(
        &self,
        from: Position,
        count: usize,
        visit: impl FnMut(Seen<'_>),
    ) -> Result<Option<Position>, ReplyError> {
        let keyspace = self.store.keyspace();
        if self.locks.whole {
            return Ok(keyspace.scan_by(from, count, visit, |shard, at, count, visit| {
                self.held(shard).scan(at, count, visit)
            }));
        }
        let mut denied = None;
        let next =
            keyspace.scan_by(from, count, visit, |shard, at, count, visit| match self.lock_one(shard) {
                Ok(shard) => shard.scan(at, count, visit),
                Err(error) => {
                    denied = Some(error);
                    Some(at)
                }
            });
        denied.map_or(Ok(next), Err)
    }

    /// Reads one shard of the store.
    pub fn with_shard<R>(&self, shard: usize, read: impl FnOnce(&Shard) -> R) -> Result<R, ReplyError> {
        if self.locks.whole {
            return Ok(read(self.held(shard)));
        }
        Ok(read(&*self.lock_one(shard)?))
    }

    /// As `with_shard`, of another store; an error where that has come since everything was locked.
    pub fn with_shard_of<R>(
        &self,
        store: &'a Store,
        shard: usize,
        read: impl FnOnce(&Shard) -> R,
    ) -> Result<R, ReplyError> {
        if self.locks.whole {
            let place = (store.index(), shard);
            let at = self.locks.held.binary_search_by_key(&place, |lock| (lock.store, lock.shard));
            return Ok(read(&self.locks.held[at.map_err(|_| error::NO_STORE)?].data));
        }
        Ok(read(&*self.lock_any(store, shard)?))
    }

    /// Locks one shard of the store; no other is held.
    pub(super) fn lock_one(&self, shard: usize) -> Result<LockedShard<'a>, ReplyError> {
        let locked = self.lock_any(self.store, shard)?;
        self.check_selected().map(|()| locked)
    }

    /// Locks one shard of any store; no other is held.
    fn lock_any(&self, store: &'a Store, shard: usize) -> Result<LockedShard<'a>, ReplyError> {
        let locked = self.registry.script_gate().lock(store.keyspace(), shard, false);
        locked.map_err(|denied| match denied {
            Denied::Busy(overdue) => ReplyError::busy(overdue),
            Denied::GiveWay => unreachable!("only who holds locks has to give way"),
        })
    }

    pub(super) fn held(&self, shard: usize) -> &Shard {
        let first = self.locks.held.partition_point(|lock| lock.store < self.store.index());
        &self.locks.held[first + shard].data
    }
}
