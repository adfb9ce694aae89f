//! What a prediction is: which systems there are, the form that they start from, the scale of confidence,
//! and the reasons for which a system refuses. Pure; no system's formula is here.

use super::features::VERSION;
use super::points::Refusal as ModelRefusal;
use super::rows_feature_store::FeatureRow;
use super::statistics::rounded;

/// No prediction is above this many points, none is below 0.
pub(super) const POINTS_MAX: f64 = 60.0;

/// A feature row of lower quality is no ground for a prediction.
const QUALITY_MIN: f64 = 50.0;

/// Weights of the last 5 games, the last 10 and the season. From a fit on the real seasons 2020-21 to
/// 2022-23, held to 2023-24: the older .50, .30 and .20 weigh the latest games too much (mean absolute
/// error 4.58 against 4.55).
const FORM_WEIGHTS: [f64; 3] = [0.25, 0.30, 0.45];

/// The deviation that stands in for a player with too few games to have one: the league's usual one.
const USUAL_DEVIATION: f64 = 5.0;

/// A way to predict a player's points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// Form, moved by the circumstances of the game.
    MovingAverage,
    /// Form, moved by where he scores and what the opponent allows there.
    ZoneMatchup,
    /// His own past games that were most like this one.
    Similarity,
    /// The trained model.
    GradientBoosting,
    /// The weighted mean of the others.
    Ensemble,
}

impl System {
    /// All systems, in the order of a player's rows.
    pub const ALL: [Self; 5] =
        [Self::MovingAverage, Self::ZoneMatchup, Self::Similarity, Self::GradientBoosting, Self::Ensemble];

    /// The stable name, in rows and for people.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::MovingAverage => "moving_average",
            Self::ZoneMatchup => "zone_matchup",
            Self::Similarity => "similarity",
            Self::GradientBoosting => "gradient_boosting",
            Self::Ensemble => "ensemble",
        }
    }

    /// The system of an id that `id` gave.
    pub(super) fn of(id: &str) -> Self {
        let system = Self::ALL.into_iter().find(|system| *system.id() == *id);
        system.expect("rows hold ids of systems")
    }
}

/// A system's answer for a player.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prediction {
    /// Points, 0 to 60, 2 decimals.
    pub(super) points: f64,
    /// See `confidence`; 4 decimals.
    pub(super) confidence: f64,
}

impl Prediction {
    /// These points, held to 0..60, with the confidence that follows from them.
    pub(super) fn of(points: f64, deviation: Option<f64>) -> Result<Self, Refusal> {
        if !points.is_finite() {
            return Err(Refusal::NotFinite);
        }
        let points = points.clamp(0.0, POINTS_MAX);
        Ok(Self { points: rounded(points, 2), confidence: rounded(confidence(points, deviation), 4) })
    }

    /// How likely the outcome is on this prediction's side of a line that is `edge` points off, 0.5 to 1:
    /// `1 - (1 - confidence)^(|edge| / 5) / 2`. That is the two-sided exponential distribution of the error
    /// of which the confidence lies within 5 points. On the real seasons 2020-21 to 2023-24, against the mean of
    /// the last 5 games as the line, every step of 0.05 up to 0.8 came within 0.03 of the truth.
    pub(super) fn likelihood(&self, edge: f64) -> f64 {
        1.0 - (1.0 - self.confidence).powf(edge.abs() / CONFIDENT_WITHIN) / 2.0
    }
}

/// Confidence is the share of predictions that come so near to what happens, in points.
const CONFIDENT_WITHIN: f64 = 5.0;

/// The one scale of confidence, 0 to 1: the share of such predictions that come within 5 points of what
/// happens. It falls with the points predicted and with how much the player's last 10 games differ; number
/// of games, rest and quality of the row tell nothing more. Fitted on the real seasons 2020-21 to 2022-23
/// by maximum likelihood; in 2023-24 every step of a tenth from 0.4 to 0.9 came within 0.04 of the truth.
fn confidence(points: f64, deviation: Option<f64>) -> f64 {
    let spread = 0.70 + 0.176 * deviation.unwrap_or(USUAL_DEVIATION) + 0.3625 * points;
    1.0 - (-(CONFIDENT_WITHIN / spread).powf(0.72)).exp()
}

/// Why a system has no prediction for a player. Each is an answer, not a failure: the row says so, and
/// the other systems go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Refusal {
    /// A value that the system cannot do without is not known.
    #[error("{0} is not known")]
    MissingInput(&'static str),
    /// A value that cannot be right.
    #[error("{name} is {value}, outside of {low} to {high}")]
    OutOfRange { name: &'static str, value: f64, low: f64, high: f64 },
    /// The row is of another version of the features than the systems were made for.
    #[error("the features are of version {found}, not {VERSION}")]
    FeatureVersion { found: String },
    /// Too many features of the row are stand-ins.
    #[error("the quality of the features is {0}, below {QUALITY_MIN}")]
    LowQuality(f64),
    /// He has too few past games like this one.
    #[error("{found} similar games, at least {least} are needed")]
    TooFewSimilarGames { found: usize, least: usize },
    /// There is no trained model from before the date.
    #[error("no model was trained on games before the date")]
    NoModel,
    /// The model does not take his features, or cannot be used on the date.
    #[error(transparent)]
    Model(#[from] ModelRefusal),
    /// Too few of the systems predict him.
    #[error("{found} systems predict, at least {least} are needed")]
    TooFewSystems { found: usize, least: usize },
    /// The system itself is broken: it panicked on this row.
    #[error("the system panicked: {0}")]
    Panicked(String),
    /// The formula gave no number.
    #[error("the formula gave no finite number")]
    NotFinite,
}

impl Refusal {
    /// The stable code, in rows.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::MissingInput(_) => "missing_input",
            Self::OutOfRange { .. } => "out_of_range",
            Self::FeatureVersion { .. } => "feature_version",
            Self::LowQuality(_) => "low_quality",
            Self::TooFewSimilarGames { .. } => "too_few_similar_games",
            Self::NoModel => "no_model",
            Self::Model(ModelRefusal::OtherFeatures { .. }) => "feature_mismatch",
            Self::Model(ModelRefusal::SeesTheFuture { .. }) => "model_sees_the_future",
            Self::Model(ModelRefusal::Damaged { .. }) => "model_damaged",
            Self::TooFewSystems { .. } => "too_few_systems",
            Self::Panicked(_) => "panicked",
            Self::NotFinite => "not_finite",
        }
    }
}

/// A player's form, from a feature row that was checked: what three of the systems start from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Form {
    /// Points a game over his last 5 games.
    pub(super) last_5: f64,
    /// Points a game this season.
    pub(super) season: f64,
    /// Sample deviation of the points of his last 10 games; nothing below 5 games.
    pub(super) deviation: Option<f64>,
    /// The weighted mean of the three averages: the points of an ordinary game.
    pub(super) points: f64,
}

impl Form {
    /// Version, quality and ranges are right and the three averages known, or the reason why not.
    pub(super) fn of(row: &FeatureRow) -> Result<Self, Refusal> {
        if *row.feature_version != *VERSION {
            return Err(Refusal::FeatureVersion { found: row.feature_version.to_string() });
        }
        if row.feature_quality_score < QUALITY_MIN {
            return Err(Refusal::LowQuality(row.feature_quality_score));
        }
        let last_5 = known("points_avg_last_5", row.points_avg_last_5, 80.0)?;
        let last_10 = known("points_avg_last_10", row.points_avg_last_10, 80.0)?;
        let season = known("points_avg_season", row.points_avg_season, 60.0)?;
        let points = FORM_WEIGHTS[0] * last_5 + FORM_WEIGHTS[1] * last_10 + FORM_WEIGHTS[2] * season;
        Ok(Self { last_5, season, deviation: row.points_std_last_10, points })
    }
}

/// A value from 0 to `high` that must be there.
fn known(name: &'static str, value: Option<f64>, high: f64) -> Result<f64, Refusal> {
    let value = value.ok_or(Refusal::MissingInput(name))?;
    if (0.0..=high).contains(&value) {
        Ok(value)
    } else {
        Err(Refusal::OutOfRange { name, value, low: 0.0, high })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::flow::Date;

    #[test]
    fn predictions_are_bounded() {
        let points = |points| Prediction::of(points, Some(5.0)).map(|prediction| prediction.points);
        assert_eq!(points(-3.0), Ok(0.0));
        assert_eq!(points(99.0), Ok(60.0));
        assert_eq!(points(12.345_6), Ok(12.35));
        assert_eq!(points(f64::NAN), Err(Refusal::NotFinite));
        assert_eq!(points(f64::INFINITY), Err(Refusal::NotFinite));
    }

    #[test]
    fn confidence_falls_with_points_and_with_their_spread() {
        let of = |points, deviation| confidence(points, deviation);
        assert!(of(2.0, Some(2.0)) > 0.85 && of(0.0, Some(0.0)) < 1.0);
        assert!(of(5.0, Some(5.0)) > of(25.0, Some(5.0)));
        assert!(of(15.0, Some(3.0)) > of(15.0, Some(9.0)));
        assert!(of(POINTS_MAX, Some(20.0)) > 0.0);
        assert_eq!(of(15.0, None), of(15.0, Some(5.0)));
    }

    #[test]
    fn a_side_is_as_likely_as_the_edge_is_large_for_the_spread() {
        let sure = |confidence| Prediction { points: 20.0, confidence };
        assert_eq!(sure(0.6).likelihood(0.0), 0.5);
        // Beyond 5 points lies 1 - confidence, half of it on each side.
        for edge in [5.0, -5.0] {
            assert!((sure(0.6).likelihood(edge) - 0.8).abs() < 1e-12, "{edge}");
        }
        assert!(sure(0.6).likelihood(2.0) > sure(0.5).likelihood(2.0));
        assert!(sure(0.6).likelihood(2.0) < sure(0.6).likelihood(3.0));
        assert_eq!(sure(1.0).likelihood(0.1), 1.0);
    }

    #[test]
    fn form_is_refused_with_its_reason() {
        let row = |change: fn(&mut FeatureRow)| {
            let mut row = fixture::feature_row(Date::from_days(9), 1);
            change(&mut row);
            Form::of(&row).map(|form| form.points).map_err(|refusal| refusal.code())
        };
        assert_eq!(row(|_| ()), Ok(0.25 * 12.0 + 0.30 * 11.0 + 0.45 * 10.0));
        assert_eq!(row(|row| row.feature_version = "v2".into()), Err("feature_version"));
        assert_eq!(row(|row| row.feature_quality_score = 49.9), Err("low_quality"));
        assert_eq!(row(|row| row.points_avg_season = None), Err("missing_input"));
        assert_eq!(row(|row| row.points_avg_last_5 = Some(80.1)), Err("out_of_range"));
    }
}
