//! Tables for each kind of check: a table of rows of any dataset, spoiled in one way, and what is said of it.
//! Among them the failures that stayed unseen for months in a system without them.

use std::sync::Arc;

use super::*;
use crate::domain::checks::{counted, decide, profile};
use crate::flow::{DatasetName, Row};

const SCHEDULE: DatasetName = DatasetName::of("t.schedule");
const LINES: DatasetName = DatasetName::of("t.lines");
const GAMES: i64 = 9;
const PLAYERS: i64 = 20;
/// So many dates lie before the one that is judged.
const DATES: i32 = 12;

crate::rows! {
    /// What a player did.
    struct Line key(game, player) {
        /// The game.
        game: i64,
        /// The player.
        player: i64,
        /// Null where nothing was parsed.
        minutes: Option<f64>,
        /// Share of what the team used.
        usage: Option<f64>,
        /// All attempts.
        attempts: Option<i64>,
        /// Those near the basket, from another source.
        near: Option<i64>,
        /// The other ones, from there too.
        far: Option<i64>,
        /// A text.
        name: Option<Arc<str>>,
    }
}

const RULES: &str = r#"
dataset = "t.lines"
duplicates = "block"
empty_columns = [{ level = "block", only = ["Regular Season"] }]
may_be_empty = ["near", "far"]
counts = [
  { of = "rows", relation = "at_least", times = 10, dataset = "t.schedule", level = "block" },
  { of = "game", relation = "exactly", times = 1, dataset = "t.schedule", level = "block" },
]
sums = [{ parts = ["near", "far"], whole = "attempts", within = 0.02, level = "block" }]

[[columns]]
columns = ["minutes", "usage"]
level = "block"
only = ["Regular Season"]
nulls = { at_most = 0.05, spare = 2 }
zeros = { at_most = 0.30 }
varies = { over = "date", values_min = 20 }
coverage_kept = { fail_below = 0.90, warn_below = 0.98, spare = 0 }
shift = { deviations = 0.5, chance = 6.0 }
spread = { from = 0.5, to = 2.0 }
zeros_kept = { rise_at_most = 0.10 }
distinct_kept = { at_least = 0.5 }

[[columns]]
columns = ["minutes"]
level = "block"
range = { from = 0, to = 80 }

[[columns]]
columns = ["usage"]
level = "warn"
mean = { from = 10, to = 30 }

[[columns]]
columns = ["attempts"]
level = "block"
varies = { over = "month", values_min = 400 }
"#;

fn line(date: i32, game: i64, player: i64) -> Line {
    let chance =
        |salt: i64| (i64::from(date) * 7919 + game * 104_729 + player * 1_299_709 + salt * 15_485_863) % 997;
    let (near, far) = (chance(1) % 9, chance(2) % 7);
    Line {
        game,
        player,
        minutes: Some(4.0 + (chance(3) % 400) as f64 / 10.0),
        usage: Some(8.0 + (chance(4) % 240) as f64 / 10.0),
        attempts: Some(near + far),
        near: Some(near),
        far: Some(far),
        name: Some(format!("player {player}").into()),
    }
}

fn lines(date: i32) -> Vec<Line> {
    (0..GAMES).flat_map(|game| (0..PLAYERS).map(move |player| line(date, game, player))).collect()
}

type Profile = Vec<ColumnProfile>;

fn profile_of(rows: &[Line], segment: &str) -> Profile {
    let segment: Arc<str> = segment.into();
    let mut all = vec![counted(SCHEDULE, &segment, GAMES as usize)];
    all.extend(profile(LINES, &segment, &Line::to_frame(rows)));
    all
}

/// The dates before, each spoiled by `spoil`.
fn history(segment: &str, spoil: impl Fn(&mut Line)) -> Vec<(Date, Profile)> {
    let of_date = |date: i32| {
        let mut rows = lines(date);
        rows.iter_mut().for_each(&spoil);
        (Date::from_days(date), profile_of(&rows, segment))
    };
    (1..=DATES).map(of_date).collect()
}

fn results(before: &[(Date, Profile)], today: &Profile) -> Vec<CheckRow> {
    let rules: DatasetChecks = toml::from_str(RULES).expect("rules");
    let limits = BaselineLimits { dates_min: 10, rows_min: 60 };
    let before: Vec<Day<'_>> = before.iter().map(|(date, profile)| Day { date: *date, profile }).collect();
    let today = Day { date: Date::from_days(DATES + 1), profile: today };
    judge(&[rules], limits, today, &before)
}

/// The checks that are not passed, with their verdicts.
fn not_passed(rows: &[CheckRow]) -> Vec<String> {
    let told = rows.iter().filter(|row| &*row.verdict == "fail" || &*row.verdict == "warn");
    told.map(|row| format!("{} {}", row.verdict, row.check_id.trim_start_matches("lines."))).collect()
}

fn today(spoil: impl FnOnce(&mut Vec<Line>)) -> Profile {
    let mut rows = lines(DATES + 1);
    spoil(&mut rows);
    profile_of(&rows, "Regular Season")
}

type Spoil = fn(&mut Vec<Line>);

/// A name, what is spoiled, and the checks that are not passed then.
const FAILURES: [(&str, Spoil, &[&str]); 14] = [
    ("nothing is wrong", |_| {}, &[]),
    (
        "a text column coerced to a number: 99.5 % null",
        |rows| rows[1..].iter_mut().for_each(|row| row.minutes = None),
        &["fail minutes.nulls", "fail minutes.coverage_kept", "fail minutes.distinct_kept"],
    ),
    (
        "a placeholder that was never written: null in all rows",
        |rows| rows.iter_mut().for_each(|row| row.usage = None),
        &["fail empty_columns", "fail usage.nulls", "fail usage.coverage_kept", "fail usage.distinct_kept"],
    ),
    (
        "half of a join missed: 52.6 % null",
        |rows| rows.iter_mut().filter(|row| row.game > 3).for_each(|row| row.usage = None),
        &["fail usage.nulls", "fail usage.coverage_kept", "fail usage.distinct_kept"],
    ),
    ("3 of 9 games", |rows| rows.retain(|row| row.game < 3), &["fail rows", "fail game.distinct"]),
    ("no rows at all, and success", Vec::clear, &["fail rows", "fail game.distinct"]),
    ("games inserted again and again", |rows| rows.extend(lines(DATES + 1)), &["fail duplicates"]),
    (
        "filled with one default: nothing is null",
        |rows| rows.iter_mut().for_each(|row| row.minutes = Some(24.0)),
        &["fail minutes.varies", "fail minutes.spread", "fail minutes.distinct_kept"],
    ),
    (
        "filled with 0: nothing is null",
        |rows| rows.iter_mut().filter(|row| row.player < 10).for_each(|row| row.usage = Some(0.0)),
        &["fail usage.zeros", "fail usage.shift", "fail usage.zeros_kept", "warn usage.mean"],
    ),
    (
        "another unit: seconds for minutes",
        |rows| rows.iter_mut().for_each(|row| row.minutes = row.minutes.map(|minutes| 60.0 * minutes)),
        &["fail minutes.shift", "fail minutes.spread", "fail minutes.range"],
    ),
    (
        "ids with a prefix: every join finds nothing, and counts 0",
        |rows| rows.iter_mut().for_each(|row| (row.near, row.far) = (Some(0), Some(0))),
        &["fail attempts.sum"],
    ),
    (
        "a source that has no chart of the date: known, and nothing is held",
        |rows| rows.iter_mut().for_each(|row| (row.near, row.far) = (None, None)),
        &[],
    ),
    (
        "a few nulls more than usual: a degradation, and a warning",
        |rows| rows.iter_mut().take(8).for_each(|row| row.usage = None),
        &["warn usage.coverage_kept"],
    ),
    (
        "a mean that is out of bounds, of a rule that only warns",
        |rows| rows.iter_mut().for_each(|row| row.usage = row.usage.map(|usage| usage / 2.0 - 1.0)),
        &["fail usage.shift", "warn usage.mean"],
    ),
];

#[test]
fn each_failure_is_caught_by_what_it_is() {
    let before = history("Regular Season", |_| {});
    for (name, spoil, expected) in FAILURES {
        let rows = results(&before, &today(spoil));
        let mut found = not_passed(&rows);
        let mut expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{name}");
        assert_eq!(
            decide("A", &rows).is_err(),
            expected.iter().any(|text| text.starts_with("fail")),
            "{name}"
        );
    }
}

#[test]
fn after_a_total_loss_the_loss_is_no_baseline_and_the_absolute_rule_holds() {
    let lost = history("Regular Season", |row| row.usage = None);
    let rows = results(&lost, &today(|rows| rows.iter_mut().for_each(|row| row.usage = None)));
    assert_eq!(not_passed(&rows), ["fail empty_columns", "fail usage.nulls"]);
    let judged = |rows: &[CheckRow], id: &str| {
        let row = rows.iter().find(|row| &*row.check_id == id).expect("a check");
        (row.verdict.to_string(), row.message.as_deref().unwrap_or_default().to_owned())
    };
    let (verdict, message) = judged(&rows, "lines.usage.coverage_kept");
    assert_eq!(
        (verdict.as_str(), message.as_str()),
        ("not_judged", "0 sound dates to compare with, at least 10 are needed")
    );

    // Mended, it is not taken for an outlier among the losses.
    assert_eq!(not_passed(&results(&lost, &today(|_| {}))), Vec::<String>::new());
    // One lost date among sound ones is left out of what they say.
    let mut mixed = history("Regular Season", |_| {});
    mixed[11] = lost[11].clone();
    let rows = results(&mixed, &today(|_| {}));
    assert_eq!(judged(&rows, "lines.usage.coverage_kept").0, "pass");
}

#[test]
fn dates_are_compared_within_their_kind_and_only_where_there_are_enough() {
    let other = history("other", |row| row.minutes = row.minutes.map(|minutes| minutes / 4.0));
    let rows = results(&other, &today(|_| {}));
    assert_eq!(not_passed(&rows), Vec::<String>::new());
    let few = &history("Regular Season", |_| {})[..9];
    let loss: Spoil = |rows| rows.iter_mut().for_each(|row| row.usage = row.usage.map(|usage| usage + 30.0));
    assert_eq!(not_passed(&results(few, &today(loss))), ["warn usage.mean"]);
    // On a date of another kind the rules that are for the usual ones do not apply.
    let rows = results(&history("Regular Season", |_| {}), &profile_of(&[], "other"));
    assert!(!rows.iter().any(|row| &*row.kind == "nulls" || &*row.kind == "empty_columns"), "{rows:?}");
    assert_eq!(not_passed(&rows), ["fail rows", "fail game.distinct"]);
}

#[test]
fn a_constant_over_a_month_is_found_though_each_date_is_small() {
    let constant = history("Regular Season", |row| row.attempts = Some(7));
    let rows = results(&constant, &today(|rows| rows.iter_mut().for_each(|row| row.attempts = Some(7))));
    let found = not_passed(&rows);
    assert!(found.contains(&"fail attempts.varies".to_owned()), "{found:?}");
    let rows = results(&constant, &today(|_| {}));
    assert!(!not_passed(&rows).contains(&"fail attempts.varies".to_owned()));
}

#[test]
fn what_was_not_looked_at_does_not_pass() {
    let rows = results(&[], &vec![counted(SCHEDULE, &"Regular Season".into(), 9)]);
    assert_eq!(not_passed(&rows), ["fail rows"]);
    let mut without = today(|_| {});
    without.retain(|profile| &*profile.column != "minutes" && &*profile.dataset != "t.schedule");
    let rows = results(&[], &without);
    let found = not_passed(&rows);
    assert_eq!(found.iter().filter(|check| check.starts_with("fail minutes.")).count(), 9, "{found:?}");
    let ids: std::collections::BTreeSet<_> = rows.iter().map(|row| (&row.check_id, &row.level)).collect();
    assert_eq!(ids.len(), rows.len(), "the key of a result is its id and level");
}

#[test]
fn of_the_dates_before_enough_have_passed() {
    let demand = DatesPassed { dates_min: 20, warn_below: 0.95, fail_below: 0.80 };
    let cases =
        [(10, 13, "not_judged"), (40, 40, "pass"), (39, 40, "pass"), (37, 40, "warn"), (31, 40, "fail")];
    for (passed, dates, expected) in cases {
        let row = judge_passed(demand, LINES, passed, dates);
        assert_eq!((&*row.verdict, &*row.check_id), (expected, "lines.dates_passed"), "{passed} of {dates}");
    }
}
