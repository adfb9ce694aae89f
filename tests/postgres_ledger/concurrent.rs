//! Many at once on one ledger: processes (each a ledger with connections of its own) that claim, commit, repeat,
//! lose their leases and commit too late, hand back, bury, submit over each other; readers that follow all
//! the while. What must hold is asked of every answer, and of the ledger in the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use futures::future::join_all;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tidegate::adapters::ledger::PostgresLedger;
use tidegate::fleet::{Claim, Commit, Committed, Ledger, LedgerError, UnitRecord};
use tidegate::flow::{DatasetName, Outcome, RunId, TaskState, Unit};
use tokio::task::JoinSet;

use crate::cluster::Database;
use crate::suite::{
    A, B, C, Check, DATASETS, Reader, burial, consistent, days, done, granted, new_run, order, ready, record,
    run, unit, waiting,
};

/// Dates of each dataset.
const DATES: i32 = 120;

/// How long a lease is, in ticks of the clock: a tick is an operation of anybody.
const LEASE: i64 = 400;

/// What all processes of a test have in common besides the ledger.
pub(crate) struct Common {
    pub(crate) run: RunId,
    clock: AtomicI64,
    numbers: AtomicU64,
    /// By unit: the numbers of the commits that were told to have happened.
    committed: Mutex<BTreeMap<Unit, Vec<u64>>>,
    /// How often a commit was told to be the run's last.
    pub(crate) ends: AtomicU64,
    pub(crate) stale: AtomicU64,
    pub(crate) taken_over: AtomicU64,
    /// Operations that failed because of the server, and passed.
    pub(crate) troubles: AtomicU64,
    pub(crate) operations: AtomicU64,
}

impl Common {
    pub(crate) fn of(run: RunId) -> Arc<Self> {
        Arc::new(Self {
            run,
            clock: AtomicI64::new(1),
            numbers: AtomicU64::new(1),
            committed: Mutex::default(),
            ends: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            taken_over: AtomicU64::new(0),
            troubles: AtomicU64::new(0),
            operations: AtomicU64::new(0),
        })
    }

    fn tick(&self) -> i64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn committed(&self) -> MutexGuard<'_, BTreeMap<Unit, Vec<u64>>> {
        self.committed.lock().expect("nobody panics with it")
    }

    /// What an operation answered; `None` after a trouble of the server's, which must be told as one that passes.
    fn passed<T>(&self, result: Result<T, LedgerError>) -> Option<T> {
        self.operations.fetch_add(1, Ordering::SeqCst);
        match result {
            Ok(answer) => Some(answer),
            Err(LedgerError::Storage { .. }) => {
                self.troubles.fetch_add(1, Ordering::SeqCst);
                None
            }
            Err(LedgerError::Content(reason)) => panic!("not a passing trouble: {reason}"),
        }
    }

    /// A commit with content that tells it from all others.
    fn commit(&self, unit: Unit, fence: u32) -> (u64, Commit) {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let record = UnitRecord { rows_written: number, ..record(self.run, unit, 1) };
        (number, Commit { record, ..done(self.run, unit, fence, 1) })
    }

    async fn commits(&self, ledger: &dyn Ledger, unit: Unit, fence: u32) {
        let (number, commit) = self.commit(unit, fence);
        match self.passed(ledger.commit(commit).await) {
            Some(Committed::Yes { run_finished, completion, .. }) => {
                assert_eq!((completion.run, completion.unit), (self.run, unit));
                self.committed().entry(unit).or_default().push(number);
                self.ends.fetch_add(u64::from(run_finished), Ordering::SeqCst);
            }
            Some(Committed::Stale) => {
                self.stale.fetch_add(1, Ordering::SeqCst);
            }
            None => {}
        }
    }

    pub(crate) async fn is_over(&self, ledger: &dyn Ledger) -> bool {
        let found = self.passed(ledger.run(self.run).await);
        found.is_some_and(|run| run.expect("a run").finished_at.is_some())
    }
}

pub(crate) fn all_units(dates: i32) -> Vec<Unit> {
    (0..dates).flat_map(|day| DATASETS.map(|dataset| unit(dataset, day))).collect()
}

/// A process that works till the run is over, in every way that an attempt may go.
pub(crate) async fn work(ledger: Arc<PostgresLedger>, common: Arc<Common>, units: Vec<Unit>, seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut late: Vec<(Unit, u32)> = Vec::new();
    let mut idle = 0;
    loop {
        let at = random.random_range(0..units.len());
        let unit = units[at];
        let now = common.tick();
        let claim = common.passed(ledger.claim(order(common.run, unit), now, now + LEASE).await);
        match claim {
            Some(Claim::Granted { fence, attempts, .. }) => {
                idle = 0;
                common.taken_over.fetch_add(u64::from(attempts > 1), Ordering::SeqCst);
                match random.random_range(0..20) {
                    // It is gone; whoever comes after the lease takes over.
                    0 => {}
                    // It is slow, and commits when another may have taken over.
                    1 | 2 => late.push((unit, fence)),
                    3 => {
                        let back =
                            ledger.hand_back(order(common.run, unit), fence, now + 3, random.random()).await;
                        common.passed(back);
                    }
                    // The order was delivered twice.
                    4 | 5 => {
                        let twice =
                            [common.commits(&*ledger, unit, fence), common.commits(&*ledger, unit, fence)];
                        join_all(twice).await;
                    }
                    6 => {
                        let lease_until = common.tick() + LEASE;
                        common.passed(ledger.renew(order(common.run, unit), fence, lease_until).await);
                        common.commits(&*ledger, unit, fence).await;
                    }
                    _ => common.commits(&*ledger, unit, fence).await,
                }
            }
            Some(Claim::Later(_) | Claim::Finished { .. } | Claim::Void(_)) | None => {
                idle += 1;
                // Without anything else to do, time goes by.
                common.clock.fetch_add(i64::from(idle), Ordering::SeqCst);
            }
        }
        if late.len() > 6 || idle > 20 {
            for (unit, fence) in late.drain(..) {
                common.commits(&*ledger, unit, fence).await;
            }
        }
        if idle > 0 && idle % 10 == 0 && common.is_over(&*ledger).await {
            return;
        }
    }
}

/// Follows the changes till the run is over: what was told to be committed before a look began is seen by it.
pub(crate) async fn follow(ledger: Arc<PostgresLedger>, common: Arc<Common>) -> u64 {
    let mut reader = Reader::default();
    let mut looks = 0;
    loop {
        let is_over = common.is_over(&*ledger).await;
        let before: Vec<(Unit, u64)> = {
            let committed = common.committed();
            committed.iter().filter_map(|(unit, numbers)| Some((*unit, *numbers.last()?))).collect()
        };
        if common.passed(reader.news(&*ledger).await).is_some() {
            looks += 1;
            for (unit, number) in before {
                let seen = reader.known.get(&unit).cloned().flatten().map(|record| record.rows_written);
                assert_eq!(seen, Some(number), "{unit} was committed before this look");
            }
            if is_over {
                return looks;
            }
        }
    }
}

/// What must hold of the ledger when the run is over.
pub(crate) async fn check_end(ledger: &dyn Ledger, common: &Common, units: &[Unit]) -> Check {
    let tasks = ledger.tasks(common.run, None).await?;
    assert_eq!(tasks.len(), units.len());
    for task in &tasks {
        assert_eq!((task.state, task.outcome), (TaskState::Finished, Some(Outcome::Done)), "{}", task.unit);
    }
    let mut messages: BTreeMap<Unit, u64> = BTreeMap::new();
    for (_, completion) in ledger.outbox().await? {
        *messages.entry(completion.message.unit).or_default() += 1;
    }
    assert_eq!(messages.len(), units.len());
    assert!(messages.values().all(|count| *count == 1), "each task is finished once");
    for (unit, numbers) in common.committed().iter() {
        assert_eq!(numbers.len(), 1, "{unit} was committed more than once: {numbers:?}");
    }
    consistent(ledger).await?;
    Ok(())
}

/// Starts this many processes with so many workers each, and a follower each; comes back when all have ended.
pub(crate) async fn everybody(
    database: &Database,
    common: &Arc<Common>,
    units: &[Unit],
    processes: u64,
) -> JoinSet<u64> {
    let mut tasks = JoinSet::new();
    for process in 0..processes {
        let ledger = Arc::new(database.ledger().await);
        for worker in 0..3 {
            let (ledger, common, units) = (Arc::clone(&ledger), Arc::clone(common), units.to_vec());
            tasks.spawn(async move {
                work(ledger, common, units, process * 100 + worker).await;
                0
            });
        }
        tasks.spawn(follow(ledger, Arc::clone(common)));
    }
    tasks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_task_ends_once_and_readers_miss_nothing() -> Check {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let units = all_units(DATES);
    let id = ledger.submit(new_run(1, &units.iter().copied().map(ready).collect::<Vec<_>>())).await?;
    let common = Common::of(id);
    let looks: u64 = everybody(&database, &common, &units, 4).await.join_all().await.into_iter().sum();
    check_end(&ledger, &common, &units).await?;
    assert_eq!(common.ends.load(Ordering::SeqCst), 1, "the run's end was told once");
    assert_eq!(common.troubles.load(Ordering::SeqCst), 0, "nothing was wrong with the server");
    assert_eq!(common.committed().len(), units.len());
    let (stale, taken_over) = (common.stale.load(Ordering::SeqCst), common.taken_over.load(Ordering::SeqCst));
    assert!(stale > 10 && taken_over > 10 && looks > 20, "{stale} stale, {taken_over} again, {looks} looks");
    Ok(())
}

/// Of two commits at once that end a run's last two tasks, neither sees the other; one of them tells its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_runs_end_is_told_once_whoever_commits_with_whom() -> Check {
    let database = Database::new().await;
    let ledgers = [database.ledger().await, database.ledger().await, database.ledger().await];
    let units = [unit(A, 1), unit(B, 1), unit(C, 1)];
    for at in 0..150 {
        let id = ledgers[0].submit(new_run(at, &units.map(ready))).await?;
        let mut commits = Vec::new();
        for (ledger, unit) in ledgers.iter().zip(units) {
            let (fence, _) = granted(ledger, id, unit, at + 10).await?;
            commits.push(ledger.commit(done(id, unit, fence, 1)));
        }
        let mut ends = 0;
        for committed in join_all(commits).await {
            let Committed::Yes { run_finished, .. } = committed? else { panic!("a current attempt") };
            ends += u32::from(run_finished);
        }
        assert_eq!(ends, 1, "run {id}");
        assert!(run(&ledgers[1], id).await?.finished_at.is_some());
        assert_eq!(ledgers[2].runs(true).await?, Vec::new());
    }
    Ok(())
}

/// A transaction that began before others and commits after them has the lower number, and is seen all the same.
#[tokio::test]
async fn a_change_that_is_committed_late_is_not_missed() -> Check {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let units = [unit(A, 1), unit(A, 2), unit(A, 3)];
    let id = ledger.submit(new_run(1, &units.map(ready))).await?;
    crate::suite::finish(&ledger, id, units[0], 1).await?;
    let mut reader = Reader::default();
    reader.news(&ledger).await?;

    let mut session = database.session().await;
    let slow = session.transaction().await.unwrap();
    slow.execute(
        "UPDATE units SET rows_written = 77, changed_in = pg_current_xact_id()::text::bigint,
            position = nextval('unit_changes')",
        &[],
    )
    .await
    .unwrap();
    for (unit, of) in [(units[1], 2), (units[2], 3)] {
        crate::suite::finish(&ledger, id, unit, of).await?;
        let news = reader.news(&ledger).await?;
        assert_eq!(news, vec![(unit, Some(record(id, unit, of)))], "what is committed is told at once");
    }
    slow.commit().await.unwrap();
    let late = UnitRecord { rows_written: 77, ..record(id, units[0], 1) };
    assert_eq!(reader.news(&ledger).await?, vec![(units[0], Some(late))]);
    assert_eq!(reader.news(&ledger).await?, Vec::new());
    Ok(())
}

/// Runs that are submitted at once for the same units: one of them has each unit, the others are superseded.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_runs_submitted_at_once_the_latest_has_the_units() -> Check {
    let database = Database::new().await;
    let ledgers = join_all((0..4).map(|_| database.ledger())).await;
    for round in 0..10 {
        let tasks: Vec<_> = all_units(10).into_iter().map(waiting).collect();
        let submissions = ledgers.iter().map(|ledger| ledger.submit(new_run(round, &tasks)));
        let mut ids: Vec<RunId> = join_all(submissions).await.into_iter().collect::<Result<_, _>>()?;
        ids.sort();
        for id in &ids[..ids.len() - 1] {
            let superseded = run(&ledgers[0], *id).await?;
            assert_eq!(superseded.tasks, BTreeMap::from([(TaskState::Superseded, tasks.len() as u64)]));
            assert!(superseded.finished_at.is_some());
        }
        let latest = run(&ledgers[0], ids[ids.len() - 1]).await?;
        assert_eq!(latest.tasks, BTreeMap::from([(TaskState::Waiting, tasks.len() as u64)]));
    }
    consistent(&ledgers[0]).await?;
    Ok(())
}

/// Everything at once that locks more than one row, on few units, so that they meet: whatever the order, no answer
/// is an error, the counts are those of the tasks, and at most one dead letter of a unit is open.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_collides_is_done_again_and_the_counts_hold() -> Check {
    const DATASETS_OF_ALL: [DatasetName; 3] = [A, B, C];
    let database = Database::new().await;
    let clock = Arc::new(AtomicI64::new(1));
    let mut processes = JoinSet::new();
    for seed in 0..6 {
        let (ledger, clock) = (database.ledger().await, Arc::clone(&clock));
        processes.spawn(async move {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            for _ in 0..120 {
                let some = |random: &mut ChaCha8Rng| {
                    unit(DATASETS_OF_ALL[random.random_range(0..3)], random.random_range(1..6))
                };
                let now = clock.fetch_add(1, Ordering::SeqCst);
                let (first, other) = (some(&mut random), some(&mut random));
                let latest = ledger.runs(false).await?.first().map_or(RunId(0), |run| run.id);
                if latest.0 == 0 || random.random_ratio(1, 15) {
                    let state = |day: i32| if day % 3 == 0 { ready } else { waiting };
                    let tasks: Vec<_> = (1..6)
                        .flat_map(|day| DATASETS_OF_ALL.map(|dataset| state(day)(unit(dataset, day))))
                        .collect();
                    ledger.submit(new_run(now, &tasks)).await?;
                    continue;
                }
                let all: Vec<Unit> = all_units(6);
                match random.random_range(0..8) {
                    0 => ledger.withdraw(&[first, other], now).await?,
                    1 | 2 => {
                        ledger.mark_ready(latest, &all[..random.random_range(1..all.len())], now).await?
                    }
                    choice => {
                        let claim = ledger.claim(order(latest, first), now, now + 40).await?;
                        let Claim::Granted { fence, .. } = claim else { continue };
                        let holds = [(other.dataset, days(1, 4)), (first.dataset, days(2, 5))];
                        match choice {
                            3 => ledger.reopen(latest, other, first, fence).await?,
                            4 | 5 => _ = ledger.bury(burial(latest, first, fence, &holds)).await?,
                            _ => _ = ledger.commit(done(latest, first, fence, 1)).await?,
                        }
                    }
                }
            }
            Ok::<_, LedgerError>(())
        });
    }
    for ended in processes.join_all().await {
        ended?;
    }
    consistent(&database.ledger().await).await?;
    Ok(())
}
