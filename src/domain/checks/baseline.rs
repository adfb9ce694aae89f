//! What the dates before say of a column: those of the same kind in the 90 days before, without the ones
//! that fail a blocking rule by themselves. After a total loss the loss is no baseline.

use super::judge::absolute_breach;
use super::rows_check::ColumnProfile;
use super::rule::{BaselineLimits, ColumnRule, Level};

/// How far back a date is compared.
pub const BASELINE_DAYS: u16 = 90;

/// The dates before, taken together for one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Baseline {
    /// How many dates.
    pub(super) dates: usize,
    /// Share of the rows that are not null, 0 to 1.
    pub(super) coverage: f64,
    /// Share of zeros among the values.
    pub(super) zeros: f64,
    /// Mean of all values; null without figures.
    pub(super) mean: Option<f64>,
    /// Standard deviation of all values around that mean.
    pub(super) std: Option<f64>,
    /// The most different values on a date that has no more rows than the one that is judged.
    pub(super) distinct: Option<i64>,
}

/// The baseline of a column for a date with `rows` rows, from that column's profiles on the dates before.
/// `rules` are those of the column: a date that breaches a blocking one is left out.
pub(super) fn baseline<'a>(
    before: impl Iterator<Item = &'a ColumnProfile>,
    rules: &[&ColumnRule],
    limits: BaselineLimits,
    today: &ColumnProfile,
) -> Option<Baseline> {
    let blocking: Vec<&&ColumnRule> = rules.iter().filter(|rule| rule.level == Level::Block).collect();
    let is_sound = |profile: &&ColumnProfile| {
        profile.rows > 0
            && profile.segment == today.segment
            && !blocking.iter().any(|rule| absolute_breach(rule, limits, profile))
    };
    let (mut dates, mut rows, mut values, mut zeros, mut sum) = (0, 0.0, 0.0, 0.0, 0.0);
    let (mut squares, mut has_figures, mut distinct) = (0.0, false, None);
    for profile in before.filter(is_sound) {
        let number = (profile.rows - profile.nulls) as f64;
        dates += 1;
        rows += profile.rows as f64;
        values += number;
        zeros += profile.zeros as f64;
        if let (Some(mean), Some(std)) = (profile.mean, profile.std) {
            has_figures = true;
            sum += number * mean;
            squares += number * (std * std + mean * mean);
        }
        if profile.rows <= today.rows {
            distinct = distinct.max(Some(profile.distinct));
        }
    }
    if dates == 0 {
        return None;
    }
    let mean = (has_figures && values > 0.0).then(|| sum / values);
    Some(Baseline {
        dates,
        coverage: values / rows,
        zeros: if values > 0.0 { zeros / values } else { 0.0 },
        mean,
        std: mean.map(|mean| (squares / values - mean * mean).max(0.0).sqrt()),
        distinct,
    })
}
