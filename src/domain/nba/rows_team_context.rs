//! The rows of `nba.upcoming_team_game_context`: what is known of a team before a game.
//! Declarations only; the formulas are in `team_context.rs`. Nothing of the date's outcome is in a row.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One team before one game.
    pub struct TeamContext key(team_abbr) {
        /// The team.
        pub team_abbr: Arc<str>,
        /// The canonical id of the game, `YYYYMMDD_AWAY_HOME`.
        pub game_id: Arc<str>,
        /// The league's ten-digit id of the game.
        pub nba_game_id: Arc<str>,
        /// The US date of the game.
        pub game_date: Date,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// `Regular Season`, `PlayIn` or `Playoffs`.
        pub season_type: Arc<str>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// Whether the team is at home.
        pub home_game: bool,
        /// Days off since the team's last game of this season: 0 for a back-to-back (one less than the
        /// players' `days_rest`); null before its first one.
        pub team_days_rest: Option<i64>,
        /// Whether it played the day before.
        pub team_back_to_back: bool,
        /// Days since the team's last game of this season.
        pub days_since_last_game: Option<i64>,
        /// Games in the 6 days before the date, so that with the date itself they are 7 days.
        pub games_in_last_7_days: i64,
        /// Games in the 13 days before the date, likewise.
        pub games_in_last_14_days: i64,
        /// The games of the season before the date, play-in and playoffs included, and this one.
        pub game_number_in_season: i64,
        /// Games in the 7 days after the date; null in play-in and playoffs, whose schedule depends on results.
        pub games_in_next_7_days: Option<i64>,
        /// Games won this season before the date.
        pub season_wins: i64,
        /// Games lost this season before the date.
        pub season_losses: i64,
        /// Games won in a row right before the date, this season.
        pub team_win_streak_entering: i64,
        /// Games lost in a row right before the date, this season.
        pub team_loss_streak_entering: i64,
        /// Own points less the opponent's in the last game of this season.
        pub last_game_margin: Option<i64>,
        /// `W` or `L` in the last game of this season.
        pub last_game_result: Option<Arc<str>>,
        /// Points that the team is given, of the first bookmaker of draftkings, fanduel and the others by name
        /// that has it: -4.5 where it has to win by five. Null without an offer.
        pub game_spread: Option<f64>,
        /// The line on both teams' points together, likewise.
        pub game_total: Option<f64>,
        /// Always null: only the last lines before a game are kept.
        pub spread_movement: Option<f64>,
        /// Always null: only the last lines before a game are kept.
        pub total_movement: Option<f64>,
        /// Players of the team who are out by the last injury report before the date's first game, all of them and
        /// not only starters, which the report does not tell apart; null where no report tells of the team.
        pub starters_out_count: Option<i64>,
        /// Those who are questionable or doubtful, likewise.
        pub questionable_players_count: Option<i64>,
        /// Always null: no source has arenas or distances.
        pub travel_miles: Option<f64>,
        /// The team's scheduled games in the 14 days before the date, this season.
        pub expected_games_count: i64,
        /// Those of them that have a team row.
        pub actual_games_count: i64,
        /// Those of them that have none.
        pub missing_games_count: i64,
        /// Actual of expected, per cent, 2 decimals; null where none is expected.
        pub completeness_percentage: Option<f64>,
        /// The same for the 7 days before the date.
        pub l7d_completeness_pct: Option<f64>,
        /// Whether none of them is missing.
        pub l7d_is_complete: bool,
        /// The same as `completeness_percentage`.
        pub l14d_completeness_pct: Option<f64>,
        /// Whether none of them is missing.
        pub l14d_is_complete: bool,
        /// By the 14 days' completeness: `gold` from 95, `silver` from 75, `bronze` from 50, else `poor`.
        /// Nothing expected is nothing missing.
        pub quality_tier: Arc<str>,
        /// `season_boundary` where the 14 days reach back before opening night, `gap:<dataset>:<date>`.
        pub quality_issues: Arc<[Arc<str>]>,
        /// Whether at least 70 % of both windows are there.
        pub is_production_ready: bool,
    }
}
