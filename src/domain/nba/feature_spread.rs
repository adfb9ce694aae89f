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
    /// Rows of the month.
    pub rows: usize,
    /// The least value.
    pub least: f64,
    /// The greatest value.
    pub most: f64,
    /// The variance, by n.
    pub variance: f64,
}

/// Sums from which a spread is made.
#[derive(Clone, Copy)]
struct Sums {
    rows: usize,
    least: f64,
    most: f64,
    mean: f64,
    squares: f64,
}

impl Sums {
    const NONE: Self =
        Self { rows: 0, least: f64::INFINITY, most: f64::NEG_INFINITY, mean: 0.0, squares: 0.0 };

    /// Welford's update: exact for a constant, and no large squares to subtract.
    fn add(&mut self, value: f64) {
        self.rows += 1;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        let off = value - self.mean;
        self.mean += off / real_len(self.rows);
        self.squares += off * (value - self.mean);
    }
}

/// The spread of each feature in each month, by month, then feature. Rows are season, date and vector;
/// vectors are of one length.
pub fn feature_spread<'a>(rows: impl IntoIterator<Item = (i64, Date, &'a [f64])>) -> Vec<FeatureSpread> {
    let mut months: BTreeMap<(i64, i32, u32), Vec<Sums>> = BTreeMap::new();
    for (season_year, date, features) in rows {
        let sums = months.entry((season_year, date.year(), date.month())).or_default();
        sums.resize(features.len(), Sums::NONE);
        sums.iter_mut().zip(features).for_each(|(sums, value)| sums.add(*value));
    }
    let spread = |((season_year, year, month), sums): ((i64, i32, u32), Vec<Sums>)| {
        let of = move |(feature, sums): (usize, Sums)| FeatureSpread {
            season_year,
            month: (year, month),
            feature,
            rows: sums.rows,
            least: sums.least,
            most: sums.most,
            variance: sums.squares / real_len(sums.rows),
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
        values.extend([spread.least.to_bits(), spread.most.to_bits()]);
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
        assert_eq!((second.month, second.rows, second.variance), ((2023, 11), 2, 1.0));
        assert_eq!((second.least, second.most), (1.0, 3.0));
        assert_eq!(constant_over_a_season(&spreads), [(2023, 2, 7.0), (2024, 2, 8.0)]);
        assert_eq!(feature_spread([]), []);
    }
}
