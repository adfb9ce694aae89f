//! The rows of `nba.schedule`: which games a date has. Everything that knows "how many rows must there
//! be" counts these. Declarations only; parsing is in `schedule.rs`.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One game of a date.
    pub struct ScheduledGame key(game_id) {
        /// The canonical id, `YYYYMMDD_AWAY_HOME`, in the US date of the game.
        pub game_id: Arc<str>,
        /// The league's id: ten digits, 002 (regular season), 004 (playoffs) or 005 (play-in) in front.
        pub nba_game_id: Arc<str>,
        /// The US date of the game.
        pub game_date: Date,
        /// The season's label, `2023-24`.
        pub season: Arc<str>,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// `Regular Season`, `PlayIn` or `Playoffs`, as the league says it.
        pub season_type: Arc<str>,
        /// The abbreviation of the home team; on a neutral floor, of the one that the league calls so.
        pub home_team: Arc<str>,
        /// The abbreviation of the visiting team.
        pub away_team: Arc<str>,
    }
}
