//! What can be demanded of a dataset's rows, as typed values that are read from a file: an unknown key or a
//! missing one is an error. Says what is demanded, not how it is judged.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::kind::DateKind;
use crate::flow::Schema;

/// What follows where a check is not passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The gate says NO-GO.
    Block,
    /// It is written down and shown; nothing is held.
    Warn,
}

impl Level {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
        }
    }
}

/// When there is a baseline to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineLimits {
    /// So many dates of the same kind must lie in the days before.
    pub dates_min: usize,
    /// So many rows must there be on the date for its spread, zeros and different values to mean anything.
    pub rows_min: i64,
}

/// All that is demanded of one dataset.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetChecks {
    /// The dataset's name.
    pub dataset: String,
    /// What a key that occurs twice leads to.
    pub duplicates: Level,
    /// What a column without any value on the date leads to, unless it is named in `may_be_empty`.
    pub empty_columns: Vec<EmptyColumns>,
    /// Columns that may be null in all rows of a date: those that no source fills, and those of which
    /// whole dates have nothing.
    pub may_be_empty: Vec<String>,
    /// How many rows, or different values of a column, there must be.
    pub counts: Vec<Count>,
    /// What is demanded of columns.
    pub columns: Vec<ColumnRule>,
    /// Columns that add up to another one.
    pub sums: Vec<Sum>,
}

/// No column is null in all rows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmptyColumns {
    /// What follows where one is.
    pub level: Level,
    /// Only on dates of these kinds; on all where it is not given.
    pub only: Option<Vec<DateKind>>,
}

/// How a count stands to what is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Neither fewer nor more.
    Exactly,
    /// Not fewer.
    AtLeast,
}

/// A count against the rows of another dataset on the same date.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// `rows`, or the column whose different values are counted.
    pub of: String,
    /// How it stands to what is demanded.
    pub relation: Relation,
    /// So many for each row of the other dataset.
    pub times: f64,
    /// The other dataset.
    pub dataset: String,
    /// What follows where it does not.
    pub level: Level,
    /// Only on dates of these kinds; on all where it is not given.
    pub only: Option<Vec<DateKind>>,
}

/// What is demanded of each of some columns. A rule may make several demands.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// The columns.
    pub columns: Vec<String>,
    /// What follows where a demand is not met.
    pub level: Level,
    /// Only on dates of these kinds; on all where it is not given.
    pub only: Option<Vec<DateKind>>,
    /// Share of nulls, taken alone.
    pub nulls: Option<Nulls>,
    /// Every value within.
    pub range: Option<Span>,
    /// The date's mean within.
    pub mean: Option<Span>,
    /// Share of zeros, taken alone.
    pub zeros: Option<Zeros>,
    /// Not one value all over.
    pub varies: Option<Varies>,
    /// Share of values, against the dates before.
    pub coverage_kept: Option<CoverageKept>,
    /// The date's mean against the dates before.
    pub shift: Option<Shift>,
    /// The date's spread over the baseline's, within.
    pub spread: Option<Span>,
    /// Share of zeros against the dates before.
    pub zeros_kept: Option<ZerosKept>,
    /// Different values against the dates before.
    pub distinct_kept: Option<DistinctKept>,
}

/// At most so many nulls.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nulls {
    /// Share of the rows, 0 to 1.
    pub at_most: f64,
    /// So many rows may be null whatever their share: a date with one game has twenty rows.
    pub spare: i64,
}

/// From and to, both included.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The least.
    pub from: f64,
    /// The greatest.
    pub to: f64,
}

/// At most so many zeros among the values: what was filled with a default is not null.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zeros {
    /// Share of the values, 0 to 1.
    pub at_most: f64,
}

/// Not the same value in all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Varies {
    /// Over which rows.
    pub over: Stretch,
    /// With fewer values than this a constant is no news.
    pub values_min: i64,
}

/// A stretch of dates that ends with the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stretch {
    /// The date alone.
    Date,
    /// The date and those before it in its civil month.
    Month,
}

/// Of the dates before, so many have passed: a pre-flight over what a date is made from.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatesPassed {
    /// With fewer dates than this a share says nothing.
    pub dates_min: usize,
    /// Below this share it is a warning.
    pub warn_below: f64,
    /// Below this share it blocks.
    pub fail_below: f64,
}

/// The share of values has not fallen below a part of what it was.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageKept {
    /// Below this part of the baseline's share it is a regression, and the rule's level counts.
    pub fail_below: f64,
    /// Below this part it is a degradation, and a warning.
    pub warn_below: f64,
    /// So many nulls are forgiven, as in `nulls`.
    pub spare: i64,
}

/// The mean has not moved: by at most `deviations + chance / sqrt(values)` of the baseline's standard
/// deviations. The second part is what chance does to few values.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// In standard deviations of the baseline.
    pub deviations: f64,
    /// In standard errors.
    pub chance: f64,
}

/// The share of zeros has not risen by more than this.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZerosKept {
    /// Difference of the shares, 0 to 1.
    pub rise_at_most: f64,
}

/// There are nearly as many different values as on any date of the baseline with no more rows.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistinctKept {
    /// This part of them at least.
    pub at_least: f64,
}

/// The parts add up to the whole, as sums over the date: what a broken join leaves as zeros falls short.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// The parts.
    pub parts: Vec<String>,
    /// The whole.
    pub whole: String,
    /// Difference of the two, as a share of the whole.
    pub within: f64,
    /// What follows where they do not.
    pub level: Level,
}

/// Rules that do not fit the dataset that they name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// A column that the dataset does not have.
    #[error("the checks of {dataset} name the column `{column}`, which it does not have")]
    NoColumn {
        /// The dataset.
        dataset: String,
        /// The column.
        column: String,
    },
    /// A rule that demands nothing.
    #[error("a rule of {dataset} on {columns:?} demands nothing")]
    NoDemand {
        /// The dataset.
        dataset: String,
        /// Its columns.
        columns: Vec<String>,
    },
}

/// Whether what is demanded `only` on dates of some kinds is demanded on those of this kind.
pub(super) fn applies(only: Option<&[DateKind]>, segment: &str) -> bool {
    only.is_none_or(|only| only.iter().any(|kind| kind.code() == segment))
}

impl ColumnRule {
    /// Whether the rule applies on dates of this kind.
    #[must_use]
    pub fn applies(&self, segment: &str) -> bool {
        applies(self.only.as_deref(), segment)
    }

    /// Whether one of the demands can only be judged with other dates.
    #[must_use]
    pub fn needs_other_dates(&self) -> bool {
        self.is_relative() || self.varies.is_some_and(|varies| varies.over == Stretch::Month)
    }

    /// Whether one of the demands compares with the dates before.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        let share = self.coverage_kept.is_some() || self.zeros_kept.is_some();
        share || self.shift.is_some() || self.spread.is_some() || self.distinct_kept.is_some()
    }

    /// The kinds of its demands.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("nulls", self.nulls.is_some()),
            ("range", self.range.is_some()),
            ("mean", self.mean.is_some()),
            ("zeros", self.zeros.is_some()),
            ("varies", self.varies.is_some()),
            ("coverage_kept", self.coverage_kept.is_some()),
            ("shift", self.shift.is_some()),
            ("spread", self.spread.is_some()),
            ("zeros_kept", self.zeros_kept.is_some()),
            ("distinct_kept", self.distinct_kept.is_some()),
        ];
        all.into_iter().filter(|(_, is_demanded)| *is_demanded).map(|(kind, _)| kind)
    }
}

/// Checks that every column that the rules name is one of the dataset's, and that every rule demands
/// something. A place of a list is named `column[3]`.
pub fn check_columns(checks: &DatasetChecks, schema: Schema) -> Result<(), RulesError> {
    let known: BTreeSet<&str> = schema.fields.iter().map(|field| field.name).collect();
    let counted = checks.counts.iter().map(|count| &count.of).filter(|of| *of != "rows");
    let ruled = checks.columns.iter().flat_map(|rule| &rule.columns);
    let summed = checks.sums.iter().flat_map(|sum| sum.parts.iter().chain([&sum.whole]));
    for column in checks.may_be_empty.iter().chain(counted).chain(ruled).chain(summed) {
        let name = column.split_once('[').map_or(column.as_str(), |(name, _)| name);
        if !known.contains(name) {
            return Err(RulesError::NoColumn { dataset: checks.dataset.clone(), column: column.clone() });
        }
    }
    match checks.columns.iter().find(|rule| rule.kinds().next().is_none()) {
        Some(rule) => {
            Err(RulesError::NoDemand { dataset: checks.dataset.clone(), columns: rule.columns.clone() })
        }
        None => Ok(()),
    }
}
