//! What became of a date's published predictions: each player's points beside what the systems said, and
//! each system's day.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::nba::PredictionGrade;
use crate::domain::nba::statistics::{mean, rounded};
use crate::flow::{Date, DocumentSchema};

/// The schema of the document.
pub const RESULTS: DocumentSchema = DocumentSchema { name: "nba.results", version: 1 };

/// A date's results.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Results<'a> {
    /// The US date of the games, `YYYY-MM-DD`.
    date: String,
    /// By system: its day over the published predictions.
    systems: BTreeMap<&'a str, Day>,
    /// The players, those with the most points first; those who did not play last.
    players: Vec<Player<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Day {
    graded: u64,
    voided: u64,
    refused: u64,
    /// Mean absolute error in points, 2 decimals.
    mae: Option<f64>,
    /// Mean signed error in points, 2 decimals; above 0 is too many.
    bias: Option<f64>,
    within_3: u64,
    within_5: u64,
    /// Recommendations against a bookmaker's line that came in, of those graded.
    lines_correct: u64,
    lines_graded: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Player<'a> {
    player_id: i64,
    player_lookup: &'a str,
    game_id: &'a str,
    team: &'a str,
    opponent: &'a str,
    /// Null where he did not play.
    points: Option<i64>,
    minutes: Option<i64>,
    /// Why he is not graded: `did_not_play`, `game_not_played`; else null.
    voided: Option<&'a str>,
    systems: BTreeMap<&'a str, Verdict<'a>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Verdict<'a> {
    predicted: Option<f64>,
    /// Predicted less actual.
    error: Option<f64>,
    recommendation: Option<&'a str>,
    /// Whether the recommended side of a bookmaker's line came in; null for a push and without such a line.
    correct: Option<bool>,
}

/// The document's data. Grades of predictions that are not published are left out.
#[must_use]
pub fn results(date: Date, grades: &[PredictionGrade]) -> Results<'_> {
    let mut players: BTreeMap<i64, Player<'_>> = BTreeMap::new();
    let mut by_system: BTreeMap<&str, Vec<&PredictionGrade>> = BTreeMap::new();
    for row in grades.iter().filter(|row| row.is_eligible) {
        by_system.entry(&row.system_id).or_default().push(row);
        let player = players.entry(row.player_id).or_insert_with(|| Player {
            player_id: row.player_id,
            player_lookup: &row.player_lookup,
            game_id: &row.game_id,
            team: &row.team_abbr,
            opponent: &row.opponent_team_abbr,
            points: row.actual_points,
            minutes: row.minutes_played,
            voided: None,
            systems: BTreeMap::new(),
        });
        // A system that refused has nothing to void; any other says it.
        player.voided = player.voided.or(row.voided_reason.as_deref());
        let verdict = Verdict {
            predicted: row.predicted_points,
            error: row.signed_error,
            recommendation: row.recommendation.as_deref(),
            correct: row.prediction_correct,
        };
        player.systems.insert(&row.system_id, verdict);
    }
    let mut players: Vec<Player<'_>> = players.into_values().collect();
    players.sort_by_key(|player| (std::cmp::Reverse(player.points), player.player_id));
    let systems = by_system.into_iter().map(|(system, rows)| (system, day(&rows))).collect();
    Results { date: date.to_string(), systems, players }
}

fn day(rows: &[&PredictionGrade]) -> Day {
    let count = |is: &dyn Fn(&PredictionGrade) -> bool| rows.iter().filter(|row| is(row)).count() as u64;
    let graded = |row: &PredictionGrade| row.signed_error.is_some();
    Day {
        graded: count(&graded),
        voided: count(&|row| row.voided_reason.is_some()),
        refused: count(&|row| row.refusal.is_some()),
        mae: mean(rows.iter().filter_map(|row| row.absolute_error)).map(|value| rounded(value, 2)),
        bias: mean(rows.iter().filter_map(|row| row.signed_error)).map(|value| rounded(value, 2)),
        within_3: count(&|row| row.within_3_points == Some(true)),
        within_5: count(&|row| row.within_5_points == Some(true)),
        lines_correct: count(&|row| row.prediction_correct == Some(true)),
        lines_graded: count(&|row| row.prediction_correct.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::nba::{PlayerPrediction, fixture, grades};

    #[test]
    fn who_did_not_play_is_voided_whichever_system_refused_him() {
        let date = Date::from_days(9);
        let systems = ["moving_average", "similarity", "zone_matchup"];
        let voided = |predicted: [Option<f64>; 3]| {
            let of = |(system, points): (&str, Option<f64>)| PlayerPrediction {
                system_id: system.into(),
                is_eligible: true,
                predicted_points: points,
                ..fixture::prediction(date, 1)
            };
            let predictions: Vec<PlayerPrediction> = systems.into_iter().zip(predicted).map(of).collect();
            let grades = grades(&predictions, &[]);
            let results = results(date, &grades);
            let counts: Vec<u64> = results.systems.values().map(|day| day.voided).collect();
            (results.players[0].voided.map(str::to_owned), counts)
        };
        let why = Some("game_not_played".to_owned());
        assert_eq!(voided([Some(9.0), Some(9.0), Some(9.0)]), (why.clone(), vec![1, 1, 1]));
        assert_eq!(voided([None, Some(9.0), None]), (why, vec![0, 1, 0]));
        assert_eq!(voided([None, None, None]), (None, vec![0, 0, 0]));
    }
}
