//! Chooses elements of a collection by chance, the same on every replica: numbers, for elements that have an order of
//! their own.

use hashbrown::HashMap;

use crate::command::Context;
use crate::command::ReplyError;
use crate::command::args::integer;

/// Elements that may be asked for with repetition, of which the collection's size is no limit: more would fill the memory
/// with one reply.
const REPEATED_MAX: i64 = 1 << 24;

const OUT_OF_RANGE: ReplyError = ReplyError::err("value is out of range");

/// How many elements an argument asks for: different ones, or as many as a negative number says with repetition.
pub fn count(argument: &[u8]) -> Result<i64, ReplyError> {
    let count = integer(argument)?;
    if count == i64::MIN {
        let (least, most) = (-i64::MAX, i64::MAX);
        return Err(ReplyError::text(format!(
            "value is out of range, value must between {least} and {most}"
        )));
    }
    if count < -REPEATED_MAX { Err(OUT_OF_RANGE) } else { Ok(count) }
}

/// As `count`, for elements with something beside each, of which there may be half as many.
pub fn count_of_pairs(argument: &[u8]) -> Result<i64, ReplyError> {
    let count = count(argument)?;
    if count > i64::MAX / 2 { Err(OUT_OF_RANGE) } else { Ok(count) }
}

/// Numbers below `len`, as `count` asks for them: all where there are not more, none where there are none.
pub fn numbers(cx: &mut Context<'_>, len: usize, count: i64) -> Vec<usize> {
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if len == 0 {
        return Vec::new();
    }
    if count < 0 {
        return (0..wanted).map(|_| number(cx, len)).collect();
    }
    if wanted >= len {
        return (0..len).collect();
    }
    // The beginning of a shuffle (Fisher and Yates, Durstenfeld 1964) that remembers only the numbers it has moved.
    let mut moved = HashMap::new();
    let mut chosen = Vec::with_capacity(wanted);
    for at in 0..wanted {
        let other = at + number(cx, len - at);
        let here = moved.remove(&at).unwrap_or(at);
        if other == at {
            chosen.push(here);
        } else {
            chosen.push(moved.insert(other, here).unwrap_or(other));
        }
    }
    chosen
}

/// A number below `len`, which is not 0.
pub fn number(cx: &mut Context<'_>, len: usize) -> usize {
    (cx.random() % len as u64) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::command::context::Stamp;
    use crate::config::Config;
    use crate::keyspace::key::HashSeed;
    use crate::store::Registry;

    fn with_context(test: impl FnOnce(&mut Context<'_>)) {
        let config = Config::default();
        let registry = Registry::new(&config.stores, &config.cache, HashSeed(1));
        let stamp = Stamp { now: 1, seed: 5 };
        test(&mut Context::lock(stamp, &registry, registry.get(0).unwrap(), std::iter::empty()).unwrap());
    }

    #[test]
    fn numbers_are_different_or_repeated_and_every_one_comes() {
        with_context(|cx| {
            assert!(numbers(cx, 0, 5).is_empty());
            assert!(numbers(cx, 0, -5).is_empty());
            assert!(numbers(cx, 3, 0).is_empty());
            assert_eq!(numbers(cx, 3, 3), [0, 1, 2]);
            assert_eq!(numbers(cx, 3, i64::MAX), [0, 1, 2]);
            let mut seen = BTreeSet::new();
            for _ in 0..200 {
                let chosen = numbers(cx, 10, 4);
                assert!(chosen.iter().all(|number| *number < 10));
                assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 4, "{chosen:?}");
                seen.extend(chosen.into_iter().enumerate());
            }
            assert_eq!(seen.len(), 40, "each number comes at each place");
            let repeated = numbers(cx, 3, -100);
            assert_eq!((repeated.len(), repeated.iter().max()), (100, Some(&2)));
        });
    }
}
