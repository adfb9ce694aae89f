//! An injury report: when it was made, and what it lists, row by row. Pure: a payload in, listings or a named fault
//! out. A date, time, match-up or team is printed in the first row of its group only, and holds for the rows below,
//! over pages too.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};

use super::pdf::{Unreadable, pages};
use super::status::InjuryStatus;
use super::table::{COLUMNS, Misshapen, Row, STATUS, sheet};
use crate::domain::nba::payload_fault::PayloadFault;
use crate::domain::nba::team_names::team_abbr;
use crate::flow::{Date, Payload};

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    /// When it was made, by its title.
    pub(super) moment: DateTime<Utc>,
    /// In the report's order.
    pub(super) listings: Vec<Listing>,
}

/// A row of it, with all that it takes from the rows above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing {
    /// Where it stands.
    pub(super) place: Place,
    pub(super) date: Date,
    /// As it is printed, `07:30`, in the afternoon or evening of the league's own zone.
    pub(super) game_time: String,
    pub(super) away_team: String,
    pub(super) home_team: String,
    /// The one of the two that the row is of.
    pub(super) team: &'static str,
    pub(super) entry: Entry,
}

/// What a row says of its team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// It has told nothing yet.
    NotSubmitted,
    /// A player: first name first.
    Player { name: String, status: InjuryStatus, reason: String },
}

/// A row's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) page: usize,
    pub(super) row: usize,
}

impl Place {
    /// The fault of a value there.
    pub(super) fn fault(
        self,
        payload: &Payload,
        column: &'static str,
        found: &str,
        why: &str,
    ) -> PayloadFault {
        PayloadFault::Value {
            payload: on_page(payload, self.page),
            row: self.row,
            column,
            found: format!("`{found}`"),
            why: why.to_owned(),
        }
    }
}

/// A payload's name with the page within.
fn on_page(payload: &Payload, page: usize) -> Arc<str> {
    format!("{} page {page}", payload.name).into()
}

impl Report {
    /// Reads a payload.
    pub(super) fn read(payload: &Payload) -> Result<Self, PayloadFault> {
        let pages =
            pages(&payload.bytes).map_err(|Unreadable { page, reason }| unreadable(payload, page, reason))?;
        let found = sheet(&pages).map_err(|misshapen| match misshapen {
            Misshapen::ColumnMissing { page, column } => {
                PayloadFault::ColumnMissing { payload: on_page(payload, page), column }
            }
            Misshapen::Stray { page, text } => {
                unreadable(payload, Some(page), format!("`{text}` belongs to no row of the table"))
            }
        })?;
        if let Some(told) = found.pages_told.filter(|told| *told != pages.len()) {
            return Err(unreadable(payload, None, format!("it has {} of its {told} pages", pages.len())));
        }
        let title = found.title.ok_or_else(|| {
            unreadable(payload, None, "no line begins with `Injury Report:`, date and time".to_owned())
        })?;
        let moment = moment(&title)
            .ok_or_else(|| unreadable(payload, None, format!("`{title}` has no date and time")))?;
        let mut above = Above::default();
        let listings = found.rows.iter().map(|row| above.listing(payload, row));
        Ok(Self { moment, listings: listings.collect::<Result<_, PayloadFault>>()? })
    }
}

fn unreadable(payload: &Payload, page: Option<usize>, reason: String) -> PayloadFault {
    let place = page.map_or(String::new(), |page| format!("page {page}: "));
    PayloadFault::Unreadable {
        payload: Arc::clone(&payload.name),
        reason: format!("{place}{reason}"),
        length: payload.bytes.len(),
    }
}

/// The moment in `injuryreport:01/13/2601:30pm`. A time that comes twice as the clocks change is the first.
fn moment(title: &str) -> Option<DateTime<Utc>> {
    let (_, text) = title.split_once(':')?;
    let (month, rest) = text.split_once('/')?;
    let (day, rest) = rest.split_once('/')?;
    let of = |digits: usize| {
        let (year, time) = (rest.get(..digits)?, rest.get(digits..)?);
        let year = year.parse::<i32>().ok()? + if digits == 2 { 2000 } else { 0 };
        let date = NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?)?;
        let time = NaiveTime::parse_from_str(&time.to_uppercase(), "%I:%M%p").ok()?;
        Some(date.and_time(time))
    };
    let local = of(2).or_else(|| of(4))?;
    Some(chrono_tz::US::Eastern.from_local_datetime(&local).earliest()?.to_utc())
}

/// What the rows above have printed.
#[derive(Default)]
struct Above {
    date: Option<Date>,
    game_time: Option<String>,
    teams: Option<(String, String)>,
    team: Option<&'static str>,
}

impl Above {
    fn listing(&mut self, payload: &Payload, row: &Row) -> Result<Listing, PayloadFault> {
        let place = Place { page: row.page, row: row.number };
        let [date, game_time, matchup, team, player, status, reason] = &row.cells;
        let fault = |column: usize, why: &str| place.fault(payload, COLUMNS[column], &row.cells[column], why);
        if !date.is_empty() {
            self.date = Some(us_date(date).ok_or_else(|| fault(0, "is no date `MM/DD/YYYY`"))?);
        }
        if !game_time.is_empty() {
            let clock: String = game_time.chars().filter(|c| c.is_ascii_digit() || *c == ':').collect();
            let is_time = NaiveTime::parse_from_str(&clock, "%H:%M").is_ok();
            self.game_time =
                Some(Some(clock).filter(|_| is_time).ok_or_else(|| fault(1, "is no time `HH:MM (ET)`"))?);
        }
        if !matchup.is_empty() {
            let (away, home) = matchup.split_once('@').ok_or_else(|| fault(2, "is no match-up `AWY@HOM`"))?;
            self.teams = Some((away.trim().to_owned(), home.trim().to_owned()));
            self.team = None;
        }
        let (Some(date), Some(game_time), Some((away, home))) = (self.date, &self.game_time, &self.teams)
        else {
            let missing = [self.date.is_none(), self.game_time.is_none(), true].iter().position(|none| *none);
            return Err(fault(missing.unwrap_or(0), "is empty, and no row above has it"));
        };
        if !team.is_empty() {
            let known = team_abbr(team).filter(|team| [away, home].iter().any(|side| side == team));
            self.team = Some(known.ok_or_else(|| fault(3, "is neither team of the match-up"))?);
        }
        let team = self.team.ok_or_else(|| fault(3, "is empty in the first row of a game"))?;
        let entry = if row.is_not_submitted {
            Entry::NotSubmitted
        } else {
            if player.trim().is_empty() {
                return Err(fault(4, "is empty in a row with a status"));
            }
            let status = InjuryStatus::parse(status)
                .ok_or_else(|| fault(STATUS, "is no status that the league has"))?;
            // Some have one name only.
            let name = player
                .split_once(',')
                .map_or_else(|| player.clone(), |(last, first)| format!("{} {}", first.trim(), last.trim()));
            let name = name.trim().to_owned();
            Entry::Player { name, status, reason: reason.clone() }
        };
        let (away_team, home_team) = (away.clone(), home.clone());
        Ok(Listing { place, date, game_time: game_time.clone(), away_team, home_team, team, entry })
    }
}

/// `01/13/2026`.
fn us_date(text: &str) -> Option<Date> {
    let mut parts = text.trim().split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::of(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}
