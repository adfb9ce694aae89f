//! Bookmakers' lines on players' points as typed rows. Pure: offers in, rows or a named fault out. The payload's shape
//! is in `offers.rs`; other markets are left alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::identity::{person_name, player_lookup};
use super::offers::{DateOffers, Outcome, Place, shown};
use super::payload_fault::PayloadFault;
use super::rows_player_props::PlayerProp;
use crate::flow::Date;

/// The market on points.
const MARKET: &str = "player_points";
/// No line on a player's points is at or above this.
const LINE_MAX: f64 = 100.0;

/// The lines of a date, by game, player and bookmaker.
pub fn player_props(offers: &DateOffers<'_>, date: Date) -> Result<Vec<PlayerProp>, PayloadFault> {
    let mut rows = Vec::new();
    for place in offers.latest(date)? {
        rows.extend(of_game(place, date)?);
    }
    Ok(rows)
}

/// One row a player and bookmaker; both sides must name the same line.
fn of_game(place: Place<'_>, date: Date) -> Result<Vec<PlayerProp>, PayloadFault> {
    let mut offered = place.snapshot.data.outcomes(MARKET).peekable();
    if offered.peek().is_none() {
        return Ok(Vec::new());
    }
    let teams = place.teams()?;
    let mut offers: BTreeMap<(String, &str), PlayerProp> = BTreeMap::new();
    for (bookmaker, outcome) in offered {
        let line = line(place, outcome)?;
        let key = (player_lookup(&outcome.description), bookmaker);
        let row = offers.entry(key).or_insert_with_key(|key| row(place, date, &teams, key, outcome, line));
        let side = match &*outcome.name {
            "Over" => &mut row.over_price,
            "Under" => &mut row.under_price,
            other => return Err(place.fault("name", format!("`{other}`"), "is neither `Over` nor `Under`")),
        };
        let twice = side.is_some_and(|price| price != outcome.price);
        if twice || row.points_line != line {
            return Err(place.contradiction(format!("{} of {bookmaker}", outcome.description)));
        }
        *side = Some(outcome.price);
    }
    Ok(offers.into_values().collect())
}

fn row(
    place: Place<'_>,
    date: Date,
    [home_team, away_team]: &[Arc<str>; 2],
    (lookup, bookmaker): &(String, &str),
    outcome: &Outcome,
    points_line: f64,
) -> PlayerProp {
    let event = &place.snapshot.data;
    PlayerProp {
        player_lookup: lookup.as_str().into(),
        player_name: person_name(&outcome.description),
        bookmaker: (*bookmaker).into(),
        points_line,
        over_price: None,
        under_price: None,
        game_date: date,
        event_id: event.id.as_str().into(),
        home_team: Arc::clone(home_team),
        away_team: Arc::clone(away_team),
        commence_time: event.commence_time.as_str().into(),
        snapshot_time: place.snapshot.timestamp.as_str().into(),
    }
}

/// The line of an outcome that is one on a player's points.
fn line(place: Place<'_>, outcome: &Outcome) -> Result<f64, PayloadFault> {
    if outcome.description.trim().is_empty() {
        return Err(place.fault("description", "``", "names no player"));
    }
    match outcome.point {
        Some(point) if point > 0.0 && point < LINE_MAX => Ok(point),
        other => Err(place.fault("point", shown(other), "is no line on a player's points")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Payload;

    const COMMENCE: &str = "2024-01-27T00:10:00Z";

    fn outcome(name: &str, player: &str, point: f64) -> String {
        format!(r#"{{"name":"{name}","description":"{player}","price":-110,"point":{point}}}"#)
    }

    fn snapshot(timestamp: &str, commence: &str, bookmakers: &[(&str, &[String])]) -> String {
        let bookmaker = |(key, outcomes): &(&str, &[String])| {
            let outcomes = outcomes.join(",");
            format!(
                r#"{{"key":"{key}","title":"x","markets":[{{"key":"player_assists"}},{{"key":"player_points","outcomes":[{outcomes}]}}]}}"#
            )
        };
        let bookmakers: Vec<String> = bookmakers.iter().map(bookmaker).collect();
        format!(
            r#"{{"timestamp":"{timestamp}","data":{{"id":"e1","commence_time":"{commence}","home_team":"Indiana Pacers","away_team":"Phoenix Suns","bookmakers":[{}]}}}}"#,
            bookmakers.join(",")
        )
    }

    fn read(snapshots: &[String]) -> Result<Vec<PlayerProp>, PayloadFault> {
        let text = format!(r#"{{"snapshots":[{}]}}"#, snapshots.join(","));
        let date = Date::parse("2024-01-26").expect("date");
        let payloads = [Payload::of("player_props/2023-24/2024-01-26.json", text)];
        player_props(&DateOffers::read(&payloads)?, date)
    }

    #[test]
    fn the_last_snapshot_before_the_game_counts() {
        let at = |time: &str, point| {
            snapshot(time, COMMENCE, &[("draftkings", &[outcome("Over", "Luka Dončić", point)])])
        };
        let rows = read(&[
            at("2024-01-26T20:00:00Z", 30.5),
            at("2024-01-27T00:10:00Z", 32.5),
            at("2024-01-26T23:00:00Z", 31.5),
            at("2024-01-27T00:10:01Z", 40.5),
        ]);
        let rows = rows.expect("rows");
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].points_line, &*rows[0].player_lookup), (32.5, "lukadoncic"));
        assert_eq!((rows[0].over_price, rows[0].under_price), (Some(-110), None));
        assert_eq!((&*rows[0].home_team, &*rows[0].away_team), ("IND", "PHX"));
        assert_eq!(read(&[at("2024-01-27T03:00:00Z", 30.5)]), Ok(vec![]));
    }

    #[test]
    fn both_sides_of_each_bookmaker_are_one_row() {
        let sides = [outcome("Over", "A B", 20.5), outcome("Under", "A B", 20.5)];
        let rows = read(&[snapshot(COMMENCE, COMMENCE, &[("fanduel", &sides), ("betmgm", &sides)])]);
        let rows = rows.expect("rows");
        let found: Vec<_> =
            rows.iter().map(|row| (&*row.bookmaker, row.over_price, row.under_price)).collect();
        assert_eq!(found, [("betmgm", Some(-110), Some(-110)), ("fanduel", Some(-110), Some(-110))]);
    }

    #[test]
    fn faults_name_snapshot_field_and_value() {
        let offers = |outcomes: &[String]| snapshot(COMMENCE, COMMENCE, &[("draftkings", outcomes)]);
        let cases = [
            (snapshot("yesterday", COMMENCE, &[]), "payload_value", "`yesterday`"),
            (snapshot("2024-01-26T24:00:00Z", COMMENCE, &[]), "payload_value", "timestamp"),
            (snapshot(COMMENCE, "2024-01-28T00:10:00Z", &[]), "payload_foreign_date", "commence_time"),
            (offers(&[outcome("Over", "A", 0.0)]), "payload_value", "point"),
            (offers(&[outcome("Over", " ", 9.5)]), "payload_value", "description"),
            (offers(&[outcome("Draw", "A", 9.5)]), "payload_value", "Draw"),
            (
                offers(&[outcome("Over", "A", 9.5), outcome("Under", "A", 10.5)]),
                "payload_contradiction",
                "A of draftkings",
            ),
            (
                offers(&[outcome("Over", "A", 9.5)]).replace("Indiana Pacers", "Team Stars"),
                "payload_value",
                "home_team: `Team Stars`",
            ),
            ("{}".to_owned(), "payload_malformed", "timestamp"),
        ];
        for (text, code, part) in cases {
            let fault = read(&[text]).expect_err(part);
            let message = fault.to_string();
            assert_eq!(fault.code(), code, "{message}");
            assert!(message.contains(part) && message.contains("2024-01-26.json"), "{message}");
        }
    }
}
