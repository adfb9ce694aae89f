//! Each kind of demand, judged on a profile: what was found, what it was held against, and how it ended.
//! Knows no level and no dataset.

use super::baseline::Baseline;
use super::rows_check::ColumnProfile;
use super::rule::{
    BaselineLimits, Count, CoverageKept, DatesPassed, DistinctKept, Nulls, Relation, Shift, Span, Sum,
    Varies, Zeros, ZerosKept,
};

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    /// The figure that was judged.
    pub(super) value: Option<f64>,
    /// What it was held against.
    pub(super) threshold: Option<f64>,
    /// What the dates before say.
    pub(super) baseline: Option<f64>,
    /// How it ended.
    pub(super) ending: Ending,
}

/// How a demand ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// It is met.
    Met,
    /// There is nothing to judge by, and why.
    NotJudged(String),
    /// Worse than before, but not so much that it is broken.
    Degraded(String),
    /// It is not met, and what is wrong.
    Broken(String),
}

impl Finding {
    /// Not met, and there is no figure for it.
    pub(super) fn broken(what: impl Into<String>) -> Self {
        Self { value: None, threshold: None, baseline: None, ending: Ending::Broken(what.into()) }
    }

    /// Nothing to judge by.
    pub(super) fn not_judged(why: impl Into<String>) -> Self {
        Self { value: None, threshold: None, baseline: None, ending: Ending::NotJudged(why.into()) }
    }

    /// A figure against another.
    pub(super) fn held_against(
        value: f64,
        threshold: f64,
        baseline: Option<f64>,
        is_broken: bool,
        what: impl FnOnce() -> String,
    ) -> Self {
        let ending = if is_broken { Ending::Broken(what()) } else { Ending::Met };
        Self { value: Some(value), threshold: Some(threshold), baseline, ending }
    }
}

fn values(profile: &ColumnProfile) -> i64 {
    profile.rows - profile.nulls
}

fn share(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Rows whose key another row has already.
pub(super) fn duplicates(key: &ColumnProfile) -> Finding {
    let twice = key.rows - key.distinct;
    Finding::held_against(twice as f64, 0.0, None, twice > 0, || {
        format!("{twice} of {} rows have a key that another row has too", key.rows)
    })
}

/// `found` against so many for each of `others` rows of the other dataset.
pub(super) fn count(count: &Count, found: i64, others: i64) -> Finding {
    let wanted = count.times * others as f64;
    let (is_broken, relation) = match count.relation {
        Relation::Exactly => (found as f64 != wanted, "exactly"),
        Relation::AtLeast => ((found as f64) < wanted, "at least"),
    };
    let what = if count.of == "rows" { "rows".to_owned() } else { format!("different `{}`", count.of) };
    Finding::held_against(found as f64, wanted, None, is_broken, || {
        let (times, dataset) = (count.times, &count.dataset);
        format!(
            "{found} {what}, where {relation} {wanted} are demanded ({times} for each of {others} rows of {dataset})"
        )
    })
}

/// Share of nulls.
pub(super) fn nulls(demand: Nulls, profile: &ColumnProfile) -> Finding {
    if profile.rows == 0 {
        return Finding::not_judged("there are no rows");
    }
    let found = share(profile.nulls, profile.rows);
    let is_broken = found > demand.at_most && profile.nulls > demand.spare;
    Finding::held_against(found, demand.at_most, None, is_broken, || {
        let (nulls, rows) = (profile.nulls, profile.rows);
        format!(
            "null in {nulls} of {rows} rows ({}), at most {} allowed",
            percent(found),
            percent(demand.at_most)
        )
    })
}

/// Every value within.
pub(super) fn range(span: Span, profile: &ColumnProfile) -> Finding {
    let (Some(min), Some(max)) = (profile.min, profile.max) else {
        return Finding::not_judged("there are no figures");
    };
    let (value, threshold) = if min < span.from || max <= span.to && min - span.from < span.to - max {
        (min, span.from)
    } else {
        (max, span.to)
    };
    Finding::held_against(value, threshold, None, min < span.from || max > span.to, || {
        format!("values from {min} to {max}, allowed are {} to {}", span.from, span.to)
    })
}

/// The date's mean within.
pub(super) fn mean(span: Span, profile: &ColumnProfile) -> Finding {
    let Some(mean) = profile.mean else {
        return Finding::not_judged("there are no figures");
    };
    let threshold = if mean - span.from < span.to - mean { span.from } else { span.to };
    Finding::held_against(mean, threshold, None, !(span.from..=span.to).contains(&mean), || {
        format!("a mean of {mean:.3}, allowed are {} to {}", span.from, span.to)
    })
}

/// Share of zeros among the values.
pub(super) fn zeros(demand: Zeros, limits: BaselineLimits, profile: &ColumnProfile) -> Finding {
    let number = values(profile);
    if number < limits.rows_min {
        return too_few(number, limits);
    }
    let found = share(profile.zeros, number);
    Finding::held_against(found, demand.at_most, None, found > demand.at_most, || {
        let allowed = percent(demand.at_most);
        format!("{} of {number} values are 0 ({}), at most {allowed} allowed", profile.zeros, percent(found))
    })
}

fn too_few(number: i64, limits: BaselineLimits) -> Finding {
    Finding::not_judged(format!("{number} values, at least {} are needed", limits.rows_min))
}

/// Not one value all over the stretch.
pub(super) fn varies<'a>(demand: Varies, stretch: impl IntoIterator<Item = &'a ColumnProfile>) -> Finding {
    let (mut number, mut dates, mut is_constant) = (0, 0_usize, true);
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    for profile in stretch.into_iter().filter(|profile| values(profile) > 0) {
        number += values(profile);
        dates += 1;
        is_constant &= profile.distinct <= 1;
        min = min.min(profile.min.unwrap_or(f64::INFINITY));
        max = max.max(profile.max.unwrap_or(f64::NEG_INFINITY));
    }
    if number < demand.values_min {
        return Finding::not_judged(format!("{number} values, at least {} are needed", demand.values_min));
    }
    // Of texts only the number of different ones is known, and two dates may have one each.
    let is_constant = is_constant && (min == max || (dates == 1 && min > max));
    let spread = if max >= min { max - min } else { f64::from(u8::from(!is_constant)) };
    Finding::held_against(spread, 0.0, None, is_constant, || {
        let value = if min == max { format!(": {min}") } else { String::new() };
        format!("the same in all {number} values of {dates} dates{value}")
    })
}

/// The baseline, if it has dates enough; else why not.
fn enough(base: Option<&Baseline>, limits: BaselineLimits) -> Result<&Baseline, Finding> {
    let dates = base.map_or(0, |base| base.dates);
    base.filter(|base| base.dates >= limits.dates_min).ok_or_else(|| {
        Finding::not_judged(format!(
            "{dates} sound dates to compare with, at least {} are needed",
            limits.dates_min
        ))
    })
}

/// Share of values against the dates before.
pub(super) fn coverage_kept(
    demand: CoverageKept,
    limits: BaselineLimits,
    profile: &ColumnProfile,
    base: Option<&Baseline>,
) -> Finding {
    let base = match enough(base, limits) {
        Ok(base) => base,
        Err(finding) => return finding,
    };
    if base.coverage == 0.0 || profile.rows == 0 {
        return Finding::not_judged("there is nothing before either");
    }
    let covered = share(profile.rows - (profile.nulls - demand.spare).max(0), profile.rows);
    let part = covered / base.coverage;
    let what = || {
        let (now, before) = (share(values(profile), profile.rows), base.coverage);
        format!(
            "{} of the rows have a value, {} had one in the {} dates before",
            percent(now),
            percent(before),
            base.dates
        )
    };
    let ending = if part < demand.fail_below {
        Ending::Broken(what())
    } else if part < demand.warn_below {
        Ending::Degraded(what())
    } else {
        Ending::Met
    };
    let threshold = if part < demand.fail_below { demand.fail_below } else { demand.warn_below };
    Finding { value: Some(part), threshold: Some(threshold), baseline: Some(base.coverage), ending }
}

/// The mean against the dates before, in standard deviations.
pub(super) fn shift(
    demand: Shift,
    limits: BaselineLimits,
    profile: &ColumnProfile,
    base: Option<&Baseline>,
) -> Finding {
    let base = match enough(base, limits) {
        Ok(base) => base,
        Err(finding) => return finding,
    };
    let (Some(mean), Some(before), Some(std)) = (profile.mean, base.mean, base.std.filter(|std| *std > 0.0))
    else {
        return Finding::not_judged("there is no spread to measure by");
    };
    let moved = (mean - before).abs() / std;
    let allowed = demand.deviations + demand.chance / (values(profile) as f64).sqrt();
    Finding::held_against(moved, allowed, Some(before), moved > allowed, || {
        format!(
            "a mean of {mean:.3} over {} values, {before:.3} in the {} dates before: {moved:.2} standard deviations, at most {allowed:.2} allowed",
            values(profile),
            base.dates
        )
    })
}

/// The spread over the baseline's.
pub(super) fn spread(
    span: Span,
    limits: BaselineLimits,
    profile: &ColumnProfile,
    base: Option<&Baseline>,
) -> Finding {
    let base = match enough(base, limits) {
        Ok(base) => base,
        Err(finding) => return finding,
    };
    if values(profile) < limits.rows_min {
        return too_few(values(profile), limits);
    }
    let (Some(std), Some(before)) = (profile.std, base.std.filter(|std| *std > 0.0)) else {
        return Finding::not_judged("there is no spread to measure by");
    };
    let part = std / before;
    let threshold = if part < 1.0 { span.from } else { span.to };
    Finding::held_against(part, threshold, Some(before), !(span.from..=span.to).contains(&part), || {
        format!("a standard deviation of {std:.3}, {before:.3} in the {} dates before", base.dates)
    })
}

/// Share of zeros against the dates before.
pub(super) fn zeros_kept(
    demand: ZerosKept,
    limits: BaselineLimits,
    profile: &ColumnProfile,
    base: Option<&Baseline>,
) -> Finding {
    let base = match enough(base, limits) {
        Ok(base) => base,
        Err(finding) => return finding,
    };
    if values(profile) < limits.rows_min {
        return too_few(values(profile), limits);
    }
    let found = share(profile.zeros, values(profile));
    let allowed = base.zeros + demand.rise_at_most;
    Finding::held_against(found, allowed, Some(base.zeros), found > allowed, || {
        format!(
            "{} of the values are 0, {} were in the {} dates before",
            percent(found),
            percent(base.zeros),
            base.dates
        )
    })
}

/// Different values against the dates before.
pub(super) fn distinct_kept(
    demand: DistinctKept,
    limits: BaselineLimits,
    profile: &ColumnProfile,
    base: Option<&Baseline>,
) -> Finding {
    let base = match enough(base, limits) {
        Ok(base) => base,
        Err(finding) => return finding,
    };
    if profile.rows < limits.rows_min {
        return too_few(profile.rows, limits);
    }
    let Some(before) = base.distinct else {
        return Finding::not_judged("no date before has as few rows");
    };
    let allowed = demand.at_least * before as f64;
    Finding::held_against(
        profile.distinct as f64,
        allowed,
        Some(before as f64),
        (profile.distinct as f64) < allowed,
        || format!("{} different values; a date before with no more rows has {before}", profile.distinct),
    )
}

/// Parts against their whole, as sums over the rows.
pub(super) fn sum(demand: &Sum, parts: &[&ColumnProfile], whole: &ColumnProfile) -> Finding {
    if whole.rows == whole.nulls || parts.iter().any(|part| values(part) != values(whole)) {
        return Finding::not_judged("not all of them are there in the same rows");
    }
    let total = |profile: &ColumnProfile| profile.mean.unwrap_or(0.0) * values(profile) as f64;
    let (found, wanted) = (parts.iter().map(|part| total(part)).sum::<f64>(), total(whole));
    let off =
        if wanted == 0.0 { f64::from(u8::from(found != 0.0)) } else { (found - wanted).abs() / wanted.abs() };
    Finding::held_against(off, demand.within, None, off > demand.within, || {
        format!("{} add up to {found:.0}, `{}` to {wanted:.0}", demand.parts.join(" + "), demand.whole)
    })
}

/// How many of the dates before have passed.
pub(super) fn dates_passed(demand: DatesPassed, passed: usize, dates: usize) -> Finding {
    if dates < demand.dates_min {
        return Finding::not_judged(format!(
            "{dates} dates before, at least {} are needed",
            demand.dates_min
        ));
    }
    let part = passed as f64 / dates as f64;
    let what = || format!("{passed} of the {dates} dates before have passed ({})", percent(part));
    let (threshold, ending) = if part < demand.fail_below {
        (demand.fail_below, Ending::Broken(what()))
    } else if part < demand.warn_below {
        (demand.warn_below, Ending::Degraded(what()))
    } else {
        (demand.warn_below, Ending::Met)
    };
    Finding { value: Some(part), threshold: Some(threshold), baseline: None, ending }
}
