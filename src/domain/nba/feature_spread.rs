//! How much features vary: by feature and month, and which do not vary over a season at all. A feature that
//! is the same for everybody all season says nothing, and is mostly one that nobody fills in.
//! Pure; knows vectors of features, not what they mean.

use std::collections::{BTreeMap, BTreeSet};

use super::statistics::real_len;
use crate::flow::Date;

/// How the values of one feature lie in one month.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureSpread {
    /// The civil year in which the season starts.
    pub season_year: i64,
    /// The month: year, and 1 to 12.
    pub month: (i32, u32),
    /// The feature's place in the vector.
    pub feature: usize,
    /// Its values of the month.
    pub values: Spread,
}

/// How some values lie. Two of them together are the spread of all their values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// How many.
    pub rows: usize,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub most: f64,
    mean: f64,
    /// Squared distances from the mean, summed.
    squares: f64,
}

impl Spread {
    /// That of no value.
    pub(super) const NONE: Self =
        Self { rows: 0, least: f64::INFINITY, most: f64::NEG_INFINITY, mean: 0.0, squares: 0.0 };

    /// That of so many values with this mean and standard deviation (by n).
    pub(super) fn of(rows: usize, (least, most): (f64, f64), mean: f64, std: f64) -> Self {
        Self { rows, least, most, mean, squares: real_len(rows) * std * std }
    }

    /// The variance by n; 0 where all values are the same, and nothing without any.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        // Means of equal values are rounded, so that the sum of squares alone need not be 0.
        let is_constant = self.least == self.most;
        (self.rows > 0).then(|| if is_constant { 0.0 } else { self.squares / real_len(self.rows) })
    }

    /// One value more, by Welford's update: no large squares to subtract.
    fn add(&mut self, value: f64) {
        *self = self.and(&Self { rows: 1, least: value, most: value, mean: value, squares: 0.0 });
    }

    /// Both together, by the same update for many values (Chan, Golub and LeVeque 1979).
    pub(super) fn and(&self, other: &Self) -> Self {
        let rows = self.rows + other.rows;
        if rows == 0 {
            return Self::NONE;
        }
        let (off, share) = (other.mean - self.mean, real_len(other.rows) / real_len(rows));
        Self {
            rows,
            least: self.least.min(other.least),
            most: self.most.max(other.most),
            mean: self.mean + off * share,
            squares: self.squares + other.squares + off * off * real_len(self.rows) * share,
        }
    }
}

/// The spread of each feature in each month, by month, then feature. Rows are season, date and vector;
/// vectors are of one length.
pub fn feature_spread<'a>(rows: impl IntoIterator<Item = (i64, Date, &'a [f64])>) -> Vec<FeatureSpread> {
    let mut months: BTreeMap<(i64, i32, u32), Vec<Spread>> = BTreeMap::new();
    for (season_year, date, features) in rows {
        let sums = months.entry((season_year, date.year(), date.month())).or_default();
        sums.resize(features.len(), Spread::NONE);
        sums.iter_mut().zip(features).for_each(|(sums, value)| sums.add(*value));
    }
    let spread = |((season_year, year, month), sums): ((i64, i32, u32), Vec<Spread>)| {
        let of = move |(feature, values): (usize, Spread)| FeatureSpread {
            season_year,
            month: (year, month),
            feature,
            values,
        };
        sums.into_iter().enumerate().map(of)
    };
    months.into_iter().flat_map(spread).collect()
}

/// Which features have one value over a whole season: (season, feature), with the value.
#[must_use]
pub fn constant_over_a_season(spreads: &[FeatureSpread]) -> Vec<(i64, usize, f64)> {
    let mut seen: BTreeMap<(i64, usize), BTreeSet<u64>> = BTreeMap::new();
    for spread in spreads {
        let values = seen.entry((spread.season_year, spread.feature)).or_default();
        values.extend([spread.values.least.to_bits(), spread.values.most.to_bits()]);
    }
    let constant = seen.into_iter().filter(|(_, values)| values.len() == 1);
    constant
        .filter_map(|((season, feature), values)| Some((season, feature, f64::from_bits(*values.first()?))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_by_month_and_constants_of_a_season() {
        let day = |text: &str| Date::parse(text).expect("a date");
        let (november, december) = (day("2023-11-30"), day("2023-12-01"));
        // Of the first feature both months are constant, but not the season; the last one never varies.
        let rows = [
            (2023, november, [0.0, 1.0, 7.0]),
            (2023, november, [0.0, 3.0, 7.0]),
            (2023, december, [1.0, 5.0, 7.0]),
            (2024, december, [1.0, 5.0, 8.0]),
            (2024, december, [2.0, 6.0, 8.0]),
        ];
        let spreads = feature_spread(rows.iter().map(|(season, date, row)| (*season, *date, row.as_slice())));
        assert_eq!(spreads.len(), 9);
        let second = &spreads[1];
        assert_eq!((second.month, second.values.rows, second.values.variance()), ((2023, 11), 2, Some(1.0)));
        assert_eq!((second.values.least, second.values.most), (1.0, 3.0));
        assert_eq!(constant_over_a_season(&spreads), [(2023, 2, 7.0), (2024, 2, 8.0)]);
        assert_eq!(feature_spread([]), []);
    }

    #[test]
    fn spreads_together_are_the_spread_of_all() {
        let of = |values: &[f64]| {
            let mut spread = Spread::NONE;
            values.iter().for_each(|value| spread.add(*value));
            spread
        };
        let (left, right) = ([1.0, 2.0, 6.0], [10.0, 11.0]);
        let all = of(&[1.0, 2.0, 6.0, 10.0, 11.0]);
        let both = of(&left).and(&of(&right));
        // Mean 6, squared distances 25, 16, 0, 16 and 25.
        assert!((all.variance().expect("values") - 16.4).abs() < 1e-12, "{all:?}");
        assert!((both.variance().expect("values") - 16.4).abs() < 1e-12, "{both:?}");
        assert_eq!((both.rows, both.least, both.most), (5, 1.0, 11.0));
        let from_figures = Spread::of(2, (10.0, 11.0), 10.5, 0.5);
        assert!((of(&left).and(&from_figures).variance().expect("values") - 16.4).abs() < 1e-12);
        assert_eq!(Spread::NONE.and(&of(&left)).variance(), of(&left).variance());
        assert_eq!(Spread::NONE.variance(), None);
        // A tenth three times has a mean that is no tenth.
        assert_eq!(of(&[0.1; 3]).and(&Spread::of(3, (0.1, 0.1), 0.1 + 1e-17, 1e-17)).variance(), Some(0.0));
    }
}
