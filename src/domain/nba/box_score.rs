//! The formulas of the box score: possessions, ratings, shooting, usage, overtime.
//! Pure functions of numbers; `None` stands for "cannot be known", never 0 and never a default.

pub use super::statistics::{real as float, rounded};

/// Minutes of a game without overtime.
pub const REGULATION_MINUTES: i64 = 48;
/// Minutes of an overtime period.
pub const OVERTIME_MINUTES: i64 = 5;
/// Players of a team on the court at a time.
const PLAYERS_ON_COURT: f64 = 5.0;
/// Share of free throws that end a possession.
const FREE_THROW_SHARE: f64 = 0.44;

/// Shots and turnovers of a player or a team: what possessions and usage are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Field goals attempted.
    pub fg_attempts: i64,
    /// Free throws attempted.
    pub ft_attempts: i64,
    /// Turnovers.
    pub turnovers: i64,
}

impl Used {
    /// These three, if all are known.
    #[must_use]
    pub fn of(fg_attempts: Option<i64>, ft_attempts: Option<i64>, turnovers: Option<i64>) -> Option<Self> {
        Some(Self { fg_attempts: fg_attempts?, ft_attempts: ft_attempts?, turnovers: turnovers? })
    }

    /// `FGA + 0.44 FTA + TOV`.
    #[must_use]
    pub fn possessions_used(self) -> f64 {
        float(self.fg_attempts) + FREE_THROW_SHARE * float(self.ft_attempts) + float(self.turnovers)
    }
}

/// Possessions of a team: `FGA + 0.44 FTA + TOV - OREB`, not rounded.
#[must_use]
pub fn possessions(used: Used, offensive_rebounds: i64) -> f64 {
    used.possessions_used() - float(offensive_rebounds)
}

/// Points for 100 possessions, 2 decimals; `None` for possessions of 0 or less.
#[must_use]
pub fn rating(points: i64, possessions: f64) -> Option<f64> {
    (possessions > 0.0).then(|| rounded(100.0 * float(points) / possessions, 2))
}

/// Possessions for 48 minutes, 1 decimal.
#[must_use]
pub fn pace(possessions: f64, game_minutes: i64) -> f64 {
    rounded(possessions * float(REGULATION_MINUTES) / float(game_minutes), 1)
}

/// True shooting: `points / (2 (FGA + 0.44 FTA))`, 3 decimals; `None` where nothing was attempted.
#[must_use]
pub fn true_shooting(points: i64, fg_attempts: i64, ft_attempts: i64) -> Option<f64> {
    let attempts = float(fg_attempts) + FREE_THROW_SHARE * float(ft_attempts);
    (attempts > 0.0).then(|| rounded(float(points) / (2.0 * attempts), 3))
}

/// Effective field goals: `(FGM + 0.5 3PM) / FGA`, 3 decimals; `None` without an attempt.
#[must_use]
pub fn effective_fg(fg_makes: i64, three_pt_makes: i64, fg_attempts: i64) -> Option<f64> {
    (fg_attempts > 0)
        .then(|| rounded((float(fg_makes) + 0.5 * float(three_pt_makes)) / float(fg_attempts), 3))
}

/// The share of the team's possessions that a player used while on court, per cent, neither rounded nor
/// held to 0..100; `None` for no minutes, or a team that used nothing.
#[must_use]
pub fn usage_rate(player: Used, minutes: f64, team: Used, game_minutes: i64) -> Option<f64> {
    let team_used = team.possessions_used();
    (minutes > 0.0 && team_used > 0.0)
        .then(|| 100.0 * player.possessions_used() * float(game_minutes) / (minutes * team_used))
}

/// Whether the points of a box score add up: `2 (FGM - 3PM) + 3 3PM + FTM`.
#[must_use]
pub fn points_add_up(points: i64, fg_makes: i64, three_pt_makes: i64, ft_makes: i64) -> bool {
    2 * fg_makes + three_pt_makes + ft_makes == points
}

/// Overtime periods of a game from the minutes of all players of some teams in it. Whole minutes of a
/// team sum to 237 to 244 in regulation, so the nearest period is taken.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a game has few overtimes")]
pub fn overtimes_of_players(minutes: f64, teams: i64) -> i64 {
    let team_minutes = minutes / float(teams);
    let regulation = PLAYERS_ON_COURT * float(REGULATION_MINUTES);
    let periods = (team_minutes - regulation) / (PLAYERS_ON_COURT * float(OVERTIME_MINUTES));
    (periods.round() as i64).max(0)
}

/// Length of a game with so many overtimes, in minutes.
#[must_use]
pub fn game_minutes(overtime_periods: i64) -> i64 {
    REGULATION_MINUTES + OVERTIME_MINUTES * overtime_periods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overtimes_are_the_nearest_period() {
        let cases = [
            (237.0, 1, 0),
            (244.0, 1, 0),
            (262.0, 1, 1),
            (267.0, 1, 1),
            (288.0, 1, 2),
            (292.0, 1, 2),
            (314.0, 1, 3),
            (316.0, 1, 3),
            (480.0, 2, 0),
            (527.0, 2, 1),
            (200.0, 1, 0),
        ];
        for (minutes, teams, expected) in cases {
            assert_eq!(overtimes_of_players(minutes, teams), expected, "{minutes}");
        }
    }

    #[test]
    fn rates_of_a_known_game() {
        // Dončić, 2024-01-26: 73 points, 25 of 33, 8 threes, 15 of 16 free throws.
        assert_eq!(effective_fg(25, 8, 33), Some(0.879));
        assert_eq!(true_shooting(73, 33, 16), Some(0.912));
        assert!(points_add_up(73, 25, 8, 15));
        assert!(!points_add_up(72, 25, 8, 15));
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        let none = Used::of(Some(0), Some(0), Some(0)).expect("used");
        let some = Used::of(Some(80), Some(20), Some(12)).expect("used");
        assert_eq!(Used::of(Some(1), None, Some(1)), None);
        assert_eq!(usage_rate(some, 0.0, some, 48), None);
        assert_eq!(usage_rate(some, 30.0, none, 48), None);
        assert_eq!(usage_rate(none, 30.0, some, 48), Some(0.0));
        assert_eq!(rating(100, possessions(none, 0)), None);
        assert_eq!(true_shooting(0, 0, 0), None);
        assert_eq!(effective_fg(0, 0, 0), None);
    }

    #[test]
    fn overtime_lowers_pace_and_not_possessions() {
        let used = Used::of(Some(90), Some(25), Some(14)).expect("used");
        let possessions = possessions(used, 10);
        assert_eq!(rounded(possessions, 1), 105.0);
        assert_eq!(pace(possessions, 53), 95.1);
        assert_eq!(rating(120, possessions), Some(114.29));
    }
}
