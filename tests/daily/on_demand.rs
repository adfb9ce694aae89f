//! A model that somebody asks for on a date of his own: judged by gates E and F like those that come once a month.
//! The real processors over a small league, but for how many rows a model needs, and for what a test has a gate
//! say of models on demand.

use std::collections::BTreeSet;
use std::sync::Arc;

use tidegate::adapters::sources::{League, SimulatedLeague};
use tidegate::domain::nba::points::points_model;
use tidegate::domain::nba::{ModelLimits, PlayerPrediction, model_checks};
use tidegate::fleet::{DeadLetter, Ledger, Source, Standing, accept, why};
use tidegate::flow::{
    Compute, Computed, Date, Inputs, Lane, Outcome, Output, Permanent, Pipeline, Plan, PlanRequest,
    Processor, Row, SkipReason, Step, Unit,
};
use tidegate::pipelines::nba::{
    GATE_E, GATE_F, MODEL_CHECKS, NBA, PLAYER_PROP_PREDICTIONS, POINTS_MODEL, POINTS_TRAINING,
    TRAINING_CHECKS,
};

use crate::world::{Process, World};

/// Rows of established players that are enough here.
const ROWS_MIN: usize = 150;

/// What no model's error can be: everything is worse, or too good.
const IMPOSSIBLE: ModelLimits = ModelLimits { loss_at_most: 100.0, gain_at_most: -100.0, ..POSSIBLE };
const POSSIBLE: ModelLimits =
    ModelLimits { loss_at_most: 100.0, gain_at_most: 1.0, mae_acceptable: 100.0, bias_at_most: 100.0 };

fn is_on_demand(inputs: &Inputs<'_>) -> bool {
    inputs.calendar().month_opening(inputs.index()) != inputs.index()
}

fn model(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    match points_model(&inputs.window(POINTS_TRAINING)?, inputs.date(), ROWS_MIN) {
        Ok(model) => Ok(Computed::Rows(Output::of(vec![model], 1))),
        Err(_) => Ok(Computed::Skipped(SkipReason::TooFew)),
    }
}

/// The checks of the model on its own figures, by `limits`.
fn checks(inputs: &Inputs<'_>, limits: ModelLimits) -> Result<Computed, Permanent> {
    let models = inputs.same_date(POINTS_MODEL)?;
    let rows: Vec<_> =
        models.iter().flat_map(|model| model_checks(limits, POINTS_MODEL.name(), model)).collect();
    Ok(Computed::Rows(Output::of(rows, 1)))
}

fn all_is_well(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    checks(inputs, POSSIBLE)
}

fn on_demand_is_no_good(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    checks(inputs, if is_on_demand(inputs) { IMPOSSIBLE } else { POSSIBLE })
}

/// Nothing to judge by in a small league, but for a date of one's own: there the rows are found wanting.
fn no_rows_on_demand(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if !is_on_demand(inputs) {
        return Ok(Computed::Skipped(SkipReason::TooFew));
    }
    let passed = tidegate::domain::nba::thresholds()?.dates_passed;
    let check = tidegate::domain::checks::judge_passed(passed, POINTS_TRAINING.name(), 1, 1_000);
    Ok(Computed::Rows(Output::of(vec![check], 1)))
}

/// The pipeline with these computations in the place of its own.
fn pipeline(others: &[(&str, Compute)]) -> Pipeline {
    let computed = |processor: &Processor| {
        let other = others.iter().find(|(name, _)| *name == processor.writes.table());
        match (processor.step, other) {
            (Step::Compute { schema, decode, .. }, Some((_, compute))) => {
                Processor { step: Step::Compute { schema, decode, compute: *compute }, ..*processor }
            }
            (Step::Compute { .. } | Step::Land { .. } | Step::Publish { .. }, _) => *processor,
        }
    };
    let processors: Vec<Processor> = NBA.processors.iter().map(computed).collect();
    Pipeline { processors: Box::leak(processors.into_boxed_slice()), ..NBA }
}

/// A world in which all dates are done, and a date in the middle of its last month.
struct Trained {
    world: World,
    process: Process,
    at: usize,
}

impl Trained {
    async fn of(others: &[(&str, Compute)]) -> Self {
        let world = World::of(&pipeline(others), 0);
        let league = League { seed: 3, seasons: vec![2023], teams: 4, games_per_team: 28 };
        let league: Arc<dyn Source> = Arc::new(SimulatedLeague::new(league).expect("a league"));
        let process = world.start(league).await;
        process.bring_up_to_date(Date::of(2030, 1, 1).expect("a date")).await;
        assert_eq!(world.ledger.dead_letters(true).await.expect("dead letters"), []);
        let calendar = process.calendar();
        let at = (0..calendar.len()).rev().find(|at| calendar.month_opening(*at) + 2 == *at).expect("a date");
        Self { at, world, process }
    }

    fn unit(&self, dataset: tidegate::flow::DatasetName, at: usize) -> Unit {
        Unit { dataset, date: self.process.calendar().date(at) }
    }

    /// What `tidegate train` asks for.
    async fn train(&self) -> Plan {
        let (dates, datasets) = (self.at..self.at + 1, vec![POINTS_MODEL.name()]);
        self.process.carry_out(&PlanRequest { dates, datasets, force: false, on_demand: true }).await
    }

    async fn bring_up_to_date(&self) -> Plan {
        let dates = 0..self.process.calendar().len();
        let request = PlanRequest { dates, datasets: Vec::new(), force: false, on_demand: false };
        self.process.carry_out(&request).await
    }

    async fn outcome(&self, dataset: tidegate::flow::DatasetName) -> Option<Outcome> {
        self.world.records().await.get(&self.unit(dataset, self.at)).map(|record| record.outcome)
    }

    async fn only_letter(&self) -> DeadLetter {
        let mut letters = self.world.ledger.dead_letters(true).await.expect("dead letters");
        assert_eq!(letters.len(), 1, "{letters:?}");
        letters.remove(0)
    }

    /// What the gradient boosting says of the date after, as text.
    async fn predicted(&self) -> BTreeSet<String> {
        let frame = self.world.rows(self.unit(PLAYER_PROP_PREDICTIONS.name(), self.at + 1)).await;
        let rows = PlayerPrediction::from_frame(&frame.expect("predictions")).expect("its own rows");
        rows.iter()
            .filter(|row| &*row.system_id == "gradient_boosting")
            .map(|row| format!("{row:?}"))
            .collect()
    }

    /// The dates of the month from the model's on.
    fn used_on(&self) -> Vec<Unit> {
        let calendar = self.process.calendar();
        let month = calendar.month_opening(self.at);
        let of_month = (self.at + 1..calendar.len()).filter(|at| calendar.month_opening(*at) == month);
        of_month.map(|at| self.unit(PLAYER_PROP_PREDICTIONS.name(), at)).collect()
    }

    /// That its predictions wait for this letter, and that whoever asks is told.
    async fn assert_held_by(&self, letter: &DeadLetter) {
        let before = self.predicted().await;
        let plan = self.bring_up_to_date().await;
        let used_on = self.used_on();
        assert!(used_on.len() > 1, "the month is over");
        for unit in &used_on {
            assert!(plan.held.contains(unit), "{unit} is not held");
            assert!(!plan.tasks.iter().any(|task| task.unit == *unit), "{unit} is a task");
        }
        let earlier = self.unit(PLAYER_PROP_PREDICTIONS.name(), self.at - 1);
        assert!(!plan.held.contains(&earlier));
        let explained = why(&self.process.engine, used_on[0]).await.expect("an answer").expect("a unit");
        let told = format!("{:?}", explained.because);
        assert!(told.contains(&letter.unit.to_string()), "{told}");
        assert!(matches!(explained.standing, Standing::Held(held) if held.id == letter.id));
        assert_eq!(self.predicted().await, before, "nothing was predicted by it");
    }
}

#[tokio::test]
async fn gate_f_says_no_of_a_model_on_demand_and_its_predictions_are_held() {
    let trained = Trained::of(&[
        ("training_checks", |_| Ok(Computed::Skipped(SkipReason::TooFew))),
        ("points_model", model),
        ("model_checks", on_demand_is_no_good),
    ])
    .await;
    let before = trained.predicted().await;
    let plan = trained.train().await;
    let planned: BTreeSet<&str> = plan.tasks.iter().map(|task| task.unit.dataset.table()).collect();
    let together = ["gate_e", "gate_f", "model_checks", "points_model", "site_model", "training_checks"];
    assert_eq!(planned, together.into());
    assert_eq!(trained.outcome(POINTS_MODEL.name()).await, Some(Outcome::Done));
    assert_eq!(trained.outcome(MODEL_CHECKS.name()).await, Some(Outcome::Done));
    let letter = trained.only_letter().await;
    assert_eq!((letter.unit, letter.code.as_str()), (trained.unit(GATE_F.name(), trained.at), "no_go"));
    assert!(letter.message.contains("not_too_good"), "{}", letter.message);
    trained.assert_held_by(&letter).await;

    // A person lets it predict nevertheless.
    let run = accept(&trained.process.engine, letter.id, Lane::Backfill).await.expect("accepted");
    trained.process.engine.progress().wait_finished(run.expect("what it held")).await;
    assert_ne!(trained.predicted().await, before);
    let told = trained.predicted().await.into_iter().next().expect("a row");
    assert!(told.contains(&format!("gap:nba.gate_f:{}", letter.unit.date)), "{told}");
    assert_eq!(trained.bring_up_to_date().await.tasks.len(), 0);
}

#[tokio::test]
async fn gate_e_says_no_before_a_model_on_demand_is_trained() {
    let trained = Trained::of(&[
        ("training_checks", no_rows_on_demand),
        ("points_model", model),
        ("model_checks", all_is_well),
    ])
    .await;
    trained.train().await;
    assert_eq!(trained.outcome(TRAINING_CHECKS.name()).await, Some(Outcome::Done));
    for dataset in [GATE_E.name(), POINTS_MODEL.name(), MODEL_CHECKS.name(), GATE_F.name()] {
        assert_eq!(trained.outcome(dataset).await, None, "{dataset}");
    }
    let letter = trained.only_letter().await;
    assert_eq!((letter.unit, letter.code.as_str()), (trained.unit(GATE_E.name(), trained.at), "no_go"));
    trained.assert_held_by(&letter).await;
}

#[tokio::test]
async fn a_model_on_demand_that_has_passed_predicts_from_its_date_on() {
    let trained = Trained::of(&[
        ("training_checks", |_| Ok(Computed::Skipped(SkipReason::TooFew))),
        ("points_model", model),
        ("model_checks", all_is_well),
    ])
    .await;
    let before = trained.predicted().await;
    trained.train().await;
    assert_eq!(trained.outcome(GATE_F.name()).await, Some(Outcome::Done));
    let plan = trained.bring_up_to_date().await;
    let predicted: BTreeSet<Unit> = plan.tasks.iter().map(|task| task.unit).collect();
    assert!(trained.used_on().iter().all(|unit| predicted.contains(unit)));
    assert_ne!(trained.predicted().await, before);
    assert_eq!(trained.bring_up_to_date().await.tasks.len(), 0);
}
