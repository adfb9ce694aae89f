//! The gradient booster: how it is set, grown and asked. The one file that knows the library.
//! Pure: the seed is a constant, rows come in a given order, and the library's sums do not depend on the
//! number of threads; so equal rows give equal trees.

use forust_ml::gradientbooster::{GradientBooster, ImportanceMethod};
use forust_ml::metric::Metric;
use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;
use forust_ml::{Matrix, errors::ForustError};

use super::schema::{ABSENT, FEATURE_SLOTS};

/// Every random choice (rows and columns of a tree) follows from it.
pub(super) const SEED: u64 = 1;
/// What is fitted is points to this power, by squared error. Points are skewed, so their mean lies above
/// their median, and it is the median that has the least absolute error. Between 0.5 and 0.65 the error
/// hardly moves on four seasons; 1 (plain points) is 0.08 worse over all rows.
pub(super) const TARGET_POWER: f64 = 0.6;
/// Trees at most; growing stops before, when the validation part has not gained for `PATIENCE` trees.
pub(super) const TREES_MAX: usize = 600;
/// Trees without gain after which growing stops.
pub(super) const PATIENCE: usize = 30;
/// Splits from root to leaf: 3 to 5 are equally good on four seasons, 6 is worse and twice as slow.
pub(super) const DEPTH: usize = 4;
/// How much each tree counts.
pub(super) const LEARNING_RATE: f32 = 0.06;
/// Rows in a leaf, at least.
pub(super) const LEAF_ROWS_MIN: f32 = 100.0;
/// Share of the rows that a tree sees.
pub(super) const ROWS_SHARE: f32 = 0.7;
/// Share of the features that a tree sees.
pub(super) const FEATURES_SHARE: f64 = 0.4;
const L2: f32 = 5.0;
/// Values that a feature is told apart by; 32 are worse, 128 no better.
const BINS: u16 = 64;

/// Features column by column, as the library wants them, and the outcomes.
pub(super) struct Sample {
    columns: Vec<f64>,
    targets: Vec<f64>,
}

impl Sample {
    /// Rows of features (each as long as the schema) with the points scored.
    pub(super) fn of<'a>(rows: impl Iterator<Item = (&'a [f64], f64)> + Clone) -> Self {
        let mut columns = Vec::with_capacity(rows.clone().count() * FEATURE_SLOTS.len());
        for column in 0..FEATURE_SLOTS.len() {
            columns.extend(rows.clone().map(|(features, _)| features[column]));
        }
        // Points below 0 do not occur; a power of one would be no number.
        let targets = rows.map(|(_, points)| points.max(0.0).powf(TARGET_POWER)).collect();
        Self { columns, targets }
    }

    fn matrix(&self) -> Matrix<'_, f64> {
        Matrix::new(&self.columns, self.targets.len(), FEATURE_SLOTS.len())
    }
}

/// Errors while trees were added.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Growth {
    /// After each tree, root mean squared error of the transformed points: of the train part, of the
    /// validation part.
    pub(super) errors: Vec<[f64; 2]>,
    /// The number of trees with the least error on the validation part.
    pub(super) trees: usize,
}

/// A grown booster.
pub(super) struct Booster(GradientBooster);

impl Booster {
    /// Grows trees on `train` until `validation` no longer gains, and keeps as many as were best for it.
    pub(super) fn grow(train: &Sample, validation: &Sample) -> Result<(Self, Growth), ForustError> {
        let mut booster = settings(TREES_MAX);
        booster.early_stopping_rounds = Some(PATIENCE);
        let (train_weights, validation_weights) =
            (vec![1.0; train.targets.len()], vec![1.0; validation.targets.len()]);
        let watched = vec![
            (train.matrix(), train.targets.as_slice(), train_weights.as_slice()),
            (validation.matrix(), validation.targets.as_slice(), validation_weights.as_slice()),
        ];
        booster.fit(&train.matrix(), &train.targets, &train_weights, Some(watched))?;
        let errors = booster.evaluation_history.take().map_or_else(Vec::new, |history| {
            history.data.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
        });
        let trees = booster.prediction_iteration.unwrap_or(booster.trees.len());
        Ok((Self(booster), Growth { errors, trees }))
    }

    /// Grows exactly `trees` trees on all of a sample.
    pub(super) fn grow_whole(sample: &Sample, trees: usize) -> Result<Self, ForustError> {
        let mut booster = settings(trees);
        booster.fit(&sample.matrix(), &sample.targets, &vec![1.0; sample.targets.len()], None)?;
        Ok(Self(booster))
    }

    /// The points predicted for each row of a sample.
    pub(super) fn predict(&self, sample: &Sample) -> Vec<f64> {
        self.0.predict(&sample.matrix(), false).into_iter().map(points).collect()
    }

    /// The points predicted for one row of features, which is as long as the schema.
    pub(super) fn predict_one(&self, features: &[f64]) -> f64 {
        points(self.0.predict(&Matrix::new(features, 1, features.len()), false)[0])
    }

    /// The share of each feature in the gain of all splits, in the order of the schema; 0 for one that no
    /// split uses.
    pub(super) fn importance(&self) -> Vec<f64> {
        let gains = self.0.calculate_feature_importance(ImportanceMethod::TotalGain, true);
        (0..FEATURE_SLOTS.len()).map(|at| gains.get(&at).copied().map_or(0.0, f64::from)).collect()
    }

    /// The booster as JSON; `parse` is its inverse, to the bit.
    pub(super) fn to_json(&self) -> Result<String, ForustError> {
        self.0.json_dump()
    }

    /// The booster of a JSON text.
    pub(super) fn parse(json: &str) -> Result<Self, ForustError> {
        GradientBooster::from_json(json).map(Self)
    }
}

/// Transformed points back to points.
fn points(transformed: f64) -> f64 {
    transformed.max(0.0).powf(1.0 / TARGET_POWER)
}

/// One thread: several models may be trained at once, and each does no work that another thread waits for.
fn settings(trees: usize) -> GradientBooster {
    let mut booster = GradientBooster::default()
        .set_objective_type(ObjectiveType::SquaredLoss)
        .set_iterations(trees)
        .set_learning_rate(LEARNING_RATE)
        .set_max_depth(DEPTH)
        .set_l2(L2)
        .set_min_leaf_weight(LEAF_ROWS_MIN)
        .set_nbins(BINS)
        .set_subsample(ROWS_SHARE)
        .set_seed(SEED)
        .set_missing(ABSENT)
        .set_parallel(false);
    booster.sample_method = SampleMethod::Random;
    booster.colsample_bytree = FEATURES_SHARE;
    booster.evaluation_metric = Some(Metric::RootMeanSquaredError);
    booster.initialize_base_score = true;
    booster
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::nba::points::StoredModel;

    /// A model that can be read, and whose first split asks for a feature that no row has.
    pub(in crate::domain::nba) fn panicking_model() -> StoredModel {
        let booster = Booster::grow_whole(&sample(1000), 1).expect("a tree");
        let json = booster.to_json().expect("JSON");
        let broken = json.replace("\"split_feature\":", "\"split_feature\":9");
        assert_ne!(broken, json, "the trees name their features otherwise");
        StoredModel::parse(broken.into())
    }

    /// Rows whose points follow from two features; the numbers come from a hash, so they are always the same.
    fn sample(rows: usize) -> Sample {
        let noise = |row: usize, column: usize| {
            let hash = blake3::hash(&[row.to_le_bytes(), column.to_le_bytes()].concat());
            f64::from(hash.as_bytes()[0]) / 25.5
        };
        let features: Vec<Vec<f64>> = (0..rows)
            .map(|row| (0..FEATURE_SLOTS.len()).map(|column| noise(row, column)).collect())
            .collect();
        let points: Vec<f64> = features.iter().map(|row| 2.0 * row[0] + row[1]).collect();
        Sample::of(features.iter().map(Vec::as_slice).zip(points))
    }

    #[test]
    fn equal_samples_give_equal_bytes_on_one_thread_and_on_several() {
        let grow = |parallel: bool| {
            let sample = sample(3000);
            let mut booster = settings(12);
            booster.parallel = parallel;
            booster.fit(&sample.matrix(), &sample.targets, &vec![1.0; 3000], None).expect("trees");
            booster.parallel = false;
            booster.json_dump().expect("JSON")
        };
        let alone = grow(false);
        assert_eq!(grow(false), alone);
        assert_eq!(grow(true), alone, "the number of threads changes nothing");
    }

    #[test]
    fn a_booster_comes_back_from_json_to_the_bit() {
        let sample = sample(2000);
        let booster = Booster::grow_whole(&sample, 8).expect("trees");
        let json = booster.to_json().expect("JSON");
        let again = Booster::parse(&json).expect("a booster");
        assert_eq!(again.to_json().expect("JSON"), json);
        let bits =
            |booster: &Booster| booster.predict(&sample).iter().map(|p| p.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&again), bits(&booster));
        assert!(Booster::parse("{").is_err());
    }

    #[test]
    fn growing_stops_and_what_matters_is_found() {
        let (train, validation) = (sample(3000), sample(800));
        let (booster, growth) = Booster::grow(&train, &validation).expect("trees");
        assert_eq!(growth.errors.len().min(TREES_MAX), growth.errors.len());
        assert!(growth.errors[growth.trees - 1][1] < growth.errors[0][1] / 2.0, "{:?}", growth.errors.last());
        let importance = booster.importance();
        assert!((importance.iter().sum::<f64>() - 1.0).abs() < 1e-3);
        assert!(importance[0] > importance[1] && importance[1] > importance[2] * 5.0, "{importance:?}");
    }
}
