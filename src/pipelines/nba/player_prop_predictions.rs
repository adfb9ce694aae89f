//! What each system says of each player's points before a game. In, of the date: A4 (the population), P5
//! (features), P2 and bookmakers' offers, if there are any; P1 of the date and the 90 days before it (which
//! tier an opponent had on the day of a past game); A3 before it; the wide features of the date and the
//! month's latest model. Out: five rows a player of the population, each a prediction or a refusal with its
//! reason. Behind gates D and F. Skipped in the bootstrap days.

use super::bootstrap::{bootstrap, gap_issues};
use super::datasets::{
    GATE_D, GATE_F, ML_FEATURE_STORE, PLAYER_GAME_SUMMARY, PLAYER_PROP_PREDICTIONS, PLAYER_PROPS,
    PLAYER_SHOT_ZONE_ANALYSIS, POINTS_FEATURES, POINTS_MODEL, TEAM_DEFENSE_ZONE_ANALYSIS,
    UPCOMING_PLAYER_GAME_CONTEXT,
};
use crate::domain::nba::points::MODEL_NAME;
use crate::domain::nba::{PredictionInput, System, predictions};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, Window};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PLAYER_PROP_PREDICTIONS,
    "one system's prediction of one player's points, or why it has none",
    4,
    &[
        GATE_D.same_date().optional(),
        GATE_F.read(Window::MonthToDate).optional(),
        UPCOMING_PLAYER_GAME_CONTEXT.same_date(),
        ML_FEATURE_STORE.same_date(),
        PLAYER_SHOT_ZONE_ANALYSIS.same_date(),
        TEAM_DEFENSE_ZONE_ANALYSIS.read(Window::Days { back: 90, ahead: 0 }),
        PLAYER_GAME_SUMMARY.read(Window::SeasonBefore),
        POINTS_FEATURES.same_date(),
        POINTS_MODEL.read(Window::MonthToDate),
        PLAYER_PROPS.same_date().optional(),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if let Some(skipped) = bootstrap(inputs) {
        return Ok(skipped);
    }
    let contexts = inputs.same_date(UPCOMING_PLAYER_GAME_CONTEXT)?;
    let models = inputs.window(POINTS_MODEL)?;
    let latest = models.last().and_then(|(_, rows)| rows.iter().find(|row| *row.name == *MODEL_NAME));
    let rows = predictions(&PredictionInput {
        contexts,
        features: inputs.same_date(ML_FEATURE_STORE)?,
        shot_zones: inputs.same_date(PLAYER_SHOT_ZONE_ANALYSIS)?,
        defenses: &inputs.window(TEAM_DEFENSE_ZONE_ANALYSIS)?,
        players: &inputs.window(PLAYER_GAME_SUMMARY)?,
        model: latest,
        points_features: inputs.same_date(POINTS_FEATURES)?,
        props: inputs.same_date(PLAYER_PROPS)?,
        gaps: gap_issues(inputs),
    });
    let expected = contexts.len() * System::ALL.len();
    Ok(Computed::Rows(Output::of(rows, expected as u64)))
}
