//! The league's shot chart as typed rows: one for each attempt that the payload has.
//! Pure: payloads and schedule in, rows or a named fault out. Equal rows are kept: each is an attempt.
//! A game without shots is no fault here, for the source does not have them all.

use std::sync::Arc;

use super::day::Day;
use super::payload::{Column, Form, Record, Table, Texts};
use super::payload_fault::PayloadFault;
use super::rows_raw::Shot;
use super::rows_schedule::ScheduledGame;
use super::zones::Zone;
use crate::flow::{Date, Payload};

const SHOT_CHART_DETAIL: Form = Form { resource: "shotchartdetail", set: "Shot_Chart_Detail" };

/// The shots of all payloads of a date, in the source's order, which is not the order of events.
pub fn shots(payloads: &[Payload], date: Date, games: &[ScheduledGame]) -> Result<Vec<Shot>, PayloadFault> {
    let day = Day::of(date, games);
    let mut rows = Vec::new();
    for payload in payloads {
        let table = Table::parse(payload, &[SHOT_CHART_DETAIL])?;
        let columns = Columns::of(&table)?;
        let mut texts = Texts::default();
        rows.reserve(table.len());
        for record in table.records() {
            let number = i64::try_from(rows.len() + 1).unwrap_or(i64::MAX);
            rows.push(columns.row(&day, &record, number, &mut texts)?);
        }
    }
    Ok(rows)
}

/// Whether every one of these games has shots, as a payload must that has just been asked for them all.
pub fn check_shots(
    shots: &[Shot],
    payloads: &[Payload],
    games: &[ScheduledGame],
) -> Result<(), PayloadFault> {
    let missing: Vec<String> = games
        .iter()
        .filter(|game| shots.iter().all(|shot| shot.nba_game_id != game.nba_game_id))
        .map(|game| format!("game {} ({}) has no shots", game.nba_game_id, game.game_id))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = payloads.iter().map(|payload| &*payload.name).collect();
    Err(PayloadFault::Incomplete { payloads: names.join(", "), missing: missing.join("; ") })
}

struct Columns {
    game_id: Column,
    game_date: Column,
    game_event_id: Column,
    player_id: Column,
    player_name: Column,
    team_id: Column,
    team_name: Column,
    period: Column,
    minutes: Column,
    seconds: Column,
    event_type: Column,
    action_type: Column,
    shot_type: Column,
    zone_basic: Column,
    zone_area: Column,
    zone_range: Column,
    distance: Column,
    loc_x: Column,
    loc_y: Column,
    attempted: Column,
    made: Column,
    home: Column,
    away: Column,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, PayloadFault> {
        Ok(Self {
            game_id: table.required("GAME_ID")?,
            game_date: table.required("GAME_DATE")?,
            game_event_id: table.optional("GAME_EVENT_ID"),
            player_id: table.required("PLAYER_ID")?,
            player_name: table.optional("PLAYER_NAME"),
            team_id: table.required("TEAM_ID")?,
            team_name: table.optional("TEAM_NAME"),
            period: table.required("PERIOD")?,
            minutes: table.required("MINUTES_REMAINING")?,
            seconds: table.required("SECONDS_REMAINING")?,
            event_type: table.optional("EVENT_TYPE"),
            action_type: table.optional("ACTION_TYPE"),
            shot_type: table.optional("SHOT_TYPE"),
            zone_basic: table.required("SHOT_ZONE_BASIC")?,
            zone_area: table.optional("SHOT_ZONE_AREA"),
            zone_range: table.optional("SHOT_ZONE_RANGE"),
            distance: table.optional("SHOT_DISTANCE"),
            loc_x: table.optional("LOC_X"),
            loc_y: table.optional("LOC_Y"),
            attempted: table.required("SHOT_ATTEMPTED_FLAG")?,
            made: table.required("SHOT_MADE_FLAG")?,
            home: table.optional("HTM"),
            away: table.optional("VTM"),
        })
    }

    fn row<'t>(
        &self,
        day: &Day<'_>,
        record: &Record<'t>,
        shot_number: i64,
        texts: &mut Texts<'t>,
    ) -> Result<Shot, PayloadFault> {
        let game = day.game(record, self.game_date, self.game_id)?;
        for (column, expected) in [(self.home, &game.home_team), (self.away, &game.away_team)] {
            Day::agree(record, column, expected)?;
        }
        let zone_basic = record.text_or_null(self.zone_basic)?;
        if zone_basic.is_some_and(|zone| Zone::of_basic(zone).is_none()) {
            return Err(record.value(self.zone_basic, "is no zone of the shot chart"));
        }
        let mut text = |column| -> Result<Option<Arc<str>>, PayloadFault> {
            Ok(record.text_or_null(column)?.map(|text| texts.share(text)))
        };
        Ok(Shot {
            shot_number,
            game_id: Arc::clone(&game.game_id),
            nba_game_id: Arc::clone(&game.nba_game_id),
            game_date: game.game_date,
            game_event_id: record.int_or_null(self.game_event_id)?,
            player_id: record.count(self.player_id)?,
            player_name: text(self.player_name)?,
            team_id: record.count(self.team_id)?,
            team_name: text(self.team_name)?,
            period: record.count(self.period)?,
            minutes_remaining: record.count(self.minutes)?,
            seconds_remaining: record.count(self.seconds)?,
            event_type: text(self.event_type)?,
            action_type: text(self.action_type)?,
            shot_type: text(self.shot_type)?,
            zone_basic: text(self.zone_basic)?,
            zone_area: text(self.zone_area)?,
            zone_range: text(self.zone_range)?,
            shot_distance: record.count_or_null(self.distance)?,
            loc_x: record.int_or_null(self.loc_x)?,
            loc_y: record.int_or_null(self.loc_y)?,
            attempted: flag(record, self.attempted)?,
            made: flag(record, self.made)?,
        })
    }
}

fn flag(record: &Record<'_>, column: Column) -> Result<bool, PayloadFault> {
    match record.int(column)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(record.value(column, "is neither 0 nor 1")),
    }
}
