//! What every ledger must do, as one list of cases. Each works on an empty ledger, whatever it is kept in;
//! what only one kind promises is beside it (`tests/ledger_conformance.rs`, `tests/postgres_ledger`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use futures::future::join_all;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tidegate::adapters::ledger::InlineLedger;
use tidegate::fleet::{
    Backlog, Burial, Claim, Commit, Committed, DeadLetter, Ledger, LedgerError, NewRun, RunRecord, Stored,
    TaskRecord, TraceContext, UnitRecord,
};
use tidegate::flow::{
    Completion, DatasetName, Date, Fingerprint, Lane, Outcome, Revision, RunId, SkipReason, TaskState, Unit,
    WorkOrder,
};

pub(crate) const A: DatasetName = DatasetName::of("sim.a");
pub(crate) const B: DatasetName = DatasetName::of("sim.b");
pub(crate) const C: DatasetName = DatasetName::of("sim.c");
pub(crate) const DATASETS: [DatasetName; 3] = [A, B, C];

/// When waiting tasks become ready; claims come later.
pub(crate) const NOW: i64 = 5;

/// Later than anything else happens.
pub(crate) const LATE: i64 = 20_000;

pub(crate) type Check = Result<(), LedgerError>;

pub(crate) fn unit(dataset: DatasetName, day: i32) -> Unit {
    Unit { dataset, date: Date::from_days(day) }
}

pub(crate) fn days(first: i32, last: i32) -> RangeInclusive<Date> {
    Date::from_days(first)..=Date::from_days(last)
}

pub(crate) fn order(run: RunId, unit: Unit) -> WorkOrder {
    WorkOrder { run, lane: Lane::Backfill, unit }
}

pub(crate) fn new_run(at: i64, tasks: &[(Unit, TaskState)]) -> NewRun {
    NewRun {
        pipeline: "sim".to_owned(),
        name: format!("backfill-{at}"),
        kind: "backfill".to_owned(),
        lane: Lane::Backfill,
        dates: days(0, 9),
        tasks: tasks.to_vec(),
        replays: Vec::new(),
        forget: Vec::new(),
        submitted_at: at,
    }
}

pub(crate) fn ready(unit: Unit) -> (Unit, TaskState) {
    (unit, TaskState::Ready)
}

pub(crate) fn waiting(unit: Unit) -> (Unit, TaskState) {
    (unit, TaskState::Waiting)
}

pub(crate) fn content(of: u8) -> Stored {
    Stored { revision: Revision::of_bytes(&[of]), digest: [of; 32], bytes: u64::from(of) * 100 }
}

pub(crate) fn record(run: RunId, unit: Unit, of: u8) -> UnitRecord {
    UnitRecord {
        unit,
        outcome: Outcome::Done,
        fingerprint: Fingerprint::of_parts([&[of][..]]),
        stored: Some(content(of)),
        rows_expected: 10,
        rows_written: 12,
        code: 3,
        run,
        attempt: 1,
        duration_ms: 7,
        finished_at: 1_000 + i64::from(of),
    }
}

pub(crate) fn done(run: RunId, unit: Unit, fence: u32, of: u8) -> Commit {
    let record = record(run, unit, of);
    Commit { run, fence, outcome: Outcome::Done, at: record.finished_at, record, trace: None }
}

pub(crate) fn burial(
    run: RunId,
    unit: Unit,
    fence: u32,
    holds: &[(DatasetName, RangeInclusive<Date>)],
) -> Burial {
    Burial {
        run,
        unit,
        fence: Some(fence),
        class: "permanent".to_owned(),
        code: "payload_malformed".to_owned(),
        message: "the payload ends in the middle of a row".to_owned(),
        fingerprint: Some(Fingerprint::of_parts([&b"dead"[..]])),
        inputs: "sim.a 1970-01-02 abc".to_owned(),
        code_revision: 3,
        holds: holds.to_vec(),
        at: 5_000,
        trace: None,
    }
}

/// Claims and expects to be granted; answers with the fence and the attempts.
pub(crate) async fn granted(
    ledger: &dyn Ledger,
    run: RunId,
    unit: Unit,
    now: i64,
) -> Result<(u32, u32), LedgerError> {
    match ledger.claim(order(run, unit), now, now + 100).await? {
        Claim::Granted { fence, attempts, .. } => Ok((fence, attempts)),
        other => panic!("{unit} of run {run} at {now}: {other:?}"),
    }
}

/// Claims and commits; answers with the outbox number and the completion.
pub(crate) async fn finish(
    ledger: &dyn Ledger,
    run: RunId,
    unit: Unit,
    of: u8,
) -> Result<(i64, Completion, bool), LedgerError> {
    let (fence, _) = granted(ledger, run, unit, LATE).await?;
    match ledger.commit(done(run, unit, fence, of)).await? {
        Committed::Yes { outbox, completion, run_finished } => Ok((outbox, completion, run_finished)),
        Committed::Stale => panic!("{unit} of run {run} is stale"),
    }
}

pub(crate) async fn dies(
    ledger: &dyn Ledger,
    run: RunId,
    unit: Unit,
    holds: &[(DatasetName, RangeInclusive<Date>)],
) -> Result<DeadLetter, LedgerError> {
    let (fence, _) = granted(ledger, run, unit, LATE).await?;
    Ok(ledger.bury(burial(run, unit, fence, holds)).await?.expect("the current attempt"))
}

pub(crate) async fn task(ledger: &dyn Ledger, run: RunId, unit: Unit) -> Result<TaskRecord, LedgerError> {
    let tasks = ledger.tasks(run, Some(unit.dataset)).await?;
    Ok(tasks.into_iter().find(|task| task.unit == unit).expect("a task of the run"))
}

pub(crate) async fn state(ledger: &dyn Ledger, run: RunId, unit: Unit) -> Result<TaskState, LedgerError> {
    Ok(task(ledger, run, unit).await?.state)
}

pub(crate) async fn run(ledger: &dyn Ledger, id: RunId) -> Result<RunRecord, LedgerError> {
    Ok(ledger.run(id).await?.expect("a run"))
}

pub(crate) async fn present(ledger: &dyn Ledger) -> Result<BTreeMap<Unit, UnitRecord>, LedgerError> {
    let (_, changes) = ledger.changes_since(0).await?;
    Ok(changes.into_iter().map(|(unit, record)| (unit, record.expect("no tombstone from 0"))).collect())
}

pub(crate) async fn a_task_goes_from_ready_to_published(ledger: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1)), waiting(unit(B, 1))])).await?;
    let counted = |counts: &[(TaskState, u64)]| counts.iter().copied().collect::<BTreeMap<_, _>>();
    assert_eq!(run(ledger, id).await?.tasks, counted(&[(TaskState::Ready, 1), (TaskState::Waiting, 1)]));

    let claim = ledger.claim(order(id, unit(A, 1)), 10, 110).await?;
    assert_eq!(claim, Claim::Granted { fence: 1, attempts: 1, run_name: "backfill-1".to_owned() });
    let Committed::Yes { outbox, completion, run_finished } =
        ledger.commit(done(id, unit(A, 1), 1, 7)).await?
    else {
        panic!("a current attempt is not stale");
    };
    let expected = Completion {
        run: id,
        lane: Lane::Backfill,
        unit: unit(A, 1),
        outcome: Outcome::Done,
        revision: content(7).revision,
        rows_expected: 10,
        rows_written: 12,
        attempt: 1,
    };
    assert_eq!((&completion, run_finished), (&expected, false));
    assert_eq!(ledger.outbox().await?, vec![(outbox, expected.clone().into())]);
    ledger.mark_published(&[outbox]).await?;
    ledger.mark_published(&[outbox]).await?;
    assert_eq!(ledger.outbox().await?, Vec::new());
    assert_eq!(
        ledger.claim(order(id, unit(A, 1)), 20, 120).await?,
        Claim::Finished { completion: expected, outbox: None }
    );
    assert_eq!(present(ledger).await?, BTreeMap::from([(unit(A, 1), record(id, unit(A, 1), 7))]));

    ledger.mark_ready(id, &[unit(B, 1), unit(A, 1), unit(C, 1)], NOW).await?;
    let (second, _, run_finished) = finish(ledger, id, unit(B, 1), 8).await?;
    assert!(second > outbox, "an outbox number is never given twice");
    assert!(run_finished);
    let end = run(ledger, id).await?;
    assert_eq!((end.finished_at, end.tasks), (Some(1_008), counted(&[(TaskState::Finished, 2)])));
    assert_eq!(ledger.runs(true).await?, Vec::new());
    assert_eq!(ledger.runs(false).await?.len(), 1);
    Ok(())
}

pub(crate) async fn a_stale_attempt_never_wins(ledger: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1)), waiting(unit(B, 1))])).await?;
    let (old, _) = granted(ledger, id, unit(A, 1), 10).await?;
    assert_eq!(ledger.claim(order(id, unit(A, 1)), 109, 209).await?, Claim::Later(110));
    let (new, attempts) = granted(ledger, id, unit(A, 1), 110).await?;
    assert!(new > old);
    assert_eq!(attempts, 2, "an attempt whose lease ran out was one");

    assert_eq!(ledger.commit(done(id, unit(A, 1), old, 7)).await?, Committed::Stale);
    ledger.hand_back(order(id, unit(A, 1)), old, 0, false).await?;
    assert_eq!(ledger.bury(burial(id, unit(A, 1), old, &[(B, days(1, 1))])).await?, None);
    ledger.reopen(id, unit(C, 1), unit(A, 1), old).await?;
    assert_eq!(ledger.tasks(id, None).await?.len(), 2);
    assert_eq!(state(ledger, id, unit(A, 1)).await?, TaskState::Claimed);
    assert_eq!(state(ledger, id, unit(B, 1)).await?, TaskState::Waiting);
    assert_eq!(present(ledger).await?, BTreeMap::new());
    assert_eq!(ledger.outbox().await?, Vec::new());

    assert!(matches!(ledger.commit(done(id, unit(A, 1), new, 9)).await?, Committed::Yes { .. }));
    assert_eq!(ledger.commit(done(id, unit(A, 1), new, 9)).await?, Committed::Stale);
    assert_eq!(present(ledger).await?[&unit(A, 1)].stored, Some(content(9)));
    Ok(())
}

pub(crate) async fn a_lease_is_renewed_under_its_fence_alone(ledger: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1))])).await?;
    let order = order(id, unit(A, 1));
    assert!(!ledger.renew(order, 0, 500).await?, "nobody has it");
    let (old, _) = granted(ledger, id, unit(A, 1), 10).await?;
    assert!(ledger.renew(order, old, 200).await?);
    assert!(ledger.renew(order, old, 150).await?, "a renewal that comes late shortens nothing");
    assert_eq!(ledger.claim(order, 199, 299).await?, Claim::Later(200));
    let (new, attempts) = granted(ledger, id, unit(A, 1), 200).await?;
    assert_eq!((new, attempts), (old + 1, 2));
    assert!(!ledger.renew(order, old, 900).await?);
    assert_eq!(task(ledger, id, unit(A, 1)).await?.lease_until, 300);
    Ok(())
}

pub(crate) async fn what_is_to_be_done_is_listed_and_counted(ledger: &dyn Ledger) -> Check {
    let tasks =
        [ready(unit(A, 1)), ready(unit(A, 2)), waiting(unit(B, 1)), waiting(unit(B, 2)), waiting(unit(C, 2))];
    let id = ledger.submit(new_run(3, &tasks)).await?;
    let other = NewRun { lane: Lane::Daily, ..new_run(4, &[ready(unit(A, 7))]) };
    let other = ledger.submit(NewRun { pipeline: "other".to_owned(), ..other }).await?;
    let backlog = |dataset, runnable, ready_since, held| Backlog {
        dataset,
        lane: Lane::Backfill,
        runnable,
        ready_since,
        held,
    };
    assert_eq!(ledger.backlog("sim").await?, [backlog(A, 2, Some(3), 0)]);

    let (outbox, completion, _) = finish(ledger, id, unit(A, 1), 1).await?;
    let answer = ledger.claim(order(id, unit(A, 1)), 20, 120).await?;
    assert_eq!(answer, Claim::Finished { completion, outbox: Some(outbox) });
    ledger.mark_ready(id, &[unit(B, 1)], 11).await?;
    let (fence, _) = granted(ledger, id, unit(A, 2), 12).await?;
    assert_eq!(ledger.backlog("sim").await?, [backlog(A, 1, None, 0), backlog(B, 1, Some(11), 0)]);
    let units = |tasks: Vec<TaskRecord>| tasks.into_iter().map(|task| task.unit).collect::<BTreeSet<_>>();
    let open = units(ledger.unfinished(id, &[A, B], days(0, 9)).await?);
    assert_eq!(open, BTreeSet::from([unit(A, 2), unit(B, 1), unit(B, 2)]));
    let second = units(ledger.unfinished(id, &[A, B], days(2, 2)).await?);
    assert_eq!(second, BTreeSet::from([unit(A, 2), unit(B, 2)]));
    assert_eq!(units(ledger.unfinished(id, &[], days(0, 9)).await?), BTreeSet::new());
    assert_eq!(units(ledger.unfinished(other, &[C, A], days(0, 9)).await?), BTreeSet::from([unit(A, 7)]));

    ledger.bury(burial(id, unit(A, 2), fence, &[(B, days(2, 2)), (C, days(2, 9))])).await?;
    assert_eq!(ledger.backlog("sim").await?, [backlog(B, 1, Some(11), 1), backlog(C, 0, None, 1)]);
    Ok(())
}

pub(crate) async fn a_task_that_is_handed_back_waits_for_its_backoff(ledger: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1))])).await?;
    for (counts, attempts) in [(false, 0), (true, 1), (true, 2), (false, 2)] {
        let before = task(ledger, id, unit(A, 1)).await?;
        let now = before.not_before;
        let (fence, _) = granted(ledger, id, unit(A, 1), now).await?;
        ledger.hand_back(order(id, unit(A, 1)), fence, now + 50, counts).await?;
        let after = task(ledger, id, unit(A, 1)).await?;
        assert_eq!(
            (after.state, after.attempts, after.claims),
            (TaskState::Ready, attempts, before.claims + 1)
        );
        assert_eq!(ledger.claim(order(id, unit(A, 1)), now + 49, now + 99).await?, Claim::Later(now + 50));
    }
    Ok(())
}

pub(crate) async fn an_order_for_what_is_not_ready_is_void(ledger: &dyn Ledger) -> Check {
    let id =
        ledger.submit(new_run(1, &[ready(unit(A, 1)), waiting(unit(B, 1)), waiting(unit(C, 2))])).await?;
    dies(ledger, id, unit(A, 1), &[(B, days(1, 1))]).await?;
    ledger.submit(new_run(2, &[ready(unit(C, 2))])).await?;
    let cases = [
        (unit(A, 1), Some(TaskState::Dead)),
        (unit(B, 1), Some(TaskState::Held)),
        (unit(C, 2), Some(TaskState::Superseded)),
        (unit(C, 9), None),
    ];
    for (unit, state) in cases {
        assert_eq!(ledger.claim(order(id, unit), 10, 20).await?, Claim::Void(state), "{unit}");
    }
    assert_eq!(ledger.claim(order(RunId(99), unit(A, 1)), 10, 20).await?, Claim::Void(None));
    Ok(())
}

pub(crate) async fn an_unchanged_unit_keeps_its_record(ledger: &dyn Ledger) -> Check {
    let first = ledger.submit(new_run(1, &[ready(unit(A, 1))])).await?;
    finish(ledger, first, unit(A, 1), 7).await?;
    let mut reader = Reader::default();
    assert_eq!(reader.news(ledger).await?.len(), 1);

    let second = ledger.submit(new_run(2_000, &[ready(unit(A, 1))])).await?;
    let (fence, _) = granted(ledger, second, unit(A, 1), 2_001).await?;
    let kept = record(first, unit(A, 1), 7);
    let unchanged = Commit {
        run: second,
        fence,
        outcome: Outcome::Unchanged,
        record: kept.clone(),
        at: 2_002,
        trace: None,
    };
    let Committed::Yes { completion, run_finished, .. } = ledger.commit(unchanged.clone()).await? else {
        panic!("a current attempt is not stale");
    };
    assert_eq!((completion.run, completion.outcome), (second, Outcome::Unchanged));
    assert_eq!((completion.revision, completion.attempt), (content(7).revision, 1));
    assert!(run_finished);
    assert_eq!(run(ledger, second).await?.finished_at, Some(2_002));
    assert_eq!(task(ledger, second, unit(A, 1)).await?.outcome, Some(Outcome::Unchanged));
    assert_eq!(reader.news(ledger).await?, Vec::new(), "nothing happened to the unit");

    // Forgotten between the look and the commit: no task is finished without a record.
    let third = ledger.submit(new_run(3_000, &[ready(unit(A, 1))])).await?;
    let (fence, _) = granted(ledger, third, unit(A, 1), 3_001).await?;
    let mut forgetting = new_run(3_002, &[ready(unit(B, 1))]);
    forgetting.forget = vec![unit(A, 1)];
    ledger.submit(forgetting).await?;
    assert_eq!(present(ledger).await?, BTreeMap::new());
    ledger.commit(Commit { run: third, fence, ..unchanged }).await?;
    assert_eq!(present(ledger).await?, BTreeMap::from([(unit(A, 1), kept)]));
    Ok(())
}

pub(crate) async fn a_skip_has_no_content(ledger: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1))])).await?;
    let (fence, _) = granted(ledger, id, unit(A, 1), 10).await?;
    let outcome = Outcome::Skipped(SkipReason::Bootstrap);
    let skipped = UnitRecord { outcome, stored: None, rows_written: 0, ..record(id, unit(A, 1), 1) };
    let commit = Commit { run: id, fence, outcome, record: skipped.clone(), at: 11, trace: None };
    let Committed::Yes { completion, .. } = ledger.commit(commit).await? else {
        panic!("a current attempt is not stale");
    };
    assert_eq!((completion.outcome, completion.revision), (outcome, Revision::of_bytes(&[])));
    assert_eq!(present(ledger).await?, BTreeMap::from([(unit(A, 1), skipped)]));
    Ok(())
}

pub(crate) async fn a_later_run_supersedes(ledger: &dyn Ledger) -> Check {
    let all: Vec<Unit> = (1..=6).map(|day| unit(A, day)).collect();
    let states =
        [ready(all[0]), ready(all[1]), ready(all[2]), ready(all[3]), waiting(all[4]), waiting(all[5])];
    let old = ledger.submit(new_run(1, &states)).await?;
    finish(ledger, old, all[0], 1).await?;
    let (fence, _) = granted(ledger, old, all[1], 10).await?;
    let letter = dies(ledger, old, all[2], &[(A, days(5, 5))]).await?;
    assert_eq!(letter.held, 1);

    let new = ledger.submit(new_run(2, &all.iter().copied().map(ready).collect::<Vec<_>>())).await?;
    let expected = [TaskState::Finished].into_iter().chain([TaskState::Superseded; 5]);
    for (unit, expected) in all.iter().zip(expected) {
        assert_eq!(state(ledger, old, *unit).await?, expected, "{unit}");
        assert_eq!(ledger.latest_task(*unit).await?.expect("a task").0, new);
    }
    assert_eq!(ledger.commit(done(old, all[1], fence, 9)).await?, Committed::Stale);
    let old_run = run(ledger, old).await?;
    assert_eq!(old_run.finished_at, Some(2), "nothing of the old run is left to do");
    assert_eq!(old_run.tasks, BTreeMap::from([(TaskState::Finished, 1), (TaskState::Superseded, 5)]));
    let open = ledger.dead_letters(true).await?;
    assert_eq!(open.iter().map(|letter| letter.held).collect::<Vec<_>>(), [0], "still open, holding nothing");
    Ok(())
}

pub(crate) async fn what_waits_to_be_published_keeps_its_trace(ledger: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1)), ready(unit(A, 2)), ready(unit(B, 1))])).await?;
    let traces = [
        TraceContext::new(7 << 80, 1, true, Some("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")),
        TraceContext::new(u128::MAX, u64::MAX, false, None),
    ];
    for (day, trace) in (1..).zip(&traces) {
        let (fence, _) = granted(ledger, id, unit(A, day), 10).await?;
        let commit = Commit { trace: trace.clone(), ..done(id, unit(A, day), fence, 7) };
        let committed = ledger.commit(commit).await?;
        assert!(matches!(committed, Committed::Yes { .. }), "{committed:?}");
    }
    let waiting: Vec<_> =
        ledger.outbox().await?.into_iter().map(|(_, completion)| completion.trace).collect();
    assert_eq!(waiting, traces);

    let (fence, _) = granted(ledger, id, unit(B, 1), 10).await?;
    let burial = Burial { trace: traces[0].clone(), ..burial(id, unit(B, 1), fence, &[]) };
    let letter = ledger.bury(burial).await?.expect("a current attempt");
    assert_eq!(letter.trace, traces[0]);
    assert_eq!(ledger.dead_letters(true).await?[0].trace, traces[0]);
    Ok(())
}

pub(crate) async fn a_dead_letter_holds_and_is_replayed(ledger: &dyn Ledger) -> Check {
    let tasks =
        [ready(unit(A, 1)), waiting(unit(B, 1)), waiting(unit(B, 2)), ready(unit(A, 2)), waiting(unit(C, 3))];
    let id = ledger.submit(new_run(1, &tasks)).await?;
    let holds = [(B, days(1, 5)), (C, days(1, 2))];
    let letter = dies(ledger, id, unit(A, 1), &holds).await?;
    let expected = DeadLetter {
        id: letter.id,
        run: id,
        run_name: "backfill-1".to_owned(),
        unit: unit(A, 1),
        lane: Lane::Backfill,
        class: "permanent".to_owned(),
        code: "payload_malformed".to_owned(),
        message: "the payload ends in the middle of a row".to_owned(),
        attempts: 1,
        fingerprint: Some(Fingerprint::of_parts([&b"dead"[..]])),
        inputs: "sim.a 1970-01-02 abc".to_owned(),
        code_revision: 3,
        died_at: 5_000,
        resolution: None,
        held: 2,
        published: false,
        trace: None,
    };
    assert_eq!(letter, expected);
    for (held, dead_letter) in
        [(unit(B, 1), Some(letter.id)), (unit(B, 2), Some(letter.id)), (unit(C, 3), None)]
    {
        assert_eq!(task(ledger, id, held).await?.dead_letter, dead_letter, "{held}");
    }
    ledger.mark_notice_published(letter.id).await?;
    ledger.mark_ready(id, &[unit(B, 1)], NOW).await?;
    assert_eq!(state(ledger, id, unit(B, 1)).await?, TaskState::Held, "held is not waiting");

    let mut replay = new_run(6_000, &[ready(unit(A, 1)), waiting(unit(B, 1)), waiting(unit(B, 2))]);
    replay.replays = vec![letter.id];
    let replay = ledger.submit(replay).await?;
    assert_eq!(ledger.dead_letters(true).await?.len(), 1, "open until its unit finishes");
    let again = dies(ledger, replay, unit(A, 1), &holds).await?;
    let open = ledger.dead_letters(true).await?;
    assert_eq!(open.iter().map(|letter| (letter.id, letter.held)).collect::<Vec<_>>(), [(again.id, 2)]);
    assert_eq!(run(ledger, replay).await?.finished_at, Some(5_000), "nothing left to do");

    let third = ledger.submit(new_run(7_000, &[ready(unit(A, 1))])).await?;
    finish(ledger, third, unit(A, 1), 1).await?;
    assert_eq!(ledger.dead_letters(true).await?, Vec::new());
    let all = ledger.dead_letters(false).await?;
    assert_eq!(
        all.iter().map(|letter| (letter.resolution.as_deref(), letter.published)).collect::<Vec<_>>(),
        [(Some("replayed"), true), (Some("replayed"), false)]
    );
    Ok(())
}

pub(crate) async fn a_task_held_twice_is_freed_by_the_last(ledger: &dyn Ledger) -> Check {
    let tasks = [ready(unit(A, 1)), ready(unit(A, 2)), waiting(unit(B, 1)), waiting(unit(B, 2))];
    let id = ledger.submit(new_run(1, &tasks)).await?;
    let first = dies(ledger, id, unit(A, 1), &[(B, days(1, 2))]).await?;
    let second = dies(ledger, id, unit(A, 2), &[(B, days(2, 3))]).await?;
    assert_eq!((first.held, second.held), (2, 0), "a task is held by the first");

    assert!(ledger.accept(first.id, Fingerprint::of_parts([&b"gap"[..]]), 9_000).await?);
    assert_eq!(task(ledger, id, unit(B, 1)).await?.dead_letter, Some(first.id));
    assert_eq!(task(ledger, id, unit(B, 2)).await?.dead_letter, Some(second.id));
    let open = ledger.dead_letters(true).await?;
    assert_eq!(open.iter().map(|letter| (letter.id, letter.held)).collect::<Vec<_>>(), [(second.id, 1)]);
    Ok(())
}

pub(crate) async fn an_accepted_gap_is_complete_without_content(ledger: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1))])).await?;
    let letter = dies(ledger, id, unit(A, 1), &[]).await?;
    let fingerprint = Fingerprint::of_parts([&b"gap"[..]]);
    assert!(ledger.accept(letter.id, fingerprint, 9_000).await?);
    assert!(!ledger.accept(letter.id, fingerprint, 9_001).await?, "it is not open any more");
    assert!(!ledger.accept(99, fingerprint, 9_001).await?);
    let gap = UnitRecord {
        outcome: Outcome::Skipped(SkipReason::Gap),
        fingerprint,
        stored: None,
        rows_expected: 0,
        rows_written: 0,
        duration_ms: 0,
        finished_at: 9_000,
        ..record(id, unit(A, 1), 0)
    };
    assert_eq!(present(ledger).await?, BTreeMap::from([(unit(A, 1), gap)]));
    assert_eq!(ledger.dead_letters(false).await?[0].resolution.as_deref(), Some("accepted"));

    let mended = ledger.submit(new_run(10_000, &[ready(unit(A, 1))])).await?;
    finish(ledger, mended, unit(A, 1), 4).await?;
    assert_eq!(ledger.dead_letters(false).await?[0].resolution.as_deref(), Some("accepted"));
    assert_eq!(present(ledger).await?[&unit(A, 1)].outcome, Outcome::Done);
    Ok(())
}

pub(crate) async fn an_order_that_kills_its_workers_is_buried_without_a_fence(ledger: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1)), ready(unit(A, 2)), waiting(unit(B, 1))])).await?;
    let crash = |unit| Burial { fence: None, class: "crash".to_owned(), ..burial(id, unit, 0, &[]) };
    let (fence, _) = granted(ledger, id, unit(A, 1), 10).await?;
    assert!(ledger.bury(crash(unit(A, 1))).await?.is_some());
    assert_eq!(ledger.commit(done(id, unit(A, 1), fence, 1)).await?, Committed::Stale);
    finish(ledger, id, unit(A, 2), 1).await?;
    for not_now in [unit(A, 1), unit(A, 2), unit(B, 1), unit(C, 1)] {
        assert_eq!(ledger.bury(crash(not_now)).await?, None, "{not_now}");
    }
    Ok(())
}

pub(crate) async fn a_damaged_unit_is_made_again(ledger: &dyn Ledger) -> Check {
    let first = ledger.submit(new_run(1, &[ready(unit(A, 1))])).await?;
    finish(ledger, first, unit(A, 1), 1).await?;
    let id = ledger.submit(new_run(2, &[ready(unit(B, 1)), ready(unit(A, 2)), waiting(unit(B, 2))])).await?;
    let (_, _, finished) = finish(ledger, id, unit(A, 2), 2).await?;
    assert!(!finished);
    let mut reader = Reader::default();
    reader.news(ledger).await?;

    // Outside the run's plan: it becomes a task of the run.
    let (fence, _) = granted(ledger, id, unit(B, 1), 10).await?;
    ledger.reopen(id, unit(A, 1), unit(B, 1), fence).await?;
    let (damaged, dependent) = (task(ledger, id, unit(A, 1)).await?, task(ledger, id, unit(B, 1)).await?);
    assert_eq!(damaged.state, TaskState::Waiting, "its gate says when it is ready");
    assert_eq!((dependent.state, dependent.attempts), (TaskState::Waiting, 0));
    assert_eq!(reader.news(ledger).await?, vec![(unit(A, 1), None)]);

    // Within it, and finished: its completion, if it is not published, is withdrawn, its fence is raised.
    ledger.mark_ready(id, &[unit(B, 2)], NOW).await?;
    let before = task(ledger, id, unit(A, 2)).await?;
    let (fence, _) = granted(ledger, id, unit(B, 2), 10).await?;
    ledger.reopen(id, unit(A, 2), unit(B, 2), fence).await?;
    let after = task(ledger, id, unit(A, 2)).await?;
    assert_eq!((after.state, after.outcome), (TaskState::Waiting, None));
    assert!(after.claims > before.claims);
    let told: BTreeSet<Unit> =
        ledger.outbox().await?.into_iter().map(|(_, completion)| completion.message.unit).collect();
    assert_eq!(told, BTreeSet::from([unit(A, 1)]), "of the first run, which is not this one's to withdraw");
    assert_eq!(reader.news(ledger).await?, vec![(unit(A, 2), None)]);

    ledger.mark_ready(id, &[unit(A, 1), unit(A, 2)], NOW).await?;
    for (unit, of) in [(unit(A, 1), 3), (unit(A, 2), 4)] {
        finish(ledger, id, unit, of).await?;
    }
    ledger.mark_ready(id, &[unit(B, 1), unit(B, 2)], NOW).await?;
    finish(ledger, id, unit(B, 1), 5).await?;
    let (_, _, finished) = finish(ledger, id, unit(B, 2), 6).await?;
    assert!(finished);
    Ok(())
}

/// Follows the changes. A reader may be told again what it knows, where others write to the same ledger.
#[derive(Default)]
pub(crate) struct Reader {
    position: i64,
    /// Each unit's record as it was told last.
    pub(crate) known: BTreeMap<Unit, Option<UnitRecord>>,
}

impl Reader {
    /// What has changed since the last look, in order.
    pub(crate) async fn news(
        &mut self,
        ledger: &dyn Ledger,
    ) -> Result<Vec<(Unit, Option<UnitRecord>)>, LedgerError> {
        let (position, changes) = ledger.changes_since(self.position).await?;
        assert!(position >= self.position, "a position never moves back");
        self.position = position;
        let mut news = Vec::new();
        for (unit, record) in changes {
            if self.known.insert(unit, record.clone()).flatten() != record {
                news.push((unit, record));
            }
        }
        Ok(news)
    }
}

pub(crate) async fn changes_come_in_order(ledger: &dyn Ledger) -> Check {
    let mut reader = Reader::default();
    assert_eq!(reader.news(ledger).await?, Vec::new());
    let units: Vec<Unit> = (1..=3).map(|day| unit(A, day)).collect();
    let first = ledger.submit(new_run(1, &units.iter().copied().map(ready).collect::<Vec<_>>())).await?;
    for (unit, of) in units.iter().zip(1..) {
        finish(ledger, first, *unit, of).await?;
    }
    let told = reader.news(ledger).await?;
    assert_eq!(told.iter().map(|(unit, _)| *unit).collect::<Vec<_>>(), units);

    let second = ledger.submit(new_run(2, &[ready(units[0]), ready(units[1])])).await?;
    for (at, of) in [(1, 11), (0, 10)] {
        finish(ledger, second, units[at], of).await?;
    }
    let mut forgetting = new_run(3, &[]);
    forgetting.forget = vec![units[1], unit(C, 7)];
    let empty = ledger.submit(forgetting).await?;
    assert_eq!(run(ledger, empty).await?.finished_at, Some(3), "a run without tasks is over");
    let told = reader.news(ledger).await?;
    assert_eq!(told, vec![(units[0], Some(record(second, units[0], 10))), (units[1], None)]);
    assert_eq!(reader.news(ledger).await?, Vec::new());
    let from_the_start: Vec<Unit> =
        ledger.changes_since(0).await?.1.into_iter().map(|(unit, _)| unit).collect();
    assert_eq!(from_the_start, [units[2], units[0]]);
    Ok(())
}

pub(crate) async fn of_many_claims_at_once_one_is_granted(ledger: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1)), ready(unit(A, 2))])).await?;
    let claims = (0..64).map(|at| ledger.claim(order(id, unit(A, 1 + at % 2)), 10, 20));
    let granted =
        join_all(claims).await.into_iter().filter(|claim| matches!(claim, Ok(Claim::Granted { .. })));
    assert_eq!(granted.count(), 2);
    Ok(())
}

pub(crate) async fn a_failing_operation_spoils_no_other(ledger: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1)), ready(unit(A, 2))])).await?;
    let (fences, twice) = (
        [granted(ledger, id, unit(A, 1), 10).await?.0, granted(ledger, id, unit(A, 2), 10).await?.0],
        new_run(2, &[ready(unit(B, 1)), ready(unit(B, 1))]),
    );
    let (first, broken, second) = futures::join!(
        ledger.commit(done(id, unit(A, 1), fences[0], 1)),
        ledger.submit(twice),
        ledger.commit(done(id, unit(A, 2), fences[1], 2)),
    );
    assert!(matches!(broken, Err(LedgerError::Content(_))), "{broken:?}");
    assert!(matches!((first?, second?), (Committed::Yes { .. }, Committed::Yes { .. })));
    assert_eq!(ledger.runs(false).await?.len(), 1, "of the failing one nothing stayed");
    assert_eq!(ledger.outbox().await?.len(), 2);
    Ok(())
}

pub(crate) async fn a_large_run_supersedes_a_large_run(ledger: &dyn Ledger) -> Check {
    let tasks: Vec<_> =
        (0..5_000).flat_map(|day| DATASETS.map(|dataset| waiting(unit(dataset, day)))).collect();
    let first = ledger.submit(new_run(1, &tasks)).await?;
    let second = ledger.submit(new_run(2, &tasks)).await?;
    assert_eq!(run(ledger, first).await?.tasks, BTreeMap::from([(TaskState::Superseded, 15_000)]));
    let listed: Vec<Unit> = ledger.tasks(second, None).await?.into_iter().map(|task| task.unit).collect();
    assert_eq!(listed, tasks.iter().map(|(unit, _)| *unit).collect::<Vec<_>>(), "in the order of the plan");
    Ok(())
}

/// The claimed tasks, each with its run and fence.
pub(crate) async fn claimed(ledger: &dyn Ledger) -> Result<Vec<(RunId, Unit, u32)>, LedgerError> {
    let mut found = Vec::new();
    for run in ledger.runs(true).await? {
        let tasks = ledger.tasks(run.id, None).await?;
        let claimed = tasks.into_iter().filter(|task| task.state == TaskState::Claimed);
        found.extend(claimed.map(|task| (run.id, task.unit, task.claims)));
    }
    Ok(found)
}

/// Who works on a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// One process, which may release what an earlier one had claimed.
    OfOne,
    /// Several; claims end with their leases.
    Shared,
}

/// One random operation, mostly of a current attempt; what the ledger answered, as text.
pub(crate) async fn random_step(
    ledger: &dyn Ledger,
    home: Home,
    random: &mut ChaCha8Rng,
    now: i64,
) -> Result<String, LedgerError> {
    let some_unit =
        |random: &mut ChaCha8Rng| unit(DATASETS[random.random_range(0..3)], random.random_range(1..5));
    let latest = ledger.runs(false).await?.first().map_or(0, |run| run.id.0);
    let anything =
        (RunId(latest - i64::from(random.random_ratio(1, 8))), some_unit(random), random.random_range(1..4));
    let attempts = claimed(ledger).await?;
    let (id, unit, fence) = match attempts.get(random.random_range(0..attempts.len() + 1)) {
        Some(attempt) if random.random_ratio(3, 4) => *attempt,
        _ => anything,
    };
    let other = some_unit(random);
    let choice = if latest == 0 || random.random_ratio(1, 40) { 0 } else { random.random_range(1..25) };
    Ok(match choice {
        0 => {
            let units: BTreeSet<Unit> = (0..random.random_range(0..20)).map(|_| some_unit(random)).collect();
            let states =
                units.into_iter().map(|unit| if random.random() { ready(unit) } else { waiting(unit) });
            let mut new = new_run(now, &states.collect::<Vec<_>>());
            new.forget = if random.random_ratio(1, 4) { vec![other] } else { Vec::new() };
            format!("{:?}", ledger.submit(new).await?)
        }
        1 | 2 => format!("{:?}", ledger.mark_ready(anything.0, &[anything.1, other], now).await?),
        3..=9 => format!("{:?}", ledger.claim(order(anything.0, anything.1), now, now + 20).await?),
        10..=13 => format!("{:?}", ledger.commit(done(id, unit, fence, 1)).await?),
        14 => {
            let unchanged = Commit { outcome: Outcome::Unchanged, ..done(id, unit, fence, 2) };
            format!("{:?}", ledger.commit(unchanged).await?)
        }
        15 | 16 => format!("{:?}", ledger.hand_back(order(id, unit), fence, now + 5, random.random()).await?),
        17 | 18 => {
            format!("{:?}", ledger.bury(burial(id, unit, fence, &[(other.dataset, days(1, 3))])).await?)
        }
        19 | 20 => format!("{:?}", ledger.reopen(id, other, unit, fence).await?),
        21 => {
            let numbers: Vec<i64> = ledger.outbox().await?.into_iter().map(|(number, _)| number).collect();
            format!("{:?}", ledger.mark_published(&numbers[..numbers.len() / 2]).await?)
        }
        22 if now % 2 == 0 => format!("{:?}", ledger.renew(order(id, unit), fence, now + 30).await?),
        22 if now % 3 == 0 && home == Home::OfOne => format!("{:?}", ledger.release_claims().await?),
        23 if now % 3 == 0 => format!("{:?}", ledger.withdraw(&[unit, other], now).await?),
        _ => match ledger.dead_letters(true).await?.first() {
            Some(letter) => {
                format!("{:?}", ledger.accept(letter.id, Fingerprint::of_parts([&b"gap"[..]]), now).await?)
            }
            None => String::new(),
        },
    })
}

/// What must hold after every operation. Answers with all that can be read, as text.
pub(crate) async fn consistent(ledger: &dyn Ledger) -> Result<String, LedgerError> {
    let (letters, runs) = (ledger.dead_letters(false).await?, ledger.runs(false).await?);
    let mut held: BTreeMap<i64, u64> = BTreeMap::new();
    let mut all = Vec::new();
    for run in &runs {
        let tasks = ledger.tasks(run.id, None).await?;
        let mut counted: BTreeMap<TaskState, u64> = BTreeMap::new();
        for task in &tasks {
            *counted.entry(task.state).or_default() += 1;
            if task.state == TaskState::Held {
                *held.entry(task.dead_letter.expect("a held task names its dead letter")).or_default() += 1;
            }
        }
        assert_eq!(run.tasks, counted, "run {}", run.id);
        let is_over = tasks.iter().all(|task| task.state.is_final());
        assert_eq!(run.finished_at.is_some(), is_over, "run {}", run.id);
        all.push(tasks);
    }
    for letter in &letters {
        assert_eq!(letter.held, held.get(&letter.id).copied().unwrap_or(0), "dead letter {}", letter.id);
    }
    let open: Vec<Unit> =
        letters.iter().filter(|letter| letter.resolution.is_none()).map(|letter| letter.unit).collect();
    assert_eq!(open.iter().collect::<BTreeSet<_>>().len(), open.len(), "one open dead letter a unit");
    let (_, changes) = ledger.changes_since(0).await?;
    Ok(format!("{runs:?}\n{all:?}\n{letters:?}\n{changes:?}\n{:?}", ledger.outbox().await?))
}

/// Beside the ledger in memory: every answer and every readable state is the same.
pub(crate) async fn counts_hold_under_random_operations(ledger: &dyn Ledger, home: Home) -> Check {
    let mut random = ChaCha8Rng::seed_from_u64(20_231_225);
    let model = InlineLedger::in_memory(&DATASETS)?;
    let mut twin = random.clone();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for now in 0..1_000 {
        let answers = (
            random_step(ledger, home, &mut random, now).await?,
            random_step(&model, home, &mut twin, now).await?,
        );
        assert_eq!(answers.0, answers.1, "at {now}");
        *seen.entry(answers.0.split(['(', ' ']).next().unwrap_or_default().to_owned()).or_default() += 1;
        assert_eq!(consistent(ledger).await?, consistent(&model).await?, "at {now}");
    }
    for answer in ["RunId", "Granted", "Finished", "Later", "Void", "Yes", "Stale", "Some", "None", "true"] {
        assert!(seen.get(answer).is_some_and(|times| *times >= 3), "{answer} is rare: {seen:?}");
    }
    Ok(())
}

/// `later` is the same ledger, opened by a program that declares `A` only.
pub(crate) async fn undeclared_datasets(ledger: &dyn Ledger, later: &dyn Ledger) -> Check {
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1)), ready(unit(B, 1)), ready(unit(B, 2))])).await?;
    finish(ledger, id, unit(A, 1), 1).await?;
    let (outbox, _, _) = finish(ledger, id, unit(B, 1), 2).await?;
    let letter = dies(ledger, id, unit(B, 2), &[]).await?;

    assert_eq!(present(later).await?.into_keys().collect::<Vec<_>>(), [unit(A, 1)]);
    assert_eq!(later.tasks(id, None).await?.len(), 1);
    let refused = |error: Option<LedgerError>| {
        assert!(
            matches!(&error, Some(LedgerError::Content(reason)) if reason.contains("sim.b")),
            "{error:?}"
        );
    };
    refused(later.outbox().await.err());
    refused(later.dead_letters(false).await.err());
    ledger.mark_published(&[outbox]).await?;
    ledger.accept(letter.id, Fingerprint::of_parts([&b"gap"[..]]), 1).await?;
    assert_eq!(later.outbox().await?.len(), 1);
    assert_eq!(later.dead_letters(false).await?, Vec::new());
    Ok(())
}

/// Hands the names of all cases of a fresh ledger to a macro.
macro_rules! each_case {
    ($suite:ident ! ($($more:tt)*)) => {
        $suite!($($more)*:
            a_task_goes_from_ready_to_published,
            a_stale_attempt_never_wins,
            a_task_that_is_handed_back_waits_for_its_backoff,
            an_order_for_what_is_not_ready_is_void,
            an_unchanged_unit_keeps_its_record,
            a_skip_has_no_content,
            a_later_run_supersedes,
            a_dead_letter_holds_and_is_replayed,
            what_waits_to_be_published_keeps_its_trace,
            a_task_held_twice_is_freed_by_the_last,
            an_accepted_gap_is_complete_without_content,
            an_order_that_kills_its_workers_is_buried_without_a_fence,
            a_damaged_unit_is_made_again,
            a_lease_is_renewed_under_its_fence_alone,
            what_is_to_be_done_is_listed_and_counted,
            changes_come_in_order,
            of_many_claims_at_once_one_is_granted,
            a_failing_operation_spoils_no_other,
            a_large_run_supersedes_a_large_run,
        );
    };
}
pub(crate) use each_case;
