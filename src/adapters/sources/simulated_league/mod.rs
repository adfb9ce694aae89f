//! The simulated league: whole seasons of invented games from one seed, as payloads in the shape of the
//! public service, so that the main job runs anywhere without a download. Every payload follows from the
//! settings and the date alone (in `underway.rs` also from a moment). Must not touch the network, the machine's
//! clock or (but for `landing.rs` and `underway.rs`) a file.

mod bookmakers;
mod boxscore;
mod chance;
mod game;
mod headers;
mod injuries;
mod json;
mod landing;
mod payloads;
mod players;
mod rosters;
mod schedule;
mod season;
mod shots;
mod teams;
mod underway;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::fleet::{Found, Source};
use crate::flow::{Date, Failure, Payload, Permanent};

pub use landing::LandingError;
pub use underway::LeagueUnderWay;

use payloads::Resource;
use season::PlayedSeason;

/// Which league: equal settings, equal payloads, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct League {
    /// All chance follows from it.
    pub seed: u64,
    /// The civil years in which the seasons start, in order.
    pub seasons: Vec<i32>,
    /// Teams: even, 2 to 30.
    pub teams: usize,
    /// Games of each team in a regular season. From 40 on a season has its break in February and long
    /// playoff series.
    pub games_per_team: usize,
}

/// Why settings are no league.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeagueError {
    /// A number of teams that cannot play.
    #[error("a league has an even number of teams from 2 to 30, not {0}")]
    Teams(usize),
    /// A number of games that no season holds.
    #[error("a team plays 1 to 82 games in a season, not {0}")]
    Games(usize),
    /// Seasons in no order, or none.
    #[error("the seasons of a league are years in rising order, at least one: {0:?}")]
    Seasons(Vec<i32>),
}

/// Seasons that are kept after use: a run goes through the dates in order and looks back into the season
/// before; about ten megabytes each.
const SEASONS_KEPT: usize = 3;

/// The source.
pub struct SimulatedLeague {
    league: Arc<League>,
    played: Arc<Mutex<VecDeque<Arc<PlayedSeason>>>>,
}

impl League {
    /// A league of the real size.
    #[must_use]
    pub fn full(seed: u64, seasons: Vec<i32>) -> Self {
        Self { seed, seasons, teams: 30, games_per_team: 82 }
    }
}

impl SimulatedLeague {
    /// The league of these settings. Nothing is played yet: a season is when it is first asked for.
    pub fn new(league: League) -> Result<Self, LeagueError> {
        if !league.teams.is_multiple_of(2) || !(2..=teams::TEAMS.len()).contains(&league.teams) {
            return Err(LeagueError::Teams(league.teams));
        }
        if !(1..=82).contains(&league.games_per_team) {
            return Err(LeagueError::Games(league.games_per_team));
        }
        let rising = league.seasons.windows(2).all(|pair| pair[0] < pair[1]);
        if league.seasons.is_empty() || !rising {
            return Err(LeagueError::Seasons(league.seasons));
        }
        Ok(Self { league: Arc::new(league), played: Arc::default() })
    }

    /// Works on the season that starts in `year`, away from the async threads: playing one takes a
    /// noticeable part of a second.
    async fn with_season<T: Send + 'static>(
        &self,
        year: i32,
        work: impl FnOnce(&PlayedSeason) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (league, played) = (Arc::clone(&self.league), Arc::clone(&self.played));
        let task = tokio::task::spawn_blocking(move || work(&season_of(&league, &played, year)));
        task.await
            .map_err(|error| Permanent::new("simulation_broken", format!("season {year}: {error}")).into())
    }

    /// The year in which the season of a date starts, if the league has that season.
    fn year_of(&self, date: Date) -> Option<i32> {
        let year = if date.month() >= 8 { date.year() } else { date.year() - 1 };
        self.league.seasons.contains(&year).then_some(year)
    }
}

/// The season, played at most once while it is kept. The lock is held meanwhile: whoever else wants a
/// season would have to wait for it anyhow.
fn season_of(league: &League, played: &Mutex<VecDeque<Arc<PlayedSeason>>>, year: i32) -> Arc<PlayedSeason> {
    let mut played = played.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = played.iter().position(|season| season.season.start_year() == year);
    let season = match kept.and_then(|at| played.remove(at)) {
        Some(season) => season,
        None => Arc::new(PlayedSeason::play(league, year)),
    };
    played.push_back(Arc::clone(&season));
    while played.len() > SEASONS_KEPT {
        played.pop_front();
    }
    season
}

fn resource_of(source: &str) -> Result<Resource, Failure> {
    Resource::parse(source).ok_or_else(|| {
        let known = Resource::ALL.map(Resource::name).join(", ");
        let message = format!("the simulated league has no source `{source}`; it has {known}");
        Permanent::new("source_unknown", message).into()
    })
}

#[async_trait]
impl Source for SimulatedLeague {
    async fn calendar(&self, source: &str) -> Result<Vec<Payload>, Failure> {
        let mut payloads = Vec::new();
        match resource_of(source)? {
            Resource::Schedule => {
                for year in self.league.seasons.clone() {
                    payloads.push(self.with_season(year, payloads::season_schedule).await?);
                }
            }
            Resource::PlayerGameLogs
            | Resource::TeamGameLogs
            | Resource::ShotChartDetail
            | Resource::PlayerProps
            | Resource::PlayerIndex
            | Resource::InjuryReport => {
                let message = format!("`{source}` has no calendar; only `schedule` has");
                return Err(Permanent::new("source_unknown", message).into());
            }
        }
        Ok(payloads)
    }

    async fn stamp(&self, source: &str, date: Date) -> Result<Found<String>, Failure> {
        let resource = resource_of(source)?;
        let Some(year) = self.year_of(date) else {
            return Ok(Found::Nothing);
        };
        let exists = self.with_season(year, move |season| payloads::exists(season, resource, date)).await?;
        let settings = format!("{:?} {}", self.league, payloads::REVISION);
        Ok(exists.then(|| blake3::hash(settings.as_bytes()).to_hex()[..16].to_owned()).into())
    }

    async fn payloads(&self, source: &str, date: Date) -> Result<Found<Vec<Payload>>, Failure> {
        let resource = resource_of(source)?;
        let Some(year) = self.year_of(date) else {
            return Ok(Found::Nothing);
        };
        self.with_season(year, move |season| {
            payloads::of_date(season, resource, date).map(|payload| vec![payload]).into()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::season::Stage;

    use super::*;

    /// A row of a payload by column.
    type Cells = BTreeMap<String, Value>;

    fn small() -> League {
        League { seed: 11, seasons: vec![2022, 2023], teams: 8, games_per_team: 24 }
    }

    fn rows(season: &PlayedSeason, resource: Resource, date: Date) -> Vec<Cells> {
        let Some(payload) = payloads::of_date(season, resource, date) else {
            return Vec::new();
        };
        let value: Value = serde_json::from_slice(&payload.bytes).expect("JSON");
        let set = &value["resultSets"][0];
        let headers: Vec<&str> =
            set["headers"].as_array().expect("headers").iter().map(|h| h.as_str().expect("text")).collect();
        let cells = |row: &Value| {
            let row = row.as_array().expect("row");
            assert_eq!(row.len(), headers.len());
            headers.iter().map(|h| (*h).to_owned()).zip(row.iter().cloned()).collect()
        };
        set["rowSet"].as_array().expect("rows").iter().map(cells).collect()
    }

    fn int(row: &Cells, column: &str) -> i64 {
        row[column].as_i64().unwrap_or_else(|| panic!("{column}: {:?}", row[column]))
    }

    fn sum<'a>(rows: impl IntoIterator<Item = &'a Cells>, column: &str) -> i64 {
        rows.into_iter().map(|row| int(row, column)).sum()
    }

    #[test]
    fn box_scores_add_up() {
        let season = PlayedSeason::play(&small(), 2023);
        let (mut short_spells, mut no_attempt, mut overtimes) = (0, 0, 0);
        for date in season.dates() {
            let players = rows(&season, Resource::PlayerGameLogs, date);
            for team in rows(&season, Resource::TeamGameLogs, date) {
                let of_team = |row: &&Cells| {
                    row["GAME_ID"] == team["GAME_ID"] && row["TEAM_ABBREVIATION"] == team["TEAM_ABBREVIATION"]
                };
                let own: Vec<&Cells> = players.iter().filter(of_team).collect();
                for column in ["PTS", "REB", "AST", "STL", "BLK"] {
                    assert_eq!(sum(own.iter().copied(), column), int(&team, column), "{column}");
                }
                assert!((0..4).contains(&(int(&team, "TOV") - sum(own.iter().copied(), "TOV"))));
                let plus_minus = sum(own.iter().copied(), "PLUS_MINUS");
                assert_eq!(plus_minus, 5 * int(&team, "PLUS_MINUS"));
                let minutes = sum(own.iter().copied(), "MIN");
                let overtime = (minutes - 228) / 25;
                overtimes += i64::from(overtime > 0);
                assert!((minutes - 240 - 25 * overtime).abs() <= 4, "{minutes} minutes");
                assert_eq!(team["WL"] == "W", int(&team, "PLUS_MINUS") > 0);
            }
            for row in players.iter().filter(|row| row.contains_key("FGM")) {
                let points = 2 * int(row, "FGM") + int(row, "FG3M") + int(row, "FTM");
                assert_eq!(int(row, "PTS"), points);
                assert_eq!(int(row, "REB"), int(row, "OREB") + int(row, "DREB"));
                assert!(int(row, "FGM") <= int(row, "FGA") && int(row, "PF") <= 6);
                short_spells += i64::from(int(row, "MIN") == 0);
                no_attempt += i64::from(row["FG3_PCT"].is_null());
            }
        }
        let met = [short_spells, no_attempt, overtimes];
        assert!(met.iter().all(|times| *times > 0), "short spells, nulls, overtimes: {met:?}");
    }

    #[test]
    fn shots_agree_with_box_scores() {
        let season = PlayedSeason::play(&small(), 2023);
        let (mut without, mut partial, mut with_event, mut without_event) = (0, 0, 0, 0);
        for date in season.dates().filter(|date| season.on(*date)[0].stage == Stage::Regular) {
            let shots = rows(&season, Resource::ShotChartDetail, date);
            let games: BTreeSet<_> = shots.iter().map(|row| row["GAME_ID"].to_string()).collect();
            without += i32::from(games.is_empty());
            partial += i32::from(!games.is_empty() && games.len() < season.on(date).len());
            if let Some(shot) = shots.first() {
                let event = shot.contains_key("GAME_EVENT_ID");
                with_event += i32::from(event);
                without_event += i32::from(!event);
            }
            for player in rows(&season, Resource::PlayerGameLogs, date) {
                if !games.contains(&player["GAME_ID"].to_string()) {
                    continue;
                }
                let own: Vec<&Cells> =
                    shots.iter().filter(|shot| shot["PLAYER_ID"] == player["PLAYER_ID"]).collect();
                assert_eq!(own.len() as i64, int(&player, "FGA"));
                assert_eq!(sum(own.iter().copied(), "SHOT_MADE_FLAG"), int(&player, "FGM"));
                let threes = own.iter().filter(|shot| shot["SHOT_TYPE"] == "3PT Field Goal");
                assert_eq!(threes.count() as i64, int(&player, "FG3A"));
                assert!(own.iter().all(|shot| shot["TEAM_ID"] == player["TEAM_ID"]));
            }
        }
        assert_eq!(without, 1);
        assert!(partial <= 1 && with_event > 0 && without_event > 0);
    }

    #[test]
    fn headers_are_those_of_the_season_and_type() {
        for (year, stage, resource, columns) in [
            (2020, Stage::Regular, Resource::PlayerGameLogs, 31),
            (2023, Stage::Regular, Resource::PlayerGameLogs, 33),
            (2023, Stage::Playoffs, Resource::PlayerGameLogs, 19),
            (2023, Stage::Regular, Resource::TeamGameLogs, 18),
            (2023, Stage::Playoffs, Resource::TeamGameLogs, 57),
        ] {
            let league = League { seasons: vec![year], teams: 4, games_per_team: 6, ..small() };
            let season = PlayedSeason::play(&league, year);
            let date = season.dates().find(|date| season.on(*date)[0].stage == stage).expect("a date");
            let found = rows(&season, resource, date);
            assert_eq!(found[0].len(), columns, "{year} {stage:?} {resource:?}");
            assert!(found.iter().flat_map(BTreeMap::values).all(|cell| cell != "null"));
        }
        // Every column is known to whoever fills the rows: nulls are shares without attempts only.
        let season = PlayedSeason::play(&small(), 2023);
        for date in season.dates() {
            for resource in [Resource::PlayerGameLogs, Resource::TeamGameLogs, Resource::ShotChartDetail] {
                for (column, cell) in rows(&season, resource, date).into_iter().flatten() {
                    assert!(!cell.is_null() || column.ends_with("_PCT"), "{column} on {date}");
                }
            }
        }
    }

    #[test]
    fn a_full_season_looks_like_a_real_one() {
        let season = PlayedSeason::play(&League::full(1, vec![2023]), 2023);
        let regular: Vec<_> = season.games.iter().filter(|g| g.stage == Stage::Regular).collect();
        let playoffs = season.games.len() - regular.len();
        assert_eq!(regular.len(), 1230);
        assert!((60..=105).contains(&playoffs), "{playoffs} playoff games");
        let mean = |of: &dyn Fn(&season::Game) -> f64| {
            regular.iter().map(|game| of(game)).sum::<f64>() / regular.len() as f64
        };
        let points = mean(&|game| game.played.points().iter().sum::<i64>() as f64 / 2.0);
        let home = mean(&|game| f64::from(game.played.points()[0] > game.played.points()[1]));
        let rows = mean(&|game| (game.played.lines[0].len() + game.played.lines[1].len()) as f64);
        let shots = mean(&|game| game.played.shots.len() as f64 / 2.0);
        let overtime = mean(&|game| f64::from(game.played.overtimes > 0));
        let rebounds =
            mean(&|game| game.played.lines[0].iter().map(boxscore::Line::rebounds).sum::<i64>() as f64);
        let mut by_player: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
        for line in regular.iter().flat_map(|game| game.played.lines.iter().flatten()) {
            by_player.entry(line.player).or_default().push(line.points());
        }
        let best = by_player
            .values()
            .filter(|games| games.len() > 40)
            .map(|games| games.iter().sum::<i64>() as f64 / games.len() as f64)
            .fold(0.0, f64::max);
        let figures = format!(
            "{points:.1} points, home wins {home:.3}, {rows:.1} players, {shots:.1} shots, \
             {overtime:.3} overtime, {rebounds:.1} rebounds, best scorer {best:.1}, {} players, {playoffs}",
            by_player.len()
        );
        assert!((111.0..118.0).contains(&points), "{figures}");
        assert!((0.51..0.59).contains(&home), "{figures}");
        assert!((20.0..23.0).contains(&rows), "{figures}");
        assert!((86.0..92.0).contains(&shots), "{figures}");
        assert!((0.015..0.08).contains(&overtime), "{figures}");
        assert!((41.0..46.0).contains(&rebounds), "{figures}");
        assert!((26.0..39.0).contains(&best), "{figures}");
        assert!((480..600).contains(&by_player.len()), "{figures}");
    }

    #[test]
    fn players_move_change_their_spelling_and_stay_unique() {
        let league = League { teams: 30, games_per_team: 40, ..small() };
        let mut names: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        let mut teams: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        for year in [2022, 2023] {
            let season = PlayedSeason::play(&league, year);
            for date in season.dates() {
                let mut on_date = BTreeSet::new();
                for row in rows(&season, Resource::PlayerGameLogs, date) {
                    let id = int(&row, "PLAYER_ID");
                    assert!(on_date.insert(id), "{id} plays twice on {date}");
                    names.entry(id).or_default().insert(row["PLAYER_NAME"].to_string());
                    if year == 2023 {
                        teams.entry(id).or_default().insert(row["TEAM_ABBREVIATION"].to_string());
                    }
                }
            }
        }
        let several = |sets: &BTreeMap<i64, BTreeSet<String>>| sets.values().filter(|s| s.len() > 1).count();
        assert!(several(&names) >= 5, "spellings change");
        assert!((20..120).contains(&several(&teams)), "{} players were traded", several(&teams));
        let all: Vec<&String> = names.values().flatten().collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "no name stands for two");
    }

    #[tokio::test]
    async fn payloads_follow_from_settings_and_date_alone() {
        let (one, other) =
            (SimulatedLeague::new(small()).expect("league"), SimulatedLeague::new(small()).expect("league"));
        let dates: Vec<Date> = season_of(&one.league, &one.played, 2023).dates().collect();
        for resource in Resource::ALL {
            let mut found = 0;
            // The other league is asked in the opposite order, and never plays the first season.
            for date in dates.iter().rev().step_by(5) {
                let expected = one.payloads(resource.name(), *date).await.expect("payloads");
                assert_eq!(other.payloads(resource.name(), *date).await.expect("payloads"), expected);
                let stamp = one.stamp(resource.name(), *date).await.expect("stamp");
                let is_there = matches!(expected, Found::There(_));
                assert_eq!(matches!(stamp, Found::There(_)), is_there);
                found += usize::from(is_there);
            }
            assert!(found > 5, "{resource:?}");
        }
        let calendar = one.calendar("schedule").await.expect("calendar");
        assert_eq!(calendar.len(), 2);
        let value: Value = serde_json::from_slice(&calendar[1].bytes).expect("JSON");
        let listed: BTreeSet<&str> = value["games"]
            .as_array()
            .expect("games")
            .iter()
            .filter_map(|g| g["game_date"].as_str())
            .collect();
        assert_eq!(
            listed,
            dates.iter().map(Date::to_string).collect::<BTreeSet<_>>().iter().map(String::as_str).collect()
        );
        let beyond = Date::parse("2030-01-01").expect("date");
        assert_eq!(one.payloads("schedule", beyond).await.expect("none"), Found::Nothing);
        assert!(one.payloads("odds", dates[0]).await.is_err());
        assert!(one.calendar("player_game_logs").await.is_err());
    }

    #[test]
    fn settings_that_are_no_league_are_refused() {
        for (league, fault) in [
            (League { teams: 7, ..small() }, LeagueError::Teams(7)),
            (League { games_per_team: 0, ..small() }, LeagueError::Games(0)),
            (League { seasons: vec![], ..small() }, LeagueError::Seasons(vec![])),
            (League { seasons: vec![2023, 2022], ..small() }, LeagueError::Seasons(vec![2023, 2022])),
        ] {
            assert_eq!(SimulatedLeague::new(league).err(), Some(fault));
        }
    }

    #[test]
    fn a_landing_zone_holds_the_same_payloads() {
        let league = League { seasons: vec![2023], ..small() };
        let source = SimulatedLeague::new(league).expect("league");
        let directory = tempfile::tempdir().expect("directory");
        source.write_landing_zone(directory.path()).expect("written");
        let season = season_of(&source.league, &source.played, 2023);
        for (path, stage) in [("2023-24.zip", Stage::Regular), ("2023-24-playoffs.zip", Stage::Playoffs)] {
            let path = directory.path().join("player_game_logs").join(path);
            let mut zip = zip::ZipArchive::new(std::fs::File::open(path).expect("file")).expect("zip");
            let dates: Vec<Date> = season.dates().filter(|date| season.on(*date)[0].stage == stage).collect();
            assert_eq!(zip.len(), dates.len());
            for date in dates {
                let mut member = zip.by_name(&format!("{date}.json")).expect("member");
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut member, &mut bytes).expect("bytes");
                let payload = payloads::of_date(&season, Resource::PlayerGameLogs, date);
                assert_eq!(payload.expect("payload").bytes, bytes);
            }
        }
        let shots = directory.path().join("shot_chart_detail");
        assert!(shots.join("2023-24.zip").exists() && !shots.join("2023-24-playoffs.zip").exists());
        let file = std::fs::File::open(directory.path().join("schedule/2023-24.json.gz")).expect("file");
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).expect("text");
        assert_eq!(payloads::season_schedule(&season).bytes, text.as_bytes());
    }
}
