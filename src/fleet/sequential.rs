//! The plain sequential loop: date by date, processor by processor, with neither messages nor ledger.
//! What the fleet's result is compared with, byte for byte, and what its speed is measured against.

use std::ops::Range;

use super::attempt::{Fresh, write_made};
use super::compute::{Trouble, known, make};
use super::engine::Engine;
use crate::flow::{Failure, Lane, Processor, RunId, Step};

/// Computes all units of these dates (places in the calendar), each after all that it reads, into the
/// engine's lake. `run_name` goes into the files. Answers with the number of units; the first failure ends it.
pub async fn sequential(engine: &Engine, dates: Range<usize>, run_name: &str) -> Result<u64, Failure> {
    let mut units = 0;
    for at in dates {
        for processor in engine.cascade.processors() {
            // What is made once a month has no unit on the other dates.
            if engine.catalog().exists(processor, at) {
                units += with_inputs(engine, processor, at, run_name).await?;
            }
        }
    }
    Ok(units)
}

/// Makes a unit that is not there yet, and before it whatever of its windows is not: a window may reach a
/// few dates ahead, as on a schedule.
async fn with_inputs(
    engine: &Engine,
    processor: &Processor,
    at: usize,
    run_name: &str,
) -> Result<u64, Failure> {
    let mut units = 0;
    let mut left = vec![(*processor, at)];
    while let Some((processor, at)) = left.pop() {
        if engine.catalog().get(processor.writes, at).is_some() {
            continue;
        }
        let missing = missing_inputs(engine, &processor, at);
        if missing.is_empty() {
            one(engine, &processor, at, run_name).await?;
            units += 1;
        } else {
            left.push((processor, at));
            left.extend(missing);
        }
    }
    Ok(units)
}

fn missing_inputs(engine: &Engine, processor: &Processor, at: usize) -> Vec<(Processor, usize)> {
    let catalog = engine.catalog();
    let mut missing = Vec::new();
    for input in processor.reads {
        let window = input.window.inputs(&engine.calendar, at);
        if catalog.count(input.dataset, window.clone()) == window.len() {
            continue;
        }
        if let Some(upstream) = engine.cascade.processor(input.dataset) {
            let is_missing =
                |at: &usize| catalog.get(input.dataset, *at).is_none() && catalog.exists(upstream, *at);
            let absent = window.filter(is_missing);
            missing.extend(absent.map(|at| (*upstream, at)));
        }
    }
    missing
}

async fn one(engine: &Engine, processor: &Processor, at: usize, run_name: &str) -> Result<(), Failure> {
    let unit = engine.unit(processor.writes, at);
    let stamp = match processor.step {
        Step::Land { source, .. } => engine.ports.source.stamp(source, unit.date).await?.into_stamp(),
        Step::Compute { .. } | Step::Publish { .. } => None,
    };
    let (fingerprint, known) = {
        let catalog = engine.catalog();
        (catalog.fingerprint(processor, at, stamp.as_deref()), known(engine, &catalog, processor, at))
    };
    let fresh = Fresh { unit, processor, fingerprint, run_name, run: RunId(0), attempt: 1, started: 0 };
    let made = make(engine, processor, at, Lane::Backfill, &known).await.map_err(Trouble::into_failure)?;
    let record = write_made(engine, &fresh, made).await.map_err(Trouble::into_failure)?;
    engine.catalog().put(unit, Some(record));
    Ok(())
}
