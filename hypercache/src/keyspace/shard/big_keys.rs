//! What a shard tells of its biggest keys.

use crate::keyspace::entry::Entry;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::shard::Shard;

impl Shard {
    /// Visits the biggest keys of a type, by its place among `TYPE_NAMES`, in no order and as they are at `now`.
    pub fn visit_biggest<'a>(&'a self, kind: usize, now: UnixMillis, mut visit: impl FnMut(&'a Entry)) {
        for hash in self.biggest.hashes(kind) {
            let wanted = |entry: &Entry| entry.value().type_index() == kind && !self.expired(entry, now);
            if let Some(entry) = self.table.find_by(hash, wanted) {
                visit(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::biggest::BYTES_MIN;
    use crate::keyspace::entry::Given;
    use crate::keyspace::key::HashSeed;
    use crate::keyspace::key::HashedKey;
    use crate::keyspace::setup::Setup;
    use crate::value::string::Str;

    #[test]
    fn a_key_whose_time_or_whose_sessions_time_is_over_is_not_told() {
        for by_session in [false, true] {
            let setup = Setup { by_session, ..Setup::plain(HashSeed(3)) };
            let mut shard = Shard::new(setup, 0);
            let key = HashedKey { bytes: b"u1:cart", hash: setup.hasher(0).hash(b"u1:cart") };
            let value = Given::Value(Str::Growing(vec![b'x'; BYTES_MIN]).into());
            shard.set(key, value, Some(2000), 1000);
            let told = |now| {
                let mut count = 0;
                shard.visit_biggest(0, now, |_| count += 1);
                count
            };
            assert_eq!((told(1999), told(2000)), (1, 0), "by session: {by_session}");
        }
    }
}
