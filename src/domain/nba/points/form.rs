//! A player's own features: points, minutes, rates, volume and style of his games before the date.
//! Pure; the games that are handed in all lie before the date, oldest first.

use crate::domain::nba::PlayerGame;
use crate::domain::nba::history::last;
use crate::domain::nba::season::is_regular;
use crate::domain::nba::statistics::{mean, real, real_len, sample_deviation};

use super::recency::{fading_mean, median};
use super::schema::PointsVector;

/// Fewer games, this season and the one before, say too little of a player for a row.
pub const GAMES_MIN: usize = 3;

const SHORT: usize = 5;
const LONG: usize = 10;

/// A player's games before the date.
#[derive(Clone, Copy)]
pub(super) struct Games<'a> {
    /// Of this season and the one before, oldest first.
    pub(super) all: &'a [&'a PlayerGame],
    /// Those of this season.
    pub(super) season: &'a [&'a PlayerGame],
}

impl<'a> Games<'a> {
    /// These games, and where this season begins in them.
    pub(super) fn of(all: &'a [&'a PlayerGame], season_year: i64) -> Self {
        let start = all.partition_point(|game| game.season_year < season_year);
        Self { all, season: &all[start..] }
    }

    /// A box score figure, fading with a half-life in games; games without it are left out.
    fn fading(&self, half_life: f64, value: impl Fn(&PlayerGame) -> Option<f64>) -> Option<f64> {
        fading_mean(self.all.iter().rev().filter_map(|game| value(game)), half_life)
    }

    /// The same of a figure that every game has.
    fn fading_count(&self, half_life: f64, value: impl Fn(&PlayerGame) -> i64) -> Option<f64> {
        self.fading(half_life, |game| Some(real(value(game))))
    }

    /// Points a game, half-life 10 games: what a player counts for in the features of his team.
    pub(super) fn worth_points(&self) -> f64 {
        self.fading_count(10.0, |game| game.points).unwrap_or(0.0)
    }

    /// Minutes a game, half-life 10 games.
    pub(super) fn worth_minutes(&self) -> f64 {
        self.fading_count(10.0, |game| game.minutes_played).unwrap_or(0.0)
    }

    /// Means of the last games and the season, the baselines that a model has to beat: of the last 5, the
    /// last 10 and all.
    pub(super) fn baselines(&self) -> [Option<f64>; 3] {
        let points = |games: &[&PlayerGame]| mean(games.iter().map(|game| real(game.points)));
        [points(last(self.season, SHORT)), points(last(self.season, LONG)), points(self.season)]
    }
}

/// What a player does on court, as far as rebounds and assists tell: who guards whom follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Passes more than he rebounds.
    Guard,
    /// In between.
    Wing,
    /// Rebounds much more than he passes.
    Big,
}

/// Thirds of all player games of four seasons by rebounds less assists a minute.
const WING_FROM: f64 = 0.036;
const BIG_FROM: f64 = 0.127;

impl Role {
    pub(super) const ALL: [Self; 3] = [Self::Guard, Self::Wing, Self::Big];

    /// The role that his games show.
    pub(super) fn of(games: &Games<'_>) -> Self {
        let surplus = games.fading_count(15.0, |game| game.rebounds - game.assists).unwrap_or(0.0);
        let minutes = games.worth_minutes().max(3.0);
        match surplus / minutes {
            rate if rate < WING_FROM => Self::Guard,
            rate if rate < BIG_FROM => Self::Wing,
            _ => Self::Big,
        }
    }
}

/// Possessions that he ended: FGA + 0.44 FTA + turnovers; `None` without attempts.
fn possessions_used(game: &PlayerGame) -> Option<f64> {
    let (shots, throws) = game.fg_attempts.zip(game.ft_attempts)?;
    Some(real(shots) + 0.44 * real(throws) + real(game.turnovers))
}

/// Fills in all features that a player's own games say.
pub(super) fn fill(vector: &mut PointsVector, games: &Games<'_>) {
    fill_points_and_minutes(vector, games);
    fill_season(vector, games);
    fill_rates(vector, games);
    fill_previous_season(vector, games);
}

fn fill_points_and_minutes(vector: &mut PointsVector, games: &Games<'_>) {
    let points = |half_life| games.fading_count(half_life, |game| game.points);
    let minutes = |half_life| games.fading_count(half_life, |game| game.minutes_played);
    vector.points_ewm_2 = points(2.0);
    vector.points_ewm_5 = points(5.0);
    vector.points_ewm_10 = points(10.0);
    vector.points_ewm_25 = points(25.0);
    vector.minutes_ewm_2 = minutes(2.0);
    vector.minutes_ewm_5 = minutes(5.0);
    vector.minutes_ewm_10 = minutes(10.0);
    let per_minute = |points: Option<f64>, minutes: Option<f64>| Some(points? / minutes?.max(1.0));
    vector.points_per_minute_ewm_10 = per_minute(vector.points_ewm_10, vector.minutes_ewm_10);
    vector.points_per_minute_ewm_25 = per_minute(vector.points_ewm_25, minutes(25.0));
    vector.points_projected = (vector.minutes_ewm_2.zip(vector.minutes_ewm_5))
        .zip(vector.points_per_minute_ewm_25)
        .map(|((short, long), rate)| rate * f64::midpoint(short, long));
}

fn fill_season(vector: &mut PointsVector, games: &Games<'_>) {
    let long = last(games.season, LONG);
    let points: Vec<f64> = long.iter().map(|game| real(game.points)).collect();
    let minutes: Vec<f64> = long.iter().map(|game| real(game.minutes_played)).collect();
    [vector.points_avg_last_5, vector.points_avg_last_10, vector.points_avg_season] = games.baselines();
    vector.points_median_last_10 = median(&points);
    vector.points_std_last_10 = sample_deviation(&points);
    vector.points_last_game = points.last().copied();
    vector.minutes_avg_season = mean(games.season.iter().map(|game| real(game.minutes_played)));
    vector.minutes_last_game = minutes.last().copied();
    vector.minutes_std_last_10 = sample_deviation(&minutes);
    vector.minutes_max_last_10 = minutes.iter().copied().reduce(f64::max);
    vector.games_season = Some(real_len(games.season.len()));
}

fn fill_rates(vector: &mut PointsVector, games: &Games<'_>) {
    let known = |half_life, value: fn(&PlayerGame) -> Option<i64>| {
        games.fading(half_life, |game| value(game).map(real))
    };
    vector.usage_ewm_3 = games.fading(3.0, |game| game.usage_rate);
    vector.usage_ewm_10 = games.fading(10.0, |game| game.usage_rate);
    vector.field_goal_attempts_ewm_3 = known(3.0, |game| game.fg_attempts);
    vector.field_goal_attempts_ewm_10 = known(10.0, |game| game.fg_attempts);
    vector.free_throw_attempts_ewm_10 = known(10.0, |game| game.ft_attempts);
    vector.three_point_attempts_ewm_10 = known(10.0, |game| game.three_pt_attempts);
    vector.possessions_used_ewm_3 = games.fading(3.0, possessions_used);
    vector.possessions_used_ewm_10 = games.fading(10.0, possessions_used);
    let points = games.fading(10.0, |game| game.fg_attempts.map(|_| real(game.points)));
    vector.true_shooting_ewm_10 = points
        .zip(vector.field_goal_attempts_ewm_10.zip(vector.free_throw_attempts_ewm_10))
        .map(|(points, (shots, throws))| points / (2.0 * (shots + 0.44 * throws)).max(0.5));
    vector.rebounds_ewm_15 = games.fading_count(15.0, |game| game.rebounds);
    vector.assists_ewm_15 = games.fading_count(15.0, |game| game.assists);
    vector.blocks_ewm_15 = games.fading_count(15.0, |game| game.blocks);
    vector.fouls_ewm_15 = known(15.0, |game| game.personal_fouls);
    vector.plus_minus_ewm_15 = known(15.0, |game| game.plus_minus);
    vector.paint_attempts_ewm_15 = known(15.0, |game| game.paint_attempts);
    vector.mid_range_attempts_ewm_15 = known(15.0, |game| game.mid_range_attempts);
}

fn fill_previous_season(vector: &mut PointsVector, games: &Games<'_>) {
    let before = &games.all[..games.all.len() - games.season.len()];
    let regular = || before.iter().filter(|game| is_regular(&game.season_type));
    vector.points_avg_previous_season = mean(regular().map(|game| real(game.points)));
    vector.minutes_avg_previous_season = mean(regular().map(|game| real(game.minutes_played)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::nba::fixture;
    use crate::flow::Date;

    fn game(day: i32, season_year: i64, points: i64) -> PlayerGame {
        PlayerGame { season_year, ..fixture::player_game(Date::from_days(day), 1, "AAA", points) }
    }

    #[test]
    fn fading_means_cross_the_season_and_plain_ones_do_not() {
        let rows = [game(1, 2022, 30), game(2, 2022, 30), game(200, 2023, 10), game(202, 2023, 20)];
        let all: Vec<&PlayerGame> = rows.iter().collect();
        let mut vector = PointsVector::default();
        fill(&mut vector, &Games::of(&all, 2023));
        assert_eq!(vector.points_avg_season, Some(15.0));
        assert_eq!(vector.points_avg_last_5, Some(15.0));
        assert_eq!(vector.points_last_game, Some(20.0));
        assert_eq!(vector.points_avg_previous_season, Some(30.0));
        assert_eq!((vector.games_season, vector.points_median_last_10), (Some(2.0), Some(15.0)));
        assert!(vector.points_ewm_25.is_some_and(|points| points > 22.0), "{:?}", vector.points_ewm_25);
        assert_eq!((vector.usage_ewm_3, vector.field_goal_attempts_ewm_3), (None, None));
    }

    #[test]
    fn last_seasons_means_are_of_its_regular_season() {
        let kinds = [(1, "Regular Season", 30), (2, "PlayIn", 10), (3, "Playoffs", 5)];
        let mut rows = kinds.map(|(day, kind, points)| PlayerGame {
            season_type: kind.into(),
            minutes_played: points,
            ..game(day, 2022, points)
        });
        let previous = |rows: &[PlayerGame]| {
            let now = game(200, 2023, 20);
            let all: Vec<&PlayerGame> = rows.iter().chain([&now]).collect();
            let mut vector = PointsVector::default();
            fill(&mut vector, &Games::of(&all, 2023));
            (vector.points_avg_previous_season, vector.minutes_avg_previous_season)
        };
        assert_eq!(previous(&rows), (Some(30.0), Some(30.0)));
        rows[1].season_type = "Regular Season".into();
        assert_eq!(previous(&rows), (Some(20.0), Some(20.0)));
    }

    #[test]
    fn a_playoff_game_has_no_attempts_and_does_not_hide_those_of_other_games() {
        let mut rows = [game(1, 2023, 10), game(3, 2023, 20)];
        (rows[0].fg_attempts, rows[0].ft_attempts) = (Some(8), Some(2));
        let all: Vec<&PlayerGame> = rows.iter().collect();
        let mut vector = PointsVector::default();
        fill(&mut vector, &Games::of(&all, 2023));
        assert_eq!(vector.field_goal_attempts_ewm_3, Some(8.0));
        assert_eq!(vector.true_shooting_ewm_10.map(|share| (share * 1e4).round()), Some(5631.0));
    }

    #[test]
    fn roles_by_rebounds_and_assists() {
        for (rebounds, assists, expected) in [(2, 8, Role::Guard), (4, 2, Role::Wing), (10, 1, Role::Big)] {
            let row = PlayerGame { rebounds, assists, ..game(1, 2023, 10) };
            assert_eq!(
                Role::of(&Games::of(&[&row], 2023)),
                expected,
                "{rebounds} rebounds, {assists} assists"
            );
        }
    }
}
