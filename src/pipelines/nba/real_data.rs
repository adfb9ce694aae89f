//! The pipeline over real seasons, where the data is at hand: `TIDEGATE_DATA`, or `../shared/data`. Figures
//! that are known from the record must come out. Tests only; the one place of this room that reads files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::datasets::{
    LANDED_PLAYER_LOGS, LANDED_SCHEDULE, LANDED_SHOTS, LANDED_TEAM_LOGS, ML_FEATURE_STORE,
    PLAYER_DAILY_CACHE, TEAM_OFFENSE_GAME_SUMMARY,
};
use super::sequential::Units;
use super::{NBA, PROCESSORS};
use crate::flow::{Calendar, Content, DatasetName, Date, Payload, SkipReason};

/// The sources with a zip a season, and the datasets that land them.
const ZIPPED: [(&str, DatasetName); 3] = [
    ("player_game_logs", LANDED_PLAYER_LOGS),
    ("team_game_logs", LANDED_TEAM_LOGS),
    ("shot_chart_detail", LANDED_SHOTS),
];

/// The folder of the real data, if this machine has it.
fn folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test finds its data by the environment")]
    let given = std::env::var("TIDEGATE_DATA").ok().map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    given.or(Some(beside)).map(|data| data.join("nba")).filter(|nba| nba.is_dir())
}

fn member(zip: &Path, name: &str) -> Option<Payload> {
    let mut archive = zip::ZipArchive::new(File::open(zip).ok()?).expect("a zip");
    let mut bytes = Vec::new();
    archive.by_name(name).ok()?.read_to_end(&mut bytes).expect("a member");
    let name = format!("{}#{name}", zip.display());
    Some(Payload { name: name.into(), bytes: bytes.into() })
}

/// The season lists of the schedule, whole.
fn season_lists(nba: &Path, seasons: &[&str]) -> Vec<Payload> {
    let list = |season: &&str| {
        let path = nba.join("schedule").join(format!("{season}.json.gz"));
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(File::open(&path).expect("a schedule"))
            .read_to_end(&mut bytes)
            .expect("a gzip file");
        Payload { name: path.display().to_string().into(), bytes: bytes.into() }
    };
    seasons.iter().map(list).collect()
}

/// A season's list cut to a date.
fn cut(list: &Payload, date: Date) -> Option<Payload> {
    let mut whole: serde_json::Value = serde_json::from_slice(&list.bytes).expect("a list");
    let games = whole["games"].as_array_mut().expect("games");
    games.retain(|game| game["game_date"] == date.to_string());
    let any = !games.is_empty();
    let bytes = serde_json::to_vec(&whole).expect("json").into();
    any.then(|| Payload { name: Arc::clone(&list.name), bytes })
}

/// The landing zone of these seasons from `from` to `to`, with its calendar.
pub(super) fn landed(nba: &Path, seasons: &[&str], to: Date) -> (Calendar, Units) {
    let lists = season_lists(nba, seasons);
    let whole = (NBA.calendar)(&lists).expect("a calendar");
    let dates = whole.between(Date::from_days(0), to);
    let calendar = Calendar::of(dates.map(|at| (whole.date(at), whole.season(at)))).expect("a calendar");
    let mut units = Units::default();
    for at in 0..calendar.len() {
        let (date, season) = (calendar.date(at), calendar.season(at));
        let schedule: Vec<Payload> = lists.iter().filter_map(|list| cut(list, date)).collect();
        units.give(LANDED_SCHEDULE, date, Content::Payloads(schedule.into()));
        for (source, dataset) in ZIPPED {
            let found: Vec<Payload> = ["", "-playoffs"]
                .iter()
                .filter_map(|kind| {
                    member(&nba.join(source).join(format!("{season}{kind}.zip")), &format!("{date}.json"))
                })
                .collect();
            let content = if found.is_empty() {
                Content::Skipped(SkipReason::NotInSource)
            } else {
                Content::Payloads(found.into())
            };
            units.give(dataset, date, content);
        }
    }
    (calendar, units)
}

#[test]
fn known_figures_come_out_of_the_real_season() {
    let Some(nba) = folder() else {
        return;
    };
    let date = Date::of(2024, 1, 26).expect("a date");
    let (calendar, mut units) = landed(&nba, &["2023-24"], date);
    units.run(&calendar, PROCESSORS);

    let row = |lookup: &str| {
        let rows = units.rows(PLAYER_DAILY_CACHE, date);
        rows.iter().find(|row| *row.player_lookup == *lookup).expect("a row")
    };
    let doncic = row("lukadoncic");
    assert_eq!(doncic.points_avg_last_5, Some(33.0));
    assert_eq!(doncic.points_avg_last_10, Some(35.3));
    let features = units.rows(ML_FEATURE_STORE, date);
    let features = features.iter().find(|row| row.player_id == doncic.player_id).expect("a row");
    assert_eq!(features.features[..2], [33.0, 35.3]);

    let before = Date::of(2024, 1, 10).expect("a date");
    let boston: Vec<_> = calendar
        .dates()
        .iter()
        .filter(|day| **day < before)
        .flat_map(|day| units.rows(TEAM_OFFENSE_GAME_SUMMARY, *day))
        .filter(|row| *row.team_abbr == *"BOS")
        .collect();
    let window = &boston[boston.len() - 15..];
    let sum = |zone: fn(&crate::domain::nba::TeamOffense) -> Option<i64>| -> i64 {
        window.iter().filter_map(|row| zone(row)).sum()
    };
    let zones = (
        sum(|row| row.team_paint_attempts),
        sum(|row| row.team_mid_range_attempts),
        sum(|row| row.team_three_zone_attempts),
        sum(|row| row.team_backcourt_attempts),
    );
    assert_eq!(zones, (624, 129, 635, 3));
}
