//! The curve against caches that are really simulated.

mod simulation;
mod traces;

use traces::Reference;

use super::*;

/// A sampler that follows keys, and the only shard's part.
fn started() -> (Sampler, Touches) {
    let (sampler, mut touches) = (Sampler::off(), Touches::default());
    sampler.start();
    sampler.take_now(&mut touches);
    (sampler, touches)
}

fn touch(touches: &mut Touches, hash: u64, found: bool, bytes: u64) {
    if touches.look_up(hash) {
        touches.looked_up(hash, found.then_some((bytes as usize, None)), 0);
    }
    if !found {
        touches.written(hash, bytes as usize, None);
    }
}

/// What the sampler makes of a trace whose clients write what they miss, with so many lookups between two ticks.
fn sampled(trace: &[Reference], between_ticks: usize) -> Curve {
    let (sampler, mut touches) = started();
    let mut written = std::collections::HashSet::new();
    for part in trace.chunks(between_ticks) {
        for reference in part {
            touch(&mut touches, reference.hash, !written.insert(reference.hash), reference.bytes);
            sampler.take(&mut touches);
        }
        // Only aging is left out: the simulation has none.
        let mut state = sampler.state.lock();
        state.tick(u64::MAX);
        state.ticks = 0;
        touches.threshold = state.threshold;
    }
    sampler.take_now(&mut touches);
    sampler.curve().unwrap()
}

/// The mean of the absolute differences between the curve and simulated caches.
fn mean_error(trace: &[Reference], between_ticks: usize) -> f64 {
    let curve = sampled(trace, between_ticks);
    simulation::mean_error(trace, |bytes| 1.0 - curve.miss_ratio(bytes).unwrap())
}

#[test]
fn curves_of_synthetic_traces_are_those_of_simulated_caches() {
    for (name, trace, most) in [
        ("zipf 0.8", traces::zipf(0.8, 40_000, 100_000, 1), 0.02),
        ("zipf 0.99", traces::zipf(0.99, 40_000, 100_000, 2), 0.02),
        ("loop", traces::cycle(20_000, 100_000), 0.02),
        ("scan in zipf", traces::scans(30_000, 100_000, 3), 0.02),
        ("shifting", traces::shifting(15_000, 100_000, 4), 0.02),
    ] {
        let error = mean_error(&trace, 20_000);
        println!("{name}: mean error {error:.4}");
        assert!(error < most, "{name}: mean error {error:.4}");
    }
}

#[test]
fn the_curve_of_a_small_store_is_exact_up_to_its_bins() {
    let trace = traces::zipf(0.9, 2000, 50_000, 5);
    assert_eq!(sampled(&trace, 20_000).sampling_ratio, 1.0);
    let error = mean_error(&trace, 20_000);
    assert!(error < 0.005, "mean error {error:.4}");
}

#[test]
fn a_busy_store_has_fewer_keys_followed_and_still_a_curve() {
    let trace = traces::zipf(0.9, 5000, 250_000, 6);
    let curve = sampled(&trace, usize::MAX);
    assert!(curve.sampling_ratio < 0.3 && curve.sampled_keys >= KEYS_MIN, "{curve:?}");
    let error = mean_error(&trace, usize::MAX);
    assert!(error < 0.05, "mean error {error:.4}");
}

#[test]
fn memory_is_bounded_whatever_is_written() {
    let (sampler, mut touches) = started();
    for n in 0..300_000 {
        touches.written(traces::hash(n), 100, None);
        sampler.take(&mut touches);
        assert!(touches.pending.capacity() <= 64);
    }
    let state = sampler.state.lock();
    assert!((KEYS_MAX / 2..=KEYS_MAX).contains(&state.stack.len()), "{}", state.stack.len());
    drop(state);
    touches.threshold = u64::MAX;
    (0..10_000).for_each(|n| touches.written(traces::hash(n), 100, None));
    assert_eq!(touches.pending.len(), 4096);
}

#[test]
fn more_keys_are_followed_again_when_few_are_left() {
    let (sampler, mut touches) = started();
    for n in 0..100_000 {
        touches.written(traces::hash(n), 100, None);
        sampler.take(&mut touches);
    }
    let before = sampler.curve().unwrap().sampling_ratio;
    assert!(before < 0.1);
    touches.emptied();
    sampler.take(&mut touches);
    (0..20).for_each(|_| assert!(sampler.tick(0)));
    let curve = sampler.curve().unwrap();
    assert_eq!((curve.sampling_ratio, curve.sampled_keys, curve.ticks), (1.0, 0, 20));
    sampler.take_now(&mut touches);
    assert_eq!(touches.threshold, EVERY_KEY, "a shard learns of it");
}

#[test]
fn what_lies_too_deep_is_forgotten_and_counts_age() {
    let (sampler, mut touches) = started();
    for n in 0..1000 {
        touch(&mut touches, traces::hash(n), false, 1 << 20);
        touch(&mut touches, traces::hash(n), true, 1 << 20);
        sampler.take(&mut touches);
    }
    sampler.tick(100 << 20);
    assert_eq!(sampler.curve().unwrap().sampled_keys, 100);
    (1..HALF_LIFE_TICKS).for_each(|_| assert!(sampler.tick(u64::MAX)));
    let curve = sampler.curve().unwrap();
    assert!((curve.lookups - 1000.0).abs() < 1e-6 && curve.lookups_ever == 2000, "{curve:?}");
    assert!((curve.miss_ratio(1 << 30).unwrap() - 0.5).abs() < 1e-9, "the ratio stays as it was");
}

#[test]
fn deleted_and_expired_keys_are_misses_and_evicted_ones_know_what_would_have_held_them() {
    let (sampler, mut touches) = started();
    let at = |touches: &mut Touches, hash, now| {
        assert!(touches.look_up(hash));
        touches.looked_up(hash, None, now);
    };
    for hash in 1..=4 {
        touches.written(hash, 1000, (hash == 2).then_some(50));
    }
    touches.removed(1);
    at(&mut touches, 1, 10);
    at(&mut touches, 2, 60);
    // 4 was written later; 2 is gone when 3 is asked for.
    at(&mut touches, 3, 70);
    sampler.take(&mut touches);
    let curve = sampler.curve().unwrap();
    let misses = |bytes| curve.miss_ratio(bytes).map(|ratio| (ratio * 3.0).round());
    assert_eq!((misses(1000), misses(1900), misses(2100)), (Some(3.0), Some(3.0), Some(2.0)));
    let points = curve.points();
    assert!(points.len() == 1 && points[0].0 >= 2000 && points[0].0 < 2100, "{points:?}");
}

#[test]
fn without_lookups_there_is_no_ratio_and_where_it_is_off_no_curve() {
    let (sampler, _) = started();
    let curve = sampler.curve().unwrap();
    assert_eq!((curve.miss_ratio(1000), curve.points()), (None, Vec::new()));
    let (off, mut touches) = (Sampler::off(), Touches::default());
    off.take_now(&mut touches);
    touches.written(0, 100, None);
    touches.emptied();
    assert!(!touches.look_up(0) && !touches.any());
    assert!(!off.tick(1 << 40));
    assert_eq!(off.curve(), None);
}
