//! What the meters hold in memory: cells are made when they are first counted in.

use std::mem::size_of_val;

use crate::telemetry::meters::Meters;
use crate::telemetry::meters::Shard;
use crate::telemetry::meters::cells::CommandCells;
use crate::telemetry::meters::cells::StoreCells;

impl Meters {
    /// Bytes of the cells of all threads.
    pub fn held_bytes(&self) -> usize {
        self.all().iter().map(|shard| of_thread(shard)).sum()
    }
}

fn of_thread(shard: &Shard) -> usize {
    let errors = shard.errors.iter().filter_map(|cell| cell.get()).map(|errors| size_of_val(&**errors));
    let stores = shard.stores.iter().map(of_store);
    size_of_val(shard)
        + size_of_val(&*shard.errors)
        + size_of_val(&*shard.slow)
        + size_of_val(&*shard.refused)
        + errors.sum::<usize>()
        + stores.sum::<usize>()
}

fn of_store(store: &StoreCells) -> usize {
    let commands = store.commands.get().map_or(0, |commands| {
        let made = commands.iter().filter_map(|cell| cell.get()).map(|cells| of_command(cells));
        size_of_val(&**commands) + made.sum::<usize>()
    });
    size_of_val(store) + commands
}

fn of_command(cells: &CommandCells) -> usize {
    size_of_val(cells) + cells.failed.get().map_or(0, |failed| size_of_val(&**failed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::meters::CommandSample;

    #[test]
    fn cells_count_when_they_are_made() {
        let meters = Meters::new(vec!["GET".to_owned()], vec!["default".to_owned()]);
        assert_eq!(meters.held_bytes(), 0, "no thread has counted");
        let sample = CommandSample { command: 0, store: 0, failed: false, service_ns: 1, execution_ns: 1 };
        meters.command(sample);
        let one = meters.held_bytes();
        meters.command(sample);
        assert_eq!(meters.held_bytes(), one);
        meters.command(CommandSample { failed: true, ..sample });
        assert!(one > 0 && meters.held_bytes() > one);
    }
}
