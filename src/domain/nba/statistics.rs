//! Means, deviations and rounding, once for all NBA datasets. Sums run in the order of their input, so
//! equal input gives equal bytes; nulls are left out, and nothing of nothing is null, never 0.
//! Pure arithmetic; knows no row.

/// `value` to `decimals` decimals, half away from zero. The one rounding rule of all stored values: the
/// value is scaled by a power of ten in binary floating point, rounded and scaled back; a negative
/// zero becomes 0.
#[must_use]
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale + 0.0
}

/// The mean of these values, summed in their order; `None` of nothing.
#[must_use]
pub(super) fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_u32);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// The sample standard deviation (n - 1); `None` of fewer than two values.
#[must_use]
pub(super) fn sample_deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let centre = mean(values.iter().copied())?;
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    Some((squares / real_len(values.len() - 1)).sqrt())
}

/// `part` of `whole`; `None` where the whole is 0.
#[must_use]
pub(super) fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole != 0).then(|| real(part) / real(whole))
}

/// A count or a box score figure as a float: all of them lie far below 2^53.
#[must_use]
pub fn real(count: i64) -> f64 {
    debug_assert!(count.unsigned_abs() < 1 << 53);
    count as f64
}

/// A length as a float.
#[must_use]
pub(super) fn real_len(count: usize) -> f64 {
    debug_assert!(count < 1 << 53);
    count as f64
}

/// A length as a cell.
#[must_use]
pub(super) fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        let cases = [
            (0.25, 1, 0.3),
            (-0.25, 1, -0.3),
            (2.5, 0, 3.0),
            (-2.5, 0, -3.0),
            (1.004, 2, 1.0),
            (35.333_333, 1, 35.3),
        ];
        for (value, decimals, expected) in cases {
            assert_eq!(rounded(value, decimals), expected, "{value} to {decimals}");
        }
        assert!(rounded(-0.04, 1).is_sign_positive());
    }

    #[test]
    fn nothing_has_no_mean() {
        assert_eq!(mean([]), None);
        assert_eq!(mean([1.0, 2.0]), Some(1.5));
        assert_eq!(sample_deviation(&[3.0]), None);
        assert_eq!(sample_deviation(&[1.0, 3.0]), Some(2.0_f64.sqrt()));
        assert_eq!(ratio(1, 0), None);
        assert_eq!(ratio(1, 4), Some(0.25));
    }
}
