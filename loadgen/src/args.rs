//! What may be written on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::Subcommand;

use crate::keys::KeyChoice;
use crate::keys::KeyPattern;
use crate::operation::Mix;
use crate::schedule::Arrivals;
use crate::schedule::Pace;
use crate::values::Ttl;
use crate::values::ValueSize;

const EXAMPLES: &str = "\
Examples:
  loadgen                                          1000 requests/s for 30 s at 127.0.0.1:8080
  loadgen --rate 20000 --duration 60s --max-p99 2ms --max-errors 0
  loadgen --rate max --connections 50 --pipeline 16 --requests 10000000
  loadgen --scenario page-cache --target 127.0.0.1:8080 --target 127.0.0.1:8081
  loadgen --protocol http --mix get=80,set=20 --rate 2000
  loadgen --scenario tour --http-target 127.0.0.1:9080 --repeat forever --metrics-addr 0.0.0.0:9100

What is not given comes from the scenario: rate, duration, connections, keys, values, mix and the rest.

How time is measured: with a rate (open loop) each request has an intended start, and its latency counts from there,
sent late or not; so a stalled server shows in every request it held up. With `--rate max` (closed loop) latency counts
from the sending. A pipeline of N sends N requests at once that share one intended start.

Exit status: 0 targets met, 1 a target missed, 2 wrong usage, 3 could not connect or the server refused the client.";

/// Loads HyperCache, Redis or Valkey, and reports what it saw.
#[derive(Debug, Parser)]
#[command(name = "loadgen", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do instead of a run.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The run.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What to do instead of a run.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// List the scenarios and what each does
    Scenarios,
}

/// The protocol spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ProtocolArg {
    /// The Redis protocol as every client starts it.
    Resp2,
    /// The Redis protocol after HELLO 3.
    Resp3,
    /// PUT, GET and DELETE on /api/cache/{key}.
    Http,
}

/// How often something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// So many times.
    Times(u32),
    /// Until interrupted.
    Forever,
}

/// When a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// After this time.
    For(Duration),
    /// When interrupted.
    Forever,
}

/// The flags of a run; what is not given comes from the scenario.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Server to load, HOST:PORT; give it several times to spread connections [default: 127.0.0.1:8080, for HTTP 127.0.0.1:9080]
    #[arg(long, value_name = "HOST:PORT", value_parser = target, help_heading = "Target")]
    pub target: Vec<String>,
    /// Server for the HTTP phase of the tour, HOST:PORT; without it the phase is left out
    #[arg(long, value_name = "HOST:PORT", value_parser = target, help_heading = "Target")]
    pub http_target: Vec<String>,
    /// Protocol to speak
    #[arg(long, value_enum, default_value = "resp2", help_heading = "Target")]
    pub protocol: ProtocolArg,
    /// User to log in as; needs --password
    #[arg(long, requires = "password", help_heading = "Target")]
    pub user: Option<String>,
    /// Password to log in with
    #[arg(long, env = "LOADGEN_PASSWORD", hide_env_values = true, help_heading = "Target")]
    pub password: Option<String>,
    /// Store to use, by name or number (SELECT; ?store= over HTTP)
    #[arg(long, value_parser = store, help_heading = "Target")]
    pub store: Option<String>,
    /// Time to wait for servers to come up before the run
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "2s", help_heading = "Target")]
    pub wait: Duration,

    /// Named scenario; `loadgen scenarios` lists them
    #[arg(long, default_value = "steady", help_heading = "Load")]
    pub scenario: String,
    /// Requests per second over all connections (open loop), or max (closed loop); each phase of the tour takes a share
    #[arg(long, value_name = "N|max", help_heading = "Load")]
    pub rate: Option<Pace>,
    /// Spacing of intended starts in the open loop
    #[arg(long, value_enum, default_value = "constant", help_heading = "Load")]
    pub arrivals: Arrivals,
    /// Time to send requests, or forever [default: the scenario's, 30s for most]
    #[arg(long, value_name = "TIME|forever", value_parser = length, conflicts_with = "requests", help_heading = "Load")]
    pub duration: Option<Length>,
    /// Number of requests to send instead of a time, without those of the warm-up
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Load")]
    pub requests: Option<u64>,
    /// Time to send requests before they count
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, help_heading = "Load")]
    pub warmup: Option<Duration>,
    /// Run the scenario this many times, or forever
    #[arg(long, value_name = "N|forever", value_parser = repeat, default_value = "1", help_heading = "Load")]
    pub repeat: Repeat,
    /// Connections in all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536), help_heading = "Load")]
    pub connections: Option<u32>,
    /// Threads that serve the connections [default: half the processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Load")]
    pub threads: Option<u16>,
    /// Requests sent at once on a connection
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000), help_heading = "Load")]
    pub pipeline: Option<u16>,
    /// Time a request may take, from its intended start to the answer
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "5s", help_heading = "Load")]
    pub timeout: Duration,
    /// Time without any connection after which the run is given up
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "60s", help_heading = "Load")]
    pub give_up: Duration,

    /// Operations and weights, such as get=80,set=15,del=1,incr=2,mget=1,expire=1
    #[arg(long, value_name = "OP=N,…", help_heading = "Requests")]
    pub mix: Option<Mix>,
    /// Number of keys
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000), help_heading = "Requests")]
    pub keys: Option<u64>,
    /// Spelling of keys; # is the key's number
    #[arg(long, value_name = "TEXT", help_heading = "Requests")]
    pub key_pattern: Option<KeyPattern>,
    /// Choice of keys: uniform, zipf:EXPONENT, hot:KEYS,SHARE or sequential
    #[arg(long, value_name = "CHOICE", help_heading = "Requests")]
    pub key_dist: Option<KeyChoice>,
    /// Share of reads for keys that do not exist, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Requests")]
    pub miss_ratio: Option<f64>,
    /// Bytes of values: 128, 64..4KB, lognormal:1KB,1.0 (or 1KB,1.0,64KB with a maximum) or zipf:16..64KB,1.1
    #[arg(long, value_name = "SIZE", help_heading = "Requests")]
    pub value_size: Option<ValueSize>,
    /// Time to live of written keys: none, 60s, 10s..60s or exp:30s
    #[arg(long, value_name = "TTL", help_heading = "Requests")]
    pub ttl: Option<Ttl>,
    /// Keys of one MGET or MSET
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000), help_heading = "Requests")]
    pub batch: Option<u16>,
    /// Write every key once before the run
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, help_heading = "Requests")]
    pub preload: Option<bool>,
    /// Seed of all chance: the same seed draws the same requests
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Requests")]
    pub seed: u64,

    /// Fail when the 99th percentile of all latencies is longer
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, help_heading = "Targets")]
    pub max_p99: Option<Duration>,
    /// Fail when more errors occur (those a scenario causes on purpose do not count)
    #[arg(long, value_name = "N", help_heading = "Targets")]
    pub max_errors: Option<u64>,
    /// Fail when fewer requests per second are answered
    #[arg(long, value_name = "N", help_heading = "Targets")]
    pub min_rate: Option<u64>,

    /// Write the report as JSON to a file, or - for standard output (the table then goes to standard error)
    #[arg(long, value_name = "FILE|-", help_heading = "Output")]
    pub json: Option<PathBuf>,
    /// Serve Prometheus metrics at http://ADDR/metrics
    #[arg(long, value_name = "ADDR", help_heading = "Output")]
    pub metrics_addr: Option<SocketAddr>,
    /// Neither progress nor table
    #[arg(long, help_heading = "Output")]
    pub quiet: bool,
}

fn target(text: &str) -> Result<String, String> {
    let valid = text.rsplit_once(':').is_some_and(|(host, port)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        !host.is_empty() && host.chars().all(plain) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if valid { Ok(text.to_owned()) } else { Err("write HOST:PORT, such as 127.0.0.1:8080".to_owned()) }
}

fn store(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=64).contains(&text.len()) && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("a store's name has 1 to 64 letters, digits, `-`, `_` or `.`".to_owned())
    }
}

fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "write a number from 0 to 1".to_owned())
}

fn length(text: &str) -> Result<Length, String> {
    if text == "forever" {
        return Ok(Length::Forever);
    }
    humantime::parse_duration(text)
        .ok()
        .filter(|duration| !duration.is_zero())
        .map(Length::For)
        .ok_or_else(|| "write a time such as 30s or 5m, or forever".to_owned())
}

fn repeat(text: &str) -> Result<Repeat, String> {
    if text == "forever" {
        return Ok(Repeat::Forever);
    }
    text.parse()
        .ok()
        .filter(|times| *times > 0)
        .map(Repeat::Times)
        .ok_or_else(|| "write a number of at least 1, or forever".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn flags_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn wrong_flags_say_what_to_write() {
        for (line, says) in [
            ("--target nowhere", "HOST:PORT"),
            ("--rate fast", "max for a closed loop"),
            ("--duration 0s", "30s"),
            ("--duration 5s --requests 5", "cannot be used with"),
            ("--miss-ratio 2", "0 to 1"),
            ("--mix got=1", "not an operation"),
            ("--user me", "--password"),
            ("--repeat 0", "at least 1"),
            ("--pipeline 0", "1..=10000"),
        ] {
            let line = std::iter::once("loadgen").chain(line.split(' '));
            let error = Args::try_parse_from(line).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
