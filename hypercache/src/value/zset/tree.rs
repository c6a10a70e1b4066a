//! A B+-tree that counts: finds an entry by rank, and the rank of an entry, in logarithmic time.
//!
//! It knows scores and the slots of records; who compares entries with equal scores must look at the records, and so the
//! tree asks its caller which entries come before a place.

/// Entries of a leaf.
const LEAF_MAX: usize = 64;
/// Children of an inner node.
const INNER_MAX: usize = 32;

/// A score that orders as its bits do, and a slot. In halves, so that it takes 12 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    score: [u32; 2],
    pub(super) slot: u32,
}

impl Entry {
    /// The score must be a number, and not the negative zero.
    pub(super) fn new(score: f64, slot: u32) -> Self {
        let bits = score.to_bits();
        let ordered = if score.is_sign_negative() { !bits } else { bits | 1 << 63 };
        Self { score: [(ordered >> 32) as u32, ordered as u32], slot }
    }

    pub(super) fn score(self) -> f64 {
        let ordered = u64::from(self.score[0]) << 32 | u64::from(self.score[1]);
        f64::from_bits(if ordered >> 63 == 0 { !ordered } else { ordered & !(1 << 63) })
    }
}

/// Which entries come before a place: all up to it, none after.
pub type Before<'a> = dyn Fn(Entry) -> bool + 'a;

/// The tree.
#[derive(Debug)]
pub struct Tree {
    root: Node,
    /// Bytes that the nodes have asked for.
    bytes: usize,
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(Vec<Entry>),
    Inner(Vec<Child>),
}

#[derive(Debug, Clone)]
struct Child {
    /// The first entry below.
    first: Entry,
    /// Entries below.
    len: u32,
    node: Node,
}

impl Clone for Tree {
    fn clone(&self) -> Self {
        let root = self.root.clone();
        let bytes = root.bytes();
        Self { root, bytes }
    }
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { root: Node::Leaf(Vec::new()), bytes: 0 }
    }

    /// Adds an entry at the place that `before` tells.
    pub(super) fn insert(&mut self, entry: Entry, before: &Before<'_>) {
        let Some(upper) = self.root.insert(entry, before, &mut self.bytes) else { return };
        let lower = std::mem::replace(&mut self.root, Node::Leaf(Vec::new()));
        let mut children = Vec::new();
        changed(&mut children, &mut self.bytes, |children| {
            children.reserve_exact(4);
            children.extend([Child::new(lower), Child::new(upper)]);
        });
        self.root = Node::Inner(children);
    }

    /// Removes the entry of a rank, which is below their number.
    pub(super) fn remove(&mut self, rank: usize) -> Entry {
        let removed = self.root.remove(rank, &mut self.bytes);
        if let Node::Inner(children) = &mut self.root
            && children.len() < 2
        {
            self.bytes -= children.capacity() * size_of::<Child>();
            self.root = children.pop().map_or(Node::Leaf(Vec::new()), |only| only.node);
        }
        removed
    }

    /// How many entries come before a place.
    pub(super) fn rank(&self, before: &Before<'_>) -> usize {
        let (mut node, mut rank) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(entries) => return rank + entries.partition_point(|entry| before(*entry)),
                Node::Inner(children) => {
                    let at = child_before(children, before);
                    rank += children[..at].iter().map(|child| child.len as usize).sum::<usize>();
                    node = &children[at].node;
                }
            }
        }
    }

    /// The leaf with the entry of a rank, and the rank of its first entry.
    pub(super) fn leaf(&self, rank: usize) -> (&[Entry], usize) {
        let (mut node, mut start) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(entries) => return (entries, start),
                Node::Inner(children) => {
                    let (at, within) = child_of_rank(children, rank - start);
                    start = rank - within;
                    node = &children[at].node;
                }
            }
        }
    }

    /// The entry of a rank, which is below their number.
    pub(super) fn get(&self, rank: usize) -> Entry {
        let (entries, start) = self.leaf(rank);
        entries[rank - start]
    }

    /// Gives the entry of a rank another slot.
    pub(super) fn set_slot(&mut self, rank: usize, slot: u32) {
        let (mut node, mut rank) = (&mut self.root, rank);
        loop {
            match node {
                Node::Leaf(entries) => {
                    entries[rank].slot = slot;
                    return;
                }
                Node::Inner(children) => {
                    let (at, within) = child_of_rank(children, rank);
                    if within == 0 {
                        children[at].first.slot = slot;
                    }
                    (node, rank) = (&mut children[at].node, within);
                }
            }
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes
    }

    #[cfg(test)]
    pub(super) fn counted_heap_bytes(&self) -> usize {
        self.root.bytes()
    }

    /// Entries and their number as every node knows them, for tests.
    #[cfg(test)]
    pub(super) fn check(&self) {
        self.root.check();
    }
}

impl Child {
    fn new(node: Node) -> Self {
        Self { first: node.first(), len: node.len(), node }
    }
}

impl Node {
    fn first(&self) -> Entry {
        match self {
            Self::Leaf(entries) => entries[0],
            Self::Inner(children) => children[0].first,
        }
    }

    fn len(&self) -> u32 {
        match self {
            Self::Leaf(entries) => entries.len() as u32,
            Self::Inner(children) => children.iter().map(|child| child.len).sum(),
        }
    }

    /// Bytes of all nodes from here on.
    fn bytes(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.capacity() * size_of::<Entry>(),
            Self::Inner(children) => {
                let below: usize = children.iter().map(|child| child.node.bytes()).sum();
                children.capacity() * size_of::<Child>() + below
            }
        }
    }

    /// Adds an entry; the upper part of this node where it had to be divided.
    fn insert(&mut self, entry: Entry, before: &Before<'_>, bytes: &mut usize) -> Option<Self> {
        match self {
            Self::Leaf(entries) => {
                let at = entries.partition_point(|other| before(*other));
                insert_at(entries, at, entry, LEAF_MAX, bytes).map(Self::Leaf)
            }
            Self::Inner(children) => {
                let at = child_before(children, before);
                let child = &mut children[at];
                let upper = child.node.insert(entry, before, bytes);
                child.first = child.node.first();
                child.len += 1;
                let upper = Child::new(upper?);
                child.len -= upper.len;
                insert_at(children, at + 1, upper, INNER_MAX, bytes).map(Self::Inner)
            }
        }
    }

    fn remove(&mut self, rank: usize, bytes: &mut usize) -> Entry {
        match self {
            Self::Leaf(entries) => changed(entries, bytes, |entries| {
                let removed = entries.remove(rank);
                if entries.capacity() > 2 * entries.len() + 16 {
                    entries.shrink_to(entries.len() + entries.len() / 4);
                }
                removed
            }),
            Self::Inner(children) => {
                let (at, within) = child_of_rank(children, rank);
                let child = &mut children[at];
                let removed = child.node.remove(within, bytes);
                child.len -= 1;
                if child.len == 0 {
                    *bytes -= children.remove(at).node.bytes();
                    return removed;
                }
                child.first = child.node.first();
                if child.node.is_sparse() {
                    join(children, at, bytes);
                }
                removed
            }
        }
    }

    /// How much of the room of a node is in use, and how much there may be.
    fn fill(&self) -> (usize, usize) {
        match self {
            Self::Leaf(entries) => (entries.len(), LEAF_MAX),
            Self::Inner(children) => (children.len(), INNER_MAX),
        }
    }

    fn is_sparse(&self) -> bool {
        let (used, most) = self.fill();
        used < most / 3
    }

    #[cfg(test)]
    fn check(&self) {
        if let Self::Inner(children) = self {
            assert!(!children.is_empty());
            for child in children {
                assert_eq!((child.first, child.len), (child.node.first(), child.node.len()));
                child.node.check();
            }
        }
    }
}

/// The child that a place lies in.
fn child_before(children: &[Child], before: &Before<'_>) -> usize {
    children.partition_point(|child| before(child.first)).saturating_sub(1)
}

/// The child with the entry of a rank, and its rank there.
fn child_of_rank(children: &[Child], mut rank: usize) -> (usize, usize) {
    for (at, child) in children.iter().enumerate() {
        if rank < child.len as usize {
            return (at, rank);
        }
        rank -= child.len as usize;
    }
    unreachable!("a rank is below the number of entries")
}

/// Puts an item in a node of at most `most`; the upper part where it had to be divided. At its end a full node is left
/// full, so that growing there fills the tree.
fn insert_at<T>(items: &mut Vec<T>, at: usize, item: T, most: usize, bytes: &mut usize) -> Option<Vec<T>> {
    if items.len() < most {
        changed(items, bytes, |items| {
            if items.len() == items.capacity() {
                items.reserve_exact((items.len() / 4).max(4).min(most - items.len()));
            }
            items.insert(at, item);
        });
        return None;
    }
    let mut upper = if at == items.len() { Vec::new() } else { items.split_off(most / 2) };
    *bytes += upper.capacity() * size_of::<T>();
    match at.checked_sub(items.len()) {
        Some(at) => insert_at(&mut upper, at, item, most, bytes),
        None => insert_at(items, at, item, most, bytes),
    };
    Some(upper)
}

/// Joins a sparse child with a neighbour where both fit in one node well.
fn join(children: &mut Vec<Child>, at: usize, bytes: &mut usize) {
    let fits = |left: usize| {
        let (Some(lower), Some(upper)) = (children.get(left), children.get(left + 1)) else { return false };
        let ((lower, most), (upper, _)) = (lower.node.fill(), upper.node.fill());
        lower + upper <= most * 3 / 4
    };
    let Some(left) = [Some(at), at.checked_sub(1)].into_iter().flatten().find(|left| fits(*left)) else {
        return;
    };
    let upper = children.remove(left + 1);
    let lower = &mut children[left];
    lower.len += upper.len;
    match (&mut lower.node, upper.node) {
        (Node::Leaf(lower), Node::Leaf(upper)) => append(lower, upper, bytes),
        (Node::Inner(lower), Node::Inner(upper)) => append(lower, upper, bytes),
        _ => unreachable!("all leaves are equally deep"),
    }
}

fn append<T>(lower: &mut Vec<T>, upper: Vec<T>, bytes: &mut usize) {
    *bytes -= upper.capacity() * size_of::<T>();
    changed(lower, bytes, |lower| {
        lower.reserve_exact(upper.len());
        lower.extend(upper);
    });
}

fn changed<T, R>(items: &mut Vec<T>, bytes: &mut usize, change: impl FnOnce(&mut Vec<T>) -> R) -> R {
    let before = items.capacity();
    let result = change(items);
    *bytes = *bytes + items.capacity() * size_of::<T>() - before * size_of::<T>();
    result
}
