//! Means that fade: the newest game weighs 1, one `half_life` games older half of that, and so on. Games
//! without a value are left out, as if they had not been. Pure arithmetic; knows no row.

/// The weighted mean of `values`, newest first; `None` of nothing.
#[must_use]
pub(super) fn fading_mean(values: impl IntoIterator<Item = f64>, half_life: f64) -> Option<f64> {
    let fade = 0.5_f64.powf(1.0 / half_life);
    let (mut weight, mut sum, mut weights) = (1.0, 0.0, 0.0);
    for value in values {
        sum += weight * value;
        weights += weight;
        weight *= fade;
    }
    (weights > 0.0).then(|| sum / weights)
}

/// The median; of an even number of values the mean of the middle two. `None` of nothing.
#[must_use]
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(sorted[sorted.len() / 2 - 1], upper)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_game_one_half_life_older_weighs_half() {
        let cases = [
            ("nothing", vec![], 1.0, None),
            ("one", vec![7.0], 1.0, Some(7.0)),
            ("newest first", vec![3.0, 0.0], 1.0, Some(2.0)),
            (
                "two games are a half-life",
                vec![3.0, 3.0, 0.0],
                2.0,
                Some(3.0 * 1.707_106_781 / 2.207_106_781),
            ),
            ("constant", vec![4.0; 30], 5.0, Some(4.0)),
        ];
        for (name, values, half_life, expected) in cases {
            let found = fading_mean(values, half_life);
            let close = found.zip(expected).is_none_or(|(found, expected)| (found - expected).abs() < 1e-9);
            assert!(close && found.is_some() == expected.is_some(), "{name}: {found:?}, not {expected:?}");
        }
    }

    #[test]
    fn the_middle_of_values() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
