//! Which dates and datasets a run is asked for, and how it is called. Lowers the options against the
//! calendar and the cascade; names what there is when what was asked for is not there.

use clap::Args;

use super::ending::wrong_usage;
use crate::fleet::{Engine, RunTitle};
use crate::flow::{Calendar, Cascade, DatasetName, Date, Lane, PlanRequest, Rhythm};

/// Which dates and datasets.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Selection")]
pub(super) struct Selection {
    /// First date, YYYY-MM-DD [default: the first that the source has]
    #[arg(long, value_name = "DATE")]
    pub(super) from: Option<Date>,
    /// Last date, itself included [default: today, or the last that the source has]
    #[arg(long, value_name = "DATE")]
    pub(super) to: Option<Date>,
    /// Only these datasets, and what they lack upstream; with or without `nba.`
    #[arg(long, value_name = "DATASET", num_args = 1.., value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Compute everything asked for anew, and try dead letters again
    #[arg(long)]
    pub(super) force: bool,
}

/// A selection that exists.
#[derive(Debug, Clone)]
pub(super) struct Selected {
    /// For the plan.
    pub(super) request: PlanRequest,
    /// First date that was asked for.
    pub(super) from: Date,
    /// Last date that was asked for.
    pub(super) to: Date,
}

impl Selection {
    /// Lowers the options against what the engine knows; nothing after today can be known.
    pub(super) fn lower(&self, engine: &Engine, today: Date) -> anyhow::Result<Selected> {
        let calendar = engine.calendar();
        let (from, to) = range(calendar, today, self.from, self.to)?;
        let datasets =
            self.only.iter().map(|name| dataset(engine.cascade(), name)).collect::<anyhow::Result<_>>()?;
        let dates = calendar.between(from, to);
        Ok(Selected {
            request: PlanRequest { dates, datasets, force: self.force, on_demand: false },
            from,
            to,
        })
    }
}

impl Selected {
    /// The same selection gives the same title: it is written into files.
    pub(super) fn title(&self, lane: Lane) -> RunTitle {
        let name = format!("backfill-{}-{}", self.from, self.to);
        RunTitle { name, kind: "backfill".to_owned(), lane }
    }
}

/// The declared dataset of a name.
pub(super) fn dataset(cascade: &Cascade, name: &str) -> anyhow::Result<DatasetName> {
    cascade.find(name).ok_or_else(|| {
        let known: Vec<&str> = cascade.datasets().map(DatasetName::as_str).collect();
        wrong_usage(format!("there is no dataset `{name}`; there are {}", known.join(", ")))
    })
}

/// Refuses a `--date` that is no date of the calendar up to today.
pub(super) fn check_date(calendar: &Calendar, today: Date, date: Date) -> anyhow::Result<()> {
    let known = &calendar.dates()[Rhythm::until(calendar, today)];
    if known.binary_search(&date).is_ok() {
        return Ok(());
    }
    let before = known.iter().rev().find(|known| **known < date);
    let after = known.iter().find(|known| **known > date);
    let near: Vec<String> = before.into_iter().chain(after).map(Date::to_string).collect();
    let near = if near.is_empty() {
        "it has none yet".to_owned()
    } else {
        format!("the nearest: {}", near.join(" and "))
    };
    Err(wrong_usage(format!(
        "--date {date} is no date up to today, {today}, on which the source has games; {near}"
    )))
}

/// The first and the last date of a range, which must have dates of the calendar up to today in it.
pub(super) fn range(
    calendar: &Calendar,
    today: Date,
    from: Option<Date>,
    to: Option<Date>,
) -> anyhow::Result<(Date, Date)> {
    let Some(first) = calendar.dates().first().copied() else {
        return Err(wrong_usage("the source has no dates at all: its schedule is empty"));
    };
    let known = &calendar.dates()[Rhythm::until(calendar, today)];
    let Some(last) = known.last().copied() else {
        return Err(wrong_usage(format!("the source's first date is {first}, and today is {today}")));
    };
    let ahead = if known.len() < calendar.len() { format!(", and today is {today}") } else { String::new() };
    let has = format!("the source has dates from {first} to {last}{ahead}");
    let (start, end) = (from.unwrap_or(first), to.unwrap_or(last));
    for (option, date) in [("--from", start), ("--to", end)] {
        if !(first..=last).contains(&date) {
            return Err(wrong_usage(format!("{option} {date} is outside the data: {has}")));
        }
    }
    if end < start {
        return Err(wrong_usage(format!("--from {start} lies after --to {end}")));
    }
    if calendar.between(start, end).is_empty() {
        let before = calendar.dates().iter().rev().find(|date| **date < start).unwrap_or(&first);
        let after = calendar.dates().iter().find(|date| **date > end).unwrap_or(&last);
        return Err(wrong_usage(format!(
            "no game is played from {start} to {end}: the nearest dates are {before} and {after}"
        )));
    }
    Ok((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Season;

    #[test]
    fn a_date_without_games_names_the_nearest() {
        let date = |text: &str| Date::parse(text).expect("date");
        let dates = ["2023-10-24", "2023-10-26", "2023-11-05"];
        let calendar =
            Calendar::of(dates.map(|text| (date(text), Season::starting(2023)))).expect("calendar");
        let cases = [
            ("2023-10-24", "2023-11-04", None),
            (
                "2023-07-05",
                "2023-11-04",
                Some(
                    "--date 2023-07-05 is no date up to today, 2023-11-04, on which the source has games; the nearest: 2023-10-24",
                ),
            ),
            ("2023-10-25", "2023-11-04", Some("the nearest: 2023-10-24 and 2023-10-26")),
            ("2023-11-05", "2023-11-04", Some("the nearest: 2023-10-26")),
            ("2023-10-24", "2023-10-01", Some("it has none yet")),
        ];
        for (asked, today, expected) in cases {
            let found = check_date(&calendar, date(today), date(asked)).map_err(|error| error.to_string());
            match expected {
                None => assert_eq!(found, Ok(())),
                Some(end) => assert!(found.as_ref().is_err_and(|text| text.ends_with(end)), "{found:?}"),
            }
        }
    }

    #[test]
    fn a_range_outside_the_data_says_what_there_is() {
        let date = |text: &str| Date::parse(text).expect("date");
        let dates = ["2023-10-24", "2023-10-25", "2023-11-03", "2023-11-05"];
        let calendar =
            Calendar::of(dates.map(|text| (date(text), Season::starting(2023)))).expect("calendar");
        let cases = [
            (None, None, Ok(("2023-10-24", "2023-11-03"))),
            (None, Some("2023-11-05"), Err("from 2023-10-24 to 2023-11-03, and today is 2023-11-04")),
            (Some("2023-10-25"), Some("2023-11-01"), Ok(("2023-10-25", "2023-11-01"))),
            (Some("2023-10-01"), None, Err("dates from 2023-10-24 to 2023-11-03")),
            (None, Some("2023-12-01"), Err("--to 2023-12-01 is outside")),
            (Some("2023-11-03"), Some("2023-10-25"), Err("lies after")),
            (Some("2023-10-26"), Some("2023-11-02"), Err("nearest dates are 2023-10-25 and 2023-11-03")),
        ];
        for (from, to, expected) in cases {
            match (range(&calendar, date("2023-11-04"), from.map(date), to.map(date)), expected) {
                (Ok(found), Ok((first, last))) => assert_eq!(found, (date(first), date(last))),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, expected) => panic!("{from:?} to {to:?}: {found:?}, expected {expected:?}"),
            }
        }
    }
}
