//! Objects in the order of their last use, with the bytes of those used after each: a Fenwick tree (Fenwick 1994) over places
//! that are given out in ascending order. When all are given out, those still in use close ranks.

/// Places that there are at first.
const PLACES_MIN: usize = 64;

/// The order.
#[derive(Debug)]
pub(super) struct Order {
    /// Whose each place is, the longest unused first; none: its object has moved on or is gone.
    owners: Vec<Option<u64>>,
    /// The tree over the bytes at each place, counted from 1. Sums wrap while one is changed.
    sums: Vec<u64>,
    total: u64,
}

impl Order {
    pub(super) fn new() -> Self {
        Self { owners: Vec::new(), sums: vec![0; PLACES_MIN + 1], total: 0 }
    }

    /// Bytes of all objects.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Whether no place is left; `close_ranks` then.
    pub(super) fn is_full(&self) -> bool {
        self.owners.len() + 1 == self.sums.len()
    }

    /// Gives the last place to `owner`.
    pub(super) fn push(&mut self, owner: u64, bytes: u64) -> usize {
        assert!(!self.is_full(), "whoever adds looks first whether there is room");
        let place = self.owners.len();
        self.owners.push(Some(owner));
        self.add(place, bytes);
        place
    }

    /// Frees a place that holds so many bytes.
    pub(super) fn remove(&mut self, place: usize, bytes: u64) {
        self.owners[place] = None;
        self.add(place, bytes.wrapping_neg());
    }

    /// Bytes of the objects used after the one at `place`.
    pub(super) fn after(&self, place: usize) -> u64 {
        let (mut at, mut upto) = (place + 1, 0_u64);
        while at > 0 {
            upto = upto.wrapping_add(self.sums[at]);
            at &= at - 1;
        }
        self.total.wrapping_sub(upto)
    }

    /// Those that own a place, the longest unused first.
    pub(super) fn oldest_first(&self) -> impl Iterator<Item = u64> {
        self.owners.iter().copied().flatten()
    }

    /// Lays the places of those in use side by side, with room for as many again. `moved` is told of each and its new place,
    /// and says how many bytes it has.
    pub(super) fn close_ranks(&mut self, mut moved: impl FnMut(u64, usize) -> u64) {
        self.owners.retain(Option::is_some);
        let places = (self.owners.len() * 2).next_power_of_two().max(PLACES_MIN);
        self.sums = vec![0; places + 1];
        self.total = 0;
        for (place, owner) in self.owners.iter().copied().flatten().enumerate() {
            let bytes = moved(owner, place);
            self.sums[place + 1] = bytes;
            self.total = self.total.wrapping_add(bytes);
        }
        for at in 1..=places {
            let above = at + (at & at.wrapping_neg());
            if above <= places {
                self.sums[above] = self.sums[above].wrapping_add(self.sums[at]);
            }
        }
    }

    fn add(&mut self, place: usize, bytes: u64) {
        self.total = self.total.wrapping_add(bytes);
        let mut at = place + 1;
        while at < self.sums.len() {
            self.sums[at] = self.sums[at].wrapping_add(bytes);
            at += at & at.wrapping_neg();
        }
    }
}
