//! From one end of the data to the other, without the engine between: the simulated league, written as a
//! landing zone and read back, parsed into rows, kept in the lake, and asked for in SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::Value;
use tidegate::adapters::lake::ParquetLake;
use tidegate::adapters::query::{LakeSql, RowSink, SqlValue};
use tidegate::adapters::sources::{LandingZone, League, SimulatedLeague};
use tidegate::domain::nba::{self, InjuryInput, PlayerLog, Rostered, Shot};
use tidegate::fleet::{Found, Lake, Provenance, Source};
use tidegate::flow::{DatasetName, Date, Fingerprint, Payload, Row, Unit};

const LOGS: DatasetName = DatasetName::of("nba.player_game_logs");
const SHOTS: DatasetName = DatasetName::of("nba.shots");

fn league() -> SimulatedLeague {
    let league = League { seed: 3, seasons: vec![2020, 2021], teams: 6, games_per_team: 10 };
    SimulatedLeague::new(league).expect("a league")
}

async fn dates(source: &dyn Source) -> Vec<Date> {
    let lists = source.calendar("schedule").await.expect("lists");
    nba::calendar(&lists).expect("calendar").dates().to_vec()
}

/// A log's own bytes; of a schedule what they say, for a landing zone takes a date's games out of a list.
fn content(source: &str, bytes: &[u8]) -> Vec<u8> {
    match source {
        "schedule" => serde_json::from_slice::<Value>(bytes).expect("JSON").to_string().into_bytes(),
        _ => bytes.to_vec(),
    }
}

#[tokio::test]
async fn a_landing_zone_of_the_league_is_the_league() {
    let (league, directory) = (league(), tempfile::tempdir().expect("directory"));
    league.write_landing_zone(directory.path()).expect("written");
    let zone = LandingZone::open(directory.path()).expect("zone");
    let expected = dates(&league).await;
    assert_eq!(dates(&zone).await, expected);
    for date in expected {
        for source in ["schedule", "player_game_logs", "team_game_logs", "shot_chart_detail", "injury_report"]
        {
            let simulated = league.payloads(source, date).await.expect("simulated");
            let landed = zone.payloads(source, date).await.expect("landed");
            let stamped = zone.stamp(source, date).await.expect("stamp").there().is_some();
            assert_eq!(stamped, matches!(simulated, Found::There(_)), "{source} {date}");
            let bytes = |payloads: Found<Vec<Payload>>| {
                payloads.map(|all| all.into_iter().map(|one| content(source, &one.bytes)).collect::<Vec<_>>())
            };
            assert_eq!(bytes(landed), bytes(simulated), "{source} {date}");
        }
    }
}

/// The injury reports of the league are read to the last row, and agree with who plays; what a real one may lack they
/// lack at times.
#[tokio::test]
async fn injury_reports_of_the_league_agree_with_who_plays() {
    let league = league();
    let payloads = async |source, date| {
        league.payloads(source, date).await.expect("payloads").there().unwrap_or_default()
    };
    let mut before: Vec<(Date, Vec<PlayerLog>)> = Vec::new();
    // By status: how many players are named, and how many of them play.
    let mut named: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (mut without, mut unknown, mut pages_most) = (0, 0, 0);
    for date in dates(&league).await {
        let games = nba::scheduled_games(&payloads("schedule", date).await, date).expect("games");
        let played = nba::player_logs(&payloads("player_game_logs", date).await, date, &games).expect("logs");
        let rosters: Vec<Rostered> =
            nba::rosters(&payloads("player_index", date).await, date).expect("rosters");
        let reports = payloads("injury_report", date).await;
        without += usize::from(reports.is_empty());
        let logs: Vec<(Date, &[PlayerLog])> =
            before.iter().map(|(day, rows)| (*day, rows.as_slice())).collect();
        let input = InjuryInput { date, payloads: &reports, games: &games, rosters: &rosters, logs: &logs };
        let rows = nba::injury_listings(&input).expect("rows");
        if !reports.is_empty() {
            nba::check_injury_report(&reports, date, &games, None).expect("a report on the date");
            let text = String::from_utf8_lossy(&reports[0].bytes).into_owned();
            pages_most = pages_most.max(text.matches("/Type /Page ").count());
        }
        let playing: BTreeSet<i64> = played.iter().map(|row| row.player_id).collect();
        for row in rows {
            let plays = row.player_id.is_some_and(|id| playing.contains(&id));
            let counts = named.entry(row.status.to_string()).or_default();
            *counts = (counts.0 + 1, counts.1 + usize::from(plays));
            unknown += usize::from(row.player_id.is_none() && row.player_name.is_some());
        }
        before.push((date, played));
    }
    let of = |status: &str| named.get(status).copied().unwrap_or_default();
    assert!(of("out").0 > 100 && of("out").1 == 0, "who is out does not play: {named:?}");
    let (questionable, of_them) = of("questionable");
    assert!(of_them > 0 && of_them < questionable, "some of them play: {named:?}");
    assert!(
        of("doubtful").0 > of("doubtful").1 && of("probable") > (0, 0) && of("available") > (0, 0),
        "{named:?}"
    );
    assert!(of("not_submitted").0 > 0 && without > 0, "{named:?}, {without} dates without a report");
    assert_eq!(unknown, 0, "everybody is on a roster");
    assert!(pages_most > 0);
}

struct Cells(Vec<String>);

impl RowSink for Cells {
    fn columns(&mut self, _names: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, cells: &[SqlValue<'_>]) -> io::Result<()> {
        self.0.extend(cells.iter().map(|cell| format!("{cell:?}")));
        Ok(())
    }
}

async fn keep<R: Row>(lake: &ParquetLake, dataset: DatasetName, date: Date, rows: &[R]) {
    let unit = Unit { dataset, date };
    let fingerprint = Fingerprint::from_bytes([0; 32]);
    let provenance = Provenance { unit, fingerprint, code: 1, run: "test".to_owned() };
    lake.replace(&provenance, &R::to_frame(rows)).await.expect("kept");
}

#[tokio::test]
async fn sql_over_the_lake_counts_what_the_league_played() {
    let (league, directory) = (league(), tempfile::tempdir().expect("directory"));
    let lake = ParquetLake::open(directory.path());
    let (mut logs, mut shots): (Vec<PlayerLog>, Vec<Shot>) = (Vec::new(), Vec::new());
    for date in dates(&league).await {
        let payloads =
            async |source| league.payloads(source, date).await.expect("payloads").there().unwrap_or_default();
        let games = nba::scheduled_games(&payloads("schedule").await, date).expect("games");
        let log = nba::player_logs(&payloads("player_game_logs").await, date, &games).expect("logs");
        let chart = nba::shots(&payloads("shot_chart_detail").await, date, &games).expect("shots");
        keep(&lake, LOGS, date, &log).await;
        keep(&lake, SHOTS, date, &chart).await;
        logs.extend(log);
        shots.extend(chart);
    }
    let points: i64 = logs.iter().map(|line| line.points).sum();
    let attempts: i64 = logs.iter().filter_map(|line| line.fg_attempts).sum();
    let last = logs.iter().map(|line| line.game_date).max().expect("a date");
    let on_last = logs.iter().filter(|line| line.game_date == last).count();
    let datasets = [(LOGS, PlayerLog::SCHEMA), (SHOTS, Shot::SCHEMA)];
    for (sql, expected) in [
        (
            "SELECT count(*), sum(points), sum(fg_attempts) FROM nba.player_game_logs".to_owned(),
            vec![format!("Int({})", logs.len()), format!("Int({points})"), format!("Int({attempts})")],
        ),
        (
            format!("SELECT count(*) FROM nba.player_game_logs WHERE game_date = '{last}'"),
            vec![format!("Int({on_last})")],
        ),
        // Every shot belongs to a line of the logs.
        (
            "SELECT count(*) FROM nba.shots s JOIN nba.player_game_logs l \
             ON l.game_date = s.game_date AND l.player_id = s.player_id"
                .to_owned(),
            vec![format!("Int({})", shots.len())],
        ),
    ] {
        let mut cells = Cells(Vec::new());
        LakeSql::open(directory.path(), &datasets).and_then(|lake| lake.run(&sql, &mut cells)).expect(&sql);
        assert_eq!(cells.0, expected, "{sql}");
    }
}
