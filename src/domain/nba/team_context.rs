//! What is known of a team before a game: rest, load, record, streak, completeness.
//! Pure; results come from games strictly before the date, the schedule alone looks around it.

use std::sync::Arc;

use crate::flow::Date;

use super::completeness::Completeness;
use super::game_lines::GameOffers;
use super::history::{OffenseHistory, TeamSchedule, Units, since};
use super::injury::{DateInjuries, InjuryListing, InjuryStatus};
use super::rows_game_lines::GameLine;
use super::rows_schedule::ScheduledGame;
use super::rows_team_context::TeamContext;
use super::rows_team_offense::TeamOffense;
use super::season::is_regular;
use super::statistics::count;

/// All that a date's team contexts are made from.
pub struct TeamContextInput<'a> {
    /// The date.
    pub date: Date,
    /// The first date of its season.
    pub opening: Date,
    /// The season's schedule up to some days after the date, the date included.
    pub schedule: &'a Units<'a, ScheduledGame>,
    /// A1 of the season before the date.
    pub offense: &'a Units<'a, TeamOffense>,
    /// Bookmakers' lines on the date's games, known before them; often none.
    pub lines: &'a [GameLine],
    /// What teams say of their players before the games; often nothing.
    pub injuries: &'a [InjuryListing],
    /// Accepted gaps, as issues.
    pub gaps: Arc<[Arc<str>]>,
}

/// Two rows for each game of the date, in order of team.
#[must_use]
pub fn team_contexts(input: &TeamContextInput<'_>) -> Vec<TeamContext> {
    let schedule = TeamSchedule::by_team(since(input.schedule, input.opening));
    let offense = OffenseHistory::of(input.offense, |row| &*row.team_abbr);
    let offers = GameOffers::of(input.lines);
    let injuries = DateInjuries::of(input.injuries);
    let games = input.schedule.iter().filter(|(day, _)| *day == input.date);
    let mut rows: Vec<TeamContext> = games
        .flat_map(|(_, games)| games.iter())
        .flat_map(|game| [(game, true), (game, false)])
        .map(|(game, home)| {
            let team = if home { &game.home_team } else { &game.away_team };
            let (planned, results) = (schedule.get(&&**team), offense.get(&&**team));
            let row = context(input, game, home, planned, results);
            let listed = |any_of: &[InjuryStatus]| {
                let listed = injuries.of_team(team)?.filter(|(_, status)| any_of.contains(status));
                Some(count(listed.count()))
            };
            TeamContext {
                game_spread: offers.spread(game, home),
                game_total: offers.total(game),
                starters_out_count: listed(&[InjuryStatus::Out]),
                questionable_players_count: listed(&[InjuryStatus::Questionable, InjuryStatus::Doubtful]),
                ..row
            }
        })
        .collect();
    rows.sort_unstable_by(|a, b| a.team_abbr.cmp(&b.team_abbr));
    rows
}

/// A team's record before the date.
struct Record {
    wins: i64,
    losses: i64,
    win_streak: i64,
    loss_streak: i64,
}

impl Record {
    fn of(results: &[&TeamOffense]) -> Self {
        let wins = count(results.iter().filter(|game| game.win_flag).count());
        let streak = |won: bool| {
            let run = results.iter().rev().take_while(|game| game.win_flag == won);
            count(run.count())
        };
        Self {
            wins,
            losses: count(results.len()) - wins,
            win_streak: streak(true),
            loss_streak: streak(false),
        }
    }
}

fn completeness(date: Date, days: i32, planned: &[&ScheduledGame], results: &[&TeamOffense]) -> Completeness {
    let expected =
        planned.iter().map(|game| game.game_date).filter(|day| (date.plus_days(-days)..date).contains(day));
    let (mut all, mut there) = (0, 0);
    for day in expected {
        all += 1;
        there += i64::from(results.iter().rev().any(|game| game.game_date == day));
    }
    Completeness { expected: all, actual: there, not_played: 0 }
}

fn quality_tier(completeness: Completeness) -> &'static str {
    match completeness.percentage() {
        Some(percentage) if percentage < 50.0 => "poor",
        Some(percentage) if percentage < 75.0 => "bronze",
        Some(percentage) if percentage < 95.0 => "silver",
        Some(_) | None => "gold",
    }
}

fn context(
    input: &TeamContextInput<'_>,
    game: &ScheduledGame,
    home: bool,
    planned: &[&ScheduledGame],
    results: &[&TeamOffense],
) -> TeamContext {
    let date = input.date;
    let (team, opponent) =
        if home { (&game.home_team, &game.away_team) } else { (&game.away_team, &game.home_team) };
    let before: Vec<Date> = planned.iter().map(|game| game.game_date).filter(|day| *day < date).collect();
    let ahead = planned
        .iter()
        .filter(|game| (1..=7).contains(&game.game_date.days_since(date)) && is_regular(&game.season_type));
    let after = |days: i32| count(before.iter().filter(|day| **day > date.plus_days(-days)).count());
    let since_last = before.last().map(|day| i64::from(date.days_since(*day)));
    let record = Record::of(results);
    let latest = results.last();
    let (l7d, l14d) = (completeness(date, 7, planned, results), completeness(date, 14, planned, results));
    let boundary = (date.plus_days(-14) < input.opening).then(|| Arc::from("season_boundary"));
    TeamContext {
        team_abbr: Arc::clone(team),
        game_id: Arc::clone(&game.game_id),
        nba_game_id: Arc::clone(&game.nba_game_id),
        game_date: date,
        season_year: game.season_year,
        season_type: Arc::clone(&game.season_type),
        opponent_team_abbr: Arc::clone(opponent),
        home_game: home,
        team_days_rest: since_last.map(|days| days - 1),
        team_back_to_back: since_last == Some(1),
        days_since_last_game: since_last,
        games_in_last_7_days: after(7),
        games_in_last_14_days: after(14),
        game_number_in_season: count(before.len()) + 1,
        games_in_next_7_days: is_regular(&game.season_type).then(|| count(ahead.count())),
        season_wins: record.wins,
        season_losses: record.losses,
        team_win_streak_entering: record.win_streak,
        team_loss_streak_entering: record.loss_streak,
        last_game_margin: latest.map(|game| game.margin_of_victory),
        last_game_result: latest.map(|game| if game.win_flag { "W" } else { "L" }.into()),
        game_spread: None,
        game_total: None,
        spread_movement: None,
        total_movement: None,
        starters_out_count: None,
        questionable_players_count: None,
        travel_miles: None,
        expected_games_count: l14d.expected,
        actual_games_count: l14d.actual,
        missing_games_count: l14d.missing(),
        completeness_percentage: l14d.percentage(),
        l7d_completeness_pct: l7d.percentage(),
        l7d_is_complete: l7d.is_complete(),
        l14d_completeness_pct: l14d.percentage(),
        l14d_is_complete: l14d.is_complete(),
        quality_tier: quality_tier(l14d).into(),
        quality_issues: boundary.into_iter().chain(input.gaps.iter().cloned()).collect(),
        is_production_ready: l7d.is_ready() && l14d.is_ready(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn rest_record_and_streak_before_a_game() {
        let day = Date::from_days;
        let dates = [1, 3, 4, 9, 10, 12];
        let games: Vec<_> = dates.map(|at| [fixture::game(day(at), "AAA", "BBB")]).into();
        let schedule: Vec<_> = games.iter().map(|g| (g[0].game_date, g.as_slice())).collect();
        let results: Vec<_> = [(1, true), (3, false), (4, true), (9, true)]
            .map(|(at, win_flag)| {
                [TeamOffense {
                    win_flag,
                    margin_of_victory: if win_flag { 7 } else { -7 },
                    ..fixture::team_offense(day(at), "AAA", 100.0)
                }]
            })
            .into();
        let offense: Vec<_> = results.iter().map(|r| (r[0].game_date, r.as_slice())).collect();
        let rows = team_contexts(&TeamContextInput {
            date: day(10),
            opening: day(1),
            schedule: &schedule,
            offense: &offense,
            lines: &[fixture::game_line(day(10), "AAA", "BBB", -4.5, 231.0)],
            injuries: &[
                fixture::injury(day(10), Some(1), "AAA", "BBB", "out"),
                fixture::injury(day(10), Some(2), "AAA", "BBB", "out"),
                fixture::injury(day(10), Some(3), "AAA", "BBB", "doubtful"),
                fixture::injury(day(10), Some(4), "AAA", "BBB", "questionable"),
                fixture::injury(day(10), Some(5), "AAA", "BBB", "probable"),
                fixture::injury(day(10), None, "BBB", "AAA", "not_submitted"),
            ],
            gaps: [].into(),
        });
        let (away, home) = (&rows[0], &rows[1]);
        assert_eq!((&*away.team_abbr, away.home_game, home.home_game), ("AAA", false, true));
        assert_eq!((away.team_days_rest, away.team_back_to_back), (Some(0), true));
        assert_eq!((away.games_in_last_7_days, away.games_in_last_14_days), (2, 4));
        assert_eq!((away.game_number_in_season, away.games_in_next_7_days), (5, Some(1)));
        assert_eq!((away.season_wins, away.season_losses), (3, 1));
        assert_eq!((away.team_win_streak_entering, away.team_loss_streak_entering), (2, 0));
        assert_eq!((away.last_game_margin, away.last_game_result.as_deref()), (Some(7), Some("W")));
        assert_eq!((away.completeness_percentage, &*away.quality_tier), (Some(100.0), "gold"));
        assert_eq!((home.missing_games_count, &*home.quality_tier), (4, "poor"));
        assert_eq!(home.last_game_result, None);
        assert_eq!([away, home].map(|row| row.game_spread), [Some(4.5), Some(-4.5)]);
        assert_eq!([away, home].map(|row| row.game_total), [Some(231.0); 2]);
        assert_eq!([away, home].map(|row| row.starters_out_count), [Some(2), None]);
        assert_eq!([away, home].map(|row| row.questionable_players_count), [Some(2), None]);
        assert!(away.is_production_ready && !home.is_production_ready);
    }
}
