//! Room for what commands write.

use crate::command::ReplyError;
use crate::command::context::Effects;
use crate::command::context::Garbage;
use crate::command::error;
use crate::command::spec::Flags;
use crate::engine::Call;
use crate::engine::Engine;
use crate::engine::Session;
use crate::store::Store;
use crate::store::registry::LimitReached;
use crate::telemetry::Event;
use crate::telemetry::events::store::StoreWriteRefused;
use crate::telemetry::nanoseconds;

impl Engine {
    /// Makes room for a command that needs some, before any lock is taken for it. What had to go; an error where nothing
    /// more may go.
    pub fn room(&self, call: &Call<'_>, session: &Session) -> Result<Effects, ReplyError> {
        if !call.command.spec.flags.has(Flags::DENYOOM) {
            return Ok(Effects::default());
        }
        // One that has been dropped is told of when the command runs: in a transaction another may be selected by then.
        let Some(store) = self.registry.selected(session.selected()) else { return Ok(Effects::default()) };
        let (effects, reached) = self.make_room(store, call.args.bytes() as u64, session);
        match reached {
            None => Ok(effects),
            Some(LimitReached { reason, used_bytes, limit_bytes }) => {
                StoreWriteRefused { store: &store.name(), reason, used_bytes, limit_bytes }.emit();
                Err(error::OUT_OF_MEMORY)
            }
        }
    }

    /// Makes room for what a script may write. What had to go, and whether the store that its client has selected is at
    /// its memory limit, or the node is, and nothing more may go.
    pub fn room_for_script(&self, call: &Call<'_>, session: &Session) -> (Effects, bool) {
        let Some(store) = self.registry.selected(session.selected()) else {
            return (Effects::default(), false);
        };
        let (effects, reached) = self.make_room(store, call.args.bytes() as u64, session);
        (effects, reached.is_some())
    }

    fn make_room(&self, store: &Store, wanted: u64, session: &Session) -> (Effects, Option<LimitReached>) {
        let (freed, reached) = self.evictor.make_room(store, wanted, session.now());
        let Some(freed) = freed else { return (Effects::default(), reached) };
        if !freed.garbage.is_empty() {
            self.disposal.discard(Garbage::of_values(freed.garbage));
        }
        if freed.keys > 0 {
            self.observation.latency.sample("eviction-cycle", nanoseconds(freed.took));
        }
        let evicted = u32::try_from(freed.keys).unwrap_or(u32::MAX);
        (Effects { evicted, evicted_bytes: freed.bytes, ..Effects::default() }, reached)
    }
}
