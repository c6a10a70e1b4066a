//! The earliest of the deadlines of many segments.

use crate::keyspace::expiry::Due;
use crate::value::size_class::size_class;

/// A tournament (Knuth, "The Art of Computer Programming", volume 3, section 5.2.3): a tree in an array in which each node
/// is the earlier one of the two below it, and the leaves are the segments. The earliest of all is found from the root
/// down, and a change goes up only as far as it matters.
#[derive(Debug, Default)]
pub struct Earliest {
    /// The root is at 1, the leaves are the second half; none where there is no deadline yet.
    nodes: Vec<Due>,
}

impl Earliest {
    /// Notes the earliest deadline of a segment.
    pub fn set(&mut self, segment: usize, due: Option<Due>) {
        if segment >= self.nodes.len() / 2 {
            if due.is_none() {
                return;
            }
            self.grow(segment + 1);
        }
        let mut at = self.nodes.len() / 2 + segment;
        let mut winner = due.unwrap_or(Due::NEVER);
        while self.nodes[at] != winner {
            self.nodes[at] = winner;
            if at == 1 {
                return;
            }
            winner = winner.min(self.nodes[at ^ 1]);
            at /= 2;
        }
    }

    /// The earliest of all, with its segment.
    pub fn first(&self) -> Option<(usize, Due)> {
        let first = *self.nodes.get(1).filter(|first| **first != Due::NEVER)?;
        let (leaves, mut at) = (self.nodes.len() / 2, 1);
        while at < leaves {
            at = 2 * at + usize::from(self.nodes[2 * at] != first);
        }
        Some((at - leaves, first))
    }

    /// Bytes that the allocator takes for it.
    pub fn bytes(&self) -> usize {
        size_class(self.nodes.capacity() * size_of::<Due>())
    }

    /// Room for so many segments at least. Takes all anew, which becomes rarer as they become more.
    fn grow(&mut self, segments: usize) {
        let (old, leaves) = (self.nodes.len() / 2, segments.next_power_of_two());
        let mut nodes = vec![Due::NEVER; 2 * leaves];
        nodes[leaves..leaves + old].copy_from_slice(&self.nodes[old..]);
        for at in (1..leaves).rev() {
            nodes[at] = nodes[2 * at].min(nodes[2 * at + 1]);
        }
        self.nodes = nodes;
    }
}
