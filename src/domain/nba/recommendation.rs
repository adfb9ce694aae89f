//! Lines and what a system recommends against them. Pure. A line is a bookmaker's, or an estimate that
//! stands in for one and is marked as such: no estimate is ever graded.

use std::sync::Arc;

use super::history::Keyed;
use super::offers::rank;
use super::prediction::{Form, Prediction, System};
use super::rows_player_props::PlayerProp;
use super::statistics::rounded;

/// The source of an estimated line, in rows.
pub(super) const ESTIMATED: &str = "ESTIMATED_AVG";
/// Games of the season that an estimate needs.
const GAMES_MIN: i64 = 3;
/// How likely a side must be to be recommended, for every system. A bet at the usual odds of -110 is lost below
/// 0.524; the rest is for what a bookmaker knows and we do not. At 10 points it takes an edge of 1.2 points,
/// at 20 of 1.7 and at 30 of 2.2: about the 1.5 to 2 that are usual, but as far as the player's points spread.
const LIKELIHOOD_MIN: f64 = 0.60;
/// A line on a player's points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Points.
    pub(super) points: f64,
    /// The bookmaker's key, or `ESTIMATED_AVG`.
    pub(super) source: Arc<str>,
    /// Whether it is a bookmaker's.
    pub(super) is_real: bool,
}

impl Line {
    /// The mean of the last 5 games, rounded to half a point, from 3 games on.
    pub(super) fn estimated(form: &Form, games_played: i64, source: &Arc<str>) -> Option<Self> {
        let points = (form.last_5 * 2.0).round() / 2.0;
        (games_played >= GAMES_MIN).then(|| Self { points, source: Arc::clone(source), is_real: false })
    }
}

/// The lines of a date. The source has no ids of players: a line is of whoever has the normalised name in one of the
/// two teams whose game it is offered on, and of no namesake in another game.
pub(super) struct Lines<'a>(Keyed<(&'a str, &'a str), Line>);

impl<'a> Lines<'a> {
    /// Of all offers of the date, of each player the first bookmaker's.
    pub(super) fn of(offers: &'a [PlayerProp]) -> Self {
        let mut best: Keyed<(&str, &str), &PlayerProp> = Keyed::default();
        for offer in offers {
            for team in [&offer.home_team, &offer.away_team] {
                let place = best.entry((&offer.player_lookup, team)).or_insert(offer);
                if rank(&offer.bookmaker) < rank(&place.bookmaker) {
                    *place = offer;
                }
            }
        }
        let line = |offer: &PlayerProp| Line {
            points: offer.points_line,
            source: Arc::clone(&offer.bookmaker),
            is_real: true,
        };
        Self(best.into_iter().map(|(player, offer)| (player, line(offer))).collect())
    }

    /// The line of a player of a team.
    pub(super) fn get<'s>(&'s self, player_lookup: &'s str, team: &'s str) -> Option<&'s Line> {
        self.0.get(&(player_lookup, team))
    }
}

/// A side of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// More points than the line.
    Over,
    /// Fewer.
    Under,
    /// Neither: none is likely enough.
    Pass,
}

impl Side {
    /// The code, in rows.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Over => "OVER",
            Self::Under => "UNDER",
            Self::Pass => "PASS",
        }
    }

    fn of(edge: f64) -> Self {
        if edge > 0.0 {
            Self::Over
        } else if edge < 0.0 {
            Self::Under
        } else {
            Self::Pass
        }
    }
}

/// Points predicted above the line, 2 decimals.
pub(super) fn edge(prediction: &Prediction, line: &Line) -> f64 {
    rounded(prediction.points - line.points, 2)
}

/// The side that a system recommends: that of its edge, if that side is likely enough.
/// The ensemble follows the side of more than half of its members, if there is one.
pub(super) fn recommend(
    system: System,
    prediction: &Prediction,
    line: &Line,
    members: &[(System, Prediction)],
) -> Side {
    let own = edge(prediction, line);
    if prediction.likelihood(own) < LIKELIHOOD_MIN {
        return Side::Pass;
    }
    match system {
        System::MovingAverage | System::ZoneMatchup | System::Similarity | System::GradientBoosting => {
            Side::of(own)
        }
        System::Ensemble => {
            let voted = |side| members.iter().filter(move |(_, member)| Side::of(edge(member, line)) == side);
            let majority = |side: &Side| 2 * voted(*side).count() > members.len();
            [Side::Over, Side::Under].into_iter().find(majority).unwrap_or_else(|| Side::of(own))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::flow::Date;

    fn offer(player: &str, bookmaker: &str, points_line: f64) -> PlayerProp {
        let offer = fixture::player_prop(Date::from_days(9), player, "AAA");
        PlayerProp { bookmaker: bookmaker.into(), points_line, ..offer }
    }

    #[test]
    fn one_bookmaker_speaks_for_a_player() {
        let offers = [
            offer("all", "betmgm", 1.0),
            offer("all", "fanduel", 2.0),
            offer("all", "draftkings", 3.0),
            offer("second", "betmgm", 1.0),
            offer("second", "fanduel", 2.0),
            offer("others", "williamhill_us", 1.0),
            offer("others", "betmgm", 2.0),
        ];
        let lines = Lines::of(&offers);
        let source = |player| lines.get(player, "AAA").map(|line| (&*line.source, line.points, line.is_real));
        assert_eq!(source("all"), Some(("draftkings", 3.0, true)));
        assert_eq!(source("second"), Some(("fanduel", 2.0, true)));
        assert_eq!(source("others"), Some(("betmgm", 2.0, true)));
        assert_eq!(source("nobody"), None);
    }

    #[test]
    fn a_line_is_of_no_namesake_in_another_game() {
        let of_game = |home: &str, away: &str, points| PlayerProp {
            home_team: home.into(),
            away_team: away.into(),
            ..offer("jaylinwilliams", "fanduel", points)
        };
        let offers = [of_game("OKC", "DAL", 8.5), of_game("MIL", "DEN", 12.5)];
        let lines = Lines::of(&offers);
        let cases =
            [("OKC", Some(8.5)), ("DAL", Some(8.5)), ("MIL", Some(12.5)), ("DEN", Some(12.5)), ("BOS", None)];
        for (team, expected) in cases {
            assert_eq!(lines.get("jaylinwilliams", team).map(|line| line.points), expected, "{team}");
        }
        let alone = Lines::of(&offers[..1]);
        assert_eq!(alone.get("jaylinwilliams", "MIL"), None, "nobody offers a line on him");
    }

    #[test]
    fn an_estimate_is_marked_and_needs_three_games() {
        let form = |last_5| Form { last_5, season: 0.0, deviation: None, points: 0.0 };
        let estimate = |last_5, games| Line::estimated(&form(last_5), games, &ESTIMATED.into());
        let line = estimate(12.3, 3).expect("a line");
        assert_eq!((line.points, &*line.source, line.is_real), (12.5, "ESTIMATED_AVG", false));
        assert_eq!(estimate(12.2, 9).map(|line| line.points), Some(12.0));
        assert_eq!(estimate(12.3, 2), None);
    }

    #[test]
    fn every_system_recommends_both_sides_and_abstains_near_the_line_whatever_the_points() {
        for system in System::ALL {
            for (points, deviation) in (5..=45).flat_map(|points| [2.0, 5.0, 9.0].map(|d| (points, d))) {
                let prediction = Prediction::of(f64::from(points), Some(deviation)).expect("a prediction");
                let side = |above: f64| {
                    let line = Line { points: prediction.points - above, source: "x".into(), is_real: true };
                    recommend(system, &prediction, &line, &[])
                };
                let found = [4.0, 0.5, 0.0, -0.5, -4.0].map(side);
                let expected = [Side::Over, Side::Pass, Side::Pass, Side::Pass, Side::Under];
                assert_eq!(found, expected, "{system:?} at {points} points, deviation {deviation}");
            }
        }
    }

    #[test]
    fn the_edge_that_is_demanded_grows_with_the_spread() {
        let demanded = |points: f64, deviation: f64| {
            let prediction = Prediction::of(points, Some(deviation)).expect("a prediction");
            let likely = |edge: &f64| prediction.likelihood(*edge) >= LIKELIHOOD_MIN;
            (1..).map(|hundredth| f64::from(hundredth) / 100.0).find(likely).expect("an edge")
        };
        let cases = [(10.0, 5.0), (20.0, 6.0), (20.0, 8.0), (30.0, 7.0)];
        assert_eq!(cases.map(|(points, deviation)| demanded(points, deviation)), [1.15, 1.71, 1.76, 2.2]);
    }

    #[test]
    fn the_ensemble_follows_the_majority() {
        let line = Line { points: 20.0, source: "draftkings".into(), is_real: true };
        let member = |points| (System::MovingAverage, Prediction { points, confidence: 0.7 });
        let own = Prediction { points: 22.0, confidence: 0.7 };
        let cases = [
            (vec![member(19.0), member(19.0), member(30.0)], Side::Under),
            (vec![member(19.0), member(30.0)], Side::Over),
            (vec![member(19.0), member(20.0), member(30.0)], Side::Over),
        ];
        for (members, expected) in cases {
            let found = recommend(System::Ensemble, &own, &line, &members);
            assert_eq!(found, expected, "{members:?}");
        }
    }
}
