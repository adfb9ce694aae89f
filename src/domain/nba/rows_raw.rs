//! The rows of the raw typed datasets: player logs, team logs and shots as the league's payloads hold
//! them, one row a record, under canonical ids. Declarations only; a column that a payload does not have
//! is null. Constants of the payload (grid type) and rankings that change from request to request are
//! left to the landing zone.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One player's line in the log of a game.
    pub struct PlayerLog key(game_id, player_id) {
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
        /// The league's id of the player.
        pub player_id: i64,
        /// The name as this payload spells it; spellings change between payloads.
        pub player_name: Arc<str>,
        /// The name in lower case, accents folded, punctuation and spaces removed, suffix kept.
        pub player_lookup: Arc<str>,
        /// The league's id of the team; null in the playoffs.
        pub team_id: Option<i64>,
        /// The team that he played for.
        pub team_abbr: Arc<str>,
        /// The team's full name; null in the playoffs.
        pub team_name: Option<Arc<str>>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// Whether his team was at home.
        pub home_game: bool,
        /// Whether his team won, by the log's `WL`.
        pub win_flag: bool,
        /// Minutes; the game log gives whole ones, 0 for a short spell rounded down.
        pub minutes: f64,
        /// Points.
        pub points: i64,
        /// Field goals made; null in the playoffs.
        pub fg_makes: Option<i64>,
        /// Field goals attempted; null in the playoffs.
        pub fg_attempts: Option<i64>,
        /// Share of field goals made, 0 to 1; null where there was no attempt.
        pub fg_pct: Option<f64>,
        /// Three-point field goals made; null in the playoffs.
        pub three_pt_makes: Option<i64>,
        /// Three-point field goals attempted; null in the playoffs.
        pub three_pt_attempts: Option<i64>,
        /// Share of three-point field goals made, 0 to 1; null where there was no attempt.
        pub three_pt_pct: Option<f64>,
        /// Free throws made; null in the playoffs.
        pub ft_makes: Option<i64>,
        /// Free throws attempted; null in the playoffs.
        pub ft_attempts: Option<i64>,
        /// Share of free throws made, 0 to 1; null where there was no attempt.
        pub ft_pct: Option<f64>,
        /// Offensive rebounds; null in the playoffs.
        pub offensive_rebounds: Option<i64>,
        /// Defensive rebounds; null in the playoffs.
        pub defensive_rebounds: Option<i64>,
        /// Rebounds.
        pub rebounds: i64,
        /// Assists.
        pub assists: i64,
        /// Steals.
        pub steals: i64,
        /// Blocks.
        pub blocks: i64,
        /// Turnovers charged to him.
        pub turnovers: i64,
        /// Personal fouls; null in the playoffs.
        pub personal_fouls: Option<i64>,
        /// The score while he was on court, own less the opponent's.
        pub plus_minus: Option<i64>,
        /// The league's fantasy points; null in 2020-21 and in the playoffs.
        pub fantasy_points: Option<f64>,
        /// The league's code for video (1, seldom 2); null in 2020-21 and in the playoffs.
        pub video_available: Option<i64>,
    }
}

crate::rows! {
    /// One team's line in the log of a game.
    pub struct TeamLog key(game_id, team_abbr) {
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
        /// The league's id of the team.
        pub team_id: i64,
        /// The team.
        pub team_abbr: Arc<str>,
        /// The team's full name.
        pub team_name: Option<Arc<str>>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// Whether it was at home.
        pub home_game: bool,
        /// Whether it won, by the log's `WL`.
        pub win_flag: bool,
        /// Minutes of the game, overtime included (48, 53); null in the regular season.
        pub game_minutes: Option<f64>,
        /// Points.
        pub points: i64,
        /// Field goals made; null in the regular season.
        pub fg_makes: Option<i64>,
        /// Field goals attempted; null in the regular season.
        pub fg_attempts: Option<i64>,
        /// Share of field goals made, 0 to 1.
        pub fg_pct: Option<f64>,
        /// Three-point field goals made; null in the regular season.
        pub three_pt_makes: Option<i64>,
        /// Three-point field goals attempted; null in the regular season.
        pub three_pt_attempts: Option<i64>,
        /// Share of three-point field goals made, 0 to 1.
        pub three_pt_pct: Option<f64>,
        /// Free throws made; null in the regular season.
        pub ft_makes: Option<i64>,
        /// Free throws attempted; null in the regular season.
        pub ft_attempts: Option<i64>,
        /// Share of free throws made, 0 to 1; null where there was no attempt.
        pub ft_pct: Option<f64>,
        /// Offensive rebounds; null in the regular season.
        pub offensive_rebounds: Option<i64>,
        /// Defensive rebounds; null in the regular season.
        pub defensive_rebounds: Option<i64>,
        /// Rebounds: those of players.
        pub rebounds: i64,
        /// Assists.
        pub assists: i64,
        /// Steals.
        pub steals: i64,
        /// Blocks.
        pub blocks: i64,
        /// Own attempts that were blocked; null in the regular season.
        pub blocked_attempts: Option<i64>,
        /// Turnovers, those charged to no player included.
        pub turnovers: i64,
        /// Personal fouls; null in the regular season.
        pub personal_fouls: Option<i64>,
        /// Fouls drawn; null in the regular season.
        pub fouls_drawn: Option<i64>,
        /// Own points less the opponent's.
        pub plus_minus: Option<i64>,
    }
}

crate::rows! {
    /// One shot of the shot chart. Two rows may be equal but for their number: each is a real attempt.
    pub struct Shot key(shot_number) {
        /// The shot's place in the payload of its date, from 1; not the order of events.
        pub shot_number: i64,
        /// The canonical id, `YYYYMMDD_AWAY_HOME`.
        pub game_id: Arc<str>,
        /// The league's ten-digit id.
        pub nba_game_id: Arc<str>,
        /// The US date of the game.
        pub game_date: Date,
        /// The number of the event in the play-by-play; null on the dates whose payload lacks the column.
        pub game_event_id: Option<i64>,
        /// The league's id of the shooter.
        pub player_id: i64,
        /// The shooter as this payload spells him.
        pub player_name: Option<Arc<str>>,
        /// The league's id of his team.
        pub team_id: i64,
        /// The team's full name as this payload spells it.
        pub team_name: Option<Arc<str>>,
        /// The period; 5 and above are overtime.
        pub period: i64,
        /// Whole minutes left in the period; 12 at its very start.
        pub minutes_remaining: i64,
        /// Seconds left beyond those minutes.
        pub seconds_remaining: i64,
        /// `Made Shot` or `Missed Shot`.
        pub event_type: Option<Arc<str>>,
        /// `Dunk Shot`, `Jump Shot` and the like.
        pub action_type: Option<Arc<str>>,
        /// `2PT Field Goal` or `3PT Field Goal`; disagrees with the zone in a few rows.
        pub shot_type: Option<Arc<str>>,
        /// The zone: `Restricted Area`, `In The Paint (Non-RA)`, `Mid-Range`, `Above the Break 3`,
        /// `Left Corner 3`, `Right Corner 3` or `Backcourt`; null where the source tells none.
        pub zone_basic: Option<Arc<str>>,
        /// The side: `Center(C)` and the like.
        pub zone_area: Option<Arc<str>>,
        /// The distance as a text: `Less Than 8 ft.`.
        pub zone_range: Option<Arc<str>>,
        /// Whole feet from the hoop.
        pub shot_distance: Option<i64>,
        /// Tenths of a foot from the hoop, across.
        pub loc_x: Option<i64>,
        /// Tenths of a foot from the hoop, along.
        pub loc_y: Option<i64>,
        /// Whether it counts as an attempt.
        pub attempted: bool,
        /// Whether it went in.
        pub made: bool,
    }
}
