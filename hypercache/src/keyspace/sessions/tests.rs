use std::collections::BTreeMap;
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::keyspace::Keyspace;
use crate::keyspace::departure::Departure;
use crate::keyspace::key::HashSeed;
use crate::keyspace::key::session_of;
use crate::keyspace::setup::Setup;
use crate::keyspace::shard::Shard;
use crate::value::string::Str;

impl Sessions {
    /// Whether all that is kept is what counting it anew from `keys`, the keys of the shard with their hashes, tells.
    pub(in crate::keyspace) fn agree_with(&self, keys: &[(Vec<u8>, u64)]) {
        let mut by_session: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (key, hash) in keys {
            by_session.entry(self.of_key(key)).or_default().push(*hash);
        }
        by_session.values_mut().for_each(|hashes| hashes.sort_unstable());
        let (mut kept, mut due, mut expiring, mut bytes) = (BTreeMap::new(), BTreeSet::new(), 0, 0);
        for session in self.index.iter() {
            let mut hashes = session.members.hashes();
            hashes.sort_unstable();
            kept.insert(session.hash, hashes);
            assert_eq!(session.ttl == 0, session.deadline == 0);
            assert_eq!(session.ttl == 0, session.noted == 0);
            assert!(session.noted <= session.deadline, "it is looked at no later than it ends");
            if session.ttl != 0 {
                due.insert((session.noted, session.hash));
                expiring += session.members.count();
            }
            bytes += session.members.bytes();
        }
        assert_eq!((&kept, self.count()), (&by_session, by_session.len()));
        assert_eq!((&self.due, self.expiring, self.members_bytes), (&due, expiring, bytes));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Set(u8, u8, Option<u64>),
    Read(u8, u8),
    Deadline(u8, u8, Option<u64>),
    Remove(u8, u8),
    Pass(u64),
    Sweep,
    Evict(usize, u64),
    Take(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let ttl = || prop::option::weighted(0.3, 1u64..400);
    let key = || (0..30_u8, 0..50_u8);
    prop_oneof![
        8 => (key(), ttl()).prop_map(|((s, k), ttl)| Step::Set(s, k, ttl)),
        4 => key().prop_map(|(s, k)| Step::Read(s, k)),
        2 => (key(), ttl()).prop_map(|((s, k), ttl)| Step::Deadline(s, k, ttl)),
        4 => key().prop_map(|(s, k)| Step::Remove(s, k)),
        2 => (0..150_u64).prop_map(Step::Pass),
        1 => Just(Step::Sweep),
        1 => (0..4_usize, any::<u64>()).prop_map(|(shard, random)| Step::Evict(shard, random)),
        1 => (0..40_usize).prop_map(Step::Take),
    ]
}

#[derive(Debug, Clone, Default)]
struct Model {
    keys: BTreeSet<Vec<u8>>,
    touched: u64,
    ttl: Option<u64>,
    deadline: Option<u64>,
}

impl Model {
    fn touch(&mut self, now: u64) {
        self.touched = now;
        self.deadline = self.ttl.map(|ttl| now + ttl).max(self.deadline);
    }

    fn give(&mut self, ttl: Option<u64>, now: u64) {
        (self.ttl, self.deadline, self.touched) = (ttl, ttl.map(|ttl| now + ttl), now);
    }

    fn over(&self, now: u64) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }
}

/// A keyspace and what should be in it.
struct Pair {
    keyspace: Keyspace,
    model: BTreeMap<Vec<u8>, Model>,
    now: u64,
}

/// Some sessions are named by tags, and some have a key with just their name.
fn name(session: u8, key: u8) -> Vec<u8> {
    match (session % 3, key) {
        (0, _) => format!("k{key}:{{s{session}}}").into_bytes(),
        (_, 0) => format!("s{session}").into_bytes(),
        _ => format!("s{session}:{key}").into_bytes(),
    }
}

impl Pair {
    fn new() -> Self {
        let setup = Setup { by_session: true, ..Setup::plain(HashSeed(42)) };
        Self { keyspace: Keyspace::new(4, setup), model: BTreeMap::new(), now: 1000 }
    }

    /// Runs `work` on the shard of a key as a command does: what is over has to go first.
    fn with<R>(
        &mut self,
        key: &[u8],
        work: impl FnOnce(&mut Shard, crate::keyspace::HashedKey<'_>) -> R,
    ) -> R {
        let hashed = self.keyspace.hashed(key);
        let mut shard = self.keyspace.lock(self.keyspace.shard_of(hashed.hash));
        let mut gone = BTreeSet::new();
        let over = shard.expire_session(key, self.now, &mut |entry| {
            gone.insert(entry.key().to_vec());
        });
        let expected = self.model.get(session_of(key)).filter(|model| model.over(self.now));
        assert_eq!((over, gone), (expected.is_some(), expected.cloned().unwrap_or_default().keys));
        if over {
            self.model.remove(session_of(key));
        }
        work(&mut shard, hashed)
    }

    fn run(&mut self, step: &Step) {
        let now = self.now;
        match *step {
            Step::Set(session, key, ttl) => {
                let key = name(session, key);
                self.with(&key, |shard, key| {
                    shard.set(key, Str::new(b"v").into(), ttl.map(|ttl| now + ttl), now)
                });
                let model = self.model.entry(session_of(&key).to_vec()).or_default();
                model.touch(now);
                model.keys.insert(key);
                if ttl.is_some() {
                    model.give(ttl, now);
                }
            }
            Step::Read(session, key) => {
                let key = name(session, key);
                let there =
                    self.with(&key, |shard, key| shard.get(key).is_some() && shard.read(key, now).is_some());
                let model = self.model.get_mut(session_of(&key)).filter(|model| model.keys.contains(&key));
                assert_eq!(there, model.is_some());
                model.into_iter().for_each(|model| model.touch(now));
            }
            Step::Deadline(session, key, ttl) => {
                let key = name(session, key);
                let deadline = ttl.map(|ttl| now + ttl);
                let there = self.with(&key, |shard, key| shard.set_deadline(key, deadline, now));
                let model = self.model.get_mut(session_of(&key)).filter(|model| model.keys.contains(&key));
                assert_eq!(there, model.is_some());
                model.into_iter().for_each(|model| model.give(ttl, now));
            }
            Step::Remove(session, key) => {
                let key = name(session, key);
                let gone = self.with(&key, |shard, key| shard.remove(key, Departure::Deleted).is_some());
                let model = self.model.entry(session_of(&key).to_vec()).or_default();
                assert_eq!(gone, model.keys.remove(&key));
                if model.keys.is_empty() {
                    self.model.remove(session_of(&key));
                }
            }
            Step::Pass(time) => self.now += time,
            Step::Sweep => {
                let mut swept = crate::keyspace::shard::Swept::default();
                for shard in 0..self.keyspace.shards() {
                    swept.add(self.keyspace.lock(shard).sweep(now, u64::MAX));
                }
                let before = self.model.len();
                let over: usize =
                    self.model.values().filter(|model| model.over(now)).map(|model| model.keys.len()).sum();
                self.model.retain(|_, model| !model.over(now));
                assert_eq!((swept.keys, swept.sessions), (over as u64, (before - self.model.len()) as u64));
            }
            Step::Evict(shard, random) => self.evict(shard, random),
            Step::Take(shard) => {
                let taken = (shard < 4).then(|| self.keyspace.lock(shard).take(self.keyspace.empty_shard()));
                let hasher = taken.as_ref().and_then(Shard::sessions).map(Sessions::hasher);
                self.model.retain(|name, _| {
                    hasher.is_none_or(|hasher| self.keyspace.shard_of(hasher.session(name)) != shard)
                });
            }
        }
    }

    fn evict(&mut self, shard: usize, random: u64) {
        let (now, mut gone, mut random) = (self.now, BTreeSet::new(), random);
        let evicted = self.keyspace.lock(shard).evict_session(
            now,
            &mut || {
                random = random.rotate_left(7).wrapping_add(1);
                random
            },
            &mut |entry, _| {
                gone.insert(entry.key().to_vec());
            },
        );
        let of_key = |key: &[u8]| self.keyspace.shard_of(self.keyspace.hashed(key).hash);
        let here = self.model.values().filter(|model| of_key(model.keys.first().unwrap()) == shard);
        let Some(evicted) = evicted else {
            assert_eq!(here.count(), 0);
            return;
        };
        assert_eq!(evicted.keys, gone.len() as u64);
        let session = session_of(gone.first().unwrap()).to_vec();
        let model = &self.model[&session];
        assert_eq!((&model.keys, evicted.idle), (&gone, now - model.touched), "the session goes whole");
        let over = here.clone().any(|model| model.over(now));
        let why = if over { Departure::Expired } else { Departure::Evicted };
        assert_eq!((evicted.why, model.over(now)), (why, over), "what is over goes first");
        if !over && here.clone().count() <= LOOKED_AT_MAX {
            assert_eq!(here.map(|model| model.touched).min(), Some(model.touched));
        }
        self.model.remove(&session);
    }

    fn check(&self) {
        let (mut content, mut keys) = (BTreeMap::new(), vec![Vec::new(); 4]);
        self.keyspace.scan(0, usize::MAX, |entry| {
            let hashed = self.keyspace.hashed(entry.key());
            keys[self.keyspace.shard_of(hashed.hash)].push((entry.key().to_vec(), hashed.hash));
            content.insert(entry.key().to_vec(), entry.deadline());
            assert_eq!(entry.expired(self.now), self.model[session_of(entry.key())].over(self.now));
        });
        let expected =
            self.model.values().flat_map(|model| model.keys.iter().map(|key| (key.clone(), model.deadline)));
        assert_eq!(content, expected.collect());
        for (shard, keys) in keys.iter().enumerate() {
            self.keyspace.lock(shard).sessions().unwrap().agree_with(keys);
        }
        let census = self.keyspace.census();
        let expiring: usize =
            self.model.values().filter(|model| model.ttl.is_some()).map(|model| model.keys.len()).sum();
        assert_eq!(
            (census.keys, census.expiring, census.sessions),
            (content.len(), expiring, self.model.len())
        );
    }
}

proptest! {
    /// Against a plain model: a session is whole or gone, whatever happens, and the index is what counting anew tells.
    #[test]
    fn a_session_is_whole_or_gone(steps in prop::collection::vec(step(), 1..400)) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.run(step);
            pair.check();
        }
    }
}

#[test]
fn members_of_a_big_session_go_together_and_memory_comes_back() {
    let mut pair = Pair::new();
    let empty: usize = (0..4).map(|shard| pair.keyspace.lock(shard).sessions().unwrap().bytes()).sum();
    for n in 0..5000_u32 {
        pair.with(format!("big:{n}").as_bytes(), |shard, key| {
            shard.set(key, Str::new(b"v").into(), None, 1000)
        });
        pair.with(format!("small{n}:x").as_bytes(), |shard, key| {
            shard.set(key, Str::new(b"v").into(), Some(9000), 1000)
        });
    }
    assert_eq!((pair.keyspace.census().keys, pair.keyspace.census().sessions), (10_000, 5001));
    let big = pair.keyspace.hashed(b"big:1");
    let mut shard = pair.keyspace.lock(pair.keyspace.shard_of(big.hash));
    assert!(shard.set_deadline(big, Some(1001), 1000));
    assert!(shard.expire_session(b"big:no such key", 1001, &mut drop));
    drop(shard);
    let swept: u64 = (0..4).map(|shard| pair.keyspace.lock(shard).sweep(9000, 64).keys).sum();
    assert_eq!(swept, 256);
    let rest: u64 = (0..4).map(|shard| pair.keyspace.lock(shard).sweep(9000, u64::MAX).keys).sum();
    assert_eq!(rest, 5000 - 256);
    assert_eq!((pair.keyspace.census().keys, pair.keyspace.census().sessions), (0, 0));
    let left: usize = (0..4).map(|shard| pair.keyspace.lock(shard).sessions().unwrap().bytes()).sum();
    assert!(left < empty + 4 * 64 * 32 * 100, "{left} {empty}");
}
