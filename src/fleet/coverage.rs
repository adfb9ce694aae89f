//! What share of the dates is done, by season and dataset: done / (dates - skipped). A pure look at the
//! catalog; the command line and the dashboard both show it.

use std::collections::BTreeMap;

use crate::flow::{Cascade, Catalog, DatasetName, Date, Outcome, Rhythm, Season, SkipReason};

/// One dataset in one season.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageLine {
    /// The season.
    pub season: Season,
    /// The dataset.
    pub dataset: DatasetName,
    /// Dates of the season.
    pub dates: u64,
    /// Dates with content.
    pub done: u64,
    /// Dates that rightly have none, by reason.
    pub skipped: BTreeMap<SkipReason, u64>,
    /// Rows of all dates that are done.
    pub rows: u64,
}

impl CoverageLine {
    /// Dates that could be done: all but those that are skipped.
    #[must_use]
    pub fn possible(&self) -> u64 {
        self.dates - self.skipped.values().sum::<u64>()
    }

    /// The share of the possible dates that is done, 0 to 1; `None` where there is none to be done.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let possible = self.possible();
        (possible > 0).then(|| self.done as f64 / possible as f64)
    }
}

/// The coverage of these seasons and datasets (all where `None`) up to today, by season and in the cascade's
/// order.
#[must_use]
pub fn coverage(
    cascade: &Cascade,
    catalog: &Catalog,
    season: Option<Season>,
    dataset: Option<DatasetName>,
    today: Date,
) -> Vec<CoverageLine> {
    let calendar = catalog.calendar();
    let known = Rhythm::until(calendar, today);
    let mut seasons: Vec<Season> = known.clone().map(|at| calendar.season(at)).collect();
    seasons.dedup();
    let mut lines = Vec::new();
    for season in seasons.into_iter().filter(|of| season.is_none_or(|wanted| wanted == *of)) {
        let whole = calendar.season_range(season);
        let dates = whole.start..whole.end.min(known.end);
        for dataset in cascade.datasets().filter(|of| dataset.is_none_or(|wanted| wanted == *of)) {
            let exists = |at: usize| cascade.processor(dataset).is_some_and(|it| catalog.exists(it, at));
            let mut line = CoverageLine {
                season,
                dataset,
                dates: dates.clone().filter(|at| exists(*at)).count() as u64,
                done: 0,
                skipped: BTreeMap::new(),
                rows: 0,
            };
            for record in dates.clone().filter_map(|at| catalog.get(dataset, at)) {
                match record.outcome {
                    Outcome::Done | Outcome::Unchanged => {
                        line.done += 1;
                        line.rows += record.rows_written;
                    }
                    Outcome::Skipped(reason) => *line.skipped.entry(reason).or_default() += 1,
                }
            }
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::flow::{
        Calendar, Date, Fingerprint, Pipeline, PipelineName, Presence, Processor, RunId, Unit, UnitRecord,
    };

    const LANDED: DatasetName = DatasetName::of("t.landed");
    const PIPELINE: Pipeline = Pipeline {
        name: PipelineName::of("t"),
        processors: &[Processor::land(LANDED, "payloads", "payloads", Presence::Optional)],
        calendar_source: "payloads",
        calendar: |_| Ok(Calendar::default()),
    };

    #[test]
    fn skipped_dates_do_not_count_against_it() {
        let season = |day| Season::starting(if day < 5 { 2020 } else { 2021 });
        let dates = (0..8).map(|day| (Date::from_days(day), season(day)));
        let calendar = Arc::new(Calendar::of(dates).expect("calendar"));
        let cascade = Cascade::of(&PIPELINE).expect("cascade");
        let mut catalog = Catalog::empty(&cascade, calendar);
        for (day, outcome) in [
            (0, Outcome::Skipped(SkipReason::Bootstrap)),
            (1, Outcome::Done),
            (2, Outcome::Done),
            (3, Outcome::Skipped(SkipReason::NotYet)),
        ] {
            let unit = Unit { dataset: LANDED, date: Date::from_days(day) };
            let record = UnitRecord {
                unit,
                outcome,
                fingerprint: Fingerprint::of_parts([]),
                stored: None,
                rows_expected: 7,
                rows_written: 7,
                code: 1,
                run: RunId(1),
                attempt: 1,
                duration_ms: 1,
                finished_at: 0,
            };
            catalog.put(unit, Some(record));
        }
        let lines = coverage(&cascade, &catalog, None, None, Date::from_days(7));
        let found: Vec<_> = lines
            .iter()
            .map(|line| (line.dates, line.possible(), line.done, line.rows, line.share()))
            .collect();
        assert_eq!(found, [(5, 3, 2, 14, Some(2.0 / 3.0)), (3, 3, 0, 0, Some(0.0))]);
        assert_eq!(
            coverage(&cascade, &catalog, Some(Season::starting(2021)), Some(LANDED), Date::from_days(7))
                .len(),
            1
        );
        let lines = coverage(&cascade, &catalog, None, None, Date::from_days(3));
        assert_eq!((lines.len(), lines[0].dates, lines[0].possible()), (1, 4, 2), "nothing after today");
    }
}
