//! What each gate of the NBA cascade demands: the thresholds of `thresholds.toml` as typed values, and which
//! kind of date a date is. Says nothing about how a demand is judged (`domain::checks`).

use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::features::SLOTS;
use super::points::FEATURE_SLOTS;
use super::rows_schedule::ScheduledGame;
use super::season::SeasonKind;
use crate::domain::checks::{BaselineLimits, DatasetChecks, DateKind, DatesPassed};
use crate::flow::{Date, Permanent};

/// The file as it is.
const TEXT: &str = include_str!("thresholds.toml");

/// A number that changes with any change of the file: part of the code revision of what is judged by it, so
/// that a changed threshold makes the checks of all dates anew, and nobody has to think of it.
pub const THRESHOLDS_REVISION: u32 = fnv(TEXT.as_bytes());

/// All that the gates demand, by the place in the cascade where they stand.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// When there is a baseline.
    pub baseline: BaselineLimits,
    /// How many of the dates before must have passed gates A and B.
    pub dates_passed: DatesPassed,
    /// Gate A.
    pub team_offense: Vec<DatasetChecks>,
    /// Gate B: players.
    pub player_game: Vec<DatasetChecks>,
    /// Gate B: what teams allowed.
    pub team_defense: Vec<DatasetChecks>,
    /// Gate B: teams against the dates before.
    pub regression: Vec<DatasetChecks>,
    /// Gate C.
    pub context: Vec<DatasetChecks>,
    /// Gate D.
    pub precompute: Vec<DatasetChecks>,
    /// Gate E.
    pub training: TrainingLimits,
    /// Gate F.
    pub model: ModelLimits,
    /// Predictions, of all systems and of each. No gate.
    pub prediction: Vec<DatasetChecks>,
}

/// What is demanded of all that a model learns from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingLimits {
    /// How many rows there must be to learn from.
    pub rows: RowsToLearnFrom,
    /// With fewer values in a season than this a constant is no news.
    pub season_values_min: usize,
    /// With fewer values in a month than this a constant is no news.
    pub month_values_min: usize,
    /// Features that may have one value over a whole season.
    pub may_be_constant: Vec<MayBeConstant>,
}

/// How many rows of established players (the population `all`) there must be in the seasons that a model learns
/// from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowsToLearnFrom {
    /// Below this number it is a warning.
    pub warn_below: usize,
    /// Below this number nothing is trained: the month is skipped, and gate E with it.
    pub skip_below: usize,
}

/// A feature that may have one value over a whole season, which is a warning then.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MayBeConstant {
    /// The feature, of the wide vector or of the feature store.
    pub feature: FeatureName,
    /// Why: what is told beside the warning.
    pub because: String,
}

/// The name of a feature that there is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FeatureName(String);

impl FeatureName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FeatureName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let mut known = FEATURE_SLOTS.iter().map(|slot| slot.name).chain(SLOTS.iter().map(|(name, _)| *name));
        if known.any(|known| *known == *name) {
            return Ok(Self(name));
        }
        Err(format!("`{name}` is no feature of `nba.points_features` or `nba.ml_feature_store`"))
    }
}

/// What is demanded of a trained model.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelLimits {
    /// By so much of the error of the last ten games' mean it may be worse; above that it is of no use. Being
    /// worse at all is a warning.
    pub loss_at_most: f64,
    /// By so much of the error of the last ten games' mean it may be better at most; more is a leak.
    pub gain_at_most: f64,
    /// The band that is called acceptable, points; a warning.
    pub mae_acceptable: f64,
    /// Mean of prediction less outcome, either way, points; a warning.
    pub bias_at_most: f64,
}

/// `thresholds.toml` is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("src/domain/nba/thresholds.toml: {0}")]
pub struct ThresholdsError(String);

impl From<ThresholdsError> for Permanent {
    fn from(error: ThresholdsError) -> Self {
        Self::new("thresholds_malformed", error.to_string())
    }
}

/// The thresholds, read once.
pub fn thresholds() -> Result<&'static Thresholds, ThresholdsError> {
    static READ: OnceLock<Result<Thresholds, ThresholdsError>> = OnceLock::new();
    READ.get_or_init(|| parse(TEXT)).as_ref().map_err(Clone::clone)
}

fn parse(text: &str) -> Result<Thresholds, ThresholdsError> {
    toml::from_str(text).map_err(|error| ThresholdsError(error.to_string()))
}

/// Which kind of date this is: dates are only compared with dates of the same kind, and some rules apply to
/// one kind alone. `issues` are the quality issues of the rows that are looked at.
#[must_use]
pub fn segment<'a>(
    date: Date,
    games: &[ScheduledGame],
    is_bootstrap: bool,
    mut issues: impl Iterator<Item = &'a Arc<str>>,
) -> Arc<str> {
    let of_date = format!(":{date}");
    if issues.any(|issue| issue.starts_with("gap:") && issue.ends_with(&of_date)) {
        return DateKind::Gap.code().into();
    }
    if is_bootstrap {
        return DateKind::Bootstrap.code().into();
    }
    let kind = games.first().and_then(|game| SeasonKind::of(&game.season_type)).map(kind_of);
    kind.map_or("", DateKind::code).into()
}

const fn kind_of(part: SeasonKind) -> DateKind {
    match part {
        SeasonKind::Regular => DateKind::RegularSeason,
        SeasonKind::PlayIn => DateKind::PlayIn,
        SeasonKind::Playoffs => DateKind::Playoffs,
    }
}

/// FNV-1a, 32 bits: small, and a `const`.
const fn fnv(bytes: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::rows_composite_factors::CompositeFactors;
    use super::super::rows_feature_store::FeatureRow;
    use super::super::rows_player_cache::PlayerCache;
    use super::super::rows_player_context::PlayerContext;
    use super::super::rows_player_game::PlayerGame;
    use super::super::rows_player_shot_zones::PlayerShotZones;
    use super::super::rows_predictions::PlayerPrediction;
    use super::super::rows_team_context::TeamContext;
    use super::super::rows_team_defense::TeamDefense;
    use super::super::rows_team_defense_zones::TeamDefenseZones;
    use super::super::rows_team_offense::TeamOffense;
    use super::*;
    use crate::domain::checks::{ColumnRule, check_columns};
    use crate::domain::nba::fixture;
    use crate::flow::{Row, Schema};

    #[test]
    fn every_rule_names_columns_that_exist_and_every_dataset_has_rules() {
        let schemas: [(&str, Schema); 16] = [
            ("nba.player_prop_predictions", PlayerPrediction::SCHEMA),
            ("nba.player_prop_predictions.moving_average", PlayerPrediction::SCHEMA),
            ("nba.player_prop_predictions.zone_matchup", PlayerPrediction::SCHEMA),
            ("nba.player_prop_predictions.similarity", PlayerPrediction::SCHEMA),
            ("nba.player_prop_predictions.gradient_boosting", PlayerPrediction::SCHEMA),
            ("nba.player_prop_predictions.ensemble", PlayerPrediction::SCHEMA),
            ("nba.team_offense_game_summary", TeamOffense::SCHEMA),
            ("nba.player_game_summary", PlayerGame::SCHEMA),
            ("nba.team_defense_game_summary", TeamDefense::SCHEMA),
            ("nba.upcoming_player_game_context", PlayerContext::SCHEMA),
            ("nba.upcoming_team_game_context", TeamContext::SCHEMA),
            ("nba.team_defense_zone_analysis", TeamDefenseZones::SCHEMA),
            ("nba.player_shot_zone_analysis", PlayerShotZones::SCHEMA),
            ("nba.player_daily_cache", PlayerCache::SCHEMA),
            ("nba.player_composite_factors", CompositeFactors::SCHEMA),
            ("nba.ml_feature_store", FeatureRow::SCHEMA),
        ];
        let all = thresholds().expect("thresholds");
        let places = [
            &all.team_offense,
            &all.player_game,
            &all.team_defense,
            &all.regression,
            &all.context,
            &all.precompute,
            &all.prediction,
        ];
        let mut looked_at = BTreeSet::new();
        for checks in places.into_iter().flatten() {
            let (_, schema) =
                schemas.iter().find(|(name, _)| *name == checks.dataset).expect("a known dataset");
            check_columns(checks, *schema).expect("columns that exist");
            looked_at.insert(checks.dataset.as_str());
        }
        assert_eq!(looked_at.len(), schemas.len());
        // Of the gates only B compares: a date that is compared with holds what compares.
        for checks in all.team_offense.iter().chain(&all.context).chain(&all.precompute) {
            assert!(!checks.columns.iter().any(ColumnRule::needs_other_dates), "{}", checks.dataset);
        }
    }

    #[test]
    fn an_unknown_key_a_missing_one_and_a_wrong_word_are_refused() {
        let cases = [
            ("dates_min = 10\n", "dates_min = 10\ndates_max = 3\n", "unknown field `dates_max`"),
            ("rows_min = 60\n", "", "missing field `rows_min`"),
            ("at_most = 0.05, spare = 4", "at_most = 0.05", "missing field `spare`"),
            ("nulls = { at_most", "nuls = { at_most", "unknown field `nuls`"),
            ("duplicates = \"block\"", "duplicates = \"stop\"", "unknown variant `stop`"),
            ("[baseline]\n", "[extra]\nkey = 1\n[baseline]\n", "unknown field `extra`"),
            ("duplicates = \"block\"\n", "", "missing field `duplicates`"),
            (
                "[\"Regular Season\", \"PlayIn\"]",
                "[\"Regular Seasons\"]",
                "unknown variant `Regular Seasons`",
            ),
            ("only = [\"Playoffs\"]", "only = [\"playoffs\"]", "only = [\"playoffs\"]"),
            ("skip_below = 4000", "fail_below = 4000", "unknown field `fail_below`"),
            (", skip_below = 4000", "", "missing field `skip_below`"),
            ("feature = \"playoff_game\"", "feature = \"playoff_games\"", "`playoff_games` is no feature"),
        ];
        for (from, to, expected) in cases {
            assert!(TEXT.contains(from), "{from}");
            let error = parse(&TEXT.replacen(from, to, 1)).expect_err(expected);
            assert!(error.to_string().contains(expected), "{error}");
        }
        // The players' 95 % is not the teams' 80 %: a key counts in its own section only.
        let all = thresholds().expect("thresholds");
        let ready = |place: &[DatasetChecks]| {
            let rules = place.iter().flat_map(|checks| &checks.columns);
            let mut rules = rules.filter(|rule| rule.columns == ["is_production_ready"]);
            rules.next().and_then(|rule| rule.mean).map(|span| span.from)
        };
        assert_eq!((ready(&all.team_offense), ready(&all.player_game)), (Some(0.80), Some(0.95)));
    }

    #[test]
    fn what_is_demanded_of_the_regular_season_is_demanded_of_the_play_in() {
        let all = thresholds().expect("thresholds");
        let places = [&all.team_offense, &all.player_game, &all.team_defense, &all.context, &all.precompute];
        let ruled = |kind: &str| -> usize {
            let checks = places.iter().flat_map(|place| place.iter());
            checks.map(|checks| checks.columns.iter().filter(|rule| rule.applies(kind)).count()).sum()
        };
        assert!(ruled("PlayIn") > 40, "{}", ruled("PlayIn"));
        assert_eq!(ruled("PlayIn"), ruled("Regular Season"));
        assert!(ruled("Gap") < ruled("PlayIn"));
    }

    #[test]
    fn a_date_is_of_one_kind() {
        let date = Date::parse("2024-01-26").expect("a date");
        let game = fixture::game(date, "AAA", "BBB");
        let issue = |text: &str| vec![Arc::from(text)];
        let cases: [(bool, Vec<Arc<str>>, &str); 5] = [
            (false, vec![], "Regular Season"),
            (true, vec![], "Bootstrap"),
            (false, issue("gap:nba.shots:2024-01-26"), "Gap"),
            (false, issue("gap:nba.shots:2024-01-25"), "Regular Season"),
            (false, issue("reconstructed"), "Regular Season"),
        ];
        for part in SeasonKind::ALL {
            assert_eq!(kind_of(part).code(), part.code());
            let game = ScheduledGame { season_type: part.code().into(), ..game.clone() };
            assert_eq!(&*segment(date, &[game], false, [].iter()), part.code());
        }
        for (is_bootstrap, issues, expected) in cases {
            assert_eq!(&*segment(date, std::slice::from_ref(&game), is_bootstrap, issues.iter()), expected);
        }
        assert_eq!(&*segment(date, &[], false, [].iter()), "");
    }
}
