//! Who is in a date: the players of the teams that play, as they were known before the date, and in a
//! backfill whoever has a box score row that date and would be missed.
//!
//! One row a player and date. Where a player's last team plays and he plays for another one that day
//! (traded since), he is in the date already, so the date adds nothing: his row stays with the team
//! that was known before, as a daily run would have written it. The date may add a row, never change one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::history::PlayerHistory;
use super::injury::{DateInjuries, InjuryStatus};
use super::rows_schedule::ScheduledGame;

/// Why somebody is in a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// His last game before the date was for a team that plays.
    LatestTeam,
    /// He has a box score row that date and would be missed otherwise: a debut, a return, a trade.
    BoxScore,
}

impl Source {
    /// The code in `population_source`.
    #[must_use]
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::LatestTeam => "latest_team",
            Self::BoxScore => "box_score",
        }
    }
}

/// A player with a box score row on the date: who, and for which team; nothing of what he did.
#[derive(Debug, Clone, Copy)]
pub struct Played<'a> {
    /// The league's id.
    pub player_id: i64,
    /// The normalised name.
    pub player_lookup: &'a Arc<str>,
    /// The name as the log spells it.
    pub player_full_name: &'a Arc<str>,
    /// The team he played for.
    pub team_abbr: &'a Arc<str>,
}

/// A player in a date, with the game that he is expected in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    /// Who, and for which team.
    pub player: Played<'a>,
    /// The team's game that date.
    pub game: &'a ScheduledGame,
    /// Why he is in the date.
    pub source: Source,
}

/// A box score that the schedule does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("player {player_id} has a box score row for {team}, which has no game in the schedule of the date")]
pub struct NotScheduled {
    /// The player.
    pub player_id: i64,
    /// The team he played for.
    pub team: Arc<str>,
}

impl<'a> Member<'a> {
    /// Whether his team is at home.
    #[must_use]
    pub(super) fn is_home(&self) -> bool {
        self.game.home_team == *self.player.team_abbr
    }

    /// What the injury report says of him.
    pub(super) fn status(&self, injuries: &DateInjuries<'_>) -> Option<InjuryStatus> {
        injuries.status(self.player.player_id, self.player.team_abbr, self.player.player_lookup)
    }

    /// The other team.
    #[must_use]
    pub(super) fn opponent(&self) -> &'a Arc<str> {
        if self.is_home() { &self.game.away_team } else { &self.game.home_team }
    }
}

/// The population of a date in order of player id: `past` holds games strictly before the date (this
/// season, and in its first weeks the end of the last one), `played` the date's box scores, if any.
pub(super) fn population<'a>(
    games: &'a [ScheduledGame],
    past: &PlayerHistory<'a>,
    played: impl IntoIterator<Item = Played<'a>>,
) -> Result<Vec<Member<'a>>, NotScheduled> {
    let mut game_of: HashMap<&str, &'a ScheduledGame> = HashMap::new();
    for game in games {
        game_of.insert(&game.home_team, game);
        game_of.insert(&game.away_team, game);
    }
    let mut members = BTreeMap::new();
    for rows in past.iter().filter_map(|(_, rows)| rows.last()) {
        if let Some(game) = game_of.get(&*rows.team_abbr) {
            let player = Played {
                player_id: rows.player_id,
                player_lookup: &rows.player_lookup,
                player_full_name: &rows.player_full_name,
                team_abbr: &rows.team_abbr,
            };
            let source = Source::LatestTeam;
            members.insert(player.player_id, Member { player, game, source });
        }
    }
    for player in played {
        let game = game_of.get(&**player.team_abbr).ok_or_else(|| NotScheduled {
            player_id: player.player_id,
            team: Arc::clone(player.team_abbr),
        })?;
        let source = Source::BoxScore;
        members.entry(player.player_id).or_insert(Member { player, game, source });
    }
    Ok(members.into_values().collect())
}

/// Without those whom the injury report has as out or doubtful, unless they have played.
pub(super) fn expected<'a>(
    mut members: Vec<Member<'a>>,
    injuries: &DateInjuries<'_>,
    played: &[Played<'_>],
) -> Vec<Member<'a>> {
    let played: BTreeSet<i64> = played.iter().map(|player| player.player_id).collect();
    members.retain_mut(|member| {
        let is_absent = member.status(injuries).is_some_and(InjuryStatus::is_absent);
        if is_absent {
            // Before the games nobody counted on him: it is the box score that brings him in.
            member.source = Source::BoxScore;
        }
        !is_absent || played.contains(&member.player.player_id)
    });
    members
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::history::PlayerHistory;
    use super::super::rows_player_game::PlayerGame;
    use super::*;
    use crate::flow::Date;

    fn played(rows: &[PlayerGame]) -> impl Iterator<Item = Played<'_>> {
        rows.iter().map(|row| Played {
            player_id: row.player_id,
            player_lookup: &row.player_lookup,
            player_full_name: &row.player_full_name,
            team_abbr: &row.team_abbr,
        })
    }

    #[test]
    fn a_date_adds_rows_and_changes_none() {
        let (first, second, date) = (Date::from_days(1), Date::from_days(3), Date::from_days(5));
        let game = |day, player, team| fixture::player_game(day, player, team, 10);
        let past = [
            (first, vec![game(first, 1, "AAA"), game(first, 2, "AAA"), game(first, 3, "CCC")]),
            (second, vec![game(second, 2, "BBB"), game(second, 4, "DDD")]),
        ];
        let past: Vec<(Date, &[PlayerGame])> =
            past.iter().map(|(day, rows)| (*day, rows.as_slice())).collect();
        let past = PlayerHistory::of(&past, |row| row.player_id);
        let games = [fixture::game(date, "AAA", "BBB"), fixture::game(date, "EEE", "DDD")];
        let boxes = [
            game(date, 1, "BBB"), // traded since: stays with the team that was known
            game(date, 3, "AAA"), // his last team does not play
            game(date, 9, "EEE"), // a debut
        ];
        let known = [(1, "AAA", "latest_team"), (2, "BBB", "latest_team"), (4, "DDD", "latest_team")];
        let cases = [
            ("morning", &boxes[..0], known.to_vec()),
            (
                "backfill",
                &boxes[..],
                vec![known[0], known[1], (3, "AAA", "box_score"), known[2], (9, "EEE", "box_score")],
            ),
        ];
        for (name, boxes, expected) in cases {
            let members = population(&games, &past, played(boxes)).expect(name);
            let found: Vec<_> = members
                .iter()
                .map(|m| (m.player.player_id, &**m.player.team_abbr, m.source.code()))
                .collect();
            assert_eq!(found, expected, "{name}");
        }
        let stranger = [game(date, 5, "ZZZ")];
        assert!(population(&games, &past, played(&stranger)).is_err());
    }

    #[test]
    fn a_member_knows_his_side() {
        let date = Date::from_days(5);
        let games = [fixture::game(date, "AAA", "BBB")];
        let boxes = ["AAA", "BBB"]
            .map(|team| fixture::player_game(date, team.len() as i64 + i64::from(team == "BBB"), team, 1));
        let past = PlayerHistory::of(&[], |row: &PlayerGame| row.player_id);
        let members = population(&games, &past, played(&boxes)).expect("members");
        let sides: Vec<_> = members.iter().map(|m| (m.is_home(), &**m.opponent())).collect();
        assert_eq!(sides, [(false, "BBB"), (true, "AAA")]);
    }
}
