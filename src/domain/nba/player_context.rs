//! What is known of a player before a game: rest, load, form, usage, pace, completeness.
//! Pure; every slice that is handed in but `played` and the schedule ends before the date.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::flow::Date;

use super::completeness::{Attendance, BoxScoreDates, Completeness, Span};
use super::game_lines::GameOffers;
use super::history::{DefenseHistory, History, Keyed, OffenseHistory, PlayerHistory, TeamSchedule};
use super::history::{Units, last, since};
use super::injury::{DateInjuries, InjuryListing};
use super::population::{Member, NotScheduled, Played, expected, population};
use super::quality::tier;
use super::recommendation::Lines;
use super::rows_game_lines::GameLine;
use super::rows_player_context::PlayerContext;
use super::rows_player_game::PlayerGame;
use super::rows_player_props::PlayerProp;
use super::rows_schedule::ScheduledGame;
use super::rows_team_defense::TeamDefense;
use super::rows_team_offense::TeamOffense;
use super::season::{is_regular, phase};
use super::statistics::{count, mean, real, rounded};

/// Games of a team's recent pace and rating.
const TEAM_GAMES: usize = 10;
/// Days of the league's recent pace, of the sample behind the quality tier, and of box scores looked
/// through for games that somebody did not play (twice that: ten games can take longer).
const LEAGUE_DAYS: i32 = 30;

/// A star has had so many minutes in the mean of so many games or more of this season.
const STAR_MINUTES: f64 = 28.0;
const STAR_GAMES: usize = 5;

/// All that a date's contexts are made from.
pub struct ContextInput<'a> {
    /// The date.
    pub date: Date,
    /// The first date of its season.
    pub opening: Date,
    /// The schedule around the date, the date included.
    pub schedule: &'a Units<'a, ScheduledGame>,
    /// A3 before the date: this season, in its first weeks also the end of the last one.
    pub players: &'a Units<'a, PlayerGame>,
    /// A1 before the date, likewise.
    pub offense: &'a Units<'a, TeamOffense>,
    /// A2 before the date, likewise.
    pub defense: &'a Units<'a, TeamDefense>,
    /// Who has a box score row on the date; nobody before the games.
    pub played: Vec<Played<'a>>,
    /// What teams say of their players before the date's games; often nothing.
    pub injuries: &'a [InjuryListing],
    /// Bookmakers' offers for the date, known before its games; often none.
    pub props: &'a [PlayerProp],
    /// Their lines on its games, likewise.
    pub lines: &'a [GameLine],
    /// Accepted gaps, as issues.
    pub gaps: Arc<[Arc<str>]>,
}

/// One row for each member of the date's population, in order of player id. Whom the injury report has as out or
/// doubtful is no part of it, unless he has played.
pub fn player_contexts(input: &ContextInput<'_>) -> Result<Vec<PlayerContext>, NotScheduled> {
    let carried = PlayerHistory::of(input.players, |row| row.player_id);
    let games: &[ScheduledGame] =
        input.schedule.iter().find(|(day, _)| *day == input.date).map_or(&[], |(_, games)| games);
    let injuries = DateInjuries::of(input.injuries);
    let members = population(games, &carried, input.played.iter().copied())?;
    let members = expected(members, &injuries, &input.played);
    let recent = input.date.plus_days(-2 * LEAGUE_DAYS);
    let past = Past {
        boxes: BoxScoreDates::of(since(input.players, recent.max(input.opening))),
        schedule: TeamSchedule::by_team(since(input.schedule, input.opening)),
        teams: TeamForms::of(input),
        offers: GameOffers::of(input.lines),
        injuries,
        lines: (!input.props.is_empty()).then(|| Lines::of(input.props)),
        carried,
    };
    Ok(members.iter().map(|member| context(input, &past, member)).collect())
}

struct Past<'a> {
    carried: PlayerHistory<'a>,
    boxes: BoxScoreDates<'a>,
    schedule: TeamSchedule<'a>,
    teams: TeamForms<'a>,
    offers: GameOffers<'a>,
    injuries: DateInjuries<'a>,
    /// Each player's line; none on a date without any offer.
    lines: Option<Lines<'a>>,
}

/// Pace and rating of the teams, and the league's pace.
struct TeamForms<'a> {
    pace: Keyed<&'a str, f64>,
    def_rating: Keyed<&'a str, f64>,
    league_pace: Option<f64>,
}

impl<'a> TeamForms<'a> {
    fn of(input: &ContextInput<'a>) -> Self {
        let offense: OffenseHistory<'a> = History::of(input.offense, |row| &*row.team_abbr);
        let defense: DefenseHistory<'a> = History::of(input.defense, |row| &*row.defending_team_abbr);
        let pace = |rows: &[&TeamOffense]| mean(last(rows, TEAM_GAMES).iter().filter_map(|r| r.pace));
        let rating =
            |rows: &[&TeamDefense]| mean(last(rows, TEAM_GAMES).iter().filter_map(|r| r.defensive_rating));
        let month = since(input.offense, input.date.plus_days(-LEAGUE_DAYS));
        Self {
            pace: offense.iter().filter_map(|(team, rows)| Some((*team, pace(rows)?))).collect(),
            def_rating: defense.iter().filter_map(|(team, rows)| Some((*team, rating(rows)?))).collect(),
            league_pace: mean(month.iter().flat_map(|(_, rows)| rows.iter()).filter_map(|row| row.pace)),
        }
    }

    /// mean(own pace, opponent's pace) less the league's.
    fn pace_differential(&self, team: &str, opponent: &str) -> Option<f64> {
        let both = (self.pace.get(team)? + self.pace.get(opponent)?) / 2.0;
        Some(rounded(both - self.league_pace?, 2))
    }
}

/// A player's rest and load before a date.
struct Load {
    days_rest: Option<i64>,
    before_last: Option<i64>,
    since_rested: Option<i64>,
    games_7: i64,
    games_14: i64,
    games_30: i64,
    minutes_7: i64,
    minutes_14: i64,
    back_to_backs: i64,
}

impl Load {
    fn of(date: Date, games: &[&PlayerGame]) -> Self {
        let gap = |later: Date, earlier: Date| i64::from(later.days_since(earlier));
        let within = |days: i32| {
            let from = date.plus_days(-days);
            &games[games.partition_point(|game| game.game_date < from)..]
        };
        let minutes = |games: &[&PlayerGame]| games.iter().map(|game| game.minutes_played).sum();
        let pair_gap = |pair: &[&PlayerGame]| gap(pair[1].game_date, pair[0].game_date);
        Self {
            days_rest: games.last().map(|game| gap(date, game.game_date)),
            before_last: games.windows(2).next_back().map(pair_gap),
            since_rested: games
                .windows(2)
                .rev()
                .find(|pair| pair_gap(pair) >= 2)
                .map(|pair| gap(date, pair[1].game_date)),
            games_7: count(within(7).len()),
            games_14: count(within(14).len()),
            games_30: count(within(LEAGUE_DAYS).len()),
            minutes_7: minutes(within(7)),
            minutes_14: minutes(within(14)),
            back_to_backs: count(within(14).windows(2).filter(|p| pair_gap(p) == 1).count()),
        }
    }
}

/// What the schedule says of a team around the date.
struct Around {
    days_rest: Option<i64>,
    games_ahead: Option<i64>,
    next_game: Option<i64>,
}

impl Around {
    fn of(date: Date, season_type: &str, games: &[&ScheduledGame]) -> Self {
        let before = games.iter().rev().find(|game| game.game_date < date);
        let known_ahead = |game: &&&ScheduledGame| {
            let days = game.game_date.days_since(date);
            (1..=7).contains(&days) && is_regular(&game.season_type)
        };
        let first = games.iter().find(known_ahead);
        let regular = is_regular(season_type);
        Self {
            days_rest: before.map(|game| i64::from(date.days_since(game.game_date))),
            games_ahead: regular.then(|| count(games.iter().filter(known_ahead).count())),
            next_game: first.filter(|_| regular).map(|game| i64::from(game.game_date.days_since(date))),
        }
    }
}

/// How many of his last games in a row were on a side of a line: above where `side` is `Greater`. A push is
/// passed over.
fn streak(line: f64, side: Ordering, games: &[&PlayerGame]) -> i64 {
    let sides = games.iter().rev().map(|game| real(game.points).total_cmp(&line));
    count(sides.filter(|found| found.is_ne()).take_while(|found| *found == side).count())
}

/// Usage over these games weighted by minutes, 2 decimals; games without a rate are left out.
fn weighted_usage(games: &[&PlayerGame]) -> Option<f64> {
    let (mut used, mut minutes) = (0.0, 0.0);
    for game in games {
        if let Some(rate) = game.usage_rate {
            used += rate * real(game.minutes_played);
            minutes += real(game.minutes_played);
        }
    }
    (minutes > 0.0).then(|| rounded(used / minutes, 2))
}

/// How far a sample of `games` fills a window: `excellent` all, `good` 0.7, `limited` 0.5 of it.
#[must_use]
pub(super) fn sample_quality(games: usize, window: usize) -> &'static str {
    if games >= window {
        "excellent"
    } else if 10 * games >= 7 * window {
        "good"
    } else if 2 * games >= window {
        "limited"
    } else {
        "insufficient"
    }
}

impl Past<'_> {
    /// How many of his team-mates who are out or doubtful have had a star's minutes this season; nothing where the
    /// injury report does not tell of the team.
    fn stars_out(&self, player: &Played<'_>, opening: Date) -> Option<i64> {
        let is_star = |id: i64| {
            let games = self.carried.get(&id);
            let games = &games[games.partition_point(|game| game.game_date < opening)..];
            let minutes = mean(games.iter().map(|game| real(game.minutes_played)));
            games.len() >= STAR_GAMES && minutes.is_some_and(|minutes| minutes >= STAR_MINUTES)
        };
        let absent = self.injuries.of_team(player.team_abbr)?.filter(|(_, status)| status.is_absent());
        let mates = absent.filter_map(|(row, _)| row.player_id).filter(|id| *id != player.player_id);
        Some(count(mates.filter(|id| is_star(*id)).count()))
    }
}

struct Windows([Completeness; 5]);

impl Windows {
    fn of(attendance: &Attendance) -> Self {
        let spans = [Span::Games(5), Span::Games(10), Span::Days(7), Span::Days(14), Span::Days(30)];
        Self(spans.map(|span| attendance.over(span)))
    }
}

/// Score, issues, and whether the row is good enough to predict from, for which no injury report is needed.
fn quality(games_30: i64, is_untold: bool, gaps: &[Arc<str>]) -> (i64, Arc<[Arc<str>]>, bool) {
    let base = match games_30 {
        10.. => 95,
        5..10 => 75,
        _ => 50,
    };
    let thin = (games_30 < 10).then(|| Arc::from(format!("thin_sample:{games_30}/10")));
    let untold = is_untold.then(|| Arc::from("no_injury_report"));
    let issues = thin.into_iter().chain(untold).chain(gaps.iter().cloned()).collect();
    let score = base - 10 * count(gaps.len());
    ((score - if is_untold { 5 } else { 0 }).max(0), issues, score >= 50)
}

#[expect(
    clippy::too_many_lines,
    reason = "one field a line: the row has more columns than a function should have lines"
)]
fn context(input: &ContextInput<'_>, past: &Past<'_>, member: &Member<'_>) -> PlayerContext {
    let Member { player, game, .. } = member;
    let (team, opponent) = (player.team_abbr, member.opponent());
    let games = past.carried.get(&player.player_id);
    let games = &games[games.partition_point(|game| game.game_date < input.opening)..];
    let load = Load::of(input.date, games);
    let around = Around::of(input.date, &game.season_type, past.schedule.get(&&**team));
    let against = Around::of(input.date, &game.season_type, past.schedule.get(&&**opponent));
    let attendance =
        Attendance::of(member, input.date, input.opening, &past.carried, &past.schedule, &past.boxes);
    let Windows([l5, l10, l7d, l14d, l30d]) = Windows::of(&attendance);
    let windows = [l5, l10, l7d, l14d, l30d];
    let lines = past.lines.as_ref();
    let line = lines.and_then(|lines| lines.get(player.player_lookup, team)).map(|line| line.points);
    let is_untold = !input.injuries.is_empty() && !past.injuries.covers(team);
    let (quality_score, quality_issues, is_sound) = quality(load.games_30, is_untold, &input.gaps);
    let listed = past.injuries.listing(player.player_id, team, player.player_lookup);
    let points = |games: &[&PlayerGame]| {
        mean(games.iter().map(|game| real(game.points))).map(|value| rounded(value, 1))
    };
    let team_value = |values: &Keyed<&str, f64>, team: &str| values.get(team).map(|value| rounded(*value, 2));
    PlayerContext {
        player_id: player.player_id,
        player_lookup: Arc::clone(player.player_lookup),
        universal_player_id: None,
        player_full_name: Arc::clone(player.player_full_name),
        game_id: Arc::clone(&game.game_id),
        nba_game_id: Arc::clone(&game.nba_game_id),
        game_date: input.date,
        season_year: game.season_year,
        season_type: Arc::clone(&game.season_type),
        season_phase: phase(&game.season_type, input.date).into(),
        team_abbr: Arc::clone(team),
        opponent_team_abbr: Arc::clone(opponent),
        home_game: member.is_home(),
        population_source: member.source.code().into(),
        games_played_season: count(games.len()),
        days_rest: load.days_rest,
        back_to_back: load.days_rest == Some(1),
        days_rest_before_last_game: load.before_last,
        days_since_2_plus_days_rest: load.since_rested,
        games_in_last_7_days: load.games_7,
        games_in_last_14_days: load.games_14,
        minutes_in_last_7_days: load.minutes_7,
        minutes_in_last_14_days: load.minutes_14,
        avg_minutes_per_game_last_7: (load.games_7 > 0)
            .then(|| rounded(real(load.minutes_7) / real(load.games_7), 1)),
        back_to_backs_last_14_days: load.back_to_backs,
        opponent_days_rest: against.days_rest,
        games_in_next_7_days: around.games_ahead,
        next_game_days_rest: around.next_game,
        points_avg_last_5: points(last(games, 5)),
        points_avg_last_10: points(last(games, 10)),
        sample_quality_last_5: sample_quality(games.len(), 5).into(),
        sample_quality_last_10: sample_quality(games.len(), 10).into(),
        avg_usage_rate_last_7_games: mean(last(games, 7).iter().filter_map(|g| g.usage_rate))
            .map(|value| rounded(value, 1)),
        projected_usage_rate: weighted_usage(last(games, 5)),
        baseline_usage_rate: weighted_usage(games),
        pace_differential: past.teams.pace_differential(team, opponent),
        opponent_pace_last_10: team_value(&past.teams.pace, opponent),
        opponent_def_rating_last_10: team_value(&past.teams.def_rating, opponent),
        player_age: None,
        player_status: member.status(&past.injuries).map(|status| status.code().into()),
        injury_report: listed.and_then(|row| row.reason.clone()),
        star_teammates_out: past.stars_out(player, input.opening),
        fourth_quarter_minutes_last_7: None,
        clutch_minutes_last_7_games: None,
        travel_miles: None,
        time_zone_changes: None,
        has_prop_line: past.lines.as_ref().map(|_| line.is_some()),
        current_points_line: line,
        opening_points_line: None,
        line_movement: None,
        game_spread: past.offers.spread(game, **team == *game.home_team),
        game_total: past.offers.total(game),
        prop_over_streak: line.map(|line| streak(line, Ordering::Greater, games)),
        prop_under_streak: line.map(|line| streak(line, Ordering::Less, games)),
        expected_games_count: l10.expected,
        actual_games_count: l10.actual,
        missing_games_count: l10.missing(),
        dnp_games_count: l10.not_played,
        completeness_percentage: l10.percentage(),
        l5_completeness_pct: l5.percentage(),
        l5_is_complete: l5.is_complete(),
        l10_completeness_pct: l10.percentage(),
        l10_is_complete: l10.is_complete(),
        l7d_completeness_pct: l7d.percentage(),
        l7d_is_complete: l7d.is_complete(),
        l14d_completeness_pct: l14d.percentage(),
        l14d_is_complete: l14d.is_complete(),
        l30d_completeness_pct: l30d.percentage(),
        l30d_is_complete: l30d.is_complete(),
        all_windows_complete: windows.iter().all(|window| window.is_complete()),
        quality_tier: tier(quality_score).into(),
        quality_score,
        quality_issues,
        is_production_ready: is_sound && windows.iter().all(|window| window.is_ready()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn day(at: i32) -> Date {
        Date::from_days(at)
    }

    #[test]
    fn rest_and_load_before_a_date() {
        // Games on days 1, 2, 9, 10 and 13 of half an hour each.
        let games = [1, 2, 9, 10, 13].map(|at| fixture::player_game(day(at), 1, "AAA", 10));
        let games: Vec<&PlayerGame> = games.iter().collect();
        let on = |at| Load::of(day(at), &games);
        let load = on(14);
        assert_eq!((load.days_rest, load.before_last), (Some(1), Some(3)));
        assert_eq!(load.since_rested, Some(1), "day 13 came after a gap of three days");
        assert_eq!((load.games_7, load.games_14, load.games_30), (3, 5, 5));
        assert_eq!((load.minutes_7, load.minutes_14), (90, 150));
        assert_eq!(load.back_to_backs, 2);
        assert_eq!(on(16).back_to_backs, 1, "day 1 is out of the fourteen days, day 2 is not a pair");
        assert_eq!(on(17).games_7, 2, "the seventh day before counts: day 10, and day 13");
        let none = Load::of(day(14), &[]);
        assert_eq!((none.days_rest, none.before_last, none.since_rested), (None, None, None));
    }

    #[test]
    fn the_schedule_ahead_is_known_in_the_regular_season_alone() {
        let games = [3, 7, 9, 14].map(|at| fixture::game(day(at), "AAA", "BBB"));
        let mut playoff = fixture::game(day(13), "AAA", "BBB");
        playoff.season_type = "Playoffs".into();
        let play_in = ScheduledGame { season_type: "PlayIn".into(), ..playoff.clone() };
        let regular: Vec<&ScheduledGame> = games.iter().collect();
        let cases = [
            ("regular season", "Regular Season", regular.clone(), (Some(4), Some(2), Some(2))),
            ("play-in", "PlayIn", regular.clone(), (Some(4), None, None)),
            ("playoffs", "Playoffs", regular.clone(), (Some(4), None, None)),
            (
                "a play-in game ahead does not count",
                "Regular Season",
                vec![&games[0], &games[1], &play_in],
                (Some(4), Some(0), None),
            ),
            (
                "a playoff game ahead does not count",
                "Regular Season",
                vec![&games[0], &games[1], &playoff],
                (Some(4), Some(0), None),
            ),
            ("the first game", "Regular Season", vec![&games[1]], (None, Some(0), None)),
        ];
        for (name, season_type, games, expected) in cases {
            let around = Around::of(day(7), season_type, &games);
            let found = (around.days_rest, around.games_ahead, around.next_game);
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_streak_is_of_games_on_one_side_of_the_line_and_passes_over_pushes() {
        let cases: [(&[i64], i64, i64); 6] = [
            (&[], 0, 0),
            (&[30, 10, 25, 30], 2, 0),
            (&[30, 25, 20, 30], 3, 0),
            (&[10, 20], 0, 1),
            (&[30, 10, 20, 19], 0, 2),
            (&[20, 20], 0, 0),
        ];
        for (points, over, under) in cases {
            let games: Vec<PlayerGame> =
                points.iter().map(|points| fixture::player_game(day(1), 1, "AAA", *points)).collect();
            let games: Vec<&PlayerGame> = games.iter().collect();
            let found = [Ordering::Greater, Ordering::Less].map(|side| streak(20.0, side, &games));
            assert_eq!(found, [over, under], "{points:?}");
        }
    }

    #[test]
    fn usage_is_weighted_by_minutes_and_ignores_nulls() {
        let game = |minutes, usage| PlayerGame {
            minutes_played: minutes,
            usage_rate: usage,
            ..fixture::player_game(day(1), 1, "AAA", 10)
        };
        let cases = [
            (vec![game(10, Some(10.0)), game(30, Some(30.0))], Some(25.0)),
            (vec![game(10, Some(10.0)), game(30, None)], Some(10.0)),
            (vec![game(30, None)], None),
            (vec![], None),
        ];
        for (games, expected) in cases {
            let games: Vec<&PlayerGame> = games.iter().collect();
            assert_eq!(weighted_usage(&games), expected, "{}", games.len());
        }
    }

    #[test]
    fn pace_is_compared_with_the_league() {
        let rows = [("AAA", 104.0), ("BBB", 100.0), ("CCC", 96.0)]
            .map(|(team, pace)| fixture::team_offense(day(40), team, pace));
        let old = [fixture::team_offense(day(1), "DDD", 120.0)];
        let offense = [(day(1), old.as_slice()), (day(40), rows.as_slice())];
        let forms = TeamForms::of(&ContextInput {
            date: day(41),
            opening: day(0),
            schedule: &[],
            players: &[],
            offense: &offense,
            defense: &[],
            played: Vec::new(),
            injuries: &[],
            props: &[],
            lines: &[],
            gaps: [].into(),
        });
        assert_eq!(forms.league_pace, Some(100.0), "day 1 is more than thirty days ago");
        let cases = [
            ("AAA", "BBB", Some(2.0)),
            ("BBB", "AAA", Some(2.0)),
            ("AAA", "CCC", Some(0.0)),
            ("AAA", "DDD", Some(12.0)),
            ("AAA", "ZZZ", None),
        ];
        for (team, opponent, expected) in cases {
            assert_eq!(forms.pace_differential(team, opponent), expected, "{team} {opponent}");
        }
    }

    #[test]
    fn a_sample_fills_its_window() {
        let cases = [
            (10, 10, "excellent"),
            (7, 10, "good"),
            (6, 10, "limited"),
            (5, 10, "limited"),
            (4, 10, "insufficient"),
            (4, 5, "good"),
            (3, 5, "limited"),
            (10, 15, "limited"),
            (11, 15, "good"),
        ];
        for (games, window, expected) in cases {
            assert_eq!(sample_quality(games, window), expected, "{games} of {window}");
        }
    }

    /// Five players of AAA and one of BBB with a season behind them. The report, if there is one, names four of AAA; BBB
    /// has not submitted. Of the six so many have played.
    fn around_a_report(played: usize, is_reported: bool) -> Vec<PlayerContext> {
        let minutes = [(1, 30), (2, 31), (3, 12), (4, 30), (5, 20), (9, 30)];
        let date = day(20);
        let row = |at, (id, minutes_played)| PlayerGame {
            minutes_played,
            ..fixture::player_game(day(at), id, if id == 9 { "BBB" } else { "AAA" }, 10)
        };
        let before: Vec<[PlayerGame; 6]> = (1..=6).map(|at| minutes.map(|player| row(at, player))).collect();
        let players: Vec<_> = before.iter().map(|games| (games[0].game_date, games.as_slice())).collect();
        let games = [fixture::game(date, "AAA", "BBB")];
        let listed = [(1, "out"), (2, "doubtful"), (3, "out"), (5, "questionable")];
        let listed = listed.map(|(id, status)| fixture::injury(date, Some(id), "AAA", "BBB", status));
        let silent =
            InjuryListing { reason: None, ..fixture::injury(date, None, "BBB", "AAA", "not_submitted") };
        let injuries: Vec<InjuryListing> = listed.into_iter().chain([silent]).collect();
        let box_score = before[0].iter().map(|row| Played {
            player_id: row.player_id,
            player_lookup: &row.player_lookup,
            player_full_name: &row.player_full_name,
            team_abbr: &row.team_abbr,
        });
        player_contexts(&ContextInput {
            date,
            opening: day(0),
            schedule: &[(date, games.as_slice())],
            players: &players,
            offense: &[],
            defense: &[],
            played: box_score.take(played).collect(),
            injuries: if is_reported { &injuries } else { &[] },
            props: &[],
            lines: &[],
            gaps: [].into(),
        })
        .expect("contexts")
    }

    #[test]
    fn the_injury_report_is_known_before_a_game() {
        let told = around_a_report(6, true);
        let status = |row: &PlayerContext| row.player_status.as_deref().unwrap_or("-").to_owned();
        let found: Vec<_> = told
            .iter()
            .map(|row| (row.player_id, status(row), row.star_teammates_out, row.quality_score))
            .collect();
        let expected = [
            (1, "out", Some(1), 75),
            (2, "doubtful", Some(1), 75),
            (3, "out", Some(2), 75),
            (4, "available", Some(2), 75),
            (5, "questionable", Some(2), 75),
            (9, "-", None, 70),
        ];
        assert_eq!(found, expected.map(|(id, status, stars, score)| (id, status.to_owned(), stars, score)));
        let reasons = [0, 3].map(|at: usize| told[at].injury_report.as_deref());
        assert_eq!(reasons, [Some("Rest"), None]);
        assert_eq!(told[5].quality_issues.as_ref(), ["thin_sample:6/10".into(), "no_injury_report".into()]);
    }

    #[test]
    fn who_is_out_or_doubtful_is_no_part_of_a_date_unless_he_has_played() {
        let told = around_a_report(6, true);
        let sources: Vec<&str> = told.iter().map(|row| &*row.population_source).collect();
        let (known, brought) = ("latest_team", "box_score");
        assert_eq!(sources, [brought, brought, brought, known, known, known]);
        // The others' rows are the same before and after.
        assert_eq!(around_a_report(0, true), told[3..]);
        // Without a report nobody is marked down for it, and nobody left out.
        let untold = around_a_report(0, false);
        assert_eq!(untold.len(), 6);
        let is_silent = |row: &PlayerContext| row.player_status.is_none() && row.quality_score == 75;
        assert!(untold.iter().all(is_silent), "{untold:?}");
    }
}
