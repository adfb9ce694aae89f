//! Where a player takes his shots, over his last 10 and 20 games, from games with a shot chart alone.
//! Pure; every game that is handed in lies before the date.

use std::sync::Arc;

use super::gaps::gaps_of;
use super::history::{PlayerHistory, Units, last};
use super::player_context::sample_quality;
use super::rows_player_context::PlayerContext;
use super::rows_player_game::PlayerGame;
use super::rows_player_shot_zones::PlayerShotZones;
use super::statistics::{count, ratio, real, rounded};

/// Games of the primary window, and of the trend.
const WINDOW: usize = 10;
const TREND: usize = 20;
/// Charted games below which there are no zones, and no trend.
const GAMES_MIN: usize = 5;
const TREND_GAMES_MIN: usize = 15;

/// One row for each context, in their order: `season` is A3 of the season before the date, `gaps` the
/// accepted gaps as issues.
#[must_use]
pub fn player_shot_zones(
    contexts: &[PlayerContext],
    season: &Units<'_, PlayerGame>,
    gaps: &Arc<[Arc<str>]>,
) -> Vec<PlayerShotZones> {
    let history = PlayerHistory::of(season, |row| row.player_id);
    contexts.iter().map(|context| row(context, history.get(&context.player_id), gaps)).collect()
}

/// Sums over charted games: (makes, attempts) of a zone.
struct Zones {
    games: usize,
    paint: (i64, i64),
    mid_range: (i64, i64),
    three: (i64, i64),
    backcourt: i64,
}

impl Zones {
    fn of(games: &[&PlayerGame]) -> Self {
        let mut zones = Self { games: 0, paint: (0, 0), mid_range: (0, 0), three: (0, 0), backcourt: 0 };
        let add = |sum: &mut (i64, i64), makes: Option<i64>, attempts: i64| {
            sum.0 += makes.unwrap_or(0);
            sum.1 += attempts;
        };
        for game in games {
            let attempts = (game.paint_attempts, game.mid_range_attempts, game.three_zone_attempts);
            if let (Some(paint), Some(mid_range), Some(three)) = attempts {
                zones.games += 1;
                add(&mut zones.paint, game.paint_makes, paint);
                add(&mut zones.mid_range, game.mid_range_makes, mid_range);
                add(&mut zones.three, game.three_zone_makes, three);
                zones.backcourt += game.backcourt_attempts.unwrap_or(0);
            }
        }
        zones
    }

    fn shots(&self) -> i64 {
        self.paint.1 + self.mid_range.1 + self.three.1
    }

    /// Attempts of a zone, per cent of all, unrounded.
    fn rate(&self, attempts: i64) -> Option<f64> {
        ratio(attempts, self.shots()).map(|share| 100.0 * share)
    }

    /// The zone that he mostly scores from, by unrounded rates.
    fn primary(&self) -> Option<&'static str> {
        let rate = |attempts| self.rate(attempts);
        let (paint, mid_range, three) = (rate(self.paint.1)?, rate(self.mid_range.1)?, rate(self.three.1)?);
        Some(if paint >= 40.0 {
            "paint"
        } else if three >= 40.0 {
            "perimeter"
        } else if mid_range >= 35.0 {
            "mid_range"
        } else {
            "balanced"
        })
    }
}

fn row(context: &PlayerContext, season: &[&PlayerGame], gaps: &Arc<[Arc<str>]>) -> PlayerShotZones {
    let active: Vec<&PlayerGame> = season
        .iter()
        .filter(|game| game.minutes_played > 0 || game.fg_attempts.is_some_and(|shots| shots > 0))
        .copied()
        .collect();
    let (recent, trend) = (last(&active, WINDOW), last(&active, TREND));
    let (all, all_20) = (Zones::of(recent), Zones::of(trend));
    let zones = Some(&all).filter(|zones| zones.games >= GAMES_MIN);
    let zones_20 = Some(&all_20).filter(|zones| zones.games >= TREND_GAMES_MIN);
    let rate =
        |of: fn(&Zones) -> (i64, i64)| zones.and_then(|z| z.rate(of(z).1)).map(|value| rounded(value, 2));
    let share = |of: fn(&Zones) -> (i64, i64)| {
        zones.and_then(|z| ratio(of(z).0, of(z).1)).map(|value| rounded(value, 3))
    };
    let per_game =
        |of: fn(&Zones) -> (i64, i64)| zones.map(|z| rounded(real(of(z).1) / real(count(z.games)), 1));
    PlayerShotZones {
        player_id: context.player_id,
        player_lookup: Arc::clone(&context.player_lookup),
        analysis_date: context.game_date,
        season_year: context.season_year,
        population_source: Arc::clone(&context.population_source),
        games_in_sample_10: count(recent.len()),
        games_in_sample_20: count(trend.len()),
        zone_games_in_sample: count(all.games),
        zone_games_in_sample_20: count(all_20.games),
        paint_rate_last_10: rate(|z| z.paint),
        mid_range_rate_last_10: rate(|z| z.mid_range),
        three_pt_rate_last_10: rate(|z| z.three),
        total_shots_last_10: zones.map(Zones::shots),
        backcourt_shots_last_10: zones.map(|z| z.backcourt),
        paint_pct_last_10: share(|z| z.paint),
        mid_range_pct_last_10: share(|z| z.mid_range),
        three_pt_pct_last_10: share(|z| z.three),
        paint_attempts_per_game: per_game(|z| z.paint),
        mid_range_attempts_per_game: per_game(|z| z.mid_range),
        three_pt_attempts_per_game: per_game(|z| z.three),
        paint_rate_last_20: zones_20.and_then(|z| z.rate(z.paint.1)).map(|value| rounded(value, 2)),
        paint_pct_last_20: zones_20.and_then(|z| ratio(z.paint.0, z.paint.1)).map(|value| rounded(value, 3)),
        assisted_rate_last_10: None,
        unassisted_rate_last_10: None,
        primary_scoring_zone: zones.and_then(Zones::primary).map(Arc::from),
        player_position: None,
        sample_quality_10: sample_quality(all.games, WINDOW).into(),
        sample_quality_20: sample_quality(all_20.games, TREND).into(),
        data_quality_tier: match all.games {
            10.. => "high",
            7..10 => "medium",
            _ => "low",
        }
        .into(),
        expected_games_count: context.expected_games_count,
        actual_games_count: context.actual_games_count,
        missing_games_count: context.missing_games_count,
        completeness_percentage: context.completeness_percentage,
        data_quality_issues: gaps_of(gaps, &[&context.quality_issues]),
        is_production_ready: zones.is_some() && context.is_production_ready,
        early_season_flag: season.len() < WINDOW,
        insufficient_data_reason: zones
            .is_none()
            .then(|| format!("zone_games_in_sample:{}/{GAMES_MIN}", all.games).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::flow::Date;

    fn charted(day: i32, paint: i64, mid_range: i64, three: i64) -> PlayerGame {
        PlayerGame {
            paint_attempts: Some(paint),
            paint_makes: Some(paint / 2),
            mid_range_attempts: Some(mid_range),
            mid_range_makes: Some(0),
            three_zone_attempts: Some(three),
            three_zone_makes: Some(three / 2),
            three_pt_attempts: Some(three + 1),
            backcourt_attempts: Some(1),
            ..fixture::player_game(Date::from_days(day), 1, "AAA", 10)
        }
    }

    fn of(games: &[PlayerGame]) -> PlayerShotZones {
        let games: Vec<&PlayerGame> = games.iter().collect();
        row(&fixture::player_context(Date::from_days(99), 1), &games, &[].into())
    }

    #[test]
    fn all_rates_are_over_the_same_charted_games() {
        let mut games: Vec<_> = (0..5).map(|day| charted(day, 4, 2, 2)).collect();
        // Threes of a game without a chart would make a shooter of everybody.
        games.push(PlayerGame {
            three_pt_attempts: Some(20),
            ..fixture::player_game(Date::from_days(6), 1, "AAA", 10)
        });
        let row = of(&games);
        let rates = (row.paint_rate_last_10, row.mid_range_rate_last_10, row.three_pt_rate_last_10);
        assert_eq!(rates, (Some(50.0), Some(25.0), Some(25.0)));
        assert_eq!((row.games_in_sample_10, row.zone_games_in_sample), (6, 5));
        assert_eq!((row.total_shots_last_10, row.backcourt_shots_last_10), (Some(40), Some(5)));
        assert_eq!((row.paint_pct_last_10, row.paint_attempts_per_game), (Some(0.5), Some(4.0)));
        assert_eq!(row.primary_scoring_zone.as_deref(), Some("paint"));
        assert_eq!(row.paint_rate_last_20, None);
    }

    #[test]
    fn below_five_charted_games_there_are_no_zones() {
        let games: Vec<_> = (0..4).map(|day| charted(day, 4, 2, 2)).collect();
        let row = of(&games);
        assert_eq!((row.paint_rate_last_10, row.primary_scoring_zone), (None, None));
        assert_eq!(row.insufficient_data_reason.as_deref(), Some("zone_games_in_sample:4/5"));
        assert!(!row.is_production_ready);
    }

    #[test]
    fn the_trend_needs_fifteen_charted_games() {
        let games: Vec<_> =
            (0..20).map(|day| charted(day, 3 * (day.min(10) as i64 / 10) + 1, 1, 2)).collect();
        let row = of(&games);
        assert_eq!(row.paint_rate_last_10, Some(57.14));
        assert_eq!(row.paint_rate_last_20, Some(45.45));
        assert_eq!(of(&games[..14]).paint_rate_last_20, None);
    }

    #[test]
    fn the_primary_zone_by_thresholds() {
        let cases = [
            ((40, 20, 40), Some("paint")),
            ((39, 21, 40), Some("perimeter")),
            ((30, 35, 35), Some("mid_range")),
            ((33, 33, 34), Some("balanced")),
            ((0, 0, 0), None),
        ];
        for ((paint, mid_range, three), expected) in cases {
            let games = [charted(1, paint, mid_range, three)];
            let zones = Zones::of(&games.iter().collect::<Vec<_>>());
            assert_eq!(zones.primary(), expected, "{paint} {mid_range} {three}");
        }
    }

    #[test]
    fn a_game_without_a_minute_or_a_shot_is_no_game() {
        let mut games: Vec<_> = (0..5).map(|day| charted(day, 4, 2, 2)).collect();
        games.push(PlayerGame { minutes_played: 0, ..charted(6, 0, 0, 0) });
        games.push(PlayerGame { minutes_played: 0, fg_attempts: Some(1), ..charted(7, 1, 0, 0) });
        assert_eq!(of(&games).games_in_sample_10, 6);
    }
}
