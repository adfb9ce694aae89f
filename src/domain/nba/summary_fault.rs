//! Why a date's summaries cannot be made from rows that are each sound: rows of different sources that
//! do not belong together. Permanent, because the same rows give the same answer.

use std::sync::Arc;

use crate::flow::Permanent;

/// What does not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SummaryFault {
    /// A scheduled team has a line in no log.
    #[error("{team} has neither a team log nor player logs in {game_id}")]
    NoBoxScore {
        /// The game.
        game_id: Arc<str>,
        /// The team.
        team: Arc<str>,
    },
    /// Shots of a team that does not play in the game.
    #[error("the shot chart of {game_id} has shots of team {team_id}, which does not play in it")]
    ForeignTeam {
        /// The game.
        game_id: Arc<str>,
        /// The league's id of the team.
        team_id: i64,
    },
    /// Shots of a player who has no line in the game's log.
    #[error("the shot chart of {game_id} has shots of player {player_id}, who has no line in its log")]
    ForeignPlayer {
        /// The game.
        game_id: Arc<str>,
        /// The league's id of the player.
        player_id: i64,
    },
    /// A team's row without the row of its opponent.
    #[error("{game_id} has a row of {team}, but none of its opponent")]
    NoOpponent {
        /// The game.
        game_id: Arc<str>,
        /// The team that has one.
        team: Arc<str>,
    },
}

impl SummaryFault {
    /// The stable code by which dead letters are chosen.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoBoxScore { .. } => "box_score_missing",
            Self::ForeignTeam { .. } => "shots_of_foreign_team",
            Self::ForeignPlayer { .. } => "shots_of_foreign_player",
            Self::NoOpponent { .. } => "opponent_missing",
        }
    }
}

impl From<SummaryFault> for Permanent {
    fn from(fault: SummaryFault) -> Self {
        Self::new(fault.code(), fault.to_string())
    }
}
