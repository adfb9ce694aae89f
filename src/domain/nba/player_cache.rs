//! A player's form over his last 5 and 10 games and the season, beside his load, team and shot profile.
//! Pure; every game that is handed in lies before the date.

use std::sync::Arc;

use super::gaps::gaps_of;
use super::history::{Keyed, OffenseHistory, PlayerHistory, Units, last};
use super::quality::tier;
use super::rows_player_cache::PlayerCache;
use super::rows_player_context::PlayerContext;
use super::rows_player_game::PlayerGame;
use super::rows_player_shot_zones::PlayerShotZones;
use super::rows_team_offense::TeamOffense;
use super::statistics::{count, mean, real, rounded, sample_deviation};

/// Games of the windows, of players and of teams.
const SHORT: usize = 5;
const LONG: usize = 10;
/// Fewer games of the season tell nothing; fewer than `LONG` are flagged.
const GAMES_MIN: usize = 5;

/// All that a date's rows are made from.
pub struct CacheInput<'a> {
    /// A4 of the date: the population.
    pub contexts: &'a [PlayerContext],
    /// P2 of the date.
    pub shot_zones: &'a [PlayerShotZones],
    /// A3 of the season before the date.
    pub players: &'a Units<'a, PlayerGame>,
    /// A1 before the date: this season, in its first weeks also the end of the last one.
    pub offense: &'a Units<'a, TeamOffense>,
    /// Accepted gaps, as issues.
    pub gaps: Arc<[Arc<str>]>,
}

/// One row for each context, in their order.
#[must_use]
pub fn player_cache(input: &CacheInput<'_>) -> Vec<PlayerCache> {
    let players = PlayerHistory::of(input.players, |row| row.player_id);
    let offense = OffenseHistory::of(input.offense, |row| &*row.team_abbr);
    let zones: Keyed<i64, &PlayerShotZones> =
        input.shot_zones.iter().map(|row| (row.player_id, row)).collect();
    input
        .contexts
        .iter()
        .map(|context| {
            let form = Form::of(players.get(&context.player_id));
            let team = last(offense.get(&&*context.team_abbr), LONG);
            row(input, context, &form, team, zones.get(&context.player_id).copied())
        })
        .collect()
}

/// What a player's games of the season say; nothing below 5 of them.
#[derive(Debug, Default, PartialEq)]
struct Form {
    games: usize,
    points_5: Option<f64>,
    points_10: Option<f64>,
    points_season: Option<f64>,
    points_std: Option<f64>,
    minutes_10: Option<f64>,
    minutes_season: Option<f64>,
    usage_10: Option<f64>,
    usage_season: Option<f64>,
    ts_10: Option<f64>,
}

impl Form {
    fn of(season: &[&PlayerGame]) -> Self {
        if season.len() < GAMES_MIN {
            return Self { games: season.len(), ..Self::default() };
        }
        let points = |games: &[&PlayerGame]| mean(games.iter().map(|game| real(game.points)));
        let minutes = |games: &[&PlayerGame]| mean(games.iter().map(|game| real(game.minutes_played)));
        let usage = |games: &[&PlayerGame]| mean(games.iter().filter_map(|game| game.usage_rate));
        let long = last(season, LONG);
        let long_points: Vec<f64> = long.iter().map(|game| real(game.points)).collect();
        Self {
            games: season.len(),
            points_5: points(last(season, SHORT)),
            points_10: points(long),
            points_season: points(season),
            points_std: sample_deviation(&long_points),
            minutes_10: minutes(long),
            minutes_season: minutes(season),
            usage_10: usage(long),
            usage_season: usage(season),
            ts_10: mean(long.iter().filter_map(|game| game.ts_pct)),
        }
    }
}

fn row(
    input: &CacheInput<'_>,
    context: &PlayerContext,
    form: &Form,
    team: &[&TeamOffense],
    zones: Option<&PlayerShotZones>,
) -> PlayerCache {
    let stored = |value: Option<f64>| value.map(|value| rounded(value, 4));
    let score = context.l5_completeness_pct.unwrap_or(0.0);
    let zone_issues = zones.map_or(&[][..], |zones| &zones.data_quality_issues);
    let paint_rate = zones.and_then(|zones| zones.paint_rate_last_10);
    PlayerCache {
        player_id: context.player_id,
        player_lookup: Arc::clone(&context.player_lookup),
        universal_player_id: None,
        cache_date: context.game_date,
        season_year: context.season_year,
        game_id: Arc::clone(&context.game_id),
        nba_game_id: Arc::clone(&context.nba_game_id),
        team_abbr: Arc::clone(&context.team_abbr),
        population_source: Arc::clone(&context.population_source),
        points_avg_last_5: stored(form.points_5),
        points_avg_last_10: stored(form.points_10),
        points_avg_season: stored(form.points_season),
        points_std_last_10: stored(form.points_std),
        minutes_avg_last_10: stored(form.minutes_10),
        minutes_avg_season: stored(form.minutes_season),
        usage_rate_last_10: stored(form.usage_10),
        ts_pct_last_10: stored(form.ts_10),
        player_usage_rate_season: stored(form.usage_season),
        games_played_season: count(form.games),
        team_pace_last_10: stored(mean(team.iter().filter_map(|game| game.pace))),
        team_off_rating_last_10: stored(mean(team.iter().filter_map(|g| g.offensive_rating))),
        games_in_last_7_days: context.games_in_last_7_days,
        games_in_last_14_days: context.games_in_last_14_days,
        minutes_in_last_7_days: context.minutes_in_last_7_days,
        minutes_in_last_14_days: context.minutes_in_last_14_days,
        back_to_backs_last_14_days: context.back_to_backs_last_14_days,
        avg_minutes_per_game_last_7: context.avg_minutes_per_game_last_7,
        fourth_quarter_minutes_last_7: context.fourth_quarter_minutes_last_7,
        player_age: context.player_age,
        primary_scoring_zone: zones.and_then(|zones| zones.primary_scoring_zone.clone()),
        paint_rate_last_10: paint_rate,
        three_pt_rate_last_10: zones.and_then(|zones| zones.three_pt_rate_last_10),
        assisted_rate_last_10: None,
        shot_zone_data_available: paint_rate.is_some(),
        expected_games_count: context.expected_games_count,
        actual_games_count: context.actual_games_count,
        missing_games_count: context.missing_games_count,
        completeness_percentage: context.completeness_percentage,
        l5_completeness_pct: context.l5_completeness_pct,
        l5_is_complete: context.l5_is_complete,
        l10_completeness_pct: context.l10_completeness_pct,
        l10_is_complete: context.l10_is_complete,
        l7d_completeness_pct: context.l7d_completeness_pct,
        l7d_is_complete: context.l7d_is_complete,
        l14d_completeness_pct: context.l14d_completeness_pct,
        l14d_is_complete: context.l14d_is_complete,
        all_windows_complete: context.l5_is_complete
            && context.l10_is_complete
            && context.l7d_is_complete
            && context.l14d_is_complete,
        quality_tier: tier(score.floor() as i64).into(),
        cache_quality_score: score,
        data_quality_issues: gaps_of(&input.gaps, &[&context.quality_issues, zone_issues]),
        is_production_ready: form.games >= GAMES_MIN && context.is_production_ready,
        early_season_flag: form.games < LONG,
        insufficient_data_reason: (form.games < GAMES_MIN)
            .then(|| format!("games_played_season:{}/{GAMES_MIN}", form.games).into()),
        cache_version: "v1".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::flow::Date;

    fn games(points: &[i64]) -> Vec<PlayerGame> {
        let game = |(day, points): (usize, &i64)| {
            fixture::player_game(Date::from_days(day as i32), 1, "AAA", *points)
        };
        points.iter().enumerate().map(game).collect()
    }

    #[test]
    fn form_over_five_ten_and_all_games() {
        let games = games(&[40, 10, 10, 10, 10, 10, 20, 20, 20, 20, 20, 50]);
        let form = Form::of(&games.iter().collect::<Vec<_>>());
        assert_eq!((form.points_5, form.points_10, form.points_season), (Some(26.0), Some(19.0), Some(20.0)));
        let deviation = form.points_std.map(|value| rounded(value, 4));
        assert_eq!(deviation, Some(11.9722), "of the last ten, by n - 1");
        assert_eq!((form.minutes_10, form.usage_10, form.ts_10), (Some(30.0), None, None));
    }

    #[test]
    fn fewer_than_five_games_are_no_form() {
        let games = games(&[10, 20, 30, 40, 50]);
        let all: Vec<&PlayerGame> = games.iter().collect();
        assert_eq!(Form::of(&all).points_10, Some(30.0));
        assert_eq!(Form::of(&all[1..]), Form { games: 4, ..Form::default() });
    }

    #[test]
    fn games_without_a_rate_are_left_out_of_its_mean() {
        let mut games = games(&[10; 6]);
        games[0].usage_rate = Some(99.0);
        for game in &mut games[1..3] {
            game.usage_rate = Some(20.0);
        }
        let last: Vec<&PlayerGame> = games[1..].iter().collect();
        assert_eq!(Form::of(&last).usage_10, Some(20.0));
    }
}
