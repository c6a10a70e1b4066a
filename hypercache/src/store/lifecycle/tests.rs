use std::time::Duration;

use super::*;
use crate::config::Config;
use crate::config::Eviction;
use crate::keyspace::key::HashSeed;
use crate::value::string::Str;

fn registry() -> Registry {
    let config = Config::default();
    let cache = config::Cache { shards: 4, ..config.cache };
    Registry::new(&config.stores, &cache, HashSeed(7))
}

fn make(registry: &Registry, name: &str) -> Result<usize, Refusal> {
    registry.create(config::Store::named(name.to_owned()), |_, _| {})
}

fn write(store: &Store, key: &str) {
    let hashed = store.keyspace().hashed(key.as_bytes());
    let mut shard = store.keyspace().lock(store.keyspace().shard_of(hashed.hash));
    shard.set(hashed, Str::Growing(b"1".to_vec()).into(), None, 1);
}

#[test]
fn stores_come_and_go_and_slots_are_used_again() {
    let registry = registry();
    assert_eq!(make(&registry, "a"), Ok(1));
    assert_eq!(make(&registry, "b"), Ok(2));
    assert_eq!(make(&registry, "a"), Err(Refusal::Taken));
    let selected = registry.get(1).unwrap().selected();
    write(registry.get(1).unwrap(), "k");
    let dropped = registry.remove(b"a", |store| assert!(!store.is_live())).unwrap();
    assert_eq!((dropped.index, dropped.census.keys), (1, 1));
    assert_eq!(dropped.shards.iter().map(Shard::len).sum::<usize>(), 1);
    assert!(registry.get(1).is_none() && registry.find(b"a").is_none() && registry.find(b"1").is_none());
    assert!(registry.selected(selected).is_none());
    let mut named = None;
    let rules = config::Store { max_memory: 1 << 20, ..config::Store::named("c".to_owned()) };
    let index = registry.create(rules, |index, name| named = Some((index, name.to_owned())));
    assert_eq!((index, named), (Ok(1), Some((1, "c".to_owned()))));
    let store = registry.find(b"c").unwrap();
    assert_eq!((store.census().keys, store.limit_bytes()), (0, 1 << 20));
    assert!(registry.selected(selected).is_none(), "who had selected the first is not in the second");
    let names: Vec<_> = registry.all().map(Store::name).collect();
    assert_eq!((names, registry.count()), (vec!["default".to_owned(), "c".to_owned(), "b".to_owned()], 3));
    assert_eq!(registry.remove(b"0", |_| {}).unwrap_err(), Refusal::Default);
    assert_eq!(registry.remove(b"a", |_| {}).unwrap_err(), Refusal::Unknown);
}

#[test]
fn there_are_no_more_stores_than_slots() {
    let registry = registry();
    for index in 1..config::STORES_MAX {
        assert_eq!(make(&registry, &format!("s{index}")), Ok(index));
    }
    assert_eq!(make(&registry, "more"), Err(Refusal::Full));
    registry.remove(b"s40", |_| {}).unwrap();
    assert_eq!(make(&registry, "more"), Ok(40));
    assert_eq!(registry.all().count(), config::STORES_MAX);
}

#[test]
fn rules_change_and_what_moves_keys_needs_an_empty_store() {
    let registry = registry();
    make(&registry, "a").unwrap();
    let store = registry.get(1).unwrap();
    write(store, "k");
    let (layout, epoch) = (store.layout(), registry.epoch());
    let altered = registry.alter(b"a", |rules| {
        rules.default_ttl = Duration::from_secs(5);
        rules.eviction = Eviction::Lru;
        rules.name = "b".to_owned();
    });
    let Altered { index, before, after } = altered.unwrap();
    assert_eq!((index, before.eviction, after.eviction), (1, Eviction::None, Eviction::Lru));
    assert_eq!((store.name(), store.eviction()), ("a".to_owned(), Eviction::Lru));
    assert_eq!(store.default_ttl(), Some(Duration::from_secs(5)));
    assert_eq!((store.layout(), registry.epoch()), (layout, epoch), "no key has moved");

    let by_session = |rules: &mut config::Store| rules.eviction = Eviction::Session;
    assert!(matches!(registry.alter(b"1", by_session), Err(Refusal::InUse)));
    assert_eq!(store.eviction(), Eviction::Lru);
    drop(registry.remove(b"a", |_| {}).unwrap());
    make(&registry, "a").unwrap();
    store.keyspace().lock(0).waits().add(9, 1);
    assert!(matches!(registry.alter(b"1", by_session), Err(Refusal::InUse)));
    store.keyspace().lock(0).waits().remove(9, 1);
    let (layout, epoch) = (store.layout(), registry.epoch());
    registry.alter(b"1", by_session).unwrap();
    assert!(store.keyspace().by_session() && store.layout() > layout && registry.epoch() > epoch);
    let invalid = registry.alter(b"1", |rules| rules.max_memory = 1);
    assert_eq!(
        invalid.unwrap_err(),
        Refusal::Invalid("max_memory: is 1, must be 0 or 64KB to 1024TB".to_owned())
    );
}

#[test]
fn names_and_limits_are_those_of_the_configuration() {
    let registry = registry();
    for name in ["", "7", "a b", &"x".repeat(65), "ä"] {
        assert!(matches!(make(&registry, name), Err(Refusal::Invalid(_))), "{name:?}");
    }
    assert_eq!(make(&registry, &"x".repeat(64)), Ok(1));
}
