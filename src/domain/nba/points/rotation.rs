//! What a player's team-mates mean for him, as his team's last games show it: who of them was there, who was
//! missing, where he stands among them. Who is there on the date itself is not known before it, and not used.
//! Pure.

use crate::domain::nba::statistics::{mean, real, real_len};

use super::league::{League, Lineup, Worth};
use super::recency::fading_mean;
use super::schema::PointsVector;

/// Whoever played none of his team's last games has dropped out of its rotation.
const ROTATION_GAMES: usize = 15;
/// A rank of who has none, and the most that streaks of games are counted to.
const STREAK_MAX: usize = 20;

/// A team's rotation before a date.
pub(super) struct Rotation<'a> {
    lineups: &'a [Lineup<'a>],
    /// Players of the last games, by id, with what they count for and whether they missed the last game.
    members: Vec<Member>,
}

struct Member {
    player_id: i64,
    worth: Worth,
    missed_last: bool,
}

impl<'a> Rotation<'a> {
    /// The rotation of a team whose players, as the date's population has them, are `players`.
    pub(super) fn of(league: &'a League<'a>, team: &str, players: impl IntoIterator<Item = i64>) -> Self {
        let lineups = league.lineups(team);
        let recent = &lineups[lineups.len().saturating_sub(ROTATION_GAMES)..];
        let members = players
            .into_iter()
            .filter(|player_id| recent.iter().any(|game| game.row(*player_id).is_some()))
            .filter_map(|player_id| {
                let missed_last = lineups.last().is_some_and(|game| game.row(player_id).is_none());
                Some(Member { player_id, worth: *league.worth(player_id)?, missed_last })
            })
            .collect();
        Self { lineups, members }
    }

    /// Fills in all features that compare a player with his team; none before his team's first game.
    pub(super) fn fill(&self, vector: &mut PointsVector, player_id: i64, worth: &Worth) {
        let Some(last_game) = self.lineups.last() else {
            return;
        };
        self.fill_presence(vector, player_id);
        self.fill_available(vector, player_id, worth.points);
        self.fill_missing(vector, player_id, worth);
        let ahead = |member: &&Member| {
            (member.worth.points, player_id) > (worth.points, member.player_id)
                && member.player_id != player_id
        };
        let rank = self.members.iter().filter(ahead).count().min(STREAK_MAX);
        vector.points_rank = Some(real_len(rank));
        vector.minutes_rank_last_game =
            Some(real_len(last_game.minutes_rank(player_id).unwrap_or(STREAK_MAX).min(STREAK_MAX)));
        vector.rotation_points = Some(last_game.points());
        vector.points_share = Some(worth.points / last_game.points().max(1.0));
    }

    fn fill_presence(&self, vector: &mut PointsVector, player_id: i64) {
        let played = |game: &&Lineup<'_>| game.row(player_id).is_some();
        let streak = |wanted: bool| {
            real_len(self.lineups.iter().rev().take(STREAK_MAX).take_while(|g| played(g) == wanted).count())
        };
        let recent = self.last(10);
        vector.team_games_missed = Some(streak(false));
        vector.team_games_in_a_row = Some(streak(true));
        vector.share_played_last_10 =
            Some(real_len(recent.iter().filter(played).count()) / real_len(recent.len()));
        let minutes = |game: &Lineup<'_>| game.row(player_id).map_or(0.0, |row| real(row.minutes_played));
        vector.minutes_a_team_game_last_5 = mean(self.last(5).iter().map(minutes));
    }

    fn fill_available(&self, vector: &mut PointsVector, player_id: i64, own: f64) {
        let mates = |game: &Lineup<'_>| game.points_of_mates(player_id, own);
        vector.mates_available_last_game = self.lineups.last().map(mates);
        vector.mates_available_last_3 = mean(self.last(3).iter().map(mates));
        let his = self.lineups.iter().rev().filter(|game| game.row(player_id).is_some());
        vector.mates_available_in_his_games = fading_mean(his.map(mates), 10.0);
        vector.mates_available_change = vector
            .mates_available_last_game
            .zip(vector.mates_available_in_his_games)
            .map(|(now, usual)| now - usual);
    }

    fn fill_missing(&self, vector: &mut PointsVector, player_id: i64, worth: &Worth) {
        let (mut points, mut minutes, mut role_minutes, mut best) = (0.0, 0.0, 0.0, 0.0_f64);
        for member in self.members.iter().filter(|m| m.missed_last && m.player_id != player_id) {
            points += member.worth.points;
            minutes += member.worth.minutes;
            best = best.max(member.worth.points);
            if member.worth.role == worth.role {
                role_minutes += member.worth.minutes;
            }
        }
        vector.mates_missing_points = Some(points);
        vector.mates_missing_minutes = Some(minutes);
        vector.mates_missing_role_minutes = Some(role_minutes);
        vector.best_mate_missing = Some(best);
    }

    fn last(&self, count: usize) -> &[Lineup<'a>] {
        &self.lineups[self.lineups.len().saturating_sub(count)..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::nba::{PlayerGame, fixture};
    use crate::flow::Date;

    fn row(day: i32, player: i64, points: i64) -> PlayerGame {
        PlayerGame { season_year: 2023, ..fixture::player_game(Date::from_days(day), player, "AAA", points) }
    }

    #[test]
    fn who_was_there_and_who_was_missing() {
        let first = [row(1, 1, 10), row(1, 2, 20), row(1, 3, 5)];
        let second = [row(3, 1, 10), row(3, 3, 5)];
        let units = [(Date::from_days(1), first.as_slice()), (Date::from_days(3), second.as_slice())];
        let league = League::of(&units, &units, 2023);
        let rotation = Rotation::of(&league, "AAA", [1, 2, 3, 9]);
        let vector = |player: i64| {
            let mut vector = PointsVector::default();
            rotation.fill(&mut vector, player, league.worth(player).expect("a player"));
            vector
        };
        let first_man = vector(1);
        assert_eq!(first_man.mates_available_last_game, Some(5.0));
        assert_eq!(first_man.mates_missing_points, Some(20.0));
        assert_eq!(first_man.best_mate_missing, Some(20.0));
        assert_eq!((first_man.points_rank, first_man.team_games_in_a_row), (Some(1.0), Some(2.0)));
        assert!(first_man.mates_available_change.is_some_and(|change| change < 0.0));
        let absent = vector(2);
        assert_eq!((absent.team_games_missed, absent.share_played_last_10), (Some(1.0), Some(0.5)));
        assert_eq!(absent.mates_missing_points, Some(0.0), "he is not his own team-mate");
        assert_eq!((absent.minutes_rank_last_game, absent.points_rank), (Some(20.0), Some(0.0)));
        assert_eq!(absent.minutes_a_team_game_last_5, Some(15.0));
    }
}
