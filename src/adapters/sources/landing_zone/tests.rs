//! The landing zone on a small directory of its own: which payload a date has, what a damaged file does
//! and does not touch, and when a stamp changes.

use std::fs::{self, File};
use std::io::Write;

use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

const CHRISTMAS: &str = "2023-12-25";

struct Fixture {
    directory: tempfile::TempDir,
    zone: LandingZone,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let zone = LandingZone::open(directory.path()).expect("a landing zone");
        let fixture = Self { directory, zone };
        fixture.write("schedule/2022-23.json", &list("2022-23", &["2023-04-09"]));
        fixture.write("schedule/2023-24.json", &list("2023-24", &[CHRISTMAS, "2023-12-26", CHRISTMAS]));
        fixture.zip("logs/2022-23.zip", &[("2023-04-09.json", "old")]);
        fixture.zip("logs/2023-24.zip", &[("2023-12-25.json", "one"), ("2023-12-26.json", "two")]);
        fixture
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn zip(&self, name: &str, members: &[(&str, &str)]) {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        let mut zip = ZipWriter::new(File::create(path).expect("a file"));
        for (member, text) in members {
            zip.start_file(*member, SimpleFileOptions::DEFAULT).expect("a member");
            zip.write_all(text.as_bytes()).expect("bytes");
        }
        zip.finish().expect("a zip");
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.directory.path().join(name)).expect("a file")
    }

    fn overwrite(&self, name: &str, bytes: &[u8]) {
        fs::write(self.directory.path().join(name), bytes).expect("a file");
    }

    /// Names and texts of a date's payloads.
    async fn read(&self, source: &str, date: &str) -> Result<Vec<(String, String)>, Failure> {
        let payloads = self.zone.payloads(source, day(date)).await?;
        Ok((payloads.there().into_iter().flatten())
            .map(|payload| {
                let text = String::from_utf8(payload.bytes.to_vec()).expect("text");
                (payload.name.to_string(), text)
            })
            .collect())
    }

    async fn stamp(&self, source: &str, date: &str) -> Option<String> {
        self.zone.stamp(source, day(date)).await.expect("a stamp").there()
    }
}

fn day(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

fn list(season: &str, dates: &[&str]) -> String {
    let games: Vec<String> = (dates.iter().enumerate())
        .map(|(at, date)| format!(r#"{{"game_id":"{at}","game_date":"{date}"}}"#))
        .collect();
    format!(r#"{{"season":"{season}","games":[{}]}}"#, games.join(","))
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

fn permanent(failure: Failure) -> (&'static str, String) {
    match failure {
        Failure::Permanent(permanent) => (permanent.code, permanent.message),
        Failure::Transient(transient) => panic!("{transient}"),
    }
}

#[tokio::test]
async fn a_date_has_its_member_of_every_archive_in_order() {
    let fixture = Fixture::new();
    fixture.zip("logs/2023-24-playoffs.zip", &[("2023-12-25.json", "more")]);
    let expected = [
        pair("logs/2023-24.zip#2023-12-25.json", "one"),
        pair("logs/2023-24-playoffs.zip#2023-12-25.json", "more"),
    ];
    assert_eq!(fixture.read("logs", CHRISTMAS).await, Ok(expected.to_vec()));
    assert_eq!(fixture.read("logs", "2023-12-27").await, Ok(Vec::new()));
    assert_eq!(fixture.zone.payloads("nothing", day(CHRISTMAS)).await, Ok(Found::Nothing));
    assert_eq!(fixture.stamp("nothing", CHRISTMAS).await, None);
}

#[tokio::test]
async fn an_unpacked_payload_takes_the_place_of_its_member() {
    let fixture = Fixture::new();
    fixture.write("logs/2023-24/2023-12-25.json", "unpacked");
    let expected = [pair("logs/2023-24/2023-12-25.json", "unpacked")];
    assert_eq!(fixture.read("logs", CHRISTMAS).await, Ok(expected.to_vec()));
    let other = fixture.read("logs", "2023-12-26").await;
    assert_eq!(other, Ok(vec![pair("logs/2023-24.zip#2023-12-26.json", "two")]));
}

#[tokio::test]
async fn a_season_list_is_cut_by_date() {
    let fixture = Fixture::new();
    let games = fixture.read("schedule", CHRISTMAS).await.expect("games");
    assert_eq!(games[0].0, "schedule/2023-24.json#2023-12-25");
    assert_eq!(games[0].1.matches("game_id").count(), 2);
    assert_eq!(fixture.zone.calendar("schedule").await.expect("lists").len(), 2);
    let (code, _) = permanent(fixture.zone.calendar("logs").await.expect_err("no lists"));
    assert_eq!(code, "landing_zone_missing");
}

#[tokio::test]
async fn the_services_tree_is_cut_by_date_and_takes_the_place_of_a_packed_list() {
    let fixture = Fixture::new();
    fixture.write("schedule/2023-24.json.gz", "an old list, never opened");
    let tree = |time: &str| {
        format!(
            r#"{{"meta":{{"time":"{time}"}},"leagueSchedule":{{"seasonYear":"2023-24","weeks":[{{"at":"{time}"}}],"gameDates":[
               {{"gameDate":"x","games":[{{"gameId":"a","gameDateEst":"2023-12-25T00:00:00Z"}}]}},
               {{"gameDate":"y","games":[{{"gameId":"b","gameDateEst":"2023-12-26T00:00:00Z"}}]}}]}}}}"#
        )
    };
    fixture.write("schedule/2023-24.json", &tree("early"));
    let games = fixture.read("schedule", CHRISTMAS).await.expect("games");
    let expected = r#"{"leagueSchedule":{"gameDates":[{"games":[{"gameDateEst":"2023-12-25T00:00:00Z","gameId":"a"}]}],"seasonYear":"2023-24"}}"#;
    assert_eq!(games, [pair("schedule/2023-24.json#2023-12-25", expected)]);
    assert_eq!(fixture.zone.calendar("schedule").await.expect("lists").len(), 2);
    let stamp = fixture.stamp("schedule", CHRISTMAS).await;
    fixture.write("schedule/2023-24.json", &tree("later"));
    assert_eq!(fixture.stamp("schedule", CHRISTMAS).await, stamp, "the time of an answer is no content");
    fixture.write("schedule/2023-24.json", r#"{"leagueSchedule":{"seasonYear":"2023-24","gameDates":[{}]}}"#);
    let (_, message) = permanent(fixture.read("schedule", CHRISTMAS).await.expect_err("no games"));
    assert!(message.contains("day 1 of `gameDates`"), "{message}");
}

#[tokio::test]
async fn what_fetches_keep_beside_the_payloads_is_never_one() {
    let fixture = Fixture::new();
    fixture.write(".fetched/logs/2023-24/2023-12-25/20231226T080000Z-1.json", "a receipt");
    fixture.write("logs/2023-24/2023-12-26.json.tmp", "half");
    let expected = [pair("logs/2023-24.zip#2023-12-25.json", "one")];
    assert_eq!(fixture.read("logs", CHRISTMAS).await, Ok(expected.to_vec()));
    let expected = [pair("logs/2023-24.zip#2023-12-26.json", "two")];
    assert_eq!(fixture.read("logs", "2023-12-26").await, Ok(expected.to_vec()));
}

#[tokio::test]
async fn a_stamp_follows_the_content_of_its_date_alone() {
    let fixture = Fixture::new();
    let before = (fixture.stamp("logs", CHRISTMAS).await, fixture.stamp("logs", "2023-12-26").await);
    fixture.zip("logs/2023-24.zip", &[("2023-12-26.json", "two"), ("2023-12-25.json", "o")]);
    let cut = (fixture.stamp("logs", CHRISTMAS).await, fixture.stamp("logs", "2023-12-26").await);
    assert_ne!(cut.0, before.0);
    assert_eq!(cut.1, before.1);
    assert_eq!(fixture.read("logs", CHRISTMAS).await.expect("payload")[0].1, "o");
    fixture.zip("logs/2023-24.zip", &[("2023-12-25.json", "one"), ("2023-12-26.json", "two")]);
    assert_eq!((fixture.stamp("logs", CHRISTMAS).await, cut.1), before);
    let listed = fixture.stamp("schedule", CHRISTMAS).await;
    fixture.write("schedule/2023-24.json", &list("2023-24", &[CHRISTMAS, "2023-12-26"]));
    assert_ne!(fixture.stamp("schedule", CHRISTMAS).await, listed);
}

#[tokio::test]
async fn a_file_cut_in_half_fails_only_the_dates_that_it_may_hold() {
    let fixture = Fixture::new();
    let whole = fixture.bytes("logs/2023-24.zip");
    fixture.overwrite("logs/2023-24.zip", &whole[..whole.len() / 2]);
    let (code, message) = permanent(fixture.read("logs", CHRISTMAS).await.expect_err("cut"));
    assert_eq!(code, "payload_unreadable");
    assert!(message.contains("logs/2023-24.zip") && message.contains(CHRISTMAS), "{message}");
    let stamp = fixture.stamp("logs", CHRISTMAS).await.expect("a stamp nevertheless");
    assert!(stamp.contains("unreadable"), "{stamp}");
    assert_eq!(fixture.read("logs", "2023-04-09").await.expect("other season").len(), 1);
    fixture.overwrite("logs/2023-24.zip", &whole);
    assert_eq!(fixture.read("logs", CHRISTMAS).await.expect("mended").len(), 1);
}

#[tokio::test]
async fn a_damaged_member_fails_alone_and_is_named() {
    let fixture = Fixture::new();
    let text = "some text that is long enough to be packed, packed, packed, packed and packed";
    fixture.zip("logs/2023-24.zip", &[("2023-12-25.json", text), ("2023-12-26.json", "two")]);
    let mut bytes = fixture.bytes("logs/2023-24.zip");
    let start = 30 + "2023-12-25.json".len();
    bytes[start + 12] ^= 0x55;
    fixture.overwrite("logs/2023-24.zip", &bytes);
    let (code, message) = permanent(fixture.read("logs", CHRISTMAS).await.expect_err("damaged"));
    assert_eq!(code, "payload_unreadable");
    assert!(message.starts_with("logs/2023-24.zip#2023-12-25.json"), "{message}");
    assert_eq!(fixture.read("logs", "2023-12-26").await.expect("sound").len(), 1);
}

#[tokio::test]
async fn a_broken_season_list_is_named() {
    let fixture = Fixture::new();
    let whole = fixture.bytes("schedule/2023-24.json");
    fixture.overwrite("schedule/2023-24.json", &whole[..whole.len() / 2]);
    let (code, message) = permanent(fixture.read("schedule", CHRISTMAS).await.expect_err("cut"));
    assert_eq!(code, "payload_unreadable");
    assert!(message.contains("schedule/2023-24.json") && message.contains("column"), "{message}");
    fixture.overwrite("schedule/2023-24.json", &whole);
    fixture.write("schedule/2024-25.json.gz", "no gzip");
    let (code, message) = permanent(fixture.zone.calendar("schedule").await.expect_err("no gzip"));
    assert_eq!(code, "payload_unreadable");
    assert!(message.contains("schedule/2024-25.json.gz"), "{message}");
}

#[test]
fn a_landing_zone_is_a_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = LandingZone::open(&directory.path().join("missing"));
    assert!(matches!(missing, Err(SourceError::NoDirectory { .. })));
}
