//! Shortening a stream from its front.

use crate::value::stream::id::Id;
use crate::value::stream::log::Log;

/// What is to be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// So many entries.
    Len(usize),
    /// Those from this ID on.
    From(Id),
}

/// How a stream is shortened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trim {
    /// What is to be left.
    pub keep: Keep,
    /// Only blocks that can go as a whole go.
    pub whole_blocks: bool,
    /// Most entries that go; none for no bound.
    pub limit: Option<usize>,
}

impl Log {
    /// Shortens it; how many entries went. They do not count as deleted by their IDs.
    pub fn trim(&mut self, trim: &Trim) -> usize {
        let mut removed = 0;
        while let Some(front) = self.blocks.front() {
            if matches!(trim.keep, Keep::Len(len) if self.len() <= len) {
                break;
            }
            let live = front.live();
            if trim.limit.is_some_and(|limit| removed + live > limit) {
                break;
            }
            let goes = match trim.keep {
                Keep::Len(len) => self.len() - live >= len,
                Keep::From(id) => front.last() < id,
            };
            if goes {
                self.remove_block(0);
                self.note_removed(live);
                removed += live;
                continue;
            }
            if !trim.whole_blocks {
                removed += self.trim_front(trim.keep);
            }
            break;
        }
        if removed > 0 {
            self.find_first();
        }
        removed
    }

    /// Deletes entries from the first block, some of which stay.
    fn trim_front(&mut self, keep: Keep) -> usize {
        let more = match keep {
            Keep::Len(len) => self.len() - len,
            Keep::From(_) => 0,
        };
        let removed = self.change(0, |block| match keep {
            Keep::Len(_) => block.remove_first(more),
            Keep::From(id) => block.remove_while(|found| found < id),
        });
        self.note_removed(removed);
        self.tidy(0);
        removed
    }
}
