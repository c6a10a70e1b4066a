use super::*;
use crate::telemetry::buckets::latency_bucket;

fn meters() -> Arc<Meters> {
    Meters::new(vec!["GET".into(), "SET".into()], vec!["default".into(), "sessions".into()])
}

fn sample(command: u16, store: u16, failed: bool, ns: u64) -> CommandSample {
    CommandSample { command, store, failed, service_ns: ns, execution_ns: ns / 2 }
}

#[test]
fn sums_join_all_threads_and_outlive_them() {
    let meters = meters();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let meters = meters.clone();
            std::thread::spawn(move || {
                for _ in 0..1000 {
                    meters.command(sample(0, 0, false, 1500));
                    meters.lookups(1, 3, 1);
                }
                meters.command(sample(1, 1, true, 7_000_000));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let totals = meters.totals();
    assert_eq!((totals.commands, totals.failed), (4004, 4));
    assert_eq!((totals.stores[1].hits, totals.stores[1].misses), (12_000, 4000));
    assert_eq!(totals.by_command[0].calls, 4000);
    assert_eq!(totals.by_command[0].usec(), 3000);
    assert_eq!(totals.by_command[0].execution.buckets[latency_bucket(750)], 4000);
    assert_eq!(totals.by_command[1].failed, 4);
    assert_eq!(totals.series.len(), 2);
    assert_eq!(totals.series[1].service.sum_ns, 28_000_000);
}

#[test]
fn threads_that_come_and_go_reuse_the_shards() {
    let meters = meters();
    for _ in 0..20 {
        let meters = meters.clone();
        std::thread::spawn(move || meters.slow(0)).join().unwrap();
    }
    assert_eq!(meters.totals().by_command[0].slow, 20);
    assert_eq!(meters.all().len(), 1);
}

#[test]
fn two_nodes_in_one_thread_are_kept_apart() {
    let (one, two) = (meters(), meters());
    one.command(sample(0, 0, false, 1));
    two.command(sample(0, 0, false, 1));
    two.command(sample(0, 0, false, 1));
    assert_eq!((one.totals().commands, two.totals().commands), (1, 2));
}

#[test]
fn unknown_commands_and_prefixes_have_one_label() {
    let meters = meters();
    meters.command(sample(999, 0, false, 1));
    meters.error(999, "MYMODULEERR");
    meters.error(0, "WRONGTYPE");
    meters.error(0, "WRONGTYPE");
    let totals = meters.totals();
    assert_eq!(totals.by_command[2].name, OTHER);
    assert_eq!(totals.by_command[2].calls, 1);
    assert_eq!(totals.by_command[2].errors, [(OTHER, 1)]);
    assert_eq!(totals.errors["WRONGTYPE"], 2);
}

#[test]
fn batches_split_by_door_and_skip_empty_reads() {
    let meters = meters();
    meters.batch(BatchSample { proto: Proto::Resp3, commands: 5, bytes_in: 10, bytes_out: 20 });
    meters.batch(BatchSample { proto: Proto::Resp2, commands: 0, bytes_in: 1, bytes_out: 0 });
    meters.batch(BatchSample { proto: Proto::Http, commands: 1, bytes_in: 7, bytes_out: 8 });
    let totals = meters.totals();
    assert_eq!((totals.resp.bytes_in, totals.http.bytes_out), (11, 8));
    assert_eq!(totals.batches.iter().sum::<u64>(), 2);
    assert_eq!(totals.batched_commands, 6);
}

#[test]
fn cells_of_unseen_pairs_are_not_allocated() {
    let names = (0..250).map(|index| format!("C{index}")).collect();
    let meters = Meters::new(names, (0..16).map(|index| format!("s{index}")).collect());
    meters.command(sample(3, 2, false, 1));
    let shards = meters.all();
    let seen = shards[0].stores.iter().filter_map(|store| store.commands.get()).count();
    assert_eq!(seen, 1);
    let cells = shards[0].stores[2].commands.get().unwrap();
    assert_eq!(cells.iter().filter(|cells| cells.get().is_some()).count(), 1);
}

#[test]
fn an_index_that_is_used_anew_begins_at_nothing_and_the_node_forgets_nothing() {
    let meters = meters();
    let work = || {
        meters.command(sample(0, 1, false, 1500));
        meters.command(sample(1, 1, true, 1500));
        meters.lookups(1, 3, 1);
        meters.expired(1, ExpiryMode::Active, 2);
    };
    work();
    meters.name_store(1, None);
    // Whoever was still under way.
    meters.lookups(1, 1, 0);
    let totals = meters.totals();
    assert_eq!((totals.series.len(), &*totals.stores[1].name, totals.stores[1].hits), (0, "", 0));
    assert_eq!((totals.commands, totals.failed, totals.hits(), totals.expired()), (2, 1, 4, 2));
    assert_eq!((meters.store_names().len(), &*meters.store_name(1)), (1, "sessions"));

    meters.name_store(1, Some("other"));
    assert_eq!(meters.totals().series.len(), 0);
    work();
    work();
    let totals = meters.totals();
    let other = &totals.stores[1];
    assert_eq!((&*other.name, other.hits, other.misses, other.expired_active), ("other", 6, 2, 4));
    let seen: Vec<_> = totals.series.iter().map(|series| (series.failed, series.service.count())).collect();
    assert_eq!(seen, [(false, 2), (true, 2)]);
    assert_eq!((totals.series[0].service.sum_ns, totals.series[0].execution.sum_ns), (3000, 1500));
    assert_eq!((totals.commands, totals.by_command[0].calls, totals.hits(), totals.misses()), (6, 3, 10, 3));
    meters.name_store(200, Some("beyond"));
    meters.command(sample(0, 200, false, 1));
}
