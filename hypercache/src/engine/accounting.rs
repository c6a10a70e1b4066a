//! Where the process's memory goes: what each part holds, against what the allocator has given out.

use std::sync::Arc;
use std::sync::OnceLock;

use crate::engine::Herald;
use crate::engine::client::Clients;
use crate::engine::pubsub::Broker;
use crate::store::Registry;
use crate::telemetry::Telemetry;
use crate::telemetry::process;

/// A part of the program that holds memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Keys and values with their entries.
    Data,
    /// The tables that find them, and what is remembered of keys beside them.
    Tables,
    /// Connections, what they have sent and what they have not taken.
    Clients,
    /// Scripts, functions, and the state of Lua.
    Scripts,
    /// What clients with a cache of their own have read.
    Tracking,
    /// Names that somebody has subscribed to.
    Pubsub,
    /// Queues, and the sums of each thread.
    Telemetry,
    /// All else that was there when the node had started, such as the buffers of its threads.
    Program,
}

impl Area {
    /// All areas, in the order they are told in.
    pub const ALL: [Self; 8] = [
        Self::Data,
        Self::Tables,
        Self::Clients,
        Self::Scripts,
        Self::Tracking,
        Self::Pubsub,
        Self::Telemetry,
        Self::Program,
    ];

    /// The word for labels and fields.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Tables => "tables",
            Self::Clients => "clients",
            Self::Scripts => "scripts",
            Self::Tracking => "tracking",
            Self::Pubsub => "pubsub",
            Self::Telemetry => "telemetry",
            Self::Program => "program",
        }
    }
}

/// The word for what the allocator has given out and no area explains.
pub const UNEXPLAINED: &str = "unexplained";

/// The areas as they were at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    bytes: [u64; Area::ALL.len()],
    /// Bytes that the allocator has given out; none: it does not tell.
    pub allocated: Option<u64>,
}

impl Areas {
    /// Bytes of an area.
    pub fn of(&self, area: Area) -> u64 {
        self.bytes[area as usize]
    }

    /// Bytes of all areas together.
    pub fn explained(&self) -> u64 {
        self.bytes.iter().sum()
    }

    /// Bytes that no area explains; 0 where the areas come to more than the allocator has given out.
    pub fn unexplained(&self) -> u64 {
        self.allocated.map_or(0, |allocated| allocated.saturating_sub(self.explained()))
    }

    /// Each area by its word, and what none of them explains.
    pub fn by_word(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let Self { bytes, .. } = *self;
        let areas = Area::ALL.into_iter().zip(bytes).map(|(area, bytes)| (area.word(), bytes));
        areas.chain([(UNEXPLAINED, self.unexplained())])
    }
}

/// Bytes of a part that this layer does not know.
type Source = Box<dyn Fn() -> u64 + Send + Sync>;

/// Knows whom to ask.
pub struct Accounting {
    registry: Arc<Registry>,
    clients: Arc<Clients>,
    herald: Arc<Herald>,
    broker: Arc<Broker>,
    telemetry: Telemetry,
    scripts: Source,
    program: OnceLock<u64>,
}

impl Accounting {
    /// Asks these; `scripts` tells the bytes of what is above this layer.
    pub fn new(
        registry: Arc<Registry>,
        clients: Arc<Clients>,
        herald: Arc<Herald>,
        broker: Arc<Broker>,
        telemetry: Telemetry,
        scripts: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        let (scripts, program) = (Box::new(scripts), OnceLock::new());
        Self { registry, clients, herald, broker, telemetry, scripts, program }
    }

    /// Takes what nobody explains now for the program's own; only the first call counts.
    pub fn settle(&self) {
        if self.program.get().is_none() {
            let now = self.read();
            self.program.get_or_init(|| now.unexplained());
        }
    }

    /// The areas now. Takes time in proportion to the numbers of shards and threads, and no lock that a command waits for
    /// long.
    pub fn read(&self) -> Areas {
        let entries = self.registry.all().map(|store| store.census().bytes as u64).sum();
        let keyspaces = self.registry.all().map(|store| store.keyspace());
        let tables =
            keyspaces.map(|keyspace| (keyspace.all_table_bytes() + keyspace.recall_bytes()) as u64).sum();
        let bytes = Area::ALL.map(|area| match area {
            Area::Data => entries,
            Area::Tables => tables,
            Area::Clients => self.clients.pool().held_bytes() as u64,
            Area::Scripts => (self.scripts)(),
            Area::Tracking => self.herald.tracking().held_bytes() as u64,
            Area::Pubsub => self.broker.held_bytes() as u64,
            Area::Telemetry => self.telemetry.held_bytes() as u64,
            Area::Program => self.program.get().copied().unwrap_or(0),
        });
        let allocated = process::allocator_bytes().into_iter().find(|(state, _)| *state == "allocated");
        Areas { bytes, allocated: allocated.map(|(_, bytes)| bytes) }
    }
}

impl std::fmt::Debug for Accounting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounting").field("program", &self.program).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_area_explains_is_told_and_never_below_nothing() {
        let areas = |allocated| Areas { bytes: [10, 2, 0, 0, 0, 0, 0, 8], allocated };
        assert_eq!((areas(Some(25)).explained(), areas(Some(25)).unexplained()), (20, 5));
        assert_eq!((areas(Some(15)).unexplained(), areas(None).unexplained()), (0, 0));
        let told: Vec<_> = areas(Some(25)).by_word().filter(|(_, bytes)| *bytes > 0).collect();
        assert_eq!(told, [("data", 10), ("tables", 2), ("program", 8), (UNEXPLAINED, 5)]);
        assert_eq!(areas(Some(25)).of(Area::Program), 8);
    }
}
