//! A date in two steps, as a daily run makes it, and in one, as a backfill does: what is said before the games
//! stays as it was said, and both end in the same bytes.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use tidegate::adapters::sources::{League, SimulatedLeague};
use tidegate::domain::nba::{FeatureRow, PlayerContext, PlayerPrediction, TeamContext};
use tidegate::fleet::{AsOf, Found, Ledger, Source, Today};
use tidegate::flow::{Dataset, Date, Failure, Outcome, Payload, Row, SkipReason, Unit};
use tidegate::pipelines::nba::{
    LANDED_PLAYER_LOGS, LANDED_SHOTS, ML_FEATURE_STORE, NBA, PLAYER_GAME_SUMMARY, PLAYER_PROP_PREDICTIONS,
    TEAM_OFFENSE_GAME_SUMMARY, UPCOMING_PLAYER_GAME_CONTEXT, UPCOMING_TEAM_GAME_CONTEXT,
};

use crate::world::World;

fn league() -> Arc<dyn Source> {
    let league = League { seed: 3, seasons: vec![2022, 2023], teams: 4, games_per_team: 12 };
    Arc::new(SimulatedLeague::new(league).expect("a league"))
}

/// The morning of a date on which its injury report is there already.
struct Told {
    morning: AsOf,
    league: Arc<dyn Source>,
}

#[async_trait]
impl Source for Told {
    async fn calendar(&self, source: &str) -> Result<Vec<Payload>, Failure> {
        self.morning.calendar(source).await
    }

    async fn stamp(&self, source: &str, date: Date) -> Result<Found<String>, Failure> {
        match source {
            "injury_report" => self.league.stamp(source, date).await,
            _ => self.morning.stamp(source, date).await,
        }
    }

    async fn payloads(&self, source: &str, date: Date) -> Result<Found<Vec<Payload>>, Failure> {
        match source {
            "injury_report" => self.league.payloads(source, date).await,
            _ => self.morning.payloads(source, date).await,
        }
    }
}

/// A date after all of them.
fn afterwards() -> Date {
    Date::of(2030, 1, 1).expect("a date")
}

/// A unit's rows; none where it has none.
async fn rows<R: Row>(world: &World, dataset: Dataset<R>, date: Date) -> Vec<R> {
    let frame = world.rows(Unit { dataset: dataset.name(), date }).await;
    frame.map(|frame| R::from_frame(&frame).expect("its own rows")).unwrap_or_default()
}

fn texts<R: Debug>(rows: impl IntoIterator<Item = R>) -> BTreeSet<String> {
    rows.into_iter().map(|row| format!("{row:?}")).collect()
}

/// What is said of each team, but for offers, which may land after it.
async fn of_teams(world: &World, date: Date) -> BTreeSet<String> {
    let without_offers = |row: TeamContext| TeamContext { game_spread: None, game_total: None, ..row };
    texts(rows(world, UPCOMING_TEAM_GAME_CONTEXT, date).await.into_iter().map(without_offers))
}

/// What is said of each player, likewise.
async fn of_players(world: &World, date: Date) -> BTreeSet<String> {
    let without_offers = |row: PlayerContext| PlayerContext {
        has_prop_line: None,
        current_points_line: None,
        game_spread: None,
        game_total: None,
        prop_over_streak: None,
        prop_under_streak: None,
        ..row
    };
    texts(rows(world, UPCOMING_PLAYER_GAME_CONTEXT, date).await.into_iter().map(without_offers))
}

/// What each system predicts of each player; offers, which may land after it, belong to no prediction.
async fn predicted(world: &World, date: Date) -> BTreeSet<String> {
    let said = |row: PlayerPrediction| {
        format!(
            "{} {} {:?} {:?} {:?} {:?}",
            row.player_id, row.system_id, row.predicted_points, row.confidence, row.refusal, row.model_id
        )
    };
    rows(world, PLAYER_PROP_PREDICTIONS, date).await.into_iter().map(said).collect()
}

/// What is said of a date before its games: of teams, of players, the features, and the predictions.
async fn said(world: &World, date: Date) -> [BTreeSet<String>; 4] {
    [
        of_teams(world, date).await,
        of_players(world, date).await,
        texts(rows::<FeatureRow>(world, ML_FEATURE_STORE, date).await),
        predicted(world, date).await,
    ]
}

#[tokio::test]
async fn a_morning_and_its_restatement_come_to_the_bytes_of_a_backfill() {
    let straight = World::new(0);
    let process = straight.start(league()).await;
    process.bring_up_to_date(afterwards()).await;
    let calendar = process.calendar().clone();
    let (records, lake) = (straight.records().await, straight.lake.contents());
    let second = calendar.season_range(calendar.season(calendar.len() - 1)).start;
    // Each in turn on top of the ones before: an opening night without any past, a bootstrap day, days with
    // features, the next season's opening night, the playoffs.
    let probes = [0, 4, second - 8, second - 1, second, calendar.len() - 6];
    let (world, mut features, mut added) = (World::new(0), 0, 0);
    for at in probes {
        let today = calendar.date(at);
        let morning = AsOf::morning(league(), Today::on(today), NBA.calendar_source);
        let process = world.start(Arc::new(Told { morning, league: league() })).await;
        process.bring_up_to_date(today).await;
        assert_eq!(world.ledger.dead_letters(true).await.expect("dead letters"), [], "{today}");
        let early = world.records().await;
        for dataset in
            [LANDED_PLAYER_LOGS, LANDED_SHOTS, PLAYER_GAME_SUMMARY.name(), TEAM_OFFENSE_GAME_SUMMARY.name()]
        {
            let outcome = early[&Unit { dataset, date: today }].outcome;
            assert_eq!(outcome, Outcome::Skipped(SkipReason::NotYet), "{dataset} {today}");
        }
        assert!(early.keys().all(|unit| unit.date <= today.plus_days(7)), "{today}: too far ahead");
        let before = said(&world, today).await;
        assert!(!before[0].is_empty(), "{today}: nothing is said of the teams");
        features += before[2].len();

        drop(process);
        let process = world.start(Arc::new(AsOf::now(league(), Today::on(today)))).await;
        let tasks = process.bring_up_to_date(today).await;
        assert!(tasks > 0, "{today}: nothing to restate");
        for (before, after) in before.iter().zip(said(&world, today).await) {
            let changed: Vec<_> = before.difference(&after).collect();
            let first = changed.first();
            assert!(
                changed.is_empty(),
                "{today}: said before the games and not after: {first:?} of {}",
                changed.len()
            );
            added += after.len() - before.len();
        }
        assert_eq!(process.bring_up_to_date(today).await, 0, "{today}: a second look finds something");
    }
    assert!(features > 50 && added > 0, "{features} rows of features, {added} rows added by the games");
    let process = world.start(league()).await;
    process.bring_up_to_date(afterwards()).await;
    let found = world.records().await;
    assert_eq!(found.len(), records.len());
    for (unit, record) in &records {
        let (found, expected) = (&found[unit], record);
        let made = |record: &tidegate::fleet::UnitRecord| {
            (record.outcome, record.fingerprint, record.stored.clone(), record.rows_written)
        };
        assert_eq!(made(found), made(expected), "{unit}");
    }
    assert_eq!(world.lake.contents(), lake);
}
