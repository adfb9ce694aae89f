//! A date's games as payloads in exactly the shape of the public service: envelope, headers (which differ
//! by season and season type), formats of dates, nulls, and some of its faults. Decides nothing about games.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::adapters::sources::{INJURY_REPORT, ending};
use crate::flow::{Date, Payload};

use super::bookmakers;
use super::boxscore::Line;
use super::headers;
use super::injuries;
use super::json::{Envelope, Json};
use super::season::{Game, PlayedSeason, Stage};
use super::shots::{self, Shot};
use super::teams::TEAMS;

/// A source of the league, by its name in the pipeline's declarations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    Schedule,
    PlayerGameLogs,
    TeamGameLogs,
    ShotChartDetail,
    PlayerProps,
    PlayerIndex,
    InjuryReport,
}

impl Resource {
    pub(super) const ALL: [Self; 7] = [
        Self::Schedule,
        Self::PlayerGameLogs,
        Self::TeamGameLogs,
        Self::ShotChartDetail,
        Self::PlayerProps,
        Self::PlayerIndex,
        Self::InjuryReport,
    ];

    /// The source's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::PlayerGameLogs => "player_game_logs",
            Self::TeamGameLogs => "team_game_logs",
            Self::ShotChartDetail => "shot_chart_detail",
            Self::PlayerProps => "player_props",
            Self::PlayerIndex => "player_index",
            Self::InjuryReport => INJURY_REPORT,
        }
    }

    /// The resource of a name, the inverse of `name`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.name() == name)
    }
}

/// Raised by whoever changes what the league's payloads contain: part of every stamp.
pub(super) const REVISION: u32 = 1;

/// One player's row.
struct PlayerRow<'a> {
    season: &'a PlayedSeason,
    game: &'a Game,
    /// SEASON_YEAR and GAME_DATE.
    labels: &'a [String; 2],
    side: usize,
    line: &'a Line,
}

/// One team's row. `copy` counts the times that the row is there.
struct TeamRow<'a> {
    season: &'a PlayedSeason,
    game: &'a Game,
    side: usize,
    copy: i64,
    sum: Line,
}

/// The games of the whole season.
pub(super) fn season_schedule(season: &PlayedSeason) -> Payload {
    Payload {
        name: format!("simulated/schedule/{}.json", season.season).into(),
        bytes: schedule(season, &season.games),
    }
}

/// The payload of a date; `None` where the source has none.
pub(super) fn of_date(season: &PlayedSeason, resource: Resource, date: Date) -> Option<Payload> {
    let games = season.on(date);
    let stage = games.first()?.stage;
    if !exists(season, resource, date) {
        return None;
    }
    let bytes = match resource {
        Resource::Schedule => schedule(season, games),
        Resource::PlayerGameLogs => player_game_logs(season, games, stage, date),
        Resource::TeamGameLogs => team_game_logs(season, games, stage, date),
        Resource::ShotChartDetail => shot_chart(season, games, stage, date),
        Resource::PlayerProps => bookmakers::offers(season, games, date),
        Resource::PlayerIndex => player_index(season, date),
        Resource::InjuryReport => injuries::report(season, &games.iter().collect::<Vec<_>>(), date),
    };
    let part = match stage {
        Stage::Regular => "",
        Stage::Playoffs => "-playoffs",
    };
    let (source, season) = (resource.name(), season.season);
    let name = format!("simulated/{source}/{season}{part}#{date}.{}", ending(source));
    Some(Payload { name: name.into(), bytes })
}

fn schedule(season: &PlayedSeason, games: &[Game]) -> Bytes {
    let mut out = format!(r#"{{"season":"{}","games":["#, season.season);
    for (at, game) in games.iter().enumerate() {
        let [home, away] = game.teams.map(|team| TEAMS[team].abbreviation);
        let (comma, id, date) = (if at == 0 { "" } else { "," }, &game.id, game.date);
        out.push_str(&format!(
            r#"{comma}{{"game_id":"{id}","game_date":"{date}","home_team":"{home}","away_team":"{away}","season_type":"{}"}}"#,
            game.stage.name()
        ));
    }
    out.push_str("]}");
    Bytes::from(out)
}

fn player_game_logs(season: &PlayedSeason, games: &[Game], stage: Stage, date: Date) -> Bytes {
    let columns = headers::player(stage, season.season);
    let mut envelope = Envelope::logs("playergamelogs", "PlayerGameLogs", season.season, stage, date);
    envelope.headers(&columns);
    let labels = &[season.season.to_string(), date.to_string()];
    // Rows of one team do not stand together: the service sorts by something else.
    let mut rows: Vec<PlayerRow<'_>> = games
        .iter()
        .flat_map(|game| [0, 1].map(|side: usize| (game, side)))
        .flat_map(|(game, side)| {
            game.played.lines[side].iter().map(move |line| PlayerRow { season, game, labels, side, line })
        })
        .collect();
    rows.sort_by_key(|row| (row.line.rebounds() * 7 + row.line.fouls * 3) % 11);
    for row in rows {
        envelope.row(columns.iter().map(|column| row.cell(column)));
    }
    envelope.finish()
}

fn team_game_logs(season: &PlayedSeason, games: &[Game], stage: Stage, date: Date) -> Bytes {
    let columns = headers::team(stage);
    let mut envelope = Envelope::logs("teamgamelogs", "TeamGameLogs", season.season, stage, date);
    envelope.headers(&columns);
    for game in games {
        // Some playoff games come twice, equal but for the ranks.
        let copies = if stage == Stage::Playoffs && digits(&game.id) % 8 == 3 { 2 } else { 1 };
        for copy in 0..copies {
            for side in 0..2 {
                let row = TeamRow { season, game, side, copy, sum: sum(game, side) };
                envelope.row(columns.iter().map(|column| row.cell(column)));
            }
        }
    }
    envelope.finish()
}

/// The shots of a date. On one date of each season they are those of its first game only. From the middle
/// of the season on most dates have no GAME_EVENT_ID.
fn shot_chart(season: &PlayedSeason, games: &[Game], stage: Stage, date: Date) -> Bytes {
    let games = if holds(season, date, 0.8) { &games[..1] } else { games };
    let early = season.games.partition_point(|game| game.date < date) as f64 / regular_games(season) as f64;
    let columns = headers::shots(early < 0.4 || (early < 0.5 && date.days() % 2 == 0));
    let mut envelope = Envelope::shots(season.season, stage, date);
    envelope.headers(&columns);
    let day = date.to_string().replace('-', "");
    for game in games {
        for shot in &game.played.shots {
            envelope.row(columns.iter().map(|column| shot_cell(season, game, &day, shot, column)));
        }
    }
    envelope.finish()
}

/// Everybody of the season with the team of his last game before the date, or of his first one.
fn player_index(season: &PlayedSeason, date: Date) -> Bytes {
    let mut team_of: BTreeMap<usize, (Date, usize)> = BTreeMap::new();
    for game in &season.games {
        for (team, line) in [0, 1]
            .into_iter()
            .flat_map(|side: usize| game.played.lines[side].iter().map(move |line| (game.teams[side], line)))
        {
            let now = team_of.entry(line.player).or_insert((game.date, team));
            if game.date < date {
                *now = (game.date, team);
            }
        }
    }
    let mut envelope = Envelope::player_index(season.season);
    envelope.headers(&headers::PLAYER_INDEX);
    for (player, (_, team)) in team_of {
        let player = &season.players[player];
        let (first, last) = player.name(date).split_once(' ').unwrap_or(("", player.name(date)));
        let team = &TEAMS[team];
        envelope.row(headers::PLAYER_INDEX.iter().map(|column| match *column {
            "PERSON_ID" => Json::Int(player.id),
            "PLAYER_FIRST_NAME" => Json::Text(first),
            "PLAYER_LAST_NAME" => Json::Text(last),
            "TEAM_ID" => Json::Int(team.id),
            "TEAM_ABBREVIATION" => Json::Text(team.abbreviation),
            _ => Json::Null,
        }));
    }
    envelope.finish()
}

/// Whether the source has a payload for the date. No source has the shots of playoffs, nor of one date of
/// each regular season.
pub(super) fn exists(season: &PlayedSeason, resource: Resource, date: Date) -> bool {
    let Some(game) = season.on(date).first() else {
        return false;
    };
    match resource {
        Resource::Schedule
        | Resource::PlayerGameLogs
        | Resource::TeamGameLogs
        | Resource::PlayerProps
        | Resource::PlayerIndex => true,
        Resource::InjuryReport => injuries::exists(date),
        Resource::ShotChartDetail => game.stage == Stage::Regular && !holds(season, date, 0.7),
    }
}

/// Whether the game that stands at this share of the regular season is played on the date.
fn holds(season: &PlayedSeason, date: Date, share: f64) -> bool {
    let at = (regular_games(season) as f64 * share) as usize;
    season.games[at].date == date
}

fn regular_games(season: &PlayedSeason) -> usize {
    season.games.partition_point(|game| game.stage == Stage::Regular)
}

fn digits(game_id: &str) -> i64 {
    game_id.parse().unwrap_or_default()
}

/// The sum of a side's lines, with the team's own turnovers. Its `player` means nothing.
fn sum(game: &Game, side: usize) -> Line {
    let mut sum = Line::of(0);
    for line in &game.played.lines[side] {
        sum.goals += line.goals;
        sum.goal_attempts += line.goal_attempts;
        sum.threes += line.threes;
        sum.three_attempts += line.three_attempts;
        sum.free_throws += line.free_throws;
        sum.free_throw_attempts += line.free_throw_attempts;
        sum.offensive_rebounds += line.offensive_rebounds;
        sum.defensive_rebounds += line.defensive_rebounds;
        sum.assists += line.assists;
        sum.steals += line.steals;
        sum.blocks += line.blocks;
        sum.turnovers += line.turnovers;
        sum.fouls += line.fouls;
    }
    sum.turnovers += game.played.team_turnovers[side];
    sum.minutes = 48.0 + 5.0 * f64::from(game.played.overtimes);
    sum.plus_minus = margin(game, side);
    sum
}

fn margin(game: &Game, side: usize) -> i64 {
    game.points[side] - game.points[1 - side]
}

/// The columns that rows of players and of teams have in common.
fn game_cell<'a>(game: &'a Game, side: usize, column: &str) -> Option<Json<'a>> {
    let team = &TEAMS[game.teams[side]];
    let other = &TEAMS[game.teams[1 - side]];
    Some(match column {
        "TEAM_ID" => Json::Int(team.id),
        "TEAM_ABBREVIATION" => Json::Text(team.abbreviation),
        "TEAM_NAME" => Json::Text(team.name),
        "GAME_ID" => Json::Text(&game.id),
        "MATCHUP" => {
            let place = if side == 0 { "vs." } else { "@" };
            Json::Made(format!("{} {place} {}", team.abbreviation, other.abbreviation))
        }
        "WL" => Json::Text(if margin(game, side) > 0 { "W" } else { "L" }),
        "SEASON_TYPE" => Json::Text(game.stage.name()),
        _ => return None,
    })
}

fn line_cell(line: &Line, column: &str) -> Option<Json<'static>> {
    Some(match column {
        "MIN" => Json::Int(line.minutes.round() as i64),
        "PTS" => Json::Int(line.points()),
        "FGM" => Json::Int(line.goals),
        "FGA" => Json::Int(line.goal_attempts),
        "FG_PCT" => Json::Share(line.goals, line.goal_attempts),
        "FG3M" => Json::Int(line.threes),
        "FG3A" => Json::Int(line.three_attempts),
        "FG3_PCT" => Json::Share(line.threes, line.three_attempts),
        "FTM" => Json::Int(line.free_throws),
        "FTA" => Json::Int(line.free_throw_attempts),
        "FT_PCT" => Json::Share(line.free_throws, line.free_throw_attempts),
        "OREB" => Json::Int(line.offensive_rebounds),
        "DREB" => Json::Int(line.defensive_rebounds),
        "REB" => Json::Int(line.rebounds()),
        "AST" => Json::Int(line.assists),
        "STL" => Json::Int(line.steals),
        "BLK" => Json::Int(line.blocks),
        "TOV" => Json::Int(line.turnovers),
        "PF" => Json::Int(line.fouls),
        "PLUS_MINUS" => Json::Int(line.plus_minus),
        _ => return None,
    })
}

impl<'a> PlayerRow<'a> {
    fn cell(&self, column: &str) -> Json<'a> {
        let player = &self.season.players[self.line.player];
        let year = self.season.season.start_year();
        match column {
            "SEASON_YEAR" => Json::Text(&self.labels[0]),
            "SEASON_ID" => Json::Made(format!("2{year}")),
            "PLAYER_ID" => Json::Int(player.id),
            "PLAYER_NAME" => Json::Text(player.name(self.game.date)),
            "GAME_DATE" => Json::Text(&self.labels[1]),
            "FANTASY_PTS" => Json::Tenths(fantasy_tenths(self.line)),
            "VIDEO_AVAILABLE" => Json::Int(if digits(&self.game.id) % 1_000 == 416 { 2 } else { 1 }),
            _ => game_cell(self.game, self.side, column)
                .or_else(|| line_cell(self.line, column))
                .unwrap_or(Json::Null),
        }
    }
}

/// The service's fantasy points, in tenths: 1 a point, 1.2 a rebound, 1.5 an assist, 3 a steal or block,
/// less 1 a turnover.
fn fantasy_tenths(line: &Line) -> i64 {
    10 * line.points() + 12 * line.rebounds() + 15 * line.assists + 30 * (line.steals + line.blocks)
        - 10 * line.turnovers
}

impl<'a> TeamRow<'a> {
    fn cell(&self, column: &str) -> Json<'a> {
        let game = self.game;
        match column {
            "SEASON_YEAR" => Json::Made(self.season.season.to_string()),
            "GAME_DATE" => Json::Made(match game.stage {
                Stage::Regular => game.date.to_string(),
                Stage::Playoffs => format!("{}T00:00:00", game.date),
            }),
            "BLKA" => Json::Int(sum(game, 1 - self.side).blocks),
            "PFD" => Json::Int(sum(game, 1 - self.side).fouls),
            "AVAILABLE_FLAG" => Json::Int(1),
            _ if column.ends_with("_RANK") => Json::Int(self.rank(column)),
            _ => game_cell(game, self.side, column)
                .or_else(|| line_cell(&self.sum, column))
                .unwrap_or(Json::Null),
        }
    }

    /// A rank among some hundred and sixty rows. The service ranks over all playoff rows that it knows at
    /// the time, so a row that comes twice has other ranks the second time.
    fn rank(&self, column: &str) -> i64 {
        let salt: i64 = column.bytes().map(i64::from).sum();
        1 + (digits(&self.game.id) * 31 + salt * 17 + self.side as i64 * 53 + self.copy * 5).rem_euclid(160)
    }
}

fn shot_cell<'a>(
    season: &'a PlayedSeason,
    game: &'a Game,
    day: &'a str,
    shot: &Shot,
    column: &str,
) -> Json<'a> {
    let [home, away] = game.teams.map(|team| &TEAMS[team]);
    let team = if shot.home { home } else { away };
    let player = &season.players[shot.player];
    match column {
        "GRID_TYPE" => Json::Text("Shot Chart Detail"),
        "GAME_ID" => Json::Text(&game.id),
        "GAME_EVENT_ID" => Json::Int(i64::from(shot.event)),
        "PLAYER_ID" => Json::Int(player.id),
        "PLAYER_NAME" => Json::Text(player.name_in_shots(game.date)),
        "TEAM_ID" => Json::Int(team.id),
        "TEAM_NAME" => Json::Text(team.name),
        "PERIOD" => Json::Int(i64::from(shot.period)),
        "MINUTES_REMAINING" => Json::Int(i64::from(shot.seconds_left / 60)),
        "SECONDS_REMAINING" => Json::Int(i64::from(shot.seconds_left % 60)),
        "EVENT_TYPE" => Json::Text(if shot.made { "Made Shot" } else { "Missed Shot" }),
        "ACTION_TYPE" => Json::Text(shot.action),
        "SHOT_TYPE" => Json::Text(if shot.zone.is_three() { "3PT Field Goal" } else { "2PT Field Goal" }),
        "SHOT_ZONE_BASIC" => Json::Text(shot.zone.name()),
        "SHOT_ZONE_AREA" => Json::Text(shot.zone.area_and_range(shot.x, shot.y).0),
        "SHOT_ZONE_RANGE" => Json::Text(shot.zone.area_and_range(shot.x, shot.y).1),
        "SHOT_DISTANCE" => Json::Int(shots::distance(shot.x, shot.y)),
        "LOC_X" => Json::Int(i64::from(shot.x)),
        "LOC_Y" => Json::Int(i64::from(shot.y)),
        "SHOT_ATTEMPTED_FLAG" => Json::Int(1),
        "SHOT_MADE_FLAG" => Json::Int(i64::from(shot.made)),
        "GAME_DATE" => Json::Text(day),
        "HTM" => Json::Text(home.abbreviation),
        "VTM" => Json::Text(away.abbreviation),
        _ => Json::Null,
    }
}
