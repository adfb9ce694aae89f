//! The rows of `nba.team_defense_game_summary`: what a team allowed in a game. Declarations only; the
//! turn of perspective is in `team_defense.rs`. No `data_hash` and no time of processing: the unit's
//! revision is the hash of its content.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One team in one game, by what its opponent did.
    pub struct TeamDefense key(game_id, defending_team_abbr) {
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
        /// The team that defends.
        pub defending_team_abbr: Arc<str>,
        /// The league's id of the defending team; null as in the team's own row.
        pub defending_team_id: Option<i64>,
        /// The team that attacks.
        pub opponent_team_abbr: Arc<str>,
        /// Points of the opponent.
        pub points_allowed: i64,
        /// Field goals that the opponent attempted; null where no source has attempts.
        pub opp_fg_attempts: Option<i64>,
        /// Field goals that the opponent made.
        pub opp_fg_makes: Option<i64>,
        /// Three-point field goals that the opponent attempted, as the box score counts them.
        pub opp_three_pt_attempts: Option<i64>,
        /// Three-point field goals that the opponent made.
        pub opp_three_pt_makes: Option<i64>,
        /// Free throws that the opponent attempted.
        pub opp_ft_attempts: Option<i64>,
        /// Free throws that the opponent made.
        pub opp_ft_makes: Option<i64>,
        /// Rebounds of the opponent.
        pub opp_rebounds: Option<i64>,
        /// Offensive rebounds of the opponent.
        pub opp_offensive_rebounds: Option<i64>,
        /// Assists of the opponent.
        pub opp_assists: Option<i64>,
        /// Turnovers of the opponent, team turnovers included; null without its team log.
        pub turnovers_forced: Option<i64>,
        /// Personal fouls of the defending team.
        pub fouls_committed: Option<i64>,
        /// The opponent's attempts in the paint; null, like every zone column, without a shot chart.
        pub opp_paint_attempts: Option<i64>,
        /// The opponent's makes in the paint.
        pub opp_paint_makes: Option<i64>,
        /// The opponent's mid-range attempts.
        pub opp_mid_range_attempts: Option<i64>,
        /// The opponent's mid-range makes.
        pub opp_mid_range_makes: Option<i64>,
        /// The opponent's attempts from the three-point zones, backcourt not included.
        pub opp_three_zone_attempts: Option<i64>,
        /// The opponent's makes from the three-point zones.
        pub opp_three_zone_makes: Option<i64>,
        /// The opponent's attempts from the backcourt, in no share.
        pub opp_backcourt_attempts: Option<i64>,
        /// The opponent's makes from the backcourt.
        pub opp_backcourt_makes: Option<i64>,
        /// Twice the opponent's makes in the paint.
        pub points_in_paint_allowed: Option<i64>,
        /// Twice the opponent's mid-range makes.
        pub mid_range_points_allowed: Option<i64>,
        /// Three times the opponent's three-point makes of the box score.
        pub three_pt_points_allowed: Option<i64>,
        /// Always null: no source tells a second chance.
        pub second_chance_points_allowed: Option<i64>,
        /// Always null: no source tells a fast break.
        pub fast_break_points_allowed: Option<i64>,
        /// Always null: the shot chart does not name the blocker.
        pub blocks_paint: Option<i64>,
        /// Always null: the shot chart does not name the blocker.
        pub blocks_mid_range: Option<i64>,
        /// Always null: the shot chart does not name the blocker.
        pub blocks_three_pt: Option<i64>,
        /// Blocks of the defending team.
        pub blocks: Option<i64>,
        /// Steals of the defending team.
        pub steals: Option<i64>,
        /// Defensive rebounds of the defending team.
        pub defensive_rebounds: Option<i64>,
        /// The opponent's points for 100 of its possessions, 2 decimals.
        pub defensive_rating: Option<f64>,
        /// The opponent's possessions for 48 minutes, 1 decimal.
        pub opponent_pace: Option<f64>,
        /// The opponent's true shooting, a share with 3 decimals.
        pub opponent_ts_pct: Option<f64>,
        /// Whether the defending team is at home.
        pub home_game: bool,
        /// Whether the defending team won.
        pub win_flag: bool,
        /// The defending team's points less the opponent's.
        pub margin_of_victory: i64,
        /// Overtime periods; null where no source has minutes.
        pub overtime_periods: Option<i64>,
        /// Always null: no source lists inactive players.
        pub players_inactive: Option<i64>,
        /// Always null: no source lists starters.
        pub starters_inactive: Option<i64>,
        /// Always null: no source names the referees.
        pub referee_crew_id: Option<Arc<str>>,
        /// Whether the game has a shot chart, so that the zone columns hold counts.
        pub shot_zones_available: bool,
        /// `gold` (score 95 or more), `silver` (75), `bronze` (50), `poor` (25) or `unusable`.
        pub quality_tier: Arc<str>,
        /// 0 to 100: the lower one of the two teams' own rows.
        pub quality_score: i64,
        /// What is not as it should be, as in the two teams' own rows.
        pub quality_issues: Arc<[Arc<str>]>,
        /// The sources that the row was made from.
        pub data_sources: Arc<[Arc<str>]>,
        /// Whether a prediction may be built on it.
        pub is_production_ready: bool,
    }
}
