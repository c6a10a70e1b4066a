//! Notices changes to keys that somebody watches.

use hashbrown::HashMap;

/// The watched keys of a shard, by hash: two keys that share one are taken for each other, so that a watcher may be told of
/// a change that was none, but never the other way round.
#[derive(Debug, Default)]
pub struct Watches {
    by_hash: HashMap<u64, Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    watchers: usize,
    changes: u64,
}

impl Watches {
    /// Begins to watch; what `changes` tells now, to be compared later.
    pub fn begin(&mut self, hash: u64) -> u64 {
        let watched = self.by_hash.entry(hash).or_default();
        watched.watchers += 1;
        watched.changes
    }

    /// Ends what one `begin` began.
    pub fn end(&mut self, hash: u64) {
        if let Some(watched) = self.by_hash.get_mut(&hash) {
            watched.watchers -= 1;
            if watched.watchers == 0 {
                self.by_hash.remove(&hash);
            }
        }
    }

    /// Changes seen since somebody began to watch.
    pub fn changes(&self, hash: u64) -> u64 {
        self.by_hash.get(&hash).map_or(0, |watched| watched.changes)
    }

    /// Notes a change. Costs next to nothing while nobody watches.
    pub fn note(&mut self, hash: u64) {
        if !self.by_hash.is_empty()
            && let Some(watched) = self.by_hash.get_mut(&hash)
        {
            watched.changes += 1;
        }
    }

    /// Notes a change of each watched key that `affected` tells of.
    pub fn note_all(&mut self, affected: impl Fn(u64) -> bool) {
        for (hash, watched) in &mut self.by_hash {
            watched.changes += u64::from(affected(*hash));
        }
    }
}
