//! Grading: each prediction of a date beside what the box score says. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::history::Keyed;
use super::recommendation::Side;
use super::rows_player_game::PlayerGame;
use super::rows_prediction_accuracy::PredictionGrade;
use super::rows_predictions::PlayerPrediction;
use super::statistics::{real, rounded};

/// One row for each prediction, in their order. `games` is A3 of the date.
#[must_use]
pub fn grades(predictions: &[PlayerPrediction], games: &[PlayerGame]) -> Vec<PredictionGrade> {
    let played: BTreeSet<&str> = games.iter().map(|game| &*game.game_id).collect();
    let games: Keyed<i64, &PlayerGame> = games.iter().map(|game| (game.player_id, game)).collect();
    let texts = Texts::new();
    predictions
        .iter()
        .map(|prediction| {
            let game = games.get(&prediction.player_id).copied();
            let status = Status::of(prediction, game, played.contains(&*prediction.game_id));
            grade(prediction, game, status, &texts)
        })
        .collect()
}

/// What became of a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Graded,
    DidNotPlay,
    GameNotPlayed,
    Refused,
}

impl Status {
    fn of(prediction: &PlayerPrediction, game: Option<&PlayerGame>, has_box_score: bool) -> Self {
        match (prediction.predicted_points, game) {
            (None, _) => Self::Refused,
            (Some(_), Some(_)) => Self::Graded,
            (Some(_), None) if has_box_score => Self::DidNotPlay,
            (Some(_), None) => Self::GameNotPlayed,
        }
    }
}

/// Texts that all rows of a date share.
struct Texts {
    graded: Arc<str>,
    voided: Arc<str>,
    refused: Arc<str>,
    did_not_play: Arc<str>,
    game_not_played: Arc<str>,
}

impl Texts {
    fn new() -> Self {
        Self {
            graded: GRADED.into(),
            voided: VOIDED.into(),
            refused: REFUSED.into(),
            did_not_play: "did_not_play".into(),
            game_not_played: "game_not_played".into(),
        }
    }

    fn status(&self, status: Status) -> (Arc<str>, Option<Arc<str>>) {
        match status {
            Status::Graded => (Arc::clone(&self.graded), None),
            Status::DidNotPlay => (Arc::clone(&self.voided), Some(Arc::clone(&self.did_not_play))),
            Status::GameNotPlayed => (Arc::clone(&self.voided), Some(Arc::clone(&self.game_not_played))),
            Status::Refused => (Arc::clone(&self.refused), None),
        }
    }
}

/// The statuses, in rows.
pub(super) const GRADED: &str = "graded";
pub(super) const VOIDED: &str = "voided";
pub(super) const REFUSED: &str = "refused";

fn grade(
    prediction: &PlayerPrediction,
    game: Option<&PlayerGame>,
    status: Status,
    texts: &Texts,
) -> PredictionGrade {
    let actual = game.map(|game| real(game.points));
    let error = prediction.predicted_points.zip(actual).map(|(points, actual)| rounded(points - actual, 2));
    let miss = error.map(f64::abs);
    let margin = |points: Option<f64>| {
        points.zip(prediction.points_line).map(|(points, line)| rounded(points - line, 2))
    };
    let actual_margin = margin(actual);
    let (status, voided_reason) = texts.status(status);
    PredictionGrade {
        player_id: prediction.player_id,
        system_id: Arc::clone(&prediction.system_id),
        player_lookup: Arc::clone(&prediction.player_lookup),
        game_date: prediction.game_date,
        game_id: Arc::clone(&prediction.game_id),
        season_year: prediction.season_year,
        season_type: Arc::clone(&prediction.season_type),
        team_abbr: Arc::clone(&prediction.team_abbr),
        opponent_team_abbr: Arc::clone(&prediction.opponent_team_abbr),
        is_home: prediction.is_home,
        population_source: Arc::clone(&prediction.population_source),
        is_eligible: prediction.is_eligible,
        model_id: prediction.model_id.clone(),
        status,
        voided_reason,
        refusal: prediction.refusal.clone(),
        predicted_points: prediction.predicted_points,
        actual_points: game.map(|game| game.points),
        minutes_played: game.map(|game| game.minutes_played),
        signed_error: error,
        absolute_error: miss,
        within_3_points: miss.map(|miss| miss <= 3.0),
        within_5_points: miss.map(|miss| miss <= 5.0),
        confidence: prediction.confidence,
        confidence_decile: prediction.confidence.map(decile),
        baseline_points: prediction.baseline_points,
        baseline_absolute_error: prediction
            .baseline_points
            .zip(actual)
            .map(|(points, actual)| rounded((points - actual).abs(), 4)),
        has_prop_line: prediction.has_prop_line,
        points_line: prediction.points_line,
        line_source: prediction.line_source.clone(),
        recommendation: prediction.recommendation.clone(),
        predicted_margin: margin(prediction.predicted_points),
        actual_margin,
        prediction_correct: prediction
            .has_prop_line
            .then(|| correct(prediction.recommendation.as_deref()?, actual_margin?))
            .flatten(),
    }
}

/// 1 below 0.1, 10 from 0.9 on.
fn decile(confidence: f64) -> i64 {
    (1..=9).filter(|tenth| confidence >= real(*tenth) / 10.0).count() as i64 + 1
}

/// Whether the recommended side came in; nothing where no side was recommended, and for a push.
fn correct(recommendation: &str, actual_margin: f64) -> Option<bool> {
    if actual_margin == 0.0 {
        None
    } else if recommendation == Side::Over.code() {
        Some(actual_margin > 0.0)
    } else if recommendation == Side::Under.code() {
        Some(actual_margin < 0.0)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::flow::Date;

    const DATE: Date = Date::from_days(9);

    fn graded(change: impl Fn(&mut PlayerPrediction), points: Option<i64>) -> PredictionGrade {
        let mut prediction = fixture::prediction(DATE, 1);
        change(&mut prediction);
        let games: Vec<PlayerGame> = [(2, Some(8)), (1, points)]
            .into_iter()
            .filter_map(|(player, points)| {
                Some(PlayerGame {
                    game_id: "game".into(),
                    ..fixture::player_game(DATE, player, "AAA", points?)
                })
            })
            .collect();
        grades(&[prediction], &games).remove(0)
    }

    #[test]
    fn errors_are_predicted_less_actual() {
        let cases = [
            (20.0, 17, 3.0, true, true),
            (20.0, 24, -4.0, false, true),
            (20.25, 15, 5.25, false, false),
            (20.0, 20, 0.0, true, true),
        ];
        for (predicted, actual, error, within_3, within_5) in cases {
            let row = graded(|row| row.predicted_points = Some(predicted), Some(actual));
            assert_eq!((&*row.status, row.signed_error), ("graded", Some(error)), "{predicted} {actual}");
            assert_eq!(row.absolute_error, Some(error.abs()));
            assert_eq!((row.within_3_points, row.within_5_points), (Some(within_3), Some(within_5)));
            assert_eq!((row.minutes_played, row.actual_points), (Some(30), Some(actual)));
        }
    }

    #[test]
    fn only_real_lines_are_graded_and_a_push_is_null() {
        let cases = [
            (true, Some("OVER"), 21, Some(true)),
            (true, Some("OVER"), 19, Some(false)),
            (true, Some("UNDER"), 19, Some(true)),
            (true, Some("UNDER"), 21, Some(false)),
            (true, Some("OVER"), 20, None),
            (true, Some("PASS"), 30, None),
            (true, None, 30, None),
            (false, Some("OVER"), 30, None),
        ];
        for (real, recommendation, actual, expected) in cases {
            let row = graded(
                |row| {
                    row.has_prop_line = real;
                    row.points_line = Some(20.0);
                    row.recommendation = recommendation.map(Arc::from);
                },
                Some(actual),
            );
            let case = (real, recommendation, actual);
            assert_eq!(row.prediction_correct, expected, "{case:?}");
            assert_eq!(row.actual_margin, Some(real_points(actual) - 20.0), "{case:?}");
        }
    }

    fn real_points(points: i64) -> f64 {
        super::super::statistics::real(points)
    }

    #[test]
    fn who_did_not_play_is_voided_and_a_refusal_stays_one() {
        let row = graded(|_| (), None);
        assert_eq!((&*row.status, row.voided_reason.as_deref()), ("voided", Some("did_not_play")));
        assert_eq!((row.signed_error, row.actual_points, row.prediction_correct), (None, None, None));
        let row = graded(|row| row.game_id = "postponed".into(), None);
        assert_eq!((&*row.status, row.voided_reason.as_deref()), ("voided", Some("game_not_played")));
        let refused = |row: &mut PlayerPrediction| {
            row.predicted_points = None;
            row.confidence = None;
            row.refusal = Some("no_model".into());
        };
        let row = graded(refused, Some(12));
        assert_eq!((&*row.status, row.refusal.as_deref()), ("refused", Some("no_model")));
        assert_eq!((row.signed_error, row.actual_points), (None, Some(12)));
    }

    #[test]
    fn deciles_of_confidence() {
        let cases = [(0.0, 1), (0.099, 1), (0.1, 2), (0.3, 4), (0.65, 7), (0.7, 8), (0.9, 10), (1.0, 10)];
        for (confidence, expected) in cases {
            assert_eq!(decile(confidence), expected, "{confidence}");
        }
    }
}
