//! Bookmakers' spreads and totals as typed rows, and what a game's contexts take from them. Pure: offers in, rows or a
//! named fault out. The payload's shape is in `offers.rs`; other markets are left alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::history::Keyed;
use super::offers::{DateOffers, Outcome, Place, rank, shown};
use super::payload_fault::PayloadFault;
use super::rows_game_lines::GameLine;
use super::rows_schedule::ScheduledGame;
use crate::flow::Date;

const SPREADS: &str = "spreads";
const TOTALS: &str = "totals";
/// No spread is as wide as this, and no total outside of these.
const SPREAD_MAX: f64 = 60.0;
const TOTAL: std::ops::Range<f64> = 100.0..400.0;

/// The lines of a date, by game and bookmaker.
pub fn game_lines(offers: &DateOffers<'_>, date: Date) -> Result<Vec<GameLine>, PayloadFault> {
    let mut rows = Vec::new();
    for place in offers.latest(date)? {
        rows.extend(of_game(place, date)?);
    }
    Ok(rows)
}

/// One row a bookmaker that has either line.
fn of_game(place: Place<'_>, date: Date) -> Result<Vec<GameLine>, PayloadFault> {
    let event = &place.snapshot.data;
    let mut lines: BTreeMap<&str, [Option<f64>; 2]> = BTreeMap::new();
    let markets = [(SPREADS, spread as fn(_, &_) -> _), (TOTALS, total)];
    for (at, (market, line)) in markets.into_iter().enumerate() {
        for (bookmaker, outcome) in event.outcomes(market) {
            let line = line(place, outcome)?;
            let known = &mut lines.entry(bookmaker).or_default()[at];
            if known.is_some_and(|known| known != line) {
                return Err(place.contradiction(format!("{market} of {bookmaker}")));
            }
            *known = Some(line);
        }
    }
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let [home_team, away_team] = place.teams()?;
    let row = |(bookmaker, [home_spread, total]): (&str, [Option<f64>; 2])| GameLine {
        home_team: Arc::clone(&home_team),
        away_team: Arc::clone(&away_team),
        bookmaker: bookmaker.into(),
        home_spread,
        total,
        game_date: date,
        event_id: event.id.as_str().into(),
        commence_time: event.commence_time.as_str().into(),
        snapshot_time: place.snapshot.timestamp.as_str().into(),
    };
    Ok(lines.into_iter().map(row).collect())
}

/// The home team's spread, whichever side an outcome is of.
fn spread(place: Place<'_>, outcome: &Outcome) -> Result<f64, PayloadFault> {
    let event = &place.snapshot.data;
    let point = match outcome.point {
        Some(point) if point.abs() < SPREAD_MAX => point,
        other => return Err(place.fault("point", shown(other), "is no spread of a game")),
    };
    if outcome.name == event.home_team {
        Ok(point)
    } else if outcome.name == event.away_team {
        Ok(0.0 - point)
    } else {
        Err(place.fault("name", format!("`{}`", outcome.name), "is neither of the game's teams"))
    }
}

fn total(place: Place<'_>, outcome: &Outcome) -> Result<f64, PayloadFault> {
    if !matches!(&*outcome.name, "Over" | "Under") {
        return Err(place.fault("name", format!("`{}`", outcome.name), "is neither `Over` nor `Under`"));
    }
    match outcome.point {
        Some(point) if TOTAL.contains(&point) => Ok(point),
        other => Err(place.fault("point", shown(other), "is no total of a game")),
    }
}

/// A game by its teams, home and away.
type Teams<'a> = (&'a str, &'a str);

/// A value and whose offer it is of.
type Offered<'a> = Option<(&'a GameLine, f64)>;

/// What is offered on the games of a date, spread and total, of each the first bookmaker's that has it.
pub(super) struct GameOffers<'a>(Keyed<Teams<'a>, [Offered<'a>; 2]>);

impl<'a> GameOffers<'a> {
    /// Of all lines of the date.
    pub(super) fn of(lines: &'a [GameLine]) -> Self {
        let mut best = Keyed::<Teams<'_>, [Offered<'_>; 2]>::default();
        for line in lines {
            let places = best.entry((&*line.home_team, &*line.away_team)).or_default();
            for (place, value) in places.iter_mut().zip([line.home_spread, line.total]) {
                let is_first = place.is_none_or(|(known, _)| rank(&line.bookmaker) < rank(&known.bookmaker));
                if let Some(value) = value.filter(|_| is_first) {
                    *place = Some((line, value));
                }
            }
        }
        Self(best)
    }

    /// Points that a team is given.
    pub(super) fn spread(&self, game: &ScheduledGame, home: bool) -> Option<f64> {
        self.get(game, 0).map(|spread| if home { spread } else { 0.0 - spread })
    }

    /// The line on both teams' points.
    pub(super) fn total(&self, game: &ScheduledGame) -> Option<f64> {
        self.get(game, 1)
    }

    fn get(&self, game: &ScheduledGame, at: usize) -> Option<f64> {
        self.0.get(&(&*game.home_team, &*game.away_team))?[at].map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::flow::Payload;

    /// The markets of bookmakers on Phoenix at Indiana.
    fn read(bookmakers: &[(&str, &str)]) -> Result<Vec<GameLine>, PayloadFault> {
        read_of(["Indiana Pacers", "Phoenix Suns"], bookmakers)
    }

    fn read_of([home, away]: [&str; 2], bookmakers: &[(&str, &str)]) -> Result<Vec<GameLine>, PayloadFault> {
        let bookmakers: Vec<String> = bookmakers
            .iter()
            .map(|(key, markets)| format!(r#"{{"key":"{key}","markets":[{markets}]}}"#))
            .collect();
        let text = format!(
            r#"{{"snapshots":[{{"timestamp":"2024-01-26T23:00:00Z","data":{{"id":"e1","commence_time":"2024-01-27T00:10:00Z","home_team":"{home}","away_team":"{away}","bookmakers":[{}]}}}}]}}"#,
            bookmakers.join(",")
        );
        let date = Date::parse("2024-01-26").expect("date");
        let payloads = [Payload::of("player_props/2023-24/2024-01-26.json", text)];
        game_lines(&DateOffers::read(&payloads)?, date)
    }

    fn market(key: &str, outcomes: &[(&str, f64)]) -> String {
        let outcome =
            |(name, point): &(&str, f64)| format!(r#"{{"name":"{name}","price":-110,"point":{point:.1}}}"#);
        let outcomes: Vec<String> = outcomes.iter().map(outcome).collect();
        format!(r#"{{"key":"{key}","outcomes":[{}]}}"#, outcomes.join(","))
    }

    fn spreads(home: f64) -> String {
        market("spreads", &[("Indiana Pacers", home), ("Phoenix Suns", -home)])
    }

    fn totals(total: f64) -> String {
        market("totals", &[("Over", total), ("Under", total)])
    }

    #[test]
    fn each_bookmaker_has_a_row_with_what_he_offers() {
        let both = format!("{},{}", spreads(2.5), totals(241.5));
        let rows = read(&[("fanduel", &both), ("draftkings", &totals(240.0)), ("betmgm", "")]).expect("rows");
        let found: Vec<_> = rows.iter().map(|row| (&*row.bookmaker, row.home_spread, row.total)).collect();
        assert_eq!(found, [("draftkings", None, Some(240.0)), ("fanduel", Some(2.5), Some(241.5))]);
        assert_eq!((&*rows[0].home_team, &*rows[0].away_team), ("IND", "PHX"));
    }

    #[test]
    fn a_game_takes_the_first_bookmakers_and_each_team_its_side() {
        let both = format!("{},{}", spreads(2.5), totals(241.5));
        let rows = read(&[("betmgm", &spreads(9.0)), ("fanduel", &both), ("draftkings", &totals(240.0))]);
        let rows = rows.expect("rows");
        let offers = GameOffers::of(&rows);
        let date = Date::parse("2024-01-26").expect("date");
        let game = fixture::game(date, "PHX", "IND");
        assert_eq!([true, false].map(|home| offers.spread(&game, home)), [Some(2.5), Some(-2.5)]);
        assert_eq!(offers.total(&game), Some(240.0));
        let other = fixture::game(date, "IND", "PHX");
        assert_eq!((offers.spread(&other, true), offers.total(&other)), (None, None));
    }

    #[test]
    fn both_teams_of_the_same_town_are_told_apart() {
        let town = |home, away| {
            let rows = read_of([home, away], &[("fanduel", &totals(230.0))]).expect("rows");
            (rows[0].home_team.to_string(), rows[0].away_team.to_string())
        };
        let expected = ("LAC".to_owned(), "LAL".to_owned());
        assert_eq!(town("Los Angeles Clippers", "Los Angeles Lakers"), expected);
        assert_eq!(town("LA Clippers", "Los Angeles Lakers"), expected);
    }

    #[test]
    fn faults_name_snapshot_field_and_value() {
        let cases = [
            (market("spreads", &[("Boston Celtics", 2.5)]), "payload_value", "Boston Celtics"),
            (market("spreads", &[("Phoenix Suns", 99.0)]), "payload_value", "99"),
            (market("totals", &[("Draw", 230.0)]), "payload_value", "Draw"),
            (market("totals", &[("Over", 2.5)]), "payload_value", "2.5"),
            (
                r#"{"key":"totals","outcomes":[{"name":"Over","price":-110}]}"#.to_owned(),
                "payload_value",
                "nothing",
            ),
            (
                market("totals", &[("Over", 230.0), ("Under", 231.0)]),
                "payload_contradiction",
                "totals of fanduel",
            ),
            (
                market("spreads", &[("Indiana Pacers", 2.5), ("Phoenix Suns", 2.5)]),
                "payload_contradiction",
                "spreads of fanduel",
            ),
        ];
        for (markets, code, part) in cases {
            let fault = read(&[("fanduel", &markets)]).expect_err(part);
            let message = fault.to_string();
            assert_eq!(fault.code(), code, "{message}");
            assert!(message.contains(part) && message.contains("2024-01-26.json"), "{message}");
        }
        let fault =
            read_of(["Team Stars", "Phoenix Suns"], &[("fanduel", &totals(230.0))]).expect_err("no team");
        assert!(fault.to_string().contains("Team Stars"), "{fault}");
    }
}
