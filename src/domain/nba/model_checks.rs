//! What is demanded before a model is trained and before it is used: features that vary, dates that have passed,
//! an error that beats the baseline and is not too good to be true. Pure; limits come from the thresholds.

use std::collections::BTreeMap;

use super::feature_spread::{FeatureSpread, Spread, feature_spread};
use super::features::SLOTS;
use super::gate_rules::{ModelLimits, RowsToLearnFrom, TrainingLimits};
use super::history::Units;
use super::points::{FEATURE_SLOTS, PointsModel, PointsTraining};
use crate::domain::checks::{Bound, CheckRow, ColumnProfile, Level, judge_figure, not_judged};
use crate::flow::{DatasetName, Date};

/// The profile of one date's precompute.
#[derive(Debug, Clone, Copy)]
pub struct StoreDay<'a> {
    /// The date.
    pub date: Date,
    /// The civil year in which its season starts.
    pub season_year: i64,
    /// Its columns.
    pub profile: &'a [ColumnProfile],
}

/// The wide features of all training rows, and the 25 of the feature store: the least variance that each has in
/// a season, and in a month. One value all over a season blocks, over a month warns.
pub fn training_checks(
    limits: &TrainingLimits,
    (training, rows): (DatasetName, &Units<'_, PointsTraining>),
    (store, days): (DatasetName, &[StoreDay<'_>]),
) -> Vec<CheckRow> {
    let rows = rows.iter().flat_map(|(_, rows)| *rows);
    let wide = feature_spread(rows.map(|row| (row.season_year, row.game_date, &*row.features)));
    let names: Vec<&str> = FEATURE_SLOTS.iter().map(|slot| slot.name).collect();
    let mut checks = varied(limits, training, &names, &wide);
    let names = SLOTS.map(|(name, _)| name);
    checks.extend(varied(limits, store, &names, &store_spread(store, days)));
    checks
}

/// How many rows there are to learn from (`points::rows_to_learn_from`), beside how many there should be. Fewer than
/// are trained on at all are not judged: there are no checks then.
#[must_use]
pub fn training_rows_check(limits: RowsToLearnFrom, training: DatasetName, rows: usize) -> CheckRow {
    let (RowsToLearnFrom { warn_below, skip_below }, at) = (limits, (None, "rows"));
    judge_figure(training, at, Level::Warn, rows as f64, Bound::AtLeast(warn_below as f64), || {
        format!(
            "{rows} rows of established players to learn from, where {warn_below} are wanted; a model is trained \
             from {skip_below} on"
        )
    })
}

/// How the slots of the feature store lie in each month, from the profiles of its dates.
fn store_spread(store: DatasetName, days: &[StoreDay<'_>]) -> Vec<FeatureSpread> {
    let mut months: BTreeMap<(i64, i32, u32, usize), Spread> = BTreeMap::new();
    for StoreDay { date, season_year, profile } in days {
        for column in profile.iter().filter(|column| &*column.dataset == store.as_str()) {
            let place = column.column.strip_prefix("features[").and_then(|rest| rest.strip_suffix(']'));
            let place = place.and_then(|place| place.parse().ok());
            if let (Some(place), Some(values)) = (place, spread_of(column)) {
                let month =
                    months.entry((*season_year, date.year(), date.month(), place)).or_insert(Spread::NONE);
                *month = month.and(&values);
            }
        }
    }
    let spread = |((season_year, year, month, feature), values)| FeatureSpread {
        season_year,
        month: (year, month),
        feature,
        values,
    };
    months.into_iter().map(spread).collect()
}

/// The spread of a date's values of a column; nothing without any.
fn spread_of(column: &ColumnProfile) -> Option<Spread> {
    let rows = usize::try_from(column.rows - column.nulls).ok()?;
    Some(Spread::of(rows, (column.min?, column.max?), column.mean?, column.std?))
}

fn varied(
    limits: &TrainingLimits,
    dataset: DatasetName,
    names: &[&str],
    spreads: &[FeatureSpread],
) -> Vec<CheckRow> {
    let mut checks = Vec::new();
    for (feature, name) in names.iter().enumerate() {
        let mut seasons: BTreeMap<i64, Spread> = BTreeMap::new();
        let mut months: Vec<(String, Spread)> = Vec::new();
        for spread in spreads.iter().filter(|spread| spread.feature == feature) {
            let season = seasons.entry(spread.season_year).or_insert(Spread::NONE);
            *season = season.and(&spread.values);
            months.push((format!("{}-{:02}", spread.month.0, spread.month.1), spread.values));
        }
        let seasons: Vec<(String, Spread)> =
            seasons.into_iter().map(|(year, values)| (format!("the season of {year}"), values)).collect();
        let excuse = limits.may_be_constant.iter().find(|known| known.feature.as_str() == *name);
        let level = if excuse.is_some() { Level::Warn } else { Level::Block };
        let because = excuse.map_or(String::new(), |excuse| format!(": {}", excuse.because));
        for (kind, level, stretches, values_min) in [
            ("varies_by_season", level, &seasons, limits.season_values_min),
            ("varies_by_month", Level::Warn, &months, limits.month_values_min),
        ] {
            checks.push(varies(dataset, (name, kind), level, stretches, (values_min, &because)));
        }
    }
    checks
}

/// The least variance of a feature in any of some stretches of time, which must be above 0. Those with few
/// values say nothing.
fn varies(
    dataset: DatasetName,
    (feature, kind): (&str, &str),
    level: Level,
    stretches: &[(String, Spread)],
    (values_min, because): (usize, &str),
) -> CheckRow {
    let at = (Some(feature), kind);
    let judged = || stretches.iter().filter(|(_, values)| values.rows >= values_min.max(1));
    let Some(least) = judged().filter_map(|(_, values)| values.variance()).min_by(f64::total_cmp) else {
        return not_judged(dataset, at, level, format!("at least {values_min} values are needed"));
    };
    judge_figure(dataset, at, level, least, Bound::Above(0.0), || {
        let constant = judged().filter(|(_, values)| values.variance() == Some(0.0));
        let constant: Vec<String> =
            constant.map(|(stretch, values)| format!("{stretch} ({})", values.least)).collect();
        format!("one value in all rows of {}{because}", constant.join(", "))
    })
}

/// A trained model against the mean of the last ten games on exactly the same rows.
#[must_use]
pub fn model_checks(limits: ModelLimits, dataset: DatasetName, model: &PointsModel) -> Vec<CheckRow> {
    let (mae, before) = (model.test_mae, model.test_mae_last_10);
    let gain = 1.0 - mae / before;
    let of_rows =
        format!("on {} rows of {} to {}", model.test_rows, model.test_first_date, model.test_last_date);
    let check = |column, kind, level, value, bound, what: String| {
        judge_figure(dataset, (Some(column), kind), level, value, bound, || format!("{what} {of_rows}"))
    };
    let mut checks = vec![
        check(
            "test_mae",
            "beats_baseline",
            Level::Block,
            mae,
            Bound::AtMost(before * (1.0 + limits.loss_at_most)),
            format!("an error of {mae:.4} points, where the mean of the last ten games has {before:.4}"),
        ),
        check(
            "test_mae",
            "gain",
            Level::Warn,
            gain,
            Bound::AtLeast(0.0),
            format!("an error of {mae:.4} points, where the mean of the last ten games has {before:.4}"),
        ),
        check(
            "test_mae",
            "not_too_good",
            Level::Block,
            gain,
            Bound::AtMost(limits.gain_at_most),
            format!("{:.1} % better than the mean of the last ten games: look for a leak,", 100.0 * gain),
        ),
        check(
            "test_mae",
            "acceptable",
            Level::Warn,
            mae,
            Bound::AtMost(limits.mae_acceptable),
            format!("an error of {mae:.4} points; the band was set on other rows, this is"),
        ),
        check(
            "test_bias",
            "bias",
            Level::Warn,
            model.test_bias.abs(),
            Bound::AtMost(limits.bias_at_most),
            format!("a bias of {:.4} points", model.test_bias),
        ),
    ];
    if let (Some(mae), Some(before)) = (model.test_mae_minutes_20, model.test_mae_minutes_20_last_10) {
        checks.push(check(
            "test_mae_minutes_20",
            "beats_baseline",
            Level::Warn,
            mae,
            Bound::AtMost(before),
            format!("an error of {mae:.4} points for players of 20 minutes, last ten games {before:.4},"),
        ));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::super::gate_rules::{FeatureName, MayBeConstant};
    use super::*;

    const STORE: DatasetName = DatasetName::of("t.store");
    const TRAINING: DatasetName = DatasetName::of("t.training");

    fn limits() -> TrainingLimits {
        TrainingLimits {
            rows: RowsToLearnFrom { warn_below: 70, skip_below: 4 },
            season_values_min: 10,
            month_values_min: 5,
            may_be_constant: vec![MayBeConstant {
                feature: FeatureName::try_from("playoff_game".to_owned()).expect("a feature"),
                because: "spring is far".to_owned(),
            }],
        }
    }

    fn profile(place: usize, values: (f64, f64), rows: i64) -> ColumnProfile {
        ColumnProfile {
            dataset: STORE.as_str().into(),
            column: format!("features[{place}]").into(),
            segment: "Regular Season".into(),
            rows,
            nulls: 0,
            distinct: 0,
            zeros: 0,
            mean: Some(f64::midpoint(values.0, values.1)),
            std: Some((values.1 - values.0) / 2.0),
            min: Some(values.0),
            max: Some(values.1),
        }
    }

    #[test]
    fn few_rows_to_learn_from_warn() {
        for (rows, verdict) in [(4, "warn"), (69, "warn"), (70, "pass"), (71, "pass")] {
            let check = training_rows_check(limits().rows, TRAINING, rows);
            assert_eq!((&*check.check_id, &*check.verdict), ("training.rows", verdict), "{rows}");
            assert_eq!((check.value, check.threshold), (Some(rows as f64), Some(70.0)));
            let told = check.message.as_deref().unwrap_or_default();
            assert_eq!(told.starts_with(&format!("{rows} rows")), verdict == "warn", "{told}");
        }
    }

    #[test]
    fn a_feature_that_is_the_same_all_season_blocks_and_all_month_warns() {
        let date = |text: &str| Date::parse(text).expect("a date");
        // Place 0 varies, 1 is constant each month, 7 all season, 17 is allowed to be.
        let of_date = |value: f64| {
            vec![
                profile(0, (1.0, 2.0), 6),
                profile(1, (value, value), 6),
                profile(7, (0.0, 0.0), 6),
                profile(17, (0.0, 0.0), 6),
            ]
        };
        let (november, december) = (of_date(1.0), of_date(2.0));
        let day = |text, profile| StoreDay { date: date(text), season_year: 2023, profile };
        let days = [day("2023-11-30", november.as_slice()), day("2023-12-01", december.as_slice())];
        let checks = training_checks(&limits(), (TRAINING, &[]), (STORE, &days));
        let of = |id: &str| {
            let check = checks.iter().find(|check| &*check.check_id == id).expect("a check");
            (check.verdict.to_string(), check.value, check.message.as_deref().unwrap_or_default().to_owned())
        };
        let cases = [
            ("store.points_avg_last_5.varies_by_season", "pass", Some(0.25), ""),
            ("store.points_avg_last_5.varies_by_month", "pass", Some(0.25), ""),
            ("store.points_avg_last_10.varies_by_season", "pass", Some(0.25), ""),
            (
                "store.points_avg_last_10.varies_by_month",
                "warn",
                Some(0.0),
                "one value in all rows of 2023-11 (1), 2023-12 (2)",
            ),
            (
                "store.pace_score.varies_by_season",
                "fail",
                Some(0.0),
                "one value in all rows of the season of 2023 (0)",
            ),
            (
                "store.playoff_game.varies_by_season",
                "warn",
                Some(0.0),
                "one value in all rows of the season of 2023 (0): spring is far",
            ),
            ("store.rest_advantage.varies_by_month", "not_judged", None, "at least 5 values are needed"),
        ];
        for (id, verdict, value, message) in cases {
            assert_eq!(of(id), (verdict.to_owned(), value, message.to_owned()), "{id}");
        }
    }
}
