//! Writes every key once, so that reads find something.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::watch;

use crate::answer::Verdict;
use crate::client::LinkError;
use crate::keys::KeyChoice;
use crate::link::Exchange;
use crate::link::Link;
use crate::operation::Operation;
use crate::plan::Admission;
use crate::plan::Door;
use crate::plan::Phase;
use crate::request::Generator;
use crate::request::TEXT_KEY;
use crate::request::Workload;

/// Most keys written at once.
const GROUP_MAX: usize = 256;

/// Most bytes written at once, unless a single value is longer.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Writes the keys of `phase` to each of its targets and gives the errors the server answered with, by prefix.
///
/// # Errors
/// When the connection cannot be made or breaks.
pub async fn preload(
    phase: &Phase,
    admission: &Admission,
    seed: u64,
    timeout: Duration,
    interrupted: &watch::Receiver<bool>,
    mut on_progress: impl FnMut(u64),
) -> Result<BTreeMap<String, u64>, LinkError> {
    let mut errors = BTreeMap::new();
    // Whether the targets share their keys cannot be told from here: each is given all of them.
    for target in phase.targets.iter() {
        let mut link = open(phase, target, admission, timeout).await?;
        fill(&mut link, phase, seed, timeout, interrupted, (&mut errors, &mut on_progress)).await?;
    }
    Ok(errors)
}

async fn fill(
    link: &mut Link,
    phase: &Phase,
    seed: u64,
    timeout: Duration,
    interrupted: &watch::Receiver<bool>,
    (errors, on_progress): (&mut BTreeMap<String, u64>, &mut impl FnMut(u64)),
) -> Result<(), LinkError> {
    let mut workload = Workload::clone(&phase.workload);
    workload.mix = "set".parse().expect("the operation exists");
    workload.keys.choice = KeyChoice::Sequential;
    let group = (GROUP_BYTES / workload.values.size().max().max(1)).clamp(1, GROUP_MAX);
    let mut left = workload.keys.count;
    let mut generator = Generator::new(Arc::new(workload), seed, 0, 1);
    let mut exchange = Exchange::default();
    while left > 0 && !*interrupted.borrow() {
        let size = usize::try_from(left).unwrap_or(usize::MAX).min(group);
        exchange.draw(&mut generator, size);
        link.carry(&mut exchange, &mut generator, Instant::now() + timeout).await?;
        for answer in &exchange.answers {
            if let Verdict::Error(prefix) = &answer.verdict {
                *errors.entry(prefix.to_string()).or_default() += 1;
            }
        }
        left -= size as u64;
        on_progress(size as u64);
    }
    Ok(())
}

/// Writes the text that the operations which fail on purpose work on, when there are any.
///
/// # Errors
/// When the server cannot be reached or does not take it.
pub async fn prepare_errors(
    phase: &Phase,
    admission: &Admission,
    timeout: Duration,
) -> Result<(), LinkError> {
    let needs_text = |operation| matches!(operation, Operation::WrongType | Operation::NotInteger);
    if phase.door == Door::Http || !phase.workload.mix.operations().any(needs_text) {
        return Ok(());
    }
    for target in phase.targets.iter() {
        let Link::Resp(mut connection) = open(phase, target, admission, timeout).await? else { continue };
        connection.require("SET", &[b"SET", TEXT_KEY, b"text"], Instant::now() + timeout).await?;
    }
    Ok(())
}

async fn open(
    phase: &Phase,
    target: &str,
    admission: &Admission,
    timeout: Duration,
) -> Result<Link, LinkError> {
    Link::open(phase.door, target, admission, Instant::now() + timeout).await
}
