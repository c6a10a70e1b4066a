//! Named workloads; flags change what a scenario sets.

use std::time::Duration;

use crate::keys::KeyChoice;
use crate::keys::KeyPattern;
use crate::operation::Mix;
use crate::plan::Door;
use crate::values::Ttl;
use crate::values::ValueSize;

/// Requests per second of a scenario with share 1, unless a rate is given.
pub const RATE_DEFAULT: u64 = 1_000;

/// Every scenario and what it is for.
pub const ALL: &[(&str, &str)] = &[
    ("steady", "reads and writes of small values, some keys more popular than others (the default)"),
    ("web-sessions", "sessions of about 1 KB that every read keeps alive"),
    ("page-cache", "pages of about 8 KB with a time to live, very popular ones, some never there"),
    ("rate-limit", "counters that are incremented, expire and are asked for their time to live"),
    ("hot-key", "nine of ten requests on one key"),
    ("big-values", "values from 64 KB to 1 MB"),
    ("write-heavy", "mostly writes: single, batched, appended, counted, removed"),
    (
        "errors",
        "a fifth of requests fails on purpose: wrong type, not a number, unknown command, no arguments",
    ),
    (
        "tour",
        "phase after phase of all of the above, for dashboards: warm-up, reads, misses, expiry, errors, slow and large replies, hot key, counters, HTTP",
    ),
];

/// The names, for messages.
pub fn names() -> String {
    ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// A phase as its scenario sets it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its name.
    pub name: &'static str,
    /// Its door, unless `--protocol http` is given.
    pub door: Door,
    /// What is sent over RESP.
    pub mix: Mix,
    /// What is sent over HTTP.
    pub http_mix: Mix,
    /// Spelling of keys.
    pub key_pattern: KeyPattern,
    /// Number of keys.
    pub keys: u64,
    /// Choice of keys.
    pub key_dist: KeyChoice,
    /// Share of reads for keys that do not exist.
    pub miss_ratio: f64,
    /// Sizes of values.
    pub value_size: ValueSize,
    /// Times to live.
    pub ttl: Ttl,
    /// Keys of one MGET or MSET.
    pub batch: usize,
    /// Connections.
    pub connections: usize,
    /// Requests sent at once.
    pub pipeline: usize,
    /// Share of [`RATE_DEFAULT`] when no rate is given.
    pub rate_share: f64,
    /// Share of a rate that is given; below 1 in a tour's slow phases only.
    pub phase_share: f64,
    /// Its time, when none is given.
    pub duration: Duration,
    /// Whether every key is written first.
    pub preload: bool,
}

impl Draft {
    fn new(name: &'static str, mix: &str) -> Self {
        Self {
            name,
            door: Door::Resp,
            mix: constant(mix),
            http_mix: constant("get=80,set=18,del=2"),
            key_pattern: constant("key:#"),
            keys: 10_000,
            key_dist: KeyChoice::Zipf(0.99),
            miss_ratio: 0.0,
            value_size: ValueSize::Fixed(128),
            ttl: Ttl::None,
            batch: 10,
            connections: 10,
            pipeline: 1,
            rate_share: 1.0,
            phase_share: 1.0,
            duration: Duration::from_secs(30),
            preload: true,
        }
    }

    fn keys(mut self, pattern: &str, count: u64) -> Self {
        self.key_pattern = constant(pattern);
        self.keys = count;
        self
    }

    fn choice(mut self, choice: KeyChoice) -> Self {
        self.key_dist = choice;
        self
    }

    fn misses(mut self, ratio: f64) -> Self {
        self.miss_ratio = ratio;
        self
    }

    fn values(mut self, size: &str) -> Self {
        self.value_size = constant(size);
        self
    }

    fn ttl(mut self, ttl: &str) -> Self {
        self.ttl = constant(ttl);
        self
    }

    fn over_http(mut self, mix: &str) -> Self {
        self.http_mix = constant(mix);
        self
    }

    /// As a part of a tour: its name, seconds and share of the tour's rate.
    fn part(mut self, name: &'static str, seconds: u64, share: f64) -> Self {
        self.name = name;
        self.duration = Duration::from_secs(seconds);
        self.rate_share = share;
        self.phase_share = share;
        self
    }
}

fn constant<T: std::str::FromStr<Err = String>>(text: &str) -> T {
    text.parse().expect("scenarios are constants, and a test resolves each of them")
}

/// The phases of a scenario; `None` when there is no such scenario.
pub fn drafts(name: &str) -> Option<Vec<Draft>> {
    let one = match name {
        "steady" => steady(),
        "web-sessions" => web_sessions(),
        "page-cache" => page_cache(),
        "rate-limit" => rate_limit(),
        "hot-key" => hot_key(),
        "big-values" => big_values(),
        "write-heavy" => write_heavy(),
        "errors" => errors(),
        "tour" => return Some(tour()),
        _ => return None,
    };
    Some(vec![one])
}

fn steady() -> Draft {
    Draft::new("steady", "get=80,set=20").over_http("get=80,set=20")
}

fn web_sessions() -> Draft {
    Draft::new("web-sessions", "getex=60,get=15,setex=20,expire=2,del=3")
        .keys("session:{#}:data", 20_000)
        .values("lognormal:1KB,0.5,16KB")
        .ttl("5m..30m")
        .over_http("get=75,set=22,del=3")
}

fn page_cache() -> Draft {
    Draft::new("page-cache", "get=90,setex=8,mget=2")
        .keys("page:#", 5_000)
        .choice(KeyChoice::Zipf(1.0))
        .misses(0.1)
        .values("lognormal:8KB,0.8,256KB")
        .ttl("exp:60s")
        .over_http("get=90,set=8,mget=2")
}

fn rate_limit() -> Draft {
    let mut draft = Draft::new("rate-limit", "incr=80,expire=15,ttl=5").keys("client:#", 2_000).ttl("60s");
    draft.preload = false;
    draft.over_http("get=50,set=50")
}

fn hot_key() -> Draft {
    Draft::new("hot-key", "get=95,set=5")
        .choice(KeyChoice::Hot { keys: 1, share: 0.9 })
        .over_http("get=95,set=5")
}

fn big_values() -> Draft {
    let mut draft = Draft::new("big-values", "get=70,set=30")
        .keys("blob:#", 200)
        .choice(KeyChoice::Uniform)
        .values("64KB..1MB")
        .over_http("get=70,set=30");
    draft.rate_share = 0.1;
    draft
}

fn write_heavy() -> Draft {
    Draft::new("write-heavy", "set=60,mset=10,append=5,incr=15,del=10")
        .keys("row:#", 50_000)
        .values("64..1KB")
        .over_http("set=80,mset=10,del=10")
}

fn errors() -> Draft {
    Draft::new("errors", "get=60,set=20,wrongtype=5,notinteger=5,unknown=5,arity=5")
        .over_http("get=80,set=20")
}

fn tour() -> Vec<Draft> {
    let mut slow = Draft::new("slow-and-large", "get=50,set=10,mget=30,scan=10")
        .keys("blob:#", 100)
        .values("16KB..512KB");
    slow.batch = 20;
    let mut http = Draft::new("http", "get=70,set=28,del=2").over_http("get=70,set=28,del=2").misses(0.1);
    http.door = Door::Http;
    http.preload = false;
    let mut expiry = Draft::new("expiry", "setex=60,get=35,ttl=5").keys("brief:#", 20_000).ttl("1s..3s");
    expiry.preload = false;
    vec![
        steady().part("warm-up", 10, 0.5),
        Draft::new("reads", "get=90,mget=4,exists=3,set=3").part("reads", 15, 1.0),
        Draft::new("misses", "get=95,mget=5").misses(0.7).part("misses", 10, 1.0),
        expiry.part("expiry", 15, 1.0),
        errors().part("errors", 10, 0.5),
        slow.part("slow-and-large", 15, 0.05),
        hot_key().part("hot-key", 10, 2.0),
        rate_limit().part("counters", 10, 1.0),
        web_sessions().part("web-sessions", 10, 1.0),
        http.part("http", 15, 0.5),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_scenario_exists_and_no_other() {
        for (name, about) in ALL {
            let drafts = drafts(name).unwrap();
            assert_eq!(drafts.len() > 1, *name == "tour");
            assert!(!about.is_empty());
        }
        assert!(drafts("other").is_none());
    }
}
