//! The rows of `nba.game_lines`: what bookmakers offered on a game before it began.
//! Declarations only; how they are read from a payload is in `game_lines.rs`.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One bookmaker's lines on one game, in the last snapshot before it.
    pub struct GameLine key(event_id, bookmaker) {
        /// The abbreviation of the home team.
        pub home_team: Arc<str>,
        /// The abbreviation of the visiting team.
        pub away_team: Arc<str>,
        /// The bookmaker's key, as `draftkings`.
        pub bookmaker: Arc<str>,
        /// Points that the home team is given: -4.5 where it has to win by five; the visitors' is the opposite.
        /// Null where there is no such offer.
        pub home_spread: Option<f64>,
        /// The line on both teams' points together; null where there is no such offer.
        pub total: Option<f64>,
        /// The US date of the game.
        pub game_date: Date,
        /// The source's id of the game.
        pub event_id: Arc<str>,
        /// When the game begins, `YYYY-MM-DDTHH:MM:SSZ`.
        pub commence_time: Arc<str>,
        /// When the offers were looked at, `YYYY-MM-DDTHH:MM:SSZ`; not after the beginning.
        pub snapshot_time: Arc<str>,
    }
}
