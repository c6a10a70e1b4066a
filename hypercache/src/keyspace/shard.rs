//! One shard of a keyspace: entries, their deadlines and their bytes, kept in step.

use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::expiry::Deadlines;
use crate::keyspace::key::HashSeed;
use crate::keyspace::key::HashedKey;
use crate::keyspace::table::Position;
use crate::keyspace::table::Table;
use crate::value::Value;

/// What a sweep for expired keys removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Keys removed.
    pub keys: u64,
    /// Bytes of their entries.
    pub bytes: u64,
    /// How long the longest overdue of them had been overdue, in milliseconds.
    pub lag_max: u64,
    /// Whether more is due.
    pub more: bool,
}

impl Swept {
    /// Adds what another sweep removed; whether more is due stays as it was.
    pub fn add(&mut self, other: Self) {
        self.keys += other.keys;
        self.bytes += other.bytes;
        self.lag_max = self.lag_max.max(other.lag_max);
    }
}

/// The shard.
#[derive(Debug)]
pub struct Shard {
    table: Table,
    deadlines: Deadlines,
    entry_bytes: usize,
}

impl Shard {
    /// An empty shard for keys that share `prefix_bits` leading bits of their hash.
    pub fn new(seed: HashSeed, prefix_bits: u32) -> Self {
        Self { table: Table::new(seed, prefix_bits), deadlines: Deadlines::default(), entry_bytes: 0 }
    }

    /// Keys in it, expired ones that nobody has met yet among them.
    pub fn len(&self) -> usize {
        self.table.entries()
    }

    /// Whether it has no key.
    pub fn is_empty(&self) -> bool {
        self.table.entries() == 0
    }

    /// Keys with a deadline.
    pub fn expiring(&self) -> usize {
        self.deadlines.count()
    }

    /// Bytes of the entries; the table itself not counted.
    pub fn entry_bytes(&self) -> usize {
        self.entry_bytes
    }

    /// Bytes of the table itself.
    pub fn overhead_bytes(&self) -> usize {
        self.table.overhead_bytes() + self.deadlines.count() * 24
    }

    /// The entry of `key`, be it expired or not.
    pub fn get(&self, key: HashedKey<'_>) -> Option<&Entry> {
        self.table.find(key.hash, key.bytes)
    }

    /// The entry of `key`, noted as used at `now`.
    pub fn touch(&mut self, key: HashedKey<'_>, now: UnixMillis) -> Option<&Entry> {
        let entry = self.table.find_mut(key.hash, key.bytes)?;
        entry.touch(now);
        Some(entry)
    }

    /// Writes `key` whole; what it held before.
    pub fn set(
        &mut self,
        key: HashedKey<'_>,
        value: Value,
        deadline: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Option<Value> {
        let Some(entry) = self.table.find_mut(key.hash, key.bytes) else {
            let entry = Entry::new(key.bytes, value, deadline, now);
            self.entry_bytes += entry.footprint();
            if let Some(deadline) = deadline {
                self.deadlines.insert(deadline, key.hash);
            }
            self.table.insert(key.hash, entry);
            return None;
        };
        let (bytes, old_deadline) = (entry.footprint(), entry.deadline());
        let old = std::mem::replace(entry.value_mut(), value);
        entry.set_deadline(deadline);
        entry.touch(now);
        self.entry_bytes = self.entry_bytes - bytes + entry.footprint();
        self.move_deadline(key.hash, old_deadline, deadline);
        Some(old)
    }

    /// Lets `change` work on the value of `key` in place; none where there is no such key.
    pub fn update<R>(
        &mut self,
        key: HashedKey<'_>,
        now: UnixMillis,
        change: impl FnOnce(&mut Value) -> R,
    ) -> Option<R> {
        let entry = self.table.find_mut(key.hash, key.bytes)?;
        let bytes = entry.footprint();
        let result = change(entry.value_mut());
        entry.touch(now);
        self.entry_bytes = self.entry_bytes - bytes + entry.footprint();
        Some(result)
    }

    /// Gives `key` another deadline, or none. Whether there is such a key.
    pub fn set_deadline(&mut self, key: HashedKey<'_>, deadline: Option<UnixMillis>) -> bool {
        let Some(entry) = self.table.find_mut(key.hash, key.bytes) else { return false };
        let old = entry.deadline();
        entry.set_deadline(deadline);
        self.move_deadline(key.hash, old, deadline);
        true
    }

    /// Removes `key`.
    pub fn remove(&mut self, key: HashedKey<'_>) -> Option<Box<Entry>> {
        self.remove_by(key.hash, |entry| entry.key() == key.bytes)
    }

    /// Removes up to `budget` keys that have expired by `now`, the longest overdue first.
    pub fn sweep(&mut self, now: UnixMillis, budget: u64) -> Swept {
        let mut swept = Swept::default();
        while let Some((deadline, hash)) = self.deadlines.first_due(now) {
            if swept.keys >= budget {
                swept.more = true;
                break;
            }
            // Two keys may agree in hash and deadline; each round takes one, and the last takes the note with it.
            let Some(entry) = self.remove_by(hash, |entry| entry.deadline() == Some(deadline)) else {
                self.deadlines.remove(deadline, hash);
                continue;
            };
            if self.table.find_by(hash, |entry| entry.deadline() == Some(deadline)).is_some() {
                self.deadlines.insert(deadline, hash);
            }
            swept.keys += 1;
            swept.bytes += entry.footprint() as u64;
            swept.lag_max = swept.lag_max.max(now - deadline);
        }
        swept
    }

    /// Visits entries in hash order; see `Table::scan`.
    pub fn scan(&self, from: Position, count: usize, visit: impl FnMut(&Entry)) -> Option<Position> {
        self.table.scan(from, count, visit)
    }

    /// An entry chosen by `random`.
    pub fn sample(&self, random: u64) -> Option<&Entry> {
        self.table.sample(random)
    }

    fn remove_by(&mut self, hash: u64, wanted: impl Fn(&Entry) -> bool) -> Option<Box<Entry>> {
        let entry = self.table.remove_by(hash, wanted)?;
        self.entry_bytes -= entry.footprint();
        self.move_deadline(hash, entry.deadline(), None);
        Some(entry)
    }

    fn move_deadline(&mut self, hash: u64, old: Option<UnixMillis>, new: Option<UnixMillis>) {
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.deadlines.remove(old, hash);
        }
        if let Some(new) = new {
            self.deadlines.insert(new, hash);
        }
    }
}
