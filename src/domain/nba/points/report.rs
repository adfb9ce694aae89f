//! What there is to say about a trained model beside its trees: settings, figures by population and part,
//! importance, and the data of plots. Stored as JSON in the model's row. Pure.

use serde::{Deserialize, Serialize};

use super::booster;
use super::metrics::{BAND_POPULATION, Band, Predicted, Score};
use super::rows_features::PointsTraining;
use super::schema::{FEATURE_SLOTS, FEATURE_VERSION, feature_schema};
use super::split::{Part, Population};
use crate::domain::nba::statistics::{real, real_len, rounded};

/// High scorers of the test part that are looked at one by one.
const SPOT_CHECKS: usize = 20;
/// Width of a bin of predicted points, and of one of minutes.
const POINTS_BIN: f64 = 2.5;
const MINUTES_BIN: f64 = 4.0;
/// Cells of the picture of predicted against actual: points a side, and where the axes end.
const CELL: f64 = 2.0;
const AXIS_END: f64 = 60.0;

/// Everything that a reader of a model asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelReport {
    /// The model's name.
    pub model: String,
    /// It was trained on dates before this one.
    pub cutoff_date: String,
    /// How it was set.
    pub settings: Settings,
    /// Trees found by the validation part.
    pub trees: usize,
    /// What the stored trees were grown on.
    pub deployed: String,
    /// Figures of the trees that saw the train part alone, by population and part.
    pub scores: Vec<PopulationScore>,
    /// What the error on the population `all`, test part, was called where the bands come from.
    pub band: BandReport,
    /// Each feature's share in the gain of all splits of the stored trees, most first; all of them.
    pub importance: Vec<Importance>,
    /// Errors of the transformed points after each tree.
    pub learning_curve: Vec<CurvePoint>,
    /// By predicted points, population `all`, test part: what was scored.
    pub calibration: Vec<Bin>,
    /// By the season's minutes a game, population `all`, test part: the error.
    pub error_by_minutes: Vec<Bin>,
    /// How many rows of the population `all`, test part, lie in each cell of predicted and actual points.
    pub predicted_against_actual: Vec<GridCell>,
    /// The highest scorers of the test part.
    pub spot_checks: Vec<SpotCheck>,
}

/// How a model was set: the constants of the code that trained it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the booster's constants, which say what they mean")]
pub struct Settings {
    pub feature_version: String,
    pub feature_schema: String,
    pub features: usize,
    pub objective: String,
    pub target_power: f64,
    pub seed: u64,
    pub trees_max: usize,
    pub patience: usize,
    pub depth: usize,
    pub learning_rate: f64,
    pub leaf_rows_min: f64,
    pub rows_share: f64,
    pub features_share: f64,
}

/// A success band, with the rows that the bands were set on: no population here, so it is no verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandReport {
    /// The band of this model.
    pub name: String,
    /// The mean absolute errors at which the bands end.
    pub limits: String,
    /// The rows that the bands were set on.
    pub defined_on: String,
}

impl BandReport {
    /// The band of the test part's mean absolute error.
    pub(super) fn of(mae: f64) -> Self {
        let limit = |band: Band| match band {
            Band::Excellent | Band::Good | Band::Acceptable => {
                format!("{} below {}", band.name(), band.below())
            }
            Band::Failure => format!("{} from there on", band.name()),
        };
        Self {
            name: Band::of(mae).name().to_owned(),
            limits: Band::ALL.map(limit).join(", "),
            defined_on: BAND_POPULATION.to_owned(),
        }
    }

    /// It as a sentence, for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "Band of population `all`, test part: {} ({}). The bands were set on {}.",
            self.name, self.limits, self.defined_on
        )
    }
}

/// The figures of one population in one part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PopulationScore {
    /// The population's name.
    pub population: String,
    /// What it is.
    pub meaning: String,
    /// `train`, `validation` or `test`.
    pub part: String,
    /// The figures.
    #[serde(flatten)]
    pub score: Score,
}

/// A feature's share in the gain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The feature.
    pub feature: String,
    /// 0 to 1.
    pub gain: f64,
}

/// Errors after some trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Trees so far.
    pub trees: usize,
    /// Root mean squared error of the transformed points, train part.
    pub train: f64,
    /// The same, validation part.
    pub validation: f64,
}

/// Rows that are alike in one number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Where the bin begins.
    pub from: f64,
    /// Where it ends, itself excluded.
    pub to: f64,
    /// Rows in it.
    pub rows: usize,
    /// Mean of the predictions.
    pub predicted: f64,
    /// Mean of the outcomes.
    pub actual: f64,
    /// Mean absolute error.
    pub mae: f64,
}

/// A cell of the picture of predicted against actual.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GridCell {
    /// Predicted points, lower edge; cells are 2 points wide.
    pub predicted: f64,
    /// Actual points, lower edge; 58 holds all above too.
    pub actual: f64,
    /// Rows.
    pub rows: usize,
}

/// One row looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpotCheck {
    /// The date.
    pub date: String,
    /// The player's normalised name.
    pub player: String,
    /// What he scored.
    pub actual: i64,
    /// What was predicted.
    pub predicted: f64,
    /// The mean of his last 10 games.
    pub last_10: Option<f64>,
}

impl Settings {
    /// The settings of this code.
    pub(super) fn current() -> Self {
        let plain = |value: f32| rounded(f64::from(value), 6);
        Self {
            feature_version: FEATURE_VERSION.to_owned(),
            feature_schema: feature_schema().to_string(),
            features: FEATURE_SLOTS.len(),
            objective: "squared error of points to the target power".to_owned(),
            target_power: booster::TARGET_POWER,
            seed: booster::SEED,
            trees_max: booster::TREES_MAX,
            patience: booster::PATIENCE,
            depth: booster::DEPTH,
            learning_rate: plain(booster::LEARNING_RATE),
            leaf_rows_min: plain(booster::LEAF_ROWS_MIN),
            rows_share: plain(booster::ROWS_SHARE),
            features_share: booster::FEATURES_SHARE,
        }
    }
}

/// The figures of every population in every part.
pub(super) fn scores(predicted: &[(Part, Predicted<'_>)]) -> Vec<PopulationScore> {
    let of = |population: Population, part: Part| {
        let rows: Vec<Predicted<'_>> = predicted
            .iter()
            .filter(|(of, row)| *of == part && population.holds(row.row))
            .map(|(_, row)| *row)
            .collect();
        PopulationScore {
            population: population.name().to_owned(),
            meaning: population.meaning().to_owned(),
            part: part.name().to_owned(),
            score: Score::of(&rows),
        }
    };
    Population::ALL.into_iter().flat_map(|population| Part::ALL.map(|part| of(population, part))).collect()
}

/// Shares of gain by feature name, most first, equal ones in the order of the schema.
pub(super) fn importance(shares: &[f64]) -> Vec<Importance> {
    let mut all: Vec<Importance> = FEATURE_SLOTS
        .iter()
        .zip(shares)
        .map(|(slot, share)| Importance { feature: slot.name.to_owned(), gain: rounded(*share, 6) })
        .collect();
    all.sort_by(|a, b| b.gain.total_cmp(&a.gain));
    all
}

/// Bins of the predictions, without empty ones.
pub(super) fn calibration(predicted: &[Predicted<'_>]) -> Vec<Bin> {
    bins(predicted, POINTS_BIN, |p| Some(p.points))
}

/// Bins of the season's minutes, without empty ones.
pub(super) fn error_by_minutes(predicted: &[Predicted<'_>]) -> Vec<Bin> {
    bins(predicted, MINUTES_BIN, |p| p.row.minutes_avg_season)
}

fn bins(predicted: &[Predicted<'_>], width: f64, by: impl Fn(&Predicted<'_>) -> Option<f64>) -> Vec<Bin> {
    let mut found: std::collections::BTreeMap<i64, Vec<Predicted<'_>>> = std::collections::BTreeMap::new();
    for row in predicted {
        if let Some(value) = by(row) {
            found.entry((value / width).floor() as i64).or_default().push(*row);
        }
    }
    let bin = |(at, rows): (i64, Vec<Predicted<'_>>)| {
        let mean = |value: &dyn Fn(&Predicted<'_>) -> f64| {
            rounded(rows.iter().map(value).sum::<f64>() / real_len(rows.len()), 4)
        };
        Bin {
            from: real(at) * width,
            to: real(at + 1) * width,
            rows: rows.len(),
            predicted: mean(&|p| p.points),
            actual: mean(&|p| real(p.row.points)),
            mae: mean(&|p| p.error().abs()),
        }
    };
    found.into_iter().map(bin).collect()
}

/// Rows by cell of predicted and actual points, in order, without empty cells.
pub(super) fn predicted_against_actual(predicted: &[Predicted<'_>]) -> Vec<GridCell> {
    let cell = |value: f64| (value.clamp(0.0, AXIS_END - CELL) / CELL).floor() as i64;
    let mut cells: std::collections::BTreeMap<(i64, i64), usize> = std::collections::BTreeMap::new();
    for row in predicted {
        *cells.entry((cell(row.points), cell(real(row.row.points)))).or_default() += 1;
    }
    let place = |at: i64| real(at) * CELL;
    cells.into_iter().map(|((x, y), rows)| GridCell { predicted: place(x), actual: place(y), rows }).collect()
}

/// The highest scorers, most first; equal ones in order of date and id.
pub(super) fn spot_checks(predicted: &[Predicted<'_>]) -> Vec<SpotCheck> {
    let mut rows: Vec<&Predicted<'_>> = predicted.iter().collect();
    let order = |row: &PointsTraining| (-row.points, row.game_date, row.player_id);
    rows.sort_by_key(|p| order(p.row));
    let check = |p: &Predicted<'_>| SpotCheck {
        date: p.row.game_date.to_string(),
        player: p.row.player_lookup.to_string(),
        actual: p.row.points,
        predicted: rounded(p.points, 2),
        last_10: p.row.points_avg_last_10,
    };
    rows.into_iter().take(SPOT_CHECKS).map(check).collect()
}
