//! Gradient boosting: what the trained model says of a player. Pure. Without a model from before the date,
//! or where the model does not take his features, there is no prediction: nothing stands in for it.

use super::prediction::{Prediction, Refusal};

/// The prediction for a player of whom the model says `points`. `deviation` as in the form.
pub(super) fn gradient_boosting(
    points: Result<f64, Refusal>,
    deviation: Option<f64>,
) -> Result<Prediction, Refusal> {
    Prediction::of(points?, deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_decides_alone() {
        let of = |points| gradient_boosting(points, None).map(|prediction| prediction.points);
        assert_eq!(of(Ok(17.25)), Ok(17.25));
        assert_eq!(of(Ok(-1.0)), Ok(0.0));
        assert_eq!(of(Err(Refusal::NoModel)), Err(Refusal::NoModel));
        assert_eq!(of(Ok(f64::NAN)), Err(Refusal::NotFinite));
    }
}
