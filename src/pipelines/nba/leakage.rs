//! Proof that nothing of a date's outcome, or of a later one, is in what is said before the date: a small
//! league in memory is run through the declared processors, then run again with another future.
//! Tests only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::datasets::{
    GAME_LINES, INJURY_REPORT, ML_FEATURE_STORE, PLAYER_COMPOSITE_FACTORS, PLAYER_DAILY_CACHE,
    PLAYER_GAME_LOGS, PLAYER_GAME_SUMMARY, PLAYER_PROP_PREDICTIONS, PLAYER_PROPS, PLAYER_SHOT_ZONE_ANALYSIS,
    POINTS_FEATURES, POINTS_MODEL, SCHEDULE, TEAM_DEFENSE_GAME_SUMMARY, TEAM_DEFENSE_ZONE_ANALYSIS,
    TEAM_OFFENSE_GAME_SUMMARY, UPCOMING_PLAYER_GAME_CONTEXT, UPCOMING_TEAM_GAME_CONTEXT,
};
use super::sequential::Units;
use super::{
    ml_feature_store, player_composite_factors, player_daily_cache, player_prop_predictions,
    player_shot_zone_analysis, points_features, points_model, points_training, team_defense_zone_analysis,
    upcoming_player_game_context, upcoming_team_game_context,
};
use crate::domain::nba::fixture;
use crate::domain::nba::points::{PointsFeatures, PointsModel};
use crate::domain::nba::{
    GameLine, InjuryListing, PlayerGame, PlayerLog, PlayerProp, ScheduledGame, System, TeamDefense,
    TeamOffense,
};
use crate::flow::{
    Calendar, Column, Content, DatasetName, Date, Frame, Input, Processor, Season, SkipReason, Window,
};

const TEAMS: [&str; 12] =
    ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH", "III", "JJJ", "KKK", "LLL"];
const PLAYERS_PER_TEAM: i64 = 9;
/// All that is computed from the summaries of games.
const FEATURES: [Processor; 9] = [
    points_features::PROCESSOR,
    ml_feature_store::PROCESSOR,
    player_composite_factors::PROCESSOR,
    player_daily_cache::PROCESSOR,
    player_prop_predictions::PROCESSOR,
    player_shot_zone_analysis::PROCESSOR,
    team_defense_zone_analysis::PROCESSOR,
    upcoming_player_game_context::PROCESSOR,
    upcoming_team_game_context::PROCESSOR,
];
/// Rows of established players that a model of this small league is made of: the league never has as many
/// as a model of the real one needs.
const MODEL_ROWS_MIN: usize = 400;
/// What predictions are made from: the wide features, and a model that needs fewer rows than the real one.
const PREDICTION: [Processor; 3] =
    [points_features::PROCESSOR, points_training::PROCESSOR, points_model::learning_from::<MODEL_ROWS_MIN>()];
/// What is said of a date's teams, and of its players.
const TEAM_DATASETS: [DatasetName; 2] =
    [UPCOMING_TEAM_GAME_CONTEXT.name(), TEAM_DEFENSE_ZONE_ANALYSIS.name()];
const PLAYER_DATASETS: [DatasetName; 7] = [
    POINTS_FEATURES.name(),
    UPCOMING_PLAYER_GAME_CONTEXT.name(),
    PLAYER_SHOT_ZONE_ANALYSIS.name(),
    PLAYER_DAILY_CACHE.name(),
    PLAYER_COMPOSITE_FACTORS.name(),
    ML_FEATURE_STORE.name(),
    PLAYER_PROP_PREDICTIONS.name(),
];

/// A course of events: from `turn` on everything comes out otherwise.
#[derive(Clone, Copy)]
struct World {
    turn: Option<Date>,
}

impl World {
    /// A number below `below` that depends on all of these and, from the turn on, on the turn.
    fn chance(self, what: u64, date: Date, who: i64, below: i64) -> i64 {
        let turned = u64::from(self.turn.is_some_and(|turn| date >= turn));
        let mut hash = blake3::Hasher::new();
        for part in [what, turned, date.days() as u64, who as u64] {
            hash.update(&part.to_le_bytes());
        }
        let bytes = hash.finalize();
        i64::from(u16::from_le_bytes([bytes.as_bytes()[0], bytes.as_bytes()[1]])) % below
    }

    /// The team of a player: his first one, until a trade. In a turned world many are traded at the turn.
    fn team(self, date: Date, player: i64) -> usize {
        let first = usize::try_from(player / PLAYERS_PER_TEAM).expect("a team");
        let traded = player % 7 == 3 && date.days() >= 130 + i32::try_from(player).expect("small");
        let turned = self.turn.is_some_and(|turn| date >= turn) && player % 5 == 1;
        (first + usize::from(traded) + 2 * usize::from(turned)) % TEAMS.len()
    }

    /// Whether a player plays, if his team does: the last one of each team comes late in the season.
    fn plays(self, date: Date, player: i64) -> bool {
        let late =
            player % PLAYERS_PER_TEAM == 8 && date.days() < 120 + 2 * i32::try_from(player).expect("small");
        !late && (player % PLAYERS_PER_TEAM < 5 || self.chance(1, date, player, 10) < 7)
    }
}

/// Twelve dates that end a season, and eighty of the next one; dates are days since 1970.
fn calendar() -> Calendar {
    let last = (0..12).map(|day| (Date::from_days(2 * day), Season::starting(1969)));
    let this = (0..110)
        .filter(|day| day % 7 != 3 && day % 11 != 5)
        .map(|day| (Date::from_days(100 + day), Season::starting(1970)));
    Calendar::of(last.chain(this)).expect("calendar")
}

/// Between three and five games, by the date alone: the schedule has no outcome in it.
fn games(date: Date) -> Vec<ScheduledGame> {
    let world = World { turn: None };
    let offset = usize::try_from(world.chance(2, date, 0, 12)).expect("small");
    let count = 3 + usize::try_from(world.chance(3, date, 0, 3)).expect("small");
    let mut games: Vec<_> = (0..count)
        .map(|game| {
            let team = |side: usize| TEAMS[(offset + 2 * game + side) % TEAMS.len()];
            fixture::game(date, team(0), team(1))
        })
        .collect();
    games.sort_by(|a, b| a.game_id.cmp(&b.game_id));
    games
}

fn player_game(world: World, date: Date, player: i64, team: &str) -> PlayerGame {
    let plays = |game: &ScheduledGame| *game.home_team == *team || *game.away_team == *team;
    let game = games(date).into_iter().find(plays).expect("the team plays");
    let opponent = if *game.home_team == *team { game.away_team } else { game.home_team };
    // The schedule of the fixture is of 2023, whatever the calendar says.
    let season_year = if date.days() < 100 { 2022 } else { 2023 };
    let chance = |what, below| world.chance(what, date, player, below);
    let (paint, middle, three) = (chance(10, 8), chance(11, 5), chance(12, 9));
    let charted = world.chance(13, date, 0, 10) < 8;
    let zone = |count: i64| charted.then_some(count);
    PlayerGame {
        minutes_played: 5 + chance(14, 38),
        fg_attempts: Some(paint + middle + three),
        ft_makes: Some(chance(15, 6)),
        usage_rate: Some(8.0 + chance(16, 250) as f64 / 10.0),
        ts_pct: Some(chance(17, 1000) as f64 / 1000.0),
        paint_attempts: zone(paint),
        paint_makes: zone(paint / 2),
        mid_range_attempts: zone(middle),
        mid_range_makes: zone(middle / 3),
        three_zone_attempts: zone(three),
        three_zone_makes: zone(three / 3),
        rebounds: chance(33, 12),
        assists: chance(34, 9),
        season_year,
        nba_game_id: game.nba_game_id,
        opponent_team_abbr: opponent,
        ..fixture::player_game(date, player, team, chance(18, 40))
    }
}

fn team_games(world: World, date: Date, team: &str) -> (TeamOffense, TeamDefense) {
    let who = i64::from(team.as_bytes()[0]);
    let chance = |what, below| world.chance(what, date, who, below);
    let (paint, middle, three) = (40 + chance(20, 20), 5 + chance(21, 10), 30 + chance(22, 15));
    let charted = world.chance(13, date, 0, 10) < 8;
    let zone = |count: i64| charted.then_some(count);
    let offense = TeamOffense {
        win_flag: chance(23, 2) == 1,
        margin_of_victory: chance(24, 30),
        offensive_rating: Some(95.0 + chance(25, 300) as f64 / 10.0),
        ..fixture::team_offense(date, team, 92.0 + chance(26, 150) as f64 / 10.0)
    };
    let defense = TeamDefense {
        points_allowed: 90 + chance(27, 50),
        opponent_pace: Some(92.0 + chance(28, 150) as f64 / 10.0),
        opp_paint_attempts: zone(paint),
        opp_paint_makes: zone(chance(29, paint)),
        opp_mid_range_attempts: zone(middle),
        opp_mid_range_makes: zone(chance(30, middle)),
        opp_three_zone_attempts: zone(three),
        opp_three_zone_makes: zone(chance(31, three)),
        ..fixture::team_defense(date, team, 95.0 + chance(32, 300) as f64 / 10.0)
    };
    (offense, defense)
}

/// What is offered before the date's games on every second player: by the date alone, so that no outcome is in it.
fn props(date: Date) -> Vec<PlayerProp> {
    let world = World { turn: None };
    let players = (0..PLAYERS_PER_TEAM * TEAMS.len() as i64).step_by(2);
    let offer = |player: i64| PlayerProp {
        points_line: 10.5 + world.chance(40, date, player, 15) as f64,
        ..fixture::player_prop(
            date,
            &fixture::player_game(date, player, TEAMS[0], 0).player_lookup,
            TEAMS[world.team(date, player)],
        )
    };
    players.map(offer).collect()
}

/// Who is named on a date, and as what: by the date alone, as the teams say it before the games. On some dates there
/// is no report.
fn named(date: Date) -> BTreeMap<i64, &'static str> {
    let world = World { turn: None };
    if date.days() % 4 == 0 {
        return BTreeMap::new();
    }
    let status = |player: &i64| match world.chance(41, date, *player, 12) {
        0 => Some("out"),
        1 => Some("doubtful"),
        2 => Some("questionable"),
        _ => None,
    };
    (0..PLAYERS_PER_TEAM * TEAMS.len() as i64).filter_map(|player| Some((player, status(&player)?))).collect()
}

/// Those of them who are no part of the date before its games.
fn absent(date: Date) -> BTreeSet<i64> {
    named(date)
        .into_iter()
        .filter(|(_, status)| *status != "questionable")
        .map(|(player, _)| player)
        .collect()
}

/// The injury report of a date's games.
fn injuries(date: Date, games: &[ScheduledGame]) -> Vec<InjuryListing> {
    let world = World { turn: None };
    let sides = games.iter().flat_map(|g| [(&g.away_team, &g.home_team), (&g.home_team, &g.away_team)]);
    let listings = |(team, opponent): (&Arc<str>, &Arc<str>)| -> Vec<InjuryListing> {
        let of_team =
            named(date).into_iter().filter(|(player, _)| TEAMS[world.team(date, *player)] == &**team);
        of_team.map(|(player, status)| fixture::injury(date, Some(player), team, opponent, status)).collect()
    };
    sides.flat_map(listings).collect()
}

/// All that the processors are given. Without the box score of `unplayed` it is the morning of that date
/// as far as that date's own rows go.
fn given(world: World, calendar: &Calendar, unplayed: Option<Date>) -> Units {
    let mut units = Units::default();
    for date in calendar.dates().iter().copied() {
        let games = games(date);
        let playing: Vec<&str> = games.iter().flat_map(|g| [&*g.home_team, &*g.away_team]).collect();
        let mut players: Vec<PlayerGame> = (0..PLAYERS_PER_TEAM * TEAMS.len() as i64)
            .map(|player| (player, TEAMS[world.team(date, player)]))
            .filter(|(player, team)| playing.contains(team) && world.plays(date, *player))
            .map(|(player, team)| player_game(world, date, player, team))
            .collect();
        players.sort_by_key(|row| row.player_id);
        let logs: Vec<PlayerLog> = players.iter().map(fixture::player_log).collect();
        let (offense, defense): (Vec<TeamOffense>, Vec<TeamDefense>) =
            playing.iter().map(|team| team_games(world, date, team)).unzip();
        let line = |game: &ScheduledGame| {
            fixture::game_line(
                date,
                &game.away_team,
                &game.home_team,
                2.5,
                220.0 + f64::from(date.days() % 7),
            )
        };
        let lines: Vec<GameLine> = games.iter().map(line).collect();
        units.give(GAME_LINES.name(), date, Content::Rows(Arc::new(lines)));
        units.give(INJURY_REPORT.name(), date, Content::Rows(Arc::new(injuries(date, &games))));
        units.give(SCHEDULE.name(), date, Content::Rows(Arc::new(games)));
        units.give(PLAYER_PROPS.name(), date, Content::Rows(Arc::new(props(date))));
        if unplayed == Some(date) {
            for dataset in OUTCOMES {
                units.give(dataset, date, Content::Skipped(SkipReason::NotYet));
            }
            continue;
        }
        units.give(PLAYER_GAME_LOGS.name(), date, Content::Rows(Arc::new(logs)));
        units.give(PLAYER_GAME_SUMMARY.name(), date, Content::Rows(Arc::new(players)));
        units.give(TEAM_OFFENSE_GAME_SUMMARY.name(), date, Content::Rows(Arc::new(offense)));
        units.give(TEAM_DEFENSE_GAME_SUMMARY.name(), date, Content::Rows(Arc::new(defense)));
    }
    units
}

const OUTCOMES: [DatasetName; 4] = [
    PLAYER_GAME_LOGS.name(),
    PLAYER_GAME_SUMMARY.name(),
    TEAM_OFFENSE_GAME_SUMMARY.name(),
    TEAM_DEFENSE_GAME_SUMMARY.name(),
];

fn history(world: World, unplayed: Option<Date>, processors: &[Processor]) -> Units {
    let calendar = calendar();
    let mut units = given(world, &calendar, unplayed);
    units.run(&calendar, processors);
    units
}

/// All rows of each player as text: (population source and team, all cells).
fn rows(frame: &Frame) -> BTreeMap<i64, (String, String)> {
    let fields = frame.schema().fields;
    let at = |name: &str| fields.iter().position(|field| field.name == name);
    let text = |row: usize| -> String {
        let cells = frame.columns().iter().zip(fields);
        cells.map(|(column, field)| format!("{}={}\n", field.name, cell(column, row))).collect()
    };
    let id = at("player_id").expect("player_id");
    let source = at("population_source").expect("population_source");
    let mut rows: BTreeMap<i64, (String, String)> = BTreeMap::new();
    for row in 0..frame.rows() {
        let Column::Int(ids) = &frame.columns()[id] else {
            panic!("ids are integers");
        };
        let team = at("team_abbr").map(|team| cell(&frame.columns()[team], row));
        let source = cell(&frame.columns()[source], row);
        let key = format!("{source} {}", team.unwrap_or_default());
        let place = rows.entry(ids[row].expect("an id")).or_insert((key, String::new()));
        place.1.push_str(&text(row));
    }
    rows
}

fn cell(column: &Column, row: usize) -> String {
    match column {
        Column::Int(cells) => format!("{:?}", cells[row]),
        Column::Float(cells) => format!("{:?}", cells[row]),
        Column::Text(cells) => format!("{:?}", cells[row]),
        Column::Bool(cells) => format!("{:?}", cells[row]),
        Column::Date(cells) => format!("{:?}", cells[row]),
        Column::FloatList(cells) => format!("{:?}", cells[row]),
        Column::TextList(cells) => format!("{:?}", cells[row]),
    }
}

/// What differs between two histories in what is said of a date: rows of teams, rows of players whom
/// both knew before the date, and rows of players whom both dates brought in for the same team.
fn differences(one: &Units, other: &Units, date: Date) -> Vec<String> {
    let mut found = Vec::new();
    for dataset in TEAM_DATASETS {
        if one.frame(dataset, date) != other.frame(dataset, date) {
            found.push(format!("{dataset} {date}"));
        }
    }
    for dataset in PLAYER_DATASETS {
        let (one, other) = match (one.frame(dataset, date), other.frame(dataset, date)) {
            (Some(one), Some(other)) if one == other => continue,
            (Some(one), Some(other)) => (rows(one), rows(other)),
            (None, None) => continue,
            (Some(_), None) | (None, Some(_)) => {
                found.push(format!("{dataset} {date}: skipped in one of them"));
                continue;
            }
        };
        let ids: BTreeSet<i64> = one.keys().chain(other.keys()).copied().collect();
        for id in ids {
            let (left, right) = (one.get(&id), other.get(&id));
            let known =
                |row: Option<&(String, String)>| row.is_some_and(|(key, _)| key.contains("latest_team"));
            let same_key = left.map(|row| &row.0) == right.map(|row| &row.0);
            if (known(left) || known(right) || same_key) && left != right {
                found.push(format!("{dataset} {date} player {id}: {left:?} {right:?}"));
            }
        }
    }
    found
}

/// Dates of every kind: the first ones of a season, the first ones after the bootstrap, later ones.
fn probes(calendar: &Calendar) -> Vec<Date> {
    [12, 15, 22, 24, 30, 41, 55, 60, 70, calendar.len() - 1].into_iter().map(|at| calendar.date(at)).collect()
}

#[test]
fn another_future_changes_nothing_that_was_said_before() {
    let calendar = calendar();
    let real = history(World { turn: None }, None, &FEATURES);
    for turn in probes(&calendar) {
        let other = history(World { turn: Some(turn) }, None, &FEATURES);
        for date in calendar.dates().iter().filter(|date| **date < turn) {
            assert_eq!(differences(&real, &other, *date), [""; 0], "before the turn at {turn}");
            for dataset in PLAYER_DATASETS {
                let same = real.frame(dataset, *date) == other.frame(dataset, *date);
                assert!(same, "{dataset} {date}: the future at {turn} added a row");
            }
        }
        assert_eq!(differences(&real, &other, turn), [""; 0], "the date itself");
    }
}

#[test]
fn a_morning_and_a_backfill_say_the_same_of_who_was_known() {
    let world = World { turn: None };
    let calendar = calendar();
    let backfill = history(world, None, &FEATURES);
    let (mut brought_in, mut left_out) = (0, 0);
    for date in probes(&calendar) {
        let morning = history(world, Some(date), &FEATURES);
        let absent = absent(date);
        assert_eq!(differences(&backfill, &morning, date), [""; 0], "{date}");
        left_out += absent.len();
        for dataset in PLAYER_DATASETS {
            let players = |units: &Units| -> BTreeSet<i64> {
                units
                    .frame(dataset, date)
                    .map_or_else(BTreeSet::new, |frame| rows(frame).into_keys().collect())
            };
            let (later, early) = (players(&backfill), players(&morning));
            assert!(early.is_subset(&later) && early.is_disjoint(&absent), "{dataset} {date}");
            brought_in += later.difference(&early).count();
        }
    }
    assert!(brought_in > 0, "no probe had a debut, a return or a trade");
    assert!(left_out > 0, "no probe had anybody who was out");
}

/// The models and what they predict for each date, by the latest one whose cutoff is not after it.
fn predictions(units: &Units, calendar: &Calendar) -> BTreeMap<Date, (PointsModel, Vec<(i64, u64)>)> {
    let models = calendar.dates().iter().filter_map(|date| units.rows(POINTS_MODEL, *date).first());
    let models: Vec<&PointsModel> = models.collect();
    let of_date = |date: &Date| {
        let model = models.iter().rev().find(|model| model.cutoff_date <= *date)?;
        // A row that the date itself brought in is no row of the morning.
        let known = |row: &&PointsFeatures| *row.population_source == *"latest_team";
        let rows = units.rows(POINTS_FEATURES, *date).iter().filter(known);
        let points = rows.map(|row| (row.player_id, model.predict(row).expect("its features").to_bits()));
        Some((*date, (PointsModel::clone(model), points.collect())))
    };
    calendar.dates().iter().filter_map(of_date).collect()
}

#[test]
fn another_future_changes_no_model_up_to_its_turn_and_no_prediction_up_to_its_date() {
    let calendar = calendar();
    let processors: Vec<Processor> =
        FEATURES.into_iter().filter(|one| one.writes != POINTS_FEATURES.name()).chain(PREDICTION).collect();
    let of = |turn: Option<Date>| {
        let units = history(World { turn }, None, &processors);
        (predictions(&units, &calendar), units)
    };
    let (real, real_units) = of(None);
    let cutoffs: BTreeSet<Date> = real.values().map(|(model, _)| model.cutoff_date).collect();
    assert!(cutoffs.len() >= 2, "models to compare: {cutoffs:?}");
    // At a cutoff, within a month, and on the last date.
    let last_cutoff = *cutoffs.last().expect("cutoffs");
    for turn in [last_cutoff, last_cutoff.plus_days(5), calendar.date(calendar.len() - 1)] {
        let (other, other_units) = of(Some(turn));
        let (mut compared, mut boosted) = (0, 0);
        for (date, (model, points)) in real.range(..=turn) {
            let (other_model, other_points) = &other[date];
            assert_eq!(model, other_model, "the model for {date} knows of the turn at {turn}");
            assert_eq!(points, other_points, "a prediction for {date} knows of the turn at {turn}");
            compared += points.len();
            assert_eq!(differences(&real_units, &other_units, *date), [""; 0], "the turn at {turn}");
            boosted += count_of(System::GradientBoosting, &real_units, *date);
        }
        assert!(compared > 100 && boosted > 100, "{compared} and {boosted} predictions were compared");
    }
    let (after, _) = of(Some(cutoffs.first().expect("cutoffs").plus_days(-5)));
    let differs = cutoffs.iter().any(|cutoff| real[cutoff].0 != after[cutoff].0);
    assert!(differs, "a model must notice what happened before its cutoff");
}

#[test]
fn a_window_that_holds_the_date_is_found_out() {
    const READS: &[Input] = &[
        UPCOMING_PLAYER_GAME_CONTEXT.same_date(),
        PLAYER_SHOT_ZONE_ANALYSIS.same_date(),
        PLAYER_GAME_SUMMARY.read(Window::Days { back: 90, ahead: 0 }),
        TEAM_OFFENSE_GAME_SUMMARY.read(Window::SeasonBefore),
    ];
    let leaky = Processor { reads: READS, ..player_daily_cache::PROCESSOR };
    let processors: Vec<Processor> = FEATURES
        .into_iter()
        .map(|processor| if processor.writes == leaky.writes { leaky } else { processor })
        .collect();
    let turn = calendar().date(60);
    let real = history(World { turn: None }, None, &processors);
    let other = history(World { turn: Some(turn) }, None, &processors);
    let found = differences(&real, &other, turn);
    for dataset in [PLAYER_DAILY_CACHE.name(), ML_FEATURE_STORE.name(), PLAYER_PROP_PREDICTIONS.name()] {
        let name = dataset.as_str();
        assert!(found.iter().any(|line| line.starts_with(name)), "{name} must differ");
    }
}

#[test]
fn everybody_with_a_box_score_row_is_in_the_date() {
    let world = World { turn: None };
    let calendar = calendar();
    let real = history(world, None, &FEATURES);
    let given = given(world, &calendar, None);
    for date in calendar.dates() {
        let names = real.frame(UPCOMING_PLAYER_GAME_CONTEXT.name(), *date).map(rows).expect("rows");
        for player in given.rows(PLAYER_GAME_SUMMARY, *date) {
            assert!(names.contains_key(&player.player_id), "{} {date}", player.player_id);
        }
    }
}

/// How many players a system predicts on a date.
fn count_of(system: System, units: &Units, date: Date) -> usize {
    let rows = units.rows(PLAYER_PROP_PREDICTIONS, date).iter();
    rows.filter(|row| *row.system_id == *system.id() && row.refusal.is_none()).count()
}

#[test]
fn the_league_is_one_in_which_systems_predict() {
    let (real, calendar) = (history(World { turn: None }, None, &FEATURES), calendar());
    let last = calendar.date(calendar.len() - 1);
    for system in [System::MovingAverage, System::ZoneMatchup, System::Similarity, System::Ensemble] {
        assert!(count_of(system, &real, last) > 10, "{system:?}");
    }
    let contexts = real.rows(UPCOMING_PLAYER_GAME_CONTEXT, last);
    let lined = contexts.iter().filter(|row| row.current_points_line.is_some()).count();
    assert!(lined > 10 && lined < contexts.len(), "{lined} of {} have a line", contexts.len());
    let stored = calendar.dates().iter().flat_map(|date| real.rows(ML_FEATURE_STORE, *date));
    let risks: BTreeSet<(&str, i64)> =
        stored.filter_map(|row| Some((&*row.feature_sources[10], row.injury_risk? as i64))).collect();
    for told in [("calculated", 2), ("phase3", 0), ("phase3", 2)] {
        assert!(risks.contains(&told), "{told:?} is none of {risks:?}");
    }
    let streaks = contexts.iter().filter(|row| row.prop_over_streak > Some(0)).count();
    assert!(streaks > 0, "nobody has been above his line");
    assert_eq!(
        count_of(System::GradientBoosting, &real, last),
        0,
        "there is no model, and nothing in its place"
    );
}
