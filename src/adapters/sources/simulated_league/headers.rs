//! The columns of each payload, in the order in which the public service (and its copies) has them: they
//! differ by season type, in one season of four, and with the origin of a shot chart.

use crate::flow::Season;

use super::season::Stage;

const PLAYER: [&str; 33] = [
    "SEASON_YEAR",
    "SEASON_ID",
    "PLAYER_ID",
    "PLAYER_NAME",
    "TEAM_ID",
    "TEAM_ABBREVIATION",
    "TEAM_NAME",
    "GAME_ID",
    "GAME_DATE",
    "MATCHUP",
    "WL",
    "MIN",
    "FGM",
    "FGA",
    "FG_PCT",
    "FG3M",
    "FG3A",
    "FG3_PCT",
    "FTM",
    "FTA",
    "FT_PCT",
    "OREB",
    "DREB",
    "REB",
    "AST",
    "STL",
    "BLK",
    "TOV",
    "PF",
    "PTS",
    "PLUS_MINUS",
    "FANTASY_PTS",
    "VIDEO_AVAILABLE",
];

const PLAYER_PLAYOFFS: [&str; 19] = [
    "PLAYER_ID",
    "PLAYER_NAME",
    "TEAM_ABBREVIATION",
    "GAME_ID",
    "GAME_DATE",
    "MATCHUP",
    "WL",
    "MIN",
    "PTS",
    "REB",
    "AST",
    "STL",
    "BLK",
    "TOV",
    "FG_PCT",
    "FG3_PCT",
    "FT_PCT",
    "PLUS_MINUS",
    "SEASON_TYPE",
];

pub(super) const PLAYER_INDEX: [&str; 8] = [
    "PERSON_ID",
    "PLAYER_LAST_NAME",
    "PLAYER_FIRST_NAME",
    "TEAM_ID",
    "TEAM_ABBREVIATION",
    "JERSEY_NUMBER",
    "POSITION",
    "HEIGHT",
];

const TEAM: [&str; 18] = [
    "TEAM_ID",
    "TEAM_ABBREVIATION",
    "TEAM_NAME",
    "GAME_ID",
    "GAME_DATE",
    "MATCHUP",
    "WL",
    "PTS",
    "REB",
    "AST",
    "STL",
    "BLK",
    "TOV",
    "FG_PCT",
    "FG3_PCT",
    "FT_PCT",
    "PLUS_MINUS",
    "SEASON_TYPE",
];

const TEAM_PLAYOFFS: [&str; 57] = [
    "SEASON_YEAR",
    "TEAM_ID",
    "TEAM_ABBREVIATION",
    "TEAM_NAME",
    "GAME_ID",
    "GAME_DATE",
    "MATCHUP",
    "WL",
    "MIN",
    "FGM",
    "FGA",
    "FG_PCT",
    "FG3M",
    "FG3A",
    "FG3_PCT",
    "FTM",
    "FTA",
    "FT_PCT",
    "OREB",
    "DREB",
    "REB",
    "AST",
    "TOV",
    "STL",
    "BLK",
    "BLKA",
    "PF",
    "PFD",
    "PTS",
    "PLUS_MINUS",
    "GP_RANK",
    "W_RANK",
    "L_RANK",
    "W_PCT_RANK",
    "MIN_RANK",
    "FGM_RANK",
    "FGA_RANK",
    "FG_PCT_RANK",
    "FG3M_RANK",
    "FG3A_RANK",
    "FG3_PCT_RANK",
    "FTM_RANK",
    "FTA_RANK",
    "FT_PCT_RANK",
    "OREB_RANK",
    "DREB_RANK",
    "REB_RANK",
    "AST_RANK",
    "TOV_RANK",
    "STL_RANK",
    "BLK_RANK",
    "BLKA_RANK",
    "PF_RANK",
    "PFD_RANK",
    "PTS_RANK",
    "PLUS_MINUS_RANK",
    "AVAILABLE_FLAG",
];

const SHOTS: [&str; 24] = [
    "GRID_TYPE",
    "GAME_ID",
    "GAME_EVENT_ID",
    "PLAYER_ID",
    "PLAYER_NAME",
    "TEAM_ID",
    "TEAM_NAME",
    "PERIOD",
    "MINUTES_REMAINING",
    "SECONDS_REMAINING",
    "EVENT_TYPE",
    "ACTION_TYPE",
    "SHOT_TYPE",
    "SHOT_ZONE_BASIC",
    "SHOT_ZONE_AREA",
    "SHOT_ZONE_RANGE",
    "SHOT_DISTANCE",
    "LOC_X",
    "LOC_Y",
    "SHOT_ATTEMPTED_FLAG",
    "SHOT_MADE_FLAG",
    "GAME_DATE",
    "HTM",
    "VTM",
];

/// Columns of the player logs. In every fourth season (2020-21 among them) the last two are absent and PTS
/// stands after MIN.
pub(super) fn player(stage: Stage, season: Season) -> Vec<&'static str> {
    match stage {
        Stage::Playoffs => PLAYER_PLAYOFFS.to_vec(),
        Stage::Regular if season.start_year() % 4 != 0 => PLAYER.to_vec(),
        Stage::Regular => {
            let absent = ["PTS", "FANTASY_PTS", "VIDEO_AVAILABLE"];
            let mut columns: Vec<_> = PLAYER.into_iter().filter(|column| !absent.contains(column)).collect();
            columns.insert(12, "PTS");
            columns
        }
    }
}

/// Columns of the team logs.
pub(super) fn team(stage: Stage) -> Vec<&'static str> {
    match stage {
        Stage::Regular => TEAM.to_vec(),
        Stage::Playoffs => TEAM_PLAYOFFS.to_vec(),
    }
}

/// Columns of a shot chart, of either origin.
pub(super) fn shots(with_event: bool) -> Vec<&'static str> {
    SHOTS.into_iter().filter(|column| with_event || *column != "GAME_EVENT_ID").collect()
}
