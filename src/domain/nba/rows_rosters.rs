//! The rows of `nba.rosters`: who belongs to which team on the morning of a date. Declarations only; how they
//! are read from a payload is in `rosters.rs`.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One player of a team, as the league's index had him on the date.
    pub struct Rostered key(player_id) {
        /// The league's id of the player.
        pub player_id: i64,
        /// The name as the index spells it, first name first.
        pub player_name: Arc<str>,
        /// The normalised name.
        pub player_lookup: Arc<str>,
        /// The date on which he belonged to the team.
        pub roster_date: Date,
        /// The league's id of the team.
        pub team_id: i64,
        /// The team's abbreviation.
        pub team_abbr: Arc<str>,
        /// `G`, `F-C` and so on, as the index writes it; null where it does not say.
        pub position: Option<Arc<str>>,
        /// The number on his back, as it is written there (`00` is not `0`).
        pub jersey_number: Option<Arc<str>>,
        /// Feet and inches, `6-9`.
        pub height: Option<Arc<str>>,
    }
}
