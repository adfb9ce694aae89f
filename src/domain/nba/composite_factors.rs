//! The four factors of a game's circumstances: fatigue, zone match-up, pace, usage.
//! Pure; the rows that are handed in hold nothing of the date's outcome, so neither do these.

use std::sync::Arc;

use serde::Serialize;

use super::gaps::gaps_of;
use super::history::Keyed;
use super::rows_composite_factors::CompositeFactors;
use super::rows_player_context::PlayerContext;
use super::rows_player_shot_zones::PlayerShotZones;
use super::rows_team_context::TeamContext;
use super::rows_team_defense_zones::TeamDefenseZones;
use super::statistics::{count, real, rounded};

/// All that a date's rows are made from, each of the date itself.
pub struct FactorsInput<'a> {
    /// A4: the population.
    pub contexts: &'a [PlayerContext],
    /// A5.
    pub teams: &'a [TeamContext],
    /// P1.
    pub defense_zones: &'a [TeamDefenseZones],
    /// P2.
    pub shot_zones: &'a [PlayerShotZones],
    /// Accepted gaps, as issues.
    pub gaps: Arc<[Arc<str>]>,
}

/// One row for each context, in their order.
#[must_use]
pub fn composite_factors(input: &FactorsInput<'_>) -> Vec<CompositeFactors> {
    let teams: Keyed<&str, &TeamContext> = input.teams.iter().map(|row| (&*row.team_abbr, row)).collect();
    let defenses: Keyed<&str, &TeamDefenseZones> =
        input.defense_zones.iter().map(|row| (&*row.team_abbr, row)).collect();
    let shots: Keyed<i64, &PlayerShotZones> =
        input.shot_zones.iter().map(|row| (row.player_id, row)).collect();
    input
        .contexts
        .iter()
        .map(|context| {
            let opponent = &*context.opponent_team_abbr;
            let beside = Beside {
                shots: shots.get(&context.player_id).copied(),
                defense: defenses.get(opponent).copied(),
                opponent: teams.get(opponent).copied(),
            };
            row(context, &beside, &input.gaps)
        })
        .collect()
}

/// The rows that stand beside a context.
struct Beside<'a> {
    shots: Option<&'a PlayerShotZones>,
    defense: Option<&'a TeamDefenseZones>,
    opponent: Option<&'a TeamContext>,
}

impl Beside<'_> {
    /// The issues of all rows that a row is made from.
    fn issues<'s>(&'s self, context: &'s PlayerContext) -> [&'s [Arc<str>]; 4] {
        [
            &context.quality_issues,
            self.shots.map_or(&[], |row| &row.data_quality_issues),
            self.defense.map_or(&[], |row| &row.data_quality_issues),
            self.opponent.map_or(&[], |row| &row.quality_issues),
        ]
    }
}

/// 100 less what rest and load take away. Without a game this season rest is unknown and changes
/// nothing, and there is no load.
fn fatigue_score(context: &PlayerContext) -> i64 {
    let rest = match context.days_rest {
        Some(1) => -15,
        Some(3..) => 5,
        Some(_) | None => 0,
    };
    let deduct = |condition: bool, points: i64| if condition { -points } else { 0 };
    let back_to_backs = match context.back_to_backs_last_14_days {
        2.. => -12,
        1 => -5,
        _ => 0,
    };
    let age = match context.player_age {
        Some(35..) => -10,
        Some(30..35) => -5,
        Some(_) | None => 0,
    };
    let minutes = context.avg_minutes_per_game_last_7;
    let score = 100
        + rest
        + deduct(context.games_in_last_7_days >= 4, 10)
        + deduct(context.minutes_in_last_7_days > 240, 10)
        + deduct(minutes.is_some_and(|minutes| minutes > 35.0), 8)
        + back_to_backs
        + age;
    score.clamp(0, 100)
}

/// How a player's zone meets a defence.
struct Matchup {
    zone: &'static str,
    rate: Option<f64>,
    edge: Option<f64>,
    score: Option<f64>,
}

impl Matchup {
    /// `edge * min(rate / 50, 1)`, a fifth more beyond 5, held to -10..10; the edge in percentage
    /// points against the league, the rate in per cent. Who has no zone of his own is met by the paint.
    fn of(shots: Option<&PlayerShotZones>, defense: Option<&TeamDefenseZones>) -> Self {
        let primary = shots.and_then(|shots| shots.primary_scoring_zone.as_deref());
        let zone = match primary {
            Some("perimeter") => "perimeter",
            Some("mid_range") => "mid_range",
            _ => "paint",
        };
        let rate = shots.and_then(|shots| match zone {
            "perimeter" => shots.three_pt_rate_last_10,
            "mid_range" => shots.mid_range_rate_last_10,
            _ => shots.paint_rate_last_10,
        });
        let edge = defense.and_then(|defense| match zone {
            "perimeter" => defense.three_pt_defense_vs_league_avg,
            "mid_range" => defense.mid_range_defense_vs_league_avg,
            _ => defense.paint_defense_vs_league_avg,
        });
        let score = rate.zip(edge).map(|(rate, edge)| {
            let plain = edge * (rate / 50.0).min(1.0);
            let score = if plain.abs() > 5.0 { plain * 1.2 } else { plain };
            rounded(score.clamp(-10.0, 10.0), 1)
        });
        Self { zone, rate, edge, score }
    }
}

fn pace_score(differential: Option<f64>) -> Option<f64> {
    differential.map(|differential| rounded((differential / 2.0).clamp(-3.0, 3.0), 1))
}

/// `0.3 * (projected - baseline)`, a rise 1.15 times with one star team-mate out and 1.3 times with more, held to -3..3;
/// 0 where the baseline is 0.
fn usage_spike_score(context: &PlayerContext) -> Option<f64> {
    let (projected, baseline) = context.projected_usage_rate.zip(context.baseline_usage_rate)?;
    if baseline == 0.0 {
        return Some(0.0);
    }
    let plain = 0.3 * (projected - baseline);
    let boost = match context.star_teammates_out {
        Some(2..) => 1.30,
        Some(1) => 1.15,
        Some(_) | None => 1.0,
    };
    let score = if plain > 0.0 { plain * boost } else { plain };
    Some(rounded(score.clamp(-3.0, 3.0), 1))
}

fn missing_fields(context: &PlayerContext, beside: &Beside<'_>) -> Arc<[Arc<str>]> {
    let zones = beside.shots.and_then(|shots| shots.paint_rate_last_10);
    let defense = beside.defense.and_then(|row| row.paint_defense_vs_league_avg);
    [
        ("days_rest", context.days_rest.is_none()),
        ("projected_usage_rate", context.projected_usage_rate.is_none()),
        ("pace_differential", context.pace_differential.is_none()),
        ("player_shot_zone_analysis", zones.is_none()),
        ("team_defense_zone_analysis", defense.is_none()),
    ]
    .into_iter()
    .filter(|(_, missing)| *missing)
    .map(|(name, _)| Arc::from(name))
    .collect()
}

/// The inputs of each factor, as JSON: fatigue, zone, pace, usage.
fn context_json(context: &PlayerContext, matchup: &Matchup) -> [Arc<str>; 4] {
    [
        json(&FatigueContext {
            avg_minutes_per_game_last_7: context.avg_minutes_per_game_last_7,
            back_to_back: context.back_to_back,
            back_to_backs_last_14_days: context.back_to_backs_last_14_days,
            days_rest: context.days_rest,
            games_in_last_7_days: context.games_in_last_7_days,
            minutes_in_last_7_days: context.minutes_in_last_7_days,
            player_age: context.player_age,
        }),
        json(&ZoneContext { opponent_edge: matchup.edge, player_rate: matchup.rate, zone: matchup.zone }),
        json(&PaceContext {
            opponent_pace_last_10: context.opponent_pace_last_10,
            pace_differential: context.pace_differential,
        }),
        json(&UsageContext {
            baseline_usage_rate: context.baseline_usage_rate,
            projected_usage_rate: context.projected_usage_rate,
            star_teammates_out: context.star_teammates_out,
        }),
    ]
}

fn json(value: &impl Serialize) -> Arc<str> {
    serde_json::to_string(value).expect("numbers and texts are JSON").into()
}

#[derive(Serialize)]
struct FatigueContext {
    avg_minutes_per_game_last_7: Option<f64>,
    back_to_back: bool,
    back_to_backs_last_14_days: i64,
    days_rest: Option<i64>,
    games_in_last_7_days: i64,
    minutes_in_last_7_days: i64,
    player_age: Option<i64>,
}

#[derive(Serialize)]
struct ZoneContext {
    opponent_edge: Option<f64>,
    player_rate: Option<f64>,
    zone: &'static str,
}

#[derive(Serialize)]
struct PaceContext {
    opponent_pace_last_10: Option<f64>,
    pace_differential: Option<f64>,
}

#[derive(Serialize)]
struct UsageContext {
    baseline_usage_rate: Option<f64>,
    projected_usage_rate: Option<f64>,
    star_teammates_out: Option<i64>,
}

fn warnings(fatigue: i64, zone: f64, total: f64) -> Arc<[Arc<str>]> {
    [
        ("EXTREME_FATIGUE", fatigue < 50),
        ("EXTREME_MATCHUP", zone.abs() > 8.0),
        ("EXTREME_ADJUSTMENT", total.abs() > 12.0),
    ]
    .into_iter()
    .filter(|(_, applies)| *applies)
    .map(|(name, _)| Arc::from(name))
    .collect()
}

fn row(context: &PlayerContext, beside: &Beside<'_>, gaps: &Arc<[Arc<str>]>) -> CompositeFactors {
    let fatigue = fatigue_score(context);
    let matchup = Matchup::of(beside.shots, beside.defense);
    let (pace, usage) = (pace_score(context.pace_differential), usage_spike_score(context));
    let [fatigue_json, zone_json, pace_json, usage_json] = context_json(context, &matchup);
    let fatigue_adjustment = rounded(real(fatigue - 100) / 20.0, 2);
    let [zone_adjustment, pace_adjustment, usage_adjustment] =
        [matchup.score, pace, usage].map(|score| score.unwrap_or(0.0));
    let total = rounded(fatigue_adjustment + zone_adjustment + pace_adjustment + usage_adjustment, 2);
    let missing = missing_fields(context, beside);
    let warnings = warnings(fatigue, zone_adjustment, total);
    CompositeFactors {
        player_id: context.player_id,
        player_lookup: Arc::clone(&context.player_lookup),
        universal_player_id: None,
        game_date: context.game_date,
        season_year: context.season_year,
        game_id: Arc::clone(&context.game_id),
        nba_game_id: Arc::clone(&context.nba_game_id),
        team_abbr: Arc::clone(&context.team_abbr),
        opponent_team_abbr: Arc::clone(&context.opponent_team_abbr),
        population_source: Arc::clone(&context.population_source),
        fatigue_score: fatigue,
        shot_zone_mismatch_score: matchup.score,
        pace_score: pace,
        usage_spike_score: usage,
        referee_favorability_score: None,
        look_ahead_pressure_score: None,
        travel_impact_score: None,
        opponent_strength_score: None,
        fatigue_adjustment,
        shot_zone_adjustment: zone_adjustment,
        pace_adjustment,
        usage_spike_adjustment: usage_adjustment,
        total_composite_adjustment: total,
        fatigue_context_json: fatigue_json,
        shot_zone_context_json: zone_json,
        pace_context_json: pace_json,
        usage_context_json: usage_json,
        data_completeness_pct: real(5 - count(missing.len())) * 20.0,
        missing_data_fields: missing,
        has_warnings: !warnings.is_empty(),
        warnings,
        expected_games_count: context.expected_games_count,
        actual_games_count: context.actual_games_count,
        missing_games_count: context.missing_games_count,
        completeness_percentage: context.completeness_percentage,
        data_quality_issues: gaps_of(gaps, &beside.issues(context)),
        is_production_ready: context.is_production_ready
            && beside.shots.is_some_and(|row| row.is_production_ready)
            && beside.defense.is_some_and(|row| row.is_production_ready)
            && beside.opponent.is_some_and(|row| row.is_production_ready),
        early_season_flag: context.games_played_season < 10,
        calculation_version: "v1_4factors".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::flow::Date;

    fn context() -> PlayerContext {
        fixture::player_context(Date::from_days(9), 1)
    }

    #[test]
    fn fatigue_by_rest_and_load() {
        let tired = PlayerContext {
            days_rest: Some(1),
            back_to_back: true,
            games_in_last_7_days: 4,
            minutes_in_last_7_days: 241,
            avg_minutes_per_game_last_7: Some(35.1),
            back_to_backs_last_14_days: 2,
            ..context()
        };
        let cases = [
            ("no game this season", context(), 100),
            ("the day before", PlayerContext { days_rest: Some(1), ..context() }, 85),
            ("two days", PlayerContext { days_rest: Some(2), ..context() }, 100),
            (
                "rest makes up for load",
                PlayerContext { days_rest: Some(3), games_in_last_7_days: 4, ..context() },
                95,
            ),
            ("never above fresh", PlayerContext { days_rest: Some(30), ..context() }, 100),
            ("everything", tired, 45),
            ("one back-to-back", PlayerContext { back_to_backs_last_14_days: 1, ..context() }, 95),
            (
                "limits are not passed",
                PlayerContext {
                    minutes_in_last_7_days: 240,
                    avg_minutes_per_game_last_7: Some(35.0),
                    games_in_last_7_days: 3,
                    ..context()
                },
                100,
            ),
        ];
        for (name, context, expected) in cases {
            assert_eq!(fatigue_score(&context), expected, "{name}");
        }
    }

    #[test]
    fn a_zone_meets_a_defence() {
        let shots = |zone: Option<&str>| PlayerShotZones {
            primary_scoring_zone: zone.map(Arc::from),
            paint_rate_last_10: Some(25.0),
            mid_range_rate_last_10: Some(40.0),
            three_pt_rate_last_10: Some(60.0),
            ..fixture::player_shot_zones(Date::from_days(9), 1)
        };
        let defense = |edge: f64| TeamDefenseZones {
            paint_defense_vs_league_avg: Some(edge),
            mid_range_defense_vs_league_avg: Some(2.0 * edge),
            three_pt_defense_vs_league_avg: Some(-edge),
            ..fixture::team_defense_zones(Date::from_days(9), "BBB")
        };
        let cases = [
            ("paint, half used", Some("paint"), 4.0, Some(2.0)),
            ("balanced is met by the paint", Some("balanced"), 4.0, Some(2.0)),
            ("perimeter, fully used", Some("perimeter"), 3.0, Some(-3.0)),
            ("mid-range", Some("mid_range"), 2.5, Some(4.0)),
            ("beyond five a fifth more", Some("perimeter"), 6.0, Some(-7.2)),
            ("held", Some("perimeter"), -20.0, Some(10.0)),
        ];
        for (name, zone, edge, expected) in cases {
            let (shots, defense) = (shots(zone), defense(edge));
            assert_eq!(Matchup::of(Some(&shots), Some(&defense)).score, expected, "{name}");
        }
        let (shots, none) = (shots(Some("paint")), fixture::team_defense_zones(Date::from_days(9), "BBB"));
        assert_eq!(Matchup::of(Some(&shots), Some(&none)).score, None);
        assert_eq!(Matchup::of(None, None).score, None);
    }

    #[test]
    fn usage_spikes_when_more_is_projected_than_usual() {
        let cases = [
            (Some(30.0), Some(25.0), Some(1.5)),
            (Some(20.0), Some(25.0), Some(-1.5)),
            (Some(25.0), Some(25.0), Some(0.0)),
            (Some(60.0), Some(25.0), Some(3.0)),
            (Some(60.0), Some(0.0), Some(0.0)),
            (None, Some(25.0), None),
        ];
        for (projected, baseline, expected) in cases {
            let context =
                PlayerContext { projected_usage_rate: projected, baseline_usage_rate: baseline, ..context() };
            assert_eq!(usage_spike_score(&context), expected, "{projected:?} {baseline:?}");
        }
    }

    #[test]
    fn the_total_is_the_sum_of_what_is_stored() {
        let context = PlayerContext {
            days_rest: Some(1),
            pace_differential: Some(-3.0),
            projected_usage_rate: Some(30.0),
            baseline_usage_rate: Some(25.0),
            ..context()
        };
        let rows = composite_factors(&FactorsInput {
            contexts: &[context],
            teams: &[],
            defense_zones: &[],
            shot_zones: &[],
            gaps: [].into(),
        });
        let row = &rows[0];
        assert_eq!((row.fatigue_adjustment, row.shot_zone_adjustment), (-0.75, 0.0));
        assert_eq!((row.pace_adjustment, row.usage_spike_adjustment), (-1.5, 1.5));
        assert_eq!(row.total_composite_adjustment, -0.75);
        assert_eq!((row.shot_zone_mismatch_score, row.data_completeness_pct), (None, 60.0));
        assert_eq!(row.missing_data_fields.len(), 2);
        assert_eq!(&*row.pace_context_json, r#"{"opponent_pace_last_10":null,"pace_differential":-3.0}"#);
    }
}
