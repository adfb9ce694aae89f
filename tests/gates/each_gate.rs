//! For each gate a payload's fault that it alone sees: what it holds, what is told of it, and that nothing is left
//! of it once it is mended. Gate E, which needs a trained month, is in `tests/daily/no_go.rs` beside gate F.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::Value;
use tidegate::flow::{DatasetName, Date, Unit};
use tidegate::pipelines::nba::{GATE_A, GATE_C, GATE_D, NBA};

use crate::gate;
use crate::held::held_behind;
use crate::home::{TestHome, assert_same_lake};
use crate::landing::Landing;

/// A gate, the fault that it alone sees, on which dates, by which check, and what stands behind it on the same date.
struct Case {
    gate: DatasetName,
    fault: fn(&Landing),
    on: fn(&Landing) -> BTreeSet<Date>,
    check: &'static str,
    behind: &'static str,
}

/// The lake of the league as it never had a fault.
static SOUND: LazyLock<BTreeMap<PathBuf, Vec<u8>>> = LazyLock::new(|| {
    let (landing, home) = (Landing::write(), TestHome::new());
    home.run(&["run", "nba", "--landing", landing.path()]).ended(0);
    home.lake()
});

/// How many units of each dataset a run has held.
fn held(run: &Value) -> BTreeMap<String, u64> {
    let lines = run["datasets"].as_array().expect("datasets").iter();
    let of = |line: &Value| {
        let name = line["dataset"].as_str().expect("a dataset").to_owned();
        Some((name, line["held"].as_u64()?)).filter(|(_, number)| *number > 0)
    };
    lines.filter_map(of).collect()
}

impl Case {
    fn holds_what_stands_behind_it_and_leaves_nothing_when_it_is_mended(&self) {
        let (landing, home) = (Landing::write(), TestHome::new());
        let whole = landing.whole();
        (self.fault)(&landing);
        let run = home.run(&["run", "nba", "--landing", landing.path(), "--json"]).ended(3).json();

        let letters = run["dead_letters"].as_array().expect("dead letters");
        for letter in letters {
            let (unit, code) = (text(&letter["dataset"]), text(&letter["code"]));
            assert_eq!((unit, code), (self.gate.to_string(), "no_go".to_owned()), "{letter}");
            assert!(text(&letter["message"]).contains(self.check), "{letter}");
        }
        let dates = (self.on)(&landing);
        assert_eq!(letters.iter().map(|letter| date(&letter["date"])).collect::<BTreeSet<Date>>(), dates);
        let dead = dates.iter().map(|date| Unit { dataset: self.gate, date: *date }).collect();
        let mut behind = BTreeMap::new();
        for unit in held_behind(&NBA, &landing.calendar(), &dead) {
            *behind.entry(unit.dataset.to_string()).or_insert(0) += 1;
        }
        assert_eq!(held(&run), behind, "exactly what stands behind it waits");

        self.is_told(&landing, &home);
        landing.mend(&whole);
        home.run(&["run", "nba"]).ended(0);
        home.run(&["check", "nba"]).ended(0);
        assert_same_lake(&SOUND, &home.lake());
    }

    /// That `why` names gate, check and reason, and that `check` has each date.
    fn is_told(&self, landing: &Landing, home: &TestHome) {
        let dates = (self.on)(landing);
        let first = dates.first().expect("a date").to_string();
        let why = home.run(&["why", self.behind, &first]).ended(0).stdout;
        let letter = self.gate.table().trim_start_matches("gate_").to_uppercase();
        for part in ["held by dead letter", &format!("gate {letter} says NO-GO"), self.check] {
            assert!(why.contains(part), "{part}: {why}");
        }
        let check = home.run(&["check", "nba", "--json"]).ended(1).json();
        assert_eq!(check["go"], false);
        let said = gate(&check, self.gate.table());
        let no_go = said["no_go"].as_array().expect("dates");
        assert_eq!(no_go.iter().map(|one| date(&one["date"])).collect::<BTreeSet<Date>>(), dates);
        assert!(no_go.iter().all(|one| text(&one["reasons"]).contains(self.check)), "{said}");
        let gates = check["gates"].as_array().expect("gates").iter();
        let others = gates.filter(|one| one["no_go"].as_array().is_some_and(|no_go| !no_go.is_empty()));
        assert_eq!(others.count(), 1, "{check}");
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn date(value: &Value) -> Date {
    Date::parse(&text(value)).expect("a date")
}

/// The one date that was damaged.
fn one(landing: &Landing) -> BTreeSet<Date> {
    [Date::parse(landing.date()).expect("a date")].into()
}

/// Every date on which there is a precompute: from the 15th day of the season on.
fn precomputed(landing: &Landing) -> BTreeSet<Date> {
    let calendar = landing.calendar();
    let first = calendar.date(0).plus_days(14);
    calendar.dates().iter().copied().filter(|date| *date >= first).collect()
}

#[test]
fn gate_a_sees_that_shots_are_missing() {
    let case = Case {
        gate: GATE_A.name(),
        fault: Landing::lose_shots,
        on: one,
        check: "team_offense_game_summary.fg_attempts.sum",
        behind: "player_game_summary",
    };
    case.holds_what_stands_behind_it_and_leaves_nothing_when_it_is_mended();
}

#[test]
fn gate_c_sees_that_nothing_is_known_of_a_team() {
    let case = Case {
        gate: GATE_C.name(),
        fault: Landing::rename_a_team,
        on: one,
        check: "upcoming_player_game_context.pace_differential.nulls",
        behind: "ml_feature_store",
    };
    case.holds_what_stands_behind_it_and_leaves_nothing_when_it_is_mended();
}

#[test]
fn gate_d_sees_that_no_defence_is_as_good_as_its_figures() {
    let case = Case {
        gate: GATE_D.name(),
        fault: Landing::halve_the_teams_points,
        on: precomputed,
        check: "team_defense_zone_analysis.defensive_rating_last_15.range",
        behind: "player_prop_predictions",
    };
    case.holds_what_stands_behind_it_and_leaves_nothing_when_it_is_mended();
}
