//! The rows of `nba.player_game_summary`: what a player did in a game. Declarations only; the formulas
//! are in `player_game.rs`. No `data_hash` and no time of processing: the unit's revision is the hash
//! of its content.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One player in one game. Who did not play has no row.
    pub struct PlayerGame key(game_id, player_id) {
        /// The league's id of the player: what every join is made on.
        pub player_id: i64,
        /// The name in lower case, accents folded, punctuation and spaces removed, suffix kept.
        pub player_lookup: Arc<str>,
        /// Always null: there is no player registry; `player_id` is the stable id.
        pub universal_player_id: Option<Arc<str>>,
        /// The name as this game's log spells it.
        pub player_full_name: Arc<str>,
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
        /// The team that he played for.
        pub team_abbr: Arc<str>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// Whether his team was at home.
        pub home_game: bool,
        /// Points.
        pub points: i64,
        /// Whole minutes, as the league's game log gives them; 0 for a short spell rounded down.
        pub minutes_played: i64,
        /// Rebounds.
        pub rebounds: i64,
        /// Assists.
        pub assists: i64,
        /// Offensive rebounds; null in the playoffs, whose player log has only the total.
        pub offensive_rebounds: Option<i64>,
        /// Defensive rebounds; null in the playoffs.
        pub defensive_rebounds: Option<i64>,
        /// Steals.
        pub steals: i64,
        /// Blocks.
        pub blocks: i64,
        /// Turnovers charged to him.
        pub turnovers: i64,
        /// Field goals attempted; null in the playoffs, whose player log has only shares.
        pub fg_attempts: Option<i64>,
        /// Field goals made; null in the playoffs.
        pub fg_makes: Option<i64>,
        /// Three-point field goals attempted, as the box score counts them; null in the playoffs.
        pub three_pt_attempts: Option<i64>,
        /// Three-point field goals made; null in the playoffs.
        pub three_pt_makes: Option<i64>,
        /// Free throws attempted; null in the playoffs.
        pub ft_attempts: Option<i64>,
        /// Free throws made; null in the playoffs.
        pub ft_makes: Option<i64>,
        /// The score while he was on court, own less the opponent's.
        pub plus_minus: Option<i64>,
        /// Personal fouls; null in the playoffs.
        pub personal_fouls: Option<i64>,
        /// Attempts in the paint (Restricted Area and In The Paint (Non-RA)), from the shot chart. Null,
        /// like every zone column, where the game has no shot chart; 0 where it has and he took none.
        pub paint_attempts: Option<i64>,
        /// Makes in the paint.
        pub paint_makes: Option<i64>,
        /// Mid-range attempts.
        pub mid_range_attempts: Option<i64>,
        /// Mid-range makes.
        pub mid_range_makes: Option<i64>,
        /// Attempts from the three-point zones (above the break and both corners; not the backcourt).
        pub three_zone_attempts: Option<i64>,
        /// Makes from the three-point zones.
        pub three_zone_makes: Option<i64>,
        /// Attempts from the backcourt, counted apart and in no share.
        pub backcourt_attempts: Option<i64>,
        /// Makes from the backcourt.
        pub backcourt_makes: Option<i64>,
        /// Always null: the shot chart does not name the blocker.
        pub paint_blocks: Option<i64>,
        /// Always null: the shot chart does not name the blocker.
        pub mid_range_blocks: Option<i64>,
        /// Always null: the shot chart does not name the blocker.
        pub three_pt_blocks: Option<i64>,
        /// Always null: no source ties a free throw to a shot.
        pub and1_count: Option<i64>,
        /// Always null: no source ties an assist to a shot.
        pub assisted_fg_makes: Option<i64>,
        /// Always null: no source ties an assist to a shot.
        pub unassisted_fg_makes: Option<i64>,
        /// Share of the team's used possessions while he played, per cent, 1 decimal, held to 0..100; 0 is
        /// a value. Null where attempts, the team's turnovers or minutes above 0 are missing.
        pub usage_rate: Option<f64>,
        /// The same before it is held to 0..100 and rounded.
        pub usage_rate_raw: Option<f64>,
        /// True shooting: points / (2 (FGA + 0.44 FTA)), 3 decimals; null where FGA is null or 0.
        pub ts_pct: Option<f64>,
        /// Effective field goals: (FGM + 0.5 3PM) / FGA, 3 decimals; null where FGA is null or 0.
        pub efg_pct: Option<f64>,
        /// Always null: no source lists starters, and minutes are no proof of having started.
        pub starter_flag: Option<bool>,
        /// Whether his team won.
        pub win_flag: bool,
        /// The bookmaker's line on his points before the game: the first bookmaker of draftkings, fanduel and
        /// then by name that has one. Null without an offer.
        pub points_line: Option<f64>,
        /// `OVER`, `UNDER`, or `PUSH` where his points are the line; null without a line.
        pub over_under_result: Option<Arc<str>>,
        /// Points less the line, 2 decimals; null without a line.
        pub margin: Option<f64>,
        /// Always null: of the offers only the last ones before the game are kept.
        pub opening_line: Option<f64>,
        /// Always null: of the offers only the last ones before the game are kept.
        pub line_movement: Option<f64>,
        /// The bookmaker's key, as `draftkings`; null without a line.
        pub points_line_source: Option<Arc<str>>,
        /// Always null: of the offers only the last ones before the game are kept.
        pub opening_line_source: Option<Arc<str>>,
        /// Whether he was active: true, because only who played has a row in the log.
        pub is_active: bool,
        /// `active`, for the same reason.
        pub player_status: Arc<str>,
        /// Whether the game has a shot chart, so that the zone columns hold counts.
        pub shot_zones_available: bool,
        /// Where the zones come from: `shot_chart_detail`, or null.
        pub shot_zones_source: Option<Arc<str>>,
        /// `gold` (score 95 or more), `silver` (75), `bronze` (50), `poor` (25) or `unusable`.
        pub quality_tier: Arc<str>,
        /// 0 to 100.
        pub quality_score: i64,
        /// What is not as it should be: `missing_optional:<column>`, `shot_zones_unavailable`,
        /// `usage_rate_clamped`, `gap:<dataset>:<date>`.
        pub quality_issues: Arc<[Arc<str>]>,
        /// The sources that the row was made from.
        pub data_sources: Arc<[Arc<str>]>,
        /// Whether a prediction may be built on it: tier bronze or better and nothing required missing.
        pub is_production_ready: bool,
    }
}
