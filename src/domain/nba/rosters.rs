//! The league's player index as typed rows: the players who belong to a team. Pure: payloads in, rows or a
//! named fault out. Whoever belongs to no team is in the index too, and in no roster.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::identity::{person_name, player_lookup};
use super::payload::{Column, Form, Record, Table, Texts};
use super::payload_fault::PayloadFault;
use super::rows_rosters::Rostered;
use super::rows_schedule::ScheduledGame;
use crate::flow::{Date, Payload};

const PLAYER_INDEX: Form = Form { resource: "playerindex", set: "PlayerIndex" };

/// Fewer players than this no team has under contract: a roster that is shorter is not whole.
const ROSTER_MIN: usize = 10;

/// The rosters in the payloads of a date, in the source's order. A row that stands twice in equal words
/// counts once.
pub fn rosters(payloads: &[Payload], date: Date) -> Result<Vec<Rostered>, PayloadFault> {
    let mut rows: Vec<Rostered> = Vec::new();
    let mut places: BTreeMap<i64, usize> = BTreeMap::new();
    for payload in payloads {
        let table = Table::parse(payload, &[PLAYER_INDEX])?;
        let columns = Columns::of(&table)?;
        let mut texts = Texts::default();
        for record in table.records() {
            let Some(row) = columns.row(date, &record, &mut texts)? else { continue };
            match places.get(&row.player_id) {
                Some(at) if rows[*at] == row => {}
                Some(_) => return Err(record.contradiction(format!("player {}", row.player_id))),
                None => {
                    places.insert(row.player_id, rows.len());
                    rows.push(row);
                }
            }
        }
    }
    Ok(rows)
}

/// Whether every team that plays on the date has a roster of a team's size.
pub fn check_rosters(
    rosters: &[Rostered],
    payloads: &[Payload],
    games: &[ScheduledGame],
) -> Result<(), PayloadFault> {
    let teams = games.iter().flat_map(|game| [&game.away_team, &game.home_team]);
    let missing: Vec<String> = teams
        .map(|team| (team, rosters.iter().filter(|row| row.team_abbr == *team).count()))
        .filter(|(_, players)| *players < ROSTER_MIN)
        .map(|(team, players)| format!("{team} has {players} players, expected {ROSTER_MIN} or more"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = payloads.iter().map(|payload| &*payload.name).collect();
    Err(PayloadFault::Incomplete { payloads: names.join(", "), missing: missing.join("; ") })
}

struct Columns {
    player_id: Column,
    first_name: Column,
    last_name: Column,
    team_id: Column,
    team_abbr: Column,
    position: Column,
    jersey_number: Column,
    height: Column,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, PayloadFault> {
        Ok(Self {
            player_id: table.required("PERSON_ID")?,
            first_name: table.required("PLAYER_FIRST_NAME")?,
            last_name: table.required("PLAYER_LAST_NAME")?,
            team_id: table.required("TEAM_ID")?,
            team_abbr: table.required("TEAM_ABBREVIATION")?,
            position: table.optional("POSITION"),
            jersey_number: table.optional("JERSEY_NUMBER"),
            height: table.optional("HEIGHT"),
        })
    }

    /// The row; `None` for a player without a team.
    fn row<'t>(
        &self,
        date: Date,
        record: &Record<'t>,
        texts: &mut Texts<'t>,
    ) -> Result<Option<Rostered>, PayloadFault> {
        let team_id = record.count_or_null(self.team_id)?.filter(|id| *id > 0);
        let team_abbr = record.text_or_null(self.team_abbr)?.filter(|text| !text.is_empty());
        let (Some(team_id), Some(team_abbr)) = (team_id, team_abbr) else { return Ok(None) };
        // Some players have one name only, and the other is empty or null.
        let names = [record.text_or_null(self.first_name)?, record.text_or_null(self.last_name)?];
        let name = names.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return Err(record.value(self.last_name, "is no player's name"));
        }
        let mut text = |column| -> Result<Option<Arc<str>>, PayloadFault> {
            let text = record.text_or_null(column)?.filter(|text| !text.is_empty());
            Ok(text.map(|text| texts.share(text)))
        };
        Ok(Some(Rostered {
            player_id: record.count(self.player_id)?,
            player_lookup: player_lookup(&name).into(),
            player_name: person_name(&name),
            roster_date: date,
            team_id,
            team_abbr: team_abbr.into(),
            position: text(self.position)?,
            jersey_number: text(self.jersey_number)?,
            height: text(self.height)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: &str = r#"["PERSON_ID","PLAYER_LAST_NAME","PLAYER_FIRST_NAME","TEAM_ID","TEAM_ABBREVIATION","JERSEY_NUMBER","POSITION","HEIGHT"]"#;

    fn payload(rows: &[String]) -> Payload {
        let rows = rows.join(",");
        Payload::of(
            "player_index/2023-24/2024-01-26.json",
            format!(
                r#"{{"resource":"playerindex","resultSets":[{{"name":"PlayerIndex","headers":{HEADERS},"rowSet":[{rows}]}}]}}"#
            ),
        )
    }

    fn date() -> Date {
        Date::of(2024, 1, 26).expect("date")
    }

    fn player(id: usize, team: &str) -> String {
        format!(r#"[{id},"Dončić","Luka",16,"{team}","77","F-G","6-7"]"#)
    }

    #[test]
    fn players_of_teams_are_read_and_others_are_not() {
        let rows = [
            player(1, "DAL"),
            player(1, "DAL"),
            r#"[2,"Nenê","",17,"HOU",null,"",null]"#.to_owned(),
            r#"[3,"Agent","Free",0,"",null,null,null]"#.to_owned(),
            r#"[4,"Agent","Freer",null,null,null,null,null]"#.to_owned(),
        ];
        let rows = rosters(&[payload(&rows)], date()).expect("rows");
        let names: Vec<_> = rows.iter().map(|row| (&*row.player_name, &*row.team_abbr)).collect();
        assert_eq!(names, [("Luka Dončić", "DAL"), ("Nenê", "HOU")]);
        assert_eq!((&*rows[0].player_lookup, rows[0].jersey_number.as_deref()), ("lukadoncic", Some("77")));
        assert_eq!((rows[1].jersey_number.clone(), rows[1].position.clone()), (None, None));
    }

    #[test]
    fn faults_are_named() {
        let cases = [
            (payload(&[player(1, "DAL"), player(1, "LAL")]), "payload_contradiction"),
            (payload(&[player(1, "DAL").replace("Dončić", "").replace("Luka", "")]), "payload_value"),
            (Payload::of("x", HEADERS), "payload_malformed"),
        ];
        for (payload, code) in cases {
            let fault = rosters(&[payload], date()).expect_err(code);
            assert_eq!(fault.code(), code, "{fault}");
        }
    }

    #[test]
    fn a_team_that_plays_needs_a_roster() {
        let game = ScheduledGame {
            game_id: "20240126_DAL_ATL".into(),
            nba_game_id: "0022300634".into(),
            game_date: date(),
            season: "2023-24".into(),
            season_year: 2023,
            season_type: "Regular Season".into(),
            home_team: "ATL".into(),
            away_team: "DAL".into(),
        };
        let team =
            |team: &str, first: usize| (first..first + 10).map(|id| player(id, team)).collect::<Vec<_>>();
        let whole = [payload(&[team("DAL", 0), team("ATL", 10)].concat())];
        let rows = rosters(&whole, date()).expect("rows");
        assert_eq!(check_rosters(&rows, &whole, std::slice::from_ref(&game)), Ok(()));
        let fault = check_rosters(&rows[1..], &whole, &[game]).expect_err("nine");
        assert!(fault.to_string().contains("DAL has 9 players"), "{fault}");
    }
}
