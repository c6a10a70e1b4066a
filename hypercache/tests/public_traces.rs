//! Miss-ratio curves of public traces against simulated caches. `scripts/public-traces.sh` brings the traces and runs this.

use std::collections::HashSet;

use hypercache::keyspace::key::HashSeed;
use hypercache::keyspace::miss_ratio::Curve;
use hypercache::keyspace::miss_ratio::Sampler;
use hypercache::keyspace::miss_ratio::Touches;
use traces::Reference;

#[path = "../src/keyspace/miss_ratio/tests/simulation.rs"]
mod simulation;

mod traces {
    /// A lookup of a key that takes so many bytes.
    pub struct Reference {
        pub hash: u64,
        pub bytes: u64,
    }
}

/// Lookups between two ticks.
const BETWEEN_TICKS: usize = 100_000;

/// A file with a key and its bytes, divided by a blank, in each line.
fn read(file: &str) -> Vec<Reference> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let reference = |line: &str| {
        let (key, bytes) = line.split_once(' ').unwrap_or_else(|| panic!("{file}: {line:?}"));
        let bytes = bytes.parse().unwrap_or_else(|_| panic!("{file}: {line:?}"));
        Reference { hash: HashSeed(7).hash(key.as_bytes()), bytes }
    };
    text.lines().map(reference).collect()
}

/// The curve where clients write what they miss.
fn sampled(trace: &[Reference]) -> Curve {
    let (sampler, mut touches, mut written) = (Sampler::off(), Touches::default(), HashSet::new());
    sampler.start();
    sampler.take_now(&mut touches);
    for part in trace.chunks(BETWEEN_TICKS) {
        for Reference { hash, bytes } in part {
            let (found, size) = (!written.insert(*hash), usize::try_from(*bytes).unwrap_or(usize::MAX));
            if touches.look_up(*hash) {
                touches.looked_up(*hash, found.then_some((size, None)), 0);
            }
            if !found {
                touches.written(*hash, size, None);
            }
            sampler.take(&mut touches);
        }
        assert!(sampler.tick(u64::MAX), "it was started");
        sampler.take_now(&mut touches);
    }
    sampler.curve().expect("it was started")
}

#[test]
#[ignore = "needs public traces: scripts/public-traces.sh brings some and runs it"]
fn curves_of_public_traces_are_those_of_simulated_caches() {
    let files = std::env::var("HYPERCACHE_TRACES").expect("HYPERCACHE_TRACES names files, divided by colons");
    for file in files.split(':') {
        let trace = read(file);
        let curve = sampled(&trace);
        let error = simulation::mean_error(&trace, |bytes| 1.0 - curve.miss_ratio(bytes).unwrap_or(1.0));
        println!(
            "{file}: {} lookups, {} keys followed ({:.4} of all), mean error {error:.4}",
            trace.len(),
            curve.sampled_keys,
            curve.sampling_ratio
        );
        assert!(error < 0.02, "{file}: mean error {error:.4}");
    }
}
