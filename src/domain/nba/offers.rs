//! What bookmakers offer on the games of a date, as the odds service answered, snapshot by snapshot: the shape of a
//! payload, and which snapshots count. Pure. What is read from their markets is in `player_props.rs` (players' points)
//! and `game_lines.rs` (spreads and totals).
//!
//! ```json
//! {"snapshots": [{"timestamp": "2024-01-26T23:40:00Z", "data": {
//!     "id": "e912304de2b2ce35b473ce2ecd3d1502", "commence_time": "2024-01-27T00:10:00Z",
//!     "home_team": "Indiana Pacers", "away_team": "Phoenix Suns",
//!     "bookmakers": [{"key": "draftkings", "markets": [
//!         {"key": "player_points", "outcomes": [
//!             {"name": "Over", "description": "Devin Booker", "price": -115, "point": 28.5},
//!             {"name": "Under", "description": "Devin Booker", "price": -105, "point": 28.5}]},
//!         {"key": "spreads", "outcomes": [
//!             {"name": "Indiana Pacers", "price": -110, "point": 2.5},
//!             {"name": "Phoenix Suns", "price": -110, "point": -2.5}]},
//!         {"key": "totals", "outcomes": [
//!             {"name": "Over", "price": -110, "point": 241.5},
//!             {"name": "Under", "price": -110, "point": 241.5}]}]}]}}]}
//! ```
//!
//! Each snapshot is an answer for one game as the service's historical resource gives it; other fields and
//! other markets are left alone. Of each game the last snapshot that is not after its beginning counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::payload_fault::PayloadFault;
use super::team_names::team_abbr;
use crate::flow::{Date, Payload};

/// The hour UTC at which a US game date begins and ends: between the last game's end in the west and the
/// first one's beginning in the east.
const DATE_BEGINS_HOUR: i64 = 10;
/// The bookmakers whose line is taken first, in this order; others follow by name.
const BOOKMAKERS: [&str; 2] = ["draftkings", "fanduel"];

/// Whose line is taken first: the smaller, the sooner.
pub(super) fn rank(bookmaker: &str) -> (usize, &str) {
    let known = BOOKMAKERS.iter().position(|known| *known == bookmaker);
    (known.unwrap_or(BOOKMAKERS.len()), bookmaker)
}

/// The offers of all payloads of a date, read once for all that is taken from them.
pub struct DateOffers<'p>(Vec<(&'p Payload, Offers)>);

impl<'p> DateOffers<'p> {
    /// Reads them. The fault is that a payload is not of the shape.
    pub fn read(payloads: &'p [Payload]) -> Result<Self, PayloadFault> {
        let read = |payload: &'p Payload| Ok((payload, offers(payload)?));
        payloads.iter().map(read).collect::<Result<_, PayloadFault>>().map(Self)
    }

    /// Of each game the snapshot that counts, in order of the game's id.
    pub(super) fn latest(&self, date: Date) -> Result<Vec<Place<'_>>, PayloadFault> {
        let mut latest: BTreeMap<&str, (i64, Place<'_>)> = BTreeMap::new();
        for (payload, offers) in &self.0 {
            for (at, snapshot) in offers.snapshots.iter().enumerate().filter(|(_, one)| one.is_of_league()) {
                let place = Place { payload: &payload.name, number: at + 1, snapshot };
                let (taken, begins) = place.times(date)?;
                let later = latest.get(&*snapshot.data.id).is_some_and(|(kept, _)| *kept >= taken);
                if taken <= begins && !later {
                    latest.insert(&snapshot.data.id, (taken, place));
                }
            }
        }
        Ok(latest.into_values().map(|(_, place)| place).collect())
    }
}

impl Snapshot {
    /// Bookmakers offer on exhibitions too, of teams that are none of the league's.
    fn is_of_league(&self) -> bool {
        [&self.data.home_team, &self.data.away_team].iter().any(|team| team_abbr(team).is_some())
    }
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
pub(super) struct Place<'p> {
    payload: &'p Arc<str>,
    number: usize,
    pub(super) snapshot: &'p Snapshot,
}

impl Place<'_> {
    /// A value that cannot be.
    pub(super) fn fault(&self, column: &'static str, found: impl Into<String>, why: &str) -> PayloadFault {
        PayloadFault::Value {
            payload: Arc::clone(self.payload),
            row: self.number,
            column,
            found: found.into(),
            why: why.to_owned(),
        }
    }

    /// The codes of the game's teams, home and away.
    pub(super) fn teams(&self) -> Result<[Arc<str>; 2], PayloadFault> {
        let event = &self.snapshot.data;
        Ok([self.team("home_team", &event.home_team)?, self.team("away_team", &event.away_team)?])
    }

    fn team(&self, column: &'static str, name: &str) -> Result<Arc<str>, PayloadFault> {
        let known = team_abbr(name).map(Arc::from);
        known.ok_or_else(|| self.fault(column, format!("`{name}`"), "is no team of the league"))
    }

    /// Two offers that cannot both be.
    pub(super) fn contradiction(&self, key: String) -> PayloadFault {
        PayloadFault::Contradiction { payload: Arc::clone(self.payload), row: self.number, key }
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
}

/// A line as a fault shows it.
pub(super) fn shown(point: Option<f64>) -> String {
    point.map_or_else(|| "nothing".to_owned(), |point| point.to_string())
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
pub(super) struct Snapshot {
    pub(super) timestamp: String,
    pub(super) data: Event,
}

#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) commence_time: String,
    pub(super) home_team: String,
    pub(super) away_team: String,
    bookmakers: Vec<Bookmaker>,
}

impl Event {
    /// What each bookmaker offers on a market.
    pub(super) fn outcomes(&self, market: &'static str) -> impl Iterator<Item = (&str, &Outcome)> {
        self.bookmakers.iter().flat_map(move |bookmaker| {
            let offered = bookmaker.markets.iter().filter(move |one| one.key == market);
            offered.flat_map(|one| &one.outcomes).map(|outcome| (&*bookmaker.key, outcome))
        })
    }
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
pub(super) struct Outcome {
    /// `Over`, `Under` or a team.
    pub(super) name: String,
    /// Whom it is about, where it is about a player.
    #[serde(default)]
    pub(super) description: String,
    /// American odds.
    pub(super) price: i64,
    /// The line; not every market has one.
    pub(super) point: Option<f64>,
}
