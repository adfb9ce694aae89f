//! The feature vector `v2_baseline_25`: names, order, defaults and sources of its slots, and the
//! scores that follow from the sources. Pure; knows no row. One builder serves training and serving.

use std::sync::Arc;

use super::statistics::{mean, real_len, rounded};

/// Slots of the vector.
pub(super) const FEATURES: usize = 25;
/// The version of their meaning; a change of any slot's meaning changes it.
pub(super) const VERSION: &str = "v2_baseline_25";

/// Each slot's name and the constant that stands in for a missing value.
pub(super) const SLOTS: [(&str, f64); FEATURES] = [
    ("points_avg_last_5", 10.0),
    ("points_avg_last_10", 10.0),
    ("points_avg_season", 10.0),
    ("points_std_last_10", 5.0),
    ("games_in_last_7_days", 3.0),
    ("fatigue_score", 50.0),
    ("shot_zone_mismatch_score", 0.0),
    ("pace_score", 0.0),
    ("usage_spike_score", 0.0),
    ("rest_advantage", 0.0),
    ("injury_risk", 0.0),
    ("recent_trend", 0.0),
    ("minutes_change", 0.0),
    ("opponent_def_rating", 112.0),
    ("opponent_pace", 100.0),
    ("home_away", 0.0),
    ("back_to_back", 0.0),
    ("playoff_game", 0.0),
    ("pct_paint", 0.30),
    ("pct_mid_range", 0.20),
    ("pct_three", 0.35),
    ("pct_free_throw", 0.15),
    ("team_pace", 100.0),
    ("team_off_rating", 112.0),
    ("team_win_pct", 0.500),
];

/// Slots that a precompute row can fill: all but rest, injury, trend, minutes, the three flags, free
/// throws and the win share.
const PRECOMPUTED_SLOTS: usize = 16;

/// Where a slot's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A precompute row of the date.
    Phase4,
    /// Calculated here from games and contexts.
    Calculated,
    /// An analytics row.
    Phase3,
    /// Nowhere: the slot holds its constant.
    Default,
}

impl Source {
    const fn code(self) -> &'static str {
        match self {
            Self::Phase4 => "phase4",
            Self::Calculated => "calculated",
            Self::Phase3 => "phase3",
            Self::Default => "default",
        }
    }

    const fn weight(self) -> f64 {
        match self {
            Self::Phase4 | Self::Calculated => 100.0,
            Self::Phase3 => 75.0,
            Self::Default => 40.0,
        }
    }
}

/// The codes of the sources as shared texts: a date has thousands of slots and four sources.
pub(super) struct SourceCodes([Arc<str>; 4]);

impl SourceCodes {
    /// Made once for a date.
    pub(super) fn new() -> Self {
        let all = [Source::Phase4, Source::Calculated, Source::Phase3, Source::Default];
        Self(all.map(|source| source.code().into()))
    }

    fn of(&self, source: Source) -> Arc<str> {
        Arc::clone(&self.0[source as usize])
    }
}

/// A slot's value with its source; without a value the source is `Default`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Feature {
    value: Option<f64>,
    source: Source,
}

impl Feature {
    /// The value, if there is one, from this source.
    #[must_use]
    pub(super) fn of(source: Source, value: Option<f64>) -> Self {
        Self { value, source: if value.is_some() { source } else { Source::Default } }
    }

    /// This one, or where it has no value the other.
    #[must_use]
    pub(super) fn or(self, other: Self) -> Self {
        if self.value.is_some() { self } else { other }
    }
}

/// A whole vector.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vector([Feature; FEATURES]);

impl Vector {
    /// These features, in the order of `SLOTS`.
    #[must_use]
    pub(super) fn of(features: [Feature; FEATURES]) -> Self {
        Self(features)
    }

    /// All values, defaults where there is none.
    #[must_use]
    pub(super) fn values(&self) -> Arc<[f64]> {
        self.0.iter().zip(SLOTS).map(|(feature, (_, default))| feature.value.unwrap_or(default)).collect()
    }

    /// The source of each slot, as texts that all rows of a date share.
    #[must_use]
    pub(super) fn sources(&self, codes: &SourceCodes) -> Arc<[Arc<str>]> {
        self.0.iter().map(|feature| codes.of(feature.source)).collect()
    }

    /// The value of a slot alone; null where the vector holds the default.
    #[must_use]
    pub(super) fn known(&self) -> [Option<f64>; FEATURES] {
        self.0.map(|feature| feature.value)
    }

    /// The mean weight of the sources, 2 decimals.
    #[must_use]
    pub(super) fn quality_score(&self) -> f64 {
        let weights = self.0.iter().map(|feature| feature.source.weight());
        rounded(mean(weights).unwrap_or(0.0), 2)
    }

    /// How much of what the precompute rows can fill they did fill.
    #[must_use]
    pub(super) fn data_source(&self) -> &'static str {
        let filled = self.0.iter().filter(|feature| feature.source == Source::Phase4);
        let share = real_len(filled.count()) / real_len(PRECOMPUTED_SLOTS);
        if share >= 0.9 {
            "phase4"
        } else if share >= 0.5 {
            "phase4_partial"
        } else {
            "mixed"
        }
    }
}

/// The names of all slots.
#[must_use]
pub(super) fn names() -> Arc<[Arc<str>]> {
    SLOTS.iter().map(|(name, _)| Arc::from(*name)).collect()
}

/// The tier of a quality score.
#[must_use]
pub(super) fn quality_tier(score: f64) -> &'static str {
    if score >= 95.0 {
        "high"
    } else if score >= 70.0 {
        "medium"
    } else {
        "low"
    }
}

/// A step function: 2 from `large` on, 1 from `small` on, mirrored below 0.
#[must_use]
pub(super) fn step(value: f64, small: f64, large: f64) -> f64 {
    let size = if value.abs() >= large {
        2.0
    } else if value.abs() >= small {
        1.0
    } else {
        return 0.0;
    };
    size * value.signum()
}

/// `recent_trend` of points, oldest first: the mean of the last 3 less that of the 2 before, in steps
/// at 2 and 5 points, so that an improving player is above 0. Nothing of fewer than 5 games.
#[must_use]
pub(super) fn recent_trend(points: &[f64]) -> Option<f64> {
    let last = points.get(points.len().checked_sub(5)?..)?;
    let (before, newest) = last.split_at(2);
    let change = mean(newest.iter().copied())? - mean(before.iter().copied())?;
    Some(step(change, 2.0, 5.0))
}

/// `minutes_change`: recent minutes against the season's, in steps at 10 and 20 %; nothing where either
/// is missing or 0.
#[must_use]
pub(super) fn minutes_change(recent: Option<f64>, season: Option<f64>) -> Option<f64> {
    let (recent, season) = recent.zip(season)?;
    (recent > 0.0 && season > 0.0).then(|| step((recent - season) / season, 0.10, 0.20))
}

/// `rest_advantage`: own days of rest less the opponent's, held to -2..2.
#[must_use]
pub(super) fn rest_advantage(own: Option<i64>, opponent: Option<i64>) -> Option<f64> {
    let (own, opponent) = own.zip(opponent)?;
    Some(super::statistics::real((own - opponent).clamp(-2, 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_improving_player_is_above_zero() {
        let cases = [
            ("improves much", vec![10.0, 10.0, 20.0, 20.0, 20.0], Some(2.0)),
            ("improves", vec![99.0, 10.0, 10.0, 12.0, 12.0, 12.0], Some(1.0)),
            ("steady", vec![10.0, 10.0, 11.0, 11.0, 11.0], Some(0.0)),
            ("declines", vec![12.0, 12.0, 10.0, 10.0, 10.0], Some(-1.0)),
            ("declines much", vec![20.0, 20.0, 5.0, 5.0, 5.0], Some(-2.0)),
            ("too few", vec![10.0, 20.0, 30.0, 40.0], None),
        ];
        for (name, points, expected) in cases {
            assert_eq!(recent_trend(&points), expected, "{name}");
        }
    }

    #[test]
    fn minutes_change_in_steps() {
        let cases = [
            (Some(36.0), Some(30.0), Some(2.0)),
            (Some(33.0), Some(30.0), Some(1.0)),
            (Some(32.9), Some(30.0), Some(0.0)),
            (Some(26.9), Some(30.0), Some(-1.0)),
            (Some(20.0), Some(30.0), Some(-2.0)),
            (Some(20.0), Some(0.0), None),
            (None, Some(30.0), None),
        ];
        for (recent, season, expected) in cases {
            assert_eq!(minutes_change(recent, season), expected, "{recent:?} {season:?}");
        }
    }

    #[test]
    fn rest_is_compared_with_the_opponent() {
        let cases = [
            (Some(1), Some(2), Some(-1.0)),
            (Some(9), Some(1), Some(2.0)),
            (Some(1), Some(5), Some(-2.0)),
            (None, Some(1), None),
            (Some(1), None, None),
        ];
        for (own, opponent, expected) in cases {
            assert_eq!(rest_advantage(own, opponent), expected, "{own:?} {opponent:?}");
        }
    }

    #[test]
    fn the_score_is_the_mean_weight_and_defaults_are_marked() {
        let full = Vector::of([Feature::of(Source::Phase4, Some(1.0)); FEATURES]);
        assert_eq!((full.quality_score(), full.data_source()), (100.0, "phase4"));
        let nothing = Feature::of(Source::Phase4, None);
        let empty = Vector::of([nothing; FEATURES]);
        assert_eq!((empty.quality_score(), empty.data_source()), (40.0, "mixed"));
        assert_eq!(empty.known(), [None; FEATURES]);
        assert_eq!(empty.values()[13], 112.0);
        for (at, source) in ["phase4", "calculated", "phase3", "default"].iter().enumerate() {
            assert_eq!(&*SourceCodes::new().0[at], *source);
        }
        assert_eq!(&*empty.sources(&SourceCodes::new())[0], "default");
        let either = nothing.or(Feature::of(Source::Phase3, Some(7.0)));
        assert_eq!(either, Feature::of(Source::Phase3, Some(7.0)));
    }

    #[test]
    fn sixteen_slots_come_from_precompute_rows() {
        let calculated = 6;
        let flags = 3;
        assert_eq!(PRECOMPUTED_SLOTS, FEATURES - calculated - flags);
    }
}
