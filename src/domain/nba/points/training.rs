//! The rows of `nba.points_training`: the features of a date joined with what the players then scored.
//! Pure. A player who did not play has no row; nor has one who played another game than the one his
//! features are of (traded that day).

use std::sync::Arc;

use super::rows_features::{PointsFeatures, PointsTraining};
use crate::domain::nba::PlayerGame;
use crate::domain::nba::history::Keyed;

/// One row for each row of features whose player played that game, in their order.
#[must_use]
pub fn points_training(features: &[PointsFeatures], played: &[PlayerGame]) -> Vec<PointsTraining> {
    let outcomes: Keyed<i64, &PlayerGame> = played.iter().map(|row| (row.player_id, row)).collect();
    features
        .iter()
        .filter_map(|row| {
            let outcome = outcomes.get(&row.player_id).filter(|game| game.nba_game_id == row.nba_game_id)?;
            Some(PointsTraining {
                player_id: row.player_id,
                player_lookup: Arc::clone(&row.player_lookup),
                game_date: row.game_date,
                game_id: Arc::clone(&row.game_id),
                season_year: row.season_year,
                season_type: Arc::clone(&row.season_type),
                points: outcome.points,
                minutes_played: outcome.minutes_played,
                games_season: row.games_season,
                minutes_avg_season: row.minutes_avg_season,
                points_avg_last_5: row.points_avg_last_5,
                points_avg_last_10: row.points_avg_last_10,
                points_avg_season: row.points_avg_season,
                features: Arc::clone(&row.features),
                feature_schema: Arc::clone(&row.feature_schema),
            })
        })
        .collect()
}
