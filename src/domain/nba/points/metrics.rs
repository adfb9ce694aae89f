//! How good predictions are, beside the baselines on exactly the same rows. Pure.

use serde::{Deserialize, Serialize};

use super::rows_features::PointsTraining;
use crate::domain::nba::statistics::{real, real_len, rounded};

/// The figures of predictions over some rows, in points; shares from 0 to 1; 4 decimals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Rows.
    pub rows: usize,
    /// Dates that have any.
    pub dates: usize,
    /// The first date; null without rows.
    pub first_date: Option<String>,
    /// The last date.
    pub last_date: Option<String>,
    /// Mean absolute error; null without rows, like all that follow.
    pub mae: Option<f64>,
    /// Root mean squared error.
    pub rmse: Option<f64>,
    /// Mean of prediction less outcome: above 0 predicts too much.
    pub bias: Option<f64>,
    /// Share of rows with an absolute error of at most 1.
    pub within_1: Option<f64>,
    /// Share with at most 3.
    pub within_3: Option<f64>,
    /// Share with at most 5.
    pub within_5: Option<f64>,
    /// Mean absolute error of the mean of the last 5 games.
    pub mae_last_5: Option<f64>,
    /// Mean absolute error of the mean of the last 10 games.
    pub mae_last_10: Option<f64>,
    /// Mean absolute error of the season's mean.
    pub mae_season: Option<f64>,
}

/// A row with what was predicted for it.
#[derive(Clone, Copy)]
pub(super) struct Predicted<'a> {
    /// The row.
    pub(super) row: &'a PointsTraining,
    /// The points that were predicted.
    pub(super) points: f64,
}

impl Predicted<'_> {
    /// Prediction less outcome.
    pub(super) fn error(&self) -> f64 {
        self.points - real(self.row.points)
    }
}

impl Score {
    /// The figures of these, which are in order of date. Rows that lack a baseline are an error of the
    /// population, which has to leave them out.
    pub(super) fn of(predicted: &[Predicted<'_>]) -> Self {
        let mean = |value: &dyn Fn(&Predicted<'_>) -> f64| {
            let sum: f64 = predicted.iter().map(value).sum();
            (!predicted.is_empty()).then(|| rounded(sum / real_len(predicted.len()), 4))
        };
        let within = |most: f64| mean(&|p| if p.error().abs() <= most { 1.0 } else { 0.0 });
        let baseline = |value: fn(&PointsTraining) -> Option<f64>| {
            mean(&|p| {
                let known = value(p.row).expect("a population has players with games of the season");
                (known - real(p.row.points)).abs()
            })
        };
        let mut dates: Vec<_> = predicted.iter().map(|p| p.row.game_date).collect();
        dates.dedup();
        let squares: f64 = predicted.iter().map(|p| p.error().powi(2)).sum();
        Self {
            rows: predicted.len(),
            dates: dates.len(),
            first_date: dates.first().map(ToString::to_string),
            last_date: dates.last().map(ToString::to_string),
            mae: mean(&|p| p.error().abs()),
            rmse: (!predicted.is_empty()).then(|| rounded((squares / real_len(predicted.len())).sqrt(), 4)),
            bias: mean(&|p| p.error()),
            within_1: within(1.0),
            within_3: within(3.0),
            within_5: within(5.0),
            mae_last_5: baseline(|row| row.points_avg_last_5),
            mae_last_10: baseline(|row| row.points_avg_last_10),
            mae_season: baseline(|row| row.points_avg_season),
        }
    }
}

/// What a mean absolute error was called in the system that these bands come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// Below 4.0.
    Excellent,
    /// Below 4.2.
    Good,
    /// Below 4.27, the error of the hand-tuned rules there.
    Acceptable,
    /// All above.
    Failure,
}

/// The rows that the bands were set on. No population here is that one, so a band here is no verdict.
pub(super) const BAND_POPULATION: &str = "graded predictions of 2024-02-04 to 2024-04-14 in the system that set the \
    bands: only players whom it predicted (recent mean of 15 or more minutes, not injured); other rows have \
    other errors, so compare a model with the baselines on its own rows";

impl Band {
    /// All, the best first.
    pub const ALL: [Self; 4] = [Self::Excellent, Self::Good, Self::Acceptable, Self::Failure];

    /// The band of a mean absolute error.
    #[must_use]
    pub fn of(mae: f64) -> Self {
        Self::ALL.into_iter().find(|band| mae < band.below()).unwrap_or(Self::Failure)
    }

    /// The mean absolute error that it ends before, points.
    #[must_use]
    pub const fn below(self) -> f64 {
        match self {
            Self::Excellent => 4.0,
            Self::Good => 4.2,
            Self::Acceptable => 4.27,
            Self::Failure => f64::INFINITY,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Excellent => "excellent",
            Self::Good => "good",
            Self::Acceptable => "acceptable",
            Self::Failure => "failure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::nba::points::split::tests::row;

    #[test]
    fn figures_of_three_rows() {
        let rows = [row(1, 1, 10), row(1, 2, 20), row(3, 1, 4)];
        let points = [10.5, 16.0, 10.0];
        let predicted: Vec<Predicted<'_>> =
            rows.iter().zip(points).map(|(row, points)| Predicted { row, points }).collect();
        let score = Score::of(&predicted);
        assert_eq!((score.rows, score.dates), (3, 2));
        assert_eq!((score.mae, score.bias), (Some(3.5), Some(0.8333)));
        assert_eq!(score.rmse, Some(4.1733));
        assert_eq!(
            (score.within_1, score.within_3, score.within_5),
            (Some(0.3333), Some(0.3333), Some(0.6667))
        );
        assert_eq!(score.mae_last_10, Some(5.3333), "the mean of 10 misses by 0, 10 and 6");
        assert_eq!(Score::of(&[]).mae, None);
    }

    #[test]
    fn bands_begin_below_their_limits() {
        let cases = [
            (3.99, "excellent"),
            (4.0, "good"),
            (4.2, "acceptable"),
            (4.27, "failure"),
            (f64::NAN, "failure"),
        ];
        for (mae, expected) in cases {
            assert_eq!(Band::of(mae).name(), expected, "{mae}");
        }
    }
}
