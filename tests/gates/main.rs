//! The gates with the real program: a payload that can be parsed and is complete, but wrong, is a NO-GO; it holds
//! exactly what stands behind the gate, is explained, accepted, and mended like any dead letter.

mod each_gate;
mod held;
#[path = "../home/mod.rs"]
mod home;
mod landing;

use serde_json::Value;

use home::{SMALL_LEAGUE, TestHome, assert_same_lake};
use landing::Landing;

/// How many tasks of a dataset ended so in a run.
fn tasks(run: &Value, dataset: &str, how: &str) -> u64 {
    let lines = run["datasets"].as_array().expect("datasets");
    let line = lines.iter().find(|line| line["dataset"] == format!("nba.{dataset}"));
    line.and_then(|line| line[how].as_u64()).unwrap_or(0)
}

fn gate<'a>(check: &'a Value, name: &str) -> &'a Value {
    let gates = check["gates"].as_array().expect("gates");
    gates.iter().find(|gate| gate["gate"] == format!("nba.{name}")).expect("the gate")
}

fn features(home: &TestHome) -> String {
    home.run(&["query", "SELECT * FROM nba.ml_feature_store", "--format", "csv"]).ended(0).stdout
}

fn gaps(home: &TestHome, gap: &str) -> u64 {
    let sql = format!(
        "SELECT count(*) AS n FROM nba.ml_feature_store WHERE CAST(data_quality_issues AS TEXT) LIKE '%{gap}%'"
    );
    home.run(&["query", &sql, "--format", "json"]).ended(0).json()[0]["n"].as_u64().expect("a number")
}

#[test]
fn a_no_go_holds_what_stands_behind_it_until_it_is_accepted_or_mended() {
    let landing = Landing::write();
    let clean = TestHome::new();
    clean.run(&["run", "nba", "--landing", landing.path()]).ended(0);
    let check = clean.run(&["check", "nba", "--json"]).ended(0).json();
    assert_eq!(check["go"], true);
    // The playoffs are in an archive of their own.
    let dates = gate(&check, "gate_a")["dates"].as_u64().expect("a number");

    let whole = landing.whole();
    landing.lose_minutes();
    let home = TestHome::new();
    let run = home.run(&["run", "nba", "--landing", landing.path(), "--json"]).ended(3).json();
    let letters = run["dead_letters"].as_array().expect("dead letters");
    let (unit, code) = (&letters[0]["dataset"], &letters[0]["code"]);
    assert_eq!(
        (letters.len(), unit.as_str(), code.as_str()),
        (1, Some("nba.gate_b"), Some("no_go")),
        "{run}"
    );
    let message = letters[0]["message"].as_str().expect("a message");
    assert!(message.contains("player_game_summary.usage_rate.nulls: null in"), "{message}");

    // What is known of players before later dates, and all that is made of it; nothing else.
    let later = dates - landing.at as u64 - 1;
    let behind = ["upcoming_player_game_context", "context_checks", "gate_c", "player_daily_cache"];
    let behind = behind.into_iter().chain(["ml_feature_store", "gate_d", "player_prop_predictions"]);
    for dataset in behind {
        assert_eq!(tasks(&run, dataset, "held"), later, "{dataset}");
    }
    for dataset in ["player_game_summary", "player_game_checks", "team_offense_checks", "gate_a"] {
        assert_eq!((tasks(&run, dataset, "done"), tasks(&run, dataset, "held")), (dates, 0), "{dataset}");
    }
    assert_eq!((tasks(&run, "gate_b", "done"), tasks(&run, "gate_b", "held")), (dates - 1, 0));

    let next = &landing.dates[landing.at + 1];
    let why = home.run(&["why", "ml_feature_store", next]).ended(0).stdout;
    assert!(why.contains("held by dead letter 1") && why.contains("gate B says NO-GO"), "{why}");
    let check = home.run(&["check", "nba", "--json"]).ended(1).json();
    assert_eq!(gate(&check, "gate_b")["no_go"][0]["date"], landing.date());
    assert_eq!(gate(&check, "gate_c")["held"].as_array().map(Vec::len), Some(later as usize));
    assert_eq!(gate(&check, "gate_a")["go"], true);
    let told = home.run(&["check", "nba"]).ended(1).stdout;
    assert!(told.contains("NO-GO nba.gate_b") && told.contains(message), "{told}");
    home.run(&["check", "nba", "--to", &landing.dates[landing.at - 1]]).ended(0);

    let accepting = TestHome::new();
    accepting.run(&["run", "nba", "--landing", landing.path()]).ended(3);
    landing.mend(&whole);
    home.run(&["dead-letters", "replay", "1"]).ended(0);
    home.run(&["check", "nba"]).ended(0);
    assert_same_lake(&clean.lake(), &home.lake());

    landing.lose_minutes();
    let home = accepting;
    home.run(&["dead-letters", "accept", "1"]).ended(0);
    let check = home.run(&["check", "nba", "--json"]).ended(0).json();
    assert_eq!(gate(&check, "gate_b")["accepted"][0], landing.date());
    let gap = format!("gap:nba.gate_b:{}", landing.date());
    assert!(gaps(&home, &gap) > 0, "what was made without the gate's GO says so");

    landing.mend(&whole);
    home.run(&["run", "nba"]).ended(0);
    let check = home.run(&["check", "nba", "--json"]).ended(0).json();
    assert_eq!(gate(&check, "gate_b")["accepted"].as_array().map(Vec::len), Some(0));
    assert_eq!((gaps(&home, &gap), features(&home)), (0, features(&clean)));
}

#[test]
fn what_was_never_computed_is_no_go() {
    let home = TestHome::new();
    assert!(home.run(&["check", "nba"]).ended(2).stderr.contains("there is nothing at the home"));
    home.run(&[&["run", "nba", "--only", "team_offense_checks"], SMALL_LEAGUE.as_slice()].concat()).ended(0);
    let check = home.run(&["check", "nba", "--json"]).ended(1).json();
    let gate_a = gate(&check, "gate_a");
    assert_eq!(
        gate_a["never_computed"].as_array().map(Vec::len),
        gate_a["dates"].as_u64().map(|n| n as usize)
    );
    assert!(gate_a["checks"][0]["dates"].as_u64() > Some(0), "what its checks found is shown nevertheless");
    assert!(
        home.run(&["check", "nba"])
            .ended(1)
            .stdout
            .ends_with("NO-GO: not every date has passed every gate\n")
    );
}
