//! What has lately happened to keys, and by whom: a ring of facts, bounded in number.
//!
//! A fact names its key by hash, never by its text: whoever asks has to know the key, and two keys that share a 64-bit hash
//! are taken for each other. Names of users and clients are numbers here (`store::names`), so that a fact is a plain record
//! that is copied into its place.

use core::net::IpAddr;
use core::net::Ipv6Addr;
use core::net::SocketAddr;

use crate::keyspace::departure::Departure;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;

/// Facts that there is room for when the first comes.
const FACTS_MIN: usize = 4;

/// What has happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It was made.
    Created,
    /// It was there and has been written whole.
    Overwritten,
    /// Its value was changed in place.
    Changed,
    /// It was given another deadline, or none.
    Retimed,
    /// It has left.
    Left(Departure),
}

impl What {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Overwritten => "overwritten",
            Self::Changed => "changed",
            Self::Retimed => "ttl_changed",
            Self::Left(why) => why.word(),
        }
    }

    /// Whether the value was written.
    pub fn is_write(self) -> bool {
        matches!(self, Self::Created | Self::Overwritten | Self::Changed)
    }
}

/// The way by which a command came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The Redis protocol.
    Resp,
    /// HTTP.
    Http,
    /// A script, on behalf of the client that has called it.
    Script,
}

impl Via {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Resp => "resp",
            Self::Http => "http",
            Self::Script => "script",
        }
    }
}

/// On whose behalf something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author {
    /// Number of the connection.
    pub client: u64,
    /// Number of the user's name; 0: none.
    pub user: u32,
    /// Number of the name that the client goes by; 0: none.
    pub name: u32,
    /// How it came.
    pub via: Via,
    trace: [u8; 16],
    address: Ipv6Addr,
    port: u16,
}

impl Author {
    /// A client that connects from `address`, without names; `trace` is what the request takes part in, 0 for none.
    pub fn new(client: u64, address: SocketAddr, via: Via, trace: u128) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Self { client, user: 0, name: 0, via, trace: trace.to_ne_bytes(), address: ip, port: address.port() }
    }

    /// The trace that the request takes part in.
    pub fn trace(&self) -> Option<u128> {
        Some(u128::from_ne_bytes(self.trace)).filter(|trace| *trace != 0)
    }

    /// Where it connects from.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.address.to_canonical(), self.port)
    }
}

/// Something that has happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    hash: u64,
    /// What it was.
    pub what: What,
    /// When.
    pub at: UnixMillis,
    /// On whose behalf; none: by time, by lack of room, or nobody knows.
    pub author: Option<Author>,
    /// Bytes of the entry after it; of one that has left, before.
    pub bytes: u64,
    /// 0: none.
    deadline: UnixMillis,
    life: Life,
}

/// What an entry was like when it left.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Seconds since it was made or last written whole.
    pub age: u32,
    /// Seconds since it was last read or written.
    pub idle: u32,
    /// Reads since it was made or last written whole.
    pub hits: u16,
}

impl Fact {
    fn new(hash: u64, what: What, at: UnixMillis, bytes: usize, deadline: Option<UnixMillis>) -> Self {
        let (bytes, deadline) = (bytes as u64, deadline.unwrap_or(0));
        Self { hash, what, at, author: None, bytes, deadline, life: Life::default() }
    }

    /// The deadline after it; of an entry that has left, before. None: there was none.
    pub fn deadline(&self) -> Option<UnixMillis> {
        (self.deadline != 0).then_some(self.deadline)
    }

    /// Why the entry has left, if it has.
    pub fn departure(&self) -> Option<Departure> {
        match self.what {
            What::Left(why) => Some(why),
            _ => None,
        }
    }

    /// Of an entry that has left: what it was like.
    pub fn life(&self) -> Option<Life> {
        self.departure().map(|_| self.life)
    }
}

/// That all keys have been taken out at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flush {
    /// When.
    pub at: UnixMillis,
    /// On whose behalf.
    pub author: Option<Author>,
}

/// The ring of one shard. It takes memory as facts come, up to its limit.
#[derive(Debug, Default)]
pub struct Journal {
    ring: Vec<Fact>,
    /// Where the next fact goes once the ring is full.
    next: usize,
    facts_max: usize,
    flush: Option<Flush>,
}

impl Journal {
    /// One that keeps so many facts; 0: it keeps none.
    pub fn new(facts: usize) -> Self {
        Self { facts_max: facts, ..Self::default() }
    }

    /// Bytes it takes now.
    pub fn bytes(&self) -> usize {
        self.ring.capacity() * size_of::<Fact>()
    }

    /// The facts about the key of this hash, the newest first.
    pub fn about(&self, hash: u64) -> impl Iterator<Item = &Fact> {
        let (later, earlier) = self.ring.split_at(self.next);
        later.iter().rev().chain(earlier.iter().rev()).filter(move |fact| fact.hash == hash)
    }

    /// When all keys were last taken out at once.
    pub fn flush(&self) -> Option<Flush> {
        self.flush
    }

    /// Notes that an entry was made or written whole.
    pub fn written(
        &mut self,
        hash: u64,
        bytes: usize,
        deadline: Option<UnixMillis>,
        anew: bool,
        at: UnixMillis,
    ) {
        let what = if anew { What::Created } else { What::Overwritten };
        self.add(Fact::new(hash, what, at, bytes, deadline));
    }

    /// Notes that a value was changed in place. Of changes in a row only the last is kept, and none where the same command
    /// has written the entry.
    pub fn changed(&mut self, hash: u64, bytes: usize, deadline: Option<UnixMillis>, at: UnixMillis) {
        if let Some(newest) = self.newest_mut().filter(|newest| newest.hash == hash)
            && (newest.what == What::Changed || newest.what.is_write() && newest.author.is_none())
        {
            *newest = Fact::new(hash, newest.what, at, bytes, deadline);
            return;
        }
        self.add(Fact::new(hash, What::Changed, at, bytes, deadline));
    }

    /// Notes that an entry was given another deadline.
    pub fn retimed(&mut self, hash: u64, bytes: usize, deadline: Option<UnixMillis>, at: UnixMillis) {
        self.add(Fact::new(hash, What::Retimed, at, bytes, deadline));
    }

    /// Notes that an entry has left.
    pub fn left(&mut self, hash: u64, entry: &Entry, why: Departure, at: UnixMillis) {
        if self.facts_max == 0 {
            return;
        }
        let life = Life {
            age: u32::try_from(entry.age_seconds(at)).unwrap_or(u32::MAX),
            idle: u32::try_from(entry.idle_seconds(at)).unwrap_or(u32::MAX),
            hits: entry.hits(),
        };
        let fact = Fact::new(hash, What::Left(why), at, entry.footprint(), entry.deadline());
        self.add(Fact { life, ..fact });
    }

    /// Notes that all keys were taken out.
    pub fn flushed(&mut self, at: UnixMillis, author: Option<Author>) {
        if self.facts_max != 0 {
            self.flush = Some(Flush { at, author });
        }
    }

    /// Tells on whose behalf the newest fact came about, which is about the key of this hash.
    pub fn sign(&mut self, hash: u64, author: Option<Author>) {
        if let (Some(newest), Some(_)) = (self.newest_mut(), author)
            && newest.hash == hash
        {
            newest.author = author;
        }
    }

    /// Lets it keep so many facts from here on; the oldest that are too many are forgotten.
    pub fn limit(&mut self, facts: usize) {
        if facts != self.facts_max {
            self.ring.rotate_left(self.next);
            self.ring.drain(..self.ring.len().saturating_sub(facts));
            self.ring.shrink_to_fit();
            (self.next, self.facts_max) = (0, facts);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.facts_max);
    }

    /// Exchanges the limits of two journals that have changed places.
    pub fn exchange_limits(&mut self, other: &mut Self) {
        let (mine, others) = (self.facts_max, other.facts_max);
        self.limit(others);
        other.limit(mine);
    }

    fn newest_mut(&mut self) -> Option<&mut Fact> {
        let at = self.next.checked_sub(1).or(self.ring.len().checked_sub(1))?;
        self.ring.get_mut(at)
    }

    fn add(&mut self, fact: Fact) {
        if self.ring.len() < self.facts_max {
            // `next` is 0 until the ring is full: its end is the newest.
            if self.ring.len() == self.ring.capacity() {
                let more = self.ring.len().max(FACTS_MIN).min(self.facts_max - self.ring.len());
                self.ring.reserve_exact(more);
            }
            self.ring.push(fact);
        } else if let Some(oldest) = self.ring.get_mut(self.next) {
            *oldest = fact;
            self.next = if self.next + 1 == self.facts_max { 0 } else { self.next + 1 };
        }
    }
}

#[cfg(test)]
mod tests;
