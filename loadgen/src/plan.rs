//! A run with everything decided: the scenario, and the flags that change it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::args::Length;
use crate::args::ProtocolArg;
use crate::args::Repeat;
use crate::args::RunArgs;
use crate::goals::Goals;
use crate::keys::KeyChoice;
use crate::keys::KeySpace;
use crate::operation::Operation;
use crate::request::Workload;
use crate::scenario;
use crate::scenario::Draft;
use crate::schedule::Arrivals;
use crate::schedule::Pace;
use crate::values::Values;

/// Most bytes one group of requests may hold before it is sent.
const GROUP_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// Which door a phase goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The Redis protocol.
    Resp,
    /// The HTTP interface.
    Http,
}

/// How a connection introduces itself.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// Ask for RESP3.
    pub resp3: bool,
    /// User, if not the default one, and password.
    pub login: Option<(Option<String>, String)>,
    /// Store to use.
    pub store: Option<String>,
}

/// When a phase ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// After this time of measured requests.
    After(Duration),
    /// After this many measured requests.
    Requests(u64),
    /// When interrupted.
    Never,
}

/// A part of a run with one workload.
#[derive(Debug, Clone)]
pub struct Phase {
    /// Its name in reports.
    pub name: String,
    /// Through which door.
    pub door: Door,
    /// Servers; connections are dealt out to them in turn.
    pub targets: Arc<[String]>,
    /// What is sent.
    pub workload: Arc<Workload>,
    /// How fast.
    pub pace: Pace,
    /// How spaced.
    pub arrivals: Arrivals,
    /// Until when.
    pub stop: Stop,
    /// Time before requests count.
    pub warmup: Duration,
    /// Connections, at least 1.
    pub connections: usize,
    /// Requests sent at once.
    pub pipeline: usize,
    /// Whether every key is written first.
    pub preload: bool,
}

/// A whole run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scenario's name.
    pub scenario: String,
    /// The protocol's name.
    pub protocol: &'static str,
    /// The parts, in order.
    pub phases: Vec<Phase>,
    /// How often the parts are run.
    pub repeat: Repeat,
    /// How connections introduce themselves.
    pub admission: Admission,
    /// Threads that serve connections.
    pub threads: usize,
    /// Time a request may take.
    pub timeout: Duration,
    /// Time to wait for servers before the run.
    pub wait: Duration,
    /// Time without a connection after which the run is given up.
    pub give_up: Duration,
    /// Seed of all chance.
    pub seed: u64,
    /// What the run has to reach.
    pub goals: Goals,
    /// Where the JSON report goes.
    pub json: Option<PathBuf>,
    /// Where metrics are served.
    pub metrics_addr: Option<SocketAddr>,
    /// Neither progress nor table.
    pub quiet: bool,
    /// What the user should know before the run.
    pub notes: Vec<String>,
}

/// Decides a run.
///
/// # Errors
/// When flags contradict each other; the text says what to change.
pub fn resolve(args: RunArgs) -> Result<Plan, String> {
    let mut drafts = scenario::drafts(&args.scenario)
        .ok_or_else(|| format!("unknown scenario `{}`; use one of {}", args.scenario, scenario::names()))?;
    let mut notes = Vec::new();
    if drafts.len() > 1 {
        refuse_phase_flags(&args)?;
        if args.http_target.is_empty() {
            drafts.retain(|draft| draft.door == Door::Resp);
            notes.push("the HTTP phase is left out: give --http-target HOST:PORT to run it".to_owned());
        }
    } else if !args.http_target.is_empty() {
        return Err(
            "--http-target is for the tour; elsewhere use --protocol http --target HOST:PORT".to_owned()
        );
    }
    if args.timeout.is_zero() || args.give_up.is_zero() {
        return Err("--timeout and --give-up must be longer than zero".to_owned());
    }
    if args.protocol == ProtocolArg::Http && args.password.is_some() {
        return Err("--password is for the Redis protocol; leave it out with --protocol http".to_owned());
    }
    let total: Duration = drafts.iter().map(|draft| draft.duration).sum();
    let phases = drafts.into_iter().map(|draft| phase(draft, &args, total)).collect::<Result<Vec<_>, _>>()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let widest = phases.iter().map(|phase| phase.connections).max().unwrap_or(1);
    let threads = args.threads.map_or((cores / 2).max(1), usize::from).min(widest);
    Ok(Plan {
        scenario: args.scenario,
        protocol: match args.protocol {
            ProtocolArg::Resp2 => "resp2",
            ProtocolArg::Resp3 => "resp3",
            ProtocolArg::Http => "http",
        },
        phases,
        repeat: args.repeat,
        admission: Admission {
            resp3: args.protocol == ProtocolArg::Resp3,
            login: args.password.map(|password| (args.user, password)),
            store: args.store,
        },
        threads,
        timeout: args.timeout,
        wait: args.wait,
        give_up: args.give_up,
        seed: args.seed,
        goals: Goals { max_p99: args.max_p99, max_errors: args.max_errors, min_rate: args.min_rate },
        json: args.json,
        metrics_addr: args.metrics_addr,
        quiet: args.quiet,
        notes,
    })
}

/// A scenario of several phases decides for itself what each of them sends.
fn refuse_phase_flags(args: &RunArgs) -> Result<(), String> {
    let given = [
        ("--mix", args.mix.is_some()),
        ("--requests", args.requests.is_some()),
        ("--warmup", args.warmup.is_some()),
        ("--pipeline", args.pipeline.is_some()),
        ("--keys", args.keys.is_some()),
        ("--key-pattern", args.key_pattern.is_some()),
        ("--key-dist", args.key_dist.is_some()),
        ("--miss-ratio", args.miss_ratio.is_some()),
        ("--value-size", args.value_size.is_some()),
        ("--ttl", args.ttl.is_some()),
        ("--batch", args.batch.is_some()),
        ("--preload", args.preload.is_some()),
        ("--protocol http", args.protocol == ProtocolArg::Http),
        ("--rate max", args.rate == Some(Pace::Max)),
        ("--duration forever", args.duration == Some(Length::Forever)),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(format!(
            "{flag} does not go with --scenario {}, whose phases set it themselves; leave it out or use another scenario (for an endless run: --repeat forever)",
            args.scenario
        )),
        None => Ok(()),
    }
}

fn phase(draft: Draft, args: &RunArgs, total: Duration) -> Result<Phase, String> {
    let door = if args.protocol == ProtocolArg::Http { Door::Http } else { draft.door };
    let stop = match (args.requests, args.duration) {
        (Some(requests), _) => Stop::Requests(requests),
        (None, Some(Length::Forever)) => Stop::Never,
        // The given time is shared among the phases as the scenario shares its own.
        (None, Some(Length::For(time))) => {
            Stop::After(time.mul_f64(draft.duration.as_secs_f64() / total.as_secs_f64()))
        }
        (None, None) => Stop::After(draft.duration),
    };
    let pace = match args.rate {
        None => Pace::PerSecond(scaled(scenario::RATE_DEFAULT, draft.rate_share)),
        Some(Pace::PerSecond(rate)) => Pace::PerSecond(scaled(rate, draft.phase_share)),
        Some(Pace::Max) => Pace::Max,
    };
    let keys = KeySpace {
        pattern: args.key_pattern.clone().unwrap_or(draft.key_pattern),
        count: args.keys.unwrap_or(draft.keys),
        choice: args.key_dist.unwrap_or(draft.key_dist),
        miss_ratio: args.miss_ratio.unwrap_or(draft.miss_ratio),
    };
    if let KeyChoice::Hot { keys: hot, .. } = keys.choice
        && hot > keys.count
    {
        return Err(format!("--key-dist hot:{hot},… has more hot keys than there are keys ({})", keys.count));
    }
    let mix = match (&args.mix, door) {
        (Some(mix), _) => mix.clone(),
        (None, Door::Resp) => draft.mix,
        (None, Door::Http) => draft.http_mix,
    };
    let pipeline = args.pipeline.map_or(draft.pipeline, usize::from);
    if door == Door::Http {
        if let Some(operation) = mix.operations().find(|operation| !operation.over_http()) {
            let name = operation.name().to_ascii_lowercase();
            return Err(format!("HTTP has no `{name}`; use get, set, del, mget and mset in --mix"));
        }
        if args.pipeline.is_some_and(|pipeline| pipeline > 1) {
            return Err(
                "HTTP sends one request at a time; leave --pipeline out and use more --connections".into()
            );
        }
    }
    let size = args.value_size.unwrap_or(draft.value_size);
    let batch = args.batch.map_or(draft.batch, usize::from);
    let per_request = if mix.operations().any(|operation| operation == Operation::Mset) { batch } else { 1 };
    let group_bytes = size.max().saturating_mul(per_request).saturating_mul(pipeline);
    if group_bytes > GROUP_BYTES_MAX {
        return Err(format!(
            "one group of requests could hold {group_bytes} bytes, more than {GROUP_BYTES_MAX}; lower --value-size, --pipeline or --batch"
        ));
    }
    Ok(Phase {
        name: draft.name.to_owned(),
        door,
        targets: targets(args, door, draft.door),
        workload: Arc::new(Workload {
            mix,
            keys,
            values: Values::new(size, args.seed),
            ttl: args.ttl.unwrap_or(draft.ttl),
            batch,
        }),
        pace,
        arrivals: args.arrivals,
        stop,
        warmup: args.warmup.unwrap_or(Duration::ZERO),
        connections: args.connections.map_or(draft.connections, |connections| connections as usize),
        pipeline: if door == Door::Http { 1 } else { pipeline },
        preload: args.preload.unwrap_or(draft.preload),
    })
}

fn targets(args: &RunArgs, door: Door, drafted: Door) -> Arc<[String]> {
    let (given, default) = match door {
        Door::Resp => (&args.target, "127.0.0.1:8080"),
        Door::Http if drafted == Door::Http => (&args.http_target, "127.0.0.1:9080"),
        Door::Http => (&args.target, "127.0.0.1:9080"),
    };
    if given.is_empty() { Arc::new([default.to_owned()]) } else { given.clone().into() }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are at most a hundred million and shares are positive"
)]
fn scaled(rate: u64, share: f64) -> u64 {
    ((rate as f64 * share).round() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Args;

    fn plan(line: &str) -> Result<Plan, String> {
        let words = std::iter::once("loadgen").chain(line.split_whitespace());
        resolve(Args::try_parse_from(words).unwrap().run)
    }

    #[test]
    fn flags_change_the_scenario() {
        let plan =
            plan("--rate 500 --keys 7 --connections 3 --duration 2s --pipeline 4 --preload=false").unwrap();
        let phase = &plan.phases[0];
        assert_eq!(phase.pace, Pace::PerSecond(500));
        assert_eq!((phase.connections, phase.pipeline, phase.workload.keys.count), (3, 4, 7));
        assert_eq!((phase.stop, phase.preload), (Stop::After(Duration::from_secs(2)), false));
        assert_eq!(&*phase.targets, ["127.0.0.1:8080"]);
    }

    #[test]
    fn the_tour_shares_time_and_takes_http_only_with_a_target() {
        let without = plan("--scenario tour").unwrap();
        assert!(without.phases.iter().all(|phase| phase.door == Door::Resp));
        assert!(without.notes[0].contains("--http-target"));
        let with = plan("--scenario tour --http-target h:1 --duration 10s").unwrap();
        assert_eq!(with.phases.iter().filter(|phase| phase.door == Door::Http).count(), 1);
        let total: Duration = with
            .phases
            .iter()
            .map(|phase| match phase.stop {
                Stop::After(time) => time,
                other => panic!("{other:?}"),
            })
            .sum();
        assert!(total.abs_diff(Duration::from_secs(10)) < Duration::from_millis(1));
    }

    #[test]
    fn contradictions_are_refused_with_advice() {
        for (line, says) in [
            ("--scenario nope", "steady"),
            ("--scenario tour --mix get=1", "--mix does not go"),
            ("--http-target h:1", "--protocol http"),
            ("--protocol http --mix incr=1", "HTTP has no `incr`"),
            ("--protocol http --pipeline 2", "--connections"),
            ("--protocol http --password x", "leave it out"),
            ("--keys 5 --key-dist hot:9,0.5", "more hot keys"),
            ("--value-size 512MB --pipeline 16", "lower --value-size"),
            ("--timeout 0s", "longer than zero"),
        ] {
            let error = plan(line).unwrap_err();
            assert!(error.contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn every_scenario_resolves_for_resp_and_http() {
        for (name, _) in scenario::ALL {
            plan(&format!("--scenario {name}")).unwrap();
            if *name != "tour" {
                let plan = plan(&format!("--scenario {name} --protocol http")).unwrap();
                assert_eq!(&*plan.phases[0].targets, ["127.0.0.1:9080"]);
            }
        }
    }
}
