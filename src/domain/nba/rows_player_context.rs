//! The rows of `nba.upcoming_player_game_context`: what is known of a player before a game.
//! Declarations only; the formulas are in `player_context.rs`. Apart from who is in the date, nothing
//! of the date's outcome is in a row. No times of processing: equal input gives equal bytes.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One player before one game; one row a player and date.
    pub struct PlayerContext key(player_id) {
        /// The league's id of the player: what every join is made on.
        pub player_id: i64,
        /// The normalised name, as his last game before the date had it.
        pub player_lookup: Arc<str>,
        /// Always null: there is no player registry; `player_id` is the stable id.
        pub universal_player_id: Option<Arc<str>>,
        /// The name, as his last game before the date had it.
        pub player_full_name: Arc<str>,
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
        /// `early`, `mid`, `late` (by month) or `playoffs` (by season type).
        pub season_phase: Arc<str>,
        /// The team of his last game before the date; for `box_score` rows the team he played for.
        pub team_abbr: Arc<str>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// Whether the team is at home.
        pub home_game: bool,
        /// `latest_team`: his last game before the date was for a team that plays. `box_score`: only the
        /// date's box score brings him in (debut, return, trade); known after the game alone.
        pub population_source: Arc<str>,
        /// Games of this season before the date.
        pub games_played_season: i64,
        /// Days since his last game of this season (1 = the day before); null before his first one.
        pub days_rest: Option<i64>,
        /// Whether he played the day before: `days_rest` is 1.
        pub back_to_back: bool,
        /// Days between his last two games.
        pub days_rest_before_last_game: Option<i64>,
        /// Days since his last game that came after a gap of at least 2 days.
        pub days_since_2_plus_days_rest: Option<i64>,
        /// Games in the 7 days before the date.
        pub games_in_last_7_days: i64,
        /// Games in the 14 days before the date.
        pub games_in_last_14_days: i64,
        /// Minutes in the 7 days before the date.
        pub minutes_in_last_7_days: i64,
        /// Minutes in the 14 days before the date.
        pub minutes_in_last_14_days: i64,
        /// Minutes a game in the 7 days before the date, 1 decimal; null without a game in them.
        pub avg_minutes_per_game_last_7: Option<f64>,
        /// Pairs of games on consecutive days, both in the 14 days before the date.
        pub back_to_backs_last_14_days: i64,
        /// Days since the opponent's last game of this season, counted like `days_rest`.
        pub opponent_days_rest: Option<i64>,
        /// The team's games in the 7 days after the date. Null in play-in and playoffs, whose schedule
        /// depends on results; their games after a regular-season date do not count for the same reason.
        pub games_in_next_7_days: Option<i64>,
        /// Days to the team's next game, if it is among these; null otherwise.
        pub next_game_days_rest: Option<i64>,
        /// Points a game in his last 5 games of this season, 1 decimal.
        pub points_avg_last_5: Option<f64>,
        /// Points a game in his last 10 games of this season, 1 decimal.
        pub points_avg_last_10: Option<f64>,
        /// Games behind `points_avg_last_5`: `excellent` (5), `good` (4), `limited` (3) or `insufficient`.
        pub sample_quality_last_5: Arc<str>,
        /// Games behind `points_avg_last_10`: `excellent` (10), `good` (7), `limited` (5) or `insufficient`.
        pub sample_quality_last_10: Arc<str>,
        /// Mean usage rate of his last 7 games, per cent, 1 decimal; games without one are left out.
        pub avg_usage_rate_last_7_games: Option<f64>,
        /// The usage rate to expect: his last 5 games weighted by minutes, per cent, 2 decimals.
        pub projected_usage_rate: Option<f64>,
        /// The usage rate to compare with: the season before the date weighted by minutes, 2 decimals.
        pub baseline_usage_rate: Option<f64>,
        /// Mean of both teams' pace in their last 10 games less the league's mean pace in the 30 days
        /// before the date, possessions for 48 minutes, 2 decimals.
        pub pace_differential: Option<f64>,
        /// The opponent's pace in its last 10 games, 2 decimals.
        pub opponent_pace_last_10: Option<f64>,
        /// The opponent's defensive rating in its last 10 games, 2 decimals.
        pub opponent_def_rating_last_10: Option<f64>,
        /// Always null: no source has ages.
        pub player_age: Option<i64>,
        /// `available`, `probable`, `questionable`, `doubtful` or `out` by the last injury report before the date's
        /// first game; `available` also where his team has submitted and does not name him. Null where no report
        /// tells of his team.
        pub player_status: Option<Arc<str>>,
        /// The report's reason, in its words; null where it does not name him.
        pub injury_report: Option<Arc<str>>,
        /// How many of his team-mates are out or doubtful by that report and have played 28 minutes or more in the
        /// mean of five or more games of this season; null where no report tells of his team.
        pub star_teammates_out: Option<i64>,
        /// Always null: no source has minutes by quarter.
        pub fourth_quarter_minutes_last_7: Option<f64>,
        /// Always null: no source has minutes by score.
        pub clutch_minutes_last_7_games: Option<f64>,
        /// Always null: no source has arenas or distances.
        pub travel_miles: Option<f64>,
        /// Always null: no source has arenas.
        pub time_zone_changes: Option<i64>,
        /// Whether a bookmaker has a line on his points; null on a date without any offer.
        pub has_prop_line: Option<bool>,
        /// The bookmaker's line as it was last before the game, of the first bookmaker of draftkings, fanduel
        /// and then by name that has one; null without an offer.
        pub current_points_line: Option<f64>,
        /// Always null: of the offers only the last ones before the game are kept.
        pub opening_points_line: Option<f64>,
        /// Always null: of the offers only the last ones before the game are kept.
        pub line_movement: Option<f64>,
        /// Points that his team is given, as in `nba.upcoming_team_game_context`; null without an offer.
        pub game_spread: Option<f64>,
        /// The line on both teams' points together, likewise.
        pub game_total: Option<f64>,
        /// His last games of this season in a row with more points than `current_points_line`; a game with
        /// just as many is passed over. Null without a line.
        pub prop_over_streak: Option<i64>,
        /// The same with fewer points.
        pub prop_under_streak: Option<i64>,
        /// The team's last 10 games of this season before the date in his tenure: how many. His tenure
        /// is the run of his latest games for the team; it is empty for a `box_score` row.
        pub expected_games_count: i64,
        /// Those of them that he has a row for.
        pub actual_games_count: i64,
        /// Those of them that he has none for.
        pub missing_games_count: i64,
        /// The missing ones whose box score is there without him: he did not play. They count in
        /// no percentage.
        pub dnp_games_count: i64,
        /// Actual of expected less not played, per cent, 2 decimals; null where that leaves none.
        pub completeness_percentage: Option<f64>,
        /// The same for the team's last 5 games.
        pub l5_completeness_pct: Option<f64>,
        /// Whether nothing of them is missing but games that he did not play.
        pub l5_is_complete: bool,
        /// The same as `completeness_percentage`.
        pub l10_completeness_pct: Option<f64>,
        /// Whether nothing of them is missing but games that he did not play.
        pub l10_is_complete: bool,
        /// The same for the 7 days before the date.
        pub l7d_completeness_pct: Option<f64>,
        /// Whether nothing of them is missing but games that he did not play.
        pub l7d_is_complete: bool,
        /// The same for the 14 days before the date.
        pub l14d_completeness_pct: Option<f64>,
        /// Whether nothing of them is missing but games that he did not play.
        pub l14d_is_complete: bool,
        /// The same for the 30 days before the date.
        pub l30d_completeness_pct: Option<f64>,
        /// Whether nothing of them is missing but games that he did not play.
        pub l30d_is_complete: bool,
        /// Whether all five are complete.
        pub all_windows_complete: bool,
        /// `gold` from 10 games in the 30 days before the date, `silver` from 5, else `bronze`; lower by
        /// accepted gaps.
        pub quality_tier: Arc<str>,
        /// 95, 75 or 50; 10 less for each accepted gap in what the row is made from, 5 less where there is an injury
        /// report that does not tell of his team.
        pub quality_score: i64,
        /// `thin_sample:<games>/10`, `no_injury_report`, `gap:<dataset>:<date>`.
        pub quality_issues: Arc<[Arc<str>]>,
        /// Whether at least 70 % of each of the five windows is there, and the score without what the injury report
        /// takes off it is 50 or more.
        pub is_production_ready: bool,
    }
}
