//! One shard of a keyspace: entries, their deadlines and their bytes, kept in step.

mod big_keys;
mod evict;
pub mod filtering;
mod sampling;
mod session;

use crate::keyspace::biggest::Biggest;
use crate::keyspace::departure::Departure;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::Given;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::expiry::FieldDeadlines;
use crate::keyspace::history::History;
use crate::keyspace::journal::Journal;
use crate::keyspace::key::HashedKey;
use crate::keyspace::lag::Lags;
use crate::keyspace::miss_ratio::Touches;
use crate::keyspace::seen::Seen;
use crate::keyspace::sessions::Sessions;
use crate::keyspace::setup::Setup;
use crate::keyspace::shard::filtering::Filtering;
use crate::keyspace::table::Position;
use crate::keyspace::table::Table;
use crate::keyspace::waits::Waits;
use crate::keyspace::watch::Watches;
use crate::value::Value;
use crate::value::string::Str;

/// What a sweep for expired keys removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Keys removed because their own time was over.
    pub keys: u64,
    /// Fields of hashes removed; a hash that lost its last one went with it.
    pub fields: u64,
    /// Sessions that went with all their keys.
    pub sessions: u64,
    /// Bytes that they took.
    pub bytes: u64,
    /// How late the keys were removed.
    pub lags: Lags,
    /// How long the longest overdue of keys and fields had been overdue, in milliseconds.
    pub lag_max: u64,
    /// Whether more is due.
    pub more: bool,
}

impl Swept {
    /// Adds what another sweep removed; whether more is due stays as it was.
    pub fn add(&mut self, other: Self) {
        self.keys += other.keys;
        self.fields += other.fields;
        self.sessions += other.sessions;
        self.bytes += other.bytes;
        self.lags.add(&other.lags);
        self.lag_max = self.lag_max.max(other.lag_max);
    }

    /// Adds a key that was so many milliseconds late.
    fn expired(&mut self, entry: &Entry, lag: u64) {
        self.keys += 1;
        self.bytes += entry.footprint() as u64;
        self.lags.count(lag);
        self.lag_max = self.lag_max.max(lag);
    }
}

/// What of a key a sweep has removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    /// The key, because its own time was over.
    Key,
    /// Fields of a hash; whether the key went with its last field.
    Fields {
        /// No field is left.
        emptied: bool,
    },
}

/// How it stands with a key that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// There is no such key.
    Absent,
    /// Its time is over, or that of its session.
    Over,
    /// It is there.
    Live {
        /// The time of a part of its value is over.
        part_over: bool,
    },
}

/// The shard.
#[derive(Debug)]
pub struct Shard {
    table: Table,
    field_deadlines: FieldDeadlines,
    watches: Watches,
    waits: Waits,
    touches: Touches,
    biggest: Biggest,
    /// Where keys live and go by session; their entries have no deadlines then.
    sessions: Option<Box<Sessions>>,
    /// How often keys are asked for; none: nobody needs to know.
    usage: Option<Box<evict::Usage>>,
    filtering: Filtering,
    history: History,
    journal: Journal,
    entry_bytes: usize,
}

/// What the shard notes of an entry beside it.
#[derive(Clone, Copy)]
struct Noted {
    /// The place of its type among `TYPE_NAMES`.
    kind: u8,
    bytes: usize,
    deadline: Option<UnixMillis>,
    field_deadline: Option<UnixMillis>,
}

impl Noted {
    const NOTHING: Self = Self { kind: 0, bytes: 0, deadline: None, field_deadline: None };

    fn of(entry: &Entry) -> Self {
        Self {
            kind: entry.value().type_index() as u8,
            bytes: entry.footprint(),
            deadline: entry.deadline(),
            field_deadline: entry.earliest_part(),
        }
    }
}

impl Shard {
    /// An empty shard for keys that share `prefix_bits` leading bits of their hash.
    pub fn new(setup: Setup, prefix_bits: u32) -> Self {
        let hasher = setup.hasher(prefix_bits);
        Self {
            table: Table::new(hasher, prefix_bits),
            field_deadlines: FieldDeadlines::default(),
            watches: Watches::default(),
            waits: Waits::default(),
            touches: Touches::default(),
            biggest: Biggest::default(),
            sessions: setup.by_session.then(|| Box::new(Sessions::new(hasher))),
            usage: None,
            filtering: Filtering::new(setup, prefix_bits),
            history: History::new(setup.miss_history_of_shard(prefix_bits)),
            journal: Journal::new(setup.key_journal_of_shard(prefix_bits)),
            entry_bytes: 0,
        }
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
        self.table.expiring() + self.sessions.as_ref().map_or(0, |sessions| sessions.expiring())
    }

    /// Hashes with fields that have a deadline.
    pub fn expiring_in_part(&self) -> usize {
        self.field_deadlines.count()
    }

    /// Bytes of the entries; the table itself not counted.
    pub fn entry_bytes(&self) -> usize {
        self.entry_bytes
    }

    /// Bytes of the table itself, of deadlines, of sessions and of the filter.
    pub fn overhead_bytes(&self) -> usize {
        self.table.overhead_bytes()
            + self.field_deadlines.bytes()
            + self.usage_bytes()
            + self.sessions.as_ref().map_or(0, |sessions| sessions.bytes())
            + self.filtering.heap_bytes()
    }

    /// Bytes of what it remembers of keys beside them. They do not count against a limit: eviction does not free them.
    pub fn recall_bytes(&self) -> usize {
        self.history.bytes() + self.journal.bytes()
    }

    /// The entry of `key`, be it expired or not.
    pub fn get(&self, key: HashedKey<'_>) -> Option<&Entry> {
        self.table.find(key.hash, key.bytes)
    }

    /// The entry of `key`, noted as read at `now`.
    pub fn read(&mut self, key: HashedKey<'_>, now: UnixMillis) -> Option<&Entry> {
        self.touch_session(key.bytes, now);
        self.asked(key.hash);
        let entry = self.table.find_mut(key.hash, key.bytes)?;
        entry.hit(now);
        Some(entry)
    }

    /// The entry of `key`, noted as used at `now`.
    pub fn touch(&mut self, key: HashedKey<'_>, now: UnixMillis) -> Option<&Entry> {
        let entry = self.table.find_mut(key.hash, key.bytes)?;
        entry.touch(now);
        Some(entry)
    }

    /// Writes `key` whole. What is left to drop of what it held before: of a string that lay in the entry itself, an empty
    /// one. Where keys go by session `deadline` is the session's, which keeps its own where there is none.
    pub fn set(
        &mut self,
        key: HashedKey<'_>,
        value: Given<'_>,
        deadline: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Option<Value> {
        let deadline = self.begin_session(key.bytes, deadline, now);
        let Some(entry) = self.table.find_mut(key.hash, key.bytes) else {
            let entry = Entry::new(key.bytes, value, deadline, now);
            self.arrived(key.hash, &entry, now);
            self.journal.written(key.hash, entry.footprint(), deadline, true, now);
            self.table.insert(key.hash, entry);
            return None;
        };
        let before = Noted::of(entry);
        if let Some(usage) = &mut self.usage {
            usage.note(key.hash);
        }
        let old = entry.take_own().unwrap_or_else(|| Str::Fixed(Box::default()).into());
        entry.rewrite(value, deadline, now);
        let after = Noted::of(entry);
        self.note_change(key.hash, before, after);
        self.journal.written(key.hash, after.bytes, deadline, false, now);
        Some(old)
    }

    /// Lets `change` work on the value of `key` in place; none where there is no such key.
    pub fn update<R>(
        &mut self,
        key: HashedKey<'_>,
        now: UnixMillis,
        change: impl FnOnce(&mut Value) -> R,
    ) -> Option<R> {
        self.touch_session(key.bytes, now);
        let entry = self.table.find_mut(key.hash, key.bytes)?;
        let before = Noted::of(entry);
        let result = entry.change(change);
        entry.touch(now);
        let after = Noted::of(entry);
        self.note_change(key.hash, before, after);
        self.asked(key.hash);
        self.journal.changed(key.hash, after.bytes, after.deadline, now);
        Some(result)
    }

    /// Removes fields of `key` whose time is over at `now`, which are not all; how many. That is no access.
    pub fn remove_due_fields(&mut self, key: HashedKey<'_>, now: UnixMillis) -> usize {
        let Some(entry) = self.table.find_mut(key.hash, key.bytes) else { return 0 };
        let before = Noted::of(entry);
        let removed =
            entry.change(|value| value.as_hash_mut().map_or(0, |hash| hash.remove_due(now, usize::MAX)));
        let after = Noted::of(entry);
        self.note_change(key.hash, before, after);
        removed
    }

    /// Gives `key` another deadline, or none; where keys go by session, the session. Whether there is such a key.
    pub fn set_deadline(
        &mut self,
        key: HashedKey<'_>,
        deadline: Option<UnixMillis>,
        now: UnixMillis,
    ) -> bool {
        if self.sessions.is_some() {
            return self.set_session_deadline(key, deadline, now);
        }
        let Some(entry) = self.table.find_mut(key.hash, key.bytes) else { return false };
        let before = Noted::of(entry);
        entry.set_deadline(deadline);
        let after = Noted::of(entry);
        self.note_change(key.hash, before, after);
        true
    }

    /// Notes in the journal that `key` was given the deadline that it has.
    pub fn note_retimed(&mut self, key: HashedKey<'_>, now: UnixMillis) {
        if let Some(entry) = self.table.find(key.hash, key.bytes) {
            let (bytes, deadline) = (entry.footprint(), self.deadline(entry));
            self.journal.retimed(key.hash, bytes, deadline, now);
        }
    }

    /// Removes `key`.
    pub fn remove(&mut self, key: HashedKey<'_>, why: Departure) -> Option<Entry> {
        self.remove_by(key.hash, why, |entry| entry.key() == key.bytes)
    }

    /// Removes up to `budget` keys and fields that have expired by `now`, the longest overdue first.
    pub fn sweep(&mut self, now: UnixMillis, budget: u64) -> Swept {
        self.sweep_telling(now, budget, &mut |_, _| {}, &mut Vec::new())
    }

    /// As `sweep`; tells each key that lost something, and what, and puts what is to be dropped once the lock is given back
    /// into `garbage`.
    pub fn sweep_telling(
        &mut self,
        now: UnixMillis,
        budget: u64,
        tell: &mut dyn FnMut(&[u8], Lapse),
        garbage: &mut Vec<Entry>,
    ) -> Swept {
        let mut swept = Swept::default();
        while let Some((deadline, hash)) = self.table.first_due(now) {
            if swept.keys >= budget {
                swept.more = true;
                return swept;
            }
            let entry = self
                .let_go(hash, Departure::Expired, now, |entry| entry.deadline() == Some(deadline))
                .expect("a deadline that is due was read from its entry");
            tell(entry.key(), Lapse::Key);
            swept.expired(&entry, now - deadline);
            garbage.push(entry);
        }
        self.sweep_sessions(now, budget, &mut swept, tell, garbage);
        self.sweep_fields(now, budget, &mut swept, tell);
        swept
    }

    fn sweep_fields(
        &mut self,
        now: UnixMillis,
        budget: u64,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&[u8], Lapse),
    ) {
        while let Some((deadline, hash)) = self.field_deadlines.first_due(now) {
            let left = budget.saturating_sub(swept.keys + swept.fields);
            if left == 0 {
                swept.more = true;
                return;
            }
            let due = |entry: &Entry| entry.earliest_part() == Some(deadline);
            let Some(entry) = self.table.find_by_mut(hash, due) else {
                self.field_deadlines.remove(deadline, hash);
                continue;
            };
            let before = Noted::of(entry);
            let budget = usize::try_from(left).unwrap_or(usize::MAX);
            let fields =
                entry.change(|value| value.as_hash_mut().map_or(0, |hash| hash.remove_due(now, budget)));
            let (after, emptied) = (Noted::of(entry), entry.value().is_empty_collection());
            tell(entry.key(), Lapse::Fields { emptied });
            self.watches.note(hash);
            self.note_change(hash, before, after);
            swept.fields += fields as u64;
            swept.bytes += before.bytes.saturating_sub(after.bytes) as u64;
            swept.lag_max = swept.lag_max.max(now - deadline);
            if emptied {
                let removed =
                    self.remove_by(hash, Departure::Expired, |entry| entry.value().is_empty_collection());
                if let Some(entry) = removed {
                    self.journal.left(hash, &entry, Departure::Expired, now);
                    swept.bytes += entry.footprint() as u64;
                }
            }
            // Two hashes may agree in their key's hash and the deadline; one note stands for both.
            if self.table.find_by(hash, due).is_some() {
                self.field_deadlines.insert(deadline, hash);
            }
        }
    }

    /// Visits entries in hash order; see `Table::scan`.
    pub fn scan(&self, from: Position, count: usize, mut visit: impl FnMut(Seen<'_>)) -> Option<Position> {
        self.table.scan(from, count, |entry| visit(Seen { entry, shard: self }))
    }

    /// An entry chosen by `random`.
    pub fn sample(&self, random: u64) -> Option<&Entry> {
        self.table.sample(random)
    }

    fn remove_by(&mut self, hash: u64, why: Departure, wanted: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let entry = self.table.remove_by(hash, wanted)?;
        self.departed(hash, &entry, why);
        Some(entry)
    }

    /// Takes an entry out that leaves beside commands: those who watch its key are told, and it is remembered.
    fn let_go(
        &mut self,
        hash: u64,
        why: Departure,
        now: UnixMillis,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Option<Entry> {
        let entry = self.remove_by(hash, why, wanted)?;
        self.watches.note(hash);
        self.journal.left(hash, &entry, why, now);
        Some(entry)
    }

    /// Notes an entry that is about to be put into the table.
    fn arrived(&mut self, hash: u64, entry: &Entry, now: UnixMillis) {
        self.history.remove(hash);
        self.note(hash, Noted::NOTHING, Noted::of(entry));
        self.join_session(hash, entry.key());
        self.note_arrival(hash, now);
        self.filtering.arrived(hash, &self.table);
    }

    /// Notes an entry that was taken out of the table.
    fn departed(&mut self, hash: u64, entry: &Entry, why: Departure) {
        self.history.insert(hash, why);
        if why != Departure::Evicted {
            self.touches.removed(hash);
        }
        self.note(hash, Noted::of(entry), Noted::NOTHING);
        self.leave_session(hash, entry.key());
        self.filtering.departed(hash, &self.table);
    }

    /// Who watches which keys here.
    pub fn watches(&mut self) -> &mut Watches {
        &mut self.watches
    }

    /// Who waits for which keys here.
    pub fn waits(&mut self) -> &mut Waits {
        &mut self.waits
    }

    /// Why keys that are not here have left.
    pub fn history(&mut self) -> &mut History {
        &mut self.history
    }

    /// What has lately happened to keys here.
    pub fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// Lets what it remembers take up to as much as a setup has it, for keys that share `prefix_bits`.
    pub fn limit_memory(&mut self, setup: Setup, prefix_bits: u32) {
        self.history.limit(setup.miss_history_of_shard(prefix_bits));
        self.journal.limit(setup.key_journal_of_shard(prefix_bits));
    }

    /// Forgets what it remembers of keys that have been here.
    pub fn forget(&mut self) {
        self.history.clear();
        self.journal.clear();
    }

    /// Takes all keys out; who watches or waits stays with the shard and is told, and so does what it remembers. It does not
    /// remember each of the keys that go: that would take as long as they are many.
    pub fn take(&mut self, empty: Self) -> Self {
        let mut taken = std::mem::replace(self, empty);
        self.history = std::mem::take(&mut taken.history);
        self.journal = std::mem::take(&mut taken.journal);
        self.watches = std::mem::take(&mut taken.watches);
        self.watches.note_all(|hash| taken.holds(hash));
        self.waits = std::mem::take(&mut taken.waits);
        self.waits.note_all(|hash| taken.holds(hash));
        self.keep_touches(&mut taken);
        self.count_usage(taken.usage.is_some());
        self.filter_stays(&taken);
        taken
    }

    /// Exchanges all keys with another shard of the same place, and what is remembered of those that were there; who watches
    /// or waits stays where it is and is told. A key that was not there and whose time is over at `now` where it is put in its place is still not there.
    pub fn exchange(&mut self, other: &mut Self, now: UnixMillis) {
        std::mem::swap(self, other);
        std::mem::swap(&mut self.watches, &mut other.watches);
        std::mem::swap(&mut self.waits, &mut other.waits);
        self.exchange_touches(other);
        // Whether usage is counted is the store's policy; what was counted begins anew with other keys.
        let counts = (self.usage.is_some(), other.usage.is_some());
        if counts.0 != counts.1 {
            self.count_usage(counts.1);
            other.count_usage(counts.0);
        }
        self.filters_stay(other);
        self.history.exchange_limits(&mut other.history);
        self.journal.exchange_limits(&mut other.journal);
        self.note_exchanged(other, now);
        other.note_exchanged(self, now);
    }

    /// Notes what has become different for who watches or waits here; `other` has what was here.
    fn note_exchanged(&mut self, other: &Self, now: UnixMillis) {
        let (mut watches, mut waits) = (std::mem::take(&mut self.watches), std::mem::take(&mut self.waits));
        let here = |hash| self.table.find_by(hash, |entry| !self.expired(entry, now)).is_some();
        watches.note_all(|hash| other.holds(hash) || here(hash));
        waits.note_all(|hash| other.holds(hash) || here(hash));
        (self.watches, self.waits) = (watches, waits);
    }

    fn holds(&self, hash: u64) -> bool {
        self.table.find_by(hash, |_| true).is_some()
    }

    /// As `note`, for an entry that is in the table before and after.
    fn note_change(&mut self, hash: u64, before: Noted, after: Noted) {
        self.table.retime(hash, before.deadline, after.deadline);
        self.note(hash, before, after);
    }

    /// Keeps bytes and field deadlines in step with an entry that has changed, and notes it for who waits for its key.
    fn note(&mut self, hash: u64, before: Noted, after: Noted) {
        self.waits.note(hash);
        if after.bytes > 0 {
            self.touches.written(hash, after.bytes, after.deadline);
        }
        self.biggest.note(hash, (before.kind, before.bytes), (after.kind, after.bytes));
        self.entry_bytes = self.entry_bytes - before.bytes + after.bytes;
        self.field_deadlines.retime(hash, before.field_deadline, after.field_deadline);
    }
}
