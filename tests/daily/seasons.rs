//! Two seasons as they come, day by day: the real scheduler, engine and loops, a league whose service reveals
//! results when games are over, corrects some, is down for two days and puts a game off; models that are trained
//! each month on what has been graded; a process that is killed in the middle of a run, and a machine that sleeps
//! for days. In the end: the lake of a backfill.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use tidegate::adapters::sources::{LandingZone, League, LeagueUnderWay};
use tidegate::domain::nba::{
    FeatureRow, InjuryListing, PlayerContext, PlayerPrediction, System, constant_over_a_season,
    feature_spread,
};
use tidegate::fleet::{AsOf, Clock, Days, Due, Feeds, Ledger, Millis, Scheduler, Source, Today, Turn};
use tidegate::flow::{DatasetName, Date, Failure, Outcome, Rhythm, Row, SkipReason, Unit};
use tidegate::pipelines::nba::{
    GATE_E, GATE_F, INJURY_REPORT, LANDED_PLAYER_LOGS, ML_FEATURE_STORE, NBA_RHYTHM, PLAYER_GAME_SUMMARY,
    PLAYER_PROP_PREDICTIONS, POINTS_MODEL, PREDICTION_ACCURACY, UPCOMING_PLAYER_GAME_CONTEXT,
};

use crate::world::{PIPELINE, Process, World};

const HOUR: Millis = 3_600_000;
const DAY: Millis = 24 * HOUR;

/// The pipeline's day, with fewer looks at the injury report, which here says the same all day.
const RHYTHM: Rhythm = Rhythm { present: &[("injury_report", 6 * HOUR)], ..NBA_RHYTHM };

/// What must be said of a date before its first game begins.
const BEFORE: [DatasetName; 3] =
    [UPCOMING_PLAYER_GAME_CONTEXT.name(), ML_FEATURE_STORE.name(), PLAYER_PROP_PREDICTIONS.name()];
/// What a date's results are, and what they grade; with what it is called when it is made, and made anew.
const AFTER: [(DatasetName, Happened, Happened); 2] = [
    (PLAYER_GAME_SUMMARY.name(), Happened::Played, Happened::Corrected),
    (PREDICTION_ACCURACY.name(), Happened::Graded, Happened::Regraded),
];

/// Large enough for models that gate F lets pass: each is tested on a hundred rows and more.
fn league() -> League {
    League { seed: 2, seasons: vec![2022, 2023], teams: 6, games_per_team: 26 }
}

fn date(text: &str) -> Date {
    Date::parse(text).expect(text)
}

/// Midnight, universal time.
fn midnight(text: &str) -> Millis {
    Millis::from(date(text).days()) * DAY
}

/// What happened to a date, in the order in which it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happened {
    Opened,
    Predicted,
    Played,
    Graded,
    Corrected,
    Regraded,
}

/// The league, the machine that serves it, and what it was seen to do.
struct Serving {
    world: World,
    directory: tempfile::TempDir,
    today: Arc<Today>,
    scheduler: Scheduler,
    process: Option<(Process, Days)>,
    diary: Vec<(Millis, Date, Happened)>,
    /// The revisions of what results are made into.
    made: BTreeMap<Unit, tidegate::flow::Revision>,
    /// Predictions of a trained model that each date had when it was predicted.
    boosted: BTreeMap<Date, usize>,
    /// Players whom the injury report had out or doubtful of each date as it was predicted.
    left_out: BTreeMap<Date, usize>,
    begun: u32,
    withdrawn: BTreeSet<Date>,
    dead: BTreeSet<String>,
    runs: u32,
}

impl Serving {
    fn begin(now: Millis, down: Vec<Range<Millis>>) -> (Self, Arc<LeagueUnderWay>) {
        let world = World::new(now);
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
        let upstream =
            Arc::new(LeagueUnderWay::new(league(), directory.path(), clock, down).expect("a league"));
        let serving = Self {
            world,
            directory,
            today: Today::on(NBA_RHYTHM.today(now)),
            scheduler: Scheduler::new(RHYTHM),
            process: None,
            diary: Vec::new(),
            made: BTreeMap::new(),
            boosted: BTreeMap::new(),
            left_out: BTreeMap::new(),
            begun: 0,
            withdrawn: BTreeSet::new(),
            dead: BTreeSet::new(),
            runs: 0,
        };
        (serving, upstream)
    }

    fn zone(&self) -> Arc<dyn Source> {
        Arc::new(LandingZone::open(self.directory.path()).expect("a landing zone"))
    }

    async fn start(&mut self, upstream: &Arc<LeagueUnderWay>) {
        self.begun += 1;
        let seen = AsOf::now(self.zone(), Arc::clone(&self.today));
        let before: BTreeSet<Date> = self.world.records().await.into_keys().map(|unit| unit.date).collect();
        let process = self.world.start(Arc::new(seen)).await;
        let after: BTreeSet<Date> = self.world.records().await.into_keys().map(|unit| unit.date).collect();
        self.withdrawn.extend(before.difference(&after));
        let (engine, today) = (Arc::clone(&process.engine), Arc::clone(&self.today));
        let sources = vec!["player_game_logs", "team_game_logs", "shot_chart_detail", "injury_report"];
        let feeds = Feeds { upstream: Arc::clone(upstream) as _, sources };
        let days = Days::of(engine, &PIPELINE, RHYTHM, today, Some(feeds));
        self.process = Some((process, days));
    }

    /// A process that was killed, or ended because the source has other dates, is there no more.
    fn end(&mut self) {
        self.process = None;
    }

    async fn turn(&mut self, upstream: &Arc<LeagueUnderWay>) -> Turn {
        if self.process.is_none() {
            self.start(upstream).await;
        }
        let (_, days) = self.process.as_ref().expect("it has just begun");
        let turn = days.turn(&mut self.scheduler).await.expect("a turn");
        for (due, failure) in &turn.failed {
            assert!(matches!(failure, Failure::Transient(_)), "{due:?}: {failure}");
        }
        if turn.run.is_some() {
            self.runs += 1;
        }
        turn
    }

    /// Waits until everything that was begun is done, and writes down what is new.
    async fn settle(&mut self, opened: Option<Date>) {
        let (process, _) = self.process.as_ref().expect("a process");
        for run in self.world.ledger.runs(true).await.expect("runs") {
            process.engine.progress().wait_finished(run.id).await;
        }
        let now = self.world.clock.now();
        for letter in self.world.ledger.dead_letters(true).await.expect("dead letters") {
            self.dead.insert(format!("{} {}", letter.code, letter.unit.date));
        }
        let records = self.world.records().await;
        if let Some(day) = opened {
            self.diary.push((now, day, Happened::Opened));
            let is_made = |dataset| {
                records.get(&Unit { dataset, date: day }).is_some_and(|record| match record.outcome {
                    Outcome::Done | Outcome::Skipped(SkipReason::Bootstrap) => true,
                    Outcome::Unchanged | Outcome::Skipped(_) => false,
                })
            };
            let landed = records.get(&Unit { dataset: LANDED_PLAYER_LOGS, date: day });
            let not_yet = Outcome::Skipped(SkipReason::NotYet);
            if BEFORE.into_iter().all(is_made) && landed.is_some_and(|record| record.outcome == not_yet) {
                self.diary.push((now, day, Happened::Predicted));
                self.boosted.insert(day, self.boosted_on(day).await);
                self.left_out.insert(day, self.left_out_on(day).await);
            }
        }
        for (dataset, first, again) in AFTER {
            for (unit, record) in records.iter().filter(|(unit, _)| unit.dataset == dataset) {
                let Some(stored) = &record.stored else { continue };
                match self.made.insert(*unit, stored.revision) {
                    None => self.diary.push((now, unit.date, first)),
                    Some(before) if before != stored.revision => self.diary.push((now, unit.date, again)),
                    Some(_) => {}
                }
            }
        }
    }

    /// How many players a trained model predicts on a date, as far as it is said by now.
    async fn boosted_on(&self, date: Date) -> usize {
        let unit = Unit { dataset: PLAYER_PROP_PREDICTIONS.name(), date };
        let Some(frame) = self.world.rows(unit).await else { return 0 };
        let rows = PlayerPrediction::from_frame(&frame).expect("its own rows");
        let boosted = |row: &&PlayerPrediction| {
            *row.system_id == *System::GradientBoosting.id() && row.predicted_points.is_some()
        };
        rows.iter().filter(boosted).count()
    }

    /// How many players the injury report has out or doubtful on a date whose games are not over; none of them is in
    /// its population.
    async fn left_out_on(&self, date: Date) -> usize {
        let listings = self.world.rows(Unit { dataset: INJURY_REPORT.name(), date }).await;
        let listings = listings.map(|frame| InjuryListing::from_frame(&frame).expect("its own rows"));
        let absent = |row: &&InjuryListing| ["out", "doubtful"].contains(&&*row.status);
        let absent: BTreeSet<i64> =
            listings.iter().flatten().filter(absent).filter_map(|row| row.player_id).collect();
        let contexts = self.world.rows(Unit { dataset: UPCOMING_PLAYER_GAME_CONTEXT.name(), date }).await;
        let contexts = PlayerContext::from_frame(&contexts.expect("contexts")).expect("its own rows");
        assert!(
            contexts.iter().all(|row| !absent.contains(&row.player_id)),
            "{date}: who is out is expected"
        );
        absent.len()
    }

    /// Lives until this moment, turn after turn; the clock jumps from one to the next.
    async fn live_until(&mut self, end: Millis, upstream: &Arc<LeagueUnderWay>) {
        while self.world.clock.now() < end {
            let turn = self.turn(upstream).await;
            if turn.has_other_dates {
                self.end();
                continue;
            }
            let opened = turn.done.iter().find_map(|due| match due {
                Due::Day(date) => Some(*date),
                Due::Schedule(_) | Due::Payload { .. } => None,
            });
            if turn.run.is_some() || opened.is_some() {
                self.settle(opened).await;
            }
            assert!(turn.next > self.world.clock.now(), "time stands still");
            self.world.clock.move_to(turn.next.min(end));
        }
    }

    /// Lives on until a run has been submitted, and kills the process before anything of it can be done.
    async fn live_until_killed(&mut self, upstream: &Arc<LeagueUnderWay>) {
        loop {
            let turn = self.turn(upstream).await;
            if turn.run.is_some() {
                self.end();
                return;
            }
            if turn.has_other_dates {
                self.end();
            } else {
                self.settle(None).await;
                self.world.clock.move_to(turn.next);
            }
        }
    }

    /// Every moment at which something happened to a date.
    fn every(&self, what: Happened, date: Date) -> BTreeSet<Millis> {
        let of = self.diary.iter().filter(|(_, of, happened)| *happened == what && *of == date);
        of.map(|(at, _, _)| *at).collect()
    }

    fn moments(&self, what: Happened) -> BTreeMap<Date, Millis> {
        let of = self.diary.iter().rev().filter(|(_, _, happened)| *happened == what);
        of.map(|(at, date, _)| (*date, *at)).collect()
    }
}

#[tokio::test]
async fn two_seasons_served_day_by_day_come_to_the_lake_of_a_backfill() {
    let outage = midnight("2022-11-03")..midnight("2022-11-05");
    let begin = midnight("2022-10-10") + 15 * HOUR;
    let (mut serving, upstream) = Serving::begin(begin, vec![outage.clone()]);
    tidegate::fleet::Upstream::fetch_schedule(&*upstream, tidegate::flow::Season::starting(2022))
        .await
        .expect("the first schedule");
    serving.live_until(midnight("2022-10-30"), &upstream).await;
    serving.live_until_killed(&upstream).await;
    // Between the seasons nobody needs the machine.
    serving.live_until(midnight("2023-01-20"), &upstream).await;
    serving.end();
    serving.world.clock.move_to(midnight("2023-10-01"));
    serving.live_until(midnight("2023-10-26") + 10 * HOUR, &upstream).await;
    // The machine sleeps through two nights and a morning.
    serving.end();
    let asleep = serving.world.clock.now()..serving.world.clock.now() + 60 * HOUR;
    serving.world.clock.move_to(asleep.end);
    serving.live_until(midnight("2024-01-10"), &upstream).await;

    let trouble = [outage, asleep];
    let dead: Vec<&String> =
        serving.dead.iter().filter(|letter| !letter.contains("payload_missing")).collect();
    assert!(dead.is_empty() && !serving.dead.is_empty(), "{:?}", serving.dead);
    assert_eq!(serving.world.ledger.dead_letters(true).await.expect("dead letters"), []);
    check_order(&serving, &trouble).await;
    check_models(&serving).await;
    check_injuries(&serving).await;
    // One game of each season was put off: its first date is no more.
    assert_eq!(serving.withdrawn.len(), 2, "{:?}", serving.withdrawn);
    check_against_a_backfill(&serving).await;
}

/// Each day is opened, then predicted before its first game begins, then graded after its last; yesterday is
/// graded before today is predicted; a correction grades anew; and only what trouble touched was late.
async fn check_order(serving: &Serving, trouble: &[Range<Millis>; 2]) {
    let calendar = serving.process.as_ref().expect("a process").0.calendar().clone();
    let records = serving.world.records().await;
    let [opened, predicted, played, graded, corrected, regraded] = [
        Happened::Opened,
        Happened::Predicted,
        Happened::Played,
        Happened::Graded,
        Happened::Corrected,
        Happened::Regraded,
    ]
    .map(|what| serving.moments(what));
    let days = serving.diary.iter().filter(|(_, _, happened)| *happened == Happened::Opened);
    assert!(days.map(|(_, date, _)| *date).is_sorted(), "days open in order");
    let payloads = serving.zone().calendar("schedule").await.expect("payloads");
    let starts = (NBA_RHYTHM.starts)(&payloads).expect("starts");
    let touched = |date: &Date| {
        let (from, to) = (NBA_RHYTHM.opening(*date), NBA_RHYTHM.opening(date.plus_days(1)));
        trouble.iter().any(|span| span.start < to && from < span.end + DAY)
    };
    let (mut in_time, mut late) = (0, Vec::new());
    for (at, date) in calendar.dates().iter().enumerate() {
        let (first, last) = starts[date];
        let played_at = *played.get(date).unwrap_or_else(|| panic!("{date} was never played"));
        assert!(played_at > last + 2 * HOUR, "{date} has results before its games were over");
        let unit = Unit { dataset: PLAYER_PROP_PREDICTIONS.name(), date: *date };
        // A season's first days have no predictions, and nothing to grade.
        if records[&unit].outcome == Outcome::Skipped(SkipReason::Bootstrap) {
            assert_eq!(graded.get(date), None, "{date}");
        } else {
            assert_eq!(graded.get(date), Some(&played_at), "{date} is graded with its results");
            // After an outage payloads come one by one, and shots correct no grade.
            let (corrected, regraded) =
                (serving.every(Happened::Corrected, *date), serving.every(Happened::Regraded, *date));
            let regrades = corrected.is_subset(&regraded) || touched(date);
            assert!(regrades, "{date} is graded anew with its corrections: {regraded:?} of {corrected:?}");
        }
        let Some(moment) = predicted.get(date) else {
            late.push(*date);
            continue;
        };
        assert!(*moment < first, "{date}: predicted after the first tip-off");
        assert!(opened[date] <= *moment && *moment < played_at, "{date}: out of order");
        if let Some(yesterday) = at.checked_sub(1).map(|at| calendar.date(at)) {
            assert!(played[&yesterday] <= *moment, "{date} was predicted without {yesterday}");
        }
        in_time += 1;
    }
    assert!(late.iter().all(touched), "late without a reason: {late:?}");
    assert!(late.iter().any(|date| date.year() == 2022) && late.iter().any(|date| date.year() == 2023));
    assert!(in_time * 10 >= calendar.len() * 8, "{in_time} of {} dates in time", calendar.len());
    assert!(corrected.len() * 3 > calendar.len(), "{} dates were corrected", corrected.len());
    assert!(regraded.len() * 4 > calendar.len(), "{} dates were graded anew", regraded.len());
}

/// Models were trained behind gate E, passed gate F, and predicted each date of the second season before its games.
async fn check_models(serving: &Serving) {
    let records = serving.world.records().await;
    let done = |dataset: DatasetName| -> BTreeSet<Date> {
        let of = records
            .iter()
            .filter(|(unit, record)| unit.dataset == dataset && record.outcome == Outcome::Done);
        of.map(|(unit, _)| unit.date).collect()
    };
    let models = done(POINTS_MODEL.name());
    assert!(models.len() >= 3, "{models:?}");
    assert_eq!(done(GATE_E.name()), models, "each behind gate E");
    assert_eq!(done(GATE_F.name()), models, "each passed gate F");
    let first = *models.first().expect("a model");
    let predicted = serving.boosted.iter().filter(|(date, _)| **date >= first);
    let (without, with): (Vec<_>, Vec<_>) = predicted.partition(|(_, players)| **players == 0);
    let is_bootstrap = |date: &Date| {
        let unit = Unit { dataset: PLAYER_PROP_PREDICTIONS.name(), date: *date };
        records[&unit].outcome == Outcome::Skipped(SkipReason::Bootstrap)
    };
    assert!(without.iter().all(|(date, _)| is_bootstrap(date)), "predicted without the model: {without:?}");
    assert!(with.len() > 20, "{with:?}");
}

/// Nearly every date was predicted by its injury report, and what it says varies over each season.
async fn check_injuries(serving: &Serving) {
    let with = serving.left_out.values().filter(|players| **players > 0).count();
    assert!(with * 10 > serving.left_out.len() * 8, "{with} of {}", serving.left_out.len());
    let mut rows = Vec::new();
    for unit in
        serving.world.records().await.into_keys().filter(|unit| unit.dataset == ML_FEATURE_STORE.name())
    {
        let Some(frame) = serving.world.rows(unit).await else { continue };
        rows.extend(FeatureRow::from_frame(&frame).expect("its own rows"));
    }
    let spread = feature_spread(rows.iter().map(|row| (row.season_year, row.game_date, &*row.features)));
    let names = &rows[0].feature_names;
    let constant: Vec<_> = constant_over_a_season(&spread)
        .into_iter()
        .filter(|(_, feature, _)| &*names[*feature] == "injury_risk")
        .collect();
    assert_eq!(constant, []);
    let (told, untold): (Vec<_>, Vec<_>) =
        rows.iter().partition(|row| &*row.feature_sources[10] == "calculated");
    assert!(told.len() > 8 * untold.len() && !untold.is_empty(), "{} and {}", told.len(), untold.len());
    let missed = untold.iter().filter(|row| &*row.feature_sources[10] == "phase3").count();
    assert!(missed > 0, "of {} without a report nobody is told of by the games that he missed", untold.len());
}

/// Every record, every unit of the lake and every document as a backfill over what has landed makes them. Only the
/// name of the run, which is in the files' metadata, is another one.
async fn check_against_a_backfill(serving: &Serving) {
    let straight = World::new(serving.world.clock.now());
    let process = straight.start(serving.zone()).await;
    process.bring_up_to_date(Date::of(2030, 1, 1).expect("a date")).await;
    serving.world.assert_same(&straight).await;
    // Of the dates that were put off nothing is published any more.
    let of_date = |date: &Date| format!("predictions/{date}.json");
    assert!(serving.withdrawn.iter().all(|date| straight.objects.get(&of_date(date)).is_none()));
}
