//! Bookmakers' offers on players' points as typed rows. Pure: payloads in, rows or a named fault out.
//!
//! A payload is what the odds service answered for the games of a date, snapshot by snapshot:
//!
//! ```json
//! {"snapshots": [{"timestamp": "2024-01-26T23:40:00Z", "data": {
//!     "id": "e912304de2b2ce35b473ce2ecd3d1502", "commence_time": "2024-01-27T00:10:00Z",
//!     "home_team": "Indiana Pacers", "away_team": "Phoenix Suns",
//!     "bookmakers": [{"key": "draftkings", "markets": [{"key": "player_points", "outcomes": [
//!         {"name": "Over", "description": "Devin Booker", "price": -115, "point": 28.5},
//!         {"name": "Under", "description": "Devin Booker", "price": -105, "point": 28.5}]}]}]}}]}
//! ```
//!
//! Each snapshot is an answer for one game as the service's historical resource gives it; other fields and
//! other markets are left alone. Of each game the last snapshot that is not after its beginning counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::identity::{person_name, player_lookup};
use super::payload_fault::PayloadFault;
use super::rows_player_props::PlayerProp;
use crate::flow::{Date, Payload};

/// The market on points.
const MARKET: &str = "player_points";
/// No line on a player's points is at or above this.
const LINE_MAX: f64 = 100.0;
/// The hour UTC at which a US game date begins and ends: between the last game's end in the west and the
/// first one's beginning in the east.
const DATE_BEGINS_HOUR: i64 = 10;

/// The offers of all payloads of a date, by game, player and bookmaker.
pub fn player_props(payloads: &[Payload], date: Date) -> Result<Vec<PlayerProp>, PayloadFault> {
    let parsed: Vec<(&Payload, Offers)> = payloads
        .iter()
        .map(|payload| Ok((payload, offers(payload)?)))
        .collect::<Result<_, PayloadFault>>()?;
    let mut latest: BTreeMap<&str, (i64, Place<'_>)> = BTreeMap::new();
    for (payload, offers) in &parsed {
        for (at, snapshot) in offers.snapshots.iter().enumerate() {
            let place = Place { payload: &payload.name, number: at + 1, snapshot };
            let (taken, begins) = place.times(date)?;
            let later = latest.get(&*snapshot.data.id).is_some_and(|(kept, _)| *kept >= taken);
            if taken <= begins && !later {
                latest.insert(&snapshot.data.id, (taken, place));
            }
        }
    }
    let mut rows = Vec::new();
    for (_, place) in latest.into_values() {
        rows.extend(place.rows(date)?);
    }
    Ok(rows)
}

fn offers(payload: &Payload) -> Result<Offers, PayloadFault> {
    serde_json::from_slice(&payload.bytes).map_err(|error| PayloadFault::Malformed {
        payload: Arc::clone(&payload.name),
        reason: error.to_string(),
        length: payload.bytes.len(),
    })
}

/// A snapshot and where it stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    payload: &'p Arc<str>,
    number: usize,
    snapshot: &'p Snapshot,
}

impl Place<'_> {
    fn fault(&self, column: &'static str, found: impl Into<String>, why: &str) -> PayloadFault {
        PayloadFault::Value {
            payload: Arc::clone(self.payload),
            row: self.number,
            column,
            found: found.into(),
            why: why.to_owned(),
        }
    }

    /// Seconds since 1970 of the snapshot and of the game's beginning, which must lie on the date.
    fn times(&self, date: Date) -> Result<(i64, i64), PayloadFault> {
        let time = |column, text: &str| {
            let quoted = format!("`{text}`");
            seconds(text).ok_or_else(|| self.fault(column, quoted, "is no time `YYYY-MM-DDTHH:MM:SSZ`"))
        };
        let taken = time("timestamp", &self.snapshot.timestamp)?;
        let begins = time("commence_time", &self.snapshot.data.commence_time)?;
        let date_begins = i64::from(date.days()) * 86_400 + DATE_BEGINS_HOUR * 3_600;
        if (date_begins..date_begins + 86_400).contains(&begins) {
            return Ok((taken, begins));
        }
        Err(PayloadFault::ForeignDate {
            payload: Arc::clone(self.payload),
            row: self.number,
            column: "commence_time",
            found: format!("`{}`", self.snapshot.data.commence_time),
            date,
        })
    }

    /// One row a player and bookmaker; both sides must name the same line.
    fn rows(&self, date: Date) -> Result<impl Iterator<Item = PlayerProp>, PayloadFault> {
        let mut offers: BTreeMap<(String, &str), PlayerProp> = BTreeMap::new();
        for bookmaker in &self.snapshot.data.bookmakers {
            let markets = bookmaker.markets.iter().filter(|market| market.key == MARKET);
            for outcome in markets.flat_map(|market| &market.outcomes) {
                self.check(outcome)?;
                let key = (player_lookup(&outcome.description), &*bookmaker.key);
                let row = offers.entry(key).or_insert_with_key(|key| self.row(date, key, outcome));
                let side = match outcome.name {
                    Name::Over => &mut row.over_price,
                    Name::Under => &mut row.under_price,
                };
                let twice = side.is_some_and(|price| price != outcome.price);
                if twice || row.points_line != outcome.point {
                    return Err(PayloadFault::Contradiction {
                        payload: Arc::clone(self.payload),
                        row: self.number,
                        key: format!("{} of {}", outcome.description, bookmaker.key),
                    });
                }
                *side = Some(outcome.price);
            }
        }
        Ok(offers.into_values())
    }

    fn row(&self, date: Date, (lookup, bookmaker): &(String, &str), outcome: &Outcome) -> PlayerProp {
        let event = &self.snapshot.data;
        PlayerProp {
            player_lookup: lookup.as_str().into(),
            player_name: person_name(&outcome.description),
            bookmaker: (*bookmaker).into(),
            points_line: outcome.point,
            over_price: None,
            under_price: None,
            game_date: date,
            event_id: event.id.as_str().into(),
            home_team: event.home_team.as_str().into(),
            away_team: event.away_team.as_str().into(),
            commence_time: event.commence_time.as_str().into(),
            snapshot_time: self.snapshot.timestamp.as_str().into(),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), PayloadFault> {
        if outcome.description.trim().is_empty() {
            return Err(self.fault("description", "``", "names no player"));
        }
        if !(outcome.point > 0.0 && outcome.point < LINE_MAX) {
            return Err(self.fault("point", outcome.point.to_string(), "is no line on a player's points"));
        }
        Ok(())
    }
}

/// Seconds since 1970 of `YYYY-MM-DDTHH:MM:SSZ`.
fn seconds(text: &str) -> Option<i64> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let date = Date::parse(day).ok()?;
    let parts: Vec<&str> = time.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return None };
    let number = |text: &str, limit: i64| {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| plain && *number < limit)
    };
    let in_day = number(hour, 24)? * 3_600 + number(minute, 60)? * 60 + number(second, 60)?;
    Some(i64::from(date.days()) * 86_400 + in_day)
}

#[derive(Deserialize)]
struct Offers {
    snapshots: Vec<Snapshot>,
}

#[derive(Deserialize)]
struct Snapshot {
    timestamp: String,
    data: Event,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    commence_time: String,
    home_team: String,
    away_team: String,
    bookmakers: Vec<Bookmaker>,
}

#[derive(Deserialize)]
struct Bookmaker {
    key: String,
    markets: Vec<Market>,
}

#[derive(Deserialize)]
struct Market {
    key: String,
    #[serde(default)]
    outcomes: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    name: Name,
    description: String,
    price: i64,
    point: f64,
}

#[derive(Deserialize)]
enum Name {
    Over,
    Under,
}

#[cfg(test)]
mod tests {
    use super::*;

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
        player_props(&[Payload::of("player_props/2023-24/2024-01-26.json", text)], date)
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
            (offers(&[outcome("Draw", "A", 9.5)]), "payload_malformed", "Draw"),
            (
                offers(&[outcome("Over", "A", 9.5), outcome("Under", "A", 10.5)]),
                "payload_contradiction",
                "A of draftkings",
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
