//! A landing zone of one small season, whose payloads a test damages and mends.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tidegate::adapters::sources::{LandingZone, League, SimulatedLeague};
use tidegate::fleet::Source;
use tidegate::flow::Calendar;
use tidegate::pipelines::nba::NBA;

const SEASON: &str = "2023-24";

/// The landing zone, and a date of its regular season, after the first fortnight of which little is demanded.
pub(crate) struct Landing {
    directory: tempfile::TempDir,
    /// The dates of the regular season.
    pub(crate) dates: Vec<String>,
    pub(crate) at: usize,
}

/// Every file of a landing zone as it was.
pub(crate) struct Whole(BTreeMap<PathBuf, Vec<u8>>);

impl Landing {
    pub(crate) fn write() -> Self {
        let league = League { seed: 5, seasons: vec![2023], teams: 4, games_per_team: 12 };
        let directory = tempfile::tempdir().expect("a directory");
        SimulatedLeague::new(league).expect("a league").write_landing_zone(directory.path()).expect("a zone");
        let mut zone = Self { directory, dates: Vec::new(), at: 0 };
        let members = members(&zone.archives("player_game_logs")[0]);
        zone.dates = members.into_iter().map(|(name, _)| name.trim_end_matches(".json").to_owned()).collect();
        zone.at = zone.dates.len() * 3 / 4;
        zone
    }

    pub(crate) fn path(&self) -> &str {
        self.directory.path().to_str().expect("UTF-8")
    }

    pub(crate) fn date(&self) -> &str {
        &self.dates[self.at]
    }

    /// The dates that the program makes of it.
    pub(crate) fn calendar(&self) -> Calendar {
        let zone = LandingZone::open(self.directory.path()).expect("a landing zone");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let payloads = runtime.block_on(zone.calendar(NBA.calendar_source)).expect("the schedule");
        (NBA.calendar)(&payloads).expect("a calendar")
    }

    /// The archives of a source: of the regular season, and of the playoffs where it has them.
    fn archives(&self, source: &str) -> Vec<PathBuf> {
        let archive = |part| self.directory.path().join(source).join(format!("{SEASON}{part}.zip"));
        ["", "-playoffs"].map(archive).into_iter().filter(|path| path.exists()).collect()
    }

    /// All that is in it.
    pub(crate) fn whole(&self) -> Whole {
        let sources = ["player_game_logs", "team_game_logs", "shot_chart_detail"];
        let archives = sources.iter().flat_map(|source| self.archives(source));
        let paths = archives.chain([self.schedule()]);
        Whole(paths.map(|path| (path.clone(), fs::read(path).expect("a file"))).collect())
    }

    /// Everything as it was.
    pub(crate) fn mend(&self, whole: &Whole) {
        for (path, bytes) in &whole.0 {
            fs::write(path, bytes).expect("a file");
        }
    }

    /// A text column that was coerced to a number with errors suppressed: nobody has played a minute on the date.
    pub(crate) fn lose_minutes(&self) {
        self.edit_rows("player_game_logs", Some(self.date()), &|headers, rows| {
            let minutes = place(headers, "MIN");
            rows.iter_mut().for_each(|row| row[minutes] = Value::from(0));
        });
    }

    /// A download that broke off, and was closed as if it had not: every third shot of the date is not there.
    pub(crate) fn lose_shots(&self) {
        self.edit_rows("shot_chart_detail", Some(self.date()), &|_, rows| {
            let mut at = 0;
            rows.retain(|_| {
                at += 1;
                at % 3 != 0
            });
        });
    }

    /// A team under a name of its past on the date, in all that tells of its game: a team that nobody knows.
    pub(crate) fn rename_a_team(&self) {
        let schedule = read_gz(&self.schedule());
        let mut season: Value = serde_json::from_slice(&schedule).expect("JSON");
        let games = season["games"].as_array_mut().expect("games");
        let game = games.iter_mut().find(|game| game["game_date"] == self.date()).expect("a game");
        let (id, team) = (text(&game["game_id"]), text(&game["home_team"]));
        game["home_team"] = Value::from("OLD");
        write_gz(&self.schedule(), &serde_json::to_vec(&season).expect("JSON"));
        let named = ["TEAM_ABBREVIATION", "MATCHUP", "HTM"];
        for source in ["player_game_logs", "team_game_logs", "shot_chart_detail"] {
            self.edit_rows(source, Some(self.date()), &|headers, rows| {
                let game = place(headers, "GAME_ID");
                let named: Vec<usize> = named
                    .iter()
                    .filter_map(|name| headers.iter().position(|header| header == name))
                    .collect();
                for row in rows.iter_mut().filter(|row| row[game] == id.as_str()) {
                    for column in &named {
                        row[*column] = Value::from(text(&row[*column]).replace(&team, "OLD"));
                    }
                }
            });
        }
    }

    /// A service that gives the points at half-time, all season.
    pub(crate) fn halve_the_teams_points(&self) {
        self.edit_rows("team_game_logs", None, &|headers, rows| {
            let points = place(headers, "PTS");
            for row in rows {
                row[points] = Value::from(row[points].as_i64().expect("points") / 2);
            }
        });
    }

    fn schedule(&self) -> PathBuf {
        self.directory.path().join("schedule").join(format!("{SEASON}.json.gz"))
    }

    /// Edits the rows of a source's payloads, of a date or of all of the season.
    fn edit_rows(&self, source: &str, date: Option<&str>, edit: &dyn Fn(&[Value], &mut Vec<Value>)) {
        for path in self.archives(source) {
            let members = members(&path);
            let mut zip = zip::ZipWriter::new(File::create(&path).expect("a file"));
            for (name, mut bytes) in members {
                if date.is_none_or(|date| name.starts_with(date)) {
                    let mut payload: Value = serde_json::from_slice(&bytes).expect("JSON");
                    let set = &mut payload["resultSets"][0];
                    let headers = set["headers"].as_array().expect("headers").clone();
                    edit(&headers, set["rowSet"].as_array_mut().expect("rows"));
                    bytes = serde_json::to_vec(&payload).expect("JSON");
                }
                zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a member");
                zip.write_all(&bytes).expect("its bytes");
            }
            zip.finish().expect("a zip");
        }
    }
}

fn place(headers: &[Value], column: &str) -> usize {
    headers.iter().position(|header| header == column).unwrap_or_else(|| panic!("no {column}"))
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn members(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(File::open(path).expect("a file")).expect("a zip");
    let mut member = |at: usize| {
        let mut member = archive.by_index(at).expect("a member");
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).expect("its bytes");
        (member.name().expect("a name").into_owned(), bytes)
    };
    let number = zip::ZipArchive::new(File::open(path).expect("a file")).expect("a zip").len();
    (0..number).map(&mut member).collect()
}

fn read_gz(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = File::open(path).expect("a file");
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).expect("its bytes");
    bytes
}

fn write_gz(path: &Path, bytes: &[u8]) {
    let file = File::create(path).expect("a file");
    let mut file = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    file.write_all(bytes).expect("its bytes");
    file.finish().expect("a file");
}
