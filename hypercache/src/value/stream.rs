//! Streams: entries with ascending IDs, and the groups of consumers that read them.

pub mod block;
pub mod consumer;
pub mod group;
pub mod id;
pub mod log;
pub mod trim;

use std::collections::BTreeMap;

use crate::value::stream::group::Group;
use crate::value::stream::id::Id;
use crate::value::stream::log::Log;

/// Bytes of a group in the map, whose nodes are about half full, without what it has on the heap itself.
const GROUP_BYTES: usize = 2 * (size_of::<Box<[u8]>>() + size_of::<Group>());

/// A stream.
#[derive(Debug, Default)]
pub struct Stream {
    log: Log,
    groups: BTreeMap<Box<[u8]>, Group>,
    group_bytes: usize,
}

impl Stream {
    /// An empty stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its entries.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its entries, for changing them.
    pub fn log_mut(&mut self) -> &mut Log {
        &mut self.log
    }

    /// Bytes on the heap; constant time. What is in trees is estimated from how many there are.
    pub fn heap_bytes(&self) -> usize {
        self.log.heap_bytes() + self.group_bytes
    }

    /// Groups in the order of their names.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.groups.iter().map(|(name, group)| (&**name, group))
    }

    /// The group of this name.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name)
    }

    /// Lets `change` work on the group of this name beside the entries; none where there is no such group.
    pub fn change_group<R>(&mut self, name: &[u8], change: impl FnOnce(&mut Group, &Log) -> R) -> Option<R> {
        let group = self.groups.get_mut(name)?;
        let before = group.heap_bytes();
        let result = change(group, &self.log);
        self.group_bytes = self.group_bytes - before + group.heap_bytes();
        Some(result)
    }

    /// Adds a group that has read up to an ID and so many entries, where that is known; whether its name was free.
    pub fn create_group(&mut self, name: &[u8], last: Id, read: Option<i64>) -> bool {
        if self.groups.contains_key(name) {
            return false;
        }
        let group = Group::new(last, read);
        self.group_bytes += bytes_of(name, &group);
        self.groups.insert(name.into(), group);
        true
    }

    /// Removes a group; whether there was one.
    pub fn remove_group(&mut self, name: &[u8]) -> bool {
        let Some(group) = self.groups.remove(name) else { return false };
        self.group_bytes -= bytes_of(name, &group);
        true
    }

    #[cfg(test)]
    fn counted_heap_bytes(&self) -> usize {
        let groups = self.groups.iter().map(|(name, group)| bytes_of(name, group));
        self.log.counted_heap_bytes() + groups.sum::<usize>()
    }
}

fn bytes_of(name: &[u8], group: &Group) -> usize {
    GROUP_BYTES + name.len() + group.heap_bytes()
}

/// A copy has no room to spare.
impl Clone for Stream {
    fn clone(&self) -> Self {
        let groups = self.groups.clone();
        let group_bytes = groups.iter().map(|(name, group)| bytes_of(name, group)).sum();
        Self { log: self.log.clone(), groups, group_bytes }
    }
}

impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        self.log == other.log && self.groups == other.groups
    }
}

#[cfg(test)]
mod tests;
