//! The rows of `nba.injury_report`: what a team says of its players before a game. Declarations only; how they
//! are read from a payload is in `report.rs`, whom they are of in `listings.rs`.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One player of the league's injury report on one game of the date, or one team that has not submitted yet.
    /// A team of a game that is in the report, and of which there is no such row, has nobody else to name.
    pub struct InjuryListing key(team_abbr, player_lookup) {
        /// The canonical id of the game, `YYYYMMDD_AWAY_HOME`.
        pub game_id: Arc<str>,
        /// The league's ten-digit id of the game.
        pub nba_game_id: Arc<str>,
        /// The US date of the game.
        pub game_date: Date,
        /// When it begins, as the report prints it: `07:30`, US/Eastern, mostly in the evening.
        pub game_time: Arc<str>,
        /// The player's team.
        pub team_abbr: Arc<str>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// The league's id of the player, by his name among those who played before the date or were on a roster
        /// of it; null where none of them has it, or two have.
        pub player_id: Option<i64>,
        /// The normalised name; empty where the team has not submitted.
        pub player_lookup: Arc<str>,
        /// The name as the report spells it, first name first; null where the team has not submitted.
        pub player_name: Option<Arc<str>>,
        /// `available`, `probable`, `questionable`, `doubtful` or `out`; `not_submitted` for a team.
        pub status: Arc<str>,
        /// Why, in the report's words; null where it gives none.
        pub reason: Option<Arc<str>>,
        /// `injury_illness`, `g_league`, `not_with_team`, `rest`, `personal`, `suspension` or `other`, by how the
        /// reason begins; null where the team has not submitted.
        pub reason_category: Option<Arc<str>>,
        /// When the report was made, `YYYY-MM-DDTHH:MM:SSZ`.
        pub report_time: Arc<str>,
    }
}
