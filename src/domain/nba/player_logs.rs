//! The league's player logs as typed rows: one for each player in each game of the date.
//! Pure: payloads and schedule in, rows or a named fault out; no value is repaired or made up.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::day::Day;
use super::identity::{person_name, player_lookup};
use super::payload::{Column, Form, LEAGUE_GAME_LOG, Record, Table, Texts};
use super::payload_fault::PayloadFault;
use super::rows_raw::PlayerLog;
use super::rows_schedule::ScheduledGame;
use crate::flow::{Date, Payload};

const PLAYER_GAME_LOGS: Form = Form { resource: "playergamelogs", set: "PlayerGameLogs" };

/// Players that each team of each scheduled game must have at least: a game cannot be played with fewer.
pub const PLAYERS_PER_TEAM_MIN: usize = 5;

/// The rows of all payloads of a date, in the source's order. A row that stands twice in equal words
/// counts once.
pub fn player_logs(
    payloads: &[Payload],
    date: Date,
    games: &[ScheduledGame],
) -> Result<Vec<PlayerLog>, PayloadFault> {
    let day = Day::of(date, games);
    let mut rows: Vec<PlayerLog> = Vec::new();
    let mut places: BTreeMap<(Arc<str>, i64), usize> = BTreeMap::new();
    for payload in payloads {
        let table = Table::parse(payload, &[PLAYER_GAME_LOGS, LEAGUE_GAME_LOG])?;
        let mut columns = None;
        let mut texts = Texts::default();
        for record in table.records() {
            let columns = match &columns {
                Some(columns) => columns,
                None => columns.insert(Columns::of(&table, &day, &record)?),
            };
            let row = columns.row(&day, &record, &mut texts)?;
            let key = (Arc::clone(&row.nba_game_id), row.player_id);
            match places.get(&key) {
                Some(at) if rows[*at] == row => {}
                Some(_) => {
                    return Err(
                        record.contradiction(format!("player {} in game {}", row.player_id, row.nba_game_id))
                    );
                }
                None => {
                    places.insert(key, rows.len());
                    rows.push(row);
                }
            }
        }
    }
    let mut counts = BTreeMap::new();
    for row in &rows {
        *counts.entry((&*row.nba_game_id, &*row.team_abbr)).or_insert(0) += 1;
    }
    day.check_complete(payloads, &counts, PLAYERS_PER_TEAM_MIN)?;
    Ok(rows)
}

struct Columns {
    game_id: Column,
    game_date: Column,
    season_year: Column,
    season_type: Column,
    player_id: Column,
    player_name: Column,
    team_id: Column,
    team_abbr: Column,
    team_name: Column,
    matchup: Column,
    wl: Column,
    minutes: Column,
    points: Column,
    fgm: Column,
    fga: Column,
    fg_pct: Column,
    fg3m: Column,
    fg3a: Column,
    fg3_pct: Column,
    ftm: Column,
    fta: Column,
    ft_pct: Column,
    oreb: Column,
    dreb: Column,
    reb: Column,
    ast: Column,
    stl: Column,
    blk: Column,
    tov: Column,
    pf: Column,
    plus_minus: Column,
    fantasy: Column,
    video: Column,
}

impl Columns {
    /// The columns of a payload whose rows are like `record`: attempts belong into a regular season's
    /// log and into every league game log; a playoff log without them is no log that lost them.
    fn of(table: &Table<'_>, day: &Day<'_>, record: &Record<'_>) -> Result<Self, PayloadFault> {
        let game_id = table.required("GAME_ID")?;
        let game_date = table.required("GAME_DATE")?;
        let game = day.game(record, game_date, game_id)?;
        let full = &*game.season_type != "Playoffs" || table.form() == LEAGUE_GAME_LOG;
        let boxed = |header| table.required_if(full, header);
        Ok(Self {
            game_id,
            game_date,
            season_year: table.optional("SEASON_YEAR"),
            season_type: table.optional("SEASON_TYPE"),
            player_id: table.required("PLAYER_ID")?,
            player_name: table.required("PLAYER_NAME")?,
            team_id: table.optional("TEAM_ID"),
            team_abbr: table.required("TEAM_ABBREVIATION")?,
            team_name: table.optional("TEAM_NAME"),
            matchup: table.required("MATCHUP")?,
            wl: table.required("WL")?,
            minutes: table.required("MIN")?,
            points: table.required("PTS")?,
            fgm: boxed("FGM")?,
            fga: boxed("FGA")?,
            fg_pct: table.optional("FG_PCT"),
            fg3m: boxed("FG3M")?,
            fg3a: boxed("FG3A")?,
            fg3_pct: table.optional("FG3_PCT"),
            ftm: boxed("FTM")?,
            fta: boxed("FTA")?,
            ft_pct: table.optional("FT_PCT"),
            oreb: boxed("OREB")?,
            dreb: boxed("DREB")?,
            reb: table.required("REB")?,
            ast: table.required("AST")?,
            stl: table.required("STL")?,
            blk: table.required("BLK")?,
            tov: table.required("TOV")?,
            pf: boxed("PF")?,
            plus_minus: table.optional("PLUS_MINUS"),
            fantasy: table.optional("FANTASY_PTS"),
            video: table.optional("VIDEO_AVAILABLE"),
        })
    }

    fn row<'t>(
        &self,
        day: &Day<'_>,
        record: &Record<'t>,
        texts: &mut Texts<'t>,
    ) -> Result<PlayerLog, PayloadFault> {
        let game = day.game(record, self.game_date, self.game_id)?;
        Day::agree(record, self.season_year, &game.season)?;
        Day::agree(record, self.season_type, &game.season_type)?;
        let side = day.side(record, game, self.team_abbr, self.matchup)?;
        let name = record.text(self.player_name)?;
        self.check_box(record)?;
        Ok(PlayerLog {
            game_id: Arc::clone(&game.game_id),
            nba_game_id: Arc::clone(&game.nba_game_id),
            game_date: game.game_date,
            season: Arc::clone(&game.season),
            season_year: game.season_year,
            season_type: Arc::clone(&game.season_type),
            player_id: record.count(self.player_id)?,
            player_name: person_name(name),
            player_lookup: player_lookup(name).into(),
            team_id: record.count_or_null(self.team_id)?,
            team_abbr: Arc::clone(side.team),
            team_name: record.text_or_null(self.team_name)?.map(|text| texts.share(text)),
            opponent_team_abbr: Arc::clone(side.opponent),
            home_game: side.at_home,
            win_flag: won(record, self.wl)?,
            minutes: self.minutes(record)?,
            points: record.count(self.points)?,
            fg_makes: record.count_or_null(self.fgm)?,
            fg_attempts: record.count_or_null(self.fga)?,
            fg_pct: record.share_or_null(self.fg_pct)?,
            three_pt_makes: record.count_or_null(self.fg3m)?,
            three_pt_attempts: record.count_or_null(self.fg3a)?,
            three_pt_pct: record.share_or_null(self.fg3_pct)?,
            ft_makes: record.count_or_null(self.ftm)?,
            ft_attempts: record.count_or_null(self.fta)?,
            ft_pct: record.share_or_null(self.ft_pct)?,
            offensive_rebounds: record.count_or_null(self.oreb)?,
            defensive_rebounds: record.count_or_null(self.dreb)?,
            rebounds: record.count(self.reb)?,
            assists: record.count(self.ast)?,
            steals: record.count(self.stl)?,
            blocks: record.count(self.blk)?,
            turnovers: record.count(self.tov)?,
            personal_fouls: record.count_or_null(self.pf)?,
            plus_minus: record.int_or_null(self.plus_minus)?,
            fantasy_points: record.float_or_null(self.fantasy)?,
            video_available: record.int_or_null(self.video)?,
        })
    }

    fn minutes(&self, record: &Record<'_>) -> Result<f64, PayloadFault> {
        match record.float_or_null(self.minutes)? {
            Some(minutes) if minutes >= 0.0 => Ok(minutes),
            Some(_) => Err(record.value(self.minutes, "is below 0")),
            None => Err(record.value(self.minutes, "is no number of minutes")),
        }
    }

    /// More makes than attempts cannot be.
    fn check_box(&self, record: &Record<'_>) -> Result<(), PayloadFault> {
        let pairs = [(self.fgm, self.fga), (self.fg3m, self.fg3a), (self.ftm, self.fta)];
        for (makes, attempts) in pairs {
            let counts = (record.count_or_null(makes)?, record.count_or_null(attempts)?);
            if let (Some(made), Some(tried)) = counts
                && made > tried
            {
                return Err(record.value(makes, format!("makes, but only {tried} attempts")));
            }
        }
        Ok(())
    }
}

/// Whether the row's team won, by `W` or `L`.
pub(super) fn won(record: &Record<'_>, column: Column) -> Result<bool, PayloadFault> {
    match record.text(column)? {
        "W" => Ok(true),
        "L" => Ok(false),
        _ => Err(record.value(column, "is neither W nor L")),
    }
}
