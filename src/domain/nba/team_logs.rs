//! The league's team logs as typed rows: two for each game of the date.
//! Pure: payloads and schedule in, rows or a named fault out; no value is repaired or made up.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::day::Day;
use super::payload::{Column, Form, LEAGUE_GAME_LOG, Record, Table, Texts};
use super::payload_fault::PayloadFault;
use super::player_logs::won;
use super::rows_raw::TeamLog;
use super::rows_schedule::ScheduledGame;
use crate::flow::{Date, Payload};

const TEAM_GAME_LOGS: Form = Form { resource: "teamgamelogs", set: "TeamGameLogs" };

/// The five players' minutes that a league game log counts for a team: 240, and 25 for an overtime. They
/// are sums of rounded minutes, which miss by up to this many.
const PLAYER_MINUTES: f64 = 240.0;
const PLAYER_MINUTES_OVERTIME: f64 = 25.0;
const PLAYER_MINUTES_OFF: f64 = 5.0;

/// The rows of all payloads of a date, in the source's order. A playoff log may have a team's row twice,
/// equal in the box score and different in the rankings, which are no part of the row: it counts once.
pub fn team_logs(
    payloads: &[Payload],
    date: Date,
    games: &[ScheduledGame],
) -> Result<Vec<TeamLog>, PayloadFault> {
    let day = Day::of(date, games);
    let mut rows: Vec<TeamLog> = Vec::new();
    for payload in payloads {
        let table = Table::parse(payload, &[TEAM_GAME_LOGS, LEAGUE_GAME_LOG])?;
        if table.has("PLAYER_ID") {
            return Err(table.misnamed("a log of players (column PLAYER_ID)"));
        }
        let mut columns = None;
        let mut texts = Texts::default();
        for record in table.records() {
            let columns = match &columns {
                Some(columns) => columns,
                None => columns.insert(Columns::of(&table, &day, &record)?),
            };
            let row = columns.row(&day, &record, &mut texts)?;
            let same =
                |known: &&TeamLog| known.nba_game_id == row.nba_game_id && known.team_abbr == row.team_abbr;
            match rows.iter().find(same) {
                Some(known) if *known == row => {}
                Some(_) => {
                    let key = format!("{} in game {}", row.team_abbr, row.nba_game_id);
                    return Err(record.contradiction(key));
                }
                None => rows.push(row),
            }
        }
    }
    let counts: BTreeMap<(&str, &str), usize> =
        (rows.iter()).map(|row| ((&*row.nba_game_id, &*row.team_abbr), 1)).collect();
    day.check_complete(payloads, &counts, 1)?;
    Ok(rows)
}

struct Columns {
    game_id: Column,
    game_date: Column,
    season_year: Column,
    season_type: Column,
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
    blka: Column,
    tov: Column,
    pf: Column,
    pfd: Column,
    plus_minus: Column,
}

impl Columns {
    /// The columns of a payload whose rows are like `record`: attempts belong into a playoff log and into
    /// every league game log; a regular season's log without them is no log that lost them.
    fn of(table: &Table<'_>, day: &Day<'_>, record: &Record<'_>) -> Result<Self, PayloadFault> {
        let game_id = table.required("GAME_ID")?;
        let game_date = table.required("GAME_DATE")?;
        let game = day.game(record, game_date, game_id)?;
        let full = &*game.season_type == "Playoffs" || table.form() == LEAGUE_GAME_LOG;
        let boxed = |header| table.required_if(full, header);
        Ok(Self {
            game_id,
            game_date,
            season_year: table.optional("SEASON_YEAR"),
            season_type: table.optional("SEASON_TYPE"),
            team_id: table.required("TEAM_ID")?,
            team_abbr: table.required("TEAM_ABBREVIATION")?,
            team_name: table.optional("TEAM_NAME"),
            matchup: table.required("MATCHUP")?,
            wl: table.required("WL")?,
            minutes: boxed("MIN")?,
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
            blka: table.optional("BLKA"),
            tov: table.required("TOV")?,
            pf: boxed("PF")?,
            pfd: table.optional("PFD"),
            plus_minus: table.optional("PLUS_MINUS"),
        })
    }

    fn row<'t>(
        &self,
        day: &Day<'_>,
        record: &Record<'t>,
        texts: &mut Texts<'t>,
    ) -> Result<TeamLog, PayloadFault> {
        let game = day.game(record, self.game_date, self.game_id)?;
        Day::agree(record, self.season_year, &game.season)?;
        Day::agree(record, self.season_type, &game.season_type)?;
        let side = day.side(record, game, self.team_abbr, self.matchup)?;
        Ok(TeamLog {
            game_id: Arc::clone(&game.game_id),
            nba_game_id: Arc::clone(&game.nba_game_id),
            game_date: game.game_date,
            season: Arc::clone(&game.season),
            season_year: game.season_year,
            season_type: Arc::clone(&game.season_type),
            team_id: record.count(self.team_id)?,
            team_abbr: Arc::clone(side.team),
            team_name: record.text_or_null(self.team_name)?.map(|text| texts.share(text)),
            opponent_team_abbr: Arc::clone(side.opponent),
            home_game: side.at_home,
            win_flag: won(record, self.wl)?,
            game_minutes: self.game_minutes(record)?,
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
            blocked_attempts: record.count_or_null(self.blka)?,
            turnovers: record.count(self.tov)?,
            personal_fouls: record.count_or_null(self.pf)?,
            fouls_drawn: record.count_or_null(self.pfd)?,
            plus_minus: record.int_or_null(self.plus_minus)?,
        })
    }

    /// Minutes of a game: 48 and whole overtimes of 5. Anything else would bias every rate built on it. A
    /// league game log counts the minutes of all five players.
    fn game_minutes(&self, record: &Record<'_>) -> Result<Option<f64>, PayloadFault> {
        let Some(minutes) = record.float_or_null(self.minutes)? else { return Ok(None) };
        if minutes > PLAYER_MINUTES - PLAYER_MINUTES_OVERTIME {
            let overtimes = ((minutes - PLAYER_MINUTES) / PLAYER_MINUTES_OVERTIME).round();
            let off = minutes - PLAYER_MINUTES - overtimes * PLAYER_MINUTES_OVERTIME;
            if overtimes < 0.0 || off.abs() > PLAYER_MINUTES_OFF {
                return Err(record.value(self.minutes, "is not 240 and 25 for each overtime, give or take 5"));
            }
            return Ok(Some(48.0 + 5.0 * overtimes));
        }
        if minutes < 48.0 || (minutes - 48.0) % 5.0 != 0.0 {
            return Err(record.value(self.minutes, "is not 48 and whole overtimes of 5"));
        }
        Ok(Some(minutes))
    }
}
