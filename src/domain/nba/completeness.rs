//! How complete a player's or a team's recent past is, measured against the schedule. Expected are the
//! dates of the team's games within the window and the player's tenure; actual are those of them that
//! have his row. The log of a game has everybody who played in it, so a game whose box score is there
//! without him is one that he did not play: it is counted apart and in no share. Only the rest is a gap
//! in the data.

use crate::flow::Date;

use super::history::{Keyed, PlayerHistory, TeamSchedule, Units, last};
use super::population::{Member, Source};
use super::rows_player_game::PlayerGame;
use super::statistics::{count, ratio, rounded};

/// The share that must be there of the expected games less those known not to have been played.
const READY_SHARE: f64 = 0.7;

/// Which of a team's games before the date a window expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// The last N games.
    Games(usize),
    /// The games of the last N days before the date.
    Days(i32),
}

/// Games expected, there, and known not to have been played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Completeness {
    /// The team's games in the window and the tenure.
    pub expected: i64,
    /// Those of them with a row.
    pub actual: i64,
    /// Those without, whose box score is there: he did not play.
    pub not_played: i64,
}

impl Completeness {
    /// What is there, of what was expected less what was not played, per cent with 2 decimals; null where that
    /// leaves nothing.
    #[must_use]
    pub(super) fn percentage(self) -> Option<f64> {
        self.share().map(|share| rounded(100.0 * share, 2))
    }

    fn share(self) -> Option<f64> {
        ratio(self.actual, self.expected - self.not_played)
    }

    /// Games expected and not there.
    #[must_use]
    pub(super) fn missing(self) -> i64 {
        self.expected - self.actual
    }

    /// Whether nothing is missing but games that he did not play.
    #[must_use]
    pub(super) fn is_complete(self) -> bool {
        self.actual + self.not_played >= self.expected
    }

    /// Whether at least 70 % is there. Nothing expected is nothing missing.
    #[must_use]
    pub(super) fn is_ready(self) -> bool {
        self.share().is_none_or(|share| share >= READY_SHARE)
    }
}

/// What became of a game of a player's team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// He has a row.
    Played,
    /// The box score is there without him.
    NotPlayed,
    /// There is no box score.
    Missing,
}

/// The games of a player's team within his tenure, this season, before the date, in order of date: the
/// recent ones, ready to be counted for any window.
pub(super) struct Attendance {
    games: Vec<(Date, Presence)>,
    date: Date,
}

/// The dates on which a team has any box score row: what tells "did not play" from "data missing".
pub(super) struct BoxScoreDates<'a>(Keyed<(&'a str, i64), ()>);

impl<'a> BoxScoreDates<'a> {
    /// Those among these units.
    #[must_use]
    pub(super) fn of(units: &Units<'a, PlayerGame>) -> Self {
        let mut dates = Keyed::default();
        for (date, rows) in units {
            for row in *rows {
                dates.insert((&*row.team_abbr, i64::from(date.days())), ());
            }
        }
        Self(dates)
    }

    /// Whether this team has on this date.
    #[must_use]
    pub(super) fn has(&self, team: &str, date: Date) -> bool {
        self.0.contains_key(&(team, i64::from(date.days())))
    }
}

/// Games and days of the longest windows; older games are not kept.
const GAMES_MAX: usize = 10;
const DAYS_MAX: i32 = 30;

impl Attendance {
    /// Of a member of a date's population. The tenure is the run of his latest games for that team; it
    /// has not begun for somebody whom only the date itself brings in.
    #[must_use]
    pub(super) fn of(
        member: &Member<'_>,
        date: Date,
        opening: Date,
        past: &PlayerHistory<'_>,
        schedule: &TeamSchedule<'_>,
        boxes: &BoxScoreDates<'_>,
    ) -> Self {
        let team = &**member.player.team_abbr;
        let rows = match member.source {
            Source::LatestTeam => past.get(&member.player.player_id),
            Source::BoxScore => &[],
        };
        let stint = rows.iter().rev().take_while(|row| *row.team_abbr == *team).count();
        let stint = last(rows, stint);
        let start = stint.first().map_or(date, |first| first.game_date.max(opening));
        let planned = schedule.get(&team);
        let (from, to) = (
            planned.partition_point(|game| game.game_date < start),
            planned.partition_point(|game| game.game_date < date),
        );
        let recent = planned.partition_point(|game| game.game_date < date.plus_days(-DAYS_MAX));
        let from = recent.min(to.saturating_sub(GAMES_MAX)).max(from);
        let presence = |day: Date| match stint.binary_search_by_key(&day, |row| row.game_date) {
            Ok(_) => Presence::Played,
            Err(_) if boxes.has(team, day) => Presence::NotPlayed,
            Err(_) => Presence::Missing,
        };
        let games = planned[from..to].iter().map(|game| (game.game_date, presence(game.game_date))).collect();
        Self { games, date }
    }

    /// Counted over a window of at most 10 games or 30 days.
    #[must_use]
    pub(super) fn over(&self, span: Span) -> Completeness {
        let games = match span {
            Span::Games(games) => {
                assert!(games <= GAMES_MAX, "a window of {games} games is longer than what is kept");
                last(&self.games, games)
            }
            Span::Days(days) => {
                assert!(days <= DAYS_MAX, "a window of {days} days is longer than what is kept");
                let from = self.date.plus_days(-days);
                &self.games[self.games.partition_point(|(day, _)| *day < from)..]
            }
        };
        let of = |kind: Presence| count(games.iter().filter(|(_, presence)| *presence == kind).count());
        Completeness {
            expected: count(games.len()),
            actual: of(Presence::Played),
            not_played: of(Presence::NotPlayed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::population::population;
    use super::*;

    #[test]
    fn tenure_absence_and_gaps_are_told_apart() {
        let day = Date::from_days;
        // The team plays on days 10, 12, 14, 16, 18, 20. He came on day 12, did not play on day 14; the
        // box score of day 16 is missing altogether.
        let schedule: Vec<_> =
            [10, 12, 14, 16, 18, 20].map(|at| [fixture::game(day(at), "AAA", "BBB")]).into();
        let schedule: Vec<_> = schedule.iter().map(|games| (games[0].game_date, games.as_slice())).collect();
        let box_score = |at, players: &[i64]| -> Vec<PlayerGame> {
            players.iter().map(|id| fixture::player_game(day(at), *id, "AAA", 1)).collect()
        };
        let boxes =
            [box_score(10, &[1]), box_score(12, &[1, 7]), box_score(14, &[1]), box_score(18, &[1, 7])];
        let boxes: Vec<_> = boxes.iter().map(|rows| (rows[0].game_date, rows.as_slice())).collect();
        let past = PlayerHistory::of(&boxes, |row| row.player_id);
        let members = population(schedule[5].1, &past, []).expect("members");
        let attendance = |id: i64| {
            let member = members.iter().find(|m| m.player.player_id == id).expect("member");
            let schedule = TeamSchedule::by_team(&schedule);
            let dates = BoxScoreDates::of(&boxes);
            Attendance::of(member, day(20), day(10), &past, &schedule, &dates)
        };
        let of = |expected, actual, not_played| Completeness { expected, actual, not_played };
        let cases = [
            ("all of his tenure", 7, Span::Games(10), of(4, 2, 1)),
            ("the last two", 7, Span::Games(2), of(2, 1, 0)),
            ("six days", 7, Span::Days(6), of(3, 1, 1)),
            ("one day", 7, Span::Days(1), of(0, 0, 0)),
            ("who was there from the start", 1, Span::Games(10), of(5, 4, 0)),
        ];
        for (name, player, span, expected) in cases {
            assert_eq!(attendance(player).over(span), expected, "{name}");
        }
    }

    #[test]
    fn not_having_played_is_no_gap() {
        let of = |expected, actual, not_played| Completeness { expected, actual, not_played };
        let cases = [
            (of(10, 10, 0), Some(100.0), true, true),
            (of(10, 3, 7), Some(100.0), true, true),
            (of(10, 2, 6), Some(50.0), false, false),
            (of(10, 0, 10), None, true, true),
            (of(10, 7, 0), Some(70.0), false, true),
            (of(10, 6, 0), Some(60.0), false, false),
            (of(3, 1, 0), Some(33.33), false, false),
            (of(0, 0, 0), None, true, true),
        ];
        for (completeness, percentage, complete, ready) in cases {
            let found = (completeness.percentage(), completeness.is_complete(), completeness.is_ready());
            assert_eq!(found, (percentage, complete, ready), "{completeness:?}");
        }
    }
}
