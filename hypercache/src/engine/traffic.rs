//! Draws the sample of accesses that hot keys are found in.

use std::cell::Cell;

use rand::RngExt;

use crate::engine::Call;
use crate::store::Store;

/// One of so many commands is looked at, on average.
const INTERVAL: u64 = 64;

thread_local! {
    /// Commands until the next that is looked at.
    static LEFT: Cell<u64> = const { Cell::new(1) };
}

/// Whether this command is one that is looked at: by chance, so that no rhythm of commands hides a key.
#[inline]
pub(super) fn is_due() -> bool {
    let left = LEFT.get() - 1;
    if left > 0 {
        LEFT.set(left);
        return false;
    }
    LEFT.set(rand::rng().random_range(1..2 * INTERVAL));
    true
}

/// Counts a command that has moved so many bytes for the keys that it names: one of them stands for all.
#[cold]
pub(super) fn note(store: &Store, call: &Call<'_>, reply_bytes: usize) {
    let positions = || call.command.spec.keys.positions(call.args);
    let count = positions().count();
    if count == 0 {
        return;
    }
    let chosen = if count == 1 { 0 } else { rand::rng().random_range(0..count) };
    if let Some(key) = positions().nth(chosen).and_then(|at| call.args.get(at)) {
        let bytes = (call.args.extent() + reply_bytes) as u64;
        store.traffic().add(key, INTERVAL * count as u64, INTERVAL * bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::command::table::table;
    use crate::config::Config;
    use crate::keyspace::key::HashSeed;
    use crate::resp::OwnedArgs;
    use crate::store::Registry;
    use crate::store::traffic::Measure;

    #[test]
    fn one_of_so_many_is_due_on_average() {
        let due = (0..640_000).filter(|_| is_due()).count();
        assert!((9_000..11_000).contains(&due), "{due}");
    }

    #[test]
    fn a_key_stands_for_all_that_a_command_names() {
        let config = Config::default();
        let registry = Registry::new(&config.stores, &config.cache, HashSeed(5));
        let store = registry.get(0).unwrap();
        let note = |line: &str| {
            let args = OwnedArgs::new(line.split(' '));
            let command = table().resolve(args.view());
            note(store, &Call { command, args: args.view(), received: Instant::now(), position: 0 }, 100);
        };
        note("PING");
        note("MGET a b c");
        (0..30).for_each(|_| note("GET hot"));
        let top = store.traffic().top(Measure::Count, 9);
        assert_eq!((top.total, top.keys.len(), top.keys[0].count), (33 * 64, 2, 30 * 64));
        assert!(store.traffic().top(Measure::Bytes, 1).keys[0].count > 30 * 64 * 100);
    }
}
