//! The zone match-up: a player's form, moved by where he scores and what the opponent allows there, zone by
//! zone against the league. Pure. A zone that the opponent defends worse than the league raises the
//! prediction.
//!
//! What the opponent allows in a zone is its opponents' attempts there times their share of makes, so that
//! both the volume and the accuracy count. Half of the difference is expected to last: the fitted share on
//! the real seasons 2020-21 to 2022-23 was 0.42 to 0.58 by zone and held in 2023-24.

use super::prediction::{Form, Prediction, Refusal};
use super::rows_feature_store::FeatureRow;
use super::rows_player_shot_zones::PlayerShotZones;
use super::rows_team_defense_zones::TeamDefenseZones;
use super::statistics::mean;
use super::system_moving_average::pace;

/// Share of a zone's difference from the league that is expected to last.
const LASTING: f64 = 0.5;
/// A zone moves the prediction by no more points than this.
const ZONE_MAX: f64 = 3.0;
/// What a team allows in a zone differs from the league by no more than this, relative to the league.
const DIFFERENCE_MAX: f64 = 0.5;

/// Makes a game that opponents have in each zone: paint, mid-range, three. Nothing where not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Allowed([Option<f64>; 3]);

impl Allowed {
    /// What a team allows.
    pub(super) fn of(team: &TeamDefenseZones) -> Self {
        let makes = |attempts: Option<f64>, share: Option<f64>| attempts.zip(share).map(|(a, s)| a * s);
        Self([
            makes(team.paint_attempts_allowed_per_game, team.paint_pct_allowed_last_15),
            makes(team.mid_range_attempts_allowed_per_game, team.mid_range_pct_allowed_last_15),
            makes(team.three_pt_attempts_allowed_per_game, team.three_pt_pct_allowed_last_15),
        ])
    }

    /// The mean over the teams that are known in a zone.
    pub(super) fn league(teams: &[TeamDefenseZones]) -> Self {
        let allowed: Vec<Self> = teams.iter().map(Self::of).collect();
        Self([0, 1, 2].map(|zone| mean(allowed.iter().filter_map(|team| team.0[zone]))))
    }
}

/// The prediction for a player with the shots `shots` against a team that allows `opponent`.
pub(super) fn zone_matchup(
    form: &Form,
    row: &FeatureRow,
    shots: Option<&PlayerShotZones>,
    opponent: Option<&TeamDefenseZones>,
    league: &Allowed,
) -> Result<Prediction, Refusal> {
    let scored = shots.and_then(scored).ok_or(Refusal::MissingInput("paint_attempts_per_game"))?;
    let allowed = opponent.map(Allowed::of).filter(|allowed| allowed.0[0].is_some());
    let allowed = allowed.ok_or(Refusal::MissingInput("paint_pct_allowed_last_15"))?;
    let zones = scored.into_iter().zip(allowed.0.into_iter().zip(league.0));
    let moved: f64 = zones.map(|(points, (allowed, league))| zone(points, allowed, league)).sum();
    Prediction::of(form.points * (1.0 + pace(row)) + moved, form.deviation)
}

/// The points a game that he scores in each zone; nothing without enough charted games.
fn scored(shots: &PlayerShotZones) -> Option<[f64; 3]> {
    let points = |attempts: Option<f64>, share: Option<f64>, value: f64| {
        // No attempt, no share: no points.
        attempts.map(|attempts| attempts * share.unwrap_or(0.0) * value)
    };
    Some([
        points(shots.paint_attempts_per_game, shots.paint_pct_last_10, 2.0)?,
        points(shots.mid_range_attempts_per_game, shots.mid_range_pct_last_10, 2.0)?,
        points(shots.three_pt_attempts_per_game, shots.three_pt_pct_last_10, 3.0)?,
    ])
}

/// How many points a zone adds to those that he scores there.
fn zone(points: f64, allowed: Option<f64>, league: Option<f64>) -> f64 {
    let difference = allowed
        .zip(league.filter(|league| *league > 0.0))
        .map_or(0.0, |(allowed, league)| (allowed / league - 1.0).clamp(-DIFFERENCE_MAX, DIFFERENCE_MAX));
    (LASTING * points * difference).clamp(-ZONE_MAX, ZONE_MAX)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::flow::Date;

    const DATE: Date = Date::from_days(9);

    fn team(paint: f64, three: f64) -> TeamDefenseZones {
        TeamDefenseZones {
            paint_attempts_allowed_per_game: Some(40.0),
            paint_pct_allowed_last_15: Some(paint),
            mid_range_attempts_allowed_per_game: Some(10.0),
            mid_range_pct_allowed_last_15: None,
            three_pt_attempts_allowed_per_game: Some(30.0),
            three_pt_pct_allowed_last_15: Some(three),
            ..fixture::team_defense_zones(DATE, "BBB")
        }
    }

    fn shots(paint: f64, three: f64) -> PlayerShotZones {
        PlayerShotZones {
            paint_attempts_per_game: Some(paint),
            paint_pct_last_10: Some(0.5),
            mid_range_attempts_per_game: Some(0.0),
            three_pt_attempts_per_game: Some(three),
            three_pt_pct_last_10: Some(0.4),
            ..fixture::player_shot_zones(DATE, 1)
        }
    }

    #[test]
    fn a_zone_that_is_defended_worse_raises_the_prediction() {
        let row = fixture::feature_row(DATE, 1);
        let form = Form::of(&row).expect("form");
        let league = Allowed::league(&[team(0.5, 0.35), team(0.6, 0.35), team(0.4, 0.35)]);
        let cases = [
            ("as the league", shots(8.0, 0.0), team(0.5, 0.35), 0.0),
            ("weak where he scores", shots(8.0, 0.0), team(0.6, 0.35), 0.5 * 8.0 * 0.2),
            ("strong where he scores", shots(8.0, 0.0), team(0.4, 0.35), 0.5 * 8.0 * -0.2),
            ("weak where he does not", shots(0.0, 5.0), team(0.6, 0.35), 0.0),
            ("weak beyond the arc", shots(0.0, 5.0), team(0.5, 0.42), 0.5 * 6.0 * 0.2),
            ("held", shots(30.0, 0.0), team(0.9, 0.35), 3.0),
            ("held below", shots(30.0, 0.0), team(0.1, 0.35), -3.0),
        ];
        for (name, shots, opponent, moved) in cases {
            let found = zone_matchup(&form, &row, Some(&shots), Some(&opponent), &league).expect(name);
            assert!((found.points - (form.points + moved)).abs() < 0.006, "{name}: {}", found.points);
        }
    }

    #[test]
    fn without_charted_games_it_refuses() {
        let row = fixture::feature_row(DATE, 1);
        let form = Form::of(&row).expect("form");
        let league = Allowed::league(&[team(0.5, 0.35)]);
        let (shots, team) = (shots(8.0, 1.0), team(0.5, 0.35));
        let (no_shots, no_team) =
            (fixture::player_shot_zones(DATE, 1), fixture::team_defense_zones(DATE, "BBB"));
        let missing = |shots, opponent| match zone_matchup(&form, &row, shots, opponent, &league) {
            Err(Refusal::MissingInput(name)) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(missing(None, Some(&team)), "paint_attempts_per_game");
        assert_eq!(missing(Some(&no_shots), Some(&team)), "paint_attempts_per_game");
        assert_eq!(missing(Some(&shots), None), "paint_pct_allowed_last_15");
        assert_eq!(missing(Some(&shots), Some(&no_team)), "paint_pct_allowed_last_15");
    }
}
