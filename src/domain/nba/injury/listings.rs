//! A date's injury listings as typed rows, with the league's ids of the players. Pure: payloads and what is known
//! before the date in, rows or a named fault out.
//!
//! The report has names and no ids. A name is looked for among those who were on a roster of the date or played
//! before it, first as it stands, then, within the team, without `Jr.`, `III` and the like, which some sources leave
//! out. A name that nobody has, or two have, stays without an id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Timelike, Utc};

use super::report::{Entry, Listing, Report};
use super::rows_injury_report::InjuryListing;
use super::status::{InjuryStatus, ReasonCategory};
use crate::domain::nba::history::Units;
use crate::domain::nba::identity::{person_name, player_lookup};
use crate::domain::nba::payload_fault::PayloadFault;
use crate::domain::nba::rows_raw::PlayerLog;
use crate::domain::nba::rows_rosters::Rostered;
use crate::domain::nba::rows_schedule::ScheduledGame;
use crate::flow::{Date, Millis, Payload};

/// The status of a team that has not submitted.
pub(super) const NOT_SUBMITTED: &str = "not_submitted";

/// A report is of the date itself, or of the day before it.
const DAYS_BEFORE: i32 = 1;

/// All that a date's listings are made from.
pub struct InjuryInput<'a> {
    /// The date.
    pub date: Date,
    /// Its landed reports.
    pub payloads: &'a [Payload],
    /// Its games.
    pub games: &'a [ScheduledGame],
    /// The rosters of the date; none where nobody asked for them.
    pub rosters: &'a [Rostered],
    /// The players' logs before the date.
    pub logs: &'a Units<'a, PlayerLog>,
}

/// The listings of the date's games, in the report's order. Games of other dates, and those that the
/// schedule does not have any more, are left out.
pub fn injury_listings(input: &InjuryInput<'_>) -> Result<Vec<InjuryListing>, PayloadFault> {
    let known = Names::of(input);
    let mut rows: Vec<InjuryListing> = Vec::new();
    for payload in input.payloads {
        let report = Report::read(payload)?;
        for (listing, game) in of_games(&report, payload, input.date, input.games)? {
            let row = row(game, listing, report.moment, &known);
            let is_same = |other: &&mut InjuryListing| {
                (&other.team_abbr, &other.player_lookup) == (&row.team_abbr, &row.player_lookup)
            };
            match rows.iter_mut().find(is_same) {
                // Of what stands twice the worse holds.
                Some(other) if InjuryStatus::parse(&other.status) < InjuryStatus::parse(&row.status) => {
                    *other = row;
                }
                Some(_) => {}
                None => rows.push(row),
            }
        }
    }
    Ok(rows)
}

/// What a report lists of a date's games, each with its game. It must have been made before each of them.
fn of_games<'r, 'g>(
    report: &'r Report,
    payload: &Payload,
    date: Date,
    games: &'g [ScheduledGame],
) -> Result<Vec<(&'r Listing, &'g ScheduledGame)>, PayloadFault> {
    let mut found = Vec::new();
    for listing in report.listings.iter().filter(|listing| listing.date == date) {
        let Some(game) = listing.game(games) else { continue };
        if tip_off(listing).is_some_and(|tip_off| report.moment >= tip_off) {
            let why = format!("is not after {}, when the report was made", report.moment.format(MOMENT));
            return Err(listing.place.fault(payload, "Game Time", &listing.game_time, &why));
        }
        found.push((listing, game));
    }
    Ok(found)
}

/// Whether these are reports on the date that nobody could have made after its first tip-off.
pub fn check_injury_report(
    payloads: &[Payload],
    date: Date,
    games: &[ScheduledGame],
    first_tip_off: Option<Millis>,
) -> Result<(), PayloadFault> {
    for payload in payloads {
        let report = Report::read(payload)?;
        let incomplete =
            |missing: String| PayloadFault::Incomplete { payloads: payload.name.to_string(), missing };
        if of_games(&report, payload, date, games)?.is_empty() {
            return Err(incomplete(format!("the report lists no game of {date}")));
        }
        let made = Date::from(report.moment.with_timezone(&chrono_tz::US::Eastern).date_naive());
        let is_late = first_tip_off.is_some_and(|first| report.moment.timestamp_millis() >= first);
        if is_late || !(date.plus_days(-DAYS_BEFORE)..=date).contains(&made) {
            let moment = report.moment.format(MOMENT);
            return Err(incomplete(format!(
                "the report is of {moment}, expected one before the first game of {date}"
            )));
        }
    }
    Ok(())
}

/// When a listed game begins, by the report: no game of the league begins before noon in the east, and none after
/// midnight.
fn tip_off(listing: &Listing) -> Option<DateTime<Utc>> {
    let time = NaiveTime::parse_from_str(&listing.game_time, "%H:%M").ok()?;
    let time = if time.hour() < 12 { time + Duration::hours(12) } else { time };
    let day = NaiveDate::from_epoch_days(listing.date.days())?;
    Some(chrono_tz::US::Eastern.from_local_datetime(&day.and_time(time)).earliest()?.to_utc())
}

/// Moments in rows.
const MOMENT: &str = "%Y-%m-%dT%H:%M:%SZ";

impl Listing {
    fn game<'g>(&self, games: &'g [ScheduledGame]) -> Option<&'g ScheduledGame> {
        games.iter().find(|game| *game.away_team == *self.away_team && *game.home_team == *self.home_team)
    }
}

fn row(game: &ScheduledGame, listing: &Listing, moment: DateTime<Utc>, known: &Names<'_>) -> InjuryListing {
    let opponent = if *game.home_team == *listing.team { &game.away_team } else { &game.home_team };
    let team_row = InjuryListing {
        game_id: Arc::clone(&game.game_id),
        nba_game_id: Arc::clone(&game.nba_game_id),
        game_date: listing.date,
        game_time: listing.game_time.as_str().into(),
        team_abbr: listing.team.into(),
        opponent_team_abbr: Arc::clone(opponent),
        player_id: None,
        player_lookup: "".into(),
        player_name: None,
        status: NOT_SUBMITTED.into(),
        reason: None,
        reason_category: None,
        report_time: moment.format(MOMENT).to_string().into(),
    };
    match &listing.entry {
        Entry::NotSubmitted => team_row,
        Entry::Player { name, status, reason } => {
            let lookup = player_lookup(name);
            InjuryListing {
                player_id: known.id(&lookup, listing.team),
                player_lookup: lookup.into(),
                player_name: Some(person_name(name)),
                status: status.code().into(),
                reason: Some(reason.as_str()).filter(|reason| !reason.is_empty()).map(Arc::from),
                reason_category: Some(ReasonCategory::of(reason).code().into()),
                ..team_row
            }
        }
    }
}

/// Whom names are of, by what is known before the date.
struct Names<'a> {
    /// Everybody who has a name.
    ids: BTreeMap<&'a str, BTreeSet<i64>>,
    /// Everybody's latest team.
    teams: BTreeMap<i64, &'a str>,
    /// Whether that is who he is with on the date.
    has_rosters: bool,
}

impl<'a> Names<'a> {
    fn of(input: &InjuryInput<'a>) -> Self {
        let has_rosters = !input.rosters.is_empty();
        let mut known = Self { ids: BTreeMap::new(), teams: BTreeMap::new(), has_rosters };
        for row in input.logs.iter().filter(|(date, _)| *date < input.date).flat_map(|(_, rows)| *rows) {
            known.add(&row.player_lookup, row.player_id, &row.team_abbr);
        }
        for row in input.rosters {
            known.add(&row.player_lookup, row.player_id, &row.team_abbr);
        }
        known
    }

    fn add(&mut self, lookup: &'a str, id: i64, team: &'a str) {
        self.ids.entry(lookup).or_default().insert(id);
        self.teams.insert(id, team);
    }

    /// The only one who has this name; of several the only one of the team.
    fn id(&self, lookup: &str, team: &str) -> Option<i64> {
        let of_team = |ids: &mut dyn Iterator<Item = i64>| {
            let found: BTreeSet<i64> = ids.filter(|id| self.teams.get(id) == Some(&team)).collect();
            found.first().copied().filter(|_| found.len() == 1)
        };
        if let Some(ids) = self.ids.get(lookup) {
            // Where the rosters are known, a namesake of another team is somebody else.
            let is_certain = ids.len() == 1 && !self.has_rosters;
            return if is_certain { ids.first().copied() } else { of_team(&mut ids.iter().copied()) };
        }
        let plain = without_suffix(lookup);
        let alike = self.ids.iter().filter(|(known, _)| without_suffix(known) == plain);
        of_team(&mut alike.flat_map(|(_, ids)| ids.iter().copied()))
    }
}

/// A normalised name without what tells fathers and sons apart.
fn without_suffix(lookup: &str) -> &str {
    ["jr", "sr", "iii", "ii", "iv"].iter().find_map(|suffix| lookup.strip_suffix(suffix)).unwrap_or(lookup)
}
