//! From profiles and rules to results: each demand on each column, judged alone or against the baseline.
//! Every demand that applies has a row, whatever its verdict.

use super::baseline::{Baseline, baseline};
use super::demand::{self, Ending, Finding};
use super::profile::KEY_COLUMN;
use super::rows_check::{CheckRow, ColumnProfile, Verdict};
use super::rule::{
    BaselineLimits, ColumnRule, Count, DatasetChecks, DatesPassed, Level, Stretch, Sum, Varies, applies,
};
use crate::flow::{DatasetName, Date};

/// The profile of one date.
#[derive(Debug, Clone, Copy)]
pub struct Day<'a> {
    /// The date.
    pub date: Date,
    /// Its columns, dataset by dataset, each beginning with its key.
    pub profile: &'a [ColumnProfile],
}

/// Judges a date by the rules of its datasets. `before` are the dates that it is compared with, in order.
#[must_use]
pub fn judge(
    checks: &[DatasetChecks],
    limits: BaselineLimits,
    today: Day<'_>,
    before: &[Day<'_>],
) -> Vec<CheckRow> {
    let mut rows = Vec::new();
    for checks in checks {
        Case { checks, limits, today, before }.judge(&mut rows);
    }
    rows
}

/// Whether a column breaches a rule by itself on a date, whatever the dates before were like.
pub(super) fn absolute_breach(rule: &ColumnRule, limits: BaselineLimits, profile: &ColumnProfile) -> bool {
    let findings = [
        rule.nulls.map(|nulls| demand::nulls(nulls, profile)),
        rule.range.map(|range| demand::range(range, profile)),
        rule.mean.map(|mean| demand::mean(mean, profile)),
        rule.zeros.map(|zeros| demand::zeros(zeros, limits, profile)),
    ];
    rule.applies(&profile.segment)
        && findings.into_iter().flatten().any(|finding| matches!(finding.ending, Ending::Broken(_)))
}

/// One dataset on one date.
struct Case<'a> {
    checks: &'a DatasetChecks,
    limits: BaselineLimits,
    today: Day<'a>,
    before: &'a [Day<'a>],
}

impl<'a> Case<'a> {
    fn judge(&self, rows: &mut Vec<CheckRow>) {
        let Some(key) = self.find(KEY_COLUMN) else {
            let missing = Finding::broken("it has no profile: it was not looked at");
            rows.push(self.row(None, "rows", Level::Block, missing));
            return;
        };
        rows.push(self.row(None, "duplicates", self.checks.duplicates, demand::duplicates(key)));
        let segment = &*key.segment;
        for empty in self.checks.empty_columns.iter().filter(|rule| applies(rule.only.as_deref(), segment)) {
            rows.push(self.row(None, "empty_columns", empty.level, self.empty_columns(key)));
        }
        for count in self.checks.counts.iter().filter(|count| applies(count.only.as_deref(), segment)) {
            let (column, kind) = match count.of.as_str() {
                "rows" => (None, "rows"),
                of => (Some(of), "distinct"),
            };
            rows.push(self.row(column, kind, count.level, self.count(count, key)));
        }
        for rule in self.checks.columns.iter().filter(|rule| rule.applies(segment)) {
            for column in &rule.columns {
                self.judge_column(rule, column, key, rows);
            }
        }
        for sum in &self.checks.sums {
            rows.push(self.row(Some(&sum.whole), "sum", sum.level, self.sum(sum, key)));
        }
    }

    fn judge_column(&self, rule: &ColumnRule, column: &str, key: &ColumnProfile, rows: &mut Vec<CheckRow>) {
        let Some(today) = self.find(column) else {
            for kind in rule.kinds() {
                let finding = match key.rows {
                    0 => Finding::not_judged("there are no rows"),
                    _ => Finding::broken("there is no such column"),
                };
                rows.push(self.row(Some(column), kind, rule.level, finding));
            }
            return;
        };
        let limits = self.limits;
        let alone = [
            ("nulls", rule.nulls.map(|nulls| demand::nulls(nulls, today))),
            ("range", rule.range.map(|range| demand::range(range, today))),
            ("mean", rule.mean.map(|mean| demand::mean(mean, today))),
            ("zeros", rule.zeros.map(|zeros| demand::zeros(zeros, limits, today))),
            ("varies", rule.varies.map(|varies| self.varies(varies, column, today))),
        ];
        let base = rule.is_relative().then(|| self.baseline(column, today)).flatten();
        let base = base.as_ref();
        let compared = [
            (
                "coverage_kept",
                rule.coverage_kept.map(|kept| demand::coverage_kept(kept, limits, today, base)),
            ),
            ("shift", rule.shift.map(|shift| demand::shift(shift, limits, today, base))),
            ("spread", rule.spread.map(|spread| demand::spread(spread, limits, today, base))),
            ("zeros_kept", rule.zeros_kept.map(|kept| demand::zeros_kept(kept, limits, today, base))),
            (
                "distinct_kept",
                rule.distinct_kept.map(|kept| demand::distinct_kept(kept, limits, today, base)),
            ),
        ];
        for (kind, finding) in alone.into_iter().chain(compared) {
            if let Some(finding) = finding {
                rows.push(self.row(Some(column), kind, rule.level, finding));
            }
        }
    }

    /// Columns without any value that nobody said may be empty.
    fn empty_columns(&self, key: &ColumnProfile) -> Finding {
        if key.rows == 0 {
            return Finding::not_judged("there are no rows");
        }
        let may_be = |column: &str| self.checks.may_be_empty.iter().any(|name| name == column);
        let of_dataset = self.today.profile.iter().filter(|profile| *profile.dataset == *self.checks.dataset);
        let empty: Vec<&str> = of_dataset
            .filter(|profile| &*profile.column != KEY_COLUMN && profile.nulls == profile.rows)
            .map(|profile| &*profile.column)
            .filter(|column| !may_be(column))
            .collect();
        Finding::held_against(empty.len() as f64, 0.0, None, !empty.is_empty(), || {
            format!("null in all {} rows: {}", key.rows, empty.join(", "))
        })
    }

    fn count(&self, count: &Count, key: &ColumnProfile) -> Finding {
        let Some(other) = find(self.today.profile, 0, &count.dataset, KEY_COLUMN) else {
            return Finding::broken(format!("{} has no profile to count against", count.dataset));
        };
        let found = if count.of == "rows" {
            key.rows
        } else {
            self.find(&count.of).map_or(0, |profile| profile.distinct)
        };
        demand::count(count, found, other.rows)
    }

    fn varies(&self, varies: Varies, column: &str, today: &ColumnProfile) -> Finding {
        match varies.over {
            Stretch::Date => demand::varies(varies, [today]),
            Stretch::Month => {
                let (year, month) = (self.today.date.year(), self.today.date.month());
                let of_month = |day: &&Day<'_>| (day.date.year(), day.date.month()) == (year, month);
                let hint = self.place(column);
                let before = self.before.iter().filter(of_month);
                let before = before.filter_map(|day| find(day.profile, hint, &self.checks.dataset, column));
                demand::varies(varies, before.chain([today]))
            }
        }
    }

    fn baseline(&self, column: &str, today: &ColumnProfile) -> Option<Baseline> {
        let rules: Vec<&ColumnRule> = self
            .checks
            .columns
            .iter()
            .filter(|rule| rule.columns.iter().any(|name| name == column))
            .collect();
        let hint = self.place(column);
        let before =
            self.before.iter().filter_map(|day| find(day.profile, hint, &self.checks.dataset, column));
        baseline(before, &rules, self.limits, today)
    }

    /// The parts against the whole, where all of them are there in the same rows.
    fn sum(&self, sum: &Sum, key: &ColumnProfile) -> Finding {
        let parts: Option<Vec<&ColumnProfile>> = sum.parts.iter().map(|part| self.find(part)).collect();
        match (parts, self.find(&sum.whole)) {
            (Some(parts), Some(whole)) => demand::sum(sum, &parts, whole),
            (Some(_) | None, _) if key.rows == 0 => Finding::not_judged("there are no rows"),
            (Some(_) | None, _) => Finding::broken("there is no such column"),
        }
    }

    fn find(&self, column: &str) -> Option<&'a ColumnProfile> {
        find(self.today.profile, 0, &self.checks.dataset, column)
    }

    /// Where the column is in the profile of today, and most probably on other dates too.
    fn place(&self, column: &str) -> usize {
        let is_it = |profile: &ColumnProfile| is_of(profile, &self.checks.dataset, column);
        self.today.profile.iter().position(is_it).unwrap_or(0)
    }

    fn row(&self, column: Option<&str>, kind: &str, level: Level, finding: Finding) -> CheckRow {
        row(&self.checks.dataset, column, kind, level, finding)
    }
}

/// Judges how many of `dates` before the date have passed, for the dataset in which their passing is written.
#[must_use]
pub fn judge_passed(demand: DatesPassed, dataset: DatasetName, passed: usize, dates: usize) -> CheckRow {
    let finding = demand::dates_passed(demand, passed, dates);
    row(dataset.as_str(), None, "dates_passed", Level::Block, finding)
}

/// What a figure must not cross.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// It is not below this.
    AtLeast(f64),
    /// It is not above this.
    AtMost(f64),
    /// It is above this.
    Above(f64),
}

/// Judges a figure that is not one of a date's columns, such as a model's error. `what` says what is wrong
/// where it crosses its bound.
#[must_use]
pub fn judge_figure(
    dataset: DatasetName,
    (column, kind): (Option<&str>, &str),
    level: Level,
    value: f64,
    bound: Bound,
    what: impl FnOnce() -> String,
) -> CheckRow {
    let (threshold, is_broken) = match bound {
        Bound::AtLeast(least) => (least, value < least),
        Bound::AtMost(most) => (most, value > most),
        Bound::Above(limit) => (limit, value <= limit),
    };
    let finding = Finding::held_against(value, threshold, None, is_broken || value.is_nan(), what);
    row(dataset.as_str(), column, kind, level, finding)
}

/// That a figure is not there to be judged, and why.
#[must_use]
pub fn not_judged(
    dataset: DatasetName,
    (column, kind): (Option<&str>, &str),
    level: Level,
    why: String,
) -> CheckRow {
    row(dataset.as_str(), column, kind, level, Finding::not_judged(why))
}

fn row(dataset: &str, column: Option<&str>, kind: &str, level: Level, finding: Finding) -> CheckRow {
    let table = dataset.split_once('.').map_or(dataset, |(_, table)| table);
    let (verdict, message) = match finding.ending {
        Ending::Met => (Verdict::Pass, None),
        Ending::NotJudged(why) => (Verdict::NotJudged, Some(why)),
        Ending::Degraded(what) => (Verdict::Warn, Some(what)),
        Ending::Broken(what) => match level {
            Level::Block => (Verdict::Fail, Some(what)),
            Level::Warn => (Verdict::Warn, Some(what)),
        },
    };
    let check_id = match column {
        Some(column) => format!("{table}.{column}.{kind}"),
        None => format!("{table}.{kind}"),
    };
    CheckRow {
        check_id: check_id.into(),
        dataset: dataset.into(),
        column: column.map(Into::into),
        kind: kind.into(),
        level: level.code().into(),
        verdict: verdict.code().into(),
        value: finding.value,
        threshold: finding.threshold,
        baseline: finding.baseline,
        message: message.map(Into::into),
    }
}

fn is_of(profile: &ColumnProfile, dataset: &str, column: &str) -> bool {
    *profile.column == *column && *profile.dataset == *dataset
}

/// A column's profile; looked for at `hint` first, because dates are profiled in the same order.
fn find<'a>(
    profile: &'a [ColumnProfile],
    hint: usize,
    dataset: &str,
    column: &str,
) -> Option<&'a ColumnProfile> {
    let is_it = |profile: &&ColumnProfile| is_of(profile, dataset, column);
    profile.get(hint).filter(is_it).or_else(|| profile.iter().find(is_it))
}

#[cfg(test)]
mod tests;
