use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const SMALL: Limits = Limits { zset_listpack_entries: 6, zset_listpack_value: 5, ..Limits::DEFAULT };

fn zset(pairs: &[(&str, f64)], limits: &Limits) -> ZSet {
    let mut zset = ZSet::new(1);
    pairs.iter().for_each(|(member, score)| {
        zset.set(member.as_bytes(), *score, limits);
    });
    zset
}

fn members(pairs: impl Iterator<Item = Pair<'static>>) -> Vec<&'static [u8]> {
    pairs.map(|pair| pair.member).collect()
}

#[test]
fn encodings_change_at_the_limits_and_stay() {
    for (count, member, encoding) in [(6, "m", "listpack"), (7, "m", "skiplist"), (1, "longer", "skiplist")] {
        let mut zset = ZSet::new(1);
        (0..count).for_each(|number| {
            zset.set(
                format!("{member}{}", if count > 1 { number.to_string() } else { String::new() }).as_bytes(),
                1.0,
                &SMALL,
            );
        });
        assert_eq!(zset.encoding(), encoding, "{count} {member}");
        zset.remove(b"m0");
        assert_eq!(zset.encoding(), encoding, "{count} {member}");
    }
    let mut expecting = zset(&[("a", 1.0)], &SMALL);
    expecting.expect(6, 5, &SMALL);
    assert_eq!(expecting.encoding(), "listpack");
    expecting.expect(7, 0, &SMALL);
    assert_eq!((expecting.encoding(), expecting.score(b"a")), ("skiplist", Some(1.0)));
}

#[test]
fn infinite_and_equal_scores_have_their_order() {
    let scores =
        [("z", 0.0), ("a", -0.0), ("m", f64::INFINITY), ("n", f64::NEG_INFINITY), ("f", -1.5), ("t", 1e-300)];
    for limits in [SMALL, Limits { zset_listpack_entries: 0, ..SMALL }] {
        let zset: &'static ZSet = Box::leak(Box::new(zset(&scores, &limits)));
        assert_eq!(members(zset.iter()), [&b"n"[..], b"f", b"a", b"z", b"t", b"m"]);
        assert!(zset.score(b"a").is_some_and(|score| score.is_sign_positive()));
        assert_eq!(zset.score(b"n"), Some(f64::NEG_INFINITY));
        assert_eq!(zset.rank_by_score(|score| score < f64::INFINITY), 5);
    }
}

#[test]
fn small_ones_take_little_memory_and_large_ones_give_it_back() {
    let small = zset(&[("a", 1.0), ("b", 300.0), ("c", -70_000.0), ("d", 0.5)], &Limits::DEFAULT);
    assert!(small.heap_bytes() <= 26, "{}", small.heap_bytes());
    let mut large = ZSet::new(1);
    for number in 0..100_000_u32 {
        let member = number.wrapping_mul(0x9e37_79b1).to_string();
        large.set(member.as_bytes(), f64::from(number % 1000), &Limits::DEFAULT);
    }
    let each = large.heap_bytes() / large.len();
    assert!(each < 75, "{each}");
    large.remove_range(10..99_990);
    assert!(large.heap_bytes() < 4000, "{}", large.heap_bytes());
    assert_eq!(large.iter().count(), 20);
}

#[test]
fn growing_at_the_end_fills_the_tree() {
    let (mut rising, limits) = (ZSet::new(1), Limits { zset_listpack_entries: 0, ..SMALL });
    (0..10_000).for_each(|number: i32| {
        rising.set(number.to_string().as_bytes(), number.into(), &limits);
    });
    let mut falling = ZSet::new(1);
    (0..10_000).rev().for_each(|number: i32| {
        falling.set(number.to_string().as_bytes(), number.into(), &limits);
    });
    assert_eq!(rising, falling);
    assert!(rising.heap_bytes() < falling.heap_bytes());
}

type Model = Vec<(f64, Vec<u8>)>;

fn model_set(model: &mut Model, member: &[u8], score: f64) -> Option<f64> {
    let old = model.iter().position(|(_, other)| other == member).map(|at| model.remove(at).0);
    model.push((score + 0.0, member.to_vec()));
    model.sort_by(|left, right| left.0.total_cmp(&right.0).then_with(|| left.1.cmp(&right.1)));
    old
}

fn pairs(zset: &ZSet) -> Model {
    zset.iter().map(|pair| (pair.score, pair.member.to_vec())).collect()
}

fn score() -> impl Strategy<Value = f64> {
    const EDGES: [f64; 6] = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 1e300];
    prop_oneof![4 => (-5..5_i32).prop_map(f64::from), 2 => -1e6..1e6_f64, 1 => prop::sample::select(&EDGES[..])]
}

fn check(zset: &ZSet, model: &Model, bound: f64) {
    assert_eq!(&pairs(zset), model);
    let reversed: Vec<_> = zset.iter().rev().map(|pair| pair.member).collect();
    assert!(reversed.iter().eq(model.iter().rev().map(|(_, member)| member)));
    for (rank, (score, member)) in model.iter().enumerate() {
        assert_eq!(zset.rank(member), Some((rank, *score)));
        assert_eq!(zset.score(member), Some(*score));
        assert_eq!(zset.pick(&[rank])[0].member, member);
    }
    assert_eq!(zset.rank_by_score(|score| score < bound), model.iter().filter(|pair| pair.0 < bound).count());
    assert_eq!(
        zset.rank_by_score(|score| score <= bound),
        model.iter().filter(|pair| pair.0 <= bound).count()
    );
    if let Form::Large(large) = &zset.form {
        large.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A sorted set behaves as a sorted vector does, whatever its form, and its order depends on no seed.
    #[test]
    fn a_sorted_set_behaves_as_a_sorted_vector(
        steps in prop::collection::vec((0..8_u8, "[a-e]{0,2}|x{6}", score(), any::<u16>()), 0..80),
        limits in prop_oneof![Just(SMALL), Just(Limits::DEFAULT), Just(Limits { zset_listpack_entries: 0, ..SMALL })],
    ) {
        let (mut zsets, mut model) = ([ZSet::new(1), ZSet::new(2)], Model::new());
        for (what, member, score, chance) in steps {
            let (member, len) = (member.as_bytes(), model.len());
            let start = if len == 0 { 0 } else { usize::from(chance) % len };
            let range = start..(start + 3).min(len);
            for zset in &mut zsets {
                match what {
                    0..=4 => {
                        let old = model.iter().find(|(_, other)| other == member).map(|(score, _)| *score);
                        assert_eq!(zset.set(member, score, &limits), old);
                    }
                    5 | 6 => assert_eq!(zset.remove(member), model.iter().any(|(_, other)| other == member)),
                    _ => zset.remove_range(range.clone()),
                }
            }
            match what {
                0..=4 => drop(model_set(&mut model, member, score)),
                5 | 6 => model.retain(|(_, other)| other != member),
                _ => drop(model.drain(range)),
            }
            zsets.iter().for_each(|zset| check(zset, &model, score));
            assert_eq!(zsets[0].heap_bytes(), zsets[1].heap_bytes());
        }
        assert_eq!(zsets[0], zsets[0].clone());
    }

    /// Many members: the tree grows several levels, shrinks again, and stays in order.
    #[test]
    fn a_deep_tree_stays_in_order(
        seed in any::<u64>(),
        shape in prop::sample::select(&["rising", "falling", "mixed", "equal"][..]),
    ) {
        let (mut zset, mut model) = (ZSet::new(seed), BTreeSet::new());
        for number in 0..3000_u64 {
            let mixed = number.wrapping_mul(seed | 1) >> 40;
            let score = match shape {
                "rising" => number,
                "falling" => 3000 - number,
                "mixed" => mixed % 100,
                _ => 7,
            };
            let member = format!("{:05}", mixed % 20_000);
            if let Some(old) = zset.set(member.as_bytes(), score as f64, &SMALL) {
                model.remove(&(old as u64, member.clone()));
            }
            model.insert((score, member));
        }
        while model.len() > 3 {
            let ordered = |zset: &ZSet| zset.iter().map(|pair| (pair.score as u64, pair.member.to_vec())).collect::<Vec<_>>();
            prop_assert!(ordered(&zset).into_iter().eq(model.iter().map(|(score, member)| (*score, member.clone().into_bytes()))));
            let Form::Large(large) = &zset.form else { panic!("it is large") };
            large.check();
            let at = (seed % 7) as usize * model.len() / 8;
            let range = at..(at + model.len() / 4 + 1).min(model.len());
            let gone: Vec<_> = model.iter().skip(range.start).take(range.len()).cloned().collect();
            zset.remove_range(range);
            gone.iter().for_each(|pair| { model.remove(pair); });
        }
        let all: Vec<_> = model.iter().map(|(_, member)| member.clone()).collect();
        all.iter().for_each(|member| assert!(zset.remove(member.as_bytes())));
        prop_assert!(zset.is_empty());
    }

    /// A member that is there from the first call of a scan to the last is found, while others come and go.
    #[test]
    fn a_scan_finds_what_stays(seed in any::<u64>(), count in 1..50_usize) {
        let mut zset = ZSet::new(seed);
        let stay: BTreeSet<Vec<u8>> = (0..200).map(|number| format!("stay{number}").into_bytes()).collect();
        stay.iter().for_each(|member| { zset.set(member, 1.0, &SMALL); });
        (0..1000).for_each(|number: u32| { zset.set(format!("go{number}").as_bytes(), 2.0, &SMALL); });
        let (mut found, mut at, mut step) = (BTreeSet::new(), Some(0), 0_u32);
        while let Some(from) = at {
            at = zset.scan(from, count, |pair| { found.insert(pair.member.to_vec()); });
            for _ in 0..40 {
                zset.remove(format!("go{step}").as_bytes());
                if step < 1500 && step % 3 == 0 {
                    zset.set(format!("come{step}").as_bytes(), 3.0, &SMALL);
                }
                step += 1;
            }
        }
        prop_assert!(found.is_superset(&stay));
    }
}
