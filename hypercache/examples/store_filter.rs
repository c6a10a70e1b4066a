//! What a store's cuckoo filter costs and gains: two keyspaces with the same keys, one with and one without a filter, are
//! asked in turns; prints the median of the rounds in nanoseconds per operation.
//!
//! `cargo run --release -p hypercache --example store_filter -- <keys> <rate>`

#![expect(clippy::print_stdout, reason = "to print is what it is for")]

use std::hint::black_box;
use std::time::Instant;

use hypercache::keyspace::Keyspace;
use hypercache::keyspace::departure::Departure;
use hypercache::keyspace::key::HashSeed;
use hypercache::keyspace::setup::Setup;
use hypercache::value::string::Str;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const SHARDS: usize = 64;
const ROUNDS: usize = 11;
const OPERATIONS: u64 = 1_000_000;
const VALUE: [u8; 64] = [b'v'; 64];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let keys: u64 = arguments.next().and_then(|keys| keys.parse().ok()).unwrap_or(1_000_000);
    let rate: f64 = arguments.next().and_then(|rate| rate.parse().ok()).unwrap_or(0.01);
    let of = |filter| Keyspace::new(SHARDS, Setup { filter, ..Setup::plain(HashSeed(42)) });
    let keyspaces = [of(None), of(Some(rate))];
    let filled = keyspaces.each_ref().map(|keyspace| timed(keys, |number| set(keyspace, number)));
    println!("filling {keys} keys: {:.0} ns without, {:.0} ns with a filter", filled[0], filled[1]);
    // Odd multipliers visit the keys in an order that no cache expects.
    let present = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys;
    compare("GET that misses", &keyspaces, |keyspace, number| get(keyspace, keys + present(number)));
    compare("GET that hits", &keyspaces, |keyspace, number| get(keyspace, present(number)));
    compare("SET of a key that is there", &keyspaces, |keyspace, number| set(keyspace, present(number)));
    compare("SET of a new key and DEL", &keyspaces, |keyspace, number| {
        set(keyspace, 2 * keys + number);
        remove(keyspace, 2 * keys + number);
    });
    if let Some(standing) = keyspaces[1].filter_standing() {
        let per_key = standing.bytes as f64 / standing.items as f64;
        let measured = standing.measured_rate().unwrap_or_default();
        println!(
            "{per_key:.2} bytes for a key, false positives: {:.3} % expected, {:.3} % measured",
            100.0 * standing.expected_rate,
            100.0 * measured,
        );
    }
}

fn compare(what: &str, keyspaces: &[Keyspace; 2], work: impl Fn(&Keyspace, u64)) {
    let mut rounds: [Vec<f64>; 2] = Default::default();
    for round in 0..ROUNDS as u64 {
        for (keyspace, times) in keyspaces.iter().zip(&mut rounds) {
            times.push(timed(OPERATIONS, |number| work(keyspace, round * OPERATIONS + number)));
        }
    }
    let [without, with] = rounds.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    println!("{what}: {without:.0} ns without, {with:.0} ns with a filter");
}

/// Nanoseconds that each of so many operations takes.
fn timed(operations: u64, work: impl Fn(u64)) -> f64 {
    let began = Instant::now();
    (0..operations).for_each(work);
    began.elapsed().as_nanos() as f64 / operations as f64
}

fn name(number: u64) -> [u8; 16] {
    let mut name = *b"key:000000000000";
    let mut rest = number;
    for digit in name[4..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    name
}

fn get(keyspace: &Keyspace, number: u64) {
    let name = name(number);
    let key = keyspace.hashed(&name);
    black_box(keyspace.lock(keyspace.shard_of(key.hash)).seek(key).is_some());
}

fn set(keyspace: &Keyspace, number: u64) {
    let name = name(number);
    let key = keyspace.hashed(&name);
    let value = Str::new(&VALUE).into();
    black_box(keyspace.lock(keyspace.shard_of(key.hash)).set(key, value, None, 0));
}

fn remove(keyspace: &Keyspace, number: u64) {
    let name = name(number);
    let key = keyspace.hashed(&name);
    black_box(keyspace.lock(keyspace.shard_of(key.hash)).remove(key, Departure::Deleted));
}
