//! What was published by mistake: box scores with a player who was not there, a date that somebody gives up. After
//! the correction the published documents are those of a fleet that never knew of the mistake, file for file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tidegate::adapters::sources::{League, SimulatedLeague};
use tidegate::fleet::{Found, Ledger, Source, accept};
use tidegate::flow::{Calendar, Date, Failure, Lane, Payload};

use crate::world::World;

/// The place of `PLAYER_ID` in both of these is found by the headers.
const WITH_PLAYERS: [&str; 2] = ["player_game_logs", "shot_chart_detail"];

/// A player of whom nobody else has heard.
const NOBODY: i64 = 990_001;

/// A league whose payloads have other players in them than were there, or are broken.
struct Mistaken {
    league: SimulatedLeague,
    /// By date: who stands in the place of whom.
    swapped: BTreeMap<Date, Vec<(i64, i64)>>,
    broken: Mutex<Option<Date>>,
}

impl Mistaken {
    fn of(swapped: BTreeMap<Date, Vec<(i64, i64)>>) -> Arc<Self> {
        let league = League { seed: 3, seasons: vec![2022, 2023], teams: 4, games_per_team: 12 };
        let league = SimulatedLeague::new(league).expect("a league");
        Arc::new(Self { league, swapped, broken: Mutex::default() })
    }

    /// Who played on a date, by team.
    async fn players(&self, date: Date) -> BTreeMap<String, Vec<i64>> {
        let found = self.league.payloads("player_game_logs", date).await.expect("payloads");
        let mut players: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for payload in found.there().expect("a date with games") {
            let (rows, columns) = rows_of(&payload, &["PLAYER_ID", "TEAM_ABBREVIATION"]);
            for row in rows {
                let team = row[columns[1]].as_str().expect("a team").to_owned();
                players.entry(team).or_default().push(row[columns[0]].as_i64().expect("a number"));
            }
        }
        players
    }
}

/// The rows of a payload's table, and the places of these columns.
fn rows_of(payload: &Payload, columns: &[&str]) -> (Vec<serde_json::Value>, Vec<usize>) {
    let json: serde_json::Value = payload.json().expect("JSON");
    let table = &json["resultSets"][0];
    let headers = table["headers"].as_array().expect("headers");
    let place = |name: &&str| headers.iter().position(|header| header == name).expect("a column");
    (table["rowSet"].as_array().expect("rows").clone(), columns.iter().map(place).collect())
}

#[async_trait]
impl Source for Mistaken {
    async fn calendar(&self, source: &str) -> Result<Vec<Payload>, Failure> {
        self.league.calendar(source).await
    }

    async fn payloads(&self, source: &str, date: Date) -> Result<Found<Vec<Payload>>, Failure> {
        let found = self.league.payloads(source, date).await?;
        let is_broken = *self.broken.lock().expect("one thread") == Some(date) && source == WITH_PLAYERS[0];
        let swapped = self.swapped.get(&date).filter(|_| WITH_PLAYERS.contains(&source));
        if !is_broken && swapped.is_none() {
            return Ok(found);
        }
        let change = |payload: Payload| {
            let mut text = String::from_utf8(payload.bytes.to_vec()).expect("text");
            for (was, is) in swapped.into_iter().flatten() {
                text = text.replace(&was.to_string(), &is.to_string());
            }
            let text = if is_broken { "<html>".to_owned() } else { text };
            Payload::of(payload.name, text)
        };
        Ok(found.map(|payloads| payloads.into_iter().map(change).collect()))
    }
}

/// Two dates of the second season that have features, of which the later one is the last that is asked for, and
/// somebody whose team plays on neither; a player who is on both stands for each of the three mistakes.
async fn mistakes(league: &Mistaken, calendar: &Calendar) -> (Date, BTreeMap<Date, Vec<(i64, i64)>>, i64) {
    let dates = calendar.dates();
    for last in (dates.len() - 12..dates.len() - 6).rev() {
        let (early, late) = (dates[last - 1], dates[last]);
        let (before, after) = (league.players(early).await, league.players(late).await);
        let earlier = league.players(dates[last - 2]).await;
        let absent =
            earlier.iter().find(|(team, _)| !before.contains_key(*team) && !after.contains_key(*team));
        let Some((_, absent)) = absent else { continue };
        let of = |players: &BTreeMap<String, Vec<i64>>| players.values().next().expect("a team").clone();
        let (first, second) = (of(&before), of(&after));
        let swapped =
            [(early, vec![(first[0], absent[0])]), (late, vec![(second[0], absent[0]), (second[1], NOBODY)])];
        return (late, swapped.into(), absent[0]);
    }
    panic!("all teams play on all dates");
}

#[tokio::test]
async fn after_a_correction_no_document_of_the_mistake_is_left() {
    let right = Mistaken::of(BTreeMap::new());
    let straight = World::new(0);
    let process = straight.start(Arc::clone(&right) as _).await;
    let (today, swapped, absent) = mistakes(&right, process.calendar()).await;
    process.bring_up_to_date(today).await;
    let expected = straight.objects.contents();

    let world = World::new(0);
    let process = world.start(Mistaken::of(swapped)).await;
    process.bring_up_to_date(today).await;
    assert_eq!(world.ledger.dead_letters(true).await.expect("dead letters"), []);
    let as_of = |player: i64| {
        let document = world.objects.get(&format!("players/{player}.json"))?;
        tidegate::flow::Document::as_of(&document)
    };
    assert_eq!((as_of(absent), as_of(NOBODY)), (Some(today), Some(today)), "the mistakes show");
    drop(process);
    let process = world.start(right).await;
    process.bring_up_to_date(today).await;
    assert!(as_of(absent) < Some(today) && as_of(absent).is_some(), "{:?}", as_of(absent));
    assert_eq!(as_of(NOBODY), None);
    assert_eq!(world.objects.contents(), expected);
}

/// A payload breaks after it was published, and a person accepts that the date has none.
#[tokio::test]
async fn a_date_that_is_given_up_leaves_no_document() {
    let source = Mistaken::of(BTreeMap::new());
    let give_up = async |world: &World, today: Date| {
        *source.broken.lock().expect("one thread") = Some(today);
        let process = world.start(Arc::clone(&source) as _).await;
        process.bring_up_to_date(today).await;
        for letter in world.ledger.dead_letters(true).await.expect("dead letters") {
            let run = accept(&process.engine, letter.id, Lane::Backfill).await.expect("accepted");
            process.engine.progress().wait_finished(run.expect("what it held")).await;
        }
        assert_eq!(process.bring_up_to_date(today).await, 0, "a second look finds something");
    };
    let world = World::new(0);
    let process = world.start(Arc::clone(&source) as _).await;
    let today = process.calendar().date(process.calendar().len() - 8);
    process.bring_up_to_date(today).await;
    drop(process);
    let results = format!("results/{today}.json");
    let of_mistake = world.objects.contents();
    assert!(world.objects.get(&results).is_some());
    give_up(&world, today).await;
    assert_eq!(world.objects.get(&results), None);
    let straight = World::new(0);
    give_up(&straight, today).await;
    assert_eq!(world.objects.contents(), straight.objects.contents());
    assert!(world.objects.contents().len() < of_mistake.len());
}
