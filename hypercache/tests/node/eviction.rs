//! What users see when memory is at its limit.

use crate::client::Client;
use crate::client::text;
use crate::client::wire;
use crate::process::TestNode;
use crate::telemetry_support::wait_for;

fn info(client: &mut Client, field: &str) -> String {
    let page = client.text("INFO everything");
    let value = page.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::to_owned);
    value.unwrap_or_else(|| panic!("{field} is not in {page}"))
}

fn number(client: &mut Client, field: &str) -> u64 {
    info(client, field).parse().unwrap()
}

fn write(client: &mut Client, keys: std::ops::Range<u32>, bytes: usize) {
    let value = "x".repeat(bytes);
    for key in keys.clone() {
        client.send(wire(&["SET", &format!("key:{key}"), &value]));
    }
    keys.for_each(|_| assert_eq!(text(&client.reply()), "OK"));
}

#[test]
fn writes_go_on_at_the_limit_and_everybody_hears_what_went() {
    let node = TestNode::start();
    let (mut writer, mut listener, mut watcher) = (node.client(), node.client(), node.client());
    writer.run("CONFIG SET notify-keyspace-events Ee maxmemory 2mb maxmemory-policy allkeys-lru");
    listener.run("SUBSCRIBE __keyevent@0__:evicted");
    write(&mut writer, 0..1, 100);
    watcher.run("WATCH key:0");
    watcher.run("MULTI");
    watcher.run("SET mine 1");
    write(&mut writer, 1..6000, 1000);
    let dataset = number(&mut writer, "used_memory_dataset");
    assert!((1_800_000..=2_200_000).contains(&dataset), "{dataset}");
    let (left, evicted) =
        (writer.text("DBSIZE").parse::<u64>().unwrap(), number(&mut writer, "evicted_keys"));
    assert_eq!(left + evicted, 6000, "what is not there was evicted");
    assert!(evicted > 3000 && left > 1200, "{left}");
    let told = text(&listener.reply());
    assert!(told.contains("evicted"), "{told}");
    assert_eq!(writer.text("EXISTS key:0"), "0");
    assert_eq!(watcher.text("EXEC"), "(nil)", "the key that was watched is gone");
    let metrics = wait_for("evictions are told", || {
        let page = node.curl("/metrics", &[]);
        page.contains("hypercache_evicted_keys_total{store=\"default\",policy=\"allkeys-lru\"}")
            .then_some(page)
    });
    for metric in ["evicted_age_seconds", "evicted_idle_seconds", "evicted_hits", "eviction_duration_seconds"]
    {
        assert!(metrics.contains(&format!("hypercache_{metric}_bucket")), "{metric}");
    }
}

#[test]
fn a_lower_limit_is_reached_without_writes_and_not_passed() {
    let node = TestNode::start();
    let mut client = node.client();
    client.run("CONFIG SET maxmemory-policy allkeys-random");
    write(&mut client, 0..4000, 1000);
    let before = number(&mut client, "used_memory_dataset");
    let limit = before / 2;
    client.run(&format!("CONFIG SET maxmemory {limit}"));
    let after = wait_for("memory is below its limit", || {
        let now = number(&mut client, "used_memory_dataset");
        (now <= limit).then_some(now)
    });
    assert!(after > limit - 50_000, "{after} of {limit}: not more than was needed");
    assert!(client.text("DBSIZE").parse::<u64>().unwrap() > 1500);
}

#[test]
fn what_has_no_time_to_live_stays_and_then_writes_are_refused() {
    let node = TestNode::start();
    let mut client = node.client();
    client.run("CONFIG SET maxmemory 1mb maxmemory-policy volatile-ttl");
    for key in 0..200 {
        client.command(&["SET", &format!("soon:{key}"), &"x".repeat(1000), "EX", &(1000 + key).to_string()]);
    }
    write(&mut client, 0..600, 1000);
    assert_eq!(client.text("EXISTS soon:199"), "1", "what expires last goes last");
    let refused = (600..2000).find(|key| {
        text(&client.command(&["SET", &format!("key:{key}"), &"x".repeat(1000)])).starts_with("OOM")
    });
    assert!(refused.is_some());
    assert_eq!(client.text("EXISTS key:0 key:599 soon:199"), "2");
    assert_eq!(text(&client.run("SET more 1")), "OOM command not allowed when used memory > 'maxmemory'.");
    assert_eq!(client.text("DEL key:0 key:1 key:2"), "3");
    assert_eq!(client.text("SET more 1"), "OK");
}
