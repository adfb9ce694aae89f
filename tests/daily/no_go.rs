//! A model that is worse than the mean of the last ten games: gate F says NO-GO, and what stands behind it, the
//! month's predictions and the model's own pages, is held until somebody accepts it.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use tidegate::adapters::sources::{League, SimulatedLeague};
use tidegate::domain::nba::points::{PointsModel, points_model};
use tidegate::fleet::{Ledger, accept};
use tidegate::flow::{
    Computed, DatasetName, Date, Inputs, Lane, Output, Permanent, Pipeline, Processor, SkipReason, Step, Unit,
};
use tidegate::pipelines::nba::{
    GATE_F, PLAYER_PROP_PREDICTIONS, POINTS_MODEL, POINTS_TRAINING, PREDICTION_ACCURACY, SITE_MODEL,
};

use crate::world::{MODEL_ROWS_MIN, PIPELINE, World};

/// The pipeline, but that trained models err half as much again on their test part as the baseline does.
static WORSE: LazyLock<Pipeline> = LazyLock::new(|| {
    let worse = |declared: &Processor| match declared.step {
        Step::Compute { schema, decode, .. } if declared.writes == POINTS_MODEL.name() => {
            Processor { step: Step::Compute { schema, decode, compute: train }, ..*declared }
        }
        Step::Compute { .. } | Step::Land { .. } | Step::Publish { .. } => *declared,
    };
    let processors: Vec<Processor> = PIPELINE.processors.iter().map(worse).collect();
    Pipeline { processors: processors.leak(), ..*PIPELINE }
});

fn train(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let Ok(model) = points_model(&inputs.window(POINTS_TRAINING)?, inputs.date(), MODEL_ROWS_MIN) else {
        return Ok(Computed::Skipped(SkipReason::TooFew));
    };
    let worse = PointsModel { test_mae: 1.5 * model.test_mae_last_10, ..model };
    Ok(Computed::Rows(Output::of(vec![worse], 1)))
}

#[tokio::test]
async fn a_model_that_gate_f_refuses_predicts_nothing_and_is_not_published() {
    let league = League { seed: 2, seasons: vec![2022], teams: 6, games_per_team: 26 };
    let world = World::of(&WORSE, 0);
    let process = world.start(Arc::new(SimulatedLeague::new(league).expect("a league"))).await;
    process.bring_up_to_date(Date::of(2030, 1, 1).expect("a date")).await;
    let letters = world.ledger.dead_letters(true).await.expect("dead letters");
    let named: Vec<(String, &str)> =
        letters.iter().map(|letter| (letter.unit.to_string(), letter.code.as_str())).collect();
    assert_eq!(named, [("nba.gate_f 2022-12-01".to_owned(), "no_go")]);
    assert!(letters[0].message.contains("test_mae"), "{}", letters[0].message);

    let refused = letters[0].unit.date;
    let made = async |dataset: DatasetName| -> BTreeSet<Date> {
        let units = world.records().await.into_keys().filter(|unit| unit.dataset == dataset);
        units.map(|unit| unit.date).filter(|date| *date >= refused).collect()
    };
    let behind = [PLAYER_PROP_PREDICTIONS.name(), PREDICTION_ACCURACY.name(), SITE_MODEL];
    for dataset in behind {
        assert_eq!(made(dataset).await, BTreeSet::new(), "{dataset} stands behind gate F");
    }
    assert!(made(POINTS_MODEL.name()).await.contains(&refused), "the model is there to be looked at");

    let run = accept(&process.engine, letters[0].id, Lane::Daily).await.expect("accepted").expect("a run");
    process.engine.progress().wait_finished(run).await;
    assert_eq!(world.ledger.dead_letters(true).await.expect("dead letters"), []);
    for dataset in behind {
        assert!(made(dataset).await.contains(&refused), "{dataset}: somebody has accepted it");
    }
    let records = world.records().await;
    assert!(records.contains_key(&Unit { dataset: GATE_F.name(), date: refused }), "as a gap");
}
