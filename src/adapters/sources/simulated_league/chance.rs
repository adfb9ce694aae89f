//! Seeded chance: one generator for each purpose, and the few distributions that the league needs.
//! Uses only arithmetic that every platform rounds alike (no sine, no logarithm), so that a seed means
//! the same league everywhere. Must not ask the machine for randomness.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The generator of one purpose: equal seed, purpose and numbers, equal draws.
pub(super) fn generator(seed: u64, purpose: &str, numbers: &[i64]) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(purpose.as_bytes());
    for number in numbers {
        hasher.update(&number.to_le_bytes());
    }
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// A draw from nearly a normal distribution: six uniform draws, summed (Irwin and Hall), within 4.2
/// standard deviations.
pub(super) fn normal(rng: &mut ChaCha8Rng, mean: f64, deviation: f64) -> f64 {
    let sum: f64 = (0..6).map(|_| rng.random::<f64>()).sum();
    mean + deviation * (sum - 3.0) * std::f64::consts::SQRT_2
}

/// True with this chance; chances beyond 0 and 1 are cut to them.
pub(super) fn happens(rng: &mut ChaCha8Rng, chance: f64) -> bool {
    rng.random::<f64>() < chance
}

/// An index, each with the chance of its weight; the last one if all weights are zero.
pub(super) fn weighted(rng: &mut ChaCha8Rng, weights: &[f64]) -> usize {
    let total: f64 = weights.iter().sum();
    let mut left = rng.random::<f64>() * total;
    for (index, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return index;
        }
    }
    weights.len() - 1
}

/// One of these, each with the same chance.
pub(super) fn one_of<T: Copy>(rng: &mut ChaCha8Rng, things: &[T]) -> T {
    things[rng.random_range(0..things.len())]
}

/// A whole number of at least `least`, near a normal distribution.
pub(super) fn count(rng: &mut ChaCha8Rng, mean: f64, deviation: f64, least: i64) -> i64 {
    (normal(rng, mean, deviation).round() as i64).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_has_its_own_draws() {
        let first =
            |seed, purpose, numbers: &[i64]| generator(seed, purpose, numbers).random_range(0..u64::MAX);
        assert_eq!(first(1, "a", &[2]), first(1, "a", &[2]));
        assert_ne!(first(1, "a", &[2]), first(1, "a", &[3]));
        assert_ne!(first(1, "a", &[2]), first(1, "b", &[2]));
        assert_ne!(first(1, "a", &[2]), first(2, "a", &[2]));
    }

    #[test]
    fn draws_have_the_stated_mean_and_deviation() {
        let mut rng = generator(7, "test", &[]);
        let draws: Vec<f64> = (0..20_000).map(|_| normal(&mut rng, 10.0, 2.0)).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / 20_000.0;
        assert!((mean - 10.0).abs() < 0.05 && (variance.sqrt() - 2.0).abs() < 0.05);
        let mut hits = [0; 3];
        for _ in 0..6_000 {
            hits[weighted(&mut rng, &[1.0, 0.0, 2.0])] += 1;
        }
        assert_eq!(hits[1], 0);
        assert!((1_850..2_150).contains(&hits[0]));
    }
}
