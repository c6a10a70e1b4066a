//! Work on a shard that nobody waits for: it must not make an I/O thread wait for a script that does not end.

use std::sync::Arc;

use crate::keyspace::shard::Shard;
use crate::store::Registry;

/// Works on a shard under its lock: now, or, where a script that runs for too long may hold it, when that has ended.
pub fn later(
    registry: &Arc<Registry>,
    store: usize,
    shard: usize,
    work: impl FnOnce(&mut Shard) + Send + 'static,
) {
    let Some(found) = registry.slot(store) else { return };
    match registry.script_gate().lock(found.keyspace(), shard, false) {
        Ok(mut locked) => work(&mut locked),
        Err(_) => {
            let again = Arc::clone(registry);
            registry.script_gate().defer(Box::new(move || {
                if let Some(found) = again.slot(store) {
                    work(&mut found.keyspace().lock(shard));
                }
            }));
        }
    }
}
