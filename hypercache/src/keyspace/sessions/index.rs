//! The sessions of a shard by hash, any of which can be drawn.

use hashbrown::HashTable;

use crate::keyspace::sessions::Session;

/// Tables that share the sessions of a shard, so that none is ever so big that its growth would stop the shard for long.
const PARTS: usize = 64;

/// Sessions by hash.
#[derive(Debug)]
pub(super) struct Index {
    parts: Box<[Part]>,
    len: usize,
}

#[derive(Debug, Default)]
struct Part {
    /// In no order and without gaps.
    all: Vec<Session>,
    /// Where each is among them.
    places: HashTable<u32>,
}

impl Index {
    pub(super) fn new() -> Self {
        Self { parts: std::iter::repeat_with(Part::default).take(PARTS).collect(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&self) -> usize {
        let of_part = |part: &Part| {
            part.all.capacity() * size_of::<Session>()
                + part.places.capacity() * 8 / 7 * (size_of::<u32>() + 1)
                + size_of::<Part>()
        };
        self.parts.iter().map(of_part).sum()
    }

    pub(super) fn get(&self, session: u64) -> Option<&Session> {
        let part = &self.parts[part_of(session)];
        part.place(session).map(|at| &part.all[at])
    }

    pub(super) fn get_mut(&mut self, session: u64) -> Option<&mut Session> {
        let part = &mut self.parts[part_of(session)];
        part.place(session).map(|at| &mut part.all[at])
    }

    /// Adds a session that is not there.
    pub(super) fn insert(&mut self, session: Session) {
        let part = &mut self.parts[part_of(session.hash)];
        let at = u32::try_from(part.all.len()).expect("each has a key, and a shard's keys fit 32 bits");
        let hash = session.hash;
        part.all.push(session);
        let all = &part.all;
        part.places.insert_unique(slot(hash), at, |at| slot(all[*at as usize].hash));
        self.len += 1;
    }

    pub(super) fn remove(&mut self, session: u64) -> Option<Session> {
        let part = &mut self.parts[part_of(session)];
        let all = &part.all;
        let known = part.places.find_entry(slot(session), |at| all[*at as usize].hash == session);
        let (at, _) = known.ok()?.remove();
        let removed = part.all.swap_remove(at as usize);
        self.len -= 1;
        // The last one has taken its place.
        if let Some(moved) = part.all.get(at as usize) {
            let last = part.all.len() as u32;
            if let Some(place) = part.places.find_mut(slot(moved.hash), |place| *place == last) {
                *place = at;
            }
        }
        part.shrink();
        Some(removed)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.parts.iter().flat_map(|part| &part.all)
    }

    /// One that `random` chooses; within the table that it leads to each has the same chance.
    pub(super) fn draw(&self, random: u64) -> Option<&Session> {
        if self.len == 0 {
            return None;
        }
        let first = random as usize % PARTS;
        let part =
            (0..PARTS).map(|step| &self.parts[(first + step) % PARTS]).find(|part| !part.all.is_empty())?;
        part.all.get((random >> 32) as usize % part.all.len())
    }
}

impl Part {
    fn place(&self, session: u64) -> Option<usize> {
        let found = self.places.find(slot(session), |at| self.all[*at as usize].hash == session)?;
        Some(*found as usize)
    }

    /// Gives memory back once most of it is unused.
    fn shrink(&mut self) {
        if self.all.capacity() > 4 * self.all.len() + 16 {
            self.all.shrink_to(2 * self.all.len());
            let all = &self.all;
            self.places.shrink_to(2 * all.len(), |at| slot(all[*at as usize].hash));
        }
    }
}

fn part_of(session: u64) -> usize {
    session as usize % PARTS
}

/// Sessions of a shard agree in the leading bits of their hashes, by which a `HashTable` tells entries apart.
fn slot(session: u64) -> u64 {
    session.rotate_left(32)
}
