//! Numbers for the names of users and clients, so that a fact about a key can say whose doing it was and stay a plain
//! record.
//!
//! One table of each kind serves the whole process. It is bounded: the oldest number gives way to a new name once there are
//! too many, and what it stood for is then no longer known. Numbers are never given twice.

use std::sync::Arc;
use std::sync::LazyLock;

use hashbrown::HashMap;
use parking_lot::Mutex;

/// Names that have a number at the most.
const NAMES_MAX: usize = 4096;
/// Longest name that is kept; of a longer one the beginning, with an ellipsis.
const NAME_BYTES_MAX: usize = 64;

/// Names of users.
pub static USERS: LazyLock<Names> = LazyLock::new(Names::default);
/// Names that clients have given themselves.
pub static CLIENTS: LazyLock<Names> = LazyLock::new(Names::default);

/// A table of names.
#[derive(Debug, Default)]
pub struct Names(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    by_name: HashMap<Arc<str>, u32>,
    /// At the place that the number tells, modulo `NAMES_MAX`.
    by_number: Vec<(u32, Arc<str>)>,
    last: u32,
}

impl Names {
    /// The number of a name, a new one where it has none. 0, which is nobody's, when there are no numbers left.
    pub fn number(&self, name: &str) -> u32 {
        let name = shortened(name);
        let mut table = self.0.lock();
        if let Some(number) = table.by_name.get(&*name) {
            return *number;
        }
        let Some(number) = table.last.checked_add(1) else { return 0 };
        table.last = number;
        let place = number as usize % NAMES_MAX;
        if table.by_number.len() <= place {
            table.by_number.resize_with(place + 1, || (0, Arc::from("")));
        }
        let (_, before) = std::mem::replace(&mut table.by_number[place], (number, Arc::clone(&name)));
        table.by_name.remove(&before);
        table.by_name.insert(name, number);
        number
    }

    /// The name of a number, unless it is none or was given up.
    pub fn name(&self, number: u32) -> Option<Arc<str>> {
        let table = self.0.lock();
        let (owner, name) = table.by_number.get(number as usize % NAMES_MAX)?;
        (*owner == number && number != 0).then(|| Arc::clone(name))
    }
}

fn shortened(name: &str) -> Arc<str> {
    if name.len() <= NAME_BYTES_MAX {
        return name.into();
    }
    let ellipsis = '…';
    let end = name.floor_char_boundary(NAME_BYTES_MAX - ellipsis.len_utf8());
    format!("{}{ellipsis}", &name[..end]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let names = Names::default();
        let (ada, bob) = (names.number("ada"), names.number("bob"));
        assert_ne!(ada, bob);
        assert_eq!((names.number("ada"), names.name(ada).as_deref()), (ada, Some("ada")));
        assert_eq!((names.name(0), names.name(99), names.name(u32::MAX)), (None, None, None));
    }

    #[test]
    fn however_many_and_long_names_are_little_is_kept() {
        let names = Names::default();
        let first = names.number("first");
        let long = "ä".repeat(1000);
        for count in 0..2 * NAMES_MAX {
            let number = names.number(&format!("{count}{long}"));
            let kept = names.name(number).unwrap();
            assert!(kept.len() <= NAME_BYTES_MAX && kept.ends_with("ä…"), "{kept}");
        }
        assert_eq!(names.name(first), None, "it has given way");
        let table = names.0.lock();
        assert_eq!((table.by_name.len(), table.by_number.len()), (NAMES_MAX, NAMES_MAX));
    }
}
