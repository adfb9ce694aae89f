//! Lines and what a system recommends against them. Pure. A line is a bookmaker's, or an estimate that
//! stands in for one and is marked as such: no estimate is ever graded.

use std::sync::Arc;

use super::history::Keyed;
use super::prediction::{Form, Prediction, System};
use super::rows_player_props::PlayerProp;
use super::statistics::rounded;

/// The source of an estimated line, in rows.
pub(super) const ESTIMATED: &str = "ESTIMATED_AVG";
/// Games of the season that an estimate needs.
const GAMES_MIN: i64 = 3;
/// The bookmakers whose line is taken first, in this order; others follow by name.
const BOOKMAKERS: [&str; 2] = ["draftkings", "fanduel"];

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

/// Each player's line among all offers of a date, by the normalised name.
pub(super) fn lines(offers: &[PlayerProp]) -> Keyed<&str, Line> {
    let rank = |offer: &PlayerProp| {
        let known = BOOKMAKERS.iter().position(|bookmaker| **bookmaker == *offer.bookmaker);
        known.unwrap_or(BOOKMAKERS.len())
    };
    let mut best: Keyed<&str, &PlayerProp> = Keyed::default();
    for offer in offers {
        let place = best.entry(&offer.player_lookup).or_insert(offer);
        if (rank(offer), &offer.bookmaker) < (rank(place), &place.bookmaker) {
            *place = offer;
        }
    }
    let line = |offer: &PlayerProp| Line {
        points: offer.points_line,
        source: Arc::clone(&offer.bookmaker),
        is_real: true,
    };
    best.into_iter().map(|(player, offer)| (player, line(offer))).collect()
}

/// A side of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// More points than the line.
    Over,
    /// Fewer.
    Under,
    /// Neither: too close, or not sure enough.
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

/// The side that a system recommends: that of its edge, if it is sure enough and far enough from the line.
/// The ensemble follows the side of more than half of its members, if there is one.
pub(super) fn recommend(
    system: System,
    prediction: &Prediction,
    line: &Line,
    members: &[(System, Prediction)],
) -> Side {
    let demands = system.demands();
    let own = edge(prediction, line);
    if prediction.confidence < demands.confidence || own.abs() < demands.edge {
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
    use super::*;
    use crate::flow::Date;

    fn offer(player: &str, bookmaker: &str, points_line: f64) -> PlayerProp {
        PlayerProp {
            player_lookup: player.into(),
            player_name: player.into(),
            bookmaker: bookmaker.into(),
            points_line,
            over_price: None,
            under_price: None,
            game_date: Date::from_days(9),
            event_id: "e1".into(),
            home_team: "".into(),
            away_team: "".into(),
            commence_time: "".into(),
            snapshot_time: "".into(),
        }
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
        let lines = lines(&offers);
        let source = |player| lines.get(&player).map(|line| (&*line.source, line.points, line.is_real));
        assert_eq!(source("all"), Some(("draftkings", 3.0, true)));
        assert_eq!(source("second"), Some(("fanduel", 2.0, true)));
        assert_eq!(source("others"), Some(("betmgm", 2.0, true)));
        assert_eq!(source("nobody"), None);
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
    fn a_side_needs_confidence_and_distance() {
        use System::{Ensemble, GradientBoosting, MovingAverage, Similarity};
        let line = Line { points: 20.0, source: "draftkings".into(), is_real: true };
        let prediction = |points, confidence| Prediction { points, confidence };
        let cases = [
            (MovingAverage, 22.0, 0.45, Side::Over),
            (MovingAverage, 18.0, 0.45, Side::Under),
            (MovingAverage, 21.99, 0.9, Side::Pass),
            (MovingAverage, 30.0, 0.44, Side::Pass),
            (Similarity, 17.0, 0.65, Side::Under),
            (Similarity, 17.0, 0.64, Side::Pass),
            (GradientBoosting, 21.5, 0.6, Side::Over),
            (GradientBoosting, 21.49, 0.6, Side::Pass),
            (Ensemble, 21.5, 0.65, Side::Over),
            (Ensemble, 21.5, 0.64, Side::Pass),
        ];
        for (system, points, confidence, expected) in cases {
            let found = recommend(system, &prediction(points, confidence), &line, &[]);
            assert_eq!(found, expected, "{system:?} {points} {confidence}");
        }
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
