use super::*;
use crate::config::CommandLog;
use crate::config::TracingMode;

fn sampler(commands: usize, spans: u32, lines: u32) -> Arc<Sampler> {
    Sampler::new(commands, Plan::new(TracingMode::Adaptive, spans, 1.0, CommandLog::Adaptive, lines))
}

#[test]
fn weights_add_up_to_the_true_count() {
    let sampler = sampler(2, 40_000, 20_000);
    let (mut spans, mut lines, mut kept) = ([0.0, 0.0], [0.0, 0.0], 0);
    for second in 0..10 {
        for n in 0..100_000_u32 {
            let command = usize::from(n % 10 == 0);
            if let Some(keep) = sampler.command(command) {
                kept += 1;
                spans[command] += keep.span.map_or(0.0, |ratio| 1.0 / ratio);
                lines[command] += keep.line.map_or(0.0, |ratio| 1.0 / ratio);
            }
        }
        let share = sampler.adjust(1.0);
        assert!(second == 0 || share < 0.9, "the budget thins: {share}");
    }
    assert!(kept < 700_000, "{kept} kept of a million");
    for (sum, what) in [(spans, "spans"), (lines, "lines")] {
        assert!((sum[0] + sum[1] - 1e6).abs() < 2e4, "{what} stand for {}", sum[0] + sum[1]);
        assert!((sum[1] - 1e5).abs() < 4e3, "{what} of the rarer command stand for {}", sum[1]);
    }
}

#[test]
fn a_burst_brakes_itself_before_the_next_turn_of_the_budget() {
    let sampler = sampler(1, 500, 300);
    let (mut kept, mut weight) = (0, 0.0);
    for _ in 0..1_000_000 {
        if let Some(keep) = sampler.command(0) {
            kept += 1;
            weight += keep.span.map_or(0.0, |ratio| 1.0 / ratio);
        }
    }
    assert!(kept < 4_000, "{kept} kept of a million in one second");
    assert!((weight - 1e6).abs() < 2.5e5, "and yet they stand for {weight}");
}

#[test]
fn the_first_of_a_kind_is_kept_once_over_all_threads() {
    let sampler = sampler(3, 0, 1);
    let first: usize = (0..4)
        .map(|_| {
            let sampler = sampler.clone();
            let ask = move || (0..100).filter(|_| sampler.command(1).is_some_and(|keep| keep.first)).count();
            std::thread::spawn(ask).join().unwrap()
        })
        .sum();
    assert_eq!(first, 1);
}

#[test]
fn lines_are_mostly_a_part_of_the_spans() {
    let sampler = sampler(1, 500, 300);
    for _ in 0..3 {
        (0..50_000).filter_map(|_| sampler.command(0)).for_each(|keep| assert!(keep.line != Some(0.0)));
        sampler.adjust(1.0);
    }
    let keeps: Vec<_> = (0..50_000).filter_map(|_| sampler.command(0)).collect();
    let lines = keeps.iter().filter(|keep| keep.line.is_some()).count();
    assert!(lines > 20, "{lines} lines");
    assert!(keeps.iter().all(|keep| keep.span.is_some()), "each line has its span");
}

#[test]
fn nothing_is_kept_when_nothing_is_wanted() {
    let sampler = Sampler::new(1, Plan::new(TracingMode::Off, 500, 1.0, CommandLog::Off, 300));
    assert!((0..1000).all(|_| sampler.command(0).is_none()));
    assert!(sampler.special(Special::Error).is_none());
}

#[test]
fn geometric_draws_have_the_mean_they_should() {
    let mean = (0..200_000).map(|_| geometric(0.05) as f64).sum::<f64>() / 2e5;
    assert!((mean - 20.0).abs() < 0.5, "{mean}");
    assert_eq!((geometric(1.0), geometric(0.0)), (1, u64::MAX));
}
