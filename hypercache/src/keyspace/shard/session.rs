//! What a shard does where keys live and go by session: the time to live is the session's, and a session ends whole.

use crate::keyspace::departure::Departure;
use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::key::HashedKey;
use crate::keyspace::sessions::Sessions;
use crate::keyspace::shard::Lapse;
use crate::keyspace::shard::Shard;
use crate::keyspace::shard::Swept;

/// A session that had to make room, or was over already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvictedSession {
    /// `Expired` where its time was over, else `Evicted`.
    pub why: Departure,
    /// Keys that it had.
    pub keys: u64,
    /// Bytes that they took.
    pub bytes: u64,
    /// How long it had not been touched, in milliseconds.
    pub idle: u64,
}

impl Shard {
    /// Its sessions; none where keys do not live and go by session.
    pub fn sessions(&self) -> Option<&Sessions> {
        self.sessions.as_deref()
    }

    /// How many sessions it has.
    pub fn session_count(&self) -> usize {
        self.sessions.as_ref().map_or(0, |sessions| sessions.count())
    }

    /// When an entry of this shard expires; none: never. To be asked in place of the entry, which does not know of its
    /// session's time.
    pub fn deadline(&self, entry: &Entry) -> Option<UnixMillis> {
        match &self.sessions {
            None => entry.deadline(),
            Some(_) => self.session_deadline(entry.key()),
        }
    }

    /// When the session of a key is over; none: never, or there is no such session.
    pub fn session_deadline(&self, key: &[u8]) -> Option<UnixMillis> {
        let sessions = self.sessions.as_ref()?;
        sessions.deadline(sessions.of_key(key))
    }

    /// Whether the time of an entry of this shard is over at `now`, or that of every part of its value. To be asked in
    /// place of the entry, as `deadline`.
    pub fn expired(&self, entry: &Entry, now: UnixMillis) -> bool {
        entry.expired(now) || self.session_over(entry.key(), now).is_some()
    }

    /// Whether a key that is put here at `now` joins a session that is there, and so that one's time to live.
    pub fn joins_session(&self, key: &[u8], now: UnixMillis) -> bool {
        let Some(sessions) = &self.sessions else { return false };
        let session = sessions.of_key(key);
        sessions.holds(session) && sessions.deadline(session).is_none_or(|deadline| deadline > now)
    }

    /// Ends the session of `key` if its time is over at `now`: removes all its keys and hands each over. Whether it was.
    pub fn expire_session(&mut self, key: &[u8], now: UnixMillis, take: &mut dyn FnMut(Entry)) -> bool {
        let Some(session) = self.session_over(key, now) else { return false };
        self.end_session(session, Departure::Expired, now, take);
        true
    }

    /// Ends a session to make room, whole: one whose time is over at `now`, else the one that was not touched for longest,
    /// of all where they are few and else of some that `random` draws. Each entry is handed over, so that it can be told of
    /// and dropped once the lock is given back. None where there is no session.
    pub fn evict_session(
        &mut self,
        now: UnixMillis,
        random: &mut dyn FnMut() -> u64,
        take: &mut dyn FnMut(Entry, Departure),
    ) -> Option<EvictedSession> {
        let sessions = self.sessions.as_mut()?;
        let (why, session) = match sessions.first_expired(now) {
            Some((_, session)) => (Departure::Expired, session),
            None => (Departure::Evicted, sessions.longest_idle(random)?),
        };
        let idle = sessions.idle(session, now).unwrap_or_default();
        let (mut keys, mut bytes) = (0, 0);
        self.end_session(session, why, now, &mut |entry| {
            keys += 1;
            bytes += entry.footprint() as u64;
            take(entry, why);
        });
        Some(EvictedSession { why, keys, bytes, idle })
    }

    /// Restarts the clocks of a key's session without reading or writing the key.
    pub fn touch_session(&mut self, key: &[u8], now: UnixMillis) {
        if let Some(sessions) = &mut self.sessions {
            let session = sessions.of_key(key);
            sessions.touch(session, now);
        }
    }

    /// Prepares the write of a whole key, with the deadline that its entry is to have.
    pub(super) fn begin_session(
        &mut self,
        key: &[u8],
        deadline: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Option<UnixMillis> {
        if self.sessions.is_none() {
            return deadline;
        }
        // Whoever wants to hear of it has looked at the key before. Nothing of a session that was over may live on.
        self.expire_session(key, now, &mut drop);
        let sessions = self.sessions.as_mut()?;
        let session = sessions.of_key(key);
        sessions.begin(session, now);
        if deadline.is_some() {
            sessions.set_deadline(session, deadline, now);
        }
        None
    }

    pub(super) fn set_session_deadline(
        &mut self,
        key: HashedKey<'_>,
        deadline: Option<UnixMillis>,
        now: UnixMillis,
    ) -> bool {
        let there = self.get(key).is_some();
        if let Some(sessions) = self.sessions.as_mut().filter(|_| there) {
            let session = sessions.of_key(key.bytes);
            sessions.set_deadline(session, deadline, now);
        }
        there
    }

    pub(super) fn join_session(&mut self, hash: u64, key: &[u8]) {
        if let Some(sessions) = &mut self.sessions {
            let session = sessions.of_key(key);
            sessions.join(session, hash);
        }
    }

    pub(super) fn leave_session(&mut self, hash: u64, key: &[u8]) {
        if let Some(sessions) = &mut self.sessions {
            let session = sessions.of_key(key);
            sessions.leave(session, hash);
        }
    }

    /// Ends sessions whose time is over at `now`, each whole, until at least `budget` keys are removed.
    pub(super) fn sweep_sessions(
        &mut self,
        now: UnixMillis,
        budget: u64,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&[u8], Lapse),
        garbage: &mut Vec<Entry>,
    ) {
        while let Some((deadline, session)) =
            self.sessions.as_mut().and_then(|sessions| sessions.first_expired(now))
        {
            if swept.keys >= budget {
                swept.more = true;
                return;
            }
            self.end_session(session, Departure::Expired, now, &mut |entry| {
                tell(entry.key(), Lapse::Key);
                swept.expired(&entry, now - deadline);
                garbage.push(entry);
            });
            swept.sessions += 1;
        }
    }

    fn session_over(&self, key: &[u8], now: UnixMillis) -> Option<u64> {
        let sessions = self.sessions.as_ref()?;
        let session = sessions.of_key(key);
        sessions.deadline(session).filter(|deadline| *deadline <= now).map(|_| session)
    }

    fn end_session(&mut self, session: u64, why: Departure, now: UnixMillis, take: &mut dyn FnMut(Entry)) {
        let Some(sessions) = &mut self.sessions else { return };
        let hasher = sessions.hasher();
        for hash in sessions.take(session) {
            let removed = self.let_go(hash, why, now, |entry| hasher.session(entry.key()) == session);
            removed.into_iter().for_each(&mut *take);
        }
    }
}
