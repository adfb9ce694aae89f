//! Dates that are no more: a date that lost all its games to a postponement before any was played. What was
//! said of it is taken back, so that nothing waits for it and the lake is a backfill's.

use std::collections::BTreeSet;

use super::attempt::remove;
use super::compute::Trouble;
use super::engine::Engine;
use super::runs::RunError;
use crate::flow::{Date, Outcome, Step, Unit};

/// Takes back the units of all dates that have left the calendar and of which nothing has landed but what is
/// `foretold`: the schedule, and what lands before a date's events. A date that was played is left alone, for a source
/// that has lost a season's schedule must not cost the season. Answers with those dates. Call it before `recover`.
pub async fn withdraw(engine: &Engine, foretold: &[&str]) -> Result<BTreeSet<Date>, RunError> {
    let (_, changes) = engine.ports.ledger.changes_since(0).await?;
    let (mut gone, mut played) = (BTreeSet::new(), BTreeSet::new());
    for (unit, record) in changes {
        let (None, Some(processor), Some(record)) =
            (engine.calendar.index_of(unit.date), engine.cascade.processor(unit.dataset), record)
        else {
            continue;
        };
        gone.insert(unit.date);
        match processor.step {
            Step::Land { source, .. } if !foretold.contains(&source) && record.outcome == Outcome::Done => {
                played.insert(unit.date);
            }
            Step::Land { .. } | Step::Compute { .. } | Step::Publish { .. } => {}
        }
    }
    let dates: BTreeSet<Date> = gone.difference(&played).copied().collect();
    let unit = |date| engine.cascade.datasets().map(move |dataset| Unit { dataset, date });
    let units: Vec<Unit> = dates.iter().flat_map(|date| unit(*date)).collect();
    if units.is_empty() {
        return Ok(dates);
    }
    tracing::info!(?dates, "dates that have lost their games are taken back");
    for unit in &units {
        take_away(engine, *unit).await?;
    }
    engine.ports.ledger.withdraw(&units, engine.ports.clock.now()).await?;
    Ok(dates)
}

/// Takes away what a unit has. A unit whose document should come in the place of one of its documents, and cannot be
/// made, is forgotten with what it has lost: the next plan finds both missing, and puts the document in its place.
async fn take_away(engine: &Engine, unit: Unit) -> Result<(), RunError> {
    loop {
        let Err(trouble) = remove(engine, unit).await else { return Ok(()) };
        let Trouble::HeirLost { heir, input, reason } = trouble else {
            return Err(trouble.into_failure().into());
        };
        tracing::warn!(%heir, %input, %reason, "an input is lost; both are made again");
        engine.ports.ledger.withdraw(&[heir, input], engine.ports.clock.now()).await?;
    }
}
