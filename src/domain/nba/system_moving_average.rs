//! The moving average: a player's form, moved by the opponent's defence, the pace, his trend, his legs and
//! the venue. Pure. A circumstance that is not known moves nothing.
//!
//! Every sign is the plain one: a weak defence, a fast game, a rising trend, fresh legs and the own floor
//! raise the prediction. The weights were fitted on the real seasons 2020-21 to 2022-23 and held to 2023-24;
//! the older ones (2.5 points for tired legs, 1.5 for a second night, 0.5 for the venue, 0.3 of the zone
//! match-up, 0.4 of the usage spike) are all larger than the data bears. A usage spike has no weight at all:
//! the form already holds the games in which it was seen, and it rather goes back than on.

use super::prediction::{Form, Prediction, Refusal};
use super::rows_feature_store::FeatureRow;

/// Share of the form for the opponent's defensive rating above the league's, relative to the league's.
const DEFENSE: f64 = 0.7;
/// The rating tells no more than this beyond the league's, relative to it.
const DEFENSE_MAX: f64 = 0.15;
/// Share of the form for one point of the pace score (two possessions).
const PACE: f64 = 0.027;
/// Points for a step of the trend, of which there are two either way.
const TREND: f64 = 0.2;
/// Points for each point of the fatigue score, which is 100 for fresh legs and 0 for spent ones.
const FRESHNESS: f64 = 0.005;
/// Points off for a game on the day after another.
const SECOND_NIGHT: f64 = -0.15;
/// Points at home; as many off away.
const VENUE: f64 = 0.06;

/// The prediction for a player. `league_rating` is the league's mean defensive rating before the date.
pub(super) fn moving_average(
    form: &Form,
    row: &FeatureRow,
    league_rating: Option<f64>,
) -> Result<Prediction, Refusal> {
    let shares = defense(row.opponent_def_rating, league_rating) + pace(row);
    let points = row.recent_trend.map_or(0.0, |steps| TREND * steps)
        + row.fatigue_score.map_or(0.0, |score| FRESHNESS * (score - 100.0))
        + row.back_to_back.map_or(0.0, |flag| SECOND_NIGHT * flag)
        + row.home_away.map_or(0.0, |home| VENUE * (2.0 * home - 1.0));
    Prediction::of(form.points * (1.0 + shares) + points, form.deviation)
}

/// What the opponent's defence adds, a share of the form: above 0 where it is weaker than the league's.
fn defense(rating: Option<f64>, league_rating: Option<f64>) -> f64 {
    let weakness = rating.zip(league_rating).map(|(rating, league)| rating / league - 1.0);
    weakness.map_or(0.0, |weakness| DEFENSE * weakness.clamp(-DEFENSE_MAX, DEFENSE_MAX))
}

/// What the pace of the game adds, a share of the form: above 0 in a fast game.
pub(super) fn pace(row: &FeatureRow) -> f64 {
    row.pace_score.map_or(0.0, |score| PACE * score)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::flow::Date;

    fn points(change: impl Fn(&mut FeatureRow)) -> f64 {
        let mut row = fixture::feature_row(Date::from_days(9), 1);
        change(&mut row);
        let form = Form::of(&row).expect("form");
        moving_average(&form, &row, Some(110.0)).expect("a prediction").points
    }

    #[test]
    fn every_circumstance_has_its_sign_and_size() {
        type Change = fn(&mut FeatureRow);
        let form = 0.25 * 12.0 + 0.30 * 11.0 + 0.45 * 10.0;
        let cases: [(&str, Change, f64); 14] = [
            ("nothing known", |_| (), form),
            ("weak defence", |row| row.opponent_def_rating = Some(121.0), form * 1.07),
            ("strong defence", |row| row.opponent_def_rating = Some(99.0), form * 0.93),
            ("held", |row| row.opponent_def_rating = Some(165.0), form * 1.105),
            ("fast", |row| row.pace_score = Some(2.0), form * 1.054),
            ("slow", |row| row.pace_score = Some(-2.0), form * 0.946),
            ("rising", |row| row.recent_trend = Some(2.0), form + 0.4),
            ("falling", |row| row.recent_trend = Some(-1.0), form - 0.2),
            ("fresh", |row| row.fatigue_score = Some(100.0), form),
            ("spent", |row| row.fatigue_score = Some(0.0), form - 0.5),
            ("second night", |row| row.back_to_back = Some(1.0), form - 0.15),
            ("at home", |row| row.home_away = Some(1.0), form + 0.06),
            ("away", |row| row.home_away = Some(0.0), form - 0.06),
            ("a usage spike", |row| row.usage_spike_score = Some(3.0), form),
        ];
        for (name, change, expected) in cases {
            let found = points(change);
            assert!((found - expected).abs() < 0.006, "{name}: {found}, expected {expected}");
        }
    }
}
