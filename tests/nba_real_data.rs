//! The real seasons, held against the figures that the data's own description tells: landing, raw rows and
//! the three game summaries date by date, the whole cascade in the fleet's plain sequential loop, and how good the
//! points model is. Only by name: `cargo test --test nba_real_data`; `TIDEGATE_DATA` names the directory that has `nba/`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tidegate::adapters::lake::MemoryLake;
use tidegate::adapters::ledger::InlineLedger;
use tidegate::adapters::objects::MemoryStore;
use tidegate::adapters::sources::LandingZone;
use tidegate::domain::nba::points::{
    FEATURE_SLOTS, ModelReport, Part, PointsModel, PointsTraining, Population, PopulationScore, points_model,
};
use tidegate::domain::nba::{
    PlayerGame, PlayerLog, ScheduledGame, Shot, TeamDefense, TeamLog, TeamOffense, constant_over_a_season,
    feature_spread, thresholds,
};
use tidegate::fleet::{Bus, Engine, Found, Ports, Source, SystemClock, Threads, Traced, sequential};
use tidegate::flow::{
    Calendar, Cascade, Completion, Computed, Content, Dataset, DatasetName, Date, DeadLetterNotice, Failure,
    Inputs, Permanent, Pipeline, Presence, Processor, Row, Season, SkipReason, Step, Unit, Upstream, Window,
    WorkOrder,
};
use tidegate::pipelines::nba::{
    ML_FEATURE_STORE, NBA, PLAYER_DAILY_CACHE, PLAYER_GAME_LOGS, PLAYER_GAME_SUMMARY, POINTS_FEATURES,
    POINTS_TRAINING, PREDICTION_LEADERBOARD, SCHEDULE, SHOTS, TEAM_DEFENSE_GAME_SUMMARY, TEAM_GAME_LOGS,
    TEAM_OFFENSE_GAME_SUMMARY,
};

/// What a date's units hold.
type Units = BTreeMap<DatasetName, Content>;

#[expect(clippy::disallowed_methods, reason = "a test's setting, read where the test begins")]
fn landing_zone() -> LandingZone {
    let data = std::env::var("TIDEGATE_DATA")
        .map(PathBuf::from)
        .expect("TIDEGATE_DATA must name the directory that has nba/schedule");
    let nba = data.join("nba");
    assert!(
        nba.join("schedule").is_dir(),
        "{} has no NBA data; set TIDEGATE_DATA to the directory that has nba/schedule",
        data.display()
    );
    LandingZone::open(&nba).expect("the landing zone")
}

async fn calendar(source: &impl Source) -> Calendar {
    let payloads = source.calendar(NBA.calendar_source).await.expect("season lists");
    (NBA.calendar)(&payloads).expect("a calendar")
}

/// All processors whose inputs are of the same date, each after what it reads.
fn same_date_processors() -> Vec<Processor> {
    let mut left: Vec<Processor> = (NBA.processors.iter().copied())
        .filter(|p| p.reads.iter().all(|input| input.window == Window::SameDate))
        .collect();
    let mut ordered: Vec<Processor> = Vec::new();
    while !left.is_empty() {
        let known: BTreeSet<DatasetName> = ordered.iter().map(|p| p.writes).collect();
        let ready = |p: &Processor| p.reads.iter().all(|input| known.contains(&input.dataset));
        let (now, later): (Vec<_>, Vec<_>) = left.into_iter().partition(ready);
        if now.is_empty() {
            break; // What is left reads a dataset that reads other dates.
        }
        ordered.extend(now);
        left = later;
    }
    ordered
}

/// Computes one date; the first failure ends it.
async fn compute_date(
    source: &impl Source,
    calendar: &Calendar,
    processors: &[Processor],
    date: Date,
) -> Result<Units, (DatasetName, Failure)> {
    let at = calendar.index_of(date).expect("a date of the calendar");
    let mut units = Units::new();
    for processor in processors {
        let content = match processor.step {
            Step::Land { source: name, presence } => {
                let payloads = source.payloads(name, date).await.map_err(|f| (processor.writes, f))?;
                match (payloads, presence) {
                    (Found::There(payloads), _) => Content::Payloads(payloads.into()),
                    (Found::Nothing, Presence::Optional) => Content::Skipped(SkipReason::NotInSource),
                    (Found::NotYet, _) | (Found::Nothing, Presence::Required) => {
                        panic!("{date}: {name} has no payload")
                    }
                }
            }
            Step::Publish { .. } => continue,
            Step::Compute { compute, decode, .. } => {
                let reads = |dataset| (dataset, vec![Upstream { date, content: units[&dataset].clone() }]);
                let inputs = processor.reads.iter().map(|input| reads(input.dataset)).collect();
                let skipped = processor.reads.iter().find_map(|input| match &units[&input.dataset] {
                    Content::Skipped(reason) if input.presence == Presence::Required => Some(*reason),
                    _ => None,
                });
                match skipped {
                    Some(reason) => Content::Skipped(reason),
                    None => match compute(&Inputs::new(calendar, at, inputs))
                        .map_err(|permanent: Permanent| (processor.writes, permanent.into()))?
                    {
                        Computed::Rows(output) => {
                            let written = output.frame().rows() as u64;
                            assert!(written >= output.expected(), "{} {date}", processor.writes);
                            // The round trip through columns is what a lake does.
                            Content::Rows(decode(output.frame()).expect("own columns"))
                        }
                        Computed::Skipped(reason) => Content::Skipped(reason),
                    },
                }
            }
        };
        units.insert(processor.writes, content);
    }
    Ok(units)
}

fn rows<R: Row>(units: &Units, dataset: Dataset<R>) -> &[R] {
    match &units[&dataset.name()] {
        Content::Rows(rows) => rows.downcast_ref::<Vec<R>>().expect("the dataset's rows"),
        Content::Skipped(_) => &[],
        Content::Payloads(_) => panic!("payloads"),
    }
}

/// Everything of one season that the checks need.
#[derive(Default)]
struct Loaded {
    games: Vec<ScheduledGame>,
    player_logs: Vec<PlayerLog>,
    team_logs: Vec<TeamLog>,
    shots: Vec<Shot>,
    offense: Vec<TeamOffense>,
    defense: Vec<TeamDefense>,
    players: Vec<PlayerGame>,
    dates_with_shots: usize,
}

fn load(season: i32) -> Loaded {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let source = landing_zone();
        let calendar = calendar(&source).await;
        let processors = same_date_processors();
        let mut loaded = Loaded::default();
        for at in calendar.season_range(Season::starting(season)) {
            let date = calendar.date(at);
            let units = compute_date(&source, &calendar, &processors, date).await.expect("a sound date");
            loaded.dates_with_shots += usize::from(!rows(&units, SHOTS).is_empty());
            loaded.games.extend_from_slice(rows(&units, SCHEDULE));
            loaded.player_logs.extend_from_slice(rows(&units, PLAYER_GAME_LOGS));
            loaded.team_logs.extend_from_slice(rows(&units, TEAM_GAME_LOGS));
            loaded.shots.extend_from_slice(rows(&units, SHOTS));
            loaded.offense.extend_from_slice(rows(&units, TEAM_OFFENSE_GAME_SUMMARY));
            loaded.defense.extend_from_slice(rows(&units, TEAM_DEFENSE_GAME_SUMMARY));
            loaded.players.extend_from_slice(rows(&units, PLAYER_GAME_SUMMARY));
        }
        loaded
    })
}

/// The figures of a season in the data's description.
struct Known {
    season: i32,
    games: usize,
    player_rows: usize,
    players: usize,
    points: i64,
    shots: usize,
    dates_with_shots: usize,
    games_with_shots: usize,
    players_with_shots: usize,
    playoff_player_rows: usize,
    playoff_games: usize,
    zero_minutes: usize,
    turnovers_charged_to_nobody: usize,
    backcourt: i64,
}

const SEASONS: [Known; 4] = [
    Known {
        season: 2020,
        games: 1080,
        player_rows: 23_054,
        players: 540,
        points: 242_117,
        shots: 190_983,
        dates_with_shots: 140,
        games_with_shots: 1080,
        players_with_shots: 21_893,
        playoff_player_rows: 1_864,
        playoff_games: 85,
        zero_minutes: 84,
        turnovers_charged_to_nobody: 967,
        backcourt: 309,
    },
    Known {
        season: 2021,
        games: 1230,
        player_rows: 26_039,
        players: 605,
        points: 272_115,
        shots: 102_258,
        dates_with_shots: 87,
        games_with_shots: 580,
        players_with_shots: 11_795,
        playoff_player_rows: 1_892,
        playoff_games: 87,
        zero_minutes: 84,
        turnovers_charged_to_nobody: 1263,
        backcourt: 192,
    },
    Known {
        season: 2022,
        games: 1230,
        player_rows: 25_895,
        players: 539,
        points: 282_127,
        shots: 217_220,
        dates_with_shots: 164,
        games_with_shots: 1230,
        players_with_shots: 24_677,
        playoff_player_rows: 1_728,
        playoff_games: 84,
        zero_minutes: 77,
        turnovers_charged_to_nobody: 1207,
        backcourt: 406,
    },
    Known {
        season: 2023,
        games: 1230,
        player_rows: 26_401,
        players: 572,
        points: 280_960,
        shots: 218_700,
        dates_with_shots: 160,
        games_with_shots: 1230,
        players_with_shots: 24_895,
        playoff_player_rows: 1_685,
        playoff_games: 82,
        zero_minutes: 118,
        turnovers_charged_to_nobody: 1259,
        backcourt: 433,
    },
];

fn check_counts(known: &Known, loaded: &Loaded) {
    let label = Season::starting(known.season).to_string();
    let regular = |kind: &Arc<str>| &**kind == "Regular Season";
    let players: Vec<&PlayerGame> = loaded.players.iter().filter(|row| regular(&row.season_type)).collect();
    assert_eq!(players.len(), known.player_rows, "{label}");
    assert_eq!(loaded.players.len() - players.len(), known.playoff_player_rows, "{label}");
    assert_eq!(players.iter().map(|row| row.points).sum::<i64>(), known.points, "{label}");
    let ids: BTreeSet<i64> = players.iter().map(|row| row.player_id).collect();
    assert_eq!(ids.len(), known.players, "{label}");
    let zero = players.iter().filter(|row| row.minutes_played == 0).count();
    assert_eq!(zero, known.zero_minutes, "{label}");
    assert_eq!(loaded.games.len(), known.games + known.playoff_games, "{label}");
    assert_eq!(loaded.team_logs.len(), 2 * loaded.games.len(), "{label}: equal playoff rows count once");
    assert_eq!(loaded.offense.len(), 2 * loaded.games.len(), "{label}");
    assert_eq!(loaded.defense.len(), 2 * loaded.games.len(), "{label}");
    assert_eq!(loaded.shots.len(), known.shots, "{label}: equal shot rows are all kept");
    assert_eq!(loaded.dates_with_shots, known.dates_with_shots, "{label}");
    let with_shots = loaded.offense.iter().filter(|row| row.shot_zones_available).count();
    assert_eq!(with_shots, 2 * known.games_with_shots, "{label}");
    let shooters: BTreeSet<(&str, i64)> =
        loaded.shots.iter().map(|shot| (&*shot.game_id, shot.player_id)).collect();
    assert_eq!(shooters.len(), known.players_with_shots, "{label}");
}

fn check_identities(known: &Known, loaded: &Loaded) {
    let label = Season::starting(known.season).to_string();
    let keys: BTreeSet<(&str, i64)> =
        loaded.players.iter().map(|row| (&*row.game_id, row.player_id)).collect();
    assert_eq!(keys.len(), loaded.players.len(), "{label}: keys are unique");
    for row in &loaded.offense {
        let name = format!("{label}: {} {}", row.game_id, row.team_abbr);
        let points = row.fg_makes.zip(row.three_pt_makes).zip(row.ft_makes);
        let added = points.map(|((fg, three), ft)| 2 * fg + three + ft);
        assert_eq!(added, Some(row.points_scored), "{name}");
        assert!(row.turnovers.is_some() && row.possessions.is_some_and(|p| p > 50.0), "{name}");
        assert!(matches!(row.game_minutes, Some(48 | 53 | 58 | 63)), "{name}");
        assert!(row.quality_score >= 70 && row.is_production_ready, "{name}");
        let odd = |issue: &&Arc<str>| !matches!(&***issue, "reconstructed" | "shot_zones_unavailable");
        assert_eq!(row.quality_issues.iter().find(odd), None, "{name}");
    }
    let wins = loaded.offense.iter().filter(|row| row.win_flag).count();
    assert_eq!(wins, loaded.games.len(), "{label}: one winner a game");
    let said: BTreeMap<(&str, &str), bool> =
        (loaded.team_logs.iter()).map(|row| ((&*row.game_id, &*row.team_abbr), row.win_flag)).collect();
    assert!(loaded.offense.iter().all(|row| said[&(&*row.game_id, &*row.team_abbr)] == row.win_flag));
    let backcourt: i64 = loaded.offense.iter().filter_map(|row| row.team_backcourt_attempts).sum();
    assert_eq!(backcourt, known.backcourt, "{label}");
    check_shots(&label, loaded);
    check_turnovers(known, loaded);
}

/// Zones of players and of teams hold every shot of the chart, and are null where there is none.
fn check_shots(label: &str, loaded: &Loaded) {
    let mut of_players = 0;
    for row in &loaded.players {
        let zones = [row.paint_attempts, row.mid_range_attempts, row.three_zone_attempts];
        let all = zones.into_iter().chain([row.backcourt_attempts]).sum::<Option<i64>>();
        assert_eq!(all.is_some(), row.shot_zones_available, "{label}: {}", row.game_id);
        of_players += all.unwrap_or(0);
    }
    let of_teams: i64 = (loaded.offense.iter())
        .filter_map(|row| {
            Some(
                row.team_paint_attempts?
                    + row.team_mid_range_attempts?
                    + row.team_three_zone_attempts?
                    + row.team_backcourt_attempts?,
            )
        })
        .sum();
    let allowed: i64 = loaded.defense.iter().filter_map(|row| row.opp_paint_attempts).sum();
    let taken: i64 = loaded.offense.iter().filter_map(|row| row.team_paint_attempts).sum();
    assert_eq!((of_players, of_teams), (loaded.shots.len() as i64, loaded.shots.len() as i64), "{label}");
    assert_eq!(allowed, taken, "{label}");
}

/// Team turnovers are those of the team log, of which some are charged to nobody.
fn check_turnovers(known: &Known, loaded: &Loaded) {
    let mut charged: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for row in loaded.players.iter().filter(|row| &*row.season_type == "Regular Season") {
        *charged.entry((&row.game_id, &row.team_abbr)).or_default() += row.turnovers;
    }
    let more = (loaded.offense.iter())
        .filter(|row| &*row.season_type == "Regular Season")
        .filter(|row| row.turnovers > Some(charged[&(&*row.game_id, &*row.team_abbr)]))
        .count();
    assert_eq!(more, known.turnovers_charged_to_nobody, "{}", known.season);
}

fn player<'l>(loaded: &'l Loaded, lookup: &str, game_id: &str) -> &'l PlayerGame {
    (loaded.players.iter())
        .find(|row| &*row.player_lookup == lookup && &*row.game_id == game_id)
        .unwrap_or_else(|| panic!("{lookup} in {game_id}"))
}

#[test]
fn season_2020_21_is_what_its_description_says() {
    let loaded = load(2020);
    check_counts(&SEASONS[0], &loaded);
    check_identities(&SEASONS[0], &loaded);
    let first = player(&loaded, "stephencurry", "20201222_GSW_BKN");
    assert_eq!((first.points, first.fg_makes, first.fg_attempts), (20, Some(7), Some(21)));
    assert!(loaded.player_logs.iter().all(|row| row.fantasy_points.is_none()), "the column is not there");
    let numbered = loaded.shots.iter().filter(|shot| shot.game_event_id.is_some()).count();
    assert_eq!(numbered, 96_558, "the column goes missing in mid-season");
}

#[test]
fn season_2021_22_has_zones_only_where_there_are_shots() {
    let loaded = load(2021);
    check_counts(&SEASONS[1], &loaded);
    check_identities(&SEASONS[1], &loaded);
    let without = (loaded.players.iter())
        .find(|row| &*row.game_id == "20220314_MIN_SAS" && &*row.player_lookup == "karlanthonytowns")
        .expect("Towns");
    assert_eq!((without.points, without.paint_attempts, without.shot_zones_available), (60, None, false));
    let video = loaded.player_logs.iter().filter(|row| row.video_available == Some(2)).count();
    assert_eq!(video, 18);
    let longest = loaded.players.iter().map(|row| row.minutes_played).max();
    assert_eq!(longest, Some(57));
}

#[test]
fn season_2022_23_is_what_its_description_says() {
    let loaded = load(2022);
    check_counts(&SEASONS[2], &loaded);
    check_identities(&SEASONS[2], &loaded);
    let mitchell = player(&loaded, "donovanmitchell", "20230102_CHI_CLE");
    assert_eq!((mitchell.points, mitchell.assists, mitchell.minutes_played), (71, 11, 50));
    let game = loaded.offense.iter().find(|row| &*row.game_id == "20230102_CHI_CLE").expect("game");
    assert_eq!((game.overtime_periods, game.game_minutes), (Some(1), Some(53)));
    // The shot chart and the box score disagree by later corrections; each column keeps its own source.
    let wall = (loaded.players.iter())
        .find(|row| &*row.nba_game_id == "0022200271" && &*row.player_lookup == "johnwall")
        .expect("Wall");
    let zones = [wall.paint_attempts, wall.mid_range_attempts, wall.three_zone_attempts];
    assert_eq!((wall.fg_attempts, zones.into_iter().sum::<Option<i64>>()), (Some(7), Some(8)));
}

#[test]
fn season_2023_24_is_what_its_description_says() {
    let loaded = load(2023);
    check_counts(&SEASONS[3], &loaded);
    check_identities(&SEASONS[3], &loaded);
    let luka = player(&loaded, "lukadoncic", "20240126_DAL_ATL");
    assert_eq!((luka.points, luka.fg_makes, luka.fg_attempts), (73, Some(25), Some(33)));
    assert_eq!((luka.three_pt_makes, luka.three_pt_attempts), (Some(8), Some(13)));
    assert_eq!((luka.ft_makes, luka.ft_attempts), (Some(15), Some(16)));
    assert_eq!((&*luka.nba_game_id, luka.home_game, luka.win_flag), ("0022300634", false, true));
    assert_eq!((luka.efg_pct, luka.ts_pct), (Some(0.879), Some(0.912)));
    let booker = player(&loaded, "devinbooker", "20240126_PHX_IND");
    assert_eq!((booker.points, booker.win_flag), (62, false));
    let embiid = player(&loaded, "joelembiid", "20240122_SAS_PHI");
    assert_eq!((embiid.points, embiid.rebounds), (70, 18));
    let finals = player(&loaded, "jaysontatum", "20240617_DAL_BOS");
    assert_eq!((finals.usage_rate, finals.ts_pct, finals.fg_attempts), (None, None, None));
    assert!(finals.points > 0 && finals.win_flag);
}

/// The sequential loop sends nothing.
struct NoBus;

fn refused() -> Failure {
    Permanent::new("no_bus", "the sequential loop published a message").into()
}

#[async_trait]
impl Bus for NoBus {
    async fn publish_completions(&self, _completions: &[Traced<Completion>]) -> Result<(), Failure> {
        Err(refused())
    }

    async fn publish_work_orders(&self, _orders: &[Traced<WorkOrder>]) -> Result<(), Failure> {
        Err(refused())
    }

    async fn publish_dead_letter(&self, _notice: &Traced<DeadLetterNotice>) -> Result<(), Failure> {
        Err(refused())
    }
}

/// An engine of a pipeline over some seasons of the landing zone, its lake in memory.
async fn engine(pipeline: &Pipeline, seasons: impl IntoIterator<Item = Season>) -> Engine {
    let source = landing_zone();
    let all = calendar(&source).await;
    let dates = seasons.into_iter().flat_map(|season| all.season_range(season).map(move |at| (at, season)));
    let dates = dates.map(|(at, season)| (all.date(at), season));
    let cascade = Cascade::of(pipeline).expect("a cascade");
    let datasets: Vec<DatasetName> = cascade.datasets().collect();
    let ports = Ports {
        ledger: Arc::new(InlineLedger::in_memory(&datasets).expect("a ledger")),
        lake: Arc::new(MemoryLake::new()),
        source: Arc::new(source),
        objects: Arc::new(MemoryStore::default()),
        bus: Arc::new(NoBus),
        clock: Arc::new(SystemClock),
        cpu: Arc::new(Threads::new(1).expect("threads")),
    };
    let calendar = Arc::new(Calendar::of(dates).expect("a calendar"));
    Engine::new(cascade, calendar, ports, 160 << 20)
}

/// The rows that the lake has of a unit; none for one that was skipped.
async fn read<R: Row>(engine: &Engine, dataset: Dataset<R>, date: Date) -> Vec<R> {
    let unit = Unit { dataset: dataset.name(), date };
    let at = engine.calendar().index_of(date).expect("a date of the calendar");
    let record = engine.catalog().get(unit.dataset, at).cloned();
    let record = record.unwrap_or_else(|| panic!("{unit} was not made"));
    let Some(stored) = &record.stored else {
        return Vec::new();
    };
    let frame = engine.ports().lake.read(unit, R::SCHEMA, stored).await.expect("the unit's file");
    R::from_frame(&frame).expect("the dataset's columns")
}

/// Constant from October to January of one season, each for a reason: the playoffs are in spring, and a calendar of
/// one season has no season before.
const EXPECTED_CONSTANT: [&str; 4] =
    ["playoff_game", "points_avg_previous_season", "minutes_avg_previous_season", "is_playoffs"];

/// The names of all features, of the 25 and of the wide ones, that have one value in every row.
async fn constant_features(engine: &Engine) -> Vec<String> {
    let (mut narrow, mut wide) = (Vec::new(), Vec::new());
    for date in engine.calendar().dates() {
        if engine.catalog().complete(POINTS_FEATURES.name()).any(|(_, record)| record.unit.date == *date) {
            narrow.extend(read(engine, ML_FEATURE_STORE, *date).await);
            wide.extend(read(engine, POINTS_FEATURES, *date).await);
        }
    }
    let spread = feature_spread(narrow.iter().map(|row| (row.season_year, row.game_date, &*row.features)));
    let names = &narrow[0].feature_names;
    let mut found: Vec<String> =
        constant_over_a_season(&spread).iter().map(|(_, at, _)| names[*at].to_string()).collect();
    let spread = feature_spread(wide.iter().map(|row| (row.season_year, row.game_date, &*row.features)));
    found.extend(constant_over_a_season(&spread).iter().map(|(_, at, _)| FEATURE_SLOTS[*at].name.to_owned()));
    found
}

#[tokio::test]
async fn the_whole_cascade_says_what_the_record_says() {
    let date = Date::of(2024, 1, 26).expect("a date");
    let engine = engine(&NBA, [Season::starting(2023)]).await;
    let dates = 0..engine.calendar().index_of(date).expect("a game date") + 1;
    sequential(&engine, dates, "real-data").await.expect("a sound season");

    let caches = read(&engine, PLAYER_DAILY_CACHE, date).await;
    let doncic = caches.iter().find(|row| &*row.player_lookup == "lukadoncic").expect("Doncic");
    assert_eq!((doncic.points_avg_last_5, doncic.points_avg_last_10), (Some(33.0), Some(35.3)));
    let features = read(&engine, ML_FEATURE_STORE, date).await;
    let features = features.iter().find(|row| row.player_id == doncic.player_id).expect("his features");
    assert_eq!(features.features[..2], [33.0, 35.3]);

    assert_eq!(constant_features(&engine).await, EXPECTED_CONSTANT);

    let before = Date::of(2024, 1, 10).expect("a date");
    let mut boston: Vec<TeamOffense> = Vec::new();
    for day in engine.calendar().dates().iter().filter(|day| **day < before) {
        let teams = read(&engine, TEAM_OFFENSE_GAME_SUMMARY, *day).await;
        boston.extend(teams.into_iter().filter(|row| &*row.team_abbr == "BOS"));
    }
    let window = &boston[boston.len() - 15..];
    let sum = |zone: fn(&TeamOffense) -> Option<i64>| window.iter().map(zone).sum::<Option<i64>>();
    let zones = [
        sum(|row| row.team_paint_attempts),
        sum(|row| row.team_mid_range_attempts),
        sum(|row| row.team_three_zone_attempts),
        sum(|row| row.team_backcourt_attempts),
    ];
    assert_eq!(zones, [Some(624), Some(129), Some(635), Some(3)]);
    systems_beat_the_last_ten(&engine, date).await;
}

/// In January no system is worse than the mean of the last 10 games on its own rows, and confidence says
/// how often a prediction comes within 5 points.
async fn systems_beat_the_last_ten(engine: &Engine, date: Date) {
    let standings = read(engine, PREDICTION_LEADERBOARD, date).await;
    let graded = standings.iter().filter(|row| &*row.population == "all" && row.graded > 0);
    let mut systems = 0;
    for row in graded {
        let figures = row.mae_on_baseline_rows.zip(row.baseline_mae).zip(row.within_5_share);
        let ((mae, baseline), within_5) = figures.expect("figures of graded rows");
        let confidence = row.mean_confidence.expect("a confidence of graded rows");
        assert!(row.graded > 3_000 && mae < baseline - 0.05, "{row:?}");
        assert!((within_5 - confidence).abs() < 0.03, "{row:?}");
        systems += 1;
    }
    assert!(systems >= 4, "{standings:?}");
}

/// What makes a dataset, and all that it is made from.
fn made_into(dataset: DatasetName) -> Pipeline {
    let mut wanted = BTreeSet::from([dataset]);
    loop {
        let made = NBA.processors.iter().filter(|processor| wanted.contains(&processor.writes));
        let read: Vec<DatasetName> = made.flat_map(|made| made.reads).map(|input| input.dataset).collect();
        let before = wanted.len();
        wanted.extend(read);
        if wanted.len() == before {
            break;
        }
    }
    let made = NBA.processors.iter().filter(|processor| wanted.contains(&processor.writes)).copied();
    Pipeline { processors: made.collect::<Vec<Processor>>().leak(), ..NBA }
}

/// The model of June 2024, of all four seasons.
async fn model_of_four_seasons() -> PointsModel {
    let engine = engine(&made_into(POINTS_TRAINING.name()), (2020..=2023).map(Season::starting)).await;
    let cutoff = Date::of(2024, 6, 6).expect("a date");
    let dates = 0..engine.calendar().between(cutoff, cutoff).start;
    sequential(&engine, dates.clone(), "real-data").await.expect("sound seasons");
    let mut rows: Vec<(Date, Vec<PointsTraining>)> = Vec::new();
    for at in dates {
        let date = engine.calendar().date(at);
        rows.push((date, read(&engine, POINTS_TRAINING, date).await));
    }
    drop(engine);
    let units: Vec<(Date, &[PointsTraining])> =
        rows.iter().map(|(date, rows)| (*date, rows.as_slice())).collect();
    let rows_min = thresholds().expect("thresholds").training.rows.skip_below;
    points_model(&units, cutoff, rows_min).expect("a model")
}

/// The target, on exactly the rows that it was set on: an absolute error of 4.51 points at most on all rows of the
/// test part and of 5.24 on those of 20 minutes or more, where the mean of the last ten games errs by 4.70 and 5.44.
/// Below 4.30 something of the outcome is in a feature.
#[tokio::test]
async fn the_points_model_keeps_its_target_and_has_no_leak() {
    let model = model_of_four_seasons().await;
    let report: ModelReport = serde_json::from_str(&model.metadata).expect("the report");
    let tested = |population: Population| {
        let of = |score: &&PopulationScore| {
            score.population == population.name() && score.part == Part::Test.name()
        };
        let score = &report.scores.iter().find(of).expect("a test part").score;
        (score.rows, score.mae.expect("an error"), score.mae_last_10.expect("a baseline"))
    };
    let ((rows, mae, last_10), (rows_20, mae_20, last_10_20)) =
        (tested(Population::All), tested(Population::TwentyMinutes));
    assert_eq!((rows, rows_20), (13_209, 7_645), "the rows that the target was set on");
    assert!((last_10 - 4.70).abs() < 0.02 && (last_10_20 - 5.44).abs() < 0.02, "{last_10} {last_10_20}");
    assert!((4.30..=4.51).contains(&mae), "{mae} on all rows");
    assert!(mae_20 <= 5.24, "{mae_20} on rows of 20 minutes or more");
}
