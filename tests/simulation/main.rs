//! The whole engine under deterministic simulation: one thread and one seed a history. Drops, repeats,
//! reorders and delays messages, fails ports, kills and stalls processes, moves the clock, changes payloads
//! and harms files; after every step the invariants are checked, at the end the lake is compared with the
//! plain sequential order, byte for byte.
//!
//! `TIDEGATE_SIMULATION_SEEDS=20000` plays that many seeds; `TIDEGATE_SIMULATION_SEED=123` replays one, told
//! step by step.

mod chance;
mod history;
mod pipelines;
mod ports;
mod reference;
mod shadow;
mod shared;
mod taken_over;
mod world;

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidegate::adapters::ledger::InlineLedger;

use history::{Counts, play};

/// Seeds where nobody says otherwise: a few seconds.
const SEEDS: u64 = 3_000;

/// How many broken seeds are named with their reasons.
const BROKEN_SHOWN: usize = 20;

#[expect(clippy::disallowed_methods, reason = "a test has no command line of its own to be told a seed by")]
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")))
}

fn ledger() -> Arc<InlineLedger> {
    Arc::new(InlineLedger::in_memory(&pipelines::datasets()).expect("a ledger in memory"))
}

#[test]
fn every_history_ends_as_the_plain_order_does() {
    if let Some(seed) = number("TIDEGATE_SIMULATION_SEED") {
        println!("{:?}", play(seed, &ledger(), true));
        return;
    }
    let seeds = number("TIDEGATE_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicU64::new(1);
    // A failure is told with its seed below; the default hook would add a page to each.
    std::panic::set_hook(Box::new(|_| {}));
    let (totals, mut broken) = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(seeds, &next))).collect();
        let (mut totals, mut broken) = (Counts::new(), Vec::new());
        for worker in workers {
            let (counts, failures) = worker.join().expect("a worker");
            counts.into_iter().for_each(|(what, count)| *totals.entry(what).or_default() += count);
            broken.extend(failures);
        }
        (totals, broken)
    });
    drop(std::panic::take_hook());
    broken.sort();
    println!("{seeds} seeds: {totals:?}");
    for (seed, reason) in broken.iter().take(BROKEN_SHOWN) {
        println!("seed {seed}: {reason}");
    }
    if let Some((seed, reason)) = broken.first() {
        panic!(
            "{} of {seeds} seeds broke an invariant, the first, {seed}, with: {reason}\nto see each step:\n    \
             TIDEGATE_SIMULATION_SEED={seed} cargo test --test simulation -- --nocapture",
            broken.len()
        );
    }
}

/// Plays seeds until all are played; answers with the totals and with the seeds that broke an invariant.
fn work(seeds: u64, next: &AtomicU64) -> (Counts, Vec<(u64, String)>) {
    let mut ledger_of_thread = ledger();
    let (mut totals, mut broken) = (Counts::new(), Vec::new());
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed > seeds {
            return (totals, broken);
        }
        match catch_unwind(AssertUnwindSafe(|| play(seed, &ledger_of_thread, false))) {
            Ok(counts) => {
                counts.into_iter().for_each(|(what, count)| *totals.entry(what).or_default() += count)
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                broken.push((seed, text.unwrap_or_default()));
                ledger_of_thread = ledger();
            }
        }
    }
}
