//! One of several games of a date is put off after the date was predicted: its rows go, those of the other games
//! stay, and the date on which it is played predicts and grades it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tidegate::adapters::sources::{League, SimulatedLeague};
use tidegate::domain::nba::{PlayerPrediction, PredictionGrade, ScheduledGame, TeamContext};
use tidegate::fleet::{AsOf, Found, Ledger, Source, Today};
use tidegate::flow::{Dataset, Date, Failure, Payload, Row, Unit};
use tidegate::pipelines::nba::{
    PLAYER_PROP_PREDICTIONS, PREDICTION_ACCURACY, SCHEDULE, UPCOMING_TEAM_GAME_CONTEXT,
};

use crate::world::{PIPELINE, World};

/// The league as it lists a game on the date from which it was put off.
struct Before {
    league: Arc<dyn Source>,
    /// The game's id of the league.
    game: String,
    listed: Date,
    played: Date,
}

#[async_trait]
impl Source for Before {
    async fn calendar(&self, source: &str) -> Result<Vec<Payload>, Failure> {
        let mut lists = self.league.calendar(source).await?;
        for list in &mut lists {
            let mut value = read(list);
            for game in value["games"].as_array_mut().expect("games") {
                if game["game_id"] == self.game.as_str() {
                    game["game_date"] = json!(self.listed.to_string());
                }
            }
            list.bytes = value.to_string().into();
        }
        Ok(lists)
    }

    async fn payloads(&self, source: &str, date: Date) -> Result<Found<Vec<Payload>>, Failure> {
        let found = self.league.payloads(source, date).await?;
        let Found::There(mut lists) = found else { return Ok(found) };
        if source == "schedule" && (date == self.listed || date == self.played) {
            let mut value = read(&lists[0]);
            let games = value["games"].as_array_mut().expect("games");
            games.retain(|game| game["game_id"] != self.game.as_str());
            if date == self.listed {
                let whole = self.calendar(source).await?;
                let whole = read(&whole[0])["games"].as_array().expect("games").clone();
                games.extend(whole.into_iter().filter(|game| game["game_id"] == self.game.as_str()));
            }
            lists[0].bytes = value.to_string().into();
        }
        Ok(Found::There(lists))
    }
}

fn read(list: &Payload) -> Value {
    serde_json::from_slice(&list.bytes).expect("JSON")
}

async fn rows<R: Row>(world: &World, dataset: Dataset<R>, date: Date) -> Vec<R> {
    let frame = world.rows(Unit { dataset: dataset.name(), date }).await;
    frame.map(|frame| R::from_frame(&frame).expect("its own rows")).unwrap_or_default()
}

/// The predictions of each game of a date, as texts in order; lines of bookmakers, which land later, left out.
async fn predictions(world: &World, date: Date) -> BTreeMap<String, Vec<String>> {
    let mut games: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows::<PlayerPrediction>(world, PLAYER_PROP_PREDICTIONS, date).await {
        let said = (row.player_id, &row.system_id, row.predicted_points, row.confidence, &row.refusal);
        games.entry(row.nba_game_id.to_string()).or_default().push(format!("{said:?}"));
    }
    games
}

/// Two dates of the season's last third, with a game of the later one that could have been on the
/// earlier one: neither team plays there or in between, and the later date has other games too.
fn a_move(games: &[Value], dates: &[Date]) -> (String, Date, Date) {
    let on = |date: Date| games.iter().filter(move |game| game["game_date"] == date.to_string().as_str());
    let teams = |game: &Value| [game["home_team"].clone(), game["away_team"].clone()];
    let free = |game: &Value, date: Date| {
        on(date).all(|other| teams(other).iter().all(|t| !teams(game).contains(t)))
    };
    for pair in dates.windows(2).skip(dates.len() * 2 / 3) {
        let [first, second] = pair else { continue };
        let movable = on(*second).find(|game| free(game, *first));
        if let Some(game) = movable.filter(|_| on(*second).count() > 1 && on(*first).count() > 0) {
            return (game["game_id"].as_str().expect("an id").to_owned(), *first, *second);
        }
    }
    panic!("no game can be put off in this league")
}

#[tokio::test]
async fn one_of_several_games_of_a_date_is_put_off_after_it_was_predicted() {
    let league = League { seed: 3, seasons: vec![2023], teams: 8, games_per_team: 20 };
    let league: Arc<dyn Source> = Arc::new(SimulatedLeague::new(league).expect("a league"));
    let lists = league.calendar("schedule").await.expect("schedules");
    let list: Value = serde_json::from_slice(&lists[0].bytes).expect("JSON");
    let regular: Vec<Value> = list["games"].as_array().expect("games").clone();
    let regular: Vec<Value> =
        regular.into_iter().filter(|game| game["season_type"] == "Regular Season").collect();
    let calendar = (PIPELINE.calendar)(&lists).expect("a calendar");
    let until =
        Date::parse(regular.last().expect("a game")["game_date"].as_str().expect("a date")).expect("a date");
    let dates: Vec<Date> = calendar.dates().iter().copied().filter(|date| *date <= until).collect();
    let (game, listed, played) = a_move(&regular, &dates);
    let before = Before { league: Arc::clone(&league), game: game.clone(), listed, played };
    let before: Arc<dyn Source> = Arc::new(before);

    // The morning of the date that lists it.
    let world = World::new(0);
    let morning = AsOf::morning(before, Today::on(listed), PIPELINE.calendar_source);
    world.start(Arc::new(morning)).await.bring_up_to_date(listed).await;
    assert_eq!(world.ledger.dead_letters(true).await.expect("dead letters"), []);
    let early = predictions(&world, listed).await;
    assert!(early.len() > 1 && early[&game].len() >= 40, "{:?}", early.keys());

    // It is put off, and nobody has played yet.
    let morning = AsOf::morning(Arc::clone(&league), Today::on(listed), PIPELINE.calendar_source);
    let process = world.start(Arc::new(morning)).await;
    assert!(process.bring_up_to_date(listed).await > 0, "nothing to restate");
    let mut others = early.clone();
    others.remove(&game);
    assert_eq!(predictions(&world, listed).await, others, "its rows go, and no other one is said otherwise");
    let contexts = rows::<TeamContext>(&world, UPCOMING_TEAM_GAME_CONTEXT, listed).await;
    assert!(contexts.iter().all(|row| *row.nba_game_id != *game) && contexts.len() == 2 * others.len());

    // Then both dates are played.
    drop(process);
    let process = world.start(Arc::new(AsOf::now(Arc::clone(&league), Today::on(played)))).await;
    process.bring_up_to_date(played).await;
    assert_eq!(world.ledger.dead_letters(true).await.expect("dead letters"), []);
    let scheduled = rows::<ScheduledGame>(&world, SCHEDULE, played).await;
    assert!(scheduled.len() > 1 && scheduled.iter().any(|row| *row.nba_game_id == *game));
    let graded = async |date: Date| {
        let mut graded: BTreeMap<String, usize> = BTreeMap::new();
        for row in rows::<PredictionGrade>(&world, PREDICTION_ACCURACY, date).await {
            *graded.entry(row.game_id.to_string()).or_default() += usize::from(row.signed_error.is_some());
        }
        graded
    };
    let of_game = |date: Date| {
        let row = scheduled.iter().find(|row| *row.nba_game_id == *game).expect("the game");
        format!("{}_{}_{}", date.to_string().replace('-', ""), row.away_team, row.home_team)
    };
    let (at_first, in_the_end) = (graded(listed).await, graded(played).await);
    assert!(!at_first.contains_key(&of_game(listed)), "{at_first:?}");
    assert!(at_first.len() == others.len() && at_first.values().all(|rows| *rows > 0), "{at_first:?}");
    assert!(in_the_end[&of_game(played)] > 0, "{in_the_end:?}");

    // And all is as if it had always been listed on the date on which it is played.
    let straight = World::new(0);
    let process = straight.start(Arc::new(AsOf::now(league, Today::on(played)))).await;
    process.bring_up_to_date(played).await;
    let kept = |world: &World| -> BTreeMap<Unit, _> {
        world.lake.contents().into_iter().map(|(unit, stored)| (unit, stored.revision)).collect()
    };
    assert_eq!(kept(&world), kept(&straight));
}
