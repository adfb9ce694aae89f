//! The rows of `nba.ml_feature_store`: 25 features of a player before a game, each with its source.
//! Declarations only; the formulas are in `features.rs` and `feature_store.rs`. The vector is complete: a
//! slot without a value holds the documented default and says so in `feature_sources`. The columns of
//! the same names hold values alone, and null where the vector holds a default.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One player of a date's population.
    pub struct FeatureRow key(player_id) {
        /// The league's id of the player: what every join is made on.
        pub player_id: i64,
        /// The normalised name.
        pub player_lookup: Arc<str>,
        /// Always null: there is no player registry; `player_id` is the stable id.
        pub universal_player_id: Option<Arc<str>>,
        /// The US date of the game.
        pub game_date: Date,
        /// The canonical id of the game, `YYYYMMDD_AWAY_HOME`.
        pub game_id: Arc<str>,
        /// The league's ten-digit id of the game.
        pub nba_game_id: Arc<str>,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// `Regular Season`, `PlayIn` or `Playoffs`.
        pub season_type: Arc<str>,
        /// The team, as in the upcoming context.
        pub team_abbr: Arc<str>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// Whether the team is at home.
        pub is_home: bool,
        /// Days since his last game of this season; null before his first one.
        pub days_rest: Option<i64>,
        /// `latest_team` or `box_score`, as in the upcoming context.
        pub population_source: Arc<str>,
        /// The 25 features in the order of `feature_names`.
        pub features: Arc<[f64]>,
        /// Their names.
        pub feature_names: Arc<[Arc<str>]>,
        /// Where each value comes from: `phase4` (a precompute row), `calculated` (here, from games and
        /// contexts), `phase3` (an analytics row), `default` (no value: the slot's constant).
        pub feature_sources: Arc<[Arc<str>]>,
        /// How many features there are: 25.
        pub feature_count: i64,
        /// The version of the features' meaning: `v2_baseline_25`.
        pub feature_version: Arc<str>,
        /// Mean over the 25 features of 100 (`phase4`, `calculated`), 75 (`phase3`) or 40 (`default`), 2
        /// decimals. At best 97; 96 where no injury report tells of his team, and 94.6 before his first game of a season.
        pub feature_quality_score: f64,
        /// `high` from 95, `medium` from 70, else `low`.
        pub feature_quality_tier: Arc<str>,
        /// `phase4` where at least 90 % of the 16 slots that a precompute row can fill are so filled,
        /// `phase4_partial` from 50 %, else `mixed`.
        pub data_source: Arc<str>,
        /// Always null: equal input gives equal rows, so none holds a time that was measured.
        pub feature_generation_time_ms: Option<i64>,
        /// 0: points a game in his last 5 games.
        pub points_avg_last_5: Option<f64>,
        /// 1: points a game in his last 10 games.
        pub points_avg_last_10: Option<f64>,
        /// 2: points a game this season.
        pub points_avg_season: Option<f64>,
        /// 3: sample standard deviation of the points of his last 10 games.
        pub points_std_last_10: Option<f64>,
        /// 4: games in the 7 days before the date.
        pub games_in_last_7_days: Option<f64>,
        /// 5: 100 is fresh, 0 exhausted.
        pub fatigue_score: Option<f64>,
        /// 6: his zone against the opponent's defence there, -10 to 10.
        pub shot_zone_mismatch_score: Option<f64>,
        /// 7: half the pace differential, -3 to 3.
        pub pace_score: Option<f64>,
        /// 8: 0.3 of projected less baseline usage, -3 to 3.
        pub usage_spike_score: Option<f64>,
        /// 9: his days of rest less the opponent's, held to -2..2.
        pub rest_advantage: Option<f64>,
        /// 10: 0 available, 1 probable, 2 questionable, 3 doubtful or out: `calculated` by the last injury report before
        /// the date's first game; where none tells of his team `phase3`, by the games of it that he has missed since
        /// his last one (0, 1, more: 0, 2, 3); null before his first game of the season.
        pub injury_risk: Option<f64>,
        /// 11: mean points of the last 3 games less that of the 2 before: 2 from 5, 1 from 2, mirrored
        /// below 0. Above 0 is improving.
        pub recent_trend: Option<f64>,
        /// 12: minutes of the last 10 games against the season's: 2 from +20 %, 1 from +10 %, mirrored.
        pub minutes_change: Option<f64>,
        /// 13: the opponent's defensive rating in its last 15 games.
        pub opponent_def_rating: Option<f64>,
        /// 14: the pace that the opponent's opponents had in these games.
        pub opponent_pace: Option<f64>,
        /// 15: 1 at home, 0 away.
        pub home_away: Option<f64>,
        /// 16: 1 if he played the day before, else 0.
        pub back_to_back: Option<f64>,
        /// 17: 1 in the playoffs, else 0; by the season type.
        pub playoff_game: Option<f64>,
        /// 18: attempts in the paint, a share.
        pub pct_paint: Option<f64>,
        /// 19: attempts from mid-range, a share.
        pub pct_mid_range: Option<f64>,
        /// 20: attempts from the three-point zones, a share.
        pub pct_three: Option<f64>,
        /// 21: free throws made of points in his last 10 games, held to 0..0.5; null below 5 games that
        /// have free throws recorded.
        pub pct_free_throw: Option<f64>,
        /// 22: his team's pace in its last 10 games.
        pub team_pace: Option<f64>,
        /// 23: his team's offensive rating in its last 10 games.
        pub team_off_rating: Option<f64>,
        /// 24: his team's wins of games this season before the date, 9 decimals; null below 5 games.
        pub team_win_pct: Option<f64>,
        /// As in the upcoming context: the team's last 10 games before the date in his tenure.
        pub expected_games_count: i64,
        /// Those of them that he has a row for.
        pub actual_games_count: i64,
        /// Those of them that he has none for.
        pub missing_games_count: i64,
        /// The missing ones whose box score is there without him: he did not play.
        pub dnp_games_count: i64,
        /// Actual of expected less not played, per cent, 2 decimals; null where that leaves none.
        pub completeness_percentage: Option<f64>,
        /// Accepted gaps in what the row is made from: `gap:<dataset>:<date>`.
        pub data_quality_issues: Arc<[Arc<str>]>,
        /// Whether the player's cache and composite factors both are ready.
        pub is_production_ready: bool,
        /// Whether he has fewer than 10 games this season.
        pub early_season_flag: bool,
    }
}
