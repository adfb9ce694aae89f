//! What the gates of a pipeline say of each date of a range, and what the checks that they read found: the gates
//! and checks are those processors whose rows are of that kind, whatever the pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Context;

use crate::domain::checks::{CheckRow, GateRow, Standing, Verdict};
use crate::fleet::{DeadLetter, Engine};
use crate::flow::{DatasetName, Date, Outcome, Processor, Row, Schema, Season, SkipReason, Unit};

/// What is said of one date by one gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    /// GO.
    Go,
    /// Nothing to judge, for this reason.
    Skipped(SkipReason),
    /// A person has accepted a NO-GO, or that what is judged is missing.
    Accepted,
    /// It waits for a dead letter further up.
    Held,
    /// It was never computed.
    NotComputed,
    /// It failed in another way than by its checks.
    Failed,
    /// NO-GO.
    NoGo,
}

impl Says {
    /// Whether the date has passed, or rightly has nothing to pass with.
    pub(super) fn is_passed(self) -> bool {
        match self {
            Self::Go | Self::Skipped(_) | Self::Accepted => true,
            Self::Held | Self::NotComputed | Self::Failed | Self::NoGo => false,
        }
    }
}

/// One gate over the range.
#[derive(Debug)]
pub(super) struct Gate {
    /// Its dataset.
    pub(super) dataset: DatasetName,
    /// What it says, date by date.
    pub(super) dates: Vec<(Date, Season, Says)>,
    /// Its open dead letters in the range.
    pub(super) letters: Vec<DeadLetter>,
    /// The checks that it reads.
    pub(super) checks: Vec<Checks>,
}

/// One dataset of results over the range.
#[derive(Debug)]
pub(super) struct Checks {
    /// The dataset.
    pub(super) dataset: DatasetName,
    /// Dates that have results.
    pub(super) dates: usize,
    /// By check and level.
    pub(super) kinds: BTreeMap<(String, String), Kind>,
}

/// One check over the range.
#[derive(Debug, Default)]
pub(super) struct Kind {
    /// How it ended, counted.
    pub(super) standing: Standing,
    /// The date on which it came out worst, and its row there.
    pub(super) worst: Option<(Date, CheckRow)>,
}

/// All gates over the range.
#[derive(Debug)]
pub(super) struct Survey {
    /// First and last date.
    pub(super) range: (Date, Date),
    /// In the order of the cascade.
    pub(super) gates: Vec<Gate>,
    /// Checks that no gate reads: they hold nothing.
    pub(super) watched: Vec<Checks>,
}

impl Survey {
    /// All checks: those that gates read, and the others.
    pub(super) fn checks(&self) -> impl Iterator<Item = &Checks> {
        self.gates.iter().flat_map(|gate| &gate.checks).chain(&self.watched)
    }

    /// Whether every date has passed every gate; there are dates and gates.
    pub(super) fn all_go(&self) -> bool {
        self.gates.iter().all(|gate| gate.dates.iter().all(|(_, _, says)| says.is_passed()))
    }
}

/// Looks at all gates over these dates, and at the checks that none of them reads.
pub(super) async fn survey(engine: &Engine, dates: Range<usize>) -> anyhow::Result<Survey> {
    let mut survey = survey_of(engine, dates.clone(), |_| true).await?;
    let is_read = |dataset| survey.gates.iter().flat_map(|gate| &gate.checks).any(|of| of.dataset == dataset);
    let watched: Vec<DatasetName> =
        of_schema(engine, CheckRow::SCHEMA).into_iter().filter(|dataset| !is_read(*dataset)).collect();
    survey.watched = checks(engine, &watched, dates).await?;
    Ok(survey)
}

/// Looks at those gates over these dates which `is_wanted`.
pub(super) async fn survey_of(
    engine: &Engine,
    dates: Range<usize>,
    is_wanted: impl Fn(DatasetName) -> bool,
) -> anyhow::Result<Survey> {
    let letters = engine.ports().ledger.dead_letters(true).await?;
    let held = held(engine, &letters);
    let calendar = engine.calendar();
    let mut gates = Vec::new();
    for dataset in of_schema(engine, GateRow::SCHEMA).into_iter().filter(|gate| is_wanted(*gate)) {
        let is_here = |letter: &&DeadLetter| {
            let at = calendar.index_of(letter.unit.date);
            letter.unit.dataset == dataset && at.is_some_and(|at| dates.contains(&at))
        };
        let letters: Vec<DeadLetter> = letters.iter().filter(is_here).cloned().collect();
        let units = dates.clone().filter(|at| exists(engine, dataset, *at));
        let said = units.map(|at| {
            let date = calendar.date(at);
            (date, calendar.season(at), says(engine, Unit { dataset, date }, at, &letters, &held))
        });
        let said = said.collect();
        gates.push(Gate {
            dataset,
            dates: said,
            letters,
            checks: checks(engine, &read_by(engine, dataset), dates.clone()).await?,
        });
    }
    let range = (calendar.date(dates.start), calendar.date(dates.end - 1));
    Ok(Survey { range, gates, watched: Vec::new() })
}

/// The checks that a gate reads.
fn read_by(engine: &Engine, gate: DatasetName) -> Vec<DatasetName> {
    let reads = engine.cascade().processor(gate).map_or(&[][..], |processor| processor.reads);
    let all = of_schema(engine, CheckRow::SCHEMA);
    reads.iter().map(|input| input.dataset).filter(|dataset| all.contains(dataset)).collect()
}

/// The datasets whose rows are of this kind, in the order of the cascade.
fn of_schema(engine: &Engine, schema: Schema) -> Vec<DatasetName> {
    let tables = engine.cascade().processors().iter().filter_map(Processor::table);
    tables.filter(|(_, found)| *found == schema).map(|(dataset, _)| dataset).collect()
}

fn exists(engine: &Engine, dataset: DatasetName, at: usize) -> bool {
    let processor = engine.cascade().processor(dataset);
    processor.is_some_and(|processor| engine.catalog().exists(processor, at))
}

/// All units that stand behind an open dead letter.
fn held(engine: &Engine, letters: &[DeadLetter]) -> BTreeMap<DatasetName, BTreeSet<usize>> {
    let mut held: BTreeMap<DatasetName, BTreeSet<usize>> = BTreeMap::new();
    for letter in letters {
        if let Some(at) = engine.calendar().index_of(letter.unit.date) {
            for (dataset, range) in engine.reach(letter.unit.dataset, at) {
                held.entry(dataset).or_default().extend(range);
            }
        }
    }
    held
}

fn says(
    engine: &Engine,
    unit: Unit,
    at: usize,
    letters: &[DeadLetter],
    held: &BTreeMap<DatasetName, BTreeSet<usize>>,
) -> Says {
    if let Some(letter) = letters.iter().find(|letter| letter.unit == unit) {
        return if letter.code == "no_go" { Says::NoGo } else { Says::Failed };
    }
    // Older content says nothing of what is to be made now.
    if held.get(&unit.dataset).is_some_and(|places| places.contains(&at)) {
        return Says::Held;
    }
    match engine.catalog().get(unit.dataset, at).map(|record| record.outcome) {
        Some(Outcome::Done | Outcome::Unchanged) => Says::Go,
        Some(Outcome::Skipped(SkipReason::Gap)) => Says::Accepted,
        Some(Outcome::Skipped(reason)) => Says::Skipped(reason),
        None => Says::NotComputed,
    }
}

/// What these checks found.
async fn checks(
    engine: &Engine,
    datasets: &[DatasetName],
    dates: Range<usize>,
) -> anyhow::Result<Vec<Checks>> {
    let mut found = Vec::new();
    for dataset in datasets.iter().copied() {
        let mut checks = Checks { dataset, dates: 0, kinds: BTreeMap::new() };
        let records: Vec<_> = {
            let catalog = engine.catalog();
            dates.clone().filter_map(|at| catalog.get(dataset, at).cloned()).collect()
        };
        for record in records {
            let Some(stored) = record.stored.as_ref() else {
                continue;
            };
            let frame = engine.ports().lake.read(record.unit, CheckRow::SCHEMA, stored).await?;
            let rows =
                CheckRow::from_frame(&frame).with_context(|| format!("{} in the lake", record.unit))?;
            checks.dates += 1;
            rows.into_iter().for_each(|row| checks.add(record.unit.date, row));
        }
        found.push(checks);
    }
    Ok(found)
}

impl Checks {
    fn add(&mut self, date: Date, row: CheckRow) {
        // Rows are written by `judge` alone, so a code that it does not have is not a pass.
        let verdict = Verdict::parse(&row.verdict).unwrap_or(Verdict::Fail);
        let key = (row.check_id.to_string(), row.level.to_string());
        let kind = self.kinds.entry(key).or_default();
        kind.standing.add(verdict);
        let is_worse = kind.worst.as_ref().is_none_or(|(_, worst)| badness(&row) > badness(worst));
        if matches!(verdict, Verdict::Warn | Verdict::Fail) && is_worse {
            kind.worst = Some((date, row));
        }
    }
}

/// How far a result is beyond its threshold, as a share of it.
fn badness(row: &CheckRow) -> f64 {
    match (row.value, row.threshold) {
        (Some(value), Some(threshold)) => (value - threshold).abs() / threshold.abs().max(f64::EPSILON),
        (Some(_) | None, _) => f64::MAX,
    }
}
