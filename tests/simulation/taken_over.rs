//! What a plan says beforehand of what its run will take over from unfinished ones, beside the tasks that the
//! run then has. In a calm world of one process, in which nothing is done between one run and the next.

use std::sync::Arc;

use futures::executor::block_on;
use tidegate::adapters::ledger::InlineLedger;
use tidegate::fleet::{Ledger, make_plan, submit, with_taken_over};
use tidegate::flow::{PlanRequest, TaskState, Unit, Why};

use crate::chance::Dice;
use crate::pipelines;
use crate::shared::Shared;
use crate::world::{engine, title};

#[test]
fn a_plan_names_what_its_run_takes_over() {
    let ledger = crate::ledger();
    let taken_over: usize = (1..=100).map(|seed| block_on(compare(seed, &ledger))).sum();
    assert!(taken_over > 100, "only {taken_over} tasks were taken over");
}

/// Submits a run of all dates and then one of a single date; answers how many tasks the second took over.
async fn compare(seed: u64, ledger: &Arc<InlineLedger>) -> usize {
    let mut dice = Dice::of_seed(seed);
    let fixture = pipelines::choose(&mut dice);
    let calendar = Arc::new(pipelines::calendar(&mut dice));
    let at = dice.below(calendar.len());
    let lane = pipelines::lane(&mut dice);
    ledger.clear().await.expect("an empty ledger");
    let shared = Shared::new(fixture, Arc::clone(ledger), dice, false);
    let engine = engine(&shared, &calendar, 0, 10_000);
    let request = |dates| PlanRequest { dates, datasets: Vec::new(), force: false, on_demand: false };
    let all = make_plan(&engine, &request(0..calendar.len())).await.expect("a plan");
    submit(&engine, &all, title(lane)).await.expect("a first run");

    let plan = make_plan(&engine, &request(at..at + 1)).await.expect("a plan");
    let said = with_taken_over(&engine, plan.clone()).await.expect("a plan");
    let run = submit(&engine, &plan, title(lane)).await.expect("a second run").expect("its number");
    let tasks = ledger.tasks(run, None).await.expect("tasks");
    let ready = |state| state == TaskState::Ready;
    let submitted: Vec<(Unit, bool)> = tasks.iter().map(|task| (task.unit, ready(task.state))).collect();
    let said_so: Vec<(Unit, bool)> = said.tasks.iter().map(|task| (task.unit, task.ready)).collect();
    assert_eq!(said_so, submitted, "seed {seed}");
    let taken_over = said.tasks.iter().filter(|task| task.why == Why::TakenOver).count();
    assert_eq!(taken_over, said.tasks.len() - plan.tasks.len(), "seed {seed}");
    taken_over
}
