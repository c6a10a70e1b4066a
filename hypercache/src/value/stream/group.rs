//! Consumer groups: how far a group has read, what is pending, and with whom.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::value::stream::consumer::Consumer;
use crate::value::stream::consumer::ConsumerNumber;
use crate::value::stream::consumer::Consumers;
use crate::value::stream::consumer::PENDING_ID_BYTES;
use crate::value::stream::id::Id;
use crate::value::stream::log::Log;

/// Bytes of an entry that is pending: here, in a map whose nodes are about half full, and with its consumer.
const PENDING_BYTES: usize = 2 * (size_of::<Id>() + size_of::<Pending>()) + PENDING_ID_BYTES;

/// An entry that was delivered and not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Who has it.
    pub consumer: ConsumerNumber,
    /// When it was last delivered, in milliseconds since the Unix epoch.
    pub delivered: u64,
    /// How often it was.
    pub deliveries: u64,
}

/// A group.
#[derive(Debug, Clone)]
pub struct Group {
    last: Id,
    read: Option<i64>,
    pending: BTreeMap<Id, Pending>,
    consumers: Consumers,
}

impl Group {
    /// A group that has read up to an ID and so many entries, where that is known.
    pub fn new(last: Id, read: Option<i64>) -> Self {
        Self { last, read, pending: BTreeMap::new(), consumers: Consumers::default() }
    }

    /// The last ID that was delivered.
    pub fn last_id(&self) -> Id {
        self.last
    }

    /// How many entries the group has read, where that is known.
    pub fn entries_read(&self) -> Option<i64> {
        self.read
    }

    /// Sets how far the group has read.
    pub fn set_position(&mut self, last: Id, read: Option<i64>) {
        (self.last, self.read) = (last, read);
    }

    /// Takes an ID for delivered, if it is after the last one; whether it is.
    pub fn skip_to(&mut self, id: Id) -> bool {
        let ahead = id > self.last;
        self.last = self.last.max(id);
        ahead
    }

    /// How many entries of the stream the group has not read; none where that cannot be told.
    pub fn lag(&self, log: &Log) -> Option<i64> {
        if log.added() == 0 {
            return Some(0);
        }
        let read = self.read.filter(|_| !log.is_broken_after(self.last));
        read.or_else(|| log.added_up_to(self.last)).map(|read| log.added().saturating_sub(read))
    }

    /// Notes that the group has read up to this entry of the stream.
    pub fn note_read(&mut self, id: Id, log: &Log) {
        if id <= self.last {
            return;
        }
        match self.read {
            Some(read) if !log.is_broken_after(id) => self.read = Some(read.saturating_add(1)),
            _ if log.added() > 0 => self.read = log.added_up_to(id),
            _ => {}
        }
        self.last = id;
    }

    /// Bytes on the heap; constant time.
    pub fn heap_bytes(&self) -> usize {
        self.pending.len() * PENDING_BYTES + self.consumers.heap_bytes()
    }

    /// What is pending, by ID.
    pub fn pending(&self) -> &BTreeMap<Id, Pending> {
        &self.pending
    }

    /// The first that is pending from this bound on.
    pub fn next_pending(&self, from: Bound<Id>) -> Option<(Id, Pending)> {
        self.pending.range((from, Bound::Unbounded)).next().map(|(id, pending)| (*id, *pending))
    }

    /// Consumers in the order of their names.
    pub fn consumers(&self) -> impl Iterator<Item = &Consumer> {
        self.consumers.iter()
    }

    /// How many consumers there are.
    pub fn consumers_len(&self) -> usize {
        self.consumers.len()
    }

    /// The number of the consumer of this name.
    pub fn find_consumer(&self, name: &[u8]) -> Option<ConsumerNumber> {
        self.consumers.find(name)
    }

    /// The consumer of a number that is in use.
    pub fn consumer(&self, number: ConsumerNumber) -> &Consumer {
        self.consumers.get(number)
    }

    /// Adds a consumer; its number. None where there is one of this name.
    pub fn create_consumer(&mut self, name: &[u8], now: u64) -> Option<ConsumerNumber> {
        self.consumers.create(name, now)
    }

    /// Removes a consumer with what is pending with it; how much that was. None where there is no such consumer.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let consumer = self.consumers.remove(name)?;
        for id in &consumer.pending {
            self.pending.remove(id);
        }
        Some(consumer.pending.len())
    }

    /// Notes that a consumer has tried something at `now`.
    pub fn note_seen(&mut self, consumer: ConsumerNumber, now: u64) {
        self.consumers.get_mut(consumer).seen = now;
    }

    /// Sets when a consumer was last active.
    pub fn set_active(&mut self, consumer: ConsumerNumber, active: Option<u64>) {
        self.consumers.get_mut(consumer).active = active;
    }

    /// Makes an entry pending with a consumer, whoever had it before. The consumer is active at `now`.
    pub fn give(&mut self, id: Id, pending: Pending, now: u64) {
        let before = self.pending.insert(id, pending);
        if let Some(before) = before.filter(|before| before.consumer != pending.consumer) {
            self.consumers.get_mut(before.consumer).pending.remove(&id);
        }
        let consumer = self.consumers.get_mut(pending.consumer);
        consumer.pending.insert(id);
        consumer.active = Some(now);
    }

    /// Notes that an entry that is pending was delivered once more to the consumer that has it.
    pub fn deliver_again(&mut self, id: Id, now: u64) {
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.delivered = now;
            pending.deliveries = pending.deliveries.saturating_add(1);
        }
    }

    /// Takes an entry off what is pending; whether it was.
    pub fn acknowledge(&mut self, id: Id) -> bool {
        let Some(pending) = self.pending.remove(&id) else { return false };
        self.consumers.get_mut(pending.consumer).pending.remove(&id)
    }
}

/// Numbers of consumers are not compared, but who has them.
impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        let told = |pending: &Pending| (pending.delivered, pending.deliveries);
        (self.last, self.read) == (other.last, other.read)
            && self.consumers.iter().eq(other.consumers.iter())
            && self.pending.values().map(told).eq(other.pending.values().map(told))
    }
}
