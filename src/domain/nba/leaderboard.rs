//! The leaderboard: the grades of a month's dates so far, by system and population. Pure.

use std::sync::Arc;

use super::grading::{GRADED, VOIDED};
use super::history::Units;
use super::prediction::System;
use super::rows_prediction_accuracy::PredictionGrade;
use super::rows_prediction_leaderboard::SystemStanding;
use super::statistics::{count, ratio, real, rounded};
use crate::flow::Date;

/// Which rows are counted: all, or those whose prediction is published.
const POPULATIONS: [&str; 2] = ["all", "eligible"];

/// One row for each system and population, in the order of the systems. `grades` are those of the month's
/// dates up to `date`.
#[must_use]
pub fn leaderboard(date: Date, grades: &Units<'_, PredictionGrade>) -> Vec<SystemStanding> {
    let mut sums = [[Sums::default(); 2]; System::ALL.len()];
    for row in grades.iter().flat_map(|(_, rows)| *rows) {
        let [all, eligible] = &mut sums[System::of(&row.system_id) as usize];
        all.add(row);
        if row.is_eligible {
            eligible.add(row);
        }
    }
    let dates = count(grades.len());
    let populations: [Arc<str>; 2] = POPULATIONS.map(Arc::from);
    let mut rows = Vec::with_capacity(System::ALL.len() * POPULATIONS.len());
    for (system, sums) in System::ALL.into_iter().zip(&sums) {
        let system_id: Arc<str> = system.id().into();
        for (population, sums) in populations.iter().zip(sums) {
            rows.push(standing(sums, Arc::clone(&system_id), Arc::clone(population), date, dates));
        }
    }
    rows
}

/// What is summed up of rows.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    graded: i64,
    voided: i64,
    refused: i64,
    miss: f64,
    error: f64,
    within_3: i64,
    within_5: i64,
    confidence: f64,
    baseline_graded: i64,
    baseline_own_miss: f64,
    baseline_miss: f64,
    lines_graded: i64,
    lines_correct: i64,
}

impl Sums {
    fn add(&mut self, row: &PredictionGrade) {
        let (Some(error), Some(miss)) = (row.signed_error, row.absolute_error) else {
            let ended = if *row.status == *VOIDED { &mut self.voided } else { &mut self.refused };
            *ended += 1;
            return;
        };
        debug_assert_eq!(&*row.status, GRADED);
        self.graded += 1;
        self.miss += miss;
        self.error += error;
        self.within_3 += i64::from(row.within_3_points == Some(true));
        self.within_5 += i64::from(row.within_5_points == Some(true));
        self.confidence += row.confidence.unwrap_or(0.0);
        if let Some(baseline) = row.baseline_absolute_error {
            self.baseline_graded += 1;
            self.baseline_own_miss += miss;
            self.baseline_miss += baseline;
        }
        if let Some(correct) = row.prediction_correct {
            self.lines_graded += 1;
            self.lines_correct += i64::from(correct);
        }
    }
}

fn standing(
    sums: &Sums,
    system_id: Arc<str>,
    population: Arc<str>,
    game_date: Date,
    dates: i64,
) -> SystemStanding {
    let mean = |sum: f64, rows: i64| (rows > 0).then(|| rounded(sum / real(rows), 4));
    let share = |part: i64, rows: i64| ratio(part, rows).map(|share| rounded(share, 4));
    SystemStanding {
        system_id,
        population,
        month: Date::of(game_date.year(), game_date.month(), 1).expect("every month has a first day"),
        game_date,
        dates,
        predictions: sums.graded + sums.voided + sums.refused,
        graded: sums.graded,
        voided: sums.voided,
        refused: sums.refused,
        mae: mean(sums.miss, sums.graded),
        bias: mean(sums.error, sums.graded),
        within_3_share: share(sums.within_3, sums.graded),
        within_5_share: share(sums.within_5, sums.graded),
        mean_confidence: mean(sums.confidence, sums.graded),
        baseline_graded: sums.baseline_graded,
        mae_on_baseline_rows: mean(sums.baseline_own_miss, sums.baseline_graded),
        baseline_mae: mean(sums.baseline_miss, sums.baseline_graded),
        lines_graded: sums.lines_graded,
        lines_correct: sums.lines_correct,
        line_accuracy: share(sums.lines_correct, sums.lines_graded),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::grading::grades;
    use super::super::rows_player_game::PlayerGame;
    use super::super::rows_predictions::PlayerPrediction;
    use super::*;

    /// A date on which the moving average says 20 of three players: one makes 22, one 12, one sits out.
    fn date(day: i32) -> (Date, Vec<PredictionGrade>) {
        let date = Date::from_days(day);
        let prediction = |player, is_eligible, has_prop_line| PlayerPrediction {
            is_eligible,
            has_prop_line,
            baseline_points: Some(15.0),
            confidence: Some(0.6),
            points_line: Some(18.5),
            recommendation: Some("OVER".into()),
            ..fixture::prediction(date, player)
        };
        let refused = PlayerPrediction {
            system_id: "similarity".into(),
            predicted_points: None,
            refusal: Some("no_model".into()),
            ..prediction(1, true, true)
        };
        let predictions =
            [prediction(1, true, true), refused, prediction(2, false, false), prediction(3, true, true)];
        let game = |player, points| PlayerGame {
            game_id: "game".into(),
            ..fixture::player_game(date, player, "AAA", points)
        };
        (date, grades(&predictions, &[game(1, 22), game(2, 12)]))
    }

    #[test]
    fn a_month_is_summed_up_by_system_and_population() {
        let dates = [date(400), date(401)];
        let units: Vec<(Date, &[PredictionGrade])> =
            dates.iter().map(|(date, rows)| (*date, rows.as_slice())).collect();
        let rows = leaderboard(Date::from_days(401), &units);
        assert_eq!(rows.len(), 10);
        let find = |system: &str, population: &str| {
            let row = rows.iter().find(|row| *row.system_id == *system && *row.population == *population);
            row.expect("a standing")
        };
        let all = find("moving_average", "all");
        assert_eq!((all.dates, all.predictions, all.graded, all.voided, all.refused), (2, 6, 4, 2, 0));
        assert_eq!((all.mae, all.bias), (Some(5.0), Some(3.0)));
        assert_eq!((all.within_3_share, all.within_5_share), (Some(0.5), Some(0.5)));
        assert_eq!((all.baseline_mae, all.mae_on_baseline_rows), (Some(5.0), Some(5.0)));
        assert_eq!((all.lines_graded, all.lines_correct, all.line_accuracy), (2, 2, Some(1.0)));
        assert_eq!((all.mean_confidence, &*all.month.to_string()), (Some(0.6), "1971-02-01"));
        let eligible = find("moving_average", "eligible");
        assert_eq!((eligible.graded, eligible.voided, eligible.mae), (2, 2, Some(2.0)));
        let similarity = find("similarity", "all");
        assert_eq!((similarity.graded, similarity.refused, similarity.mae), (0, 2, None));
    }
}
