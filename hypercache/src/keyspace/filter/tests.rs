use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::keyspace::Keyspace;
use crate::keyspace::departure::Departure;
use crate::keyspace::key::HashSeed;
use crate::keyspace::setup::Setup;
use crate::value::string::Str;

const SEED: HashSeed = HashSeed(11);

fn keyspace(shards: usize, rate: Option<f64>) -> Keyspace {
    Keyspace::new(shards, Setup { filter: rate, ..Setup::plain(SEED) })
}

fn name(number: u32) -> Vec<u8> {
    format!("key:{number}").into_bytes()
}

fn set(keyspace: &Keyspace, numbers: std::ops::Range<u32>, deadline: Option<u64>) {
    for number in numbers {
        let name = name(number);
        let key = keyspace.hashed(&name);
        keyspace.lock(keyspace.shard_of(key.hash)).set(key, Str::new(b"v").into(), deadline, 0);
    }
}

fn remove(keyspace: &Keyspace, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let name = name(number);
        let key = keyspace.hashed(&name);
        keyspace.lock(keyspace.shard_of(key.hash)).remove(key, Departure::Evicted);
    }
}

fn found(keyspace: &Keyspace, number: u32) -> bool {
    let name = name(number);
    let key = keyspace.hashed(&name);
    keyspace.lock(keyspace.shard_of(key.hash)).seek(key).is_some()
}

/// Gives a keyspace filters of another rate, as a store's new rules do.
fn refilter(keyspace: &Keyspace, rate: Option<f64>) {
    let mut shards: Vec<_> = (0..keyspace.shards()).map(|shard| keyspace.lock(shard)).collect();
    keyspace.reconfigure(Setup { filter: rate, ..keyspace.setup() }, &mut shards).unwrap();
}

fn build(keyspace: &Keyspace) {
    (0..keyspace.shards()).for_each(|shard| while keyspace.build_filter(shard, 3) {});
}

#[test]
fn a_width_keeps_its_rate_and_no_narrower_one_does() {
    let bits = |rate| Width::of_rate(rate).bits();
    assert_eq!([0.1, 0.0314, 0.01, 0.005, 0.0019, 0.001].map(bits), [8, 8, 10, 12, 14, 14]);
    for rate in [0.1, 0.03, 0.01, 0.003, 0.001] {
        assert!(Width::of_rate(rate).full_rate() <= rate);
    }
    assert_eq!(bits(1e-9), 14, "there is none wider");
}

#[test]
fn lanes_hold_what_is_written() {
    for rate in [0.1, 0.01, 0.005, 0.001] {
        let width = Width::of_rate(rate);
        let bucket = (0..4).fold(0, |bucket, lane| width.with_lane(bucket, lane, u64::from(lane) + 1));
        assert_eq!([0, 1, 2, 3].map(|lane| width.lane(bucket, lane)), [1, 2, 3, 4]);
        assert_eq!(
            [1, 2, 3, 4, 5].map(|value| width.lane_of(bucket, value)),
            [Some(0), Some(1), Some(2), Some(3), None]
        );
        assert_eq!(width.lane_of(width.with_lane(bucket, 2, 0), 0), Some(2));
        assert_eq!(bucket & !width.mask(), 0);
    }
}

#[test]
fn the_measured_rate_is_near_the_expected_one_and_below_the_wanted_one() {
    for rate in [0.1, 0.01, 0.001] {
        let keyspace = keyspace(4, Some(rate));
        set(&keyspace, 0..40_000, None);
        let absent = (1_000_000..1_300_000).filter(|number| found(&keyspace, *number)).count();
        assert_eq!(absent, 0);
        (0..1000).for_each(|number| assert!(found(&keyspace, number)));
        let standing = keyspace.filter_standing().unwrap();
        assert_eq!((standing.items, standing.tally.true_positives), (40_000, 1000));
        assert_eq!(standing.tally.negatives + standing.tally.false_positives, 300_000);
        let (measured, expected) = (standing.measured_rate().unwrap(), standing.expected_rate);
        assert!(expected < rate && measured < rate, "{standing:?}");
        assert!((measured / expected - 1.0).abs() < 0.25, "{measured} is not {expected}");
        assert_eq!(standing.covered, 1.0);
        assert!(standing.tally.splits > 50 && standing.tally.kicks > 0, "{standing:?}");
        assert!(standing.items * 2 > standing.slots, "{standing:?}");
    }
}

#[test]
fn memory_goes_with_the_keys() {
    let keyspace = keyspace(2, Some(0.01));
    set(&keyspace, 0..50_000, None);
    let full = keyspace.filter_standing().unwrap();
    remove(&keyspace, 100..50_000);
    let sparse = keyspace.filter_standing().unwrap();
    assert_eq!(sparse.items, 100);
    assert!(sparse.bytes < full.bytes / 15, "{} of {}", sparse.bytes, full.bytes);
    assert!(sparse.tally.joins > 20, "{sparse:?}");
    let counted: usize = (0..2).map(|shard| keyspace.table_bytes(shard)).sum();
    assert!(counted as u64 > sparse.bytes, "the shard's overhead has the filter in it");
}

#[test]
fn keys_that_collide_are_not_answered_for_and_nobody_splits_for_ever() {
    let table = Table::new(SEED, 0);
    let (mut filter, mut tally) = (Filter::new(Width::of_rate(0.01), 0, 0), Tally::default());
    // Nine keys with one hash do not fit two buckets of four.
    (0..9).for_each(|_| filter.insert(5, &table, &mut tally));
    assert_eq!((filter.answer(5), filter.answer(6)), (None, None));
    assert_eq!((filter.segments.len(), filter.sums.overflown, tally.splits), (1, 1, 0));
    (0..9).for_each(|_| filter.remove(5, &table, &mut tally));
    assert_eq!(filter.sums.items, 0);
}

#[test]
fn a_filter_is_built_while_keys_come_and_go() {
    for (before, after) in [(None, Some(0.01)), (Some(0.1), Some(0.001))] {
        let keyspace = keyspace(4, before);
        set(&keyspace, 0..20_000, None);
        refilter(&keyspace, after);
        assert!((0..4).all(|shard| keyspace.is_filter_unbuilt(shard)));
        let standing = keyspace.filter_standing().unwrap();
        assert_eq!((standing.items, standing.covered, standing.measured_rate()), (0, 0.0, None));
        for step in 0..10 {
            (0..4).for_each(|shard| _ = keyspace.build_filter(shard, 2));
            set(&keyspace, 20_000 + step * 4000..24_000 + step * 4000, None);
            remove(&keyspace, step * 500..step * 500 + 500);
            assert!(
                (step * 500 + 500..24_000 + step * 4000).step_by(7).all(|number| found(&keyspace, number))
            );
        }
        build(&keyspace);
        let standing = keyspace.filter_standing().unwrap();
        assert_eq!((standing.items, standing.covered, standing.unbuilt), (55_000, 1.0, 0));
        assert!(standing.tally.built > 0);
        assert!(!found(&keyspace, 0) && found(&keyspace, 5000));
        assert_eq!(keyspace.filter_rate(), after);
        refilter(&keyspace, None);
        assert_eq!(keyspace.filter_standing(), None);
        assert!(found(&keyspace, 5000));
    }
}

#[test]
fn a_rate_that_takes_the_same_fingerprints_changes_nothing() {
    let keyspace = keyspace(1, Some(0.01));
    set(&keyspace, 0..5000, None);
    refilter(&keyspace, Some(0.0099));
    let standing = keyspace.filter_standing().unwrap();
    assert_eq!((standing.items, standing.unbuilt, standing.wanted_rate), (5000, 0, 0.0099));
}

#[derive(Debug, Clone)]
enum Step {
    Set(bool, u32, u32),
    SetExpiring(u32, u32, u64),
    Remove(bool, u32, u32),
    Sweep(u64),
    Take(bool),
    Exchange,
    Filter(bool, Option<f64>),
    Build(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (number, count) = (|| 0..4000_u32, || 1..1500_u32);
    let rate = prop::option::of(prop::sample::select(vec![0.1, 0.01, 0.001]));
    prop_oneof![
        4 => (any::<bool>(), number(), count()).prop_map(|(second, from, count)| Step::Set(second, from, count)),
        2 => (number(), count(), 1..100_u64).prop_map(|(from, count, at)| Step::SetExpiring(from, count, at)),
        4 => (any::<bool>(), number(), count()).prop_map(|(second, from, count)| Step::Remove(second, from, count)),
        1 => (1..100_u64).prop_map(Step::Sweep),
        1 => any::<bool>().prop_map(Step::Take),
        2 => Just(Step::Exchange),
        2 => (any::<bool>(), rate).prop_map(|(second, rate)| Step::Filter(second, rate)),
        3 => (1..20_usize).prop_map(Step::Build),
    ]
}

/// Two keyspaces, and which keys each must have.
struct World {
    keyspaces: [Keyspace; 2],
    models: [BTreeSet<u32>; 2],
    now: u64,
    deadlines: [std::collections::BTreeMap<u32, u64>; 2],
}

impl World {
    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Set(second, from, count) => self.set(second.into(), from..from + count, None),
            Step::SetExpiring(from, count, after) => self.set(0, from..from + count, Some(self.now + after)),
            Step::Remove(second, from, count) => {
                remove(&self.keyspaces[usize::from(second)], from..from + count);
                for number in from..from + count {
                    self.models[usize::from(second)].remove(&number);
                    self.deadlines[usize::from(second)].remove(&number);
                }
            }
            Step::Sweep(after) => self.sweep(after),
            Step::Take(second) => {
                let keyspace = &self.keyspaces[usize::from(second)];
                (0..keyspace.shards()).for_each(|shard| {
                    keyspace.lock(shard).take(keyspace.empty_shard());
                });
                self.models[usize::from(second)].clear();
                self.deadlines[usize::from(second)].clear();
            }
            Step::Exchange => {
                let [left, right] = &self.keyspaces;
                (0..left.shards()).for_each(|shard| left.lock(shard).exchange(&mut right.lock(shard), 0));
                self.models.swap(0, 1);
                self.deadlines.swap(0, 1);
            }
            Step::Filter(second, rate) => refilter(&self.keyspaces[usize::from(second)], rate),
            Step::Build(segments) => {
                for keyspace in &self.keyspaces {
                    (0..keyspace.shards()).for_each(|shard| _ = keyspace.build_filter(shard, segments));
                }
            }
        }
    }

    fn set(&mut self, at: usize, numbers: std::ops::Range<u32>, deadline: Option<u64>) {
        set(&self.keyspaces[at], numbers.clone(), deadline);
        for number in numbers {
            self.models[at].insert(number);
            match deadline {
                Some(deadline) => self.deadlines[at].insert(number, deadline),
                None => self.deadlines[at].remove(&number),
            };
        }
    }

    fn sweep(&mut self, after: u64) {
        self.now += after;
        for at in 0..2 {
            let keyspace = &self.keyspaces[at];
            (0..keyspace.shards()).for_each(|shard| _ = keyspace.lock(shard).sweep(self.now, u64::MAX));
            self.deadlines[at].retain(|number, deadline| {
                let is_due = *deadline <= self.now;
                if is_due {
                    self.models[at].remove(number);
                }
                !is_due
            });
        }
    }

    fn check(&self) {
        for (keyspace, model) in self.keyspaces.iter().zip(&self.models) {
            assert_eq!(keyspace.census().keys, model.len());
            for number in 0..5500 {
                assert_eq!(found(keyspace, number), model.contains(&number), "{number}");
            }
            if let Some(standing) = keyspace.filter_standing().filter(|standing| standing.unbuilt == 0) {
                assert_eq!(standing.items, model.len() as u64);
                assert_eq!((standing.covered, standing.overflown), (1.0, 0));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn never_a_false_no(steps in prop::collection::vec(step(), 1..14)) {
        let mut world = World {
            keyspaces: [keyspace(2, Some(0.01)), keyspace(2, None)],
            models: Default::default(),
            now: 0,
            deadlines: Default::default(),
        };
        for step in &steps {
            world.apply(step);
            world.check();
        }
        world.keyspaces.iter().for_each(build);
        world.check();
        for keyspace in &world.keyspaces {
            prop_assert!(keyspace.filter_standing().is_none_or(|standing| standing.is_built()));
        }
    }
}
