//! Gradient boosting: what the trained model says of a player. Pure. Without a model from before the date,
//! or where the model does not take his features, there is no prediction: nothing stands in for it.

use super::points::{PointsFeatures, PointsModel};
use super::prediction::{Prediction, Refusal};

/// The prediction for a player with these wide features. `deviation` as in the form.
pub(super) fn gradient_boosting(
    model: Option<&PointsModel>,
    features: Option<&PointsFeatures>,
    deviation: Option<f64>,
) -> Result<Prediction, Refusal> {
    let model = model.ok_or(Refusal::NoModel)?;
    let features = features.ok_or(Refusal::MissingInput("points_features"))?;
    Prediction::of(model.predict(features)?, deviation)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::nba::points::{FEATURE_VERSION, StoredModel, feature_schema};
    use crate::flow::Date;

    const CUTOFF: Date = Date::from_days(100);

    /// A model that cannot be read, but whose schema and cutoff are right.
    pub(in crate::domain::nba) fn model() -> PointsModel {
        PointsModel {
            name: "points".into(),
            cutoff_date: CUTOFF,
            feature_version: FEATURE_VERSION.into(),
            feature_schema: feature_schema(),
            feature_count: 0,
            seed: 0,
            trees: 0,
            first_date: CUTOFF,
            last_date: CUTOFF,
            rows: 0,
            rows_train: 0,
            rows_validation: 0,
            rows_test: 0,
            test_rows: 0,
            test_first_date: CUTOFF,
            test_last_date: CUTOFF,
            test_mae: 0.0,
            test_rmse: 0.0,
            test_bias: 0.0,
            test_mae_last_5: 0.0,
            test_mae_last_10: 0.0,
            test_mae_season: 0.0,
            test_mae_minutes_20: None,
            test_mae_minutes_20_last_10: None,
            test_band: "".into(),
            metadata: "".into(),
            model: StoredModel::parse("{}".into()),
        }
    }

    /// Wide features of player 1.
    pub(in crate::domain::nba) fn features(date: Date) -> PointsFeatures {
        PointsFeatures {
            player_id: 1,
            player_lookup: "".into(),
            game_date: date,
            game_id: "".into(),
            nba_game_id: "".into(),
            season_year: 0,
            season_type: "".into(),
            team_abbr: "".into(),
            opponent_team_abbr: "".into(),
            population_source: "".into(),
            games_season: 10,
            minutes_avg_season: None,
            points_avg_last_5: None,
            points_avg_last_10: None,
            points_avg_season: None,
            features: vec![0.0; crate::domain::nba::points::FEATURE_SLOTS.len()].into(),
            feature_version: FEATURE_VERSION.into(),
            feature_schema: feature_schema(),
            data_quality_issues: [].into(),
        }
    }

    #[test]
    fn nothing_stands_in_for_a_model_that_cannot_predict() {
        let (model, row) = (model(), features(CUTOFF));
        let other = PointsFeatures { feature_schema: "another".into(), ..row.clone() };
        let cases = [
            ("no model", None, Some(row.clone()), "no_model"),
            ("no features", Some(&model), None, "missing_input"),
            ("other features", Some(&model), Some(other), "feature_mismatch"),
            ("a later model", Some(&model), Some(features(CUTOFF.plus_days(-1))), "model_sees_the_future"),
            ("a damaged model", Some(&model), Some(row), "model_damaged"),
        ];
        for (name, model, features, expected) in cases {
            let found = gradient_boosting(model, features.as_ref(), Some(5.0));
            assert_eq!(found.map_err(|refusal| refusal.code()), Err(expected), "{name}");
        }
    }
}
