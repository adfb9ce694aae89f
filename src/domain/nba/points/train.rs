//! Training: from the rows of past dates to a model with honest figures.
//! Pure. The number of trees is found on dates that the trees did not see, the figures are of later dates
//! that nothing was decided by, and only then are trees grown on everything for use.

use std::sync::Arc;

use forust_ml::errors::ForustError;

use super::booster::{Booster, Growth, SEED, Sample};
use super::metrics::Predicted;
use super::model::StoredModel;
use super::report::{
    BandReport, CurvePoint, ModelReport, PopulationScore, Settings, calibration, error_by_minutes,
    importance, predicted_against_actual, scores, spot_checks,
};
use super::rows_features::PointsTraining;
use super::rows_model::PointsModel;
use super::schema::{FEATURE_SLOTS, FEATURE_VERSION, feature_schema};
use super::split::{Part, Population, Split};
use crate::domain::nba::history::Units;
use crate::domain::nba::statistics::{count, real, rounded};
use crate::flow::{Date, Permanent};

/// The name of the one model of the pipeline.
pub const MODEL_NAME: &str = "points_gbdt";

/// Seasons that a model learns from, the current one included. The cost of a training stays bounded, and
/// what basketball was before is no guide: pace and threes have moved more than that in five years.
pub const SEASONS_MAX: i64 = 5;

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum TrainingFault {
    /// There are not enough rows yet.
    #[error(
        "{rows} rows of players with 10 or more games of the season before {cutoff}: too few to learn from"
    )]
    TooFew {
        /// Rows of the population `all`.
        rows: usize,
        /// The cutoff.
        cutoff: Date,
    },
    /// A row of the past was made by another list of features.
    #[error(
        "the training row of player {player_id} on {date} has the features {found}, this code has \
         {expected}: make nba.points_features of that date anew"
    )]
    OtherFeatures {
        /// The row's player.
        player_id: i64,
        /// Its date.
        date: Date,
        /// Its schema.
        found: Arc<str>,
        /// The schema of this code.
        expected: Arc<str>,
    },
    /// A row is not of a date before the cutoff: a fault of whoever handed it in.
    #[error("a training row of {date} is not before the cutoff {cutoff}")]
    NotBefore {
        /// The row's date.
        date: Date,
        /// The cutoff.
        cutoff: Date,
    },
    /// The library refused.
    #[error("the booster could not be grown: {0}")]
    Booster(#[from] ForustError),
    /// The report could not be written as JSON.
    #[error("the model's report: {0}")]
    Report(#[from] serde_json::Error),
}

impl From<TrainingFault> for Permanent {
    fn from(fault: TrainingFault) -> Self {
        let code = match fault {
            TrainingFault::TooFew { .. } => "too_few_rows",
            TrainingFault::OtherFeatures { .. } => "other_features",
            TrainingFault::NotBefore { .. } => "row_after_cutoff",
            TrainingFault::Booster(_) => "booster_failed",
            TrainingFault::Report(_) => "report_failed",
        };
        Self::new(code, fault.to_string())
    }
}

/// How many rows a model of these units is known by: those of the population `all` in the seasons that it learns
/// from.
#[must_use]
pub fn rows_to_learn_from(units: &Units<'_, PointsTraining>) -> usize {
    recent(units).filter(|row| Population::All.holds(row)).count()
}

/// The rows of the last seasons, in order of date.
fn recent<'a>(units: &Units<'a, PointsTraining>) -> impl Iterator<Item = &'a PointsTraining> {
    let rows = || units.iter().flat_map(|(_, rows)| *rows);
    let newest = rows().map(|row| row.season_year).max().unwrap_or(0);
    rows().filter(move |row| row.season_year > newest - SEASONS_MAX)
}

/// A model of all rows before `cutoff`, which are handed in by date; none of fewer than `rows_min` rows to learn
/// from.
pub fn points_model(
    units: &Units<'_, PointsTraining>,
    cutoff: Date,
    rows_min: usize,
) -> Result<PointsModel, TrainingFault> {
    let rows = recent_rows(units, cutoff)?;
    let number = rows_to_learn_from(units);
    let too_few = TrainingFault::TooFew { rows: number, cutoff };
    if number < rows_min {
        return Err(too_few);
    }
    let Some(split) = Split::of(rows.iter().copied()) else {
        return Err(too_few);
    };
    let part = |row: &PointsTraining| split.part(row.game_date);
    let of_part = |wanted: Part| sample(rows.iter().copied().filter(move |row| part(row) == wanted));
    // Trees stop where the population that targets are set on gains no more; the others follow.
    let watched = |row: &&PointsTraining| part(row) == Part::Validation && Population::All.holds(row);
    let (honest, growth) = {
        let validation = sample(rows.iter().copied().filter(watched));
        Booster::grow(&of_part(Part::Train), &validation)?
    };
    let whole = sample(rows.iter().copied());
    let predicted: Vec<(Part, Predicted<'_>)> = (rows.iter().copied())
        .zip(honest.predict(&whole))
        .map(|(row, points)| (part(row), Predicted { row, points }))
        .collect();
    let deployed = Booster::grow_whole(&whole, growth.trees)?;
    let report = report(&predicted, &growth, &deployed, cutoff);
    row(&predicted, &report, &deployed, cutoff)
}

/// The rows of the last seasons, each checked to be one that may be learnt from.
fn recent_rows<'a>(
    units: &Units<'a, PointsTraining>,
    cutoff: Date,
) -> Result<Vec<&'a PointsTraining>, TrainingFault> {
    let recent: Vec<&PointsTraining> = recent(units).collect();
    let expected = feature_schema();
    for row in &recent {
        if row.game_date >= cutoff {
            return Err(TrainingFault::NotBefore { date: row.game_date, cutoff });
        }
        if row.feature_schema != expected || row.features.len() != FEATURE_SLOTS.len() {
            let (player_id, date) = (row.player_id, row.game_date);
            let found = Arc::clone(&row.feature_schema);
            return Err(TrainingFault::OtherFeatures { player_id, date, found, expected });
        }
    }
    assert!(recent.is_sorted_by_key(|row| row.game_date), "units come in order of date");
    Ok(recent)
}

fn sample<'a>(rows: impl Iterator<Item = &'a PointsTraining> + Clone) -> Sample {
    Sample::of(rows.map(|row| (&*row.features, real(row.points))))
}

fn report(
    predicted: &[(Part, Predicted<'_>)],
    growth: &Growth,
    deployed: &Booster,
    cutoff: Date,
) -> ModelReport {
    let tested: Vec<Predicted<'_>> = predicted
        .iter()
        .filter(|(part, p)| *part == Part::Test && Population::All.holds(p.row))
        .map(|(_, p)| *p)
        .collect();
    let curve = growth.errors.iter().enumerate().map(|(at, [train, validation])| CurvePoint {
        trees: at + 1,
        train: rounded(*train, 6),
        validation: rounded(*validation, 6),
    });
    let scores = scores(predicted);
    let test = self::tested(&scores, Population::All).and_then(|of| of.score.mae);
    ModelReport {
        model: MODEL_NAME.to_owned(),
        cutoff_date: cutoff.to_string(),
        settings: Settings::current(),
        trees: growth.trees,
        deployed: "the stored trees were grown anew on all rows of all parts, as many as were best on the \
                   validation part; the figures are of trees that saw the train part alone"
            .to_owned(),
        scores,
        band: BandReport::of(test.expect("the split leaves dates of this population to test")),
        importance: importance(&deployed.importance()),
        learning_curve: curve.collect(),
        calibration: calibration(&tested),
        error_by_minutes: error_by_minutes(&tested),
        predicted_against_actual: predicted_against_actual(&tested),
        spot_checks: spot_checks(&tested),
    }
}

fn row(
    predicted: &[(Part, Predicted<'_>)],
    report: &ModelReport,
    deployed: &Booster,
    cutoff: Date,
) -> Result<PointsModel, TrainingFault> {
    let rows_of = |wanted| count(predicted.iter().filter(|(part, _)| *part == wanted).count());
    let test =
        tested(&report.scores, Population::All).expect("the split leaves dates of this population to test");
    let minutes_20 = tested(&report.scores, Population::TwentyMinutes);
    let known = |value: Option<f64>| value.expect("a population with rows has figures");
    let dates = || predicted.iter().map(|(_, p)| p.row.game_date);
    let test_dates = || {
        predicted
            .iter()
            .filter(|(part, p)| *part == Part::Test && Population::All.holds(p.row))
            .map(|(_, p)| p.row.game_date)
    };
    Ok(PointsModel {
        name: MODEL_NAME.into(),
        cutoff_date: cutoff,
        feature_version: FEATURE_VERSION.into(),
        feature_schema: feature_schema(),
        feature_count: count(FEATURE_SLOTS.len()),
        seed: SEED.cast_signed(),
        trees: count(report.trees),
        first_date: dates().min().expect("rows"),
        last_date: dates().max().expect("rows"),
        rows: count(predicted.len()),
        rows_train: rows_of(Part::Train),
        rows_validation: rows_of(Part::Validation),
        rows_test: rows_of(Part::Test),
        test_rows: count(test.score.rows),
        test_first_date: test_dates().min().expect("tested rows"),
        test_last_date: test_dates().max().expect("tested rows"),
        test_mae: known(test.score.mae),
        test_rmse: known(test.score.rmse),
        test_bias: known(test.score.bias),
        test_mae_last_5: known(test.score.mae_last_5),
        test_mae_last_10: known(test.score.mae_last_10),
        test_mae_season: known(test.score.mae_season),
        test_mae_minutes_20: minutes_20.and_then(|score| score.score.mae),
        test_mae_minutes_20_last_10: minutes_20.and_then(|score| score.score.mae_last_10),
        test_band: report.band.name.as_str().into(),
        metadata: serde_json::to_string(report)?.into(),
        model: StoredModel::parse(deployed.to_json()?.into()),
    })
}

fn tested(scores: &[PopulationScore], population: Population) -> Option<&PopulationScore> {
    scores.iter().find(|score| score.population == population.name() && score.part == Part::Test.name())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::nba::points::PointsFeatures;
    use crate::domain::nba::points::Refusal;
    use crate::domain::nba::points::split::tests::row;

    const CUTOFF: i32 = 100;
    const ROWS_MIN: usize = 4_000;

    /// A hundred dates of players who score what two features say, and a little by chance of a hash.
    fn dates(players: i64) -> Vec<(Date, Vec<PointsTraining>)> {
        let chance = |day: i32, player: i64| {
            let hash = blake3::hash(&[i64::from(day).to_le_bytes(), player.to_le_bytes()].concat());
            i64::from(hash.as_bytes()[0] % 7)
        };
        let of_date = |day: i32| {
            let of_player = |player: i64| {
                let points = player % 30 + chance(day, player);
                let mut features = vec![10.0; FEATURE_SLOTS.len()];
                features[0] = (player % 30) as f64;
                PointsTraining {
                    features: features.into(),
                    minutes_avg_season: Some(15.0 + (player % 15) as f64),
                    ..row(day, player, points)
                }
            };
            (Date::from_days(day), (0..players).map(of_player).collect())
        };
        (0..CUTOFF).map(of_date).collect()
    }

    /// A model of them, trained once.
    pub(crate) fn trained() -> &'static PointsModel {
        static TRAINED: std::sync::OnceLock<PointsModel> = std::sync::OnceLock::new();
        TRAINED.get_or_init(|| {
            points_model(&units(&dates(50)), Date::from_days(CUTOFF), ROWS_MIN).expect("a model")
        })
    }

    fn units(dates: &[(Date, Vec<PointsTraining>)]) -> Vec<(Date, &[PointsTraining])> {
        dates.iter().map(|(date, rows)| (*date, rows.as_slice())).collect()
    }

    fn features(day: i32, level: f64) -> PointsFeatures {
        let row = row(day, 1, 0);
        let mut features = vec![10.0; FEATURE_SLOTS.len()];
        features[0] = level;
        PointsFeatures {
            player_id: 1,
            player_lookup: row.player_lookup,
            game_date: row.game_date,
            game_id: "".into(),
            nba_game_id: "".into(),
            season_year: 2023,
            season_type: row.season_type,
            team_abbr: "AAA".into(),
            opponent_team_abbr: "BBB".into(),
            population_source: "latest_team".into(),
            games_season: 10,
            minutes_avg_season: None,
            points_avg_last_5: None,
            points_avg_last_10: None,
            points_avg_season: None,
            features: features.into(),
            feature_version: FEATURE_VERSION.into(),
            feature_schema: feature_schema(),
            data_quality_issues: [].into(),
        }
    }

    #[test]
    fn a_model_learns_says_how_well_and_refuses_what_it_must() {
        let dates = dates(50);
        let cutoff = Date::from_days(CUTOFF);
        let model = trained();
        assert!(model.test_mae < 2.5, "chance alone is about 1.7: {}", model.test_mae);
        assert!(model.test_mae < model.test_mae_last_10);
        assert_eq!((model.rows, model.test_rows), (5000, 750));
        assert_eq!(model.test_first_date, Date::from_days(85));
        let low = model.predict(&features(CUTOFF, 2.0)).expect("a prediction");
        let high = model.predict(&features(CUTOFF, 25.0)).expect("a prediction");
        assert!(high > low + 15.0, "{low} {high}");

        let early = model.predict(&features(CUTOFF - 1, 2.0));
        assert!(matches!(early, Err(Refusal::SeesTheFuture { .. })), "{early:?}");
        let other = PointsFeatures { feature_schema: "0123456789abcdef".into(), ..features(CUTOFF, 2.0) };
        assert!(matches!(model.predict(&other), Err(Refusal::OtherFeatures { .. })));
        let short = PointsFeatures { features: vec![1.0; 25].into(), ..features(CUTOFF, 2.0) };
        assert!(matches!(model.predict(&short), Err(Refusal::OtherFeatures { .. })));
        let damaged = PointsModel { model: StoredModel::parse("{}".into()), ..model.clone() };
        assert!(matches!(damaged.predict(&features(CUTOFF, 2.0)), Err(Refusal::Damaged { .. })));

        let report: ModelReport = serde_json::from_str(&model.metadata).expect("the report");
        assert_eq!(report.importance.len(), FEATURE_SLOTS.len(), "all features, those without gain too");
        assert_eq!(report.importance[0].feature, FEATURE_SLOTS[0].name);
        assert_eq!(report.scores.len(), 12);
        let tested: usize = report.calibration.iter().map(|bin| bin.rows).sum();
        let pictured: usize = report.predicted_against_actual.iter().map(|cell| cell.rows).sum();
        assert_eq!((tested, pictured), (750, 750));
        assert!(report.spot_checks.is_sorted_by(|a, b| a.actual >= b.actual));
        assert_eq!(
            points_model(&units(&dates), cutoff, ROWS_MIN).expect("a model"),
            *model,
            "equal rows, equal bytes"
        );
    }

    #[test]
    fn the_outcome_of_the_test_part_decides_nothing_of_the_honest_figures_trees() {
        let mut dates = dates(50);
        let cutoff = Date::from_days(CUTOFF);
        let before = points_model(&units(&dates), cutoff, ROWS_MIN).expect("a model");
        for (_, rows) in &mut dates[85..] {
            rows.iter_mut().for_each(|row| row.points = 0);
        }
        let after = points_model(&units(&dates), cutoff, ROWS_MIN).expect("a model");
        assert_eq!(after.trees, before.trees);
        assert!(after.test_mae > 10.0, "the trees expect what they saw: {}", after.test_mae);
    }

    #[test]
    fn what_cannot_be_learnt_from() {
        let (cutoff, few, enough) = (Date::from_days(CUTOFF), dates(39), dates(40));
        assert!(matches!(
            points_model(&units(&few), cutoff, ROWS_MIN),
            Err(TrainingFault::TooFew { rows: 3900, .. })
        ));
        let late = points_model(&units(&enough), Date::from_days(CUTOFF - 1), ROWS_MIN);
        assert!(matches!(late, Err(TrainingFault::NotBefore { .. })));
        let mut other = dates(40);
        other[7].1[3].feature_schema = "0123456789abcdef".into();
        let fault = points_model(&units(&other), cutoff, ROWS_MIN).expect_err("other features");
        assert!(fault.to_string().contains("player 3 on 1970-01-08"), "{fault}");
    }
}
