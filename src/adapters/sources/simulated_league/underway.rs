//! The league while it is played: what its service would answer at a moment, and a landing zone into which that is
//! fetched. A payload is there once its games are over, some are corrected in the days after, the service is
//! down at times, a game is put off on its very day, and the bracket is decided as it goes. All of it follows
//! from settings, date and moment. Reads the clock that it is given; writes below the landing zone alone.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone};
use serde_json::{Value, json};

use crate::fleet::{Clock, Fetched, Millis, Upstream};
use crate::flow::{Date, Failure, Permanent, Season, Transient};

use super::injuries;
use super::payloads::{self, Resource};
use super::season::{Game, PlayedSeason, Stage};
use super::teams::TEAMS;
use super::{League, LeagueError, SimulatedLeague, resource_of};
use crate::adapters::sources::ending;

const HOUR: Millis = 3_600_000;

/// From the tip-off of a date's last game until its payloads are there.
const LASTS: Millis = 2 * HOUR + HOUR / 2;

/// Tip-offs by a game's place in its date, in the league's own time. The later half ends past midnight.
const TIP_OFFS: [(u32, u32); 8] = [(19, 0), (22, 30), (19, 30), (22, 0), (20, 0), (13, 0), (21, 0), (15, 30)];

/// After a payload is first there: of one date in three it is corrected after half a day, of one after a day
/// and a half, of one never.
const CORRECTED_AFTER: [Option<Millis>; 3] = [Some(12 * HOUR), Some(36 * HOUR), None];

/// A game of the bracket is listed so long before its date.
const BRACKET_KNOWN: i32 = 2;

/// A game is put off at four in the afternoon of its day, universal time: after the day has opened.
const PUT_OFF: Millis = 20 * HOUR;

/// The service of a league whose seasons are being played, and the landing zone that it is fetched into.
pub struct LeagueUnderWay {
    league: SimulatedLeague,
    landing: PathBuf,
    clock: Arc<dyn Clock>,
    down: Vec<Range<Millis>>,
}

/// What the service says of a game.
struct Listed<'a> {
    game: &'a Game,
    date: Date,
    tip_off: Millis,
}

impl LeagueUnderWay {
    /// The league of these settings as it is at the clock's moment; its service is down in these spans.
    pub fn new(
        league: League,
        landing: &Path,
        clock: Arc<dyn Clock>,
        down: Vec<Range<Millis>>,
    ) -> Result<Self, LeagueError> {
        Ok(Self { league: SimulatedLeague::new(league)?, landing: landing.to_owned(), clock, down })
    }

    fn is_up(&self) -> Result<Millis, Failure> {
        let now = self.clock.now();
        if self.down.iter().any(|span| span.contains(&now)) {
            return Err(unavailable("down", "the simulated service is down".to_owned()));
        }
        Ok(now)
    }

    async fn land(&self, path: PathBuf, bytes: Vec<u8>) -> Result<Fetched, Failure> {
        let path = self.landing.join(path);
        let written = tokio::task::spawn_blocking(move || land(&path, &bytes)).await;
        let written = written.map_err(|error| io::Error::other(error.to_string())).flatten();
        written.map_err(|error| unavailable("landing_storage", error.to_string()))
    }
}

fn unavailable(code: &'static str, message: String) -> Failure {
    Transient { code, message }.into()
}

#[async_trait]
impl Upstream for LeagueUnderWay {
    async fn fetch(&self, source: &str, date: Date) -> Result<Fetched, Failure> {
        let now = self.is_up()?;
        let resource = resource_of(source)?;
        let Some(year) = self.league.year_of(date) else {
            return Err(Permanent::new("no_season", format!("the league has no season on {date}")).into());
        };
        let answer = self.league.with_season(year, move |season| answer(season, resource, date, now)).await?;
        let Some((label, bytes)) = answer? else { return Ok(Fetched::Nothing) };
        let name = format!("{date}.{}", ending(resource.name()));
        self.land(Path::new(resource.name()).join(label).join(name), bytes).await
    }

    async fn fetch_schedule(&self, season: Season) -> Result<Fetched, Failure> {
        let now = self.is_up()?;
        let year = season.start_year();
        if !self.league.league.seasons.contains(&year) {
            return Err(unavailable("not_final", format!("the schedule of {season} is not made yet")));
        }
        let list = self.league.with_season(year, move |season| schedule(season, now)).await?;
        self.land(Path::new(Resource::Schedule.name()).join(format!("{season}.json")), list.into_bytes())
            .await
    }
}

/// The folder within the source, and the payload; nothing where the date has none, and that is no failure.
fn answer(
    season: &PlayedSeason,
    resource: Resource,
    date: Date,
    now: Millis,
) -> Result<Option<(String, Vec<u8>)>, Failure> {
    let listed = listed(season, now);
    let of_date: Vec<&Listed<'_>> = listed.iter().filter(|listed| listed.date == date).collect();
    if resource == Resource::InjuryReport {
        let first = of_date.iter().map(|listed| listed.tip_off).min();
        let games: Vec<&Game> = of_date.iter().map(|listed| listed.game).collect();
        let is_there = injuries::exists(date) && first.is_some_and(|first| now < first);
        let label = format!("{}{}", season.season, games.first().map_or("", |game| part(game)));
        return Ok(is_there.then(|| (label, injuries::report(season, &games, date).to_vec())));
    }
    let over = of_date.iter().map(|listed| listed.tip_off + LASTS).max();
    let is_put_off = of_date.iter().any(|listed| listed.game.date != date);
    let Some(over) = over.filter(|over| *over <= now && !is_put_off) else {
        return Err(unavailable("not_final", format!("the games of {date} are not over")));
    };
    let payload = payloads::of_date(season, resource, date);
    let payload = payload.ok_or_else(|| unavailable("empty", format!("nothing of {date} is there")))?;
    let bytes = match corrected_after(date) {
        Some(after) if resource == Resource::PlayerGameLogs && now < over + after => {
            uncorrected(&payload.bytes)?
        }
        Some(_) | None => payload.bytes.to_vec(),
    };
    Ok(Some((format!("{}{}", season.season, part(of_date[0].game)), bytes)))
}

/// What tells a game's payloads from those of the regular season.
fn part(game: &Game) -> &'static str {
    match game.stage {
        Stage::Regular => "",
        Stage::Playoffs => "-playoffs",
    }
}

fn corrected_after(date: Date) -> Option<Millis> {
    CORRECTED_AFTER[date.days().rem_euclid(3) as usize]
}

/// The payload before its correction: the first player's line had another minute and another assist.
fn uncorrected(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let broken = || Permanent::new("simulation_broken", "a payload of the league's own has another shape");
    let mut payload: Value = serde_json::from_slice(bytes).map_err(|_| broken())?;
    let set = &mut payload["resultSets"][0];
    let headers = set["headers"].as_array().ok_or_else(broken)?.clone();
    for column in ["MIN", "AST"] {
        let at = headers.iter().position(|header| header == column).ok_or_else(broken)?;
        let cell = &mut set["rowSet"][0][at];
        *cell = json!(cell.as_i64().ok_or_else(broken)? + 1);
    }
    Ok(payload.to_string().into_bytes())
}

/// The games that the service lists at a moment, with the dates that it gives them.
fn listed(season: &PlayedSeason, now: Millis) -> Vec<Listed<'_>> {
    let put_off = put_off(season);
    let mut listed = Vec::new();
    for (at, game) in season.games.iter().enumerate() {
        let place = season.on(game.date).iter().position(|other| other.id == game.id).unwrap_or(0);
        let date = match put_off {
            Some((moved, first)) if moved == at && now < midnight(first) + PUT_OFF => first,
            Some(_) | None => game.date,
        };
        let is_known = game.stage == Stage::Regular || midnight(date.plus_days(-BRACKET_KNOWN)) <= now;
        if is_known {
            listed.push(Listed { game, date, tip_off: tip_off(date, place) });
        }
    }
    listed
}

/// The game of a season that is put off, and the date that it was first to be played on: one in the last third
/// of the regular season, from a date on which nobody else plays.
fn put_off(season: &PlayedSeason) -> Option<(usize, Date)> {
    let regular = season.games.partition_point(|game| game.stage == Stage::Regular);
    let free = |game: &Game| {
        let earlier = (1..8).map(|days| game.date.plus_days(-days));
        earlier.into_iter().find(|date| season.on(*date).is_empty() && *date > season.games[0].date)
    };
    (regular * 2 / 3..regular).find_map(|at| Some((at, free(&season.games[at])?)))
}

fn tip_off(date: Date, place: usize) -> Millis {
    let (hour, minute) = TIP_OFFS[place % TIP_OFFS.len()];
    let day = NaiveDate::from_epoch_days(date.days()).unwrap_or(NaiveDate::MAX);
    let local = day.and_time(NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or(NaiveTime::MIN));
    // In the afternoon and evening every time of day is there once.
    chrono_tz::US::Eastern.from_local_datetime(&local).earliest().map_or(0, |at| at.timestamp_millis())
}

/// A tip-off by a game's place in its date, as the injury report prints it.
pub(super) fn tip_off_told(place: usize) -> String {
    let (hour, minute) = TIP_OFFS[place % TIP_OFFS.len()];
    format!("{:02}:{minute:02} (ET)", (hour + 11) % 12 + 1)
}

fn midnight(date: Date) -> Millis {
    Millis::from(date.days()) * 24 * HOUR
}

fn schedule(season: &PlayedSeason, now: Millis) -> String {
    let games: Vec<Value> = listed(season, now)
        .into_iter()
        .map(|Listed { game, date, tip_off }| {
            let [home, away] = game.teams.map(|team| TEAMS[team].abbreviation);
            let tip_off = DateTime::from_timestamp_millis(tip_off).unwrap_or_default();
            json!({
                "game_id": game.id,
                "game_date": date.to_string(),
                "home_team": home,
                "away_team": away,
                "season_type": game.stage.name(),
                "tip_off": tip_off.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            })
        })
        .collect();
    json!({ "season": season.season.to_string(), "games": games }).to_string()
}

/// Replaces the file as a whole, unless it is the same.
fn land(path: &Path, bytes: &[u8]) -> io::Result<Fetched> {
    match fs::read(path) {
        Ok(present) if present == bytes => return Ok(Fetched::Unchanged),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let partial = path.with_extension("part");
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    File::open(folder)?.sync_all()?;
    Ok(Fetched::New)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A clock that the test sets.
    struct Set(Mutex<Millis>);

    #[async_trait]
    impl Clock for Set {
        fn now(&self) -> Millis {
            *self.0.lock().expect("one thread")
        }

        async fn sleep_until(&self, _deadline: Millis) {}
    }

    fn league() -> League {
        League { seed: 5, seasons: vec![2022], teams: 4, games_per_team: 12 }
    }

    #[tokio::test]
    async fn a_payload_is_there_after_the_games_and_corrected_later() {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(Set(Mutex::new(0)));
        let season = PlayedSeason::play(&league(), 2022);
        let date = season.dates().find(|date| date.days() % 3 == 0).expect("a date");
        let last = (0..season.on(date).len()).map(|place| tip_off(date, place)).max().expect("a game");
        let down = last + 30 * HOUR..last + 40 * HOUR;
        let under_way = LeagueUnderWay::new(league(), directory.path(), Arc::clone(&clock) as _, vec![down])
            .expect("a league");
        let path = directory.path().join(format!("player_game_logs/2022-23/{date}.json"));
        let code = |failure: Failure| match failure {
            Failure::Transient(transient) => transient.code,
            Failure::Permanent(permanent) => permanent.code,
        };
        let mut contents = Vec::new();
        for (name, at, expected) in [
            ("before the tip-off", last - HOUR, Err("not_final")),
            ("during the game", last + HOUR, Err("not_final")),
            ("after it", last + 3 * HOUR, Ok(Fetched::New)),
            ("again", last + 4 * HOUR, Ok(Fetched::Unchanged)),
            ("corrected", last + 20 * HOUR, Ok(Fetched::New)),
            ("the service is down", last + 35 * HOUR, Err("down")),
            ("for good", last + 90 * HOUR, Ok(Fetched::Unchanged)),
        ] {
            *clock.0.lock().expect("one thread") = at;
            let fetched = under_way.fetch("player_game_logs", date).await.map_err(code);
            assert_eq!(fetched, expected, "{name}");
            if fetched == Ok(Fetched::New) {
                contents.push(fs::read(&path).expect("a file"));
            }
        }
        assert_eq!(
            contents[1],
            payloads::of_date(&season, Resource::PlayerGameLogs, date).expect("logs").bytes
        );
        assert_ne!(contents[0], contents[1]);
    }

    #[test]
    fn one_game_of_a_season_moves_away_from_a_date_of_its_own() {
        let season = PlayedSeason::play(&league(), 2022);
        let (at, first) = put_off(&season).expect("a game that is put off");
        let dates =
            |now| -> Vec<Date> { listed(&season, now).into_iter().map(|listed| listed.date).collect() };
        let (before, after) = (dates(midnight(first) + PUT_OFF - 1), dates(midnight(first) + PUT_OFF));
        assert!(before.contains(&first) && !after.contains(&first));
        assert_eq!(after[at], season.games[at].date);
    }

    #[test]
    fn the_bracket_is_listed_as_it_is_decided() {
        let season = PlayedSeason::play(&league(), 2022);
        let last = season.games.last().expect("a game");
        assert_eq!(last.stage, Stage::Playoffs);
        let listed_at = |days| listed(&season, midnight(last.date.plus_days(days))).len();
        assert!(listed_at(-3) < season.games.len());
        assert_eq!(listed_at(-2), season.games.len());
    }
}
