//! Which store has which index, and from where on what is counted there is its own.

use crate::config::STORES_MAX;
use crate::telemetry::meters::totals::Base;
use std::sync::Arc;

/// The stores by index.
#[derive(Debug)]
pub(super) struct Names(Vec<Slot>);

/// What is known of an index.
#[derive(Debug, Default)]
struct Slot {
    /// Of the store that has it, or of the last one that had.
    name: Arc<str>,
    present: bool,
    /// What had been counted when the store began.
    base: Base,
}

impl Names {
    /// The first stores.
    pub(super) fn new(names: Vec<String>) -> Self {
        let named =
            names.into_iter().map(|name| Slot { name: name.into(), present: true, base: Base::default() });
        let mut slots: Vec<Slot> = named.take(STORES_MAX).collect();
        slots.resize_with(STORES_MAX, Slot::default);
        Self(slots)
    }

    /// Gives an index to another store, or to none.
    pub(super) fn rename(&mut self, store: usize, name: Option<&str>, base: Base) {
        let Some(slot) = self.0.get_mut(store) else { return };
        slot.present = name.is_some();
        slot.base = base;
        if let Some(name) = name {
            slot.name = name.into();
        }
    }

    /// The names of the stores that there are.
    pub(super) fn present(&self) -> impl Iterator<Item = Arc<str>> {
        self.0.iter().filter(|slot| slot.present).map(|slot| Arc::clone(&slot.name))
    }

    /// The name of the store that has an index, or that had it last.
    pub(super) fn last(&self, store: usize) -> Arc<str> {
        self.0.get(store).map(|slot| Arc::clone(&slot.name)).unwrap_or_default()
    }

    /// The store that has an index: its name, and what had been counted there before.
    pub(super) fn get(&self, store: usize) -> Option<(&Arc<str>, &Base)> {
        self.0.get(store).filter(|slot| slot.present).map(|slot| (&slot.name, &slot.base))
    }
}
