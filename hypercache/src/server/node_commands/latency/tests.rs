use crate::resp::Protocol;
use crate::server::node_commands::fixture::Fixture;

fn with_events() -> Fixture {
    let fixture = Fixture::new();
    fixture.node.observation.latency.set_threshold_ms(1);
    for (event, ms) in [("command", 30), ("fast-command", 7), ("command", 50), ("expire-cycle", 25)] {
        fixture.node.observation.latency.sample(event, ms * 1_000_000);
    }
    fixture
}

#[test]
fn events_are_told_and_forgotten() {
    let mut fixture = with_events();
    let latest: Vec<(String, u64, u64, u64)> =
        redis::from_redis_value(fixture.value("LATENCY LATEST")).unwrap();
    let names: Vec<_> = latest.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["command", "expire-cycle", "fast-command"]);
    assert_eq!((latest[0].2 >= 30, latest[0].3), (true, 50));
    let history: Vec<(u64, u64)> = redis::from_redis_value(fixture.value("LATENCY HISTORY command")).unwrap();
    assert!(!history.is_empty() && history.iter().any(|(_, latency)| *latency == 50));
    assert_eq!(fixture.raw("LATENCY HISTORY nonsense"), "*0\r\n");
    assert_eq!(fixture.raw("LATENCY RESET nonsense command command"), ":1\r\n");
    assert_eq!(fixture.raw("LATENCY RESET"), ":2\r\n");
    assert_eq!(fixture.raw("LATENCY LATEST"), "*0\r\n");
}

#[test]
fn commands_over_the_threshold_are_events() {
    let mut fixture = Fixture::new();
    fixture.raw("CONFIG SET latency-monitor-threshold 1");
    fixture.session.tick = std::time::Instant::now();
    let node = std::sync::Arc::clone(&fixture.node);
    node.observation.latency.sample("command", 999_999);
    assert!(node.observation.latency.events().is_empty());
    assert!(node.observation.latency.wants(1_000_000));
    fixture.raw("CONFIG SET latency-monitor-threshold 0");
    assert!(!node.observation.latency.wants(u64::MAX - 1));
}

#[test]
fn the_graph_has_a_head_and_ages() {
    let mut fixture = with_events();
    let text = fixture.text("LATENCY GRAPH command");
    assert!(text.starts_with("command - high 50 ms, low "), "{text}");
    assert!(text.contains(" (all time high 50 ms)\n-----") && text.ends_with("s\n"), "{text}");
    assert_eq!(fixture.raw("LATENCY GRAPH none"), "-ERR No samples available for event 'none'\r\n");
}

#[test]
fn the_doctor_advises_by_what_it_sees() {
    assert!(Fixture::new().text("LATENCY DOCTOR").contains("CONFIG SET latency-monitor-threshold"));
    let mut fixture = with_events();
    fixture.raw("CONFIG SET slowlog-log-slower-than -1");
    let text = fixture.text("LATENCY DOCTOR");
    for part in
        ["1. command: ", "50 ms at worst", "slow log is off", "--intrinsic-latency", "25 ms at the most"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    fixture.raw("LATENCY RESET");
    assert!(fixture.text("LATENCY DOCTOR").starts_with("No step of this node has taken 1 ms"));
}

#[test]
fn histograms_are_cumulative_and_chosen_by_name() {
    let mut fixture = Fixture::new();
    fixture.raw("CONFIG RESETSTAT");
    for line in ["SET a 1", "SET b 1", "GET a", "CLIENT ID", "CLIENT GETNAME"] {
        fixture.raw(line);
    }
    fixture.protocol(Protocol::Resp3);
    let redis::Value::Map(found) = fixture.value("LATENCY HISTOGRAM set nonsense client") else {
        panic!("no map");
    };
    let names: Vec<String> =
        found.iter().map(|(name, _)| redis::from_redis_value(name.clone()).unwrap()).collect();
    assert_eq!(names, ["set", "client|getname", "client|id"]);
    let redis::Value::Map(set) = &found[0].1 else { panic!("no map") };
    assert_eq!(set[0].1, redis::Value::Int(2));
    let redis::Value::Map(points) = &set[1].1 else { panic!("no map") };
    assert_eq!(points.last().map(|(_, calls)| calls), Some(&redis::Value::Int(2)));
    assert!(fixture.raw("LATENCY HISTOGRAM").contains("config|resetstat"));
    fixture.raw("CONFIG SET latency-tracking no");
    assert_eq!(fixture.raw("LATENCY HISTOGRAM"), "%0\r\n");
    assert_eq!(fixture.text("INFO latencystats"), "# Latencystats\r\n");
}

#[test]
fn info_tells_the_percentiles_that_are_asked_for() {
    let mut fixture = Fixture::new();
    fixture.raw("SET a 1");
    assert!(fixture.text("INFO latencystats").contains("latency_percentiles_usec_set:p50="));
    fixture.raw_parts(&["CONFIG", "SET", "latency-tracking-info-percentiles", "10.5 100 0"]);
    let text = fixture.text("INFO latencystats");
    let line = text.lines().find(|line| line.starts_with("latency_percentiles_usec_set:")).unwrap();
    let labels: Vec<_> =
        line.split(&[':', ','][..]).skip(1).map(|part| part.split('=').next().unwrap()).collect();
    assert_eq!(labels, ["p10.5", "p100", "p0"]);
    fixture.raw_parts(&["CONFIG", "SET", "latency-tracking-info-percentiles", ""]);
    assert_eq!(fixture.text("INFO latencystats"), "# Latencystats\r\n");
}
