//! The league before a date, as the features of all its players share it: what each player counts for, who
//! played in each game of the season, and what each team allowed to whom.
//! Pure; the games that are handed in all lie before the date.

use crate::domain::nba::PlayerGame;
use crate::domain::nba::history::{Keyed, PlayerHistory, Units};
use crate::domain::nba::statistics::{mean, real};

use super::form::{Games, Role};
use super::recency::fading_mean;

/// What a player counts for in the features of others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worth {
    /// Points a game, half-life 10 games.
    pub(super) points: f64,
    /// Minutes a game, half-life 10 games.
    pub(super) minutes: f64,
    /// What he does on court.
    pub(super) role: Role,
    /// His points a game this season; `None` before his first game of it.
    season_mean: Option<f64>,
}

/// A game of this season from one team's side: who played, and what they count for.
pub(super) struct Lineup<'a> {
    players: Vec<&'a PlayerGame>,
    points: f64,
}

impl Lineup<'_> {
    /// The player's row, if he played.
    pub(super) fn row(&self, player_id: i64) -> Option<&PlayerGame> {
        self.players.iter().copied().find(|row| row.player_id == player_id)
    }

    /// What those who played count for, points summed.
    pub(super) fn points(&self) -> f64 {
        self.points
    }

    /// What the others who played count for, when one of them, or nobody, counts `own`.
    pub(super) fn points_of_mates(&self, player_id: i64, own: f64) -> f64 {
        if self.row(player_id).is_some() { self.points - own } else { self.points }
    }

    /// The player's place by minutes, 0 is most; equal minutes by id. `None` if he did not play.
    pub(super) fn minutes_rank(&self, player_id: i64) -> Option<usize> {
        let own = self.row(player_id)?;
        let ahead =
            |row: &&&PlayerGame| (row.minutes_played, own.player_id) > (own.minutes_played, row.player_id);
        Some(self.players.iter().filter(ahead).count())
    }
}

/// All that is known of the league before a date.
pub(super) struct League<'a> {
    history: PlayerHistory<'a>,
    season_year: i64,
    worth: Keyed<i64, Worth>,
    lineups: Keyed<&'a str, Vec<Lineup<'a>>>,
    allowed: Keyed<(&'a str, usize), Vec<f64>>,
}

impl<'a> League<'a> {
    /// The league as the games of this season and the one before show it; `season` are the units of this
    /// season among `units`.
    pub(super) fn of(
        units: &Units<'a, PlayerGame>,
        season: &Units<'a, PlayerGame>,
        season_year: i64,
    ) -> Self {
        let history = PlayerHistory::of(units, |row| row.player_id);
        let worth: Keyed<i64, Worth> =
            history.iter().map(|(id, rows)| (*id, worth(&Games::of(rows, season_year)))).collect();
        let mut league =
            Self { history, season_year, worth, lineups: Keyed::default(), allowed: Keyed::default() };
        for (_, rows) in season {
            league.add_date(rows);
        }
        league
    }

    /// A player's games before the date.
    pub(super) fn games(&self, player_id: i64) -> Games<'_> {
        Games::of(self.history.get(&player_id), self.season_year)
    }

    /// What a player counts for; nothing of one without a game.
    pub(super) fn worth(&self, player_id: i64) -> Option<&Worth> {
        self.worth.get(&player_id)
    }

    /// A team's games of this season, oldest first.
    pub(super) fn lineups(&self, team: &str) -> &[Lineup<'a>] {
        self.lineups.get(team).map_or(&[], Vec::as_slice)
    }

    /// What players of a role scored against a team beyond their own means of the season, summed by game;
    /// half-life 12 games. `None` before the team's first game of the season.
    pub(super) fn allowed_to(&self, team: &'a str, role: Role) -> Option<f64> {
        let games = self.allowed.get(&(team, role as usize))?;
        fading_mean(games.iter().rev().copied(), 12.0)
    }

    fn add_date(&mut self, rows: &'a [PlayerGame]) {
        let mut teams: Vec<(&'a str, &'a str, Lineup<'a>, [f64; 3])> = Vec::new();
        for row in rows {
            let at = teams.iter().position(|(team, ..)| *team == &*row.team_abbr).unwrap_or_else(|| {
                let lineup = Lineup { players: Vec::with_capacity(13), points: 0.0 };
                teams.push((&row.team_abbr, &row.opponent_team_abbr, lineup, [0.0; 3]));
                teams.len() - 1
            });
            let (_, _, lineup, surplus) = &mut teams[at];
            lineup.players.push(row);
            if let Some(worth) = self.worth.get(&row.player_id) {
                lineup.points += worth.points;
                surplus[worth.role as usize] += worth.season_mean.map_or(0.0, |mean| real(row.points) - mean);
            }
        }
        for (team, opponent, lineup, surplus) in teams {
            self.lineups.entry(team).or_default().push(lineup);
            for role in Role::ALL {
                self.allowed.entry((opponent, role as usize)).or_default().push(surplus[role as usize]);
            }
        }
    }
}

fn worth(games: &Games<'_>) -> Worth {
    Worth {
        points: games.worth_points(),
        minutes: games.worth_minutes(),
        role: Role::of(games),
        season_mean: mean(games.season.iter().map(|game| real(game.points))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::nba::fixture;
    use crate::flow::Date;

    fn row(day: i32, player: i64, team: &str, opponent: &str, points: i64) -> PlayerGame {
        PlayerGame {
            season_year: 2023,
            opponent_team_abbr: Arc::from(opponent),
            minutes_played: 10 + player,
            ..fixture::player_game(Date::from_days(day), player, team, points)
        }
    }

    #[test]
    fn lineups_and_what_a_team_allows() {
        let first = [row(1, 1, "AAA", "BBB", 20), row(1, 2, "AAA", "BBB", 10), row(1, 3, "BBB", "AAA", 8)];
        let second = [row(3, 1, "AAA", "CCC", 10), row(3, 4, "CCC", "AAA", 6)];
        let units = [(Date::from_days(1), first.as_slice()), (Date::from_days(3), second.as_slice())];
        let league = League::of(&units, &units, 2023);
        let lineups = league.lineups("AAA");
        assert_eq!(lineups.len(), 2);
        assert_eq!((lineups[0].minutes_rank(2), lineups[0].minutes_rank(1)), (Some(0), Some(1)));
        assert_eq!(lineups[1].minutes_rank(2), None);
        let worth = league.worth(2).expect("he played").points;
        assert_eq!(worth, 10.0);
        assert_eq!(lineups[0].points_of_mates(2, worth), lineups[0].points() - 10.0);
        // Player 1 has a mean of 15: 5 above it against BBB, 5 below it against CCC.
        assert_eq!(league.allowed_to("BBB", Role::Guard), Some(5.0));
        assert_eq!(league.allowed_to("CCC", Role::Guard), Some(-5.0));
        assert_eq!(league.allowed_to("DDD", Role::Guard), None);
    }
}
