//! The bodies of the fuzz targets (`hypercache/fuzz`), run for a while on random bytes with known seeds.
//!
//! `FUZZ_ITERATIONS` says how many inputs each gets, `FUZZ_SEED` where they begin; a failure names the seed of its input,
//! and `FUZZ_ITERATIONS=1 FUZZ_SEED=<it>` runs that one again.

mod commands;
mod dumped;
mod engine;
mod frames;
mod payloads;
mod requests;
mod source;

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;

use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::SmallRng;

/// As in the program itself; it counts what each thread asks for.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// Runs `body` on what `input` makes of each seed.
fn on_seeds(iterations: u64, input: impl Fn(&mut SmallRng) -> Vec<u8>, body: impl Fn(&[u8])) {
    let first = number("FUZZ_SEED").unwrap_or(0);
    for seed in first..first + number("FUZZ_ITERATIONS").unwrap_or(iterations) {
        let data = input(&mut SmallRng::seed_from_u64(seed));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(&data))) {
            eprintln!("FUZZ_SEED={seed}: {} bytes", data.len());
            resume_unwind(panic);
        }
    }
}

fn any_bytes(random: &mut SmallRng, most: usize) -> Vec<u8> {
    let length = random.random_range(0..most);
    (0..length).map(|_| random.random()).collect()
}

/// Bytes put together of pieces that mean something in RESP.
fn pieces(random: &mut SmallRng, of: &[&[u8]]) -> Vec<u8> {
    let mut data = any_bytes(random, 6);
    for _ in 0..random.random_range(0..60) {
        if random.random_ratio(1, 12) {
            data.extend(any_bytes(random, 12));
        } else {
            data.extend_from_slice(of[random.random_range(0..of.len())]);
        }
    }
    data
}

#[test]
fn requests_are_parsed_or_refused() {
    const PIECES: [&[u8]; 24] = [
        b"*1\r\n",
        b"*2\r\n",
        b"*0\r\n",
        b"*-1\r\n",
        b"*9\r\n",
        b"*11\r\n",
        b"*1001\r\n",
        b"$0\r\n\r\n",
        b"$3\r\nGET\r\n",
        b"$1\r\na\r\n",
        b"$-1\r\n",
        b"$5000\r\n",
        b"$99999999999999999999\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"PING\r\n",
        b"SET \"a\\x00b\" 'c'\r\n",
        b"\"",
        b"'",
        b"*",
        b"$",
        b"*1\r\n$4\r\nPING\r\n",
        b"*+1\r\n",
    ];
    on_seeds(20_000, |random| pieces(random, &PIECES), requests::run);
}

#[test]
fn frames_are_read_or_refused() {
    const PIECES: [&[u8]; 34] = [
        b"+OK\r\n",
        b"-ERR x\r\n",
        b":12\r\n",
        b":-9223372036854775808\r\n",
        b":9223372036854775808\r\n",
        b"$3\r\nabc\r\n",
        b"$-1\r\n",
        b"$0\r\n\r\n",
        b"*2\r\n",
        b"*0\r\n",
        b"*-1\r\n",
        b"%1\r\n",
        b"~2\r\n",
        b">2\r\n",
        b"|1\r\n",
        b"_\r\n",
        b"#t\r\n",
        b"#f\r\n",
        b"#x\r\n",
        b",1.5\r\n",
        b",inf\r\n",
        b",nan\r\n",
        b",1e400\r\n",
        b"(123456789012345678901234567890\r\n",
        b"=7\r\ntxt:abc\r\n",
        b"=2\r\nab\r\n",
        b"!3\r\nERR\r\n",
        b"*9223372036854775807\r\n",
        b"%4611686018427387904\r\n",
        b"*501\r\n",
        b"$4097\r\n",
        b"\r\n",
        b"*1\r\n*1\r\n*1\r\n*1\r\n",
        b"%2\r\n+a\r\n",
    ];
    on_seeds(
        20_000,
        |random| pieces(random, &PIECES),
        |data| {
            frames::run(data);
            // Behind the random bytes that most inputs begin with.
            let begin = data.iter().position(|byte| b"+-:$*%~>|_#,(=!".contains(byte)).unwrap_or(0);
            frames::run(&data[begin..]);
        },
    );
}

/// One of these values with a few bytes changed, taken out or doubled.
fn spoiled(random: &mut SmallRng, values: &[Vec<u8>]) -> Vec<u8> {
    let mut data = values[random.random_range(0..values.len())].clone();
    for _ in 0..random.random_range(0..4) {
        let at = random.random_range(0..data.len());
        match random.random_range(0..5) {
            0 => data[at] = random.random(),
            1 => data[at] ^= 1 << random.random_range(0..8),
            2 if data.len() > 1 => drop(data.remove(at)),
            3 => data.insert(at, random.random()),
            _ => data.truncate(at + 1),
        }
    }
    if random.random_ratio(1, 8) { any_bytes(random, 40) } else { data }
}

#[test]
fn payloads_are_read_or_refused() {
    let values = dumped::values();
    let counter = tikv_jemalloc_ctl::thread::allocatedp::read().expect("the allocator counts");
    on_seeds(20_000, |random| spoiled(random, &values), |data| payloads::run(data, || counter.get()));
}

#[test]
fn streams_of_commands_do_no_harm() {
    let counter = tikv_jemalloc_ctl::thread::allocatedp::read().expect("the allocator counts");
    on_seeds(150, |random| any_bytes(random, 6000), |data| engine::run(data, || counter.get()));
}
