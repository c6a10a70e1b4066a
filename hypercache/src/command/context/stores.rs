//! Commands on whole stores.

use crate::command::Context;
use crate::command::ReplyError;
use crate::command::error;
use crate::keyspace::shard::Shard;

const BY_SESSION: ReplyError =
    ReplyError::err("a store that keeps keys by session can only be exchanged with another of its kind");

impl Context<'_> {
    /// Empties these stores, all at the same moment: their shards are locked until the command ends. Counts each key as
    /// a change and hands the shards over, for `discard` or to be dropped at once.
    pub fn take_stores(&mut self, stores: std::ops::Range<usize>) -> Result<Vec<Shard>, ReplyError> {
        self.lock_stores(stores.clone())?;
        self.check_selected()?;
        let mut taken = Vec::with_capacity(self.locks.held.len());
        for lock in self.locks.held.iter_mut().filter(|lock| stores.contains(&lock.store)) {
            let keyspace = self.registry.get(lock.store).expect("a locked store exists").keyspace();
            taken.push(lock.data.take(keyspace.empty_shard()));
            lock.data.journal().flushed(self.stamp.now, self.author);
        }
        self.changed(taken.iter().map(Shard::len).sum());
        self.notices.emptied |= self.interest.tracks();
        Ok(taken)
    }

    /// Exchanges the content of two stores, all at the same moment: their shards are locked until the command ends. Each
    /// keeps its name and its rules. Counts one change. False, and nothing is done, where stores have come or gone since
    /// `epoch`, in which these were looked up.
    pub fn swap_stores(&mut self, left: usize, right: usize, epoch: u64) -> Result<bool, ReplyError> {
        if left == right {
            self.changed(1);
            return Ok(true);
        }
        let (lower, upper) = (left.min(right), left.max(right));
        self.lock_stores([lower, upper].into_iter())?;
        if !self.locks.whole && self.registry.epoch() != epoch {
            self.locks.held.clear();
            return Ok(false);
        }
        let setup_of = |index| {
            let store = self.registry.get(index).filter(|store| self.locks.cover_store(store));
            store.map(|store| store.keyspace().setup()).ok_or(error::DB_OUT_OF_RANGE)
        };
        let (lower_setup, upper_setup) = (setup_of(lower)?, setup_of(upper)?);
        if lower_setup.by_session != upper_setup.by_session {
            return Err(BY_SESSION);
        }
        self.changed(1);
        let now = self.stamp.now;
        let boundary = self.locks.held.partition_point(|lock| lock.store < upper);
        let (lowers, uppers) = self.locks.held.split_at_mut(boundary);
        let lowers = lowers.iter_mut().filter(|lock| lock.store == lower);
        let uppers = uppers.iter_mut().filter(|lock| lock.store == upper);
        lowers.zip(uppers).for_each(|(lower, upper)| lower.data.exchange(&mut upper.data, now));
        self.notices.emptied |= self.interest.tracks();
        Ok(true)
    }

    /// Whether the store is still the one that the client has selected; what it tells is sure while a shard is locked.
    pub(super) fn check_selected(&self) -> Result<(), ReplyError> {
        self.registry.selected(self.selected).map(|_| ()).ok_or(error::NO_STORE)
    }

    /// Locks all shards of these stores, which are named in ascending order, unless all are held already.
    fn lock_stores(&mut self, stores: impl Iterator<Item = usize> + Clone) -> Result<(), ReplyError> {
        if self.locks.whole {
            return Ok(());
        }
        assert!(
            self.locks.held.is_empty(),
            "a command on whole stores names no keys: who holds a lock must not wait"
        );
        self.locks.take_stores(self.registry, stores)?;
        // Somebody may have read from them in between.
        self.interest = self.registry.interests().now();
        Ok(())
    }
}
