//! The rows of `nba.player_props`: what bookmakers offered on a player's points before the game.
//! Declarations only; how they are read from a payload is in `player_props.rs`.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One bookmaker's line on one player's points, in the last snapshot before the game.
    pub struct PlayerProp key(event_id, player_lookup, bookmaker) {
        /// The name, normalised as everywhere: by it, among the players of the game's two teams, lines are
        /// joined, for the source has no ids of players.
        pub player_lookup: Arc<str>,
        /// The name as the source spells it.
        pub player_name: Arc<str>,
        /// The bookmaker's key, as `draftkings`.
        pub bookmaker: Arc<str>,
        /// The line: points.
        pub points_line: f64,
        /// American odds on more points; null where that side is not offered.
        pub over_price: Option<i64>,
        /// American odds on fewer points; null where that side is not offered.
        pub under_price: Option<i64>,
        /// The US date of the game.
        pub game_date: Date,
        /// The source's id of the game.
        pub event_id: Arc<str>,
        /// The home team's code.
        pub home_team: Arc<str>,
        /// The away team's code.
        pub away_team: Arc<str>,
        /// When the game begins, `YYYY-MM-DDTHH:MM:SSZ`.
        pub commence_time: Arc<str>,
        /// When the offers were looked at, `YYYY-MM-DDTHH:MM:SSZ`; not after the beginning.
        pub snapshot_time: Arc<str>,
    }
}
