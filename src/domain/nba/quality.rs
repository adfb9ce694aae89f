//! How far a row may be trusted: a score from 100 downwards, the issues that lowered it, and the sources.
//! The deductions and tiers are those of every NBA dataset; a pure value without any knowledge of a row.

use std::sync::Arc;

use crate::flow::{DatasetName, Date};

/// A row's quality while it is being built: 100 and no issue at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quality {
    score: i64,
    issues: Vec<Arc<str>>,
    sources: Vec<Arc<str>>,
}

/// What lowers the score, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issue<'a> {
    /// Values were summed from players because the team's own record lacks them; 85 is such a source's score.
    Reconstructed,
    /// The game has no shot chart.
    ShotZonesUnavailable,
    /// A column is null that other rows have.
    MissingOptional(&'a str),
    /// A unit that the row is made from was accepted as a gap.
    Gap(DatasetName, Date),
    /// A rate was outside of 0..100 and is held to it.
    UsageRateClamped,
    /// Shots whose zone the source does not tell; they are in no zone column.
    ShotZoneUnknown(i64),
    /// Two sources tell different values; the column holds that of the better one.
    SourcesDisagree(&'a str),
    /// Points are not what the makes add up to.
    PointsDoNotAddUp,
    /// Fewer games than asked for, of how many.
    ThinSample {
        /// Games there are.
        games: usize,
        /// Games that a full sample has.
        wanted: usize,
    },
}

impl Issue<'_> {
    fn code(self) -> String {
        match self {
            Self::Reconstructed => "reconstructed".to_owned(),
            Self::ShotZonesUnavailable => "shot_zones_unavailable".to_owned(),
            Self::MissingOptional(column) => format!("missing_optional:{column}"),
            Self::Gap(dataset, date) => format!("gap:{dataset}:{date}"),
            Self::UsageRateClamped => "usage_rate_clamped".to_owned(),
            Self::ShotZoneUnknown(shots) => format!("shot_zone_unknown:{shots}"),
            Self::SourcesDisagree(column) => format!("sources_disagree:{column}"),
            Self::PointsDoNotAddUp => "points_do_not_add_up".to_owned(),
            Self::ThinSample { games, wanted } => format!("thin_sample:{games}/{wanted}"),
        }
    }

    fn deduction(self) -> i64 {
        match self {
            Self::Reconstructed | Self::ShotZonesUnavailable | Self::ThinSample { .. } => 15,
            Self::MissingOptional(_) => 2,
            Self::SourcesDisagree(_) => 5,
            Self::Gap(..) | Self::PointsDoNotAddUp => 10,
            Self::UsageRateClamped | Self::ShotZoneUnknown(_) => 0,
        }
    }
}

impl Quality {
    /// Without fault, from these sources.
    #[must_use]
    pub fn of<'a>(sources: impl IntoIterator<Item = &'a str>) -> Self {
        Self { score: 100, issues: Vec::new(), sources: sources.into_iter().map(Arc::from).collect() }
    }

    /// The same with one more issue; an issue counts once.
    pub fn note(&mut self, issue: Issue<'_>) {
        let code = issue.code();
        if !self.issues.iter().any(|known| **known == *code) {
            self.score = (self.score - issue.deduction()).max(0);
            self.issues.push(code.into());
        }
    }

    /// 0 to 100.
    #[must_use]
    pub fn score(&self) -> i64 {
        self.score
    }

    /// `gold`, `silver`, `bronze`, `poor` or `unusable`, from the score.
    #[must_use]
    pub fn tier(&self) -> Arc<str> {
        tier(self.score).into()
    }

    /// All issues, in the order in which they were noted.
    #[must_use]
    pub fn issues(&self) -> Arc<[Arc<str>]> {
        self.issues.as_slice().into()
    }

    /// The sources.
    #[must_use]
    pub fn sources(&self) -> Arc<[Arc<str>]> {
        self.sources.as_slice().into()
    }

    /// Whether a prediction may be built on the row.
    #[must_use]
    pub fn is_production_ready(&self) -> bool {
        self.score >= 50
    }
}

/// The tier of a score.
#[must_use]
pub fn tier(score: i64) -> &'static str {
    match score {
        95.. => "gold",
        75..95 => "silver",
        50..75 => "bronze",
        25..50 => "poor",
        _ => "unusable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_has_a_tier() {
        let cases = [
            (100, "gold"),
            (95, "gold"),
            (94, "silver"),
            (75, "silver"),
            (74, "bronze"),
            (50, "bronze"),
            (49, "poor"),
            (24, "unusable"),
            (0, "unusable"),
        ];
        for (score, expected) in cases {
            assert_eq!(tier(score), expected, "{score}");
        }
    }

    #[test]
    fn an_issue_counts_once_and_the_score_stays_above_zero() {
        let mut quality = Quality::of(["player_game_logs"]);
        quality.note(Issue::Reconstructed);
        quality.note(Issue::Reconstructed);
        assert_eq!((quality.score(), quality.issues().len()), (85, 1));
        for day in 0..12 {
            quality.note(Issue::Gap(DatasetName::of("nba.shots"), Date::from_days(day)));
        }
        assert_eq!((quality.score(), &*quality.tier()), (0, "unusable"));
        assert_eq!(&*quality.issues()[1], "gap:nba.shots:1970-01-01");
        assert!(!quality.is_production_ready());
    }
}
