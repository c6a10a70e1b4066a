//! The allocator's numbers, in a process that runs on jemalloc as the server does.

use hypercache::config::Config;
use hypercache::telemetry::NodeIdentity;
use hypercache::telemetry::Telemetry;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn allocated(page: &str) -> u64 {
    let series = "hypercache_allocator_bytes{state=\"allocated\"} ";
    let line = page.lines().find_map(|line| line.strip_prefix(series)).expect("the series is on the page");
    line.parse().expect("bytes are a whole number")
}

#[test]
fn the_page_follows_what_is_allocated() {
    let mut config = Config::default().telemetry;
    config.log.files = false;
    config.log.stdout = false;
    let node = NodeIdentity { id: "n1".to_owned(), version: "1" };
    let (telemetry, _guard) = Telemetry::builder(&config, &node, vec![], vec![]).build().unwrap();
    let before = allocated(&telemetry.render());
    let held = std::hint::black_box(vec![1_u8; 64 << 20]);
    let with = allocated(&telemetry.render());
    assert!(with >= before + (60 << 20), "{before} before, {with} with 64 MiB more");
    drop(held);
    let after = allocated(&telemetry.render());
    assert!(after < with - (32 << 20), "{with} before, {after} after 64 MiB were freed");
}
