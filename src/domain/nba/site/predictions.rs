//! The predictions of a date, as they were before its games: one entry a player whose predictions are
//! published, the highest first.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::nba::injury::DateInjuries;
use crate::domain::nba::{InjuryListing, InjuryStatus, PlayerPrediction, ScheduledGame};
use crate::flow::{Date, DocumentSchema};

/// The schema of the document.
pub const PREDICTIONS: DocumentSchema = DocumentSchema { name: "nba.predictions", version: 2 };

/// The system whose prediction puts players in order.
const LEADING_SYSTEM: &str = "ensemble";

/// A date's predictions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predictions<'a> {
    /// The US date of the games, `YYYY-MM-DD`.
    date: String,
    /// The date's games, in order of their ids.
    games: Vec<Game<'a>>,
    /// The players, by the ensemble's prediction, highest first; those without one last.
    players: Vec<Player<'a>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Game<'a> {
    game_id: &'a str,
    home_team: &'a str,
    away_team: &'a str,
    season_type: &'a str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Player<'a> {
    player_id: i64,
    player_lookup: &'a str,
    game_id: &'a str,
    team: &'a str,
    opponent: &'a str,
    is_home: bool,
    /// The line, and whose it is: a bookmaker's key, or `ESTIMATED_AVG`.
    line: Option<f64>,
    line_source: Option<&'a str>,
    /// Whether the line is a bookmaker's.
    has_prop_line: bool,
    /// What the injury report says of him, and why; nothing where no report tells of his team.
    injury_status: Option<&'static str>,
    injury_reason: Option<&'a str>,
    /// Points a game in his last 10 games.
    last_10_points: Option<f64>,
    /// By system.
    systems: BTreeMap<&'a str, Answer<'a>>,
}

/// What a system says: a prediction, or why it has none.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Answer<'a> {
    points: Option<f64>,
    /// The share of such predictions that come within 5 points, 0 to 1.
    confidence: Option<f64>,
    /// `OVER`, `UNDER` or `PASS`.
    recommendation: Option<&'a str>,
    /// The code of the refusal.
    refusal: Option<&'a str>,
}

/// The document's data. Rows whose prediction is not published are left out.
#[must_use]
pub fn predictions<'a>(
    date: Date,
    games: &'a [ScheduledGame],
    rows: &'a [PlayerPrediction],
    injuries: &'a [InjuryListing],
) -> Predictions<'a> {
    let injuries = DateInjuries::of(injuries);
    let mut players: BTreeMap<i64, Player<'a>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.is_eligible) {
        let player = players.entry(row.player_id).or_insert_with(|| Player {
            player_id: row.player_id,
            player_lookup: &row.player_lookup,
            game_id: &row.game_id,
            team: &row.team_abbr,
            opponent: &row.opponent_team_abbr,
            is_home: row.is_home,
            line: row.points_line,
            line_source: row.line_source.as_deref(),
            has_prop_line: row.has_prop_line,
            injury_status: injuries
                .status(row.player_id, &row.team_abbr, &row.player_lookup)
                .map(InjuryStatus::code),
            injury_reason: injuries
                .listing(row.player_id, &row.team_abbr, &row.player_lookup)
                .and_then(|listing| listing.reason.as_deref()),
            last_10_points: row.baseline_points,
            systems: BTreeMap::new(),
        });
        let answer = Answer {
            points: row.predicted_points,
            confidence: row.confidence,
            recommendation: row.recommendation.as_deref(),
            refusal: row.refusal.as_deref(),
        };
        player.systems.insert(&row.system_id, answer);
    }
    let mut players: Vec<Player<'a>> = players.into_values().collect();
    let leading = |player: &Player| player.systems.get(LEADING_SYSTEM).and_then(|answer| answer.points);
    players.sort_by(|a, b| {
        let (a_points, b_points) =
            (leading(a).unwrap_or(f64::NEG_INFINITY), leading(b).unwrap_or(f64::NEG_INFINITY));
        b_points.total_cmp(&a_points).then(a.player_id.cmp(&b.player_id))
    });
    let mut games: Vec<Game<'a>> = games.iter().map(Game::of).collect();
    games.sort_by(|a, b| a.game_id.cmp(b.game_id));
    Predictions { date: date.to_string(), games, players }
}

impl<'a> Game<'a> {
    fn of(game: &'a ScheduledGame) -> Self {
        Self {
            game_id: &game.game_id,
            home_team: &game.home_team,
            away_team: &game.away_team,
            season_type: &game.season_type,
        }
    }
}
