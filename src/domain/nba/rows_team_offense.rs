//! The rows of `nba.team_offense_game_summary`: what a team did in a game. Declarations only; the
//! formulas are in `team_offense.rs`. A row's content hash is the unit's revision, so there is no
//! `data_hash`, and no time of processing, which would differ between equal computations.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One team in one game, from its own side.
    pub struct TeamOffense key(game_id, team_abbr) {
        /// The canonical id, `YYYYMMDD_AWAY_HOME`.
        pub game_id: Arc<str>,
        /// The league's ten-digit id.
        pub nba_game_id: Arc<str>,
        /// The US date of the game.
        pub game_date: Date,
        /// The season's label, `2023-24`.
        pub season: Arc<str>,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// `Regular Season`, `PlayIn` or `Playoffs`.
        pub season_type: Arc<str>,
        /// The team.
        pub team_abbr: Arc<str>,
        /// The league's team id; null where the team log is missing and the player log has none.
        pub team_id: Option<i64>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// Points.
        pub points_scored: i64,
        /// Field goals attempted; null where neither source has attempts.
        pub fg_attempts: Option<i64>,
        /// Field goals made.
        pub fg_makes: Option<i64>,
        /// Three-point field goals attempted, as the box score counts them.
        pub three_pt_attempts: Option<i64>,
        /// Three-point field goals made.
        pub three_pt_makes: Option<i64>,
        /// Free throws attempted.
        pub ft_attempts: Option<i64>,
        /// Free throws made.
        pub ft_makes: Option<i64>,
        /// Rebounds: those of players, no team rebounds.
        pub rebounds: Option<i64>,
        /// Offensive rebounds.
        pub offensive_rebounds: Option<i64>,
        /// Defensive rebounds.
        pub defensive_rebounds: Option<i64>,
        /// Assists.
        pub assists: Option<i64>,
        /// Steals.
        pub steals: Option<i64>,
        /// Blocks.
        pub blocks: Option<i64>,
        /// The team's turnovers from the team log, those charged to no player included. Null without the
        /// team log: the sum over players is less, and would pass for the real number.
        pub turnovers: Option<i64>,
        /// Personal fouls.
        pub personal_fouls: Option<i64>,
        /// Attempts in the paint (Restricted Area and In The Paint (Non-RA)), from the shot chart; null,
        /// like every zone column, where the game has no shot chart.
        pub team_paint_attempts: Option<i64>,
        /// Makes in the paint.
        pub team_paint_makes: Option<i64>,
        /// Mid-range attempts.
        pub team_mid_range_attempts: Option<i64>,
        /// Mid-range makes.
        pub team_mid_range_makes: Option<i64>,
        /// Attempts from the three-point zones (above the break and both corners; not the backcourt),
        /// from the shot chart. Differs from `three_pt_attempts` by backcourt shots and corrections.
        pub team_three_zone_attempts: Option<i64>,
        /// Makes from the three-point zones.
        pub team_three_zone_makes: Option<i64>,
        /// Attempts from the backcourt, counted apart and in no share.
        pub team_backcourt_attempts: Option<i64>,
        /// Makes from the backcourt.
        pub team_backcourt_makes: Option<i64>,
        /// Points in the paint: twice the makes there.
        pub points_in_paint_scored: Option<i64>,
        /// Always null: no source tells a second chance.
        pub second_chance_points_scored: Option<i64>,
        /// Points for 100 possessions, 2 decimals; null where possessions are null or not above 0.
        pub offensive_rating: Option<f64>,
        /// Possessions for 48 minutes, 1 decimal.
        pub pace: Option<f64>,
        /// FGA + 0.44 FTA + TOV - OREB, 1 decimal; ratings are computed before rounding.
        pub possessions: Option<f64>,
        /// True shooting: points / (2 (FGA + 0.44 FTA)), a share with 3 decimals.
        pub ts_pct: Option<f64>,
        /// Whether this is the home team.
        pub home_game: bool,
        /// Whether it won: own points above the opponent's.
        pub win_flag: bool,
        /// Own points less the opponent's.
        pub margin_of_victory: i64,
        /// Overtime periods, from the minutes played; null where no source has minutes.
        pub overtime_periods: Option<i64>,
        /// Length of the game in minutes: 48, and 5 for each overtime.
        pub game_minutes: Option<i64>,
        /// Always null: no source lists inactive players.
        pub players_inactive: Option<i64>,
        /// Always null: no source lists starters.
        pub starters_inactive: Option<i64>,
        /// Always null: no source names the referees.
        pub referee_crew_id: Option<Arc<str>>,
        /// Whether the game has a shot chart, so that the zone columns hold counts.
        pub shot_zones_available: bool,
        /// Where the zones come from: `shot_chart_detail`, or null.
        pub shot_zones_source: Option<Arc<str>>,
        /// `gold` (score 95 or more), `silver` (75), `bronze` (50), `poor` (25) or `unusable`.
        pub quality_tier: Arc<str>,
        /// 0 to 100.
        pub quality_score: i64,
        /// What is not as it should be: `reconstructed`, `shot_zones_unavailable`, `gap:<dataset>:<date>`.
        pub quality_issues: Arc<[Arc<str>]>,
        /// The sources that the row was made from.
        pub data_sources: Arc<[Arc<str>]>,
        /// Whether a prediction may be built on it: tier bronze or better and nothing required missing.
        pub is_production_ready: bool,
    }
}
